"""FHIR R4 as far as it is read: what a resource holds when it is built as the standard says.

A resource that is built otherwise raises where it is read, and gives no row (BDS050).
"""

from __future__ import annotations

from typing import Literal, Required, TypeAlias, TypedDict


class Coding(TypedDict, total=False):
    system: str
    code: str
    display: str


class Concept(TypedDict, total=False):
    coding: list[Coding]
    text: str


class Reference(TypedDict, total=False):
    reference: str
    type: str
    display: str


class Period(TypedDict, total=False):
    start: str
    end: str


class Quantity(TypedDict, total=False):
    value: float
    code: str
    unit: str


class Identifier(TypedDict, total=False):
    system: str
    value: str


class Note(TypedDict, total=False):
    text: str


class Place(TypedDict, total=False):
    city: str
    country: str


class Extension(TypedDict, total=False):
    url: str
    extension: list[Extension]
    valueCodeableConcept: Concept
    valueString: str
    valueAddress: Place


class Extended(TypedDict, total=False):
    """What stands beside a primitive value: `_family` beside `family`."""

    extension: list[Extension]


class HumanName(TypedDict, total=False):
    use: str
    text: str
    family: str
    _family: Extended
    given: list[str]


class ContactPoint(TypedDict, total=False):
    system: str
    _system: Extended
    use: str
    value: str


class Address(TypedDict, total=False):
    extension: list[Extension]
    _line: list[Extended | None]
    city: str
    district: str
    postalCode: str
    _country: Extended
    period: Period


class Valued(TypedDict, total=False):
    """A value[x]: of an observation, of a component, of an answer."""

    valueQuantity: Quantity
    valueCodeableConcept: Concept
    valueCoding: Coding
    valueBoolean: bool
    valueInteger: int
    valueDecimal: float
    valueDateTime: str
    valueDate: str
    valueString: str
    dataAbsentReason: Concept


class Component(Valued, total=False):
    code: Concept


class Item(TypedDict, total=False):
    linkId: str
    answer: list[Valued]


class Participant(TypedDict, total=False):
    individual: Reference


class Performer(TypedDict, total=False):
    actor: Reference


class Provision(TypedDict, total=False):
    type: str
    period: Period


class Affliction(TypedDict, total=False):
    code: Concept


class Meta(TypedDict, total=False):
    source: str
    profile: list[str]


class BodySite(Concept, total=False):
    extension: list[Extension]


class _About(TypedDict, total=False):
    """Whose a resource is, of which contact and when."""

    resourceType: Required[str]
    id: str
    meta: Meta
    subject: Reference
    patient: Reference
    encounter: Reference
    period: Period
    effectiveDateTime: str
    effectivePeriod: Period
    authored: str
    recordedDate: str
    date: str


class _Person(_About, total=False):
    identifier: list[Identifier]
    gender: str
    _gender: Extended
    relationship: list[Concept]
    birthDate: str
    name: list[HumanName]
    telecom: list[ContactPoint]
    address: list[Address]
    extension: list[Extension]
    deceasedDateTime: str
    multipleBirthBoolean: bool
    managingOrganization: Reference
    generalPractitioner: list[Reference]


class Resource(Valued, _Person, total=False):
    """What the resources of a child hold, each type its own part."""

    status: str
    category: list[Concept]
    code: Concept
    bodySite: BodySite
    component: list[Component]
    note: list[Note]
    type: list[Concept]
    reasonCode: list[Concept]
    participant: list[Participant]
    vaccineCode: Concept
    occurrenceDateTime: str
    lotNumber: str
    performer: list[Performer]
    statusReason: Concept
    provision: Provision
    dateTime: str
    item: list[Item]
    onsetDateTime: str
    abatementDateTime: str
    performedDateTime: str


class FamilyHistory(TypedDict, total=False):
    relationship: Concept
    condition: list[Affliction]
    note: list[Note]


class Organization(TypedDict, total=False):
    resourceType: Required[Literal["Organization"]]
    id: str
    name: str
    identifier: list[Identifier]


class Practitioner(TypedDict, total=False):
    resourceType: Required[Literal["Practitioner"]]
    id: str
    name: list[HumanName]
    identifier: list[Identifier]


#: What other resources refer to for their rows.
Shared: TypeAlias = Organization | Practitioner
