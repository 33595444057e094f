"""The road of the demo, from a made-up region to its site, looked at in a browser."""

from __future__ import annotations

import re

import pytest
from lxml import html

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


def sample(site):
    """A few pages of each kind: the long test takes all."""
    kinds = [site.glob("*.html"), site.glob("data/*.html")]
    kinds += [list(site.glob(p))[:2] for p in ("gebied/GM*.html", "gebied/WK*.html", "indicator/*.html")]
    return sorted(p for found in kinds for p in found)


@pytest.mark.parametrize(
    ("width", "every"),
    [(390, False), *(pytest.param(w, True, marks=pytest.mark.slow) for w in (1280, 768, 390))],
)
def test_every_page_opens_quietly_and_fits(region, browser, width, every):
    """No message in the console, no request outside, no serious finding of axe, nothing wider than the screen."""
    from axe_playwright_python.sync_playwright import Axe

    _, site = region
    page = browser.new_page(viewport={"width": width, "height": 900})
    problems, requests = [], []
    page.on("console", lambda m: problems.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("request", lambda r: requests.append(r.url))
    pages = sorted(site.rglob("*.html")) if every else sample(site)
    assert len(pages) >= 10
    for path in pages:
        page.goto(path.as_uri())
        name = path.relative_to(site).as_posix()
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        found = Axe().run(page, options={"preload": False}).response["violations"]
        problems += [(name, v["id"]) for v in found if v["impact"] in {"serious", "critical"}]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            problems.append((name, "wider than the screen"))
    page.close()
    assert problems == []
    assert [u for u in requests if not u.startswith(("file:", "data:"))] == []


def dutch(value, places):
    return f"{value:,.{places}f}".translate(str.maketrans(",.", ".,"))


def told(row, unit):
    """What a page may say of a row, worked out here from the row alone."""
    # A percentage of fewer than a hundred children has no tenths: one child more is a whole percent.
    places = 1 if unit in {"%", "‰"} else 2
    if unit == "%" and row["n"] is not None and row["n"] < 100:
        places = 0
    if row["value"] is not None:
        return f"{dutch(row['value'], places)} {unit}"
    if row["status"] == "klasse":
        low, high = row["lower"], row["upper"]
        word = f"≤ {high:g}" if low == 0 else f"≥ {low:g}" if high == 100 else f"{low:g}–{high:g}"
        return f"{word} {unit}"
    return {"verborgen": "verborgen", "geen_gegevens": "geen gegevens"}.get(row["status"])


def test_every_figure_on_the_site_is_one_of_the_protected_result(region):
    """Each figure says of which row it is, and equals it; and no percentage stands on a page that is in no row."""
    safe, site = region
    result = read_result(safe)
    definitions = result.meta["definitions"]
    cut = ("sex", "education", "age", "origin", "mother_age")
    rows = {
        "|".join((r["indicator"], r["area"], r["period"], *(r[c] for c in cut))): r
        for r in result.counts().collect().iter_rows(named=True)
    }
    percentages = {told(r, "%") for r in rows.values() if r["value"] is not None}
    # a classed or absent figure is told by its class or its word; limits of map classes and the level of the test are round
    compared = free = 0
    for path in sorted(site.rglob("*.html")):
        tree = html.fromstring(path.read_bytes())
        for element in tree.iter():
            key = element.get("data-rij")
            if key is None:
                continue
            row = rows[key]
            unit = definitions[row["indicator"]]["unit"]
            text = element.text_content().replace("\xa0", " ").strip()
            if element.getparent().get("class", "").startswith("card"):
                assert row["value"] is None or told(row, unit) in text or " in 20" in text, (path, key)
                continue
            assert text == told(row, unit), (path, key)
            compared += row["value"] is not None
        if "indicator" in path.parts or "gebied" in path.parts:
            for mark in tree.xpath(".//*[local-name()='svg']//*[@class='t'] | .//*[@class='legend']//li/i"):
                mark.text = mark.tail = ""  # the ends of a scale and the limits of a class are no figures
            text = " ".join(tree.find(".//main").itertext()).replace("\xa0", " ")
            for found in re.findall(r"\d[\d.]*,\d %", text):
                assert found in percentages or published(definitions, found), (path, found)
                free += 1
    assert compared > 500
    assert free > 500


def published(definitions, found):
    """A figure of the definition itself: what was published nationally."""
    return any(
        f"{dutch(p['waarde'], 1)} %" == found for d in definitions.values() for p in d.get("published", [])
    )
