"""Every form that leaves the house beside the rows it was made of: each figure is one of theirs, each word is theirs too."""

from __future__ import annotations

import json
import re

import polars as pl
import pytest
from burglar import figures_in, pdf_lines

from bds_tool.export.report import cells
from bds_tool.export.report.columns import COLUMNS as TABLE
from bds_tool.export.report.columns import column_title
from bds_tool.indicators.result import BREAKDOWNS

#: Four words for why there is no figure. None of them tells whether a hidden row was small or shields another.
WORDS = ("verborgen", "te weinig kinderen", "niet op dit niveau", "geen gegevens")


def absent(row):
    """The word of a row without a figure; single years that a policy shows for no area hold too few children."""
    if row["status"] == "niet_op_dit_niveau":
        return "niet op dit niveau" if "-" in row["period"] else "te weinig kinderen"
    return {"verborgen": "verborgen", "geen_gegevens": "geen gegevens"}[row["status"]]


def publish(bds, result, out, area):
    """CSV, XLSX with all its columns, the book, site (CSV, JSON, script, XLSX) and the PDF of one area."""
    out.mkdir()
    for command in (
        ("table", result, "-o", out / "t.csv"),
        ("table", result, "-o", out / "t.xlsx"),
        ("table", result, "--book", "-o", out / "boek"),
        ("site", result, "-o", out / "site"),
        ("pdf", result, "--area", area, "-o", out / "gebied.pdf"),
    ):
        done = bds("report", *command)
        assert done.code == 0, done.err


def agrees(result, out, pdftotext, area):
    """Holds all figures and words below `out` against the rows: how many there were, and the files that tell classes."""
    frame = pl.read_parquet(result / "counts.parquet")
    rows = {
        (r["indicator"], r["area"], r["period"], tuple(r[b] for b in BREAKDOWNS)): r
        for r in frame.iter_rows(named=True)
    }
    meta = json.loads((result / "_result.json").read_text())
    by_title = {d["title"]: i for i, d in meta["definitions"].items()}
    latest = max(frame["period"].unique(), key=lambda p: ("-" in p, p))  # the period of the profiles
    seen, classes = 0, set()
    for name, indicator, place, period, by, column, value in figures_in(
        out, {column_title(c): c for c in TABLE}
    ):
        key = (
            by_title.get(indicator, indicator),
            place,
            period or latest,
            by or ("totaal",) * len(BREAKDOWNS),
        )
        row = rows[key]
        if column == "value" and row["status"] == "klasse":
            assert value == cells.value(row), (name, key, value)
            classes.add(name)
            continue
        if column == "absent":
            assert value == absent(row), (name, key)
            continue
        told = 100 * row["n"] / (row["n"] + row["missing"]) if column == "coverage" else row[column]
        assert told is not None, (name, key, column)
        if isinstance(told, str):
            assert str(value) == told, (name, key, column)
        else:
            near = 0.051 if column == "coverage" else 1e-3
            assert float(value) == pytest.approx(told, abs=near), (name, key)
        seen += column != "status"
    _pdf(pdf_lines(out / "gebied.pdf", pdftotext), rows, meta, area, latest)
    return seen, classes


def _pdf(lines, rows, meta, area, latest):
    """No figure beside the title of a row that has none; its word stands above its title."""
    told = " ".join(lines)
    blocks = {
        word: re.split("; ", found[1])
        for word in WORDS
        if (found := re.search(rf"{word}: [A-Z][^.]*\. (.*?)(?=(?:{'|'.join(WORDS)}): [A-Z]|$)", told))
    }
    shown = [r for (_, a, p, by), r in rows.items() if (a, p) == (area, latest) and set(by) == {"totaal"}]
    for row in shown:
        title = meta["definitions"][row["indicator"]]["title"]
        if row["value"] is None and row["status"] != "klasse":
            assert not [x for x in lines if x.startswith(f"{title} ") and "%" in x]
            assert any(e == title or e.startswith(f"{title} ") for e in blocks[absent(row)]), (title, blocks)
    assert any(r["value"] is not None for r in shown)
