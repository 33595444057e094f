"""Data type flavours: all demands of a flavour and of what it extends, and which of them a node can break at all.

Most demands only speak when an attribute or child is there. So the demands of a node are chosen once per shape
(names of its attributes and children, text or not) and kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.flavour_rules import AMONG_SIBLINGS, RULES
from bds_tool.formats.dob.model.nodes import Rule, elements, full_text, has_text, siblings
from bds_tool.formats.dob.model.paths import split, step

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.tables import Demand, Model

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_OID = re.compile(r"[012](?:\.(?:0|[1-9][0-9]*))*")
_RUID = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(?:-[a-z]{2})?|[ix](?:-[a-z0-9]{2,8})+$", re.IGNORECASE)
_URI = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*")
_PATTERNS: dict[str, Callable[[str], bool]] = {
    "language": lambda v: _LANGUAGE.search(v) is not None,
    "no tab or line break": lambda v: not any(c in v for c in "\t\r\n"),
    "oid or uuid": lambda v: _OID.fullmatch(v) is not None or _UUID.fullmatch(v) is not None,
    "not a ruid": lambda v: _RUID.fullmatch(v) is None or _UUID.fullmatch(v) is not None,
    "no lower case letter in a uuid": lambda v: _UUID.fullmatch(v) is None or v == v.upper(),
    "uri characters": lambda v: _URI.fullmatch(v) is not None,
}
#: Number forms of identifiers hold for one root.
_OF_ROOT = {
    "AGB-2": "2.16.840.1.113883.2.4.6.1",
    "BSN-2": "2.16.840.1.113883.2.4.6.3",
    "URA-2": "2.16.528.1.1007.3.3",
    "UZI-2": "2.16.528.1.1007.3.1",
    "UZI-3": "2.16.528.1.1007.3.2",
}
_ATTRIBUTE = re.compile(r"@(\w+)")


class FlavourRule(NamedTuple):
    """A demand with its id. `needs`: names of which one must be there for it to be broken; empty: always judged."""

    id: str
    demand: Demand
    test: Rule
    needs: frozenset[str]
    among_siblings: bool


class Flavours:
    """The flavours of one model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._rules: dict[tuple[str, ...], tuple[FlavourRule, ...]] = {}
        self._chosen: dict[
            tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], bool],
            tuple[tuple[FlavourRule, ...], tuple[FlavourRule, ...]],
        ] = {}

    def rules(self, names: tuple[str, ...]) -> tuple[FlavourRule, ...]:
        """The demands of these flavours together, each once."""
        known = self._rules.get(names)
        if known is None:
            found: dict[str, FlavourRule] = {}
            flavours = self._model.flavours()
            for name in names:
                flavour = flavours.get(name)
                while flavour is not None:
                    for id_, demand in flavour.rules:
                        if id_ not in found:
                            found[id_] = _rule(id_, demand)
                    flavour = flavours.get(flavour.extends)
            known = self._rules[names] = tuple(found.values())
        return known

    def broken(self, names: tuple[str, ...], e: _Element) -> list[FlavourRule]:
        """The demands that the node breaks."""
        own, among = self._asked(names, e)
        found = [r for r in own if not r.test(e)]
        if among and siblings(e):
            found += [r for r in among if not r.test(e)]
        return found

    def among(self, names: tuple[str, ...], e: _Element) -> tuple[FlavourRule, ...]:
        """The demands that the node can break for its siblings."""
        return self._asked(names, e)[1]

    def _asked(
        self, names: tuple[str, ...], e: _Element
    ) -> tuple[tuple[FlavourRule, ...], tuple[FlavourRule, ...]]:
        """The demands that a node of this shape can break: of its own, and among siblings."""
        keys, tags = tuple(e.keys()), tuple(c.tag for c in e) if len(e) else ()
        text = bool(e.text and e.text.strip(" \t\r\n")) or (bool(tags) and has_text(e))
        key = (names, keys, tags, text)
        chosen = self._chosen.get(key)
        if chosen is None:
            if len(self._chosen) > 5000:
                self._chosen.clear()
            chosen = self._chosen[key] = self._choose(names, keys, tags, text=text)
        return chosen

    def _choose(
        self, names: tuple[str, ...], keys: tuple[str, ...], tags: tuple[str, ...], *, text: bool
    ) -> tuple[tuple[FlavourRule, ...], tuple[FlavourRule, ...]]:
        there = {"@" + k for k in keys} | {str(t).rpartition("}")[2] for t in tags}
        there |= {"child"} if tags else set()
        there |= {"text"} if text else set()
        own: list[FlavourRule] = []
        among: list[FlavourRule] = []
        for rule in self.rules(names):
            if rule.needs and not rule.needs & there:
                continue
            (among if rule.among_siblings else own).append(rule)
        return tuple(own), tuple(among)


def _rule(id_: str, demand: Demand) -> FlavourRule:
    if demand.kind == "other":
        needs, test = _NEEDS.get(id_, frozenset()), RULES[id_]
        return FlavourRule(id_, demand, test, needs, id_ in AMONG_SIBLINGS)
    among = demand.target == "." and demand.kind in {"distinct", "null_alone"}
    if id_ in RULES:  # requires_any that forbids nullFlavor and value together
        return FlavourRule(id_, demand, RULES[id_], frozenset(), among)
    made = _GENERIC[demand.kind](id_, demand)
    return FlavourRule(id_, demand, made[0], frozenset(made[1]), among)


#: What the demands of their own need to be broken; others are always judged.
_NEEDS = {
    id_: frozenset(names.split())
    for id_, names in {
        "ANY-1": "@nullFlavor child",
        "ED-3": "thumbnail",
        "ED-4": "thumbnail",
        "ED-5": "@compression",
        "ED-6": "@value",
        "ED-8": "@charset",
        "ED-9": "translation",
        "ED-16": "thumbnail",
        "BSN-3": "@extension",
        "TS-2": "@value",
        "IVL-2": "@nullFlavor child",
        "IVL-3": "@value",
        "IVL-4-2": "@value",
        "IVL-4-3": "center",
        "IVL-4-4": "width",
        "IVL-6": "high",
        "IVL-7-1": "low",
        "IVL-7-2": "high",
        "IVL-8": "width",
        "IVL-9L": "low",
        "IVL-9C": "center",
        "IVL-9H": "high",
        "IVL-7": "high",
        "PIVL-3": "child",
        "PIVL-5": "period",
        "EN-1.1": "@nullFlavor",
        "EN-1.2": "child",
        "EN-3": "child",
        "EN-7": "child",
        "PN-1": "child",
        "PNL-1": "child",
        "PNL-2": "given",
        "PNL-3": "given",
        "PNL-4": "given",
        "PNL-5": "prefix",
        "PNL-6": "family",
        "AD-2": "thumbnail",
        "AD-5": "useablePeriod",
        "AD-6": "useablePeriod",
        "AD-7": "useablePeriod",
        "AD-8": "child",
    }.items()
}


# ---- the general kinds ------------------------------------------------------------------------------------------------


def _there(text: str) -> Rule:
    """Is a thing of the table there: `@code`, `child`, `text`, `originalText`, `width/translation`, `//*`."""
    if text.startswith("@"):
        name = text[1:]
        return lambda e: e.get(name) is not None
    if text == "child":
        return lambda e: bool(elements(e))
    if text == "text":
        return has_text
    if text.startswith("originalText["):

        def originals(e: _Element) -> bool:
            found = list(e.iterchildren(HL7 + "originalText"))
            return bool(found) and all(o.get("nullFlavor") is None for o in found)

        return originals
    path = "/".join(step(part).tag for part in text.split("/"))
    return lambda e: e.find(path) is not None


def _nodes(text: str) -> Callable[[_Element], list[_Element]]:
    """The nodes a demand speaks about: `translation`, `//translation`, `//*`, `child`."""
    if text == "child":
        return elements
    if text.startswith("//"):
        tag = "*" if text == "//*" else HL7 + text[2:]
        return lambda e: list(e.iterdescendants(tag))
    return lambda e: list(e.iterchildren(HL7 + text))


def _names(text: str) -> list[str]:
    return _ATTRIBUTE.findall(text)


Made = tuple[Rule, set[str]]


def _requires_any(_: str, demand: Demand) -> Made:
    tests = [_there(part) for part in split(demand.target, " ")]
    return lambda e: any(test(e) for test in tests), set()


def _requires(_: str, demand: Demand) -> Made:
    first, then = _there(demand.target), _there(demand.value)
    return lambda e: not first(e) or then(e), {demand.target}


def _requires_in(_: str, demand: Demand) -> Made:
    where, name = demand.target.split()
    nodes, first, then = _nodes(where), name[1:], demand.value[1:]
    return (
        lambda e: all(n.get(first) is None or n.get(then) is not None for n in nodes(e)),
        {"child"},
    )


def _absent(_: str, demand: Demand) -> Made:
    tests = [_there(part) for part in demand.target.split()]
    return lambda e: not any(test(e) for test in tests), {p.partition("/")[0] for p in demand.target.split()}


def _absent_or(_: str, demand: Demand) -> Made:
    name, value = demand.target[1:], demand.value
    return lambda e: e.get(name, value) == value, {demand.target}


def _absent_or_null(_: str, demand: Demand) -> Made:
    name, values = demand.target[1:], frozenset(demand.value.split())
    return lambda e: e.get("nullFlavor") is not None or e.get(name) in values, set()


def _absent_with_null(_: str, demand: Demand) -> Made:
    test = _there(demand.target)
    name, value = demand.target[1:], demand.value

    def rule(e: _Element) -> bool:
        if e.get("nullFlavor") is None or not test(e):
            return True
        return bool(value) and e.get(name) == value

    return rule, {demand.target}


def _absent_in(_: str, demand: Demand) -> Made:
    names = _names(demand.value)
    if demand.target.startswith("@"):
        raise ValueError(demand.target)
    nodes = [_nodes(part) for part in demand.target.split()]
    return (
        lambda e: not any(n.get(a) is not None for find in nodes for n in find(e) for a in names),
        {"child"},
    )


def _distinct(id_: str, demand: Demand) -> Made:
    names = _names(demand.value)
    if demand.target.startswith("//"):
        nodes = _nodes(demand.target)

        def below(e: _Element) -> bool:
            joined = ["".join(n.get(a) or "" for a in names) for n in nodes(e)]
            return len(joined) == len(set(joined))

        return below, {"child"}
    if not names:

        def texts(e: _Element) -> bool:
            own = full_text(e)
            return all(full_text(s) != own for s in siblings(e))

        return texts, set()
    if id_ == "II-12":
        return _other_identifier, {"@root"}

    def among(e: _Element) -> bool:
        own = [e.get(a) for a in names]
        return None in own or all([s.get(a) for a in names] != own for s in siblings(e))

    return among, {"@" + n for n in names}


def _other_identifier(e: _Element) -> bool:
    root, extension = e.get("root"), e.get("extension")
    if root is None:
        return True
    return not any(
        s.get("root") == root and (extension is None or s.get("extension") == extension) for s in siblings(e)
    )


def _null_alone(_: str, __: Demand) -> Made:
    return (
        lambda e: e.get("nullFlavor") is None or all(s.get("nullFlavor") is not None for s in siblings(e)),
        {"@nullFlavor"},
    )


def _pattern(id_: str, demand: Demand) -> Made:
    if demand.target.startswith("//"):
        where, name = demand.target.split()
        nodes, right = _nodes(where), _PATTERNS[demand.value]
        return (
            lambda e: all(n.get(name[1:]) is None or right(n.get(name[1:], "")) for n in nodes(e)),
            {"child"},
        )
    name = demand.target[1:]
    if id_ == "MIN-1":
        return RULES[id_], set()
    if id_ in _OF_ROOT:
        root, digits = _OF_ROOT[id_], int(demand.value.split()[0])

        def number(e: _Element) -> bool:
            value = e.get("extension") or ""
            return e.get("root") != root or (len(value) == digits and value.isascii() and value.isdecimal())

        return number, {"@root"}
    right = _PATTERNS[demand.value]
    if id_ == "URL-2":
        return lambda e: e.get("nullFlavor") is not None or right(e.get(name, "")), {"@value"}
    return lambda e: e.get(name) is None or right(e.get(name, "")), {demand.target}


def _max_length(_: str, demand: Demand) -> Made:
    name, most = demand.target[1:], int(demand.value)
    return lambda e: len(e.get(name) or "") <= most, {demand.target}


_GENERIC: dict[str, Callable[[str, Demand], Made]] = {
    "requires_any": _requires_any,
    "requires": _requires,
    "requires_in": _requires_in,
    "absent": _absent,
    "absent_or": _absent_or,
    "absent_or_null": _absent_or_null,
    "absent_with_null": _absent_with_null,
    "absent_in": _absent_in,
    "distinct": _distinct,
    "null_alone": _null_alone,
    "pattern": _pattern,
    "max_length": _max_length,
}
