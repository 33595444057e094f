"""What is known of a place in a message before an element stands there: worked out once, kept for all messages.

A spot is a name, its type in the schema and the steps of templates that led to it. A plan is what follows at a spot
from the names of the children alone. What the walk (`judge`) still does per element is look at attributes and texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bds_tool.formats.dob.model.demands import Count

if TYPE_CHECKING:
    from bds_tool.formats.dob.model.content import Slot
    from bds_tool.formats.dob.model.flavours import FlavourRule
    from bds_tool.formats.dob.model.paths import Key, Test
    from bds_tool.formats.dob.model.tables import Model, Type
    from bds_tool.formats.dob.model.templates import Context, Node

#: Spots, plans of a spot, and right elements of a plan or spot that are remembered.
MOST_SPOTS, MOST_PLANS, MOST_RIGHT = 50_000, 2_000, 5_000
#: Parts of a kind that are looked up before it is known whether that is worth its while, and how many must be known then.
_TRIES, _ONE_IN = 40, 4
#: Of a right part what still must be looked at, as it looks around: the way to an element, and its demands.
Around = tuple[tuple[int, ...], "Context | None", "tuple[FlavourRule, ...]"]
_ANY = "xs:anyType"


class Candidates:
    """The nodes that may match children of one name, of several templates together."""

    __slots__ = ("by_key", "codes", "rest")

    def __init__(self) -> None:
        self.rest: list[Node] = []
        self.by_key: dict[Key, list[Node]] = {}
        self.codes = False


class Spot:
    """A name with its type (None: the schema does not know it) and the nodes that matched there."""

    __slots__ = (
        "candidates",
        "contexts",
        "flavoured",
        "kinds",
        "nillable",
        "nodes",
        "plans",
        "tag",
        "type",
    )

    def __init__(self, tag: str, type_: Type | None, nodes: tuple[Node, ...], *, nillable: bool) -> None:
        self.tag = tag
        self.type = type_
        self.nillable = nillable
        self.nodes = nodes
        #: has demands of a data type, of which some look at siblings
        self.flavoured = any(n.flavoured for n in nodes)
        #: the children by name and whether they are the only one of it
        self.kinds: dict[tuple[str, bool], Child] = {}
        self.plans: dict[tuple[str, ...], Plan] = {}
        self.candidates: dict[str, Candidates | None] = {}
        first: dict[str, Node] = {}
        for node in nodes:
            if node.order is not None:
                known = first.get(node.template)
                if known is None or (known.order or 0) > node.order:
                    first[node.template] = node
        self.contexts: tuple[Context, ...] = tuple(n.context for n in first.values())

    def plan(self, tags: tuple[str, ...], model: Model) -> Plan:
        plan = self.plans.get(tags)
        if plan is None:
            if len(self.plans) >= MOST_PLANS:
                self.plans.clear()
            plan = self.plans[tags] = Plan(self, tags, model)
        return plan

    def child(self, tag: str, model: Model, *, alone: bool) -> Child:
        known = self.kinds.get((tag, alone))
        if known is None:
            slot = None if self.type is None else self.type.slots.get(tag)
            known = self.kinds[tag, alone] = Child(tag, slot, model, self.below(tag), alone=alone)
        return known

    def below(self, tag: str) -> Candidates | None:
        """The nodes one step further for a child of this name; None when there are none."""
        if tag in self.candidates:
            return self.candidates[tag]
        made = Candidates()
        for node in self.nodes:
            for name in (tag, "*"):
                steps = node.below.get(name)
                if steps is not None:
                    made.rest += steps.rest
                    made.codes = made.codes or steps.codes
                    for key, nodes in steps.by_key.items():
                        made.by_key.setdefault(key, []).extend(nodes)
        found = made if made.rest or made.by_key else None
        self.candidates[tag] = found
        return found


class Child:
    """What is known of a child. `simple`: the name of its simple type; `open`: xsi:type may change the type.

    `right`: contents that were found right here, with what of them is still to be looked at.
    """

    __slots__ = (
        "alone",
        "candidates",
        "hits",
        "nillable",
        "open",
        "right",
        "simple",
        "spots",
        "tag",
        "tries",
        "type",
    )

    def __init__(
        self, tag: str, slot: Slot | None, model: Model, candidates: Candidates | None, *, alone: bool
    ) -> None:
        self.tag = tag
        self.candidates = candidates
        self.type: Type | None = None
        self.simple = ""
        self.open = False
        self.nillable = slot is not None and slot.nillable
        self.alone = alone
        self.spots: dict[tuple[Node, ...], Spot] = {}
        self.right: dict[object, tuple[Around, ...]] = {}
        self.tries = self.hits = 0
        if slot is not None and slot.type != _ANY:
            if slot.type.startswith("xs:"):
                self.simple = slot.type
            else:
                self.type = model.types[slot.type]
                self.open = slot.type in model.types.open

    @property
    def worthwhile(self) -> bool:
        """Whether parts of this kind are the same often enough to be looked up."""
        return self.tries < _TRIES or self.hits * _ONE_IN >= self.tries

    def remember(self, content: object, around: tuple[Around, ...]) -> None:
        if len(self.right) >= MOST_RIGHT:
            self.right.clear()
        self.right[content] = around


class Single(NamedTuple):
    """A count of children of a name that one child has: it must pass all tests (`wanted`), or may not."""

    counted: Count
    at: int
    tests: tuple[Test, ...]
    wanted: bool


class Counts:
    """What a context asks of the number of its children, given where each name stands: what can still be broken.

    `single`: what one child decides; `open`: what must be counted; `keyed`: what a key tells apart.
    """

    __slots__ = ("keyed", "open", "single")

    def __init__(self, context: Context, at: dict[str, list[int]]) -> None:
        self.open: list[Count] = []
        self.single: list[Single] = []
        names = {tag: len(there) for tag, there in at.items()}
        for tag, counted in context.maxima.items():
            for c in counted:
                if names.get(tag, 0) > (c.most or 0):
                    self._add(c, at)
        for c in context.counts:
            possible = sum(names.get(tag, 0) for tag, _, _ in c.alternatives)
            certain = all(not tests for _, tests, _ in c.alternatives) and len(c.alternatives) == 1
            if certain and c.least <= possible and (c.most is None or possible <= c.most):
                continue
            if c.least == 0 and c.most is not None and possible <= c.most:
                continue
            self._add(c, at)
        self.keyed = bool(context.keyed_minima) or any(tag in names for tag in context.tags)

    def _add(self, c: Count, at: dict[str, list[int]]) -> None:
        tag, tests, _ = c.alternatives[0]
        there = at.get(tag, ())
        if len(c.alternatives) == 1 and len(there) == 1 and c.least < 2:
            self.single.append(Single(c, there[0], tests, c.least == 1))
        else:
            self.open.append(c)


class Plan:
    """What follows at a spot from the names of the children. `sound`: attributes that were found right here."""

    __slots__ = ("at", "children", "closed", "counted", "counts", "misfits", "mixed", "sound")

    def __init__(self, spot: Spot, tags: tuple[str, ...], model: Model) -> None:
        type_ = spot.type
        slots = {} if type_ is None else type_.slots
        #: no child belongs here, nor a blank where text is not allowed
        self.closed = type_ is not None and not slots and not type_.content.wild
        self.mixed = type_ is None or type_.mixed
        self.misfits = () if type_ is None or self.closed else type_.content.misfits(tags)
        self.sound: set[object] = set()
        at: dict[str, list[int]] = {}
        for index, tag in enumerate(tags):
            at.setdefault(tag, []).append(index)
        self.children = tuple(spot.child(tag, model, alone=len(at[tag]) == 1) for tag in tags)
        at["*"] = list(range(len(tags)))
        self.counts = tuple(Counts(c, at) for c in spot.contexts)
        self.counted = any(c.open or c.keyed for c in self.counts)
        asked = {tag for c in self.counts for o in c.open for tag, _, _ in o.alternatives}
        asked.update(tag for c in spot.contexts for tag in c.tags)
        #: where the children of each name stand that is counted
        self.at = [(tag, there) for tag, there in at.items() if tag in asked]

    def remember(self, content: object) -> None:
        if len(self.sound) >= MOST_RIGHT:
            self.sound.clear()
        self.sound.add(content)
