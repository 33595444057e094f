"""Family 7xx: what identifies a person in text that is meant for remarks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.validate.checks.base import dossier_check
from bds_tool.validate.checks.values import eleven

if TYPE_CHECKING:
    from bds_tool.validate.view import View

#: Names of the child and the parents: family name, birth name, first name, call name.
NAMES = (2, 4, 5, 6, 61, 73)
_MAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"
_PHONE = r"(?:\+31|0031|\b0)[\s-]?(?:6[\s-]?(?:\d[\s-]?){7}\d|[1-9]\d{1,2}[\s-]?(?:\d[\s-]?){5,6}\d)\b"
_ADDRESS = (
    r"\b[1-9]\d{3}(?: ?[A-Z]{2}|[a-z]{2})\b[^\d]{0,25}\b\d{1,4}\b|(?i)\b[a-z]{3,}(?:straat|laan|weg|plein|kade|dreef|hof|singel|gracht)"
    r" \d{1,4}\b.{0,25}\b[1-9]\d{3} ?[a-z]{2}\b"
)
_NINE = r"(?:^|[^\d])(\d{9}|\d{4}[. ]\d{2}[. ]\d{3}|\d{3}[. ]\d{3}[. ]\d{3})(?:[^\d]|$)"


def remarks(view: View) -> pl.DataFrame:
    """Rows with text that people type, as `words`: remarks, explanations and non-BDS answers."""
    free = [
        e.bdsnummer
        for e in view.tables.definition.elementen.values()
        if e.hl7_datatype in {"ST", "ED", ""} and e.datatype in {"AN", ""} and e.bdsnummer not in NAMES
    ] + [1332, 1333]
    known = pl.col("bdsnummer").is_in(free)
    own = pl.col("bdsnummer").is_null() & pl.col("pad").cast(pl.String).str.contains(
        "nonBDSData", literal=True
    )
    other = (pl.col("nullflavor").cast(pl.String) == "OTH") & pl.col("tekst").is_not_null()
    rows = view.rows.filter(known | own | other.fill_null(value=False))
    words = pl.concat_str([pl.col("waarde"), pl.col("tekst")], separator=" ", ignore_nulls=True)
    # Shorter than a telephone number no text can hold anything of this family but a name.
    return rows.with_columns(words=words).filter(pl.col("words").str.len_bytes() >= 4)


@dossier_check("BDS701", "BDS702", "BDS703", "BDS704", "BDS705", needs={"BDS705": (set(NAMES),)})
def text(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Identifying facts inside remarks."""
    rows = remarks(view)
    if rows.is_empty():
        return
    words = pl.col("words")
    digits = rows.filter(words.str.contains(r"\d{3}"))
    found = digits.with_columns(nine=words.str.extract(_NINE, 1).str.replace_all(r"[. ]", ""))
    yield "BDS701", found.filter((pl.col("nine").str.len_chars() == 9) & eleven(pl.col("nine")))
    yield "BDS702", rows.filter(words.str.contains("@", literal=True)).filter(words.str.contains(_MAIL))
    yield "BDS703", digits.filter(words.str.contains(_PHONE))
    yield "BDS704", digits.filter(words.str.contains(_ADDRESS))
    yield "BDS705", _named(view, rows)


@dossier_check("BDS236")
def spoilt(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Text that was decoded wrongly before it got here."""
    pattern = str(view.limit("BDS236", "pattern"))
    # Few texts hold a character beyond ASCII; only those meet the pattern.
    free = list(view.tables.of_kind("tekst"))
    text, number = pl.col("waarde").str, pl.col("bdsnummer")
    wide = (text.len_bytes() > text.len_chars()) & (number.is_in(free) | number.is_null())
    rows = view.rows[view.rows.select(wide=wide.fill_null(value=False))["wide"].arg_true()]
    yield "BDS236", rows.filter(text.contains(pattern))


def _named(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    shortest = int(view.limit("BDS705", "shortest"))
    letters = r"[^\p{L}]+"
    plain = pl.col("waarde").str.to_lowercase().str.replace_all(letters, " ").str.strip_chars()
    names = (
        view.of(*NAMES).select("d", name=plain).filter(pl.col("name").str.len_chars() >= shortest).unique()
    )
    if names.is_empty():
        return rows.clear()
    spaced = pl.format(" {} ", pl.col("words").str.to_lowercase().str.replace_all(letters, " "))
    joined = rows.with_row_index("at").with_columns(spaced=spaced).join(names, on="d", maintain_order="left")
    hits = joined.filter(pl.col("spaced").str.contains(pl.format(" {} ", "name"), literal=True))
    return hits.unique("at", keep="first", maintain_order=True)
