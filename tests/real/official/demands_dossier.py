"""The demands that fit no shape, on the dossier."""

from __future__ import annotations

from .demands_sender import _BSN, _E, _HEEL, coded, rooted
from .nodes import full_text, kids, null
from .paths import TPL, V3, XSI, Broken, N, elements, resolved

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
