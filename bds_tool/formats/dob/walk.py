"""One walk over the tree of a message, led by the layout: every leaf with data becomes a row."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import whole
from bds_tool.formats.dob.envelope import envelope_tags
from bds_tool.formats.dob.kinds import KINDS
from bds_tool.formats.dob.layout import HL7, XSI_TYPE, Layout, Node, layout
from bds_tool.formats.dob.values import Value, iso, local_name, value_of
from bds_tool.formats.dob.version import detect
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
    #: the children that the message is about
    children = 1

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

    def read(self, root: _Element) -> None:
        request = root.find(f".//{HL7}CareProvisionRequest")
        event = None if request is None else request.find(f"{HL7}sequelTo/{HL7}careProvisionEvent")
        self.dossier = self._dossier_id(root, event)
        self.old = local_name(root) == "REPC_IN902120NL"
        self.wrapper(root, [] if event is None else [event])
        if event is None:
            self.sink.melding("BDS803", dossier_id=self.dossier, regel=root.sourceline)
        else:
            self.step(event, self.layout.dossier)
        version, certainty = detect(local_name(root), self.rows)
        self.finish(root, version, certainty)

    def finish(self, root: _Element, version: str, certainty: str) -> None:
        """Hand over what was read, and have the message judged when that was asked."""
        self._facts(root, version, certainty)
        self.sink.rows.extend(self.rows)
        misplaced: set[_Element] = set()
        for name in self.source.options.get("inspect", ()):
            misplaced |= self._inspect(name, root, self.source.bds or version) or set()
        self.remarks(misplaced)

    def remarks(self, misplaced: set[_Element]) -> None:
        """What was not read: registrations, and data in places that nobody said to be wrong already."""
        for element, pad, count in self.lost:
            self.sink.melding(
                "BDS858",
                dossier_id=self.dossier,
                regel=element.sourceline,
                pad=pad,
                element=local_name(element),
                aantal=count,
            )
        told = misplaced | {element for element, _, _ in self.lost}
        for pad, elements in self.unknown.items():
            left = [e for e in elements if not told or told.isdisjoint((e, *e.iterancestors()))]
            if left:
                self.sink.melding(
                    "BDS801", dossier_id=self.dossier, regel=left[0].sourceline, pad=pad, aantal=len(left)
                )

    def _inspect(self, name: str, root: _Element, version: str) -> set[_Element] | None:
        import importlib

        from bds_tool.schema import load

        module, function = name.split(":")
        inspector = getattr(importlib.import_module(module), function)
        found: set[_Element] | None = inspector(root, self.sink, load(version))
        return found

    def _facts(self, root: _Element, version: str, certainty: str) -> None:
        facts = self.sink.facts
        if "formaat" in facts and (facts["bds_herkend"], facts["formaat"]) != (
            version,
            f"{self.family}-{local_name(root)}",
        ):
            self.sink.melding("BDS010", regel=root.sourceline, versie=version, zekerheid="wisselend")
            return
        identifier = root.find(HL7 + "id")
        organisation = root.find(f".//{HL7}AssignedDevice/{HL7}Organization/{HL7}name")
        facts |= {
            "formaat": f"{self.family}-{local_name(root)}",
            "bds_herkend": version,
            "bds_zekerheid": certainty,
            "bericht_id": None if identifier is None else identifier.get("extension"),
            "organisatie": None if organisation is None else (organisation.text or "").strip() or None,
        }
        if certainty == "onzeker" and not self.source.bds:
            self.sink.melding(
                "BDS010", dossier_id=self.dossier, regel=root.sourceline, versie=version, zekerheid=certainty
            )

    def _dossier_id(self, root: _Element, event: _Element | None) -> str:
        number = self.number_in(root, event)
        # A dossier number that is a BSN would travel into every finding: the place in the delivery takes over.
        return number or f"{self.sink.bron}-{self.number}"

    @staticmethod
    def number_in(root: _Element, event: _Element | None) -> str:
        """The number of the dossier; empty when the message has none, or one that is a BSN."""
        identifier = None if event is None else event.find(HL7 + "id")
        number = (identifier.get("extension") or "").strip() if identifier is not None else ""
        bsn = "2.16.840.1.113883.2.4.6.3"
        persons = {e.get("extension") for e in root.iter(HL7 + "id", HL7 + "value") if e.get("root") == bsn}
        return number if number not in persons else ""

    # ---- the wrapper: everything around what is of a child ----------------------------------------------------

    def wrapper(self, root: _Element, events: Sequence[_Element]) -> None:
        """The rows of everything outside `events`."""
        known = envelope_tags(local_name(root), self.layout.dossier.key)
        inside = frozenset(events)
        for child in root:
            self._wrapper_node(child, "bericht/" + local_name(child), inside, known)

    def _wrapper_node(
        self, element: _Element, pad: str, event: frozenset[_Element], known: frozenset[str] | None
    ) -> None:
        if element in event or element.tag == _TEMPLATE:
            return
        if known is not None and len(element) and element.tag not in known:
            # an element of the dossier that stands around it
            before = len(self.lost)
            self.lose(element, pad, None)
            known = known if len(self.lost) == before else None
        if self.has_data(element):
            self.row(None, value_of(element), element, pad)
        for child in element:
            if child.tag != HL7 + "originalText":
                self._wrapper_node(child, f"{pad}/{local_name(child)}", event, known)

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
            if any(v is not None for v in value):
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

    def below(self, element: _Element, node: Node, skip: frozenset[str] = frozenset()) -> None:
        """The attributes with a place of their own, then the children."""
        names = element.keys()
        if node.attributes or not _PASSED.issuperset(names):
            self._attributes(element, node, skip, names)
        structure = node.codes_are_structure
        for child in element:
            tag = child.tag
            if tag == _TEMPLATE:
                continue
            found = node.find(child)
            if found is not None:
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
        if element.text and element.text.strip():
            return True
        names = element.keys()
        return not STRUCTURE.issuperset(names) and any(
            n not in STRUCTURE and n not in elsewhere for n in names
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
