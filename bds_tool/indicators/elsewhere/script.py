"""A script that counts indicators in somebody's own database, with the tables it reads beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool import __version__
from bds_tool.base.files import atomic_dir
from bds_tool.base.names import child
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.elsewhere.counting import AREAS, about, counting, csv, kind, transpiled
from bds_tool.indicators.elsewhere.engines import HELPERS
from bds_tool.indicators.elsewhere.translate import translate
from bds_tool.store import database

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = "tabellen"


def write(plan: Plan, dialect: str, out: Path, *, replace: bool = False) -> int:
    """Write `script.sql` and `tabellen/*.csv` to a folder; gives the number of statements.

    The script reads `registraties` and `bronnen` (the tables of a store) and leaves a table `cel_…` per group and one
    of totals, `tellingen`: indicator, gebied, jaar, breakdowns, what, number.
    """
    counted = counting(plan)
    tables, columns = counted.tables, counted.columns
    statements = list(HELPERS) if dialect == "postgres" else []
    statements += [_create(name, tables[name], dialect) for name in sorted(tables)]
    for name in counted.areas:
        fields = ", ".join(f"{column} {type_}" for column, type_ in AREAS[name].items())
        empty = database.fill("create table {name} ({fields})", name=name, fields=fields)
        statements.append(transpiled(empty, dialect))
    statements += [
        _made(name, translate(sql, dialect, columns)) for name, sql in [*counted.made, *counted.cells]
    ]
    for number, sql in enumerate(counted.totals):
        union = transpiled(sql, dialect)
        if number == 0:
            statements.append(_made("tellingen", union))
        else:
            statements.append(database.fill("insert into tellingen\n{union}", union=union))
    with atomic_dir(out, replace=replace) as folder:
        (folder / TABLES).mkdir()
        for name, table in tables.items():
            child(folder / TABLES, name, ".csv").write_text(csv(table), encoding="utf-8")
        head = "\n".join(f"-- {line}" for line in [f"bds {__version__}, {dialect}", *about(plan, dialect)])
        text = ";\n\n".join(s.strip() for s in statements) + ";\n"
        (folder / "script.sql").write_text(f"{head}\n\n{text}", encoding="utf-8")
    return len(statements)


def _made(name: str, sql: str) -> str:
    """A table of a query."""
    return database.fill("create table {name} as\n{sql}", name=name, sql=sql)


def _create(name: str, table: pa.Table, dialect: str) -> str:
    """The statements that make a table of its CSV."""
    fields = ", ".join(f"{f.name} {kind(f.type)}" for f in table.schema)
    made = transpiled(database.fill("create table {name} ({fields})", name=name, fields=fields), dialect)
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
        columns=_casts(table, dialect),
        first=database.text(table.column_names[0]),
    )
    return f"{made};\n{load}"


def _casts(table: pa.Table, dialect: str) -> str:
    """The columns of a CSV without header as the types of the table."""
    return ", ".join(
        transpiled(f"cast(nullif(_c{n}, '') as {kind(f.type)})", dialect) for n, f in enumerate(table.schema)
    )
