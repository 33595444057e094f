"""Spark and PostgreSQL: load tables, make views, ask rows. Nothing is left behind there."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.indicators.cells import cells_sql
from bds_tool.indicators.compute import LOT, Counted, Plan, by_element
from bds_tool.indicators.elsewhere.tables import OF_DSCORE, dscore_tables, loaded, steps, whole
from bds_tool.indicators.elsewhere.translate import translate
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: Settings of a session that change what a statement means; a role or database may have others.
SESSION = (
    "set standard_conforming_strings = on",
    "set datestyle = 'ISO, YMD'",
    "set timezone = 'UTC'",
    "set transform_null_equals = off",
)
#: Texts that PostgreSQL reads as a date or number, and nothing for others: it has no cast that may fail.
HELPERS = (
    """create function pg_temp.bds_date(word text) returns date language plpgsql immutable as $$
begin
  if word ~ '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$' then return word::date; end if;
  return null;
exception when others then return null;
end $$""",
    """create function pg_temp.bds_number(word text) returns double precision language sql immutable as $$
  select case when word ~ '^[ ]*[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?[ ]*$' then word::double precision end
$$""",
)


class Engine(Protocol):
    """`dialect`: of `translate`; `ask` gives the names of the columns, and the rows."""

    dialect: str

    def load(self, name: str, tables: Iterable[pa.Table]) -> None: ...
    def make(self, name: str, sql: str) -> None: ...
    def ask(self, sql: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]: ...
    def close(self) -> None: ...


class Postgres:
    """Temporary tables of one session; the password comes from PGPASSWORD or a password file, never from the DSN."""

    dialect = "postgres"

    def __init__(self, dsn: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise UsageError(
                t("PostgreSQL heeft het pakket psycopg nodig.", "PostgreSQL needs the package psycopg."),
                t(
                    'Installeer het met: pip install "bds-tool[postgres]".',
                    'Install it with: pip install "bds-tool[postgres]".',
                ),
            ) from error
        if "password" in dsn or (
            "://" in dsn and ":" in dsn.partition("://")[2].partition("@")[0] and "@" in dsn
        ):
            raise UsageError(
                t("Zet het wachtwoord niet in --dsn.", "Do not put the password in --dsn."),
                t("Gebruik PGPASSWORD of een bestand .pgpass.", "Use PGPASSWORD or a file .pgpass."),
            )
        try:
            self._connection = psycopg.connect(dsn, autocommit=True, client_encoding="UTF8")
        except psycopg.Error as error:
            raise UsageError(
                t("PostgreSQL is niet te bereiken.", "PostgreSQL cannot be reached."),
                t(
                    "Controleer --dsn, PGPASSWORD en of de server draait.",
                    "Check --dsn, PGPASSWORD and whether the server runs.",
                ),
            ) from error
        for statement in (*SESSION, *HELPERS):
            self._run(statement)

    def load(self, name: str, tables: Iterable[pa.Table]) -> None:
        import pyarrow as pa
        from pyarrow import csv

        made = False
        for table in tables:
            plain = pa.table({f.name: _without_nul(_plain(table[f.name])) for f in table.schema})
            columns = ", ".join(f"{database.name(f.name)} {_kind(f.type)}" for f in plain.schema)
            if not made:
                self._run(
                    database.fill(
                        "create temp table {name} ({columns})", name=database.name(name), columns=columns
                    )
                )
                made = True
            # Texts are in quotes, so that nothing between two commas is null and "" is an empty text.
            rows = io.BytesIO()
            csv.write_csv(plain, rows, csv.WriteOptions(include_header=False))
            into = f"copy {database.name(name)} from stdin (format csv)"
            with _told(), self._connection.cursor() as cursor, cursor.copy(into) as copy:
                copy.write(rows.getbuffer())
        self._run(f"analyze {database.name(name)}")

    def make(self, name: str, sql: str) -> None:
        self._run(database.fill("create temp table {name} as {sql}", name=database.name(name), sql=sql))
        self._run(f"analyze {database.name(name)}")

    def ask(self, sql: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        cursor = self._run(sql)
        with _told():
            return [c.name for c in cursor.description or ()], cursor.fetchall()

    def close(self) -> None:
        self._connection.close()

    def _run(self, sql: str) -> Any:  # noqa: ANN401  # a cursor of psycopg
        with _told():
            return self._connection.execute(sql)


@contextmanager
def _told() -> Iterator[None]:
    """What PostgreSQL refuses as a UsageError, with its code only: its words may hold a value of a child."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        code = f"{error.sqlstate or '-'} {type(error).__name__}"
        raise UsageError(
            t(f"PostgreSQL voert een opdracht niet uit ({code}).", f"PostgreSQL refuses a statement ({code})."),
            t("Zoek de code op in de documentatie van PostgreSQL; het logboek van de server zegt meer.",
              "Look up the code in the documentation of PostgreSQL; the log of the server says more."),
        ) from error  # fmt: skip


class Spark:
    """A session of PySpark; `master` as Spark writes it, `local[*]` for this machine."""

    dialect = "spark"

    def __init__(self, spill: Path, master: str = "local[*]") -> None:
        if find_spec("pyspark") is None:
            raise UsageError(
                t("Spark heeft het pakket pyspark nodig.", "Spark needs the package pyspark."),
                t(
                    'Installeer het met: pip install "bds-tool[spark]".',
                    'Install it with: pip install "bds-tool[spark]".',
                ),
            )
        if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
            raise UsageError(
                t(
                    "Spark heeft Java 17 of hoger nodig, en dat is hier niet.",
                    "Spark needs Java 17 or higher, which is not here.",
                ),
                t(
                    "Installeer het, bijvoorbeeld met apt-get install default-jre-headless.",
                    "Install it, for example with apt-get install default-jre-headless.",
                ),
            )
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("bds").master(master)
        # Also what is so by default: the settings of a cluster may say otherwise, and the outcome may not hang on them.
        settings = {
            "spark.ui.enabled": "false",
            "spark.sql.ansi.enabled": "true",
            "spark.sql.ansi.doubleQuotedIdentifiers": "false",
            "spark.sql.caseSensitive": "false",
            "spark.sql.crossJoin.enabled": "true",
            "spark.sql.groupByOrdinal": "true",
            "spark.sql.legacy.timeParserPolicy": "CORRECTED",
            "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
            "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
            "spark.sql.parser.escapedStringLiterals": "false",
            "spark.sql.parser.quotedRegexColumnNames": "false",
            "spark.sql.session.timeZone": "UTC",
            "spark.local.dir": str(spill),
            "spark.sql.warehouse.dir": str(spill / "spark"),
        }
        # On one machine the driver does the work, and Spark's own 1 GB is too little for all views.
        if master.startswith("local"):
            settings["spark.sql.shuffle.partitions"] = "4"
            settings["spark.driver.memory"] = os.environ.get("SPARK_DRIVER_MEMORY", "4g")
        for key, value in settings.items():
            builder = builder.config(key, value)
        self._session: Any = builder.getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")
        self._spill = spill

    def load(self, name: str, tables: Iterable[pa.Table]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder = self._spill / f"spark-{name}"
        folder.mkdir()
        for number, table in enumerate(tables):
            plain = pa.table({f.name: _plain(table[f.name]) for f in table.schema})
            pq.write_table(plain, folder / f"{number:05}.parquet")
        self._session.read.parquet(str(folder)).createOrReplaceTempView(name)

    def make(self, name: str, sql: str) -> None:
        """Written down once: a view that stays a plan is planned again by all that read it, with all that it reads."""
        folder = str(self._spill / f"spark-{name}")
        self._session.sql(sql).write.parquet(folder)
        self._session.read.parquet(folder).createOrReplaceTempView(name)

    def ask(self, sql: str) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        found = self._session.sql(sql)
        return found.columns, [tuple(row) for row in found.collect()]

    def close(self) -> None:
        self._session.stop()


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column.cast(pa.int64()) if pa.types.is_unsigned_integer(column.type) else column


def _without_nul(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without the one character that a text of PostgreSQL cannot hold."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    return pc.replace_substring(column, "\0", "\N{REPLACEMENT CHARACTER}")


def _kind(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "bigint" if kind.bit_width > 32 else "integer"
    if pa.types.is_floating(kind):
        return "double precision"
    # The order of texts is that of their bytes, as everywhere else, whatever the language of the database.
    return "date" if pa.types.is_date(kind) else 'text collate "C"'


def count(
    engine: Engine, connection: duckdb.DuckDBPyConnection, read: Iterator[pa.Table], plan: Plan
) -> list[Counted]:
    """As `compute.count`, with the views made and the cells counted by another engine.

    `connection` holds the same tables as there; the cells come back into it.
    """
    from bds_tool.indicators import features

    views = plan.views()
    features.install_lookups(connection, views, plan.settings, plan.concepts())
    connection.execute("""
        update parameters set oordeel = false, opgeleverd = coalesce(
            (select max(try_cast(gelezen as date)) from bronnen), opgeleverd)""")
    wanted = loaded(views, plan.settings.place)
    extra = dscore_tables() if set(OF_DSCORE) <= set(wanted) else {}
    columns = {}
    for name in wanted:
        table = extra[name] if name in OF_DSCORE else connection.table(name).to_arrow_table()
        columns[name] = table.column_names
        engine.load(name, [table])
    engine.load("registraties", map(by_element, read))
    for name, sql in steps(views, plan.concepts(), plan.settings.place):
        engine.make(name, translate(sql, engine.dialect, columns))
    _fetch(engine, connection, "_lot", LOT)
    found = []
    for position, group in enumerate(whole(plan)):
        _fetch(engine, connection, f"_cel{position}", cells_sql(group, plan.cell_by))
        found.append(Counted(group, f"_cel{position}", ""))
    return found


def _fetch(engine: Engine, connection: duckdb.DuckDBPyConnection, table: str, sql: str) -> None:
    """What the other engine gives for a SELECT of DuckDB, as a table here."""
    import pyarrow as pa

    names, rows = engine.ask(translate(sql, engine.dialect))
    values = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    cells = pa.table({n: _cell(n, v) for n, v in zip(names, values, strict=True)})
    connection.register("_elders", cells)
    connection.execute(
        database.fill("create or replace table {table} as select * from _elders", table=database.name(table))
    )
    connection.unregister("_elders")


def _cell(name: str, values: Sequence[Any]) -> pa.Array:
    """Counts are whole numbers, whatever an engine calls them; the rest are words."""
    import pyarrow as pa

    if name in {"sex", "education", "age", "origin", "mother_age"}:
        return pa.array([None if v is None else str(v) for v in values], pa.string())
    return pa.array([None if v is None else int(v) for v in values], pa.int64())
