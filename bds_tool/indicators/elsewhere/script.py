"""A script that counts indicators in somebody's own database, with the tables it reads beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool import __version__
from bds_tool.base.files import atomic_dir
from bds_tool.base.names import child
from bds_tool.indicators import features
from bds_tool.indicators.cells import cells_sql, groups, unpacked
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.elsewhere.engines import HELPERS
from bds_tool.indicators.elsewhere.tables import OF_DSCORE, dscore_tables, loaded, steps
from bds_tool.indicators.elsewhere.translate import translate
from bds_tool.store import database

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = "tabellen"
#: Tables of areas and sources: empty or of one row in the script, for the user to fill.
_OWN = {
    "pc6hnr": "create table pc6hnr (postcode varchar, huisnummer integer, gebied integer)",
    "pc6": "create table pc6 (postcode varchar, gebied integer)",
    "gemeentegebied": "create table gemeentegebied (gemeente varchar, onbekend integer, geheim integer)",
    "geenplaats": "create table geenplaats as select -1 as onbekend, -1 as geheim",
    "bronlevering": "create table bronlevering as select bron, cast(1 as bigint) as levering, false as meer from bronnen",
}


def write(plan: Plan, dialect: str, out: Path, *, replace: bool = False) -> int:
    """Write `script.sql` and `tabellen/*.csv` to a folder; gives the number of statements.

    The script reads `registraties` and `bronnen` (the tables of a store) and leaves a table `cel_…` per group and one
    of totals, `tellingen`: indicator, gebied, jaar, breakdowns, what, number.
    """
    views = plan.views()
    tables = features.lookup_tables(plan.settings, plan.concepts(), set(loaded(views)))
    tables["parameters"] = _counting_all(tables["parameters"])
    extra = dscore_tables()
    tables |= {name: extra[name] for name in OF_DSCORE if name in loaded(views)}
    columns = {name: table.column_names for name, table in tables.items()}
    statements = list(HELPERS) if dialect == "postgres" else []
    statements += [_create(name, tables[name], dialect) for name in sorted(tables)]
    statements += [_transpiled(_OWN[name], dialect) for name in loaded(views) if name in _OWN]
    for name, sql in steps(views, plan.concepts()):
        statements.append(_made(name, translate(sql, dialect, columns)))
    parts = []
    for number, group in enumerate(groups(plan.indicators)):
        statements.append(_made(f"cel_{number}", translate(cells_sql(group, plan.by), dialect)))
        by = "".join(f", {b}" for b in plan.by)
        for name, value in unpacked(group).items():
            what, _, indicator = name.partition("|")
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
    for start in range(0, len(parts), 40):
        union = _transpiled(" union all ".join(parts[start : start + 40]), dialect)
        if start == 0:
            statements.append(_made("tellingen", union))
        else:
            statements.append(database.fill("insert into tellingen\n{union}", union=union))
    with atomic_dir(out, replace=replace) as folder:
        (folder / TABLES).mkdir()
        for name, table in tables.items():
            _csv(table, child(folder / TABLES, name, ".csv"))
        text = ";\n\n".join(s.strip() for s in statements) + ";\n"
        (folder / "script.sql").write_text(_head(plan, dialect) + text, encoding="utf-8")
    return len(statements)


def _made(name: str, sql: str) -> str:
    """A table of a query."""
    return database.fill("create table {name} as\n{sql}", name=name, sql=sql)


def _counting_all(parameters: pa.Table) -> pa.Table:
    """Values are not judged in the script: all count."""
    import pyarrow as pa

    place = parameters.column_names.index("oordeel")
    return parameters.set_column(place, "oordeel", pa.array([False]))


def _transpiled(sql: str, dialect: str) -> str:
    import sqlglot

    return str(sqlglot.transpile(sql, read="duckdb", write=dialect)[0])


def _create(name: str, table: pa.Table, dialect: str) -> str:
    """The statements that make a table of its CSV."""
    import pyarrow as pa

    def kind(type_: pa.DataType) -> str:
        if pa.types.is_boolean(type_):
            return "boolean"
        if pa.types.is_integer(type_):
            return "bigint"
        if pa.types.is_floating(type_):
            return "double"
        return "date" if pa.types.is_date(type_) else "varchar"

    fields = ", ".join(f"{f.name} {kind(f.type)}" for f in table.schema)
    made = _transpiled(database.fill("create table {name} ({fields})", name=name, fields=fields), dialect)
    file = f"{TABLES}/{name}.csv"
    load = {
        "duckdb": "copy {name} from '{file}' (header, nullstr '')",
        "postgres": "\\copy {name} from '{file}' with (format csv, header)\nselect 1",
        "spark": "insert into {name} select {columns} from csv.`{file}` where _c0 <> {first}",
        "databricks": "copy into {name} from '{file}' fileformat = csv format_options ('header' = 'true', 'inferSchema' = 'true')",
        "snowflake": "copy into {name} from '@~/{file}' file_format = (type = csv skip_header = 1)",
        "tsql": "bulk insert {name} from '{file}' with (format = 'CSV', firstrow = 2)",
        "bigquery": "load data into {name} from files (format = 'CSV', uris = ['gs://BUCKET/{file}'], skip_leading_rows = 1)",
    }[dialect]
    # The names are those of the tables of the program.
    load = database.fill(
        load,
        name=name,
        file=file,
        columns=_casts(table, kind, dialect),
        first=database.text(table.column_names[0]),
    )
    return f"{made};\n{load}"


def _casts(table: pa.Table, kind: Callable[[pa.DataType], str], dialect: str) -> str:
    """The columns of a CSV without header as the types of the table."""
    return ", ".join(
        _transpiled(f"cast(nullif(_c{n}, '') as {kind(f.type)})", dialect) for n, f in enumerate(table.schema)
    )


def _csv(table: pa.Table, path: Path) -> None:
    import polars as pl

    pl.DataFrame(pl.from_arrow(table)).write_csv(path)


def _head(plan: Plan, dialect: str) -> str:
    s = plan.settings
    return f"""-- Indicatoren van bds {__version__} in {dialect}: {", ".join(i.id for i in plan.indicators)}.
-- Periode {s.first_year}-{s.last_year}, laatste dag {s.reference_date}. Instellingen staan in tabellen/parameters.csv.
-- Nodig: de tabellen registraties en bronnen van een gegevensmap (NAAM.bds). Uitkomst: de tabel tellingen, onbeveiligd.
-- gebied is -1 zolang pc6hnr, pc6 en gemeentegebied leeg zijn. wat: p populatie, n noemer, x teller, s en q som en
-- som van kwadraten van een gemiddelde in miljoensten en tienduizendsten, b van n met het nieuwe element, u zie de handleiding.
-- Alle waarden tellen; bezwaren en kinderen met twee dossiers worden hier niet uitgezocht: dat doet bds indicator compute.

"""
