"""Judging a parsed message by a model: the schema and the templates in one walk, every element once."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from lxml.etree import tostring

from bds_tool.formats.dob.model.attributes import Attributes
from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.demands import Count, number_of
from bds_tool.formats.dob.model.faults import Fault, merged
from bds_tool.formats.dob.model.nodes import elements, has_text, siblings
from bds_tool.formats.dob.model.paths import XSI, Key, Keys
from bds_tool.formats.dob.model.spots import MOST_SPOTS, Around, Candidates, Child, Counts, Plan, Spot
from bds_tool.formats.dob.model.templates import Context, Node, Templates

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.flavours import FlavourRule
    from bds_tool.formats.dob.model.tables import Model, Type

_TEMPLATE = HL7 + "templateId"
_XSI_TYPE = XSI + "type"
#: Levels of parts within parts: each takes calls of Python.
_DEEP = 50


@lru_cache(maxsize=24)
def judge_of(model: Model) -> Judge:
    """The compiled model, once for each."""
    return Judge(model)


def judge(root: _Element, model: Model) -> list[Fault]:
    """The faults of a message, in the order of the document; one cause is one fault."""
    return merged(judge_of(model).faults(root), root)


class Judge:
    """The compiled model: what is learnt of one message serves the next."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.templates = Templates(model)
        self.attributes = Attributes(model)
        self._spots: dict[object, Spot] = {}
        self._starting: dict[tuple[str, tuple[str, ...]], tuple[Node, ...]] = {}

    def faults(self, root: _Element) -> list[Fault]:
        return _Walk(self, root).run()

    def spot(self, tag: str, type_: Type | None, nodes: tuple[Node, ...], *, nillable: bool) -> Spot:
        key = (tag, None if type_ is None else type_.name, nillable, nodes)
        known = self._spots.get(key)
        if known is None:
            if len(self._spots) >= MOST_SPOTS:
                self._spots.clear()
            known = self._spots[key] = Spot(tag, type_, nodes, nillable=nillable)
        return known

    def starting(self, tag: str, roots: tuple[str, ...]) -> tuple[Node, ...]:
        """The nodes whose paths may start at an element of this name beside these templateIds."""
        known = self._starting.get((tag, roots))
        if known is None:
            if len(self._starting) >= MOST_SPOTS:
                self._starting.clear()
            anchored = self.templates.anchored
            nodes = dict.fromkeys(n for root in roots for n in anchored(root) if n.tag in {"*", tag})
            known = self._starting[tag, roots] = tuple(nodes)
        return known


class _Walk:
    """The walk over one message."""

    def __init__(self, judge: Judge, root: _Element) -> None:
        self.root = root
        self.judge = judge
        self.model = judge.model
        self.found: list[Fault] = []
        self.marks: dict[_Element, list[Key]] = {}
        self.keys = Keys(self.marks)
        #: the elements of which a demand looks at what stands around them, with the context of that demand
        self.around: list[tuple[_Element, Context]] = []
        self.depth = 0

    def run(self) -> list[Fault]:
        self._anchor()
        templates, root = self.judge.templates, self.root
        nodes = [n for n in templates.rooted(root.tag) if _holds(n, root)] + self._started(root)
        for document in templates.document:
            if document.order is not None:
                self._document(document.context)
            first = document.below.get(root.tag)
            nodes += [n for n in (first.all if first else ()) if _holds(n, root)]
        message = self.model.message
        if root.tag != HL7 + message.root:
            self.found.append(Fault("root", root, "", (message.root,)))
        start = self.model.types[message.start]
        self._walk(root, self.judge.spot(root.tag, start, tuple(nodes), nillable=False))
        return self.found

    def _document(self, context: Context) -> None:
        named = {self.root.tag: [self.root], "*": [self.root]}
        self._counts(self.root, context, Counts(context, {tag: [0] for tag in named}), [self.root], named)
        for demand, test in context.checks:
            if not test(self.root):
                self.found.append(Fault.of_demand(self.root, demand))
        self._own(self.root, context)

    # ---- where paths start ------------------------------------------------------------------------------------

    def _anchor(self) -> None:
        """Where paths start: at every element with a templateId, and at its parent."""
        marks = self.marks
        for given in self.root.iter(_TEMPLATE):
            root = given.get("root") or ""
            carrier = given.getparent()
            if carrier is not None:
                marks.setdefault(carrier, []).append(root)
                above = carrier.getparent()
                if above is not None:
                    marks.setdefault(above, []).append((carrier.tag, root))

    def _started(self, e: _Element) -> list[Node]:
        """The templates whose paths start here."""
        marks = self.marks.get(e)
        if marks is None:
            return []
        roots = tuple([k if isinstance(k, str) else str(k[1]) for k in marks])
        return [n for n in self.judge.starting(e.tag, roots) if _holds(n, e)]

    # ---- the walk ---------------------------------------------------------------------------------------------

    def _walk(self, e: _Element, spot: Spot) -> None:
        """An own stack: a message may be nested deeper than Python calls may be."""
        stack = [(e, spot)]
        while stack:
            stack += self._visit(*stack.pop())

    def _visit(self, e: _Element, spot: Spot) -> list[tuple[_Element, Spot]]:
        """Judge one element; gives the children that are still to be judged."""
        children: list[_Element] = list(e)
        tags = tuple([c.tag for c in children])
        plan = spot.plans.get(tags)
        if plan is None:
            # comments and instructions are no children
            children = elements(e)
            plan = spot.plan(tuple([c.tag for c in children]), self.model)
        content = (e.prefix, *e.items())
        if content not in plan.sound:
            self._attributes(e, spot, plan, content)
        if spot.type is not None:
            if spot.nillable and self.judge.attributes.is_nil(e):
                self._closed(e, children, mixed=False)
            else:
                self._content(e, plan, children)
        if spot.contexts:
            named: dict[str, list[_Element]] = {}
            if plan.counted:
                named = {tag: [children[i] for i in at] for tag, at in plan.at}
            for context, counts in zip(spot.contexts, plan.counts, strict=True):
                self._counts(e, context, counts, children, named)
                self._own(e, context)
        return self._children(children, plan) if children else []

    def _attributes(self, e: _Element, spot: Spot, plan: Plan, content: object) -> None:
        """What schema and templates ask of attributes; what is right is remembered."""
        before, type_ = len(self.found), spot.type
        if type_ is not None:
            attributes = self.judge.attributes
            for name, value in e.items():
                if (name, value) not in type_.right:
                    self.found += attributes.faults(e, type_, name, value, nillable=spot.nillable)
            if type_.required:
                self.found += attributes.missing(e, type_)
        for context in spot.contexts:
            for demand, test in context.checks:
                if not test(e):
                    self.found.append(Fault.of_demand(e, demand))
        # an element without children is remembered with its text
        if len(self.found) == before and len(e) and _typed_by_itself(e):
            plan.remember(content)

    def _content(self, e: _Element, plan: Plan, children: list[_Element]) -> None:
        if plan.closed:
            self._closed(e, children, mixed=plan.mixed)
            return
        for misfit in plan.misfits:
            self.found.append(Fault.of_child(e, misfit, children))
        if not plan.mixed and has_text(e):
            self.found.append(Fault("text", e))

    def _closed(self, e: _Element, children: list[_Element], *, mixed: bool) -> None:
        """An element without content of its own: no child, and no blank either where no text is allowed."""
        if children:
            self.found.extend(Fault("unknown", c, parent=e) for c in children)
        elif not mixed and (e.text or any(c.tail for c in e)):
            self.found.append(Fault("text", e))

    def _children(self, children: list[_Element], plan: Plan) -> list[tuple[_Element, Spot]]:
        left: list[tuple[_Element, Spot]] = []
        for child, known in zip(children, plan.children, strict=True):
            content = self._whole(child, known)
            if content is None:
                spot = self._spot(child, known)
                if _judged(child, spot):
                    left.append((child, spot))
                continue
            around = known.right.get(content)
            if around is None:
                self._part(child, known, content)
            else:
                known.hits += 1
                for way, context, rules in around:
                    self._again(_at(child, way), context, rules)
        return left

    def _whole(self, e: _Element, known: Child) -> object:
        """What an element holds, as something to compare, with what its prefixes mean.

        None for an element that is not looked up: too deep, or parts of its kind are hardly ever the same.
        """
        if not len(e):
            return (e.prefix, e.text, *e.items())
        if self.depth >= _DEEP or not known.worthwhile:
            return None
        known.tries += 1
        return blake2b(tostring(e, with_tail=False), digest_size=16).digest()

    def _part(self, e: _Element, known: Child, content: object) -> None:
        """Judge a part, and remember it when it is right: but for what looks around, its content alone decides."""
        before, asked = len(self.found), len(self.around)
        spot = self._spot(e, known)
        if _judged(e, spot):
            self.depth += 1
            self._walk(e, spot)
            self.depth -= 1
        # of a part with children the meaning of prefixes is in its content
        if len(self.found) > before or not (len(e) or _typed_by_itself(e)):
            return
        around: list[Around] = [(_way(e, inner), context, ()) for inner, context in self.around[asked:]]
        if spot.flavoured and not known.alone:
            flavours = self.judge.templates.flavours
            among = (flavours.among(c.flavours, e) for c in spot.contexts if c.flavours)
            around += [((), None, rules) for rules in among if rules]
        known.remember(content, tuple(around))

    def _again(self, e: _Element, context: Context | None, rules: tuple[FlavourRule, ...]) -> None:
        """Of a part that was found right before: what looks around it."""
        if context is not None:
            self._around(e, context)
        if rules and siblings(e):
            self.found += [Fault.of_flavour(e, r.id, r.demand) for r in rules if not r.test(e)]

    def _spot(self, e: _Element, known: Child) -> Spot:
        """The spot of a child: its type, and the templates that lead to it or start at it."""
        type_ = known.type
        if known.simple:
            self._simple(e, known.simple)
        elif known.open and type_ is not None:
            type_ = self.judge.attributes.substituted(e, type_, self.found)
        nodes = () if known.candidates is None else self._matched(e, known.candidates)
        if e in self.marks:
            nodes = (*nodes, *self._started(e))
        if type_ is not known.type:
            return self.judge.spot(known.tag, type_, nodes, nillable=known.nillable)
        spot = known.spots.get(nodes)
        if spot is None:
            spot = known.spots[nodes] = self.judge.spot(known.tag, type_, nodes, nillable=known.nillable)
        return spot

    def _matched(self, child: _Element, candidates: Candidates) -> tuple[Node, ...]:
        """The nodes whose step matches a child."""
        possible = candidates.rest
        if candidates.by_key:
            keys = self.keys.of(child, codes=candidates.codes)
            keyed = [n for k in keys for n in candidates.by_key.get(k, ())]
            if keyed:
                possible = [*possible, *keyed] if len(keyed) < 2 else [*possible, *dict.fromkeys(keyed)]
        found: list[Node] = []
        for step in possible:
            for test in step.tests:
                if not test(child):
                    break
            else:
                found.append(step)
        return tuple(found)

    def _simple(self, e: _Element, name: str) -> None:
        if len(e) or not self.model.forms[name](e.text or ""):
            self.found.append(Fault("form", e, "", names=(name,)))

    # ---- what a context asks ------------------------------------------------------------------------------------

    def _counts(
        self,
        e: _Element,
        context: Context,
        counts: Counts,
        children: list[_Element],
        named: dict[str, list[_Element]],
    ) -> None:
        if counts.keyed:
            self._keyed(e, context, named)
        for counted, index, tests, wanted in counts.single:
            child = children[index]
            for test in tests:
                if not test(child):
                    fits = False
                    break
            else:
                fits = True
            if fits is not wanted:
                self.found.append(Fault.of_count(e, counted, {counted.alternatives[0][0]: [child]}))
        for counted in counts.open:
            number = number_of(counted, named)
            if number < counted.least or (counted.most is not None and number > counted.most):
                self.found.append(Fault.of_count(e, counted, named))

    def _own(self, e: _Element, context: Context) -> None:
        """Demands of its own, and those of its data type."""
        for demand in context.broken(e, self.model.message):
            self.found.append(Fault("special", e, role=demand.role, rule=demand.value))
        if context.around:
            self._around(e, context)
        if context.flavours:
            broken = self.judge.templates.flavours.broken(context.flavours, e)
            if broken:
                self.found += [Fault.of_flavour(e, r.id, r.demand) for r in broken]

    def _around(self, e: _Element, context: Context) -> None:
        """Demands of its own that look at what stands around the element."""
        self.around.append((e, context))
        for demand, special in context.around:
            if not special(e, self.model.message):
                self.found.append(Fault("special", e, role=demand.role, rule=demand.value))

    def _keyed(self, e: _Element, context: Context, children: dict[str, list[_Element]]) -> None:
        """Counts of children that a key tells apart: only those with the key are looked at."""
        present: dict[tuple[str, Key], list[_Element]] = {}
        for tag in context.tags:
            for child in children.get(tag, ()):
                for key in dict.fromkeys(self.keys.of(child, codes=context.codes)):
                    present.setdefault((tag, key), []).append(child)
        judged: set[int] = set()
        for place, there in present.items():
            for counted in context.keyed.get(place, ()):
                among = there
                if len(counted.keys) > 1:
                    if id(counted) in judged:
                        continue
                    judged.add(id(counted))
                    among = self._among(counted, present)
                most = counted.most or 0
                if len(among) > most and number_of(counted, children, among) > most:
                    self.found.append(Fault.of_count(e, counted, children))
        for counted in context.keyed_minima:
            if number_of(counted, children, self._among(counted, present)) < counted.least:
                self.found.append(Fault.of_count(e, counted, children))

    @staticmethod
    def _among(counted: Count, present: dict[tuple[str, Key], list[_Element]]) -> list[_Element]:
        """The children that have one of the keys of a count."""
        tag = counted.alternatives[0][0]
        if len(counted.keys) == 1:
            return present.get((tag, counted.keys[0]), [])
        return list(dict.fromkeys(c for key in counted.keys for c in present.get((tag, key), ())))


def _holds(node: Node, e: _Element) -> bool:
    return all(test(e) for test in node.tests)


def _judged(e: _Element, spot: Spot) -> bool:
    """Below what the schema does not know the templates still judge."""
    return len(e) > 0 or spot.type is not None or bool(spot.nodes)


def _way(top: _Element, e: _Element) -> tuple[int, ...]:
    """Which child of which child an element is, from the top of a part."""
    way: list[int] = []
    while e is not top:
        above = e.getparent()
        assert above is not None  # noqa: S101  # it stands below the top
        way.append(above.index(e))
        e = above
    return tuple(reversed(way))


def _at(top: _Element, way: tuple[int, ...]) -> _Element:
    for index in way:
        top = top[index]
    return top


def _typed_by_itself(e: _Element) -> bool:
    """Whether what its xsi:type means follows from the name of the element: none, or one with the same prefix."""
    given = e.get(_XSI_TYPE)
    return given is None or (given.rpartition(":")[0] or None) == e.prefix
