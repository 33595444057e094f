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
        "ended": 0, "objections": 1, "objections_left_out": 1, "double": 0, "born_later": 0, "children": 7, "codes_not_understood": 1,
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
        "indicator": "BRUSH", "dossiers": 14, "birth_date": 3, "objections": 1, "double": 0, "outside": 2,
        "deceased": 0, "moved": 0, "population": 8,
        "not_delivered": 0, "implausible": 0, "missing": 2, "n": 6, "x": 6, "codes_not_understood": 1, "conflicts": 1,
    }  # fmt: skip
    assert (row["n"], row["missing"]) == (told["n"], told["missing"])
    done = bds("indicator", "flow", tmp_path / "r.result", "--format", "csv")
    assert done.code == 0, done.err
    assert done.out.splitlines()[1] == "BRUSH,14,3,1,0,2,0,0,8,0,0,1,1,2,6,6"
    assert "buiten_leeftijd_of_contact" in done.out.splitlines()[0]


def moved_and_died():
    """Toddlers for BRUSH in 2024: one seen, one that died unseen in 2024, one that left in 2023, one whose care ended
    after it was seen, one that moved (two dossiers of one BSN), one that is in the files with an answer only."""
    rows = []
    for child in ("gezien", "dood", "weg", "later", "m1", "m2"):
        rows.append((child, 20, "2018-01-15"))
        if child in {"gezien", "later", "m2"}:
            rows += [
                (child, 724, "2024-03-01", "2024-03-01"),
                (child, 1605, "01", "2024-03-01"),
                (child, 188, "04", "2024-03-01"),
            ]
    rows += [("dood", 21, "2024-02-01"), ("weg", 29, "2023-05-01"), ("later", 488, "2024-06-01")]
    rows += [(c, 7, "123456782") for c in ("m1", "m2")]
    return [*rows, ("los", 188, "04", "2024-03-01"), ("morgen", 20, "2025-01-01")]


def test_deceased_moved_and_double_per_indicator(make_store, tmp_path):
    """8 dossiers: `los` has no birth date, m1 and m2 are one child, `morgen` is born after the period: 5 children. Three
    were seen (gezien, later, m); of the three outside one died and one moved away; who left after being seen counts."""
    row, meta = counted(make_store(moved_and_died()), tmp_path / "r.result", ["BRUSH"])
    assert (row["n"], row["x"], row["missing"]) == (3, 3, 0)
    [told] = meta["indicator_flow"]
    assert {k: told[k] for k in ("dossiers", "birth_date", "double", "outside", "deceased", "moved", "population")} == {
        "dossiers": 8, "birth_date": 1, "double": 1, "outside": 3, "deceased": 1, "moved": 1, "population": 3,
    }  # fmt: skip
    assert [meta["flow"][k] for k in ("without_birth_date", "born_later", "children")] == [1, 1, 5]
    _, judged_less = counted(make_store(moved_and_died(), "b"), tmp_path / "r.result", ["BRUSH"], judge=False)
    assert judged_less["indicator_flow"] == meta["indicator_flow"]


def test_an_objection_that_is_kept_leaves_a_child_of_two_dossiers_one_child(make_store, tmp_path):
    rows = [*moved_and_died(), ("m1", 1404, "true")]
    dropped, told = counted(make_store(rows), tmp_path / "r.result", ["BRUSH"])
    assert (dropped["n"], told["flow"]["objections_left_out"], told["flow"]["double"]) == (2, 2, 0)
    kept, told = counted(make_store(rows, "b"), tmp_path / "r.result", ["BRUSH"], objections=True)
    assert (kept["n"], told["flow"]["double"]) == (3, 1)
