"""The generated population gives every indicator somebody to count, but for what it says here and why."""

from datetime import date

import pytest

from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.run import compute
from bds_tool.store.store import Store
from bds_tool.synthetic.generate import Request, generate

#: Indicator → why the newest BDS has nobody for it.
NOBODY = {
    "REACH-P5": "a dossier is followed for eighteen years, and the phase ends on the eighteenth birthday",
    "CONTACTS-P5": "as REACH-P5",
    "OW-PRO": "element 1492 is in no message",
}


@pytest.mark.slow
def test_every_indicator_has_a_denominator(tmp_path):
    generate(Request(4000, seed=3, bds="4.2.0", reference=date(2026, 12, 31)), tmp_path / "r.bds")
    with Store.open(tmp_path / "r.bds") as store:
        plan = Plan(choose([]), Settings(2021, 2026, date(2026, 12, 31)), levels=(), by=(), yearly=False)
        result = compute(store, plan, tmp_path / "r.result")
    counted = result.counts().filter(level="land").collect()
    known = {row["indicator"] for row in counted.iter_rows(named=True) if row["n"]}
    assert {i.id for i in plan.indicators} - known == set(NOBODY)


def test_what_the_theme_adds_is_of_the_lists_of_its_version(tmp_path):
    """The codes that go into a store are those that the BDS has, and validate finds no fault in them."""
    import polars as pl

    from bds_tool.validate.engine import Options, validate

    generate(Request(40, seed=5, bds="4.2.0"), tmp_path / "r.bds")
    with Store.open(tmp_path / "r.bds") as store:
        found = (
            store.registraties()
            .filter(pl.col("bdsnummer").is_in([115, 137, 483, 714, 1159, 1641, 1660]))
            .collect()
        )
        assert found["bdsnummer"].n_unique() == 7
        judged = validate(store, Options(today=date(2026, 1, 1)))
    assert judged.totals.filter(pl.col("severity") == "fout").height == 0


@pytest.mark.slow
def test_the_page_beside_the_netherlands_has_the_figures_of_the_region(tmp_path):
    """docs/uitleg/verzonnen-regio.md: the region counted anew, and within two points of what was published."""
    import re
    from pathlib import Path

    page = Path(__file__).resolve().parents[2] / "docs" / "uitleg" / "verzonnen-regio.md"
    told = re.findall(
        r"^\| ([A-Z0-9-]+) [^|]+\| ([\d,]+) % \| ([\d,]+) % \|",
        page.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(told) == 3
    request = Request(
        8000,
        seed=7,
        region="gemeenten=3,wijken=8,buurten=30",
        themes=("zwangerschap", "voeding", "vragen", "zorg"),
    )
    generate(request, tmp_path / "r.bds")
    with Store.open(tmp_path / "r.bds") as store:
        plan = Plan(
            choose([t[0] for t in told]),
            Settings(2021, 2025, date(2025, 12, 31)),
            levels=(),
            by=(),
            yearly=False,
        )
        result = compute(store, plan, tmp_path / "r.result")
    found = dict(result.counts().filter(level="land").collect().select("indicator", "value").iter_rows())
    for name, *figures in told:
        ours, national = (float(f.replace(",", ".")) for f in figures)
        assert found[name] == pytest.approx(ours, abs=0.051), name
        assert found[name] == pytest.approx(national, abs=2), name
