"""One BDS version as a workbook: a sheet per kind, frozen headers, filters, and a page that explains the columns."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bds_tool.base import clock
from bds_tool.base.errors import UsageError
from bds_tool.base.names import child
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.schema.diff.report import COLUMNS, Requests, difference, rows
from bds_tool.schema.diff.rows import element_row, groep_row, rubriek_row
from bds_tool.schema.loading import load, versions
from bds_tool.schema.lookup.card import lijst_naam, values

#: Widths in characters for columns with long text; others get the width of their widest cell, within limits.
_WIDTHS = {"naam": 50, "weergavenaam": 50, "pad": 60, "bron": 40, "card_bron": 30}
#: Columns that hold whole numbers, so that a spreadsheet sorts them as numbers.
_NUMBERS = {"bdsnummer", "card_min", "card_bericht_min", "card_per_activiteit_min", "max_lengte"}

#: The workbook's formats for headers and for long text.
Formats = tuple[Any, Any]
Table = tuple[str, Sequence[str], list[Sequence[Any]]]


def write_workbook(version: str, target: Path, numbered: Requests | None = None) -> None:
    """Write the workbook to `target`. Needs the extra `xlsx`; UsageError says so when it is missing."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError(
            t("Voor XLSX is de uitbreiding xlsx nodig.", "XLSX needs the extra xlsx."),
            t(
                'Installeer met `pip install "bds-tool[xlsx]"`.',
                'Install with `pip install "bds-tool[xlsx]"`.',
            ),
        ) from error
    # Constant memory would forbid column widths after the fact; a version is small enough to keep.
    content = io.BytesIO()  # what xlsxwriter leaves open when a disk is full, is in memory
    with xlsxwriter.Workbook(
        content, {"strings_to_numbers": False, "strings_to_formulas": False, "in_memory": True}
    ) as book:
        book.set_properties(clock.properties(title=f"Basisdataset JGZ {version}", comments="bds spec export"))
        bold = book.add_format(
            {"bold": True, "bg_color": "#DDE7F0", "border": 1, "text_wrap": True, "valign": "top"}
        )
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        _explanation(book, version, (bold, wrap))
        for name, columns, lines in _tables(version, numbered):
            _sheet(book, name, columns, lines, (bold, wrap))
    target.write_bytes(content.getbuffer())


def _tables(version: str, numbered: Requests | None) -> Iterable[Table]:
    d = load(version)
    for name, made in (
        ("Rubrieken", [rubriek_row(r) for r in d.rubrieken.values()]),
        ("Groepen", [groep_row(g) for g in d.groepen.values()]),
        ("Elementen", [element_row(e) for e in d.elementen.values()]),
    ):
        columns = list(made[0])
        yield name, columns, [[r[c] for c in columns] for r in made]
    keys = ("bds_code", "hl7_code", "naam", "status", "nullflavor", "codesysteem")
    listed: list[Sequence[Any]] = []
    for number in sorted({n for n, _ in d.waardenlijsten}):
        w = next(w for (n, _), w in d.waardenlijsten.items() if n == number)
        meanings: Sequence[Mapping[str, object]] = values(d, number)
        for v in meanings:
            cells = ["ja" if v[k] is True else "" if v[k] in (None, False) else v[k] for k in keys]
            listed.append([number, lijst_naam(w.naam), *cells])
    yield "Waardenlijsten", ("waardenlijst", "lijst", *keys), listed
    earlier = [v for v in versions() if versions().index(v) < versions().index(version)]
    if earlier:
        found = difference(earlier[-1], version, numbered=numbered)
        yield f"Sinds {earlier[-1]}", COLUMNS, list(rows(found.changes))


def _sheet(
    book: Any,  # noqa: ANN401
    name: str,
    columns: Sequence[str],
    content: list[Sequence[Any]],
    formats: Formats,
) -> None:
    bold, wrap = formats
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 2 if name != "Rubrieken" else 1)
    sheet.write_row(0, 0, columns, bold)
    for n, row in enumerate(content, 1):
        for m, cell in enumerate(row):
            if cell in ("", None):
                continue
            if columns[m] in _NUMBERS and str(cell).isdecimal():
                sheet.write_number(n, m, int(cell))
            else:
                sheet.write_string(n, m, str(cell))
    for m, column in enumerate(columns):
        longest = max((len(str(r[m] or "")) for r in content), default=0)
        width = _WIDTHS.get(column, min(max(longest, len(column)) + 2, 30))
        sheet.set_column(m, m, width, wrap if column in _WIDTHS else None)
    if content:
        sheet.autofilter(0, 0, len(content), len(columns) - 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _explanation(book: Any, version: str, formats: Formats) -> None:  # noqa: ANN401
    """What each column means, from the data package."""
    bold, wrap = formats
    package = json.loads(
        (child(specs_dir() / "bds", version) / "datapackage.json").read_text(encoding="utf-8")
    )
    sheet = book.add_worksheet("Leeswijzer")
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 26)
    sheet.set_column(2, 2, 100, wrap)
    sheet.write_string(0, 0, package["title"], bold)
    facts = (
        ("Versie", version),
        ("Datum", package["bds"]["datum"]),
        ("Bericht", package["bds"]["interactie"]),
        ("Bron", package["bds"]["bron"]),
    )
    for n, (label, value) in enumerate(facts, 1):
        sheet.write_string(n, 0, label)
        sheet.write_string(n, 1, value)
    sheet.write_row(6, 0, ("tabel", "kolom", "betekenis"), bold)
    line = 7
    for resource in package["resources"]:
        for column in resource["schema"]["fields"]:
            sheet.write_row(line, 0, (resource["name"], column["name"], column["description"]))
            line += 1
