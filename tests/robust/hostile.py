"""Hostile inputs, three or more of each kind, made from nothing; the index says how each ends.

An attack gets a folder and makes its files there. `codes` are the exit codes that are right, `says` the finding that must
be told (any of them), and `hidden` words that may appear in nothing that is said.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME, ADDRESS, BSN = "Kwinkelier", "Kanarieplantsoen", "999990019"
PEOPLE = (NAME, ADDRESS, BSN, "06-98765432")
ROW = "dossier_id,activiteit_id,datum,bdsnummer,rubriek,waarde,tekst\n"
VALIDATE = ("validate", "IN", "--format", "text")
TO_STORE = ("convert", "IN", "OUT/x.bds", "--to", "store")


@dataclass
class Attack:
    kind: str
    name: str
    make: Callable[[Path], object]
    commands: tuple[tuple[str, ...], ...] = (VALIDATE,)
    codes: frozenset[int] = frozenset({0, 1, 3})
    says: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    heavy: bool = False  # judged in a process of its own, on time and memory
    more: dict[str, str] = field(default_factory=dict)


INDEX: list[Attack] = []


def attack(
    kind: str, name: str, **facts: object
) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    def keep(make: Callable[[Path], object]) -> Callable[[Path], object]:
        INDEX.append(Attack(kind, name, make, **facts))  # type: ignore[arg-type]
        return make

    return keep


def text(kind: str, name: str, file: str, content: str | bytes, **facts: object) -> None:
    """An attack that is one file."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    attack(kind, name, **facts)(lambda folder: (folder / file).write_bytes(data))


# ---- names that would be paths ---------------------------------------------------------------------------------------
for number, word in enumerate(
    ["../../x", "/var/bds-abs-x", "..\\..\\x", "CON", "R027\x00/../..", "~/x", "a/../../../b"]
):
    text("namen", f"rubriek-{number}", "a.csv", ROW + f'k1,a1,2024-01-02,235,"{word}",540,\n',
         commands=(("convert", "IN", "OUT/wijd", "--to", "csv-wide"), ("convert", "IN", "OUT/n.ndjson", "--to", "ndjson")))  # fmt: skip
    text("namen", f"dossier-{number}", "a.csv", ROW + f'"{word}",a1,2024-01-02,235,R027,540,\n"{word}",,,63,R003,20200102,\n',
         commands=(("convert", "IN", "OUT/dob", "--to", "dob", "--bds", "4.1.3"), ("convert", "IN", "OUT/j", "--to", "james", "--organisation", "1"),
                   ("zib", "export", "IN", "OUT/fhir", "--workers", "1"), ("zib", "export", "IN", "OUT/b", "--as", "bundle", "--workers", "1")))  # fmt: skip


def zipped(folder: Path, members: dict[str, bytes], name: str = "a.zip") -> None:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, data in members.items():
            archive.writestr(each, data)


LONG = (ROW + "k1,a1,2024-01-02,235,R027,540,\n").encode()
for number, word in enumerate(
    [
        "../../x.csv",
        "/var/bds-abs.csv",
        "..\\x.csv",
        "x/" * 200 + "a.csv",
        "C:\\x.csv",
        "a\x1b[2J.csv",
        "con.csv",
    ]
):
    attack(
        "namen", f"lid-{number}", commands=(VALIDATE, TO_STORE, ("convert", "IN", "OUT/c.csv", "--to", "csv"))
    )(lambda folder, word=word: zipped(folder, {word: LONG}))

# ---- one small file ends the run --------------------------------------------------------------------------------------
CT = ('<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
      '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
      '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
      '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>')  # fmt: skip
RELS = ('<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>{more}</Relationships>')  # fmt: skip
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(sheet: str, *, shared: str = "", name: str = "Blad1", attributes: str = "") -> dict[str, bytes]:
    """The parts of a workbook with one sheet of this XML (rows inside sheetData, or more)."""
    body = sheet if "<sheetData" in sheet else f"<sheetData>{sheet}</sheetData>"
    strings = '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/>'
    parts = {
        "[Content_Types].xml": CT,
        "_rels/.rels": RELS.format(kind="officeDocument", target="xl/workbook.xml", more=""),
        "xl/workbook.xml": f'<?xml version="1.0"?><workbook xmlns="{MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": RELS.format(
            kind="worksheet", target="worksheets/sheet1.xml", more=strings if shared else ""
        ),
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"{attributes}>{body}</worksheet>',
    }
    if shared:
        parts["xl/sharedStrings.xml"] = f'<?xml version="1.0"?><sst xmlns="{MAIN}">{shared}</sst>'
    return {k: v.encode("utf-8", "surrogatepass") for k, v in parts.items()}


def cell(place: str, word: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{word}</t></is></c>'


HEAD = (
    '<row r="1">'
    + "".join(
        cell(f"{c}1", w) for c, w in zip("ABCD", ["dossier_id", "datum", "bdsnummer", "waarde"], strict=True)
    )
    + "</row>"
)
REST = (
    '<row r="2">'
    + "".join(cell(f"{c}2", w) for c, w in zip("ABCD", ["k1", "2024-01-02", "235", "540"], strict=True))
    + "</row>"
)
SHEETS = {
    "hoek": HEAD + REST + f'<row r="1048576">{cell("XFD1048576", "x")}</row>',
    "afmeting": f'<dimension ref="A1:XFD1048576"/><sheetData>{HEAD}{REST}</sheetData>',
    "afmeting-te-groot": f'<dimension ref="A1:ZZZZZZ99999999999"/><sheetData>{HEAD}{REST}</sheetData>',
    "rij-te-groot": HEAD + '<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>',
    "rij-negatief": HEAD + '<row r="-5"><c r="A-5"><v>1</v></c></row>',
    "kolom-ver": HEAD + f'<row r="2">{cell("XFD2", "x")}</row>' * 3,
    "veel-rijen-leeg": HEAD + "".join(f'<row r="{n}"/>' for n in range(2, 60000)),
    "zonder-plaats": '<row><c t="inlineStr"><is><t>dossier_id</t></is></c></row>' * 3,
    "gedeeld-buiten": HEAD + '<row r="2"><c r="A2" t="s"><v>99999999</v></c></row>',
    "gedeeld-negatief": HEAD + '<row r="2"><c r="A2" t="s"><v>-1</v></c></row>',
    "datum-ver": HEAD + '<row r="2"><c r="B2" t="d"><v>99999-99-99</v></c><c r="C2"><v>1e308</v></c></row>',
    "samengevoegd": f'<sheetData>{HEAD}{REST}</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>',
    "entiteit": HEAD + REST + "&x;",
    "onaf": HEAD + "<row",
}  # fmt: skip
for name, sheet in SHEETS.items():
    attack(
        "werkboek", name, heavy=name in {"hoek", "afmeting", "veel-rijen-leeg", "samengevoegd", "kolom-ver"}
    )(lambda folder, sheet=sheet: zipped(folder, workbook(sheet), "a.xlsx"))
attack("werkboek", "bom-van-teksten", heavy=True)(
    lambda folder: zipped(
        folder,
        workbook(
            HEAD + '<row r="2"><c r="A2" t="s"><v>0</v></c></row>',
            shared="<si><t>" + "x" * 150_000_000 + "</t></si>",
        ),
        "a.xlsx",
    )
)
attack("werkboek", "bom-van-rijen", heavy=True)(
    lambda folder: zipped(folder, workbook(HEAD + "<row><c><v>1</v></c></row>" * 4_000_000), "a.xlsx")
)
attack("werkboek", "diep", heavy=True)(
    lambda folder: zipped(folder, workbook(HEAD + "<a>" * 500_000), "a.xlsx")
)

for name, header in {
    "a-s": "a" * 2000, "letters-cijfers": "a1" * 1000, "streepjes": "_-" * 1000 + "x", "haken": "(" * 2000, "spaties": " " * 2000 + "x",
    "cijfers": "1" * 2000, "puntjes": "a." * 1000, "bds": "bds_" * 500, "R0": "R027_" * 400 + "!", "unicode": "\u0130" * 1000,
}.items():  # fmt: skip
    text("kop", name, "a.csv", f"dossier_id;{header};datum\nk1;1;2024-01-02\n", heavy=True)
text(
    "csv", "rafelig", "a.csv", "dossier_id;235\n" + "\n".join(";" * n for n in range(0, 3000, 50)), heavy=True
)
text("csv", "een-lange-regel", "a.csv", "dossier_id;235\nk1;5\n" + ";" * 4_000_000 + "\n", heavy=True)
text("csv", "rafelig-dalend", "a.csv", ";" * 4000 + "\n" + "dossier_id;235\nk1;540\n" * 40, heavy=True)
text("csv", "aanhalingstekens", "a.csv", 'dossier_id;235\n"' + '""' * 2_000_000, heavy=True)
text(
    "json",
    "steeds-nieuwe-sleutels",
    "a.ndjson",
    "".join(json.dumps({f"k{n}": 1, "dossier_id": "k"}) + "\n" for n in range(6000)),
    heavy=True,
)
text(
    "json",
    "veel-sleutels-een-record",
    "a.ndjson",
    json.dumps({f"s{n}": n for n in range(20000)}) + "\n",
    heavy=True,
)
text(
    "json",
    "sleutels-diep",
    "a.ndjson",
    "".join(json.dumps({"a" * (n % 300): {f"b{n}": {f"c{n}": 1}}}) + "\n" for n in range(3000)),
    heavy=True,
)
text(
    "json",
    "getal-lang",
    "a.json",
    '{"Format":"3.0","clientDetails":[{"bdsNumber":' + "9" * 6000 + ',"value":1}]}',
)
text(
    "json",
    "getal-exponent",
    "a.json",
    '{"Format":"3.0","organisationCode":1e400,"clientDetails":[{"bdsNumber":235,"value":1e999}]}',
)
text(
    "json",
    "surrogaat",
    "a.json",
    '{"Format":"3.0","reference":"k\\ud800","clientDetails":[{"bdsNumber":482,"value":"\\udc00x"}]}',
)
text("json", "niets", "a.json", "null")
text("json", "rij-van-niets", "a.json", '[null, [], {}, 1, "x", true]')
for name, members in {
    "veel": {f"{n}.csv": LONG for n in range(800)},
    "nesting": {"/".join("d" * 90) + f"/{n}.csv": LONG for n in range(200)},
    "dubbel": {"a.csv": LONG},
}.items():
    attack("zip", name, heavy=True)(lambda folder, members=members: zipped(folder, members))


@attack("zip", "dezelfde-naam")
def _same(folder: Path) -> None:
    import warnings

    with warnings.catch_warnings(), zipfile.ZipFile(folder / "a.zip", "w") as archive:
        warnings.simplefilter("ignore")
        for _ in range(20):
            archive.writestr("a.csv", LONG)


@attack("zip", "overlappend", heavy=True)
def _overlap(folder: Path) -> None:
    """Many entries of the index point to the same bytes."""
    zipped(folder, {f"{n:03}.csv": b"0" * 3_000_000 if n == 0 else b"" for n in range(200)})
    data = bytearray((folder / "a.zip").read_bytes())
    place, first = data.find(b"PK\x01\x02"), None
    while place >= 0:
        if first is None:
            first = bytes(data[place + 16 : place + 28])
        data[place + 16 : place + 28] = first
        data[place + 10 : place + 12] = b"\x08\x00"
        place = data.find(b"PK\x01\x02", place + 4)
    (folder / "a.zip").write_bytes(bytes(data))


@attack("zip", "gzip-in-zip-in-zip")
def _nested(folder: Path) -> None:
    data = gzip.compress(LONG)
    for _ in range(6):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.csv.gz", data)
            archive.writestr("b.zip", data)
        data = buffer.getvalue()
    (folder / "a.zip").write_bytes(data)


attack("zip", "gzipbom", heavy=True)(
    lambda folder: (folder / "a.csv.gz").write_bytes(gzip.compress(b"0" * 300_000_000))
)


def parquet(folder: Path, columns: dict[str, object], name: str = "a.parquet", **options: object) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), folder / name, **options)


@attack("parquet", "miljoenen-nullen", heavy=True)
def _nulls(folder: Path) -> None:
    import pyarrow as pa

    n = 30_000_000
    parquet(
        folder,
        {
            "dossier_id": pa.nulls(n, pa.string()),
            "bdsnummer": pa.nulls(n, pa.int32()),
            "waarde": pa.nulls(n, pa.string()),
        },
    )


@attack("parquet", "een-tekst-miljoenen-keer", heavy=True)
def _dictionary(folder: Path) -> None:
    import pyarrow as pa

    word = pa.DictionaryArray.from_arrays(pa.array([0] * 3_000_000, pa.int32()), pa.array(["x" * 2000]))
    parquet(
        folder, {"dossier_id": word, "bdsnummer": pa.array([235] * 3_000_000, pa.int32()), "waarde": word}
    )


@attack("parquet", "voet-verzint-rijen")
def _footer(folder: Path) -> None:
    import pyarrow as pa

    parquet(
        folder, {"dossier_id": pa.array(["k1"]), "bdsnummer": pa.array([235]), "waarde": pa.array(["540"])}
    )
    data = bytearray((folder / "a.parquet").read_bytes())
    data[-40:-20] = b"\xff" * 20
    (folder / "a.parquet").write_bytes(bytes(data))


@attack("parquet", "geneste-kolommen")
def _lists(folder: Path) -> None:
    import pyarrow as pa

    parquet(
        folder,
        {
            "dossier_id": pa.array([["k1"], None]),
            "bdsnummer": pa.array([{"a": 1}, None]),
            "waarde": pa.array([b"\xff\xfe", None], pa.binary()),
        },
    )


@attack("parquet", "duizenden-kolommen", heavy=True)
def _columns(folder: Path) -> None:
    import pyarrow as pa

    parquet(folder, {f"k{n}": pa.array(["1"]) for n in range(4000)})


@attack("parquet", "vreemde-soorten")
def _kinds(folder: Path) -> None:
    import datetime as dt
    from decimal import Decimal

    import pyarrow as pa

    parquet(folder, {
        "dossier_id": pa.array([Decimal("1.5"), None], pa.decimal128(38, 10)), "datum": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
        "bdsnummer": pa.array([float("inf"), float("nan")]), "waarde": pa.array([dt.timedelta(days=1), None], pa.duration("ns")),
        "tijd": pa.array([dt.time(1), None], pa.time64("us")),
    })  # fmt: skip


attack("arrow", "lengte-verzonnen", heavy=True)(
    lambda folder: (folder / "a.arrow").write_bytes(
        b"ARROW1\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f" + b"\x00" * 200 + b"\xff\xff\xff\x7fARROW1"
    )
)


@attack("arrow", "byte-omgezet", heavy=True)
def _flipped(folder: Path) -> None:
    import pyarrow as pa

    sink = io.BytesIO()
    table = pa.table({"dossier_id": ["k1"] * 50, "bdsnummer": [235] * 50, "waarde": ["540"] * 50})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    data = sink.getvalue()
    for n in range(0, len(data) - 8, max(1, len(data) // 40)):
        (folder / f"{n}.arrow").write_bytes(data[:n] + b"\xff\xff\xff\x7f" + data[n + 4 :])


for number in (-7, -1, 10**9, 2**31, 2**63, 10**30):
    text("volgnummer", str(number), "a.csv", ROW.replace(",tekst", ",volgnr") + f"k1,a1,2024-01-02,235,R027,540,{number}\n" * 3,
         commands=(VALIDATE, ("convert", "IN", "OUT/dob", "--to", "dob", "--bds", "4.1.3"), ("convert", "IN", "OUT/x.json", "--to", "james", "--organisation", "1"),
                   ("convert", "IN", "OUT/w", "--to", "csv-wide"), ("migrate", "IN", "--to", "4.2.0", "--out", "OUT/m.bds", "--from", "4.1.3")))  # fmt: skip


@attack("volgnummer", "twee-organisaties", commands=(VALIDATE, ("convert", "IN", "OUT/x.csv", "--to", "csv")))
def _organisations(folder: Path) -> None:
    record = {
        "Format": "3.0",
        "organisationCode": 1,
        "reference": "k1",
        "clientDetails": [{"bdsNumber": 19, "value": "1"}],
    }
    zipped(
        folder,
        {f"{n}.json": json.dumps(record | {"organisationCode": n * 10**8}).encode() for n in (1, 2, 9)},
    )


for name, tekst in {
    "mail": "a" * 60_000 + "@", "mail-punten": "a@" + "a." * 30_000, "telefoon": "06" + "-" * 60_000, "cijfers": "1 " * 40_000, "bsn": "9" * 60_000, "spaties": "a" + " " * 80_000 + "b",
    "straat": "Aa" * 30_000 + " 1",
}.items():  # fmt: skip
    text("patroon", name, "a.csv", ROW + f"k1,a1,2024-01-02,482,R019,{tekst},{tekst}\n", heavy=True)

# ---- XML ---------------------------------------------------------------------------------------------------------------
NS = 'xmlns="urn:hl7-org:v3"'
for name, xml in {
    "dtd": f'<!DOCTYPE a [<!ENTITY x "{NAME}">]><REPC_IN902120NL03 {NS}>&x;</REPC_IN902120NL03>',
    "parameter-entiteit": '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://example.org/x.dtd"> %p;]><a/>',
    "xinclude": f'<REPC_IN902120NL03 {NS} xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd" parse="text"/></REPC_IN902120NL03>',
    "stylesheet": f'<?xml-stylesheet href="file:///etc/passwd"?><REPC_IN902120NL03 {NS}/>',
    "schemalocation": f'<REPC_IN902120NL03 {NS} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:hl7-org:v3 http://example.org/x.xsd"/>',
    "veel-naamruimten": f"<REPC_IN902120NL03 {NS} " + " ".join(f'xmlns:n{i}="u{i}"' for i in range(20_000)) + "/>",
    "lange-naam": f"<REPC_IN902120NL03 {NS}><{'a' * 300_000}/></REPC_IN902120NL03>",
    "attribuutnaam": f'<REPC_IN902120NL03 {NS} {NAME}="{BSN}"><{ADDRESS} {NAME}="1"/></REPC_IN902120NL03>',
}.items():  # fmt: skip
    text("xml", name, "a.xml", xml, hidden=(*PEOPLE, "root:"))

# ---- personal data -----------------------------------------------------------------------------------------------------
PERSON = [NAME, "Kanariaan", f"{ADDRESS} 17", BSN, "2019-03-04", "06-98765432"]
FORMATS = ("text", "json", "ndjson", "csv", "junit", "sarif", "github", "html")
ALL = tuple(("validate", "IN", "--format", f) for f in FORMATS)
TOLD = (*ALL, ("profile", "IN"), ("profile", "IN", "--format", "json"), ("convert", "IN", "OUT/x.csv", "--to", "csv"), ("area", "check", "IN"),
        ("zib", "coverage", "IN"), ("zib", "export", "IN", "OUT/fhir", "--workers", "1"),
        ("migrate", "IN", "--to", "4.2.0", "--out", "OUT/m.bds"), ("migrate", "IN", "--to", "4.2.0", "--out", "OUT/n.bds", "--format", "json"),
        ("pseudonymise", "IN", "--to", "OUT/p", "--elements", "235"), ("research-table", "IN", "--to", "OUT/r", "--outcome", "235"))  # fmt: skip
SAFE: dict[str, Any] = {"hidden": (*PEOPLE, "Kanariaan"), "codes": frozenset({0, 1, 2, 3, 4})}
text(
    "persoon",
    "zonder-kop.csv",
    "a.csv",
    ";".join(PERSON) + "\n" + ";".join(PERSON[::-1]) + "\n",
    commands=TOLD,
    **SAFE,
)
text(
    "persoon",
    "zonder-kop-komma.csv",
    "a.csv",
    ",".join(PERSON) + "\n" + ",".join(PERSON) + "\n",
    commands=TOLD,
    **SAFE,
)
text(
    "persoon",
    "zonder-kop.ndjson",
    "a.ndjson",
    json.dumps(PERSON) + "\n" + json.dumps(PERSON) + "\n",
    commands=TOLD,
    **SAFE,
)
text(
    "persoon",
    "sleutels.ndjson",
    "a.ndjson",
    json.dumps({p: p for p in PERSON} | {"dossier_id": "k1"}) + "\n",
    commands=TOLD,
    **SAFE,
)
text(
    "persoon",
    "kop.csv",
    "a.csv",
    "dossier_id;" + ";".join(PERSON) + f";235 {NAME};bds_235_{BSN}\nk1;1;2;3;4;5;6;7;8\n",
    commands=TOLD,
    **SAFE,
)
text("persoon", "codes.csv", "a.csv", "dossier_id,activiteit_id,datum,bdsnummer,rubriek,groep,waarde,eenheid,codesysteem,nullflavor,tekst\n"
      f"k1,a1,2024-01-02,235,R027 {NAME},{ADDRESS},540,{NAME},{BSN},{NAME},{NAME}\n" + f"k1,a1,{NAME},{BSN},R027,,{NAME},,,,\n" * 12, commands=TOLD, **SAFE)  # fmt: skip
attack("persoon", "zonder-kop.xlsx", commands=TOLD, **SAFE)(
    lambda folder: zipped(
        folder,
        workbook(
            '<row r="1">'
            + "".join(cell(f"{c}1", w) for c, w in zip("ABCDEF", PERSON, strict=True))
            + "</row>",
            name=f"{NAME} {BSN}"[:31],
        ),
        "a.xlsx",
    )
)
attack("persoon", "blad.xlsx", commands=TOLD, **SAFE)(
    lambda folder: zipped(folder, workbook(HEAD + REST, name=f"{NAME} {BSN}"), "a.xlsx")
)
text("persoon", "james-namen.json", "a.json", json.dumps({"Format": NAME, NAME: BSN, "organisationCode": BSN, "reference": "k1", "clientDetails": [
    {"bdsNumber": NAME, "value": 1}, {"bdsNumber": 235, NAME: ADDRESS, "value": {NAME: BSN}}, {ADDRESS: 1}]}), commands=TOLD, **SAFE)  # fmt: skip
text("persoon", "fhir-namen.ndjson", "a.ndjson", json.dumps({"resourceType": NAME, "id": BSN}) + "\n" + json.dumps(
    {"resourceType": "Observation", "id": BSN, NAME: ADDRESS, "code": {"coding": [{"system": NAME, "code": BSN, "display": True}]}, "valueQuantity": {"value": 1, "unit": NAME, "code": ADDRESS}}) + "\n",
    commands=TOLD, **SAFE)  # fmt: skip
text("persoon", "dob-namen.xml", "a.xml", f'<REPC_IN902120NL03 {NS}><id root="{NAME}" extension="{BSN}"/><ControlActProcess classCode="{NAME}"><subject><CareProvisionRequest moodCode="{ADDRESS}">'
     f'<{NAME}>{BSN}</{NAME}><subject><patient {ADDRESS}="{BSN}"/></subject></CareProvisionRequest></subject></ControlActProcess></REPC_IN902120NL03>', commands=TOLD, **SAFE)  # fmt: skip

# ---- values that no writer can carry -----------------------------------------------------------------------------------
WRITTEN = tuple(("convert", "IN", f"OUT/x.{f}", "--to", f, *(["--organisation", "1"] if f.startswith("james") else []), *(["--bds", "4.1.3"] if f == "dob" else []))
                for f in ("store", "csv", "csv-wide", "parquet", "arrow", "ndjson", "xlsx", "james", "james-3.1", "dob"))  # fmt: skip
AFTER = (*WRITTEN, ("convert", "IN", "OUT/e.csv", "--to", "csv", "--dialect", "excel-nl"), VALIDATE, ("zib", "export", "IN", "OUT/fhir", "--workers", "1"),
         ("migrate", "IN", "--to", "4.2.0", "--out", "OUT/m.bds", "--from", "4.1.3"), ("profile", "IN"))  # fmt: skip
VALUES = {
    "besturing": "a\x01\x08\x1fb", "verticale-tab": "a\x0bb", "del-en-c1": "\x7f\x85\x9f", "niet-teken": "\ufffe\uffff", "oneindig": "inf", "min-oneindig": "-Infinity",
    "geen-getal": "NaN", "superschrift": "²³", "arabische-cijfers": "٣٤٥", "groot": "1e308", "lang-getal": "9" * 400, "klein": "1e-400", "hex": "0x1F", "onderstreept": "1_000",
    "jaar-0": "0000-01-01", "jaar-9999": "9999-12-31", "jaar-10000": "10000-01-01", "schrikkeldag": "2023-02-29", "datum-8": "00000000", "datum-tijd": "2024-01-02T25:61:61+99:99",
    "tijd-ns": "2024-01-02 03:04:05.123456789Z", "lang": "x" * 40_000, "emoji": "👶🏽‍👩", "rechts-links": "\u202eabc\u2066", "nul-breed": "\u200b\ufeff", "formule": "=1+1",
    "cdata": "]]><b>&amp;&#0;", "json": '{"a": [1, null]}', "aanhaling": '"; drop table x; --', "procent": "%s%n{0}", "regels": "a\r\nb\rc\u2028d", "min-nul": "-0", "komma": "1,234,567.8",
    "duizend-decimalen": "0." + "0" * 1000 + "1", "plus": "+540", "waar": "True", "leeg-aanhaling": "''",
}  # fmt: skip
NUMBERS = (235, 245, 63, 482, 496, 1660, 7, 19, 20, 724, 1345, 494, 695, 16, 1581, 476, 252)
for name, value in VALUES.items():
    quoted = '"' + value.replace('"', '""') + '"'
    lines = "".join(f"k{i % 2},a{i},2024-01-02,{n},,{quoted},{quoted}\n" for i, n in enumerate(NUMBERS))
    more = f"k1,,{quoted},235,R027,540,x\nk1,a1,2024-01-02,{quoted},R027,540,\nk1,a1,2024-01-02,235,{quoted},,{quoted}\n{quoted},{quoted},2024-01-02,235,R027,540,\n"
    text("waarde", name, "a.csv", ROW + lines + more, commands=AFTER, codes=frozenset({0, 1, 2, 3, 4}))

# ---- FHIR and statistics -----------------------------------------------------------------------------------------------
for name, resource in {
    "display-waar": {"resourceType": "Observation", "id": 5, "status": None, "code": {"coding": [{"code": True, "display": False, "system": 1}]}, "valueBoolean": "x"},
    "lijsten-verwisseld": {"resourceType": "Observation", "code": [], "component": {"a": 1}, "subject": [], "valueQuantity": [1]},
    "patient-vreemd": {"resourceType": "Patient", "id": None, "birthDate": 20200101, "name": "x", "address": [{"line": 1, "postalCode": []}], "identifier": {}},
    "bundel-in-bundel": {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Bundle", "entry": [{"resource": {}}]}}, None, 1]},
    "contained": {"resourceType": "Observation", "contained": [None, {"resourceType": []}], "code": {"coding": {"code": "235"}}, "valueString": {"a": 1}},
    "datum-vreemd": {"resourceType": "Observation", "code": {"coding": [{"code": "235"}]}, "effectiveDateTime": "9999-99-99T99", "valueDateTime": "0000", "valueQuantity": {"value": "inf"}},
}.items():  # fmt: skip
    text("fhir", name, "a.ndjson", json.dumps(resource) + "\n" + json.dumps(resource) + "\n")
text("statistiek", "spss-kop", "a.sav", b"$FL2@(#) SPSS DATA FILE" + b"\xff" * 300)
text(
    "statistiek",
    "sas-kop",
    "a.sas7bdat",
    b"\x00" * 12
    + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00\x09\xc7\x31\x8c\x18\x1f\x10\x11"
    + b"\xff" * 400,
)
text(
    "statistiek",
    "stata-kop",
    "a.dta",
    b"<stata_dta><header><release>118</release><byteorder>LSF</byteorder><K>\xff\xff</K>" + b"\xff" * 200,
)

# ---- settings ----------------------------------------------------------------------------------------------------------
for name, toml in {
    "onbekend": f"{NAME} = 1", "soort": "validate = 3", "diep": "a = " + "[" * 3000 + "]" * 3000, "groot-getal": "[validate]\nmax_findings_per_rule = " + "9" * 4000, "te-groot-getal": "[validate]\nmax_findings_per_rule = " + "9" * 5000, "hex-getal": "[validate]\nmax_findings_per_rule = 0x" + "f" * 5000,
    "datum": "[validate]\nreference_date = 9999-12-31", "datum-tekst": '[validate]\nreference_date = "x"', "nul": 'a = "\x00"', "geen-utf8": 'a = "\xff"', "patroon": '[tabel.x]\nkolommen = {"(a+)+$" = 235}',
    "pad": '[validate]\naccept = "../../../etc/passwd"', "leeg": "", "dubbel": "a = 1\na = 2", "lang": "a" * 100_000 + " = 1",
}.items():  # fmt: skip
    text("instelling", name, "bds.toml", toml.encode("latin-1"), commands=(("--config", "IN/bds.toml", "rule", "BDS203"), ("validate", "SAMPLE", "--config", "IN/bds.toml", "-q"),
         ("profile", "SAMPLE", "--config", "IN/bds.toml"), ("convert", "SAMPLE", "OUT/x.csv", "--to", "csv", "--config", "IN/bds.toml")), codes=frozenset({0, 1, 2, 3}))  # fmt: skip

# ---- tables that are no delivery: cells to protect, residents, packages ------------------------------------------------
DESCRIPTION = "count: n\ndimensions: [{name: a}, {name: b}, {name: c}]\n"
PROTECT = (
    ("protect", "audit", "IN/a.FILE", "--table", "IN/t.yaml"),
    ("protect", "run", "IN/a.FILE", "--to", "OUT/u.FILE", "--table", "IN/t.yaml"),
)
RESIDENTS = (("indicator", "compute", "SAMPLE", "-o", "OUT/r.result", "-i", "BF-BIRTH", "--population", "IN/a.FILE", "-q"),)  # fmt: skip
PACKAGE = (
    ("change", "table", "4.1.3-4.2.0", "--read", "IN/a.xlsx", "--out", "OUT/p.yaml"),
    ("change", "check", "IN/a.xlsx"),
)


def of(ending: str, commands: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(w.replace("FILE", ending) for w in command) for command in commands)


def described(folder: Path, name: str, content: bytes) -> None:
    (folder / "t.yaml").write_text(DESCRIPTION, encoding="utf-8")
    (folder / name).write_bytes(content)


OTHER = frozenset({0, 2, 3, 4})
for name in ("hoek", "kolom-ver", "rij-te-groot", "rij-negatief", "gedeeld-buiten", "onaf", "zonder-plaats"):
    sheet = SHEETS[name]
    for kind, commands in (("beveiligen", PROTECT), ("inwoners", RESIDENTS), ("pakket", PACKAGE)):
        # What would end the process is tried in one of its own.
        attack(kind, f"werkboek-{name}", commands=of("xlsx", commands), codes=OTHER, heavy=name in {"hoek", "kolom-ver"})(
            lambda folder, sheet=sheet: (described(folder, "b", b""), zipped(folder, workbook(sheet), "a.xlsx"))
        )  # fmt: skip
MANY = "a,b,c,n\n" + "".join(f"{i},{i},{i},1\n" for i in range(3000))
for name, content in {
    "leeg": b"", "nul": b"\x00" * 300, "combinaties": MANY.encode(), "latijn": b"a,b,c,n\n\xe9,\xff,x,1\n", "kop-dubbel": b"a,a,b,c,n\n1,1,1,1,1\n",
    "getal-groot": b"a,b,c,n\n1,1,1," + b"9" * 5000 + b"\n", "getal-vreemd": "a,b,c,n\n1,1,1,²\n1,1,2,inf\n1,2,1,-5\n1,2,2,nan\n".encode(), "personen": f"{NAME},{BSN},c,n\n{ADDRESS},1,1,1\n".encode(),
    "veld-lang": b'a,b,c,n\n"' + b"x" * 200_000 + b'",1,1,1\n', "rafelig": b"a,b,c,n\n1\n1,1,1,1,1,1,1\n",
}.items():  # fmt: skip
    for kind, commands in (("beveiligen", PROTECT), ("inwoners", RESIDENTS)):
        attack(kind, name, commands=of("csv", commands), codes=OTHER)(
            lambda folder, content=content: described(folder, "a.csv", content)
        )
attack("beveiligen", "parquet-genest", commands=of("parquet", PROTECT), codes=OTHER)(
    lambda folder: (
        described(folder, "b", b""),
        parquet(folder, {"a": [["x"]], "b": ["1"], "c": ["1"], "n": [1]}),
    )
)
for name, content in {
    "hex": b"titel: 0x" + b"f" * 5000, "octaal": b"titel: 0o" + b"7" * 6000, "tientallen": b"titel: " + b"9" * 5000, "zestig": b"titel: 1" + b":59" * 3000,
    "geen-utf8": b"titel: \xed\xa0\x80", "sleutel-groot": b"? 0x" + b"f" * 5000 + b"\n: 1\n", "oneindig": b"titel: .inf", "bij-zichzelf": b"titel: &x [*x]",
}.items():  # fmt: skip
    attack("yaml", name, codes=frozenset({0, 1, 2, 3}), commands=(
        ("change", "check", "IN/a.yaml"), ("indicator", "list", "--set", "IN/a.yaml"), ("protect", "policy", "check", "IN/a.yaml"), ("indicator", "check", "--indicators", "IN/a.yaml"),
        ("generate", "--children", "1", "--population", "IN/a.yaml", "-o", "OUT/g.bds"), ("protect", "audit", "IN/a.yaml", "--table", "IN/a.yaml"),
    ))(lambda folder, content=content: (folder / "a.yaml").write_bytes(content))  # fmt: skip

# ---- definitions, and words of options that name them ------------------------------------------------------------------
WORDS = (
    "../../../../etc/passwd",
    "/etc/passwd",
    "..",
    "",
    "a\x1b[31mb",
    "x" * 5000,
    "%00",
    "nl\ud800"[:2],
    "; rm -rf /",
    "{0.__class__}",
    "C:\\x",
)
for number, word in enumerate(WORDS):
    attack("woord", f"{number}", codes=frozenset({0, 1, 2, 3}), hidden=("root:",), commands=(
        ("spec", "show", "235", "--bds", word), ("spec", "diff", word, "4.2.0"), ("migrate", "SAMPLE", "--to", word, "--out", "OUT/m.bds"), ("generate", "--children", "1", "--population", word, "-o", "OUT/g.bds"),
        ("generate", "--children", "1", "--defects", word, "-o", "OUT/h.bds"), ("protect", "policy", "show", word), ("protocol", "show", word), ("change", "show", word), ("indicator", "show", word),
        ("rule", word), ("zib", "show", word), ("spec", "values", word), ("spec", "path", word), ("indicator", "compute", "SAMPLE", "-o", "OUT/a.result", "--by", word),
        ("indicator", "compute", "SAMPLE", "-o", "OUT/b.result", "--area", word), ("indicator", "compute", "SAMPLE", "-o", "OUT/c.result", "--period", word), ("indicator", "compute", "SAMPLE", "-o", "OUT/d.result", "--memory", word),
        ("indicator", "compute", "SAMPLE", "-o", "OUT/e.result", "-i", word), ("indicator", "compute", "SAMPLE", "-o", "OUT/f.result", "--areas", word), ("indicator", "new", word, "--in", "OUT"), ("change", "new", word, "4.2.0", "-o", "OUT/p.yaml"),
        ("convert", "SAMPLE", "OUT/q.csv", "--to", word), ("convert", "SAMPLE", "OUT/r.csv", "--to", "csv", "--profile", word), ("validate", "SAMPLE", "--select", word), ("pseudonymise", "SAMPLE", "--to", "OUT/s", "--policy", word),
        ("research-table", "SAMPLE", "--to", "OUT/t", "--outcome", "235", "--policy", word), ("--specs", word or "..", "spec", "list"), ("--lang", word, "rule", "BDS203"), ("validate", "SAMPLE", "--reference-date", word),
        ("spec", "export", word, "-o", "OUT/u"), ("change", "apply", word, "--out", "OUT/v"), ("validate", word), ("profile", word),
    ))(lambda folder: None)  # fmt: skip
