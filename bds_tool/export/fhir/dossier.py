"""One dossier becomes resources: rows are sorted over lanes and forms, builders place them, the rest stays BDS-coded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from bds_tool.base.json_types import JsonObject, objects_in
from bds_tool.export.fhir import care, consents, loss, persons
from bds_tool.export.fhir.builder_base import Basis, Paar, Sleutel, Werk, buitenste, observatie_id
from bds_tool.export.fhir.datatypes import datum as geldige_datum
from bds_tool.export.fhir.observation_text import TRAAG
from bds_tool.export.fhir.plan import BSN_OID
from bds_tool.export.fhir.rows import Bron, Rij, Waarden
from bds_tool.export.fhir.slots import Vakken, instanties
from bds_tool.schema.zib.shapes import Vorm

#: Elements that are keys of the source; ids take their place.
SLEUTELS = frozenset({695, 1377})
GEHEIM_ADRES = 697
ADRES_GEHEIM = "geheim-adres"
#: Status codes of a contact have no exact place in FHIR, so they are kept BDS-coded beside it.
OOK_GECODEERD = frozenset({"status", "basisstatus"})
MOEDERS = frozenset({"02", "NMTH"})


class Bouwer(Basis):
    """Turns dossiers into (resource type, line) pairs and keeps the account of what happened."""

    def dossier(self, bron: Bron, dossier_id: str, rijen: list[Waarden]) -> Werk:
        """All resources of one child, in `regels` and `observaties`; shared ones go to `gedeeld`."""
        self.verlies.dossiers += 1
        self.gebruikt = set()
        w = Werk(bron, dossier_id, self.id("patient", bron.scope, dossier_id))
        vakken: dict[tuple[str, Sleutel], Vakken] = {}
        observaties: dict[tuple[str, Sleutel], list[Paar]] = {}
        los: list[Paar] = []
        for number, rij in enumerate(self._bruikbaar(w, self._snelbaan(w, rijen), self._geheim(rijen))):
            regel = self.plan.regels[rij.bdsnummer or 0]
            vorm = regel.vorm
            if vorm is None:
                los.append((rij, regel))
            elif vorm.soort == "observatie":
                observaties.setdefault((vorm.naam, _sleutel(vorm, rij, number)), []).append((rij, regel))
            else:
                key = (vorm.naam, _sleutel(vorm, rij, number))
                vak = vakken.get(key)
                if vak is None:
                    vak = vakken[key] = Vakken(self.plan, self.bronnen[rij.bron].hl7)
                vak.voeg(rij, regel)
        self._personen(w, vakken, los)
        self._zorg(w, vakken, los)
        for (naam, _), cells in observaties.items():
            los += self._observatie(w, self.plan.vormen.vormen[naam], cells)
        for rij, regel in los:
            self._los(w, rij, regel)
        self._contacten(w, vakken)
        return w

    def _snelbaan(self, w: Werk, rijen: list[Waarden]) -> list[Rij]:
        """Stamp out what needs no other row; returns the rows for the slow way."""
        slow: list[Rij] = []
        if len({r[12] for r in rijen}) > 1:
            return [Rij._make(r) for r in rijen]  # two sources: doubles must be looked for
        source = self.bronnen[rijen[0][12]]
        hl7, ref = source.hl7, source.ref
        present = {r[3] for r in rijen}
        recept, waarde, contacten, patient, out = (
            self.snel.recept,
            self.snel.waarde,
            w.contacten,
            w.patient,
            w.observaties.append,
        )
        for row in rijen:
            _, act, datum, n, _, _, vol, value, _, _, _, _, _, regel, _ = row
            found = recept(row, hl7, present)
            if found is TRAAG:
                slow.append(Rij._make(row))
                continue
            text = ""
            if found.soort:
                fitted = waarde(found, value)
                if fitted is None:
                    slow.append(Rij._make(row))
                    continue
                text = fitted
            if act is not None:
                contact = contacten.get(act)
                if contact is None:
                    contact = self._contact(w, act)
                if act not in w.data:
                    w.data[act] = datum
                sleutel = f"{contact}-{n}" if vol is None else f"{contact}-{n}-{vol}"
            else:
                contact = ""
                sleutel = observatie_id(patient, n, vol, datum)
            if sleutel in w.gezien:
                sleutel = w.uniek(sleutel)
            else:
                w.gezien[sleutel] = 1
            place = f"{ref}{regel}" if vol is None else f"{ref}{regel};volgnr={vol}"
            out(found.tekst % found.kies((sleutel, patient, place, contact, datum, text)))
            found.aantal += 1
        return slow

    # ---- rows ------------------------------------------------------------------------------------------------

    def _bruikbaar(self, w: Werk, rijen: list[Rij], secret: set[int | None]) -> Iterator[Rij]:
        """Rows that may go on; the others are counted here. Dates of contacts and of birth are noted on the way."""
        tel, regels, mag = self.verlies.tel, self.plan.regels, self.keuze.gevoelig
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

    def _geheim(self, rijen: list[Waarden]) -> set[int | None]:
        """Instances of the address group that are marked secret, in any coding of yes."""
        if ADRES_GEHEIM in self.keuze.gevoelig:
            return set()
        return {r[6] for r in rijen if r[3] == GEHEIM_ADRES and r[7] in {"true", "1"}}

    def _zonder_element(self, w: Werk, rij: Rij) -> None:
        """Own questions (a label and a value, no BDS number) are kept; structure of a message is not data."""
        n = rij.bdsnummer
        if n is None and (self.bronnen[rij.bron].hl7 or not rij.tekst):
            self.verlies.tel(n, loss.WEGGELATEN, "geen BDS-element: opbouw van het bericht")
        elif self.keuze.ongemapt != "keep":
            self._weg(rij, "geen BDS-element")
        elif rij.waarde is None:
            self.verlies.tel(n, loss.WEGGELATEN, "zonder waarde")
        else:
            system = (
                {"coding": [{"system": self.plan.kaart.uri("bds"), "code": str(n)}]}
                if n is not None
                else {"text": rij.tekst}
            )
            r: JsonObject = {
                "resourceType": "Observation",
                "id": self._id(w, "eigen", (rij.activiteit_id, rij.volgnr), rij.tekst or n, rij.datum),
                "meta": {"source": self._ref(rij)},
                "status": "final",
                "code": system,
                "subject": care.verwijs("Patient", w.patient),
            }
            if rij.activiteit_id is not None:
                r["encounter"] = care.verwijs("Encounter", self._contact(w, rij.activiteit_id))
            if day := self._dag(w, rij):
                r["effectiveDateTime"] = day
            r["valueString"] = rij.waarde
            self._schrijf(w, r, None)
            self.verlies.tel(n, loss.BDS_GECODEERD)

    # ---- persons ---------------------------------------------------------------------------------------------

    def _personen(self, w: Werk, vakken: dict[tuple[str, Sleutel], Vakken], los: list[Paar]) -> None:
        for (naam, key), vak in list(vakken.items()):
            vorm = self.plan.vormen.vormen[naam]
            if vorm.resource != "RelatedPerson":
                continue
            rows = [r for rr in vak.rijen.values() for r, _ in rr]
            sleutel = self._id(w, naam, key)
            adressen, telefoons = instanties(vak, "adres."), instanties(vak, "telefoon.")
            ids = self._ids(sleutel, rows, key[1])
            r = persons.verwant(self.plan, vak, ids, w.patient, adressen, telefoons)
            relations = {x.waarde for x, g in vak.geplaatst if g.plaats == "relatie"}
            if len(r) > len(ids) + 2:
                # The group says which kind of person this is; zib relations do not always.
                group = {"coding": [{"system": self.plan.kaart.uri("bds-groep"), "code": vorm.groep}]}
                r["relationship"] = [*objects_in(r, "relationship"), group]
                w.personen[(vorm.groep, key[1])] = sleutel
                if relations & MOEDERS and not w.moeder:
                    w.moeder = sleutel
                self._klaar(w, r, vorm, [vak, *adressen, *telefoons], los)
            else:
                los += [
                    (x.rij, x.regel) for v in (vak, *adressen, *telefoons) for x in v.rest()
                ] + vak.geplaatst
            del vakken[(naam, key)]

    def _patient(self, w: Werk, vak: Vakken, links: JsonObject, los: list[Paar]) -> None:
        vorm = self.plan.vormen.vormen["patient"]
        rows = [r for rr in vak.rijen.values() for r, _ in rr]
        adressen, telefoons = instanties(vak, "adres."), instanties(vak, "telefoon.")
        r = persons.patient(self.plan, vak, self._ids(w.patient, rows, None), adressen, telefoons)
        r.update(links)
        self._klaar(w, r, vorm, [vak, *adressen, *telefoons], los)

    # ---- care ------------------------------------------------------------------------------------------------

    def _zorg(self, w: Werk, vakken: dict[tuple[str, Sleutel], Vakken], los: list[Paar]) -> None:
        links: JsonObject = {}
        general: list[JsonObject] = []
        status = next((v for (n, k), v in vakken.items() if n == "zorgperiode" and v.rij("status")), None)
        state = self._zorgstatus(status)
        for (naam, key), vak in list(vakken.items()):
            vorm = self.plan.vormen.vormen[naam]
            if vorm.soort == "organisatie":
                if naam == "zorgperiode":
                    self._zorgperiode(w, vak, key, state, los)
                elif naam == "verantwoordelijk" and "managingOrganization" in links:
                    # A child has one managing organisation in FHIR; an earlier one stays BDS-coded.
                    los += [(x.rij, x.regel) for x in vak.rest()]
                elif sleutel := self._gedeeld(vak, vorm, los):
                    if naam == "verantwoordelijk":
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
        self._patient(w, vakken.pop(("patient", (None, None)), Vakken(self.plan, w.bron.hl7)), links, los)
        self._toestemmingen(w, vakken, los)
        for (naam, key), vak in list(vakken.items()):
            vorm = self.plan.vormen.vormen[naam]
            if vorm.soort in {"contact", "zorgverlener"}:
                continue
            self._resource(w, vorm, vak, los)
            del vakken[(naam, key)]

    def _toestemmingen(self, w: Werk, vakken: dict[tuple[str, Sleutel], Vakken], los: list[Paar]) -> None:
        """Consents of one kind are looked at together: the last one holds."""
        made: dict[str, list[tuple[JsonObject, Vakken]]] = {}
        for (naam, key), vak in list(vakken.items()):
            vorm = self.plan.vormen.vormen[naam]
            if vorm.soort != "toestemming":
                continue
            rows = [r for rr in vak.rijen.values() for r, _ in rr]
            ids = self._ids(self._id(w, naam, key), rows, key[1] if vorm.per == "groep" else rows[0].volgnr)
            r = consents.toestemming(self.plan, vorm, vak, ids, w.patient, self._dag(w, rows[0]))
            if r is None:
                los += [(x.rij, x.regel) for x in vak.rest()]
            else:
                made.setdefault(naam, []).append((r, vak))
            del vakken[(naam, key)]
        for naam, found in made.items():
            consents.in_force([r for r, _ in found], self.keuze.vandaag)
            for r, vak in found:
                self._klaar(w, r, self.plan.vormen.vormen[naam], [vak], los)

    def _resource(self, w: Werk, vorm: Vorm, vak: Vakken, los: list[Paar]) -> None:
        rows = [r for rr in vak.rijen.values() for r, _ in rr]
        activity = rows[0].activiteit_id
        day = self._dag(w, rows[0])
        ids = self._ids(
            self._id(
                w,
                vorm.naam,
                (activity, rows[0].volgnr),
                day if activity is None else "",
                rows[0].bdsnummer if vorm.per == "rij" else "",
            ),
            rows,
            rows[0].volgnr,
        )
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

    def _zorgperiode(self, w: Werk, vak: Vakken, key: Sleutel, state: str, los: list[Paar]) -> None:
        if not state:
            los += [(x.rij, x.regel) for x in vak.rest()]
            return
        rows = [r for rr in vak.rijen.values() for r, _ in rr]
        vorm = self.plan.vormen.vormen["zorgperiode"]
        ids = self._ids(self._id(w, "zorgperiode", key), rows, key[1])
        start, end = vak.neem_datum("van", tijd=True), vak.neem_datum("tot", tijd=True)
        state_rows = [x for x in vak.rijen.pop("status", []) if x[0].waarde is not None]
        # The status code itself has no place in FHIR that keeps it whole, so it also stays BDS-coded.
        los += state_rows
        dated = list(vak.geplaatst)
        vak.geplaatst.clear()
        organisation = self._gedeeld(vak, vorm, los) if vak else ""
        if not organisation and not start and not end and not state_rows:
            return
        vak.geplaatst.extend(dated)
        self._klaar(w, care.zorgperiode(ids, w.patient, organisation, state, start, end), None, [vak], los)

    def _gedeeld(self, vak: Vakken, vorm: Vorm, los: list[Paar]) -> str:
        """The id of an organisation or professional; its resource is kept once for all dossiers."""
        make = care.organisatie if vorm.soort == "organisatie" else care.zorgverlener
        r = make(self.plan, vak, {"id": "", "meta": {}})
        if r is None:
            los += [(x.rij, x.regel) for x in vak.rest()]
            return ""
        identity = [f"{i['system']}|{i['value']}" for i in objects_in(r, "identifier")]
        # The same professional under several numbers is not merged: that would need a register.
        sleutel = self.id(vorm.resource, *identity, orjson.dumps(r.get("name", "")).decode())
        r["id"] = sleutel
        if self.keuze.profiel and vorm.profiel:
            self._claim(r, vorm)
        if not r["meta"]:
            del r["meta"]
        self.gedeeld.setdefault(sleutel, (vorm.resource, orjson.dumps(r).decode()))
        self.gebruikt.add(sleutel)
        for rij, regel in vak.geplaatst:
            self._tel(rij, regel, vak.hl7)
        vak.geplaatst.clear()
        los += [(x.rij, x.regel) for x in vak.rest()]
        vak.rijen.clear()
        return sleutel

    def _contacten(self, w: Werk, vakken: dict[tuple[str, Sleutel], Vakken]) -> None:
        left: list[Paar] = []
        for naam, key in vakken:
            if naam in {"contact", "uitvoerder"} and key[0] is not None:
                self._contact(w, key[0])
        vorm = self.plan.vormen.vormen["contact"]
        pending: list[tuple[JsonObject, Vakken]] = []
        for activity, sleutel in w.contacten.items():
            performer = vakken.pop(("uitvoerder", (activity, None)), None)
            by = self._gedeeld(performer, self.plan.vormen.vormen["uitvoerder"], left) if performer else ""
            vak = vakken.pop(("contact", (activity, None)), Vakken(self.plan, w.bron.hl7))
            rows = [r for rr in vak.rijen.values() for r, _ in rr]
            extra = [x for place in OOK_GECODEERD for x in vak.rijen.get(place, [])]
            r = care.contact(
                self.plan, vak, self._ids(sleutel, rows, None), w.patient, w.data.get(activity, ""), by
            )
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


def _sleutel(vorm: Vorm, rij: Rij, index: int) -> Sleutel:
    if vorm.per == "dossier":
        return None, None
    if vorm.per == "groep":
        return rij.activiteit_id, buitenste(rij.volgnr)
    if vorm.per == "rij":
        return rij.activiteit_id, index
    if vorm.soort in {"contact", "zorgverlener"}:
        return rij.activiteit_id, None
    # Observations of one activity belong together per instance; without an activity the date keeps them apart.
    return rij.activiteit_id if rij.activiteit_id is not None else f"\0{rij.datum}", rij.volgnr
