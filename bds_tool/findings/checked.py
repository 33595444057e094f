"""The outcome of a check that is not about registrations, in the one form of all reports."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from bds_tool import __version__
from bds_tool.findings.catalogue import SEVERITIES
from bds_tool.findings.finding import Finding, readable_catalogue, told
from bds_tool.findings.shape import FileEntry, FindingEntry, Report, RuleEntry

#: Raised when a reader of the old shape would misread the new one; additions keep the number.
SCHEMA_VERSION = 1
SCHEMA = "urn:bds-tool:schema:bevindingen"


@dataclass(frozen=True)
class Checked:
    """`command`: what ran; `files`: what was looked at; `not_judged`: what could not be, with the reason.

    `judged`: codes this check looks for, so that what is right is visible too. `more`: facts that only this check has.
    """

    command: str
    findings: Sequence[Finding]
    files: Sequence[str] = ()
    accepted: int = 0
    not_judged: Mapping[str, str] = field(default_factory=dict)
    judged: Sequence[str] = ()
    versions: Sequence[str] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def at_or_above(self, severity: str) -> bool:
        """Whether a finding is this heavy; what could not be judged counts as `fout`. Never for the empty word."""
        if not severity:
            return False
        worst = ["fout"] if self.not_judged else []
        found = {SEVERITIES.index(s) for s in (*worst, *(f.severity for f in self.findings))}
        return bool(found) and max(found) >= SEVERITIES.index(severity)


def envelope(checked: Checked) -> Report:
    """The report as plain data: `specs/_schemas/bevindingen.schema.json`."""
    found = sorted(checked.findings, key=lambda f: (-SEVERITIES.index(f.severity), f.file, f.line, f.code))
    counts = Counter(f.severity for f in found)
    with_findings = {f.code for f in found}
    files = [*dict.fromkeys([*checked.files, *(f.file for f in found if f.file)])]
    report: Report = {
        "$schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "command": checked.command,
        "tool": {"name": "bds", "version": __version__, "rules": readable_catalogue().version()},
        "definition": {"name": "BDS", "versions": list(checked.versions)},
        "settings": {"reference_date": None, "max_examples": None, "show_values": False},
        "input": [_file(name, found) for name in files],
        "summary": {
            "files": len(files),
            "unreadable": 0,
            "rows": 0,
            "fout": counts["fout"],
            "waarschuwing": counts["waarschuwing"],
            "info": counts["info"],
            "accepted": checked.accepted,
            "judgements": {
                "goed": len(set(checked.judged) - with_findings),
                "bevinding": len(with_findings),
                "niet_beoordeeld": len(checked.not_judged),
            },
        },
        "rules": _rules(found),
        "findings": [_finding(f) for f in found],
        "good": [{"code": c, "name": told(c).name} for c in checked.judged if c not in with_findings],
        "not_judged": [
            {"code": None, "name": what, "reason": reason} for what, reason in checked.not_judged.items()
        ],
        "accepted": [],
    }
    return cast("Report", {**report, **checked.more})


def _file(name: str, found: list[Finding]) -> FileEntry:
    return {
        "file": name,
        "format": name.rpartition(".")[2] if "." in name else None,
        "sha256": None,
        "bytes": None,
        "bds": None,
        "bds_certainty": None,
        "rows": 0,
        "dossiers": None,
        "readable": True,
        "counts": {s: sum(f.file == name and f.severity == s for f in found) for s in SEVERITIES},
    }


def _rules(found: list[Finding]) -> list[RuleEntry]:
    by_code: dict[str, list[Finding]] = {}
    for f in found:
        by_code.setdefault(f.code, []).append(f)
    rules: list[RuleEntry] = []
    for code, members in by_code.items():
        rule = members[0].rule
        files = len({f.file for f in members})
        rules.append(
            {
                "code": code,
                "name": rule.name,
                "family": str(readable_catalogue().families[rule.family]),
                "owner": None,
                "severity": max((f.severity for f in members), key=SEVERITIES.index),
                "title": str(rule.title),
                "why": str(rule.why),
                "remedy": members[0].remedy,
                "source": rule.source,
                "certainty": rule.certainty,
                "count": len(members),
                "accepted": 0,
                "files": files,
                "elements": [
                    {
                        "element": None,
                        "element_name": None,
                        "subject": "",
                        "count": len(members),
                        "accepted": 0,
                        "files": files,
                        "filled": None,
                        "share": None,
                    }
                ],
            }
        )
    return sorted(rules, key=lambda r: (-SEVERITIES.index(r["severity"]), r["code"]))


def _finding(f: Finding) -> FindingEntry:
    return {
        "code": f.code,
        "name": f.rule.name,
        "severity": f.severity,
        "message": f.message,
        "remedy": f.remedy,
        "element": None,
        "element_name": None,
        "subject": f.subject,
        "file": f.file or None,
        "line": f.line or None,
        "path": None,
        "parameters": dict(f.parameters),
        "fingerprint": _fingerprint(f),
    }


def _fingerprint(f: Finding) -> str:
    """The same for the same finding in a next run: code, file and subject, without the line."""
    parts = (f.code, f.file, f.version, f.key, f.subject or f.message)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
