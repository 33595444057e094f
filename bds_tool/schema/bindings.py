"""Which value list binds an element in a coding, and how much of that list is known.

`specs/bds/lijststand.csv` says of which lists the sources print only a part, and which are tables of others that grow
without a new BDS (gemeenten, landen). Only a list that is known whole can call a code wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.base.ranges import range_of
from bds_tool.base.specs import specs_dir
from bds_tool.schema.loading import read_rows

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition, Element, Waardenlijst

#: Known whole; known in part; a table of somebody else as it stood on a date; sources that contradict each other.
WHOLE, PARTIAL, OPEN, UNSURE = "volledig", "onvolledig", "open", "onzeker"
#: Data types of a message that carry a code of the list itself; attributes have codes of their own.
_CODED = frozenset({"CV", "CE", "CD", "CO", "SC"})
#: Locations where an element has a value node of its own, which must name its code system.
OWN_NODE = frozenset({"observation", "act-value", "observation-other-code"})


@dataclass(frozen=True, slots=True)
class Binding:
    """The list of an element and its state; `date` is the day it stood so, for an open list."""

    lijst: Waardenlijst
    state: str
    systems: frozenset[str]

    @property
    def date(self) -> str:
        return self.lijst.ingang[:10]


def binding(definition: Definition, element: Element, coding: str) -> Binding | None:
    """None where no list binds the element in this coding, or the sources print none of its codes."""
    if not element.waardenlijst or not element.coded:
        return None
    if coding == "HL7" and element.hl7_datatype not in _CODED:
        return None
    found = definition.waardenlijsten.get((element.waardenlijst, coding))
    if not found or not any(c.rij == "concept" for c in found.codes):
        return None
    systems = frozenset(c.codesysteem for c in found.codes if c.codesysteem)
    return Binding(found, _state(definition, element, found, coding, systems), systems)


def state(version: str, found: Waardenlijst) -> str:
    """How much of a list is known: volledig, onvolledig or open."""
    stated = _stated(version, str(specs_dir()))
    key = found.waardenlijst
    said = stated.get((key, found.soort)) or stated.get((key, ""))
    if said:
        return said
    return OPEN if any(c.rij == "complete-codesystem" for c in found.codes) else WHOLE


def _state(
    definition: Definition, element: Element, found: Waardenlijst, coding: str, systems: frozenset[str]
) -> str:
    said = state(definition.version, found)
    named = set(filter(None, element.codesysteem.split("|")))
    # Where element and list name different code systems, one of the two sources is wrong: nobody is accused.
    unsure = coding == "HL7" and named and not systems & named
    return UNSURE if unsure and said == WHOLE else said


@lru_cache(maxsize=16)
def _stated(version: str, root: str) -> dict[tuple[str, str], str]:
    rows = read_rows(root, "bds/lijststand.csv")
    return {(r["waardenlijst"], r["soort"]): r["stand"] for r in rows if range_of(r).holds(version)}
