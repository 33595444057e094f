"""Where children belong in a run: the area tables, or the schools, and the coordinates of the result."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.indicators import area, area_tables, features, schools
from bds_tool.indicators.chunks import pieces
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.cube import Space
from bds_tool.indicators.result import LEVELS, TOTAL
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb

    from bds_tool.indicators.cube import Arrays
    from bds_tool.indicators.told import AreaFacts
    from bds_tool.store.store import Store

#: DuckDB's share of memory; the rest is for reading and for margins. Beyond it DuckDB spills to disk.
MEMORY = "2GB"


def connect(
    store: Store, spill: Path, areas: Sequence[Path] = (), *, memory: str = MEMORY, threads: int = 0
) -> duckdb.DuckDBPyConnection:
    """A connection to the store and the tables of areas that spills to `spill` when `memory` is full.

    Raises UsageError for a wrong size.
    """
    connection = store.connect(area_tables.files(areas), spill=spill, memory=memory, threads=threads)
    connection.execute("drop view registraties")
    return connection


def install_areas(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    paths: Sequence[Path],
    year: int | None,
    files: Sequence[Path] = (),
) -> AreaFacts:
    """The area tables of a run; without any, addresses are placed by gemeente only. `files` hold the registraties."""
    tables = area_tables.recognise(connection, paths)
    if plan.settings.place == schools.LEVEL:
        return schools.install(connection, tables, files)
    if {"wijk", "buurt"} & set(plan.levels) and not (tables.of("pc6hnr") or tables.of("pc6")):
        raise UsageError(
            t(
                "Voor wijken en buurten is een postcodetabel nodig.",
                "Wijken and buurten need a postcode table.",
            ),
            t(
                "Geef --areas MAP met de tabel van CBS (postcode, huisnummer, buurt) of --area gemeente.",
                "Give --areas DIR with the table of CBS (postcode, huisnummer, buurt) or --area gemeente.",
            ),
        )
    if "regio" in plan.levels and not tables.of("regio"):
        raise UsageError(
            t(
                "Voor regio's is een tabel met gemeente en regio nodig.",
                "Regio's need a table with gemeente and regio.",
            ),
        )
    lowest = plan.lowest if plan.lowest in {"wijk", "buurt"} else "gemeente"
    return area.install(connection, tables, lowest, year=year)


def make_space(connection: duckdb.DuckDBPyConnection, plan: Plan) -> Space:
    """The coordinates of the result: the whole, then the areas of every level with the level above."""
    import numpy as np

    levels = [level for level in LEVELS[1:] if level in plan.levels]
    rows = connection.execute(
        database.fill("select gebied, {part1} from gebied order by gebied", part1=", ".join(levels) or "1")
    ).fetchall()
    names = dict(connection.execute("select code, naam from gebiedsnaam").fetchall())
    places: list[tuple[str, str, str | None, str]] = [("land", TOTAL, None, names[TOTAL])]
    top = max(r[0] for r in rows) + 1
    leaf: Arrays = {"land": np.zeros(top, dtype=np.int64)}
    for position, level in enumerate(levels, 1):
        index: dict[str, int] = {}
        leaf[level] = np.zeros(top, dtype=np.int64)
        for row in rows:
            if row[position] not in index:
                index[row[position]] = len(places)
                parent = row[position - 1] if position > 1 else TOTAL
                places.append((level, row[position], parent, names.get(row[position], row[position])))
            leaf[level][row[0]] = index[row[position]]
    years = list(range(plan.settings.first_year, plan.settings.last_year + 1))
    return Space(places, leaf, list(plan.by), years, plan.yearly, plan.period, plan.rolling)


def without_rows(
    space: Space, counts: Path, listed: AbstractSet[str] = frozenset()
) -> list[tuple[str, str, str, str | None]]:
    """The areas (level, code, name, parent) that have no row: wijken and buurten of gemeenten with rows, `listed` schools.

    Gemeenten are told by the digits of the code: of another gemeente of the tables nobody expects figures. A school that
    only the data name has a row where a child is counted and no other: nobody expects it.
    """
    import polars as pl

    rows = pl.scan_parquet(counts).select("level", "area").unique().collect()
    there = set(rows["area"].to_list())
    small = rows.filter(pl.col("level").is_in(["gemeente", "wijk", "buurt"]))["area"].to_list()
    gemeenten = {code[2:6] for code in small if "/" not in code}
    return [
        (level, code, name, parent)
        for level, code, parent, name in space.places
        if "/" not in code and code not in there
        if (level in {"wijk", "buurt"} and code[2:6] in gemeenten)
        or (level == schools.LEVEL and code in listed)
    ]


def check_areas(
    store: Store, paths: Sequence[Path], year: int | None, spill: Path
) -> tuple[AreaFacts, dict[str, int], dict[str, int]]:
    """Facts of the area tables, how the addresses were placed, and unknown gemeenten (see `area.check`)."""
    connection = connect(store, spill, paths)
    tables = area_tables.recognise(connection, paths)
    facts = area.install(
        connection, tables, "buurt" if tables.of("pc6hnr") or tables.of("pc6") else "gemeente", year=year
    )
    placed: dict[str, int] = {word: 0 for word, *_ in area.PLACED}
    lost: dict[str, int] = {}
    settings = features.Settings(2000, 2000, date(2000, 12, 31))
    features.install_lookups(connection, ["adres"], settings)
    wanted = frozenset(features.elements(features.needed(["adres"]), []))
    for table in pieces(store.files("registraties"), connection, spill, elements=wanted):
        connection.register("registraties", table)
        features.make(connection, ["adres"])
        for total, found in zip((placed, lost), area.check(connection), strict=True):
            for word, count_ in found.items():
                total[word] = total.get(word, 0) + count_
        connection.unregister("registraties")
    connection.close()
    return facts, placed, lost
