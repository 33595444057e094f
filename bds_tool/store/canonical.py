"""Rows and tables in the columns and types of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bds_tool.store.columns import REGISTRATIES, registraties_schema

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def to_canonical(table: pa.Table | pl.DataFrame) -> pa.Table:
    """A table with the columns of `model.REGISTRATIES` in the types of the store."""
    import pyarrow as pa

    arrow = (table if isinstance(table, pa.Table) else table.to_arrow()).select(list(REGISTRATIES))
    schema = registraties_schema()
    return pa.Table.from_arrays([_cast(arrow.column(f.name), f.type) for f in schema], schema=schema)


def to_table(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows of the canonical table as Arrow."""
    import pyarrow as pa

    schema = registraties_schema()
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    arrays = []
    for values, field in zip(columns, schema, strict=True):
        kind = pa.string() if pa.types.is_dictionary(field.type) else field.type
        try:
            array = pa.array(values, kind)
        except (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError):
            array = pa.array([_carried(v, kind) for v in values], kind)
        arrays.append(array.dictionary_encode() if pa.types.is_dictionary(field.type) else array)
    return pa.Table.from_arrays([a.cast(f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema)


def _carried(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401
    """One value as the store can hold it: a number that is too large has no place, half a character becomes `?`."""
    import pyarrow as pa

    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
    try:
        pa.scalar(value, kind)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return str(value) if pa.types.is_string(kind) and not isinstance(value, bytes) else None
    return value


def from_dicts(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as Arrow. By way of Polars: pyarrow imports all of pandas for it, where that is installed."""
    import polars as pl
    import pyarrow as pa

    empty = pa.Table.from_batches([], schema=schema)
    if not rows:
        return empty
    kinds = pl.DataFrame(empty).schema
    return pl.DataFrame(rows, schema=kinds, orient="row").to_arrow().cast(schema)


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type.equals(wanted):
        return column
    if pa.types.is_dictionary(wanted):
        plain = column.cast(pa.string())
        return pc.dictionary_encode(plain).cast(wanted)
    return column.cast(wanted)
