"""The demands that fit no shape (`handwritten.csv`): a function per id, true when the node is in order."""

from __future__ import annotations

import re

from .flavours import full_text, kids, null, own_text
from .paths import TPL, V3, XSI, Broken, N, elements, resolved

_LINES = "2.16.840.1.113883.2.4.15.1"
_BSN = "2.16.840.1.113883.2.4.6.3"
_URA, _UZI, _UZI_SYSTEM, _APP = (
    "2.16.528.1.1007.3.3",
    "2.16.528.1.1007.3.1",
    "2.16.528.1.1007.3.2",
    "2.16.840.1.113883.2.4.6.6",
)
_E = "2.16.840.1.113883.2.4.4.40.267"
_HEEL = "2.16.840.1.113883.2.4.4.40.66"


def never(node, judge):
    return True


def coded(e, code, system):
    return e.get("code") == code and e.get("codeSystem") == system


def lines(node, *codes):
    words = [k for a in kids(node, "attentionLine") for k in kids(a, "keyWordText")]
    return [k for k in words if k.get("code") in codes and k.get("codeSystem") == _LINES]


def _h005(node, judge):
    if judge.version not in {"3.2.7", "vaccinaties", "hielprik", "opvragen"}:
        return True
    return bool(lines(node, "FICID", "PATID"))


def _h013(node, judge):
    if node.get("root") != "2.16.840.1.113883.1.6":
        return True
    return node.get("extension") == node.getparent().tag.rpartition("}")[2]


def _h015(node, judge):
    codes = [c.get("code") for c in kids(node, "code") if c.get("code") is not None]
    return not codes or judge.trigger in codes


# ---- author and overseer ---------------------------------------------------------------------------------------


def authors(node):
    """(devices, persons) of authorOrPerformer at any depth; of one parent only the first with either name."""
    devices, persons = [], []
    for top in kids(node, "authorOrPerformer"):
        for parent in (e for e in top.iter() if isinstance(e.tag, str)):
            for child in elements(parent):
                name = child.tag.rpartition("}")[2].lower()
                if child.tag.startswith(N) and name in {"assigneddevice", "assignedperson"}:
                    (devices if name == "assigneddevice" else persons).append(child)
                    break
    return devices, persons


def overseers(node):
    found = []
    for top in kids(node, "overseer"):
        first = next(
            (
                c
                for c in elements(top)
                if c.tag.rpartition("}")[2].lower() in {"assignedentity", "assignedperson"}
            ),
            None,
        )
        if first is not None:
            found.append(first)
    return found


def ids(entities):
    return [i for e in entities for i in kids(e, "id")]


def organisations(entities):
    return [o for e in entities for o in kids(e, "Organization")]


def rooted(found, *roots):
    return [i for i in found if i.get("root") in roots]


def _h018(node, judge):
    parent = node.getparent()
    if parent is None:
        return True
    sender = [
        i for s in kids(parent, "sender") for d in kids(s, "device") for i in rooted(kids(d, "id"), _APP)
    ]
    sender = {i.get("extension") for i in sender if i.get("extension") is not None}
    author = {
        i.get("extension") for i in rooted(ids(authors(node)[0]), _APP) if i.get("extension") is not None
    }
    return not sender or not author or bool(sender & author) or "1" in sender


def _h019(node, judge):
    devices, _ = authors(node)
    return not rooted(ids(organisations(devices)), _URA) or bool(rooted(ids(devices), _UZI_SYSTEM))


def _h020(node, judge):
    devices, _ = authors(node)
    if not rooted(ids(devices), _UZI_SYSTEM):
        return True
    return any(i.get("extension") is not None for i in rooted(ids(organisations(devices)), _URA))


def _h021(node, judge):
    devices, _ = authors(node)
    if not devices:
        return True
    return (
        any(i.get("extension") == "1" for i in rooted(ids(devices), _APP))
        or bool(rooted(ids(devices), "2.16.528.1.1007.4"))
        or bool(ids(organisations(devices)))
    )


def _person_code(roots, code, system):
    def check(node, judge):
        persons = authors(node)[1]
        if not rooted(ids(persons), *roots):
            return True
        return any(coded(c, code, system) for p in persons for c in kids(p, "code"))

    return check


def _h024(node, judge):
    persons = authors(node)[1]
    if not rooted(ids(persons), _UZI):
        return True
    return any(
        c.get("codeSystem") == "2.16.840.1.113883.2.4.15.111" for p in persons for c in kids(p, "code")
    )


def _h025(node, judge):
    devices, persons = authors(node)
    if not rooted(ids(persons), _UZI):
        return True
    return any(i.get("extension") is not None for i in rooted(ids(organisations(devices + persons)), _URA))


def _h026(node, judge):
    devices, persons = authors(node)
    if not rooted(ids(persons), _BSN):
        return True
    return bool(rooted(ids(organisations(devices + persons)), "2.16.840.1.113883.2.4.3.11.25"))


def _h027(node, judge):
    devices, persons = authors(node)
    if not rooted(ids(persons), "2.16.840.1.113883.2.4.3.11", "2.16.528.1.1003.1.3.5.4.1"):
        return True
    return any(
        i.get("extension") == "7"
        for i in rooted(ids(organisations(devices + persons)), "2.16.840.1.113883.2.4.3.11")
    )


def _nameless(root, extension=None):
    def check(node, judge):
        return not any(
            not kids(o, "name")
            and any(extension in {None, i.get("extension")} for i in rooted(kids(o, "id"), root))
            for o in organisations(overseers(node))
        )

    return check


def _h030(node, judge):
    found = overseers(node)
    return not kids(node, "overseer") or any(kids(o, "code") for o in found)


def _h031(node, judge):
    found = overseers(node)
    if not rooted(ids(found), _BSN):
        return True
    codes = [c for o in found for c in kids(o, "code")]
    return any(
        coded(c, "P", "2.16.840.1.113883.2.4.3.11.8") or c.get("codeSystem") == "2.16.840.1.113883.2.4.3.11.6"
        for c in codes
    )


def _overseer_has(*steps, root=None):
    def check(node, judge):
        found = overseers(node)
        if not rooted(ids(found), _UZI):
            return True
        at = found
        for step in steps:
            at = [c for e in at for c in kids(e, step)]
        return bool(rooted(at, root) if root else at)

    return check


def _h036(node, judge):
    wanted = ids(organisations(overseers(node)))
    if not wanted:
        return True
    devices, persons = authors(node)
    roots, extensions = {i.get("root") for i in wanted}, {i.get("extension") for i in wanted}
    return bool(devices) or any(
        i.get("root") is not None
        and i.get("root") in roots
        and i.get("extension") is not None
        and i.get("extension") in extensions
        for i in ids(organisations(persons))
    )


def _h037(node, judge):
    devices, persons = authors(node)
    if any(
        (i.get("root"), i.get("extension")) in {("2.16.528.1.1007", "4"), (_APP, "1")} for i in ids(devices)
    ):
        return True
    return any(kids(o, "name") for o in organisations(devices + persons))


# ---- the dossier ---------------------------------------------------------------------------------------------------


def _h041(node, judge):
    return not any(
        len(full_text(o)) > 80
        for e in node.iter("*")
        if e.get("nullFlavor") == "OTH"
        for o in kids(e, "originalText")
    )


def _h042(node, judge):
    return any(
        coded(c, "01", "2.16.840.1.113883.2.4.4.40.303")
        for a in kids(node, "appendage") for d in kids(a, "document") for c in kids(d, "code")
    )  # fmt: skip


def beside(node, name):
    parent = node.getparent()
    return [] if parent is None else [c for c in kids(parent, name) if c is not node]


def _h044(node, judge):
    ended = any(s.get("code") in {"aborted", "completed"} for s in beside(node, "statusCode"))
    return not ended or bool(kids(node, "high"))


def attention_bsns(node):
    found, any_line = set(), False
    for a in node.iterancestors():
        for line in kids(a, "attentionLine"):
            any_line = True
            found |= {v.get("extension") for v in rooted(kids(line, "value"), _BSN)}
    return any_line, found


def _same_bsn(needs_id):
    def check(node, judge):
        any_line, given = attention_bsns(node)
        if not any_line:
            return True
        own = rooted([i for p in kids(node, "patient") for i in kids(p, "id")], _BSN)
        if not needs_id:
            own = [i for i in own if i.get("extension") is not None]
            if not own:
                return True
        return bool(own) and own[0].get("extension") is not None and own[0].get("extension") in given

    return check


def _typed(kind, *, present):
    def check(node, judge):
        given = node.get(XSI + "type")
        if null(node):
            return True
        if given is None:
            return not present
        if given != given.strip() and not present:
            return False
        return resolved(node, given) == (V3, kind)

    return check


def _h053(node, judge):
    if any(i.get("root") is not None and i.get("extension") is not None for i in kids(node, "id")):
        return True
    return any(full_text(n) for p in kids(node, "assignedPerson") for n in kids(p, "name"))


def _h054(node, judge):
    if node.get("root") is None:
        return True
    outer = node.getparent().getparent().getparent()
    mine = node.get("root") + (node.get("extension") or "")
    return outer is None or not any(
        mine == (i.get("root") or "") + (i.get("extension") or "")
        for i in (kids(outer, "id") if outer.tag == N + "encounter" else [])
    )


def _h056(node, judge):
    return len({m.get("code") for m in node.iter(N + "methodCode") if m.get("code") is not None}) <= 1


def _h057(node, judge):
    return not any(
        t.get("root") == TPL + "41006"
        for c in kids(node, "component") for o in kids(c, "observation") for t in kids(o, "templateId")
    )  # fmt: skip


def _h058(node, judge):
    def have(template):
        return [
            e for e in node.iter("*") if any(t.get("root") == TPL + template for t in kids(e, "templateId"))
        ]

    seventh = any(
        coded(m, "07", "2.16.840.1.113883.2.4.4.40.387") for e in have("41345") for m in kids(e, "methodCode")
    )
    return not (seventh and have("41346"))


def refused(node):
    return node.get("negationInd") == "true"


def batch(node):
    return any(True for _ in node.iter(N + "lotNumberText"))


def _h065(node, judge):
    if node.get("code") is not None and node.get("displayName") is not None:
        return True
    return null(node) and bool(kids(node, "originalText"))


def _h066(node, judge):
    parent = node.getparent()
    if parent.tag != N + "component3":
        return False
    for component in kids(parent.getparent(), "component3"):
        inner = [x for c in elements(component) for x in elements(c)]
        code = any(x.tag == N + "code" and coded(x, "108", _E) for x in inner)
        if code and any(x.tag == N + "value" and x.get("value") == "true" for x in inner):
            return True
    return False


def text_nodes(node):
    return [t for t in [node.text, *(c.tail for c in node)] if t]


def _h069(node, judge):
    parts = text_nodes(node)
    if len(parts) > 1:
        raise Broken("text is split")
    return bool(parts) and len(parts[0]) == 7


def _h070(node, judge):
    return any(
        s.tag == N + "multipleBirthInd" and s.get("value") == "true"
        for s in node.itersiblings(preceding=True)
    )


def heel(node, *codes):
    return node.get("code") in codes and node.get("codeSystem") == _HEEL


def _consent(codes, holds):
    def check(node, judge):
        if not any(c.get("code") in codes and c.get("codeSystem") == _E for c in kids(node, "code")):
            return True
        return holds(node)

    return check


def _inner(node, *paths):
    def there(at, steps):
        return bool(at) if not steps else there([c for e in at for c in kids(e, steps[0])], steps[1:])

    return any(there([node], p.split("/")) for p in paths)


def _h086(node, judge):
    if not kids(node, "subjectOf"):
        return True
    return any(c.get("code") in {"1165", "1533"} and c.get("codeSystem") == _E for c in kids(node, "code"))


def parts(node):
    return full_text(node).split("|")


def _h088(node, judge):
    p = parts(node)
    return p[0] != "02" or (len(p) > 2 and p[2] != "")


def _h089(node, judge):
    p = parts(node)
    return p[0] != "OTH" or (len(p) > 1 and p[1] != "")


def _h090(node, judge):
    p = parts(node)
    return p[0] == "OTH" or len(p) < 2 or p[1] == ""


def _h092(node, judge):
    if not coded(node, "30", "2.16.840.1.113883.2.4.4.40.308"):
        return True
    return any(
        t.get("root") == TPL + "11052"
        for i in beside(node, "pertinentInformation") for r in kids(i, "rubricCluster") for t in kids(r, "templateId")
    )  # fmt: skip


def _h095(node, judge):
    if node.getparent().get("negationInd") != "true":
        return True
    return node.get(XSI + "nil") == "true" and node.get("nullFlavor") == "NA"


def _up(node, times):
    for _ in range(times):
        node = None if node is None else node.getparent()
    return node


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
