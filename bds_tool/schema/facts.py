"""Facts beside the versions: successors of elements, change requests, the fields of the JAMES format."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bds_tool.places import specs_dir
from bds_tool.schema.loading import read_rows


@dataclass(frozen=True, slots=True)
class Succession:
    """`oud` is followed by `nieuw` since version `sinds`; `zekerheid` A official, B from the conversion's context."""

    oud: int
    nieuw: int
    sinds: str
    aard: str
    toelichting: str
    zekerheid: str
    bron: str


@dataclass(frozen=True, slots=True)
class Request:
    """A change request (JGZ-nnn) and one thing it touches between two versions."""

    van: str
    naar: str
    verzoek: str
    soort: str
    nummer: str
    waardenlijst: str
    code: str
    bron: str


@dataclass(frozen=True, slots=True)
class JamesField:
    """How one JAMES format carries an element; empty text means that the format makes no demand."""

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


@dataclass(frozen=True, slots=True)
class JamesFormat:
    """Names and places of one JAMES format."""

    formaat: str
    kenmerk: str
    element: str
    waarde: str
    kind: str
    contacten: str
    ouders: str


def successions() -> tuple[Succession, ...]:
    """All known successors, from `specs/bds/opvolging.csv`."""
    return _successions(str(specs_dir()))


def requests() -> tuple[Request, ...]:
    """All known change requests, from `specs/bds/verzoeken.csv`."""
    return _requests(str(specs_dir()))


def james_fields() -> tuple[JamesField, ...]:
    """Every element in every JAMES format, from `specs/james/velden.csv`."""
    return _james_fields(str(specs_dir()))


def james_formats() -> dict[str, JamesFormat]:
    """The JAMES formats by number, from `specs/james/formaten.csv`."""
    return {r["formaat"]: JamesFormat(**r) for r in read_rows(str(specs_dir()), "james/formaten.csv")}


@lru_cache(maxsize=4)
def _successions(root: str) -> tuple[Succession, ...]:
    rows = read_rows(root, "bds/opvolging.csv")
    return tuple(Succession(**{**r, "oud": int(r["oud"]), "nieuw": int(r["nieuw"])}) for r in rows)  # type: ignore[arg-type]


@lru_cache(maxsize=4)
def _requests(root: str) -> tuple[Request, ...]:
    return tuple(Request(**r) for r in read_rows(root, "bds/verzoeken.csv"))


@lru_cache(maxsize=4)
def _james_fields(root: str) -> tuple[JamesField, ...]:
    rows = read_rows(root, "james/velden.csv")
    return tuple(
        JamesField(**{**r, "bdsnummer": int(r["bdsnummer"]), "codes": tuple(r["codes"].split())})  # type: ignore[arg-type]
        for r in rows
    )
