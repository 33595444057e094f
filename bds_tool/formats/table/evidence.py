"""What a header leaves open and only values can tell: codes that are element numbers, and a second table beside the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bds_tool.base.text import t
from bds_tool.formats.table.columns import Column, may_number, recognise
from bds_tool.formats.table.elements import coded, dates, elements, labels, numeric, plain, possible
from bds_tool.formats.table.listed import element_texts
from bds_tool.formats.table.notation import date_ways
from bds_tool.formats.table.scan import Table

#: Rows at the start of a table that are looked at, and the part of their values that must fit the element of their row.
ROWS, FITS = 1_000, 0.9


def of_values(columns: list[Column], table: Table) -> list[Column]:
    """The columns with what their values add to the headers."""
    return _apart(_unit_of_none(_number_of_none(_numbered(columns, table))), table)


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


def _fit(pairs: Sequence[tuple[str | None, str | None]]) -> bool:
    """Whether each text is the number of an element, and nearly all values are values of the element beside them."""
    import polars as pl

    texts = pl.Series([number for number, _ in pairs], dtype=pl.String).drop_nulls().unique()
    found, by_name, bad = element_texts(texts, {})
    numbers = {n for n, _ in found.values()}
    if bad or by_name or len(numbers) < 2 or not numbers <= elements().keys() or {1, 2} <= numbers:
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
