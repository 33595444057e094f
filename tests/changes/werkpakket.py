"""BDS 4.3.0 as it might come: a made-up package with twenty requests, one of every kind that people write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bds_tool.changes import Afschaffing, Omrekening, Pakket, Wijziging, load_package
from bds_tool.changes.edit import add_change, empty_package
from bds_tool.changes.impact import touched
from bds_tool.changes.migrate.check import with_examples
from bds_tool.changes.package import Deel
from bds_tool.schema import load

NEW = "4.3.0"
HL7, BDS = "2.16.840.1.113883.2.4.4.40", "2.16.840.1.113883.2.4.3.11.60.100.12"
SETS = "2.16.840.1.113883.2.4.3.11.60.100.11"
Step = tuple[str, str, dict[str, str]]


def text(naam: str, rubriek: str, **more: str) -> dict[str, str]:
    return {
        "naam": naam,
        "rubriek": rubriek,
        "datatype": "AN",
        "hl7_datatype": "ST",
        "max_lengte": "4000",
        **more,
    }


def coded(naam: str, rubriek: str, lijst: str, **more: str) -> dict[str, str]:
    return {
        "naam": naam,
        "rubriek": rubriek,
        "datatype": "KL_AN",
        "hl7_datatype": "CV",
        "waardenlijst": lijst,
        **more,
    }


def new_list(number: int, naam: str, *codes: str) -> list[Step]:
    """A list in both codings with the codes 01, 02, …"""
    steps: list[Step] = []
    for soort, system, part in (("HL7", HL7, 2), ("BDS", BDS, 1)):
        head = {
            "naam": naam,
            "valueset": f"{SETS}.{part}.{number}",
            "ingang": "2026-09-01",
            "status": "draft",
        }
        steps.append(("lijst-toegevoegd", f"W{number:04d}/{soort}", head))
        steps += [
            ("code-toegevoegd", f"W{number:04d}/{soort}/{system}.{number}/{n:02d}", {"weergavenaam": name})
            for n, name in enumerate(codes, start=1)
        ]
    return steps


#: What each request does; the words behind it say which kind it is.
REQUESTS: dict[str, tuple[str, list[Step]]] = {
    "JGZ-1001": ("splitsen", [
        ("element-vervallen", "755", {}),
        ("element-toegevoegd", "2001", text("Ingrijpende gebeurtenis in het gezin", "R019")),
        ("element-toegevoegd", "2002", text("Ingrijpende gebeurtenis elders", "R019")),
    ]),
    "JGZ-1002": ("samenvoegen", [
        ("element-vervallen", "234", {}),
        ("element-vervallen", "276", {}),
        ("element-toegevoegd", "2003", text("Bijzonderheden groei en motoriek", "R031")),
    ]),
    "JGZ-1003": ("eenheid g naar kg", [("element-eenheid", "245", {"eenheid": "kg"})]),
    "JGZ-1004": ("eenheid mm naar cm", [("element-eenheid", "238", {"eenheid": "cm"})]),
    "JGZ-1005": ("nieuwe lijst en element", [
        *new_list(901, "Schermgebruik", "Minder dan een uur", "Een tot twee uur", "Meer dan twee uur"),
        ("element-toegevoegd", "2004", coded("Schermgebruik per dag", "R019", "W0901")),
    ]),
    "JGZ-1006": ("code erbij", [
        ("code-toegevoegd", f"W0242/HL7/{HL7}.23/05", {"weergavenaam": "Standsafwijking van de voet"}),
        ("code-toegevoegd", f"W0242/BDS/{BDS}.242/05", {"weergavenaam": "Standsafwijking van de voet"}),
    ]),
    "JGZ-1007": ("code vervalt", [("code-vervallen", f"W0114/HL7/{HL7}.8/23", {})]),
    "JGZ-1008": ("code hernoemd", [("code-hernoemd", f"W0114/HL7/{HL7}.8/17", {"weergavenaam": "ASS (autisme)"})]),
    "JGZ-1009": ("verhuizing", [("element-verplaatst", "348", {"rubriek": "R019"})]),
    "JGZ-1010": ("nieuwe groep", [
        ("groep-toegevoegd", "G201", {"naam": "Slaapduur per dagdeel", "rubriek": "R019", "card_min": "0", "card_max": "*"}),
        ("element-toegevoegd", "2005", {"naam": "Slaapduur", "rubriek": "R019", "groep": "G201", "datatype": "PQ",
                                        "eenheid": "min"}),
        ("element-toegevoegd", "2006", coded("Dagdeel van de slaap", "R019", "W0242", groep="G201")),
    ]),
    "JGZ-1011": ("toestemming", [
        ("groep-toegevoegd", "G202", {"naam": "Toestemming delen met school", "rubriek": "R010", "card_min": "0", "card_max": "*"}),
        ("element-toegevoegd", "2007", {"naam": "Toestemming delen met school gegeven", "rubriek": "R010",
                                        "groep": "G202", "datatype": "BL", "hl7_datatype": "BL"}),
    ]),
    "JGZ-1012": ("element vervalt", [("element-vervallen", "161", {})]),
    "JGZ-1013": ("element hernoemd", [("element-hernoemd", "1656", {"naam": "Psychosociaal functioneren en cognitieve ontwikkeling"})]),
    "JGZ-1014": ("ruimere kardinaliteit", [("element-kardinaliteit", "748", {"card_max": "*"})]),
    "JGZ-1015": ("langere tekst", [("element-bereik", "152", {"max_lengte": "4000"})]),
    "JGZ-1016": ("nauwere grens", [("element-bereik", "97", {"minimum": "0"})]),
    "JGZ-1017": ("nieuwe rubriek", [
        ("rubriek-toegevoegd", "R060", {"naam": "Mediaopvoeding", "binding": "activiteitgebonden", "card_min": "0", "card_max": "*"}),
        ("element-toegevoegd", "2008", {"naam": "Mediaopvoeding besproken", "rubriek": "R060", "datatype": "BL", "hl7_datatype": "BL"}),
    ]),
    "JGZ-1018": ("ja/nee wordt een lijst", [
        *new_list(902, "Hoofd en hals onderzocht", "Ja", "Nee"),
        ("element-toegevoegd", "2009", coded("Onderzoek van hoofd en hals", "R023", "W0902")),
        ("element-vervallen", "167", {}),
    ]),
    "JGZ-1019": ("protocol verandert mee", [("element-vervallen", "1644", {})]),
    "JGZ-1020": ("uitzondering erbij", [("element-nullflavor", "1656", {"nullflavor": "any"})]),
}  # fmt: skip


def _derived(pakket: Pakket, number: int, *table: tuple[str, str], back: bool = False) -> Pakket:
    """The package in which an element is made of others."""
    conversion = Omrekening("afleiden", tabel=table)

    def one(w: Wijziging) -> Wijziging:
        if w.nummer != number or w.aspect != ("vervallen" if back else "toegevoegd"):
            return w
        return replace(w, terug=conversion) if back else replace(w, heen=conversion)

    return replace(pakket, wijzigingen=tuple(map(one, pakket.wijzigingen)))


def _told(pakket: Pakket, ident: tuple[str, str], words: str) -> Pakket:
    listed = (replace(w, toelichting=words) if w.id == ident else w for w in pakket.wijzigingen)
    return replace(pakket, wijzigingen=tuple(listed))


def _succeeded(pakket: Pakket, number: int, *by: int) -> Pakket:
    def one(w: Wijziging) -> Wijziging:
        note = w.afschaffing or Afschaffing(NEW, "Zie de opvolger.")
        return (
            replace(w, afschaffing=replace(note, opvolger=by))
            if w.id == ("element-vervallen", str(number))
            else w
        )

    return replace(pakket, wijzigingen=tuple(map(one, pakket.wijzigingen)))


#: What somebody adds by hand, after `add`.
BY_HAND: dict[str, Callable[[Pakket], Pakket]] = {
    "JGZ-1001": lambda p: _succeeded(_derived(_derived(p, 2001, ("755=*", "=")), 2002, ("755=*", "=")), 755, 2001, 2002),
    "JGZ-1002": lambda p: _derived(p, 2003, ("234=*", "+"), ("276=*", "+")),
    "JGZ-1015": lambda p: _told(p, ("element-bereik", "152"), "Wat langer is dan 200 tekens, reist bij teruggaan heel mee."),
    "JGZ-1016": lambda p: _told(p, ("element-bereik", "97"), "Een bevalling duurde nooit korter dan nul minuten."),
    "JGZ-1018": lambda p: _derived(p, 2009, ("167=true", "01"), ("167=false", "02")),
}  # fmt: skip


NO_ZIB = {"status": "geen-tegenhanger", "bewijs": "eigen oordeel"}
#: What a request carries along outside the definition.
CARRIED: dict[str, tuple[Deel, ...]] = {
    "JGZ-1001": (Deel("zib", "2001", NO_ZIB), Deel("zib", "2002", NO_ZIB)),
    # An element that expires stays in the register, and so does its row: `bds zib check` asks for one.
    "JGZ-1002": (
        Deel("zib", "234", reden="Het element blijft in het register; de regel geldt voor oude gegevens."),
        Deel("zib", "276", reden="Het element blijft in het register; de regel geldt voor oude gegevens."),
        Deel("zib", "2003", NO_ZIB),
    ),
    "JGZ-1005": (
        Deel("zib", "2004", NO_ZIB),
        Deel("helptekst", "2004", {"definitie": "Hoe lang het kind op een dag naar een scherm kijkt.", "stand": "voorstel",
                                   "bron": "wijzigingsverzoek JGZ-1005 (verzonnen)"}),
        Deel("protocol", "scherm-besproken", {
            "id": "scherm-besproken", "since": NEW,
            "title": {"nl": "Bij schermgebruik is mediaopvoeding besproken", "en": "With screen time, media are discussed"},
            "when": {"trigger": [{"element": 2004}]}, "expect": [{"element": 2008, "where": "activiteit"}], "severity": "info",
            "source": "JGZ-richtlijn (verzonnen)",
        }, bij="activiteit"),
    ),
    "JGZ-1010": (Deel("zib", "2005", NO_ZIB), Deel("zib", "2006", NO_ZIB)),
    "JGZ-1011": (Deel("zib", "2007", {"status": "buiten-bereik", "bewijs": "eigen oordeel"}),),
    "JGZ-1017": (Deel("zib", "2008", NO_ZIB),),
    "JGZ-1018": (Deel("zib", "2009", NO_ZIB),),
    "JGZ-1019": (Deel("protocol", "vaccinatie-contra-indicatie", {
        "id": "vaccinatie-contra-indicatie", "since": "4.2.0", "until": NEW,
        "title": {"nl": "Bij een contra-indicatie hoort een toelichting", "en": "A contraindication needs an explanation"},
        "when": {"trigger": [{"element": 1644, "codes": ["true"]}]}, "expect": [{"element": 1645, "where": "activiteit"}],
        "severity": "info", "source": "BDS 4.2.0: 1644 en 1645 (JGZ-622)",
    }),),
}  # fmt: skip


def carrying(pakket: Pakket) -> Pakket:
    """The package whose requests carry what follows from them."""
    return replace(
        pakket, verzoeken={j: replace(v, mee=CARRIED.get(j, ())) for j, v in pakket.verzoeken.items()}
    )


def add_request(pakket: Pakket, jgz: str) -> Pakket:
    """The package with one more of the requests, without examples."""
    old = load("4.2.0")
    title, steps = REQUESTS[jgz]
    for kind, key, values in steps:
        pakket, _ = add_change(
            pakket, old, kind, key, values, jgz, title.capitalize(), "JGZ-richtlijn (verzonnen)"
        )
    pakket = BY_HAND.get(jgz, lambda p: p)(pakket)
    return replace(pakket, verzoeken={**pakket.verzoeken, jgz: replace(pakket.verzoeken[jgz], zekerheid="C")})


#: The package as people keep it: a folder with a file per request. `save_package(build(), FOLDER)` writes it anew.
FOLDER = Path(__file__).parent / "4.2.0-4.3.0"


def package() -> Pakket:
    """The package with all requests, from its folder."""
    return load_package(FOLDER)


def build(*wanted: str) -> Pakket:
    """A package with all requests, or only with these."""
    pakket = replace(empty_package(load("4.2.0"), NEW, "Werkpakket 4.3.0 (verzonnen)"), datum="2026-11-01")
    for jgz in wanted or REQUESTS:
        pakket = add_request(pakket, jgz)
    pakket = with_examples(pakket, list(pakket.wijzigingen))
    pakket = carrying(pakket)
    facts = touched(pakket)
    return replace(pakket, verzoeken={j: replace(v, geraakt=facts[j]) for j, v in pakket.verzoeken.items()})
