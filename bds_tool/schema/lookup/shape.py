"""The cards of `spec show` as types: what is known about one element, rubriek, groep or value list."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


class Named(TypedDict):
    nummer: str
    naam: str


class ValueRow(TypedDict):
    """One meaning of a value list, with both codes."""

    bds_code: str | None
    hl7_code: str | None
    naam: str
    codesysteem: str
    status: str
    nullflavor: bool


class FieldRow(TypedDict):
    veld: str
    van: str
    naar: str


class ChangeRow(TypedDict):
    """A change: its kind, key, columns from → to, classes forward and backward, requests."""

    soort: str
    tabel: str
    sleutel: str
    naam: str
    velden: list[FieldRow]
    forward: str
    backward: str
    jgz: list[str]


class HistoryRow(TypedDict):
    """One version; whether it is in the message and its status are told of elements only."""

    version: str
    exists: bool
    in_bericht: NotRequired[bool]
    status: NotRequired[str]
    changes: list[ChangeRow]


class SuccessionRow(TypedDict):
    bdsnummer: int
    naam: str
    sinds: str
    aard: str
    toelichting: str
    zekerheid: str
    bron: str


class RequestRow(TypedDict):
    """A change request, and the other numbers that it touches."""

    verzoek: str
    van: str
    naar: str
    ook: list[str]


class UseRow(TypedDict):
    kind: str
    id: str
    title: str
    file: str


class JamesRow(TypedDict):
    formaat: str
    plaats: str
    bdsnummer: int
    gecontroleerd: str
    json_type: str
    codes: tuple[str, ...]
    patroon: str
    minimum: str
    maximum: str
    eenheid: str
    lezer_minimum: str
    lezer_maximum: str
    doel: str
    omrekening: str


class Member(TypedDict):
    """An element in a rubriek, groep or list."""

    bdsnummer: int
    naam: str
    groep: str
    datatype: str
    eenheid: str
    waardenlijst: str
    in_bericht: bool
    status: str


class GroupMember(TypedDict):
    nummer: str
    naam: str
    in_bericht: bool


class ElementCardinality(TypedDict):
    data_set: str
    conformance: str
    source: str
    message: str
    message_conformance: str


class ElementMessage(TypedDict):
    locatie_soort: str
    pad: str
    volledig_pad: str
    interactie: str
    template_id: str
    codesysteem: str


class ElementCard(TypedDict):
    kind: Literal["element"]
    version: str
    bdsnummer: int
    naam: str
    status: str
    in_bericht: bool
    rubriek: Named
    groepen: list[Named]
    datatype: str
    datatype_bron: str
    hl7_datatype: str
    eenheid: str
    minimum: float | None
    maximum: float | None
    max_lengte: int | None
    nullflavor: list[str]
    waardenlijst: str
    waardenlijst_bron: str
    values: list[ValueRow]
    cardinality: ElementCardinality
    message: ElementMessage
    james: list[JamesRow]
    history: list[HistoryRow]
    successors: list[SuccessionRow]
    predecessors: list[SuccessionRow]
    requests: list[RequestRow]
    used_by: dict[str, list[UseRow]]
    help: dict[str, str]
    zekerheid: str
    bron: str


class RubriekCardinality(TypedDict):
    data_set: str
    per_activiteit: str
    source: str


class RubriekMessage(TypedDict):
    pad: str
    template_id: str


class RubriekCard(TypedDict):
    kind: Literal["rubriek"]
    version: str
    nummer: str
    naam: str
    status: str
    binding: str
    cardinality: RubriekCardinality
    message: RubriekMessage
    groepen: list[GroupMember]
    elementen: list[Member]
    history: list[HistoryRow]
    requests: list[RequestRow]


class GroepCardinality(TypedDict):
    data_set: str
    message: str


class GroepCard(TypedDict):
    kind: Literal["groep"]
    version: str
    nummer: str
    naam: str
    status: str
    in_bericht: bool
    rubriek: Named
    bovenliggende_groep: Named | None
    groepcluster: bool
    cardinality: GroepCardinality
    groepen: list[GroupMember]
    elementen: list[Member]
    history: list[HistoryRow]
    requests: list[RequestRow]


class Coding(TypedDict):
    """A value list in one coding; `codes`: how many."""

    soort: str
    naam: str
    valuesets: list[str]
    status: str
    ingang: str
    codes: int
    bron: str


class ListCard(TypedDict):
    kind: Literal["lijst"]
    version: str
    nummer: str
    naam: str
    codings: list[Coding]
    values: list[ValueRow]
    elementen: list[Member]
    history: list[HistoryRow]


Card: TypeAlias = ElementCard | RubriekCard | GroepCard | ListCard
