"""`compute` as one call: from a store on disk to a result on disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.errors import UsageError
from bds_tool.indicators import area
from bds_tool.indicators.compute import Plan, count
from bds_tool.indicators.output import finish, metadata
from bds_tool.indicators.result import Result, write_result
from bds_tool.text import t

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from bds_tool.dossier.store import Store

#: DuckDB's share of memory; the rest is for numpy and Polars. Beyond it DuckDB spills to disk.
MEMORY = "2500MB"


def connect(store: Store, spill: Path, *, memory: str = MEMORY, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to the store that spills to `spill` when `memory` is full."""
    connection = store.connect()
    connection.execute(f"set memory_limit = '{memory}'")
    connection.execute(f"set temp_directory = '{str(spill).replace(chr(39), chr(39) * 2)}'")
    connection.execute("set preserve_insertion_order = false")
    if threads:
        connection.execute(f"set threads = {threads}")
    return connection


def compute(
    store: Store, plan: Plan, target: Path, *, area_paths: Sequence[Path] = (), area_year: int | None = None,
    reference: str = "land", replace: bool = False, memory: str = MEMORY,
) -> Result:
    """Count all indicators of `plan` over `store` and write the result directory `target`.

    Raises UsageError when the target exists and `replace` is false, or a wanted level has no table.
    """
    import duckdb as engine
    import polars as pl

    if target.exists() and not replace:
        raise UsageError(t(f"{target} bestaat al.", f"{target} exists already."),
                         t("Kies een andere naam of geef --force.", "Choose another name or give --force."))
    spill = Path(tempfile.mkdtemp(prefix=".bds-", dir=target.parent if target.parent.is_dir() else None))
    try:
        connection = connect(store, spill, memory=memory)
        facts = install_areas(connection, plan, area_paths, area_year)
        count(connection, plan)
        table = connection.sql(
            "select t.*, coalesce(n.naam, t.area) as area_name from telling t left join gebiedsnaam n on n.code = t.area"
        ).to_arrow_table()
        counted = pl.DataFrame(table)
        unplaced = _unplaced(counted)
        connection.close()
        frame = finish(counted, plan.indicators, reference=reference, period=plan.period)
        sources = _sources(store.bronnen())
        meta = metadata(plan, sources, facts, reference=reference)
        meta["notes"] += unplaced
        return write_result(target, frame, meta, replace=replace)
    except engine.OutOfMemoryException as error:
        raise UsageError(
            t(f"Er is meer geheugen of schijfruimte nodig dan {memory}.", f"More memory or disk is needed than {memory}."),
            t("Geef --memory 4GB of maak schijfruimte vrij.", "Give --memory 4GB or free disk space."),
        ) from error
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def install_areas(
    connection: duckdb.DuckDBPyConnection, plan: Plan, paths: Sequence[Path], year: int | None
) -> dict[str, Any]:
    """The area tables of a run; without any, addresses are placed by gemeente only."""
    tables = area.recognise(connection, paths)
    if {"wijk", "buurt"} & set(plan.levels) and not (tables.of("pc6hnr") or tables.of("pc6")):
        raise UsageError(
            t("Voor wijken en buurten is een postcodetabel nodig.", "Wijken and buurten need a postcode table."),
            t("Geef --areas MAP met de tabel van CBS (postcode, huisnummer, buurt) of --area gemeente.",
              "Give --areas DIR with the table of CBS (postcode, huisnummer, buurt) or --area gemeente."),
        )
    if "regio" in plan.levels and not tables.of("regio"):
        raise UsageError(
            t("Voor regio's is een tabel met gemeente en regio nodig.", "Regio's need a table with gemeente and regio."),
        )
    lowest = plan.lowest if plan.lowest in {"wijk", "buurt"} else "gemeente"
    return area.install(connection, tables, lowest, year=year)


def _unplaced(counted: pl.DataFrame) -> list[str]:
    """The share of the population without a place, for the notes of a result."""
    import polars as pl

    if counted.is_empty():
        return []
    out = []
    total = counted.filter((pl.col("level") == "land"))["p"].sum()
    for level in counted["level"].unique().to_list():
        lost = counted.filter((pl.col("level") == level) & pl.col("area").str.contains("/onbekend|/geheim"))["p"].sum()
        if level != "land" and total:
            out.append(f"{level}: {lost / total:.2%} van de tellingen zonder plaats (adres onbekend of geheim)")
    return sorted(out)


def _sources(bronnen: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {"path": Path(str(b["pad"])).name, "sha256": b["sha256"], "organisation": b["organisatie"], "dossiers": b["dossiers"],
         "rows": b["rijen"], "bds": b["bds_herkend"] or b["bds_opgegeven"], "format": b["formaat"]}
        for b in bronnen.iter_rows(named=True)
    ]
