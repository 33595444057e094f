"""Reading the dossieroverdrachtbericht (DOB, HL7v3) into canonical rows.

One walk over the tree of a message, led by `specs/dob/indeling.yaml`. Every leaf with data becomes a row;
a leaf that the layout does not know becomes a row without element and the remark BDS801.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from lxml import etree

from bds_tool.dossier.dob_layout import HL7, XSI_TYPE, Layout, Node, layout
from bds_tool.dossier.dob_values import Value, iso, value_of
from bds_tool.dossier.dob_version import detect
from bds_tool.dossier.sources import Sink, Source, Unreadable

if TYPE_CHECKING:
    from lxml.etree import _Element

#: A single message larger than this is refused (BDS009); a file may hold any number of messages.
MESSAGE_MAX = 2 * 1024**3
#: Files up to this size are parsed whole; larger ones message by message.
WHOLE_MAX = 64 * 1024**2

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
_VALUE = HL7 + "value"
_NAME = re.compile(r"^REPC_IN902120NL(0[34])?$")


def read_dob(source: Source, sink: Sink) -> None:
    """Fills `sink` with the rows of every message in the file. Raises Unreadable with the code of the finding."""
    messages = 0
    for root in _messages(source):
        _Message(sink, source).read(root)
        messages += 1
        sink.flush_if_full()
    sink.facts["dossiers"] = messages


def _messages(source: Source) -> Iterator[_Element]:
    head = source.head()
    if re.search(rb"<!DOCTYPE", head[:4096]):
        raise Unreadable("BDS007")
    try:
        if source.size <= WHOLE_MAX:
            yield from _whole(source)
        else:
            yield from _streamed(source)
    except etree.XMLSyntaxError as error:
        line = error.position[0] if error.position else None
        name = etree.ErrorTypes._getName(error.code, "") if error.code else ""  # noqa: SLF001  # no public way
        code = "BDS006" if "ENCODING" in name or "CHAR" in name else "BDS004"
        raise Unreadable(code, regel=line) from None


def _whole(source: Source) -> Iterator[_Element]:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=source.size > 8 * 1024**2,
    )
    root = etree.fromstring(source.data(), parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("BDS007")
    if _is_message(root):
        yield root
        return
    found = [e for e in root.iter() if isinstance(e.tag, str) and _is_message(e)]
    if not found:
        raise Unreadable("BDS008", element=_local(root)[:60])
    yield from found


def _streamed(source: Source) -> Iterator[_Element]:
    found = False
    with source.open() as stream:
        events = etree.iterparse(
            stream,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
            huge_tree=True,
        )
        inside = 0
        for event, element in events:
            if event == "start":
                if _is_message(element):
                    if element.getparent() is None and source.size > MESSAGE_MAX:
                        raise Unreadable("BDS009", bytes=source.size, grens=MESSAGE_MAX)
                    inside += 1
                continue
            if _is_message(element):
                inside -= 1
                found = True
                yield element
            if not inside:
                _forget(element)
    if not found:
        raise Unreadable("BDS008", element="?")


def _forget(element: _Element) -> None:
    """Drop what has been read, so that memory stays at one message."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _is_message(element: _Element) -> bool:
    return isinstance(element.tag, str) and bool(_NAME.match(_local(element)))


def _local(element: _Element) -> str:
    tag = str(element.tag)
    return tag.rsplit("}", 1)[-1]


class _Message:
    """The state of one walk: where we are in the dossier, and how often a group or element was met there."""

    def __init__(self, sink: Sink, source: Source) -> None:
        self.sink = sink
        self.source = source
        self.layout: Layout = layout()
        self.system = self.layout.systems["element"]
        self.rows: list[tuple[Any, ...]] = []
        self.unknown: dict[str, list[int]] = {}
        self.counts: dict[tuple[Any, ...], int] = {}
        self.activities: set[str] = set()
        self.dossier = ""
        self.activiteit: str | None = None
        self.datum: date | None = None
        self.rubriek: str | None = None
        self.groep: str | None = None
        self.volgnr: int | None = None
        self.moved: set[_Element] = set()

    def read(self, root: _Element) -> None:
        request = root.find(f".//{HL7}CareProvisionRequest")
        event = None if request is None else request.find(f"{HL7}sequelTo/{HL7}careProvisionEvent")
        self.dossier = self._dossier_id(root, event)
        self._wrapper(root, event)
        if event is None:
            self.sink.melding("BDS803", dossier_id=self.dossier, regel=root.sourceline)
        else:
            self._walk(event, self.layout.dossier)
        for pad, lines in self.unknown.items():
            self.sink.melding("BDS801", dossier_id=self.dossier, regel=lines[0], pad=pad, aantal=len(lines))
        version, certainty = detect(_local(root), self.rows)
        self._facts(root, version, certainty)
        self.sink.rows.extend(self.rows)
        for name in self.source.options.get("inspect", ()):
            self._inspect(name, root, self.source.bds or version)

    def _inspect(self, name: str, root: _Element, version: str) -> None:
        import importlib

        from bds_tool.schema import load

        module, function = name.split(":")
        getattr(importlib.import_module(module), function)(root, self.sink, load(version))

    def _facts(self, root: _Element, version: str, certainty: str) -> None:
        facts = self.sink.facts
        if "formaat" in facts and (facts["bds_herkend"], facts["formaat"]) != (
            version,
            f"dob-{_local(root)}",
        ):
            self.sink.melding("BDS010", regel=root.sourceline, versie=version, zekerheid="wisselend")
            return
        identifier = root.find(HL7 + "id")
        organisation = root.find(f".//{HL7}AssignedDevice/{HL7}Organization/{HL7}name")
        facts |= {
            "formaat": f"dob-{_local(root)}",
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
        identifier = None if event is None else event.find(HL7 + "id")
        number = (identifier.get("extension") or "").strip() if identifier is not None else ""
        bsn = "2.16.840.1.113883.2.4.6.3"
        persons = {e.get("extension") for e in root.iter(HL7 + "id", HL7 + "value") if e.get("root") == bsn}
        # A dossier number that is a BSN would travel into every finding: the place in the file takes over.
        if number and number not in persons:
            return number
        return f"{self.sink.bron}-{root.sourceline or 1}"

    # ---- the wrapper: everything around careProvisionEvent -------------------------------------------------

    def _wrapper(self, root: _Element, event: _Element | None) -> None:
        for child in root:
            self._wrapper_node(child, "bericht/" + _local(child), event)

    def _wrapper_node(self, element: _Element, pad: str, event: _Element | None) -> None:
        if element is event or element.tag == _TEMPLATE:
            return
        if self._has_data(element):
            self._row(None, value_of(element), element, pad)
        for child in element:
            if child.tag != HL7 + "originalText":
                self._wrapper_node(child, f"{pad}/{_local(child)}", event)

    # ---- the dossier ---------------------------------------------------------------------------------------

    def _walk(self, element: _Element, node: Node) -> None:
        kept = (self.activiteit, self.datum, self.rubriek, self.groep, self.volgnr)
        self._enter(element, node)
        special = getattr(self, f"_kind_{node.kind}", None) if node.kind else None
        if node.bds:
            self._observation(element, node)
        elif special is not None:
            special(element, node)
        else:
            self._plain(element, node)
        self.activiteit, self.datum, self.rubriek, self.groep, self.volgnr = kept

    def _enter(self, element: _Element, node: Node) -> None:
        if node.rubriek:
            self.rubriek = node.rubriek
        if node.activity:
            self._activity(element)
        if node.instance:
            if node.groep:
                self.groep = node.groep
            self._next_instance()

    def _next_instance(self) -> None:
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
        moment = element.find(HL7 + "effectiveTime")
        self.datum = None if moment is None else _date(moment.get("value") or _low(moment) or "")

    def _plain(self, element: _Element, node: Node) -> None:
        if node.constant is not None:
            if element.get("code") != node.constant:
                self._unknown(element, node.pad)
            return
        if node.element is not None or node.known:
            value = value_of(element)
            if any(v is not None for v in value):
                self._row(node.element, value, element, node.pad)
        elif element.get("nullFlavor") is None and self._has_data(element, node.attributes):
            self._unknown_leaf(element, node.pad)
        self._below(element, node)

    def _below(self, element: _Element, node: Node, skip: frozenset[str] = frozenset()) -> None:
        """The attributes with a place of their own, then the children."""
        for name, attribute in node.attributes.items():
            given = element.get(name)
            if given is None or name in skip:
                continue
            if name == "negationInd" and attribute.element is not None:
                given = "false" if given == "true" else "true"
            self._row(attribute.element, Value(given), element, attribute.pad)
        for name in element.keys():  # noqa: SIM118  # lxml elements iterate over children
            if name not in _PASSED and name not in node.attributes and name not in skip:
                self._attribute(element, name, node.pad)
        structure = node.codes_are_structure
        for child in element:
            tag = child.tag
            if tag == _TEMPLATE:
                continue
            found = node.find(child)
            if found is not None:
                self._walk(child, found)
            elif not (tag == _CODE and (structure or child.get("codeSystem") == self.system)) and not (
                tag == HL7 + "originalText" and (node.element is not None or node.known)
            ):
                self._unknown(child, f"{node.pad}/{_local(child)}")

    def _attribute(self, element: _Element, name: str, pad: str) -> None:
        if name == "negationInd" and element.get(name) == "false":
            return
        place = f"{pad}/@{name.rsplit('}', 1)[-1]}"
        self._row(None, Value(element.get(name)), element, place)
        self.unknown.setdefault(place, []).append(element.sourceline or 0)

    # ---- observations: the number is in the message itself -----------------------------------------------------

    def _observation(self, element: _Element, node: Node) -> None:
        code = element.find(_CODE)
        number = self._number(code)
        if number is None:
            self._unknown(element, node.pad)
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
            found = qualifiers.find(child)
            if child.tag in {_VALUE, HL7 + "text"}:
                carriers.append(child)
            elif found is not None:
                self._walk(child, found)
            elif child.tag not in {_TEMPLATE, _CODE}:
                deeper = node.find(child)
                if deeper is not None:
                    self._walk(child, deeper)
                else:
                    self._unknown(child, f"{pad}/{_local(child)}")
        moved = any(row[3] == number for row in self.rows[own:])
        for carrier in carriers:
            self._observed(carrier, number, qualifiers, pad, moved=moved)
        if not carriers and not moved:
            self._row(number, Value(nullflavor=element.get("nullFlavor")), element, pad)
        for name in element.keys():  # noqa: SIM118
            if name not in _PASSED:
                self._attribute(element, name, pad)
        self.volgnr = kept

    def _observed(self, carrier: _Element, number: int, qualifiers: Node, pad: str, *, moved: bool) -> None:
        inner = qualifiers.find(carrier)
        if inner is not None:
            self._below(carrier, inner)
            return
        value = value_of(carrier)
        # 1195 and 1196 carry `true` as value and their date elsewhere; that date is the registration.
        if moved and value.waarde == "true":
            return
        self._row(number, value, carrier, pad)
        for child in carrier:
            if child.tag != HL7 + "originalText":
                self._unknown(child, f"{pad}/{_local(child)}")

    def _number(self, code: _Element | None) -> int | None:
        if code is None:
            return None
        given = code.get("code") or ""
        if code.get("codeSystem") == self.system and given.isdigit() and len(given) < 7:
            return int(given)
        return self.layout.other_codes.get(given)

    # ---- special forms (`_soort`) ------------------------------------------------------------------------------

    def _kind_negatie(self, element: _Element, node: Node) -> None:
        waarde = "false" if element.get("negationInd") == "true" else "true"
        self._row(node.element, Value(waarde, nullflavor=element.get("nullFlavor")), element, node.pad)
        self._below(element, node, skip=frozenset({"negationInd"}))

    def _kind_aanwezig(self, element: _Element, node: Node) -> None:
        code = element.find(_CODE)
        text = code.get("displayName") if code is not None else None
        self._row(node.element, Value("true", tekst=text), element, node.pad)
        self._below(element, node)

    def _kind_code(self, element: _Element, node: Node) -> None:
        value = value_of(element, coded=True)
        if any(v is not None for v in value):
            self._row(node.element, value, element, node.pad)

    def _kind_naam(self, element: _Element, node: Node) -> None:
        self._row(node.element, value_of(element), element, node.pad)

    def _kind_leerling(self, element: _Element, node: Node) -> None:
        if element.get("extension"):
            self._row(node.element, value_of(element), element, node.pad)

    def _kind_huisnummer(self, element: _Element, node: Node) -> None:
        text = (element.text or "").strip()
        letter, addition = (text[0], text[1:].strip()) if re.match(r"^[A-Za-z](\s|$)", text) else ("", text)
        for number, part in zip(node.elements, (letter, addition), strict=True):
            if part:
                self._row(number, Value(part), element, node.pad)

    def _kind_dagdelen(self, element: _Element, node: Node) -> None:
        for part in element.iter():
            if part.tag in {HL7 + "low", HL7 + "high"} and "PIVL_TS" not in {
                p.get(XSI_TYPE) for p in part.iterancestors()
            }:
                child = node.find(part)
                self._row(child.element if child else None, value_of(part), part, node.pad)
            elif self._has_data(part):
                self._row(node.element, value_of(part), part, f"{node.pad}/{_local(part)}")

    def _kind_document(self, element: _Element, node: Node) -> None:
        text = (element.text or "").strip()
        if text:
            self._row(node.element, Value(text), element, node.pad)
        self._below(element, node)

    def _kind_verzekerd(self, element: _Element, node: Node) -> None:
        insured = element.find(HL7 + "underwritingOrganization") is not None
        self._row(node.element, Value("true" if insured else "false"), element, node.pad)

    def _kind_toestemmingswijze(self, element: _Element, node: Node) -> None:
        fields = (element.text or "").strip().split("|")
        fields += [""] * (3 - len(fields))
        if fields[0] or fields[1]:
            self._row(node.elements[0], Value(fields[0] or None, tekst=fields[1] or None), element, node.pad)
        if fields[2]:
            self._row(node.elements[1], Value("|".join(fields[2:])), element, node.pad)

    def _kind_toediening(self, element: _Element, node: Node) -> None:
        code = next((c for c in element.iter(_CODE) if self._number(c) is not None), None)
        number = self._number(code)
        if number is None:
            self._unknown(element, node.pad)
        else:
            self._row(
                number, Value("false" if element.get("negationInd") == "true" else "true"), element, node.pad
            )

    def _kind_informatie(self, element: _Element, node: Node) -> None:
        code = element.find(_CODE)
        # Before 4.0 this act carries element 476 itself; since then it is the group G088 alone.
        number = self._number(code)
        skip = frozenset({"negationInd"}) if number is None else frozenset()
        if number is not None and element.get("negationInd") is None:
            self._row(number, Value("true"), element, node.pad)
        self._below_coded(element, node, skip)

    def _below_coded(self, element: _Element, node: Node, skip: frozenset[str]) -> None:
        code = element.find(_CODE)
        if code is not None:
            element.remove(code)
        self._below(element, node, skip)
        if code is not None:
            element.insert(0, code)

    def _kind_nietbds(self, element: _Element, node: Node) -> None:
        self._below(element, node)

    def _kind_metadata(self, element: _Element, node: Node) -> None:
        self._below(element, node)

    def _kind_rubriek(self, element: _Element, node: Node) -> None:
        self._cluster(element, node, "rubriek")

    def _kind_groep(self, element: _Element, node: Node) -> None:
        self._cluster(element, node, "groep")

    def _cluster(self, element: _Element, node: Node, what: str) -> None:
        code = element.find(_CODE)
        name = code.get("code") if code is not None else None
        if what == "rubriek":
            self.rubriek = name
        else:
            self.groep = name
            self._next_instance()
        for child in element:
            if child.tag in {_CODE, _TEMPLATE}:
                continue
            found = node.find(child)
            if found is None:
                self._unknown(child, f"{node.pad}/{_local(child)}")
            else:
                self._walk(child, found)

    # ---- rows -----------------------------------------------------------------------------------------------------

    def _row(self, number: int | None, value: Value, element: _Element, pad: str) -> None:
        self.rows.append(
            (
                self.dossier,
                self.activiteit,
                self.datum,
                number,
                self.rubriek,
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
    def _has_data(element: _Element, elsewhere: Container[str] = ()) -> bool:
        """Does the node itself carry data; attributes in `elsewhere` have a place of their own."""
        if element.text and element.text.strip():
            return True
        return any(name not in STRUCTURE and name not in elsewhere for name in element.keys())  # noqa: SIM118

    def _unknown(self, element: _Element, pad: str) -> None:
        """Everything below a place the layout does not know, leaf by leaf."""
        if element.tag == _TEMPLATE:
            return
        only_null = set(element.keys()) - STRUCTURE <= {"nullFlavor"} and not (element.text or "").strip()
        if self._has_data(element) and not (only_null and not len(element)):
            self._unknown_leaf(element, pad)
        for child in element:
            self._unknown(child, f"{pad}/{_local(child)}")

    def _unknown_leaf(self, element: _Element, pad: str) -> None:
        self._row(None, value_of(element), element, pad)
        self.unknown.setdefault(pad, []).append(element.sourceline or 0)


def _low(moment: _Element) -> str | None:
    low = moment.find(HL7 + "low")
    return None if low is None else low.get("value")


def _date(given: str) -> date | None:
    try:
        return date.fromisoformat(iso(given)[:10])
    except ValueError:
        return None
