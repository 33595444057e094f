"""Facts beside the versions: successors of elements, change requests, the fields of the JAMES format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from bds_tool.base.errors import SpecError
from bds_tool.base.ranges import order
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.schema.loading import read_rows

Fact = TypeVar("Fact")


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
    rows = _typed(str(specs_dir()), "james/formaten.csv", lambda r: JamesFormat(**r))
    return {f.formaat: f for f in rows}


@lru_cache(maxsize=4)
def _successions(root: str) -> tuple[Succession, ...]:
    def make(oud: str, nieuw: str, **words: str) -> Succession:
        return Succession(int(oud), int(nieuw), **words)

    return _typed(root, "bds/opvolging.csv", lambda r: make(**r))


@lru_cache(maxsize=4)
def _requests(root: str) -> tuple[Request, ...]:
    return _typed(root, "bds/verzoeken.csv", lambda r: Request(**r))


def help_text(bdsnummer: int, version: str) -> dict[str, str]:
    """The words of the BDS about an element in a version; `stand` is `niet gevonden` where nobody found them in public."""
    rows = [r for r in read_rows(str(specs_dir()), "bds/helpteksten.csv") if r["bdsnummer"] == str(bdsnummer)]
    held = sorted((r for r in rows if order(r["since"]) <= order(version)), key=lambda r: order(r["since"]))
    found = held[-1] if held else {}
    return {k: found.get(k, "") for k in ("definitie", "toelichting", "bron")} | {
        "stand": found.get("stand", "niet gevonden")
    }


@lru_cache(maxsize=4)
def _james_fields(root: str) -> tuple[JamesField, ...]:
    def make(bdsnummer: str, codes: str, **words: str) -> JamesField:
        return JamesField(bdsnummer=int(bdsnummer), codes=tuple(codes.split()), **words)

    return _typed(root, "james/velden.csv", lambda r: make(**r))


def _typed(root: str, name: str, make: Callable[[dict[str, str]], Fact]) -> tuple[Fact, ...]:
    """The rows of a file as typed values; a draft with other columns is told as such, not as a bug."""
    try:
        return tuple(make(r) for r in read_rows(root, name))
    except (TypeError, ValueError, KeyError) as error:
        raise SpecError(
            t(f"{name} is niet te begrijpen: {error}.", f"{name} cannot be understood: {error}."),
            t("`bds spec check` wijst de plaats aan.", "`bds spec check` points at the place."),
        ) from error
