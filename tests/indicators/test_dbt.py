"""`bds indicator sql --as dbt`: the project counts what `compute` counts, and its tests see what is wrong.

The models are run here with Jinja, as dbt reads them; where dbt is installed, dbt itself builds the project.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
from datetime import date
from graphlib import TopologicalSorter

import jinja2
import polars as pl
import pytest
import yaml

from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.elsewhere.dbt import SOURCES
from bds_tool.indicators.elsewhere.translate import DIALECTS
from bds_tool.indicators.features import Settings
from bds_tool.indicators.run import compute
from bds_tool.store.store import Store

SAMPLE = [
    "BRUSH",
    "VAC-BMR2Y",
    "VAC-DKTP2",
    "SDQ-HIGH",
    "OW",
    "BF-BIRTH",
    "REACH-IN-CARE",
    "CONTACTS-P1",
    "HGT-Z",
]
YEAR = "2025"


@pytest.fixture(scope="module")
def region(tmp_path_factory) -> Store:
    from bds_tool.cli.main import run

    path = tmp_path_factory.mktemp("regio") / "regio.bds"
    assert run(["generate", "--children", "60", "--seed", "3", "--bds", "4.1.3", "-o", str(path), "-q"]) == 0
    return Store.open(path)


def project(bds, out, names=SAMPLE, dialect="duckdb"):
    chosen = [word for name in names for word in ("-i", name)]
    done = bds(
        "indicator", "sql", "--as", "dbt", "--dialect", dialect, "--year", YEAR, *chosen, "-o", out, "--force"
    )
    assert done.code == 0, done.err
    return out


def references(text: str) -> set[str]:
    return set(re.findall(r"\{\{ ref\('(\w+)'\) \}\}", text))


def rendered(text: str) -> str:
    """What dbt makes of a file: `ref` and `source` are the names of tables."""
    return jinja2.Template(text, undefined=jinja2.StrictUndefined).render(
        ref=lambda name: f'"{name}"', source=lambda _, name: f'"{name}"'
    )


def built(folder, store):
    """Every seed and model as a table of DuckDB, in the order of their references."""
    import duckdb

    connection = duckdb.connect()
    for name in SOURCES:
        connection.execute(f"create view {name} as select * from read_parquet('{store.files(name)[0]}')")
    types = yaml.safe_load((folder / "seeds" / "tabellen.yml").read_text())["seeds"]
    seeds = {s["name"]: s["config"]["column_types"] for s in types}
    assert {p.stem for p in (folder / "seeds").glob("*.csv")} == set(seeds)
    for name, columns in seeds.items():
        fields = ", ".join(f"{column} {type_}" for column, type_ in columns.items())
        connection.execute(f"create table {name} ({fields})")
        connection.execute(f"copy {name} from '{folder / 'seeds' / name}.csv' (header)")
    models = {p.stem: p.read_text() for p in (folder / "models").glob("*.sql")}
    needs = {name: references(sql) for name, sql in models.items()}
    for name in TopologicalSorter(needs).static_order():
        assert name in models or name in seeds, name
        if name in models:
            connection.execute(f'create table "{name}" as {rendered(models[name])}')
    return connection


def counted(region, names, folder):
    """(indicator, what) → number, as `bds indicator compute` gives it for the whole."""
    plan = Plan(choose(names), Settings(2025, 2025, date(2025, 12, 31)), levels=(), by=())
    result = compute(region, plan, folder / "c.result", judge=False, objections=True)
    rows = result.counts().filter(pl.col("level") == "land").collect().iter_rows(named=True)
    return {(row["indicator"], what): row[what] or 0 for row in rows for what in "nx"}


TOTALS = "select indicator, wat, sum(aantal) from tellingen where wat in ('n', 'x') group by all"


def test_the_models_count_what_compute_counts(region, bds, tmp_path):
    folder = project(bds, tmp_path / "dbt")
    connection = built(folder, region)
    found = {(i, w): int(n) for i, w, n in connection.execute(TOTALS).fetchall()}
    expected = counted(region, SAMPLE, tmp_path)
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}
    assert sum(v > 0 for v in expected.values()) > 6
    tests = {p.stem: rendered(p.read_text()) for p in (folder / "tests").glob("*.sql")}

    def failing() -> set[str]:
        return {name for name, sql in tests.items() if connection.execute(sql).fetchall()}

    assert failing() == set()
    # Each planted fault is seen by the test of its kind.
    for fault, seen in {
        "insert into tellingen select * from tellingen where wat = 'n' limit 1": "een_rij_per_cel",
        "update tellingen set aantal = aantal + 1000000 where wat = 'x' and indicator = 'BRUSH'": "teller_binnen_noemer",
        "update tellingen set aantal = -1 where wat = 'n'": "niets_onder_nul",
        "delete from groeitabel where dag = 100": "tabellen_heel",
    }.items():
        connection.execute("begin")
        connection.execute(fault)
        assert seen in failing()
        connection.execute("rollback")


def test_what_the_project_says_of_columns_is_there(region, bds, tmp_path):
    """The generic tests, worked out by hand: columns exist, are unique and filled, words are among those named."""
    folder = project(bds, tmp_path / "dbt", ["BRUSH", "OW"])
    connection = built(folder, region)
    told = yaml.safe_load((folder / "models" / "modellen.yml").read_text())["models"]
    asked = 0
    for model in told:
        for column in model["columns"]:
            values = [
                v for (v,) in connection.execute(f"select {column['name']} from {model['name']}").fetchall()
            ]
            assert values
            for test in column["data_tests"]:
                asked += 1
                if test == "not_null":
                    assert None not in values
                elif test == "unique":
                    assert len(set(values)) == len(values)
                else:
                    assert set(values) <= set(test["accepted_values"]["arguments"]["values"])
    assert asked >= 8


@pytest.mark.parametrize("dialect", [d for d in DIALECTS if d != "duckdb"])
def test_a_project_is_whole_in_every_dialect(dialect, bds, tmp_path):
    """Every reference has a file, no name of this program's own is left, and YAML and CSV can be read."""
    folder = project(bds, tmp_path / "dbt", ["BRUSH", "VAC-BMR2Y"], dialect)
    names = {p.stem for kind in ("models/*.sql", "seeds/*.csv") for p in folder.glob(kind)}
    for file in [*folder.glob("models/*.sql"), *folder.glob("tests/*.sql")]:
        text = file.read_text()
        assert references(text) <= names, file
        assert "bds__ref__" not in text
        assert "pg_temp" not in text
    for file in folder.rglob("*.yml"):
        assert yaml.safe_load(file.read_text())
    for file in folder.glob("seeds/*.csv"):
        with file.open(encoding="utf-8", newline="") as opened:
            assert len({len(row) for row in csv.reader(opened)}) == 1
    assert "wachtwoord" not in (folder / "profiles.yml").read_text().lower()
    if dialect == "postgres":
        assert (
            "create or replace function {{ target.schema }}.bds_date"
            in (folder / "macros" / "bds_functies.sql").read_text()
        )


@pytest.mark.slow
def test_dbt_builds_the_project_of_all(region, bds, program, tmp_path):
    """`dbt build` with dbt-duckdb: all models and tests pass, and all indicators are those of `compute`."""
    import duckdb

    dbt = program("dbt", package="pip install dbt-duckdb")
    folder = project(bds, tmp_path / "dbt", [])
    done = subprocess.run(
        [dbt, "build"],
        cwd=folder,
        env={**os.environ, "BDS_STORE": str(region.path), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    connection = duckdb.connect(str(folder / "bds.duckdb"), read_only=True)
    found = {(i, w): int(n) for i, w, n in connection.execute(TOTALS).fetchall()}
    expected = counted(region, [], tmp_path)
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}
