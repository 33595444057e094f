"""Text of others stays text: in a page, in a cell of a spreadsheet, on a screen."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bds_tool.base.escaping import FORMULA, NUMBER, cell, cells, markup, terminal
from bds_tool.export.report.charts import Point, trend

FORMULAS = ["=1+1", "+A1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "- tekst", '=HYPERLINK("x")']
NUMBERS = ["-3", "+3,5", "-0.25", "540", "1.234,5", "-5 %", "+", "-", "", "tekst", "2024-01-02"]
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text(text):
    assert cell(text) == "'" + text
    assert cells(pl.DataFrame({"a": [text]}))["a"].to_list() == ["'" + text]


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_and_words_stay(text):
    assert cell(text) == text
    assert cells(pl.DataFrame({"a": [text]}))["a"].to_list() == [text]


@given(st.text(max_size=30))
def test_both_ways_of_guarding_are_the_same(text):
    if text.encode("utf-8", "ignore").decode() == text:
        assert cells(pl.DataFrame({"a": [text]}))["a"].item() == cell(text)


@given(st.text(st.characters(codec=None), max_size=30))
def test_a_screen_is_not_steered(text):
    assert (
        re.search(
            "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", terminal(text)
        )
        is None
    )


@given(st.text(max_size=30))
def test_json_says_the_same_on_a_screen(text):
    if text.encode("utf-8", "ignore").decode() == text:
        assert json.loads(terminal(json.dumps(text, ensure_ascii=False))) == text


class Page(HTMLParser):
    """All elements and attributes of a page, as a browser takes them apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def test_a_line_of_figures_with_a_hostile_unit_and_period():
    points = [Point(f"{HOSTILE}{y}", float(y)) for y in (1, 2, 3)]
    drawn = trend(HOSTILE, {HOSTILE: points}, HOSTILE)
    assert HOSTILE[2:] not in drawn
    allowed = {
        "svg",
        "title",
        "desc",
        "defs",
        "pattern",
        "rect",
        "line",
        "path",
        "text",
        "circle",
        "polygon",
        "g",
    }
    assert {tag for tag, _ in Page(drawn).elements} <= allowed


def test_markup_keeps_the_text():
    assert markup(f"{HOSTILE}\x1b[31m\u202e").count("<") == 0
    assert "\x1b" not in markup("\x1b")


@pytest.mark.parametrize(
    "to", [("csv", "--dialect", "excel-nl"), ("csv-wide",), ("csv-wide", "--dialect", "excel-nl")]
)
@pytest.mark.parametrize("text", [f for f in FORMULAS if not f.startswith(("\t", "\r"))])
def test_no_export_for_a_spreadsheet_holds_a_formula(to, text, tmp_path, bds):
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["dossier_id", "activiteit_id", "datum", "bdsnummer", "rubriek", "waarde", "tekst"])
    writer.writerow([text, "a1", "2024-01-02", 482, "R019", text, text])
    writer.writerow([text, "a1", "2024-01-02", "", "", text, text])
    (tmp_path / "in.csv").write_text(buffer.getvalue())
    out = tmp_path / "uit"
    assert bds("convert", tmp_path / "in.csv", out, "--to", *to, "-q").code == 0
    files = sorted(out.glob("*.csv")) if out.is_dir() else [out]
    seen = 0
    for file in files:
        delimiter = ";" if "excel-nl" in to else ","
        with file.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.reader(stream, delimiter=delimiter):
                for value in row:
                    assert value[:1] not in {"=", "@"}
                    assert not re.match(FORMULA, value) or re.match(NUMBER, value)
                    seen += text in value
    assert seen
