"""One walk over the tree of a dossier, led by the layout: every leaf with data becomes a row."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import whole
from bds_tool.formats.dob.kinds import KINDS
from bds_tool.formats.dob.layout import HL7, XSI_TYPE, Layout, Node, layout
from bds_tool.formats.dob.values import NOTHING, Value, iso, local_name, value_of
from bds_tool.store.sources import Sink, Source

if TYPE_CHECKING:
    from lxml.etree import _Element

#: Attributes that say how the message is built, not what was registered.
STRUCTURE = frozenset(
    {
        "classCode",
        "moodCode",
        "typeCode",
        "determinerCode",
        "contextConductionInd",
        "contextControlCode",
        "inversionInd",
        "institutionSpecified",
        "qualifier",
        "use",
        "representation",
        "codeSystemName",
        "codeSystemVersion",
        "independentInd",
        XSI_TYPE,
        "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation",
    }
)
#: Attributes that `value_of` takes into a row.
VALUE = frozenset({"code", "codeSystem", "displayName", "value", "unit", "extension", "root", "nullFlavor"})
_PASSED = STRUCTURE | VALUE
_TEMPLATE = HL7 + "templateId"
_CODE = HL7 + "code"
_ORIGINAL = HL7 + "originalText"
_CARRIERS = frozenset({HL7 + "value", HL7 + "text"})
_NO_CARRIERS = frozenset({_TEMPLATE, _CODE})


class Walk:
    """The state of one walk: where we are in the dossier, and how often a group or element was met there."""

    #: what `bronnen.formaat` begins with
    family = "dob"

    def __init__(self, sink: Sink, source: Source, number: int, tree: Layout | None = None) -> None:
        self.sink = sink
        self.number = number
        self.source = source
        self.layout: Layout = tree or layout()
        self.system = self.layout.systems["element"]
        self.rows: list[tuple[Any, ...]] = []
        self.unknown: dict[str, list[_Element]] = {}
        self.counts: dict[tuple[Any, ...], int] = {}
        self.activities: set[str] = set()
        self.dossier = ""
        self.activiteit: str | None = None
        self.datum: date | None = None
        self.rubriek: str | None = None
        self.groep: str | None = None
        self.volgnr: int | None = None
        self.old = False
        self.cluster = False
        #: elements that were not read as what they are, and the registrations in each
        self.lost: list[tuple[_Element, str, int]] = []
        self.counting = False

    # ---- the dossier ---------------------------------------------------------------------------------------

    def step(self, element: _Element, node: Node) -> None:
        if node.leaf:
            self._plain(element, node)
            return
        kept = (self.activiteit, self.datum, self.rubriek, self.groep, self.volgnr)
        self._enter(element, node)
        if node.bds:
            self._observation(element, node)
        elif node.kind in KINDS:
            KINDS[node.kind](self, element, node)
        else:
            self._plain(element, node)
        self.activiteit, self.datum, self.rubriek, self.groep, self.volgnr = kept

    def _enter(self, element: _Element, node: Node) -> None:
        if node.rubriek:
            self.rubriek = node.rubriek
        if node.activity:
            self._activity(element)
        if node.dated and self.activiteit is None:
            self.datum = _moment(element)
        if node.instance:
            if node.groep:
                self.groep = node.groep
            self.next_instance()

    def next_instance(self) -> None:
        key = (self.activiteit, self.volgnr, self.groep)
        number = self.counts.get(key, 0) + 1
        self.counts[key] = number
        self.volgnr = number if self.volgnr is None else self.volgnr * 1000 + number

    def _activity(self, element: _Element) -> None:
        identifier = element.find(HL7 + "id")
        number = (identifier.get("extension") or "").strip() if identifier is not None else ""
        base = number or f"regel {element.sourceline}"
        name, again = base, 1
        while name in self.activities:
            again += 1
            name = f"{base}#{again}"
        self.activities.add(name)
        self.activiteit = name
        if (
            self.family == "dob" and element.tag != HL7 + "encounter"
        ):  # before 4.0 there were two other kinds of activity
            self.row(None, Value(local_name(element)), element, "careProvisionEvent/component7/@soort")
        self.datum = _moment(element)

    def _plain(self, element: _Element, node: Node) -> None:
        if node.constant is not None:
            if element.get("code") != node.constant:
                self.unknown_part(element, node.pad)
            return
        if node.element is not None or node.known:
            value = value_of(element)
            number = node.old_element if self.old and node.old_element else node.element
            if value != NOTHING:
                self.row(number, value, element, node.pad)
            elif number is not None and not node.order and not self.counting and len(element):
                # a value in another shape, say low and high where a moment belongs
                before = len(self.unknown)
                self.counting = True
                self.below(element, node)
                self.counting = False
                if len(self.unknown) > before:
                    self.lost.append((element, node.pad, 1))
                return
        elif element.get("nullFlavor") is None and self.has_data(element, node.attributes):
            self.unknown_leaf(element, node.pad)
        self.below(element, node)

    def below(
        self,
        element: _Element,
        node: Node,
        skip: frozenset[str] = frozenset(),
        told: _Element | None = None,
    ) -> None:
        """The attributes with a place of their own, then the children; but for the child that is `told` already."""
        names = element.keys()
        if node.attributes or not _PASSED.issuperset(names):
            self._attributes(element, node, skip, names)
        if not len(element):
            return
        structure = node.codes_are_structure
        for child in element:
            tag = child.tag
            if tag == _TEMPLATE or child is told:
                continue
            found = node.find(child)
            if found is not None:
                if found.leaf:
                    self._plain(child, found)
                else:
                    self.step(child, found)
            elif not (tag == _CODE and (structure or child.get("codeSystem") == self.system)) and not (
                tag == _ORIGINAL and (node.element is not None or node.known)
            ):
                self.unknown_part(child, f"{node.pad}/{local_name(child)}", node)

    def _attributes(self, element: _Element, node: Node, skip: frozenset[str], names: list[str]) -> None:
        for name, attribute in node.attributes.items():
            given = element.get(name)
            if given is None or name in skip:
                continue
            if name == "negationInd" and attribute.element is not None:
                given = "false" if given == "true" else "true"
            if attribute.kind == "geheim":
                given = self._secret(given, attribute, element)
                if not given:
                    continue
            self.row(attribute.element, Value(given), element, attribute.pad)
        for name in names:
            if name not in _PASSED and name not in node.attributes and name not in skip:
                self._attribute(element, name, node.pad)

    def _secret(self, given: str, attribute: Node, element: _Element) -> str:
        """`HP CONF`: the use of an address, and that it is secret (697)."""
        words = given.split()
        if "CONF" in words:
            self.row(attribute.elements[0], Value("true"), element, attribute.pad)
        return " ".join(w for w in words if w != "CONF")

    def _attribute(self, element: _Element, name: str, pad: str) -> None:
        if name == "negationInd" and element.get(name) == "false":
            return
        place = f"{pad}/@{name.rsplit('}', 1)[-1]}"
        self.row(None, Value(element.get(name)), element, place)
        self.unknown.setdefault(place, []).append(element)

    # ---- observations: the number is in the message itself -----------------------------------------------------

    def _observation(self, element: _Element, node: Node) -> None:
        code = element.find(_CODE)
        number = self.number_of(code)
        if number is None and self.counting:
            number = 0
        if number is None:
            self.unknown_part(element, node.pad)
            return
        qualifiers = self.layout.qualifiers.get(number) or self.layout.qualifiers[0]
        kept = self.volgnr
        key = (self.activiteit, self.rubriek, self.groep, kept, number)
        again = self.counts[key] = self.counts.get(key, 0) + 1
        if again > 1:
            self.volgnr = again if kept is None else kept * 1000 + again
        pad = (
            f"{node.pad.split('/', 1)[0]}/{self.rubriek or ''}/{number}"
            if self.activiteit
            else f"{node.pad}/{number}"
        )
        own = len(self.rows)
        carriers: list[_Element] = []
        for child in element:
            tag = child.tag
            if tag in _CARRIERS:
                carriers.append(child)
            elif tag not in _NO_CARRIERS:
                found = qualifiers.find(child) or node.find(child)
                if found is not None:
                    self.step(child, found)
                else:
                    self.unknown_part(child, f"{pad}/{local_name(child)}", node)
        moved = len(self.rows) > own and any(row[3] == number for row in self.rows[own:])
        for carrier in carriers:
            self._observed(carrier, number, qualifiers, pad, moved=moved)
        if not carriers and not moved:
            self.row(number, Value(nullflavor=element.get("nullFlavor")), element, pad)
        if not _PASSED.issuperset(element.keys()):
            for name in element.keys():  # noqa: SIM118  # lxml elements iterate over children
                if name not in _PASSED:
                    self._attribute(element, name, pad)
        self.volgnr = kept

    def _observed(self, carrier: _Element, number: int, qualifiers: Node, pad: str, *, moved: bool) -> None:
        inner = qualifiers.find(carrier)
        if inner is not None:
            self.below(carrier, inner)
            return
        value = value_of(carrier)
        # 1195 and 1196 carry `true` as value and their date elsewhere; that date is the registration.
        if moved and value.waarde == "true":
            return
        self.row(number, value, carrier, pad)
        for child in carrier:
            if child.tag != _ORIGINAL:
                self.unknown_part(child, f"{pad}/{local_name(child)}")

    def number_of(self, code: _Element | None) -> int | None:
        if code is None:
            return None
        given = code.get("code") or ""
        if code.get("codeSystem") == self.system and (number := whole(given, 6)) is not None:
            return number
        return self.layout.other_codes.get(given)

    # ---- rows -----------------------------------------------------------------------------------------------------

    def row(self, number: int | None, value: Value, element: _Element, pad: str) -> None:
        # Outside the rubric clusters the message does not say the rubriek: the definition does.
        rubriek = (
            self.rubriek
            if self.cluster or number is None
            else self.layout.rubrieken.get(number, self.rubriek)
        )
        self.rows.append(
            (
                self.dossier,
                self.activiteit,
                self.datum,
                number,
                rubriek,
                self.groep,
                self.volgnr,
                value.waarde,
                value.eenheid,
                value.codesysteem,
                value.nullflavor,
                value.tekst,
                self.sink.bron,
                element.sourceline,
                pad,
            )
        )

    @staticmethod
    def has_data(element: _Element, elsewhere: Container[str] = ()) -> bool:
        """Does the node itself carry data; attributes in `elsewhere` have a place of their own."""
        text = element.text
        if text and not text.isspace():
            return True
        names = element.keys()
        return not STRUCTURE.issuperset(names) and (
            not elsewhere or any(n not in STRUCTURE and n not in elsewhere for n in names)
        )

    def unknown_part(self, element: _Element, pad: str, above: Node | None = None) -> None:
        """Everything below a place the layout does not know, leaf by leaf. `above`: the node of its parent."""
        if element.tag == _TEMPLATE or self._says_nothing(element):
            return
        self.lose(element, pad, above)
        self._leaves(element, pad)

    def lose(self, element: _Element, pad: str, above: Node | None) -> None:
        """Count the registrations in an element that is not read."""
        if self.counting:
            return
        from bds_tool.formats.dob.lost import registrations

        count = registrations(self, element, above)
        if count:
            self.lost.append((element, pad, count))

    def count(self, element: _Element, node: Node) -> int:
        """The registrations in an element, read as this node; nothing is kept. Any number of an act will do."""
        walk = type(self)(self.sink, self.source, self.number, self.layout)
        walk.dossier, walk.old, walk.counting = self.dossier, self.old, True
        try:
            walk.step(element, node)
        except (AttributeError, ValueError):  # the element lacks what a special form asks
            return 0
        return sum(row[3] is not None for row in walk.rows)

    def _leaves(self, element: _Element, pad: str) -> None:
        if element.tag == _TEMPLATE or self._says_nothing(element):
            return
        if self.has_data(element):
            self.unknown_leaf(element, pad)
        for child in element:
            self._leaves(child, f"{pad}/{local_name(child)}")

    def _says_nothing(self, element: _Element) -> bool:
        """An obligatory part that only tells that it is not known (nullFlavor), down to its last leaf."""
        return all(
            not (e.text or "").strip() and set(e.keys()) - STRUCTURE <= {"nullFlavor"}
            for e in element.iter()
            if e.tag != _TEMPLATE
        )

    def unknown_leaf(self, element: _Element, pad: str) -> None:
        self.row(None, value_of(element), element, pad)
        self.unknown.setdefault(pad, []).append(element)


def _moment(element: _Element) -> date | None:
    moment = element.find(HL7 + "effectiveTime")
    return None if moment is None else _date(moment.get("value") or _low(moment) or "")


def _low(moment: _Element) -> str | None:
    low = moment.find(HL7 + "low")
    return None if low is None else low.get("value")


def _date(given: str) -> date | None:
    try:
        return date.fromisoformat(iso(given)[:10])
    except ValueError:
        return None
