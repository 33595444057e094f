"""Shapes in which programs write a table as one JSON value: by column, by key, as a header with rows.

Taken field by field these would mix the values of children: the keys of the outer object would be columns of one record.
"""

from __future__ import annotations

import re
from typing import Any

#: Fields of a header and of the rows below it.
_HEADER = re.compile(r"(?i)(columns?|fields?|headers?|names|kolommen|kop|velden)")
_ROWS = re.compile(r"(?i)(data|rows?|values|records|rijen|waarden)")
#: The column with the key of a record, where records stand by key; what it means is not known.
KEY = "sleutel"
#: From how many records on keys need no number to be those of records and not names of fields.
MANY = 50
#: Fields of an object that is one value of an element.
_AMOUNT = frozenset({"waarde", "value"})
#: How text starts that holds one of these; a list of objects is known otherwise.
_STARTS = re.compile(
    rf'\s*(?:\[\s*\[\s*"|\{{\s*"{_HEADER.pattern.removeprefix("(?i)")}"\s*:\s*\[)', re.IGNORECASE
)
_DIGIT = re.compile(r"\d")

Record = dict[str, Any]


def starts_table(text: str) -> bool:
    """Whether text of JSON starts as a header with rows."""
    return bool(_STARTS.match(text))


def records_in(value: Any) -> list[Record] | None:  # noqa: ANN401
    """The records of a value in one of these shapes; None when it has none of them."""
    if isinstance(value, list):
        return _below(value[0], value[1:]) if len(value) > 1 and isinstance(value[0], list) else None
    if not isinstance(value, dict) or not value:
        return None
    header = [v for k, v in value.items() if _HEADER.fullmatch(k) and isinstance(v, list)]
    rows = [v for k, v in value.items() if _ROWS.fullmatch(k) and isinstance(v, list)]
    if len(header) == len(rows) == 1:
        return _below([n.get("name") if isinstance(n, dict) else n for n in header[0]], rows[0])
    if len(value) < 2:
        return None
    columns = list(value.values())
    if all(isinstance(c, dict) and c for c in columns):
        return _by_column(value) or _by_key(value)
    if all(isinstance(c, list) and c and all(isinstance(r, dict) for r in c) for c in columns):
        return _by_key(value)
    if all(isinstance(c, list) and c and not any(map(_nested, c)) for c in columns):
        heights = {len(c) for c in columns}
        return (
            [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
            if len(heights) == 1
            else None
        )
    return None


def _below(header: list[Any], rows: list[Any]) -> list[Record] | None:
    """Rows of as many values as the header has names; nothing else is a table."""
    named = all(isinstance(n, str) and n.strip() for n in header) and len(set(header)) == len(header) > 1
    fitting = all(isinstance(r, list) and len(r) == len(header) and not any(map(_nested, r)) for r in rows)
    return [dict(zip(header, row, strict=True)) for row in rows] if named and fitting and rows else None


def _by_column(value: dict[str, Record]) -> list[Record] | None:
    """`{"client": {"0": "A", "1": "B"}, "datum": {"0": …}}`: each column by the number of the row."""
    columns = list(value.values())
    places = list(columns[0])
    counted = all(p.isdecimal() for p in places)
    alike = all(c.keys() == columns[0].keys() and not any(map(_nested, c.values())) for c in columns)
    return [{n: c[p] for n, c in value.items()} for p in places] if counted and alike else None


def _by_key(value: dict[str, Record | list[Record]]) -> list[Record] | None:
    """`{"K001": {"datum": …, "bds_245": …}, "K002": {…}}`: records of the same fields, each by a key with a number in it.

    Below a key may stand a list of records, such as the visits of one dossier. Where there are many, any key will do:
    no record has as many fields that are alike. Elements by their number or name are fields of one record.
    """
    groups = {key: found if isinstance(found, list) else [found] for key, found in value.items()}
    every = [record.keys() for found in groups.values() for record in found]
    shared, names = set.intersection(*map(set, every)), set[str]().union(*every)
    if not (shared and 2 * len(shared) >= len(names)):
        return None
    if len(groups) < MANY and not (len(shared) > 1 and all(map(_DIGIT.search, groups))):
        return None
    if _AMOUNT & {name.lower() for name in shared} and 2 * sum(map(_is_element, groups)) > len(groups):
        return None
    counted = all(key.isdecimal() for key in groups) and len(every) == len(groups)
    return [
        record if counted or KEY in record else {KEY: key, **record}
        for key, found in groups.items()
        for record in found
    ]


def _is_element(key: str) -> bool:
    from bds_tool.formats.table.columns import recognise

    return bool(recognise(key).bdsnummer)


def _nested(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, (dict, list))
