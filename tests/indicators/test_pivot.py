"""The pivot views made from arrays equal their own SQL, on random rows with everything that rows can lack."""

import random
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest

from bds_tool.indicators import features
from bds_tool.indicators.chunks import COLUMNS
from bds_tool.indicators.pivot import Rows, parse

PIVOTS = {name: pivot for name, view in features.views().items() if (pivot := parse(view.sql))}


def registraties(seed: int, *, organisations: int, scattered: bool) -> list[tuple]:
    chance = random.Random(seed)
    numbers = sorted({n for p in PIVOTS.values() for n in p.elements} | {188, 1670, 4})
    words = [
        "1",
        "2",
        "true",
        "false",
        "01",
        "09",
        "0210",
        "M",
        "UN",
        "REGULAR",
        "",
        "é",
        "zz",
        "2020-03-01",
        "250",
    ]
    words += ["299.5", "3001", "1e3", " 500", "abc", "99", "100", "-5"]
    rows = []
    for child in range(60):
        activities = [None, *(f"{'x' if scattered else child}|{n}" for n in range(4))]
        for _ in range(chance.randint(1, 60)):
            day = date(2020, 1, 1) + timedelta(chance.randint(-90000, 900)) if chance.random() < 0.8 else None
            rows.append(
                (
                    f"k{child}",
                    chance.choice(activities),
                    day,
                    chance.choice(numbers) if chance.random() < 0.97 else None,
                    chance.choice([1, 1, 1, 2, 1001]),
                    chance.choice(words) if chance.random() < 0.95 else None,
                    chance.randint(1, organisations),
                )
            )
    return rows


def plain(table: pa.Table) -> list[tuple]:
    """Rows without the keys, which each side numbers in its own way; sorted."""
    names = [n for n in table.column_names if n not in {"kind", "act"}]
    return sorted(zip(*(table[n].to_pylist() for n in names), strict=True), key=repr)


@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize(("organisations", "scattered"), [(1, False), (3, True)])
def test_arrays_give_what_the_sql_says(organisations, scattered, dictionary):
    rows = registraties(7 * organisations + dictionary, organisations=organisations, scattered=scattered)
    word = pa.dictionary(pa.int32(), pa.string()) if dictionary else pa.string()
    types = (word, word, pa.date32(), pa.int32(), pa.int32(), word, pa.int32())
    table = pa.table(
        {n: pa.array(list(c), t) for n, c, t in zip(COLUMNS, zip(*rows, strict=True), types, strict=True)}
    )
    names = {1: "a", 2: "b", 3: "a"}
    connection = duckdb.connect(config={"threads": 1})
    connection.register("registraties", table)
    connection.execute(
        "create table bronnen as select * from (values (1, 'a'), (2, 'b'), (3, 'a')) as t(bron, organisatie)"
    )
    settings = features.Settings(2015, 2024, date(2024, 12, 31))
    concepts = [r["begrip"] for r in features.rows("codering.csv") if r["begrip"]]
    features.install_lookups(connection, ["reg", *PIVOTS], settings, concepts)
    made = Rows(table, names, connection.sql("select * from codering").to_arrow_table())
    features.make(connection, PIVOTS, concepts)
    for name, pivot in PIVOTS.items():
        sql = connection.sql(f"select * from {name}").to_arrow_table()
        ours = made.pivot(pivot)
        # which of two values of the same day is the latest, SQL leaves open
        latest = [c.name for c in pivot.columns if c.how == "max_by"]
        assert [ours[c].null_count for c in latest] == [sql[c].null_count for c in latest]
        ours, sql = ours.drop_columns(latest), sql.drop_columns(latest)
        assert ours.column_names == sql.column_names
        assert len(sql) > 30
        assert plain(ours) == plain(sql), name
    every = features.elements(features.needed(PIVOTS), concepts)
    assert plain(made.reg(every)) == plain(connection.sql("select * from reg").to_arrow_table())


def test_the_latest_value_wins_and_the_first_of_the_source_among_equals():
    day = [date(2020, 1, 2), date(2020, 1, 9), date(2020, 1, 9), None]
    table = pa.table(
        {
            "dossier_id": ["a"] * 4,
            "activiteit_id": pa.nulls(4, pa.string()),
            "datum": pa.array(day, pa.date32()),
            "bdsnummer": pa.array([1197] * 4, pa.int32()),
            "volgnr": pa.array([1] * 4, pa.int32()),
            "waarde": ["03", "01", "02", "09"],
            "bron": pa.array([1] * 4, pa.int32()),
        }
    )
    coding = features.lookup_tables(features.Settings(2020, 2020, date(2020, 12, 31)), [], {"codering"})[
        "codering"
    ]
    made = Rows(table, {1: ""}, coding).pivot(PIVOTS["kindwaarden"])
    assert made["status_zorg"].to_pylist() == ["01"]


def test_other_sql_is_no_pivot():
    assert parse(features.views()["kind"].sql) is None
    assert parse("SELECT kind, sum(waarde) AS a FROM reg WHERE bdsnummer IN (1) GROUP BY kind") is None
    assert len(PIVOTS) >= 6
