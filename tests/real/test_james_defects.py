"""The 25 JAMES test files: each intended defect of test_info.txt is found by a finding that names it.

The files of formats 1.1, 2.0 and 3.0 were made from those of 1.0 by a conversion that mended many defects
(a missing organisation became 0, missing values became "NA", numbers became text); what is left of a defect
differs per format. An entry without a format holds for all four; None says: nothing of the defect is left in
that file, compared with test1 of the same format.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bds_tool.cli.main import run

VERSIONS = ("1.0", "1.1", "2.0", "3.0")
FIELDS = {
    "reference": ("Referentie", "Referentie", "Referentie", "reference"),
    "organisation": ("OrganisatieCode", "OrganisatieCode", "OrganisatieCode", "organisationCode"),
    "visits": ("Contactmomenten", "Contactmomenten", "ContactMomenten", "clientMeasurements"),
    "parents": ("Groepen", "Groepen", "GenesteElementen", "nestedDetails"),
    "client": ("ClientGegevens", "ClientGegevens", "ClientGegevens", "clientDetails"),
}

# (file, format or "*") → what must be found: (code, element or field).
DEFECTS = {
    (2, "*"): [("BDS031", "reference")],
    (3, "1.0"): [("BDS020", "organisation")],
    (3, "*"): [("BDS034", "organisation")],
    (4, "1.0"): [("BDS024", "organisation")],
    (4, "*"): [("BDS034", "organisation")],
    (5, "1.0"): [("BDS020", "client"), ("BDS022", 19), ("BDS022", 20)],
    (5, "*"): [("BDS033", 19), ("BDS032", 82), ("BDS032", 110), ("BDS033", 91)],
    (6, "1.0"): [("BDS031", "visits")],
    (6, "*"): None,
    (7, "1.0"): [("BDS031", "reference"), ("BDS020", "organisation")],
    (7, "*"): [("BDS031", "reference"), ("BDS034", "organisation")],
    (8, "*"): [("BDS005", "organisation")],
    (9, "1.0"): [("BDS022", 19)],
    (9, "*"): [("BDS033", 19)],
    (10, "1.0"): [("BDS022", 20)],
    (10, "1.1"): [("BDS031", "visits")],
    (10, "2.0"): [("BDS031", "visits")],
    (10, "3.0"): [("BDS020", "date")],
    (11, "*"): [("BDS032", 82)],
    (12, "1.0"): [("BDS032", 91)],
    (12, "*"): [("BDS033", 91)],
    (13, "*"): [("BDS032", 110)],
    (14, "*"): [("BDS002", None)],
    (15, "1.0"): [("BDS023", 19), ("BDS023", 62)],
    (15, "*"): None,
    (16, "1.0"): [("BDS023", 20)],
    (16, "*"): None,
    (17, "1.0"): [("BDS023", 82)],
    (17, "*"): None,
    (18, "1.0"): [("BDS023", 91)],
    (18, "*"): None,
    (19, "1.0"): [("BDS023", 110)],
    (19, "*"): None,
    (20, "*"): [("BDS031", "parents")],
    # "Minimal JSON file": nothing but what is obligatory.
    (21, "1.0"): [
        ("BDS031", "reference"),
        ("BDS031", "visits"),
        ("BDS031", "parents"),
        ("BDS032", 82),
        ("BDS032", 91),
        ("BDS032", 110),
    ],
    (21, "*"): [
        ("BDS031", "reference"),
        ("BDS031", "visits"),
        ("BDS032", 82),
        ("BDS033", 91),
        ("BDS032", 110),
    ],
    # "Range checks": 82 is 49 days; the conversion to 1.1 made it "NA".
    (22, "1.1"): [("BDS032", 82)],
    (22, "*"): [("BDS231", 82)],
    # "19 + 62 numeric, out-of-range 82 + 252, missing groepen".
    (23, "1.0"): [("BDS023", 19), ("BDS231", 82), ("BDS231", 252), ("BDS031", "parents")],
    (23, "*"): [("BDS032", 82), ("BDS231", 252), ("BDS031", "parents")],
    (24, "*"): None,  # "add ddi responses": no defect
    (25, "*"): None,  # "extreme D-score": a question of scoring, no defect of the data
}


@pytest.fixture(scope="module")
def judged(shared, tmp_path_factory):
    """Findings per file of all public JAMES files, judged in one run."""
    report = tmp_path_factory.mktemp("james") / "findings.json"
    root = shared / "real" / "james"
    run(
        [
            "validate",
            str(root),
            "--format",
            "json",
            "--fail-on",
            "never",
            "--max-examples",
            "0",
            "-o",
            str(report),
        ]
    )
    told = json.loads(report.read_text())
    found = {entry["file"]: [] for entry in told["input"]}
    for finding in told["findings"]:
        found[finding["file"]].append(finding)
    return {str(Path(name).relative_to(root)): findings for name, findings in found.items()}


def named(findings):
    found = set()
    for finding in findings:
        found.add((finding["code"], finding["element"]))
        found.add((finding["code"], (finding.get("parameters") or {}).get("veld")))
    return found


@pytest.mark.parametrize("number", range(1, 26))
def test_defect_is_named_in_each_format(judged, number):
    for index, version in enumerate(VERSIONS):
        expected = DEFECTS.get((number, version), DEFECTS.get((number, "*")))
        found = named(judged[f"bds_v{version}/test/test{number}.json"])
        for rule, what in expected or ():
            thing = FIELDS[what][index] if isinstance(what, str) and what in FIELDS else what
            assert (rule, thing) in found, f"{version}: {rule} {thing} not in {sorted(found, key=str)}"


@pytest.mark.parametrize("version", VERSIONS[1:])
@pytest.mark.parametrize("number", [15, 16, 17, 18, 19])
def test_defects_that_the_conversion_mended_are_gone(shared, number, version):
    """The claim behind None: these files hold what test1 holds, but for a parent that the conversion dropped."""
    folder = shared / "real" / "james" / f"bds_v{version}" / "test"
    text, healthy = (json.loads((folder / f"test{n}.json").read_text()) for n in (number, 1))
    if number == 15:
        for record in (text, healthy):
            record.pop("nestedDetails", None)
            client = record.get("ClientGegevens")
            if isinstance(client, dict):
                client.pop("Groepen")
            elif client:
                record["ClientGegevens"] = [e for e in client if "GenesteElementen" not in e]
    assert text == healthy


@pytest.mark.parametrize("version", VERSIONS)
def test_healthy_files_give_no_fout(judged, shared, version):
    """test1 and test24 have no defect. The research children (smocc) have codes 3 where their own schema
    allows 1 and 2: those are the only errors, and they are the same as the schema's."""
    for number in (1, 24):
        findings = judged[f"bds_v{version}/test/test{number}.json"]
        assert [f["code"] for f in findings if f["severity"] == "fout"] == []
    children = [
        f for name, findings in judged.items() if name.startswith(f"bds_v{version}/smocc/") for f in findings
    ]
    errors = {(f["code"], f["element"]) for f in children if f["severity"] == "fout"}
    assert {code for code, _ in errors} <= {"BDS203"}
    with (shared / "bds" / "json_elements.csv").open(encoding="utf-8", newline="") as stream:
        allowed = {
            int(r["bdsnummer"]): r["enum"].split() for r in csv.DictReader(stream) if r["format"] == "3.0"
        }
    assert errors
    assert all("3" not in allowed[element] for _, element in errors)


def test_every_public_file_is_read(judged, shared):
    # What is no export is named too: the file of words beside the tests.
    assert len([n for n in judged if n.endswith(".json")]) == len(
        list((shared / "real" / "james").rglob("*.json"))
    )
    assert {n for n in judged if not n.endswith(".json")} == {"bds_v1.0/test/test_info.txt"}
    broken = {
        name for name, findings in judged.items() if {"BDS002", "BDS005"} & {f["code"] for f in findings}
    }
    assert broken == {f"bds_v{v}/test/test{n}.json" for v in VERSIONS for n in (8, 14)}


@pytest.mark.parametrize(("number", "code"), [(1, 0), (9, 1), (8, 3), (14, 3)])
def test_exit_code(bds, shared, number, code):
    result = bds("validate", shared / "real" / "james" / "bds_v1.0" / "test" / f"test{number}.json")
    assert result.code == code
    assert "Traceback" not in result.err
