"""Rows tell nothing by being there: the full grid, and children without a place."""

import json

import numpy as np
import polars as pl
import pytest
from families import RELATIONS, region
from intruder import exact
from tables import policy as rules
from tables import protect

from bds_tool.indicators.result import BREAKDOWNS, read_result, write_result
from bds_tool.protect.audit.result_file import audit_results
from bds_tool.protect.full_grid import filled, without_hidden_units
from bds_tool.protect.policy import load_policy
from bds_tool.protect.releases import run_result

KEY = ["level", "area", "period", *BREAKDOWNS]
UNIT = "GM0001/geheim"


@pytest.fixture(scope="module")
def thin(tmp_path_factory):
    """A region in which one wijk has no girls in 2023, and three children of GM0001 have a secret address."""
    folder = tmp_path_factory.mktemp("grid")

    def change(found):
        gone = (pl.col("wijk") == "WK000101") & (pl.col("period") == "2023") & (pl.col("sex") == "V")
        found = found.filter(~gone).with_row_index("_i")
        few = found.filter(gem="GM0001", period="2024")["_i"].head(3)
        place = pl.when(pl.col("_i").is_in(few.implode())).then(pl.lit(UNIT)).otherwise("wijk")
        return found.with_columns(wijk=place).drop("_i")

    region(folder / "b.result", 4, change=change)
    for policy in ("ncj-strict", "cbs-output"):
        run_result(folder / "b.result", load_policy(policy), folder / f"{policy}.result")
    return folder


def test_the_table_is_filled_with_zeros(thin):
    frame = filled(read_result(thin / "b.result").counts().collect())
    for (_,), part in frame.group_by("indicator"):
        areas, periods, sexes = (part[c].n_unique() for c in ("area", "period", "sex"))
        assert part.height == areas * periods * sexes
    added = frame.filter(area="WK000101", period="2023", sex="V")
    assert added["n"].to_list() == [0] * added.height
    assert added.filter(indicator="CONTACTS")["x"].to_list() == [None]
    assert filled(frame).equals(frame)


@pytest.mark.parametrize("policy", ["ncj-strict", "cbs-output"])
def test_there_is_a_row_for_every_area_period_and_breakdown(thin, policy):
    frame = read_result(thin / f"{policy}.result").counts().collect()
    for (_,), part in frame.group_by("indicator"):
        every = part.select("area").unique().height * part["period"].n_unique() * part["sex"].n_unique()
        assert part.height == every


@pytest.mark.parametrize("policy", ["ncj-strict", "cbs-output", "opensafely-mid6"])
def test_a_wijk_without_any_child_in_any_indicator_has_rows_as_well(tmp_path, policy):
    """The tables of areas name it (WK000103), so a row that lacks would say that nobody lives there."""
    gone = ("wijk", "WK000103")
    source = region(tmp_path / "a.result", 4, change=lambda found: found.filter(pl.col("wijk") != gone[1]))
    rows = source.counts().collect()
    meta = {**source.meta, "empty_areas": [[*gone, "De Lege Wijk", "GM0001"]]}
    write_result(source.path, rows, meta, replace=True)
    run_result(source.path, load_policy(policy), tmp_path / "b.result")
    made = read_result(tmp_path / "b.result")
    mine = made.counts().collect().filter(area=gone[1])
    beside = made.counts().collect().filter(area="WK000102")
    assert mine.height == beside.height > 0
    assert set(mine["area_name"]) == {"De Lege Wijk"}
    assert mine["parent"].unique().to_list() == ["GM0001"]
    assert not set(mine["status"]) & {"ok", "afgerond"}
    assert "empty_areas" not in made.meta


def test_nobody_is_hidden_as_few_are_where_zeros_are_hidden(thin):
    frame = read_result(thin / "ncj-strict.result").counts().collect()
    assert set(frame.filter(area="WK000101", period="2023", sex="V")["status"]) == {"verborgen"}
    shown = read_result(thin / "cbs-output.result").counts().collect()
    assert "geen_gegevens" in set(shown.filter(area="WK000101", period="2023", sex="V")["status"])


@pytest.mark.parametrize("policy", ["ncj-strict", "cbs-output"])
def test_three_children_with_a_secret_address_make_no_row_and_cannot_be_computed(thin, policy):
    path = thin / f"{policy}.result"
    frame = read_result(path).counts().collect()
    assert UNIT not in set(frame["area"])
    assert "geheim" not in (path / "_result.json").read_text()
    truth = read_result(thin / "b.result").counts().collect()
    found, attacked = exact(path, RELATIONS, truth)
    assert attacked
    assert found == []
    # Not by subtraction either: where the gemeente is shown, some wijk of it is hidden.
    key = ["indicator", "period", "sex"]
    above = frame.filter(
        pl.col("area") == "GM0001", pl.col("n") > 0, pl.col("period") != "2023", pl.col("sex") == "totaal"
    )
    below = (
        frame.filter(pl.col("parent") == "GM0001")
        .group_by(key)
        .agg(pl.col("n").is_null().any().alias("hides"))
    )
    assert above.height
    assert above.join(below, on=key)["hides"].all()


def test_the_audit_of_anyone_finds_no_leak_in_it(thin):
    verdict = audit_results(thin / "ncj-strict.result")
    assert verdict.safe, (verdict.by_reason(), verdict.remarks)


def test_many_without_a_place_keep_their_row(thin):
    frame = read_result(thin / "b.result").counts().collect()
    large = frame.with_columns(n=pl.when(pl.col("area") == UNIT).then(400).otherwise("n"))
    assert without_hidden_units(large).equals(large)
    assert UNIT not in set(without_hidden_units(large.with_columns(n=pl.lit(None, dtype=pl.Int64)))["area"])


@pytest.mark.parametrize("policy", ["ncj-strict", "cbs-output"])
def test_the_metadata_say_no_more_than_rows_and_definitions(thin, policy):
    """REACH and REF count the same children in every row, hidden ones too: no definition says so, so nothing else may."""
    meta = json.loads((thin / f"{policy}.result" / "_result.json").read_text())
    groups = {}
    for name, number in meta["populations"].items():
        groups.setdefault(number, set()).add(name)
    assert sorted(map(sorted, groups.values())) == [
        ["BF", "EXCL", "FF", "MIX"],
        ["CONTACTS", "REACH"],
        ["GP", "REF", "SPEECH"],
    ]
    frame = read_result(thin / f"{policy}.result").counts().collect()
    words = {str(i): set(part["status"]) for (i,), part in frame.group_by("indicator")}
    assert sorted(meta["whole"]) == sorted(i for i, w in words.items() if w == {"verborgen"})
    assert meta["statuses"] == {w: (frame["status"] == w).sum() for w in meta["statuses"]}


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """Two populations in one result: nobody of the second lives in WK000101, and none of its girls in 2024 anywhere."""
    folder = tmp_path_factory.mktemp("apart")

    def change(found):
        return found.filter(
            pl.col("wijk") != "WK000101", ~((pl.col("sex") == "V") & (pl.col("period") == "2024"))
        )

    whole = region(folder / "a.result", 4)
    fewer = region(folder / "b.result", 4, change=change).counts().collect()
    second = pl.col("indicator").is_in(["REF", "GP", "SPEECH"])
    rows = pl.concat([whole.counts().collect().filter(~second), fewer.filter(second)])
    assert rows.filter(second, area="WK000101").is_empty()
    write_result(folder / "c.result", rows, whole.meta)
    return folder


@pytest.mark.parametrize("name", ["ncj-strict", "cbs-output", "nhs"])
def test_an_indicator_has_a_row_where_only_others_count_somebody(apart, name):
    """Else a row that lacks is an exact zero, and one that is there tells of a child, whatever it hides."""
    run_result(apart / "c.result", load_policy(name), apart / f"{name}.result")
    frame = read_result(apart / f"{name}.result").counts().collect()
    places = {i: set(part.select(KEY).rows()) for (i,), part in frame.group_by("indicator")}
    assert len({frozenset(p) for p in places.values()}) == 1
    empty = frame.filter(pl.col("indicator").is_in(["REF", "GP", "SPEECH"]), area="WK000101")
    assert empty.height == 3 * 3 * 3
    # Where nobody is anywhere there is no secret; elsewhere zero children are hidden as few are.
    nowhere = (pl.col("period") == "2024") & (pl.col("sex") == "V")
    assert name == "nhs" or set(empty.filter(nowhere)["status"]) == {"geen_gegevens"}
    assert name != "ncj-strict" or set(empty.filter(~nowhere)["status"]) == {"verborgen"}


def test_ages_are_those_of_the_indicator():
    """What counts two-year-olds says nothing of babies: for it they are not applicable, which is no zero."""
    rows = [("A", "W1", "0"), ("A", "W2", "0"), ("A", "W2", "1"), ("B", "W1", "2"), ("B", "W1", "totaal")]
    frame = pl.DataFrame(rows, schema=["indicator", "area", "age"], orient="row").with_columns(
        pl.lit("wijk").alias("level"), pl.lit("2024").alias("period"), pl.lit("onbeschermd").alias("status"),
        pl.col("area").alias("area_name"), pl.lit("GM1").alias("parent"),
        *(pl.lit("totaal").alias(b) for b in BREAKDOWNS if b != "age"),
        *(pl.lit(7).cast(pl.Int64).alias(c) for c in ("n", "x", "missing")),
    )  # fmt: skip
    full = filled(frame)
    assert {r for r in full.select("indicator", "area", "age").rows() if r[0] == "B"} == {
        ("B", "W1", "2"), ("B", "W1", "totaal"), ("B", "W2", "2"), ("B", "W2", "totaal"),
    }  # fmt: skip
    assert full.filter(indicator="A").height == 4
    assert full.filter(n=0).height == 3


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("zeros", [False, True])
def test_a_table_says_the_same_whether_its_zeros_have_lines_or_not(seed, zeros):
    """A pivot table leaves out what nobody is in; a row that lacks beside rows that are there would tell that it is zero."""
    r = np.random.default_rng(seed)
    leaves = [
        (f"G{g}", f"G{g}W{w}", kind, int(r.integers(8, 40)) * (r.random() > 0.25))
        for g in range(2)
        for w in range(3)
        for kind in "ABC"
    ]
    frame = pl.DataFrame(leaves, schema=["gem", "wijk", "soort", "n"], orient="row")
    margins = [frame]
    for by in (["gem", "wijk"], ["gem", "soort"], ["gem"], ["soort"], []):
        told = frame.group_by(by).agg(pl.col("n").sum()) if by else frame.select(pl.col("n").sum())
        lacking = [pl.lit("totaal").alias(c) for c in ("gem", "wijk", "soort") if c not in by]
        margins.append(told.with_columns(lacking).select(frame.columns))
    every = pl.concat(margins)
    without = every.filter(pl.col("n") > 0)
    assert without.height < every.height
    for chosen in (rules(cell=5, zeros=zeros), rules(cell=5, lower=int(zeros), zeros=zeros, width=2)):
        one, other = (protect(f, [["gem", "wijk"], ["soort"]], chosen)[2].frame for f in (every, without))
        assert one.equals(other)
        assert one.height == every.height


def test_totals_that_no_line_gives_stay_away():
    """Who leaves out a whole kind of total does not want it: only what is empty beside given rows is told."""
    leaves = [("W1", "A", 20), ("W1", "B", 12), ("W2", "A", 15), ("totaal", "A", 35), ("totaal", "B", 12)]
    frame = pl.DataFrame(leaves, schema=["wijk", "soort", "n"], orient="row")
    told = protect(frame, [["wijk"], ["soort"]], rules(cell=5))[2].frame
    assert set(told.select("wijk", "soort").rows()) == {(w, s) for w, s, _ in leaves} | {("W2", "B")}
