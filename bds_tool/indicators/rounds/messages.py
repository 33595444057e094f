"""What participants and who adds up send each other in a round, as types: `rondebestand.schema.json`."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from bds_tool.indicators.told import DefinitionTold


class Joined(TypedDict):
    """The application of a participant; `keys`: mask and sign; `places`: level, code, parent, name."""

    bds_round: int
    kind: str
    round: str
    name: str
    keys: dict[str, str]
    division: NotRequired[str | None]
    places: list[list[str | None]]
    values: NotRequired[dict[str, list[str]]]


class RoundSettings(TypedDict, total=False):
    """The choices that all count with; empty in a round about a package. An earlier program knew fewer."""

    first_year: int
    last_year: int
    reference_date: str
    reference: str
    rolling: int
    education: str
    growth_chart: str
    cutoff: str
    clothes: str
    place: str
    education_classes: str
    origin: str


class Request(TypedDict):
    """The file of a request: `specs/_schemas/ronde.schema.json`."""

    bds_round: int
    id: str
    title: str
    organiser: str
    created: str
    deadline: str
    mode: str
    participants: list[str]
    definitions: dict[str, DefinitionTold]
    settings: RoundSettings
    levels: list[str]
    by: list[str]
    yearly: bool
    policy: str
    program: str
    keys: dict[str, dict[str, str]]
    places: list[tuple[str, str, str | None, str]]
    values: dict[str, list[str]]
    package: NotRequired[str]


class SentFile(TypedDict):
    file: str
    bytes: NotRequired[int]
    sha256: str
    what: NotRequired[str]


class Answer(TypedDict):
    """The list of what leaves the house with an answer or a repair, signed in a sealed round."""

    bds_round: int
    kind: str
    round: str
    request: str
    name: str
    created: str
    files: list[SentFile]
    missing: NotRequired[list[str]]
    signature: NotRequired[str]


class RepairWanted(TypedDict):
    kind: str
    request: str
    missing: list[str]


class TouchedRow(TypedDict):
    """An element that a package changes, an outcome, and how many values at least and at most."""

    bdsnummer: int
    outcome: str
    values: list[int]


class TouchedTold(TypedDict):
    version: NotRequired[str]
    to: NotRequired[str]
    touched: list[TouchedRow]


class Secret(TypedDict):
    """What stays with a participant; `answer` and `repair`: the hash of what was handed in."""

    round: str
    name: str
    mask: str
    sign: str
    answer: NotRequired[str]
    repair: NotRequired[str]
