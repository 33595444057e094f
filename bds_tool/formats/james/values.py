"""Small judgements on JSON values and records: kind, text, day, shape."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from bds_tool.formats.james.formats import KIND_WORDS, formats

_DAY = re.compile(r"\d{8}")


def kind_of(value: Any) -> str:  # noqa: ANN401
    """The JSON type of a value in words that the catalogue of findings knows."""
    return "niets" if value is None else KIND_WORDS.get(type(value), "object")


def text_of(value: Any) -> str | None:  # noqa: ANN401
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    import orjson

    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        # Deeper than orjson writes; the reader of files turns this into a finding about the file.
        raise RecursionError from error


def day_of(text: str) -> date | None:
    digits = text.strip()
    if not _DAY.fullmatch(digits):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def short(name: str) -> str:
    """A key for use in a place: bounded, and without line breaks."""
    return "".join(c if c.isprintable() else "?" for c in name[:60])


def like_bsn(text: str) -> bool:
    """Nine digits that pass the 11-test might be a BSN, and a BSN is never a key."""
    if not (text.isascii() and text.isdigit() and len(text) in {8, 9}):
        return False
    digits = [int(c) for c in text.zfill(9)]
    return (sum(d * w for d, w in zip(digits, range(9, 1, -1), strict=False)) - digits[8]) % 11 == 0


def has_body(record: dict[str, Any]) -> bool:
    lower = {k.lower() for k in record}
    return bool(
        lower & {"clientgegevens", "clientdetails", "clientmeasurements", "contactmomenten", "nesteddetails"}
    )


def shape_of(record: dict[str, Any]) -> str:
    """The format that a record looks like, whatever it says of itself."""
    lower = {k.lower(): v for k, v in record.items()}
    if lower.keys() & {"clientdetails", "clientmeasurements", "nesteddetails", "organisationcode"}:
        blocks = [*_list(lower.get("clientdetails")), *_list(lower.get("clientmeasurements"))]
        return "3.1" if any(isinstance(b, dict) and "varName" in b for b in blocks) else "3.0"
    client = lower.get("clientgegevens")
    if isinstance(client, list) or "ElementNummer" in str(record)[:4000]:
        return "2.0"
    quantities = formats()["1.1"].wants
    visits = [v.get("Elementen") for v in _list(lower.get("contactmomenten")) if isinstance(v, dict)]
    own = client.get("Elementen") if isinstance(client, dict) else None
    values = [
        e.get("Waarde")
        for block in (own, *visits)
        for e in _list(block)
        if isinstance(e, dict)
        and isinstance(e.get("Bdsnummer"), int)
        and quantities.get(e["Bdsnummer"]) is int
    ]
    numbers = sum(isinstance(v, int | float) for v in values)
    return "1.1" if numbers * 2 > len(values) else "1.0"


def _list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else []
