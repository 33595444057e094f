"""Two deliveries side by side: which findings are new, which are gone, which stayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import polars as pl

if TYPE_CHECKING:
    from bds_tool.findings.result import Result


class ChangeEntry(TypedDict):
    """A rule and element, and how many findings each delivery has."""

    code: str
    name: str | None
    severity: str | None
    element: int | None
    element_name: str | None
    before: int
    after: int
    change: str


class Compared(TypedDict):
    schema_version: int
    summary: dict[str, int]
    changes: list[ChangeEntry]


def compare(before: Result, after: Result) -> Compared:
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
    columns = joined.select("code", "bdsnummer", "before", "after", "change")
    rows = [_row(after, before, *r) for r in columns.iter_rows()]
    summary = {
        name: sum(r["change"] == name for r in rows) for name in ("new", "gone", "more", "fewer", "same")
    }
    return {"schema_version": 1, "summary": summary, "changes": rows}


def _row(
    result: Result, earlier: Result, code: str, element: int | None, old: int, new: int, change: str
) -> ChangeEntry:
    rule = result.catalogue.rules.get(code)
    return {
        "code": code,
        "name": rule.name if rule else None,
        "severity": rule.severity if rule else None,
        "element": element,
        "element_name": None if element is None else (earlier.names | result.names).get(element),
        "before": old,
        "after": new,
        "change": change,
    }
