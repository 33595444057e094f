"""Findings that stood in an earlier report already: they are counted, and do not make a run fail."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool.base.errors import MALFORMED, UnreadableError, UsageError
from bds_tool.base.text import t
from bds_tool.base.vocabulary import file_name
from bds_tool.findings.collecting import finding_rows

if TYPE_CHECKING:
    from bds_tool.findings.result import Result

#: What makes a row of the totals of a result.
_KEY = ["code", "bron", "bdsnummer"]


def read_baseline(path: Path) -> Counter[str]:
    """How often each fingerprint stands in a JSON report of `bds validate`.

    Raises UnreadableError for another kind of file, UsageError for a report that leaves findings out.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        known = Counter(str(f["fingerprint"]) for f in report["findings"])
        counted = sum(int(rule["count"]) for rule in report["rules"])
    except MALFORMED as error:
        raise UnreadableError(
            t(
                f"{path} is geen JSON-rapport van bds validate ({type(error).__name__}).",
                f"{path} is no JSON report of bds validate ({type(error).__name__}).",
            ),
            _remedy(path),
        ) from error
    if known.total() < counted:
        raise UsageError(
            t(
                f"In {path} staan {known.total()} van de {counted} bevindingen: wat nieuw is, valt daar niet aan te zien.",
                f"{path} holds {known.total()} of its {counted} findings: what is new cannot be told from it.",
            ),
            _remedy(path),
        )
    return known


def _remedy(path: Path) -> str:
    return t(
        f"Maak er een met `bds validate EXPORT --report json={path} --max-examples 0 --exit-zero`.",
        f"Make one with `bds validate EXPORT --report json={path} --max-examples 0 --exit-zero`.",
    )


def without(result: Result, known: Counter[str], most: int) -> tuple[Result, int]:
    """The result in which known findings are accepted, and how many those are; `most` examples per rule and element stay (0: all).

    A finding that comes more often than in the baseline is new. One that the result keeps no example of counts as new too.
    """
    from bds_tool.findings.report.envelope import fingerprint

    files = {b: file_name(p) for b, p in result.bronnen.select("bron", "pad").iter_rows()}
    left = known.copy()
    old = []
    for row in finding_rows(result.findings):
        mark = fingerprint(row, files.get(row["bron"]))
        old.append(left[mark] > 0)
        left[mark] -= old[-1]
    is_old = pl.Series("old", old, pl.Boolean)
    seen = result.findings.filter(is_old).group_by(_KEY).agg(pl.len().cast(pl.Int64).alias("known"))
    totals = _split(result.totals, seen)
    kept = result.findings.filter(~is_old)
    if most:
        kept = kept.filter(pl.int_range(pl.len()).over("code", "bdsnummer") < most)
    return replace(result, findings=kept, totals=totals), int(is_old.sum())


def _split(totals: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Totals with a row of their own, accepted, for the findings that were known."""
    columns: list[Any] = totals.columns
    joined = totals.join(seen, on=_KEY, how="left", nulls_equal=True, maintain_order="left").with_columns(
        known=pl.when("accepted").then(0).otherwise(pl.min_horizontal(pl.col("known").fill_null(0), "n"))
    )
    rest = joined.with_columns(n=pl.col("n") - pl.col("known"))
    old = joined.with_columns(n=pl.col("known"), accepted=pl.lit(value=True))
    both = pl.concat([rest.filter(pl.col("n") > 0), old.filter(pl.col("n") > 0)])
    return both.select(columns).cast(totals.schema)
