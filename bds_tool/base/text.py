"""The language of what `bds` says: Dutch unless asked otherwise. Names from the BDS are never translated."""

from __future__ import annotations

import os
from contextvars import ContextVar

LANGUAGES = ("nl", "en")
_language: ContextVar[str] = ContextVar("language", default="")


def set_language(language: str) -> None:
    _language.set(language)


def language() -> str:
    """`--lang`, else `BDS_LANG`, else Dutch."""
    chosen = _language.get() or os.environ.get("BDS_LANG", "")
    return chosen if chosen in LANGUAGES else "nl"


def t(nl: str, en: str) -> str:
    """The text in the language of this run. Both texts stand side by side, so none can go missing."""
    return en if language() == "en" else nl


def whole(text: str, digits: int = 9) -> int | None:
    """The number that a text is in plain digits, at most so many; None for any other text.

    `str.isdigit` alone holds for ² and ٣ too, and `int` refuses the one, reads the other, and refuses thousands of digits.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def number(value: float, decimals: int = 0) -> str:
    """A number as people write it in the language of this run: `41.207` and `0,8` in Dutch."""
    text = f"{value:,.{decimals}f}"
    return text.translate(str.maketrans(",.", ".,")) if language() == "nl" else text


def plural(count: int, one: str, many: str) -> str:
    """`1 registratie`, `41.207 registraties`: the word for the number, in the language of this run."""
    return f"{number(count)} {one if count == 1 else many}"
