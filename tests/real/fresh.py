"""Messages with one planted fault anywhere, made from a seed: moves, doubles, deletions, edits of names, attributes,
types, namespaces and texts. Other kinds than the published mutants, and any public message as base.
"""

from __future__ import annotations

import random
from copy import deepcopy

from lxml import etree

N = "{urn:hl7-org:v3}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
VALUES = (
    "", " ", "x", "01", "999", "true", "2.16.840.1.113883.2.4.6.3", "1.2.3", "20200101", "2020-01-01", "20201301",
    "NI", "OTH", "UNK", "EVN", "RQO", "OBS", "é", "-1", "1e3", "00000000-0000-0000-0000-000000000000", "NL", "INSTANCE",
)  # fmt: skip
ATTRIBUTES = (
    "code", "codeSystem", "displayName", "nullFlavor", "value", "unit", "extension", "root", "classCode", "moodCode",
    "typeCode", "determinerCode", "negationInd", "use", "operator", "inverted", "contextConductionInd", "qualifier",
    "mediaType", "representation", "specializationType", "institutionSpecified", "language", "assigningAuthorityName",
)  # fmt: skip
TYPES = ("CV", "CE", "CD", "CS", "BL", "INT", "PQ", "ST", "ED", "TS", "IVL_TS", "II", "SC", "ON", "PN", "AD", "REAL", "ANY", "Nix")  # fmt: skip
TEXTS = ("x", " ", "0", "NL", "1234 ab", "Noordwijk aan Zee", "\n\t", "t", "<>")


def every(root):
    return list(root.iter("*"))


def move(r, root):
    a, b = r.choice(every(root)), r.choice(every(root))
    if a is root or a in b.iterancestors() or a is b:
        return False
    b.insert(r.randint(0, len(b)), a)
    return True


def swap(r, root):
    e = r.choice([e for e in every(root) if len(e) > 1])
    i = r.randrange(len(e) - 1)
    e.insert(i, e[r.randrange(i + 1, len(e))])
    return True


def double(r, root):
    e = r.choice(every(root)[1:])
    e.addnext(deepcopy(e))
    return True


def double_far(r, root):
    e = r.choice(every(root)[1:])
    parents = [p for p in root.iter(e.getparent().tag) if p is not e.getparent() and p not in e.iter()]
    if not parents:
        return False
    r.choice(parents).append(deepcopy(e))
    return True


def delete(r, root):
    e = r.choice(every(root)[1:])
    e.getparent().remove(e)
    return True


def empty(r, root):
    e = r.choice(every(root))
    for child in list(e):
        e.remove(child)
    e.text = None
    return True


def unwrap(r, root):
    e = r.choice([e for e in every(root)[1:] if len(e)])
    parent, at = e.getparent(), e.getparent().index(e)
    for child in reversed(list(e)):
        parent.insert(at, child)
    parent.remove(e)
    return True


def wrap(r, root):
    e = r.choice(every(root)[1:])
    new = etree.Element(r.choice([e.tag, N + "component", N + "observation", N + "act"]))
    e.addprevious(new)
    new.append(e)
    return True


def rename(r, root):
    e = r.choice(every(root))
    e.tag = r.choice([r.choice(every(root)).tag, e.tag + "2", e.tag[:-1] or "x", e.tag.swapcase() if "}" not in e.tag else N + e.tag.rpartition("}")[2].swapcase()])  # fmt: skip
    return True


def foreign(r, root):
    e = r.choice(every(root))
    e.tag = r.choice(["", "{urn:hl7-nl:v3}", "{urn:x}"]) + e.tag.rpartition("}")[2]
    return True


def attribute_gone(r, root):
    e = r.choice([e for e in every(root) if e.attrib])
    del e.attrib[r.choice(e.keys())]
    return True


def attribute_other(r, root):
    e = r.choice([e for e in every(root) if e.attrib])
    name = r.choice(e.keys())
    own = [n.get(name) for n in root.iter("*") if n.get(name) is not None]
    e.set(
        name,
        r.choice([r.choice(own), r.choice(VALUES), e.get(name) + r.choice([" ", "0", "x"]), e.get(name)[1:]]),
    )
    return True


def attribute_more(r, root):
    r.choice(every(root)).set(r.choice(ATTRIBUTES), r.choice(VALUES))
    return True


def attribute_renamed(r, root):
    e = r.choice([e for e in every(root) if e.attrib])
    name = r.choice(e.keys())
    e.set(r.choice([*ATTRIBUTES, "{urn:x}a", XSI + "nil", "xml"]), e.attrib.pop(name))
    return True


def null(r, root):
    e = r.choice(every(root))
    if r.random() < 0.5:
        e.attrib.clear()
        if r.random() < 0.5:
            for child in list(e):
                e.remove(child)
            e.text = None
    e.set("nullFlavor", r.choice(["NI", "UNK", "OTH", "NA", "MSK", "ASKU", "XX"]))
    return True


def typed(r, root):
    have = [e for e in every(root) if e.get(XSI + "type")]
    if r.random() < 0.8:
        r.choice(have).set(XSI + "type", r.choice([*TYPES, " CV", "x:CV", "hl7nl:IVL_TS", "xsi:CV"]))
    else:
        r.choice(every(root)).set(XSI + "type", r.choice(TYPES))
    return True


def nil(r, root):
    r.choice(every(root)).set(XSI + "nil", r.choice(["true", "false", "1", "ja"]))
    return True


def text(r, root):
    r.choice(every(root)).text = r.choice(TEXTS)
    return True


def text_edit(r, root):
    e = r.choice([e for e in every(root) if e.text and e.text.strip()])
    e.text = r.choice(["", e.text + " ", e.text * 3, e.text[:-1], e.text.swapcase(), *TEXTS])
    return True


def tail(r, root):
    r.choice(every(root)[1:]).tail = r.choice(TEXTS)
    return True


def template(r, root):
    given = [e for e in root.iter(N + "templateId") if e.get("root")]
    e = r.choice(given)
    e.set("root", r.choice([r.choice(given).get("root"), e.get("root")[:-1], "1.2.3", e.get("root") + ".1"]))
    return True


def code(r, root):
    given = [e for e in every(root) if e.get("code")]
    a, b = r.choice(given), r.choice(given)
    for name in ("code", "codeSystem", "displayName")[: r.choice([1, 2, 3])]:
        if b.get(name) is not None:
            a.set(name, b.get(name))
    return True


def value(r, root):
    given = list(root.iter(N + "value"))
    if len(given) < 2:
        return False
    a, b = r.sample(given, 2)
    parent = a.getparent()
    parent.replace(a, deepcopy(b))
    return True


KINDS = (
    move, swap, double, double_far, delete, empty, unwrap, wrap, rename, foreign, attribute_gone, attribute_other,
    attribute_more, attribute_renamed, null, typed, nil, text, text_edit, tail, template, code, value,
)  # fmt: skip


def mutant(seed, bases, kinds=KINDS):
    """(base, kind, content) for a seed; `bases` are paths of messages. None where the kind has no place in the base."""
    r = random.Random(seed)
    base, kind = r.choice(bases), kinds[seed % len(kinds)]
    root = etree.parse(base).getroot()
    try:
        done = kind(r, root)
    except (ValueError, IndexError):  # a name that XML does not allow, or nothing of the kind in this message
        return None
    return (base, kind.__name__, etree.tostring(root)) if done else None
