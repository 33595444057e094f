"""What a header leaves open and only values can tell: codes that are element numbers, and a second table beside the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bds_tool.base.text import t
from bds_tool.formats.table.columns import Column, may_number, recognise, units_by_name
from bds_tool.formats.table.elements import coded, dates, elements, labels, numeric, plain, possible
from bds_tool.formats.table.listed import element_texts
from bds_tool.formats.table.notation import date_ways
from bds_tool.formats.table.scan import Table

#: Rows at the start of a table that are looked at, and the part of their values that must fit the element of their row.
ROWS, FITS = 1_000, 0.9


def of_values(columns: list[Column], table: Table) -> list[Column]:
    """The columns with what their values add to the headers."""
    return _apart(_unit_of_none(_number_of_none(_numbered(_valued(columns, table), table))), table)


def _number_of_none(columns: list[Column]) -> list[Column]:
    """Numbers of elements without a column of values are the sender's own: they are kept, and told."""
    if "waarde" in {c.rol for c in columns}:
        return columns
    reason = t("waar staan de waarden?", "where are the values?")
    return [Column(c.naam, "niet-bds", reden=reason) if c.rol == "bdsnummer" else c for c in columns]


def _unit_of_none(columns: list[Column]) -> list[Column]:
    """A column of units in a wide table that is not of one element is the sender's own: it is kept, and told."""
    if {"bdsnummer", "waarde"} <= {c.rol for c in columns}:
        return columns
    reason = t("eenheid van welke kolom?", "unit of which column?")
    return [Column(c.naam, "niet-bds", reden=reason) if c.rol == "eenheid" else c for c in columns]


def _valued(columns: list[Column], table: Table) -> list[Column]:
    """Beside numbers of elements the one column whose values are values of these is that of the values, whatever its name.

    `uitslag` is the name of an element too. What no column bears out is not read as that element unless its values are such.
    """
    import polars as pl

    roles = [c.rol for c in columns]
    numbers = next((c for c in columns if c.rol == "bdsnummer"), None)
    asked = [
        c
        for c in columns
        if c.reden != "bds.toml"
        and not c.dubbel
        and (c.rol == "niet-bds" or c.bdsnummer not in {0, *dates()})
    ]
    if numbers is None or "waarde" in roles or not asked:
        return columns
    unit = next((c for c in columns if c.rol == "eenheid"), None)
    names = [c.naam for c in (numbers, *asked, *([unit] if unit else []))]
    first = table.frame.select(pl.col(names).cast(pl.String)).head(ROWS).collect()
    beside = first[unit.naam] if unit else pl.Series([""] * first.height, dtype=pl.String)

    def fits(column: Column) -> bool:
        rows = zip(first[numbers.naam], first[column.naam], beside, strict=True)
        # `uitslag` is what values are called; of any other name more than one element must bear it out.
        least = 1 if column.bdsnummer else 2
        return _fit([(n, _in_unit(v, u)) for n, v, u in set(rows)], least=least)

    fitting = [c for c in asked if fits(c)]
    reason = t("de waarden passen bij de elementen ernaast", "the values fit the elements beside them")
    if len(fitting) == 1:
        return [Column(c.naam, "waarde", reden=reason) if c is fitting[0] else c for c in columns]
    return [replace(c, zwak=True) if c in asked and c.bdsnummer else c for c in columns]


def _numbered(columns: list[Column], table: Table) -> list[Column]:
    """A column `code` beside values holds elements when its texts are their numbers and the values are such values."""
    import polars as pl

    value = next((c for c in columns if c.rol == "waarde"), None)
    asked = [c for c in columns if c.rol == "niet-bds" and may_number(c.naam)]
    if value is None or len(asked) != 1 or any(c.rol == "bdsnummer" for c in columns):
        return columns
    names = [asked[0].naam, value.naam]
    pairs = table.frame.select(pl.col(names).cast(pl.String)).head(ROWS).unique().collect()
    if not _fit(pairs.rows()):
        return columns
    reason = t("de waarden passen bij elementen met dit nummer", "the values fit elements of this number")
    found = replace(asked[0], rol="bdsnummer", reden=reason)
    return [found if c is asked[0] else c for c in columns]


def _in_unit(value: str | None, unit: str | None) -> str | None:
    """A number in the unit of the BDS, where the unit beside it is another; other text as it is."""
    factor = units_by_name().get((unit or "").strip().lower(), ("", "", 1))[2]
    if not value or factor == 1:
        return value
    try:
        return str(float(value.replace(",", ".")) * float(factor))
    except ValueError:
        return value


def _fit(pairs: Sequence[tuple[str | None, str | None]], *, least: int = 2) -> bool:
    """Whether each text is an element, and nearly all values are values of the element beside them.

    All by their number, or all by their name; of at least so many elements.
    """
    import polars as pl

    texts = pl.Series([number for number, _ in pairs], dtype=pl.String).drop_nulls().unique()
    found, by_name, bad = element_texts(texts, {})
    numbers = {n for n, _ in found.values()}
    mixed = by_name and len(by_name) < len(found)
    if bad or mixed or len(numbers) < least or not numbers <= elements().keys() or {1, 2} <= numbers:
        return False
    judged = [
        verdict
        for number, value in pairs
        if number and value and value.strip()
        if (verdict := _is_value(value.strip(), found[number][0])) is not None
    ]
    return 2 * len(judged) >= len(pairs) and sum(judged) >= FITS * len(judged) > 0


def _is_value(text: str, number: int) -> bool | None:
    """Whether a text is a value of an element; None where any text would be."""
    import polars as pl

    if number in numeric():
        limits = possible(number)
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            return False
        return limits[0] <= value <= limits[1] if limits else None
    if number in dates():
        return bool(date_ways(pl.Series([text])).ways)
    codes, by_label = labels(number) if number in coded() else (frozenset(), {})
    return text in codes or text.lower() in by_label if codes else None


def _apart(columns: list[Column], table: Table) -> list[Column]:
    """A key that comes back under the same header and is another child's begins a table of its own: it is left out."""
    import polars as pl

    key = next((c for c in columns if c.rol == "dossier_id"), None)
    for at, column in enumerate(columns):
        same = key and column.dubbel and plain(column.naam.partition("#")[0]) == plain(key.naam)
        if not same or key is None or recognise(column.naam).rol != "dossier_id":
            continue
        one, other = (pl.col(n).cast(pl.String).str.strip_chars() for n in (key.naam, column.naam))
        differs = (one != other) & (one != "") & (other != "")
        if table.frame.select(differs.any()).collect().item():
            reason = t("andere tabel ernaast", "another table beside it")
            rest = [Column(c.naam, "overslaan", reden=reason, naast=True) for c in columns[at:]]
            return [*columns[:at], *rest]
    return columns
