"""The official examples, built again from BDS rows: equal in all mapped parts, and every difference is in the docs.

For each example the rows are written by hand from what the example says. Our own additions (id, provenance, the
BDS codes beside the zib codes) are taken off; what then differs must be exactly what the table in
`docs/uitleg/zib-voorbeelden.md` lists for that example.
"""

from __future__ import annotations

import importlib.util
import json
import re
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from bds_tool.export.fhir.writer import Opdracht, export
from bds_tool.formats import read
from bds_tool.store import Store, StoreWriter
from bds_tool.store.columns import REGISTRATIES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs/uitleg/zib-voorbeelden.md"
KEY = b"a key of at least sixteen characters"
OWN = re.compile(r"urn:oid:2\.16\.840\.1\.113883\.2\.4\.(4\.40\.|3\.11\.60\.100\.12\.)")
BIRTH = (20, "2016-12-19")


def _helper():
    spec = importlib.util.spec_from_file_location(
        "fhir_profiles", Path(__file__).with_name("test_fhir_profiles.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.xml_to_json


def contact(day, *rows):
    return [
        {"activiteit_id": "c", "datum": date.fromisoformat(day), "bdsnummer": n, "waarde": w} for n, w in rows
    ]


def child(*rows, **more):
    return [{"bdsnummer": n, "waarde": w, **more} for n, w in rows]


ADRES = [
    (8, "01"),
    (9, "Kaag en Braassem"),
    (10, "Hoogmade"),
    (11, "1e Jacob van Campenstr"),
    (12, "15"),
    (16, "1012 NX"),
]
ADRES_OUDER = [
    (658, "01"),
    (659, "Kaag en Braassem"),
    (660, "Hoogmade"),
    (661, "1e Jacob van Campenstr"),
    (662, "15"),
    (666, "1012 NX"),
    (669, "6030"),
]
#: example → (resource type, rows)
CASES = {
    "nl-core-BodyHeight-01": ("Observation", contact("2013-02-08", (235, "1530"), (236, "2"))),
    "nl-core-BodyWeight-01": ("Observation", contact("2013-02-06", (245, "2400"))),
    "nl-core-HeadCircumference-01": ("Observation", contact("2021-06-22", (252, "410"))),
    "nl-core-ApgarScore-1Minute-01": ("Observation", child(BIRTH, (129, "8"))),
    "nl-core-ApgarScore-5Minute-01": (
        "Observation",
        child(BIRTH, (130, "8"), (626, "Geen medisch onderzoek kinderarts nodig")),
    ),
    "nl-core-BloodPressure-01": ("Observation", contact("2013-02-08", (1486, "125"), (1487, "75"))),
    "nl-core-FeedingPatternInfant-01": ("Observation", contact("2016-12-20", (496, "01"))),
    "nl-core-DevelopmentChild.DevelopmentLinguistics-01": ("Observation", contact("2016-12-19", (937, "1"))),
    "nl-core-DevelopmentChild.DevelopmentLocomotion-01": ("Observation", contact("2016-12-19", (1278, "1"))),
    "nl-core-DevelopmentChild.DevelopmentSocial-01": ("Observation", contact("2016-12-19", (900, "1"))),
    "nl-core-DevelopmentChild.AgeFirstMenstruation-01": (
        "Observation",
        child((20, "2000-03-01")) + contact("2016-12-19", (312, "2016-06-01")),
    ),
    "nl-core-VisualAcuity-01": ("Observation", contact("2020-02-08", (1592, "10"))),
    "imm-Vaccination-event-carenetwork-example": (
        "Immunization",
        [
            {**r, "groep": "G076", "volgnr": 1}
            for r in contact("2024-03-15", (461, "01"), (1409, "2024-03-15"))
        ],
    ),
    "1293ac86-6a9e-11ec-0000-020000000000": (
        "Immunization",
        [
            {**r, "groep": "G076", "volgnr": 1}
            for r in contact("2005-07-21", (461, "01"), (1409, "2005-07-21"), (686, "02"))
        ],
    ),
    "nl-core-Patient-01": (
        "Patient",
        child(
            (7, "111222333"),
            (24, "0001"),
            (3, "van"),
            (4, "Putten"),
            (6, "Johanna Petronella Maria"),
            (5, "Jo"),
            (19, "2"),
            (20, "1934-04-28"),
            (108, "true"),
            (698, "giesput@myweb.nl"),
        )
        + child(*ADRES, groep="G001", volgnr=1)
        + child((609, "+31611234567"), (610, "03"), groep="G002", volgnr=1),
    ),
    "nl-core-ContactPerson-01": (
        "RelatedPerson",
        child((62, "02"), (656, "van"), (657, "Putten"), (738, "giesput@myweb.nl"), groep="G014", volgnr=1)
        + child(*ADRES_OUDER, groep="G014/G016", volgnr=1001)
        + child((736, "+31611234567"), (737, "03"), groep="G014/G017", volgnr=1001),
    ),
    "nl-core-HealthcareProvider-Organization-01": (
        "Organization",
        child((1507, "Erasmus Universitair Medisch Centrum"), (1441, "06020806"), groep="G091", volgnr=1),
    ),
    "nl-core-HealthProfessional-Practitioner-01": (
        "Practitioner",
        contact("2020-01-01", (1508, "21870932"), (1501, "J.H.R. Peters")),
    ),
}


def built(folder, resource_type, rows):
    with StoreWriter(folder / "s.bds") as writer:
        writer.add_bron(
            bron=1, pad="x", formaat="james-3.0", sha256="0" * 64, bytes=1, organisatie="1", rijen=len(rows)
        )
        base = dict.fromkeys(REGISTRATIES) | {"dossier_id": "k", "bron": 1, "regel": 1}
        writer.add_rows([tuple((base | r)[c] for c in REGISTRATIES) for r in rows])
    export(
        Store.open(folder / "s.bds"),
        folder / "o",
        Opdracht(KEY, gevoelig=frozenset({"bsn"}), controle="basis"),
    )
    lines = (folder / f"o/{resource_type}.ndjson").read_text(encoding="utf-8").splitlines()
    return json.loads(lines[0])


def plain(node, key=""):
    """A resource without what is ours (id, provenance, BDS codes, references) and without displays and narrative."""
    if isinstance(node, dict):
        found = {
            k: plain(v, k)
            for k, v in node.items()
            if k not in {"id", "source", "display", "reference", "encounter"}
            and not (k == "type" and key in {"subject", "patient"})
            and not (k == "version" and key == "coding")
        }
        return {k: v for k, v in found.items() if v not in ({}, [], None)}
    if isinstance(node, list):
        kept = [
            plain(v, key) for v in node if not (isinstance(v, dict) and OWN.match(str(v.get("system", ""))))
        ]
        return [v for v in kept if v not in ({}, [], None)]
    return node


def leaves(node, path=""):
    """path=value of every leaf; positions in lists are left out, so the order does not matter."""
    if isinstance(node, dict):
        return [x for k, v in node.items() for x in leaves(v, f"{path}.{k}" if path else k)]
    if isinstance(node, list):
        return [x for v in node for x in leaves(v, path)]
    return [f"{path}={json.dumps(node, ensure_ascii=False)}"]


def documented():
    """example → (only in the example, only in ours) as the docs list them."""
    table = {}
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 4:
            table[cells[0].strip("`")] = (
                set(re.findall(r"`([^`]+)`", cells[1])),
                set(re.findall(r"`([^`]+)`", cells[2])),
            )
    return table


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_example_differs_only_where_the_docs_say(shared, tmp_path, name):
    resource_type, rows = CASES[name]
    example = plain(_helper()(etree.parse(str(shared / f"real/fhir/examples/{name}.xml")).getroot()))
    ours = plain(built(tmp_path, resource_type, rows))
    theirs_only, ours_only = difference(leaves(example), leaves(ours))
    expected = documented()[name]
    assert (
        {p.partition("=")[0] for p in theirs_only},
        {p.partition("=")[0] for p in ours_only},
    ) == expected, (theirs_only, ours_only)


def difference(theirs, ours):
    a, b = list(theirs), list(ours)
    for leaf in list(a):
        if leaf in b:
            a.remove(leaf)
            b.remove(leaf)
    return a, b


def test_every_documented_example_is_built():
    assert set(documented()) == set(CASES)


#: What the store must hold after reading the examples themselves, which know no BDS code.
READ = {
    "nl-core-BodyHeight-01": {(235, "1530"), (236, "2")},
    "nl-core-BodyWeight-01": {(245, "2400")},
    "nl-core-HeadCircumference-01": {(252, "410")},
    "nl-core-ApgarScore-1Minute-01": {(129, "8")},
    "nl-core-ApgarScore-5Minute-01": {(130, "8"), (626, "Geen medisch onderzoek kinderarts nodig")},
    "nl-core-BloodPressure-01": {(1486, "125"), (1487, "75")},
    "nl-core-FeedingPatternInfant-01": {(496, "01")},
    "nl-core-DevelopmentChild.DevelopmentLinguistics-01": {(937, "1")},
    "nl-core-DevelopmentChild.DevelopmentLocomotion-01": {(1278, "1")},
    "nl-core-DevelopmentChild.DevelopmentSocial-01": {(900, "1")},
    "imm-Vaccination-event-carenetwork-example": {(461, "01"), (1409, "2024-03-15")},
    "nl-core-Patient-01": {
        (3, "van"),
        (4, "Putten"),
        (6, "Johanna Petronella Maria"),
        (5, "Jo"),
        (20, "1934-04-28"),
        (108, "true"),
        (10, "Hoogmade"),
        (609, "+31611234567"),
    },
    "nl-core-ContactPerson-01": {(706, "giesput@myweb.nl"), (705, "+31611234567")},
}


@pytest.mark.parametrize("name", sorted(READ))
def test_examples_of_others_are_read_by_their_fixed_codes(shared, tmp_path, name):
    resource = _helper()(etree.parse(str(shared / f"real/fhir/examples/{name}.xml")).getroot())
    (tmp_path / "x.ndjson").write_text(json.dumps(resource) + "\n", encoding="utf-8")
    with read([tmp_path / "x.ndjson"]) as store:
        found = set(store.registraties().collect().select("bdsnummer", "waarde").rows())
    assert READ[name] <= found
