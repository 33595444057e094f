"""Rows and tables in the columns and types of the store. What is small needs Polars only: it loads in half the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from bds_tool.store.columns import REGISTRATIES, Registratie, registraties_schema, registraties_types

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def to_canonical(table: pa.Table | pl.DataFrame) -> pa.Table:
    """A table with the columns of `model.REGISTRATIES` in the types of the store."""
    import pyarrow as pa

    arrow = (table if isinstance(table, pa.Table) else table.to_arrow()).select(list(REGISTRATIES))
    schema = registraties_schema()
    return pa.Table.from_arrays([_cast(arrow.column(f.name), f.type) for f in schema], schema=schema)


def frame_of(table: pl.DataFrame) -> pl.DataFrame:
    """The same as a frame."""
    import polars as pl

    return table.select(pl.col(name).cast(kind) for name, kind in registraties_types().items())


def to_table(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows of the canonical table as a frame."""
    import polars as pl

    types = registraties_types()
    columns = zip(*rows, strict=True) if rows else ((),) * len(types)
    return pl.DataFrame([_column(n, v, t) for (n, t), v in zip(types.items(), columns, strict=True)])


def _column(name: str, values: Sequence[Any], kind: pl.DataType) -> pl.Series:
    import polars as pl

    # A word that is made of text takes half the time of one that is made of objects.
    first = pl.String() if kind == pl.Categorical else kind
    try:
        made = pl.Series(name, values, first)
    except (pl.exceptions.PolarsError, OverflowError, UnicodeError, TypeError, ValueError):
        made = pl.Series(name, [_carried(v, first) for v in values], first)
    return made.cast(kind)


def _carried(value: Any, kind: pl.DataType) -> Any:  # noqa: ANN401
    """One value as the store can hold it: a number that is too large has no place, half a character becomes `?`."""
    import polars as pl

    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
    try:
        pl.Series([value], dtype=kind)
    except (pl.exceptions.PolarsError, OverflowError, TypeError, ValueError):
        return str(value) if kind == pl.String and not isinstance(value, bytes) else None
    return value


def rows_of(table: pl.DataFrame) -> list[Registratie]:
    """Rows of `registraties` by name, words as text; more columns than the table has stay in them."""
    import polars as pl

    return cast("list[Registratie]", table.with_columns(pl.col(pl.Categorical).cast(pl.String)).to_dicts())


def from_dicts(rows: Sequence[Mapping[str, object]], types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows as a frame."""
    import polars as pl

    return pl.DataFrame(rows, schema=dict(types), orient="row")


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type.equals(wanted):
        return column
    if pa.types.is_dictionary(wanted):
        plain = column.cast(pa.string())
        return pc.dictionary_encode(plain).cast(wanted)
    return column.cast(wanted)
