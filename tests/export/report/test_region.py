"""The road of the demo, from a made-up region to its site, looked at in a browser."""

from __future__ import annotations

import polars as pl
import pytest

from bds_tool.cli import main as program
from bds_tool.indicators.result import read_result


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """(protected result, site) of a region of 6,000 children."""
    home = tmp_path_factory.mktemp("regio")
    store, counted, safe = home / "r.bds", home / "r.result", home / "v.result"
    steps = [
        ("generate", "--children", "6000", "--seed", "7", "--region", "midden", "--output", store),
        (
            *("indicator", "compute", store, "--output", counted, "--area", "gemeente,wijk"),
            *("--areas", store / "gebieden.parquet", "--by", "year", "--period", "2023..2025"),
            *("-i", "groei", "-i", "voeding"),
        ),
        ("protect", "run", counted, "--to", safe),
        ("report", "site", safe, "--output", home / "site", "--demo"),
    ]
    for step in steps:
        assert program.run([*map(str, step), "--quiet"]) == 0
    return safe, home / "site"


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_opens_quietly_and_fits(region, browser, width):
    """No message in the console, no request outside, no serious finding of axe, nothing wider than the screen."""
    from axe_playwright_python.sync_playwright import Axe

    _, site = region
    page = browser.new_page(viewport={"width": width, "height": 900})
    problems, requests = [], []
    page.on("console", lambda m: problems.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("request", lambda r: requests.append(r.url))
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 8
    for path in pages:
        page.goto(path.as_uri())
        name = path.relative_to(site).as_posix()
        found = Axe().run(page, options={"preload": False}).response["violations"]
        problems += [(name, v["id"]) for v in found if v["impact"] in {"serious", "critical"}]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            problems.append((name, "wider than the screen"))
    page.close()
    assert problems == []
    assert [u for u in requests if not u.startswith(("file:", "data:"))] == []


def test_every_figure_on_a_page_of_a_gemeente_is_the_protected_one(region, browser):
    safe, site = region
    counts = read_result(safe).counts().collect()
    year = counts.filter(~pl.col("period").str.contains("-"))["period"].max()
    page = browser.new_page()
    compared = 0
    for path in sorted((site / "gebied").glob("GM*.html")):
        page.goto(path.as_uri())
        rows = counts.filter(pl.col("area") == path.stem, pl.col("period") == year)
        wanted = dict(rows.select("indicator", "value").iter_rows())
        for line in page.query_selector_all("tr[data-indicator]"):
            value = line.query_selector("td[data-v]")
            told = value.get_attribute("data-v")
            known = wanted[line.get_attribute("data-indicator")]
            if known is None:
                assert told == ""
                assert value.text_content().strip() in {"*", "–"}
            else:
                assert float(told) == pytest.approx(known, rel=1e-5)
                compared += 1
    page.close()
    assert compared > 20
