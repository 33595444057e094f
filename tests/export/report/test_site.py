"""The site: what it shows equals the result, nothing hidden is in it, and people can use it."""

from __future__ import annotations

import io
import json
import re

import openpyxl
import pytest

from bds_tool.export.report.book import open_book
from bds_tool.export.report.site import build_site

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


@pytest.mark.parametrize(
    ("layout", "files", "many"),
    [
        ("gebied.schema.json", "GM????.json", 2),
        ("indicator/indicator.schema.json", "indicator/[A-Z]*.json", 3),
    ],
)
def test_json_files_follow_their_published_layout(site, layout, files, many):
    import jsonschema

    schema = json.loads((site / "data" / layout).read_text(encoding="utf-8"))
    found = [p for p in sorted((site / "data").glob(files)) if "metadata" not in p.name]
    assert len(found) == many
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
    "gebied/WK000102.html",
    "indicator/OW.html",
    "vergelijk.html",
    "methode.html",
    "data/index.html",
]


def test_start_page_is_small(site):
    start = (site / "index.html").stat().st_size
    together = start + sum(p.stat().st_size for p in (site / "static").iterdir())
    assert together <= 200_000


def content(path):
    """All text in a file; of a workbook that of its parts."""
    if path.suffix != ".xlsx":
        return path.read_text(encoding="utf-8")
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    return "\n".join(str(c) for sheet in book for row in sheet.iter_rows(values_only=True) for c in row)


def test_no_hidden_figure_is_in_any_file(site):
    """The counts and values that were hidden are unique numbers; they occur nowhere, in no notation."""
    kinds = set()
    for path in sorted(p for p in site.rglob("*") if p.is_file()):
        kinds.add(path.suffix)
        text = re.sub(r' (?:d|x|y|cx|cy|points|viewBox)="[^"]*"', "", content(path))  # places in a drawing
        for count, value in HIDDEN.values():
            for told in (f"{value:.5f}", f"{value:.4f}", f"{value:.1f}".replace(".", ","), f"{value:.1f}"):
                assert not re.search(rf"(?<![\d.,]){re.escape(told)}(?![\d])", text), (path, told)
            assert not re.search(rf"(?<![\d.,#-]){count}(?![\d.,])", text), (path, count)
    assert {".html", ".csv", ".json", ".jsonld", ".js", ".svg", ".xlsx"} <= kinds


def test_links_inside_the_site_lead_somewhere(site):
    for path in sorted(p for p in site.rglob("*") if p.is_file()):
        if path.suffix == ".html":
            text = path.read_text(encoding="utf-8")
            for link in re.findall(r'(?:href|src)="([^"#]+)', text):
                outside = link.startswith(
                    ("data:", "https://")
                )  # sources of a policy, and the example to embed
                assert outside or (path.parent / link).resolve().exists(), (path, link)
            for anchor in re.findall(r'href="#([^"]+)"', text):
                assert f'id="{anchor}"' in text, (path, anchor)


def test_every_csv_has_its_description_and_every_file_is_in_the_catalogue(site):
    tables = sorted((site / "data").rglob("*.csv"))
    assert len(tables) == 2 + 3 + 1
    for path in tables:
        described = json.loads(path.with_name(path.name + "-metadata.json").read_text(encoding="utf-8"))
        assert described["url"] == path.name
        header = path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
        assert [c["name"] for c in described["tableSchema"]["columns"]] == header
    entry = json.loads((site / "data" / "catalogus.jsonld").read_text(encoding="utf-8"))
    (dataset,) = entry["dcat:dataset"]
    # DCAT-AP 3: title and description are mandatory for a dataset, accessURL for a distribution
    assert dataset["dct:title"]["@value"]
    assert dataset["dct:description"]["@value"]
    named = {d["dcat:accessURL"]["@id"] for d in dataset["dcat:distribution"]}
    kept = [p for p in (site / "data").rglob("*") if p.suffix in {".csv", ".json", ".xlsx"}]
    kept = [p for p in kept if not p.name.endswith(("-metadata.json", ".schema.json"))]
    assert named == {p.relative_to(site / "data").as_posix() for p in kept}


def test_hidden_wijk_says_so_in_words(site, page):
    page.goto((site / "indicator" / "OW.html").as_uri())
    line = page.locator(".map a[aria-label^='Buiten & Zo']").first
    assert line.get_attribute("aria-label") == "Buiten & Zo: verborgen"
    folded = page.locator("section[aria-labelledby=per-wijk] details.none")
    assert folded.locator("summary").inner_text() == "1 gebied: verborgen"
    folded.locator("summary").click()
    assert "Buiten & Zo (Noorddorp)" in folded.inner_text()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_axe_finds_nothing_serious_and_nothing_is_clipped(site, page, name, width):
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 900})
    page.goto((site / name).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found = Axe().run(page, options={"preload": False}).response["violations"]
    assert [
        (v["id"], v["nodes"][0]["html"][:90]) for v in found if v["impact"] in {"serious", "critical"}
    ] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CLIPPED) == []


#: Elements with text of their own that does not fit in their box; those only for a voice are meant to be clipped.
CLIPPED = """() => Array.from(document.querySelectorAll('main *, header *, .kop *')).filter(e => {
  if (e.closest('svg, .sr, caption, .tabel, [hidden], .zoek label, #aantal, pre, select')) return false;
  if (!Array.from(e.childNodes).some(n => n.nodeType === 3 && n.textContent.trim())) return false;
  return e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline';
}).map(e => e.outerHTML.slice(0, 90))"""


def test_dark_screen_has_contrast_too(site, browser):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme="dark")
    for name in ("gebied/GM0001.html", "indicator/OW.html", "index.html"):
        page.goto((site / name).as_uri())
        found = Axe().run(page, options={"preload": False, "runOnly": ["color-contrast"]}).response
        assert [n["html"][:90] for v in found["violations"] for n in v["nodes"]] == []
    page.close()


def test_sorting_by_keyboard(site, page):
    page.goto((site / "indicator" / "OW.html").as_uri())
    table = page.locator("section[aria-labelledby=per-gemeente] table").last
    button = table.locator("thead button").nth(1)
    shown = "c => c.map(x => Number(x.dataset.v))"
    for key, down in (("Enter", False), ("Enter", True)):
        button.focus()
        page.keyboard.press(key)
        values = table.locator("tbody td:nth-child(2)").evaluate_all(shown)
        assert len(values) == 2
        assert values == sorted(values, reverse=down)


def test_search_finds_areas_and_figures(site, page):
    page.goto((site / "index.html").as_uri())
    page.locator("#zoek").press_sequentially("over")
    assert page.locator("#gevonden a").all_inner_texts() == ["Overgewicht Groei en gewicht"]
    page.locator("#zoek").fill("havé")
    assert page.locator("#gevonden a").count() == 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/gebied/WK000201.html")


def test_address_keeps_the_highlighted_area(site, page):
    page.goto((site / "indicator" / "OW.html").as_uri() + "#gebied=GM0002")
    assert page.locator("tr.me").all_inner_texts()[0].startswith("Zuidstad")
    page.select_option("#licht", "GM0001")
    assert page.url.endswith("#gebied=GM0001")
    page.reload()
    assert page.locator("#licht").input_value() == "GM0001"
    assert page.locator(".map .me").count() == 1


def test_comparing_two_areas(site, page):
    page.goto((site / "vergelijk.html").as_uri() + "#a=GM0001&b=GM0002&periode=2023")
    line = page.locator("#vergelijk tbody tr").filter(has_text="Overgewicht")
    # 2023: Noorddorp 10 + 1 + 0,25 and Zuidstad 10 + 2 + 0,25, both plus and minus 2
    told = [c.replace("\xa0", " ") for c in line.locator("td").all_inner_texts()]
    assert told == ["11,2 %\n9,2 – 13,2", "12,2 %\n10,2 – 14,2"]
    assert line.locator("th").inner_text().endswith("intervallen overlappen")
    # 20 points apart per kind of figure; hidden in one, shown in the other
    feeding = page.locator("#vergelijk tbody tr").filter(has_text="geboorte").locator("td")
    assert feeding.nth(1).inner_text() == "verborgen"
    page.select_option("#periode", "2024")
    assert page.url.endswith("#a=GM0001&b=GM0002&periode=2024")
    assert feeding.nth(1).inner_text().startswith("33,")
