"""The rows of a table in one pass: planned from its start, looked at as a whole while it is written.

A large table is read once. Its first rows give a plan; all its values are looked at on their way into the store. When
they ask for another plan than the start did, what was written is thrown away and written again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bds_tool.base.table_settings import TableProfile
from bds_tool.formats.table.plan import Plan, columns_of, plan
from bds_tool.formats.table.rows import WideRows, complete, long_rows
from bds_tool.formats.table.scan import ROW, Table
from bds_tool.formats.table.values import Look
from bds_tool.store.sources import Sink, Source

if TYPE_CHECKING:
    import polars as pl

#: Cells, and at least rows, from which a table is planned; one with no more is planned as a whole, in memory.
START, LEAST = 1_000_000, 1_000
#: Cells that are turned into rows at once.
CELLS = 2_000_000


def start(table: Table, settings: TableProfile) -> tuple[Table, Plan, bool]:
    """The table, a plan for it, and whether that rests on all of its values."""
    most = max(LEAST, START // max(1, len(table.names)))
    first = table.frame.head(most).collect()
    begun = replace(table, frame=first.lazy())
    made = plan(begun, settings)
    if first.height < most:
        return begun, made, True
    if made.bsn_key or not (made.long or made.element_columns):
        return table, plan(table, settings), True
    return table, made, False


def write(
    table: Table, made: Plan, source: Source, sink: Sink, settings: TableProfile, *, sure: bool
) -> tuple[Table, Plan]:
    """Write the rows of a table; gives the table as it was read and the plan that its rows follow."""
    if not sure:
        listed = made.numbers_listed if made.by_text else None
        seen = Look(columns_of(table, settings), long=made.long, typed=made.typed, listed=listed)
        whole = made

        def borne_out() -> bool:
            nonlocal whole
            whole = plan(table, settings, seen.seen())
            return whole.says() == made.says()

        if _written(table, made, source, sink, seen, borne_out):
            return table, whole
        # Other names or codes in the element column: its values were looked at by the wrong elements.
        made = plan(table, settings) if whole.by_text else whole
    table = _without_bsn(table, made) if made.bsn_key else table
    _written(table, made, source, sink)
    return table, made


def _written(
    table: Table,
    made: Plan,
    source: Source,
    sink: Sink,
    seen: Look | None = None,
    keep: Any = None,  # noqa: ANN401
) -> bool:
    if not made.long:
        return _wide(table, made, source, sink, seen, keep)
    if not sink.add_lazy(_Rows(table, made, source, seen).lazy(), keep):
        return False
    if made.element_columns:
        # Facts of the child beside the pair of element and value, repeated on each row.
        beside = [c for c in made.columns if c.rol not in {"bdsnummer", "waarde", "eenheid", "niet-bds"}]
        _wide(table, replace(made, long=False, columns=beside), source, sink, beside=True)
    return True


def _wide(
    table: Table,
    made: Plan,
    source: Source,
    sink: Sink,
    seen: Look | None = None,
    keep: Any = None,  # noqa: ANN401
    *,
    beside: bool = False,
) -> bool:
    wide = WideRows(table, made, source.bron, beside=beside)
    if not sink.add_lazy(_Rows(table, made, source, seen, wide).lazy(), keep):
        return False
    if wide.repeated:
        sink.melding("BDS045", pad=table.blad or None, aantal=wide.repeated)
    return True


class _Rows:
    """A table batch by batch, as something that Polars writes while it comes; every batch is looked at first."""

    def __init__(
        self, table: Table, made: Plan, source: Source, seen: Look | None, wide: WideRows | None = None
    ) -> None:
        self._table, self._made, self._source = table, made, source
        self._seen, self._wide = seen, wide
        self._size = max(1_000, CELLS // max(1, len(table.names)))
        self._each = _bytes_of_row(table, source) if source.tell else 0.0

    def lazy(self) -> pl.LazyFrame:
        """The canonical rows."""
        import polars as pl
        from polars.io.plugins import register_io_source

        empty = pl.LazyFrame({ROW: []}, schema={ROW: pl.UInt32})
        schema = empty.select(*complete({}, self._table, 0)).collect_schema()
        return register_io_source(self._batches, schema=schema)

    def _batches(
        self, columns: list[str] | None, predicate: pl.Expr | None, most: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        assert columns is None and predicate is None and most is None  # noqa: S101, PT018  # rows are only written
        for batch in self._table.frame.collect_batches(chunk_size=self._size, maintain_order=True):
            if self._seen:
                self._seen.add(batch)
            part = replace(self._table, frame=batch.lazy())
            yield (
                self._wide.frame(part)
                if self._wide
                else long_rows(part, self._made, self._source.bron).collect()
            )
            if self._each and batch.height and self._source.tell:
                self._source.tell(int(batch[ROW][-1] * self._each))


def _bytes_of_row(table: Table, source: Source) -> float:
    """About how many bytes of the source a row takes, to tell how far the reading is."""
    import pyarrow.parquet as pq

    if table.formaat == "parquet":
        rows = int(pq.ParquetFile(source.options["file"]).metadata.num_rows)
        return source.size / max(1, rows)
    if table.formaat == "csv":
        head = source.head()
        return len(head) / max(1, head.count(b"\n"))
    return 0.0


def _without_bsn(table: Table, made: Plan) -> Table:
    """A key that is a BSN is replaced by a number in order of appearance: a BSN is never a key of the store."""
    import polars as pl

    key = made.named("dossier_id")
    assert key is not None  # noqa: S101  # bsn_key says there is one
    distinct = table.frame.select(key.naam).unique(maintain_order=True).collect()
    mapping = distinct.with_row_index("k", 1).select(
        key.naam, (pl.lit("k") + pl.col("k").cast(pl.String)).alias("k")
    )
    frame = table.frame.join(mapping.lazy(), on=key.naam, how="left", maintain_order="left")
    return replace(table, frame=frame.with_columns(pl.col("k").alias(key.naam)).drop("k"))
