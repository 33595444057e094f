"""The result of `bds change check` as text, table, or what CI systems read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from bds_tool import __version__
from bds_tool.base.text import number, t
from bds_tool.changes.findings import CATALOGUE, Bevinding
from bds_tool.changes.impact import Impact, effect_text

if TYPE_CHECKING:
    from bds_tool.changes.migrate.check import CheckResult, Weight

COLUMNS = ("code", "naam", "ernst", "onderwerp", "tekst", "hulp")
_LEVEL = {"fout": "error", "waarschuwing": "warning", "info": "note"}
#: Findings of one kind that the text shows before it counts the rest.
SHOWN = 8


def rows(result: CheckResult) -> list[list[str]]:
    """Findings as rows of COLUMNS."""
    return [
        [b.code, b.soort.naam, b.ernst, " ".join(b.onderwerp), b.tekst, b.hulp] for b in result.bevindingen
    ]


def render(result: CheckResult, touched: Sequence[Impact], format_: str, place: str) -> str:
    """The result in a format; `place` is the file of the package, for annotations."""
    if format_ == "json":
        return json.dumps(_envelope(result, touched), ensure_ascii=False, indent=2)
    if format_ == "ndjson":
        return "\n".join(json.dumps(_finding(b), ensure_ascii=False) for b in result.bevindingen)
    if format_ == "github":
        return "\n".join(_github(b, place) for b in result.bevindingen)
    if format_ == "junit":
        return _junit(result)
    if format_ == "sarif":
        return json.dumps(_sarif(result, place), ensure_ascii=False, indent=2)
    if format_ in {"csv", "markdown"}:
        return _plain_table(rows(result), format_)
    return _text(result, touched)


def _plain_table(listed: list[list[str]], format_: str) -> str:
    if format_ == "csv":
        import csv
        import io

        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerows([COLUMNS, *listed])
        return buffer.getvalue()
    cells = [[c.replace("|", "\\|") for c in r] for r in [list(COLUMNS), *listed]]
    lines = ["| " + " | ".join(r) + " |" for r in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(COLUMNS), *lines[1:]])


def _finding(b: Bevinding) -> dict[str, Any]:
    return {
        "code": b.code,
        "naam": b.soort.naam,
        "ernst": b.ernst,
        "onderwerp": {"soort": b.onderwerp[0], "sleutel": b.onderwerp[1]},
        "betreft": [list(x) for x in b.betreft],
        "tekst": b.tekst,
        "hulp": b.hulp,
        "parameters": b.parameters,
    }


def _envelope(result: CheckResult, touched: Sequence[Impact]) -> dict[str, Any]:
    p = result.pakket
    return {
        "schema_version": 1,
        "tool": {"name": "bds", "version": __version__},
        "pakket": {"naam": p.naam, "van": p.van, "naar": p.naar, "status": p.status,
                   "klasse": {"heen": str(p.klasse_heen), "terug": str(p.klasse_terug)}},
        "samenvatting": {s: sum(b.ernst == s for b in result.bevindingen) for s in ("fout", "waarschuwing", "info")},
        "bevindingen": [_finding(b) for b in result.bevindingen],
        "impact": [asdict(i) for i in touched],
        "gegevens": None if result.rijen is None else {
            "rijen": result.rijen, "elementen": [asdict(w) for w in result.gewicht],
        },
    }  # fmt: skip


def _text(result: CheckResult, touched: Sequence[Impact]) -> str:
    lines: list[str] = []
    groups: dict[str, list[Bevinding]] = {}
    for b in result.bevindingen:
        groups.setdefault(b.code, []).append(b)
    for code, members in groups.items():
        kind = CATALOGUE[code]
        lines.append(f"{code} {kind.naam}  {members[0].ernst}  {number(len(members))}×")
        lines += [f"  {b.tekst}" for b in members[:SHOWN]]
        if len(members) > SHOWN:
            lines.append(t(f"  … en {number(len(members) - SHOWN)} meer (--format csv toont alles)",
                           f"  … and {number(len(members) - SHOWN)} more (--format csv shows all)"))  # fmt: skip
        lines += [f"  → {members[0].hulp}", ""]
    if touched:
        lines += [t("Wat dit buiten de definitie raakt", "What this touches outside the definition"), ""]
        lines += [f"  {i.kind:<12} {i.id:<28} {i.bdsnummer:>5}  {effect_text(i.effect)}" for i in touched]
        lines.append("")
    if result.rijen is not None:
        lines += _weights(result.gewicht, result.rijen)
    return "\n".join(lines).rstrip() or t("Geen bevindingen.", "No findings.")


def _weights(weights: Sequence[Weight], total: int) -> list[str]:
    """Small counts are shown as fewer than ten: a store is about children."""
    lines = [t(f"In de gegevens ({number(total)} rijen)", f"In the data ({number(total)} rows)"), ""]
    head = (t("element", "element"), t("waarden", "values"), "dossiers", t("aandeel", "share"))
    lines.append(f"  {head[0]:>8} {head[1]:>10} {head[2]:>10} {head[3]:>8}")
    for w in weights:
        values, dossiers = (("<10" if n is None else number(n)) for n in (w.waarden, w.dossiers))
        share = "" if w.aandeel is None else f"{number(100 * w.aandeel, 1)} %"
        lines.append(f"  {w.bdsnummer:>8} {values:>10} {dossiers:>10} {share:>8}  {', '.join(w.soorten)}")
    return lines


def _github(b: Bevinding, place: str) -> str:
    level = {"fout": "error", "waarschuwing": "warning", "info": "notice"}[b.ernst]
    text = b.tekst.replace("%", "%25").replace("\n", "%0A")
    return f"::{level} file={place},title={b.code} {b.soort.naam}::{text}"


def _junit(result: CheckResult) -> str:
    """One case per kind of finding, so that what was checked and is right is visible as well."""
    by: dict[str, list[Bevinding]] = {}
    for b in result.bevindingen:
        by.setdefault(b.code, []).append(b)
    failures = sum(any(b.ernst == "fout" for b in members) for members in by.values())
    name = quoteattr(f"bds change check {result.pakket.naam}")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites><testsuite name={name} tests="{len(CATALOGUE)}" failures="{failures}">',
    ]
    for code, kind in CATALOGUE.items():
        members = by.get(code, [])
        case = f"<testcase classname={quoteattr(result.pakket.naam)} name={quoteattr(f'{code} {kind.naam}')}"
        wrong = [b for b in members if b.ernst == "fout"]
        if wrong:
            text = escape("\n".join(b.tekst for b in wrong))
            lines.append(f"{case}><failure message={quoteattr(f'{len(wrong)}×')}>{text}</failure></testcase>")
        elif members:
            lines.append(
                f"{case}><system-out>{escape(chr(10).join(b.tekst for b in members))}</system-out></testcase>"
            )
        else:
            lines.append(f"{case}/>")
    return "\n".join([*lines, "</testsuite></testsuites>"])


def _sarif(result: CheckResult, place: str) -> dict[str, Any]:
    used = sorted({b.code for b in result.bevindingen})
    rules = [
        {
            "id": code,
            "name": CATALOGUE[code].naam,
            "shortDescription": {"text": CATALOGUE[code].naam},
            "help": {"text": CATALOGUE[code].help_en},
            "defaultConfiguration": {"level": _LEVEL[CATALOGUE[code].severity]},
        }
        for code in used
    ]
    results = [
        {
            "ruleId": b.code,
            "level": _LEVEL[b.ernst],
            "message": {"text": b.tekst},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": place}}}],
            "partialFingerprints": {"onderwerp/v1": f"{b.code} {' '.join(b.onderwerp)}"},
        }
        for b in result.bevindingen
    ]
    driver = {"name": "bds", "version": __version__, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
