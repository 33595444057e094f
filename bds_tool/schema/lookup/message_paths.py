"""Where an element sits in the message (DOB): the short path of the definition and the full one."""

from __future__ import annotations

import re

from bds_tool.schema.model import Definition, Element

_CPE = "/{root}/ControlActProcess/subject/CareProvisionRequest/sequelTo/careProvisionEvent"
#: Abbreviations of the definition's paths, innermost first so that each can use the others.
_ABBREVIATIONS = {
    "CPE": _CPE,
    "PAT": f"{_CPE}/subject/patient",
    "PP": f"{_CPE}/subject/patient/patientPerson",
    "REL": f"{_CPE}/subject/patient/patientPerson/personalRelationship",
    "ENC": f"{_CPE}/component7/encounter",
    "ACT": f"{_CPE}/component7/(encounter | nonEncounterCareActivity | registrationEvent)",
}
_START = re.compile(rf"^({'|'.join(_ABBREVIATIONS)})\b")


def full_path(definition: Definition, element: Element) -> str:
    """The path from the root of the message; empty where the element is not in the message of this version."""
    short = element.pad
    if not short:
        return ""
    start = _START.match(short)
    if not start:
        return short
    return _ABBREVIATIONS[start[1]].format(root=definition.interactie) + short[start.end() :]
