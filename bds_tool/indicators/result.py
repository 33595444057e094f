"""Reading and writing a result: the directory `NAME.result/` with the long table of counts and its metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bds_tool.base.checked_yaml import faults
from bds_tool.base.errors import UnreadableError, UsageError, WithheldError
from bds_tool.base.files import atomic_dir
from bds_tool.base.parquet import fault
from bds_tool.base.small import own_text
from bds_tool.base.text import t
from bds_tool.indicators.told import ResultTold

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

COUNTS_FILE = "counts.parquet"
META_FILE = "_result.json"
#: Version of the directory's layout; a reader refuses what it does not know.
LAYOUT = 3

UNPROTECTED = "onbeschermd"
PROTECTED = "beschermd"
#: The word for a margin in `area` (top row), `period`-free breakdowns and every breakdown column.
TOTAL = "totaal"
#: Levels of area from the whole to the smallest; schools stand apart, right below the whole.
LEVELS = ("land", "regio", "gemeente", "wijk", "buurt", "school")
#: Of the metadata, areas (level, code, name, parent) of the tables in which no indicator counts a child: they have no row
#: here, and get one where rows are protected, for a row that lacks tells that nobody is there.
EMPTY_AREAS = "empty_areas"
#: Breakdown columns; a value or TOTAL.
BREAKDOWNS = ("sex", "education", "age", "origin", "mother_age")

#: Columns of `counts.parquet` in order, with their Arrow type.
COLUMNS: dict[str, str] = {
    "indicator": "string",  # id of the definition
    "level": "string",  # one of LEVELS
    "area": "string",  # GM0363, WK036300, BU03630000, `totaal` (top), or an own unit: `onbekend`, `GM0363/geheim` …
    "area_name": "string",
    "parent": "string",  # area one level up that holds this one; null for the top
    "period": "string",  # '2024' or '2021-2025'
    "sex": "string",
    "education": "string",
    "age": "string",
    "origin": "string",
    "mother_age": "string",  # age of the mother when the child was born, in classes
    "n": "int64",  # denominator: units in the population with the value registered
    "x": "int64",  # numerator; null for means and D-scores
    "missing": "int64",  # in the population but not registered; null where it cannot be known
    "value": "double",  # in the indicator's unit (% for proportions)
    "lower": "double",
    "upper": "double",
    "method": "string",  # how the interval was made
    "reference": "double",  # value compared with, same unit
    "reference_test": "string",  # hoger|lager|gelijk|niet getoetst + test, for people
    "trend": "string",  # stijgend|dalend|stabiel|trendbreuk|niet getoetst …
    "reliability": "string",  # voldoende|beperkt|onvoldoende
    "status": "string",  # onbeschermd; after protection ok|verborgen|geen_gegevens|…
    "sum": "double",  # for means: sum of the values; null otherwise
    "sum2": "double",  # for means: sum of squares; null otherwise
    "new": "int64",  # of n: registered by the new element or code; null without such a change
    "left_out": "int64",  # not in n, but would be if values that a check flagged counted too
    "x_with": "double",  # x (for means the sum) with the flagged values, over n + left_out
    "value_with": "double",  # the value with the flagged values: the other end of the range
    "not_delivered": "int64",  # children of sources that do not deliver the elements: neither in n nor in missing
    "resident": "int64",  # children that live in the area according to a population from outside; null without
}
#: Figures that no protection proves; they are empty in what is published.
UNPROVEN = ("left_out", "x_with", "value_with", "not_delivered")
#: What may be left out of a frame handed to `write_result`; it is filled with null.
OPTIONAL = frozenset(
    {"reference", "reference_test", "trend", "reliability", "sum", "sum2", "new", "resident", *UNPROVEN}
)
#: Cells that must be empty where a row is hidden.
FIGURES = (
    "n",
    "x",
    "missing",
    "value",
    "lower",
    "upper",
    "reference",
    "reference_test",
    "trend",
    "sum",
    "sum2",
    "new",
    "resident",
    *UNPROVEN,
)


def notes_of(meta: Mapping[str, Any]) -> list[str]:
    """What a result says of itself, in words; results of before notes had a name hold a list."""
    notes = meta.get("notes") or {}
    return [str(n) for n in notes] if isinstance(notes, list) else [str(n) for v in notes.values() for n in v]


def counts_schema() -> pa.Schema:
    """Arrow schema of `counts.parquet`."""
    import pyarrow as pa

    return pa.schema(
        [(name, getattr(pa, {"double": "float64"}.get(kind, kind))()) for name, kind in COLUMNS.items()]
    )


@dataclass(frozen=True)
class Result:
    """A result on disk. `meta["status"]` is `onbeschermd` or `beschermd`.

    `meta` keys written by `bds indicator compute`: layout, status, created, program, definitions (id → hash,
    title, theme, unit, kind, view, sensitivity, polarity, breakdowns, additive), bds_versions, period {from, to},
    levels, by, sources (path, sha256, organisation, dossiers), area_tables, settings, notes (name → texts).
    `protect` adds `policy` and `audit`.
    """

    path: Path
    meta: ResultTold = field(repr=False)

    @property
    def status(self) -> str:
        return str(self.meta["status"])

    @property
    def protected(self) -> bool:
        return self.status == PROTECTED

    def counts(self) -> pl.LazyFrame:
        """The rows, lazily; columns as `COLUMNS`."""
        import polars as pl

        return pl.scan_parquet(self.path / COUNTS_FILE)

    def require_protected(self) -> None:
        """Raises WithheldError (exit 4) unless `protect` has run on this result."""
        if not self.protected:
            raise WithheldError(
                t(
                    f"{self.path.name} bevat onbeschermde aantallen.",
                    f"{self.path.name} holds unprotected counts.",
                ),
                t("Draai eerst bds protect.", "Run bds protect first."),
            )


class _Read(dict[str, Any]):
    """What a result says of itself; what it should say and does not is told as such."""

    def __missing__(self, key: str) -> Any:  # noqa: ANN401
        raise UnreadableError(
            t(f"{META_FILE} van dit resultaat mist `{key}`.", f"{META_FILE} of this result lacks `{key}`."),
            t("Bereken het resultaat opnieuw.", "Compute the result again."),
        )


def read_result(path: str | Path) -> Result:
    """Open a result directory. Raises UnreadableError when it is none or has an unknown layout."""
    path = Path(path)
    try:
        meta = json.loads(own_text(path / META_FILE))
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableError(
            t(
                f"{path} is geen resultaat van bds indicator compute.",
                f"{path} is no result of bds indicator compute.",
            ),
            t("Geef een map NAAM.result.", "Give a directory NAME.result."),
        ) from error
    counts = path / COUNTS_FILE
    if (
        not counts.is_file()
        or not isinstance(meta, dict)
        or meta.get("layout") != LAYOUT
        or meta.get("status") not in (UNPROTECTED, PROTECTED)
        or faults(meta, "resultaat")
        or fault(counts, counts_schema())
    ):
        raise UnreadableError(
            t(
                f"{path} is onvolledig of door een andere versie van bds gemaakt.",
                f"{path} is incomplete or was made by another version of bds.",
            ),
            t("Bereken het resultaat opnieuw.", "Compute the result again."),
        )
    return Result(path, cast("ResultTold", _Read(meta)))


def spans(indicator: pl.Series) -> dict[str, tuple[int, int]]:
    """Of each indicator its first and its last row. Its rows mostly stand together, which spares a search through all."""
    import polars as pl

    found = (
        pl.DataFrame({"indicator": indicator})
        .with_row_index("_row")
        .group_by("indicator", maintain_order=True)
        .agg(pl.col("_row").first().alias("first"), pl.col("_row").last().alias("last"))
    )
    return {str(name): (first, last) for name, first, last in found.iter_rows()}


def indicator_rows(frame: pl.LazyFrame, name: str, where: Mapping[str, tuple[int, int]]) -> pl.LazyFrame:
    """The rows of one indicator, with their number in the frame (`_row`)."""
    import polars as pl

    first, last = where[name]
    rows = frame.slice(first, last - first + 1).with_row_index("_row", offset=first)
    return rows.filter(pl.col("indicator") == name)


def write_result(
    path: str | Path,
    counts: pl.DataFrame | pa.Table | Path,
    meta: Mapping[str, object],
    *,
    replace: bool = False,
    tables: Mapping[str, pa.Table] | None = None,
    finish: Callable[[Path], None] | None = None,
) -> Result:
    """Write a result directory whole or not at all.

    `counts` is a frame with COLUMNS (OPTIONAL ones may be absent), or the path of a Parquet file that already has
    them, which is moved into place. `meta` needs `status`; `layout` is filled in. `tables` are further Parquet files
    by name; `finish` is called with the finished directory before it gets its name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    meta = {"layout": LAYOUT, **meta}
    if meta.get("status") not in {UNPROTECTED, PROTECTED}:
        raise ValueError("meta['status'] must be onbeschermd or beschermd")
    with atomic_dir(path, replace=replace, private=meta["status"] == UNPROTECTED) as temporary:
        if isinstance(counts, Path):
            _check_columns(pq.read_schema(counts).names)
            counts.replace(temporary / COUNTS_FILE)
        else:
            table = counts if isinstance(counts, pa.Table) else counts.to_arrow()
            _check_columns(table.column_names)
            for name in OPTIONAL - set(table.column_names):
                table = table.append_column(name, pa.nulls(table.num_rows))
            table = table.select(list(COLUMNS)).cast(counts_schema())
            # Of what is published, the file says no more than its rows.
            bare = meta["status"] == PROTECTED
            pq.write_table(
                table.replace_schema_metadata(None),
                temporary / COUNTS_FILE,
                compression="zstd",
                write_statistics=not bare,
                store_schema=not bare,
            )
        for name, extra in (tables or {}).items():
            pq.write_table(extra, temporary / name, compression="zstd")
        text = json.dumps(meta, ensure_ascii=False, indent=2, default=str) + "\n"
        (temporary / META_FILE).write_text(text, encoding="utf-8")
        if finish is not None:
            finish(temporary)
    return Result(path, cast("ResultTold", meta))


def _check_columns(names: list[str]) -> None:
    lacking = [n for n in COLUMNS if n not in names and n not in OPTIONAL]
    if lacking:
        raise UsageError(
            t(
                f"In het resultaat ontbreken de kolommen {', '.join(lacking)}.",
                f"The result lacks the columns {', '.join(lacking)}.",
            ),
        )
