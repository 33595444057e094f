"""`bds indicator sql`, and the choice of another engine at `bds indicator compute`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bds_tool.base import clock, guard
from bds_tool.base.errors import UsageError
from bds_tool.base.text import number, t
from bds_tool.cli.render import one_of, talk

if TYPE_CHECKING:
    from bds_tool.indicators.elsewhere.engines import Engine


def chosen_engine(engine: str, dsn: str, master: str, *, judged: bool) -> Callable[[Path], Engine] | None:
    """What opens another engine; None for DuckDB. Raises UsageError where values would have to be judged."""
    one_of(engine, ("duckdb", "spark", "postgres"), "--engine")
    if engine == "duckdb":
        return None
    guard.stays_here(t("een andere machine", "another engine"))
    if judged:
        raise UsageError(
            t("Een andere machine beoordeelt geen waarden.", "Another engine does not judge values."),
            t("Geef --all-values, of tel zonder --engine.", "Give --all-values, or count without --engine."),
        )
    if engine == "postgres" and not dsn:
        raise UsageError(
            t(
                'Geef --dsn, bijvoorbeeld "host=db dbname=jgz user=bds".',
                'Give --dsn, for example "host=db dbname=jgz user=bds".',
            ),
        )

    def opened(spill: Path) -> Any:  # noqa: ANN401
        from bds_tool.indicators.elsewhere.engines import Postgres, Spark

        return Spark(spill, master) if engine == "spark" else Postgres(dsn)

    return opened


def sql(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Map voor het script of project en de tabellen die het leest."),
    ],
    dialect: Annotated[
        str,
        typer.Option("--dialect", help="duckdb, spark, databricks, snowflake, postgres, tsql of bigquery."),
    ],
    form: Annotated[
        str, typer.Option("--as", help="script, of dbt: een project met modellen en toetsen.")
    ] = "script",
    names: Annotated[
        list[str] | None, typer.Option("--indicator", "-i", help="Indicator of thema; mag vaker.")
    ] = None,
    year: Annotated[int | None, typer.Option("--year", help="Kalenderjaar; zonder: het vorige.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
) -> None:
    """Schrijf de indicatoren als SQL-script of dbt-project voor een databank die er al is, met de tabellen ernaast.

    Het leest registraties en bronnen van een gegevensmap en telt alle waarden. De uitkomst is onbeveiligd.
    """
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.elsewhere import dbt, script
    from bds_tool.indicators.elsewhere.translate import DIALECTS
    from bds_tool.indicators.features import Settings

    one_of(dialect, DIALECTS, "--dialect")
    one_of(form, ("script", "dbt"), "--as")
    chosen = year or clock.today().year - 1
    plan = Plan(choose(names or []), Settings(chosen, chosen, date(chosen, 12, 31)), by=["sex"])
    if form == "dbt":
        count = dbt.write(plan, dialect, output, replace=force)
        talk(t(f"{output}: dbt-project met {number(count)} modellen voor {dialect}; zie LEES-MIJ.md.",
               f"{output}: dbt project with {number(count)} models for {dialect}; see LEES-MIJ.md."))  # fmt: skip
        return
    count = script.write(plan, dialect, output, replace=force)
    talk(t(f"{output}/script.sql: {number(count)} opdrachten voor {dialect}.",
           f"{output}/script.sql: {number(count)} statements for {dialect}."))  # fmt: skip
