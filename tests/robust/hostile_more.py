"""Three more inputs of every kind of `hostile.py`, in other clothes: made by somebody who knew the kinds and not the program.

Importing this module adds them to the index of `hostile.py`; what is heavy is judged in a process of its own.
"""

from __future__ import annotations

import bz2
import json
import struct
import zipfile
from pathlib import Path

from .hostile import (
    ADDRESS,
    AFTER,
    BSN,
    HEAD,
    INDEX,
    LONG,
    NAME,
    NS,
    OTHER,
    PACKAGE,
    PEOPLE,
    PROTECT,
    RESIDENTS,
    REST,
    ROW,
    SAFE,
    TOLD,
    VALIDATE,
    attack,
    cell,
    described,
    of,
    parquet,
    text,
    workbook,
    zipped,
)  # fmt: skip

KNOWN = len(INDEX)

# ---- names -----------------------------------------------------------------------------------------------------------
for number, word in enumerate(["file:///elders/bds-url", "R027/..\u2044..\u2044x", "%2e%2e%2fx"]):
    text("namen", f"kleren-{number}", "a.csv", ROW + f'"{word}","{word}",2024-01-02,235,"{word}",540,\n',
         commands=(("convert", "IN", "OUT/wijd", "--to", "csv-wide"), ("convert", "IN", "OUT/dob", "--to", "dob", "--bds", "4.1.3"),
                   ("convert", "IN", "OUT/w.store", "--to", "store")))  # fmt: skip

# ---- workbooks -------------------------------------------------------------------------------------------------------
attack("werkboek", "kolom-van-letters")(
    lambda folder: zipped(folder, workbook(HEAD + f'<row r="2">{cell("ZZZZZZZ2", "x")}</row>'), "a.xlsx")
)
attack("werkboek", "blad-buiten-het-pakket")(
    lambda folder: zipped(folder, {k: v.replace(b"worksheets/sheet1.xml", b"../../../../etc/passwd") for k, v in workbook(HEAD + REST).items()}, "a.xlsx")
)  # fmt: skip
attack("werkboek", "rij-na-rij-terug")(
    lambda folder: zipped(folder, workbook(HEAD + "".join(f'<row r="{n}">{cell(f"A{n}", "k")}</row>' for n in (900_000, 3, 1_048_576, 2))), "a.xlsx")
)  # fmt: skip

# ---- heads and ragged tables -----------------------------------------------------------------------------------------
for name, header in {
    "komma-en-punt": "1,.2," * 500,
    "haken-en-streep": "[-]" * 700,
    "nullen": "0" * 2500 + "_kg",
}.items():
    text("kop", f"kleren-{name}", "a.csv", f'dossier_id;"{header}";datum\nk1;1;2024-01-02\n', heavy=True)
text(
    "csv",
    "kleren-trap",
    "a.csv",
    "dossier_id;235\n" + "\n".join(";" * (2**n) for n in range(16)) + "\nk1;540\n",
    heavy=True,
)
text("csv", "kleren-nul-bytes", "a.csv", b"dossier_id;235\n" + b"k\x001;5\x0040\n" * 500)
text("csv", "kleren-alleen-einden", "a.csv", "dossier_id;235\n" + "\r" * 200_000 + "k1;540\r\n", heavy=True)

# ---- JSON ------------------------------------------------------------------------------------------------------------
text(
    "json",
    "kleren-sleutel-dubbel",
    "a.json",
    '{"Format":"3.0",' + '"clientDetails":[],' * 3000 + '"reference":"k"}',
)
text(
    "json",
    "kleren-lijst-in-lijst",
    "a.json",
    '{"Format":"3.0","clientDetails":' + "[" * 50_000 + "]" * 50_000 + "}",
)
text(
    "json",
    "kleren-half-teken",
    "a.ndjson",
    b'{"dossier_id":"k1","235":"\xf0\x9f"}\n{"dossier_id":"k\xed\xa0\x80","235":5}\n',
)

# ---- archives --------------------------------------------------------------------------------------------------------


@attack("zip", "kleren-maat-gelogen")
def _lied(folder: Path) -> None:
    """The index says one byte, the data are many."""
    zipped(folder, {"a.csv": LONG + b"k1,a1,2024-01-02,235,R027,540,\n" * 50_000})
    data = bytearray((folder / "a.zip").read_bytes())
    place = data.find(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 1)
    (folder / "a.zip").write_bytes(bytes(data))


@attack("zip", "kleren-koppeling")
def _link(folder: Path) -> None:
    """A member that says it is a symbolic link to a file of the system."""
    info = zipfile.ZipInfo("a.csv")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")


attack("zip", "kleren-bzip2")(lambda folder: (folder / "a.csv.gz").write_bytes(bz2.compress(LONG * 100)))

# ---- Parquet and Arrow -----------------------------------------------------------------------------------------------


@attack("parquet", "kleren-dubbele-kolom")
def _double(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_arrays([pa.array(["k1"])] * 3, names=["dossier_id", "dossier_id", "waarde"])
    pq.write_table(table, folder / "a.parquet")


@attack("parquet", "kleren-naam-van-een-mens", hidden=PEOPLE)
def _column_of_a_person(folder: Path) -> None:
    parquet(folder, {"dossier_id": ["k1"], f"{NAME} {BSN}": [ADDRESS], "bdsnummer": [235], "waarde": ["540"]})


attack("parquet", "kleren-alleen-voet")(
    lambda folder: (folder / "a.parquet").write_bytes(b"PAR1" + struct.pack("<I", 2**31 - 1) + b"PAR1")
)
for name, data in {
    "leeg": b"ARROW1\x00\x00ARROW1",
    "halve-kop": b"ARROW1\x00\x00\xff\xff\xff\xff",
    "stroom": b"\xff\xff\xff\xff\x10\x00\x00\x00" + b"\x00" * 64,
}.items():
    attack("arrow", f"kleren-{name}")(lambda folder, data=data: (folder / "a.arrow").write_bytes(data))

# ---- sequence numbers and patterns -----------------------------------------------------------------------------------
for word in ("1e9", "0x7fffffff", "-0"):
    text("volgnummer", f"kleren-{word}", "a.csv", ROW.replace(",tekst", ",volgnr") + f"k1,a1,2024-01-02,235,R027,540,{word}\n" * 3,
         commands=(("convert", "IN", "OUT/w", "--to", "csv-wide"), VALIDATE, ("convert", "IN", "OUT/x.json", "--to", "james", "--organisation", "1")))  # fmt: skip
for name, words in {
    "postcode": "1234 A" * 10_000,
    "initialen": "A." * 30_000 + "b",
    "iban": "NL00 " * 12_000,
}.items():
    text(
        "patroon", f"kleren-{name}", "a.csv", ROW + f"k1,a1,2024-01-02,482,R019,{words},{words}\n", heavy=True
    )

# ---- XML -------------------------------------------------------------------------------------------------------------
for name, xml in {
    "utf16-zonder-merk": f"<REPC_IN902120NL03 {NS}/>".encode("utf-16-le"),
    "codering-verzonnen": f'<?xml version="1.0" encoding="x-{NAME}"?><REPC_IN902120NL03 {NS}/>'.encode(),
    "opdracht-en-cdata": f"<REPC_IN902120NL03 {NS}><?php {NAME}?><![CDATA[{BSN}]]><!-- {ADDRESS} --></REPC_IN902120NL03>".encode(),
}.items():
    text("xml", f"kleren-{name}", "a.xml", xml, hidden=(*PEOPLE, "root:"))

# ---- people ----------------------------------------------------------------------------------------------------------
text(
    "persoon",
    "kleren-tab.csv",
    "a.csv",
    f"{NAME}\t{BSN}\t{ADDRESS} 17\n{NAME}\t{BSN}\t{ADDRESS} 17\n",
    commands=TOLD,
    **SAFE,
)
text(
    "persoon",
    "kleren-versie.json",
    "a.json",
    json.dumps(
        {
            "Format": "3.0",
            "version": f"{NAME} {BSN}",
            "reference": NAME,
            "clientDetails": [{"bdsNumber": 235, "value": 540, "unit": ADDRESS}],
        }
    ),
    commands=TOLD,
    **SAFE,
)
text("persoon", f"kleren-{NAME}.csv", f"{NAME} {BSN}.csv", f"dossier_id,datum,bdsnummer,waarde,eenheid\n{NAME},2024-01-02,235,540,{ADDRESS}\n",
     commands=tuple(c for c in TOLD if c[0] != "convert"), codes=SAFE["codes"], hidden=(ADDRESS,))  # fmt: skip

# ---- values, FHIR, statistics ----------------------------------------------------------------------------------------
for name, value in {"romeins": "Ⅷ", "breuk": "½", "zacht-streepje": "5\u00ad40"}.items():
    lines = "".join(f"k1,a{n},2024-01-02,{n},,{value},{value}\n" for n in (235, 245, 63, 19, 20, 494))
    text("waarde", f"kleren-{name}", "a.csv", ROW + lines, commands=AFTER, codes=frozenset({0, 1, 2, 3, 4}))
for name, resource in {
    "soort-als-lijst": {"resourceType": ["Observation"], "code": {}},
    "eigen-zelf": {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": {"resource": {"resourceType": "Patient"}},
    },
    "uitbreidingen": {
        "resourceType": "Patient",
        "extension": [{"url": None, "valueCode": {}}] * 50,
        "birthDate": "2020-13",
    },
}.items():
    text("fhir", f"kleren-{name}", "a.ndjson", json.dumps(resource) + "\n")
text("statistiek", "kleren-spss-leeg", "a.sav", b"$FL2")
text("statistiek", "kleren-spss-klein", "a.zsav", b"$FL3" + b"\x00" * 172)
text("statistiek", "kleren-stata-oud", "a.dta", bytes([114, 1, 1, 0]) + b"\xff" * 120)

# ---- settings --------------------------------------------------------------------------------------------------------
EVIL = "<script>alert(1)</script>=cmd|' /C calc'!A0 \\u001b[2J \\u202e"
SETTINGS = (("validate", "SAMPLE", "--config", "IN/bds.toml", "--format", "text"), ("convert", "SAMPLE", "OUT/x.csv", "--to", "csv", "--config", "IN/bds.toml"),
            ("quality", "SAMPLE", "--config", "IN/bds.toml"), ("profile", "SAMPLE", "--config", "IN/bds.toml"))  # fmt: skip
for name, toml in {
    "reden": f'[[accept]]\nrule = "BDS203"\nreason = "{EVIL}"\n[[accept]]\nrule = "{EVIL}"\nreason = "x"\n',
    "sleutel": f'"{EVIL}" = 1\n[validate]\n"{EVIL}" = "{EVIL}"\n[rules]\n"{EVIL}" = "{EVIL}"\n',
    "tabel": f'[[tabel]]\nnaam = "{EVIL}"\nbestanden = ["../../../etc/*", "{EVIL}"]\ndatum = "{EVIL}"\norganisatie = "{EVIL}"\n[tabel.kolommen]\n"{EVIL}" = "{EVIL}"\n',
    "afzender": f'[sender]\napplication = "{EVIL}"\nname = "{EVIL}"\n[convert]\norganisation = "../../{EVIL}"\nencoding = "{EVIL}"\n',
    "doel": f'[[quality.target]]\nrule = "BDS203"\nshare = 0.5\nunit = "{EVIL}"\nreason = "{EVIL}"\n',
}.items():  # fmt: skip
    text(
        "instelling",
        f"kleren-{name}",
        "bds.toml",
        toml,
        commands=SETTINGS,
        codes=frozenset({0, 1, 2, 3}),
        hidden=("root:", "\u202e"),
    )

# ---- tables that are no delivery, packages, definitions, words -------------------------------------------------------
for name, content in {
    "kleren-tekens": "a,b,c,n\n\u202e,\u200b,\x1b[2J,1\n".encode(),
    "kleren-min": b"a,b,c,n\n" + b"1,1,1,-1\n" * 400,
    "kleren-breed": b"a,b,c,n" + b",x" * 3000 + b"\n",
}.items():
    for kind, commands in (("beveiligen", PROTECT), ("inwoners", RESIDENTS)):
        attack(kind, name, commands=of("csv", commands), codes=OTHER)(
            lambda folder, content=content: described(folder, "a.csv", content)
        )
for name, sheet in {
    "formule": HEAD + '<row r="2"><c r="A2"><f>HYPERLINK("http://example.org","x")</f><v>1</v></c></row>',
    "fout": HEAD + '<row r="2"><c r="A2" t="e"><v>#REF!</v></c></row>',
    "kop-hostile": f'<row r="1">{cell("A1", "../../x")}{cell("B1", "&lt;script&gt;")}</row>{REST}',
}.items():
    attack("pakket", f"kleren-{name}", commands=PACKAGE, codes=OTHER)(
        lambda folder, sheet=sheet: zipped(folder, workbook(sheet), "a.xlsx")
    )
for name, content in {"anker-bom": b"a: &a [x,x,x]\n" + b"".join(b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c]\n" % (c + 1, c + 1, c, c, c, c, c, c) for c in range(97, 107)),
                      "merk": b"titel: !!python/object/apply:os.system ['true']", "samenvoegen": b"a: &a\n  <<: *a\n  titel: x\n"}.items():  # fmt: skip
    attack("yaml", f"kleren-{name}", codes=frozenset({0, 1, 2, 3}), commands=(
        ("change", "check", "IN/a.yaml"), ("protect", "policy", "check", "IN/a.yaml"), ("generate", "--children", "1", "--population", "IN/a.yaml", "-o", "OUT/g.bds"),
    ))(lambda folder, content=content: (folder / "a.yaml").write_bytes(content))  # fmt: skip
for number, word in enumerate(("\u202e235", "235\n--force", "$(id)")):
    attack("woord", f"kleren-{number}", codes=frozenset({0, 1, 2, 3}), hidden=("root:", "uid="), commands=(
        ("spec", "show", word), ("rule", word), ("validate", "SAMPLE", "--select", word), ("convert", "SAMPLE", "OUT/q.csv", "--to", word), ("protocol", "show", word),
        ("change", "show", word), ("indicator", "compute", "SAMPLE", "-o", "OUT/a.result", "-i", word), ("migrate", "SAMPLE", "--to", word, "--out", "OUT/m.bds"),
    ))(lambda folder: None)  # fmt: skip

MORE = INDEX[KNOWN:]
