"""One message about the vaccinations of one activity: with the child (REPC_IN002140NL), or anonymised (REPC_IN002145NL)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from bds_tool.base.settings import SenderSettings
from bds_tool.base.text import t
from bds_tool.formats.dob.layout import HL7, XSI_TYPE, Node, other_layouts
from bds_tool.formats.dob.sender import known
from bds_tool.formats.dob.types import hl7_code, numbered, put
from bds_tool.formats.dob.values import ts
from bds_tool.formats.dob.wrapper import Envelope
from bds_tool.formats.jgz.due import DAY, GIVER, KIND, LOT, PLACE, REFUSAL, Activity, Vaccination
from bds_tool.schema import Definition
from bds_tool.schema.coding import code_pairs
from bds_tool.store.columns import Registratie

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model import Model

NAMED, ANONYMISED = "REPC_IN002140NL", "REPC_IN002145NL"
_TEMPLATES = "2.16.840.1.113883.2.4.6.10.100."
_ACT = "2.16.840.1.113883.5.4"
_URA, _AGB = "2.16.528.1.1007.3.3", "2.16.840.1.113883.2.4.6.1"
_BSN, _GEMEENTE, _COUNTRY = (
    "2.16.840.1.113883.2.4.6.3",
    "2.16.840.1.113883.2.4.6.14",
    "2.16.840.1.113883.2.4.4.16.34",
)
#: Kinds of address that a message has a word for.
_USES = frozenset({"ABC", "BAD", "H", "HP", "HV", "IDE", "PHYS", "PST", "SYL", "TMP", "WP"})
#: The value list by which the message judges a coded element.
_LISTS = {KIND: "W0422", REFUSAL: "W0323", 19: "W0023"}
_XSI = XSI_TYPE.partition("}")[0][1:]
_POSTCODE = re.compile(r"(\d{4}) ?([A-Za-z]{2})")
#: The parts of an address in the order of the message; the suffix of the house number holds two.
_ADDRESS = (
    ("streetName", 11), ("houseNumber", 12), ("buildingNumberSuffix", 13), ("additionalLocator", 15),
    ("postalCode", 16), ("county", 9), ("city", 10), ("country", 630), ("desc", 17),
)  # fmt: skip


@dataclass
class Child:
    """What a message says of the child and of who cares for it: rows by element, and the address and organisation that hold."""

    rows: dict[int, Registratie]
    address: dict[int, Registratie]
    organisation: dict[int, Registratie]
    key: str


class Composer:
    """Writes the messages of one kind for one BDS version (whose codes the rows have)."""

    def __init__(self, root: str, definition: Definition, sender: SenderSettings, model: Model) -> None:
        self.model = model
        #: what the message has no place for, in words, of the last one made
        self.left: list[str] = []
        self.root = root
        self.definition = definition
        self.facts = known(sender)
        self.layout = other_layouts()[root]

    def message(self, child: Child, activity: Activity, given: list[Vaccination]) -> _Element:
        self.left = []
        root = etree.Element(HL7 + self.root, nsmap={None: HL7[1:-1], "xsi": _XSI})

        def attributes(element: _Element, pad: str, node: Node) -> None:  # noqa: ARG001  # the layout says it all
            for name, value in node.fixed.items():
                if value is not None:
                    element.set(name, value)

        envelope = Envelope(
            self.definition, self.facts, lambda *_: None, attributes, self.root, self.layout.dossier.key
        )
        bsn = [child.rows[7]] if 7 in child.rows and self.root == NAMED else []
        envelope.write(
            root, self.layout.bericht, bsn, lambda parent: self._event(parent, child, activity, given)
        )
        return root

    # ---- the payload ------------------------------------------------------------------------------------------

    def _event(self, parent: _Element, child: Child, activity: Activity, given: list[Vaccination]) -> None:
        event = _sub(parent, "CareProvisionEvent", classCode="PCPR", moodCode="EVN")
        _template(event, "180")
        self._number(event, child)
        _sub(event, "code", code="CPHC", codeSystem=_ACT)
        _sub(event, "statusCode", code="active")
        subject = _sub(event, "subject", typeCode="SBJ")
        if self.root == NAMED:
            self._patient(subject, child)
        else:
            _sub(subject, "patient", classCode="PAT", nullFlavor="MSK")
        for name, kind in (("performer", "PRF"), ("author", "AUT")):
            self._organisation(_sub(event, name, typeCode=kind), child)
        encounter = _sub(
            _sub(event, "component", typeCode="COMP"), "encounterEvent", classCode="ENC", moodCode="EVN"
        )
        own = activity.rows.get(1377)
        self._id(encounter, own, activity.key)
        if self.root == NAMED:
            self._put(encounter, "code", activity.rows.get(494))
        else:
            _sub(encounter, "code", nullFlavor="MSK")
        self._time(encounter, activity.day)
        for vaccination in given:
            self._vaccination(_sub(encounter, "component", typeCode="COMP"), vaccination)

    def _number(self, event: _Element, child: Child) -> None:
        if self.root == NAMED:
            self._id(event, child.rows.get(695), child.key)
        else:
            _sub(event, "id", nullFlavor="MSK")

    @staticmethod
    def _id(parent: _Element, row: Registratie | None, key: str | None) -> None:
        """The number as it was registered, else the key of the source; one of its own kind where no system is known."""
        value = row["waarde"] if row is not None and row["waarde"] else key
        if value is not None:
            numbered(_sub(parent, "id"), value, None if row is None else row["codesysteem"])

    def _patient(self, parent: _Element, child: Child) -> None:
        patient = _sub(parent, "patient", classCode="PAT")
        _template(patient, "102")
        if 7 in child.rows:
            _sub(patient, "id", root=_BSN, extension=child.rows[7]["waarde"] or "")
        if _said(child.address.get(16)):
            self._address(patient, child.address)
        person = _sub(patient, "patientPerson", classCode="PSN", determinerCode="INSTANCE")
        rows = child.rows
        use, parts = ("OR", (6, 3, 4)) if _said(rows.get(4)) or _said(rows.get(6)) else ("L", (0, 1, 2))
        if any(_said(rows.get(n)) for n in parts):
            name = _sub(person, "name", use=use)
            for tag, number, qualifier in zip(
                ("given", "prefix", "family"), parts, ("", "VV BR", "BR"), strict=True
            ):
                if _said(rows.get(number)):
                    made = _sub(name, tag, **({"qualifier": qualifier} if qualifier else {}))
                    made.text = _value(rows.get(number)) + (" " if tag == "prefix" else "")
        self._put(person, "administrativeGenderCode", rows.get(19))
        self._time(person, _value(rows.get(20)), "birthTime")
        if 1584 in rows:
            self._schedule(patient, rows[1584])

    def _address(self, patient: _Element, rows: dict[int, Registratie]) -> None:
        address = _sub(patient, "addr")
        kinds = [hl7_code(self.definition, 8, kind)] if (kind := _value(rows.get(8))) else []
        if not _USES.issuperset(kinds):  # a code of the data set of which nobody says what it is in a message
            kinds = []
            self.left.append(t("soort adres (8)", "kind of address (8)"))
        if _value(rows.get(697)) in {"true", "1"}:
            kinds.append("CONF")
        if kinds:
            address.set("use", " ".join(kinds))
        for tag, number in _ADDRESS:
            row = rows.get(number)
            if tag == "buildingNumberSuffix":
                parts = [value for n in (13, 14) if (value := _value(rows.get(n)))]
                if parts:
                    _sub(address, tag).text = " ".join(parts)
                continue
            if row is None:
                continue
            made = _sub(address, tag)
            put(made, row, self.definition.elementen.get(number), self.definition)
            if tag in {"county", "country"} and made.get("code") is not None:
                made.set("codeSystem", made.get("codeSystem") or (_GEMEENTE if tag == "county" else _COUNTRY))
                made.text = made.text or self._name(number, made.get("code") or "")
                if not made.text:  # the message wants the name beside the code
                    address.remove(made)
                    self.left.append(t(f"element {number} zonder naam", f"element {number} without name"))
            if tag == "postalCode" and (match := _POSTCODE.fullmatch((made.text or "").strip())):
                made.text = f"{match[1]} {match[2].upper()}"

    def _schedule(self, patient: _Element, row: Registratie) -> None:
        observation = _sub(
            _sub(patient, "subjectOf1", typeCode="SBJ"),
            "administrativeObservation",
            classCode="OBS",
            moodCode="EVN",
        )
        _template(observation, "41584")
        self._code(observation, 1584)
        self._put(observation, "value", row)

    def _organisation(self, parent: _Element, child: Child) -> None:
        entity = _sub(parent, "assignedEntity", classCode="ASSIGNED")
        _template(entity, "122")
        rows = child.organisation
        numbers = {root: nr for n, root in ((603, _URA), (1529, _AGB)) if (nr := _value(rows.get(n)))}
        name: str | None = _value(rows.get(1506)) or None
        if not numbers and name is None:  # the dossier does not say: who sends it cares for the child
            numbers = {_URA: self.facts["ura"]} if "ura" in self.facts else {}
            name = self.facts.get("name")
        for root, number in numbers.items():
            _sub(entity, "id", root=root, extension=number)
        if not numbers:
            _sub(entity, "id", nullFlavor="NI")
        if name:
            organisation = _sub(entity, "assignedOrganization", classCode="ORG", determinerCode="INSTANCE")
            _sub(organisation, "name").text = name

    def _vaccination(self, parent: _Element, given: Vaccination) -> None:
        event = _sub(
            parent, "substanceAdministrationEvent", classCode="SBADM", moodCode="EVN",
            negationInd="true" if given.refused else "false",
        )  # fmt: skip
        _template(event, "117")
        _sub(event, "code", code="IMMUNIZ", codeSystem=_ACT)
        self._time(event, given.value(DAY))
        medicine = _sub(
            _sub(_sub(event, "consumable", typeCode="CSM"), "medication", classCode="ADMM"),
            "administrableMedicine", classCode="MMAT", determinerCode="KIND",
        )  # fmt: skip
        self._put(medicine, "code", given.rows.get(KIND))
        if not given.refused:
            lot = _sub(medicine, "lotNumberText")
            if given.value(LOT):
                lot.text = given.value(LOT)
            else:
                lot.set("nullFlavor", "NI")  # the standard has this for a batch that is not known
        entity = _sub(_sub(event, "performer", typeCode="PRF"), "assignedEntity", classCode="ASSIGNED")
        _template(entity, "124")
        giver = _sub(entity, "representedOrganization", classCode="ORG", determinerCode="INSTANCE")
        _sub(giver, "id", nullFlavor="NI")
        if given.value(GIVER):
            _sub(giver, "name").text = given.value(GIVER)
        if given.value(PLACE):
            place = _sub(
                _sub(giver, "organizationContains", classCode="PART"), "partOrganization",
                classCode="ORG", determinerCode="INSTANCE",
            )  # fmt: skip
            _sub(place, "id", nullFlavor="NA")
            _sub(place, "name").text = given.value(PLACE)
        if given.refused:
            self._refusal(event, given)

    def _refusal(self, event: _Element, given: Vaccination) -> None:
        consent = _sub(
            _sub(event, "authorization", typeCode="AUTH"), "consentEvent",
            classCode="CONS", moodCode="EVN", negationInd="true",
        )  # fmt: skip
        _sub(consent, "code", code="IMMUNIZ", codeSystem=_ACT)
        if given.value(REFUSAL):
            reason = _sub(
                _sub(consent, "reasonOf", typeCode="RSON"),
                "observationEvent",
                classCode="OBS",
                moodCode="EVN",
            )
            self._code(reason, REFUSAL)
            self._put(reason, "value", given.rows[REFUSAL])

    # ---- parts ------------------------------------------------------------------------------------------------------

    def _code(self, parent: _Element, number: int) -> None:
        made = _sub(parent, "code", code=str(number), codeSystem=self.layout.systems["element"])
        element = self.definition.elementen.get(number)
        if element is not None and element.naam:
            made.set("displayName", element.naam)

    def _put(self, parent: _Element, tag: str, row: Registratie | None) -> None:
        if row is None:
            return
        number = row["bdsnummer"] or 0
        made = _sub(parent, tag)
        put(made, row, self.definition.elementen.get(number), self.definition)
        if made.get("code") is not None and made.get("codeSystem") is None and number in _LISTS:
            # an older definition does not name the system; the list of the message does
            concepts = self.model.concepts(_LISTS[number])[0]
            systems = {system for code, system in concepts if code == made.get("code")}
            if len(systems) == 1:
                made.set("codeSystem", systems.pop())

    def _name(self, number: int, code: str) -> str | None:
        """The name that the value list of an element gives to a code."""
        element = self.definition.elementen.get(number)
        pairs = code_pairs(self.definition, element.waardenlijst) if element and element.waardenlijst else []
        named = (p.naam for p in pairs if code in {c.code for c in (p.bds, p.hl7) if c is not None})
        return next(named, None)

    @staticmethod
    def _time(parent: _Element, moment: str | None, tag: str = "effectiveTime") -> None:
        if moment:
            _sub(parent, tag, value=ts(moment))


def _said(row: Registratie | None) -> bool:
    return bool(_value(row))


def _value(row: Registratie | None) -> str:
    return (row["waarde"] or "") if row is not None else ""


def _sub(parent: _Element, tag: str, **attributes: str) -> _Element:
    made = etree.SubElement(parent, HL7 + tag)
    for name, value in attributes.items():
        made.set(name, value)
    return made


def _template(parent: _Element, number: str) -> None:
    _sub(parent, "templateId", root=_TEMPLATES + number)
