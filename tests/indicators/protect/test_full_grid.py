"""Rows tell nothing by being there: the full grid, and children without a place."""

import json

import polars as pl
import pytest
from families import RELATIONS, region
from intruder import exact

from bds_tool.indicators.result import BREAKDOWNS, read_result
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
