"""What files say of their schema leads to one that comes along, and to no address on the network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import bds_tool
from bds_tool.base.specs import shipped_specs

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data" / "fouten" / "lang.csv"
#: Owners of the schemas of JSON Schema and of SARIF.
ELSEWHERE = ("json-schema.org", "docs.oasis-open.org")


def test_every_schema_has_a_name_that_leads_to_it():
    for path in sorted((shipped_specs() / "_schemas").glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        name = path.name.removesuffix(".schema.json")
        assert schema.get("$id", f"urn:bds-tool:schema:{name}") == f"urn:bds-tool:schema:{name}"
        assert bds_tool.json_schema(f"urn:bds-tool:schema:{name}") == schema == bds_tool.json_schema(name)


@pytest.mark.parametrize("name", ["nergens", "", "../bds/4.2.0/datapackage", "https://example.org/x"])
def test_a_name_that_is_not_there_is_refused(name):
    with pytest.raises(bds_tool.UserError):
        bds_tool.json_schema(name)


@pytest.mark.parametrize(
    "command",
    [("validate", SAMPLE, "--exit-zero", "--format", "json"), ("spec", "check", "--format", "json")],
    ids=["validate", "check"],
)
def test_a_report_follows_the_schema_that_it_names(bds, command):
    report = json.loads(bds(*command).out)
    assert report["$schema"].startswith("urn:")
    Draft202012Validator(bds_tool.json_schema(report["$schema"])).validate(report)


def test_files_that_are_made_stand_beside_their_schema(bds, tmp_path):
    assert bds("protocol", "new", "eigen", "-o", tmp_path / "eigen").code == 0
    assert bds("spec", "eject", tmp_path / "kopie", "protocollen", "beleid", "indicatoren").code == 0
    assert bds("change", "new", "4.2.0", "4.3.0", "-o", tmp_path / "pakket").code == 0
    made = list(tmp_path.rglob("*.yaml"))
    assert len(made) > 20
    for path in made:
        head = path.read_text(encoding="utf-8").splitlines()
        lines = [x for x in head if x.startswith("# yaml-language-server")]
        assert lines == head[:1], path
        assert (path.parent / lines[0].rpartition("=")[2]).is_file(), path


def test_no_text_of_ours_names_a_schema_on_a_network():
    texts = [p for folder in ("bds_tool", "specs") for p in (ROOT / folder).rglob("*") if p.suffix in {".py", ".json", ".yaml"}]  # fmt: skip
    named = {
        found
        for p in texts
        for found in re.findall(
            r'\$(?:schema|id)"?\s*[:=]\s*f?"?(https?://[^"\s]+)', p.read_text(encoding="utf-8")
        )
        if found.split("/")[2] not in ELSEWHERE
    }
    assert named == set()
