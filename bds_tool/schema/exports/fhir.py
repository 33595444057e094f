"""The value lists of a BDS version as FHIR R4 terminology: CodeSystems and ValueSets in one Bundle."""

from __future__ import annotations

import re
from collections import defaultdict
from uuid import NAMESPACE_URL, uuid5

from bds_tool import __version__
from bds_tool.base.json_types import JsonObject
from bds_tool.schema.bindings import WHOLE, state
from bds_tool.schema.loading import load
from bds_tool.schema.lookup.card import lijst_naam
from bds_tool.schema.model import Code, Definition, Waardenlijst

Resource = JsonObject

#: Code systems whose codes belong to the BDS itself; others are published elsewhere and shown as a fragment.
_OWN = ("2.16.840.1.113883.2.4.4.40.", "2.16.840.1.113883.2.4.3.11.60.100.12.")
_NULLFLAVOR = "2.16.840.1.113883.5.1008"
#: HL7 publishes nullFlavor under its own address as well; FHIR asks for that one.
_URLS = {_NULLFLAVOR: "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"}


def fhir_bundle(version: str) -> Resource:
    """A Bundle of type collection: one CodeSystem per BDS code system, one ValueSet per list and coding."""
    definition = load(version)
    resources = [*_code_systems(definition), *_value_sets(definition)]
    return {
        "resourceType": "Bundle",
        "id": f"bds-{version.replace('.', '-')}",
        "type": "collection",
        "timestamp": f"{definition.datum}T00:00:00Z",
        "entry": [{"fullUrl": _full_url(r), "resource": r} for r in resources],
    }


def _full_url(resource: Resource) -> str:
    return uuid5(NAMESPACE_URL, f"{resource['resourceType']}/{resource['id']}").urn


def _url(oid: str) -> str:
    return _URLS.get(oid, f"urn:oid:{oid}")


def _name(text: str) -> str:
    """A name as FHIR wants it for programs: letters, digits and underscores, starting with a capital."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    joined = "".join(w[:1].upper() + w[1:] for w in words)
    return joined if joined[:1].isalpha() else f"N{joined}"


def _identifier(oid: str) -> list[dict[str, str]]:
    return [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{oid}"}]


def _common(definition: Definition, id_: str, title: str) -> Resource:
    return {
        "id": id_[:64],
        "version": definition.version,
        "name": _name(title)[:255],
        "title": title,
        # Made by this program out of public facts: NCJ and Nictiz publish the lists, and not these resources.
        "status": "draft",
        "experimental": False,
        "date": definition.datum,
        "publisher": "bds_tool",
        "description": (
            f"Made by bds_tool {__version__} from the public definitions of BDS {definition.version} (content: NCJ and Nictiz). "
            "No official publication."
        ),
    }


def _code_systems(definition: Definition) -> list[Resource]:
    members: dict[str, dict[str, Code]] = defaultdict(dict)
    names: dict[str, str] = {}
    partial: set[str] = set()
    for (number, soort), w in definition.waardenlijsten.items():
        if state(definition.version, w) != WHOLE:
            partial |= {c.codesysteem for c in w.codes}
        for code in w.codes:
            if code.code and code.codesysteem.startswith(_OWN):
                # The last list wins: a newer edition of a list follows the older one.
                members[code.codesysteem][code.code] = code
                names.setdefault(code.codesysteem, f"{number} {lijst_naam(w.naam)} ({soort})".strip())
    found = []
    for oid in sorted(members, key=_order):
        codes = list(members[oid].values())
        concepts = [_concept(c) for c in codes]
        found.append(
            {
                "resourceType": "CodeSystem",
                **_common(definition, f"cs-{oid}", names[oid]),
                "url": _url(oid),
                "identifier": _identifier(oid),
                "caseSensitive": True,
                "content": "fragment" if oid in partial else "complete",
                "count": len(concepts),
                "property": [
                    {"code": "status", "uri": "http://hl7.org/fhir/concept-properties#status", "type": "code"}
                ],
                "concept": concepts,
            }
        )
    return found


def _order(oid: str) -> tuple[int, ...]:
    return tuple(int(part) for part in oid.split("."))


def _concept(code: Code) -> Resource:
    concept: Resource = {"code": code.code}
    if code.weergavenaam:
        concept["display"] = code.weergavenaam
    if code.status in {"L", "D"}:
        status = "deprecated" if code.status == "D" else "active"
        concept["property"] = [{"code": "status", "valueCode": status}]
    return concept


def _value_sets(definition: Definition) -> list[Resource]:
    found = []
    for (number, soort), w in sorted(definition.waardenlijsten.items()):
        oid = w.valuesets[-1]
        title = f"{number} {lijst_naam(w.naam)} ({soort})" if number.startswith("W") else w.naam
        # Several lists may share one value set OID with another edition; number and coding keep the ids apart.
        identification = f"{number}-{soort}" if number.startswith("W") else f"vs-{oid}"
        include = _include(w)
        if include:
            found.append(
                {
                    "resourceType": "ValueSet",
                    **_common(definition, identification, title),
                    "url": f"urn:oid:{oid}",
                    "identifier": _identifier(oid),
                    "compose": {"include": include},
                }
            )
    return found


def _include(w: Waardenlijst) -> list[Resource]:
    by_system: dict[str, dict[str, Code]] = defaultdict(dict)
    whole: list[str] = []
    for code in w.codes:
        if code.rij == "complete-codesystem" or not code.code:
            whole.append(code.codesysteem)
        else:
            by_system[code.codesysteem][code.code] = code
    include: list[Resource] = [{"system": _url(oid)} for oid in dict.fromkeys(whole) if oid]
    for oid, codes in by_system.items():
        if oid in whole:
            continue
        concepts = [
            {"code": c.code, "display": c.weergavenaam} if c.weergavenaam else {"code": c.code}
            for c in codes.values()
        ]
        include.append({"system": _url(oid), "concept": concepts} if oid else {"concept": concepts})
    return [i for i in include if "system" in i]
