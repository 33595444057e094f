"""The Basisdataset JGZ as typed, immutable values: one `Definition` per version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How often something may occur; `None` where the sources do not say, `maximum` "*" is unbounded (None)."""

    minimum: int | None
    maximum: int | None
    unbounded: bool

    def __str__(self) -> str:
        if self.minimum is None and self.maximum is None and not self.unbounded:
            return "?"
        high = "*" if self.unbounded else self.maximum
        return f"{self.minimum if self.minimum is not None else '?'}..{high if high is not None else '?'}"


@dataclass(frozen=True, slots=True)
class Rubriek:
    """A chapter of the dossier. `binding`: dossiergebonden or activiteitgebonden."""

    rubriek: str
    naam: str
    register_type: str
    binding: str
    card: Cardinality
    card_per_activiteit: Cardinality
    card_bron: str
    pad: str
    template_id: str


@dataclass(frozen=True, slots=True)
class Groep:
    """Elements that are recorded together; `groepcluster`: the message has a groupCluster for it."""

    groep: str
    naam: str
    register_type: str
    in_bericht: bool
    rubriek: str
    bovenliggende_groep: str
    card: Cardinality
    card_bericht: Cardinality
    groepcluster: bool
    elementen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """One numbered element. Empty strings and None mean: the sources do not say.

    `card` is the cardinality of the data set, `card_bericht` that of the message; they differ on purpose.
    `zekerheid`: A = schematron and/or data set, B = stylesheet or message, C = inferred from shape.
    """

    bdsnummer: int
    naam: str
    status: str
    in_bericht: bool
    rubriek: str
    groep: str
    datatype: str
    datatype_bron: str
    hl7_datatype: str
    eenheid: str
    minimum: Decimal | None
    maximum: Decimal | None
    max_lengte: int | None
    waardenlijst: str
    waardenlijst_bron: str
    codesysteem: str
    nullflavor: tuple[str, ...]
    card: Cardinality
    conformance: str
    card_bron: str
    card_bericht: Cardinality
    conformance_bericht: str
    locatie_soort: str
    pad: str
    template_id: str
    template_versie: str
    zekerheid: str
    bron: str

    @property
    def groepen(self) -> tuple[str, ...]:
        """From the outer to the inner group: `G014/G016` → `("G014", "G016")`."""
        return tuple(self.groep.split("/")) if self.groep else ()

    @property
    def coded(self) -> bool:
        return self.hl7_datatype in {"CV", "CO", "CD", "CS", "CE"} or self.datatype == "KL_AN"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a value list. `rij`: concept, exception (a nullFlavor) or complete-codesystem.

    `status`: L = live, D = deprecated (old values may travel, none may be newly recorded),
    S = specialisable, A = abstract, empty = unknown.
    """

    codesysteem: str
    code: str
    weergavenaam: str
    rij: str
    niveau: int | None
    status: str
    nullflavor: bool


@dataclass(frozen=True, slots=True)
class Waardenlijst:
    """A value list in one coding: `soort` BDS (data set, JSON), HL7 (message) or extern."""

    waardenlijst: str
    soort: str
    valuesets: tuple[str, ...]
    naam: str
    ingang: str
    versielabel: str
    status: str
    in_bericht: bool
    bron: str
    codes: tuple[Code, ...]

    def find(self, code: str) -> Code | None:
        return next((c for c in self.codes if c.code == code), None)


@dataclass(frozen=True)
class Definition:
    """One version of the BDS.

    `waardenlijsten` is keyed by (number, soort), for example `("W0177", "HL7")`; lists without a W-number
    are keyed by their value set OID.
    """

    version: str
    interactie: str
    datum: str
    bron: str
    rubrieken: dict[str, Rubriek]
    groepen: dict[str, Groep]
    elementen: Mapping[int, Element]
    waardenlijsten: Mapping[tuple[str, str], Waardenlijst]
    _frames: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def in_bericht(self) -> dict[int, Element]:
        """The elements of the exchange set."""
        return {n: e for n, e in self.elementen.items() if e.in_bericht}

    def living(self, bdsnummer: int) -> bool:
        """Whether an element may be recorded: in the message, or kept in the register beside it."""
        element = self.elementen.get(bdsnummer)
        return element is not None and (element.in_bericht or element.status in {"actief", "deprecated"})

    def waardenlijst(self, element: Element | int, soort: str = "HL7") -> Waardenlijst | None:
        """The value list of an element in a coding, or None where it has none or the sources lack it."""
        chosen = self.elementen[element] if isinstance(element, int) else element
        return self.waardenlijsten.get((chosen.waardenlijst, soort))

    def elementen_frame(self) -> pl.DataFrame:
        """One row per element: the columns of `elementen.csv`, numbers as numbers, empty as null."""
        from bds_tool.schema.frames import elementen_frame

        return self._frames.setdefault("elementen", elementen_frame(self))

    def codes_frame(self) -> pl.DataFrame:
        """One row per code: waardenlijst, soort, codesysteem, code, weergavenaam, rij, status, nullflavor."""
        from bds_tool.schema.frames import codes_frame

        return self._frames.setdefault("codes", codes_frame(self))
