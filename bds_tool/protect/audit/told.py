"""The verdict of the audit in the form of all checks."""

from __future__ import annotations

from collections.abc import Callable

from bds_tool.base.text import number
from bds_tool.findings.catalogue import load_catalogue
from bds_tool.findings.checked import Checked
from bds_tool.findings.finding import Finding
from bds_tool.protect.audit.attack import Verdict

#: Why a cell is disclosed → the code of the catalogue.
CODES = {
    "getoond": "PUB01",
    "eerdere uitgave": "PUB02",
    "aftrekken": "PUB03",
    "lineair": "PUB04",
    "geheeltallig": "PUB05",
    "tegenstrijdig": "PUB06",
    "niet beoordeeld": "PUB07",
}


def checked(verdict: Verdict, place: str, name: Callable[[int], str], *, show_values: bool) -> Checked:
    """`name` gives the words for a cell of the table; what an attacker is left with is told with `show_values` only."""
    found = []
    for f in verdict.findings:
        cell = f.name or name(f.cell)
        reach = f" ({number(f.low)}–{number(f.high)})" if show_values else ""
        found.append(
            Finding(CODES[f.reason], place, 0, {"cel": cell, "bereik": reach}, key=cell, subject=cell)
        )
    if verdict.contradictions:
        found.append(Finding("PUB08", place, 0, {"aantal": verdict.contradictions}))
    found += [Finding("PUB09", place, 0, {"wat": remark}, key=remark) for remark in verdict.remarks]
    return Checked(
        "bds protect audit",
        found,
        [place],
        judged=[r.code for r in load_catalogue().rules.values() if r.family == "PUB"]
        if verdict.judged
        else [],
        more={
            "audit": {
                "safe": verdict.safe,
                "judged": verdict.judged,
                "contradictions": verdict.contradictions,
                "reasons": verdict.by_reason(),
            }
        },
    )
