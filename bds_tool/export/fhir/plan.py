"""What to do with each element: compiled once from the mapping, the code maps and the BDS definitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from bds_tool.base.specs import specs_dir
from bds_tool.schema import Definition, load, versions
from bds_tool.schema.zib import Codekoppeling, Zibkaart, load_zib
from bds_tool.schema.zib.shapes import Plaats, Vorm, Vormen, load_vormen

#: Families of HL7 types, and the FHIR value they become when nothing better is known.
CODED = {"CV", "CO", "CD", "CS", "CE", "CS(use)", "CV/ST"}
#: OID of the numbers that identify a child to the state; such a value never leaves by accident.
BSN_OID = "2.16.840.1.113883.2.4.6.3"


@dataclass(slots=True)
class Regel:
    """How one element is exported. `vertaal` is keyed by the registered code, in BDS and in HL7 coding."""

    bdsnummer: int
    naam: str
    soort: str  # code | hoeveelheid | geheel | datum | ja | tekst
    vorm: Vorm | None
    plaats: str
    codes: tuple[str, ...]
    eenheid: str
    eenheid_fhir: str
    gevoelig: str
    status: str
    predicaat: str
    profiel: str
    rubriek: str
    groepen: tuple[str, ...]
    lijst: str
    vertaal: dict[str, dict[str, list[Codekoppeling]]] = field(default_factory=dict)
    #: code → (system URI, display), for each coding
    bron: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)

    @property
    def plek(self) -> Plaats | None:
        return self.vorm.plaatsen.get(self.plaats) if self.vorm else None

    def doelen(self, waarde: str, hl7: bool) -> list[Codekoppeling]:
        """The targets of a code; the other coding is tried when the expected one does not know it."""
        first, second = ("HL7", "BDS") if hl7 else ("BDS", "HL7")
        return self.vertaal.get(first, {}).get(waarde) or self.vertaal.get(second, {}).get(waarde) or []

    def herkomst(self, waarde: str, hl7: bool) -> tuple[str, str]:
        """(system URI, display) of a code as registered; both empty when no list knows it."""
        first, second = ("HL7", "BDS") if hl7 else ("BDS", "HL7")
        return self.bron.get(first, {}).get(waarde) or self.bron.get(second, {}).get(waarde) or ("", "")


@dataclass(slots=True)
class Plan:
    """Everything the exporter needs to know, independent of any store."""

    regels: dict[int, Regel]
    vormen: Vormen
    kaart: Zibkaart

    def uri(self, code: str) -> tuple[str, str]:
        """`loinc|8302-2` → (URI, code)."""
        system, _, value = code.partition("|")
        return self.kaart.uri(system), value


def load_plan(release: str = "2020") -> Plan:
    return _load(release, str(specs_dir()))


@lru_cache(maxsize=2)
def _load(release: str, _root: str) -> Plan:
    kaart, vormen = load_zib(), load_vormen()
    definitions = [load(v) for v in reversed(versions())]
    numbers = sorted(set().union(*(d.elementen for d in definitions)))
    return Plan({n: _regel(n, definitions, kaart, vormen, release) for n in numbers}, vormen, kaart)


def _regel(n: int, definitions: list[Definition], kaart: Zibkaart, vormen: Vormen, release: str) -> Regel:
    holders = [d for d in definitions if n in d.elementen]
    typed = next((d for d in holders if d.elementen[n].hl7_datatype or d.elementen[n].datatype), holders[0])
    element = typed.elementen[n]
    row = kaart.van(n, release)
    lijst = element.waardenlijst
    regel = Regel(
        n,
        element.naam,
        _soort(element.hl7_datatype, element.datatype),
        vormen.vormen.get(row.vorm) if row and row.vorm else None,
        row.plaats if row else "",
        (row.code,) if row and row.code and row.vorm == "observatie" else (),
        (row.eenheid_bds if row else "") or element.eenheid,
        row.eenheid_fhir if row else "",
        row.gevoelig if row else "",
        row.status if row else "onbekend",
        row.predicaat if row and row.concept else "",
        row.profiel if row else "",
        element.rubriek,
        element.groepen,
        lijst,
    )
    for code in kaart.lijst(row.waardenlijst, release) if row and row.waardenlijst else ():
        if code.voorwaarde.startswith("element=") and code.voorwaarde != f"element={n}":
            continue
        regel.vertaal.setdefault("BDS", {}).setdefault(code.bds, []).append(code)
        regel.vertaal.setdefault("HL7", {}).setdefault(code.hl7, []).append(code)
    if (
        row
        and not row.waardenlijst
        and row.vorm
        and vormen.vormen[row.vorm].plaatsen.get(row.plaats, Plaats("")).vertaald
    ):
        _own_list(regel, lijst, kaart, n, release)
    for soort in ("BDS", "HL7"):
        for d in reversed(holders):  # the newest version writes last and wins
            values = d.waardenlijsten.get((d.elementen[n].waardenlijst, soort))
            for c in values.codes if values else ():
                if c.rij != "complete-codesystem":
                    regel.bron.setdefault(soort, {})[c.code] = (kaart.uri(c.codesysteem), c.weergavenaam)
    return regel


def _own_list(regel: Regel, lijst: str, kaart: Zibkaart, n: int, release: str) -> None:
    """Forms that always translate (milestones, visual acuity) use the code map of the element's own list."""
    for code in kaart.lijst(lijst, release):
        if code.voorwaarde.startswith("element=") and code.voorwaarde != f"element={n}":
            continue
        regel.vertaal.setdefault("BDS", {}).setdefault(code.bds, []).append(code)
        regel.vertaal.setdefault("HL7", {}).setdefault(code.hl7, []).append(code)


def _soort(hl7: str, datatype: str) -> str:
    if hl7 in CODED or datatype == "KL_AN":
        return "ja" if hl7 == "BL" else "code"
    if hl7 == "BL" or datatype == "BL":
        return "ja"
    if hl7 == "PQ" or datatype == "PQ":
        return "hoeveelheid"
    if hl7 == "INT" or datatype in {"INT", "N"}:
        return "geheel"
    if hl7 in {"TS", "IVL_TS"} or datatype == "TS":
        return "datum"
    return "tekst"
