"""Schools beside wijken: by hand, and what both tables together tell."""

from datetime import date

import polars as pl
import pytest

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import read_result
from bds_tool.store.store import Store


def brushing(child, day, answer, *schools, born="2016-03-01"):
    """A child seen on a day, with schools (BRIN, day)."""
    rows = [
        (child, 20, born),
        (child, 19, "1"),
        (child, 724, day, day),
        (child, 1605, "01", day),
        (child, 188, answer, day),
    ]
    return [*rows, *((child, 605, brin, *since) for brin, *since in schools)]


#: By hand: at the contact of 2024-05-01 …
CHILDREN = [
    *brushing("a", "2024-05-01", "04", ("12AB",)),  # … on 12AB, whenever
    *brushing("b", "2024-05-01", "03", ("12ab ", "2020-08-01")),  # … the same school, written otherwise
    *brushing(
        "c", "2024-05-01", "04", ("12AB", "2020-08-01"), ("34CD00", "2024-02-01")
    ),  # … already on the next one
    *brushing(
        "d", "2024-05-01", "04", ("34CD00", "2020-08-01"), ("12AB", "2024-09-01")
    ),  # … not yet on the next one
    *brushing("e", "2024-05-01", "04", ("12AB", "2024-09-01")),  # … not at school yet
    *brushing(
        "f", "2024-05-01", "04", ("12AB", "2023-08-01"), ("34CD00", "2023-08-01")
    ),  # … two schools of one day
    *brushing("g", "2024-05-01", "04", ("De Regenboog",)),  # … something that is no BRIN
    *brushing("h", "2024-05-01", "04"),  # … nothing recorded
]
BY_HAND = {"12AB": (2, 1), "34CD00": (2, 2), "school/onbekend": (4, 4), "totaal": (8, 7)}


def counted(store, target, levels=("school",), place="school", last="2024-12-31", **more):
    day = date.fromisoformat(last)
    plan = Plan(choose(["BRUSH"]), Settings(day.year, day.year, day, place=place), levels=levels, by=())
    with Store.open(store) as opened:
        return run.compute(opened, plan, target, **more)


def test_a_child_counts_at_the_school_of_the_day(make_store, tmp_path):
    (tmp_path / "namen").mkdir()
    (tmp_path / "namen" / "scholen.csv").write_text("code,naam\n12AB,De Wegwijzer\n", encoding="utf-8")
    result = counted(make_store(CHILDREN), tmp_path / "r.result", area_paths=[tmp_path / "namen"])
    rows = list(result.counts().collect().iter_rows(named=True))
    assert {r["area"]: (r["n"], r["x"]) for r in rows} == BY_HAND
    assert {
        r["area"]: (r["level"], r["parent"], r["area_name"]) for r in rows if r["area"] in {"12AB", "34CD00"}
    } == {
        "12AB": ("school", "totaal", "De Wegwijzer"),
        "34CD00": ("school", "totaal", "34CD00"),
    }
    assert "Regenboog" not in str(rows)
    assert any("50" in note and "school onbekend" in note for note in result.meta["inside"])


#: By hand, as a message has it: each school a group of its own (volgnr) with its begin (1473) and end (1474), seen on 2024-05-01.
IN_GROUPS = {
    "a": ([("12AB", "2022-08-01", "2024-01-31"), ("34CD", "2024-02-01", None)], "34CD"),  # already on the second
    "b": ([("34CD", "2024-09-01", None), ("12AB", "2022-08-01", None)], "12AB"),  # not yet on the second
    "c": ([("12AB", "2022-08-01", "2024-04-30")], None),  # left it the day before, and nothing is known since
    "d": ([("12AB", "2022-08-01", "2024-05-01")], "12AB"),  # its last day
    "e": ([("12AB", None, "2024-01-31"), ("34CD", "2023-09-01", None)], "34CD"),  # the later one while the first lasts
    "f": ([("12AB", "2022-08-01", None), ("34CD", "2022-08-01", None)], None),  # two of one begin
    "g": ([("12AB", None, None), ("34CD", None, None)], None),  # two, of nobody knows when
}  # fmt: skip


def test_each_school_of_a_message_has_its_own_begin_and_end(make_store, tmp_path):
    rows = []
    for child, (schools, _) in IN_GROUPS.items():
        rows += brushing(child, "2024-05-01", "04")
        for place, school in enumerate(schools, 1):
            told = zip((605, 1473, 1474), school, strict=True)
            rows += [(child, n, value, None, None, place) for n, value in told if value]
    areas = counted(make_store(rows), tmp_path / "r.result").counts().filter(level="school").collect()
    assert dict(areas.select("area", "n").iter_rows()) == {"12AB": 2, "34CD": 2, "school/onbekend": 3}


def test_a_school_after_the_last_day_is_not_there_yet(make_store, tmp_path):
    rows = brushing("k", "2024-05-01", "04", ("12AB", "2020-08-01"), ("34CD00", "2024-05-01"))
    rows += brushing("m", "2024-04-01", "04", ("12AB", "2020-08-01"), ("34CD00", "2024-05-01"))
    for last, found in (("2024-04-30", {"12AB": 1}), ("2024-12-31", {"12AB": 1, "34CD00": 1})):
        result = counted(make_store(rows, last), tmp_path / f"{last}.result", last=last)
        areas = result.counts().filter(level="school").collect()
        assert dict(areas.select("area", "n").iter_rows()) == found


def test_a_listed_school_without_children_has_a_hidden_row_and_one_nobody_lists_has_none(
    bds, make_store, tmp_path
):
    """By hand: 34CD00 is named by a child that comes after the period, 56EF by the list alone; 12AB has all children."""
    (tmp_path / "scholen.csv").write_text("code,naam\n12AB,A\n56ef ,De Lege School\n", encoding="utf-8")
    rows = [r for k in range(40) for r in brushing(f"k{k}", "2024-04-01", "04", ("12AB", "2020-08-01"))]
    rows += brushing("m", "2024-04-01", "04", ("12AB", "2020-08-01"), ("34CD00", "2024-12-31"))
    result = counted(
        make_store(rows), tmp_path / "r.result", last="2024-06-30", area_paths=[tmp_path / "scholen.csv"]
    )
    assert [*result.meta["empty_areas"][0]] == ["school", "56EF", "De Lege School", "totaal"]
    told = bds("protect", "run", result.path, "--policy", "ncj-strict", "--to", tmp_path / "v.result")
    assert told.code == 0, told.err
    made = read_result(tmp_path / "v.result").counts().filter(level="school").collect()
    assert dict(made.select("area", "n").iter_rows())["56EF"] is None
    assert "34CD00" not in set(made["area"])


def test_schools_and_other_areas_are_not_counted_in_one_result(bds, make_store, tmp_path):
    done = bds(
        "indicator", "compute", make_store(CHILDREN), "-o", tmp_path / "r.result", "--area", "gemeente,school"
    )
    assert done.code == 2
    assert "--area school apart" in done.err
    assert not (tmp_path / "r.result").exists()


@pytest.fixture
def region(make_store, areas):
    """Two wijken of a gemeente and three schools that both wijken go to; one school has few who do not brush."""
    rows = []
    for k in range(360):
        home, school = k % 2, (k // 2) % 3
        brushes = k % 5 != 0 if school else k % 60 != 0
        child = f"k{k:03}"
        rows += brushing(child, "2024-05-01", "04" if brushes else "01", (f"1{school}AB",))
        rows += [(child, 16, "1011AA"), (child, 12, str(home + 1)), (child, 9, "363")]
    return make_store(rows)


def test_both_tables_together_tell_no_small_count(bds, region, areas, tmp_path):
    """Wijk and school share the whole only; with one ledger the second knows what the first showed.

    An attacker with both tables: unknown x per wijk and per school, every shown row and both sums to the whole. By hand
    this is small enough to try every value: what is left of a hidden count must be more than one.
    """
    told, register = {}, tmp_path / "register"
    for name in ("wijk", "school"):
        out, safe = tmp_path / f"{name}.result", tmp_path / f"{name}-veilig.result"
        where = ("--area", "gemeente,wijk", "--areas", areas) if name == "wijk" else ("--area", "school")
        done = bds("indicator", "compute", region, "-o", out, "-i", "BRUSH", "--period", 2024, *where)
        assert done.code == 0, done.err
        done = bds("protect", out, "-o", safe, "--policy", "ncj-strict", "--ledger", register)
        assert done.code == 0, done.err
        told[name] = (
            read_result(safe)
            .counts()
            .collect()
            .filter(pl.col("level") == name, ~pl.col("area").str.contains("/"))
        )
    whole = 360
    shown = {r["area"]: r["x"] for name in told for r in told[name].iter_rows(named=True)}
    # 120 children a school; of the first three never brush: 117 of 120 leaves a complement of 3, which is hidden …
    assert shown["10AB"] is None
    # … and with the whole (n 360) one more school has to be hidden, for two of three and the sum would give it.
    assert sum(shown[s] is None for s in ("10AB", "11AB", "12AB")) >= 2
    assert all(shown[w] is not None for w in told["wijk"]["area"])
    assert whole == sum(told["wijk"]["n"])


def test_a_table_of_schools_is_reported(bds, region, tmp_path):
    out, safe, table = tmp_path / "r.result", tmp_path / "s.result", tmp_path / "t.csv"
    assert (
        bds(
            "indicator", "compute", region, "-o", out, "-i", "BRUSH", "--period", 2024, "--area", "school"
        ).code
        == 0
    )
    assert bds("protect", out, "-o", safe, "--policy", "wijk-klassen").code == 0
    done = bds("report", "table", safe, "-o", table)
    assert done.code == 0, done.err
    assert "11AB" in table.read_text(encoding="utf-8")
    done = bds("report", "site", safe, "-o", tmp_path / "site")
    assert done.code == 0, done.err
