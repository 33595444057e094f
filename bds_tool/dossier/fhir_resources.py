"""One FHIR resource to rows, per type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bds_tool.dossier.fhir_values import NULLFLAVOR, Waarde, code, lees, tijd

if TYPE_CHECKING:
    from bds_tool.dossier.fhir_read import Rijen

BDS = "urn:oid:2.16.840.1.113883.2.4.4.40.267"
RUBRIEK = "urn:oid:2.16.840.1.113883.2.4.4.40.391"
GROEP = "urn:oid:2.16.840.1.113883.2.4.4.40.393"
#: Forms of related persons by their BDS group, and by role for resources of others.
PERSONEN = {"G014": "ouder", "G018": "broerzus", "G078": "zoondochter", "G004": "contactpersoon"}
OUDERS = {"FTH", "MTH", "STPFTH", "STPMTH", "ADOPTF", "ADOPTM", "FTHFOST", "MTHFOST", "NFTH", "NMTH"}
BROERZUS = {"BRO", "SIS", "SIB", "HSIB", "STPSIB"}
GENDER = {"male": "1", "female": "2", "other": "3", "unknown": "0"}


def lees_resource(r: Rijen, resource: dict[str, Any]) -> None:
    """Rows of one resource; shared ones give theirs where they are referred to."""
    reader = READERS.get(resource["resourceType"])
    if reader is not None:
        reader(r, resource)
    elif resource["resourceType"] not in {
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Location",
        "Medication",
    }:
        r.voeg(resource, None, Waarde(None, nullflavor="NI", tekst=resource["resourceType"]))


def bds_nummer(concept: dict[str, Any]) -> int | None:
    for c in concept.get("coding", ()):
        if c.get("system") == BDS and str(c.get("code", "")).isdigit():
            return int(c["code"])
    return None


def _categorie(resource: dict[str, Any], system: str) -> str | None:
    for concept in resource.get("category", ()):
        for c in concept.get("coding", ()):
            if c.get("system") == system:
                return str(c.get("code"))
    return None


# ---- observations --------------------------------------------------------------------------------------------


def observation(r: Rijen, resource: dict[str, Any]) -> None:
    rubriek, groep = _categorie(resource, RUBRIEK), _categorie(resource, GROEP)
    day: str | None = None

    def put(m: int | None, value: Waarde, pad: str = "") -> None:
        r.voeg(resource, m, value, datum=day, pad=pad, rubriek=rubriek, groep=groep)

    concept = resource.get("code", {})
    n = bds_nummer(concept)
    vorm = r.inverse.vorm_van.get(n, "") if n is not None else _vorm(r, resource)
    form = r.inverse.vormen.get(vorm)
    birth = (
        form is not None and form.soort == "observatie" and form.moment == "geboorte" and bool(form.profiel)
    )
    day = "" if birth else None
    components = list(_componenten(r, resource, vorm))
    inner = {m for m, _ in components}
    if n is None and form is not None:
        n = _element_van_vorm(r, resource, vorm)
    if n is None and not components:
        label = concept.get("text") or " ".join(
            c.get("display") or c.get("code", "") for c in concept.get("coding", ())
        )
        own = lees(r.inverse, -1, resource) or Waarde(None, nullflavor="NI")
        put(None, Waarde(own.waarde, own.eenheid, own.codesysteem, own.nullflavor, label or own.tekst))
        return
    if n is not None and n not in inner:
        main = lees(r.inverse, n, resource)
        if main is not None:
            put(n, main)
    seen = set()
    for m, value in components:
        key = (m, value.waarde, value.nullflavor)
        if key not in seen:
            seen.add(key)
            put(m, value, "component")
    note = r.inverse.element(vorm, "notitie")
    for text in (x.get("text") for x in resource.get("note", ())):
        if note is not None and text:
            put(note, Waarde(text), "note")


def _componenten(r: Rijen, resource: dict[str, Any], vorm: str) -> Iterator[tuple[int, Waarde]]:
    form = r.inverse.vormen.get(vorm)
    for component in resource.get("component", ()):
        n = bds_nummer(component.get("code", {}))
        if n is None and form is not None:
            codes = {(c.get("system"), c.get("code")) for c in component.get("code", {}).get("coding", ())}
            for place in form.plaatsen.values():
                system, _, value = place.component.partition("|")
                if place.component and (r.inverse.kaart.uri(system), value) in codes:
                    n = r.inverse.element(vorm, place.naam)
        found = lees(r.inverse, n, component) if n is not None else None
        if n is not None and found is not None:
            yield n, found


def _vorm(r: Rijen, resource: dict[str, Any]) -> str:
    """The form with the most of its fixed codes present, for resources without a BDS code."""
    codes = {(c.get("system"), c.get("code")) for c in resource.get("code", {}).get("coding", ())}
    best, size = "", 0
    for name, form in r.inverse.vormen.items():
        wanted = {(r.inverse.kaart.uri(c.partition("|")[0]), c.partition("|")[2]) for c in form.codes}
        if wanted and wanted <= codes and len(wanted) > size and _zijde(r, form, resource):
            best, size = name, len(wanted)
    return best


def _zijde(r: Rijen, form: Any, resource: dict[str, Any]) -> bool:  # noqa: ANN401  # a Vorm
    """Left and right share their code; the side of the body tells them apart."""
    if form.lichaamsdeel is None:
        return True
    system, _, value = form.lichaamsdeel[1].partition("|")
    wanted = (r.inverse.kaart.uri(system), value)
    for extension in resource.get("bodySite", {}).get("extension", ()):
        for c in extension.get("valueCodeableConcept", {}).get("coding", ()):
            if (c.get("system"), c.get("code")) == wanted:
                return True
    return False


def _element_van_vorm(r: Rijen, resource: dict[str, Any], vorm: str) -> int | None:
    candidates = r.inverse.plaatsen.get((vorm, "waarde"), [])
    if len(candidates) < 2:
        return candidates[0] if candidates and not r.inverse.vormen[vorm].lichaamsdeel else None
    codes = {
        (c.get("system"), c.get("code")) for c in resource.get("valueCodeableConcept", {}).get("coding", ())
    }
    return next((n for n in candidates if codes & set(r.inverse.terug.get(n, {}))), None)


# ---- persons -------------------------------------------------------------------------------------------------


def patient(r: Rijen, resource: dict[str, Any]) -> None:
    _persoon(r, resource, "patient", None)
    put = _zetter(r, resource, "patient", None)
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
    if manager:
        _organisatie(r, resource, manager, "verantwoordelijk")
    for reference in resource.get("generalPractitioner", ()):
        found = r.verwijzing(reference)
        if found and found["resourceType"] == "Organization":
            _organisatie(r, resource, found, "huisartspraktijk")
        elif found:
            _zorgverlener(r, resource, found, "huisarts")


def related_person(r: Rijen, resource: dict[str, Any]) -> None:
    codings = [c for x in resource.get("relationship", ()) for c in x.get("coding", ())]
    group = next((c["code"] for c in codings if c.get("system") == GROEP), "")
    roles = {c.get("code") for c in codings}
    vorm = PERSONEN.get(group) or (
        "ouder" if roles & OUDERS else "broerzus" if roles & BROERZUS else "contactpersoon"
    )
    number = r.volgnr(resource)
    _persoon(r, resource, vorm, number)
    put = _zetter(r, resource, vorm, number)
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


def _zetter(r: Rijen, resource: dict[str, Any], vorm: str, volgnr: int | None) -> Any:  # noqa: ANN401  # a function
    def put(plaats: str, value: Any, instance: int | None = None) -> None:  # noqa: ANN401  # text or a concept
        n = r.inverse.element(vorm, plaats)
        if n is None or not value:
            return
        found = code(r.inverse, n, value) if isinstance(value, dict) else Waarde(str(value))
        if found is not None:
            r.voeg(
                resource, n, found, volgnr=instance if instance is not None else volgnr, pad=plaats, datum=""
            )

    return put


def _persoon(r: Rijen, resource: dict[str, Any], vorm: str, volgnr: int | None) -> None:
    put = _zetter(r, resource, vorm, volgnr)
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


def _naam(put: Any, name: dict[str, Any]) -> None:  # noqa: ANN401  # a function
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


def _telecom(r: Rijen, resource: dict[str, Any], vorm: str, volgnr: int | None) -> None:
    put = _zetter(r, resource, vorm, volgnr)
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


def _adres(put: Any, address: dict[str, Any], instance: int) -> None:  # noqa: ANN401  # a function
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


def _organisatie(
    r: Rijen, resource: dict[str, Any], organisation: dict[str, Any], vorm: str, volgnr: int | None = None
) -> None:
    put = _zetter(r, resource, vorm, volgnr)
    put("naam", organisation.get("name"))
    _nummers(r, put, organisation, ("ura", "agb"))


def _zorgverlener(r: Rijen, resource: dict[str, Any], professional: dict[str, Any], vorm: str) -> None:
    put = _zetter(r, resource, vorm, None)
    put("naam", next((n.get("text") for n in professional.get("name", ())), None))
    _nummers(r, put, professional, ("uzi", "big", "agb"))


def _nummers(r: Rijen, put: Any, resource: dict[str, Any], kinds: tuple[str, ...]) -> None:  # noqa: ANN401  # a function
    for identifier in resource.get("identifier", ()):
        for kind in kinds:
            if identifier.get("system") == r.inverse.kaart.uri(kind):
                put(kind, identifier.get("value"))


def encounter(r: Rijen, resource: dict[str, Any]) -> None:
    put = _zetter(r, resource, "contact", None)
    if "source" in resource.get("meta", {}) or "profile" not in resource.get("meta", {}):
        put("datum", tijd(str(resource.get("period", {}).get("start") or "")))
    kind, form = r.inverse.element("contact", "soort"), r.inverse.element("contact", "vorm")
    for concept in resource.get("type", ()):
        systems = {c.get("system") for c in concept.get("coding", ())}
        is_form = form is not None and bool(systems & (r.inverse.systemen.get(form, set()) - {NULLFLAVOR}))
        put("vorm" if is_form else "soort", concept)
    if kind is None:
        return
    for concept in resource.get("reasonCode", ()):
        put("reden", concept)
    for participant in resource.get("participant", ()):
        found = r.verwijzing(participant.get("individual"))
        if found and found["resourceType"] == "Practitioner":
            _zorgverlener(r, resource, found, "uitvoerder")


def episode(r: Rijen, resource: dict[str, Any]) -> None:
    number = r.volgnr(resource)
    organisation = r.verwijzing(resource.get("managingOrganization"))
    if organisation:
        _organisatie(r, resource, organisation, "zorgperiode", number)
    put = _zetter(r, resource, "zorgperiode", number)
    period = resource.get("period", {})
    put("van", tijd(str(period.get("start") or "")))
    put("tot", tijd(str(period.get("end") or "")))


def immunization(r: Rijen, resource: dict[str, Any]) -> None:
    number = r.volgnr(resource)
    put = _zetter(r, resource, "vaccinatie", number)
    put("soort", resource.get("vaccineCode"))
    put("datum", tijd(str(resource.get("occurrenceDateTime") or "")))
    put("partij", resource.get("lotNumber"))
    for performer in resource.get("performer", ()):
        put("persoon", (performer.get("actor") or {}).get("display"))
    for note in resource.get("note", ()):
        put("toelichting", note.get("text"))
    put("bezwaar", resource.get("statusReason"))
    for reason in resource.get("reasonCode", ()):
        put("aanleiding", reason)


def questionnaire(r: Rijen, resource: dict[str, Any]) -> None:
    for item in resource.get("item", ()):
        link = str(item.get("linkId", ""))
        for answer in item.get("answer", ()):
            n = int(link) if link.isdigit() else None
            value = lees(r.inverse, n if n is not None else -1, answer)
            if value is not None:
                r.voeg(resource, n, value, pad="item")


def condition(r: Rijen, resource: dict[str, Any]) -> None:
    concept = resource.get("code", {})
    n = bds_nummer(concept)
    if n is None:
        label = concept.get("text") or " ".join(
            c.get("display") or c.get("code", "") for c in concept.get("coding", ())
        )
        r.voeg(resource, None, Waarde(label or None, tekst="Condition"))
        return
    r.voeg(resource, n, Waarde(concept.get("text") or "true"))
    vorm = r.inverse.vorm_van.get(n, "")
    put = _zetter(r, resource, vorm, None)
    put("van", tijd(str(resource.get("onsetDateTime") or "")))
    put("tot", tijd(str(resource.get("abatementDateTime") or "")))
    for note in resource.get("note", ()):
        put("oorzaak", note.get("text"))


def procedure(r: Rijen, resource: dict[str, Any]) -> None:
    concept = resource.get("code", {})
    n = bds_nummer(concept)
    if n is None:
        label = concept.get("text") or " ".join(
            c.get("display") or c.get("code", "") for c in concept.get("coding", ())
        )
        r.voeg(resource, None, Waarde(label or None, tekst="Procedure"))
    elif concept.get("text"):
        r.voeg(resource, n, Waarde(concept["text"]))
    else:
        r.voeg(resource, n, Waarde("false" if resource.get("status") == "not-done" else "true"))
        put = _zetter(r, resource, r.inverse.vorm_van.get(n, ""), None)
        put("datum", tijd(str(resource.get("performedDateTime") or "")))
        put("reden", resource.get("statusReason"))


def family(r: Rijen, resource: dict[str, Any]) -> None:
    put = _zetter(r, resource, "familie", r.volgnr(resource))
    put("familielid", resource.get("relationship"))
    for condition_ in resource.get("condition", ()):
        put("aandoening", condition_.get("code"))
    for note in resource.get("note", ()):
        put("toelichting", note.get("text"))


READERS = {
    "Observation": observation,
    "Patient": patient,
    "RelatedPerson": related_person,
    "Encounter": encounter,
    "EpisodeOfCare": episode,
    "Immunization": immunization,
    "QuestionnaireResponse": questionnaire,
    "Condition": condition,
    "Procedure": procedure,
    "FamilyMemberHistory": family,
}
