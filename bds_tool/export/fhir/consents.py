"""Consents and objections as FHIR R4 Consent: what is permitted or denied, since when, and which decision still holds.

No zib and no nl-core profile describes these decisions (nl-core has Consent for treatment and advance directives only), so
this is base R4: https://hl7.org/fhir/R4/consent.html, with the policy codes OPTIN and OPTOUT of v3-ActCode as in its examples.
"""

from __future__ import annotations

from datetime import date

from bds_tool.base.json_types import JsonObject, object_in, text_in
from bds_tool.export.fhir.datatypes import coding
from bds_tool.export.fhir.plan import Plan
from bds_tool.export.fhir.slots import Vakken, bds_coding
from bds_tool.schema.zib.shapes import Vorm

Resource = JsonObject
SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
#: A decision of a patient on paper or in a record.
PATIENT_CONSENT = "59284-0"
#: Who decided, when it was the child itself: W0088 in HL7 and BDS coding, W0691 in both.
_CHILD = frozenset({"ONESELF", "01"})


def toestemming(
    plan: Plan, vorm: Vorm, vak: Vakken, ids: Resource, patient: str, datum: str
) -> Resource | None:
    """A Consent without its status, which depends on later decisions; None when nobody said yes or no.

    `provision.type` says what may happen: an objection that is true denies, and one that is false permits.
    """
    row = vak.rij("antwoord")
    if row is None or row.waarde not in {"true", "false", "1", "2"}:
        return None
    said = vak.neem("antwoord") in {"true", "1"}
    own = bds_coding(plan, vak.geplaatst[-1][1])
    r: Resource = {
        "resourceType": "Consent",
        **ids,
        "status": "active",
        "scope": {"coding": [coding(SCOPE, vorm.bereik)]},
        "category": [{"coding": [coding(plan.kaart.uri("loinc"), PATIENT_CONSENT)]}, {"coding": [own]}],
        "patient": {"reference": f"Patient/{patient}", "type": "Patient"},
    }
    if when := vak.neem_datum("datum", tijd=True) or datum:
        r["dateTime"] = when
    if performer := _performer(vak, patient):
        r["performer"] = [performer]
    r["policyRule"] = {"coding": [coding(plan.kaart.uri("v3-ActCode"), vorm.model.upper())]}
    permit = "permit" if said == (vorm.model == "optin") else "deny"
    end = vak.neem_datum("einde", tijd=True)
    r["provision"] = {"type": permit, **({"period": {"end": end}} if end else {})}
    return r


def _performer(vak: Vakken, patient: str) -> Resource | None:
    """Who decided; the code itself has no place here and stays behind."""
    rij, regel = next(((x, g) for x, g in vak.rijen.get("bron", ()) if x.waarde is not None), (None, None))
    if rij is None or regel is None or rij.waarde is None:
        return None
    if rij.waarde in _CHILD:
        return {"reference": f"Patient/{patient}", "type": "Patient"}
    _, name = regel.herkomst(rij.waarde, vak.hl7)
    return {"type": "RelatedPerson", "display": name} if name else None


def in_force(consents: list[Resource], today: date | None) -> None:
    """Which decisions about one thing still hold: a later one takes the place of an earlier, an end date ends it.

    Decisions of the same day, and those without a date, are not put in an order that nobody recorded: they stay active.
    Without `today` an end date is told and ends nothing.
    """
    days = [str(r.get("dateTime", ""))[:10] for r in consents]
    last = max(days, default="")
    for r, day in zip(consents, days, strict=True):
        end = text_in(object_in(object_in(r, "provision"), "period"), "end")
        whole = end[:10] if len(end) >= len("2022-01-01") else ""
        if (day and day < last[: len(day)]) or (whole and today and whole < today.isoformat()):
            r["status"] = "inactive"
