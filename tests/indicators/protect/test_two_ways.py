"""Two ways of adding up that do not nest: county and size class over the same areas, in one table.

The eight areas are the worked example of sdcTools/UserSupport #136: protected table by table until nothing changes,
a hidden cell is still found by who has both tables. The attack here is by SciPy over all sums of both.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import yaml
from scipy.optimize import linprog

from bds_tool.protect.audit import AuditOptions, audit_file
from bds_tool.protect.policy import build, load_policy

COUNTY = {"county-1": "ABIJ", "county-2": "KLMN"}
SIZE = {"BIG": "LM", "small": "ABIJKN"}
COUNTS = dict(zip("ABIJKLMN", (2, 2, 8, 8, 3, 3, 3, 7), strict=True))
LINES = [(total, list(parts)) for total, parts in (COUNTY | SIZE).items()]
LINES += [("Total", list(COUNTY)), ("Total", list(SIZE))]
DESCRIPTION = {
    "dimensions": [
        {
            "name": "region",
            "total": "Total",
            "parents": {area: county for county, areas in COUNTY.items() for area in areas},
            "also": {"Total": list(SIZE), **{size: list(areas) for size, areas in SIZE.items()}},
        }
    ]
}


def ranges(shown: dict[str, int | None]) -> dict[str, tuple[int, int]]:
    """Of each hidden cell the least and greatest count that fit all sums; zeros are shown, so it is 1 at least."""
    names = list(shown)
    at = {n: i for i, n in enumerate(names)}
    system = np.zeros((len(LINES), len(names)))
    for row, (total, parts) in zip(system, LINES, strict=True):
        row[at[total]] = -1
        row[[at[p] for p in parts]] = 1
    bounds = [(1, 1000) if v is None else (v, v) for v in shown.values()]
    found = {}
    for name in (n for n, v in shown.items() if v is None):
        cost = np.zeros(len(names))
        cost[at[name]] = 1
        ends = [linprog(c, A_eq=system, b_eq=np.zeros(len(LINES)), bounds=bounds) for c in (cost, -cost)]
        found[name] = (round(ends[0].fun), round(-ends[1].fun))
    return found


@pytest.fixture
def table(tmp_path):
    every = dict(COUNTS)
    for total, parts in LINES[:5]:
        every[total] = sum(every[p] for p in parts)
    pl.DataFrame({"region": list(every), "n": list(every.values())}).write_csv(tmp_path / "t.csv")
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(DESCRIPTION))
    policy = dict(load_policy("cbs-output").data)
    policy["thresholds"] = {"denominator": 3, "numerator": 3, "complement": 3, "cell": 3}
    (tmp_path / "p.yaml").write_text(yaml.safe_dump({**policy, "id": "drie"}))
    assert build(policy).cell == 3
    return tmp_path


def published(path) -> dict[str, int | None]:
    frame = pl.read_csv(path)
    return dict(zip(frame["region"].to_list(), frame["n"].to_list(), strict=True))


@pytest.mark.parametrize("totals", [True, False])
def test_two_groupings_of_the_same_areas_are_protected_as_one_table(table, totals, bds):
    if not totals:  # then they are computed
        pl.read_csv(table / "t.csv").head(8).write_csv(table / "t.csv")
    done = bds(
        "protect", "run", table / "t.csv", "--table", table / "t.yaml",
        "--policy", table / "p.yaml", "--to", table / "v.csv",
    )  # fmt: skip
    assert done.code == 0, done.err
    shown = published(table / "v.csv")
    assert set(shown) == {*COUNTS, *COUNTY, *SIZE, "Total"}
    found = ranges(shown)
    # Two areas of 2 are below 3; each keeps two values at least. The total of all 36 is shown.
    assert {"A", "B"} <= set(found)
    assert all(found[n][1] > found[n][0] for n in "AB"), found
    assert shown["Total"] == 36
    assert len(found) <= 6
    assert bds("protect", "audit", table / "v.csv", "--table", table / "t.yaml").code == 0


def test_protected_by_each_grouping_alone_the_audit_finds_what_both_tell(table):
    """By county K and L hide each other, by size L and M do; with both every one of them is its total less the rest."""
    every = dict(COUNTS, **{"county-1": 20, "county-2": 16, "BIG": 6, "small": 30, "Total": 36})
    shown = every | dict.fromkeys("ABKL")
    rows = {"region": list(shown), "n": [v if v is not None else "*" for v in shown.values()]}
    pl.DataFrame({"region": rows["region"], "n": [str(v) for v in rows["n"]]}).write_csv(table / "v.csv")
    # By hand: BIG 6 - M 3 = L 3, county-2 16 - L 3 - M 3 - N 7 = K 3.
    assert {n: r for n, r in ranges(shown).items() if r[0] == r[1]} == {"K": (3, 3), "L": (3, 3)}
    verdict, names = audit_file(table / "v.csv", table / "t.yaml", AuditOptions())
    told = {names.key(f.cell)["region"]: f.low for f in verdict.findings}
    assert told == {"K": 3, "L": 3}
    assert not verdict.contradictions


def test_groupings_crossed_with_a_break_down(tmp_path, bds):
    r = np.random.default_rng(5)
    rows = [(a, s, int(n)) for a in COUNTS for s, n in zip("MV", r.integers(0, 14, 2), strict=True)]
    pl.DataFrame(rows, schema=["region", "sex", "n"], orient="row").write_csv(tmp_path / "t.csv")
    described = {"dimensions": [*DESCRIPTION["dimensions"], {"name": "sex", "total": "Total"}]}
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(described))
    done = bds(
        "protect", "run", tmp_path / "t.csv", "--table", tmp_path / "t.yaml",
        "--policy", "cbs-output", "--to", tmp_path / "v.csv",
    )  # fmt: skip
    assert done.code == 0, done.err
    made = pl.read_csv(tmp_path / "v.csv")
    assert made.height == 13 * 3
    assert made.filter(region="Total", sex="Total")["n"].null_count() == 0
    assert bds("protect", "audit", tmp_path / "v.csv", "--table", tmp_path / "t.yaml").code == 0


@pytest.mark.parametrize(
    ("also", "words"),
    [
        ({"BIG": ["L", "Q"]}, "niet in de tabel"),
        ({"Total": ["BIG", "A"], "BIG": ["L", "M"]}, "samen niet Total"),
        ({"BIG": ["small"], "small": ["BIG"]}, "kring"),
    ],
)
def test_what_does_not_add_up_is_named(table, bds, also, words):
    described = {"dimensions": [{**DESCRIPTION["dimensions"][0], "also": also}]}
    (table / "t.yaml").write_text(yaml.safe_dump(described))
    pl.read_csv(table / "t.csv").head(8).write_csv(table / "t.csv")
    done = bds("protect", "run", table / "t.csv", "--table", table / "t.yaml", "--to", table / "v.csv")
    assert done.code == 2
    assert words in done.err
