"""Tables that are no delivery (residents, areas, cells to protect, packages) as text, whatever their file holds or claims.

Workbooks are read cell by cell, so that memory follows what is there. Whatever a library raises, the file is told as not
readable, and no word of it is repeated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import UnreadableError, UsageError, UserError
from bds_tool.base.text import number, t
from bds_tool.store.sources import Unreadable

if TYPE_CHECKING:
    import polars as pl

#: Cells of one sheet, those left of the last one in a row counted too. The key figures of CBS have two million.
CELLS_MAX = 20_000_000
#: Cells of the grid that a table is put on: all combinations of its codes, of which a file may hold few.
GRID_MAX = 30_000_000


@contextmanager
def readable(path: Path, remedy: str = "") -> Iterator[None]:
    """Whatever is raised while a file is read is told as UnreadableError; what is told already passes."""
    try:
        yield
    except Unreadable as error:
        raise _refused(path, remedy) from error
    except UserError:
        raise
    except BaseException as error:
        # The panic of a library in Rust is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise _refused(path, remedy) from error


def _refused(path: Path, remedy: str) -> UnreadableError:
    return UnreadableError(
        t(f"{path} kan niet als tabel worden gelezen.", f"{path} cannot be read as a table."),
        remedy or t("Geef een CSV-, Parquet- of XLSX-bestand.", "Give a CSV, Parquet or XLSX file."),
    )


def frame(path: Path) -> pl.DataFrame:
    """A CSV, Parquet or XLSX file (its first sheet) with a header, every column as text, empty cells null. Raises UnreadableError."""
    import polars as pl

    from bds_tool.formats.table.scan import unfolding

    with readable(path):
        if path.suffix.lower() == ".parquet":
            unfolding(path)
            found = pl.read_parquet(path, glob=False)
            return found.with_columns(pl.all().cast(pl.String))
        if path.suffix.lower() == ".xlsx":
            return _headed(next(iter(sheets(path, first=True).values()), []))
        return pl.read_csv(path, infer_schema=False, glob=False)


def sheets(path: Path, *, first: bool = False) -> dict[str, list[list[str]]]:
    """Name of a sheet → its rows as text, those between that hold nothing too; `first`: of one sheet only.

    Raises Unreadable for a workbook that is broken or beyond the bounds.
    """
    from bds_tool.formats.table.sheets import Workbook

    found: dict[str, list[list[str]]] = {}
    room = CELLS_MAX
    with path.open("rb") as stream:
        book = Workbook(stream)
        for sheet in book.sheets[: 1 if first else None]:
            rows: list[list[str]] = []
            for cells in book.rows(sheet):
                width = 1 + max(cells.texts, default=-1)
                room -= width + cells.row - len(rows)
                if room < 0:
                    raise Unreadable("BDS009", reden="cellen", grens=CELLS_MAX)
                rows += [[] for _ in range(cells.row - 1 - len(rows))]
                row = [""] * width
                for column, text in cells.texts.items():
                    row[column] = text
                rows.append(row)
            found[sheet.naam] = rows
    return found


def fits_grid(sizes: Sequence[int]) -> None:
    """Raises UsageError when so many codes per dimension make more cells than can be held; a few lines may ask for billions."""
    if (cells := math.prod(sizes)) > GRID_MAX:
        raise UsageError(
            t(
                f"De dimensies hebben samen {number(cells)} combinaties; hoogstens {number(GRID_MAX)} zijn te houden.",
                f"The dimensions have {number(cells)} combinations together; at most {number(GRID_MAX)} can be held.",
            ),
            t(
                "Controleer of een kolom met namen of sleutels als dimensie is genoemd, of splits de tabel.",
                "Check whether a column with names or keys is given as a dimension, or split the table.",
            ),
        )


def _headed(rows: list[list[str]]) -> pl.DataFrame:
    """Rows below the first that holds something, whose cells name the columns; a cell without a name names none."""
    import polars as pl

    rows = [row for row in rows if any(row)]
    names = {name: place for place, name in reversed(list(enumerate(rows[0] if rows else []))) if name}
    columns = {
        name: [(row[at] or None) if at < len(row) else None for row in rows[1:]] for name, at in names.items()
    }
    made = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    return made.select(reversed(made.columns))
