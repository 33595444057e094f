"""The templates of a model as trees of steps, compiled when a message first needs them.

A template judges the elements that its paths match. All paths of a template start at an element that carries its
templateId (or at the root element), so a message is matched from there downwards: no element meets a path that
could not be its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml.etree import tostring

from bds_tool.formats.dob.model.demands import Check, Count, check, count
from bds_tool.formats.dob.model.flavours import Flavours
from bds_tool.formats.dob.model.observed import Observed, places
from bds_tool.formats.dob.model.paths import (
    TEMPLATE_ROOT,
    Key,
    Paths,
    Step,
    Test,
    is_code,
    keys_of,
    step,
)
from bds_tool.formats.dob.model.special import SPECIAL, WITHIN
from bds_tool.formats.dob.model.special_sender import SENDERS, SENDING, Special

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.tables import Demand, Message, Model, Place

_ANCHOR = re.compile(r"templateId\[@root=tpl:(\d+)\]")
#: From how many alternatives on an index by key is quicker than trying each.
_MANY = 4
#: Senders of which is remembered what is wrong with them.
_MOST_SENDERS = 1_000


class Context:
    """What is demanded of the elements of one context."""

    __slots__ = (
        "_sent",
        "around",
        "checks",
        "codes",
        "counts",
        "flavours",
        "keyed",
        "keyed_minima",
        "maxima",
        "senders",
        "specials",
        "tags",
    )

    def __init__(self, place: Place, templates: Templates) -> None:
        counts: list[Count] = []
        self.checks: list[Check] = []
        #: demands of its own: what looks at the node alone, at who sends it, and at what stands around it
        self.specials: list[tuple[Demand, Special]] = []
        self.senders: list[tuple[Demand, Special]] = []
        self.around: list[tuple[Demand, Special]] = []
        self._sent: dict[tuple[bytes, ...], tuple[Demand, ...]] = {}
        self.flavours = place.flavours
        for demand in dict.fromkeys(place.demands):
            if demand.kind in {"min", "max"}:
                counts.append(count(demand, templates.paths))
            elif demand.kind == "other":
                if demand.value in SPECIAL:
                    kind = self.senders if demand.value in SENDERS else self.specials
                    kind = kind if demand.value in WITHIN else self.around
                    kind.append((demand, SPECIAL[demand.value]))
            else:
                made = check(demand, templates.model)
                if made is not None:
                    self.checks.append(made)
        keyed = [c for c in counts if c.keys]
        if len(keyed) < _MANY:
            keyed = []
        plain = [c for c in counts if c not in keyed]
        single = [c for c in plain if c.most is not None and len(c.alternatives) == 1]
        #: at most: by the name of the child, so that only what is there is looked at
        self.maxima: dict[str, list[Count]] = {}
        for counted in single:
            self.maxima.setdefault(counted.alternatives[0][0], []).append(counted)
        self.counts = [c for c in plain if c not in single]
        #: the same for children that a key tells apart, by name and key; worth the while when there are many
        self.keyed: dict[tuple[str, Key], list[Count]] = {}
        for counted in keyed:
            if counted.most is not None:
                for key in counted.keys:
                    self.keyed.setdefault((counted.alternatives[0][0], key), []).append(counted)
        self.keyed_minima = [c for c in keyed if c.most is None]
        self.tags = tuple(dict.fromkeys(c.alternatives[0][0] for c in keyed))
        self.codes = any(is_code(k) for c in keyed for k in c.keys)

    def broken(self, e: _Element, message: Message) -> list[Demand]:
        """The demands of its own that a node breaks, but for those that look around it."""
        found = [demand for demand, special in self.specials if not special(e, message)]
        if self.senders:
            # One organisation sends many messages: its senders are judged once.
            sent = tuple([tostring(c, with_tail=False) for c in e.iterchildren(*SENDING)])
            known = self._sent.get(sent)
            if known is None:
                if len(self._sent) >= _MOST_SENDERS:
                    self._sent.clear()
                known = tuple(demand for demand, special in self.senders if not special(e, message))
                self._sent[sent] = known
            found += known
        return found


class Node:
    """A step of a template: where it leads, and the context it is (`order` None: none)."""

    __slots__ = (
        "_below",
        "_context",
        "_place",
        "_templates",
        "_tests",
        "flavoured",
        "order",
        "tag",
        "template",
    )

    def __init__(self, place: Place, template: str, templates: Templates) -> None:
        self._place = place
        self._templates = templates
        self._tests: tuple[Test, ...] | None = None
        self._below: dict[str, Steps] | None = None
        #: Has demands of a data type, of which some look at siblings.
        self.flavoured = bool(place.flavours)
        self._context: Context | None = None
        self.template = template
        self.order = place.order
        self.tag = "/" if place.step == "/" else step(place.step).tag

    @property
    def tests(self) -> tuple[Test, ...]:
        if self._tests is None:
            self._tests = self._templates.paths.tests(step(self._place.step))
        return self._tests

    @property
    def below(self) -> dict[str, Steps]:
        """The nodes one step further by the tag they match (`*`: any)."""
        if self._below is None:
            found: dict[str, list[Node]] = {}
            for place in self._place.below:
                node = Node(place, self.template, self._templates)
                found.setdefault(node.tag, []).append(node)
            self._below = {tag: Steps(nodes) for tag, nodes in found.items()}
        return self._below

    @property
    def wanted(self) -> Step:
        """The step itself: name and conditions."""
        return step(self._place.step)

    @property
    def keys(self) -> tuple[Key, ...]:
        return keys_of(self.wanted)

    @property
    def context(self) -> Context:
        if self._context is None:
            self._context = Context(self._place, self._templates)
        return self._context


class Steps:
    """The nodes that may match children of one name; of many those with a key are found by it."""

    __slots__ = ("all", "by_key", "codes", "rest")

    def __init__(self, nodes: list[Node]) -> None:
        self.all = nodes
        self.rest = nodes
        self.by_key: dict[Key, list[Node]] = {}
        if len(nodes) >= _MANY:
            self.rest = []
            for node in nodes:
                keys = node.keys
                for key in keys:
                    self.by_key.setdefault(key, []).append(node)
                if not keys:
                    self.rest.append(node)
        self.codes = any(is_code(key) for key in self.by_key)


class Templates:
    """The templates of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.paths = Paths(model)
        self.flavours = Flavours(model)
        self._anchored: dict[str, list[Node]] = {}
        self._rooted: dict[str, list[Node]] = {}
        self.document: list[Node] = []
        self._observed: Observed | None = None
        if model.message.templates:
            self._index()

    def _index(self) -> None:
        for template, tops in places(self.model).items():
            for place in tops:
                anchor = _ANCHOR.search(place.step)
                node = Node(place, template, self)
                if anchor:
                    self._anchored.setdefault(anchor[1], []).append(node)
                elif place.step == "/":
                    self.document.append(node)
                else:
                    self._rooted.setdefault(node.tag, []).append(node)
        self._observed = Observed(self.model)

    def rooted(self, tag: str) -> list[Node]:
        """The nodes that may match an element of this name without a templateId."""
        return self._rooted.get(tag, [])

    def anchored(self, root: str) -> list[Node]:
        """The nodes whose paths start at an element with this templateId, or at its parent."""
        if not root.startswith(TEMPLATE_ROOT):
            return []
        number = root[len(TEMPLATE_ROOT) :]
        trees = self._observed.take(number) if self._observed else []
        if trees:
            nodes = self._anchored.setdefault(number, [])
            for edition, tops in trees:
                nodes += [Node(place, edition, self) for place in tops]
        return self._anchored.get(number, [])
