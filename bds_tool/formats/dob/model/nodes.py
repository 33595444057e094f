"""What the demands look at in an element: its texts, children and siblings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.content import HL7

if TYPE_CHECKING:
    from lxml.etree import _Element

Rule = Callable[["_Element"], bool]
BLANK = " \t\r\n"
_UNITS = frozenset({"us", "ms", "s", "min", "h", "d", "wk", "mo", "a"})


def own_texts(e: _Element) -> Iterator[str]:
    """The text nodes directly inside."""
    if e.text:
        yield e.text
    for child in e:
        if child.tail:
            yield child.tail


def has_text(e: _Element) -> bool:
    text = e.text
    if text and text.strip(BLANK):
        return True
    for child in e:
        text = child.tail
        if text and text.strip(BLANK):
            return True
    return False


def elements(e: _Element) -> list[_Element]:
    return [c for c in e if isinstance(c.tag, str)]


def local(e: _Element) -> str:
    return str(e.tag).rpartition("}")[2]


def siblings(e: _Element) -> list[_Element]:
    """The other elements of the same parent with the same local name, whatever their namespace."""
    parent = e.getparent()
    return [] if parent is None else [s for s in parent.iterchildren("{*}" + local(e)) if s is not e]


def full_text(e: _Element) -> str:
    return "".join(e.itertext())


def hl7_children(e: _Element, name: str) -> list[_Element]:
    return list(e.iterchildren(HL7 + name))


def values(found: Iterable[_Element], name: str = "value") -> list[str]:
    return [v for v in (e.get(name) for e in found) if v is not None]


def right_units(units: list[str]) -> bool:
    """At most one unit, and one of time; with two the official processor stops."""
    return len(units) < 2 and all(u in _UNITS for u in units if u)
