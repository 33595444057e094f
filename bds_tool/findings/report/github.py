"""Annotations for GitHub Actions: the first findings as lines that the runner shows at their place."""

from __future__ import annotations

from bds_tool.findings.report.envelope import sentence
from bds_tool.findings.report.text import verdict
from bds_tool.findings.shape import Report

_COMMANDS = {"fout": "error", "waarschuwing": "warning", "info": "notice"}
#: GitHub shows at most ten annotations of a kind per step; more only hide the first.
MOST = 10


def github(report: Report) -> str:
    """At most MOST lines per severity, then the verdict."""
    lines: list[str] = []
    given = dict.fromkeys(_COMMANDS, 0)
    for f in report["findings"]:
        if given[f["severity"]] >= MOST:
            continue
        given[f["severity"]] += 1
        where = f"file={_property(f['file'])}," if f["file"] else ""
        line = f"line={f['line']}," if f["line"] else ""
        title = _property(f"{f['code']} {f['name']}")
        lines.append(f"::{_COMMANDS[f['severity']]} {where}{line}title={title}::{_data(sentence(f))}")
    lines.append(f"::notice title=bds::{_data(verdict(report))}")
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
