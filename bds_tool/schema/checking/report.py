"""The findings of `bds spec check` as text, JSON, tables, GitHub annotations and SARIF."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

import bds_tool
from bds_tool.base.text import language, t
from bds_tool.schema.checking.problems import SEVERITIES, SpecFinding, controls, severity_word
from bds_tool.schema.checking.running import CheckReport

REPORTS = ("text", "json", "ndjson", "csv", "markdown", "github", "sarif")
_COLUMNS = ("code", "name", "severity", "file", "line", "message", "remedy")
_LEVELS = {"fout": "error", "waarschuwing": "warning", "info": "note"}


def report(found: CheckReport, format_: str) -> str:
    """The report in one of REPORTS; the same findings in each."""
    rows = [f.row() for f in found.findings]
    if format_ == "json":
        return json.dumps(_envelope(found, rows), ensure_ascii=False, indent=2)
    if format_ == "ndjson":
        return "\n".join(json.dumps(r, ensure_ascii=False) for r in rows)
    if format_ == "csv":
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([r[c] for c in _COLUMNS] for r in rows)
        return buffer.getvalue()
    if format_ == "markdown":
        lines = ["| code | bestand | regel | melding |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {r['code']} | {r['file']} | {r['line']} | {str(r['message']).replace('|', chr(92) + '|')} |"
            for r in rows
        ]
        return "\n".join([*lines, "", verdict(found)])
    if format_ == "github":
        return "\n".join(map(_github, found.findings))
    if format_ == "sarif":
        return json.dumps(_sarif(found), ensure_ascii=False, indent=2)
    return _text(found)


def verdict(found: CheckReport) -> str:
    """The last line of a report: how many of what, and whether all could be judged."""
    counts = Counter(f.severity for f in found.findings)
    parts = [f"{counts[s]} × {severity_word(s)}" for s in reversed(SEVERITIES) if counts[s]]
    total = ", ".join(parts) or t("niets gevonden", "nothing found")
    known = (
        t(f"; {found.accepted} bekende afwijkingen aanvaard", f"; {found.accepted} known deviations accepted")
        if found.accepted
        else ""
    )
    text = t(
        f"{found.files} bestanden nagekeken: {total}{known}.", f"{found.files} files checked: {total}{known}."
    )
    if found.not_judged:
        listed = ", ".join(found.not_judged)
        text += t(
            f" Niet beoordeeld: BDS {listed} en de verwijzingen.",
            f" Not judged: BDS {listed} and the references.",
        )
    return text


def _text(found: CheckReport) -> str:
    lines = []
    remedies: dict[str, SpecFinding] = {}
    for f in found.findings:
        place = f"{f.file}:{f.line}" if f.line else f.file
        lines += [
            f"{place}  {f.code} {controls()[f.code].naam}  {severity_word(f.severity)}",
            f"  {f.message}",
        ]
        # The remedy once per code: a list of a hundred findings should not repeat it a hundred times.
        if f.code not in remedies:
            remedies[f.code] = f
            lines.append(f"  {t('oplossing', 'remedy')}: {f.remedy}")
    return "\n".join([*lines, *([""] if lines else []), verdict(found)])


def _envelope(found: CheckReport, rows: list[dict[str, Any]]) -> dict[str, Any]:
    counts = Counter(f.severity for f in found.findings)
    return {
        "schema_version": 1,
        "tool": {"name": "bds", "version": bds_tool.__version__},
        "summary": {
            "files": found.files,
            "accepted": found.accepted,
            "not_judged": list(found.not_judged),
            **{s: counts[s] for s in SEVERITIES},
        },
        "findings": rows,
    }


def _github(f: SpecFinding) -> str:
    level = {"fout": "error", "waarschuwing": "warning", "info": "notice"}[f.severity]
    message = f.message.replace("%", "%25").replace("\n", "%0A")
    return f"::{level} file=specs/{f.file},line={f.line or 1},title={f.code} {controls()[f.code].naam}::{message}"


def _sarif(found: CheckReport) -> dict[str, Any]:
    used = sorted({f.code for f in found.findings})
    rules = [
        {
            "id": code,
            "name": controls()[code].naam,
            "shortDescription": {
                "text": controls()[code].waarom.get(language(), controls()[code].waarom["nl"])
            },
            "defaultConfiguration": {"level": _LEVELS[controls()[code].ernst]},
        }
        for code in used
    ]
    results = [
        {
            "ruleId": f.code,
            "ruleIndex": used.index(f.code),
            "level": _LEVELS[f.severity],
            "message": {"text": f"{f.message} {f.remedy}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": f"specs/{f.file}"},
                        "region": {"startLine": f.line or 1},
                    }
                }
            ],
            "partialFingerprints": {"bds/v1": f"{f.code}:{f.file}:{f.key or f.message}"},
        }
        for f in found.findings
    ]
    driver = {
        "name": "bds",
        "version": bds_tool.__version__,
        "rules": rules,
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def control_rows() -> tuple[list[list[str]], tuple[str, ...]]:
    """All checks with their severity, reason and remedy."""
    rows = [
        [c.code, c.naam, severity_word(c.ernst), c.waarom.get(language(), c.waarom["nl"])]
        for c in controls().values()
    ]
    return rows, ("code", "name", "severity", "why")
