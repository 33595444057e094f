"""Patient and RelatedPerson."""

from __future__ import annotations

from typing import Any

from bds_tool.base.json_types import Json, JsonObject, objects_in
from bds_tool.export.fhir.datatypes import (
    CORE,
    adres,
    anders,
    coding,
    extension,
    naam,
    specificatie,
    telefoon,
)
from bds_tool.export.fhir.plan import Plan
from bds_tool.export.fhir.slots import Vakken, begrip

ADRES = (
    "soort",
    "gemeente",
    "woonplaats",
    "straat",
    "huisnummer",
    "huisletter",
    "toevoeging",
    "aanduiding",
    "postcode",
    "beschrijving",
    "land",
    "van",
    "tot",
)


def patient(
    plan: Plan, vak: Vakken, ids: JsonObject, adressen: list[Vakken], telefoons: list[Vakken]
) -> JsonObject:
    """The child. `adressen` and `telefoons` hold the rows of each repeated group."""
    r: JsonObject = {"resourceType": "Patient", **ids}
    extensions: list[Json] = []
    for _, source in _alle_codes(vak, "nationaliteit"):
        inner = extension("code", "CodeableConcept", {"coding": _tabel(plan, source, "gba-nationaliteit")})
        extensions.append({"url": f"{CORE}patient-nationality", "extension": [inner]})
    birthplace = {k: v for k, v in (("city", vak.neem("geboorteplaats")),) if v}
    if land := vak.neem_code("geboorteland"):
        birthplace["country"] = land[1]["code"]
    if birthplace:
        extensions.append(extension(f"{CORE}patient-birthPlace", "Address", birthplace))
    if extensions:
        r["extension"] = extensions
    if bsn := vak.neem("bsn"):
        r["identifier"] = [{"system": plan.kaart.uri("bsn"), "value": bsn}]
    _namen(vak, r)
    _telecom(plan, vak, telefoons, r)
    _geslacht(plan, vak, r)
    if birth := vak.neem_datum("geboortedatum"):
        r["birthDate"] = birth
    if death := vak.neem_datum("overleden", tijd=True):
        r["deceasedDateTime"] = death
    _adressen(plan, adressen, r)
    row = vak.rij("meerling")
    if row and row.waarde in {"true", "false"}:
        r["multipleBirthBoolean"] = vak.neem("meerling") == "true"
    return r


def verwant(
    plan: Plan,
    vak: Vakken,
    ids: JsonObject,
    patient_id: str,
    adressen: list[Vakken],
    telefoons: list[Vakken],
) -> JsonObject:
    """A parent or carer, a brother or sister, a child of the youth, or a contact person."""
    r: JsonObject = {"resourceType": "RelatedPerson", **ids}
    if bsn := vak.neem("bsn"):
        r["identifier"] = [{"system": plan.kaart.uri("bsn"), "value": bsn}]
    r["patient"] = {"reference": f"Patient/{patient_id}", "type": "Patient"}
    _geslacht(plan, vak, r)
    relations = []
    if code := vak.neem_code("relatie"):
        target, source = code
        if target and target.voorwaarde.startswith("geslacht="):
            # One BDS code for brother and sister: the sex of this person chooses.
            row = next(x for x, _ in reversed(vak.geplaatst) if x.waarde == source["code"])
            regel = plan.regels[row.bdsnummer or 0]
            wanted = f"geslacht={r.get('gender', '')}"
            target = next((d for d in regel.doelen(source["code"], vak.hl7) if d.voorwaarde == wanted), None)
        relations.append(begrip(plan, (target, source)))
    elif (text := vak.neem_anders("relatie")) is not None:
        relations.append(anders(text))
    if role := vak.neem("rol"):
        relations.append({"text": role})
    if relations:
        r["relationship"] = relations
    _namen(vak, r)
    _telecom(plan, vak, telefoons, r)
    if birth := vak.neem_datum("geboortedatum"):
        r["birthDate"] = birth
    _adressen(plan, adressen, r)
    period = {
        n: v
        for n, v in (
            ("start", vak.neem_datum("periode.van", tijd=True)),
            ("end", vak.neem_datum("periode.tot", tijd=True)),
        )
        if v
    }
    if period:
        r["period"] = period
    return r


def _namen(vak: Vakken, r: JsonObject) -> None:
    names = []
    given, prefix, family = vak.neem("naam.voornaam"), "", ""
    if vak.rij("naam.achternaam"):
        # A prefix without a name would break an invariant of the profile; it then stays a BDS-coded value.
        prefix, family = vak.neem("naam.voorvoegsel"), vak.neem("naam.achternaam")
    if given or family:
        names.append(naam(given, prefix, family))
    if text := vak.neem("naam.tekst"):
        names.append({"use": "official", "text": text})
    if vak.rij("gebruik.achternaam"):
        prefix, family = vak.neem("gebruik.voorvoegsel"), vak.neem("gebruik.achternaam")
        # Without `use`: the name in daily use may be that of a partner, which no slice of the profile means.
        used: JsonObject = {"text": " ".join(p for p in (prefix, family) if p), "family": family}
        if prefix:
            used["_family"] = {
                "extension": [
                    extension(f"{CORE}humanname-own-prefix", "String", prefix),
                    extension(f"{CORE}humanname-own-name", "String", family),
                ]
            }
            used["family"] = used["text"]
        names.append(used)
    if nick := vak.neem("roepnaam"):
        names.append({"use": "usual", "given": [nick]})
    if names:
        r["name"] = names


def _geslacht(plan: Plan, vak: Vakken, r: JsonObject) -> None:
    row = vak.rij("geslacht")
    if row is None or row.waarde is None or row.bdsnummer is None:
        return
    regel = plan.regels[row.bdsnummer]
    target = next(iter(regel.doelen(row.waarde, vak.hl7)), None)
    if target is None or not target.resultaat:
        return
    code = vak.neem_code("geslacht")
    if code is None:
        return
    r["gender"] = target.resultaat
    r["_gender"] = {"extension": [specificatie(objects_in(begrip(plan, code), "coding"))]}


def _telecom(plan: Plan, vak: Vakken, telefoons: list[Vakken], r: JsonObject) -> None:
    points = []
    for phone in [*telefoons, vak]:
        while number := phone.neem("telefoon.nummer"):
            code = phone.neem_code("telefoon.soort")
            target, source = code or (None, None)
            mobile = (
                coding(plan.kaart.uri(target.systeem), target.code)
                if target and not target.resultaat
                else None
            )
            if source and not source.get("system"):
                # HL7 codes of this list travel as an attribute without a system of their own.
                source = coding(plan.kaart.uri("v3-AddressUse"), source["code"])
            # Home and work are the use of a number; only a mobile telephone is a kind of telephone in the zib.
            points.append(
                telefoon(number, target.resultaat if target else "", mobile, source if mobile else None)
            )
    points += [{"system": "email", "value": mail.removeprefix("mailto:")} for mail in vak.alles("email")]
    if points:
        r["telecom"] = points


def _adressen(plan: Plan, adressen: list[Vakken], r: JsonObject) -> None:
    found = []
    for vak in adressen:
        kind = vak.neem_code("adres.soort")
        land = vak.neem_code("adres.land")
        values = {k: vak.neem(f"adres.{k}") for k in ADRES if k not in {"soort", "land", "van", "tot"}}
        values |= {k: vak.neem_datum(f"adres.{k}", tijd=True) for k in ("van", "tot")}
        indication = values["aanduiding"]
        if indication and indication not in {"by", "to"}:
            regel = next(x for _, x in vak.geplaatst if x.plaats == "adres.aanduiding")
            target = next((d for d in regel.doelen(indication, vak.hl7) if d.gemapt), None)
            values["aanduiding"] = target.code if target else ""
        target, source = kind or (None, None)
        if source and not source.get("system"):
            source = coding(plan.kaart.uri("v3-AddressUse"), source["code"])
        country = _tabel(plan, land[1], "gba-land") if land else []
        made = adres(
            values,
            coding(plan.kaart.uri(target.systeem), target.code) if target else None,
            source,
            target.resultaat if target else "",
            country,
        )
        if made:
            found.append(made)
    if found:
        r["address"] = found


def _alle_codes(vak: Vakken, plaats: str) -> list[Any]:
    found = []
    while (code := vak.neem_code(plaats)) is not None:
        found.append(code)
    return found


def _tabel(plan: Plan, source: dict[str, str], tabel: str) -> list[dict[str, str]]:
    """A code of a BRP table: BDS takes its numbers over as they are, so the table's own coding can stand first."""
    official = coding(plan.kaart.uri(tabel), source["code"], source.get("display", ""))
    return [official] if source.get("system") in {None, official["system"]} else [official, source]
