"""Where a canonical row goes in a message: the chain of layout nodes from the dossier down to its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bds_tool.base.specs import specs_dir
from bds_tool.formats.dob.layout import Layout, Node, layout
from bds_tool.formats.dob.structure import Structure, structure
from bds_tool.formats.dob.types import hl7_code
from bds_tool.schema import Definition, load
from bds_tool.store.columns import Registratie

Chain = tuple[Node, ...]
#: An observation's number follows the last tag of its path in the definition.
_CARRIER = re.compile(r"(\w+)\[code='[\w -]+'\]")


@dataclass(frozen=True)
class Placed:
    """A row with the nodes that lead to it. `number`: the element whose act holds it (a qualifier's carrier)."""

    row: Registratie
    chain: Chain
    number: int | None
    steps: tuple[tuple[int, ...], int]  # instances of the groups on the way, and of the act itself
    order: int


class Present:
    """What the dossier holds, by activity, element and instance."""

    def __init__(self, rows: list[Registratie]) -> None:
        self._values = {(r["activiteit_id"], r["bdsnummer"], r["volgnr"]): r["waarde"] for r in rows}
        self._numbers = {(activity, number) for activity, number, _ in self._values}

    def has(self, activity: str | None, number: int) -> bool:
        return (activity, number) in self._numbers

    def value(self, row: Registratie, number: int) -> str | None:
        """What the element says in the activity and instance of this row."""
        if row["bdsnummer"] == number:
            return row["waarde"]
        return self._values.get((row["activiteit_id"], number, row["volgnr"]))


class Places:
    """Index of the layout for writing: by element number, by place, and by kind of act."""

    def __init__(self, layout: Layout, definition: Definition, structure: Structure) -> None:
        self.layout = layout
        self.structure = structure
        self.old = definition.interactie == "REPC_IN902120NL"
        self.definition = definition
        self.by_number: dict[int, list[Chain]] = {}
        self.by_pad: dict[str, list[Chain]] = {}
        self.acts: dict[str, list[Chain]] = {}
        self.qualifies: dict[int, list[tuple[int, Chain]]] = {}
        for chain in _chains(layout.dossier, (layout.dossier,)):
            node = chain[-1]
            for number in {n for n in (node.element, node.old_element, *node.elements) if n}:
                self.by_number.setdefault(number, []).append(chain)
            if node.known:
                self.by_pad.setdefault(node.pad, []).append(chain)
            if node.bds:
                for tag in node.tags:
                    self.acts.setdefault(tag, []).append(chain)
            if node.kind == "toediening":
                self.acts.setdefault("toediening", []).append(chain)
        for carrier, top in layout.qualifiers.items():
            for chain in _chains(top, ()):
                held = chain[-1].element
                if held is not None:
                    self.qualifies.setdefault(held, []).append((carrier, chain))

    def place(self, row: Registratie, order: int, present: Present) -> Placed | None:
        """The place of one row, or None when the message has none for it.

        `present` tells which carrier a qualifier sits on, and which of two forms a group of rows has.
        """
        number = row["bdsnummer"]
        pad = row["pad"] or ""
        if number is None:
            chains = [c for c in self.by_pad.get(pad, ()) if self._allowed(c)]
            if not chains:
                return None
            chain = next((c for c in chains if _holds(c, row)), chains[0])
            return self._placed(row, chain, None, order)
        known = [
            c for c in self.by_number.get(number, ()) if self._allowed(c) and self._formed(c, row, present)
        ]
        known = [c for c in known if any(map(_own_form, c))] or known
        exact = next((c for c in known if c[-1].pad == pad and _holds(c, row)), None)
        if exact:
            return self._placed(row, exact, None, order)
        # 1195 and 1196 qualify themselves: their value is `true`, their date stands beside it.
        carriers = self.qualifies.get(number)
        if carriers and not known:
            at_hand = [c for c in carriers if f"/{c[0]}/" in pad]
            at_hand = at_hand or [c for c in carriers if present.has(row["activiteit_id"], c[0])] or carriers
            carrier, tail = at_hand[0]
            act = self._act(carrier, row, pad)
            return None if act is None else self._placed(row, act + tail, carrier, order)
        if known:
            best = self._fitting(known, row)
            # The number of dayparts (55) is told by their periods, which only a message gives.
            return (
                None if best is None or best[-1].kind == "dagdelen" else self._placed(row, best, None, order)
            )
        act = self._act(number, row, pad)
        return None if act is None else self._placed(row, act, number, order)

    def _fitting(self, chains: list[Chain], row: Registratie) -> Chain | None:
        """Of several places, the one for this version, group and code."""
        fits = [c for c in chains if _holds(c, row)] or chains
        # Non-BDS data may hang below the dossier and below an activity.
        within = row["activiteit_id"] is not None
        fits = [c for c in fits if any(n.activity for n in c) == within] or fits
        for chain in fits:
            node = chain[-1]
            wanted = {node.only, node.stands_for} - {""}
            if node.kind == "aanwezig" and not node.stands_for and row["waarde"] in {"false", "99"}:
                continue  # a node says that it is so; that it is not so, or unknown, only its absence
            if wanted and row["waarde"] != "true" and not wanted & self._codes(node, row["waarde"]):
                continue
            return chain
        return None

    def _allowed(self, chain: Chain) -> bool:
        """The schema of this version knows every tag on the way."""
        path = chain[0].tags[0]
        for node in chain[1:]:
            if node.new_only if self.old else node.old_only:
                return False
            if node.key.startswith("@"):
                break
            order = self.structure.at(path).order
            tag = next((t for t in node.tags if t in order), node.tags[0])
            if order and tag not in order:
                return False
            path = f"{path}/{tag}"
        return True

    def _act(self, number: int, row: Registratie, pad: str) -> Chain | None:
        element = self.definition.elementen.get(number)
        path = element.pad if element else ""
        if "administrableMaterialKind" in path:
            return self.acts["toediening"][0]
        found = _CARRIER.findall(path) or (pad.split("/")[-2:-1] if not row["activiteit_id"] else [])
        tags = list(found) if "observation" not in found else ["observation"]
        if not tags and row["activiteit_id"]:
            tags = ["observation"]
        for tag in reversed(tags):
            chains = self.acts.get(tag)
            if not chains:
                continue
            if tag == "observation":
                wants_group = bool(row["groep"]) and self._clustered(str(row["groep"]))
                return next(c for c in chains if any(n.kind == "groep" for n in c) == wants_group)
            near = [c for c in chains if c[-1].pad == pad.rsplit("/", 1)[0]]
            return (near or [c for c in chains if _holds(c, row)] or chains)[0]
        return None

    def _formed(self, chain: Chain, row: Registratie, present: Present) -> bool:
        """Before 4.0 a consent of the child itself has a form of its own, and no other consent may have it."""
        return all(
            node.stands_for in self._codes(node, present.value(row, node.element))
            for node in chain
            if _own_form(node) and node.element is not None
        )

    def _codes(self, node: Node, value: str | None) -> set[str]:
        """A coded value in both its forms, BDS and HL7: a store may hold either."""
        if value is None:
            return set()
        return {value, hl7_code(self.definition, node.element, value)}

    def _clustered(self, groep: str) -> bool:
        known = self.definition.groepen.get(groep)
        return known is None or known.groepcluster

    @staticmethod
    def _placed(row: Registratie, chain: Chain, number: int | None, order: int) -> Placed:
        instances = sum(n.instance or n.kind == "groep" for n in chain)
        return Placed(row, chain, number, _steps(row["volgnr"], instances), order)


def _holds(chain: Chain, row: Registratie) -> bool:
    groups = [n.groep for n in chain if n.groep]
    return not groups or row["groep"] in groups


def _own_form(node: Node) -> bool:
    return node.old_only and node.kind == "aanwezig" and bool(node.stands_for)


def _steps(volgnr: int | None, instances: int) -> tuple[tuple[int, ...], int]:
    """`volgnr` back into the instance of each group on the way and of the act: 2003 → ((2, 3), 1) or ((2,), 3)."""
    digits: list[int] = []
    rest = max(volgnr or 0, 0)  # what a store may hold is no promise: a negative number has no instance
    while rest:
        digits.insert(0, rest % 1000)
        rest //= 1000
    while len(digits) < instances:
        digits.append(1)
    return tuple(digits[:instances]), digits[instances] if len(digits) > instances else 1


def _chains(node: Node, path: Chain) -> Iterator[Chain]:
    for attribute in node.attributes.values():
        yield (*path, attribute)
    for child in node.order:
        yield (*path, child)
        yield from _chains(child, (*path, child))


@lru_cache(maxsize=4)
def _places(version: str, specs: str) -> Places:  # noqa: ARG001  # the key of the cache
    definition = load(version)
    return Places(layout(), definition, structure(definition.interactie, version))


def places(version: str) -> Places:
    """The index for one version, made once per folder of specs."""
    return _places(version, str(specs_dir()))
