"""Text of others on its way to people: into a page, a cell of a spreadsheet, or a terminal; one function for each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

#: Control characters (not tab and the ends of lines), and marks that turn the direction of a line or end it unseen.
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_TURNING = "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_UNSEEN = re.compile(f"[{_CONTROL}{_TURNING}\ud800-\udfff]|\r(?!\n)")
#: What a spreadsheet takes for a formula: a sign at the start of more than a sign, and not of a number.
FORMULA = r"^(?:[=@\t\r\n]|[+-].)"
#: What is guarded: a formula, and a text that looks guarded already, so that taking one apostrophe off gives back what
#: there was.
_GUARD = r"^'*(?:[=@\t\r\n]|[+-].)"
NUMBER = r"^[+-]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?$"


def markup(value: object) -> str:
    """For HTML and SVG, also inside quotes."""
    import html

    return html.escape(terminal(str(value)), quote=True)


def cell(text: str) -> str:
    """For a cell of a CSV that a spreadsheet opens: an apostrophe before what it would run as a formula."""
    return "'" + text if re.match(_GUARD, text) and not re.match(NUMBER, text) else text


def cells(frame: pl.DataFrame) -> pl.DataFrame:
    """`cell` for all texts of a frame, and for the names of its columns."""
    import polars.selectors as cs

    return frame.with_columns(guarded(cs.string())).rename({c: cell(c) for c in frame.columns})


def guarded(texts: pl.Expr) -> pl.Expr:
    """`cell` as an expression over columns of text."""
    import polars as pl

    formula = texts.str.contains(_GUARD) & ~texts.str.contains(NUMBER)
    return pl.when(formula).then(pl.lit("'") + texts).otherwise(texts).name.keep()


def unguarded(texts: pl.Expr) -> pl.Expr:
    """What `guarded` made, as it was: one apostrophe less."""
    return texts.str.replace(r"^'('*(?:[=@\t\r\n]|[+-].))", "$1")


def terminal(text: str) -> str:
    """For a screen: characters that steer it, or hide or turn text, as their code. In JSON that says the same."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
