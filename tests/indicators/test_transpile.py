"""The views and the counting are SQL that also runs elsewhere: all transpile to Spark SQL, the core runs on PySpark."""

from __future__ import annotations

import os
import re
import shutil
from datetime import date
from importlib.util import find_spec

import pytest
import sqlglot
from pyarrow import parquet

from bds_tool.indicators import cases, features
from bds_tool.indicators.catalogue import load_all
from bds_tool.indicators.cells import cells_sql, groups
from bds_tool.indicators.elsewhere.translate import translate


def spark(sql: str) -> str:
    """DuckDB → Spark SQL; the key of a dossier is the 64-bit hash of either engine."""
    text = sqlglot.transpile(sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    # names that differ: the hash, and intervals of a number of months or years out of a column
    for ours, theirs in (
        ("SLEUTEL", "xxhash64("),
        ("TO_MONTHS", "make_ym_interval(0, "),
        ("TO_YEARS", "make_ym_interval("),
    ):
        text = re.sub(rf"\b{ours}\(", theirs, text, flags=re.IGNORECASE)
    return text


@pytest.mark.parametrize("name", sorted(features.views()))
def test_every_view_transpiles(name):
    sql = spark(features.views()[name].sql.replace("$ELEMENTEN", "1, 2"))
    sqlglot.parse_one(sql, read="spark")
    assert "$" not in sql


def test_every_indicator_transpiles():
    found = groups(load_all().values())
    assert len(found) > 20
    for group in found:
        sqlglot.parse_one(
            spark(cells_sql(group, ("sex", "education", "age", "origin", "mother_age"))), read="spark"
        )


CORE = (
    "BF-BIRTH",
    "BF-3M",
    "BRUSH",
    "SMOKE-HOME",
    "PRETERM",
    "TEEN",
    "NOSHOW",
    "INDIC",
    "VAC-BMR2Y",
    "REACH-IN-CARE",
    "OW",
)


@pytest.fixture
def session(absent):
    """Spark in local mode: PySpark, which `make engines` installs, and Java, which comes with the machine or not."""
    if find_spec("pyspark") is None:
        absent("pyspark is not installed (make engines installs it)")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        absent("Spark needs Java 17 (apt-get install openjdk-17-jre-headless)")
    from pyspark.sql import SparkSession

    opened = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.ansi.enabled", "true")
        .getOrCreate()
    )
    opened.sparkContext.setLogLevel("ERROR")
    yield opened
    opened.stop()


@pytest.mark.slow
def test_the_core_gives_the_same_on_spark(session, tmp_path):
    """The hand-worked cases of CORE on DuckDB and on PySpark in local mode: equal cells."""
    chosen = [load_all()[name] for name in CORE]
    rows = []
    for i in chosen:
        for c, case in enumerate(i.cases):
            for child, given in case["kinderen"].items():
                rows += [cases._row(f"{i.id}|{c}|{child}", n, row) for n, row in enumerate(given)]
    duck = cases._connection(rows)
    plan = cases._views(duck, chosen)
    duck.execute(
        "create or replace temp table woont as select kind, date '1900-01-01' as van, date '2999-12-31' as tot, 1 as gebied from kind"
    )
    features.make_again(duck, ["thuis", "verhuisd"])
    sources = {s for v in features.needed(plan.views()) for s in v.sources}
    tables = {"registraties", "bronnen", "geenplaats", *(s for s in sources if s not in features.views())}
    for name in sorted(tables):
        file = tmp_path / f"{name}.parquet"
        # The connections of the program write no files.
        parquet.write_table(duck.table(name).to_arrow_table(), file)
        session.read.parquet(str(file)).createOrReplaceTempView(name)
    columns = {name: duck.table(name).columns for name in tables}
    numbers = ", ".join(map(str, sorted(features.elements(features.needed(plan.views()), plan.concepts()))))
    for view in features.needed(plan.views()):
        if view.name in {"adres", "adreswaarden", "woont", "thuis", "verhuisd"}:
            continue
        session.sql(
            translate(view.sql.replace("$ELEMENTEN", numbers), "spark", columns)
        ).cache().createOrReplaceTempView(view.name)
    session.sql(
        "select kind, date '1900-01-01' as van, date '2999-12-31' as tot, 1 as gebied from kind"
    ).createOrReplaceTempView("woont")
    for name in ("thuis", "verhuisd"):
        session.sql(translate(features.views()[name].sql, "spark", columns)).cache().createOrReplaceTempView(
            name
        )
    for group in groups(chosen):
        sql = cells_sql(group, ("sex",))
        ours = sorted(map(tuple, duck.execute(sql).fetchall()), key=repr)
        theirs = sorted((tuple(r) for r in session.sql(translate(sql, "spark", columns)).collect()), key=repr)
        assert [tuple(map(_plain, r)) for r in theirs] == [tuple(map(_plain, r)) for r in ours], group.view


def _plain(value: object) -> object:
    return float(value) if isinstance(value, int | float) or type(value).__name__ == "Decimal" else value


def test_settings_are_dated():
    assert features.Settings(2021, 2025, date(2025, 12, 31)).first_day == date(2021, 1, 1)
