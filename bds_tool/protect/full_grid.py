"""Every area, period and break-down has a row, whether anyone is there or not; children without a place have none.

A row that is there only because a child is there tells of the child, whatever it hides. So the table is filled up
before it is protected, and zero children are then protected as few are. Children with a secret or unknown address
count in what is above; their own row is protected like any other, and left out of what is published when it is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bds_tool.indicators.result import BREAKDOWNS, TOTAL

if TYPE_CHECKING:
    import polars as pl

AREA = ("level", "area", "area_name", "parent")


def filled(frame: pl.DataFrame, empty: Sequence[Sequence[str | None]] = ()) -> pl.DataFrame:
    """The rows of a result and, with zero children, those that no child made.

    An indicator has a row for every area of the result and every word of its break-downs, also where only other
    indicators count a child there; ages are its own, for each has its own range. `empty` (AREA) are the areas that the
    tables of areas have and that no child made.
    """
    import polars as pl

    parts = []
    more = pl.DataFrame([list(e) for e in empty], schema=dict.fromkeys(AREA, pl.String), orient="row")
    places = pl.concat([frame.select(AREA), more]).unique(
        ["level", "area"], keep="first", maintain_order=True
    )
    words = frame.select(BREAKDOWNS).unique(maintain_order=True)
    wide = dict(places.group_by("level").len().iter_rows())
    for (name,), part in frame.group_by("indicator", maintain_order=True):
        high = sum(wide[level] for level in part["level"].unique().to_list())
        # Most have every row: that is seen without making them.
        if high * part["period"].n_unique() * _number_of_kinds(part, words) == part.height:
            continue
        areas = places.join(part.select("level").unique(), on="level", how="semi", maintain_order="left")
        periods = part.select("period").unique(maintain_order=True)
        kinds = _kinds(part.select(BREAKDOWNS).unique(maintain_order=True), words)
        every = areas.join(periods, how="cross").join(kinds, how="cross")
        absent = every.join(part, on=["level", "area", "period", *BREAKDOWNS], how="anti", nulls_equal=True)
        mean = part["x"].null_count() == part.height
        zero = pl.lit(0, dtype=pl.Int64)
        parts.append(
            absent.with_columns(
                indicator=pl.lit(str(name)),
                n=zero,
                x=pl.lit(None, dtype=pl.Int64) if mean else zero,
                missing=zero,
                status=pl.lit(part["status"][0]),
            )
        )
    return pl.concat([frame, *parts], how="diagonal_relaxed").select(frame.columns) if parts else frame


def _number_of_kinds(part: pl.DataFrame, words: pl.DataFrame) -> int:
    """How many `_kinds` an indicator has."""
    own = set(part.select(BREAKDOWNS).iter_rows())
    alike = {tuple(w != TOTAL for w in kind) for kind in own}
    age = BREAKDOWNS.index("age")
    ages = {kind[age] for kind in own}
    return len(
        own | {k for k in words.iter_rows() if k[age] in ages and tuple(w != TOTAL for w in k) in alike}
    )


def _kinds(own: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Of all combinations of words those that are broken down as an indicator is, its own first."""
    import polars as pl

    by = [(pl.col(b) != TOTAL).alias(f"_{b}") for b in BREAKDOWNS]
    alike = words.with_columns(by).join(
        own.select(by).unique(), on=[f"_{b}" for b in BREAKDOWNS], how="semi", maintain_order="left"
    )
    alike = alike.join(own.select("age").unique(), on="age", how="semi", maintain_order="left")
    return pl.concat([own, alike.select(BREAKDOWNS)]).unique(maintain_order=True)


def unplaced(area: str = "area") -> pl.Expr:
    """Rows of no real area: children whose address is unknown or secret."""
    import polars as pl

    code = pl.col(area)
    return code.str.contains("/", literal=True) | code.is_in(["onbekend", "geheim"])


def without_hidden_units(frame: pl.DataFrame) -> pl.DataFrame:
    """A protected result without the rows of children without a place, where their totals are not all shown."""
    import polars as pl

    totals = frame.filter(unplaced(), *(pl.col(b) == TOTAL for b in BREAKDOWNS))
    secret = totals.filter(pl.col("n").is_null() | (pl.col("n") == 0)).select("indicator", "area").unique()
    return frame.join(secret, on=["indicator", "area"], how="anti", maintain_order="left")
