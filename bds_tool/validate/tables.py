"""What a version of the BDS asks of values, as frames that whole-table rules join on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.base import compiled
from bds_tool.base.specs import specs_dir
from bds_tool.schema import load, versions
from bds_tool.schema.bindings import OWN_NODE, PARTIAL, WHOLE, binding
from bds_tool.schema.loading import element_texts
from bds_tool.schema.state import state
from bds_tool.schema.sublists import sublists

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition, Element

#: Data types of the message whose values are Dutch care numbers, by the form they must have.
IDENTIFIERS = {
    "II.NL.BSN": "bsn",
    "II.NL.AGB": "agb",
    "II.NL.BIG": "big",
    "II.NL.UZI": "uzi",
    "II.NL.URA": "ura",
}
#: Elements whose value list is table 33 of the BRP (RvIG): gemeenten, by a code of four digits.
GEMEENTE_LISTS = frozenset({"W0005"})


@dataclass(frozen=True)
class Tables:
    """Frames of one version in one coding (`HL7` in messages, `BDS` elsewhere).

    `elements`: one row per element with what is due; `codes`: (lijst, waarde) with status; `elsewhere`: codes
    that other versions know; `other`: codes of the other coding; `numbers`: for every element number the
    versions that have it.
    """

    version: str
    coding: str
    definition: Definition
    elements: pl.DataFrame
    codes: pl.DataFrame
    elsewhere: pl.DataFrame
    other: pl.DataFrame
    names: dict[int, str]

    def of_kind(self, *kinds: str) -> frozenset[int]:
        """Numbers of the elements of these kinds."""
        chosen = self.elements.filter(pl.col("kind").is_in(list(kinds)))
        return frozenset(chosen["bdsnummer"].to_list())


#: The frames of `Tables`, and the modules that make them of the definitions.
_FRAMES = ("elements", "codes", "elsewhere", "other")
_MAKERS = (
    *("base/ranges.py", "schema/bindings.py", "schema/frames.py", "schema/loading.py", "schema/model.py"),
    *("schema/sublists.py", "validate/tables.py"),
)


@lru_cache(maxsize=16)
def _tables(version: str, coding: str, root: str) -> Tables:
    if found := compiled.known(_made_of(version, coding, root)):
        with suppress(pl.exceptions.PolarsError):  # damaged since
            return _unpacked(version, coding, found[0])
    return _made(version, coding)


def packed() -> tuple[list[bytes], list[object]]:
    """For `compiled.write`: the tables of every version in both codings, each by what it was made of."""
    root = str(specs_dir())
    every = [(version, coding) for version in versions() for coding in ("HL7", "BDS")]
    return [_made_of(v, c, root) for v, c in every], [_packed(_made(v, c)) for v, c in every]


def _made_of(version: str, coding: str, root: str) -> bytes:
    return f"tables {version} {coding} {state(root, _MAKERS)}".encode()


def _packed(made: Tables) -> object:
    frames = {}
    for name in _FRAMES:
        content = BytesIO()
        getattr(made, name).write_ipc(content, compression="zstd")
        frames[name] = content.getvalue()
    return frames, made.names


def _unpacked(version: str, coding: str, found: tuple[dict[str, bytes], dict[int, str]]) -> Tables:
    frames, names = found
    read = {name: pl.read_ipc(BytesIO(content)) for name, content in frames.items()}
    return Tables(version, coding, load(version), **read, names=names)


def _made(version: str, coding: str) -> Tables:
    definition = load(version)
    placed = frozenset(s.bdsnummer for s in sublists(definition))
    rows = [_element(e, definition, coding, placed) for e in definition.elementen.values()]
    elements = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return Tables(
        version,
        coding,
        definition,
        elements,
        _codes(definition, coding),
        _elsewhere(version, coding),
        _codes(definition, "BDS" if coding == "HL7" else "HL7").select("lijst", "waarde"),
        {n: e.naam for n, e in definition.elementen.items()},
    )


def tables(version: str, coding: str) -> Tables:
    """The frames of a version; raises UsageError when the version is not in `specs/`."""
    return _tables(version, coding, str(specs_dir()))


@lru_cache(maxsize=4)
def _numbers(_root: str) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for version in versions():
        for number, status in element_texts(version, "status").items():
            if "niet in" not in status:
                found.setdefault(number, []).append(version)
    return {n: tuple(v) for n, v in found.items()}


def versions_of() -> dict[int, tuple[str, ...]]:
    """Element number → the BDS versions that have it, oldest first."""
    return _numbers(str(specs_dir()))


@lru_cache(maxsize=4)
def _exchanged(_root: str) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for version in versions():
        for number in load(version).in_bericht:
            found.setdefault(number, []).append(version)
    return {n: tuple(v) for n, v in found.items()}


def exchanged_in() -> dict[int, tuple[str, ...]]:
    """Element number → the BDS versions whose message has it, oldest first."""
    return _exchanged(str(specs_dir()))


@lru_cache(maxsize=4096)
def _name(number: int, _root: str) -> str:
    having = (e for v in reversed(versions()) if (e := load(v).elementen.get(number)) and e.naam)
    return next((e.naam for e in having), "")


def element_name(number: int | None) -> str:
    """The name of an element in the newest version that has it; empty when no version has."""
    return "" if number is None else _name(number, str(specs_dir()))


_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "bdsnummer": pl.Int32,
    "kind": pl.String,
    "due_unit": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
    "due_length": pl.Int32,
    "lijst": pl.String,
    "complete": pl.Boolean,
    "partial": pl.Boolean,
    "placed": pl.Boolean,
    "deprecated": pl.Boolean,
    "exchanged": pl.Boolean,
    "due_rubriek": pl.String,
    "due_groep": pl.String,
    "due_system": pl.List(pl.String),
    "due_null": pl.List(pl.String),
    "any_null": pl.Boolean,
    "per_activity": pl.Boolean,
    "most": pl.Int32,
    "certain": pl.Boolean,
    "own_node": pl.Boolean,
}


def _element(e: Element, definition: Definition, coding: str, placed: frozenset[int]) -> tuple[object, ...]:
    rubriek = definition.rubrieken.get(e.rubriek)
    bound = binding(definition, e, coding)
    lijst = e.waardenlijst if bound else None
    systems: set[str] = set(filter(None, e.codesysteem.split("|"))) | (
        bound.systems if bound else frozenset()
    )
    # Where data set and message differ on how often, the wider one holds: only what breaks both is an error.
    limits = [c for c in (e.card, e.card_bericht) if c.maximum is not None or c.unbounded]
    most = None if not limits or any(c.unbounded for c in limits) else max(c.maximum or 1 for c in limits)
    return (
        e.bdsnummer,
        _kind(e, lijst, coding),
        e.eenheid or None,
        _float(e.minimum),
        _float(e.maximum),
        e.max_lengte,
        lijst,
        bound is not None and bound.state == WHOLE,
        bound is not None and bound.state == PARTIAL,
        # What is decided by place is judged there (checks.placed).
        coding == "HL7" and e.bdsnummer in placed,
        e.status == "deprecated",
        e.in_bericht,
        e.rubriek or None,
        e.groepen[-1] if e.groepen else None,
        sorted(systems),
        [n for n in e.nullflavor if n != "any"],
        "any" in e.nullflavor,
        rubriek.binding == "activiteitgebonden" if rubriek else None,
        most,
        e.zekerheid == "A",
        e.locatie_soort in OWN_NODE,
    )


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))


def _kind(e: Element, lijst: str | None, coding: str) -> str:
    if e.hl7_datatype in IDENTIFIERS:
        return IDENTIFIERS[e.hl7_datatype]
    if lijst:
        return "code"
    if e.datatype == "BL" or (e.hl7_datatype in {"BL", "presence"} and coding == "HL7"):
        return "janee"
    by_type = {"PQ": "maat", "INT": "geheel", "TS": "datum"}
    if e.datatype in by_type:
        return by_type[e.datatype]
    return "code-zonder-lijst" if e.datatype == "KL_AN" else "tekst"


def _codes(definition: Definition, coding: str) -> pl.DataFrame:
    """Codes of a coding by list and code; the lightest status wins where a code stands in a list twice."""
    frame = definition.codes_frame()
    return (
        frame.filter((pl.col("soort") == coding) & (pl.col("rij") != "complete-codesystem"))
        .select(
            pl.col("waardenlijst").alias("lijst"),
            pl.col("code").alias("waarde"),
            pl.col("status").alias("code_status"),
            pl.col("nullflavor").alias("is_null"),
            pl.col("weergavenaam").alias("display"),
        )
        .sort(pl.col("code_status") == "D")
        .unique(["lijst", "waarde"], keep="first", maintain_order=True)
    )


def _elsewhere(version: str, coding: str) -> pl.DataFrame:
    frames = [
        load(v)
        .codes_frame()
        .filter((pl.col("soort") == coding) & (pl.col("rij") == "concept"))
        .select(
            pl.col("waardenlijst").alias("lijst"), pl.col("code").alias("waarde"), pl.lit(v).alias("known_in")
        )
        for v in versions()
        if v != version
    ]
    return pl.concat(frames).group_by("lijst", "waarde", maintain_order=True).agg(pl.col("known_in").last())
