"""The rows of one resource, sorted by place; each row is either placed or handed back."""

from __future__ import annotations

from dataclasses import dataclass, field

from bds_tool.base.json_types import JsonObject
from bds_tool.export.fhir.datatypes import NUMBER, coding, datum, moment
from bds_tool.export.fhir.plan import Plan, Regel
from bds_tool.export.fhir.rows import Rij
from bds_tool.export.fhir.values import bron_coding, doel_codings, maak_cel
from bds_tool.schema.zib import Codekoppeling


@dataclass(slots=True)
class Rest:
    """A row that found no place, and why not."""

    rij: Rij
    regel: Regel


@dataclass(slots=True)
class Vakken:
    """Rows by place. `hl7` is the coding of the source; `geplaatst` collects what the builder used."""

    plan: Plan
    hl7: bool
    rijen: dict[str, list[tuple[Rij, Regel]]] = field(default_factory=dict)
    geplaatst: list[tuple[Rij, Regel]] = field(default_factory=list)

    def voeg(self, rij: Rij, regel: Regel) -> None:
        self.rijen.setdefault(regel.plaats, []).append((rij, regel))

    def __bool__(self) -> bool:
        return bool(self.rijen)

    def rij(self, plaats: str) -> Rij | None:
        """The first row of a place that has a value, without taking it."""
        return next((r for r, _ in self.rijen.get(plaats, ()) if r.waarde is not None), None)

    def neem(self, plaats: str) -> str:
        """Take the first value of a place; a second value stays behind as rest."""
        for index, (rij, regel) in enumerate(self.rijen.get(plaats, ())):
            if rij.waarde is not None:
                self._pak(plaats, index)
                self.geplaatst.append((rij, regel))
                return rij.waarde
        return ""

    def neem_datum(self, plaats: str, *, tijd: bool = False) -> str:
        """Take a value only when it is a date FHIR can hold."""
        rij = self.rij(plaats)
        text = (moment(rij.waarde) if tijd else datum(rij.waarde)) if rij and rij.waarde else ""
        return self.neem(plaats) and text if text else ""

    def neem_code(self, plaats: str) -> tuple[Codekoppeling | None, dict[str, str]] | None:
        """Take a code: (its translation or None, the coding as registered)."""
        for index, (rij, regel) in enumerate(self.rijen.get(plaats, ())):
            if rij.waarde is None:
                continue
            cel = maak_cel(regel, rij.waarde, None, rij.codesysteem, None, None, self.hl7, None, None)
            if cel.klasse not in {"code", "ja"}:
                continue
            self._pak(plaats, index)
            self.geplaatst.append((rij, regel))
            target = next((d for d in regel.doelen(rij.waarde, cel.hl7) if d.gemapt), None)
            return target, bron_coding(self.plan, cel)
        return None

    def neem_anders(self, plaats: str) -> str | None:
        """Take `other, namely …` (nullFlavor OTH with text): the text."""
        for index, (rij, regel) in enumerate(self.rijen.get(plaats, ())):
            if rij.waarde is None and rij.nullflavor == "OTH" and rij.tekst:
                self._pak(plaats, index)
                self.geplaatst.append((rij, regel))
                return rij.tekst
        return None

    def alles(self, plaats: str) -> list[str]:
        """Take every value of a place, in order."""
        found = []
        while value := self.neem(plaats):
            found.append(value)
        return found

    def getal(self, plaats: str) -> str:
        rij = self.rij(plaats)
        return self.neem(plaats) if rij and rij.waarde and NUMBER.match(rij.waarde) else ""

    def rest(self) -> list[Rest]:
        return [Rest(rij, regel) for rows in self.rijen.values() for rij, regel in rows]

    def terug(self) -> None:
        """Undo: everything taken becomes rest again, because no resource came of it."""
        for rij, regel in self.geplaatst:
            self.voeg(rij, regel)
        self.geplaatst.clear()

    def _pak(self, plaats: str, index: int) -> None:
        rows = self.rijen[plaats]
        del rows[index]
        if not rows:
            del self.rijen[plaats]


def begrip(
    plan: Plan,
    found: tuple[Codekoppeling | None, dict[str, str]],
    *,
    extra: list[dict[str, str]] | None = None,
) -> JsonObject:
    """A CodeableConcept of a taken code: translation first, the registered coding last, none twice."""
    target, source = found
    codings = [*(doel_codings(plan, target) if target else []), *(extra or []), source]
    seen: set[tuple[str | None, str]] = set()
    unique = []
    for c in codings:
        key = (c.get("system"), c["code"])
        if key not in seen:
            seen.add(key)
            unique.append(c)
    return {"coding": unique}


def bds_coding(plan: Plan, regel: Regel) -> dict[str, str]:
    return coding(plan.kaart.uri("bds"), str(regel.bdsnummer), regel.naam)


def instanties(vak: Vakken, begin: str) -> list[Vakken]:
    """Split the rows of a repeated group (addresses, telephones) off into one set per instance."""
    found: dict[int | None, Vakken] = {}
    for plaats in [p for p in vak.rijen if p.startswith(begin)]:
        for rij, regel in vak.rijen.pop(plaats):
            found.setdefault(rij.volgnr, Vakken(vak.plan, vak.hl7)).voeg(rij, regel)
    return list(found.values())
