"""Fields of a record in JSON: whose it is, a value with its unit as one, and any value as text."""

from __future__ import annotations

import json
import re
from typing import Any

from bds_tool.formats.json_text import BadNumber
from bds_tool.formats.table.places import other_in, says_whose

#: `type` and `soort` say who a record is about in a list of persons only.
_KIND = re.compile(r"(?i)type|soort|kind|code")
_PERSONS = re.compile(r"(?i)(person(en|s)?|people|leden|members?|relat\w+)(\[\])?\.$")


def whose(record: dict[str, Any], path: str) -> str:
    """`[moeder].` for a record that says it is of another than the child, by a field such as `rol`; else empty.

    It is part of the place, so that what is below is no more the child's than what is below `moeder`.
    """
    for key, value in record.items():
        if says_whose(key) or (_KIND.fullmatch(key) and _PERSONS.search(path)):
            words = value.values() if isinstance(value, dict) else (value,)
            for word in words:
                if isinstance(word, str) and (other := other_in(word)):
                    return f"[{other}]."
    return ""


def measured(value: dict[str, Any]) -> tuple[str | None] | None:
    """The one value in an object that holds nothing but that, and its unit as in a cell: `{"waarde": 61.2, "eenheid": "cm"}`."""
    if len(value) > 2:  # a value and a unit
        return None
    small = {key.lower(): found for key, found in value.items()}
    amounts, units = small.keys() & _AMOUNT, small.keys() & _UNIT_OF
    if len(amounts) != 1 or len(amounts) + len(units) != len(value):
        return None
    found = [small[name] for name in (*amounts, *units)]
    if any(isinstance(v, (dict, list)) for v in found):
        return None
    amount, *unit = map(as_text, found)
    return (f"{amount} {unit[0]}",) if amount and unit and unit[0] else (amount,)


#: Fields of an object that is one value of an element, and of its unit.
_AMOUNT = frozenset({"waarde", "value"})
_UNIT_OF = frozenset({"eenheid", "unit"})
#: Milliseconds since 1970 as older services of Microsoft write them.
_MOMENT = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


def as_text(value: Any) -> str | None:  # noqa: ANN401
    if isinstance(value, BadNumber) and value.lower() == "nan":
        return None  # told at its line; a mark for a missing value is something else
    if isinstance(value, str):
        moment = _MOMENT.fullmatch(value)
        return moment[1] if moment else value
    if value is None or value in ([], {}):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
