"""One FHIR resource to rows, per type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from bds_tool.base.text import whole
from bds_tool.formats.fhir.people import GROEP, organisatie, patient, related_person, zetter, zorgverlener
from bds_tool.formats.fhir.values import NULLFLAVOR, Waarde, lees, tijd

if TYPE_CHECKING:
    from bds_tool.formats.fhir.rows import Rijen
    from bds_tool.formats.fhir.types import Concept, FamilyHistory, Resource
    from bds_tool.schema.zib.shapes import Vorm

BDS = "urn:oid:2.16.840.1.113883.2.4.4.40.267"
RUBRIEK = "urn:oid:2.16.840.1.113883.2.4.4.40.391"


def lees_resource(r: Rijen, resource: Resource) -> None:
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


def bds_nummer(concept: Concept) -> int | None:
    for c in concept.get("coding", ()):
        if c.get("system") == BDS and (found := whole(str(c.get("code", "")), 6)) is not None:
            return found
    return None


def _categorie(resource: Resource, system: str) -> str | None:
    for concept in resource.get("category", ()):
        for c in concept.get("coding", ()):
            if c.get("system") == system:
                return str(c.get("code"))
    return None


# ---- observations --------------------------------------------------------------------------------------------


def observation(r: Rijen, resource: Resource) -> None:
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


def _componenten(r: Rijen, resource: Resource, vorm: str) -> Iterator[tuple[int, Waarde]]:
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


def _vorm(r: Rijen, resource: Resource) -> str:
    """The form with the most of its fixed codes present, for resources without a BDS code."""
    codes = {(c.get("system"), c.get("code")) for c in resource.get("code", {}).get("coding", ())}
    best, size = "", 0
    for name, form in r.inverse.vormen.items():
        wanted = {(r.inverse.kaart.uri(c.partition("|")[0]), c.partition("|")[2]) for c in form.codes}
        if wanted and wanted <= codes and len(wanted) > size and _zijde(r, form, resource):
            best, size = name, len(wanted)
    return best


def _zijde(r: Rijen, form: Vorm, resource: Resource) -> bool:
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


def _element_van_vorm(r: Rijen, resource: Resource, vorm: str) -> int | None:
    candidates = r.inverse.plaatsen.get((vorm, "waarde"), [])
    if len(candidates) < 2:
        return candidates[0] if candidates and not r.inverse.vormen[vorm].lichaamsdeel else None
    codes = {
        (c.get("system"), c.get("code")) for c in resource.get("valueCodeableConcept", {}).get("coding", ())
    }
    return next((n for n in candidates if codes & set(r.inverse.terug.get(n, {}))), None)


# ---- persons -------------------------------------------------------------------------------------------------


def encounter(r: Rijen, resource: Resource) -> None:
    put = zetter(r, resource, "contact", None)
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
            zorgverlener(r, resource, found, "uitvoerder")


def episode(r: Rijen, resource: Resource) -> None:
    number = r.volgnr(resource)
    organisation = r.verwijzing(resource.get("managingOrganization"))
    if organisation and organisation["resourceType"] == "Organization":
        organisatie(r, resource, organisation, "zorgperiode", number)
    put = zetter(r, resource, "zorgperiode", number)
    period = resource.get("period", {})
    put("van", tijd(str(period.get("start") or "")))
    put("tot", tijd(str(period.get("end") or "")))


def immunization(r: Rijen, resource: Resource) -> None:
    number = r.volgnr(resource)
    put = zetter(r, resource, "vaccinatie", number)
    put("soort", resource.get("vaccineCode"))
    put("datum", tijd(str(resource.get("occurrenceDateTime") or "")))
    put("partij", resource.get("lotNumber"))
    for performer in resource.get("performer", ()):
        actor = performer.get("actor") or {}
        put("instantie" if actor.get("type") == "Organization" else "persoon", actor.get("display"))
    for note in resource.get("note", ()):
        put("toelichting", note.get("text"))
    put("bezwaar", resource.get("statusReason"))
    for reason in resource.get("reasonCode", ()):
        put("aanleiding", reason)


def consent(r: Rijen, resource: Resource) -> None:
    """The answer follows from what is permitted and the model of the form: an objection that is true denies."""
    n = next((m for c in resource.get("category", ()) if (m := bds_nummer(c)) is not None), None)
    vorm = r.inverse.vorm_van.get(n, "") if n is not None else ""
    form = r.inverse.vormen.get(vorm)
    provision = resource.get("provision") or {}
    kind = provision.get("type")
    if form is None or form.soort != "toestemming" or kind not in {"permit", "deny"}:
        label = " ".join(str(x.get("text") or "") for x in resource.get("category", ())).strip()
        r.voeg(resource, None, Waarde(str(kind) if kind else None, tekst=label or "Consent"))
        return
    put = zetter(r, resource, vorm, r.volgnr(resource))
    said = (kind == "permit") == (form.model == "optin")
    put("antwoord", "true" if said else "false")
    put("datum", tijd(str(resource.get("dateTime") or "")))
    put("einde", tijd(str((provision.get("period") or {}).get("end") or "")))


def questionnaire(r: Rijen, resource: Resource) -> None:
    for item in resource.get("item", ()):
        link = str(item.get("linkId", ""))
        for answer in item.get("answer", ()):
            n = whole(link, 6)
            value = lees(r.inverse, n if n is not None else -1, answer)
            if value is not None:
                r.voeg(resource, n, value, pad="item")


def condition(r: Rijen, resource: Resource) -> None:
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
    put = zetter(r, resource, vorm, None)
    put("van", tijd(str(resource.get("onsetDateTime") or "")))
    put("tot", tijd(str(resource.get("abatementDateTime") or "")))
    for note in resource.get("note", ()):
        put("oorzaak", note.get("text"))


def procedure(r: Rijen, resource: Resource) -> None:
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
        put = zetter(r, resource, r.inverse.vorm_van.get(n, ""), None)
        put("datum", tijd(str(resource.get("performedDateTime") or "")))
        put("reden", resource.get("statusReason"))


def family(r: Rijen, resource: Resource) -> None:
    put = zetter(r, resource, "familie", r.volgnr(resource))
    history = cast("FamilyHistory", resource)
    put("familielid", history.get("relationship"))
    for condition_ in history.get("condition", ()):
        put("aandoening", condition_.get("code"))
    for note in history.get("note", ()):
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
    "Consent": consent,
    "FamilyMemberHistory": family,
}
