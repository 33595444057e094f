"""The element column of a long table: numbers in any spelling, local codes of bds.toml, or names of elements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bds_tool.base.table_settings import ElementSetting
from bds_tool.formats.table.columns import recognise
from bds_tool.formats.table.profile import element_of

if TYPE_CHECKING:
    import polars as pl

_NUMBER = re.compile(r"\s*(?:(?:bds|element)[ _.\-]*|e)?0*(\d{1,9})(?:\.0)?\s*", re.IGNORECASE)


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
