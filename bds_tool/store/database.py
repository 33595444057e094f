"""The one place that opens DuckDB, and the one that puts names, texts and numbers into SQL.

A connection sees the files it was opened for and nothing else: no other file, no network, no extension; its
configuration cannot be changed afterwards. What comes from files and settings reaches SQL through `name`, `text`,
`fill` and `expression` only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t

if TYPE_CHECKING:
    import duckdb

#: How much memory, as people write it.
_MEMORY = re.compile(r"\s*(\d{1,9}(?:\.\d{1,3})?)\s*([KMGT]i?B|[KMGT])\s*", re.IGNORECASE | re.ASCII)
#: What an expression of a definition may be built of: classes of DuckDB's own tree.
_CLASSES = frozenset(
    {
        "CASE",
        "CAST",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "OPERATOR",
        "BETWEEN",
        "TYPE",
    }
)
#: The functions among them: of numbers, texts and dates, that give the same for the same values.
FUNCTIONS = frozenset(
    [
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "**",
        "^",
        "||",
        "&",
        "|",
        "<<",
        ">>",
        "~",
        "!",
        "not",
        "abs",
        "ceil",
        "ceiling",
        "floor",
        "round",
        "trunc",
        "sign",
        "sqrt",
        "ln",
        "log",
        "log2",
        "log10",
        "exp",
        "pow",
        "power",
        "mod",
        "greatest",
        "least",
        "isnan",
        "coalesce",
        "nullif",
        "ifnull",
        "if",
        "lower",
        "upper",
        "trim",
        "ltrim",
        "rtrim",
        "length",
        "left",
        "right",
        "substr",
        "substring",
        "replace",
        "contains",
        "starts_with",
        "ends_with",
        "prefix",
        "suffix",
        "concat",
        "regexp_matches",
        "~~",
        "!~~",
        "~~*",
        "!~~*",
        "like_escape",
        "not_like_escape",
        "list_contains",
        "list_value",
        "year",
        "month",
        "day",
        "quarter",
        "week",
        "isodow",
        "dayofweek",
        "dayofyear",
        "date_diff",
        "datediff",
        "date_part",
        "datepart",
        "date_trunc",
        "datetrunc",
        "date_add",
        "make_date",
        "last_day",
        "age",
        "to_days",
        "to_weeks",
        "to_months",
        "to_years",
        "hash",
    ]
)
TYPES = frozenset(
    [
        "boolean",
        "bool",
        "tinyint",
        "smallint",
        "integer",
        "int",
        "int4",
        "bigint",
        "hugeint",
        "float",
        "real",
        "double",
        "decimal",
        "numeric",
        "varchar",
        "text",
        "string",
        "date",
        "timestamp",
        "interval",
    ]
)
#: Longer than any condition that a person writes.
_LONGEST = 4000


def connect(
    files: Iterable[Path] = (), *, spill: Path | None = None, memory: str = "", threads: int = 0
) -> duckdb.DuckDBPyConnection:
    """A connection in memory that reads only `files` and may use the folder `spill` for what does not fit in `memory`.

    Raises UsageError for an amount of memory that is none.
    """
    import duckdb

    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
    }
    if threads:
        config["threads"] = threads
    if memory:
        config["memory_limit"] = amount(memory)
    if spill is not None:
        config |= {"temp_directory": str(spill), "preserve_insertion_order": False}
    try:
        connection = duckdb.connect(config=config)
    except duckdb.Error as error:
        raise _no_amount(memory) from error
    paths = ", ".join(text(str(p.resolve())) for p in files)
    folders = text(str(spill.resolve())) if spill is not None else ""
    for statement in (
        "set enable_progress_bar = false",  # it would draw on the output of the command
        f"set allowed_paths = [{paths}]",
        f"set allowed_directories = [{folders}]",
        "set enable_external_access = false",
        "set lock_configuration = true",
    ):
        connection.execute(statement)
    return connection


def amount(memory: str) -> str:
    """An amount of memory. Raises UsageError for anything else."""
    found = _MEMORY.fullmatch(memory)
    if not found:
        raise _no_amount(memory)
    return found[1] + (found[2] if found[2][-1] in "Bb" else found[2] + "B")


def _no_amount(memory: str) -> UsageError:
    return UsageError(
        t(f"--memory {memory} is geen hoeveelheid.", f"--memory {memory} is no amount."),
        t("Schrijf bijvoorbeeld 2GB.", "Write for example 2GB."),
    )


def name(word: str) -> str:
    """A name of a column or table, quoted."""
    return '"' + word.replace('"', '""').replace("\0", "") + '"'


def text(word: str) -> str:
    """A text, quoted."""
    return "'" + word.replace("'", "''").replace("\0", "") + "'"


#: What a part of a statement is made of, as far as it can end or hide what stands around it.
_PARTS = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*\n|/\*.*?\*/|--|/\*|\*/|['\";()\[\]{}]", re.DOTALL
)
_CLOSES = {")": "(", "]": "[", "}": "{"}


def fill(template: str, **parts: str | int) -> str:
    """A statement, or a part of one, with `parts` in the places `{name}` of a fixed text.

    Every part must be whole: it closes what it opens, ends no statement and leaves no comment or quote open. Raises
    ValueError otherwise: what comes from files and settings goes through `name`, `text` and `expression` first.
    """
    for key, part in parts.items():
        if isinstance(part, str) and not _is_whole(part):
            raise ValueError(f"{key} is no part of a statement")
    return template.format(**parts)


def _is_whole(part: str) -> bool:
    opened: list[str] = []
    for found in _PARTS.finditer(part):
        sign = found[0]
        if sign in ("(", "[", "{"):
            opened.append(sign)
        elif sign in _CLOSES:
            if not opened or opened.pop() != _CLOSES[sign]:
                return False
        elif sign in (";", "'", '"', "--", "/*", "*/"):
            return False
    return not opened


def parquet(files: Path | Sequence[Path]) -> str:
    """The rows of a Parquet file, or of several of one table."""
    some = [files] if isinstance(files, Path) else files
    return f"read_parquet([{', '.join(text(str(path.resolve())) for path in some)}])"


def csv(path: Path) -> str:
    """The rows of a CSV with a header, all columns as text."""
    return f"read_csv({text(str(path.resolve()))}, all_varchar = true)"


def view(connection: duckdb.DuckDBPyConnection, called: str, files: Path | Sequence[Path]) -> None:
    """The rows of a Parquet file, or of several, under a name."""
    connection.execute(f"create view {name(called)} as select * from {parquet(files)}")


def sort_file(
    connection: duckdb.DuckDBPyConnection,
    files: Path | Sequence[Path],
    target: Path,
    columns: Iterable[str],
    by: str,
) -> None:
    """Some columns of a Parquet file (or several), sorted, as another; both must be among what the connection was opened for."""
    wanted = ", ".join(map(name, columns))
    connection.execute(
        f"copy (select {wanted} from {parquet(files)} order by {name(by)}) to {text(str(target.resolve()))} (format parquet)"
    )


def expression(sql: str) -> str:
    """What is wrong with an expression of a definition; empty when it is one: of columns, values and `FUNCTIONS`.

    It is not bound here: whether its columns are there is seen by who has the tables.
    """
    if len(sql) > _LONGEST:
        return t(f"langer dan {_LONGEST} tekens", f"longer than {_LONGEST} characters")
    if not sql.translate({9: 32, 10: 32, 13: 32}).isprintable():
        return t("met onzichtbare tekens", "with characters that cannot be seen")
    # In brackets it must be one too: else it could close them and go on as something else, or hide what follows.
    plain, inside = _tree(f"SELECT {sql}"), _tree(f"SELECT ({sql})")
    if plain is None or inside is None:
        return t("is geen expressie", "is no expression")
    for tree in (plain, inside):
        if not _one_value(tree):
            return t("is meer dan één expressie", "is more than one expression")
    return next(_forbidden(plain["select_list"]), "")


def _tree(sql: str) -> dict[str, Any] | None:
    """The tree of one SELECT; None for what is no SQL, or more or other statements."""
    import duckdb

    try:
        found = _parser().execute("select json_serialize_sql(?::varchar)", [sql]).fetchone()
    except duckdb.Error:
        return None
    try:
        tree = json.loads(found[0]) if found else {}
    except RecursionError:
        return None
    statements = tree.get("statements", [])
    if tree.get("error") or len(statements) != 1:
        return None
    return dict(statements[0]["node"])


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return connect(threads=1)


def _one_value(node: dict[str, Any]) -> bool:
    """A SELECT of one value and nothing else: no table, condition, group, name for it, or second part."""
    return (
        node.get("type") == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and not node["select_list"][0].get("alias")
        and (node.get("from_table") or {}).get("type") == "EMPTY"
        and not any(node.get(key) for key in ("modifiers", "where_clause", "group_expressions", "group_sets"))
        and not any(node.get(key) for key in ("having", "sample", "qualify"))
        and not (node.get("cte_map") or {}).get("map")
    )


def _forbidden(node: Any) -> Iterator[str]:  # noqa: ANN401
    """What an expression may not hold."""
    if isinstance(node, list):
        for part in node:
            yield from _forbidden(part)
    if not isinstance(node, dict):
        return
    kind = node.get("class")
    if kind is not None and kind not in _CLASSES:
        word = str(kind).lower()
        yield t(f"mag geen {word} bevatten", f"may not hold a {word}")
    if kind == "FUNCTION" and str(node.get("function_name")).lower() not in FUNCTIONS:
        word = re.sub(r"\W", "", str(node.get("function_name")))[:40]
        yield t(f"functie {word} is hier niet toegestaan", f"function {word} is not allowed here")
    if kind == "TYPE" and str(node.get("type_name")).lower() not in TYPES:
        yield t("soort van een waarde is hier niet toegestaan", "type of a value is not allowed here")
    if kind == "FUNCTION" and (node.get("schema") or node.get("catalog")):
        yield t("een functie staat zonder schema", "a function stands without a schema")
    for part in node.values():
        yield from _forbidden(part)
