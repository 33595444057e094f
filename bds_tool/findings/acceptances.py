"""Findings that were looked at and accepted, with a reason and an end; see `[[accept]]` in `bds.toml`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.base.settings import Acceptance
from bds_tool.findings.collecting import FINDINGS, SCHEMA
from bds_tool.findings.shape import AcceptedEntry

if TYPE_CHECKING:
    from bds_tool.findings.result import Result


def accept(result: Result, rows: Sequence[Acceptance], today: date) -> Result:
    """The result with accepted findings marked; expired and unused acceptances become findings themselves.

    `file` is a pattern for the name of the source.
    """
    totals = result.totals.with_columns(accepted=pl.lit(value=False))
    findings = result.findings
    accepted = pl.lit(value=False)
    told: list[tuple[str, dict[str, str]]] = []
    marked: list[AcceptedEntry] = []
    for row in rows:
        rule = result.catalogue.find(row.rule)
        until = row.until
        matches = _matches(result, rule.code, row)
        n = int(totals.filter(matches)["n"].sum())
        facts = {"regel": rule.code, **({"tot": until.isoformat()} if until else {})}
        if n == 0:
            told.append(("BDS902", facts))
        elif until and until < today:
            told.append(("BDS901", facts))
        else:
            accepted = accepted | matches
        marked.append(
            {
                "rule": rule.code,
                "element": row.element,
                "file": row.file or None,
                "reason": row.reason,
                "until": until.isoformat() if until else None,
                "n": n,
                "expired": bool(until and until < today),
            }
        )
    totals = totals.with_columns(accepted=accepted.fill_null(value=False))
    if told:
        severities = {c: result.catalogue[c].severity for c, _ in told}
        extra = [
            {**dict.fromkeys(FINDINGS), "code": c, "severity": severities[c], "parameters": json.dumps(p)}
            for c, p in told
        ]
        findings = pl.concat([findings, pl.DataFrame(extra, schema={n: SCHEMA[n] for n in FINDINGS})])
        counted = pl.DataFrame(
            [(c, None, None, 1, severities[c], False) for c, _ in told],
            schema=dict(totals.schema),
            orient="row",
        )
        totals = pl.concat([totals, counted])
    return replace(result, totals=totals, findings=findings, accepted=marked)


def _matches(result: Result, code: str, row: Acceptance) -> pl.Expr:
    found = pl.col("code") == code
    if row.element is not None:
        found = found & (pl.col("bdsnummer") == row.element)
    if row.file:
        pattern = row.file
        names = zip(result.bronnen["bron"], result.bronnen["pad"], strict=True)
        chosen = [b for b, p in names if fnmatch(p, pattern) or fnmatch(p, f"*/{pattern}")]
        found = found & pl.col("bron").is_in(chosen)
    return found.fill_null(value=False)
