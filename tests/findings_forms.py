"""What other tools accept: SARIF by the schema of OASIS, JUnit by what Jenkins' schema asks, JSON by ours."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema

from bds_tool.base.specs import specs_dir

SARIF = json.loads((Path(__file__).parent / "validate/data/sarif-2.1.0.json").read_text(encoding="utf-8"))
#: Of junit-10.xsd of the xUnit plugin of Jenkins: element → attributes it must have, may have, children it may have.
JENKINS: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}


def accepted_json(text: str) -> dict:
    schema = json.loads((specs_dir() / "_schemas/bevindingen.schema.json").read_text(encoding="utf-8"))
    report = json.loads(text)
    jsonschema.Draft202012Validator(schema).validate(report)
    return report


def accepted_sarif(text: str) -> dict:
    log = json.loads(text)
    jsonschema.Draft4Validator(SARIF).validate(log)
    return log


def accepted_junit(text: str) -> ET.Element:
    """Also the sums of a suite are those of its cases."""
    root = ET.fromstring(text.encode())  # noqa: S314  # our own output
    assert root.tag == "testsuites"
    for element in root.iter():
        must, may, children = JENKINS[element.tag]
        assert must <= set(element.attrib) <= must | may, element.attrib
        assert {c.tag for c in element} <= children
    for suite in root.iter("testsuite"):
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases) > 0
        for word, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(word)) == len(suite.findall(f"testcase/{tag}"))
    return root
