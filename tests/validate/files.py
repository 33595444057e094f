"""Every rule that a reader reports: a small file that breaks it and one that keeps it, written here.

FILES: code → (name, broken bytes, sound bytes); None for bytes means that the file is not there.
"""

from __future__ import annotations

import io
import json
import zipfile

VISIT = {"Tijdstip": "20181111", "Elementen": [{"Bdsnummer": 235, "Waarde": "380"}]}
PARENT = {"Elementen": [{"Bdsnummer": 62, "Waarde": "01"}, {"Bdsnummer": 63, "Waarde": "19950704"}]}
#: A complete JAMES message of each layout: 1.0 has visits, 3.0 has measurements by element.
FIRST = {
    "Format": "1.0",
    "OrganisatieCode": 7,
    "Referentie": "a",
    "ClientGegevens": {
        "Elementen": [
            {"Bdsnummer": n, "Waarde": v}
            for n, v in ((19, "2"), (20, "20181011"), (82, "189"), (91, "1"), (110, "990"))
        ],
        "Groepen": [PARENT],
    },
    "Contactmomenten": [VISIT, VISIT | {"Elementen": [{"Bdsnummer": 245, "Waarde": "1250"}]}],
}
THIRD = {
    "Format": "3.0",
    "organisationCode": 7,
    "reference": "a",
    "clientDetails": [
        {"bdsNumber": n, "value": v}
        for n, v in ((19, "2"), (20, "20181011"), (82, 189), (91, "1"), (110, 990))
    ],
    "clientMeasurements": [
        {"bdsNumber": 235, "values": [{"date": "20181111", "value": 380}]},
        {"bdsNumber": 245, "values": [{"date": "20181111", "value": 1250}]},
    ],
    "nestedDetails": [
        {
            "nestingBdsNumber": 62,
            "nestingCode": "01",
            "clientDetails": [{"bdsNumber": 63, "value": "19950704"}],
        }
    ],
}
FIRST_FILE, THIRD_FILE = json.dumps(FIRST).encode(), json.dumps(THIRD).encode()
TABLE = b"client;datum;235\nk;2020-01-15;1020\n"
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "2018-10-11"}
#: The smallest dossier transfer; `{0}` is for what belongs inside the dossier.
DOB = """<REPC_IN902120NL03 xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<id root="2.16.528.1" extension="1"/><creationTime value="20240101120000"/><versionCode code="NICTIZEd2005-Okt"/>
<interactionId extension="REPC_IN902120NL03"/><ControlActProcess><subject><CareProvisionRequest>
<templateId root="2.16.840.1.113883.2.4.6.10.100.10000"/><sequelTo>{0}</sequelTo></CareProvisionRequest></subject></ControlActProcess>
</REPC_IN902120NL03>"""
DOSSIER = (
    '<careProvisionEvent><templateId root="2.16.840.1.113883.2.4.6.10.100.10001"/><id extension="D1"/>'
    '<code code="CPHC"/><statusCode code="active"/>{0}</careProvisionEvent>'
)
SOUND_DOB = DOB.format(DOSSIER.format("")).encode()


def first(**changes):
    return json.dumps(FIRST | changes).encode()


def third(**changes):
    return json.dumps({k: v for k, v in (THIRD | changes).items() if v is not None}).encode()


def client(drop=(), **values):
    """The child's own elements of layout 3.0 with other values, or without some."""
    return [
        e | ({"value": values[f"e{e['bdsNumber']}"]} if f"e{e['bdsNumber']}" in values else {})
        for e in THIRD["clientDetails"]
        if e["bdsNumber"] not in drop
    ]


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", TABLE)
    return out.getvalue()


FILES = {
    "BDS001": ("a.csv", None, TABLE),
    "BDS002": ("a.json", b"", THIRD_FILE),
    "BDS003": ("a.dat", bytes(range(1, 256)) * 8, TABLE),
    "BDS004": ("a.xml", SOUND_DOB[:-30], SOUND_DOB),
    "BDS005": ("a.json", THIRD_FILE[:-40], THIRD_FILE),
    "BDS006": ("a.xml", SOUND_DOB.replace(b"CPHC", b"C\xe9C"), SOUND_DOB),
    "BDS007": ("a.xml", b'<!DOCTYPE x [<!ENTITY a "b">]>' + SOUND_DOB, SOUND_DOB),
    "BDS008": ("a.xml", b"<note><to>x</to></note>", SOUND_DOB),
    "BDS009": ("a.json", b'{"clientDetails": ' + b"[" * 900 + b"]" * 900 + b"}", THIRD_FILE),
    # The interaction of 4.2.0 belongs to that version alone; the other serves two.
    "BDS010": ("a.xml", SOUND_DOB, SOUND_DOB.replace(b"REPC_IN902120NL03", b"REPC_IN902120NL04")),
    "BDS011": ("a.parquet", b"PAR1 and then nothing", TABLE),
    "BDS012": ("a.zip", b"PK\x03\x04 broken", zipped()),
    "BDS013": ("a.csv", b"client;235;team\nk;900;Noord\n", TABLE),
    "BDS014": ("a.bds", "store", TABLE),
    "BDS020": ("a.json", first(Contactmomenten=[{"Elementen": VISIT["Elementen"]}]), FIRST_FILE),
    "BDS021": ("a.json", first(Contactmomenten={}), FIRST_FILE),
    "BDS022": ("a.json", third(clientDetails=client(drop=(20,))), THIRD_FILE),
    "BDS023": (
        "a.json",
        first(Contactmomenten=[VISIT | {"Elementen": [{"Bdsnummer": 235, "Waarde": 1}]}]),
        FIRST_FILE,
    ),
    "BDS024": ("a.json", first(OrganisatieCode="7"), FIRST_FILE),
    "BDS025": (
        "a.json",
        first(ClientGegevens=FIRST["ClientGegevens"] | {"Groepen": [{"Elementen": PARENT["Elementen"][1:]}]}),
        FIRST_FILE,
    ),
    "BDS026": ("a.json", first(Format="9.9"), FIRST_FILE),
    "BDS027": ("a.json", b'{"Resultaten": [{"Code": 123}]}', THIRD_FILE),
    "BDS028": ("a.json", first(Contactmomenten=[VISIT | {"Tijdstip": "20190231"}]), FIRST_FILE),
    "BDS029": ("a.json", third(reference=None, Reference="a"), THIRD_FILE),
    "BDS030": ("a.json", json.dumps([THIRD, THIRD]).encode(), THIRD_FILE),
    "BDS031": ("a.json", third(reference=None), THIRD_FILE),
    "BDS032": ("a.json", third(clientDetails=client(drop=(82,))), THIRD_FILE),
    "BDS033": ("a.json", third(clientDetails=client(e91="99")), THIRD_FILE),
    "BDS034": ("a.json", first(OrganisatieCode=0), FIRST_FILE),
    "BDS035": ("a.json", json.dumps({k: v for k, v in FIRST.items() if k != "Format"}).encode(), FIRST_FILE),
    "BDS036": ("a.ndjson", THIRD_FILE + b"\n" + THIRD_FILE[:80] + b"\n", THIRD_FILE + b"\n"),
    "BDS060": ("a.json", THIRD_FILE.replace(b'"reference"', b'"reference": "b", "reference"'), THIRD_FILE),
    "BDS061": ("a.json", THIRD_FILE.replace(b'"value": 380', b'"value": NaN'), THIRD_FILE),
    "BDS062": ("a.json", THIRD_FILE.replace(b"{", b"{ // versie\n", 1), THIRD_FILE),
    "BDS063": ("a.json", b'{"data": [' + THIRD_FILE + b"]}", THIRD_FILE),
    "BDS064": ("a.json", first(Contactmomenten=[VISIT | {"Tijdstip": "28022019"}]), FIRST_FILE),
    "BDS040": ("a.csv", b"a;b\n1;2\n", TABLE),
    "BDS041": ("a.csv", b"235;245\n900;14000\n910;\n", TABLE),
    "BDS042": (
        "a.csv",
        # Both pass the 11-test; neither is anybody's.
        b"client;datum;235\n111222333;2020-01-01;900\n123456782;2020-01-01;910\n111222333;2021-01-01;990\n",
        TABLE,
    ),
    "BDS043": ("a.csv", b'client;235\nk;"900\nm;910\n', TABLE),
    "BDS044": ("a.csv", b"client;datum;Lengte (cm)\nk;2020-01-15;102\n", TABLE),
    "BDS045": ("a.csv", b"client;datum;geslacht;235\nk;2020-01-01;1;900\nk;2021-01-01;1;990\n", TABLE),
    "BDS050": (
        "a.ndjson",
        json.dumps(PATIENT | {"gender": ["male"], "name": 3}).encode(),
        json.dumps(PATIENT).encode(),
    ),
    "BDS801": (
        "a.xml",
        DOB.format(DOSSIER.format("<wonder><value value='1'/></wonder>")).encode(),
        SOUND_DOB,
    ),
    "BDS803": ("a.xml", DOB.format("").encode(), SOUND_DOB),
}
