"""The faults of a message against its model, as findings: rules BDS840 to BDS855."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bds_tool.base.text import whole
from bds_tool.formats.dob.model.faults import Fault, local

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lxml.etree import _Element

#: kind of fault → rule; faults with another role than error go to BDS854 and BDS855
CODES = {
    "root": "BDS840",
    "unknown": "BDS840",
    "early": "BDS841",
    "late": "BDS841",
    "instead": "BDS841",
    "often": "BDS842",
    "missing": "BDS843",
    "attribute": "BDS844",
    "attribute_missing": "BDS845",
    "fixed": "BDS846",
    "enumerated": "BDS846",
    "text": "BDS847",
    "content": "BDS847",
    "form": "BDS848",
    "format": "BDS848",
    "length": "BDS848",
    "type": "BDS849",
    "differs": "BDS850",
    "fixed_code": "BDS851",
    "valueset": "BDS851",
    "nullflavor_list": "BDS851",
    "forbidden_code": "BDS851",
    "unit": "BDS851",
    "flavour": "BDS852",
    "special": "BDS853",
}
ROLES = {"warning": "BDS854", "info": "BDS855"}
#: kind of fault → key of the text that says what was asked
TEXTS = {
    "early": "volgorde",
    "late": "volgorde",
    "instead": "keuze",
    "text": "tekst",
    "content": "kinderen",
    "fixed_code": "code",
    "valueset": "lijst",
    "nullflavor_list": "nullflavor",
    "forbidden_code": "verboden",
    "unit": "eenheid",
    "deprecated_code": "vervallen",
    "range": "bereik",
    "attribute_missing": "attribuut",
}
#: Demands on numbers of care and on deprecated codes that rules on the values themselves report (BDS210, BDS221…401).
TOLD_ELSEWHERE = frozenset({"BSN-2", "BSN-3", "AGB-2", "URA-2", "UZI-2", "deprecated_code"})
#: Words of an enumeration that a message names; of longer ones the first.
_MOST = 8
_ELEMENTS = "2.16.840.1.113883.2.4.4.40.267"
_HL7 = "{urn:hl7-org:v3}"
#: Words of the tables for what a path writes otherwise.
_PATHS = {"child": "*", "text": "text()"}


def elsewhere(fault: Fault) -> bool:
    """Whether a rule on values tells the same: one cause is one finding."""
    return not fault.also and (fault.rule or fault.kind) in TOLD_ELSEWHERE


def tell(fault: Fault, texts: Callable[[str], Mapping[str, object]]) -> tuple[str, dict[str, str]]:
    """The rule of a fault, and the parameters of its finding. `texts`: the texts that a rule knows, by its code."""
    code = ROLES.get(fault.role) or CODES[fault.kind]
    element = local(fault.element.tag)
    parent = fault.parent if fault.parent is not None else fault.element.getparent()
    own: dict[str, str] = {"element": element}
    if fault.subject.startswith("@"):
        own["attribuut"] = fault.subject
    if fault.kind in {"unknown", "often", "missing", "differs"} and parent is not None:
        own["in"] = local(parent.tag)
    if fault.kind == "missing" and fault.parent is None:
        own["in"] = element
    if fault.kind == "often":
        own |= {"element": fault.subject} | ({"hoogst": fault.names[0]} if fault.names else {})
    elif fault.kind == "differs":
        own["verwacht"] = "[" + "][".join(fault.names) + "]"
    elif fault.kind in {"early", "late", "instead"}:
        # several names stand in the text as one: `id` | `code`
        first, then = "` | `".join(fault.names), fault.subject
        if fault.kind == "early":
            own |= {"eerst": first, "dan": then}
        else:
            own |= {"eerst": then, "dan": first}
    elif fault.names:
        own["verwacht"] = _words(fault.names)
    eis = _demand(fault, texts(code))
    if eis:
        own["eis"] = eis
    if fault.kind == "flavour":
        target = _targets(fault.subject) if fault.general == "requires_any" else fault.subject
        own |= {"doel": target or ".", "inhoud": " ".join(fault.names)}
        if fault.also:
            own["ook"] = " ".join(fault.also)
    return code, own


def _demand(fault: Fault, texts: Any) -> str:  # noqa: ANN401  # texts of a rule by key
    """The key of the text: the demand itself when it has one, else its kind."""
    if fault.rule:
        return fault.rule if fault.rule in texts else fault.general
    if fault.role != "error" and TEXTS.get(fault.kind) not in texts:
        return "afwijking"
    return TEXTS.get(fault.kind, "")


def _targets(text: str) -> str:
    """What a data type asks one of, as people write a path: `@nullFlavor | * | text()`."""
    return " | ".join(_PATHS.get(word, word) for word in text.split())


def _words(names: tuple[str, ...]) -> str:
    shown = " | ".join(names[:_MOST])
    return shown + " …" if len(names) > _MOST else shown


def number_at(element: _Element) -> int | None:
    """The BDS number of the act that a node belongs to."""
    node: _Element | None = element
    for _step in range(4):
        if node is None:
            return None
        code = node.find(_HL7 + "code")
        if code is not None and code.get("codeSystem") == _ELEMENTS:
            given = code.get("code") or ""
            return whole(given, 6)
        node = node.getparent()
    return None
