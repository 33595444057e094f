"""Demands of the message standard that fit no shape: a function for each, by its id in `eisen.csv` (kind other).

Each takes the node and the message it stands in, and is `True` when the demand is met. What they demand in words
stands in `specs/regels`; ids that can never fail have no function here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.nodes import full_text, own_texts
from bds_tool.formats.dob.model.paths import TEMPLATE_ROOT, XSI, has_type, type_of
from bds_tool.formats.dob.model.special_rivm import AROUND, RIVM
from bds_tool.formats.dob.model.special_sender import BSN, ENVELOPE, Special, below, coded, there

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.tables import Message

_ELEMENTS = "2.16.840.1.113883.2.4.4.40.267"
_ACTIVITY, _ADVICE = "2.16.840.1.113883.2.4.4.40.308", "2.16.840.1.113883.2.4.4.40.66"
_ATTENTION = HL7 + "attentionLine"
_OID = re.compile(r"[012](?:\.(?:0|[1-9][0-9]*))*")


def _negated(e: _Element) -> bool:
    return bool(e.get("negationInd") == "true")


# ---- the dossier --------------------------------------------------------------------------------------------------------


def _h041(e: _Element, _: Message) -> bool:
    return not any(
        len(full_text(t)) > 80 for t in e.iterdescendants(HL7 + "originalText") if _other(t.getparent(), e)
    )


def _other(carrier: _Element | None, top: _Element) -> bool:
    return carrier is not None and carrier is not top and carrier.get("nullFlavor") == "OTH"


def _h042(e: _Element, _: Message) -> bool:
    return any(coded(c, "01", "2.16.840.1.113883.2.4.4.40.303") for c in below(e, "appendage/document/code"))


def _sibling(e: _Element, path: str) -> Iterator[_Element]:
    parent = e.getparent()
    return iter(()) if parent is None else below(parent, path)


def _beside(e: _Element, path: str) -> bool:
    return next(_sibling(e, path), None) is not None


def _h044(e: _Element, _: Message) -> bool:
    closed = any(s.get("code") in {"aborted", "completed"} for s in _sibling(e, "statusCode"))
    return not closed or there(e, "high")


def _h045(e: _Element, _: Message) -> bool:
    lines = [line for above in e.iterancestors() for line in above.iterchildren(_ATTENTION)]
    if not lines:
        return True
    own = next((i for i in below(e, "patient/id") if i.get("root") == BSN), None)
    number = None if own is None else own.get("extension")
    return number is not None and any(
        v.get("root") == BSN and v.get("extension") == number for line in lines for v in below(line, "value")
    )


def _h047(e: _Element, _: Message) -> bool:
    value = e.get("value")
    return value is None or re.search(r"\.[^ \t\r\n]+$", value) is not None


def _typed(name: str) -> Special:
    def rule(e: _Element, _: Message) -> bool:
        return e.get("nullFlavor") is not None or type_of(e) == (HL7[1:-1], name)

    return rule


def _st_unblanked(e: _Element, _: Message) -> bool:
    given = e.get(XSI + "type") or ""
    return e.get("nullFlavor") is not None or (has_type(e, "ST") and given == given.strip(" \t\r\n"))


def _h053(e: _Element, _: Message) -> bool:
    return any(i.get("root") is not None and i.get("extension") is not None for i in below(e, "id")) or any(
        full_text(n) for n in below(e, "assignedPerson/name")
    )


def _h054(e: _Element, _: Message) -> bool:
    outer: _Element | None = e
    for _step in range(3):
        outer = None if outer is None else outer.getparent()
    if outer is None or e.get("root") is None:
        return True
    own = (e.get("root") or "") + (e.get("extension") or "")
    return all((i.get("root") or "") + (i.get("extension") or "") != own for i in below(outer, "id"))


def _h056(e: _Element, _: Message) -> bool:
    codes = {m.get("code") for m in e.iterdescendants(HL7 + "methodCode")} - {None}
    return len(codes) < 2


def _template(e: _Element, number: int) -> bool:
    return any(t.get("root") == f"{TEMPLATE_ROOT}{number}" for t in below(e, "templateId"))


def _h058(e: _Element, _: Message) -> bool:
    inside = [(t.getparent(), t.get("root")) for t in e.iterdescendants(HL7 + "templateId")]
    carriers = {
        number: [
            n for n, root in inside if root == f"{TEMPLATE_ROOT}{number}" and n is not None and n is not e
        ]
        for number in (41345, 41346)
    }
    method = any(
        coded(m, "07", "2.16.840.1.113883.2.4.4.40.387")
        for n in carriers[41345]
        for m in below(n, "methodCode")
    )
    return not (method and carriers[41346])


def _h061(e: _Element, _: Message) -> bool:
    inside = any(a.tag == HL7 + "CareProvisionRequest" for a in e.iterancestors())
    return not inside or e.get("moodCode") != "RMD"


def _lot(e: _Element) -> bool:
    return next(e.iterdescendants(HL7 + "lotNumberText"), None) is not None


def _h065(e: _Element, _: Message) -> bool:
    named = e.get("code") is not None and e.get("displayName") is not None
    return named or (e.get("nullFlavor") is not None and there(e, "originalText"))


def _h066(e: _Element, _: Message) -> bool:
    parent = e.getparent()
    above = None if parent is None else parent.getparent()
    if parent is None or above is None or parent.tag != HL7 + "component3":
        return False
    return any(
        any(coded(c, "108", _ELEMENTS) for c in below(component, "*/code"))
        and any(v.get("value") == "true" for v in below(component, "*/value"))
        for component in below(above, "component3")
    )


def _text_is(*texts: str) -> Special:
    return lambda e, _: any(t in texts for t in own_texts(e))


def _h069(e: _Element, _: Message) -> bool:
    texts = list(own_texts(e))
    return len(texts) == 1 and len(texts[0]) == 7


def _h070(e: _Element, _: Message) -> bool:
    return any(s.get("value") == "true" for s in e.itersiblings(HL7 + "multipleBirthInd", preceding=True))


# ---- the heel prick -------------------------------------------------------------------------------------------------------


def _first_codes(e: _Element) -> bool:
    return coded(e, "01", _ADVICE) or coded(e, "02", _ADVICE)


def _not_beside(name: str) -> Special:
    return lambda e, _: not (_first_codes(e) and _beside(e, name))


# ---- 3.2.7 ------------------------------------------------------------------------------------------------------------------


def _consent(*codes: str) -> Callable[[_Element], bool]:
    return lambda e: any(coded(c, code, _ELEMENTS) for c in below(e, "code") for code in codes)


def _h084(e: _Element, _: Message) -> bool:
    asked = _consent("1163", "1398", "1165", "1404")(e)
    return not asked or there(e, "author/patient1") or there(e, "author/personalRelationship")


def _h085(e: _Element, _: Message) -> bool:
    return (
        not _consent("1533")(e)
        or there(e, "author/patient1/providerOrganization")
        or there(e, "author/responsibleParty/representedOrganization")
    )


def _parts(e: _Element) -> list[str]:
    return full_text(e).split("|")


def _h088(e: _Element, _: Message) -> bool:
    parts = _parts(e)
    return parts[0] != "02" or (len(parts) > 2 and parts[2] != "")


def _h089(e: _Element, _: Message) -> bool:
    parts = _parts(e)
    return parts[0] != "OTH" or (len(parts) > 1 and parts[1] != "")


def _h090(e: _Element, _: Message) -> bool:
    parts = _parts(e)
    return parts[0] == "OTH" or len(parts) < 2 or parts[1] == ""


def _h092(e: _Element, _: Message) -> bool:
    return not coded(e, "30", _ACTIVITY) or any(
        _template(c, 11052) for c in _sibling(e, "pertinentInformation/rubricCluster")
    )


def _h095(e: _Element, _: Message) -> bool:
    parent = e.getparent()
    if parent is None or not _negated(parent):
        return True
    return (e.get(XSI + "nil") or "").strip() in {"true", "1"} and e.get("nullFlavor") == "NA"


SPECIAL: dict[str, Special] = {
    **ENVELOPE,
    **RIVM,
    "H041": _h041,
    "H042": _h042,
    "H043": lambda e, _: e.get("code") == "completed",
    "H044": _h044,
    "H045": _h045,
    "H046": lambda e, _: e.get("value") is None or e.get("value", "").startswith("file:///"),
    "H047": _h047,
    "H048": _st_unblanked,
    "H049": _typed("CV"),
    "H050": lambda e, _: e.get("nullFlavor") != "OTH",
    "H051": lambda e, _: e.get("code") is None or e.get("displayName") is not None,
    "H052": lambda e, _: e.get("nullFlavor") is not None or e.get("code") == "PRN",
    "H053": _h053,
    "H054": _h054,
    "H055": lambda e, _: not any(coded(c, "6", "2.16.840.1.113883.2.4.4.40.9") for c in below(e, "code")),
    "H056": _h056,
    "H057": lambda e, _: not any(_template(o, 41006) for o in below(e, "component/observation")),
    "H058": _h058,
    "H059": lambda e, _: not _negated(e) or there(e, "authorization"),
    "H060": lambda e, _: _negated(e) or not there(e, "authorization"),
    "H061": _h061,
    "H062": lambda e, _: not (_lot(e) and there(e, "authorization")),
    "H063": lambda e, _: _lot(e) or there(e, "authorization"),
    "H064": lambda e, _: re.match(r"[0-9]{8}", e.get("value") or "") is not None,
    "H065": _h065,
    "H066": _h066,
    "H067": lambda e, _: e.get("nullFlavor") is not None or any(True for _t in own_texts(e)),
    "H068": _text_is("to", "by"),
    "H069": _h069,
    "H070": _h070,
    "H071": _text_is("to", "by"),
    "H072": lambda e, _: there(e, "county") or there(e, "country"),
    "H073": lambda e, _: there(e, "id") or there(e, "name"),
    "H074": lambda e, _: e.get("root") == "2.16.840.1.113883.2.4.6.4",
    "H075": lambda e, _: not _negated(e) or there(e, "reasonCode"),
    "H076": lambda e, _: _negated(e) or not there(e, "reasonCode"),
    "H077": _not_beside("reason"),
    "H078": lambda e, _: coded(e, "01", _ADVICE) or _beside(e, "reason"),
    "H079": _not_beside("pertinentInformation"),
    "H080": lambda e, _: not coded(e, "01", _ADVICE) or _beside(e, "pertinentInformation"),
    "H081": _not_beside("subjectOf6"),
    "H082": _h045,
    "H083": lambda e, _: (
        not (_consent("469")(e) and there(e, "author")) or there(e, "author/assignedEntity1")
    ),
    "H084": _h084,
    "H085": _h085,
    "H086": lambda e, _: not there(e, "subjectOf") or _consent("1165", "1533")(e),
    "H087": lambda e, _: e.get("code") != "01",
    "H088": _h088,
    "H089": _h089,
    "H090": _h090,
    "H091": lambda e, _: e.get("code") != "cancelled" or _beside(e, "subjectOf"),
    "H092": _h092,
    "H093": lambda e, _: not coded(e, "33", _ACTIVITY) or _beside(e, "component4"),
    "H094": lambda e, _: e.get("codeSystem") is None or _OID.fullmatch(e.get("codeSystem", "")) is not None,
    "H095": _h095,
}
#: Demands that look at nothing around their node.
WITHIN = frozenset(SPECIAL) - {
    *AROUND,
    *("H001", "H013", "H018", "H044", "H045", "H054", "H061", "H066", "H070"),
    *("H077", "H078", "H079", "H080", "H081", "H082", "H091", "H092", "H093", "H095"),
}
