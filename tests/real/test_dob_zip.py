"""Messages in an archive, and beside other messages of the JGZ: the same verdict at the same places as loose files."""

from __future__ import annotations

import zipfile

import pytest
from lxml import etree

from bds_tool.validate.run import Request, judge

N = "{urn:hl7-org:v3}"


@pytest.fixture(scope="module")
def folder(shared, tmp_path_factory):
    """Three dossiers (clean, an order turned round, an encounter one level too high) and two other messages."""
    made = tmp_path_factory.mktemp("berichten")
    source = sorted((shared / "real" / "dob" / "4.1.3").glob("*.xml"), key=lambda p: p.stat().st_size)[3]
    clean = source.read_bytes()
    (made / "goed.xml").write_bytes(clean)
    root = etree.fromstring(clean)
    event = next(root.iter(N + "careProvisionEvent"))
    event.append(event[0])
    (made / "volgorde.xml").write_bytes(etree.tostring(root))
    root = etree.fromstring(clean)
    encounter = next(root.iter(N + "encounter"))
    encounter.getparent().addnext(encounter)
    (made / "te-hoog.xml").write_bytes(etree.tostring(root))
    for name in ("vaccinaties", "ack"):
        example = min((shared / "jgz_messages" / "examples").glob(f"{name}*.xml"))
        content = example.read_bytes()
        (made / f"{name}.xml").write_bytes(content.replace(b"<versionCode", b"<nix/><versionCode", 1))
    return made


def findings(path):
    """(file, code, severity, line, place, parameters) of every finding, and the number of sources and registrations."""
    result = judge(Request([path], bds="4.1.3"))
    names = {
        r["bron"]: r["pad"].replace("!/", "/").rpartition("/")[2]
        for r in result.bronnen.iter_rows(named=True)
    }
    seen = [
        (names[r["bron"]], *(str(r[c]) for c in ("code", "severity", "regel", "pad", "parameters")))
        for r in result.findings.iter_rows(named=True)
    ]
    return sorted(seen), result.bronnen.height, int(result.bronnen["rijen"].sum()), result


def test_an_archive_gives_the_verdict_of_the_loose_files(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "levering.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"map/{path.name}")
    loose, packed = findings(folder), findings(tmp_path / "levering.zip")
    assert packed[:3] == loose[:3]
    wrong = {f[0] for f in loose[0] if f[2] == "fout"}
    assert wrong == {"volgorde.xml", "te-hoog.xml", "vaccinaties.xml", "ack.xml"}
    assert {"BDS841", "BDS858"} <= {f[1] for f in loose[0]}
    places = packed[3].bronnen["pad"].to_list()
    assert all("levering.zip!/map/" in p for p in places)


def test_each_message_of_a_folder_is_judged_as_if_it_were_alone(folder):
    together = findings(folder)[0]
    alone = sorted(f for path in folder.iterdir() for f in findings(path)[0])
    assert together == alone
