"""Findings as a table: NDJSON, CSV, Parquet and XLSX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool.base.errors import UsageError
from bds_tool.base.escaping import cells
from bds_tool.base.text import t
from bds_tool.findings.report.envelope import build

if TYPE_CHECKING:
    from bds_tool.findings.result import Result

_COLUMNS = (
    "code",
    "name",
    "severity",
    "element",
    "element_name",
    "message",
    "file",
    "line",
    "path",
    "fingerprint",
)
_VALUES = ("dossier", "activity", "value")
_TYPES: dict[str, Any] = {"element": pl.Int32, "line": pl.Int64}


def frame(result: Result, *, show_values: bool) -> pl.DataFrame:
    """One row per finding that was kept; columns as in the JSON report."""
    columns = (*_COLUMNS, *_VALUES) if show_values else _COLUMNS
    rows = [{k: f.get(k) for k in columns} for f in build(result, show_values=show_values)["findings"]]
    return pl.DataFrame(rows, schema={c: _TYPES.get(c, pl.String) for c in columns})


def ndjson(result: Result, *, show_values: bool) -> str:
    findings = build(result, show_values=show_values)["findings"]
    return "".join(json.dumps(f, ensure_ascii=False) + "\n" for f in findings)


def csv(result: Result, *, show_values: bool) -> str:
    """Comma-separated; a cell that a spreadsheet would run as a formula gets a quote before it."""
    return cells(frame(result, show_values=show_values)).write_csv()


def parquet(result: Result, path: Path, *, show_values: bool) -> None:
    frame(result, show_values=show_values).write_parquet(path)


def xlsx(result: Result, path: Path, *, show_values: bool) -> None:
    """Three sheets: rules with totals, findings, files. Raises UsageError when xlsxwriter is not installed."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError(
            t("Voor XLSX is een extra onderdeel nodig.", "XLSX needs an extra part."),
            "pip install 'bds-tool[xlsx]'",
        ) from error
    report = build(result, show_values=show_values)
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
        sheets = (
            (t("Regels", "Rules"), rules),
            (t("Bevindingen", "Findings"), frame(result, show_values=show_values)),
            (t("Bestanden", "Files"), files),
        )
        for name, data in sheets:
            data.head(1_000_000).write_excel(
                book, name, autofilter=True, freeze_panes=(1, 0), autofit=data.height < 5_000
            )
