"""What every builder of resources shares: ids, provenance, counting, and observations of the slow lane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from bds_tool.base.json_types import JsonObject, object_in, text_in
from bds_tool.export.fhir import loss
from bds_tool.export.fhir.identity import Pseudoniem
from bds_tool.export.fhir.loss import Verlies
from bds_tool.export.fhir.observation_text import Snelbaan, past, uitkomst
from bds_tool.export.fhir.observations import Stempel
from bds_tool.export.fhir.plan import Plan, Regel
from bds_tool.export.fhir.profiles import handtekening
from bds_tool.export.fhir.rows import Bron, Rij
from bds_tool.export.fhir.slots import Vakken
from bds_tool.export.fhir.values import Cel, leeftijd, maak_cel
from bds_tool.schema.zib.shapes import Vorm

#: Rubriek of the pregnancy: its values are about the mother, who becomes their focus when she is known.
ZWANGERSCHAP = "R014"

Sleutel = tuple[str | None, int | None]
Paar = tuple[Rij, Regel]
Check = Callable[[JsonObject, Vorm], str]
#: Outcomes of checks that are remembered.
HANDTEKENINGEN = 10_000


@dataclass(frozen=True, slots=True)
class Keuze:
    """What the user asked for: rows without counterpart, and sensitive kinds that may go along."""

    ongemapt: str = "keep"  # keep | drop | report
    gevoelig: frozenset[str] = frozenset()
    profiel: bool = True
    vandaag: date | None = None


@dataclass(slots=True)
class Werk:
    """State of the dossier in hand."""

    bron: Bron
    dossier: str
    patient: str
    geboorte: str = ""
    contacten: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    personen: dict[tuple[str, int | None], str] = field(default_factory=dict)
    moeder: str = ""
    regels: list[tuple[str, str]] = field(default_factory=list)
    observaties: list[str] = field(default_factory=list)
    gezien: dict[str, int] = field(default_factory=dict)

    def uniek(self, sleutel: str) -> str:
        """The id, with a number behind it when it occurred before in this dossier."""
        count = self.gezien.get(sleutel, 0)
        self.gezien[sleutel] = count + 1
        return f"{sleutel}-{count}" if count else sleutel


class Basis:
    """Plan, pseudonyms, account and stamps; `gedeeld` holds organisations and professionals of all dossiers."""

    def __init__(
        self,
        plan: Plan,
        pseudoniem: Pseudoniem,
        keuze: Keuze,
        check: Check,
        verlies: Verlies,
        bronnen: dict[int, Bron],
    ) -> None:
        self.plan, self.id, self.keuze, self.check, self.verlies, self.bronnen = (
            plan,
            pseudoniem,
            keuze,
            check,
            verlies,
            bronnen,
        )
        self.stempel = Stempel(plan, check)
        self.snel = Snelbaan(plan, self.stempel, keuze.ongemapt == "keep", keuze.gevoelig)
        #: id → (type, line)
        self.gedeeld: dict[str, tuple[str, str]] = {}
        #: Those of the dossier in hand.
        self.gebruikt: set[str] = set()
        self._gecontroleerd: dict[tuple[str, Any], str] = {}

    # ---- observations ----------------------------------------------------------------------------------------

    def _observatie(self, w: Werk, vorm: Vorm, rows: list[Paar]) -> list[Paar]:
        """Make the observation(s) of a form; rows that do not fit come back."""
        if vorm.enkel:
            left = []
            for rij, regel in rows:
                if not self._maak(w, vorm, [(rij, regel, self._cel(rij, regel))]):
                    left.append((rij, regel))
            return left
        left = []
        instances: list[dict[str, tuple[Rij, Regel, Cel]]] = []
        for rij, regel in rows:
            cel = self._cel(rij, regel)
            free = next((i for i in instances if regel.plaats not in i), None)
            if free is None:
                instances.append({regel.plaats: (rij, regel, cel)})
            else:
                free[regel.plaats] = (rij, regel, cel)
        for instance in instances:
            cells = [instance[p] for p in vorm.plaatsen if p in instance]
            if not self._maak(w, vorm, cells):
                left += [(rij, regel) for rij, regel, _ in cells]
        return left

    def _cel(self, rij: Rij, regel: Regel) -> Cel:
        return maak_cel(
            regel,
            rij.waarde,
            rij.eenheid,
            rij.codesysteem,
            rij.nullflavor,
            rij.tekst,
            self.bronnen[rij.bron].hl7,
            rij.rubriek,
            rij.groep,
        )

    def _maak(self, w: Werk, vorm: Vorm, cells: list[tuple[Rij, Regel, Cel]]) -> bool:
        given = {regel.plaats for _, regel, _ in cells}
        for place in vorm.plaatsen.values():
            if place.nodig and place.naam not in given:
                return False
        for _, regel, cel in cells:
            place = vorm.plaatsen[regel.plaats]
            if not (leeftijd(cel, w.geboorte) if place.leeftijd else past(cel, place, vorm)):
                return False
        rij = cells[0][0]
        day = (
            w.geboorte
            if vorm.moment == "geboorte"
            else self._dag(w, rij)
            if vorm.moment == "activiteit"
            else ""
        )
        self._stempel(
            w,
            vorm if vorm.naam != "observatie" or cells[0][1].codes else None,
            [(r.plaats, c) for _, r, c in cells],
            [x for x, _, _ in cells],
            day,
        )
        for row, regel, _ in cells:
            self._tel(row, regel, self.bronnen[row.bron].hl7)
        return True

    def _stempel(
        self, w: Werk, vorm: Vorm | None, cells: list[tuple[str, Cel]], rows: list[Rij], day: str
    ) -> None:
        rij = rows[0]
        activity = rij.activiteit_id
        contact = self._contact(w, activity) if activity is not None else ""
        values = {
            "id": w.uniek(
                observatie_id(
                    contact or w.patient, rij.bdsnummer, rij.volgnr, "" if activity is not None else rij.datum
                )
            ),
            "patient": w.patient,
            "bron": self._ref(*rows),
        }
        if contact:
            values["contact"] = contact
        if day:
            values["moment"] = day
        focus = w.personen.get(((rij.groep or "")[:4], buitenste(rij.volgnr))) or (
            w.moeder if ZWANGERSCHAP in (rij.rubriek, cells[0][1].regel.rubriek) else ""
        )
        if focus:
            values["focus"] = focus
        line, shape = self.stempel.maak(vorm, cells, values)
        w.observaties.append(line)
        self.verlies.resources["Observation"] += 1
        if shape.profiel:
            self.verlies.profielen[shape.profiel] += 1
        elif vorm is not None and vorm.profiel:
            self.verlies.zonder_profiel[(vorm.profiel, shape.reden)] += 1

    def _los(self, w: Werk, rij: Rij, regel: Regel) -> None:
        """A row that no form took: BDS-coded, or left out when the user wants only what has a counterpart."""
        if self.keuze.ongemapt != "keep":
            self._weg(rij, "geen tegenhanger" if regel.vorm is None else "paste niet in de vorm")
            return
        cel = self._cel(rij, regel)
        self._stempel(w, None, [(regel.plaats, cel)], [rij], self._dag(w, rij))
        self.verlies.tel(
            rij.bdsnummer, loss.BDS_GECODEERD, "" if regel.vorm is None else "paste niet in de vorm"
        )

    # ---- small parts -----------------------------------------------------------------------------------------

    def _weg(self, rij: Rij, reden: str) -> None:
        self.verlies.tel(rij.bdsnummer, loss.WEGGELATEN, reden)
        if self.keuze.ongemapt == "report":
            self.verlies.plaatsen.append((rij.bdsnummer or 0, rij.bron, rij.regel, reden))

    def _klaar(
        self, w: Werk, r: JsonObject, vorm: Vorm | None, vakken: list[Vakken], los: list[Paar]
    ) -> None:
        self._schrijf(w, r, vorm)
        for vak in vakken:
            for rij, regel in vak.geplaatst:
                self._tel(rij, regel, vak.hl7)
            los += [(x.rij, x.regel) for x in vak.rest()]

    def _schrijf(self, w: Werk, r: JsonObject, vorm: Vorm | None) -> None:
        if vorm is not None and vorm.profiel and self.keuze.profiel:
            self._claim(r, vorm)
        kind = text_in(r, "resourceType")
        w.regels.append((kind, orjson.dumps(r).decode()))
        self.verlies.resources[kind] += 1

    def _claim(self, r: JsonObject, vorm: Vorm) -> None:
        meta = object_in(r, "meta")
        r["meta"] = {**meta, "profile": [self.plan.vormen.basis + vorm.profiel]}
        reason = self._reden(r, vorm)
        if reason:
            r["meta"] = meta
            self.verlies.zonder_profiel[(vorm.profiel, reason)] += 1
        else:
            self.verlies.profielen[vorm.profiel] += 1

    def _tel(self, rij: Rij, regel: Regel, hl7: bool) -> None:
        self.verlies.tel(rij.bdsnummer, *uitkomst(regel, rij.waarde, hl7))

    def _reden(self, r: JsonObject, vorm: Vorm) -> str:
        """Why the profile cannot be claimed; resources alike in all the profile looks at are checked once."""
        key = (vorm.profiel, handtekening(r))
        reason = self._gecontroleerd.get(key)
        if reason is None:
            if len(self._gecontroleerd) >= HANDTEKENINGEN:
                self._gecontroleerd.clear()
            reason = self._gecontroleerd[key] = self.check(r, vorm)
        return reason

    def _dag(self, w: Werk, rij: Rij) -> str:
        return rij.datum or (w.data.get(rij.activiteit_id, "") if rij.activiteit_id is not None else "")

    def _contact(self, w: Werk, activity: str) -> str:
        found = w.contacten.get(activity)
        if found is None:
            found = w.contacten[activity] = self.id("contact", w.patient, activity)
        return found

    def _id(self, w: Werk, naam: str, key: Sleutel, *more: object) -> str:
        base = (naam, *key, *more)
        return self.id("r", w.patient, w.uniek(repr(base)), *base)

    def _ids(self, sleutel: str, rows: list[Rij], volgnr: int | None) -> JsonObject:
        meta: JsonObject = {"source": self._ref(*rows, volgnr=volgnr)} if rows else {}
        return {"id": sleutel, "meta": meta}

    def _ref(self, *rows: Rij, volgnr: int | None = None) -> str:
        first = rows[0]
        number = volgnr if volgnr is not None else first.volgnr if len(rows) == 1 else None
        lines = str(first.regel) if len(rows) == 1 else ",".join(dict.fromkeys(str(r.regel) for r in rows))
        return f"{self.bronnen[first.bron].ref}{lines}" + (f";volgnr={number}" if number is not None else "")


def observatie_id(basis: str, bdsnummer: int | None, volgnr: int | None, datum: str | None) -> str:
    """Built on the keyed hash of contact or child, so that no hash per value is needed; at most 64 characters."""
    found = f"{basis}-{bdsnummer}" if volgnr is None else f"{basis}-{bdsnummer}-{volgnr}"
    return f"{found}-{datum}" if datum else found


def buitenste(volgnr: int | None) -> int | None:
    """The outer instance of a nested one: 2003 is the third of the second."""
    while volgnr is not None and volgnr >= 1000:
        volgnr //= 1000
    return volgnr
