"""The same indicators elsewhere: PostgreSQL and Spark give the cells of DuckDB, and every statement is SQL of its dialect."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import closing
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest
import sqlglot

from bds_tool.base.errors import UsageError
from bds_tool.indicators import dscore, features
from bds_tool.indicators.catalogue import choose, load_all
from bds_tool.indicators.cells import Group, cells_sql, groups, unpacked
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.elsewhere import translate as translation
from bds_tool.indicators.elsewhere.engines import Postgres, Spark
from bds_tool.indicators.elsewhere.tables import DSCORE, dscore_tables
from bds_tool.indicators.elsewhere.translate import DIALECTS, translate
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import BREAKDOWNS
from bds_tool.indicators.run import compute
from bds_tool.store.store import Store

#: PostgreSQL orders texts by the rules of a language from this version on, where asked.
ICU = 15
ODD = (
    "datestyle = 'SQL, DMY'",
    "timezone = 'Pacific/Auckland'",
    "standard_conforming_strings = off",
    "transform_null_equals = on",
    "client_encoding = 'LATIN1'",
)
KEY = ["indicator", "level", "area", "period", *BREAKDOWNS]


@pytest.fixture(scope="module")
def region(tmp_path_factory) -> Store:
    from bds_tool.cli.main import run

    path = tmp_path_factory.mktemp("regio") / "regio.bds"
    assert run(["generate", "--children", "60", "--seed", "3", "--bds", "4.1.3", "-o", str(path), "-q"]) == 0
    return Store.open(path)


@pytest.fixture(scope="module")
def dsn():
    """A PostgreSQL of our own on a socket in a temporary folder, where Debian's package is installed.

    It is set up unlike ours, as a server of somebody else may be: order of words in Dutch, dates day first, another zone.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found or find_spec("psycopg") is None:
        pytest.skip("PostgreSQL or psycopg is not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    as_user = []
    if hasattr(os, "getuid") and os.getuid() == 0:  # the server does not run as root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    place = ["-D", str(folder / "data")]

    def call(*words: str) -> None:
        subprocess.run([*as_user, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    words = ["--locale-provider=icu", "--icu-locale=nl-NL"] if int(found[-1].parent.name) >= ICU else []
    made = ["-A", "trust", "-U", "bds", "--no-sync", "-E", "UTF8", "--locale=C", *words]
    call(str(found[-1] / "initdb"), *place, *made)
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    call(str(found[-1] / "pg_ctl"), *place, "-w", "-o", options, "-l", str(folder / "log"), "start")
    import psycopg

    there = f"host={folder} user=bds dbname=postgres"
    with psycopg.connect(there, autocommit=True) as connection:
        for setting in ODD:
            connection.execute(f"alter role bds set {setting}")
    yield there
    call(str(found[-1] / "pg_ctl"), *place, "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def large_region(tmp_path_factory) -> Store:
    """1,000 children over the gemeenten of a region: 420,000 registraties."""
    from bds_tool.cli.main import run

    path = tmp_path_factory.mktemp("groot") / "regio.bds"
    made = [
        "generate",
        "--children",
        "1000",
        "--seed",
        "8",
        "--bds",
        "4.1.3",
        "--region",
        "midden",
        "-o",
        str(path),
        "-q",
    ]
    assert run(made) == 0
    return Store.open(path)


def same(region: Store, names, engine, folder: Path) -> None:
    """Every cell: exact counts, sums to 1e-9."""
    plan = Plan(
        choose(names),
        Settings(2023, 2025, date(2025, 12, 31), education_classes="cbs"),
        levels=("gemeente",),
        by=("sex", "age", "education"),
        rolling=2,
    )
    areas = [region.path / "gebieden.parquet"]
    ours = compute(region, plan, folder / "a.result", judge=False, area_paths=areas)
    theirs = compute(region, plan, folder / "b.result", judge=False, area_paths=areas, engine=engine)
    one, other = (r.counts().collect().sort(KEY) for r in (ours, theirs))
    assert one.height == other.height > 50
    assert {"2023-2024", "2024-2025"} <= set(one["period"])
    for column in one.columns:
        if one[column].dtype == pl.Float64:
            assert one[column].is_null().equals(other[column].is_null()), column
            far = (one[column] - other[column]).abs() > 1e-9 * one[column].abs() + 1e-12
            assert not far.any(), column
        else:
            assert one[column].equals(other[column]), column


def test_postgres_gives_the_same_of_all(region, dsn, tmp_path):
    same(region, [], lambda _: Postgres(dsn), tmp_path)


def test_schools_and_words_that_are_no_words(make_store, dsn, tmp_path):
    """By hand: two children at one school, written in two ways, and one whose school is anything but a BRIN."""
    schools = {"a": "12AB", "b": " 12ab ", "c": 'De "Regen\\boog",\n\0 ĳ'}
    rows = [
        row
        for child, school in schools.items()
        for row in (
            (child, 20, "2016-03-01"),
            (child, 19, "1"),
            (child, 724, "2024-05-01", "2024-05-01"),
            (child, 1605, "01", "2024-05-01"),
            (child, 188, "04", "2024-05-01"),
            (child, 605, school),
        )
    ]
    settings = Settings(2024, 2024, date(2024, 12, 31), place="school")
    plan = Plan(choose(["BRUSH"]), settings, levels=("school",), by=())
    with Store.open(make_store(rows)) as store:
        made = compute(store, plan, tmp_path / "s.result", judge=False, engine=lambda _: Postgres(dsn))
    found = made.counts().filter(level="school").collect()
    assert dict(found.select("area", "n").iter_rows()) == {"12AB": 2, "school/onbekend": 1}


def test_what_postgres_refuses_is_told_without_a_value(dsn):
    with closing(Postgres(dsn)) as opened, pytest.raises(UsageError, match="22P02") as refused:
        opened.ask("select cast('GEHEIM' as integer)")
    assert "GEHEIM" not in f"{refused.value} {refused.value.remedy}"


@pytest.mark.slow
def test_postgres_gives_the_same_of_a_whole_region(large_region, dsn, tmp_path):
    same(large_region, [], lambda _: Postgres(dsn), tmp_path)


# Sockets to the JVM are closed by the garbage collector, which is no fault of the figures.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.slow
def test_spark_gives_the_same_of_all(region, absent, tmp_path):
    if find_spec("pyspark") is None or not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        absent("pyspark or Java is not installed (make engines installs pyspark)")
    same(region, [], Spark, tmp_path)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.slow
def test_spark_gives_the_same_of_a_whole_region(large_region, absent, tmp_path):
    if find_spec("pyspark") is None or not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        absent("pyspark or Java is not installed (make engines installs pyspark)")
    same(large_region, [], Spark, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_statement_needs_a_change_that_its_words_did_not_show(dialect, monkeypatch):
    sources = [v.sql.replace("$ELEMENTEN", "1") for v in features.views().values()]
    sources += [cells_sql(g, ("sex", "age")) for g in groups(load_all().values())]
    columns = {"groeitabel": ["a"], "lms_lengte": ["a"]}
    made = [translate(sql, dialect, columns) for sql in sources]
    monkeypatch.setattr(translation, "_CHANGES", dict.fromkeys(translation._CHANGES, ""))
    assert made == [translate(sql, dialect, columns) for sql in sources]


EACH = [pytest.param(d, marks=() if d in {"postgres", "tsql"} else pytest.mark.slow) for d in DIALECTS]


@pytest.mark.parametrize("dialect", EACH)
def test_every_statement_is_sql_of_the_dialect(dialect):
    tables = features.lookup_tables(
        Settings(2024, 2024, date(2024, 12, 31)), [], {"groeitabel", "lms_lengte"}
    )
    columns = {name: table.column_names for name, table in tables.items()}
    for view in features.views().values():
        text = translate(view.sql.replace("$ELEMENTEN", "1, 2"), dialect, columns)
        sqlglot.parse_one(text, read=dialect)
        assert "SLEUTEL" not in text.upper()
    sqlglot.parse_one(translate(DSCORE, dialect), read=dialect)
    for group in groups(load_all().values()):
        sqlglot.parse_one(translate(cells_sql(group, ("sex", "age")), dialect), read=dialect)


def test_the_d_score_in_sql_is_that_of_its_definition():
    """The tables and the SQL against `dscore.score` and `dscore.daz`, which are tested against the published figures."""
    import duckdb
    import numpy as np

    draw = np.random.default_rng(5)
    many = len(dscore.difficulties())
    rows = []
    for child in range(40):
        day, sex, weeks = int(draw.integers(60, 800)), "MV"[child % 2], float(draw.choice([28.0, 36.0, 40.0]))
        rows += [
            (child, date(2024, 1, 1), int(item), day, sex, weeks, int(draw.integers(0, 2)))
            for item in sorted(draw.choice(many, 7, replace=False))
        ]
    connection = duckdb.connect()
    connection.execute(
        "create table vwo_item (kind bigint, datum date, item int, dag bigint, sex varchar, weken double, voldaan int)"
    )
    connection.executemany("insert into vwo_item values (?, ?, ?, ?, ?, ?, ?)", rows)
    expected = dscore.table(connection).to_pylist()
    for name, table in dscore_tables().items():
        connection.register(name, table)
    found = connection.sql(f"select kind, d, daz, items from ({DSCORE}) order by kind").fetchall()
    assert len(found) == len(expected) == 40
    for (kind, d, z, items), row in zip(found, expected, strict=True):
        assert (kind, items) == (row["kind"], row["items"])
        assert d == pytest.approx(row["d"], rel=1e-12)
        assert (z is None) == (row["daz"] is None)
        assert z is None or z == pytest.approx(row["daz"], rel=1e-9)


def test_the_script_counts_what_compute_counts(region, bds, tmp_path, monkeypatch):
    """The DuckDB script over the Parquet files of a store: n and x of the whole region."""
    import duckdb

    assert (
        bds(
            "indicator",
            "sql",
            "--dialect",
            "duckdb",
            "--year",
            "2025",
            "-i",
            "BRUSH",
            "-i",
            "OW",
            "-i",
            "BF-BIRTH",
            "-o",
            tmp_path / "uit",
        ).code
        == 0
    )
    monkeypatch.chdir(tmp_path / "uit")
    connection = duckdb.connect()
    for name in ("registraties", "bronnen"):
        connection.execute(f"create view {name} as select * from read_parquet('{region.files(name)[0]}')")
    for statement in (tmp_path / "uit" / "script.sql").read_text().split(";\n"):
        connection.execute(statement)
    plan = Plan(
        choose(["BRUSH", "OW", "BF-BIRTH"]), Settings(2025, 2025, date(2025, 12, 31)), levels=(), by=()
    )
    result = compute(region, plan, tmp_path / "c.result", judge=False, objections=True)
    for row in result.counts().filter(pl.col("level") == "land").collect().iter_rows(named=True):
        for what in "nx":
            [(told,)] = connection.execute(
                "select sum(aantal) from tellingen where indicator = ? and wat = ?", [row["indicator"], what]
            ).fetchall()
            assert told == row[what], (row["indicator"], what)


@pytest.mark.parametrize("dialect", EACH)
def test_a_script_is_written_in_every_dialect(dialect, bds, tmp_path):
    done = bds(
        "indicator", "sql", "--dialect", dialect, "--year", "2025", "-i", "BRUSH", "-o", tmp_path / "uit"
    )
    assert done.code == 0, done.err
    assert (tmp_path / "uit" / "tabellen" / "codering.csv").read_text()
    head = (tmp_path / "uit" / "script.sql").read_text().split("\n\n")[0]
    assert ("nooit uitgevoerd" in head) == (dialect not in {"duckdb", "spark", "postgres"})


@pytest.mark.slow
def test_the_postgres_script_counts_what_compute_counts(region, bds, dsn, tmp_path, absent):
    """All indicators, as a user does it: the store's tables loaded, then `psql -f script.sql` in its folder."""
    if shutil.which("psql") is None:
        absent("psql is not installed (apt-get install postgresql-client)")
    assert (
        bds("indicator", "sql", "--dialect", "postgres", "--year", "2025", "-o", tmp_path / "uit").code == 0
    )
    kinds = {pl.String: "text", pl.Int32: "integer", pl.Int64: "bigint", pl.Date: "date"}
    lines = []
    for name in ("registraties", "bronnen"):
        frame = pl.read_parquet(region.files(name))
        frame.write_csv(tmp_path / "uit" / f"{name}.csv")
        fields = ", ".join(f'"{c}" {kinds.get(t.base_type(), "text")}' for c, t in frame.schema.items())
        lines += [f"create table {name} ({fields});", f"\\copy {name} from '{name}.csv' (format csv, header)"]
    (tmp_path / "uit" / "laden.sql").write_text("\n".join(lines))
    answer = "\\copy (select indicator, wat, sum(aantal) as aantal from tellingen group by 1, 2) to 'antwoord.csv' (format csv, header)"
    call = ["psql", dsn, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "set client_encoding = 'UTF8'"]
    made = [*call, "-f", "laden.sql", "-f", "script.sql", "-c", answer]
    done = subprocess.run(made, cwd=tmp_path / "uit", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers = pl.read_csv(tmp_path / "uit" / "antwoord.csv")
    told = {(i, what): n for i, what, n in answers.select("indicator", "wat", "aantal").iter_rows()}
    plan = Plan(choose([]), Settings(2025, 2025, date(2025, 12, 31)), levels=(), by=())
    result = compute(region, plan, tmp_path / "c.result", judge=False, objections=True)
    rows = list(result.counts().filter(level="land").collect().iter_rows(named=True))
    assert len(rows) > 50
    for row in rows:
        for what in "nx":
            assert (told.get((row["indicator"], what)) or 0) == (row[what] or 0), (row["indicator"], what)


def test_what_cannot_be_is_told(bds, tmp_path, region):
    out = tmp_path / "uit.result"
    assert bds("indicator", "compute", region.path, "--engine", "postgres", "-o", out).code == 2
    done = bds("indicator", "compute", region.path, "--engine", "postgres", "--all-values", "-o", out)
    assert done.code == 2
    assert "--dsn" in done.err
    with pytest.raises(UsageError, match="wachtwoord"):
        Postgres("postgresql://bds:geheim@nergens/jgz")
    with pytest.raises(UsageError, match="wachtwoord"):
        Postgres("host=nergens password=geheim")


def test_a_cell_may_have_more_than_a_million_rows():
    """Elsewhere all children are counted at once: 1.2 million in one cell, of which all known and one in three counts."""
    import duckdb

    many = 1_200_000
    connection = duckdb.connect()
    connection.execute(f"""
        create table antwoorden as select i as kind, date '2024-05-01' as datum, i % 3 as waarde from range({many}) t(i);
        create table parameters as select date '2024-01-01' as van, date '2024-12-31' as peildatum;
        create table geenplaats as select -1 as onbekend;
        create table verhuisd (kind bigint, van date, tot date, gebied integer);
        create table thuis as select i as kind, 'M' as sex, null as education, null as origin, null as mother_age,
          1 as gebied, 1 as levering, 0 as lot from range({many}) t(i)""")
    conditions = {"p": "TRUE", "n": "waarde IS NOT NULL", "x": "waarde = 0"}
    group = Group("antwoorden", "datum", "", {"A": conditions}, {}, set(), apart=True)
    connection.execute(f"create table cel as {cells_sql(group, ('sex',))}")
    found = {
        name: connection.execute(f"select sum({sql}) from cel").fetchone()[0]
        for name, sql in unpacked(group).items()
    }
    assert found == {"p|A": many, "n|A": many, "x|A": many // 3}
