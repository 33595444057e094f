"""Values of FHIR resources as rows of the store: whose they are, of which contact and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from bds_tool.formats.fhir.inverse import Inverse
from bds_tool.formats.fhir.types import Reference, Resource, Shared
from bds_tool.formats.fhir.values import Waarde
from bds_tool.store.sources import Sink

_VOLGNR = re.compile(r";volgnr=(\d+)")


class Rijen:
    """Turns values into rows of the store."""

    def __init__(self, sink: Sink, inverse: Inverse, gedeeld: Mapping[str, Shared]) -> None:
        self.sink, self.inverse, self.gedeeld = sink, inverse, gedeeld
        self.regel = 0
        self.dossiers: set[str] = set()

    def voeg(
        self,
        resource: Resource,
        n: int | None,
        value: Waarde,
        *,
        groep: str | None = None,
        volgnr: int | None = None,
        pad: str = "",
        dossier: str | None = None,
        rubriek: str | None = None,
        datum: str | None = None,
    ) -> None:
        """One row; the child, contact and date come from the resource unless given."""
        kind = resource["resourceType"]
        patient = dossier if dossier is not None else self.patient(resource)
        self.dossiers.add(patient)
        if rubriek is None and n is not None:
            rubriek = self.inverse.rubriek.get(n) or None
        if groep is None and n is not None:
            groep = self.inverse.groep.get(n) or None
        self.sink.rows.append(
            (
                patient,
                self.contact(resource),
                _dag(datum if datum is not None else self.moment(resource)),
                n,
                rubriek,
                groep,
                volgnr if volgnr is not None else self.volgnr(resource),
                value.waarde,
                value.eenheid,
                value.codesysteem,
                value.nullflavor,
                value.tekst,
                self.sink.bron,
                self.regel,
                f"{kind}/{pad}" if pad else kind,
            )
        )

    def patient(self, resource: Resource) -> str:
        if resource["resourceType"] == "Patient":
            return str(resource.get("id", ""))
        reference = (resource.get("subject") or resource.get("patient") or {}).get("reference", "")
        return str(reference).rsplit("/", 1)[-1]

    def contact(self, resource: Resource) -> str | None:
        if resource["resourceType"] == "Encounter":
            return str(resource.get("id", "")) or None
        reference = (resource.get("encounter") or {}).get("reference", "")
        return str(reference).rsplit("/", 1)[-1] or None

    def moment(self, resource: Resource) -> str:
        kind = resource["resourceType"]
        if kind == "Encounter":
            return str((resource.get("period") or {}).get("start", ""))
        for key in ("effectiveDateTime", "authored", "recordedDate", "date"):
            if key in resource:
                return str(resource[key])
        return str((resource.get("effectivePeriod") or {}).get("start", ""))

    def volgnr(self, resource: Resource) -> int | None:
        found = _VOLGNR.search(str((resource.get("meta") or {}).get("source", "")))
        return int(found[1]) if found else None

    def verwijzing(self, reference: Reference | None) -> Shared | None:
        """The shared resource a reference points at, when it was delivered too."""
        return self.gedeeld.get(str((reference or {}).get("reference", "")).rsplit("/", 1)[-1])


def _dag(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
