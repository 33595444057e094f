"""How many registrations are in a part of a message that was not read, because its place, name or code is wrong.

The part is read as what it looks like: a child of the node above it with the same or nearly the same name, else a
node of that name anywhere in the layout. The best reading counts; nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.formats.dob.layout import Node
from bds_tool.formats.dob.values import local_name

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.walk import Walk

#: How much a name must be like another to be a slip of the pen.
_LIKE = 0.75


def registrations(walk: Walk, element: _Element, above: Node | None) -> int:
    """The registrations in an unread element; `above` is the layout's node for its parent, when there is one."""
    name = local_name(element)
    candidates = [] if above is None else [n for n in above.order if any(_like(name, t) for t in n.tags)]
    if not candidates and not len(element):
        return int(above is not None and walk.has_data(element) and _tells(name, walk.layout.dossier))
    candidates = candidates or _named(name, walk.layout.dossier)
    best = max((walk.count(element, node) for node in candidates), default=0)
    if best:
        return best
    # nothing known by this name: what is inside may be
    return sum(registrations(walk, child, None) for child in element if len(child))


def _like(name: str, tag: str) -> bool:
    return name.casefold() == tag.casefold() or SequenceMatcher(None, name, tag).ratio() >= _LIKE


def _named(name: str, top: Node) -> list[Node]:
    """The nodes of this name that hold more than one value."""
    return [n for n in _nodes(top).get(name, []) if n.order or n.bds or n.kind]


def _tells(name: str, top: Node) -> bool:
    """Whether a leaf of this name is a registration in most places where the layout has it."""
    found = _nodes(top).get(name, [])
    return 2 * sum(n.element is not None for n in found) > len(found)


@lru_cache(maxsize=16)
def _nodes(top: Node) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}

    def every(node: Node) -> Iterator[Node]:
        yield node
        for child in node.order:
            yield from every(child)

    for node in every(top):
        for tag in node.tags:
            found.setdefault(tag, []).append(node)
    return found
