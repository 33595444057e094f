"""Two deliveries side by side: which findings are new, which are gone, which stayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from bds_tool.findings.result import Result


def compare(before: Result, after: Result) -> dict[str, Any]:
    """Numbers per rule and element: `before`, `after`, and what that makes it: new, gone, more, fewer, same.

    Accepted findings do not count. The numbers are exact also where examples were capped.
    """
    key = ["code", "bdsnummer"]

    def counted(result: Result, name: str) -> pl.DataFrame:
        kept = result.totals.filter(~pl.col("accepted"))
        return kept.group_by(key).agg(pl.col("n").sum().alias(name))

    joined = counted(before, "before").join(
        counted(after, "after"), on=key, how="full", coalesce=True, nulls_equal=True
    )
    joined = (
        joined.with_columns(pl.col("before", "after").fill_null(0))
        .with_columns(
            change=pl.when(pl.col("before") == 0)
            .then(pl.lit("new"))
            .when(pl.col("after") == 0)
            .then(pl.lit("gone"))
            .when(pl.col("after") > pl.col("before"))
            .then(pl.lit("more"))
            .when(pl.col("after") < pl.col("before"))
            .then(pl.lit("fewer"))
            .otherwise(pl.lit("same")),
        )
        .sort(*key, nulls_last=True)
    )
    rows = [_row(after, before, r) for r in joined.iter_rows(named=True)]
    summary = {
        name: sum(r["change"] == name for r in rows) for name in ("new", "gone", "more", "fewer", "same")
    }
    return {"schema_version": 1, "summary": summary, "changes": rows}


def _row(result: Result, earlier: Result, row: dict[str, Any]) -> dict[str, Any]:
    rule = result.catalogue.rules.get(row["code"])
    return {
        "code": row["code"],
        "name": rule.name if rule else None,
        "severity": rule.severity if rule else None,
        "element": row["bdsnummer"],
        "element_name": (earlier.names | result.names).get(row["bdsnummer"]),
        "before": row["before"],
        "after": row["after"],
        "change": row["change"],
    }
