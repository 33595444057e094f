"""What the rules look at in a node: its texts, children and siblings; and shapes that many rules have."""

from __future__ import annotations

import re

from .paths import BLANK, XSI, Broken, N, elements

_STRUCTURE = {
    "classCode",
    "typeCode",
    "determinerCode",
    "moodCode",
    "partType",
    XSI + "type",
    XSI + "nil",
    "nullFlavor",
}
_DEFAULTS = {
    "codeSystem": "2.16.840.1.113883.5.139", "codeSystemName": "TimingEvent", "integrityCheckAlgorithm": "SHA-1",
    "inverted": "false", "mediaType": "text/plain", "operator": "I", "representation": "TXT", "inclusive": "true",
    "unit": "1",
}  # fmt: skip
_UNITS = {"us", "ms", "s", "min", "h", "d", "wk", "mo", "a"}
_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z]{2})?|[iIxX](-[A-Za-z0-9]{2,8})*$")


def local(node):
    return node.tag.rpartition("}")[2]


def own_text(node):
    return (node.text or "") + "".join(c.tail or "" for c in node)


def full_text(node):
    return "".join(
        t
        for t in (
            [node.text or ""]
            + [(full_text(c) if isinstance(c.tag, str) else "") + (c.tail or "") for c in node]
        )
    )


def has_text(node):
    return bool(own_text(node).strip(BLANK))


def kids(node, *names):
    return [c for n in names for c in node if c.tag == N + n]


def deep(node, name):
    return [c for c in node.iter(N + name) if c is not node]


def siblings(node):
    parent = node.getparent()
    return (
        [] if parent is None else [c for c in elements(parent) if c is not node and local(c) == local(node)]
    )


def null(node):
    return node.get("nullFlavor") is not None


def descendants(node):
    return [c for c in node.iter() if isinstance(c.tag, str)]


def single(values):
    if len(values) > 1:
        raise Broken("more than one value")
    return values[0] if values else None


# ---- shapes that many rules have -----------------------------------------------------------------------------


def requires(name, other):
    return lambda e: e.get(name) is None or e.get(other) is not None


def absent_with_null(name, value=None):
    return lambda e: not null(e) or e.get(name) is None or (value is not None and e.get(name) == value)


def child_absent_with_null(name):
    return lambda e: not null(e) or not kids(e, name)


def absent(name):
    return lambda e: e.get(name) is None


def no_child(*names):
    return lambda e: not kids(e, *names)


def absent_or(name, value):
    return lambda e: e.get(name) in {None, value}


def absent_in(find, *names):
    return lambda e: not any(c.get(n) is not None for c in find(e) for n in names)


def distinct(*names):
    def check(e):
        mine = [e.get(n) for n in names]
        return None in mine or not any([s.get(n) for n in names] == mine for s in siblings(e))

    return check


def null_alone(e):
    return not null(e) or not any(not null(s) for s in siblings(e))


def joined_distinct(*names):
    def check(e):
        texts = ["".join(t.get(n) or "" for n in names) for t in deep(e, "translation")]
        return len(texts) == len(set(texts))

    return check


def translations(name, other):
    return lambda e: all(t.get(other) is not None for t in deep(e, "translation") if t.get(name) is not None)


def language(e):
    given = e.get("language")
    return given is None or bool(_LANGUAGE.search(given))
