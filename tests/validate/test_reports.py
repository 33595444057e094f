"""Every format says the same; none says a value unless asked."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import polars as pl
import pytest

from bds_tool.base.specs import specs_dir
from bds_tool.base.text import set_language
from bds_tool.findings.catalogue import load_rules
from bds_tool.findings.report import FORMATS, write_report
from bds_tool.findings.report import render as render_report
from bds_tool.findings.report.envelope import build
from bds_tool.findings.report.mending import first, letter, spread

WORDS = "geheim-verhaal-van-Noortje"
A = {"activiteit_id": "ACT-77", "datum": "2020-01-15"}


def render(result, format_, *, show_values=False):
    return render_report(build(result, show_values=show_values), format_)


@pytest.fixture
def result(judge):
    rows = [
        (20, "2018-10-11", {"dossier_id": "SLEUTEL-1"}),
        (19, "F", {"dossier_id": "SLEUTEL-1", "regel": 2}),
        (235, WORDS, {**A, "dossier_id": "SLEUTEL-1", "regel": 3, "pad": "kolom <b>&"}),
        (481, "03", {**A, "dossier_id": "SLEUTEL-1", "regel": 4}),
        *(
            (1337, "soms", {**A, "activiteit_id": f"a{i}", "dossier_id": "SLEUTEL-1", "regel": 10 + i})
            for i in range(30)
        ),
    ]
    return judge(rows, max_examples=5)


@pytest.mark.parametrize("format_", [n for n, f in FORMATS.items() if not f.file])
def test_no_value_or_key_unless_asked(result, format_):
    text = render(result, format_)
    assert "BDS201" in text
    assert WORDS not in text
    assert "SLEUTEL" not in text
    assert "ACT-77" not in text


@pytest.mark.parametrize("format_", ["text", "json", "ndjson", "csv", "html"])
def test_values_when_asked(result, format_):
    assert WORDS in render(result, format_, show_values=True)


def test_json_follows_its_published_schema(result):
    schema = json.loads((specs_dir() / "_schemas/bevindingen.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for show in (False, True):
        jsonschema.validate(json.loads(render(result, "json", show_values=show)), schema)


def test_json_keeps_its_shape_without_findings(judge):
    clean = json.loads(render(judge([(748, "x", A), (494, "39", A)]), "json"))
    assert clean["findings"] == []
    assert clean["rules"] == []
    assert clean["summary"]["fout"] == 0
    assert clean["summary"]["judgements"]["niet_beoordeeld"] > 0


def test_totals_are_exact_when_examples_are_capped(result):
    report = json.loads(render(result, "json"))
    rule = next(r for r in report["rules"] if r["code"] == "BDS204")
    assert rule["count"] == 30
    assert rule["elements"][0]["share"] == 1.0
    assert sum(f["code"] == "BDS204" for f in report["findings"]) == 5
    assert "30 van 30 ingevulde waarden (100,0 %)" in render(result, "text")


def test_sarif_follows_the_oasis_schema(result):
    """The schema is that of OASIS itself (2.1.0 with errata 01); its descriptions alone were left out."""
    schema = json.loads((Path(__file__).parent / "data/sarif-2.1.0.json").read_text(encoding="utf-8"))
    log = json.loads(render(result, "sarif"))
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/")
    jsonschema.Draft4Validator.check_schema(schema)
    jsonschema.Draft4Validator(schema).validate(log)
    # The schema is awake: a region without a place is no region.
    broken = {"locations": [{"physicalLocation": {"region": {"endLine": 3}}}], "message": {"text": "x"}}
    again = log | {"runs": [log["runs"][0] | {"results": [broken]}]}
    assert {e.validator for e in jsonschema.Draft4Validator(schema).iter_errors(again)} == {"anyOf"}
    run = log["runs"][0]
    rules = {r["id"]: r for r in run["tool"]["driver"]["rules"]}
    assert rules["BDS201"]["defaultConfiguration"]["level"] == "error"
    marks = [r["partialFingerprints"]["bds/v1"] for r in run["results"]]
    assert len(marks) == len(set(marks))
    assert all(run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])


def test_numbers_in_messages_are_written_as_people_do():
    shown = {
        100.0: ("100", "100"),
        0.001: ("0,001", "0.001"),
        999999.0: ("999.999", "999,999"),
        2.25: ("2,25", "2.25"),
    }
    rule = load_rules()["BDS231"]
    for value, texts in shown.items():
        for language, text in zip(("nl", "en"), texts, strict=True):
            set_language(language)
            try:
                said = rule.say({"laagst": value, "hoogst": value})
            finally:
                set_language("")
            assert said in {f"Getal ligt buiten {text} tot {text}.", f"Number lies outside {text} to {text}."}


def test_junit_counts_failures_and_skips(result):
    suite = ET.fromstring(render(result, "junit")).find("testsuite")  # noqa: S314  # our own output
    cases = suite.findall("testcase")
    assert int(suite.get("tests")) == len(cases)
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) == 3
    assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped")) > 10


def test_github_escapes_and_limits(judge):
    rows = [(235, "fout", {**A, "activiteit_id": f"a{i}", "pad": "a%b,c:d"}) for i in range(40)]
    lines = render(judge(rows), "github").splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert "title=BDS201 geen-getal::" in lines[0]


def test_csv_cannot_run_as_a_formula(judge):
    text = render(judge([(235, '=HYPERLINK("x")', A)]), "csv", show_values=True)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["value"].startswith("'=")


def test_binary_formats(result, tmp_path):
    for format_ in ("parquet", "xlsx"):
        write_report(build(result), format_, tmp_path / f"r.{format_}")
    frame = pl.read_parquet(tmp_path / "r.parquet")
    assert frame.height == result.findings.height
    assert frame["code"].to_list() == result.findings["code"].to_list()
    sheet = pl.read_excel(tmp_path / "r.xlsx", sheet_id=2)
    assert sheet.height == frame.height


def test_all_formats_agree(result):
    report = json.loads(render(result, "json"))
    assert len(render(result, "ndjson").splitlines()) == len(report["findings"])
    assert len(list(csv.DictReader(io.StringIO(render(result, "csv"))))) == len(report["findings"])
    assert report["summary"]["fout"] == result.count("fout") == 32


def test_html_stands_alone_and_is_readable(result):
    page = render(result, "html")
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)
    assert '<html lang="nl">' in page
    assert "kolom &lt;b&gt;&amp;" in page
    assert page.count("<h1>") == 1
    levels = [int(n) for n in re.findall(r"<h(\d)", page)]
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), "a heading level is skipped"
    assert all('scope="' in th for th in re.findall(r"<th[ >][^>]*", page))
    assert page.count("<caption>") == page.count("<table")
    for control in re.findall(r'<(?:input|select) id="(\w+)"', page):
        assert f'<label for="{control}">' in page


def _contrast(one: str, two: str) -> float:
    """WCAG 2.1: (L1 + 0.05) / (L2 + 0.05) with relative luminance."""

    def luminance(colour: str) -> float:
        colour = colour.lstrip("#")
        colour = "".join(c * 2 for c in colour) if len(colour) == 3 else colour
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_html_colours_have_contrast_aa():
    css = (Path(__file__).parents[2] / "bds_tool/findings/report/report.css").read_text(encoding="utf-8")
    schemes = re.findall(r":root \{([^}]*)\}", css)
    assert len(schemes) == 2, "light and dark"
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#\w+)", scheme))
        for name in ("fg", "link", "fout", "waarschuwing", "info"):
            assert _contrast(colours[name], colours["bg"]) >= 4.5, name
            assert _contrast(colours[name], colours["soft"]) >= 4.5, name
        assert _contrast(colours["line"], colours["bg"]) >= 3


def browse(chromium, page, tmp_path, probe):
    """What a script finds in the page, in a real browser."""
    file = tmp_path / "r.html"
    script = f"<script>document.title = JSON.stringify((() => {{ {probe} }})());</script></body>"
    file.write_text(page.replace("</body>", script), encoding="utf-8")
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=390,900",
         f"--user-data-dir={tmp_path}/profile", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title, done.stderr[-500:]
    return json.loads(title.group(1).replace("&amp;", "&"))


def test_html_filters_in_a_browser(chromium, result, tmp_path):
    out = browse(chromium, render(result, "html"), tmp_path, """
      const out = {}, cards = () => [...document.querySelectorAll('#regels > details')].filter(d => !d.hidden).map(d => d.id);
      out.all = cards();
      const s = document.getElementById('zoek'); s.value = 'bds201'; s.dispatchEvent(new Event('input'));
      out.shown = cards(); out.told = document.getElementById('telling').value;
      s.value = ''; const l = document.getElementById('ernst'); l.value = 'waarschuwing'; l.dispatchEvent(new Event('change'));
      out.warnings = cards();
      out.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      return out;""")  # fmt: skip
    rules = json.loads(render(result, "json"))["rules"]
    assert sorted(out["all"]) == sorted(r["code"] for r in rules)
    assert out["shown"] == ["BDS201"]
    assert out["told"] == "1 zichtbaar"
    assert sorted(out["warnings"]) == sorted(r["code"] for r in rules if r["severity"] == "waarschuwing")
    assert out["wide"] <= 0, "a page that scrolls sideways"


def test_a_link_to_a_rule_opens_it(chromium, result, tmp_path):
    out = browse(chromium, render(result, "html"), tmp_path, """
      location.hash = '#BDS204'; dispatchEvent(new HashChangeEvent('hashchange'));
      return [...document.querySelectorAll('#regels > details')].filter(d => d.open).map(d => d.id);""")  # fmt: skip
    assert out == ["BDS204"]


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (768, "light"), (1280, "dark")])
def test_axe_finds_nothing_serious(browser, result, tmp_path, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    (tmp_path / "r.html").write_text(render(result, "html"), encoding="utf-8")
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.goto((tmp_path / "r.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    found = Axe().run(page, options={"preload": False}).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}] == []
    assert wide <= width


def test_what_to_mend_first(result):
    """Errors before warnings, then what makes most findings disappear; counted anew from the findings themselves."""
    report = json.loads(render(result, "json"))
    counts = {r["code"]: (r["severity"], r["count"]) for r in report["rules"] if r["severity"] != "info"}
    wanted = sorted(counts, key=lambda c: (counts[c][0] != "fout", -counts[c][1], c))
    page = render(result, "html")
    top = page[page.index('<ol class="points">') : page.index("</ol>")]
    assert re.findall(r'href="#(\w+)"', top) == wanted[:10]
    errors = sum(severity == "fout" for severity, _ in counts.values())
    assert f"{errors} punten om te herstellen" in page or (errors == 1 and "één punt" in page)


@pytest.mark.parametrize(
    ("rows", "title"),
    [([(748, "x", A), (494, "39", A)], "geen fouten gevonden"), ([], "er is niets gelezen")],
)
def test_the_title_says_what_is_known(judge, rows, title):
    assert f">{title}<" in render(judge(rows), "html")


def test_the_message_to_the_vendor_holds_no_file_and_no_value(result):
    report = build(result, show_values=True)
    text = letter(report, first(report))
    assert all(p.rule["code"] in text for p in first(report))
    assert not [f["file"] for f in report["input"] if f["file"] in text]
    values = {str(f["value"]) for f in report["findings"] if f.get("value") and len(str(f["value"])) > 5}
    assert values
    assert not [v for v in values if v in text]


def test_shares_of_the_table_are_of_filled_values(result):
    report = build(result)
    families, rows = spread(report)
    by_hand = {}
    for rule in report["rules"]:
        for e in rule["elements"] if rule["severity"] != "info" else ():
            if e["element"] is not None:
                by_hand[e["element"], rule["family"]] = (
                    by_hand.get((e["element"], rule["family"]), 0) + e["count"] - e["accepted"]
                )
    assert {(int(r.name.split()[0]), f): n for r in rows for f, n in r.found.items()} == {
        k: n for k, n in by_hand.items() if n
    }
    assert {f for _, f in by_hand} >= set(families)


def test_html_stays_small(judge):
    many = judge([(235, f"{n}x", A) for n in range(30_000)])
    assert len(render(many, "html").encode()) < 200_000


def test_what_was_not_judged_is_one_line_with_a_count_per_reason(result):
    told = json.loads(render(result, "json"))
    lines = [line for line in render(result, "text").splitlines() if "iet beoordeeld" in line]
    assert len(lines) == 1
    counts = [int(n) for n in re.findall(r"[(,] ?(\d+) (?!protocol)", lines[0])]
    assert sum(counts) == len(told["not_judged"]) == int(re.search(r"(\d+) regels", lines[0])[1])
    assert ("protocol" in lines[0]) == bool(told["not_covered"])
