"""Tables into the store: CSV in the dialects vendors use, Parquet, Arrow, XLSX and NDJSON; long or wide."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.files import scratch
from bds_tool.formats.table.columns import understand
from bds_tool.formats.table.plan import Plan, plan
from bds_tool.formats.table.rows import WideRows, long_rows
from bds_tool.formats.table.scan import ROW, Table, recoded, tables
from bds_tool.schema import newest
from bds_tool.store.columns import registraties_schema
from bds_tool.store.sources import Sink, Source, Unreadable
from bds_tool.store.store import to_canonical

if TYPE_CHECKING:
    import polars as pl

#: Cells of a wide table that are turned into rows at once.
CELLS = 2_000_000


def read_table(source: Source, sink: Sink) -> None:
    """Read one source that is a table. Raises Unreadable when it has no columns that mean something."""
    import polars as pl

    widen, chosen = False, source
    for _ in range(3):
        try:
            _read(chosen, sink, widen=widen)
        except pl.exceptions.PolarsError as error:
            # The words of the error may quote a record; only its kind is used.
            text = str(error).lower()
            if "utf-8" in text and chosen is source and not source.tables.encoding:
                chosen = recoded(source)
            elif ("more fields" in text or "n_extra" in text) and not widen:
                widen = True
            else:
                raise Unreadable("BDS043") from error
            sink.meldingen.clear()
        else:
            break
    if chosen is not source:
        shutil.rmtree(Path(chosen.options["file"]).parent, ignore_errors=True)


def explain(source: Source) -> list[tuple[Table, Plan]]:
    """What would be decided about each table of a source, without reading it."""
    with tables(source) as found:
        decided = [(table, _plan(table, source)) for table in found]
        return [
            (dataclasses.replace(table, frame=table.frame.head(0).collect().lazy()), made)
            for table, made in decided
        ]


def _plan(table: Table, source: Source) -> Plan:
    columns = understand(table.names, source.tables.columns, paths=table.formaat == "json")
    return plan(table, columns, source.tables)


def _read(source: Source, sink: Sink, *, widen: bool) -> None:
    with tables(source, widen=widen) as found:
        formats = set()
        understood = 0
        for table in found:
            for code, facts in table.findings:
                sink.melding(code, **facts)
            made = _plan(table, source)
            if not made.long and not made.element_columns:
                _not_understood(table, made, sink)
                continue
            understood += 1
            formats.add(f"{table.formaat}-{'lang' if made.long else 'breed'}")
            _remarks(table, made, sink)
            _rows(_without_bsn(table, made) if made.bsn_key else table, made, source, sink)
        if not understood and found[0].formaat == "json":
            # JSON about something else keeps its values as they stand, as any JSON that is no dossier.
            from bds_tool.formats.james.read import read_james

            sink.meldingen.clear()
            read_james(source, sink)
            return
        if not understood:
            raise Unreadable("BDS040", kolommen=sum(len(table.names) for table in found))
        sink.facts["formaat"] = min(formats) if len(formats) == 1 else "tabel"
        # A table does not say which BDS version it follows.
        sink.facts |= {"bds_herkend": newest(), "bds_zekerheid": "onbekend"}


def _rows(table: Table, made: Plan, source: Source, sink: Sink) -> None:
    import polars as pl
    import pyarrow.parquet as pq

    if source.tell:
        table = dataclasses.replace(table, frame=_watched(table, source))
    if made.long:
        sink.add_lazy(long_rows(table, made, source.bron))
        return
    wide = WideRows(table, made, source.bron)
    size = max(1_000, CELLS // max(1, len(table.names)))
    # A file of its own first: a table that breaks off halfway leaves nothing behind.
    with scratch() as folder:
        path = folder / "rows.parquet"
        with pq.ParquetWriter(path, registraties_schema(), compression="lz4") as writer:
            for batch in table.frame.collect_batches(chunk_size=size, maintain_order=True):
                writer.write_table(to_canonical(wide.frame(batch)))
        sink.add_lazy(pl.scan_parquet(path, glob=False))
    if wide.repeated:
        sink.melding("BDS045", pad=table.blad or None, aantal=wide.repeated)


def _watched(table: Table, source: Source) -> pl.LazyFrame:
    """The frame, telling how far it is: the bytes of a source are spread evenly over its rows."""
    import polars as pl
    import pyarrow.parquet as pq

    if table.formaat == "parquet":
        each = source.size / max(1, pq.ParquetFile(source.options["file"]).metadata.num_rows)
    elif table.formaat == "csv":
        head = source.head()
        each = len(head) / max(1, head.count(b"\n"))
    else:
        return table.frame

    def told(rows: pl.Series) -> pl.Series:
        if len(rows) and source.tell:
            source.tell(int(int(rows[-1]) * each))
        return rows

    kind = table.frame.collect_schema()[ROW]
    return table.frame.with_columns(pl.col(ROW).map_batches(told, return_dtype=kind, is_elementwise=True))


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
    return dataclasses.replace(table, frame=frame.with_columns(pl.col("k").alias(key.naam)).drop("k"))


def _remarks(table: Table, made: Plan, sink: Sink) -> None:
    for column in made.own:
        sink.melding("BDS013", pad=column.naam, kolom=column.naam)
    if made.named("dossier_id") is None:
        sink.melding("BDS041", pad=table.blad or None)
    if made.bsn_key:
        key = made.named("dossier_id")
        sink.melding("BDS042", pad=key.naam if key else None, kolom=key.naam if key else "")
    for column in made.element_columns:
        if column.factor != 1:
            sink.melding(
                "BDS044",
                pad=column.naam,
                bdsnummer=column.bdsnummer,
                kolom=column.naam,
                van=column.eenheid,
                naar=column.bds_eenheid,
            )


def _not_understood(table: Table, made: Plan, sink: Sink) -> None:
    own = [column.naam for column in made.own]
    for name in own or table.names:
        sink.melding("BDS013", pad=name, kolom=name)
