"""The demands that fit no shape, on the envelope and on who sends it (authors, overseers)."""

from __future__ import annotations

from .nodes import kids
from .paths import N, elements

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
