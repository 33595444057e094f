"""Tables into the store: CSV in the dialects vendors use, Parquet, Arrow, XLSX and NDJSON; long or wide."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from bds_tool.base.table_settings import TableProfile
from bds_tool.formats.table import profile as profiling
from bds_tool.formats.table import telling
from bds_tool.formats.table.elements import plain
from bds_tool.formats.table.families import measured, paired
from bds_tool.formats.table.names import position
from bds_tool.formats.table.passes import start, write
from bds_tool.formats.table.plan import Plan, plan
from bds_tool.formats.table.scan import Table, tables
from bds_tool.formats.table.text import Remark
from bds_tool.schema import newest
from bds_tool.store.sources import Sink, Source, Unreadable


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
    with tables(source, settings, line_by_line=line_by_line) as given:
        found = [measured(paired(t, settings.kolommen), settings.kolommen) for t in given]
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
    understood, headless, keyed = 0, 0, False
    empty: list[str] = []
    unread: list[tuple[Table, Plan, bool]] = []
    for table in found:
        if table.header is not None and not table.header.found:
            headless += 1
            sink.melding("BDS058", regel=1, pad=table.blad or None)
            continue
        for code, facts in table.findings:
            sink.melding(code, **facts)
        table, made, sure = start(table, settings)  # noqa: PLW2901  # the same table, at hand when it is small
        if not made.long and not made.element_columns:
            keyed |= made.named("dossier_id") is not None
            _not_understood(table, made, sink, alone=len(found) == 1)
            if table.formaat == "json" and made.own:
                unread.append((table, made, sure))
            continue
        understood += 1
        formats.add(f"{table.formaat}-{'lang' if made.long else 'breed'}")
        before = sink.count + len(sink.rows)
        table, made = write(table, made, source, sink, settings, sure=sure)  # noqa: PLW2901
        telling.about_columns(table, made, sink)
        _beside(table, made, source, sink)
        if sink.count + len(sink.rows) == before:
            empty.append(table.blad)
        _facts(made, settings, sink)
    if not understood and found[0].formaat == "json" and not keyed:
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
    if found[0].numbered and all(m["code"] != "BDS041" for m in sink.meldingen):
        sink.melding("BDS041")
    # A list of which nothing is understood is kept beside what is: it is part of the same records.
    for table, made, sure in unread:
        write(table, made, source, sink, settings, sure=sure)
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


def _beside(table: Table, made: Plan, source: Source, sink: Sink) -> None:
    """What is told of rows, and what is kept of records and texts that have no place among the values."""
    telling.about_rows(table, made, sink)
    for frame in telling.kept_texts(table, made, source.bron):
        sink.add_lazy(frame)
    first = made.columns[0].rol if made.columns else ""
    for odd in telling.odd_rows(table, source.bron, first):
        sink.rows.extend(odd)
        sink.flush()


def _not_understood(table: Table, made: Plan, sink: Sink, *, alone: bool) -> None:
    if not alone and table.formaat != "json":
        sink.melding("BDS067", pad=table.blad or None, blad=table.blad)
        return
    # Beside other tables of the same JSON a table of keys and dates is no news: they are repeated where they are used.
    denied = {column.naam: column.ontkend for column in made.own}
    for name in denied or (table.names if alone else []):
        telling.unknown(table, name, sink, number=denied.get(name, 0))
