"""Places in the message with a form of their own (`_soort` in the layout)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from bds_tool.formats.dob.layout import HL7, XSI_TYPE, Node
from bds_tool.formats.dob.values import NOTHING, Value, iso, local_name, value_of

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.walk import Walk

_CODE = HL7 + "code"
_TEMPLATE = HL7 + "templateId"


def _negatie(walk: Walk, element: _Element, node: Node) -> None:
    waarde = "false" if element.get("negationInd") == "true" else "true"
    walk.row(node.element, Value(waarde, nullflavor=element.get("nullFlavor")), element, node.pad)
    walk.below(element, node, skip=frozenset({"negationInd"}))


def _aanwezig(walk: Walk, element: _Element, node: Node) -> None:
    code = element.find(_CODE)
    text = code.get("displayName") if code is not None else None
    walk.row(node.element, Value(node.stands_for or "true", tekst=text), element, node.pad)
    walk.below(element, node)


def _code(walk: Walk, element: _Element, node: Node) -> None:
    value = value_of(element, coded=True)
    if value != NOTHING:
        walk.row(node.element, value, element, node.pad)


def _datum(walk: Walk, element: _Element, node: Node) -> None:
    """A moment without a type of its own, of an element that belongs to no group."""
    given = element.get("value")
    value = value_of(element)
    if value != NOTHING:
        kept, walk.groep = walk.groep, None
        walk.row(node.element, value if given is None else Value(iso(given.strip())), element, node.pad)
        walk.groep = kept


def _gemaskeerd(walk: Walk, element: _Element, node: Node) -> None:
    """What an anonymised message may mask: then it is no registration."""
    value = value_of(element)
    if value != NOTHING:
        walk.row(None if value.nullflavor == "MSK" else node.element, value, element, node.pad)


def _partij(walk: Walk, element: _Element, node: Node) -> None:
    value = value_of(element)
    if value.waarde is not None:
        value = value._replace(nullflavor=None)  # UNC: a number that no system gives
    if value != NOTHING:
        walk.row(node.element, value, element, node.pad)


def _naam(walk: Walk, element: _Element, node: Node) -> None:
    walk.row(node.element, value_of(element), element, node.pad)


def _leerling(walk: Walk, element: _Element, node: Node) -> None:
    if element.get("extension"):
        walk.row(node.element, value_of(element), element, node.pad)


def _huisnummer(walk: Walk, element: _Element, node: Node) -> None:
    text = (element.text or "").strip()
    letter, addition = (text[0], text[1:].strip()) if re.match(r"^[A-Za-z](\s|$)", text) else ("", text)
    for number, part in zip(node.elements, (letter, addition), strict=True):
        if part:
            walk.row(number, Value(part), element, node.pad)


def _dagdelen(walk: Walk, element: _Element, node: Node) -> None:
    for part in element.iter():
        if part.tag in {HL7 + "low", HL7 + "high"} and "PIVL_TS" not in {
            p.get(XSI_TYPE) for p in part.iterancestors()
        }:
            child = node.find(part)
            walk.row(child.element if child else None, value_of(part), part, node.pad)
        elif walk.has_data(part):
            walk.row(node.element, value_of(part), part, f"{node.pad}/{local_name(part)}")


def _document(walk: Walk, element: _Element, node: Node) -> None:
    text = (element.text or "").strip()
    if text:
        walk.row(node.element, Value(text), element, node.pad)
    walk.below(element, node)


def _verzekerd(walk: Walk, element: _Element, node: Node) -> None:
    insured = element.find(HL7 + "underwritingOrganization") is not None
    walk.row(node.element, Value("true" if insured else "false"), element, node.pad)


def _toestemmingswijze(walk: Walk, element: _Element, node: Node) -> None:
    fields = (element.text or "").strip().split("|")
    fields += [""] * (3 - len(fields))
    if fields[0] or fields[1]:
        walk.row(node.elements[0], Value(fields[0] or None, tekst=fields[1] or None), element, node.pad)
    if fields[2]:
        walk.row(node.elements[1], Value("|".join(fields[2:])), element, node.pad)


def _toediening(walk: Walk, element: _Element, node: Node) -> None:
    code = next((c for c in element.iter(_CODE) if walk.number_of(c) is not None), None)
    number = walk.number_of(code)
    if number is None and walk.counting:
        number = 0
    if number is None:
        walk.unknown_part(element, node.pad)
    else:
        walk.row(
            number, Value("false" if element.get("negationInd") == "true" else "true"), element, node.pad
        )


def _informatie(walk: Walk, element: _Element, node: Node) -> None:
    code = element.find(_CODE)
    # Before 4.0 this act carries element 476 itself; since then it is the group G088 alone.
    number = walk.number_of(code)
    skip = frozenset({"negationInd"}) if number is None else frozenset()
    if number is not None and element.get("negationInd") is None:
        walk.row(number, Value("true"), element, node.pad)
    _below_coded(walk, element, node, skip)


def _below_coded(walk: Walk, element: _Element, node: Node, skip: frozenset[str]) -> None:
    walk.below(element, node, skip, element.find(_CODE))


def _rubriek(walk: Walk, element: _Element, node: Node) -> None:
    _cluster(walk, element, node, "rubriek")


def _groep(walk: Walk, element: _Element, node: Node) -> None:
    _cluster(walk, element, node, "groep")


def _cluster(walk: Walk, element: _Element, node: Node, what: str) -> None:
    code = element.find(_CODE)
    name = code.get("code") if code is not None else None
    kept, walk.cluster = walk.cluster, True
    if what == "rubriek":
        walk.rubriek = name
    else:
        walk.groep = name
        walk.next_instance()
    for child in element:
        if child.tag in {_CODE, _TEMPLATE}:
            continue
        found = node.find(child)
        if found is None:
            walk.unknown_part(child, f"{node.pad}/{local_name(child)}", node)
        else:
            walk.step(child, found)
    walk.cluster = kept


#: `_soort` → how its node is read.
KINDS: dict[str, Callable[[Walk, _Element, Node], None]] = {
    "negatie": _negatie,
    "aanwezig": _aanwezig,
    "code": _code,
    "naam": _naam,
    "datum": _datum,
    "gemaskeerd": _gemaskeerd,
    "partij": _partij,
    "leerling": _leerling,
    "huisnummer": _huisnummer,
    "dagdelen": _dagdelen,
    "document": _document,
    "verzekerd": _verzekerd,
    "toestemmingswijze": _toestemmingswijze,
    "toediening": _toediening,
    "informatie": _informatie,
    "rubriek": _rubriek,
    "groep": _groep,
}
