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


def zipped(beside=""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", TABLE)
        if beside:
            archive.writestr(beside, "Een toelichting.")
    return out.getvalue()


def workbook(names, row, *, hidden="", second=""):
    """One sheet with a header and a row; None in the row is a formula that was never calculated."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(names)
    book.active.append([f"=A{9}*10" if v is None else v for v in row])
    for name in filter(None, (hidden, second)):
        sheet = book.create_sheet(name)
        sheet.append(["Uitleg", "Tekst"] if second else names)
        sheet.append(["x", 1] if second else row)
        sheet.sheet_state = "hidden" if hidden else "visible"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def nested():
    import polars as pl

    out = io.BytesIO()
    pl.DataFrame({"client": ["k"], "235": [900], "245": [[6210, 6300]]}).write_parquet(out)
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
    "BDS015": ("a.csv", "changing", TABLE),
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
    "BDS046": ("a.csv", b"client;datum;235\nk;03-04-2024;900\n", TABLE),
    "BDS047": ("a.csv", b"client;datum;235\nk;25-03-2024;900\nm;03/25/2024;910\n", TABLE),
    "BDS048": ("a.csv", b"client;datum;235\nk;45352;900\n", TABLE),
    "BDS049": ("a.csv", b"client;datum;235\nk;31-3-24;900\n", TABLE),
    "BDS051": ("a.csv", b"client;datum;245\nk;2024-03-01;15.890,5\n", TABLE),
    "BDS052": ("a.csv", b"client;datum;245\nk;2024-03-01;6.210\nm;2024-03-01;950.000\n", TABLE),
    "BDS053": ("a.csv", b"client;datum;Lengte\nk;2024-03-01;61,2 cm\n", TABLE),
    "BDS054": ("a.csv", b"client;datum;245\nk;2024-03-01;6,21E+03\n", TABLE),
    "BDS055": ("a.csv", b"client;datum;Geslacht\nk;2024-03-01;Mannelijk\n", TABLE),
    "BDS056": ("a.csv", b"client;datum;235;245\nk;2024-03-01;n.v.t.;6210\n", TABLE),
    "BDS057": ("a.csv", b"client;datum;235;245\nk;2024-03-01;#DEEL/0!;6210\n", TABLE),
    "BDS058": ("a.csv", b"k;2024-03-01;235;612\nm;2024-03-01;235;598\n", TABLE),
    "BDS059": ("groei.csv", b"nr;lft;lang\nk;3;612\n", TABLE),
    "BDS081": ("a.csv", "client;datum;972\nk;2024-03-01;één zinnetje\n".encode("cp850"), TABLE),
    "BDS082": ("a.csv", "client;972\nk;Zoë\n".encode() + "m;Chloë\n".encode("windows-1252"), TABLE),
    "BDS083": ("a.csv", b"client;datum;972;235\nk;2024-03-01;goed; maar moe;612\n", TABLE),
    "BDS084": ("a.csv", b"client;datum;235;245\nk;2024-03-01;612\n", TABLE),
    "BDS086": ("a.csv", TABLE, TABLE),
    "BDS085": ("a.xlsx", workbook(["client", "235"], ["k", None]), workbook(["client", "235"], ["k", 612])),
    "BDS065": ("a.csv", b"client;235\n1,23457E+11;612\n", TABLE),
    "BDS066": (
        "a.xlsx",
        workbook(["client", "235"], ["k", 612], hidden="Oud"),
        workbook(["client", "235"], ["k", 612]),
    ),
    "BDS067": (
        "a.xlsx",
        workbook(["client", "235"], ["k", 612], second="Uitleg"),
        workbook(["client", "235"], ["k", 612]),
    ),
    "BDS068": ("a.parquet", nested(), TABLE),
    "BDS069": ("a.csv", b"client;235\nk;612\n;598\n", TABLE),
    "BDS070": ("a.csv", b"client;element;waarde\nk;Lengte;612\n", TABLE),
    "BDS071": ("a.csv", b"client;bdsnummer;waarde\nk;235;612\nk;235a;1\n", TABLE),
    "BDS072": ("a.csv", b"client;245\nk;6210\nTotaal;6210\n", TABLE),
    "BDS073": ("a.csv", b"client;datum;235\n", TABLE),
    "BDS087": (
        "a.csv",
        b"client;datum;235\nk;2024-03-01;9999\nl;2024-03-01;9999\nm;2024-03-01;9999\n",
        TABLE,
    ),
    "BDS088": ("a.csv", b"client;datum;235\nk;2024-03-01;612\nclient;datum;245\nk;2024-03-01;6210\n", TABLE),
    "BDS089": (
        "a.csv",
        b"client;datum;235;persnr\nk;2024-03-01;612;111222333\nl;2024-03-01;613;123456782\nm;2024-03-01;614;100000009\n",
        b"client;datum;235;persnr\nk;2024-03-01;612;111222334\nl;2024-03-01;613;123456783\nm;2024-03-01;614;100000008\n",
    ),
    "BDS074": ("a.sav", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), TABLE),
    "BDS075": ("a.zip", zipped("leesmij.md"), zipped()),
    "BDS076": ("a.csv", b"Export metingen\n\nclient;datum;235\nk;2024-03-01;612\n", TABLE),
    "BDS077": ("a.csv", b"client;contactdatum;meetdatum;235\nk;2024-03-01;2024-03-02;612\n", TABLE),
    "BDS078": ("groei.csv", TABLE, TABLE),
    "BDS079": ("a.csv", b"client;bdsnummer;waarde\nk;235;612\nk;Gewicht;6210\n", TABLE),
    "BDS080": ("a.csv", b"client;245\nk;62\x0010\n", TABLE),
    "BDS050": (
        "a.ndjson",
        json.dumps(PATIENT | {"gender": ["male"], "name": 3}).encode(),
        json.dumps(PATIENT).encode(),
    ),
    "BDS801": (
        "a.xml",
        # an attribute that the schema knows and no place of the layout
        DOB.format(DOSSIER.format(""))
        .replace('id extension="D1"', 'id extension="D1" displayable="true"')
        .encode(),
        SOUND_DOB,
    ),
    "BDS858": (
        "a.xml",
        DOB.format(
            DOSSIER.format(
                '<encounter moodCode="EVN"><id extension="A1"/><effectiveTime value="20200101"/></encounter>'
            )
        ).encode(),
        SOUND_DOB,
    ),
    "BDS803": ("a.xml", DOB.format("").encode(), SOUND_DOB),
}
#: Code → profile asked for, and the `[[tabel]]` of bds.toml under which a file breaks the rule.
PROFILE = {"naam": "groei", "bestanden": "groei*.csv"}
SETTINGS = {
    "BDS059": ("", PROFILE | {"kolommen": {"nr": "dossier_id", "lang": 235, "lft": "overslaan"}}),
    "BDS086": ("", {"kolommen": {"Lengtee": 235}}),
    "BDS078": ("groei", PROFILE | {"kolommen": {"nummer": "dossier_id", "lang": 235}}),
}
