"""How numbers are written in a column, decided over all its values, and expressions that read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from bds_tool.formats.table.columns import units_by_name

if TYPE_CHECKING:
    import polars as pl

#: A number that can only be read in one way; three decimals may be thousands.
PLAIN = r"^-?\d+(?:\.(?:\d{1,2}|\d{4,}))?$"


@dataclass
class NumberWays:
    """How the numbers of a column, or of a whole table, are written beyond 12 and 12.5."""

    comma: bool = False
    thousands: str = ""  # the sign between thousands: "." or "," or " "
    unsure: bool = False  # 1.012 may be a thousand or one
    units: list[str] = field(default_factory=list)  # spellings inside the cell
    exponent: bool = False
    weeks: bool = False  # 39+4

    @property
    def plain(self) -> bool:
        return not (self.comma or self.thousands or self.units or self.exponent or self.weeks)


#: Text that a program writes for a number with thousands, or with three decimals; a number of its own has neither.
POINTED = re.compile(r"-?\d{1,3}(?:\.\d{3})+")
#: Blanks that stand between thousands.
_BLANK = "[ \u00a0\u2009\u202f]"
_UNIT = r"^(-?\d+(?:[.,]\d+)?)\s*([A-Za-z]{1,11})\.?$"
_EXPONENT = r"^-?\d+(?:[.,]\d+)?[eE][+-]?\d+$"
_WEEKS = r"^(\d{1,2})\s*(?:\+|w(?:kn|eken)?\s*(?:\+|en)?)\s*([0-6])\s*(?:d(?:gn|agen)?)?$"


def number_ways(
    odd: pl.Series, decimal: str = "", thousands: str = "", *, comma: bool = False, fine: bool = False
) -> NumberWays:
    """Decide from all distinct values that are no plain number, and from the plain ones with three decimals.

    `comma`: the rest of the table has decimal commas. `fine`: three decimals are to be expected (kg, m, real numbers).
    """
    texts = odd.drop_nulls().str.strip_chars().str.replace_all(_BLANK, " ")
    found = NumberWays(comma=decimal == ",", thousands=thousands)

    def some(pattern: str) -> bool:
        return bool(texts.str.contains(pattern).any())

    found.units = sorted(
        u for u in set(texts.str.extract(_UNIT, 2).drop_nulls().to_list()) if u.lower() in units_by_name()
    )
    found.exponent, found.weeks = some(_EXPONENT), some(_WEEKS)
    if not decimal:
        mixed_point = some(r"^-?\d{1,3}(?:\.\d{3})+,\d+") or some(r"^-?\d{1,3}(?:\.\d{3}){2,}$")
        mixed_comma = some(r"^-?\d{1,3}(?:,\d{3})+\.\d+") or some(r"^-?\d{1,3}(?:,\d{3}){2,}$")
        loose = some(r"^-?(?:\d+|\d{1,3}(?: \d{3})+),(?:\d{1,2}|\d{4,})(?:\D|$)")
        only_three = some(r"^-?\d{1,3},\d{3}$") and not loose
        if mixed_point:
            found.comma, found.thousands = True, "."
        elif mixed_comma:
            found.thousands = ","
        elif loose or ((comma or fine) and some(r"^-?\d+,\d+")):
            found.comma = True
        elif only_three:
            found.unsure = True
    if not thousands and not found.thousands:
        if some(r"^-?\d{1,3}(?: \d{3})+(?:[.,]\d+)?$"):
            found.thousands = " "
        elif some(r"^-?\d{1,3}(?:\.\d{3})+$") and decimal != "." and not (fine and not found.comma):
            plain_point = some(r"^-?\d+\.(?:\d{1,2}|\d{4,})$")
            if (found.comma or comma) and not plain_point:
                found.thousands = "."
            elif not plain_point:
                found.unsure = True
    return found


def number_text(text: pl.Expr, ways: NumberWays, unit: str) -> pl.Expr:
    """A number with a point and nothing else, in `unit` where the cell names another; other text stays."""
    import polars as pl

    steps: list[Callable[[pl.Expr], pl.Expr]] = []
    if ways.thousands:
        sign = re.escape(ways.thousands) if ways.thousands != " " else _BLANK
        grouped = rf"^-?\d{{1,3}}(?:{sign}\d{{3}})+(?:[.,]\d+)?$"
        steps.append(
            lambda t: pl.when(t.str.contains(grouped)).then(t.str.replace_all(sign, "")).otherwise(t)
        )
    if ways.comma:
        steps.append(lambda t: t.str.replace(r"^(-?\d+),(\d+)(\s*[A-Za-z]*\.?)$", "$1.$2$3"))
    if ways.weeks:
        steps.append(_weeks)
    if ways.exponent:
        steps.append(_written_out)
    for spelled in ways.units:
        _, bds_unit, factor = units_by_name()[spelled.lower()]
        if bds_unit == unit:
            steps.append(partial(_of_unit, spelled=spelled, factor=float(factor)))
    if len(steps) < 2:
        return steps[0](text) if steps else text

    def read(values: pl.Series) -> pl.Series:
        """One step after the other: as one expression every step would double what came before."""
        frame = values.alias("t").to_frame()
        for step in steps:
            frame = frame.select(step(pl.col("t")).alias("t"))
        return frame.to_series().alias(values.name)

    return text.map_batches(read, return_dtype=pl.String, is_elementwise=True)


def _weeks(text: pl.Expr) -> pl.Expr:
    import polars as pl

    parts = text.str.extract_groups(_WEEKS)
    days = parts.struct.field("1").cast(pl.Int32) * 7 + parts.struct.field("2").cast(pl.Int32)
    return pl.when(text.str.contains(_WEEKS)).then(days.cast(pl.String)).otherwise(text)


def _written_out(text: pl.Expr) -> pl.Expr:
    import polars as pl

    number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    # 1e400 is beyond what a computer holds: it stays as it came.
    exact = text.str.contains(_EXPONENT) & number.is_finite().fill_null(value=False)
    return pl.when(exact).then(_short(number)).otherwise(text)


def _of_unit(text: pl.Expr, *, spelled: str, factor: float) -> pl.Expr:
    import polars as pl

    pattern = rf"^(-?\d+(?:[.,]\d+)?)\s*{re.escape(spelled)}\.?$"
    number = text.str.extract(pattern, 1).str.replace(",", ".", literal=True)
    return pl.when(text.str.contains(pattern)).then(times(number, factor)).otherwise(text)


def times(text: pl.Expr, factor: float | pl.Expr) -> pl.Expr:
    """A number times a factor, without the noise of binary fractions; other text stays."""
    import polars as pl

    return pl.coalesce(_short(text.cast(pl.Float64, strict=False) * factor), text)


def _short(number: pl.Expr) -> pl.Expr:
    import polars as pl

    whole = number.round(6)
    return pl.coalesce(
        pl.when(whole == whole.round(0)).then(whole.cast(pl.Int64, strict=False).cast(pl.String)),
        whole.cast(pl.String),
    )
