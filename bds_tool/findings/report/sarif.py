"""SARIF 2.1.0 for code scanning: one result per rule, element and file, with the number of findings."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath
from typing import TypeAlias
from urllib.parse import quote

from bds_tool.base.json_types import JsonObject
from bds_tool.findings.report.envelope import sentence
from bds_tool.findings.shape import FindingEntry, Report, RuleEntry

_LEVELS = {"fout": "error", "waarschuwing": "warning", "info": "note"}
#: Rule, element or mark of the finding, file.
_Key: TypeAlias = tuple[str, int | str | None, str | None]
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(report: Report) -> str:
    rules = report["rules"]
    index = {r["code"]: i for i, r in enumerate(rules)}
    run: JsonObject = {
        "tool": {
            "driver": {
                "name": "bds",
                "version": report["tool"]["version"],
                "semanticVersion": report["tool"]["version"],
                "informationUri": "https://www.ncj.nl/onderwerp/digitaal-dossier-jgz/basisdatasetjgz-bds/",
                "rules": [_rule(r) for r in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": _uri(f["file"])}} for f in report["input"]],
        "invocations": [{"executionSuccessful": all(f["readable"] for f in report["input"])}],
        "results": [_result(key, findings, index) for key, findings in _grouped(report["findings"]).items()],
    }
    return (
        json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1)
        + "\n"
    )


def _rule(r: RuleEntry) -> JsonObject:
    return {
        "id": r["code"],
        "name": "".join(p.capitalize() for p in r["name"].split("-")),
        "shortDescription": {"text": r["title"]},
        "fullDescription": {"text": r["why"]},
        "help": {"text": f"{r['remedy']}\n\n`bds rule {r['code']}`"},
        "defaultConfiguration": {"level": _LEVELS[r["severity"]]},
        "properties": {**({"source": r["source"]} if r["source"] else {}), "tags": ["bds", r["severity"]]},
    }


def _grouped(
    findings: list[FindingEntry],
) -> dict[_Key, list[FindingEntry]]:
    groups: dict[_Key, list[FindingEntry]] = {}
    for f in findings:
        # Of definitions every finding is one of its own; registrations have thousands alike.
        about = f["fingerprint"] if "subject" in f else f["element"]
        groups.setdefault((f["code"], about, f["file"]), []).append(f)
    return groups


def _result(key: _Key, findings: list[FindingEntry], index: dict[str, int]) -> JsonObject:
    code, _, file = key
    first = findings[0]
    mark = hashlib.sha256("\x1f".join(f["fingerprint"] for f in findings[:1]).encode()).hexdigest()[:32]
    result: JsonObject = {
        "ruleId": code,
        "ruleIndex": index[code],
        "level": _LEVELS[first["severity"]],
        "message": {"text": sentence(first)},
        "occurrenceCount": len(findings),
        "partialFingerprints": {"bds/v1": mark},
    }
    if file is not None:
        result["locations"] = [_location(f) for f in findings[:10]]
    return result


def _location(f: FindingEntry) -> JsonObject:
    physical: JsonObject = {"artifactLocation": {"uri": _uri(f["file"] or "")}}
    if f["line"]:
        physical["region"] = {"startLine": max(1, int(f["line"]))}
    location: JsonObject = {"physicalLocation": physical}
    if f["path"]:
        location["logicalLocations"] = [{"fullyQualifiedName": f["path"]}]
    return location


def _uri(path: str) -> str:
    return quote(PurePath(path).as_posix())
