"""What a mapping holds: zibs with their concepts, one row per element and release, one row per translated code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bds_tool.base.ranges import Range

#: Releases of the zibs; every element has a row for the first two, 2024 only where its concepts are known.
RELEASES = ("2017", "2020", "2024")
#: Statuses in which an element has a counterpart.
BEWEZEN = ("gemapt", "deels")
NO_TERM = "sssom:NoTermFound"


@dataclass(frozen=True, slots=True)
class Zib:
    """A zib in one release. `beoordeling` is the review status of its R4 profile, empty when unknown."""

    release: str
    zib: str
    oid: str
    naam: str
    naam_en: str
    versie: str
    beoordeling: str


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept of a zib; `binding` is the strength in the FHIR profile, `code` the fixed code(s) there."""

    release: str
    concept: str
    zib: str
    naam: str
    naam_en: str
    datatype: str
    cardinaliteit: str
    eenheid: str
    profielen: tuple[str, ...]
    fhir_elementen: tuple[str, ...]
    binding: str
    valueset: str
    code: str


@dataclass(frozen=True, slots=True)
class Koppeling:
    """One SSSOM row. The relation is a proposal; `bewijs` says which part rests on a published source.

    `predicaat` reads from the BDS element to the zib concept: exactMatch, broadMatch (the zib is wider),
    narrowMatch (the zib is narrower), relatedMatch. `vorm` and `plaats` say where the FHIR export puts it;
    both are empty when the export keeps the element as a BDS-coded resource.
    """

    bdsnummer: int
    naam: str
    predicaat: str
    object_id: str
    object_naam: str
    zekerheid: float
    versies: Range
    release: str
    status: str
    profiel: str
    pad: str
    code: str
    eenheid_bds: str
    eenheid_fhir: str
    waardenlijst: str
    vorm: str
    plaats: str
    gevoelig: str
    bewijs: str
    toelichting: str
    regel: int

    @property
    def concept(self) -> str:
        """`NL-CM:12.2.2`, or empty when there is no counterpart."""
        return self.object_id.replace("nlcm:", "NL-CM:") if self.object_id.startswith("nlcm:") else ""


@dataclass(frozen=True, slots=True)
class Codekoppeling:
    """One code of a BDS list and its target. `doel_code` may hold two codes joined by `+` (both apply).

    `relatie` is a FHIR R4 equivalence read from source to target: equal, equivalent, wider (target wider),
    narrower, relatedto, unmatched. `resultaat` is a value of a base FHIR element where a profile asks one.
    `voorwaarde` restricts the row: `element=900`, `geslacht=male`.
    """

    waardenlijst: str
    bds: str
    hl7: str
    naam: str
    relatie: str
    systeem: str
    code: str
    resultaat: str
    voorwaarde: str
    release: str
    bewijs: str
    regel: int

    @property
    def gemapt(self) -> bool:
        return self.relatie != "unmatched"


@dataclass(frozen=True)
class Zibkaart:
    """Everything in `specs/zib/`."""

    zibs: tuple[Zib, ...]
    concepten: dict[tuple[str, str], Concept]
    koppelingen: tuple[Koppeling, ...]
    lijsten: dict[str, tuple[Codekoppeling, ...]]
    #: abbreviation → URI, and OID → URI
    systemen: dict[str, str]
    oids: dict[str, str]

    @cached_property
    def per_element(self) -> dict[tuple[int, str], tuple[Koppeling, ...]]:
        found: dict[tuple[int, str], list[Koppeling]] = {}
        for row in self.koppelingen:
            found.setdefault((row.bdsnummer, row.release), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    def van(self, bdsnummer: int, release: str) -> Koppeling | None:
        """The mapping of an element in a release; None when the release says nothing about it."""
        rows = self.per_element.get((bdsnummer, release))
        return rows[0] if rows else None

    def lijst(self, waardenlijst: str, release: str = "2020") -> tuple[Codekoppeling, ...]:
        return tuple(c for c in self.lijsten.get(waardenlijst, ()) if c.release == release)

    def uri(self, systeem: str) -> str:
        """The URI of an abbreviation or an OID; an unknown OID becomes `urn:oid:…`."""
        if systeem in self.systemen:
            return self.systemen[systeem]
        if systeem in self.oids:
            return self.oids[systeem]
        return f"urn:oid:{systeem}" if systeem[:1].isdecimal() else systeem

    @cached_property
    def uri_naar_oid(self) -> dict[str, str]:
        return {uri: oid for oid, uri in self.oids.items()}
