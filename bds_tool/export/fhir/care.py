"""Resources of care: contacts, organisations, professionals, vaccinations, questionnaires, conditions, procedures."""

from __future__ import annotations

from typing import Any

from bds_tool.base.json_types import Json, JsonObject
from bds_tool.export.fhir.datatypes import ABSENT_URL, NULLFLAVOR, anders, coding, extension, moment
from bds_tool.export.fhir.plan import Plan
from bds_tool.export.fhir.slots import Vakken, bds_coding, begrip
from bds_tool.export.fhir.values import bron_coding, maak_cel

Resource = JsonObject


def verwijs(soort: str, sleutel: str) -> Resource:
    return {"reference": f"{soort}/{sleutel}", "type": soort}


def contact(plan: Plan, vak: Vakken, ids: Resource, patient: str, datum: str, uitvoerder: str) -> Resource:
    """An Encounter; `datum` is used when the contact has no date of its own. Status codes also stay BDS-coded."""
    r: Resource = {"resourceType": "Encounter", **ids, "status": _contact_status(plan, vak)}
    types = []
    if code := vak.neem_code("soort"):
        types.append(begrip(plan, (None, code[1])))
    elif (text := vak.neem_anders("soort")) is not None:
        types.append(anders(text))
    form = vak.neem_code("vorm")
    if form:
        target, source = form
        r["class"] = (
            coding(plan.kaart.uri(target.systeem), target.code) if target else coding(NULLFLAVOR, "OTH")
        )
        types.append({"coding": [source]})
    else:
        r["class"] = coding(NULLFLAVOR, "UNK")
    if types:
        r["type"] = types
    r["subject"] = verwijs("Patient", patient)
    if uitvoerder:
        r["participant"] = [{"individual": verwijs("Practitioner", uitvoerder)}]
    if start := vak.neem_datum("datum", tijd=True) or datum:
        r["period"] = {"start": start}
    reasons: list[Json] = []
    while (reason := vak.neem_code("reden")) is not None:
        reasons.append({"coding": [reason[1]]})
    while (text := vak.neem_anders("reden")) is not None:
        reasons.append(anders(text))
    if reasons:
        r["reasonCode"] = reasons
    return r


def _contact_status(plan: Plan, vak: Vakken) -> str:
    row = vak.rij("status")
    if row is not None and row.waarde is not None and row.bdsnummer is not None:
        found = plan.regels[row.bdsnummer].doelen(row.waarde, vak.hl7)
        if found:
            return found[0].code
    basis = vak.rij("basisstatus")
    known = {"completed": "finished", "aborted": "cancelled", "active": "planned", "cancelled": "cancelled"}
    return known.get(basis.waarde or "", "unknown") if basis else "unknown"


def organisatie(plan: Plan, vak: Vakken, ids: Resource) -> Resource | None:
    r: Resource = {"resourceType": "Organization", **ids}
    identifiers = [{"system": plan.kaart.uri(k), "value": v} for k in ("ura", "agb") if (v := vak.neem(k))]
    if identifiers:
        r["identifier"] = identifiers
    if name := vak.neem("naam"):
        r["name"] = name
    return r if identifiers or name else None


def zorgverlener(plan: Plan, vak: Vakken, ids: Resource) -> Resource | None:
    r: Resource = {"resourceType": "Practitioner", **ids}
    identifiers = [
        {"system": plan.kaart.uri(k), "value": v} for k in ("uzi", "big", "agb") if (v := vak.neem(k))
    ]
    if identifiers:
        r["identifier"] = identifiers
    if name := vak.neem("naam"):
        r["name"] = [{"use": "official", "text": name}]
    return r if identifiers or name else None


def vaccinatie(
    plan: Plan, vak: Vakken, ids: Resource, patient: str, contact_id: str, datum: str
) -> Resource | None:
    """An Immunization. Without a kind of vaccine there is none: the rows go on as BDS-coded values."""
    code = vak.neem_code("soort")
    text = vak.neem_anders("soort") if code is None else None
    if code is None and text is None:
        return None
    r: Resource = {"resourceType": "Immunization", **ids, "status": "completed"}
    objection = vak.neem_code("bezwaar")
    other = vak.neem_anders("bezwaar") if objection is None else None
    if objection or other is not None:
        r["status"] = "not-done"
        r["statusReason"] = {"coding": [objection[1]]} if objection else anders(other or "")
    r["vaccineCode"] = begrip(plan, code) if code else anders(text or "")
    r["patient"] = verwijs("Patient", patient)
    if contact_id:
        r["encounter"] = verwijs("Encounter", contact_id)
    when = vak.neem_datum("datum", tijd=True)
    if when:
        r["occurrenceDateTime"] = when
    elif datum:
        r["occurrenceDateTime"] = datum
    else:
        r["_occurrenceDateTime"] = {"extension": [extension(ABSENT_URL, "Code", "unknown")]}
    if lot := vak.neem("partij"):
        r["lotNumber"] = lot
    # The profile has room for one performer: the person, and where nobody is named the organisation.
    actor = {"display": person} if (person := vak.neem("persoon")) else {}
    if not actor and (organisation := vak.neem("instantie")):
        actor = {"type": "Organization", "display": organisation}
    if actor:
        function = {"coding": [coding(plan.kaart.uri("v2-0443"), "AP")]}
        r["performer"] = [{"function": function, "actor": actor}]
    notes = [{"text": x} for x in vak.alles("toelichting")]
    if notes:
        r["note"] = notes
    reasons: list[Json] = []
    while (reason := vak.neem_code("aanleiding")) is not None:
        reasons.append(begrip(plan, reason))
    while (text := vak.neem_anders("aanleiding")) is not None:
        reasons.append(anders(text))
    if reasons:
        r["reasonCode"] = reasons
    return r


def vragenlijst(
    plan: Plan, vak: Vakken, ids: Resource, patient: str, contact_id: str, datum: str
) -> Resource | None:
    """A QuestionnaireResponse with one item per element; linkId is the BDS number, item texts are licensed."""
    items: list[Json] = []
    for rij, regel in vak.rijen.pop("item", []):
        cel = maak_cel(
            regel, rij.waarde, None, rij.codesysteem, rij.nullflavor, rij.tekst, vak.hl7, None, None
        )
        answer = _antwoord(plan, cel)
        items.append({"linkId": str(regel.bdsnummer), "answer": [answer]})
        vak.geplaatst.append((rij, regel))
    if not items:
        return None
    r: Resource = {
        "resourceType": "QuestionnaireResponse",
        **ids,
        "status": "completed",
        "subject": verwijs("Patient", patient),
    }
    if contact_id:
        r["encounter"] = verwijs("Encounter", contact_id)
    if datum:
        r["authored"] = datum
    r["item"] = items
    return r


def _antwoord(plan: Plan, cel: Any) -> Resource:  # noqa: ANN401  # a Cel
    if cel.klasse == "code":
        return {"valueCoding": bron_coding(plan, cel)}
    if cel.klasse == "ja":
        return {"valueBoolean": cel.waarde == "true"}
    if cel.klasse in {"leeg", "anders"}:
        code = coding(NULLFLAVOR, cel.nullflavor, cel.tekst)
        return {"valueCoding": code}
    if cel.klasse == "datum":
        return {"valueDateTime": cel.tekst}
    return {"valueString": cel.waarde}


def aandoening(
    plan: Plan, vak: Vakken, ids: Resource, patient: str, contact_id: str, datum: str
) -> Resource | None:
    """A Condition from one element that names it in text, or says yes to it."""
    found = _benoemd(plan, vak, "tekst") or _bevestigd(plan, vak, "ja")
    if found is None:
        return None
    r: Resource = {"resourceType": "Condition", **ids, "code": found, "subject": verwijs("Patient", patient)}
    if contact_id:
        r["encounter"] = verwijs("Encounter", contact_id)
    if datum:
        r["recordedDate"] = datum
    return r


def geelzien(plan: Plan, vak: Vakken, ids: Resource, patient: str) -> Resource | None:
    """Jaundice of the newborn with its period and cause."""
    code = _bevestigd(plan, vak, "ja")
    if code is None:
        return None
    r: Resource = {"resourceType": "Condition", **ids, "code": code, "subject": verwijs("Patient", patient)}
    if start := vak.neem_datum("van", tijd=True):
        r["onsetDateTime"] = start
    if end := vak.neem_datum("tot", tijd=True):
        r["abatementDateTime"] = end
    notes = [{"text": x} for x in vak.alles("oorzaak")]
    if notes:
        r["note"] = notes
    return r


def _benoemd(plan: Plan, vak: Vakken, plaats: str) -> Resource | None:
    text = vak.neem(plaats)
    return {"coding": [bds_coding(plan, vak.geplaatst[-1][1])], "text": text} if text else None


def _bevestigd(plan: Plan, vak: Vakken, plaats: str) -> Resource | None:
    row = vak.rij(plaats)
    if row is None or row.waarde != "true":
        return None
    vak.neem(plaats)
    return {"coding": [bds_coding(plan, vak.geplaatst[-1][1])]}


def operatie(plan: Plan, vak: Vakken, ids: Resource, patient: str, contact_id: str) -> Resource | None:
    code = _benoemd(plan, vak, "tekst")
    if code is None:
        return None
    r: Resource = {
        "resourceType": "Procedure",
        **ids,
        "status": "completed",
        "code": code,
        "subject": verwijs("Patient", patient),
    }
    if contact_id:
        r["encounter"] = verwijs("Encounter", contact_id)
    return r


def hielprik(plan: Plan, vak: Vakken, ids: Resource, patient: str, contact_id: str) -> Resource | None:
    """Heel prick: taken or not, when, and why not."""
    row = vak.rij("ja")
    if row is None or row.waarde not in {"true", "false"}:
        return None
    done = vak.neem("ja") == "true"
    own = bds_coding(plan, vak.geplaatst[-1][1])
    r: Resource = {"resourceType": "Procedure", **ids, "status": "completed" if done else "not-done"}
    reason = vak.neem_code("reden")
    other = vak.neem_anders("reden") if reason is None else None
    if reason or other is not None:
        r["statusReason"] = {"coding": [reason[1]]} if reason else anders(other or "")
    r["code"] = {"coding": [coding(plan.kaart.uri("sct"), "77262006"), own]}
    r["subject"] = verwijs("Patient", patient)
    if contact_id:
        r["encounter"] = verwijs("Encounter", contact_id)
    if when := vak.neem_datum("datum", tijd=True):
        r["performedDateTime"] = when
    return r


def familie(plan: Plan, vak: Vakken, ids: Resource, patient: str, datum: str) -> Resource | None:
    """A hereditary condition in the family; without a known relative there is no FamilyMemberHistory."""
    if not vak.rijen.get("aandoening"):
        return None
    relative = vak.neem_code("familielid")
    if relative is None:
        return None
    r: Resource = {
        "resourceType": "FamilyMemberHistory",
        **ids,
        "status": "partial",
        "patient": verwijs("Patient", patient),
    }
    if datum:
        r["date"] = datum
    r["relationship"] = begrip(plan, relative)
    notes = [{"text": x} for x in vak.alles("toelichting")]
    if notes:
        r["note"] = notes
    conditions: list[Resource] = []
    while (code := vak.neem_code("aandoening")) is not None:
        conditions.append({"code": {"coding": [code[1]]}})
    while (text := vak.neem_anders("aandoening")) is not None:
        conditions.append({"code": anders(text)})
    if not conditions:
        vak.terug()
        return None
    r["condition"] = conditions
    return r


def zorgperiode(ids: Resource, patient: str, organisation: str, status: str, van: str, tot: str) -> Resource:
    """The period in which an organisation cares for the child."""
    r: Resource = {
        "resourceType": "EpisodeOfCare",
        **ids,
        "status": status,
        "patient": verwijs("Patient", patient),
    }
    if organisation:
        r["managingOrganization"] = verwijs("Organization", organisation)
    period = {
        k: v for k, v in (("start", moment(van) if van else ""), ("end", moment(tot) if tot else "")) if v
    }
    if period:
        r["period"] = period
    return r
