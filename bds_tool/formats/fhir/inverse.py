"""Tables for the way back from FHIR: which element stands behind a code, a form or a place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from bds_tool.base.specs import specs_dir
from bds_tool.schema import load, versions
from bds_tool.schema.zib import Zibkaart, load_zib
from bds_tool.schema.zib.shapes import Vorm, load_vormen

#: Code systems of BDS lists in the data-set coding; rows in that coding carry no system.
BDS_LISTS = "urn:oid:2.16.840.1.113883.2.4.3.11.60.100.12."


@dataclass(slots=True)
class Inverse:
    """`plaatsen`: (form, place) → element; `terug`: element → target (URI, code) → BDS code;
    `systemen`: element → URIs of its own lists; `eenheid`: element → BDS unit.
    """

    kaart: Zibkaart
    vormen: dict[str, Vorm]
    plaatsen: dict[tuple[str, str], list[int]]
    vorm_van: dict[int, str]
    terug: dict[int, dict[tuple[str, str], str]]
    systemen: dict[int, set[str]]
    eenheid: dict[int, str]
    rubriek: dict[int, str]
    groep: dict[int, str]

    def element(self, vorm: str, plaats: str) -> int | None:
        found = self.plaatsen.get((vorm, plaats))
        return found[0] if found else None

    def oid(self, uri: str) -> str | None:
        """The OID of a system; None for the data-set coding and for systems without one."""
        if uri.startswith(BDS_LISTS):
            return None
        known = self.kaart.uri_naar_oid.get(uri)
        return known or (uri.removeprefix("urn:oid:") if uri.startswith("urn:oid:") else None)


def load_inverse() -> Inverse:
    return _load(str(specs_dir()))


@lru_cache(maxsize=2)
def _load(_root: str) -> Inverse:
    kaart, forms = load_zib(), load_vormen()
    found = Inverse(kaart, forms.vormen, {}, {}, {}, {}, {}, {}, {})
    for row in kaart.koppelingen:
        if row.release != "2020":
            continue
        n = row.bdsnummer
        if row.vorm:
            found.plaatsen.setdefault((row.vorm, row.plaats), []).append(n)
            found.vorm_van[n] = row.vorm
        if row.eenheid_bds:
            found.eenheid[n] = row.eenheid_bds
        if row.waardenlijst:
            _targets(found, n, row.waardenlijst)
    for version in versions():
        definition = load(version)
        for n, element in definition.elementen.items():
            found.rubriek[n] = element.rubriek or found.rubriek.get(n, "")
            found.groep[n] = element.groepen[-1] if element.groepen else found.groep.get(n, "")
            if element.eenheid:
                found.eenheid.setdefault(n, element.eenheid)
            for soort in ("BDS", "HL7"):
                values = definition.waardenlijsten.get((element.waardenlijst, soort))
                if values:
                    found.systemen.setdefault(n, set()).update(
                        kaart.uri(c.codesysteem) for c in values.codes if c.codesysteem
                    )
            vorm = forms.vormen.get(found.vorm_van.get(n, ""))
            if vorm and n not in found.terug and any(p.vertaald for p in vorm.plaatsen.values()):
                _targets(found, n, element.waardenlijst)
    return found


def _targets(found: Inverse, n: int, lijst: str) -> None:
    table = found.terug.setdefault(n, {})
    for code in found.kaart.lijst(lijst):
        if code.voorwaarde.startswith("element=") and code.voorwaarde != f"element={n}":
            continue
        if code.gemapt:
            table.setdefault((found.kaart.uri(code.systeem), code.code), code.bds)
