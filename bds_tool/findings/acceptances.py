"""Findings that were looked at and accepted, with a reason and an end; see `[[accept]]` in `bds.toml`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.findings.collecting import FINDINGS, SCHEMA

if TYPE_CHECKING:
    from bds_tool.findings.result import Result


def accept(result: Result, rows: Sequence[dict[str, Any]], today: date) -> Result:
    """The result with accepted findings marked; expired and unused acceptances become findings themselves.

    A row has `rule` and `reason`, and may have `element`, `file` (a pattern) and `until` (last day it holds).
    """
    totals = result.totals.with_columns(accepted=pl.lit(value=False))
    findings = result.findings
    accepted = pl.lit(value=False)
    told: list[tuple[str, dict[str, Any]]] = []
    marked = []
    for row in rows:
        rule = result.catalogue.find(str(row["rule"]))
        until = _until(row)
        matches = _matches(result, rule.code, row)
        n = int(totals.filter(matches)["n"].sum())
        facts = {"regel": rule.code, **({"tot": until.isoformat()} if until else {})}
        if n == 0:
            told.append(("BDS902", facts))
        elif until and until < today:
            told.append(("BDS901", facts))
        else:
            accepted = accepted | matches
        marked.append({**row, "rule": rule.code, "n": n, "expired": bool(until and until < today)})
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


def _until(row: dict[str, Any]) -> date | None:
    if not row.get("until"):
        return None
    try:
        return date.fromisoformat(str(row["until"]))
    except ValueError as error:
        raise UsageError(
            t(
                f"[[accept]] until = {row['until']} is geen datum.",
                f"[[accept]] until = {row['until']} is no date.",
            ),
            t("Schrijf jjjj-mm-dd.", "Write yyyy-mm-dd."),
        ) from error


def _matches(result: Result, code: str, row: dict[str, Any]) -> pl.Expr:
    found = pl.col("code") == code
    if row.get("element") is not None:
        found = found & (pl.col("bdsnummer") == int(row["element"]))
    if row.get("file"):
        pattern = str(row["file"])
        names = zip(result.bronnen["bron"], result.bronnen["pad"], strict=True)
        chosen = [b for b, p in names if fnmatch(p, pattern) or fnmatch(p, f"*/{pattern}")]
        found = found & pl.col("bron").is_in(chosen)
    return found.fill_null(value=False)
