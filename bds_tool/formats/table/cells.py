"""Reading one cell: trimmed text, a number, a date, a code behind a label, or a mark for missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bds_tool.base.escaping import unguarded
from bds_tool.formats.table.amounts import number_text, times
from bds_tool.formats.table.columns import Column
from bds_tool.formats.table.elements import dates, elements, numeric
from bds_tool.formats.table.notation import iso_text

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.formats.table.plan import Plan


def plain_text(column: Column, made: Plan, *, trim: bool = True) -> pl.Expr:
    """The text of a cell; null for an empty one. `="00123"` of Excel is 00123."""
    import polars as pl

    kind = made.typed.get(column.naam)
    raw = pl.col(column.naam)
    if kind == "date":
        text = raw.cast(pl.String)
        return text.str.replace(r"[ T]00:00(:00)?(\.0+)?$", "")
    text = raw.cast(pl.String)
    if kind == "float":
        return text.str.replace(r"\.0+$", "")
    if kind in {"int", "bool"}:
        return text
    if column.naam in made.formulas:
        text = unwrapped(text)
    if column.naam in made.guarded:
        text = unguarded(text)
    if column.naam in made.decimal_keys:
        text = text.str.replace(r"^\s*(\d+)\.0\s*$", "$1")
    if column.naam in made.clean:
        return text
    text = text.str.strip_chars() if trim else text
    return pl.when(text != "").then(text)


def unwrapped(text: pl.Expr) -> pl.Expr:
    """What a cell of a spreadsheet shows: `="00123"` and `'00123` are 00123, `=612` is 612."""
    text = text.str.replace(r'^\s*="(.*)"\s*$', "$1").str.replace(r"^'(\d)", "$1")
    return text.str.replace(r"^\s*=(-?\d+(?:[.,]\d+)?)\s*$", "$1")


def cell(column: Column, made: Plan) -> pl.Expr:
    """The value of a column of a wide table, as the store keeps it."""
    kind, name = made.typed.get(column.naam), column.naam
    number = column.bdsnummer
    if number in dates():
        if kind == "date":
            return plain_text(column, made).str.replace(r"^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})", "${1}T$2")
        text = _present(plain_text(column, made), made.missing.get(name, []))
        return iso_text(text, made.dates[name]) if name in made.dates else text
    text = _present(plain_text(column, made), made.missing.get(name, []))
    if name in made.labels:
        text = _code(text, made.labels[name])
    if number in numeric():
        if name in made.numbers:
            text = _numbered(text, column, made)
        elif column.factor != 1:
            text = times(text, float(column.factor))
    return text


def _numbered(text: pl.Expr, column: Column, made: Plan) -> pl.Expr:
    """A number in any way of writing; a unit in the cell goes before that of the header."""
    import polars as pl

    ways = made.numbers[column.naam]
    unit = elements()[column.bdsnummer].eenheid
    read = number_text(text, ways, unit)
    if column.factor == 1:
        return read
    own = (
        text.str.contains(r"[A-Za-z+]\.?\s*\d?\s*(?:d|dgn|dagen)?$")
        if ways.units or ways.weeks
        else pl.lit(value=False)
    )
    return pl.when(own).then(read).otherwise(times(read, float(column.factor)))


def _present(text: pl.Expr, marks: list[str]) -> pl.Expr:
    import polars as pl

    return pl.when(~text.is_in(marks)).then(text) if marks else text


def _code(text: pl.Expr, labels: dict[str, str]) -> pl.Expr:
    low = text.str.to_lowercase().str.replace_all(r"\s+", " ")
    return low.replace_strict(labels, default=text)


#: The value of a row of a long table on its way.
VALUE = "__v"


def value_of_long(value: Column, number: pl.Expr, made: Plan) -> tuple[list[pl.Expr], pl.Expr | None]:
    """What makes VALUE of a row by the kind of its element, one step after the other, and the label behind a code.

    Each step names the one before in several places: in one expression they would double with every element.
    """
    import polars as pl

    read, name = pl.col(VALUE), value.naam
    raw = plain_text(value, made)
    steps = [raw]
    column = made.named("bdsnummer")
    assert column is not None  # noqa: S101  # a long table has one
    code = pl.col(column.naam)
    if name in made.numbers:
        ways = made.numbers[name]
        units = {e.eenheid for e in elements().values() if e.bdsnummer in numeric()} if ways.units else {""}
        by_unit = {
            u: [n for n in numeric() if not ways.units or elements()[n].eenheid == u] for u in sorted(units)
        }
        steps.append(
            _one_of([(number.is_in(these), number_text(read, ways, u)) for u, these in by_unit.items()])
        )
    if name in made.dates:
        steps.append(_one_of([(number.is_in(list(dates())), iso_text(read, made.dates[name]))]))
    steps.append(_one_of([(code.is_in(t), times(read, factor)) for factor, t in made.factors_listed.items()]))
    bare = code.cast(pl.String).str.strip_chars().str.to_lowercase()
    steps.append(_one_of([(bare == text, _code(read, labels)) for text, labels in made.own_pairs.items()]))
    steps.append(_one_of([(number == n, _code(read, labels)) for n, labels in made.pairs.items()]))
    low = raw.str.to_lowercase().str.replace_all(r"\s+", " ")
    shown = [((number == n) & low.is_in(list(labels)), raw) for n, labels in made.pairs.items()]
    label = _one_of(shown, pl.lit(None, dtype=pl.String)) if shown else None
    return steps, label


def _one_of(cases: list[tuple[pl.Expr, pl.Expr]], other: pl.Expr | None = None) -> pl.Expr:
    """The text of the case that holds, of which there is one at most; else VALUE, or `other`."""
    import polars as pl

    chain: Any = pl
    for holds, text in cases:
        chain = chain.when(holds).then(text)
    found = chain.otherwise(pl.col(VALUE) if other is None else other) if cases else pl.col(VALUE)
    assert isinstance(found, pl.Expr)  # noqa: S101  # for the types
    return found
