"""Two deliveries side by side: which findings are new, which are gone, which stayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import polars as pl

if TYPE_CHECKING:
    from bds_tool.findings.result import Result


KEY = ["code", "bdsnummer"]
#: What tells one finding from another in two deliveries: the place in the file moves, and values are not kept.
WHOSE = ["dossier_id", "activiteit_id"]
CHANGES = ("new", "gone", "more", "fewer", "other", "even", "same")


class ChangeEntry(TypedDict):
    """A rule and element, and how many findings each delivery has."""

    code: str
    name: str | None
    severity: str | None
    element: int | None
    element_name: str | None
    before: int
    after: int
    came: int | None
    went: int | None
    change: str


class Compared(TypedDict):
    schema_version: int
    summary: dict[str, int]
    changes: list[ChangeEntry]


def compare(before: Result, after: Result) -> Compared:
    """Numbers per rule and element: `before`, `after`, what `came` and `went`, and what that makes it (CHANGES).

    `other`: as many, but not of the same dossiers and activities; `even`: as many, and of which is unknown for not all
    findings were kept (`came` and `went` are None). Accepted findings do not count; numbers are exact also where
    examples were capped.
    """
    joined = _counted(before, "before").join(
        _counted(after, "after"), on=KEY, how="full", coalesce=True, nulls_equal=True
    )
    joined = joined.with_columns(pl.col("before", "after").fill_null(0))
    joined = joined.join(_moved(before, after), on=KEY, how="left", nulls_equal=True)
    # Where not all were kept, only what is all new or all gone is known.
    whole = (pl.col("before") == pl.col("before_kept")) & (pl.col("after") == pl.col("after_kept"))
    joined = joined.with_columns(pl.col("before_kept", "after_kept", "came", "went").fill_null(0)).with_columns(
        pl.when(whole).then(name)
        .when((pl.col("before") == 0) | (pl.col("after") == 0)).then(other)
        .alias(name)
        for name, other in (("came", "after"), ("went", "before"))
    )  # fmt: skip
    joined = joined.with_columns(
        change=pl.when(pl.col("before") == 0)
        .then(pl.lit("new"))
        .when(pl.col("after") == 0)
        .then(pl.lit("gone"))
        .when(pl.col("after") > pl.col("before"))
        .then(pl.lit("more"))
        .when(pl.col("after") < pl.col("before"))
        .then(pl.lit("fewer"))
        .when(pl.col("came").is_null())
        .then(pl.lit("even"))
        .when(pl.col("came") > 0)
        .then(pl.lit("other"))
        .otherwise(pl.lit("same")),
    ).sort(*KEY, nulls_last=True)
    columns = joined.select(*KEY, "before", "after", "came", "went", "change")
    rows = [_row(after, before, *r) for r in columns.iter_rows()]
    summary = {name: sum(r["change"] == name for r in rows) for name in CHANGES}
    return {"schema_version": 1, "summary": summary, "changes": rows}


def _counted(result: Result, name: str) -> pl.DataFrame:
    kept = result.totals.filter(~pl.col("accepted"))
    return kept.group_by(KEY).agg(pl.col("n").sum().alias(name))


def _moved(before: Result, after: Result) -> pl.DataFrame:
    """Per rule and element how many findings were kept of each, and how many of these the other does not have."""

    def each(result: Result, name: str) -> pl.DataFrame:
        counting = result.totals.filter(~pl.col("accepted")).select("code", "bron", "bdsnummer")
        kept = result.findings.join(counting, on=counting.columns, how="semi", nulls_equal=True)
        return kept.group_by(*KEY, *WHOSE).agg(pl.len().cast(pl.Int64).alias(name))

    both = each(before, "before_kept").join(
        each(after, "after_kept"), on=[*KEY, *WHOSE], how="full", coalesce=True, nulls_equal=True
    )
    change = pl.col("after_kept") - pl.col("before_kept")
    return (
        both.with_columns(pl.col("before_kept", "after_kept").fill_null(0))
        .group_by(KEY)
        .agg(
            pl.col("before_kept", "after_kept").sum(),
            came=change.clip(lower_bound=0).sum(),
            went=(-change).clip(lower_bound=0).sum(),
        )
    )


def _row(
    result: Result,
    earlier: Result,
    code: str,
    element: int | None,
    old: int,
    new: int,
    came: int | None,
    went: int | None,
    change: str,
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
        "came": came,
        "went": went,
        "change": change,
    }
