"""What we write is officially clean, by a judge that shares nothing with the writer (`official`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from bds_tool.base.settings import SenderSettings
from bds_tool.changes.migrate.running import migrate
from bds_tool.formats import read
from bds_tool.formats.dob.sender import INVENTED
from bds_tool.formats.dob.tree import Left
from bds_tool.formats.dob.write import write_dob
from bds_tool.store.store import Store

from .official import Judge

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
REAL = SHARED / "real" / "dob"
VERSIONS = ("3.2.7", "4.0.2", "4.1.3", "4.2.0")
FOLDERS = {
    "3.2.7": ("3.2.7",),
    "4.0.2": ("4.0.2",),
    "4.1.3": ("4.1.3", "4.1.3-deprecated", "converted-420-to-413"),
    "4.2.0": ("4.2.0", "converted-413-to-420"),
}
#: Public messages that the official rules object to themselves.
FAULTY = {
    "4.0.2/DOB-3.0.0-CR_test_JGZ-rubriek_R018_hl7.xml",
    "4.0.2/DOB-3.0.0-CR_test_JGZ-rubriek_R041_hl7.xml",
    "4.1.3-deprecated/DOB-4.0.0-R021-CR_test_JGZ-586_hl7.xml",
    "converted-413-to-420/DOB-4.0.0-R021-CR_test_JGZ-586_hl7.xml",
}


@cache
def judge(version):
    return Judge.dob(SHARED, version)


def faults(version, path):
    root = etree.parse(path).getroot()
    bare = [e for e in root.iter("*") if e.get("code") and e.get("codeSystem") is None and not status(e)]
    found = [(v.rule, v.path, v.text) for v in judge(version).errors(root)]
    return found + [("code without codeSystem", e.tag, "") for e in bare]


def status(e):
    """The coded simple values (CS) have one code system for all and never name it."""
    return str(e.tag).rpartition("}")[2] in {
        "statusCode", "versionCode", "processingCode", "processingModeCode", "acceptAckCode",
    }  # fmt: skip


def messages():
    for version, folders in FOLDERS.items():
        for folder in folders:
            for path in sorted((REAL / folder).glob("*.xml")):
                yield pytest.param(version, path, id=f"{folder}/{path.name}")


@pytest.mark.parametrize(("version", "path"), [*messages()][::3])
def test_a_clean_message_stays_clean(version, path, shared, tmp_path):
    clean_in = judge(version).errors(etree.parse(path).getroot()) == []
    assert clean_in != (f"{path.parent.name}/{path.name}" in FAULTY)
    if not clean_in:
        return
    with read([path], bds=version) as store:
        written = write_dob(store, tmp_path / "terug.xml", version)
    assert (written.left, written.lacking) == (Left(), {})
    assert faults(version, tmp_path / "terug.xml") == []


@pytest.mark.slow
@pytest.mark.parametrize(("version", "path"), list(messages()))
def test_every_clean_message_stays_clean(version, path, shared, tmp_path):
    test_a_clean_message_stays_clean(version, path, shared, tmp_path)


def generated(bds, version, children, seed, out):
    done = bds("generate", "--to", "dob", "--bds", version, "--children", children, "--seed", seed, "-o", out)
    assert done.code == 0, done.err
    assert "geen plaats" not in done.out + done.err
    return sorted(out.glob("*.xml"))


@pytest.mark.parametrize("version", VERSIONS)
def test_invented_dossiers_are_clean(version, bds, shared, tmp_path):
    made = generated(bds, version, 4, 11, tmp_path / "g")
    assert len(made) == 4
    assert {p.name: f for p in made if (f := faults(version, p))} == {}


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_200_invented_dossiers_are_clean(version, bds, shared, tmp_path):
    made = generated(bds, version, 200, 5, tmp_path / "g")
    assert len(made) == 200
    assert {p.name: f for p in made if (f := faults(version, p))} == {}


#: (message, version) → what the message of that version demands and no element of the other version tells.
UNKNOWABLE = {
    # Said by word of mouth (1541 = 02): before 4.0 the message wants the name of the employee (1537), since then not.
    ("DOB-4.0.0-KWAL_ontvangen_hl7.xml", "3.2.7"): ["H088"],
}


def right(found):
    """Without the messages that the official rules object to themselves."""
    return [case for case in found if f"{case.values[1].parent.name}/{case.values[1].name}" not in FAULTY]


@pytest.mark.parametrize(("version", "path"), right([*messages()][::5]))
def test_a_migrated_message_is_clean(version, path, shared, tmp_path):
    for to in VERSIONS:
        if to == version:
            continue
        with read([path], bds=version) as store:
            migrate(store, to, tmp_path / f"{to}.bds", from_version=version)
        write_dob(Store.open(tmp_path / f"{to}.bds"), tmp_path / "m.xml", to)
        rules = [rule.rpartition(" ")[2] for rule, _, _ in faults(to, tmp_path / "m.xml")]
        assert rules == UNKNOWABLE.get((path.name, to), [])


@pytest.mark.slow
@pytest.mark.parametrize(("version", "path"), right(messages()))
def test_every_migrated_message_is_clean(version, path, shared, tmp_path):
    test_a_migrated_message_is_clean(version, path, shared, tmp_path)


# ---- what a dossier does not say ---------------------------------------------------------------------------------

DOSSIER = "dossier_id;bdsnummer;waarde\nd1;20;2018-10-11\nd1;19;1\n"


def test_what_lacks_is_told_and_strict_writes_nothing(bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("bds.toml").write_text("", encoding="utf-8")
    Path("in.csv").write_text(DOSSIER, encoding="utf-8")
    told = bds("convert", "in.csv", "uit.xml", "--bds", "4.1.3")
    assert told.code == 0
    assert "AssignedDevice/Organization" in told.out + told.err
    refused = bds("convert", "in.csv", "weg.xml", "--bds", "4.1.3", "--strict")
    assert refused.code == 2
    assert not Path("weg.xml").exists()
    assert "[sender]" in refused.err


def test_the_sender_of_bds_toml_is_asked_no_more(bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text(DOSSIER, encoding="utf-8")
    Path("bds.toml").write_text(
        '[sender]\napplication = "1234"\nreceiver = "5678"\nuzi-system = "900000001"\nura = "90000001"\n'
        'name = "JGZ Proef"\nend-of-care = "01"\n',
        encoding="utf-8",
    )
    bds("convert", "in.csv", "uit.xml", "--bds", "4.1.3")
    root = etree.parse("uit.xml").getroot()
    n = {"h": "urn:hl7-org:v3"}
    assert root.xpath("string(h:sender/h:device/h:id/@extension)", namespaces=n) == "1234"
    assert root.xpath("string(h:receiver/h:device/h:id/@extension)", namespaces=n) == "5678"
    assert root.xpath("string(//h:AssignedDevice/h:Organization/h:name)", namespaces=n) == "JGZ Proef"
    assert root.xpath("//h:careStatus/h:reasonCode/@code", namespaces=n) == ["01"]


def test_an_invented_sender_belongs_to_invented_children_only():
    assert INVENTED.name == "Verzonnen JGZ"
    assert "INVENTED" not in (Path(read.__code__.co_filename).parents[1] / "cli" / "convert.py").read_text(
        "utf-8"
    )


#: The consents that say who gave them: consent, who, when, group.
CONSENTS = [
    (1163, 1164, 1349, "G011"),
    (1165, 1166, 1350, "G012"),
    (1395, 1396, 1397, "G010"),
    (1398, 1399, 1400, "G071"),
    (1404, 1405, 1406, "G089"),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("who", ["01", "02", "ONESELF", "PRN"])
def test_a_consent_names_who_gave_it_in_the_form_of_its_version(version, who, bds, shared, tmp_path):
    """The child (01, ONESELF) and a parent (02, PRN) have each their own form, and before 4.0 other forms."""
    store = tmp_path / "s.bds"
    assert bds("generate", "--bds", version, "--children", 1, "--seed", 5, "-o", store).code == 0
    rows = pl.read_parquet(store / "registraties.parquet")
    said = [
        {"bdsnummer": number, "groep": groep, "rubriek": "R010", "waarde": value, "volgnr": 1}
        for consent, source, day, groep in CONSENTS
        for number, value in ((consent, "true"), (source, who), (day, "20200102"))
    ]
    numbers = [number for *three, _ in CONSENTS for number in three]
    of = {column: rows[column][0] for column in ("dossier_id", "bron", "regel")}
    more = pl.DataFrame([dict.fromkeys(rows.columns) | of | one for one in said], schema=rows.schema)
    pl.concat([rows.filter(~pl.col("bdsnummer").is_in(numbers)), more]).sort(
        "dossier_id", maintain_order=True
    ).write_parquet(store / "registraties.parquet")
    written = write_dob(Store.open(store), tmp_path / "m.xml", version)
    assert set(written.left.rows) <= {1599}  # whose place is the author that an invented store does not name
    root = etree.parse(tmp_path / "m.xml").getroot()
    for other in root.iter("{*}consentEvent"):  # 1533 asks for more than this dossier tells
        if other.find("{*}code").get("code") not in {str(one) for one, *_ in CONSENTS}:
            other.getparent().getparent().remove(other.getparent())
    consents = [(v.rule, v.path, v.text) for v in judge(version).errors(root) if "consentEvent" in v.path]
    assert consents == []
    with read([tmp_path / "m.xml"], bds=version) as back:
        got = back.registraties().filter(pl.col("bdsnummer").is_in(numbers)).collect()
    assert got.height == len(said)


# ---- codes of the data set, and who consents ------------------------------------------------------------------------

#: What every message needs of a child; then an address in the codes of the data set, as tables and JSON give it.
CHILD = [(7, "999990019"), (4, "Jansen"), (20, "2018-10-11"), (1197, "01"), (1330, "2018-10-12"), (696, "01")]
ADDRESS = [(8, "02"), (9, "0363"), (11, "Dam"), (12, "1"), (16, "1012JS"), (630, "6030"), (23, "6030")]
SENDER = SenderSettings("1234", "5678", "900000001", "90000001", "JGZ Proef", "01")


def of_table(bds, tmp_path, version, told):
    """The message made of a table with one child, and what of it had no place."""
    lines = [
        f"d1;{n};{value};{'2024-01-02' if n == 724 else ''};{'c1' if n in {724, 494} else ''}"
        for n, value in told
    ]
    (tmp_path / "in.csv").write_text(
        "dossier_id;bdsnummer;waarde;datum;activiteit_id\n" + "\n".join(lines) + "\n", encoding="utf-8"
    )
    with read([tmp_path / "in.csv"], bds=version) as store:
        written = write_dob(store, tmp_path / "uit.xml", version, sender=SENDER)
    assert not written.left.rows
    return etree.parse(tmp_path / "uit.xml").getroot()


@pytest.mark.parametrize("version", VERSIONS)
def test_codes_of_the_data_set_become_those_of_the_message(version, bds, shared, tmp_path):
    root = of_table(bds, tmp_path, version, [*CHILD, (19, "1"), *ADDRESS])
    assert faults(version, tmp_path / "uit.xml") == []
    n = {"h": "urn:hl7-org:v3"}
    (address,) = root.xpath("//h:patient/h:addr", namespaces=n)
    assert address.get("use") == "PHYS"
    assert address.xpath("string(h:county)", namespaces=n) == "Amsterdam"
    assert address.xpath("string(h:postalCode)", namespaces=n) == "1012 JS"
    assert address.xpath("string(h:country/@displayName)", namespaces=n) == "Nederland"
    assert root.xpath("//h:careProvisionEvent/h:statusCode/@code", namespaces=n) == ["active"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_transfer_with_the_name_of_who_arranged_it_is_clean(version, bds, shared, tmp_path):
    told = [(469, "true"), (1383, "2020-01-02"), (1521, "12345678"), (1505, "A. Voorbeeld")]
    of_table(bds, tmp_path, version, [*CHILD, (19, "1"), *told])
    assert faults(version, tmp_path / "uit.xml") == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_consent_that_nobody_gave_or_refused_is_not_made_up(version, bds, tmp_path):
    root = of_table(bds, tmp_path, version, [*CHILD, (1400, "2020-01-02")])
    (consent,) = root.iter("{urn:hl7-org:v3}consentEvent")
    assert consent.get("negationInd") is None
