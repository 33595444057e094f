"""A workbook that is written whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base import clock
from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file
from bds_tool.base.text import t

if TYPE_CHECKING:
    from xlsxwriter import Workbook


@contextmanager
def workbook(target: Path, title: str, comments: str = "") -> Iterator[Workbook]:
    """A workbook to fill; it stands at `target` when the block ends well. No text in it becomes a formula or a link.

    Raises UsageError without the extra `xlsx`, before anything is made.
    """
    try:
        import xlsxwriter
        from xlsxwriter.worksheet import Worksheet
    except ImportError as error:
        raise UsageError(
            t("Voor XLSX is het pakket xlsxwriter nodig.", "XLSX needs the package xlsxwriter."),
            'pip install "bds-tool[xlsx]"',
        ) from error

    class Sheet(Worksheet):  # type: ignore[misc]
        """Every text as Unicode: a name of a file may hold half of a character, which no workbook can carry."""

        def _write_string(self, row: int, col: int, string: str, *rest: Any) -> Any:  # noqa: ANN401
            return super()._write_string(row, col, string.encode("utf-8", "backslashreplace").decode(), *rest)

    with atomic_file(target) as temporary:
        content = io.BytesIO()  # what xlsxwriter leaves open when a disk is full, is in memory
        book = xlsxwriter.Workbook(
            content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        book.worksheet_class = Sheet
        book.set_properties(clock.properties(title=title, comments=comments))
        yield book
        book.close()
        temporary.write_bytes(content.getbuffer())
