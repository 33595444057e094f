"""Demands that fit no shape on the messages with the RIVM (vaccinations, heel prick) and the acknowledgement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.demands import number_in
from bds_tool.formats.dob.model.paths import TEMPLATE_ROOT
from bds_tool.formats.dob.model.special_sender import BSN, Special, below, coded, there

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.tables import Message

_ADVICE = "2.16.840.1.113883.2.4.4.40.66"
_ROOT = re.compile(
    r"[012](?:\.(?:0|[1-9][0-9]*))*|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[A-Za-z][-A-Za-z0-9]*"
)


def _above(e: _Element, levels: int) -> _Element | None:
    for _step in range(levels):
        parent = e.getparent()
        if parent is None:
            return None
        e = parent
    return e


def _beside(e: _Element, name: str) -> Iterator[_Element]:
    parent = e.getparent()
    return iter(()) if parent is None else below(parent, name)


def _has_beside(e: _Element, name: str) -> bool:
    return next(_beside(e, name), None) is not None


def _refused(e: _Element) -> bool:
    """Of an administrableMedicine: the vaccination around it was refused."""
    given = _above(e, 3)
    return given is not None and there(given, "authorization")


def _negated(e: _Element) -> bool:
    return bool(e.get("negationInd") == "true")


# ---- vaccinations -----------------------------------------------------------------------------------------------------


def _masked(e: _Element) -> int:
    """How many of the two are masked: the number of the dossier, and the child."""
    ids = sum(bool(i.get("nullFlavor") == "MSK") for i in below(e, "id"))
    return ids + sum(
        any(p.get("nullFlavor") == "MSK" for p in below(s, "patient")) for s in below(e, "subject")
    )


def _h105(e: _Element, _: Message) -> bool:
    given = e.iterdescendants(HL7 + "substanceAdministrationEvent")
    return not _masked(e) or not any(there(g, "authorization") for g in given)


def _h107(e: _Element, _: Message) -> bool:
    vaccinator = TEMPLATE_ROOT + "124"
    return not any(
        there(n, "assignedPerson") and any(t.get("root") == vaccinator for t in below(n, "templateId"))
        for n in e.iterdescendants("*")
    )


# ---- heel prick -------------------------------------------------------------------------------------------------------


def _first(e: _Element) -> bool:
    return coded(e, "01", _ADVICE)


def _h112(e: _Element, _: Message) -> bool:
    lines = [line for above in e.iterancestors() for line in below(above, "attentionLine")]
    own = next((i for i in below(e, "patient/id") if i.get("root") == BSN), None)
    number = None if own is None else own.get("extension")
    if not lines or number is None:
        return True
    values = (v for line in lines for v in below(line, "value"))
    return any(v.get("root") == BSN and v.get("extension") == number for v in values)


def _h113(e: _Element, _: Message) -> bool:
    acts = e.iterancestors(HL7 + "ControlActProcess")
    return all(next(a.iterdescendants(HL7 + "neonateData"), None) is None for a in acts)


# ---- the answer on vaccinations, and its counts -------------------------------------------------------------------------


def _h119(e: _Element, _: Message) -> bool:
    named = any(c.get("code") is not None and c.get("displayName") is not None for c in below(e, "code"))
    return named or there(e, "text") or there(e, "value")


def _accepted(e: _Element) -> bool:
    """Of a queryResponseCode: the message says AA."""
    message = _above(e, 3)
    return message is not None and any(a.get("typeCode") == "AA" for a in below(message, "acknowledgement"))


def _current(e: _Element) -> float | None:
    found = next((q.get("value") for q in _beside(e, "resultCurrentQuantity")), None)
    return number_in(found)


def _h122(e: _Element, _: Message) -> bool:
    if e.get("code") != "OK":
        return True
    count = _current(e)
    return _accepted(e) and count is not None and count > 0


def _h123(e: _Element, _: Message) -> bool:
    return e.get("code") != "NF" or (_accepted(e) and _current(e) == 0)


def _h124(e: _Element, _: Message) -> bool:
    process = _above(e, 2)
    subjects = 0 if process is None else sum(1 for _subject in below(process, "subject"))
    return number_in(e.get("value")) == subjects


def _h125(e: _Element, _: Message) -> bool:
    total = next((q.get("value") for q in _beside(e, "resultTotalQuantity")), None)
    if e.get("value") is None or total is None:
        return True
    left, all_ = number_in(e.get("value")), number_in(total)
    return left is not None and all_ is not None and left <= all_


RIVM: dict[str, Special] = {
    "H014": lambda e, _: not there(e, "queryByParameter") or e.get("moodCode") == "EVN",
    "H101": lambda e, _: e.get("qualifier") in {"VV BR", "BR VV"},
    "H102": lambda e, _: not (there(e, "lotNumberText") and _refused(e)),
    "H103": lambda e, _: there(e, "lotNumberText") or _refused(e),
    "H104": lambda e, _: _masked(e) in {0, 2},
    "H105": _h105,
    "H106": lambda e, _: e.get("root") is None or _ROOT.fullmatch(e.get("root", "")) is not None,
    "H107": _h107,
    "H108": lambda e, _: not any(there(p, "id") for p in e.iterdescendants(HL7 + "patient")),
    "H109": lambda e, _: not (_first(e) and _has_beside(e, "reason")),
    "H110": lambda e, _: not (_first(e) and _has_beside(e, "pertinentInformation")),
    "H111": lambda e, _: _first(e) or _has_beside(e, "pertinentInformation"),
    "H112": _h112,
    "H113": _h113,
    "H114": lambda e, _: e.get("nullFlavor") is not None or len(e.get("value") or "") >= 14,
    "H115": lambda e, _: (
        e.get("extension") is not None and (e.get("root") is not None or e.get("nullFlavor") == "UNC")
    ),
    "H116": lambda e, _: e.get("code") is None or e.get("displayName") is not None,
    "H117": lambda e, _: (
        e.get("nullFlavor") is not None
        or not any(e.get(n) is None for n in ("code", "codeSystem", "displayName"))
    ),
    "H118": lambda e, _: (
        e.get("nullFlavor") is None or (e.get("nullFlavor") == "OTH" and there(e, "originalText"))
    ),
    "H119": _h119,
    "H120": lambda e, _: not _accepted(e) or e.get("code") in {"NF", "OK"},
    "H121": lambda e, _: not (_accepted(e) and e.get("code") in {"AE", "QE"}),
    "H122": _h122,
    "H123": _h123,
    "H124": _h124,
    "H125": _h125,
    "H126": lambda e, _: _negated(e) or not there(e, "authorization"),
    "H127": lambda e, _: e.get("moodCode") != "RMD" or not there(e, "effectiveTime"),
    "H128": lambda e, _: e.get("moodCode") != "RMD" or not there(e, "performer"),
    "H129": lambda e, _: e.get("nullFlavor") is None and not there(e, "originalText"),
    "H130": lambda e, _: (e.get("typeCode") or "").startswith("C"),
    "H131": lambda e, _: e.get("typeCode", "CE") != "CE" or there(e, "acknowledgementDetail"),
    "H132": lambda e, _: (
        e.get("codeSystem") == "2.16.840.1.113883.5.1100" or e.get("displayName") is not None
    ),
}
#: Of these, the ones that look around their node.
AROUND = frozenset(
    {"H102", "H103", "H109", "H110", "H111", "H112", "H113", "H120", "H121", "H122", "H123", "H124", "H125"}
)
