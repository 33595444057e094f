"""What the templates of a message pass over in silence: a part they know by name, with a code that they do not know.

A template judges only what its path matches. Where a path demands a code and the part is not obligatory, a wrong code
takes the part out of sight: officially it is right. These parts are found here, by matching every step that has the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.paths import Condition, Paths

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.faults import Fault
    from bds_tool.formats.dob.model.templates import Node, Templates

_TEMPLATE = HL7 + "templateId"
_CODED = frozenset({"code", "list", "codeof", "nf"})


def unseen(root: _Element, templates: Templates, faults: list[Fault]) -> list[_Element]:
    """The elements that templates know by name but by no code, and that no fault tells of; in the order of the message."""
    told = {f.element for f in faults} | {a for f in faults for a in f.element.iterancestors()}
    counted = {(f.parent, f.subject) for f in faults if f.parent is not None}
    found: list[_Element] = []
    stack: list[tuple[_Element, list[Node]]] = [(root, _started(root, templates, first=True))]
    while stack:
        e, nodes = stack.pop()
        inside: list[tuple[_Element, list[Node]]] = []
        for child in e:
            if not isinstance(child.tag, str):
                continue
            named = [s for n in nodes for tag in (child.tag, "*") if tag in n.below for s in n.below[tag].all]
            fitting = [s for s in named if all(test(child) for test in s.tests)]
            by_name = [s for s in named if s.tag == child.tag]
            name = child.tag.rpartition("}")[2]
            silent = by_name and not fitting and child not in told and (e, name) not in counted
            if silent and any(_by_code(s, child, templates.paths) for s in by_name):
                found.append(child)
            inside.append((child, [*fitting, *_started(child, templates)]))
        stack += reversed(inside)
    return found


def _started(e: _Element, templates: Templates, *, first: bool = False) -> list[Node]:
    """The nodes whose paths start at an element: by its templateId or that of a child, or because it is the root."""
    roots = [t.get("root") or "" for t in e.iterchildren(_TEMPLATE)]
    roots += [t.get("root") or "" for c in e if isinstance(c.tag, str) for t in c.iterchildren(_TEMPLATE)]
    nodes = [n for r in dict.fromkeys(roots) for n in templates.anchored(r) if n.tag in {"*", e.tag}]
    if first:
        nodes += templates.rooted(e.tag)
        nodes += [
            n for d in templates.document for s in (d.below.get(e.tag),) if s is not None for n in s.all
        ]
    return [n for n in dict.fromkeys(nodes) if all(test(e) for test in n.tests)]


def _by_code(node: Node, e: _Element, paths: Paths) -> bool:
    """Whether an element misses a step for its codes alone."""
    broken = [g for g in node.wanted.groups if not any(paths.one(c)(e) for c in g)]
    return bool(broken) and all(any(_about_code(c, e) for c in group) for group in broken)


def _about_code(condition: Condition, e: _Element) -> bool:
    """Whether a condition asks for a code, where the element has one (or a nullFlavor) that does not fit."""
    inner = condition.child
    if inner is not None:
        return any(
            _about_code(c, b) for b in e.iterchildren(inner.tag) for group in inner.groups for c in group
        )
    if condition.kind in _CODED or (condition.kind == "in" and condition.name == "code"):
        return e.get("code") is not None
    return condition.kind == "lacks" and condition.name == "nullFlavor" and e.get("nullFlavor") is not None
