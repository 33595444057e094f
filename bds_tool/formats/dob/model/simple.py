"""The form of attribute values: the simple types of the message schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

Form = Callable[[str], bool]
_BLANKS = re.compile(r"[ \t\r\n]+")
_NAME = r"[^\W\d][\w.\-·]*"
#: What libxml2 takes as the built-in types.
_BUILT_IN = {
    "xs:boolean": r"true|false|1|0",
    "xs:decimal": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)",
    "xs:double": r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-?INF|NaN",
    "xs:integer": r"[+-]?[0-9]+",
    "xs:NMTOKEN": r"[\w.\-:·]+",
    "xs:ID": _NAME,
    "xs:IDREF": _NAME,
}
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class Row(NamedTuple):
    """A row of `vormen.csv`."""

    kind: str
    base: str
    members: tuple[str, ...]
    values: frozenset[str]
    pattern: str
    least: int
    collapse: bool
    #: the word that heads the enumeration: what the others are kinds of
    head: str = ""


class Forms:
    """The simple types of one family of messages, compiled when asked for."""

    def __init__(self, rows: dict[str, Row]) -> None:
        self._rows = rows
        self._forms: dict[str, Form] = {}

    def __getitem__(self, name: str) -> Form:
        form = self._forms.get(name)
        if form is None:
            form = self._forms[name] = self._built_in(name) if name.startswith("xs:") else self._own(name)
        return form

    def values(self, name: str) -> frozenset[str]:
        """The words that a type enumerates, of its items when it is a list; empty when it does not."""
        row = self._rows.get(name)
        if row is None:
            return frozenset()
        return row.values or (self.values(row.members[0]) if row.kind == "list" else frozenset())

    def head(self, name: str) -> str:
        """The first word that a type enumerates, of which the others are kinds; empty when it enumerates none."""
        row = self._rows.get(name)
        return "" if row is None else row.head

    def _own(self, name: str) -> Form:
        row = self._rows[name]
        if row.kind == "list":
            item = self[row.members[0]]
            return lambda value: all(item(part) for part in _BLANKS.split(value) if part)
        if row.kind == "union":
            members = [self[m] for m in row.members]
            return lambda value: any(member(value) for member in members)
        base = self[row.base]
        pattern = re.compile(row.pattern) if row.pattern else None
        values, least, collapse = row.values, row.least, row.collapse

        def form(value: str) -> bool:
            text = collapsed(value) if collapse else value
            return (
                (not values or text in values)
                and (pattern is None or pattern.fullmatch(text) is not None)
                and len(text) >= least
                and base(text)
            )

        return form

    def _built_in(self, name: str) -> Form:
        if name == "xs:base64Binary":
            return lambda value: _BASE64.fullmatch(_BLANKS.sub("", value)) is not None
        if name == "xs:anyURI":
            return uri
        if name == "xs:int":
            whole = self["xs:integer"]
            return lambda value: whole(value) and -(2**31) <= int(collapsed(value)) < 2**31
        if name not in _BUILT_IN:
            return lambda value: True  # noqa: ARG005  # xs:string, xs:token, xs:anySimpleType
        pattern = re.compile(_BUILT_IN[name])
        return lambda value: pattern.fullmatch(collapsed(value)) is not None


def collapsed(value: str) -> str:
    """Blanks at the ends gone, blanks inside one: only the four that XML knows."""
    return _BLANKS.sub(" ", value).strip(" ")


def uri(value: str) -> bool:
    """What libxml2 takes as xs:anyURI: nearly everything."""
    text = collapsed(value)
    if re.search(r"%(?![0-9A-Fa-f]{2})|[\[\]]", text) or text.count("#") > 1:
        return False
    rest = text.partition("#")[0]
    scheme = _SCHEME.match(rest)
    if scheme:
        rest = rest[scheme.end() :]
    elif ":" in rest.partition("?")[0].partition("/")[0]:
        return False
    if rest.startswith("//"):
        place = re.split(r"[/?]", rest[2:], maxsplit=1)[0]
        if place.count("@") > 1:
            return False
        port = place.rpartition("@")[2].partition(":")
        if port[1] and port[2] and not (port[2].isascii() and port[2].isdecimal() and len(port[2]) < 10):
            return False
    return True
