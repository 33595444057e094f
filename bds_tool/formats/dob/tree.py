"""Rows hung in the layout: the tree of one message before it becomes XML."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bds_tool.formats.dob.layout import Node
from bds_tool.formats.dob.place import Placed, Places, Present
from bds_tool.schema import Definition
from bds_tool.store.columns import Registratie

_KIND = "careProvisionEvent/component7/@soort"
_MOOD = "careProvisionEvent/component7/encounter/@moodCode"
_STATUS = "careProvisionEvent/component7/encounter/statusCode"
#: Code of 1605 for an activity that took place (W0690).
REALISED = "01"
#: Codes of 495 (W0191) for a contact that was called off: before 4.0 it stays an intention (moodCode INT).
_CALLED_OFF = frozenset({"01", "03"})
#: Elements the message tells by its shape: an indication is there (1158), the activity of non-BDS data (1334).
IMPLIED = frozenset({1158, 1334})


@dataclass
class Left:
    """What the message has no place for, by element: whole rows, and of rows that it has the day and the contact."""

    rows: Counter[int | None] = field(default_factory=Counter)
    moments: Counter[int | None] = field(default_factory=Counter)

    def add(self, other: Left) -> None:
        self.rows += other.rows
        self.moments += other.moments


@dataclass
class Branch:
    """A node of the message to be: its place in the layout, what distinguishes it from its likes, its content."""

    node: Node
    first: int
    rows: list[Placed] = field(default_factory=list)
    children: dict[tuple[Any, ...], Branch] = field(default_factory=dict)
    number: int | None = None
    mark: str = ""
    tag: str = ""


def grow(rows: list[Registratie], places: Places, left: Left) -> Branch:
    """The tree of a dossier from its rows; `left` counts what the message has no place for."""
    top = Branch(places.layout.dossier, 0)
    kinds = {r["activiteit_id"]: r["waarde"] for r in rows if r["pad"] == _KIND}
    planned = {r["activiteit_id"] for r in rows if r["pad"] == _MOOD and r["waarde"] != "EVN"}
    told = [_at_home(_stated(r, places, planned), places.definition) for r in rows if r["pad"] != _KIND]
    rows = _with_headers(told, places)
    present = Present(rows)
    for order, row in enumerate(rows):
        placed = places.place(row, order, present)
        if placed is None:
            # A part around the elements that only says that nothing is known tells nothing.
            empty = row["bdsnummer"] is None and row["waarde"] is None and row["tekst"] is None
            if row["bdsnummer"] in IMPLIED or empty:
                continue
            left.rows[row["bdsnummer"]] += 1
            continue
        if row["activiteit_id"] is not None and not any(n.activity for n in placed.chain):
            left.moments[row["bdsnummer"]] += 1  # a fact of the child itself, that a table has at a contact
        _hang(top, placed)
    _choose(places, top, "careProvisionEvent", kinds)
    return top


def _stated(row: Registratie, places: Places, planned: set[str | None]) -> Registratie:
    """The status of an activity that did not take place: `cancelled` before 4.0; `aborted` since, unless planned."""
    if row["bdsnummer"] != 725 and row["pad"] != _STATUS:
        return row
    if row["activiteit_id"] in planned and not places.old:
        return row
    said, says = ("aborted", "cancelled") if places.old else ("cancelled", "aborted")
    return row | {"waarde": says} if row["waarde"] == said else row


def _choose(places: Places, branch: Branch, path: str, kinds: dict[str | None, str | None]) -> None:
    """Of alternative tags, the one that the schema of this version has at this place."""
    order = places.structure.at(path).order
    for key, child in branch.children.items():
        tags = child.node.tags
        if child.node.activity:
            child.tag = kinds.get(key[2]) or tags[0]
        else:
            child.tag = next((tag for tag in tags if tag in order), tags[0])
        _choose(places, child, f"{path}/{child.tag}", kinds)


def _hang(top: Branch, placed: Placed) -> None:
    marks = _marks(placed)
    branch = top
    for node, mark in zip(placed.chain[1:], marks, strict=True):
        if node.key.startswith("@"):
            break
        key = (id(node), *mark)
        if key not in branch.children:
            child = branch.children[key] = Branch(node, placed.order)
            if node.bds or node.kind == "toediening":
                child.number = placed.number if placed.number is not None else placed.row["bdsnummer"]
            elif node.kind in {"rubriek", "groep"}:
                child.mark = str(mark[1])
        branch = branch.children[key]
    branch.rows.append(placed)


def _at_home(row: Registratie, definition: Definition) -> Registratie:
    """Formats that know no rubriek or groep: the definition tells where the element belongs."""
    element = definition.elementen.get(row["bdsnummer"] or 0)
    if element is None or (row["rubriek"] and (row["groep"] or not element.groep)):
        return row
    known = [g for g in element.groepen if g in definition.groepen and definition.groepen[g].groepcluster]
    inner = known or list(element.groepen)
    groep = row["groep"] or (inner[-1] if inner else None)
    return row | {"rubriek": row["rubriek"] or element.rubriek or None, "groep": groep}


def _with_headers(rows: list[Registratie], places: Places) -> list[Registratie]:
    """What a message must say of a dossier and an activity, and other formats tell by key and date alone."""
    if not rows:
        return rows
    told = {(r["activiteit_id"], r["bdsnummer"]) for r in rows} | {
        (r["activiteit_id"], r["pad"]) for r in rows
    }
    empty = rows[0] | {
        "activiteit_id": None, "datum": None, "bdsnummer": None, "rubriek": None, "groep": None, "volgnr": None,
        "waarde": None, "eenheid": None, "codesysteem": None, "nullflavor": None, "tekst": None, "pad": None,
    }  # fmt: skip
    added: list[Registratie] = []
    if (None, 695) not in told:
        added.append(empty | {"bdsnummer": 695, "waarde": rows[0]["dossier_id"]})
    status = {r["activiteit_id"]: r["waarde"] for r in rows if r["bdsnummer"] == 1605}
    missed = {r["activiteit_id"]: r["waarde"] for r in rows if r["bdsnummer"] == 495}
    for activity, moment in {r["activiteit_id"]: r["datum"] for r in rows if r["activiteit_id"]}.items():
        own = empty | {"activiteit_id": activity, "datum": moment}
        if (activity, 1377) not in told:
            added.append(own | {"bdsnummer": 1377, "waarde": activity})
        if (activity, 724) not in told and moment is not None:
            added.append(own | {"bdsnummer": 724, "waarde": moment.isoformat()})
        if (activity, _MOOD) not in told:
            # What was registered at a contact took place, unless its status (1605) says that it did not.
            undone = "cancelled" if places.old else "aborted"
            done = "completed" if status.get(activity, REALISED) == REALISED else undone
            planned = places.old and missed.get(activity) in _CALLED_OFF
            added.append(own | {"pad": _MOOD, "waarde": "INT" if planned else "EVN"})
            if (activity, 725) not in told and (activity, _STATUS) not in told:
                number = 725 if places.old else None
                added.append(own | {"bdsnummer": number, "pad": _STATUS, "waarde": done})
            if (activity, 1605) not in told and 1605 in places.definition.elementen and not places.old:
                # From 4.0 on an activity has rubriek R018, which tells its status.
                added.append(own | {"bdsnummer": 1605, "rubriek": "R018", "waarde": REALISED})
    return rows + added


def _marks(placed: Placed) -> list[tuple[Any, ...]]:
    """What distinguishes each node on the way from its likes; rows with equal marks share the node."""
    chain, row = placed.chain, placed.row
    instances, occurrence = placed.steps
    numbers: dict[int, int] = {}
    for index, node in enumerate(chain):
        if node.instance or node.kind == "groep":
            numbers[index] = instances[len(numbers)]

    def mark(index: int) -> tuple[Any, ...]:
        node = chain[index]
        if node.activity:
            return ("activiteit", row["activiteit_id"])
        if node.kind == "rubriek":
            return ("rubriek", row["rubriek"])
        if node.kind == "groep":
            return ("groep", row["groep"], numbers[index])
        if index in numbers:
            return ("exemplaar", numbers[index])
        if node.bds or node.kind == "toediening":
            # An act outside the activities holds one value: what a table registers at each visit is an act each.
            visit = None if any(n.activity for n in chain) else row["activiteit_id"]
            return (
                "waarneming",
                placed.number if placed.number is not None else row["bdsnummer"],
                occurrence,
                visit,
            )
        last = index == len(chain) - 1
        if last:
            return ("rij", placed.order) if node.many else ()
        return ("om", id(chain[index + 1]), *mark(index + 1)) if node.many else ()

    return [mark(index) for index in range(1, len(chain))]
