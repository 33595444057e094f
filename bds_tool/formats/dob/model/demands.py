"""What the tables demand of a node, compiled to functions: `True` when the node meets the demand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.paths import (
    Key,
    Paths,
    Step,
    Test,
    keys_of,
    plain,
    qualified,
    split,
    step,
    type_of,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.tables import Demand, Model

#: children of a node by qualified tag, and all of them under `*`
Children = dict[str, list["_Element"]]
_NUMBER = re.compile(r"[+-]?[0-9]*[.]?[0-9]+([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[0-9]*|-(0|[1-9][0-9]*)")
_ANY_NUMBER = re.compile(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_TOKEN = re.compile(r"[^ \t\r\n]+")
_BLANK = " \t\r\n"


class Count(NamedTuple):
    """How many children match one of the alternatives: at least `least`, at most `most`."""

    demand: Demand
    alternatives: tuple[tuple[str, tuple[Test, ...], Step], ...]
    least: int
    most: int | None
    keys: tuple[Key, ...]


class Check(NamedTuple):
    """A demand on the node itself."""

    demand: Demand
    test: Test


def count(demand: Demand, paths: Paths) -> Count:
    """A demand of kind min or max."""
    steps = [step(part) for part in split(demand.target, " || ")]
    number = int(demand.value)
    return Count(
        demand,
        tuple((s.tag, paths.tests(s), s) for s in steps),
        number if demand.kind == "min" else 0,
        number if demand.kind == "max" else None,
        keys_of(steps[0]) if len(steps) == 1 else (),
    )


def number_of(counted: Count, children: Children, among: list[_Element] | None = None) -> int:
    """How many children match, each once; `among`: of these alone."""
    total = 0
    seen: set[_Element] | None = set() if len(counted.alternatives) > 1 else None
    for tag, tests, _ in counted.alternatives:
        for child in children.get(tag, ()) if among is None else among:
            for test in tests:
                if not test(child):
                    break
            else:
                if seen is None:
                    total += 1
                else:
                    seen.add(child)
    return total if seen is None else len(seen)


def check(demand: Demand, model: Model) -> Check | None:
    """Any other demand; None for what can never fail."""
    made = _KINDS[demand.kind](demand, model) if demand.kind in _KINDS else None
    return None if made is None else Check(demand, made)


# ---- attributes -----------------------------------------------------------------------------------------------


def _given(demand: Demand, right: Callable[[str], bool]) -> Test:
    """`right` for the attribute of the demand; what an absent one means the demand says."""
    name, absent = qualified(demand.target[1:]), demand.absent

    def test(e: _Element) -> bool:
        value = e.get(name)
        if value is not None:
            return right(value) or (absent[:4] == "null" and e.get("nullFlavor") is not None)
        if absent[:4] == "null":
            return e.get("nullFlavor") is not None or (absent != "nullFlavor" and e.get("code") is None)
        return absent == "yes"

    return test


def _values(demand: Demand) -> frozenset[str]:
    return frozenset(plain(v) for v in split(demand.value, " "))


def _fixed(demand: Demand, _: Model) -> Test:
    name, value = qualified(demand.target[1:]), plain(demand.value)
    if demand.absent == "yes":
        return lambda e: e.get(name, value) == value
    if demand.absent == "no":
        return lambda e: e.get(name) == value
    return _given(demand, lambda given: given == value)


def _attribute_in(demand: Demand, _: Model) -> Test:
    values = _values(demand)
    return _given(demand, lambda given: given in values)


def _tokens_in(demand: Demand, _: Model) -> Test:
    values = _values(demand)
    return _given(demand, lambda given: values.issuperset(_TOKEN.findall(given)))


def _present(demand: Demand, _: Model) -> Test:
    names = [qualified(n[1:]) for n in demand.target.split()]
    if len(names) == 1:
        name = names[0]
        return lambda e: e.get(name) is not None
    return lambda e: all(e.get(n) is not None for n in names)


def _type(demand: Demand, _: Model) -> Test:
    wanted = HL7[1:-1], demand.value

    def test(e: _Element) -> bool:
        given = type_of(e)
        return given is None or given == wanted

    return test


def _format(demand: Demand, _: Model) -> Test:
    form: dict[str, Callable[[str], bool]] = {
        "token": lambda given: _TOKEN.fullmatch(given) is not None,
        "nonempty": lambda given: given != "",
        "number": lambda given: _NUMBER.fullmatch(given) is not None,
        "integer": lambda given: _INTEGER.fullmatch(given) is not None,
    }
    return _given(demand, form[demand.value])


def _length(demand: Demand, _: Model) -> Test:
    wanted = int(demand.value)
    return _given(demand, lambda given: len(given) == wanted)


def _unit(demand: Demand, _: Model) -> Test:
    return _given(demand, lambda given: given == demand.value)


def _range(demand: Demand, _: Model) -> Test:
    bounds, _sign, digits = demand.value.partition(" ")
    low, _sign, high = bounds.partition("..")
    lowest, highest = float(low or "-inf"), float(high or "inf")

    def right(given: str) -> bool:
        text = given.strip(_BLANK)
        if not _ANY_NUMBER.fullmatch(text) or (digits and not _WHOLE.fullmatch(text)):
            return False
        return lowest <= float(text) <= highest

    return _given(demand, right)


# ---- codes ------------------------------------------------------------------------------------------------------


def _pair(demand: Demand, pairs: frozenset[tuple[str | None, str | None]]) -> Test:
    absent = demand.absent

    def test(e: _Element) -> bool:
        if (e.get("code"), e.get("codeSystem")) in pairs:
            return True
        if absent[:4] == "null" and e.get("nullFlavor") is not None:
            return True
        return absent == "nullFlavor or no @code" and e.get("code") is None

    return test


def _pairs(demand: Demand) -> frozenset[tuple[str | None, str | None]]:
    found = (plain(v).rpartition(":") for v in split(demand.value, " "))
    return frozenset((code, system) for code, _, system in found)


def _fixed_code(demand: Demand, _: Model) -> Test:
    if demand.target == "@code+@codeSystem":
        return _pair(demand, _pairs(demand))
    values = _values(demand)
    return _given(demand, lambda given: given in values)


def _valueset(demand: Demand, model: Model) -> Test:
    lists = [model.concepts(name)[0] for name in demand.value.split()]
    concepts = frozenset[tuple[str | None, str | None]]().union(*lists)
    if demand.target == "@code+@codeSystem":
        return _pair(demand, concepts)
    codes = frozenset(c for c, _ in concepts)
    return _given(demand, lambda given: given in codes)


def _nullflavors(demand: Demand, model: Model) -> Test:
    allowed: set[str] = set()
    for part in demand.value.split():
        allowed.update((part[1:],) if part.startswith("+") else model.concepts(part)[1])
    return _given(demand, lambda given: given in allowed)


def _forbidden(demand: Demand, _: Model) -> Test:
    if demand.target == "@code":
        codes = _values(demand)
        return lambda e: e.get("code") not in codes
    pairs = _pairs(demand)
    return lambda e: (e.get("code"), e.get("codeSystem")) not in pairs


def _deprecated(demand: Demand, model: Model) -> Test:
    old = frozenset().union(*(model.concepts(name)[2] for name in demand.value.split()))
    return lambda e: (e.get("code"), e.get("codeSystem")) not in old


def _no_content(_: Demand, __: Model) -> Test:
    return lambda e: not any(isinstance(c.tag, str) for c in e)


#: `ucum` is left out: each of its contexts also demands one unit, which says more.
_KINDS: dict[str, Callable[[Demand, Model], Test]] = {
    "fixed_attribute": _fixed,
    "attribute_in": _attribute_in,
    "attribute_tokens_in": _tokens_in,
    "mandatory_attribute": _present,
    "type_present": _present,
    "type": _type,
    "fixed_code": _fixed_code,
    "valueset": _valueset,
    "nullflavor_list": _nullflavors,
    "format": _format,
    "no_content": _no_content,
    "unit": _unit,
    "length": _length,
    "range": _range,
    "forbidden_code": _forbidden,
    "deprecated_code": _deprecated,
}


def number_in(value: str | None) -> float | None:
    """The number that XPath reads in a value; None for what is none."""
    return float(value.strip(_BLANK)) if value is not None and is_number(value) else None


def is_number(value: str) -> bool:
    """A number as XPath reads it: `1e3`, `5.` and INF count, blanks around it are fine."""
    return _ANY_NUMBER.fullmatch(value.strip(_BLANK)) is not None
