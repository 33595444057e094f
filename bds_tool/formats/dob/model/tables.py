"""The facts of one family of messages (`specs/dob/model` and folders of the same form), read once per process.

    model = load_model(specs_dir() / "dob" / "model", "4.1.3")
    model.message                     # root element, start type, trigger, whether templates are known
    model.types["PQ"].slots           # qualified tag → Slot(type, nillable), in the order of the schema
    model.types["PQ"].attributes      # name → Use(form, required, fixed, default)
    judge(root, model)                # the faults of a parsed message (see `judge`)

The key is a BDS version or the name of a message: what the column `versies` of the tables holds.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from bds_tool.base.errors import SpecError
from bds_tool.base.ranges import Range
from bds_tool.base.text import t
from bds_tool.formats.dob.model.content import Content, Slot
from bds_tool.formats.dob.model.lists import Concepts, lists
from bds_tool.formats.dob.model.simple import Forms, Row


class Message(NamedTuple):
    """A row of `berichten.csv`. `types`: the key of the schema; `templates`: whether the templates are public.

    `base`: the key whose rows hold as well, but for those that name this one with `!`. `versions`: the BDS versions that
    an edition of a message is of; a message whose key is a version has none.
    """

    key: str
    root: str
    start: str
    types: str
    templates: bool
    trigger: str
    base: str = ""
    versions: Range | None = None

    @property
    def kind(self) -> str:
        """The message itself, whatever its edition."""
        return self.base or self.key

    def holds(self, versions: str) -> bool:
        """Whether a row with this column `versies` is one of this message."""
        words = versions.split()
        return self.key in words or (self.base in words and f"!{self.key}" not in words)


class Use(NamedTuple):
    """An attribute that a type knows."""

    form: str
    required: bool
    fixed: str | None
    default: str | None


class Demand(NamedTuple):
    """What is demanded of a node (a row of `eisen.csv`); kinds as in the specification of the tables."""

    kind: str
    target: str
    value: str
    absent: str
    role: str


class Place(NamedTuple):
    """A step of the tree of contexts. `order` is None for a step that is no context itself."""

    number: int
    step: str
    order: int | None
    flavours: tuple[str, ...]
    demands: tuple[Demand, ...]
    below: list[Place]


class Flavour(NamedTuple):
    """A data type flavour: what it extends, and its own demands by id."""

    extends: str
    rules: tuple[tuple[str, Demand], ...]


@dataclass
class Type:
    """A complex type. `declared`: types that may stand in for it with xsi:type are found through `base`."""

    name: str
    base: str
    abstract: bool
    mixed: bool
    attributes: dict[str, Use]
    content: Content
    required: tuple[str, ...] = ()
    #: (attribute, value) pairs that were found right before
    right: set[tuple[str, str]] = field(default_factory=set)

    @property
    def slots(self) -> dict[str, Slot]:
        return self.content.slots


class Types:
    """The complex types of one schema by name, compiled when asked for."""

    def __init__(self, rows: dict[str, dict[str, str]]) -> None:
        self._rows = rows
        self._types: dict[str, Type] = {}
        #: types that have others derived from them, or must have
        self.open = {r["basis"] for r in rows.values()} | {n for n, r in rows.items() if r["abstract"]}

    def __getitem__(self, name: str) -> Type:
        known = self._types.get(name)
        if known is None:
            known = self._types[name] = _type(name, self._rows[name])
        return known

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    def derives(self, name: str, from_: str) -> bool:
        """Whether a value of type `name` may stand where `from_` is declared."""
        while name and name != from_:
            name = self._rows[name]["basis"] if name in self._rows else ""
        return bool(name)


class Model:
    """Everything that is known of one message: schema, templates, data types, lists. Read lazily."""

    def __init__(self, folder: Path, message: Message, lists: Callable[[str, str], Concepts | None]) -> None:
        self.folder = folder
        self.message = message
        self.forms = Forms(
            {
                r["vorm"]: Row(
                    r["soort"],
                    r["basis"],
                    tuple(r["leden"].split()),
                    frozenset(r["waarden"].split()),
                    r["patroon"],
                    int(r["minimaal"] or 0),
                    r["witruimte"] == "collapse",
                    r["waarden"].partition(" ")[0],
                )
                for r in read(folder / "vormen.csv")
            }
        )
        self.types = Types(
            {r["type"]: r for r in read(folder / "typen.csv") if message.types in r["versies"].split()}
        )
        self._lists = lists
        self._listed: dict[str, dict[str, str]] | None = None
        self._concepts: dict[str, Concepts] = {}
        self._flavours: dict[str, Flavour] | None = None

    # ---- templates ------------------------------------------------------------------------------------------

    def places(self) -> dict[str, list[Place]]:
        """Per template (its number) the top of its tree of contexts; without the observations."""
        top = dict[str, list[Place]]()
        demands = {
            int(r["eis"]): Demand(r["soort"], r["doel"], r["waarde"], r["mag_ontbreken"], r["rol"])
            for r in read(self.folder / "eisen.csv")
            if self.message.holds(r["versies"])
        }
        places: dict[str, Place] = {}
        for r in read(self.folder / "plaatsen.csv"):
            holds = bool(r["volgorde"]) and self.message.holds(r["versies"])
            order = int(r["volgorde"]) if holds else None
            own = tuple(demands[n] for n in _numbers(r["eisen"]) if n in demands) if holds else ()
            flavours = tuple(r["datatypen"].split()) if holds else ()
            first = places.get(r["plaats"])
            place = Place(
                int(r["plaats"]),
                r["stap"] or (first.step if first else ""),
                order,
                flavours,
                own,
                first.below if first else [],
            )
            if first is None:
                places[r["plaats"]] = place
                (places[r["onder"]].below if r["onder"] else top.setdefault(r["sjabloon"], [])).append(place)
            elif holds:
                # one path that is a context of several versions in its own order
                siblings = places[r["onder"]].below if r["onder"] else top[r["sjabloon"]]
                siblings.append(place)
        return {template: kept for template, tree in top.items() if (kept := _pruned(tree))}

    def observations(self) -> dict[str, list[dict[str, str]]]:
        """Per template of an observation (its number) the rows of `parameters.csv`: one, two for two editions."""
        found: dict[str, list[dict[str, str]]] = {}
        for r in read(self.folder / "parameters.csv"):
            if self.message.holds(r["versies"]):
                found.setdefault(r["sjabloon"], []).append(r)
        return found

    def features(self) -> dict[str, list[dict[str, str]]]:
        """Per feature of observations its rows."""
        found: dict[str, list[dict[str, str]]] = {}
        for r in read(self.folder / "waarnemingen.csv"):
            found.setdefault(r["kenmerk"], []).append(r)
        return found

    def flavours(self) -> dict[str, Flavour]:
        if self._flavours is None:
            rules: dict[str, list[tuple[str, Demand]]] = {}
            extends: dict[str, str] = {}
            for r in read(self.folder / "datatypen.csv"):
                extends[r["datatype"]] = r["breidt_uit"]
                own = rules.setdefault(r["datatype"], [])
                if r["eis"]:
                    own.append((r["eis"], Demand(r["soort"], r["doel"], r["waarde"], "", r["rol"])))
            self._flavours = {name: Flavour(extends[name], tuple(own)) for name, own in rules.items()}
        return self._flavours

    # ---- value lists ----------------------------------------------------------------------------------------

    def concepts(self, name: str) -> Concepts:
        """The codes of a list. Raises SpecError when the definition does not have it."""
        known = self._concepts.get(name)
        if known is None:
            known = self._concepts[name] = self._find(name)
        return known

    def _find(self, name: str) -> Concepts:
        if self._listed is None:
            self._listed = {
                r["lijst"]: r for r in read(self.folder / "lijsten.csv") if self.message.holds(r["versies"])
            }
        row = self._listed.get(name)
        found = None
        if row is not None and row["codes"]:
            pairs = [tuple(code.rsplit(":", 1)) for code in row["codes"].split()]
            found = (
                frozenset((c, s) for c, s in pairs if s),
                frozenset(c for c, s in pairs if not s),
                frozenset[tuple[str, str]](),
            )
        elif row is not None:
            found = self._lists(row["waardeset"], row["ingang"])
        if found is None:
            raise SpecError(
                t(
                    f"Waardenlijst {name} van {self.folder} staat niet in de definitie.",
                    f"Value list {name} of {self.folder} is not in the definition.",
                ),
                t(
                    "Herstel lijsten.csv of gebruik de meegeleverde specs.",
                    "Repair lijsten.csv or use the shipped specs.",
                ),
            )
        return found


def read(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a table. Raises SpecError when it is not there."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            names = next(lines)
            for line in lines:
                yield dict(zip(names, line, strict=True))
    except (OSError, UnicodeDecodeError, ValueError, StopIteration) as error:
        raise SpecError(
            t(
                f"De tabel {path} van het berichtmodel is niet te lezen ({type(error).__name__}).",
                f"The table {path} of the message model cannot be read ({type(error).__name__}).",
            ),
            t(
                "Herstel het bestand of gebruik de meegeleverde specs.",
                "Repair the file or use the shipped specs.",
            ),
        ) from error


def messages(folder: Path) -> dict[str, Message]:
    """The messages of a family by key."""
    return {
        r["sleutel"]: Message(
            r["sleutel"],
            r["bericht"],
            r["starttype"],
            r["typen"],
            bool(r["sjablonen"]),
            r["trigger"],
            r.get("basis", ""),
            Range(r["vanaf"], r["tot"]) if "vanaf" in r else None,
        )
        for r in read(folder / "berichten.csv")
    }


@lru_cache(maxsize=24)
def load_model(folder: Path, key: str, lists_of: str = "") -> Model | None:
    """The model of a message, made once per process; None when the family does not have it.

    `lists_of`: the BDS version whose value lists hold, when the key is no version.
    """
    message = messages(folder).get(key)
    if message is None:
        return None
    return Model(folder, message, lists(lists_of or key))


def _type(name: str, row: dict[str, str]) -> Type:
    attributes = {}
    for text in row["attributen"].split():
        head, _, rest = text.partition(":")
        form, sign, value = rest, "", ""
        for mark in "=~":
            if mark in rest:
                form, sign, value = rest.partition(mark)
                break
        attributes[head.rstrip("!")] = Use(
            form, head.endswith("!"), value if sign == "=" else None, value if sign == "~" else None
        )
    required = tuple(n for n, u in attributes.items() if u.required)
    return Type(
        name,
        row["basis"],
        bool(row["abstract"]),
        bool(row["gemengd"]),
        attributes,
        Content.of(row["inhoud"]),
        required,
    )


def _pruned(places: list[Place]) -> list[Place]:
    """Without the steps that lead to no context of this message."""
    kept = []
    for place in places:
        place.below[:] = _pruned(place.below)
        if place.below or place.order is not None:
            kept.append(place)
    return kept


def _numbers(text: str) -> Iterator[int]:
    """`1-3 7` → 1, 2, 3, 7."""
    for part in text.split():
        low, _, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)
