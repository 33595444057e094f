"""One dossier becomes resources: rows are sorted over forms, builders place them, the rest stays BDS-coded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from bds_tool.export.fhir import care, loss, persons
from bds_tool.export.fhir.datatypes import datum as geldige_datum
from bds_tool.export.fhir.identity import Pseudoniem
from bds_tool.export.fhir.loss import Verlies
from bds_tool.export.fhir.observations import Stempel
from bds_tool.export.fhir.plan import BSN_OID, Plan, Regel
from bds_tool.export.fhir.rows import Bron, Rij
from bds_tool.export.fhir.vakken import Vakken
from bds_tool.export.fhir.values import Cel, leeftijd, maak_cel
from bds_tool.export.fhir.vormen import Vorm

#: Elements that are keys of the source; ids take their place.
SLEUTELS = frozenset({695, 1377})
GEHEIM_ADRES = 697
ADRES_GEHEIM = "geheim-adres"
#: Status codes of a contact have no exact place in FHIR, so they are kept BDS-coded beside it.
OOK_GECODEERD = frozenset({"status", "basisstatus"})
MOEDERS = frozenset({"02", "NMTH"})
#: Elements about the mother or her pregnancy; their focus is the mother when she is known.
R014 = "R014"

Sleutel = tuple[str | None, int | None]
Check = Callable[[dict[str, Any], Vorm], str]


@dataclass(frozen=True, slots=True)
class Keuze:
    """What the user asked for: rows without counterpart, and sensitive kinds that may go along."""

    ongemapt: str = "keep"  # keep | drop | report
    gevoelig: frozenset[str] = frozenset()
    profiel: bool = True


@dataclass(slots=True)
class _Werk:
    """State of the dossier in hand."""

    bron: Bron
    dossier: str
    patient: str
    geboorte: str = ""
    contacten: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    personen: dict[tuple[str, int | None], str] = field(default_factory=dict)
    moeder: str = ""
    regels: list[tuple[str, bytes]] = field(default_factory=list)
    tellers: dict[tuple[Any, ...], int] = field(default_factory=dict)


class Bouwer:
    """Turns dossiers into (resource type, line) pairs and keeps the account of what happened."""

    def __init__(self, plan: Plan, pseudoniem: Pseudoniem, keuze: Keuze, check: Check, verlies: Verlies, bronnen: dict[int, Bron]) -> None:
        self.plan, self.id, self.keuze, self.check, self.verlies, self.bronnen = plan, pseudoniem, keuze, check, verlies, bronnen
        self.stempel = Stempel(plan, check)
        #: Organisations and professionals, shared by dossiers: id → (type, line).
        self.gedeeld: dict[str, tuple[str, bytes]] = {}
        #: Those of the dossier in hand.
        self.gebruikt: set[str] = set()

    def dossier(self, bron: Bron, dossier_id: str, rijen: list[Rij]) -> list[tuple[str, bytes]]:
        """All resources of one child, patient first; shared ones go to `gedeeld`."""
        self.verlies.dossiers += 1
        self.gebruikt = set()
        w = _Werk(bron, dossier_id, self.id("patient", bron.scope, dossier_id))
        vakken: dict[tuple[str, Sleutel], Vakken] = {}
        observaties: dict[tuple[str, Sleutel], list[tuple[Rij, Regel]]] = {}
        los: list[tuple[Rij, Regel]] = []
        for rij in self._bruikbaar(w, rijen):
            regel = self.plan.regels[rij.bdsnummer or 0]
            vorm = regel.vorm
            if vorm is None:
                los.append((rij, regel))
            elif vorm.soort == "observatie":
                observaties.setdefault((vorm.naam, _sleutel(vorm, rij, len(los) + len(observaties))), []).append((rij, regel))
            else:
                key = (vorm.naam, _sleutel(vorm, rij, len(los) + sum(map(len, vakken)) if vorm.per == "rij" else 0))
                vak = vakken.get(key)
                if vak is None:
                    vak = vakken[key] = Vakken(self.plan, self.bronnen[rij.bron].hl7)
                vak.voeg(rij, regel)
        self._personen(w, vakken, los)
        self._zorg(w, vakken, los)
        for (naam, key), cells in observaties.items():
            los += self._observatie(w, self.plan.vormen.vormen[naam], key, cells)
        for rij, regel in los:
            self._los(w, rij, regel)
        self._contacten(w, vakken)
        return w.regels

    # ---- rows ------------------------------------------------------------------------------------------------

    def _bruikbaar(self, w: _Werk, rijen: list[Rij]) -> Iterator[Rij]:
        """Rows that may go on; the others are counted here. Dates of contacts and of birth are noted on the way."""
        tel, regels, mag = self.verlies.tel, self.plan.regels, self.keuze.gevoelig
        secret = {r.volgnr for r in rijen if r.bdsnummer == GEHEIM_ADRES and r.waarde == "true"} if ADRES_GEHEIM not in mag else set()
        seen: set[tuple[Any, ...]] | None = set() if len({r.bron for r in rijen}) > 1 else None
        for rij in rijen:
            n = rij.bdsnummer
            if rij.activiteit_id is not None and rij.datum and rij.activiteit_id not in w.data:
                w.data[rij.activiteit_id] = rij.datum
            if rij.codesysteem == BSN_OID and "bsn" not in mag:
                tel(n, loss.WEGGELATEN, "gevoelig: bsn")
            elif n is None or n not in regels:
                self._zonder_element(w, rij)
            elif n in SLEUTELS:
                tel(n, loss.SLEUTEL)
                if n == 1377 and rij.activiteit_id is not None:
                    self._contact(w, rij.activiteit_id)
            elif regels[n].gevoelig and regels[n].gevoelig not in mag:
                tel(n, loss.WEGGELATEN, f"gevoelig: {regels[n].gevoelig}")
            elif rij.waarde is None and rij.nullflavor is None:
                tel(n, loss.WEGGELATEN, "zonder waarde")
            elif secret and rij.groep == "G001" and rij.volgnr in secret and n != GEHEIM_ADRES:
                tel(n, loss.WEGGELATEN, "gevoelig: geheim-adres")
            elif seen is not None and (key := (rij.activiteit_id, rij.datum, *rij[3:12])) in seen:
                tel(n, loss.WEGGELATEN, "dubbel: staat al in een andere bron")
            else:
                if seen is not None:
                    seen.add(key)
                if n == 20 and rij.waarde and not w.geboorte:
                    w.geboorte = geldige_datum(rij.waarde)
                yield rij

    def _zonder_element(self, w: _Werk, rij: Rij) -> None:
        """Own questions (a label and a value, no BDS number) are kept; structure of a message is not data."""
        n = rij.bdsnummer
        if n is None and (self.bronnen[rij.bron].hl7 or not rij.tekst):
            self.verlies.tel(n, loss.WEGGELATEN, "geen BDS-element: opbouw van het bericht")
        elif self.keuze.ongemapt != "keep":
            self._weg(rij, "geen BDS-element")
        elif rij.waarde is None:
            self.verlies.tel(n, loss.WEGGELATEN, "zonder waarde")
        else:
            system = {"coding": [{"system": self.plan.kaart.uri("bds"), "code": str(n)}]} if n is not None else {"text": rij.tekst}
            r: dict[str, Any] = {
                "resourceType": "Observation", "id": self._id(w, "eigen", (rij.activiteit_id, rij.volgnr), rij.tekst or n, rij.datum),
                "meta": {"source": self._ref(rij)}, "status": "final", "code": system, "subject": care.verwijs("Patient", w.patient),
            }
            if rij.activiteit_id is not None:
                r["encounter"] = care.verwijs("Encounter", self._contact(w, rij.activiteit_id))
            if day := self._dag(w, rij):
                r["effectiveDateTime"] = day
            r["valueString"] = rij.waarde
            self._schrijf(w, r, None)
            self.verlies.tel(n, loss.BDS_GECODEERD)

    # ---- persons ---------------------------------------------------------------------------------------------

    def _personen(self, w: _Werk, vakken: dict[tuple[str, Sleutel], Vakken], los: list[tuple[Rij, Regel]]) -> None:
        for (naam, key), vak in list(vakken.items()):
            vorm = self.plan.vormen.vormen[naam]
            if vorm.resource != "RelatedPerson":
                continue
            rows = [r for rr in vak.rijen.values() for r, _ in rr]
            sleutel = self._id(w, naam, key)
            adressen, telefoons = _instanties(vak, "adres."), _instanties(vak, "telefoon.")
            ids = self._ids(sleutel, rows, vorm, key[1])
            r = persons.verwant(self.plan, vak, ids, w.patient, adressen, telefoons)
            relations = {x.waarde for x, g in vak.geplaatst if g.plaats == "relatie"}
            if len(r) > len(ids) + 2:
                w.personen[(vorm.groep, key[1])] = sleutel
                if relations & MOEDERS and not w.moeder:
                    w.moeder = sleutel
                self._klaar(w, r, vorm, [vak, *adressen, *telefoons], los)
            else:
                los += [(x.rij, x.regel) for v in (vak, *adressen, *telefoons) for x in v.rest()] + vak.geplaatst
            del vakken[(naam, key)]

    def _patient(self, w: _Werk, vak: Vakken, links: dict[str, Any], los: list[tuple[Rij, Regel]]) -> None:
        vorm = self.plan.vormen.vormen["patient"]
        rows = [r for rr in vak.rijen.values() for r, _ in rr]
        adressen, telefoons = _instanties(vak, "adres."), _instanties(vak, "telefoon.")
        r = persons.patient(self.plan, vak, self._ids(w.patient, rows, vorm, None), adressen, telefoons)
        r.update(links)
        self._klaar(w, r, vorm, [vak, *adressen, *telefoons], los)

    # ---- care ------------------------------------------------------------------------------------------------

    def _zorg(self, w: _Werk, vakken: dict[tuple[str, Sleutel], Vakken], los: list[tuple[Rij, Regel]]) -> None:
        links: dict[str, Any] = {}
        general: list[dict[str, Any]] = []
        status = next((v for (n, k), v in vakken.items() if n == "zorgperiode" and v.rij("status")), None)
        state = self._zorgstatus(status)
        episodes = 0
        for (naam, key), vak in list(vakken.items()):
            vorm = self.plan.vormen.vormen[naam]
            if vorm.soort == "organisatie":
                if naam == "zorgperiode":
                    episodes += self._zorgperiode(w, vak, key, state, los)
                elif sleutel := self._gedeeld(vak, vorm, los):
                    if naam == "verantwoordelijk" and "managingOrganization" not in links:
                        links["managingOrganization"] = care.verwijs("Organization", sleutel)
                    else:
                        general.append(care.verwijs("Organization", sleutel))
                del vakken[(naam, key)]
            elif naam == "huisarts":
                if sleutel := self._gedeeld(vak, vorm, los):
                    general.append(care.verwijs("Practitioner", sleutel))
                del vakken[(naam, key)]
        if general:
            links["generalPractitioner"] = general
        self._patient(w, vakken.pop(("patient", (None, None)), None) or Vakken(self.plan, w.bron.hl7), links, los)
        for (naam, key), vak in list(vakken.items()):
            vorm = self.plan.vormen.vormen[naam]
            if vorm.soort in {"contact", "zorgverlener"}:
                continue
            self._resource(w, vorm, key, vak, los)
            del vakken[(naam, key)]

    def _resource(self, w: _Werk, vorm: Vorm, key: Sleutel, vak: Vakken, los: list[tuple[Rij, Regel]]) -> None:
        rows = [r for rr in vak.rijen.values() for r, _ in rr]
        activity = rows[0].activiteit_id
        day = self._dag(w, rows[0])
        ids = self._ids(self._id(w, vorm.naam, (activity, rows[0].volgnr), day if activity is None else "", rows[0].bdsnummer if vorm.per == "rij" else ""), rows, vorm, rows[0].volgnr)
        contact = self._contact(w, activity) if activity is not None else ""
        p, d = self.plan, w.patient
        if vorm.soort == "vaccinatie":
            r = care.vaccinatie(p, vak, ids, d, contact, day)
        elif vorm.soort == "vragenlijst":
            r = care.vragenlijst(p, vak, ids, d, contact, day)
        elif vorm.soort == "aandoening":
            r = care.aandoening(p, vak, ids, d, contact, day)
        elif vorm.soort == "geelzien":
            r = care.geelzien(p, vak, ids, d)
        elif vorm.soort == "hielprik":
            r = care.hielprik(p, vak, ids, d, contact)
        elif vorm.soort == "operatie":
            r = care.operatie(p, vak, ids, d, contact)
        else:
            r = care.familie(p, vak, ids, d, day)
        if r is None:
            los += [(x.rij, x.regel) for x in vak.rest()]
        else:
            self._klaar(w, r, vorm, [vak], los)

    def _zorgstatus(self, vak: Vakken | None) -> str:
        row = vak.rij("status") if vak else None
        if row is None or row.waarde is None or row.bdsnummer is None or vak is None:
            return ""
        found = self.plan.regels[row.bdsnummer].doelen(row.waarde, vak.hl7)
        return found[0].code if found else ""

    def _zorgperiode(self, w: _Werk, vak: Vakken, key: Sleutel, state: str, los: list[tuple[Rij, Regel]]) -> int:
        if not state:
            los += [(x.rij, x.regel) for x in vak.rest()]
            return 0
        rows = [r for rr in vak.rijen.values() for r, _ in rr]
        vorm = self.plan.vormen.vormen["zorgperiode"]
        ids = self._ids(self._id(w, "zorgperiode", key), rows, None, key[1])
        start, end = vak.neem_datum("van", tijd=True), vak.neem_datum("tot", tijd=True)
        state_rows = [x for x in vak.rijen.pop("status", []) if x[0].waarde is not None]
        # The status code itself has no place in FHIR that keeps it whole, so it also stays BDS-coded.
        los += state_rows
        dated = list(vak.geplaatst)
        vak.geplaatst.clear()
        organisation = self._gedeeld(vak, vorm, los) if vak else ""
        if not organisation and not start and not end and not state_rows:
            return 0
        vak.geplaatst.extend(dated)
        self._klaar(w, care.zorgperiode(self.plan, ids, w.patient, organisation, state, start, end), None, [vak], los)
        return 1

    def _gedeeld(self, vak: Vakken, vorm: Vorm, los: list[tuple[Rij, Regel]]) -> str:
        """The id of an organisation or professional; its resource is kept once for all dossiers."""
        make = care.organisatie if vorm.soort == "organisatie" else care.zorgverlener
        r = make(self.plan, vak, {"id": "", "meta": {}})
        if r is None:
            los += [(x.rij, x.regel) for x in vak.rest()]
            return ""
        identity = [f"{i['system']}|{i['value']}" for i in r.get("identifier", [])]
        # The same professional under several numbers is not merged: that would need a register.
        sleutel = self.id(vorm.resource, *identity, orjson.dumps(r.get("name", "")).decode())
        r["id"] = sleutel
        if self.keuze.profiel and vorm.profiel:
            self._claim(r, vorm)
        if not r["meta"]:
            del r["meta"]
        self.gedeeld.setdefault(sleutel, (vorm.resource, orjson.dumps(r)))
        self.gebruikt.add(sleutel)
        for rij, regel in vak.geplaatst:
            self._tel(rij, regel, vak.hl7)
        vak.geplaatst.clear()
        los += [(x.rij, x.regel) for x in vak.rest()]
        vak.rijen.clear()
        return sleutel

    def _contacten(self, w: _Werk, vakken: dict[tuple[str, Sleutel], Vakken]) -> None:
        left: list[tuple[Rij, Regel]] = []
        for (naam, key) in vakken:
            if naam in {"contact", "uitvoerder"} and key[0] is not None:
                self._contact(w, key[0])
        vorm = self.plan.vormen.vormen["contact"]
        pending: list[tuple[dict[str, Any], Vakken]] = []
        for activity, sleutel in w.contacten.items():
            performer = vakken.pop(("uitvoerder", (activity, None)), None)
            by = self._gedeeld(performer, self.plan.vormen.vormen["uitvoerder"], left) if performer else ""
            vak = vakken.pop(("contact", (activity, None)), None) or Vakken(self.plan, w.bron.hl7)
            rows = [r for rr in vak.rijen.values() for r, _ in rr]
            extra = [x for place in OOK_GECODEERD for x in vak.rijen.get(place, [])]
            r = care.contact(self.plan, vak, self._ids(sleutel, rows, vorm, None), w.patient, w.data.get(activity, ""), by)
            for place in OOK_GECODEERD:
                vak.rijen.pop(place, None)
            left += extra
            pending.append((r, vak))
        for (naam, key), vak in list(vakken.items()):
            left += [(x.rij, x.regel) for x in vak.rest()]
            del vakken[(naam, key)]
        for r, vak in pending:
            self._klaar(w, r, vorm, [vak], left)
        for rij, regel in left:
            self._los(w, rij, regel)

    # ---- observations ----------------------------------------------------------------------------------------

    def _observatie(self, w: _Werk, vorm: Vorm, key: Sleutel, rows: list[tuple[Rij, Regel]]) -> list[tuple[Rij, Regel]]:
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
        return maak_cel(regel, rij.waarde, rij.eenheid, rij.codesysteem, rij.nullflavor, rij.tekst,
                        self.bronnen[rij.bron].hl7, rij.rubriek, rij.groep)

    def _maak(self, w: _Werk, vorm: Vorm, cells: list[tuple[Rij, Regel, Cel]]) -> bool:
        given = {regel.plaats for _, regel, _ in cells}
        for place in vorm.plaatsen.values():
            if place.nodig and place.naam not in given:
                return False
        for _, regel, cel in cells:
            place = vorm.plaatsen[regel.plaats]
            if not _past(cel, place, vorm, w.geboorte):
                return False
        rij = cells[0][0]
        day = w.geboorte if vorm.moment == "geboorte" else self._dag(w, rij) if vorm.moment == "activiteit" else ""
        self._stempel(w, vorm if vorm.naam != "observatie" or cells[0][1].codes else None, [(r.plaats, c) for _, r, c in cells], [x for x, _, _ in cells], day)
        for row, regel, _ in cells:
            self._tel(row, regel, self.bronnen[row.bron].hl7)
        return True

    def _stempel(self, w: _Werk, vorm: Vorm | None, cells: list[tuple[str, Cel]], rows: list[Rij], day: str) -> None:
        rij = rows[0]
        activity = rij.activiteit_id
        base = (vorm.naam if vorm and vorm.naam != "observatie" else rij.bdsnummer, activity, rij.volgnr, day if activity is None else "")
        if vorm is not None and vorm.per == "rij":
            base = (rij.bdsnummer, *base)
        count = w.tellers.get(base, 0)
        w.tellers[base] = count + 1
        values = {"id": self.id("o", w.patient, count, *base), "patient": w.patient, "bron": self._ref(*rows)}
        if activity is not None:
            values["contact"] = self._contact(w, activity)
        if day:
            values["moment"] = day
        focus = w.personen.get(((rij.groep or "")[:4], _buiten(rij.volgnr))) or (w.moeder if rij.rubriek == R014 else "")
        if focus:
            values["focus"] = focus
        line, profile, reason = self.stempel.maak(vorm, cells, values)
        w.regels.append(("Observation", line))
        self.verlies.resources["Observation"] += 1
        if profile:
            self.verlies.profielen[profile] += 1
        elif vorm is not None and vorm.profiel:
            self.verlies.zonder_profiel[(vorm.profiel, reason)] += 1

    def _los(self, w: _Werk, rij: Rij, regel: Regel) -> None:
        """A row that no form took: BDS-coded, or left out when the user wants only what has a counterpart."""
        if self.keuze.ongemapt != "keep":
            self._weg(rij, "geen tegenhanger" if regel.vorm is None else "paste niet in de vorm")
            return
        cel = self._cel(rij, regel)
        self._stempel(w, None, [(regel.plaats, cel)], [rij], self._dag(w, rij))
        self.verlies.tel(rij.bdsnummer, loss.BDS_GECODEERD, "" if regel.vorm is None else "paste niet in de vorm")

    # ---- small parts -----------------------------------------------------------------------------------------

    def _weg(self, rij: Rij, reden: str) -> None:
        self.verlies.tel(rij.bdsnummer, loss.WEGGELATEN, reden)
        if self.keuze.ongemapt == "report":
            self.verlies.plaatsen.append((rij.bdsnummer or 0, rij.bron, rij.regel, reden))

    def _klaar(self, w: _Werk, r: dict[str, Any], vorm: Vorm | None, vakken: list[Vakken], los: list[tuple[Rij, Regel]]) -> None:
        self._schrijf(w, r, vorm)
        for vak in vakken:
            for rij, regel in vak.geplaatst:
                self._tel(rij, regel, vak.hl7)
            los += [(x.rij, x.regel) for x in vak.rest()]

    def _schrijf(self, w: _Werk, r: dict[str, Any], vorm: Vorm | None) -> None:
        if vorm is not None and vorm.profiel and self.keuze.profiel:
            self._claim(r, vorm)
        w.regels.append((r["resourceType"], orjson.dumps(r)))
        self.verlies.resources[r["resourceType"]] += 1

    def _claim(self, r: dict[str, Any], vorm: Vorm) -> None:
        r["meta"] = {**r["meta"], "profile": [self.plan.vormen.basis + vorm.profiel]}
        reason = self.check(r, vorm)
        if reason:
            del r["meta"]["profile"]
            self.verlies.zonder_profiel[(vorm.profiel, reason)] += 1
        else:
            self.verlies.profielen[vorm.profiel] += 1

    def _tel(self, rij: Rij, regel: Regel, hl7: bool) -> None:
        exact = regel.predicaat in {"", "exactMatch"}
        if exact and rij.waarde is not None and regel.vertaal:
            exact = all(d.relatie in {"equal", "equivalent"} for d in regel.doelen(rij.waarde, hl7))
        self.verlies.tel(rij.bdsnummer, loss.OVERGENOMEN if exact else loss.BENADERD, regel.status)

    def _dag(self, w: _Werk, rij: Rij) -> str:
        return rij.datum or (w.data.get(rij.activiteit_id, "") if rij.activiteit_id is not None else "")

    def _contact(self, w: _Werk, activity: str) -> str:
        found = w.contacten.get(activity)
        if found is None:
            found = w.contacten[activity] = self.id("contact", w.patient, activity)
        return found

    def _id(self, w: _Werk, naam: str, key: Sleutel, *more: object) -> str:
        base = (naam, *key, *more)
        count = w.tellers.get(base, 0)
        w.tellers[base] = count + 1
        return self.id("r", w.patient, count, *base)

    def _ids(self, sleutel: str, rows: list[Rij], vorm: Vorm | None, volgnr: int | None) -> dict[str, Any]:
        meta: dict[str, Any] = {"source": self._ref(*rows, volgnr=volgnr)} if rows else {}
        return {"id": sleutel, "meta": meta}

    def _ref(self, *rows: Rij, volgnr: int | None = None) -> str:
        first = rows[0]
        number = volgnr if volgnr is not None else first.volgnr if len(rows) == 1 else None
        lines = str(first.regel) if len(rows) == 1 else ",".join(dict.fromkeys(str(r.regel) for r in rows))
        return f"{self.bronnen[first.bron].ref}{lines}" + (f";volgnr={number}" if number is not None else "")


def _past(cel: Cel, place: Any, vorm: Vorm, geboorte: str) -> bool:  # noqa: ANN401  # a Plaats
    """Whether the value may stand in this place of the form."""
    if place.notitie:
        return cel.klasse == "tekst"
    if place.leeftijd:
        return leeftijd(cel, geboorte)
    if cel.klasse == "leeg":
        return not place.component and not place.getal
    if place.vertaald:
        return cel.klasse == "code" and any(d.gemapt for d in cel.regel.doelen(cel.waarde, cel.hl7))
    if place.grenzen:
        return cel.klasse == "geheel" and place.grenzen[0] <= int(cel.tekst) <= place.grenzen[1]
    if cel.regel.soort == "hoeveelheid" and vorm.profiel:
        return cel.klasse == "getal" and (not cel.regel.eenheid_fhir or cel.eenheid == cel.regel.eenheid_fhir)
    return cel.klasse != "tekst" or cel.regel.soort == "tekst"


def _buiten(volgnr: int | None) -> int | None:
    """The outer instance of a nested one: 2003 is the third of the second."""
    while volgnr is not None and volgnr >= 1000:
        volgnr //= 1000
    return volgnr


def _sleutel(vorm: Vorm, rij: Rij, index: int) -> Sleutel:
    if vorm.per == "dossier":
        return None, None
    if vorm.per == "groep":
        return rij.activiteit_id, _buiten(rij.volgnr)
    if vorm.per == "rij":
        return rij.activiteit_id, index
    if vorm.soort in {"contact", "zorgverlener"}:
        return rij.activiteit_id, None
    # Observations of one activity belong together per instance; without an activity the date keeps them apart.
    return rij.activiteit_id if rij.activiteit_id is not None else f"\0{rij.datum}", rij.volgnr


def _instanties(vak: Vakken, begin: str) -> list[Vakken]:
    """Split the rows of a repeated group (addresses, telephones) off into one set per instance."""
    found: dict[int | None, Vakken] = {}
    for plaats in [p for p in vak.rijen if p.startswith(begin)]:
        for rij, regel in vak.rijen.pop(plaats):
            found.setdefault(rij.volgnr, Vakken(vak.plan, vak.hl7)).voeg(rij, regel)
    return list(found.values())
