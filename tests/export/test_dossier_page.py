"""`bds dossier`: everything once, nothing about who unasked, and what is calculated equals the published tables."""

from __future__ import annotations

import csv
import json
import math
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from bds_tool.formats import read

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "real"
DAY = "2026-06-01"


class Looking(HTMLParser):
    """What stands on a page: the numbers of its lines, and its text as a reader sees it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines: list[int] = []
        self.text = ""
        self._quiet = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._quiet += tag == "style"
        self.lines += [int(v) for k, v in attrs if k == "data-nr"]
        self.text += " ".join(v for k, v in attrs if k == "aria-label") + " "

    def handle_endtag(self, tag):
        self._quiet -= tag == "style"

    def handle_data(self, data):
        self.text += "" if self._quiet else data


def delivered():
    """Public messages and records, in the folders that tests read in place."""
    for folder in ("dob", "james"):
        for path in sorted((REAL / folder).rglob("*")):
            if path.suffix in {".xml", ".json"} and "schema" not in path.name:
                yield pytest.param(path, id=f"{path.parent.name}/{path.name}")


def shown(bds, source, out, *more):
    done = bds("dossier", "show", source, "-o", out, "--reference-date", DAY, *more)
    assert done.code == 0, done.err
    return Looking(out.read_text(encoding="utf-8"))


def everything_once(bds, path, tmp_path):
    """Counted by reading alone: as many lines as registraties of the dossier, each with a number of its own."""
    with read([path]) as store:
        counts = (
            store.registraties()
            .filter(pl.col("dossier_id").is_not_null())
            .join(store.bronnen().lazy().select("bron", "organisatie"), on="bron")
            .group_by(pl.col("organisatie").fill_null(""), "dossier_id")
            .len()
            .sort("organisatie", "dossier_id")
            .collect()["len"]
            .to_list()
        )
    for nr, count in enumerate(counts, start=1):
        page = shown(bds, path, tmp_path / f"{nr}.html", "--nr", nr)
        assert page.lines.count(1) == 1
        assert sorted(page.lines) == list(range(1, count + 1))
    return len(counts)


@pytest.mark.parametrize("path", [*delivered()][::16])
def test_every_registration_once(bds, path, shared, tmp_path):
    everything_once(bds, path, tmp_path)


@pytest.mark.slow
def test_every_registration_once_in_every_public_file(bds, shared, tmp_path):
    pages = [everything_once(bds, case.values[0], tmp_path / str(n)) for n, case in enumerate(delivered())]
    assert sum(pages) > 250


def table(tmp_path, rows, name="d.csv"):
    """A long table of one child: (number, value, day)."""
    path = tmp_path / name
    lines = ["dossier_id,bdsnummer,waarde,datum"] + [f"K1,{n},{v},{d}" for n, v, d in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def girl(born="2022-03-12", *rows):
    return [(20, born, ""), (19, "2", ""), *rows]


def lms_z(reference, measure, sex, population, years, value):
    """z by the published table, interpolated between its rows; written here, with nothing of the program."""
    path = ROOT.parent / "shared" / "references" / "growth_lms.csv"
    points = sorted(
        (float(r["x"]), *(float(r[k] or 1) for k in ("L", "M", "S")))
        for r in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        if (r["reference"], r["measure"], r["sex"], r["population"]) == (reference, measure, sex, population)
    )
    below = max(p for p in points if p[0] <= years)
    above = min(p for p in points if p[0] >= years)
    share = 0 if above[0] == below[0] else (years - below[0]) / (above[0] - below[0])
    power, middle, spread = (a + share * (b - a) for a, b in zip(below[1:], above[1:], strict=True))
    return ((value / middle) ** power - 1) / (power * spread) if power else math.log(value / middle) / spread


def test_growth_stands_on_the_published_reference(bds, shared, tmp_path):
    """A girl born 2022-03-12: 78 cm and 9 kg on 2024-03-12 (731 days)."""
    rows = girl("2022-03-12", (235, 780, "2024-03-12"), (245, 9000, "2024-03-12"), (252, 470, "2022-12-12"))
    text = shown(bds, table(tmp_path, rows), tmp_path / "p.html").text
    height = lms_z("nl_2009", "hgt", "female", "nl", 731 / 365.25, 78.0)
    weight = lms_z("nl_2009", "wgt", "female", "nl", 731 / 365.25, 9.0)
    head = lms_z("nl_1997", "hdc", "female", "nl", 275 / 365.25, 47.0)

    def dutch(z):
        return f"{'−' if z < 0 else ''}{abs(z):.1f} SD".replace(".", ",")

    assert f"lengte {dutch(height)}, gewicht {dutch(weight)}" in text
    assert f"de laatste 78,0 cm op 2 jaar ({dutch(height)})" in text.replace("24 maanden", "2 jaar")
    assert f"de laatste 47,0 cm op 9 maanden ({dutch(head)})" in text


def test_the_lines_are_those_of_the_reference(bds, shared, tmp_path):
    """A point of the middle line, taken back from the drawing, is the median of the table."""
    rows = girl("2022-03-12", (235, 860, "2024-03-12"), (235, 950, "2025-03-12"))
    out = tmp_path / "p.html"
    shown(bds, table(tmp_path, rows), out)
    svg = re.search(r"<svg.*?</svg>", out.read_text(encoding="utf-8"), re.DOTALL)[0]
    middle = re.search(r'<polyline points="([^"]*)" class="c0"', svg)[1].split()
    own = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="3.4"', svg)
    # The two measurements of the child give the scales: their ages and heights are known.
    (x1, y1), (x2, y2) = ((float(a), float(b)) for a, b in own)
    first, second = 731 / 365.25, 1096 / 365.25
    for point in middle[20::13]:
        x, y = map(float, point.split(","))
        years = first + (x - x1) / (x2 - x1) * (second - first)
        height = 86.0 + (y - y1) / (y2 - y1) * 9.0
        assert abs(lms_z("nl_2009", "hgt", "female", "nl", years, height)) < 0.05


def test_a_measurement_in_doubt_does_not_count_and_is_told(bds, tmp_path):
    """86.5 cm after 88 cm: the rule that a child does not shrink (BDS501) takes it out, here as in the indicators."""
    rows = girl("2020-01-10", (235, 880, "2022-06-10"), (235, 865, "2022-09-10"), (235, 990, "2024-01-10"))
    text = shown(bds, table(tmp_path, rows), tmp_path / "p.html").text
    assert "1 telt niet mee" in text
    assert "Telt niet mee: Lengte 865" in text
    assert "2 metingen, de laatste 99,0 cm" in text
    assert "BDS501" in text


def test_a_criterion_is_met_with_its_source(bds, shared, tmp_path):
    """Height 80 cm at three years: far below -2.5 SD by the table; 95 cm is near the median."""
    assert (
        lms_z("nl_2009", "hgt", "female", "nl", 3.1, 80.0)
        < -2.5
        < lms_z("nl_2009", "hgt", "female", "nl", 3.1, 95.0)
    )
    short = shown(
        bds, table(tmp_path, girl("2020-01-10", (235, 800, "2023-02-15"))), tmp_path / "a.html"
    ).text
    usual = shown(
        bds, table(tmp_path, girl("2020-01-10", (235, 950, "2023-02-15"))), tmp_path / "b.html"
    ).text
    assert "lengte onder -2,5 SD van 3 tot 10 jaar" in short
    assert "Lengtegroei (2019)" in short
    assert "criterium gehaald" not in usual


@pytest.mark.parametrize(("days", "word"), [(27, "te vroeg om te tellen"), (28, "geldig")])
def test_a_first_dose_counts_from_four_weeks(bds, tmp_path, days, word):
    """As in the indicators (vaccinatieserie.csv, min_dag 28). Code 11 is DKTP-Hib-HepB."""
    given = (date(2022, 3, 12) + timedelta(days)).isoformat()
    rows = girl("2022-03-12", (461, "11", given), (1409, given, given))
    text = re.sub(r"\s+", " ", shown(bds, table(tmp_path, rows), tmp_path / "p.html").text)
    assert f"{given}, {word}" in text


def test_names_addresses_and_text_are_masked(bds, tmp_path):
    said = {2: "KANARIENAAM", 7: "123456782", 493: "KANARIETEKST", 657: "KANARIEOUDER", 13: "KANARIESTRAAT"}
    source = table(tmp_path, girl("2022-03-12", *((n, v, "") for n, v in said.items())))
    closed = (tmp_path / "a.html", tmp_path / "b.html")
    shown(bds, source, closed[0])
    shown(bds, source, closed[1], "--show-values")
    masked, told = (p.read_text(encoding="utf-8") for p in closed)
    assert [v for v in said.values() if v in masked] == []
    assert [v for v in said.values() if v in told] == [v for v in said.values() if v != "123456782"]


def test_a_key_that_is_a_bsn_is_shown_nowhere(bds, tmp_path):
    source = tmp_path / "d.csv"
    source.write_text(
        "dossier_id,bdsnummer,waarde\n123456782,20,2022-03-12\nA7,20,2021-01-01\n", encoding="utf-8"
    )
    listed = bds("dossier", "list", source)
    assert listed.code == 0
    assert "A7" in listed.out
    assert "123456782" not in listed.out + listed.err
    out = tmp_path / "p.html"
    shown(bds, source, out, "--nr", 1)
    assert "123456782" not in out.read_text(encoding="utf-8")


def test_which_dossier_is_asked_for(bds, tmp_path):
    source = tmp_path / "d.csv"
    source.write_text("dossier_id,bdsnummer,waarde\nA1,20,2022-03-12\nA2,20,2021-01-01\n", encoding="utf-8")
    for more, words in (
        ((), "2 dossiers"),
        (("--id", "A9"), "staat er niet in"),
        (("--nr", 3), "staat er niet in"),
    ):
        done = bds("dossier", "show", source, "-o", tmp_path / "p.html", *more)
        assert done.code == 2
        assert words in done.err
    assert shown(bds, source, tmp_path / "p.html", "--id", "A2").lines == [1]


def test_a_copy_leaves_out_what_is_about_others(bds, tmp_path):
    """Left out by hand count: the note (493), a sibling's first name (73) and the parent's telephone (736)."""
    rows = girl(
        "2022-03-12",
        (493, "NOTITIE", "2024-01-01"),
        (73, "ZUSJE", ""),
        (736, "0612345678", ""),
        (2, "Eigennaam", ""),
    )
    done = bds("dossier", "copy", table(tmp_path, rows), "--to", tmp_path / "af", "--reference-date", DAY)
    assert done.code == 0, done.err
    texts = {p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "af").glob("afschrift*")}
    assert sorted(texts) == ["afschrift.fhir.json", "afschrift.html", "afschrift.json"]
    assert [
        (n, w) for n, text in texts.items() for w in ("NOTITIE", "ZUSJE", "0612345678") if w in text
    ] == []
    facts = json.loads(texts["afschrift.json"])
    assert [r["bdsnummer"] for r in facts["registraties"]] == [20, 19, 2]
    assert sorted(r["count"] for r in facts["left_out"]) == [1, 1, 1]
    assert "Eigennaam" in texts["afschrift.html"]
    assert "werkaantekeningen" in texts["afschrift.html"]
    assert json.loads(texts["afschrift.fhir.json"])["resourceType"] == "Bundle"
    again = bds("dossier", "copy", table(tmp_path, rows), "--to", tmp_path / "af")
    assert again.code == 2


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), pytest.param(1280, "light", marks=pytest.mark.slow)]
)
def test_the_page_in_a_browser(browser, bds, tmp_path, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    store = tmp_path / "s.bds"
    assert bds("generate", "--children", 1, "--seed", 5, "-o", store).code == 0
    shown(bds, store, tmp_path / "p.html")
    wrong = []
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto((tmp_path / "p.html").as_uri())
    assert page.locator(".par").first.is_hidden()
    page.get_by_label("ouder").check()
    assert page.locator(".par").first.is_visible()
    assert page.locator(".pro").first.is_hidden()
    page.get_by_label("professional").check()
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    found = Axe().run(page, options={"preload": False}).response["violations"]
    serious = [v for v in found if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.pdf().startswith(b"%PDF")
    context.close()
    assert wrong == []
