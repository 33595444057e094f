"""Whether a Parquet file is as the layout of its folder says, told from its footer: nothing of it is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import t

if TYPE_CHECKING:
    import pyarrow as pa


def fault(
    file: Path,
    wanted: pa.Schema,
    bounds: Mapping[str, tuple[int, int]] | None = None,
    filled: Collection[str] = (),
) -> str:
    """What is wrong with a file; empty when nothing is.

    `wanted`: columns it must have, in these types (kinds of text are all the same). `bounds`: column → lowest and highest
    number that it holds. `filled`: columns that are never null.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            return _deviation(opened.schema_arrow, wanted) or _out_of_bounds(opened, bounds or {}, filled)
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return t("ontbreekt of is beschadigd", "is missing or damaged")


def _deviation(found: pa.Schema, wanted: pa.Schema) -> str:
    lacking = ", ".join(f.name for f in wanted if found.get_field_index(f.name) < 0)
    if lacking:
        return t(f"mist de kolommen {lacking}", f"lacks the columns {lacking}")
    others = ", ".join(f.name for f in wanted if _kind(found.field(f.name).type) != _kind(f.type))
    return (
        t(f"heeft kolommen van een ander soort: {others}", f"has columns of another type: {others}")
        if others
        else ""
    )


def _kind(type_: pa.DataType) -> str:
    import pyarrow as pa

    kind = type_.value_type if pa.types.is_dictionary(type_) else type_
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view":
        return "text"
    return "time" if pa.types.is_timestamp(kind) else str(kind)


def _out_of_bounds(file: Any, bounds: Mapping[str, tuple[int, int]], filled: Collection[str]) -> str:  # noqa: ANN401
    for group in range(file.metadata.num_row_groups):
        for index in range(file.metadata.num_columns):
            column = file.metadata.row_group(group).column(index)
            name, counted = column.path_in_schema, column.statistics
            if counted is None:
                continue
            if name in filled and counted.null_count:
                return t(f"heeft rijen zonder {name}", f"has rows without {name}")
            if name in bounds and counted.has_min_max:
                low, high = bounds[name]
                if counted.min_raw < low or counted.max_raw > high:
                    return t(
                        f"heeft waarden buiten het bereik van {name}",
                        f"has values outside the range of {name}",
                    )
    return ""
