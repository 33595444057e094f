"""FHIR data types from registered values: codings, quantities, dates, names, addresses, telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from bds_tool.base.json_types import Json, JsonObject

UCUM = "http://unitsofmeasure.org"
NULLFLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
ABSENT_URL = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
NICTIZ = "http://nictiz.nl/fhir/StructureDefinition/"
CORE = "http://hl7.org/fhir/StructureDefinition/"
#: HL7 v3 NullFlavor → FHIR data-absent-reason, after the v3 concept map of FHIR R4; the rest becomes unknown.
REASONS = {
    "UNK": "unknown",
    "ASKU": "asked-unknown",
    "NAV": "temp-unknown",
    "NASK": "not-asked",
    "MSK": "masked",
    "NA": "not-applicable",
    "NI": "unknown",
    "OTH": "unsupported",
    "NP": "unknown",
}
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?\Z")
DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?\Z")
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?([+-]\d\d:\d\d|Z)?\Z")
#: A FHIR code; private-use characters are kept out because the exporter marks its blanks with them.
CODE = re.compile(r"[^\s\ue000-\uf8ff]+(?: [^\s\ue000-\uf8ff]+)*\Z")
UNIT = re.compile(r"[^\s\ue000-\uf8ff]+\Z")
OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+\Z")


def datum(text: str) -> str:
    """A FHIR date of a valid calendar day, month or year; empty when it is none."""
    if not DATE.match(text):
        return ""
    if len(text) == 10:
        try:
            date.fromisoformat(text)
        except ValueError:
            return ""
    return text


def moment(text: str) -> str:
    """A FHIR dateTime; times get the Dutch offset of that day. Empty when the text is no date."""
    if "T" not in text:
        return datum(text)
    found = TIME.match(text)
    if not found or not datum(found[1]):
        return ""
    return f"{found[1]}T{found[2]}:{found[3]}:{found[4] or '00'}{found[5] or _offset(found[1])}"


def _offset(day: str) -> str:
    """Summer time between the last Sundays of March and October (the European rule since 1996)."""
    d = date.fromisoformat(day)
    start, end = _last_sunday(d.year, 3), _last_sunday(d.year, 10)
    return "+02:00" if start <= d < end else "+01:00"


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def jaren(geboorte: str, dag: str) -> int | None:
    """Completed years between two full dates; None when either is not full or the order is wrong."""
    if len(geboorte) != 10 or len(dag) < 10 or not datum(geboorte) or not datum(dag[:10]):
        return None
    a, b = date.fromisoformat(geboorte), date.fromisoformat(dag[:10])
    years = b.year - a.year - ((b.month, b.day) < (a.month, a.day))
    return years if years >= 0 else None


def afwezig(nullflavor: str, tekst: str = "") -> JsonObject:
    """A dataAbsentReason that keeps the HL7 v3 nullFlavor beside the FHIR code."""
    codings = [
        {"system": ABSENT, "code": REASONS.get(nullflavor, "unknown")},
        {"system": NULLFLAVOR, "code": nullflavor},
    ]
    return {"coding": codings, **({"text": tekst} if tekst else {})}


def anders(tekst: str) -> JsonObject:
    """The zib way of `other`: nullFlavor OTH with the original text."""
    return {"coding": [{"system": NULLFLAVOR, "code": "OTH"}], **({"text": tekst} if tekst else {})}


def coding(system: str, code: str, display: str = "") -> dict[str, str]:
    return {
        **({"system": system} if system else {}),
        "code": code,
        **({"display": display} if display else {}),
    }


def extension(url: str, kind: str, value: Any) -> JsonObject:  # noqa: ANN401  # any FHIR value
    return {"url": url, f"value{kind}": value}


def specificatie(codings: Sequence[Json]) -> JsonObject:
    return extension(f"{NICTIZ}ext-CodeSpecification", "CodeableConcept", {"coding": codings})


def naam(voornaam: str, voorvoegsel: str, achternaam: str) -> JsonObject:
    """The official name as nl-core-NameInformation wants it; the name in use is another HumanName."""
    family = " ".join(p for p in (voorvoegsel, achternaam) if p)
    found: JsonObject = {"use": "official", "text": " ".join(p for p in (voornaam, family) if p)}
    if achternaam:
        found["family"] = family
        parts = [extension(f"{CORE}humanname-own-prefix", "String", voorvoegsel)] if voorvoegsel else []
        found["_family"] = {
            "extension": [*parts, extension(f"{CORE}humanname-own-name", "String", achternaam)]
        }
    if voornaam:
        names = voornaam.split(" ")
        given = names if all(names) else [voornaam]
        found["given"] = given
        found["_given"] = [
            {"extension": [extension(f"{CORE}iso21090-EN-qualifier", "Code", "BR")]} for _ in given
        ]
    return found


def adres(
    v: dict[str, str],
    soort: dict[str, str] | None,
    soort_bron: dict[str, str] | None,
    gebruik: str,
    land: list[dict[str, str]],
) -> JsonObject:
    """An address; `v` holds straat, huisnummer, huisletter, toevoeging, aanduiding, postcode, woonplaats and so on."""
    found: JsonObject = {}
    if soort or soort_bron:
        both = [c for c in (soort, soort_bron) if c]
        codings = [c for i, c in enumerate(both) if c not in both[:i]]
        found["extension"] = [
            extension(f"{NICTIZ}ext-AddressInformation.AddressType", "CodeableConcept", {"coding": codings})
        ]
    use, _, kind = gebruik.partition("/")
    if use:
        found["use"] = use
    if kind:
        found["type"] = kind
    extra = " ".join(v[k] for k in ("huisletter", "toevoeging") if v.get(k))
    parts = [
        ("streetName", v.get("straat", "")),
        ("houseNumber", v.get("huisnummer", "")),
        ("buildingNumberSuffix", extra),
        ("additionalLocator", v.get("aanduiding", "")),
        ("unitID", v.get("beschrijving", "")),
    ]
    filled = [(n, x) for n, x in parts if x]
    if filled:
        found["line"] = [" ".join(x for _, x in filled)]
        found["_line"] = [
            {"extension": [extension(f"{CORE}iso21090-ADXP-{n}", "String", x) for n, x in filled]}
        ]
    for key, name in (("woonplaats", "city"), ("gemeente", "district"), ("postcode", "postalCode")):
        if v.get(key):
            found[name] = v[key]
    if land:
        found["country"] = land[0].get("display") or land[0]["code"]
        found["_country"] = {"extension": [specificatie(land)]}
    period = {n: v[k] for n, k in (("start", "van"), ("end", "tot")) if v.get(k)}
    if period:
        found["period"] = period
    return found


def telefoon(
    nummer: str, gebruik: str, mobiel: dict[str, str] | None, bron: dict[str, str] | None
) -> JsonObject:
    """A telephone number; `mobile` is a kind of telephone in the zib, home and work are its use."""
    found: JsonObject = {"system": "phone"}
    codings = [c for c in (mobiel, bron) if c]
    codings = [c for i, c in enumerate(codings) if c not in codings[:i]]
    if codings:
        found["_system"] = {"extension": [specificatie(codings)]}
    found["value"] = nummer.removeprefix("tel:")
    if gebruik:
        found["use"] = gebruik
    return found
