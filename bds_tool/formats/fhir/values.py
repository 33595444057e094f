"""From FHIR values back to what was registered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bds_tool.formats.fhir.inverse import Inverse
from bds_tool.formats.fhir.types import Concept, Quantity, Valued
from bds_tool.schema.zib.units import SHIFT, verschuif

NULLFLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
#: FHIR data-absent-reason → HL7 v3 NullFlavor, for resources that do not hold the nullFlavor itself.
FLAVORS = {
    "unknown": "UNK",
    "asked-unknown": "ASKU",
    "temp-unknown": "NAV",
    "not-asked": "NASK",
    "masked": "MSK",
    "not-applicable": "NA",
    "unsupported": "OTH",
}
_ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d)\Z")


@dataclass(slots=True)
class Waarde:
    """The value columns of a row."""

    waarde: str | None = None
    eenheid: str | None = None
    codesysteem: str | None = None
    nullflavor: str | None = None
    tekst: str | None = None


def tijd(text: str) -> str:
    """A FHIR dateTime as the store keeps it: without the zone."""
    return _ZONE.sub("", text) if "T" in text else text


def getal(value: Any) -> str:  # noqa: ANN401  # a JSON number
    text = repr(value)
    return text.removesuffix(".0") if "e" not in text else f"{value:f}".rstrip("0").rstrip(".")


def lees(inverse: Inverse, n: int, node: Valued) -> Waarde | None:
    """The value[x] or dataAbsentReason of an observation, component or answer; None when there is none."""
    if "valueQuantity" in node:
        return _hoeveelheid(inverse, n, node["valueQuantity"])
    if "valueCodeableConcept" in node:
        return code(inverse, n, node["valueCodeableConcept"])
    if "valueCoding" in node:
        return code(
            inverse, n, {"coding": [node["valueCoding"]], "text": node["valueCoding"].get("display", "")}
        )
    if "valueBoolean" in node:
        return Waarde("true" if node["valueBoolean"] else "false")
    if "valueInteger" in node:
        return Waarde(str(node["valueInteger"]))
    if "valueDecimal" in node:
        return Waarde(getal(node["valueDecimal"]))
    for key in ("valueDateTime", "valueDate"):
        if key in node:
            return Waarde(tijd(str(node[key])))
    if "valueString" in node:
        return Waarde(str(node["valueString"]))
    if "dataAbsentReason" in node:
        return afwezig(node["dataAbsentReason"])
    return None


def _hoeveelheid(inverse: Inverse, n: int, quantity: Quantity) -> Waarde:
    value = quantity.get("value")
    if value is None:
        return Waarde(None, nullflavor="NI")
    unit = quantity.get("code") or quantity.get("unit") or ""
    own = inverse.eenheid.get(n, "")
    power = SHIFT.get((unit, own)) if unit != own else 0
    text = getal(value)
    if power is None:
        return Waarde(text, unit or None)
    return Waarde(verschuif(text, power) if power else text, (own if power else unit) or None)


def code(inverse: Inverse, n: int, concept: Concept) -> Waarde | None:
    """The registered code of a concept: the coding of the element's own list, else a translation back."""
    codings = [c for c in concept.get("coding", ()) if c.get("code")]
    text = concept.get("text") or None
    own = inverse.systemen.get(n, set())
    for c in reversed(codings):
        if c.get("system") == NULLFLAVOR and len(codings) == 1:
            flavor = str(c["code"])
            return Waarde(None, nullflavor=flavor, tekst=text)
        if c.get("system") in own and c.get("system") != NULLFLAVOR:
            return Waarde(c["code"], codesysteem=inverse.oid(c["system"]), tekst=c.get("display"))
    table = inverse.terug.get(n, {})
    if table and codings:
        pairs = [(c.get("system", ""), c["code"]) for c in codings]
        found = next((table[p] for p in pairs if p in table), None)
        if found is not None:
            return Waarde(found, tekst=codings[0].get("display"))
    if codings:
        last = codings[-1]
        return Waarde(
            last["code"], codesysteem=inverse.oid(last.get("system", "")), tekst=last.get("display")
        )
    return Waarde(text) if text else None


def afwezig(reason: Concept) -> Waarde:
    codings = reason.get("coding", ())
    flavor = next((c["code"] for c in codings if c.get("system") == NULLFLAVOR), None)
    if flavor is None:
        flavor = next((FLAVORS.get(c.get("code", ""), "NI") for c in codings), "NI")
    return Waarde(None, nullflavor=flavor, tekst=reason.get("text"))
