"""The canonical table as an Excel workbook: numbers and dates in their own types, codes as text."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base import clock
from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file, temporary_dir
from bds_tool.base.text import t
from bds_tool.formats.codes import in_data_set
from bds_tool.formats.table.elements import numeric
from bds_tool.formats.writing import WriteOptions, Written
from bds_tool.store.columns import REGISTRATIES

if TYPE_CHECKING:
    from bds_tool.store.store import Store

#: Rows of one sheet, a bound of the format (1,048,576) minus the header; longest text of a cell.
SHEET = 1_048_575
CELL = 32_767


def write_xlsx(store: Store, out: Path, options: WriteOptions) -> Written:
    """A workbook with the sheet `registraties`, and `registraties 2` and on when one sheet is too short."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError(
            t("Voor XLSX is xlsxwriter nodig.", "XLSX needs xlsxwriter."),
            t(
                "Installeer het met `pip install bds-tool[xlsx]`.",
                "Install it with `pip install bds-tool[xlsx]`.",
            ),
        ) from error
    if str(out) == "-":
        raise UsageError(
            t("XLSX kan niet naar stdout.", "XLSX cannot go to stdout."),
            t("Geef een bestandsnaam.", "Give a file name."),
        )
    done = Written(1)
    numbers = numeric()
    with atomic_file(out, private=True) as temporary:
        book = xlsxwriter.Workbook(
            temporary,
            {
                "constant_memory": True,
                "tmpdir": str(temporary_dir()),  # rows of children may not stay behind when this run fails
                "strings_to_formulas": False,
                "strings_to_urls": False,
            },
        )
        book.set_properties(clock.properties())
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd-mm-yyyy"})
        sheet: Any = None
        position = SHEET + 1
        for batch in in_data_set(store, options.bds).collect_batches(chunk_size=50_000, maintain_order=True):
            for row in batch.select(REGISTRATIES).iter_rows():
                if position > SHEET:
                    name = "registraties" if sheet is None else f"registraties {done.rows // SHEET + 1}"
                    sheet = book.add_worksheet(name)
                    sheet.freeze_panes(1, 0)
                    for column, title in enumerate(REGISTRATIES):
                        sheet.write_string(0, column, title, bold)
                    position = 1
                _row(sheet, position, row, numbers, day, done)
                position += 1
                done.rows += 1
        if sheet is None:
            sheet = book.add_worksheet("registraties")
            sheet.write_row(0, 0, REGISTRATIES)
        book.close()
    return done


def _row(
    sheet: Any,  # noqa: ANN401
    position: int,
    row: tuple[Any, ...],
    numbers: frozenset[int],
    day: Any,  # noqa: ANN401
    done: Written,
) -> None:
    for column, value in enumerate(row):
        if value is None:
            continue
        if isinstance(value, date):
            sheet.write_datetime(position, column, value, day) if value.year >= 1900 else sheet.write_string(
                position, column, value.isoformat()
            )
        elif isinstance(value, int):
            sheet.write_number(position, column, value)
        elif column == _VALUE and row[_NUMBER] in numbers and (number := _exact(value)) is not None:
            sheet.write_number(position, column, number)
        else:
            if len(value) > CELL:
                done.leave(t("tekst langer dan een Excel-cel", "text longer than an Excel cell"))
            sheet.write_string(position, column, value[:CELL])


_VALUE, _NUMBER = REGISTRATIES.index("waarde"), REGISTRATIES.index("bdsnummer")


def _exact(text: str) -> float | None:
    """The number that a text is, when Excel will show it as the same text; else None."""
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    shown = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return number if shown == text else None
