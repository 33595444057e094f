"""More messages with planted faults, by a hand that did not see the walker: other kinds than `fresh`, and three at once."""

from __future__ import annotations

from copy import deepcopy

N = "{urn:hl7-org:v3}"
XML = "{http://www.w3.org/XML/1998/namespace}"


def every(root):
    return list(root.iter("*"))


def named(root, *names):
    return [e for e in every(root) if e.tag in {N + name for name in names}]


def dates_swapped(r, root):
    pairs = [(e, e.getnext()) for e in named(root, "low") if e.getnext() is not None and e.get("value")]
    low, high = r.choice([(a, b) for a, b in pairs if b.tag == N + "high" and b.get("value")])
    first, last = low.get("value"), high.get("value")
    low.set("value", last)
    high.set("value", first)
    return True


def nested(r, root):
    e = r.choice(named(root, "encounter", "rubricCluster", "groupCluster", "observation"))
    e.append(deepcopy(e))
    return True


def values_swapped(r, root):
    a, b = r.sample([e for e in named(root, "value") if e.getparent().tag == N + "observation"], 2)
    first, last = dict(a.attrib), dict(b.attrib)
    for e, attributes in ((a, last), (b, first)):
        e.attrib.clear()
        e.attrib.update(attributes)
    return True


def reversed_children(r, root):
    e = r.choice([e for e in every(root) if len(e) > 1])
    e[:] = list(e)[::-1]
    return True


def sorted_children(r, root):
    e = r.choice([e for e in every(root) if len(e) > 2])
    e[:] = sorted(e, key=lambda c: str(c.tag))  # of a comment the tag is a function
    return True


def half(r, root):
    e = r.choice([e for e in every(root) if len(e) > 1])
    e[:] = list(e)[: len(e) // 2]
    return True


def xml_attribute(r, root):
    r.choice(every(root)).set(XML + r.choice(["lang", "space", "id"]), r.choice(["nl", "preserve", "a"]))
    return True


def case(r, root):
    e = r.choice([e for e in every(root) if e.attrib])
    name = r.choice(e.keys())
    e.set(name, r.choice([e.get(name).upper(), e.get(name).lower()]))
    return True


def digits(r, root):
    given = [
        (e, n) for e in every(root) for n in ("value", "code", "extension") if (e.get(n) or "").isdigit()
    ]
    e, name = r.choice(given)
    old = e.get(name)
    e.set(name, r.choice(["0" + old, old.lstrip("0") or "0", old + "0", old[:-1], "+" + old, old + ".0"]))
    return True


def null_beside(r, root):
    e = r.choice(named(root, "value", "code", "id", "effectiveTime", "time", "name", "addr", "telecom"))
    e.set("nullFlavor", r.choice(["NI", "UNK", "NASK", "OTH", "MSK", "ASKU", "NAV"]))
    return True


def other_space(r, root):
    e = r.choice([e for e in every(root) if e.tag.startswith(N)])
    e.tag = "{urn:hl7-nl:v3}" + e.tag[len(N) :]
    return True


def classes(r, root):
    given = [e for e in every(root) if e.get("classCode")]
    r.choice(given).set("classCode", r.choice(given).get("classCode"))
    return True


def odd_text(r, root):
    e = r.choice([e for e in every(root) if e.text and e.text.strip()])
    e.text = r.choice(["\u00a0", " " + e.text, "\u200b", e.text * 40, "0", "\t"])
    return True


def odd_use(r, root):
    uses = ["HP CONF", "CONF", "L OR", "WP", "MC", "", "HP HP", "XX", "L"]
    r.choice(named(root, "addr", "telecom", "name")).set("use", r.choice(uses))
    return True


def three(r, root):
    done = [kind(r, root) for kind in r.sample(MORE[:-1], 3)]
    return any(done)


MORE = (
    dates_swapped, nested, values_swapped, reversed_children, sorted_children, half, xml_attribute, case, digits,
    null_beside, other_space, classes, odd_text, odd_use, three,
)  # fmt: skip
