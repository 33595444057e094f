"""The same counts as a dbt project: tables as seeds, views and cells as models, and tests of what must hold.

A project is plain files; dbt itself is not needed to write one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bds_tool import __version__
from bds_tool.base.files import atomic_dir
from bds_tool.base.json_types import JsonObject
from bds_tool.base.names import child
from bds_tool.indicators.elsewhere.counting import AREAS, about, counting, csv, kind, transpiled
from bds_tool.indicators.elsewhere.engines import HELPERS
from bds_tool.indicators.elsewhere.translate import translate
from bds_tool.store import database

if TYPE_CHECKING:
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.elsewhere.counting import Counting

#: Tables of a store, which are there already.
SOURCES = ("registraties", "bronnen")
#: What stands for a table until the SQL is that of the dialect; then it is a reference of dbt.
_MARK = "bds__ref__"
#: In dbt helpers belong to the schema of the target; those of a script are gone with its session.
_SCHEMA = "{{ target.schema }}"
#: Settings of a connection per dialect: what a user fills comes from the environment, a password always.
_PROFILES: dict[str, JsonObject] = {
    "duckdb": {"type": "duckdb", "path": "bds.duckdb", "threads": 2},
    "postgres": {
        "type": "postgres",
        "host": "{{ env_var('PGHOST') }}",
        "port": "{{ env_var('PGPORT', '5432') | int }}",
        "user": "{{ env_var('PGUSER') }}",
        "password": "{{ env_var('PGPASSWORD', '') }}",
        "dbname": "{{ env_var('PGDATABASE') }}",
        "schema": "bds",
        "threads": 2,
    },
}
#: Queries that give a row where something is wrong.
_TESTS = {
    "een_rij_per_cel": """-- Elk aantal staat er één keer.
select {key} from {{{{ ref('tellingen') }}}} group by {key} having count(*) > 1
""",
    "teller_binnen_noemer": """-- De teller van een aandeel is een deel van de noemer, en bekend met het nieuwe element ook.
select {key_x} from {{{{ ref('tellingen') }}}} as x left join {{{{ ref('tellingen') }}}} as n
  on {join} and n.wat = 'n'
where x.aantal > coalesce(n.aantal, 0) and (x.wat = 'b' or (x.wat = 'x' and x.indicator not in ({rates})))
""",
    "niets_onder_nul": """-- Aantallen zijn nul of meer; alleen een som van een z-score kan eronder liggen.
select * from {{{{ ref('tellingen') }}}} where aantal < 0 and wat <> 's'
""",
}


def write(plan: Plan, dialect: str, out: Path, *, replace: bool = False) -> int:
    """Write the project to a folder; gives the number of models. `dbt build` there leaves the table `tellingen`."""
    counted = counting(plan)
    models = _models(counted, dialect)
    with atomic_dir(out, replace=replace) as folder:
        for name in ("seeds", "models", "tests", "macros"):
            (folder / name).mkdir()
        for name, table in counted.tables.items():
            child(folder / "seeds", name, ".csv").write_text(csv(table), encoding="utf-8")
        for name in counted.areas:
            child(folder / "seeds", name, ".csv").write_text(",".join(AREAS[name]) + "\n", encoding="utf-8")
        for name, sql in models.items():
            child(folder / "models", name, ".sql").write_text(sql.strip() + "\n", encoding="utf-8")
        for name, sql in _tests(plan, counted).items():
            child(folder / "tests", name, ".sql").write_text(sql, encoding="utf-8")
        if dialect == "postgres":
            (folder / "macros" / "bds_functies.sql").write_text(_functions(), encoding="utf-8")
        _yaml(folder / "dbt_project.yml", _project(dialect))
        _yaml(folder / "profiles.yml", {"bds": {"target": "eigen", "outputs": {"eigen": _profile(dialect)}}})
        _yaml(folder / "seeds" / "tabellen.yml", _seeds(counted, dialect))
        _yaml(folder / "models" / "bronnen.yml", _sources(dialect))
        _yaml(folder / "models" / "modellen.yml", _told(plan))
        (folder / "LEES-MIJ.md").write_text(_page(plan, dialect), encoding="utf-8")
    return len(models)


def _models(counted: Counting, dialect: str) -> dict[str, str]:
    """Name → SQL with the references of dbt in place of tables."""
    names = {
        *SOURCES,
        *counted.tables,
        *counted.areas,
        *(name for name, _ in [*counted.made, *counted.cells]),
    }
    columns = {_MARK + name: fields for name, fields in counted.columns.items()}
    found = {
        name: _linked(translate(_marked(sql, names), dialect, columns))
        for name, sql in [*counted.made, *counted.cells]
    }
    found["tellingen"] = "\nunion all\n".join(
        _linked(transpiled(_marked(sql, names), dialect)) for sql in counted.totals
    )
    return found


def _marked(sql: str, names: set[str]) -> str:
    """The statement with a mark before each name of a table; what a WITH calls so is left."""
    from sqlglot import exp, parse_one

    tree = parse_one(sql, read="duckdb")
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if table.name in names - own:
            if not table.alias:  # columns are still called by it
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("this", exp.to_identifier(_MARK + table.name))
    return str(tree.sql(dialect="duckdb"))


def _linked(sql: str) -> str:
    def link(match: re.Match[str]) -> str:
        name = match[1]
        return f"{{{{ source('bds', '{name}') }}}}" if name in SOURCES else f"{{{{ ref('{name}') }}}}"

    return re.sub(rf"\b{_MARK}(\w+)", link, sql).replace("pg_temp.", f"{_SCHEMA}.")


def _tests(plan: Plan, counted: Counting) -> dict[str, str]:
    key = ["indicator", "gebied", "jaar", *plan.by, "wat"]
    rates = [database.text(i.id) for i in plan.indicators if i.kind == "tarief"] or ["''"]
    told = {
        "key": ", ".join(key),
        "key_x": ", ".join(f"x.{k}" for k in key),
        "join": " and ".join(f"x.{k} is not distinct from n.{k}" for k in key[:-1]),
        "rates": ", ".join(rates),
    }
    found = {name: database.fill(sql, **told) for name, sql in _TESTS.items()}
    rows = "\nunion all\n".join(
        database.fill(
            "select {word} as tabel from {{{{ ref({word}) }}}} having count(*) <> {many}",
            word=database.text(name),
            many=table.num_rows,
        )
        for name, table in sorted(counted.tables.items())
    )
    return found | {"tabellen_heel": f"-- Elke tabel die meekwam, heeft al haar rijen.\n{rows}\n"}


def _functions() -> str:
    made = (
        helper.replace("create function pg_temp.", f"create or replace function {_SCHEMA}.").strip()
        for helper in HELPERS
    )
    return "{% macro bds_functies() %}\n" + ";\n".join(made) + ";\n{% endmacro %}\n"


def _project(dialect: str) -> JsonObject:
    told: JsonObject = {
        "name": "bds",
        "version": __version__,
        "config-version": 2,
        "profile": "bds",
        "models": {"bds": {"+materialized": "table"}},
        "flags": {"send_anonymous_usage_stats": False},
    }
    if dialect == "postgres":
        told["on-run-start"] = ["{{ bds_functies() }}"]
    return told


def _profile(dialect: str) -> JsonObject:
    return _PROFILES.get(dialect, {"type": {"tsql": "sqlserver"}.get(dialect, dialect)})


def _seeds(counted: Counting, dialect: str) -> JsonObject:
    fields = {
        name: {f.name: kind(f.type) for f in table.schema} for name, table in sorted(counted.tables.items())
    }
    fields |= {name: AREAS[name] for name in counted.areas}
    return {
        "version": 2,
        "seeds": [
            {
                "name": name,
                "config": {"column_types": {c: _type(type_, dialect) for c, type_ in columns.items()}},
            }
            for name, columns in fields.items()
        ],
    }


def _type(type_: str, dialect: str) -> str:
    return (
        transpiled(database.fill("create table x (y {type})", type=type_), dialect)
        .rpartition("(y ")[2]
        .removesuffix(")")
    )


def _sources(dialect: str) -> JsonObject:
    """Where the tables of the store are: for DuckDB the Parquet files of the folder in BDS_STORE."""
    place: JsonObject = {"schema": "{{ env_var('BDS_SCHEMA', target.schema) }}"}
    if dialect == "duckdb":
        place = {"config": {"meta": {"external_location": "{{ env_var('BDS_STORE') }}/{name}.parquet"}}}
    return {
        "version": 2,
        "sources": [
            {
                "name": "bds",
                **place,
                "tables": [
                    {
                        "name": "registraties",
                        "columns": [{"name": "dossier_id", "data_tests": ["not_null"]}],
                    },
                    {"name": "bronnen", "columns": [{"name": "bron", "data_tests": ["not_null", "unique"]}]},
                ],
            }
        ],
    }


def _told(plan: Plan) -> JsonObject:
    names = [i.id for i in plan.indicators]

    def among(values: list[str]) -> JsonObject:
        return {"accepted_values": {"arguments": {"values": values}}}

    return {
        "version": 2,
        "models": [
            {"name": "kind", "columns": [{"name": "kind", "data_tests": ["not_null", "unique"]}]},
            {"name": "thuis", "columns": [{"name": "kind", "data_tests": ["not_null", "unique"]}]},
            {
                "name": "tellingen",
                "description": "Onbeveiligde tellingen: niet publiceren zonder bds protect.",
                "columns": [
                    {"name": "indicator", "data_tests": ["not_null", among(names)]},
                    {"name": "wat", "data_tests": ["not_null", among(list("pnxbsqu"))]},
                    {"name": "jaar", "data_tests": ["not_null"]},
                ],
            },
        ],
    }


def _page(plan: Plan, dialect: str) -> str:
    store = "BDS_STORE=pad/naar/NAAM.bds " if dialect == "duckdb" else ""
    where = {
        "duckdb": "BDS_STORE is een gegevensmap van één levering; een map van meer leveringen zet bds convert eerst om.",
        "postgres": "Registraties en bronnen staan in het schema BDS_SCHEMA (zonder: bds) van de databank.",
    }.get(dialect, "Vul profiles.yml aan voor uw databank, en zet registraties en bronnen in BDS_SCHEMA.")
    lines = "\n".join(f"- {line}" for line in [where, *about(plan, dialect)])
    return f"""# Indicatoren van bds {__version__} als dbt-project ({dialect})

```
pip install dbt-{_profile(dialect)["type"]}
{store}dbt build
```

{lines}
"""


def _yaml(path: Path, told: JsonObject) -> None:
    path.write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8")
