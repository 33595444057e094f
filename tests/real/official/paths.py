"""The path language of the tables: steps with conditions, matched from the node up or from a parent down."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

V3 = "urn:hl7-org:v3"
N = "{" + V3 + "}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
TPL = "2.16.840.1.113883.2.4.6.10.100."
BLANK = " \t\r\n"


class Broken(Exception):
    """The official processor stops here: that counts as an error."""


@dataclass(frozen=True)
class Step:
    name: str
    conditions: tuple  # of tuples of alternatives


def elements(node):
    return [c for c in node if isinstance(c.tag, str)]


def attribute(node, name):
    return node.get(XSI + name[4:] if name.startswith("xsi:") else name)


def split(text, mark):
    """Split at `mark` outside brackets and quotes."""
    parts, depth, quoted, start, i = [], 0, False, 0, 0
    while i < len(text):
        c = text[i]
        if c == '"':
            quoted = not quoted
        elif not quoted:
            depth += (c == "[") - (c == "]")
            if depth == 0 and text.startswith(mark, i):
                parts.append(text[start:i])
                i += len(mark)
                start = i
                continue
        i += 1
    return [*parts, text[start:]]


@cache
def parse(path):
    return tuple(_step(s) for s in split(path, "/"))


def _step(text):
    name, rest = re.match(r"([^\[]*)(.*)$", text, re.DOTALL).groups()
    conditions = []
    while rest:
        end = _closing(rest)
        conditions.append(tuple(_condition(a) for a in split(rest[1:end], " | ")))
        rest = rest[end + 1 :]
    return Step(name, tuple(conditions))


def _closing(text):
    depth, quoted = 0, False
    for i, c in enumerate(text):
        quoted ^= c == '"'
        if not quoted:
            depth += (c == "[") - (c == "]")
        if depth == 0:
            return i
    raise ValueError(text)


def _values(text):
    return tuple(p[1:-1] if p.startswith('"') else p.replace("tpl:", TPL) for p in split(text, ","))


def _condition(text):
    if text[0] in "@!":
        no, rest = text.startswith("!"), text.lstrip("!@")
        match = re.match(r"([\w:]+)(?:(=|~)(.*))?$", rest, re.DOTALL)
        name, op, value = match.groups()
        if op is None:
            return ("absent" if no else "present", name, None)
        return (("not_" if no else "") + ("in" if op == "=" else "has"), name, _values(value))
    match = re.match(r"(code|list|nf|codeof|type)=(.*)$", text, re.DOTALL)
    if match:
        return (match[1], match[2].replace("tpl:", TPL), None)
    return ("step", _step(text), None)


def resolved(node, text):
    """(namespace, local name) of an xsi:type, or Broken with an undeclared prefix."""
    prefix, colon, local = text.strip(BLANK).rpartition(":")
    space = node.nsmap.get(prefix if colon else None)
    if colon and space is None:
        raise Broken(f"prefix {prefix}")
    return space, local


class Paths:
    """Paths judged with the value lists of one version."""

    def __init__(self, concepts, nulls):
        self.concepts, self.nulls = concepts, nulls
        self.codes = {k: {c for c, _ in v} for k, v in concepts.items()}
        self.known: dict = {}

    def forget(self):
        self.known.clear()

    def fits(self, node, step, strict=False):
        if step.name != "*" and node.tag != N + step.name:
            return False
        if not step.conditions:
            return True
        key = (node, id(step), strict)
        if key not in self.known:
            self.known[key] = all(
                any(self.holds(node, c, strict) for c in alternatives) for alternatives in step.conditions
            )
        return self.known[key]

    def holds(self, node, condition, strict):
        kind, what, values = condition
        if kind == "present":
            return attribute(node, what) is not None
        if kind == "absent":
            return attribute(node, what) is None
        if kind in {"in", "not_in"}:
            found = attribute(node, what) in values
            return not found if kind == "not_in" else found
        if kind in {"has", "not_has"}:
            given = attribute(node, what)
            if kind == "not_has":
                return not (given is not None and values[0] in given)
            return given is not None and values[0] in given
        if kind == "code":
            code, _, system = what.partition(":")
            return node.get("code") == code and node.get("codeSystem") == system
        if kind == "list":
            return (node.get("code"), node.get("codeSystem")) in self.concepts[what]
        if kind == "nf":
            return node.get("nullFlavor") in self.nulls[what]
        if kind == "codeof":
            return node.get("code") in self.codes[what] or node.get("code") in self.nulls[what]
        if kind == "type":
            given = node.get(XSI + "type")
            if given is None:
                return False
            try:
                return resolved(node, given) == (V3, what)
            except Broken:
                if strict:
                    raise
                return False
        return any(self.fits(c, what, strict) for c in elements(node))

    def matches(self, node, steps):
        """The node is the last step, its parent the one before it, and so on."""
        if steps and steps[0].name == "" and not steps[0].conditions:  # tied to the document
            steps, tied = steps[1:], True
        else:
            tied = False
        at = node
        for step in reversed(steps):  # the names first, which is quick
            if at is None or (step.name != "*" and at.tag != N + step.name):
                return False
            at = at.getparent()
        if tied and at is not None:
            return False
        for step in reversed(steps):
            if not self.fits(node, step):
                return False
            node = node.getparent()
        return True

    def below(self, node, target):
        """Elements that one of the alternatives of a target finds below `node` (urn:hl7-org:v3; `*` any)."""
        found = []
        for alternative in target.split(" || "):
            nodes = [node]
            for step in parse(alternative):
                nodes = [c for n in nodes for c in elements(n) if self.fits(c, step, strict=True)]
            found += [n for n in nodes if n not in found]
        return found
