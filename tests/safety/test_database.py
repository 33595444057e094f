"""DuckDB is locked, and what definitions and options bring into SQL is an expression or an amount, nothing else."""

from __future__ import annotations

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bds_tool.base.errors import UsageError
from bds_tool.indicators.definitions import EXPRESSIONS, files, load_file
from bds_tool.indicators.template import TEMPLATE
from bds_tool.store import database

FORBIDDEN = [
    "TRUE); COPY (SELECT 1) TO '{out}' --", "TRUE; COPY (SELECT 1) TO '{out}'", "(SELECT content FROM read_text('{in}'))",
    "waarde IN (SELECT content FROM read_text('{in}'))", "EXISTS (FROM read_csv('{in}'))", "read_text('{in}')", "getenv('HOME')",
    "current_setting('home_directory')", "(SELECT 1)", "*", "COLUMNS(*)", "TRUE AS x", "TRUE, TRUE", "TRUE -- einde", "TRUE /* einde",
    "TRUE) OR (TRUE", "sum(leeftijd_mnd) > 1", "row_number() OVER () > 1", "nextval('x') > 1", "random() > 0.5", "? = 1",
    "query('SELECT 1')", "list_filter([1], x -> x > 0)", "repeat('x', 1000000000) = ''", "main.abs(1) > 0", "TRUE FROM registraties",
    "TRUE UNION SELECT FALSE", "TRUE WHERE FALSE", "TRUE LIMIT 1", "INSTALL httpfs", "ATTACH '{out}'", "", "'open", "((((",
    "TRUE\x00", "{'a': 1}.a = 1", "unnest([1]) = 1", "a" * 5000, "(" * 3000 + "1" + ")" * 3000,
]  # fmt: skip
ALLOWED = [
    "TRUE", "waarde = '04'", "waarde IN ('01', '02')", "waarde NOT IN ('01')", "abs(z_hoofd) > 2", "datum IS NOT NULL",
    "CASE WHEN kenmerk = 1660 THEN 1 ELSE 0 END", "moeder_geboren > geboren - to_years(20)", "coalesce(a, '') <> 'x'",
    "leeftijd_mnd BETWEEN 1 AND 2", "NOT vve", "waarde LIKE 'x%'", "datum - INTERVAL 3 MONTH < geboren", "a::DOUBLE > 1",
    "naam = 'x; COPY'", "naam = '-- geen commentaar'", "year(datum) = 2024", "a = 1 OR (b = 2 AND NOT c)",
]  # fmt: skip


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_what_is_no_expression_is_told(sql):
    assert database.expression(sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_expressions_of_columns_and_values_are_fine(sql):
    assert database.expression(sql) == ""


def test_all_shipped_definitions_are_expressions():
    found = {str(d[key]) for path in files() for d in load_file(path) for key in EXPRESSIONS if key in d}
    assert len(found) > 100
    assert {sql: wrong for sql in found if (wrong := database.expression(sql))} == {}


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_judged(text):
    database.expression(text)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_texts_and_names_stay_what_they_are(word):
    plain = word.replace("\0", "")
    if plain.encode("utf-8", "ignore").decode() != plain:
        return
    assert CONNECTION.execute(f"select {database.text(word)}").fetchone() == (plain,)
    if plain:
        assert CONNECTION.sql(f"select 1 as {database.name(word)}").columns == [plain]


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("teller", "check"),
        ("datum", "check"),
        ("tijdperk", "test KWAAD"),
        ("noemer", "compute"),
        ("waarde", "list"),
    ],
)
def test_a_hostile_definition_does_nothing(key, command, tmp_path, bds):
    secret, out, folder = tmp_path / "geheim.txt", tmp_path / "uit.csv", tmp_path / "eigen"
    secret.write_text("GEHEIM")
    folder.mkdir()
    definition = yaml.safe_load(TEMPLATE.replace("MIJN-INDICATOR", "KWAAD"))
    definition[0][key] = FORBIDDEN[0].format(**{"out": out, "in": secret})
    definition.append(dict(definition[0]) | {"id": "KWAAD2", key: FORBIDDEN[3].format(**{"in": secret})})
    (folder / "k.yaml").write_text(yaml.safe_dump(definition))
    before = sorted(p.name for p in tmp_path.iterdir())
    if command == "compute":
        told = bds("indicator", "compute", secret, "-o", tmp_path / "x.result", "--indicators", folder)
    else:
        told = bds("indicator", *command.split(), "--indicators", folder)
    assert told.code in {2, 3} or command == "check"
    assert told.code, "it is told"
    assert "GEHEIM" not in told.out + told.err
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    if command == "check":
        assert f"k.yaml: KWAAD: {key}: " in told.out + told.err


CONNECTION = database.connect(threads=1)
ATTACKS = [
    "select * from read_text('{other}')", "select * from read_csv('{other}')", "select * from glob('/*')",
    "copy (select 1) to '{folder}/uit.csv'", "attach '{folder}/x.db'", "install httpfs", "load httpfs",
    "set enable_external_access = true", "set memory_limit = '1TB'", "set lock_configuration = false", "export database '{folder}/x'",
    "select * from read_parquet('https://example.org/x.parquet')", "select * from geheim", "pragma enable_profiling = 'json'",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_connection_is_locked(attack, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("a\n1\n")
    geheim = [1]
    with database.connect(spill=tmp_path / "spill") as connection, pytest.raises(duckdb.Error):
        connection.execute(attack.format(other=other, folder=tmp_path))
    assert geheim == [1]
    assert {p.name for p in tmp_path.iterdir()} <= {"other.csv", "spill"}


@pytest.mark.parametrize(
    "memory", ["1GB'; COPY (select 1) TO 'x", "", " ", "2", "GB", "-1GB", "1e9GB", "1GB 1GB", "１GB"]
)
def test_an_amount_of_memory_is_an_amount(memory):
    with pytest.raises(UsageError):
        database.amount(memory)


@pytest.mark.parametrize("memory", ["2GB", "512MB", "1.5 GiB", "2g"])
def test_amounts_are_taken(memory):
    with database.connect(memory=memory) as connection:
        assert connection.execute("select current_setting('memory_limit')").fetchone()


@pytest.mark.parametrize(
    "part",
    ["1); drop table x", "'open", '"open', "1 -- x", "a)", "(", ";", "/* x", "x */", "1 --", "a]", "'a' 'b"],
)
def test_a_part_that_is_not_whole_is_no_part(part):
    with pytest.raises(ValueError, match="no part"):
        database.fill("select {a}", a=part)


@pytest.mark.parametrize(
    "part",
    ["x", "a in ('b;--', 'c''d')", '"a""b;" = 1', "f(a, [1, 2])", "1 /* een */ + 2", "1 -- een\n + 2", 7],
)
def test_a_whole_part_is_filled_in(part):
    assert database.fill("select {a} as {{b}}", a=part) == f"select {part} as {{b}}"


@settings(deadline=None)
@given(st.text(max_size=40))
def test_a_text_or_name_is_a_whole_part(word):
    assert database.fill("{a}{b}", a=database.text(word), b=database.name(word))
