"""The site: what it shows equals the result, nothing hidden is in it, and people can use it."""

from __future__ import annotations

import re

import polars as pl
import pytest

from bds_tool.export.report.book import open_book
from bds_tool.export.report.site import build_site, written_files

from .conftest import HIDDEN


@pytest.fixture(scope="module")
def site(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    build_site(open_book(result), folder, demo=True)
    return folder


@pytest.fixture
def page(browser):
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    problems, requests = [], []
    opened.on("console", lambda m: problems.append(m.text) if m.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda e: problems.append(str(e)))
    opened.on("request", lambda r: requests.append(r.url))
    yield opened
    assert problems == []
    assert [u for u in requests if not u.startswith(("file:", "data:"))] == []
    opened.close()


def test_json_files_follow_their_published_layout(site):
    import json

    import jsonschema

    schema = json.loads((site / "data" / "gebied.schema.json").read_text(encoding="utf-8"))
    found = sorted((site / "data").glob("GM*.json"))
    assert len(found) == 2
    for path in found:
        content = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(content, schema)
        assert content["rijen"]
        content["rijen"][0][0] = 5  # the code of an indicator is a text
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(content, schema)


def test_the_method_page_tells_how_was_protected(site):
    text = (site / "methode.html").read_text(encoding="utf-8")
    # 42 rows, two of them hidden: 4,8 %
    assert "2 van 42 cellen zijn verborgen (4,8 %)" in text.replace("\xa0", " ")
    assert "Noemers onder 50" in text
    assert "{'" not in text


PAGES = [
    "index.html",
    "gebied/GM0001.html",
    "thema/groei.html",
    "vergelijk.html",
    "methode.html",
    "data/index.html",
]


def test_start_page_is_small(site):
    start = (site / "index.html").stat().st_size
    together = start + sum(p.stat().st_size for p in (site / "static").iterdir())
    assert together <= 200_000


def test_no_hidden_figure_is_in_any_file(site):
    """The counts and values that were hidden are unique numbers; they occur nowhere, in no notation."""
    for path in written_files(site):
        content = path.read_text(encoding="utf-8")
        for count, value in HIDDEN.values():
            for told in (f"{value:.5f}", f"{value:.4f}", f"{value:.1f}".replace(".", ","), f"{value:.1f}"):
                assert not re.search(rf"(?<![\d.,]){re.escape(told)}(?![\d])", content), (path, told)
            assert not re.search(rf"(?<![\d.,#]){count}(?![\d.,])", content), (path, count)


def test_links_inside_the_site_lead_somewhere(site):
    for path in written_files(site):
        if path.suffix == ".html":
            for link in re.findall(r'(?:href|src)="([^"#]+)', path.read_text(encoding="utf-8")):
                assert link.startswith("data:") or (path.parent / link).resolve().exists(), (path, link)


def test_numbers_on_the_page_equal_the_result(site, page, result):
    page.goto((site / "gebied" / "GM0001.html").as_uri())
    rows = pl.read_parquet(result / "counts.parquet").filter(
        pl.col("area") == "GM0001", pl.col("period") == "2024"
    )
    seen = {
        element.get_attribute("data-indicator"): element.query_selector("td[data-v]").get_attribute("data-v")
        for element in page.query_selector_all("tr[data-indicator]")
    }
    assert {k: float(v) for k, v in seen.items()} == pytest.approx(
        dict(rows.select("indicator", "value").iter_rows())
    )


def test_hidden_wijk_shows_the_symbol(site, page):
    page.goto((site / "gebied" / "GM0001.html").as_uri())
    table = page.locator("section#groei table").nth(1)
    heads = [h.strip(" ↕\n") for h in table.locator("thead th").all_inner_texts()]
    line = table.locator("tbody tr").filter(has_text="Overgewicht")
    cells = line.locator("td").all_inner_texts()
    assert cells[heads.index("Buiten & Zo") - 1] == "*"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(site, page, name, width):
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 900})
    page.goto((site / name).as_uri())
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [
        (v["id"], v["nodes"][0]["html"][:90]) for v in found if v["impact"] in {"serious", "critical"}
    ] == []


@pytest.mark.parametrize("name", PAGES)
def test_phone_does_not_scroll_sideways(site, page, name):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto((site / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_keyboard_tabs_sort_and_filter(site, page):
    page.goto((site / "gebied" / "GM0001.html").as_uri())
    page.locator("[role=tab]").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("[role=tab][aria-selected=true]").inner_text() == "Voeding"
    assert page.locator("section#voeding").is_visible()
    assert not page.locator("section#groei").is_visible()
    page.keyboard.press("Home")
    table = page.locator("#t-groei")
    button = table.locator("thead button").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    values = [
        float(v)
        for v in table.locator("tbody tr td:nth-child(2)").evaluate_all("c => c.map(x => x.dataset.v)")
    ]
    assert values == sorted(values)
    page.keyboard.press("Enter")
    values = [
        float(v)
        for v in table.locator("tbody tr td:nth-child(2)").evaluate_all("c => c.map(x => x.dataset.v)")
    ]
    assert values == sorted(values, reverse=True)
    page.locator("#zoek-groei").fill("overge")
    assert table.locator("tbody tr:visible").count() == 1


def test_comparing_two_areas(site, page):
    page.goto((site / "vergelijk.html").as_uri())
    page.select_option("#welke", label="Groei en gewicht")
    line = page.locator("#vergelijk tbody tr").filter(has_text="Overgewicht")
    # 2024: Noorddorp 10 + 1 + 1 + 0,25 and Zuidstad 10 + 2 + 1 + 0,25
    assert [c.replace("\xa0", " ") for c in line.locator("td").all_inner_texts()] == [
        "12,3 %",
        "13,3 %",
        "-1,0",
    ]
