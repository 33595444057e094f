"""Small judgements on JSON values and records: kind, text, day, shape."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from bds_tool.base.json_types import JsonObject
from bds_tool.formats.james.formats import KIND_WORDS, formats

_DAY = re.compile(r"\d{8}")
#: Names inside the blocks of all formats.
_CANONICAL = frozenset(
    [
        "bdsNumber",
        "value",
        "values",
        "date",
        "varName",
        "nestingBdsNumber",
        "nestingCode",
        "clientDetails",
        "clientMeasurements",
        "Bdsnummer",
        "ElementNummer",
        "Waarde",
        "Elementen",
        "Groepen",
        "GenesteElementen",
        "Tijdstip",
        "Omschrijving",
    ]
)


def alike(name: str) -> str:
    """A name as it compares: `ClientDetails`, `client_details` and `clientDetails` are the same field."""
    return name.lower().replace("_", "").replace("-", "")


_NAMES = {alike(name): name for name in _CANONICAL}


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
    """The day that jjjjmmdd stands for, or ddmmjjjj as the older form writes it. No text is both: 19 and 20 are no month."""
    digits = text.strip()
    if not _DAY.fullmatch(digits):
        return None
    turned = reversed_day(digits)
    year, month, day = (
        (digits[4:], digits[2:4], digits[:2]) if turned else (digits[:4], digits[4:6], digits[6:])
    )
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def reversed_day(digits: str) -> bool:
    """Whether eight digits have the year last: 19 and 20 are no month, so no text can be read both ways."""
    return digits[4:6] in {"19", "20"}


def known_names() -> set[str]:
    """Names of all fields of all formats, as they compare (`alike`)."""
    return {alike(name) for f in formats().values() for name in f.velden} | _NAMES.keys()


def as_named(block: JsonObject) -> JsonObject:
    """The block with the names of the formats where only capitals or hyphens differ; itself when all names are right."""
    if block.keys() <= _CANONICAL:
        return block
    found: JsonObject = {}
    for key, value in block.items():
        name = _NAMES.get(alike(key), key)
        found[key if name in block or name in found else name] = value
    return found if found.keys() != block.keys() else block


def short(name: str) -> str:
    """A key for use in a place: bounded, and without line breaks."""
    return "".join(c if c.isprintable() else "?" for c in name[:60])


def like_bsn(text: str) -> bool:
    """Nine digits that pass the 11-test might be a BSN, and a BSN is never a key."""
    if not (text.isascii() and text.isdecimal() and len(text) in {8, 9}):
        return False
    digits = [int(c) for c in text.zfill(9)]
    return (sum(d * w for d, w in zip(digits, range(9, 1, -1), strict=False)) - digits[8]) % 11 == 0


def has_body(record: JsonObject) -> bool:
    lower = {alike(k) for k in record}
    return bool(
        lower & {"clientgegevens", "clientdetails", "clientmeasurements", "contactmomenten", "nesteddetails"}
    )


#: Names for what senders wrap records in; only these may be shown, another name can be anything.
WRAPPINGS = frozenset(
    [
        "data",
        "record",
        "records",
        "client",
        "clients",
        "clienten",
        "kind",
        "kinderen",
        "dossier",
        "dossiers",
        "item",
        "items",
        "result",
        "results",
        "resultaat",
        "resultaten",
        "bericht",
        "berichten",
        "message",
        "messages",
        "payload",
        "body",
        "value",
        "values",
        "content",
        "inhoud",
        "request",
        "response",
        "antwoord",
        "verzoek",
        "export",
        "rows",
        "rijen",
        "patient",
        "patients",
        "james",
        "bds",
        "children",
        "entries",
        "entry",
    ]
)


def unwrapped(value: Any) -> tuple[list[Any], str, int]:  # noqa: ANN401
    """The records in a value, the place of fields they were wrapped in (empty: none), and how many other fields lay there."""
    path: list[str] = []
    left = 0
    for _ in range(4):
        if not isinstance(value, dict) or has_body(value):
            break
        inner = [(key, v) for key, v in value.items() if _holds_records(v)]
        if not inner:
            break
        left += len(value) - len(inner)
        key, value = inner[0]
        path.append(key if key.lower() in WRAPPINGS else "…")
        if len(inner) > 1:
            value = [record for _, v in inner for record in (v if isinstance(v, list) else [v])]
    if not isinstance(value, list):
        return [value], "/".join(path), left
    records: list[Any] = []
    for item in value:
        found, where, more = (
            unwrapped(item) if isinstance(item, dict) and not has_body(item) else ([item], "", 0)
        )
        records += found
        left += more
        if where and not path:
            path = ["[]", where]
    return records, "/".join(path), left


def _holds_records(value: Any, depth: int = 3) -> bool:  # noqa: ANN401
    if isinstance(value, list):
        return any(_holds_records(v, depth - 1) for v in value[:20]) if depth else False
    if not isinstance(value, dict):
        return False
    return has_body(value) or (depth > 0 and any(_holds_records(v, depth - 1) for v in value.values()))


def shape_of(record: JsonObject) -> str:
    """The format that a record looks like, whatever it says of itself."""
    lower = {alike(k): v for k, v in record.items()}
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
