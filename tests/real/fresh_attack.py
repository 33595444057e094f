"""Still other faults, thought up to break a judge that remembers: two at one place, parts of other messages, names in
other clothes, what XML itself allows, and the same fault after a message without it.
"""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from .fresh import KINDS, XSI, N, every

XML = "{http://www.w3.org/XML/1998/namespace}"
ROOTS = (
    "REPC_IN902120NL", "REPC_IN902120NL03", "REPC_IN902120NL04", "MCCI_IN000002", "REPC_IN902123NL", "ClinicalDocument",
)  # fmt: skip
SYSTEMS = (
    "2.16.840.1.113883.2.4.6.3", "2.16.528.1.1007.3.3", "2.16.528.1.1007.3.1", "2.16.528.1.1007.3.2",
    "2.16.840.1.113883.2.4.6.1", "2.16.840.1.113883.2.4.6.6", "2.16.840.1.113883.1.6", "0", "1.2.3",
)  # fmt: skip
TIMES = (
    "2024", "202413", "20240230", "20240101T1200", "202401011200+0100", "20240101120000.123", "2024010112", "1", "",
    "99999999", "20240101235960", "00000000", "20240101120000+2500",
)  # fmt: skip


def twice(r, root):
    """Two faults in one element: attributes, texts and children of one node."""
    e = r.choice([e for e in every(root) if e.attrib])
    for kind in r.sample(("attribute", "null", "text", "child", "type", "gone"), 2):
        if kind == "attribute":
            e.set(r.choice(e.keys() or ["code"]), r.choice(["x", "", "1.2.3", "EVN"]))
        elif kind == "null":
            e.set("nullFlavor", r.choice(["NI", "UNK", "XX"]))
        elif kind == "text":
            e.text = "x"
        elif kind == "child":
            e.append(etree.Element(N + r.choice(["id", "code", "value", "nix"])))
        elif kind == "type":
            e.set(XSI + "type", r.choice(["CV", "ST", "II"]))
        elif e.keys():
            del e.attrib[r.choice(e.keys())]
    return True


def beside_each_other(r, root):
    """A fault of its own in an element and in the one next to it."""
    e = r.choice([e for e in every(root) if e.getnext() is not None])
    for each in (e, e.getnext()):
        each.set(r.choice(["nullFlavor", "code", "root", "x"]), r.choice(["NI", "x"]))
    return True


def remarked(r, root):
    """Comments and processing instructions between nodes and in texts; then any other fault."""
    for e in r.sample(every(root), min(8, len(every(root)))):
        e.insert(
            r.randint(0, len(e)), r.choice([etree.Comment(" x "), etree.ProcessingInstruction("x", "y")])
        )
    return r.choice(KINDS[1:5])(r, root)


def remarks_alone(r, root):
    for e in r.sample(every(root), min(20, len(every(root)))):
        note = etree.Comment("x")
        if e.text and e.text.strip():
            note.tail, e.text = e.text[2:], e.text[:2]
        e.insert(0, note)
    return True


def spaced(r, root):
    e = r.choice(every(root))
    e.set(XML + "space", r.choice(["preserve", "default", "nix"]))
    e.text = "\n   "
    return True


def nil_full(r, root):
    e = r.choice([e for e in every(root) if e.tag == N + "value" or len(e)])
    e.set(XSI + "nil", r.choice(["true", "1", " true ", "TRUE"]))
    e.set("nullFlavor", "NI")
    if r.random() < 0.5:
        for child in list(e):
            e.remove(child)
    return True


def long(r, root):
    e = r.choice([e for e in every(root) if e.attrib])
    name = r.choice(e.keys())
    e.set(name, (e.get(name) or "x") * r.choice([300, 5_000]))
    return True


def other_root(r, root):
    root.tag = r.choice([N, N, "{urn:hl7-nl:v3}", ""]) + r.choice(ROOTS)
    if r.random() < 0.5:
        for e in root.iterchildren(N + "interactionId"):
            e.set("extension", root.tag.rpartition("}")[2])
    return True


def blanks(r, root):
    e = r.choice([e for e in every(root) if e.attrib])
    name = r.choice(e.keys())
    e.set(name, r.choice([" {}", "{} ", "\t{}", "{}\n", "{} {}", "\u00a0{}"]).replace("{}", e.get(name)))
    return True


def systems(r, root):
    e = r.choice([e for e in every(root) if e.get("root")])
    e.set("root", r.choice(SYSTEMS))
    if r.random() < 0.5:
        e.set("extension", r.choice(["999900183", "123456789", "000000000", "00001111", "1", ""]))
    return True


def times(r, root):
    named = ("time", "effectiveTime", "low", "high", "creationTime", "birthTime", "center")
    r.choice(list(root.iter(*(N + n for n in named)))).set("value", r.choice(TIMES))
    return True


def templates(r, root):
    """A templateId more, with the number of another, before or after its own."""
    given = list(root.iter(N + "templateId"))
    e = r.choice(given)
    more = deepcopy(r.choice(given))
    (e.addprevious if r.random() < 0.5 else e.addnext)(more)
    return True


def observation(r, root):
    """A whole observation in the cluster of another rubriek or group."""
    inside = [
        c
        for c in root.iter(N + "component")
        if c.getparent().tag in {N + "rubricCluster", N + "groupCluster"}
    ]
    a, b = r.sample(inside, 2)
    b.addnext(deepcopy(a) if r.random() < 0.5 else a)
    return True


def graft(r, root):
    """A part with the name of another part, elsewhere in the message."""
    e = r.choice([e for e in every(root)[1:] if len(e)])
    same = [
        o
        for o in root.iter(e.tag)
        if o is not e and o not in e.iterancestors() and e not in o.iterancestors()
    ]
    other = deepcopy(r.choice(same))
    e.getparent().replace(e, other)
    return True


def who(r, root):
    """What the demands that look around compare: identifications, statuses, moods, denials."""
    kind = r.choice(["extension", "statusCode", "moodCode", "negationInd", "attentionLine"])
    if kind == "extension":
        a, b = r.sample([e for e in every(root) if e.get("extension")], 2)
        a.set("extension", b.get("extension"))
    elif kind == "statusCode":
        r.choice(list(root.iter(N + "statusCode"))).set(
            "code", r.choice(["active", "completed", "aborted", "cancelled"])
        )
    elif kind == "attentionLine":
        line = r.choice(list(root.iter(N + "attentionLine")))
        line.getparent().remove(line) if r.random() < 0.5 else line.addnext(deepcopy(line))
    else:
        e = r.choice([e for e in every(root) if e.get("moodCode")])
        e.set(kind, r.choice(["true", "false"] if kind == "negationInd" else ["RMD", "INT", "EVN", "RQO"]))
    return True


ATTACK = (
    twice, beside_each_other, remarked, remarks_alone, spaced, nil_full, long, other_root, blanks, systems, times,
    templates, observation, graft, who,
)  # fmt: skip


def prefixed(content: bytes, prefix: str = "h") -> bytes:
    """The message with a prefix at every name, also in xsi:type; what it says is the same."""
    old = etree.fromstring(content)

    def copied(e: etree._Element, above: etree._Element | None) -> etree._Element:
        spaces = {prefix: N[1:-1], "xsi": XSI[1:-1], "nl": "urn:hl7-nl:v3"}
        new = etree.Element(e.tag, nsmap=spaces) if above is None else etree.SubElement(above, e.tag)
        for name, value in e.items():
            given = value
            if name == XSI + "type" and ":" not in value:
                given = f"{prefix}:{value}"
            elif name == XSI + "type":
                space = e.nsmap.get(value.partition(":")[0])
                known = {N[1:-1]: prefix, "urn:hl7-nl:v3": "nl"}.get(space or "", "unknown")
                given = f"{known}:{value.partition(':')[2]}"
            new.set(name, given)
        new.text, new.tail = e.text, e.tail
        for child in e.iterchildren("*"):
            copied(child, new)
        return new

    return etree.tostring(copied(old, None))
