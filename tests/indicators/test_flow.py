"""What was left out is told: dossiers, objections, codes; and what lost only a zero is understood."""

from datetime import date

import pytest

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import TOTAL
from bds_tool.store.store import Store


def counted(store, target, chosen, **options):
    plan = Plan(choose(chosen), Settings(2024, 2024, date(2024, 12, 31)), levels=(), by=())
    with Store.open(store) as opened:
        result = run.compute(opened, plan, target, replace=True, **options)
    return result.counts().filter(area=TOTAL).collect().row(0, named=True), result.meta


def people():
    """Ten children that brush (04), of which: one objects, one says plainly no, one has no birth date, one has two,
    one died in 2023, one answers a code nobody knows, one lost the zero of its code."""
    rows = []
    for n in range(10):
        child = f"k{n}"
        rows += [(child, 20, "2018-01-15")] if n != 2 else []
        rows += [(child, 724, "2024-03-01", "2024-03-01"), (child, 1605, "01", "2024-03-01")]
        rows += [(child, 188, {5: "77", 6: "4"}.get(n, "04"), "2024-03-01")]
    return [*rows, ("k0", 1404, "true"), ("k1", 1404, "false"), ("k3", 20, "2019-01-15"), ("k4", 21, "2024-06-01"),
            ("k9x", 19, "1")]  # fmt: skip


def test_the_flow_by_hand(make_store, tmp_path):
    row, meta = counted(make_store(people()), tmp_path / "r.result", ["BRUSH"])
    # Not: k0 (objects), k2 and k9x (no birth date), k3 (two). k5 is missing; k4 was seen before it died; k6 is 04.
    assert (row["n"], row["x"], row["missing"]) == (6, 6, 1)
    assert meta["flow"] == {
        "dossiers": 11, "without_birth_date": 2, "two_birth_dates": 1, "without_contact": 1, "deceased": 1, "left": 0,
        "ended": 0, "objections": 1, "objections_left_out": 1, "codes_not_understood": 1,
        "conflicts": 0,
    }  # fmt: skip
    assert any("bezwaar" in note for note in meta["inside"])
    kept, told = counted(make_store(people(), "b"), tmp_path / "r.result", ["BRUSH"], objections=True)
    assert (kept["n"], told["flow"]["objections"], told["flow"]["objections_left_out"]) == (7, 1, 0)


@pytest.mark.parametrize(("word", "n"), [("keep", 7), ("drop", 6)])
def test_the_command_asks_what_to_do_with_objections(make_store, tmp_path, bds, word, n):
    from bds_tool.indicators.result import read_result

    done = bds("indicator", "compute", make_store(people()), "-o", tmp_path / "r.result", "-i", "BRUSH", "--period", 2024,
               "--objections", word)  # fmt: skip
    assert done.code == 0, done.err
    assert "gelezen: 11 dossiers" in done.err
    assert read_result(tmp_path / "r.result").counts().filter(level="land").collect()["n"].to_list() == [n]


def test_the_flow_of_an_indicator_by_hand(make_store, tmp_path, bds):
    """The same ten, one more that gives two answers on a day, one of twelve years and one never seen."""
    extra = [("w", 20, "2018-01-15"), ("w", 724, "2024-03-01", "2024-03-01"), ("w", 1605, "01", "2024-03-01")]
    extra += [("w", 188, "04", "2024-03-01"), ("w", 188, "01", "2024-03-01")]
    extra += [
        ("oud", 20, "2010-01-15"),
        ("oud", 724, "2024-03-01", "2024-03-01"),
        ("nooit", 20, "2018-01-15"),
    ]
    row, meta = counted(make_store(people() + extra), tmp_path / "r.result", ["BRUSH"])
    [told] = meta["indicator_flow"]
    # 14 dossiers: 3 without a usable birth date, 1 objects, 2 outside (twelve years old, never seen): 8 in the population.
    # k5 has a code nobody knows, w contradicts itself: 2 are missing.
    assert told == {
        "indicator": "BRUSH", "dossiers": 14, "birth_date": 3, "objections": 1, "outside": 2, "population": 8,
        "not_delivered": 0, "implausible": 0, "missing": 2, "n": 6, "x": 6, "codes_not_understood": 1, "conflicts": 1,
    }  # fmt: skip
    assert (row["n"], row["missing"]) == (told["n"], told["missing"])
    done = bds("indicator", "flow", tmp_path / "r.result", "--format", "csv")
    assert done.code == 0, done.err
    assert done.out.splitlines()[1] == "BRUSH,14,3,1,2,8,0,0,1,1,2,6,6"
    assert "buiten_leeftijd_of_contact" in done.out.splitlines()[0]
