"""The BDS elements of the messages with the RIVM become registrations: those of `message_elements.csv`, and no others.

The paths of that table are evaluated here as XPath on the example, apart from our layout.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter

import pytest
from lxml import etree

from bds_tool.formats.dob.read import read_dob
from bds_tool.store.sources import Sink, Source

HL7 = "urn:hl7-org:v3"
N = {"h": HL7}
_NAME = re.compile(r"(?<![@\w.'-])([A-Za-z][\w.]*)(?![\w.]*[(':])(?=[\[/@=\]]|$|\)|,)")


def elements(shared):
    with (shared / "jgz_messages" / "message_elements.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def xpath(path):
    """A path of the table as XPath: names outside quotes get the prefix."""
    parts = re.split(r"('[^']*')", path)
    return "".join(p if p.startswith("'") else _NAME.sub(r"h:\1", p) for p in parts)


def read(content, **options):
    sink = Sink(1)
    read_dob(Source("m.xml", len(content), lambda: io.BytesIO(content), options=options), sink)
    return sink


def expected(shared, message, root):
    """element → the values at its paths, where something stands."""
    found = Counter()
    for r in elements(shared):
        if r["message"] != message or not r["element"]:
            continue
        for node in root.xpath("//" + xpath(r["path"].split(" + ")[0]), namespaces=N):
            text = value(node, r)
            if text is not None:
                found[int(r["element"]), text] += 1
    return found


def value(node, row):
    if isinstance(node, str):
        return iso(str(node)) if row["path"].endswith("@value") else str(node)
    for name in ("code", "value", "extension"):
        if node.get(name) is not None:
            return node.get(name)
    text = (node.text or "").strip()
    if row["element"] in {"13", "14"} and text:  # letter and addition share one node
        letter = re.match(r"^[A-Za-z](?=\s|$)", text)
        part = {"13": letter[0] if letter else "", "14": text[1:].strip() if letter else text}[row["element"]]
        return part or None
    return text or (None if node.get("nullFlavor") is None else "∅" + node.get("nullFlavor"))


def iso(text):
    """20240903 → 2024-09-03."""
    return (
        "-".join(p for p in (text[:4], text[4:6], text[6:8]) if p)
        if text.isdigit() and len(text) <= 8
        else text
    )


def registrations(sink):
    return Counter(
        (row[3], row[7] if row[7] is not None else "∅" + str(row[10]))
        for row in sink.rows
        if row[3] is not None
    )


#: Elements at places to which the table gives no number and the dossieroverdrachtbericht does (1452: where it was given).
SAME_PLACE = {1452}


@pytest.mark.parametrize(
    "message",
    ["vaccinaties", "geanonimiseerd", "hielprik", "oproeplijst", "partijnummers", "opvragen", "opleveren"],
)
def test_registrations_are_the_elements_of_the_table(shared, message):
    content = (shared / "jgz_messages" / "examples" / f"{message}.xml").read_bytes()
    wanted = expected(shared, message, etree.fromstring(content))
    got = registrations(read(content))
    assert len(wanted) > 3
    assert {k: n for k, n in got.items() if k[0] not in SAME_PLACE} == dict(wanted)


def filled(content):
    """The example with every part of an address, and a child by its first name."""
    root = etree.fromstring(content)
    for old in root.iter(f"{{{HL7}}}addr"):
        if old.getparent().tag == f"{{{HL7}}}patient":
            new = etree.fromstring(
                f'<addr xmlns="{HL7}" use="HP"><streetName>Laan</streetName><houseNumber>3</houseNumber>'
                "<buildingNumberSuffix>A bis</buildingNumberSuffix><additionalLocator>to</additionalLocator>"
                '<postalCode>9876 ZX</postalCode><county code="0999" codeSystem="2.16.840.1.113883.2.4.6.14"/>'
                '<city>Elders</city><country code="6030" codeSystem="2.16.840.1.113883.2.4.4.16.34"/>'
                '<desc>achter</desc><useablePeriod><low value="20240101"/><high value="20250101"/></useablePeriod></addr>'
            )
            old.getparent().replace(old, new)
    for name in root.iter(f"{{{HL7}}}patientPerson"):
        called = etree.fromstring(
            f'<name xmlns="{HL7}" use="L"><given qualifier="CL">Fen</given><prefix qualifier="VV">de </prefix>'
            '<family qualifier="BR">Berg</family></name>'
        )
        name.insert(1, called)
    return etree.tostring(root)


@pytest.mark.parametrize("message", ["vaccinaties", "hielprik", "oproeplijst", "opleveren"])
def test_all_parts_of_address_and_name_are_read(shared, message):
    content = filled((shared / "jgz_messages" / "examples" / f"{message}.xml").read_bytes())
    wanted = expected(shared, message, etree.fromstring(content))
    got = registrations(read(content))
    # vaccinaties and opleveren list no name in use (1, 2, 5); it is read all the same
    extra = {1, 2, 5} if message in {"vaccinaties", "opleveren"} else set()
    assert {k: n for k, n in got.items() if k[0] not in SAME_PLACE | extra} == dict(wanted)
    assert {7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 630, 1453, 1454} <= {k[0] for k in got}


def test_children_of_one_list_are_as_many_dossiers(shared):
    root = etree.parse(shared / "jgz_messages" / "examples" / "oproeplijst.xml").getroot()
    first = next(root.iter(f"{{{HL7}}}organizer")).getparent()
    other = etree.fromstring(
        etree.tostring(first).replace(b"999990019", b"999990020").replace(b"Fenne", b"Sam")
    )
    first.addnext(other)
    sink = read(etree.tostring(root))
    names = {row[0]: row[7] for row in sink.rows if row[3] == 6}
    assert sorted(names.values()) == ["Fenne", "Sam"]
    assert sink.facts["dossiers"] == 2
    # the second child starts anew: its first planned vaccination is number 1
    second = next(k for k, v in names.items() if v == "Sam")
    assert [row[6] for row in sink.rows if row[0] == second and row[3] == 1449] == [1, 2]


def test_lists_without_children_are_no_dossiers(shared):
    for name, children in (("partijnummers", 0), ("ack", 0), ("ack-fout", 0), ("opvragen", 1)):
        content = (shared / "jgz_messages" / "examples" / f"{name}.xml").read_bytes()
        assert read(content).facts["dossiers"] == children, name


#: Faults that take data out, put data in, or make it other data: then the table says what the message itself holds.
CHANGES_DATA = {"delete", "copy", "replace", "last", "before", "after", "first"}


def test_nothing_vanishes(shared, tmp_path):
    """Read plus told as lost is what the message holds: of all faults, 72 of which leave the data of the example."""
    import subprocess
    import sys

    facts = shared / "jgz_messages"
    subprocess.run([sys.executable, facts / "make.py", tmp_path], check=True, capture_output=True)
    with (facts / "mutants.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    wrong, kinds = {}, Counter()
    for r in listed:
        base = sum(registrations(read((facts / "examples" / f"{r['base']}.xml").read_bytes())).values())
        content = (tmp_path / r["message"] / f"{r['mutant']}.xml").read_bytes()
        sink = read(content, inspect=("bds_tool.validate.message:inspect",))
        lost = sum(json.loads(m["parameters"])["aantal"] for m in sink.meldingen if m["code"] == "BDS858")
        got = registrations(sink)
        # an id of another system is another number, not a BSN
        changed = r["operation"] in CHANGES_DATA or (r["message"], r["mutant"]) == ("opvragen", "bsn-root")
        kinds[changed] += 1
        if changed:
            held = expected(shared, r["message"], etree.fromstring(content))
            gone = (
                Counter({k: n for k, n in held.items() if k[1] != "∅MSK"}) - got
            )  # masked is no registration
            if gone.total() > lost:
                wrong[r["message"], r["mutant"]] = gone
        elif got.total() + lost != base:
            wrong[r["message"], r["mutant"]] = (base, got.total(), lost)
    assert kinds.total() == 148
    assert min(kinds.values()) > 60
    assert wrong == {}


def test_a_vaccination_in_the_wrong_place_is_counted_as_lost(shared):
    root = etree.parse(shared / "jgz_messages" / "examples" / "vaccinaties.xml").getroot()
    before = sum(registrations(read(etree.tostring(root))).values())
    given = next(root.iter(f"{{{HL7}}}substanceAdministrationEvent"))
    event = next(root.iter(f"{{{HL7}}}CareProvisionEvent"))
    event.append(given)
    sink = read(etree.tostring(root), inspect=("bds_tool.validate.message:inspect",))
    lost = sum(json.loads(m["parameters"])["aantal"] for m in sink.meldingen if m["code"] == "BDS858")
    assert lost == 5  # 461, 472, 1409, 1336, 1452
    assert sum(registrations(sink).values()) + lost == before
