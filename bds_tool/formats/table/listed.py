"""The element column of a long table: numbers in any spelling, local codes of bds.toml, or names of elements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bds_tool.base.table_settings import ElementSetting
from bds_tool.formats.table.amounts import times
from bds_tool.formats.table.columns import recognise, units_by_name
from bds_tool.formats.table.elements import elements, numeric, possible
from bds_tool.formats.table.profile import element_of
from bds_tool.formats.table.text import Remark

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.formats.table.plan import Plan

#: Whether the column of units names another unit for a row of a long table, and its value is turned to that of the BDS.
TURNED = "__u"
_NUMBER = re.compile(r"\s*(?:(?:bds|element)[ _.\-]*|e)?0*(\d{1,9})(?:[.,]0+)?\s*", re.IGNORECASE)


#: A number with a name behind it: `245 - Gewicht`, `BDS-235 Lengte`.
_WITH_NAME = re.compile(_NUMBER.pattern.removesuffix(r"\s*") + r"(?:\s*[-=:.|]\s*|\s+)(\D.*)", re.IGNORECASE)


def _with_its_name(text: str) -> int:
    """The number of an element where its own name stands behind it; 0 where the two disagree or the name is not known."""
    match = _WITH_NAME.fullmatch(text)
    column = recognise(match[2]) if match else None
    alike = (
        match and column and column.bdsnummer == int(match[1]) and not column.herhaling and column.factor == 1
    )
    return int(match[1]) if match and alike else 0


def element_texts(
    texts: pl.Series, own: Mapping[str, ElementSetting]
) -> tuple[dict[str, tuple[int, str]], list[str], list[str]]:
    """Text → element and unit; the names among them; and the texts that are no element ("" among them)."""
    local = {str(k).strip().lower(): element_of(str(k), v) for k, v in own.items()}
    found: dict[str, tuple[int, str]] = {}
    by_name = []
    bad = []
    for text in texts.to_list():
        plain = "" if text is None else str(text).strip()
        if plain.lower() in local:
            found[text] = local[plain.lower()]
        elif match := _NUMBER.fullmatch(plain):
            found[text] = (int(match[1]), "")
        elif number := _with_its_name(plain):
            found[text] = (number, "")
        else:
            column = recognise(plain) if plain else None
            if (
                column
                and column.bdsnummer
                and not column.zwak
                and not column.herhaling
                and column.factor == 1
            ):
                found[text] = (column.bdsnummer, column.eenheid)
                by_name.append(str(text))
            else:
                bad.append(plain)
    return found, by_name, bad


def unit_column(made: Plan) -> None:
    """What a column of units says in another way than the BDS: `cm`, `KG`, `gram`."""
    column = made.named("eenheid")
    seen = made.seen.get(column.naam) if column else None
    if not made.long or column is None or seen is None or seen.texts is None:
        return
    due = {elements()[n].eenheid for n in numeric()}
    texts = {str(text).strip() for text in seen.texts.drop_nulls()}
    made.units = sorted(u.lower() for u in texts if u not in due and u.lower() in units_by_name())
    if told := sorted({u for u in made.units if units_by_name()[u][2] != 1}):
        made.remarks.append(Remark("BDS053", None, {"kolom": column.naam, "eenheden": ", ".join(told)}))


def in_due_unit(number: pl.Expr, raw: pl.Expr, read: pl.Expr, made: Plan) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """A value in the unit of its element where TURNED says so, what TURNED is, and that unit.

    A unit that bds.toml gives for a local code, or that stands in the cell itself, goes before.
    """
    import polars as pl

    column, code = made.named("eenheid"), made.named("bdsnummer")
    assert column  # noqa: S101  # `units` says there is one
    assert code  # noqa: S101  # of a long table
    spelled = {u: units_by_name()[u] for u in made.units}
    unit = pl.col(column.naam).cast(pl.String).str.strip_chars().str.to_lowercase()
    own = pl.col(code.naam).cast(pl.String).is_in([t for t, (_, given) in made.listed.items() if given])
    bare = raw.str.contains(r"^[-+\d.,\s]+(?:[eE][-+]?\d+)?$")
    named = unit.replace_strict(
        {u: due for u, (_, due, _) in spelled.items()}, default=None, return_dtype=pl.String
    )
    due = number.replace_strict(
        {n: elements()[n].eenheid for n in numeric()}, default=None, return_dtype=pl.String
    )
    factor = unit.replace_strict(
        {u: float(f) for u, (_, _, f) in spelled.items()}, default=None, return_dtype=pl.Float64
    )
    # A length of 1020 cm is one of 1020 mm under a wrong name: it stays, and the rules tell of its unit.
    limits = {n: found for n in numeric() if (found := possible(n))}
    low, high = (
        number.replace_strict({n: v[i] for n, v in limits.items()}, default=None, return_dtype=pl.Float64)
        for i in (0, 1)
    )
    able = (read.cast(pl.Float64, strict=False) * factor).is_between(low, high).fill_null(value=True)
    here = (bare & ~own & able & (named == due)).fill_null(value=False)
    return pl.when(pl.col(TURNED)).then(times(read, factor)).otherwise(read), here, due
