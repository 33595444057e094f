"""What a row of a protected result says, in words: why there is no figure, how it compares, where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bds_tool.base.text import number, plural, t
from bds_tool.export.report import cells
from bds_tool.indicators.definitions import CONTACTS

#: Sides of a comparison: higher, lower, tested without a difference, not tested.
HIGHER, LOWER, EQUAL, UNTESTED = "hi", "lo", "eq", "no"


def absent(row: Mapping[str, Any] | None) -> str:
    """Why a row carries no figure: `verborgen`, `te weinig kinderen`, `niet op dit niveau` or `geen gegevens`.

    A hidden cell never says whether it was small itself or shields another; only a rule that holds for every area of
    a level, whatever its counts, may say that single years hold too few children.
    """
    if row is None or row["status"] in cells.EMPTY:
        return t("geen gegevens", "no data")
    if row["status"] == cells.TOO_LOW:
        if "-" in row["period"]:
            return t("niet op dit niveau", "not at this level")
        return t("te weinig kinderen", "too few children")
    return t("verborgen", "hidden")


def reason(word: str) -> str:
    """The sentence behind a word of `absent`."""
    return {
        t("geen gegevens", "no data"): t(
            "Dit is hier niet vastgelegd of niet aangeleverd.", "This was not recorded or not delivered here."
        ),
        t("te weinig kinderen", "too few children"): t(
            "Per jaar gaat het om te weinig kinderen; kijk naar de jaren samen.",
            "One year holds too few children; look at the years together.",
        ),
        t("niet op dit niveau", "not at this level"): t(
            "Dit onderwerp is te gevoelig om op dit niveau te tonen, voor geen enkel gebied.",
            "This subject is too sensitive to show at this level, for any area.",
        ),
        t("verborgen", "hidden"): t(
            "Weggelaten, zodat niemand een kind kan herkennen of een ander cijfer kan terugrekenen.",
            "Left out, so that nobody can recognise a child or compute back another figure.",
        ),
    }[word]


def compared(row: Mapping[str, Any], region: str, over: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """(side, words) of the test in the result; the site tests nothing itself. `over` is the row of the region."""
    test = row.get("reference_test") or ""
    if not test and over is not None:
        return UNTESTED, t("niet te vergelijken", "cannot be compared")
    if "gepubliceerd" in test:
        published = t("het landelijke cijfer", "the national figure")
        region, test = published, test.replace("komt overeen", "gelijk")
    if test.startswith("hoger"):
        return HIGHER, t(f"hoger dan {region}", f"higher than {region}")
    if test.startswith("lager"):
        return LOWER, t(f"lager dan {region}", f"lower than {region}")
    if test.startswith("gelijk"):
        return EQUAL, t("geen aantoonbaar verschil", "no demonstrable difference")
    if test.startswith("niet getoetst"):
        return UNTESTED, t("te weinig kinderen om te vergelijken", "too few children to compare")
    return UNTESTED, ""


def course(row: Mapping[str, Any]) -> tuple[str, str]:
    """(kind, words) of the trend in the result: `up`, `down`, `flat`, `break` or nothing."""
    trend = row.get("trend") or ""
    if trend == "stijgend":
        return "up", t("stijgt", "rises")
    if trend == "dalend":
        return "down", t("daalt", "falls")
    if trend == "stabiel":
        return "flat", t("geen aantoonbare verandering", "no demonstrable change")
    if trend.startswith("trendbreuk"):
        year = trend.rsplit(" ", 1)[-1]
        return "break", t(f"vanaf {year} anders vastgelegd", f"recorded differently from {year}")
    if trend:
        return "", t("te weinig om een verloop te toetsen", "too few to test a trend")
    return "", ""


def unit(view: str) -> str:
    """What is counted: `kinderen`, or `contacten` where a row of the view is one."""
    return t("contacten", "contacts") if view in CONTACTS else t("kinderen", "children")


def counted(row: Mapping[str, Any], view: str = "") -> str:
    """`130 van 180 kinderen` (numerator where it is told), `1 kind`, `12 contacten`; nothing when it may not be told."""
    n, x = row.get("n"), row.get("x")
    if n is None:
        return ""
    one = "contact" if view in CONTACTS else t("kind", "child")
    told = plural(n, one, unit(view))
    return told if x is None else t(f"{number(x)} van {told}", f"{number(x)} of {told}")


def without(row: Mapping[str, Any]) -> str:
    """`3 % zonder waarde`, where both counts are told."""
    n, missing = row.get("n"), row.get("missing")
    if n is None or missing is None or n + missing == 0:
        return ""
    share = 100 * missing / (n + missing)
    told = "< 1" if 0 < share < 1 else number(share)
    return t(f"{told} % zonder waarde", f"{told} % without a value")


def years(period: str) -> str:
    """`2023–2025`: from and to with the dash of a range."""
    return period.replace("-", "–")


def told(row: Mapping[str, Any] | None, unit: str) -> str:
    """The figure, or the word for why there is none."""
    if row is None or not (cells.shown(row) or cells.coded(row)):
        return absent(row)
    return cells.value(row, unit)
