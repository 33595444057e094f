"""The demands that fit no shape (`handwritten.csv`): a function per id, true when the node is in order."""

from __future__ import annotations

import re

from .demands_dossier import (
    _consent,
    _h041,
    _h042,
    _h044,
    _h053,
    _h054,
    _h056,
    _h057,
    _h058,
    _h065,
    _h066,
    _h069,
    _h070,
    _h086,
    _h088,
    _h089,
    _h090,
    _h092,
    _h095,
    _inner,
    _same_bsn,
    _typed,
    _up,
    batch,
    beside,
    heel,
    refused,
    text_nodes,
)
from .demands_sender import (
    _BSN,
    _URA,
    _h005,
    _h013,
    _h015,
    _h018,
    _h019,
    _h020,
    _h021,
    _h024,
    _h025,
    _h026,
    _h027,
    _h030,
    _h031,
    _h036,
    _h037,
    _nameless,
    _overseer_has,
    _person_code,
    coded,
    lines,
    never,
)
from .nodes import kids, null, own_text
from .paths import TPL, Broken, N

# ---- the other messages --------------------------------------------------------------------------------------------


def _authorised(node):
    outer = _up(node, 3)
    return outer is not None and bool(kids(outer, "authorization"))


def _masked(node):
    return [i for i in kids(node, "id") if i.get("nullFlavor") == "MSK"], [
        s for s in kids(node, "subject") if any(p.get("nullFlavor") == "MSK" for p in kids(s, "patient"))
    ]


def _h104(node, judge):
    return sum(map(len, _masked(node))) in {0, 2}


def _h105(node, judge):
    if not any(_masked(node)):
        return True
    return not any(kids(s, "authorization") for s in node.iter(N + "substanceAdministrationEvent"))


def _h106(node, judge):
    root = node.get("root")
    return root is None or bool(
        re.fullmatch(
            r"[012](\.(0|[1-9][0-9]*))*|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[A-Za-z][A-Za-z0-9-]*",
            root,
        )
    )


def _h107(node, judge):
    return not any(
        kids(e, "assignedPerson")
        for e in node.iter("*")
        if e is not node and any(t.get("root") == TPL + "124" for t in kids(e, "templateId"))
    )


def _h113(node, judge):
    top = next((a for a in node.iterancestors(N + "ControlActProcess")), None)
    return top is None or next(top.iter(N + "neonateData"), None) is None


def _h119(node, judge):
    return any(
        c.get("code") is not None and c.get("displayName") is not None for c in kids(node, "code")
    ) or bool(kids(node, "text", "value"))


def _number(text):
    text = (text or "").strip()
    if not re.fullmatch(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF", text):
        raise Broken("no number")
    return float(text.replace("INF", "inf"))


def _acknowledged(node):
    top = _up(node, 3)
    return top is not None and any(a.get("typeCode") == "AA" for a in kids(top, "acknowledgement"))


def _quantity(node, holds):
    found = [q.get("value") for q in beside(node, "resultCurrentQuantity") if q.get("value") is not None]
    return any(holds(_number(v)) for v in found)


def _h122(node, judge):
    return node.get("code") != "OK" or (_acknowledged(node) and _quantity(node, lambda n: n > 0))


def _h123(node, judge):
    return node.get("code") != "NF" or (_acknowledged(node) and _quantity(node, lambda n: n == 0))


def _h124(node, judge):
    given = node.get("value")
    top = _up(node, 2)
    return given is not None and _number(given) == len(kids(top, "subject"))


def _h125(node, judge):
    total = [q.get("value") for q in beside(node, "resultTotalQuantity") if q.get("value") is not None]
    if node.get("value") is None or not total:
        return True
    try:
        return _number(node.get("value")) <= _number(total[0])
    except Broken:
        return False


def _h001(node, judge):
    return any(
        i.get("root") == "2.16.840.1.113883.1.6"
        for e in node.iter(N + judge.root)
        for i in kids(e, "interactionId")
    )


DEMANDS = dict.fromkeys(
    ["H003", "H004", "H006", "H007", "H008", "H016", "H017", "H040"], never
) | {
    "H001": _h001,
    "H002": lambda n, j: bool(kids(n, "attentionLine")),
    "H005": _h005,
    "H009": lambda n, j: len(lines(n, "FICID", "PATID")) <= 1,
    "H010": lambda n, j: len(lines(n, "CONTEXT")) <= 1,
    "H011": lambda n, j: n.get("value") is None or bool(re.match("[0-9]{4}", n.get("value"))),
    "H012": lambda n, j: len(n.get("value") or "") >= 14,
    "H013": _h013,
    "H014": lambda n, j: not kids(n, "queryByParameter") or n.get("moodCode") == "EVN",
    "H015": _h015,
    "H018": _h018,
    "H019": _h019,
    "H020": _h020,
    "H021": _h021,
    "H022": _person_code([_BSN], "P", "2.16.840.1.113883.2.4.3.11.8"),
    "H023": _person_code(["2.16.840.1.113883.2.4.3.11.7.3", "2.16.528.1.1003.1.3.5.4.1"], "KLANTENLOKET", "2.16.840.1.113883.2.4.3.11.8"),
    "H024": _h024,
    "H025": _h025,
    "H026": _h026,
    "H027": _h027,
    "H028": _nameless(_URA),
    "H029": _nameless("2.16.840.1.113883.2.4.3.11", "7"),
    "H030": _h030,
    "H031": _h031,
    "H032": _overseer_has("assignedPrincipalChoiceList", "assignedPerson", "name"),
    "H033": _overseer_has("Organization", "id", root=_URA),
    "H034": _overseer_has("Organization", "name"),
    "H035": _overseer_has("Organization", "addr", "city"),
    "H036": _h036,
    "H037": _h037,
    "H038": lambda n, j: set((n.get("typeCode") or "").split()) <= {"AUT", "PRF"},
    "H039": lambda n, j: n.get("typeCode") in {"AUT", "PRF"},
    "H041": _h041,
    "H042": _h042,
    "H043": lambda n, j: n.get("code") == "completed",
    "H044": _h044,
    "H045": _same_bsn(needs_id=True),
    "H046": lambda n, j: n.get("value") is None or n.get("value").startswith("file:///"),
    "H047": lambda n, j: n.get("value") is None or bool(re.search(r"\.[^ \t\r\n]+\Z", n.get("value"))),
    "H048": _typed("ST", present=False),
    "H049": _typed("CV", present=True),
    "H050": lambda n, j: n.get("nullFlavor") != "OTH",
    "H051": lambda n, j: n.get("code") is None or n.get("displayName") is not None,
    "H052": lambda n, j: null(n) or n.get("code") == "PRN",
    "H053": _h053,
    "H054": _h054,
    "H055": lambda n, j: not any(coded(c, "6", "2.16.840.1.113883.2.4.4.40.9") for c in kids(n, "code")),
    "H056": _h056,
    "H057": _h057,
    "H058": _h058,
    "H059": lambda n, j: not refused(n) or bool(kids(n, "authorization")),
    "H060": lambda n, j: refused(n) or not kids(n, "authorization"),
    "H061": lambda n, j: n.get("moodCode") != "RMD" or next(n.iterancestors(N + "CareProvisionRequest"), None) is None,
    "H062": lambda n, j: not (batch(n) and kids(n, "authorization")),
    "H063": lambda n, j: batch(n) or bool(kids(n, "authorization")),
    "H064": lambda n, j: bool(re.match("[0-9]{8}", n.get("value") or "")),
    "H065": _h065,
    "H066": _h066,
    "H067": lambda n, j: null(n) or bool(own_text(n)),
    "H068": lambda n, j: bool({"to", "by"} & set(text_nodes(n))),
    "H069": _h069,
    "H070": _h070,
    "H071": lambda n, j: bool({"to", "by"} & set(text_nodes(n))),
    "H072": lambda n, j: bool(kids(n, "county", "country")),
    "H073": lambda n, j: bool(kids(n, "id", "name")),
    "H074": lambda n, j: n.get("root") == "2.16.840.1.113883.2.4.6.4",
    "H075": lambda n, j: not refused(n) or bool(kids(n, "reasonCode")),
    "H076": lambda n, j: refused(n) or not kids(n, "reasonCode"),
    "H077": lambda n, j: not (heel(n, "01", "02") and beside(n, "reason")),
    "H078": lambda n, j: heel(n, "01") or bool(beside(n, "reason")),
    "H079": lambda n, j: not (heel(n, "01", "02") and beside(n, "pertinentInformation")),
    "H080": lambda n, j: not heel(n, "01") or bool(beside(n, "pertinentInformation")),
    "H081": lambda n, j: not (heel(n, "01", "02") and beside(n, "subjectOf6")),
    "H082": _same_bsn(needs_id=True),
    "H083": _consent({"469"}, lambda n: not kids(n, "author") or _inner(n, "author/assignedEntity1")),
    "H084": _consent({"1163", "1398", "1165", "1404"}, lambda n: _inner(n, "author/patient1", "author/personalRelationship")),
    "H085": _consent({"1533"}, lambda n: _inner(n, "author/patient1/providerOrganization", "author/responsibleParty/representedOrganization")),
    "H086": _h086,
    "H087": lambda n, j: n.get("code") != "01",
    "H088": _h088,
    "H089": _h089,
    "H090": _h090,
    "H091": lambda n, j: n.get("code") != "cancelled" or bool(beside(n, "subjectOf")),
    "H092": _h092,
    "H093": lambda n, j: not coded(n, "33", "2.16.840.1.113883.2.4.4.40.308") or bool(beside(n, "component4")),
    "H094": lambda n, j: n.get("codeSystem") is None or bool(re.fullmatch(r"[012](\.(0|[1-9][0-9]*))*", n.get("codeSystem"))),
    "H095": _h095,
    "H101": lambda n, j: n.get("qualifier") in {"VV BR", "BR VV"},
    "H102": lambda n, j: not (kids(n, "lotNumberText") and _authorised(n)),
    "H103": lambda n, j: bool(kids(n, "lotNumberText")) or _authorised(n),
    "H104": _h104,
    "H105": _h105,
    "H106": _h106,
    "H107": _h107,
    "H108": lambda n, j: not any(kids(p, "id") for p in n.iter(N + "patient")),
    "H109": lambda n, j: not (heel(n, "01") and beside(n, "reason")),
    "H110": lambda n, j: not (heel(n, "01") and beside(n, "pertinentInformation")),
    "H111": lambda n, j: heel(n, "01") or bool(beside(n, "pertinentInformation")),
    "H112": _same_bsn(needs_id=False),
    "H113": _h113,
    "H114": lambda n, j: null(n) or len(n.get("value") or "") >= 14,
    "H115": lambda n, j: n.get("extension") is not None and (n.get("root") is not None or n.get("nullFlavor") == "UNC"),
    "H116": lambda n, j: n.get("code") is None or n.get("displayName") is not None,
    "H117": lambda n, j: null(n) or None not in {n.get("code"), n.get("codeSystem"), n.get("displayName")},
    "H118": lambda n, j: not null(n) or (n.get("nullFlavor") == "OTH" and bool(kids(n, "originalText"))),
    "H119": _h119,
    "H120": lambda n, j: not _acknowledged(n) or n.get("code") in {"NF", "OK"},
    "H121": lambda n, j: not (_acknowledged(n) and n.get("code") in {"AE", "QE"}),
    "H122": _h122,
    "H123": _h123,
    "H124": _h124,
    "H125": _h125,
    "H126": lambda n, j: refused(n) or not kids(n, "authorization"),
    "H127": lambda n, j: n.get("moodCode") != "RMD" or not kids(n, "effectiveTime"),
    "H128": lambda n, j: n.get("moodCode") != "RMD" or not kids(n, "performer"),
    "H129": lambda n, j: not null(n) and not kids(n, "originalText"),
    "H130": lambda n, j: (n.get("typeCode") or "").startswith("C"),
    "H131": lambda n, j: n.get("typeCode") not in {"CE", None} or bool(kids(n, "acknowledgementDetail")),
    "H132": lambda n, j: n.get("codeSystem") == "2.16.840.1.113883.5.1100" or n.get("displayName") is not None,
}  # fmt: skip
