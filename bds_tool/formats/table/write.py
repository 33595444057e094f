"""The canonical table as CSV, Parquet, Arrow or NDJSON: one row for each value, streaming.

Codes of a message are written as those of the data set (`formats.codes`).
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.escaping import guarded
from bds_tool.base.files import atomic_file
from bds_tool.formats.codes import in_data_set
from bds_tool.formats.table.elements import dates, numeric
from bds_tool.formats.writing import WriteOptions, Written
from bds_tool.store.columns import REGISTRATIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from bds_tool.store.store import Store

WORDS = ("rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "pad")


def write_csv(store: Store, out: Path, options: WriteOptions) -> Written:
    """CSV of the canonical columns. Dialect excel-nl has semicolons, decimal commas, dd-mm-jjjj and a BOM."""
    frame = as_text(in_data_set(store, options.bds), options.dialect)
    with _target(out) as path:
        frame.sink_csv(path, **csv_options(options.dialect))
    return Written(1, _rows(store))


def write_parquet(store: Store, out: Path, options: WriteOptions) -> Written:
    """Parquet (zstd) of the canonical columns, in their own types."""
    with _target(out) as path:
        in_data_set(store, options.bds).sink_parquet(path, compression="zstd")
    return Written(1, _rows(store))


def write_arrow(store: Store, out: Path, options: WriteOptions) -> Written:
    """Arrow IPC file of the canonical columns, in their own types."""
    with _target(out) as path:
        in_data_set(store, options.bds).sink_ipc(path, compression="zstd")
    return Written(1, _rows(store))


def write_ndjson(store: Store, out: Path, options: WriteOptions) -> Written:
    """NDJSON: one object for each row."""
    import polars as pl

    frame = in_data_set(store, options.bds).with_columns(
        pl.col(WORDS).cast(pl.String), pl.col("datum").cast(pl.String)
    )
    with _target(out) as path:
        frame.sink_ndjson(path)
    return Written(1, _rows(store))


def csv_options(dialect: str) -> dict[str, Any]:
    """Arguments for Polars that make one of our dialects."""
    if dialect == "excel-nl":
        return {"separator": ";", "include_bom": True, "line_terminator": "\r\n"}
    return {"separator": ",", "line_terminator": "\n"}


def as_text(rows: pl.LazyFrame, dialect: str) -> pl.LazyFrame:
    """The rows with dates and numbers as the dialect writes them."""
    import polars as pl

    frame = rows.select(REGISTRATIES)
    if dialect != "excel-nl":
        return frame
    number, value = pl.col("bdsnummer"), pl.col("waarde")
    return frame.with_columns(
        pl.col("datum").dt.to_string("%d-%m-%Y"),
        excel_value(value, number.is_in(list(numeric())), number.is_in(list(dates()))).alias("waarde"),
    ).with_columns(guarded(pl.col(*WORDS).cast(pl.String)), guarded(pl.selectors.string()))


def excel_value(value: pl.Expr, is_number: pl.Expr, is_date: pl.Expr) -> pl.Expr:
    """A value as Dutch Excel reads it: decimal comma, dd-mm-jjjj."""
    import polars as pl

    comma = value.str.replace(r"^(-?\d+)\.(\d+)$", "$1,$2")
    turned = value.str.replace(r"^(\d{4})-(\d{2})-(\d{2})$", "$3-$2-$1")
    return pl.when(is_number).then(comma).when(is_date).then(turned).otherwise(value)


@contextmanager
def _target(out: Path) -> Iterator[Any]:
    """Where to write: a file that appears when it is whole, or stdout for `-`."""
    if str(out) != "-":
        with atomic_file(out, private=True) as temporary:
            yield temporary
        return
    yield sys.stdout.buffer
    sys.stdout.flush()


def _rows(store: Store) -> int:
    import polars as pl

    return int(store.registraties().select(pl.len()).collect().item())
