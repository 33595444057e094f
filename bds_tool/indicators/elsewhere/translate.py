"""The views and counts of DuckDB in the SQL of another engine, from the one set of definitions.

What the engines name or do differently is made explicit in the tree of a statement, so that each gives the same: casts
that may fail, aggregates with a condition, the key of a child, intervals, divisions. Nothing depends on a hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.store import database

if TYPE_CHECKING:
    from sqlglot.expressions import Expr as Expression

#: Dialect of sqlglot → the engine.
DIALECTS = ("duckdb", "spark", "databricks", "snowflake", "postgres", "tsql", "bigquery")
#: Between the parts of a key: a character that no export holds.
SEPARATOR = 31
#: Dialects that cannot say where in an order the empty come.
_EMPTY_FIRST = ("tsql", "bigquery")
#: A date as every engine reads it: year, month and day. Some also take `2024` or `2024-05` for one.
_DATE = "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$"
_NUMBER = "^[ ]*[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?[ ]*$"


def _sqlglot() -> Any:  # noqa: ANN401
    try:
        import sqlglot
    except ImportError as error:
        raise UsageError(
            t(
                "SQL voor andere databanken heeft het pakket sqlglot nodig.",
                "SQL for other databases needs the package sqlglot.",
            ),
            t(
                'Installeer het met: pip install "bds-tool[sql]".',
                'Install it with: pip install "bds-tool[sql]".',
            ),
        ) from error
    return sqlglot


def translate(sql: str, dialect: str, columns: Mapping[str, Sequence[str]] | None = None) -> str:
    """A SELECT of the views or counts in `dialect`; `columns`: table → its columns, for `* EXCLUDE`.

    Raises UsageError for a dialect that is not known or a function without a twin.
    """
    glot = _sqlglot()
    if dialect not in DIALECTS:
        raise UsageError(
            t(f"Dialect {dialect} bestaat hier niet.", f"There is no dialect {dialect} here."),
            t(f"Kies uit: {', '.join(DIALECTS)}.", f"Choose one of: {', '.join(DIALECTS)}."),
        )
    tree = glot.parse_one(sql, read="duckdb")
    for change, word in _CHANGES.items():
        # What was replaced is not looked into: an interval added to a date plus an interval takes another look.
        for _ in range(_looks(change, word, sql, dialect)):
            tree = tree.transform(lambda node, c=change: c(node, dialect), copy=False)
    tree = _star(tree, columns or {})
    return str(tree.sql(dialect=dialect, unsupported_level=glot.ErrorLevel.RAISE))


def _parse(sql: str, **parts: Expression) -> Expression:
    """A small expression of DuckDB with subtrees in the places of names that start with `_`."""
    from sqlglot import exp, parse_one

    tree: Expression = parse_one(sql, read="duckdb")
    return tree.transform(
        lambda n: parts[n.name].copy() if isinstance(n, exp.Column) and n.name in parts else n
    )


def _key(node: Expression, _dialect: str) -> Expression:
    """SLEUTEL(dossier, organisation): both, with a separator; a child of several dossiers belongs to none."""
    from sqlglot import exp

    if isinstance(node, exp.Anonymous) and node.name.upper() == "SLEUTEL":
        one, other = node.expressions
        return _parse(
            f"CASE WHEN left(_a, 1) = chr(1) THEN _a ELSE concat(_a, chr({SEPARATOR}), _b) END",
            _a=one,
            _b=other,
        )
    return node


def _try(node: Expression, dialect: str) -> Expression:
    """A cast that may fail: the same texts are numbers and dates in every engine."""
    from sqlglot import exp

    if not isinstance(node, exp.TryCast) or dialect == "duckdb" or node.args.get("done"):
        return node
    kind, inner = node.to, node.this
    if kind.this == exp.DataType.Type.DATE:
        good = _DATE
        cast: Expression = exp.TryCast(this=inner.copy(), to=kind.copy(), done=True)
    else:
        good = _NUMBER
        cast = exp.TryCast(this=inner.copy(), to=exp.DataType.build("double"), done=True)
        if kind.this != exp.DataType.Type.DOUBLE:
            cast = exp.cast(exp.Floor(this=exp.Add(this=cast, expression=exp.Literal.number("0.5"))), "int")
    if dialect == "postgres":  # it has no cast that may fail; a function of the script does that
        name = "pg_temp.bds_date" if kind.this == exp.DataType.Type.DATE else "pg_temp.bds_number"
        plain = exp.Anonymous(this=name, expressions=[exp.cast(inner.copy(), "text")])
        if kind.this in (exp.DataType.Type.DATE, exp.DataType.Type.DOUBLE):
            return plain
        return exp.cast(exp.Floor(this=exp.Add(this=plain, expression=exp.Literal.number("0.5"))), "int")
    like = exp.RegexpLike(this=exp.cast(inner.copy(), "text"), expression=exp.Literal.string(good))
    return exp.Case(ifs=[exp.If(this=like, true=cast)])


def _filter(node: Expression, dialect: str) -> Expression:
    """An aggregate over some of the rows: over all, of a value that is empty on the others."""
    from sqlglot import exp

    if not isinstance(node, exp.Filter) or dialect in ("duckdb", "postgres"):
        return node
    aggregate, condition = node.this, node.expression.this

    def only(value: Expression) -> Expression:
        return exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())])

    new: Expression = aggregate.copy()
    if isinstance(new, exp.Count) and isinstance(new.this, exp.Star):
        new.set("this", only(exp.Literal.number(1)))
    elif isinstance(new, (exp.ArgMin, exp.ArgMax)):
        new.set("expression", only(new.expression))
    else:
        new.set("this", only(new.this))
    return new


def _extreme(node: Expression, dialect: str) -> Expression:
    """The value at the lowest or highest of another, where an engine has no such aggregate."""
    from sqlglot import exp

    if not isinstance(node, (exp.ArgMin, exp.ArgMax)) or dialect != "postgres":
        return node
    way = "DESC" if isinstance(node, exp.ArgMax) else "ASC"
    value, by = node.this.sql("duckdb"), node.expression.sql("duckdb")
    where = f"({value}) IS NOT NULL AND ({by}) IS NOT NULL"
    parent = node.parent
    if isinstance(parent, exp.Filter):
        where += f" AND ({parent.expression.this.sql('duckdb')})"
    from sqlglot import parse_one

    text = database.fill(
        "(array_agg({value} ORDER BY {by} {way}) FILTER (WHERE {where}))[1]",
        value=value,
        by=by,
        way=way,
        where=where,
    )
    return parse_one(text, read="postgres")


def _unfiltered(node: Expression, dialect: str) -> Expression:
    """A condition around what `_extreme` made holds it already."""
    from sqlglot import exp

    if dialect == "postgres" and isinstance(node, exp.Filter) and isinstance(node.this, exp.Bracket):
        return node.this
    return node


def _next(node: Expression, dialect: str) -> Expression:
    """The next value that is there. Ages rise with the date, so that it is the lowest of those that follow."""
    from sqlglot import exp

    if not isinstance(node, exp.Window) or dialect not in ("postgres", "tsql"):
        return node
    inner = node.this
    if isinstance(inner, exp.IgnoreNulls) and isinstance(inner.this, exp.Lead):
        new = node.copy()
        new.set("this", exp.Min(this=inner.this.this.copy()))
        new.set(
            "spec",
            exp.WindowSpec(
                kind="ROWS", start="1", start_side="FOLLOWING", end="UNBOUNDED", end_side="FOLLOWING"
            ),
        )
        return new
    return node


def _names(node: Expression, dialect: str) -> Expression:
    """Functions that sqlglot leaves as they are."""
    from sqlglot import exp

    if isinstance(node, exp.Log) and node.expression is not None and dialect != "duckdb":
        return _parse("(ln(_x) / 2.302585092994046)", _x=node.expression)
    if isinstance(node, exp.RegexpFullMatch) and dialect != "duckdb":
        one, pattern = node.this, node.expression
        return exp.RegexpLike(this=one, expression=exp.Literal.string(f"^({pattern.name})$"))
    return node


def _order(node: Expression, dialect: str) -> Expression:
    """The order within a window, where an engine cannot say that what is empty comes last."""
    from sqlglot import exp

    if isinstance(node, exp.Ordered) and dialect in _EMPTY_FIRST:
        node.set("nulls_first", not node.args.get("desc"))
    return node


def _interval(node: Expression, dialect: str) -> Expression:
    """A number of months, days or years out of a column, added to a date."""
    from sqlglot import exp

    unit = {"to_months": "MONTH", "to_days": "DAY", "to_years": "YEAR"}
    if not isinstance(node, (exp.Add, exp.Sub)) or dialect == "duckdb":
        return node
    right = node.expression
    name = (right.name if isinstance(right, exp.Anonymous) else right.key).lower()
    name = {"todays": "to_days", "toyears": "to_years", "tomonths": "to_months"}.get(name, name)
    if name not in unit:
        return node
    count = (right.expressions[0] if isinstance(right, exp.Anonymous) else right.this).copy()
    if isinstance(node, exp.Sub):
        count = exp.Neg(this=exp.Paren(this=count))
    if dialect == "postgres":
        word = {"MONTH": "months", "DAY": "days", "YEAR": "years"}[unit[name]]
        from sqlglot import parse_one

        made = parse_one(f"make_interval({word} => 1)", read="postgres")
        next(made.find_all(exp.Literal)).replace(count)
        return exp.Add(this=node.this.copy(), expression=made)
    return exp.DateAdd(this=exp.cast(node.this.copy(), "date"), expression=count, unit=exp.var(unit[name]))


#: Intervals that are added to one another in the views, at most.
_NESTED = 6
#: What is changed, and the words without which a statement holds nothing of the kind.
_CHANGES: dict[Callable[[Any, str], Any], str] = {
    _key: r"sleutel\(",
    _names: r"log\w*\(|regexp_full_match",
    _order: r"order by",
    _interval: r"to_(days|months|years)\(",
    _try: r"try_cast",
    _next: r"lead\(",
    _extreme: r"(arg_?m|m)(in|ax)(_by)?\(",
    _unfiltered: r"filter",
    _filter: r"filter",
}


def _looks(change: Callable[[Any, str], Any], words: str, sql: str, dialect: str) -> int:
    """How often a statement is walked for a change: a walk costs as much as reading it."""
    if not re.search(words, sql, re.IGNORECASE) or (change is _order and dialect not in _EMPTY_FIRST):
        return 0
    return _NESTED if change is _interval else 1


def _star(tree: Expression, columns: Mapping[str, Sequence[str]]) -> Expression:
    """`g.* EXCLUDE (a)` as the columns that are left; not every engine has it."""
    from sqlglot import exp

    for select in tree.find_all(exp.Select):
        out: list[Expression] = []
        for column in select.expressions:
            star = column.this if isinstance(column, exp.Column) else column
            left_out = (
                star.args.get("except_") or star.args.get("except") if isinstance(star, exp.Star) else None
            )
            if not left_out:
                out.append(column)
                continue
            alias = column.table
            source = next(x for x in select.find_all(exp.Table) if x.alias_or_name == alias)
            gone = {e.name for e in left_out}
            out += [exp.column(c, table=alias) for c in columns[source.name] if c not in gone]
        select.set("expressions", out)
    return tree
