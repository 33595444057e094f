"""What is known of a place in a message before an element stands there: worked out once, kept for all messages.

A spot is a name, its type in the schema and the steps of templates that led to it. A plan is what follows at a spot
from the names of the children alone. What the walk (`judge`) still does per element is look at attributes and texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.demands import Count

if TYPE_CHECKING:
    from bds_tool.formats.dob.model.content import Slot
    from bds_tool.formats.dob.model.paths import Key
    from bds_tool.formats.dob.model.tables import Model, Type
    from bds_tool.formats.dob.model.templates import Context, Node

#: Spots, plans of a spot, and right elements of a plan or spot that are remembered.
MOST_SPOTS, MOST_PLANS, MOST_RIGHT = 50_000, 2_000, 20_000
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
        "nillable",
        "nodes",
        "plans",
        "pure",
        "right",
        "tag",
        "type",
    )

    def __init__(self, tag: str, type_: Type | None, nodes: tuple[Node, ...], *, nillable: bool) -> None:
        self.tag = tag
        self.type = type_
        self.nillable = nillable
        self.nodes = nodes
        #: judged by content alone, without what stands around
        self.pure = type_ is not None and all(n.pure for n in nodes)
        self.flavoured = any(n.flavoured for n in nodes)
        #: contents of elements without children, and of small parts, that were found right here
        self.right: set[object] = set()
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

    def remember(self, content: object) -> None:
        if len(self.right) >= MOST_RIGHT:
            self.right.clear()
        self.right.add(content)

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
    """What a plan knows of one child. `simple`: the name of its simple type; `open`: xsi:type may change the type."""

    __slots__ = ("alone", "bare", "candidates", "nillable", "open", "simple", "tag", "type")

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
        #: the spot of a child that no template step leads to
        self.bare: Spot | None = None
        if slot is not None and slot.type != _ANY:
            if slot.type.startswith("xs:"):
                self.simple = slot.type
            else:
                self.type = model.types[slot.type]
                self.open = slot.type in model.types.open


class Counts:
    """What a context asks of the number of its children, given their names: what can still be broken."""

    __slots__ = ("keyed", "open")

    def __init__(self, context: Context, names: dict[str, int]) -> None:
        self.open: list[Count] = []
        for tag, counted in context.maxima.items():
            self.open += [c for c in counted if names.get(tag, 0) > (c.most or 0)]
        for c in context.counts:
            possible = sum(names.get(tag, 0) for tag, _, _ in c.alternatives)
            certain = all(not tests for _, tests, _ in c.alternatives) and len(c.alternatives) == 1
            if certain and c.least <= possible and (c.most is None or possible <= c.most):
                continue
            if c.least == 0 and c.most is not None and possible <= c.most:
                continue
            self.open.append(c)
        self.keyed = bool(context.keyed_minima) or any(tag in names for tag in context.tags)


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
        kinds = {
            tag: Child(tag, slots.get(tag), model, spot.below(tag), alone=len(there) == 1)
            for tag, there in at.items()
        }
        self.children = tuple(kinds[tag] for tag in tags)
        #: where the children of each name stand
        self.at = {**at, "*": list(range(len(tags)))}
        names = {tag: len(there) for tag, there in self.at.items()}
        self.counts = tuple(Counts(c, names) for c in spot.contexts)
        self.counted = any(c.open or c.keyed for c in self.counts)

    def remember(self, content: object) -> None:
        if len(self.sound) >= MOST_RIGHT:
            self.sound.clear()
        self.sound.add(content)
