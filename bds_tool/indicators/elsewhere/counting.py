"""The steps of a count in somebody's own database: tables to load, views, cells and totals. `script` and `dbt` write them down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bds_tool.indicators import features
from bds_tool.indicators.cells import cells_sql, unpacked
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.elsewhere.tables import OF_DSCORE, dscore_tables, loaded, steps, whole
from bds_tool.store import database

if TYPE_CHECKING:
    import pyarrow as pa

#: What the user fills: postcode and house number, postcode, or gemeente → area. Table → column → type.
AREAS = {
    "pc6hnr": {"postcode": "varchar", "huisnummer": "integer", "gebied": "integer"},
    "pc6": {"postcode": "varchar", "gebied": "integer"},
    "gemeentegebied": {"gemeente": "varchar", "onbekend": "integer", "geheim": "integer"},
}
#: What stands for areas and deliveries as long as there is one of each.
_ONE = {
    "geenplaats": "select -1 as onbekend, -1 as geheim",
    "bronlevering": "select bron, cast(1 as bigint) as levering, false as meer from bronnen",
}
#: Totals in one statement: longer chains are too deep for some parsers.
_CHAIN = 40


@dataclass(frozen=True)
class Counting:
    """`tables` go along as data; `areas` are for the user to fill; `made` and `cells`: name → SELECT of DuckDB, in order.

    `totals`: SELECTs of DuckDB that together are the table `tellingen`: indicator, gebied, jaar, breakdowns, wat, aantal.
    """

    tables: dict[str, pa.Table]
    areas: list[str]
    made: list[tuple[str, str]]
    cells: list[tuple[str, str]]
    totals: list[str]

    @property
    def columns(self) -> dict[str, list[str]]:
        return {name: table.column_names for name, table in self.tables.items()}


def counting(plan: Plan) -> Counting:
    """What a database does for `plan`: all values count, over all children of `registraties` and `bronnen` at once."""
    views = plan.views()
    wanted = loaded(views)
    tables = features.lookup_tables(plan.settings, plan.concepts(), set(wanted))
    tables["parameters"] = _counting_all(tables["parameters"])
    if set(OF_DSCORE) <= set(wanted):
        tables |= dscore_tables()
    made = [(name, sql) for name, sql in _ONE.items() if name in wanted]
    chosen = {i.id: i for i in plan.indicators}
    cells, parts = [], []
    for number, group in enumerate(whole(plan)):
        cells.append((f"cel_{number}", cells_sql(group, plan.by)))
        by = "".join(f", {b}" for b in plan.by)
        for name, value in unpacked(group).items():
            what, _, indicator = name.partition("|")
            asked_of = chosen[indicator].population_view
            if what == "p" and asked_of and group.view != asked_of:
                continue  # another view counts the population; `u` says what to add to it
            parts.append(
                database.fill(
                    "select {indicator} as indicator, gebied, jaar{by}, {what} as wat, sum({value}) as aantal"
                    " from cel_{number} group by gebied, jaar{by}",
                    indicator=database.text(indicator),
                    by=by,
                    what=database.text(what),
                    value=value,
                    number=number,
                )
            )
    return Counting(
        tables,
        [name for name in AREAS if name in wanted],
        [*made, *steps(views, plan.concepts())],
        cells,
        [" union all ".join(parts[start : start + _CHAIN]) for start in range(0, len(parts), _CHAIN)],
    )


def _counting_all(parameters: pa.Table) -> pa.Table:
    """Values are not judged there: all count."""
    import pyarrow as pa

    place = parameters.column_names.index("oordeel")
    return parameters.set_column(place, "oordeel", pa.array([False]))


def kind(type_: pa.DataType) -> str:
    """The type of DuckDB for a column of a table that goes along."""
    import pyarrow as pa

    if pa.types.is_boolean(type_):
        return "boolean"
    if pa.types.is_integer(type_):
        return "bigint"
    if pa.types.is_floating(type_):
        return "double"
    return "date" if pa.types.is_date(type_) else "varchar"


def transpiled(sql: str, dialect: str) -> str:
    """Plain SQL of DuckDB in another dialect; nothing in it needs a twin."""
    import sqlglot

    return str(sqlglot.transpile(sql, read="duckdb", write=dialect)[0])


def csv(table: pa.Table) -> str:
    """With a header; what is null is empty."""
    import polars as pl

    return pl.DataFrame(pl.from_arrow(table)).write_csv()


#: Dialects of which the views and counts were run and compared, cell by cell; the others were only written.
RUN = ("duckdb", "spark", "postgres")


def about(plan: Plan, dialect: str) -> list[str]:
    """What a reader of the outcome must know, line by line."""
    s = plan.settings
    told = [
        f"Indicatoren: {', '.join(i.id for i in plan.indicators)}.",
        f"Periode {s.first_year}-{s.last_year}, laatste dag {s.reference_date}. Instellingen staan in de tabel parameters.",
        "Nodig: de tabellen registraties en bronnen van een gegevensmap (NAAM.bds). Uitkomst: de tabel tellingen, onbeveiligd.",
        "gebied is -1 zolang pc6hnr, pc6 en gemeentegebied leeg zijn. wat: p populatie, n noemer, x teller, s en q som en",
        "som van kwadraten van een gemiddelde in miljoensten en tienduizendsten, b van n met het nieuwe element, u van n wat niet in p zit (de populatie is p en u).",
        "Alle waarden tellen; bezwaren en kinderen met twee dossiers worden hier niet uitgezocht: dat doet bds indicator compute.",
    ]
    if dialect not in RUN:
        told.append(
            f"Omgezet naar {dialect}, maar daar nooit uitgevoerd: vergelijk de aantallen eerst met die van bds indicator compute."
        )
    if dialect == "tsql":
        told.append(
            "SQL Server neemt dit zo niet aan: het kent geen create table … as select, geen voorwaarde als kolom, geen group by op volgnummer, geen bitwise_or_agg en geen logical_or."
        )
    return told
