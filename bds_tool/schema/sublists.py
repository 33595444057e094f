"""Value lists of which the place decides a part: `specs/bds/plaatslijsten.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bds_tool.base.ranges import range_of
from bds_tool.base.specs import specs_dir
from bds_tool.schema.loading import read_rows

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition

#: Inside an activity; everything else is the dossier itself. What nodes of a message ask the message model says.
ACTIVITY = "activiteit"
#: In place of a value set: any rubriek that the version has.
RUBRIEKEN = "rubrieken"


@dataclass(frozen=True, slots=True)
class Sublist:
    """At `place` an element takes these codes and no others."""

    bdsnummer: int
    place: str
    codes: frozenset[str]


def sublists(definition: Definition) -> tuple[Sublist, ...]:
    """The parts that hold for a version; a part of which the version does not list the codes is left out."""
    found = []
    for row in read_rows(str(specs_dir()), "bds/plaatslijsten.csv"):
        codes = _codes(definition, row["lijst"])
        if range_of(row).holds(definition.version) and codes:
            found.append(Sublist(int(row["bdsnummer"]), row["plaats"], codes))
    return tuple(found)


def _codes(definition: Definition, name: str) -> frozenset[str]:
    if name == RUBRIEKEN:
        return frozenset(definition.rubrieken)
    lists = (w for w in definition.waardenlijsten.values() if w.valuesets == (name,))
    return frozenset(c.code for w in lists for c in w.codes if c.code)
