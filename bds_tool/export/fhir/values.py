"""From a registered value to the FHIR fields that carry it, once per kind of value."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bds_tool.base.json_types import JsonObject
from bds_tool.export.fhir.datatypes import (
    CODE,
    NUMBER,
    OID,
    UCUM,
    UNIT,
    afwezig,
    anders,
    coding,
    jaren,
    moment,
)
from bds_tool.export.fhir.plan import Plan, Regel
from bds_tool.schema.zib import Codekoppeling
from bds_tool.schema.zib.units import SHIFT, verschuif

#: How a registered value enters a resource. `code`, `ja`, `leeg` and `anders` fix the shape; of the others only
#: the kind matters and the value itself is filled in later.
VAST = {"code", "ja", "leeg"}


@dataclass(slots=True)
class Cel:
    """A value ready to be placed. `tekst` is the FHIR text of a free value (number, date, string)."""

    regel: Regel
    klasse: str  # code | ja | leeg | anders | getal | geheel | datum | jaren | tekst
    waarde: str
    tekst: str
    eenheid: str
    codesysteem: str
    nullflavor: str
    hl7: bool
    rubriek: str
    groep: str
    #: extra free text beside a value, such as the date behind an age
    bijtekst: str = ""

    @property
    def sleutel(self) -> tuple[object, ...]:
        """What determines the shape of the resource."""
        fixed = self.waarde if self.klasse in VAST else ""
        return (
            self.regel.bdsnummer,
            self.klasse,
            fixed,
            self.eenheid,
            self.codesysteem,
            self.nullflavor,
            self.hl7,
            self.rubriek,
            self.groep,
            bool(self.tekst),
        )


def maak_cel(
    regel: Regel,
    waarde: str | None,
    eenheid: str | None,
    codesysteem: str | None,
    nullflavor: str | None,
    tekst: str | None,
    hl7: bool,
    rubriek: str | None,
    groep: str | None,
) -> Cel:
    """Sort a registered value; what does not fit its own type becomes text, so nothing gets lost."""
    if codesysteem and not OID.match(codesysteem):
        codesysteem = None
    if codesysteem and not codesysteem.startswith("2.16.840.1.113883.2.4.3.11.60.100.12"):
        hl7 = True
    cel = Cel(
        regel,
        "",
        waarde or "",
        "",
        eenheid or "",
        codesysteem or "",
        "",
        hl7,
        rubriek or regel.rubriek,
        groep or "",
    )
    if waarde is None:
        cel.nullflavor = nullflavor or "NI"
        if nullflavor == "OTH" and tekst:
            cel.klasse, cel.tekst = "anders", tekst
        else:
            cel.klasse, cel.tekst = "leeg", tekst or ""
        return cel
    soort = regel.soort
    if soort == "ja" and waarde in {"true", "false"}:
        cel.klasse = "ja"
    elif (
        soort == "code" or (soort == "ja" and regel.herkomst(waarde, hl7)[0]) or codesysteem
    ) and CODE.match(waarde):
        cel.klasse = "code"
    elif soort == "hoeveelheid" and NUMBER.match(waarde) and len(waarde) < 18:
        cel.klasse, cel.tekst = "getal", waarde
        _eenheid(cel)
    elif soort == "geheel" and NUMBER.match(waarde) and "." not in waarde and len(waarde) < 10:
        cel.klasse, cel.tekst = "geheel", waarde
    elif soort == "datum" and (day := moment(waarde)):
        cel.klasse, cel.tekst = "datum", day
    else:
        cel.klasse, cel.tekst = "tekst", waarde
    return cel


def _eenheid(cel: Cel) -> None:
    """Convert to the unit the profile asks; an unknown unit stays as delivered."""
    source = cel.eenheid or cel.regel.eenheid
    if source and not UNIT.match(source):
        cel.klasse, cel.tekst, cel.eenheid = "tekst", f"{cel.waarde} {source}", ""
        return
    target = cel.regel.eenheid_fhir or source
    power = SHIFT.get((source, target), 0 if source == target else None)
    if power is None:
        cel.eenheid = source
        return
    cel.tekst = verschuif(cel.tekst, power) if power else cel.tekst
    cel.eenheid = target


def leeftijd(cel: Cel, geboorte: str) -> bool:
    """Turn a date into completed years, keeping the date; False when that cannot be done."""
    years = jaren(geboorte, cel.waarde)
    if cel.klasse != "datum" or years is None:
        return False
    cel.klasse, cel.bijtekst, cel.tekst = "jaren", cel.tekst, str(years)
    return True


def bron_coding(plan: Plan, cel: Cel) -> dict[str, str]:
    """The code as registered, with the system it was delivered in or the one its list says."""
    system, display = cel.regel.herkomst(cel.waarde, cel.hl7)
    if cel.codesysteem:
        system = plan.kaart.uri(cel.codesysteem)
    return coding(system, cel.waarde, display)


def doel_codings(plan: Plan, doel: Codekoppeling) -> list[dict[str, str]]:
    return [coding(plan.kaart.uri(doel.systeem), code) for code in doel.code.split("+")]


def begrip(plan: Plan, cel: Cel, doel: dict[str, str] | None = None) -> JsonObject:
    """A CodeableConcept: the translated coding first, then the registered one."""
    source = bron_coding(plan, cel)
    codings = (
        [doel, source]
        if doel and (doel.get("system"), doel["code"]) != (source.get("system"), source["code"])
        else [source]
    )
    return {"coding": codings}


def waarde_velden(plan: Plan, cel: Cel, tekst: str, *, vertaal: bool = True) -> list[JsonObject]:
    """The value[x] or dataAbsentReason fields; more than one dict when a code stands for two values."""
    kind = cel.klasse
    if kind == "leeg":
        return [{"dataAbsentReason": afwezig(cel.nullflavor, tekst)}]
    if kind == "anders":
        return [{"valueCodeableConcept": anders(tekst)}]
    if kind == "ja":
        return [{"valueBoolean": cel.waarde == "true"}]
    if kind == "getal":
        unit = {"unit": cel.eenheid, "system": UCUM, "code": cel.eenheid} if cel.eenheid else {}
        return [{"valueQuantity": {"value": tekst, **unit}}]
    if kind == "jaren":
        return [{"valueQuantity": {"value": tekst, "unit": "a", "system": UCUM, "code": "a"}}]
    if kind == "geheel":
        return [{"valueInteger": tekst}]
    if kind == "datum":
        return [{"valueDateTime": tekst}]
    if kind == "tekst":
        return [{"valueString": tekst}]
    targets = [d for d in cel.regel.doelen(cel.waarde, cel.hl7) if d.gemapt] if vertaal else []
    plek = cel.regel.plek
    if targets and plek and plek.getal:
        return [{"valueQuantity": {"value": json.loads(targets[0].code), "system": UCUM, "code": "1"}}]
    if targets:
        return [
            {"valueCodeableConcept": begrip(plan, cel, target)} for target in doel_codings(plan, targets[0])
        ]
    return [{"valueCodeableConcept": begrip(plan, cel)}]
