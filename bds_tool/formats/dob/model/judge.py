"""Judging a parsed message by a model: the schema and the templates in one walk, every element once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bds_tool.formats.dob.model.attributes import Attributes
from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.demands import Count, number_of
from bds_tool.formats.dob.model.faults import Fault, merged
from bds_tool.formats.dob.model.paths import XSI, Key, Keys
from bds_tool.formats.dob.model.templates import Context, Node, Templates

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.tables import Model, Type

_TEMPLATE = HL7 + "templateId"
_XSI_TYPE = XSI + "type"
#: Children and bytes of a part that is compared as a whole.
_FEW, _SMALL = 12, 4000
#: Parts that are remembered to be right.
_MOST = 100_000
_SKIP = frozenset({"xs:anyType"})
_BLANK = " \t\r\n"


@lru_cache(maxsize=24)
def _judge_of(model: Model) -> Judge:
    return Judge(model)


def judge(root: _Element, model: Model) -> list[Fault]:
    """The faults of a message, in the order of the document; one cause is one fault."""
    return merged(_judge_of(model).faults(root), root)


class Judge:
    """The compiled model: what is learnt of one message serves the next."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.templates = Templates(model)
        self.attributes = Attributes(model)
        #: small parts that were found right, by place and content: equal ones are judged once
        self.right: set[int] = set()

    def faults(self, root: _Element) -> list[Fault]:
        return _Walk(self, root).run()


class _Walk:
    """The walk over one message."""

    def __init__(self, judge: Judge, root: _Element) -> None:
        self.root = root
        self.judge = judge
        self.types = judge.model.types
        self.found: list[Fault] = []
        self.filtered = bool(_xpath("boolean(//comment()|//processing-instruction())")(root))
        self.texts: set[_Element] = set(_texts()(root))
        self.marks: dict[_Element, list[Key]] = {}
        self.keys = Keys(self.marks)

    def run(self) -> list[Fault]:
        self._anchor()
        templates, root = self.judge.templates, self.root
        nodes = [n for n in templates.rooted(root.tag) if _holds(n, root)] + self._started(root)
        for document in templates.document:
            if document.order is not None:
                self._context(root, document.context, {root.tag: [root], "*": [root]})
            first = document.below.get(root.tag)
            nodes += [n for n in (first.all if first else ()) if _holds(n, root)]
        message = self.judge.model.message
        if root.tag != HL7 + message.root:
            self.found.append(Fault("root", root, "", (message.root,)))
        start = self.types[message.start]
        self._walk(root, start, nodes)
        return self.found

    def _known(
        self, e: _Element, type_: Type, nodes: list[Node] | None, *, nillable: bool, alone: bool
    ) -> int:
        """A number for a small part that is judged by its content alone; 0 when it is not. Equal ones are judged once."""
        if nodes is not None and not all(n.pure and (alone or not n.flavoured) for n in nodes):
            return 0
        content = _content(e)
        return 0 if content is None else hash((type_.name, nillable, content, *map(id, nodes or ())))

    def _part(self, e: _Element, type_: Type, nodes: list[Node], key: int, *, nillable: bool) -> None:
        """Judge such a part, and remember it when it is right."""
        right, before = self.judge.right, len(self.found)
        started = self._started(e)
        self._walk(e, type_, [*nodes, *started], nillable=nillable)
        if len(self.found) == before and all(n.pure for n in started):
            if len(right) >= _MOST:
                right.clear()
            right.add(key)

    def _anchor(self) -> None:
        """Where paths start: at every element with a templateId, and at its parent."""
        for given in self.root.iter(_TEMPLATE):
            root = given.get("root") or ""
            carrier = given.getparent()
            if carrier is not None:
                self.marks.setdefault(carrier, []).append(root)
                above = carrier.getparent()
                if above is not None:
                    self.marks.setdefault(above, []).append((carrier.tag, root))

    def _started(self, e: _Element) -> list[Node]:
        """The templates whose paths start here."""
        marks = self.marks.get(e)
        if marks is None:
            return []
        roots = [k if isinstance(k, str) else str(k[1]) for k in marks]
        anchored = self.judge.templates.anchored
        nodes = [n for root in dict.fromkeys(roots) for n in anchored(root) if n.tag in {"*", e.tag}]
        return [n for n in dict.fromkeys(nodes) if _holds(n, e)]

    # ---- the walk ---------------------------------------------------------------------------------------------

    def _walk(self, root: _Element, start: Type, nodes: list[Node], *, nillable: bool = False) -> None:
        """An own stack: a message may be nested deeper than Python calls may be."""
        types, texts = self.types, self.texts
        attributes = self.judge.attributes
        substitutes, right = types.open, self.judge.right
        stack: list[tuple[_Element, Type | None, bool, list[Node]]] = [(root, start, nillable, nodes)]
        while stack:
            e, type_, nillable, nodes = stack.pop()
            children = list(e)
            if self.filtered:
                children = [c for c in children if isinstance(c.tag, str)]
            tags = tuple([c.tag for c in children])
            slots = None
            if type_ is not None:
                for name, value in e.items():
                    if (name, value) not in type_.right:
                        self.found += attributes.faults(e, type_, name, value, nillable=nillable)
                if type_.required:
                    self.found += attributes.missing(e, type_)
                slots = type_.slots
                nil = nillable and attributes.is_nil(e)
                if not slots and not type_.content.wild:
                    self._leaf(e, type_, children, nil=nil)
                elif nil:
                    self._leaf(e, type_, children, nil=True)
                else:
                    misfits = type_.content.misfits(tags)
                    for misfit in misfits:
                        self.found.append(Fault.of_child(e, misfit, children))
                    if e in texts and not type_.mixed:
                        self.found.append(Fault("text", e))
            below: dict[_Element, list[Node]] = {}
            if nodes:
                below = self._templates(e, nodes, children)
            for child in children:
                inner: Type | None = None
                nil_allowed = False
                if slots is not None:
                    slot = slots.get(child.tag)
                    if slot is not None:
                        nil_allowed = slot.nillable
                        name = slot.type
                        if name[:3] == "xs:":
                            if name not in _SKIP:
                                self._simple(child, name)
                        elif name in substitutes:
                            inner = attributes.substituted(child, types[name], self.found)
                        else:
                            inner = types[name]
                own = below.get(child)
                if inner is not None:
                    alone = tags.count(child.tag) == 1
                    key = self._known(child, inner, own, nillable=nil_allowed, alone=alone)
                    if key:
                        if key not in right:
                            self._part(child, inner, own or [], key, nillable=nil_allowed)
                        continue
                started = self._started(child)
                if started:
                    own = [*own, *started] if own else started
                # Below what the schema does not know the templates still judge.
                if inner is not None or own or len(child):
                    stack.append((child, inner, nil_allowed, own or []))

    def _leaf(self, e: _Element, type_: Type, children: list[_Element], *, nil: bool) -> None:
        """An element without content of its own: no child, and no blank either where no text is allowed."""
        if children:
            self.found.extend(Fault("unknown", c, parent=e) for c in children)
        elif (nil or not type_.mixed) and (e.text or any(c.tail for c in e)):
            self.found.append(Fault("text", e))

    def _simple(self, e: _Element, name: str) -> None:
        if len(e) or not self.judge.model.forms[name](e.text or ""):
            self.found.append(Fault("form", e, "", names=(name,)))

    # ---- templates -----------------------------------------------------------------------------------------------

    def _templates(
        self, e: _Element, nodes: list[Node], children: list[_Element]
    ) -> dict[_Element, list[Node]]:
        by_tag: dict[str, list[_Element]] = {}
        for c in children:
            by_tag.setdefault(c.tag, []).append(c)
        by_tag["*"] = children
        below: dict[_Element, list[Node]] = {}
        first: dict[str, Node] = {}
        for node in nodes:
            if node.order is not None:
                known = first.get(node.template)
                if known is None or (known.order or 0) > node.order:
                    first[node.template] = node
            inside = node.below
            if inside:
                for tag, candidates in by_tag.items():
                    steps = inside.get(tag)
                    if steps is None:
                        continue
                    for child in candidates:
                        possible = steps.rest
                        if steps.by_key:
                            keys = self.keys.of(child, codes=steps.codes)
                            keyed = [n for k in keys for n in steps.by_key.get(k, ())]
                            possible = (
                                [*possible, *keyed] if len(keyed) < 2 else [*possible, *dict.fromkeys(keyed)]
                            )
                        for step in possible:
                            for test in step.tests:
                                if not test(child):
                                    break
                            else:
                                below.setdefault(child, []).append(step)
        for node in first.values():
            self._context(e, node.context, by_tag)
        return below

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

    def _context(self, e: _Element, context: Context, children: dict[str, list[_Element]]) -> None:
        if context.tags:
            self._keyed(e, context, children)
        if context.maxima:
            for tag, there in children.items():
                for counted in context.maxima.get(tag, ()):
                    most = counted.most or 0
                    if len(there) > most and number_of(counted, children) > most:
                        self.found.append(Fault.of_count(e, counted, children))
        for counted in context.counts:
            number = number_of(counted, children)
            if number < counted.least or (counted.most is not None and number > counted.most):
                self.found.append(Fault.of_count(e, counted, children))
        for demand, test in context.checks:
            if not test(e):
                self.found.append(Fault.of_demand(e, demand))
        for demand, special in context.specials:
            if not special(e, self.judge.model.message):
                self.found.append(Fault("special", e, role=demand.role, rule=demand.value))
        if context.flavours:
            broken = self.judge.templates.flavours.broken(context.flavours, e)
            if broken:
                self.found += [Fault.of_flavour(e, r.id, r.demand) for r in broken]


def _holds(node: Node, e: _Element) -> bool:
    return all(test(e) for test in node.tests)


@lru_cache(maxsize=4)
def _xpath(expression: str) -> Any:  # noqa: ANN401  # lxml's XPath
    from lxml import etree

    return etree.XPath(expression)


def _content(e: _Element) -> object:
    """What a small element holds, as something to compare; None for a large one."""
    children = len(e)
    # a prefix in xsi:type needs the namespaces around it, which the text of the element holds
    if not children and e.get(_XSI_TYPE) is None:
        return (e.tag, *e.items(), e.text)
    if children > _FEW:
        return None
    from lxml import etree

    text = etree.tostring(e, with_tail=False)
    return text if len(text) < _SMALL else None


def _texts() -> Any:  # noqa: ANN401  # lxml's XPath
    """Finds the elements with text that is more than blanks, directly inside."""
    return _xpath("//*[text()[normalize-space()]]")
