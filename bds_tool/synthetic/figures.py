"""A population spec and a profile to make a twin of, as types: `populatie.schema.json` and `gelijkenis.schema.json`."""

from __future__ import annotations

from typing import NotRequired, Required, TypeAlias, TypedDict

#: By code.
Chances: TypeAlias = dict[str, float]


#: A shift per level of education: laag, midden, hoog.
Step: TypeAlias = dict[str, float]


class Figure(TypedDict, total=False):
    """A number with its source; moved by education and by the risk of the wijk."""

    waarde: Required[float]
    sd: float
    risico: float
    opleiding: Step
    bron: Required[str]
    zekerheid: Required[str]


class Distribution(TypedDict):
    kansen: Chances
    bron: str
    zekerheid: str


class Question(TypedDict):
    element: int
    bij: list[str]
    ingevuld: float
    kansen: Chances
    risico: NotRequired[float]


class Surroundings(TypedDict):
    presets: dict[str, dict[str, int]]
    spreiding_omvang: Figure
    spreiding_risico: Figure
    kinderen_per_postcode: Figure


class Parents(TypedDict, total=False):
    opleiding: Required[Distribution]
    opleiding_onbekend: Required[Figure]
    herkomst: Required[Distribution]
    leeftijd_moeder: Required[Figure]
    zelfde_land_vader: Required[Figure]
    lengte_moeder_mm: Figure
    lengte_vader_mm: Figure


class Pregnancy(TypedDict):
    weken: Distribution
    roken: Figure
    alcohol: Figure
    drugs: Figure
    maternale_vaccinatie: Figure
    ingevuld: Figure


class Feeding(TypedDict):
    curve: dict[str, list[float]]
    opleiding: Step
    risico: float
    bijvoeding_vanaf_dagen: Figure
    ingevuld: Figure
    tot_dagen: int


class Moment(TypedDict):
    sleutel: str
    dagen: int
    sd: float
    soort: str
    soort_oud: str
    vorm: str
    opkomst: float
    discipline: str


class Indicated(TypedDict):
    kans: Figure
    redenen: Chances


class Missed(TypedDict):
    kansen: Chances
    oud: dict[str, str]
    risico: float


class Contacts(TypedDict):
    momenten: list[Moment]
    op_indicatie: Indicated
    niet_verschenen: Missed


class Growing(TypedDict):
    knopen_jaren: list[float]
    eigen_niveau: Figure
    gekleed: Figure
    bmi_opleiding: Step
    bmi_risico: float
    momenten: dict[str, list[str]]


class Shot(TypedDict, total=False):
    code: Required[str]
    nr: Required[int]
    bij: Required[str]
    van: int
    tot: int
    zonder_maternaal: bool


class Schedule(TypedDict):
    prikken: list[Shot]


class Vaccinations(TypedDict):
    deelname: Figure
    per_prik: Figure
    inhaal: Figure
    schema_2_1: Figure
    toestemming_rivm: Figure
    bezwaar_reden: Chances
    schema: Schedule


class Sdq(TypedDict):
    bij: dict[str, str]
    informant: dict[str, str]
    ingevuld: Figure
    drempels: dict[str, list[float]]


class Development(TypedDict):
    d_sd: Figure
    m_code: Figure
    ingevuld: Figure
    kolom: dict[str, str]
    sdq: Sdq


class Questions(TypedDict):
    lijst: list[Question]
    aanvulling: list[Question]
    bij_geboorte: list[Question]
    verwezen: Distribution
    verwijzing: Figure


class Texts(TypedDict):
    kans: Figure
    conclusies: list[str]


class Names(TypedDict):
    meisjes: list[str]
    jongens: list[str]
    achternamen: list[str]
    straten: list[str]


class Population(TypedDict):
    id: str
    titel: str
    peildatum: str
    jaren: Figure
    gebied: Surroundings
    ouders: Parents
    zwangerschap: Pregnancy
    voeding: Feeding
    contacten: Contacts
    groei: Growing
    vaccinaties: Vaccinations
    ontwikkeling: Development
    vragen: Questions
    teksten: Texts
    levensloop: dict[str, Figure]
    namen: Names


class ProfileContact(TypedDict):
    """A class of age at a contact, and in how many dossiers."""

    age: int
    n: int


class Cell(TypedDict):
    """At this age (None: of the whole dossier), of this element, this value in so many dossiers."""

    age: int | None
    element: int
    kind: str
    value: str | None
    unit: str | None
    n: int


class Likeness(TypedDict):
    schema_version: int
    k: int
    rounded_to: int
    versions: list[str]
    dossiers: int
    ages: list[float]
    contacts: list[ProfileContact]
    cells: list[Cell]
