"""Findings as a table: NDJSON, CSV, Parquet and XLSX."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from bds_tool.base import clock
from bds_tool.base.errors import UsageError
from bds_tool.base.escaping import cells
from bds_tool.base.text import t
from bds_tool.findings.report.envelope import place, sentence
from bds_tool.findings.report.text import severity, verdict
from bds_tool.findings.shape import Report

_COLUMNS = (
    "code",
    "name",
    "severity",
    "element",
    "element_name",
    "subject",
    "message",
    "file",
    "line",
    "path",
    "fingerprint",
)
_VALUES = ("dossier", "activity", "value")
_TYPES = {"element": pl.Int32(), "line": pl.Int64()}


def frame(report: Report) -> pl.DataFrame:
    """One row per finding that was kept; columns as in the JSON report."""
    columns = (*_COLUMNS, *_VALUES) if report["settings"]["show_values"] else _COLUMNS
    rows = [{k: f.get(k) for k in columns} for f in report["findings"]]
    return pl.DataFrame(rows, schema={c: _TYPES.get(c, pl.String()) for c in columns})


def ndjson(report: Report) -> str:
    return "".join(json.dumps(f, ensure_ascii=False) + "\n" for f in report["findings"])


def csv(report: Report) -> str:
    """Comma-separated; a cell that a spreadsheet would run as a formula gets a quote before it."""
    return cells(frame(report)).write_csv()


def markdown(report: Report) -> str:
    """A table of findings for a page or a pull request, and the verdict."""
    head = (t("regel", "rule"), t("ernst", "severity"), t("plaats", "place"), t("bevinding", "finding"))
    rows = [
        (f"{f['code']} {f['name']}", severity(f["severity"]), place(f), sentence(f))
        for f in report["findings"]
    ]
    lines = [[c.replace("|", "\\|").replace("\n", " ") for c in row] for row in (head, *rows)]
    table = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([table[0], "|" + " --- |" * len(head), *table[1:], "", verdict(report)]) + "\n"


def parquet(report: Report, path: Path) -> None:
    frame(report).write_parquet(path)


def xlsx(report: Report, path: Path) -> None:
    """Three sheets: rules with totals, findings, files. Raises UsageError when xlsxwriter is not installed."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError(
            t("Voor XLSX is een extra onderdeel nodig.", "XLSX needs an extra part."),
            "pip install 'bds-tool[xlsx]'",
        ) from error
    rules = pl.DataFrame(
        [
            {k: r[k] for k in ("code", "name", "severity", "count", "files", "title", "remedy", "source")}
            for r in report["rules"]
        ],
        schema={
            "code": pl.String,
            "name": pl.String,
            "severity": pl.String,
            "count": pl.Int64,
            "files": pl.Int64,
            "title": pl.String,
            "remedy": pl.String,
            "source": pl.String,
        },
    )
    files = pl.DataFrame(
        [{**{k: f[k] for k in ("file", "format", "bds", "rows")}, **f["counts"]} for f in report["input"]],
        schema={
            "file": pl.String,
            "format": pl.String,
            "bds": pl.String,
            "rows": pl.Int64,
            "info": pl.Int64,
            "waarschuwing": pl.Int64,
            "fout": pl.Int64,
        },
    )
    # A text that starts with = is text, never a formula; a link in a remark is no link either.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties(clock.properties())
        sheets = (
            (t("Regels", "Rules"), rules),
            (t("Bevindingen", "Findings"), frame(report)),
            (t("Bestanden", "Files"), files),
        )
        for name, data in sheets:
            data.head(1_000_000).write_excel(
                book, name, autofilter=True, freeze_panes=(1, 0), autofit=data.height < 5_000
            )
