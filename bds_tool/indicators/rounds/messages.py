"""What participants and who adds up send each other in a round, as types: `rondebestand.schema.json`."""

from __future__ import annotations

from typing import NotRequired, TypedDict


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
