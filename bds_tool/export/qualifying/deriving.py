"""A scenario from an example: what stands in a message becomes what is asked, without copying whom it is about.

Asked exactly are codes, yes and no, and why there is no value; of all else (texts, dates, measurements) that there is one.
A template of the qualification that is still to be filled in (`{current-dateTime() - …}`) tells its ages in its formulas.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from bds_tool.export.qualifying.scenario import BIRTH, DAY, KIND, Item, Moment, Period, Scenario, counted

if TYPE_CHECKING:
    import polars as pl

#: Days that a contact may be earlier or later, in a scenario that was made from an example.
MARGIN = 7
#: What goes into a scenario from an example is of a known form: never a text that stands in the place of a code.
_NULL = re.compile(r"<(?:NI|INV|DER|OTH|NINF|PINF|UNC|MSK|NA|UNK|ASKU|NAV|NASK|QS|TRC|NP)>")
_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,6})?")
_GROUP = re.compile(r"G\d{3}")
_YES_NO = frozenset({"true", "false"})
_STEP = re.compile(r"([+-])\s*xs:(?:yearMonth|dayTime)Duration\('P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?'\)")


def derive(rows: pl.DataFrame, version: str, *, exact: bool = False) -> tuple[Scenario, int]:
    """A scenario of one dossier, and how many registraties cannot be asked: of no element of this version.

    `rows`: registraties with `meaning`. `exact`: numbers must be the same too.
    """
    from bds_tool.schema import load

    known = load(version).elementen
    moments, names = _moments(rows, version)
    items, left = [], 0
    told = ("bdsnummer", "activiteit_id", "groep", "volgnr", "waarde", "tekst", "nullflavor", "meaning")
    for number, act, group, nth, value, text, null, meaning in rows.select(told).iter_rows():
        if number is None:
            continue  # of the envelope and the frame of a message: no element
        if number not in known:
            left += 1
            continue
        if value is None and text is None and null is None:
            continue
        wanted = None if _template(value) else _exactly(version, number, value, meaning, numbers=exact)
        known_group = group if group and _GROUP.fullmatch(group) else ""
        items.append(Item(number, names.get(act, ""), known_group, (nth or 1) if known_group else 1, wanted))
    items.sort(key=lambda i: [m.id for m in moments].index(i.moment) if i.moment else -1)
    items = [item for item, n in counted(items) for _ in range(n)]
    title = {"nl": "Eigen scenario", "en": "Scenario of our own"}
    made = Scenario("eigen", title, "eigen", version, "-", "D", MARGIN, tuple(moments), tuple(items))
    return made, left


def _moments(rows: pl.DataFrame, version: str) -> tuple[list[Moment], dict[str, str]]:
    """The contacts in order of age, and contact → name of its moment."""
    facts: dict[str, dict[int, tuple[str | None, str | None]]] = {}
    birth: str | None = None
    for act, number, value, meaning in rows.select(
        "activiteit_id", "bdsnummer", "waarde", "meaning"
    ).iter_rows():
        if number == BIRTH and birth is None:
            birth = value
        if act is not None:
            told = _exactly(version, KIND, value, meaning, numbers=False) if number == KIND else meaning
            facts.setdefault(act, {}).setdefault(number or 0, (value, told))
    ages = {act: _age(birth, f.get(DAY, (None, None))[0]) for act, f in facts.items()}
    born = date(2000, 3, 1)
    order = sorted(facts, key=lambda a: (ages[a] is None, ages[a].after(born) if ages[a] else born))  # type: ignore[union-attr]
    names = {act: f"m{nr}" for nr, act in enumerate(order, 1)}
    return [Moment(names[a], facts[a].get(KIND, (None, None))[1] or "", ages[a]) for a in order], names


def _age(birth: str | None, day: str | None) -> Period | None:
    """From two dates, or from the formulas of a template: both count from the day it is filled in."""
    if birth is None or day is None:
        return None
    if _template(birth) and _template(day):
        # Any day of filling in will do: formulas of whole years give whole years again.
        born, came = (_from_now(text).after(date(2001, 6, 1)) for text in (birth, day))
        return Period.between(born, came)
    try:
        return Period.between(date.fromisoformat(birth[:10]), date.fromisoformat(day[:10]))
    except ValueError:
        return None


def _template(value: str | None) -> bool:
    return value is not None and value.startswith("{") and value.endswith("}")


def _from_now(formula: str) -> Period:
    """What a formula adds to the day of filling in."""
    months = days = 0
    for sign, years, month, day in _STEP.findall(formula):
        by = -1 if sign == "-" else 1
        months += by * (12 * int(years or 0) + int(month or 0))
        days += by * int(day or 0)
    return Period(months, days)


def _exactly(
    version: str, number: int, value: str | None, meaning: str | None, *, numbers: bool
) -> str | None:
    """What a value must be: a code, yes or no, a nullFlavor, on wish a number; None where any value will do."""
    from bds_tool.export.comparing.meaning import bds_codes, measured
    from bds_tool.schema import load

    element = load(version).elementen[number]
    if meaning is None:
        return None
    if value is None and meaning.startswith("<"):
        return meaning if _NULL.fullmatch(meaning) else None
    if meaning in _YES_NO:
        return meaning
    if element.waardenlijst:
        return meaning if meaning in bds_codes(version, element.waardenlijst).values() else None
    return meaning if numbers and measured(element) and _NUMBER.fullmatch(meaning) else None
