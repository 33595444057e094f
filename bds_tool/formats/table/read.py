"""Tables into the store: CSV in the dialects vendors use, Parquet, Arrow, XLSX and NDJSON; long or wide."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bds_tool.base.files import scratch
from bds_tool.base.table_settings import TableProfile
from bds_tool.formats.table import profile as profiling
from bds_tool.formats.table import telling
from bds_tool.formats.table.elements import plain
from bds_tool.formats.table.names import position
from bds_tool.formats.table.plan import Plan, plan
from bds_tool.formats.table.rows import WideRows, children, long_rows
from bds_tool.formats.table.scan import ROW, Table, tables
from bds_tool.formats.table.text import Remark
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

    for again in (False, True):
        with opened(source, line_by_line=again) as (found, settings):
            try:
                _read(found, settings, source, sink)
            except pl.exceptions.PolarsError as error:
                # A line that is too long among lines that are too short: each is looked at.
                if again or found[0].formaat != "csv":
                    # The words of the error may quote a record; only its kind is used.
                    raise Unreadable("BDS043") from error
                sink.meldingen.clear()
            else:
                return


def explain(source: Source) -> list[tuple[Table, Plan]]:
    """What would be decided about each table of a source, without reading it into a store."""
    with opened(source) as (found, settings):
        decided = [(table, plan(table, settings)) for table in found]
        return [(dataclasses.replace(table, frame=table.frame.clear()), made) for table, made in decided]


@contextmanager
def opened(source: Source, *, line_by_line: bool = False) -> Iterator[tuple[list[Table], TableProfile]]:
    """The tables of a source, and the profile of bds.toml that fits it best."""
    settings, others = _settings(source)
    with tables(source, settings, line_by_line=line_by_line) as found:
        if others:
            told: dict[str, object] = {
                "profiel": settings.naam or "-",
                "kolommen": round(100 * _share(settings, found)),
            }
            if settings.naam:
                code = "BDS078" if settings.kolommen and not told["kolommen"] else "BDS059"
                found[0].remarks.append(Remark(code, None, told))
        _meet(source, settings, found)
        yield found, settings


def _meet(source: Source, settings: TableProfile, found: list[Table]) -> None:
    """Remember which headers of the settings are there: one that no file has is a mistake worth telling."""
    names = {plain(n) for table in found for n in (*table.names, *(table.header.raw if table.header else ()))}
    names |= {plain(position(n)) for table in found for n in range(1, len(table.names) + 1)}
    for name in settings.kolommen:
        source.tables.met[name] = source.tables.met.get(name, False) or plain(name) in names


def _settings(source: Source) -> tuple[TableProfile, bool]:
    """The profile for a source, and whether bds.toml has any."""
    every = profiling.profiles(source.tables)
    candidates = profiling.fitting(every, source.pad)
    if len(candidates) <= 1:
        return (candidates[0] if candidates else TableProfile()), bool(source.tables.profiles)
    # A profile that names neither files nor columns fits as well as nothing: there is no need to look at the file for it.
    saying = [c for c in candidates if c.bestanden or c.kolommen]
    if len(saying) == 1:
        return saying[0], True
    if not saying:
        return candidates[0], True
    best, chosen = (-1.0, False), candidates[-1]
    for candidate in saying:
        try:
            with tables(source, candidate) as found:
                score = (_share(candidate, found), bool(candidate.bestanden))
        except Unreadable:
            continue
        if score > best:
            best, chosen = score, candidate
    return chosen, True


def _share(settings: TableProfile, found: list[Table]) -> float:
    names = [n for table in found for n in (table.header.raw if table.header else table.names)]
    return profiling.share(settings, [*names, *(n for table in found for n in table.names)])


def _read(found: list[Table], settings: TableProfile, source: Source, sink: Sink) -> None:
    formats = set()
    understood, headless, rows = 0, 0, 0
    empty: list[str] = []
    for table in found:
        if table.header is not None and not table.header.found:
            headless += 1
            sink.melding("BDS058", regel=1, pad=table.blad or None)
            continue
        for code, facts in table.findings:
            sink.melding(code, **facts)
        made = plan(table, settings)
        if not made.long and not made.element_columns:
            _not_understood(table, made, sink, alone=len(found) == 1)
            continue
        understood += 1
        formats.add(f"{table.formaat}-{'lang' if made.long else 'breed'}")
        telling.about_columns(table, made, sink)
        before = sink.count + len(sink.rows)
        _rows(_without_bsn(table, made) if made.bsn_key else table, made, source, sink)
        if sink.count + len(sink.rows) == before:
            empty.append(table.blad)
        rows += sink.count
        _facts(made, settings, sink)
    if not understood and found[0].formaat == "json":
        # JSON about something else keeps its values as they stand, as any JSON that is no dossier.
        from bds_tool.formats.james.read import read_james

        sink.meldingen.clear()
        read_james(source, sink)
        return
    if not understood:
        if headless == len(found):
            # One finding says it all; a second on the same would be noise.
            sink.meldingen.clear()
            raise Unreadable("BDS058", regel=1)
        raise Unreadable("BDS040", kolommen=sum(len(table.names) for table in found))
    if len(empty) == understood:
        sink.melding("BDS073")
    else:
        for sheet in empty:
            sink.melding("BDS066", pad=sheet or None, blad=sheet)
    sink.facts["formaat"] = min(formats) if len(formats) == 1 else "tabel"
    # A table does not say which BDS version it follows.
    version = settings.versie or source.bds
    sink.facts |= {"bds_herkend": version or newest(), "bds_zekerheid": "zeker" if version else "onbekend"}
    if not version:
        sink.melding("BDS010", versie=newest(), zekerheid="onbekend")


def _facts(made: Plan, settings: TableProfile, sink: Sink) -> None:
    organisation = settings.organisatie or made.organisatie
    if organisation:
        sink.facts["organisatie"] = organisation


def _rows(table: Table, made: Plan, source: Source, sink: Sink) -> None:
    if source.tell:
        table = dataclasses.replace(table, frame=_watched(table, source))
    if made.long:
        sink.add_lazy(long_rows(table, made, source.bron))
        if made.element_columns:
            # Facts of the child beside the pair of element and value, repeated on each row.
            beside = [c for c in made.columns if c.rol not in {"bdsnummer", "waarde", "eenheid", "niet-bds"}]
            _wide(table, dataclasses.replace(made, long=False, columns=beside), source, sink, beside=True)
    else:
        _wide(table, made, source, sink)
    telling.about_rows(table, made, sink)
    for frame in telling.kept_texts(table, made, source.bron):
        sink.add_lazy(frame)
    first = made.columns[0].rol if made.columns else ""
    for odd in telling.odd_rows(table, source.bron, first):
        sink.rows.extend(odd)
        sink.flush()


def _wide(table: Table, made: Plan, source: Source, sink: Sink, *, beside: bool = False) -> None:
    import polars as pl
    import pyarrow.parquet as pq

    wide = WideRows(table, made, source.bron, beside=beside)
    size = max(1_000, CELLS // max(1, len(table.names)))
    # A file of its own first: a table that breaks off halfway leaves nothing behind.
    with scratch() as folder:
        path = folder / "rows.parquet"
        with pq.ParquetWriter(path, registraties_schema(), compression="lz4") as writer:
            for batch in children(table, made).collect_batches(chunk_size=size, maintain_order=True):
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


def _not_understood(table: Table, made: Plan, sink: Sink, *, alone: bool) -> None:
    if not alone and table.formaat != "json":
        sink.melding("BDS067", pad=table.blad or None, blad=table.blad)
        return
    for name in [column.naam for column in made.own] or table.names:
        telling.unknown(table, name, sink)
