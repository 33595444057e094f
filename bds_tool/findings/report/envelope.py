"""The report as plain data: the JSON envelope, from which the other formats are made."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import polars as pl

from bds_tool import __version__
from bds_tool.base.text import t
from bds_tool.base.vocabulary import file_name, safe_parameters, told
from bds_tool.findings.catalogue import SEVERITIES, Rule
from bds_tool.findings.checked import SCHEMA, SCHEMA_VERSION
from bds_tool.findings.collecting import FindingRow, finding_rows
from bds_tool.findings.result import FOUND, GOOD, UNKNOWN
from bds_tool.findings.shape import (
    ElementEntry,
    FileEntry,
    FindingEntry,
    NotJudged,
    Report,
    RuleEntry,
    Summary,
)

if TYPE_CHECKING:
    from bds_tool.findings.collecting import FindingRow
    from bds_tool.findings.result import Result


def build(result: Result, *, examples: int | None = None, show_values: bool = False) -> Report:
    """The envelope. `examples` limits how many findings per rule are in it (None: all that were kept)."""
    files = _files(result)
    rules = _rules(result)
    return {
        "$schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "command": "bds validate",
        "tool": {"name": "bds", "version": __version__, "rules": result.catalogue.version()},
        "definition": {"name": "BDS", "versions": sorted({v for v, _ in result.groups.values()})},
        "settings": {
            "reference_date": result.meta.get("reference_date"),
            "max_examples": result.meta.get("max_examples"),
            "show_values": show_values,
        },
        "input": list(files.values()),
        "summary": _summary(result),
        "rules": rules,
        "findings": _findings(result, files, examples, show_values=show_values),
        "not_judged": _not_judged(result),
        "not_covered": list(result.meta.get("uncovered", ())),
        "accepted": result.accepted,
    }


def _files(result: Result) -> dict[int, FileEntry]:
    found: dict[int, FileEntry] = {}
    sums: dict[int, dict[str, int]] = {}
    for bron, severity, n in (
        result.totals.filter(~pl.col("accepted"))
        .group_by("bron", "severity")
        .agg(pl.col("n").sum())
        .iter_rows()
    ):
        sums.setdefault(bron, {})[severity] = n
    for row in result.bronnen.iter_rows(named=True):
        version, kind = result.groups.get(row["bron"], (None, None))
        found[row["bron"]] = {
            "file": file_name(row["pad"]),
            "format": row["formaat"],
            "sha256": row["sha256"],
            "bytes": row["bytes"],
            "bds": version,
            "bds_certainty": row["bds_zekerheid"],
            "rows": row["rijen"] or 0,
            "dossiers": row["dossiers"],
            "readable": kind is not None,
            "counts": {s: sums.get(row["bron"], {}).get(s, 0) for s in SEVERITIES},
        }
    return found


def _summary(result: Result) -> Summary:
    states = dict(result.standings.group_by("status").agg(pl.col("sources").sum()).iter_rows())
    return {
        "files": result.bronnen.height,
        "unreadable": len(result.unreadable()),
        "rows": int(result.bronnen["rijen"].fill_null(0).sum()),
        "fout": result.count("fout"),
        "waarschuwing": result.count("waarschuwing"),
        "info": result.count("info"),
        "accepted": int(result.totals.filter("accepted")["n"].sum()),
        "judgements": {
            "goed": states.get(GOOD, 0),
            "bevinding": states.get(FOUND, 0),
            "niet_beoordeeld": states.get(UNKNOWN, 0),
        },
    }


def _rules(result: Result) -> list[RuleEntry]:
    counted = result.totals.group_by("code", "bdsnummer").agg(
        pl.col("n").sum(),
        pl.col("bron").drop_nulls().n_unique().alias("files"),
        pl.col("n").filter("accepted").sum().alias("accepted"),
    )
    per_rule = result.totals.group_by("code").agg(pl.col("bron").drop_nulls().n_unique().alias("files"))
    files = dict(per_rule.iter_rows())
    filled = dict(result.filled.group_by("bdsnummer").agg(pl.col("n").sum()).iter_rows())
    parts: dict[str, list[ElementEntry]] = {}
    for code, number, n, seen, accepted in counted.sort(
        "n", "bdsnummer", descending=[True, False], nulls_last=True
    ).iter_rows():
        total = filled.get(number) if number is not None else None
        # What is missing more often than it is there is no share of what is there.
        total = total if total and n <= total else None
        parts.setdefault(code, []).append(
            {
                "element": number,
                "element_name": result.names.get(number),
                "count": n,
                "accepted": accepted,
                "files": seen,
                "filled": total,
                "share": round(min(n / total, 1.0), 6) if total else None,
            }
        )
    families = result.catalogue.families
    listed = [
        _rule(result.catalogue[c], str(families[result.catalogue[c].family]), parts[c], files[c])
        for c in parts
        if c in result.catalogue.rules
    ]
    return sorted(listed, key=lambda r: (-SEVERITIES.index(r["severity"]), r["code"]))


def _rule(rule: Rule, family: str, elements: list[ElementEntry], files: int) -> RuleEntry:
    return {
        "code": rule.code,
        "name": rule.name,
        "family": family,
        "owner": rule.owner or None,
        "severity": rule.severity,
        "title": str(rule.title),
        "why": str(rule.why),
        "remedy": str(rule.remedy),
        "source": rule.source,
        "certainty": rule.certainty,
        "count": sum(e["count"] for e in elements),
        "accepted": sum(e["accepted"] for e in elements),
        "files": files,
        "elements": elements,
    }


def _findings(
    result: Result, files: dict[int, FileEntry], examples: int | None, *, show_values: bool
) -> list[FindingEntry]:
    frame = result.findings
    if examples is not None:
        frame = frame.filter(pl.int_range(pl.len()).over("code") < examples)
    # A file's own name is told as it is: without it nobody finds the file.
    named = {f["file"] for f in files.values()}
    return [_finding(result, files, row, named, show_values=show_values) for row in finding_rows(frame)]


def _finding(
    result: Result,
    files: dict[int, FileEntry],
    row: FindingRow,
    named: set[str],
    *,
    show_values: bool,
) -> FindingEntry:
    rule = result.catalogue[row["code"]]
    parameters = json.loads(row["parameters"]) if row["parameters"] else {}
    path = row["pad"]
    if not show_values:
        parameters = safe_parameters(parameters)
        shown = None if path is None else file_name(path)
        path = shown if shown is None or shown in named else told(shown)
    file = files[row["bron"]]["file"] if row["bron"] in files else None
    found: FindingEntry = {
        "code": rule.code,
        "name": rule.name,
        "severity": row["severity"],
        "message": rule.say(parameters),
        "element": row["bdsnummer"],
        "element_name": None if row["bdsnummer"] is None else result.names.get(row["bdsnummer"]),
        "file": file,
        "line": row["regel"],
        "path": path,
        "parameters": parameters,
        "fingerprint": fingerprint(row, file),
    }
    if show_values:
        found |= {"dossier": row["dossier_id"], "activity": row["activiteit_id"], "value": row["waarde"]}
    return found


def fingerprint(row: FindingRow, file: str | None) -> str:
    """The same for the same finding in a next delivery: rule, element and place, without the line."""
    parts = (
        row["code"],
        row["bdsnummer"],
        row["dossier_id"],
        row["activiteit_id"],
        row["pad"],
        (file or "").rsplit("/", 1)[-1],
    )
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:16]


def _not_judged(result: Result) -> list[NotJudged]:
    """Rules that were judged for no source at all, with the reason most sources have."""
    standings = result.standings
    if standings.is_empty():
        return []
    most = pl.col("reason").sort_by("sources", "reason", descending=[True, False])
    nowhere = (
        standings.group_by("code")
        .agg((pl.col("status") == UNKNOWN).all().alias("none"), most.drop_nulls().first())
        .filter("none")
        .sort("code")
    )
    return [
        {"code": code, "name": result.catalogue[code].name, "reason": reason}
        for code, _, reason in nowhere.iter_rows()
    ]


def place(finding: FindingEntry) -> str:
    """Where a person finds it: file, line, path."""
    where = finding["file"] or ""
    if finding["line"] is not None:
        where += f":{finding['line']}"
    return (
        where if not finding["path"] or finding["path"] == finding["file"] else f"{where}  {finding['path']}"
    )


def short_place(finding: FindingEntry) -> str:
    """`place`, with the last three steps of a long path."""
    steps = (finding["path"] or "").split("/")
    return place(finding | {"path": "…/" + "/".join(steps[-3:])} if len(steps) > 5 else finding)


def sentence(finding: FindingEntry) -> str:
    """The message, after the element when the finding is about a registration."""
    return finding["message"] if "subject" in finding else f"{element(finding)}: {finding['message']}"


def element(entry: ElementEntry | FindingEntry) -> str:
    """`235 Lengte`, or a word for what has no number; of a check of definitions its subject."""
    if "subject" in entry:
        return str(entry["subject"])
    number = entry["element"]
    return (
        f"{number} {entry['element_name'] or ''}".rstrip()
        if number is not None
        else t("bestand of bericht", "file or message")
    )
