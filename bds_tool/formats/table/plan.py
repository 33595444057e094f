"""What is decided about a table from its headers and first rows: roles, ways of writing, long or wide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bds_tool.base.table_settings import TableSettings
from bds_tool.formats.table.columns import Column, dates, elements, numeric
from bds_tool.formats.table.scan import Table

if TYPE_CHECKING:
    import polars as pl

#: Ways to write a date, each with a pattern that tells it and the format that reads it.
DATE_FORMATS = {
    "jjjj-mm-dd": (re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?"), "%Y-%m-%d"),
    "dd-mm-jjjj": (re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}([T ].*)?"), "%d-%m-%Y"),
    "jjjjmmdd": (re.compile(r"\d{8}"), "%Y%m%d"),
}
#: Order of day, month and year as a project states it → the ways of writing that are read.
ORDERS = {"dmj": ["dd-mm-jjjj"], "jmd": ["jjjj-mm-dd", "jjjjmmdd"], "mdj": ["mm-dd-jjjj"]}
_COMMA = re.compile(r"-?\d+,\d+")
#: Rows from which the ways of writing are told.
SAMPLE = 5_000


@dataclass
class Plan:
    """What was decided about a table, from its headers and its first rows; `bds convert --explain` shows it."""

    columns: list[Column]
    long: bool
    comma: bool = False
    datum: list[str] = field(default_factory=list)  # DATE_FORMATS of the date column
    waarde_datum: list[str] = field(default_factory=list)  # those of date elements
    typed: dict[str, str] = field(default_factory=dict)  # column → date, float or int when not text
    bsn_key: bool = False
    clean: set[str] = field(default_factory=set)  # columns whose sample needs no trimming

    def named(self, rol: str) -> Column | None:
        return next((c for c in self.columns if c.rol == rol), None)

    @property
    def element_columns(self) -> list[Column]:
        return [c for c in self.columns if c.bdsnummer]

    @property
    def own(self) -> list[Column]:
        """Columns that are kept as the vendor's own data."""
        return [c for c in self.columns if c.rol == "niet-bds"]


def plan(table: Table, columns: list[Column], settings: TableSettings) -> Plan:
    """Decide from the headers and a sample. `settings` is what the project says."""
    import polars as pl

    roles = {c.rol for c in columns}
    made = Plan(columns, long={"bdsnummer", "waarde"} <= roles)
    sample = table.frame.head(SAMPLE).collect()
    for name, kind in sample.schema.items():
        if kind in {pl.Date, pl.Datetime} or kind.is_temporal():
            made.typed[name] = "date"
        elif kind.is_float():
            made.typed[name] = "float"
        elif kind.is_integer() or kind == pl.Boolean:
            made.typed[name] = "int"
    raw = {c: sample[c].cast(pl.String, strict=False).drop_nulls() for c in table.names}
    text = {c: values.str.strip_chars() for c, values in raw.items()}
    made.clean = {c for c in table.names if (raw[c] == text[c]).all() and not (text[c] == "").any()}
    for column in (made.named("bdsnummer"), made.named("datum")):
        if (
            column
            and column.naam not in made.typed
            and all(v.isascii() and v.isdigit() for v in text[column.naam])
        ):
            made.typed[column.naam] = "digits"
    when = made.named("datum")
    if when and made.typed.get(when.naam) != "date":
        made.datum = ORDERS.get(when.datum) or _formats(text[when.naam])
    if made.long:
        number, value = made.named("bdsnummer"), made.named("waarde")
        assert number is not None  # noqa: S101  # a long table has both
        assert value is not None  # noqa: S101
        listed = element_numbers(pl.col(number.naam), made.typed.get(number.naam)).alias("n")
        pairs = sample.select(listed, pl.col(value.naam).cast(pl.String).alias("w"))
        # Which elements are numbers or dates is asked only when the sample holds something that looks like it.
        commas = [v for v in text[value.naam] if _COMMA.fullmatch(v)]
        made.comma = settings.decimal == "," or bool(
            not settings.decimal
            and commas
            and any(_COMMA.fullmatch(v.strip()) for v in _of(pairs, numeric()))
        )
        made.waarde_datum = ORDERS.get(value.datum) or (
            _formats(_of(pairs, dates())) if _formats(text[value.naam]) else []
        )
    else:
        numbers = [c.naam for c in made.element_columns if c.bdsnummer in numeric()]
        made.comma = settings.decimal == "," or (
            not settings.decimal and any(_COMMA.fullmatch(v) for c in numbers for v in text[c])
        )
        points = [c.naam for c in made.element_columns if c.bdsnummer in dates() and c.naam not in made.typed]
        made.waarde_datum = sorted({f for c in points for f in _formats(text[c])})
    key = made.named("dossier_id")
    if key and not {"bron", "regel"} <= roles:
        # A table that bds wrote itself never has a BSN for a key.
        made.bsn_key = _looks_like_bsn(text[key.naam])
    return made


def _of(pairs: pl.DataFrame, wanted: set[int]) -> pl.Series:
    import polars as pl

    return pairs.filter(pl.col("n").is_in(list(wanted)))["w"].drop_nulls()


def element_numbers(expression: pl.Expr, kind: str | None) -> pl.Expr:
    """Element numbers in a column, however they are written; null for anything else."""
    import polars as pl

    if kind in {"int", "float", "digits"}:
        return expression.cast(pl.Int32, strict=False)
    digits = expression.cast(pl.String).str.extract(r"^\s*(?i:bds|element)?[ _.\-]*(\d{1,9})\s*$", 1)
    return digits.cast(pl.Int32, strict=False)


def _formats(values: Iterable[str]) -> list[str]:
    found = []
    rest = {v.strip() for v in values} - {""}
    for name, (pattern, _) in DATE_FORMATS.items():
        hit = {v for v in rest if pattern.fullmatch(v)}
        if hit:
            found.append(name)
            rest -= hit
    return found


def _looks_like_bsn(values: pl.Series) -> bool:
    """Whether a key column holds BSNs: nearly all values pass the 11-test, which one in eleven does by chance."""
    from bds_tool.formats.james.values import like_bsn

    distinct = values.unique().to_list()
    return bool(distinct) and sum(like_bsn(v) for v in distinct) >= 0.9 * len(distinct)


def describe(column: Column) -> str:
    """The meaning of a column in words: element with its name, or role."""
    if column.bdsnummer:
        element = elements().get(column.bdsnummer)
        return f"{column.bdsnummer} {element.naam if element else ''}".strip()
    return column.rol
