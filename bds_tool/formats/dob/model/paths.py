"""Steps and conditions of the message model, compiled to functions of an element.

step = name { "[" cond { " | " cond } "]" }      every [ ] must hold, inside one alternative is enough
cond = @a  !@a  @a=v,w  @a~v  !@a~v  code=C:S  list=L  nf=L  codeof=L  type=T  step (has such a child)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from bds_tool.formats.dob.model.content import HL7

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.tables import Model

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
TEMPLATE_ROOT = "2.16.840.1.113883.2.4.6.10.100."
Test = Callable[["_Element"], bool]
_ATTRIBUTE = re.compile(r"^(!)?@([\w:]+)(?:([=~])(.*))?$", re.DOTALL)


class Condition(NamedTuple):
    """One alternative: `kind` is has, lacks, in, holds, holds-not, code, list, nf, codeof, type or child."""

    kind: str
    name: str
    values: tuple[str, ...] = ()
    child: Step | None = None


class Step(NamedTuple):
    """A name (qualified, or `*`) and the groups of alternatives of which one each must hold."""

    tag: str
    groups: tuple[tuple[Condition, ...], ...]


def split(text: str, separator: str) -> list[str]:
    """Divide at a separator that stands outside brackets and quotes."""
    if separator not in text:
        return [text]
    parts, depth, quoted, start = [], 0, False, 0
    for found in re.finditer(rf'["[\]]|{re.escape(separator)}', text):
        sign = found[0]
        if sign == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif sign == separator:
            if not depth:
                parts.append(text[start : found.start()])
                start = found.end()
        else:
            depth += 1 if sign == "[" else -1
    parts.append(text[start:])
    return parts


@cache
def step(text: str) -> Step:
    """`code[@code=a,b][!@nullFlavor]` as a Step."""
    name, _, rest = text.partition("[")
    groups = tuple(
        tuple(_condition(c) for c in split(inside, " | ")) for inside in _brackets("[" + rest if rest else "")
    )
    return Step("*" if name == "*" else HL7 + name, groups)


def _brackets(text: str) -> list[str]:
    found, depth, quoted, start = [], 0, False, 0
    for at, sign in enumerate(text):
        if sign == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif sign == "[":
            if not depth:
                start = at + 1
            depth += 1
        elif sign == "]":
            depth -= 1
            if not depth:
                found.append(text[start:at])
    return found


def _condition(text: str) -> Condition:
    match = _ATTRIBUTE.match(text)
    if match:
        denied, name, sign, value = match.groups()
        attribute = qualified(name)
        if sign is None:
            return Condition("lacks" if denied else "has", attribute)
        values = tuple(_plain(v) for v in split(value, ","))
        if sign == "~":
            return Condition("holds-not" if denied else "holds", attribute, (_plain(value),))
        return Condition("in", attribute, values)
    head, sign, value = text.partition("=")
    if sign and head in {"code", "list", "nf", "codeof", "type"}:
        if head == "code":
            code, _, system = _plain(value).rpartition(":")
            return Condition("code", "", (code, system))
        return Condition(head, value)
    return Condition("child", "", (), step(text))


def _plain(value: str) -> str:
    """A value without its quotes, and a template number as the OID it stands for."""
    value = value.strip('"')
    return TEMPLATE_ROOT + value[4:] if value.startswith("tpl:") else value


def plain(value: str) -> str:
    """A value of a table as it stands in a message."""
    return _plain(value)


def qualified(name: str) -> str:
    """`xsi:type` as lxml names it."""
    return XSI + name[4:] if name.startswith("xsi:") else name


#: What tells an element apart: a templateId, a code with its system, or one of these at a child of a name.
Key = str | tuple[str | None, str | None] | tuple[str, "str | tuple[str | None, str | None]"]
_TEMPLATE, _CODE = HL7 + "templateId", HL7 + "code"


def keys_of(wanted: Step) -> tuple[Key, ...]:
    """The keys of which an element of this step must have one; empty when the step names none."""
    for group in wanted.groups:
        keys = [_key(c) for c in group]
        if keys and None not in keys:
            return tuple(k for k in keys if k is not None)
    return ()


def _key(condition: Condition, *, deep: bool = True) -> Key | None:
    inner = condition.child
    if inner is None:
        return None
    for group in inner.groups:
        if len(group) != 1:
            continue
        one = group[0]
        if inner.tag == _TEMPLATE and one.kind == "in" and one.name == "root" and len(one.values) == 1:
            return one.values[0]
        if inner.tag == _CODE and one.kind == "code":
            return one.values[0], one.values[1]
        below = _key(one, deep=False) if deep else None
        if below is not None:
            return inner.tag, below  # type: ignore[return-value]  # a key of a child is no key of a grandchild
    return None


def is_code(key: Key) -> bool:
    """Whether a key is a code, or one of a child: those are looked up in the message when asked for."""
    if isinstance(key, str):
        return False
    return not isinstance(key[1], str) or not str(key[0]).startswith("{")


class Keys:
    """The keys of the elements of one message, each found once. `marks`: those that are templateIds."""

    def __init__(self, marks: dict[_Element, list[Key]]) -> None:
        self._marks = marks
        self._codes: dict[_Element, list[Key]] = {}

    def of(self, e: _Element, *, codes: bool) -> list[Key]:
        """The keys of an element; with those that are codes only when asked for."""
        marks = self._marks.get(e, [])
        if not codes:
            return marks
        known = self._codes.get(e)
        if known is None:
            known = [(c.get("code"), c.get("codeSystem")) for c in e.iterchildren(_CODE)]
            for child in e:
                for c in child.iterchildren(_CODE):
                    known.append((child.tag, (c.get("code"), c.get("codeSystem"))))
            self._codes[e] = known
        return [*marks, *known]


class Paths:
    """Compiles steps for one model; equal conditions share one function."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._tests: dict[tuple[Condition, ...] | Condition, Test] = {}

    def tests(self, wanted: Step) -> tuple[Test, ...]:
        """The tests of a step, without that on its name."""
        return tuple(self._group(g) for g in wanted.groups)

    def _group(self, group: tuple[Condition, ...]) -> Test:
        known = self._tests.get(group)
        if known is None:
            tests = [self.one(c) for c in group]
            known = tests[0] if len(tests) == 1 else _any(tests)
            self._tests[group] = known
        return known

    def one(self, condition: Condition) -> Test:
        known = self._tests.get(condition)
        if known is None:
            known = self._tests[condition] = self._compile(condition)
        return known

    def _compile(self, condition: Condition) -> Test:  # one branch a kind
        kind, name, values = condition.kind, condition.name, condition.values
        if kind == "has":
            return lambda e: e.get(name) is not None
        if kind == "lacks":
            return lambda e: e.get(name) is None
        if kind == "in":
            if len(values) == 1:
                value = values[0]
                return lambda e: e.get(name) == value
            return lambda e: e.get(name) in values
        if kind == "holds":
            return lambda e: values[0] in (e.get(name) or "")
        if kind == "holds-not":
            return lambda e: values[0] not in (e.get(name) or "")
        if kind == "code":
            code, system = values
            return lambda e: e.get("code") == code and e.get("codeSystem") == system
        if kind == "type":
            return lambda e: has_type(e, name)
        if kind == "child":
            assert condition.child is not None  # noqa: S101  # by construction
            return self.child(condition.child)
        concepts, nulls, _ = self._model.concepts(name)
        if kind == "list":
            return lambda e: (e.get("code"), e.get("codeSystem")) in concepts
        if kind == "nf":
            return lambda e: e.get("nullFlavor") in nulls
        codes = frozenset(c for c, _ in concepts) | nulls
        return lambda e: e.get("code") in codes

    def child(self, wanted: Step) -> Test:
        """Has the element a child of this step."""
        tests, tag = self.tests(wanted), None if wanted.tag == "*" else wanted.tag
        if tag is not None and not tests:
            return lambda e: e.find(tag) is not None
        if len(tests) == 1:
            only = tests[0]

            def one(e: _Element) -> bool:
                for child in e.iterchildren(tag):  # noqa: SIM110  # quicker than any()
                    if only(child):
                        return True
                return False

            return one
        return lambda e: any(all(t(c) for t in tests) for c in e.iterchildren(tag))


def _any(tests: list[Test]) -> Test:
    def any_of(e: _Element) -> bool:
        for test in tests:  # noqa: SIM110  # quicker than any()
            if test(e):
                return True
        return False

    return any_of


def type_of(element: _Element) -> tuple[str | None, str] | None:
    """xsi:type as (namespace, name); namespace "?" with a prefix that is not declared; None without one."""
    given = element.get(XSI + "type")
    if given is None:
        return None
    prefix, colon, name = given.strip(" \t\r\n").rpartition(":")
    if (prefix if colon else None) == element.prefix:
        # The prefix of the element itself: asking for all namespaces takes longer.
        space, closing, _ = str(element.tag)[1:].partition("}")
        return space if closing else None, name
    spaces = element.nsmap
    if colon and prefix not in spaces:
        return "?", name
    return spaces.get(prefix if colon else None), name


def has_type(element: _Element, name: str) -> bool:
    """Whether xsi:type resolves to this type of urn:hl7-org:v3."""
    given = element.get(XSI + "type")
    # The name is looked at first: what a prefix stands for takes longer to find out.
    return (
        given is not None and given.strip(" \t\r\n").endswith(name) and type_of(element) == (HL7[1:-1], name)
    )
