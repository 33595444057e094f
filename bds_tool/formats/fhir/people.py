"""Patient and the people around the child as rows: names, addresses, numbers, relations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bds_tool.formats.fhir.types import (
    Address,
    Concept,
    HumanName,
    Organization,
    Practitioner,
    Resource,
    Shared,
)
from bds_tool.formats.fhir.values import Waarde, code, tijd

if TYPE_CHECKING:
    from bds_tool.formats.fhir.rows import Rijen

GROEP = "urn:oid:2.16.840.1.113883.2.4.4.40.393"
#: Forms of related persons by their BDS group, and by role for resources of others.
PERSONEN = {"G014": "ouder", "G018": "broerzus", "G078": "zoondochter", "G004": "contactpersoon"}
OUDERS = {"FTH", "MTH", "STPFTH", "STPMTH", "ADOPTF", "ADOPTM", "FTHFOST", "MTHFOST", "NFTH", "NMTH"}
BROERZUS = {"BRO", "SIS", "SIB", "HSIB", "STPSIB"}
GENDER = {"male": "1", "female": "2", "other": "3", "unknown": "0"}


class Put(Protocol):
    """Gives a place of a form its value, in an instance of its group."""

    def __call__(self, plaats: str, value: str | Concept | None, instance: int | None = None) -> None: ...


def patient(r: Rijen, resource: Resource) -> None:
    _persoon(r, resource, "patient", None)
    put = zetter(r, resource, "patient", None)
    for extension in resource.get("extension", ()):
        url = str(extension.get("url", ""))
        if url.endswith("/patient-nationality"):
            for inner in extension.get("extension", ()):
                put("nationaliteit", inner.get("valueCodeableConcept"))
        elif url.endswith("/patient-birthPlace"):
            place = extension.get("valueAddress", {})
            put("geboorteplaats", place.get("city"))
            put("geboorteland", place.get("country"))
    put("overleden", tijd(str(resource.get("deceasedDateTime") or "")))
    if "multipleBirthBoolean" in resource:
        put("meerling", "true" if resource["multipleBirthBoolean"] else "false")
    manager = r.verwijzing(resource.get("managingOrganization"))
    if manager and manager["resourceType"] == "Organization":
        organisatie(r, resource, manager, "verantwoordelijk")
    for reference in resource.get("generalPractitioner", ()):
        found = r.verwijzing(reference)
        if found and found["resourceType"] == "Organization":
            organisatie(r, resource, found, "huisartspraktijk")
        elif found:
            zorgverlener(r, resource, found, "huisarts")


def related_person(r: Rijen, resource: Resource) -> None:
    codings = [c for x in resource.get("relationship", ()) for c in x.get("coding", ())]
    group = next((c["code"] for c in codings if c.get("system") == GROEP), "")
    roles = {c.get("code") for c in codings}
    vorm = PERSONEN.get(group) or (
        "ouder" if roles & OUDERS else "broerzus" if roles & BROERZUS else "contactpersoon"
    )
    number = r.volgnr(resource)
    _persoon(r, resource, vorm, number)
    put = zetter(r, resource, vorm, number)
    for concept in resource.get("relationship", ()):
        if any(c.get("system") == GROEP for c in concept.get("coding", ())):
            continue
        put(
            "relatie" if concept.get("coding") else "rol",
            concept if concept.get("coding") else concept.get("text"),
        )
    period = resource.get("period", {})
    put("periode.van", tijd(str(period.get("start") or "")))
    put("periode.tot", tijd(str(period.get("end") or "")))


def zetter(r: Rijen, resource: Resource, vorm: str, volgnr: int | None) -> Put:
    def put(plaats: str, value: str | Concept | None, instance: int | None = None) -> None:
        n = r.inverse.element(vorm, plaats)
        if n is None or not value:
            return
        found = code(r.inverse, n, value) if isinstance(value, dict) else Waarde(str(value))
        if found is not None:
            r.voeg(
                resource, n, found, volgnr=instance if instance is not None else volgnr, pad=plaats, datum=""
            )

    return put


def _persoon(r: Rijen, resource: Resource, vorm: str, volgnr: int | None) -> None:
    put = zetter(r, resource, vorm, volgnr)
    for identifier in resource.get("identifier", ()):
        if identifier.get("system") == r.inverse.kaart.uri("bsn"):
            put("bsn", identifier.get("value"))
    gender = next(
        (x.get("valueCodeableConcept") for x in resource.get("_gender", {}).get("extension", ())), None
    )
    if gender or resource.get("gender"):
        n = r.inverse.element(vorm, "geslacht")
        value = code(r.inverse, n, gender) if gender and n is not None else None
        if n is not None:
            r.voeg(
                resource,
                n,
                value or Waarde(GENDER.get(str(resource.get("gender")))),
                volgnr=volgnr,
                pad="gender",
                datum="",
            )
    put("geboortedatum", resource.get("birthDate"))
    for name in resource.get("name", ()):
        _naam(put, name)
    _telecom(r, resource, vorm, volgnr)
    for index, address in enumerate(resource.get("address", ()), start=1):
        _adres(put, address, index if vorm == "patient" else (volgnr or 1) * 1000 + index)


def _naam(put: Put, name: HumanName) -> None:
    own = {
        str(x.get("url", "")).rsplit("/", 1)[-1]: x.get("valueString")
        for x in (name.get("_family") or {}).get("extension", ())
    }
    given = " ".join(g for g in name.get("given", ()) if g)
    if name.get("use") == "usual":
        put("roepnaam", given)
    elif name.get("use") == "official":
        if "family" not in name and not given:
            put("naam.tekst", name.get("text"))
            return
        put("naam.voornaam", given)
        put("naam.voorvoegsel", own.get("humanname-own-prefix"))
        put("naam.achternaam", own.get("humanname-own-name") or name.get("family"))
    else:
        put("gebruik.voorvoegsel", own.get("humanname-own-prefix"))
        put("gebruik.achternaam", own.get("humanname-own-name") or name.get("family"))


def _telecom(r: Rijen, resource: Resource, vorm: str, volgnr: int | None) -> None:
    put = zetter(r, resource, vorm, volgnr)
    index = 0
    for point in resource.get("telecom", ()):
        if point.get("system") == "email":
            put("email", point.get("value"))
            continue
        index += 1
        instance = index if vorm == "patient" else (volgnr or 1) * 1000 + index
        put("telefoon.nummer", point.get("value"), instance)
        kind = next(
            (x.get("valueCodeableConcept") for x in (point.get("_system") or {}).get("extension", ())), None
        )
        if kind:
            put("telefoon.soort", kind, instance)
        elif point.get("use"):
            put("telefoon.soort", {"home": "HP", "work": "WP", "temp": "TMP"}.get(point["use"]), instance)


def _adres(put: Put, address: Address, instance: int) -> None:
    kind = next(
        (
            x.get("valueCodeableConcept")
            for x in address.get("extension", ())
            if str(x.get("url", "")).endswith("AddressType")
        ),
        None,
    )
    put("adres.soort", kind, instance)
    parts: dict[str, str] = {}
    for line in address.get("_line") or ():
        for x in (line or {}).get("extension", ()):
            parts[str(x.get("url", "")).rsplit("-", 1)[-1]] = str(x.get("valueString", ""))
    put("adres.straat", parts.get("streetName"), instance)
    put("adres.huisnummer", parts.get("houseNumber"), instance)
    extra = parts.get("buildingNumberSuffix", "")
    letter, _, rest = extra.partition(" ")
    if len(letter) == 1 and letter.isalpha():
        put("adres.huisletter", letter, instance)
        put("adres.toevoeging", rest, instance)
    else:
        put("adres.toevoeging", extra, instance)
    put("adres.aanduiding", parts.get("additionalLocator"), instance)
    put("adres.beschrijving", parts.get("unitID"), instance)
    put("adres.woonplaats", address.get("city"), instance)
    put("adres.gemeente", address.get("district"), instance)
    put("adres.postcode", address.get("postalCode"), instance)
    country = next(
        (x.get("valueCodeableConcept") for x in (address.get("_country") or {}).get("extension", ())), None
    )
    put("adres.land", country, instance)
    period = address.get("period", {})
    put("adres.van", tijd(str(period.get("start") or "")), instance)
    put("adres.tot", tijd(str(period.get("end") or "")), instance)


# ---- care ----------------------------------------------------------------------------------------------------


def organisatie(
    r: Rijen, resource: Resource, organisation: Organization, vorm: str, volgnr: int | None = None
) -> None:
    put = zetter(r, resource, vorm, volgnr)
    put("naam", organisation.get("name"))
    _nummers(r, put, organisation, ("ura", "agb"))


def zorgverlener(r: Rijen, resource: Resource, professional: Practitioner, vorm: str) -> None:
    put = zetter(r, resource, vorm, None)
    put("naam", next((n.get("text") for n in professional.get("name", ())), None))
    _nummers(r, put, professional, ("uzi", "big", "agb"))


def _nummers(r: Rijen, put: Put, resource: Shared, kinds: tuple[str, ...]) -> None:
    for identifier in resource.get("identifier", ()):
        for kind in kinds:
            if identifier.get("system") == r.inverse.kaart.uri(kind):
                put(kind, identifier.get("value"))
