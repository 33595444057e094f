"""HL7v3 data types to and from the canonical columns."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from bds_tool.formats.dob.layout import HL7, XSI_TYPE

if TYPE_CHECKING:
    from lxml.etree import _Element


_ORIGINAL = HL7 + "originalText"


class Value(NamedTuple):
    """What one node of the message says, in the columns of `registraties`."""

    waarde: str | None = None
    eenheid: str | None = None
    codesysteem: str | None = None
    nullflavor: str | None = None
    tekst: str | None = None


NOTHING = Value()
#: Tags whose `value` attribute is a point in time, also without xsi:type.
TIME_TAGS = frozenset(
    HL7 + tag
    for tag in ("effectiveTime", "birthTime", "deceasedTime", "time", "low", "high", "center", "creationTime")
)
_TS = re.compile(r"^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\.\d+)?([+-]\d{4})?$")
_ISO = re.compile(
    r"^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?:T(\d{2})(?::(\d{2}))?(?::(\d{2}))?(\.\d+)?)?([+-]\d{2}:\d{2})?$"
)


def iso(ts: str) -> str:
    """`20181011` → `2018-10-11`; precision is kept; what is no HL7 time stays as it was delivered."""
    match = _TS.match(ts)
    if not match:
        return ts
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    text = "-".join(part for part in (year, month, day) if part)
    if hour:
        text += "T" + ":".join(part for part in (hour, minute, second) if part) + (fraction or "")
    return text + (f"{zone[:3]}:{zone[3:]}" if zone else "")


def ts(text: str) -> str:
    """The inverse of `iso`."""
    return (
        re.sub(r"[-:T](?!\d{2}:?\d{2}$)", "", text)
        if _ISO.match(text) and "T" not in text
        else _ts_time(text)
    )


def _ts_time(text: str) -> str:
    match = _ISO.match(text)
    if not match:
        return text
    *parts, fraction, zone = match.groups()
    return "".join(p for p in parts if p) + (fraction or "") + (zone.replace(":", "") if zone else "")


def value_of(element: _Element, *, coded: bool = False) -> Value:
    """The value of a node, whatever its data type. `coded`: text without a code is a name, not a value."""
    get = element.get
    code = get("code")
    if code is not None:
        text = get("displayName") or _original(element) or _text(element)
        return Value(code.strip() or None, None, get("codeSystem"), get("nullFlavor"), text)
    given = get("value")
    if given is not None:
        given = given.strip()
        if element.tag in TIME_TAGS or get(XSI_TYPE) == "TS":
            return Value(iso(given), None, None, get("nullFlavor"), None)
        return Value(given, get("unit"), None, get("nullFlavor"), _original(element))
    extension = get("extension")
    if extension is not None:
        return Value(extension.strip(), None, get("root"), get("nullFlavor"), None)
    null = get("nullFlavor")
    if null is not None:
        text = _original(element) or get("displayName") or _text(element)
        return Value(None, None, get("codeSystem") or get("root"), null, text)
    text = _text(element)
    if text is None and len(element):
        text = (
            _original(element)
            or " ".join(part.strip() for part in element.itertext() if part.strip())
            or None
        )
    if coded:
        return Value(None, None, get("codeSystem"), None, text)
    return Value(text, None, get("codeSystem") or get("root"), None, None)


def _text(element: _Element) -> str | None:
    text = element.text
    return None if text is None else text.strip() or None


def _original(element: _Element) -> str | None:
    if not len(element):
        return None
    child = element.find(_ORIGINAL)
    return None if child is None else _text(child)


def local_name(element: _Element) -> str:
    """The tag without its namespace."""
    return _local(element.tag)


@lru_cache(maxsize=4096)
def _local(tag: object) -> str:
    return str(tag).rsplit("}", 1)[-1]
