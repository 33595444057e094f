"""What an intruder is left with, per level; and residents as something everybody knows."""

from __future__ import annotations

import json

import polars as pl
import pytest
from families import RELATIONS, region

from bds_tool.base.errors import WithheldError
from bds_tool.indicators.result import BREAKDOWNS, write_result
from bds_tool.protect.audit.reach import Reach
from bds_tool.protect.audit.result_file import audit_results
from bds_tool.protect.policy import load_policy
from bds_tool.protect.releases import run_result

KEY = ("indicator", "area", "period", *BREAKDOWNS)


def small(tmp_path, hidden, *, residents):
    """One gemeente of 40 with three wijken (20, 12 and 8) of which two rows are hidden: x is 30 of 40, 15 of 20."""
    wijken = [("WK000101", 20, 15), ("WK000102", 12, 9), ("WK000103", 8, 6)]
    rows = [("gemeente", "GM0001", None, 40, 30), *(("wijk", w, "GM0001", n, x) for w, n, x in wijken)]
    frame = pl.DataFrame(
        [
            {
                "indicator": "I", "level": level, "area": area, "area_name": area, "parent": parent, "period": "2024",
                **dict.fromkeys(BREAKDOWNS, "totaal"),
                "n": None if area in hidden else n, "x": None if area in hidden else x,
                "missing": None if area in hidden else 0, "status": "verborgen" if area in hidden else "ok",
            }
            for level, area, parent, n, x in rows
        ],
        schema_overrides={"parent": pl.String, "n": pl.Int64, "x": pl.Int64, "missing": pl.Int64},
    )  # fmt: skip
    meta = {
        "status": "beschermd",
        "layout": 3,
        "policy": {"id": "p"},
        "definitions": {"I": {"kind": "aandeel"}},
    }
    folder = tmp_path / "r.result"
    folder.mkdir()
    frame.write_parquet(folder / "counts.parquet")
    (folder / "_result.json").write_text(json.dumps(meta))
    live = [(a, r) for a, r in residents.items()]
    one = {"indicator": "I", "period": "2024", **dict.fromkeys(BREAKDOWNS, "totaal")}
    ceilings = pl.DataFrame([{**one, "area": a, "most": r} for a, r in live]) if live else None
    return folder, ceilings


def test_residents_leave_an_intruder_less(tmp_path):
    """WK000102 and WK000103 hold 20 children together, 15 with and 5 without. By hand: 12 and 8 people live there, so n is
    12 and 8, x2 + x3 = 15 with x3 ≤ 8 gives x2 ≥ 7, and x2 ≤ 12 gives x3 ≥ 3; the five without are 0 to 5 in each.
    """
    hidden = {"WK000102", "WK000103"}
    folder, _ = small(tmp_path, hidden, residents={})
    alone = Reach()
    assert audit_results(folder, reach=alone).safe
    (line,) = alone.lines()
    assert (line["level"], line["judged"], line["exact"], line["within_one"]) == ("wijk", 4, 0, 0)
    live = tmp_path / "met"
    live.mkdir()
    folder, ceilings = small(live, hidden, residents={"WK000102": 12, "WK000103": 8})
    assert audit_results(folder, ceilings=ceilings).safe
    wide = audit_results(folder, ceilings=ceilings, width=6)
    assert sorted((f.name.split(" · ")[-1], f.row[1], f.low, f.high) for f in wide.findings) == [
        ("complement", "WK000102", 0, 5),
        ("complement", "WK000103", 0, 5),
        ("teller", "WK000102", 7, 12),
        ("teller", "WK000103", 3, 8),
    ]


def test_one_resident_less_to_spare_tells_all(tmp_path):
    """Nobody but one lives in WK000103 says a false table (6 counted): with 15 left over, WK000102 has 14 or 15 of them."""
    folder, ceilings = small(tmp_path, {"WK000102", "WK000103"}, residents={"WK000103": 1})
    reach = Reach()
    verdict = audit_results(folder, ceilings=ceilings, reach=reach, width=1)
    assert verdict.safe
    (line,) = reach.lines()
    # Both numerators are known to within one (14-15 and 0-1), and so are both complements (4-5 and 0-1).
    assert (line["judged"], line["exact"], line["within_one"], line["narrow"]) == (4, 0, 4, 1)


def test_exact_counts_are_counted(tmp_path):
    folder, _ = small(tmp_path, {"WK000103"}, residents={})
    reach = Reach()
    verdict = audit_results(folder, reach=reach)
    assert len(verdict.findings) == 2
    (line,) = reach.lines()
    assert (line["judged"], line["exact"], line["within_one"], line["narrow"]) == (2, 2, 2, 2)


@pytest.mark.parametrize("policy", ["ncj-strict", "wijk-klassen"])
def test_the_command_prints_the_table_per_level(tmp_path, bds, policy):
    source = region(tmp_path / "a.result", 3, residents=True, wijken=3, most=100)
    run_result(source.path, load_policy(policy), tmp_path / "b.result")
    done = bds("protect", "audit", tmp_path / "b.result", "--residents", source.path)
    assert "binnen ±1" in done.out
    assert f"({policy})" in done.out
    told = bds("protect", "audit", tmp_path / "b.result", "--format", "json")
    levels = json.loads(told.out)["audit"]["levels"]
    assert {line["exact"] for line in levels} == {0}
    # As many as there are hidden numerators and complements; a mean has no complement.
    frame = pl.read_parquet(tmp_path / "b.result" / "counts.parquet")
    hidden = frame.filter(pl.col("status").is_in(["verborgen", "klasse"]), pl.col("indicator") != "CONTACTS")
    assert sum(line["judged"] for line in levels) == 2 * hidden.height


@pytest.mark.slow
@pytest.mark.parametrize(
    "policy",
    [
        "ncj-strict",
        pytest.param(
            "cbs-output",
            marks=pytest.mark.xfail(
                raises=WithheldError,
                strict=True,
                reason="refused whole: residents tell 36 small populations and, with what is shown, 4 numerators",
            ),
        ),
    ],
)
def test_protecting_takes_residents_for_known(tmp_path, policy):
    """Where as many live as are counted, residents are the denominators: what is published must hold against that.

    Two gemeenten of two wijken: nothing is certain beforehand then, so every count is attacked, and a third takes minutes.
    """
    few = {"wijken": 2, "most": 60, "change": lambda found: found.filter(pl.col("gem") != "GM0003")}
    source = region(tmp_path / "a.result", 4, **few)
    frame = source.counts().collect()
    exact = frame.with_columns(resident=pl.col("n") + pl.col("missing"))
    full = write_result(tmp_path / "vol.result", exact, source.meta)
    ceilings = exact.select(*KEY, most="resident")
    run_result(full.path, load_policy(policy), tmp_path / "b.result")
    told = pl.read_parquet(tmp_path / "b.result" / "counts.parquet")
    assert 0 < told["n"].null_count() < told.height
    assert audit_results(tmp_path / "b.result", ceilings=ceilings, relations=RELATIONS).safe
