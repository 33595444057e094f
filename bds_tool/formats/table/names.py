"""Names of columns and sheets: cleaned, told apart, and never shown when they look like data of a child."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from bds_tool.base.text import t
from bds_tool.base.vocabulary import tellable

#: A name longer than this is a sentence or data; only its start is looked at.
LONG = 120
_DATE = re.compile(r"\d{1,4}[-/. ](\d{1,2}|[a-z]{3,9})[-/. ]\d{2,4}", re.IGNORECASE)
_POSTCODE = re.compile(r"\b\d{4}\s?[A-Z]{2}\b")
_LONG_NUMBER = re.compile(r"\d{6,}")
_PHONE = re.compile(r"\+?\d[\d \-]{8,}")
#: Signs that take no room, as they come along with a copied header.
WIDTHLESS = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_HIDDEN = dict.fromkeys(map(ord, WIDTHLESS), "")


def clean(text: str | None) -> str:
    """A name on one line: no-break spaces, line breaks and signs without width made plain."""
    return " ".join(unicodedata.normalize("NFKC", (text or "").translate(_HIDDEN)).split())


def like_data(name: str) -> bool:
    """Whether a text looks like a value of a child and not like the name of a column."""
    text = name[:LONG]
    if "@" in text or len(name) > LONG:
        return True
    return any(p.search(text) for p in (_DATE, _POSTCODE, _LONG_NUMBER, _PHONE))


def position(number: int) -> str:
    return f"kolom {number}"


def columns(cells: Sequence[str | None]) -> list[str]:
    """Names that occur once and may be shown: an empty one, or one that looks like data, is its position.

    A second `Lengte` becomes `Lengte #2`.
    """
    seen: dict[str, int] = {}
    found = []
    for number, given in enumerate(cells, start=1):
        name = clean(given)
        if not name or like_data(name):
            name = position(number)
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return found


def sheet(name: str, number: int) -> str:
    """The name of a sheet for people: its place, where the name may be that of a child."""
    text = clean(name)
    return t(f"blad {number}", f"sheet {number}") if like_data(text) or not tellable(text) else text
