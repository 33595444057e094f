"""One cell of a result for people: the number in their notation, or the word for why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bds_tool.base.text import number, t

#: One symbol for every hidden cell, whatever the reason; another for no data.
HIDDEN = "*"
NO_DATA = "–"
#: Of a level or year that the policy publishes for no area at all.
NOT_HERE = "/"
TOO_LOW = "niet_op_dit_niveau"
#: Statuses that carry no figure but hide nothing.
#: A row that tells the class of its percentage, and not the percentage.
CLASS = "klasse"
EMPTY = frozenset({"geen_gegevens", "geen gegevens", "niet_berekend"})


def shown(row: Mapping[str, Any]) -> bool:
    """Does the row carry a value?"""
    return row["status"] not in EMPTY and row.get("value") is not None


def hidden(row: Mapping[str, Any]) -> bool:
    return row.get("value") is None and row["status"] not in EMPTY and not coded(row)


def coded(row: Mapping[str, Any]) -> bool:
    """Does the row tell a class?"""
    return row["status"] == CLASS and row.get("lower") is not None and row.get("upper") is not None


#: From this denominator on one child is no more than a whole percent, so a decimal tells something.
ONE_DECIMAL = 100


def decimals(unit: str, n: int | None = None) -> int:
    """Decimals of a value; of a percentage none where `n` is too small for one (null: not known)."""
    if unit == "%" and n is not None and n < ONE_DECIMAL:
        return 0
    return 1 if unit in {"%", "‰"} else 2


def value(row: Mapping[str, Any], unit: str = "%") -> str:
    """`12,3 %`, `≤ 5 %` or `10–20 %` when it is a class, `*` when hidden, `–` when there are no data."""
    if coded(row):
        low, high = number(row["lower"]), number(row["upper"])
        told = f"≤ {high}" if row["lower"] <= 0 else f"≥ {low}" if row["upper"] >= 100 else f"{low}–{high}"
        return f"{told} {unit}".strip()
    if row["status"] == TOO_LOW:
        return NOT_HERE
    if shown(row):
        return f"{number(row['value'], decimals(unit, row.get('n')))} {unit}".strip()
    return HIDDEN if hidden(row) else NO_DATA


def interval(row: Mapping[str, Any], unit: str = "%") -> str:
    """`10,1 – 14,8`, or nothing."""
    if not shown(row) or row.get("lower") is None or row.get("upper") is None:
        return ""
    places = decimals(unit, row.get("n"))
    return f"{number(row['lower'], places)} – {number(row['upper'], places)}"


def count(figure: int | None) -> str:
    return "" if figure is None else number(figure)


def legend() -> list[tuple[str, str]]:
    """Symbols and what they mean, for under every table."""
    return [
        (
            HIDDEN,
            t(
                "verborgen om herleiding tot kinderen te voorkomen",
                "hidden so that no child can be recognised",
            ),
        ),
        (
            "≤ 5 %",
            t(
                "klasse van het percentage, want precies tonen zou te veel zeggen; onder- en bovengrens zijn die van de klasse",
                "class of the percentage, for the exact figure would tell too much; lower and upper limit are those of the class",
            ),
        ),
        (NO_DATA, t("geen gegevens", "no data")),
        (
            NOT_HERE,
            t(
                "op dit niveau of voor losse jaren voor geen enkel gebied gepubliceerd",
                "published for no area at all at this level or for single years",
            ),
        ),
    ]
