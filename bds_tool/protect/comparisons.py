"""Comparisons of areas and trends as a reader of the published rows could make them.

Which of many differences stand out hangs on all areas that are compared (Benjamini-Hochberg), hidden ones too. So the words
of the count are not published: each test is done again over the rows that are shown, and no word can tell of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.indicators import statistics
from bds_tool.indicators.output import ALPHA, TESTS
from bds_tool.indicators.result import BREAKDOWNS
from bds_tool.protect.types import Bools, Floats

if TYPE_CHECKING:
    import polars as pl

#: What is compared with each other: the areas of one level, of one indicator, period and break-down.
FAMILY = ("indicator", "level", "period", *BREAKDOWNS)
COUNTS = ("n", "x", "sum", "sum2")
TOO_SMALL = "niet getoetst (te klein)"


def compared_again(frame: pl.DataFrame, meta: Mapping[str, Any]) -> pl.DataFrame:
    """The rows with `reference_test` of what is shown alone; tests against a published figure stay, for they stand alone."""
    import polars as pl

    words = pl.col("reference_test")
    tested = words.is_not_null() & (words != "") & ~words.str.contains("gepubliceerd", literal=True)
    rows = frame.with_row_index("_i").filter(tested, pl.col("n").is_not_null())
    if not rows.height:
        return frame
    above = frame.filter(pl.col("level").is_in(["land", "regio"]), pl.col("n").is_not_null())
    key = ["indicator", "period", *BREAKDOWNS]
    known = above.select(*key, pl.col("area").alias("_above"), *(pl.col(c).alias(f"_{c}") for c in COUNTS))
    over = _reference_of(frame, str((meta.get("settings") or {}).get("reference")))
    rows = rows.with_columns(_above=pl.col("area").replace_strict(over, return_dtype=pl.String))
    rows = rows.join(known, on=[*key, "_above"], how="left", nulls_equal=True, maintain_order="left")
    kinds = {i: str((d or {}).get("kind", "aandeel")) for i, d in meta["definitions"].items()}
    kind = rows["indicator"].replace_strict(kinds, default="aandeel", return_dtype=pl.String)
    own = {c: rows[c].cast(pl.Float64).to_numpy() for c in COUNTS}
    rest = {c: rows[f"_{c}"].cast(pl.Float64).to_numpy() - own[c] for c in COUNTS}
    z, p = np.full(rows.height, np.nan), np.full(rows.height, np.nan)
    for name in kind.unique().to_list():
        fit = (kind == name).to_numpy() & (own["n"] > 0) & (rest["n"] > 0)
        _test(name, own, rest, fit, z, p)
    family = rows.select(pl.struct(FAMILY).rank("dense")).to_series().to_numpy().astype(np.int64)
    adjusted = statistics.benjamini_hochberg_by(p, family)
    side = np.where(adjusted >= ALPHA, "gelijk", np.where(z > 0, "hoger", "lager"))
    test = [f" ({TESTS[k]}, BH)" for k in kind]
    told = [TOO_SMALL if np.isnan(v) else s + w for v, s, w in zip(p, side.tolist(), test, strict=True)]
    again = rows.select("_i").with_columns(_test=pl.Series(told))
    joined = frame.with_row_index("_i").join(again, on="_i", how="left", maintain_order="left")
    return joined.with_columns(reference_test=pl.coalesce("_test", words)).select(frame.columns)


def trends_again(frame: pl.DataFrame, meta: Mapping[str, Any]) -> pl.DataFrame:
    """The rows with `trend` of what is shown alone; a break in how it was recorded is of its own area and stays."""
    import polars as pl

    told = frame.with_row_index("_i").filter(pl.col("trend").is_not_null(), pl.col("trend") != "")
    single = [int(p) for p in frame["period"].unique().to_list() if p.isdecimal()]
    if not told.height or not single:
        return frame
    years = [str(y) for y in range(min(single), max(single) + 1)]
    series = ["indicator", "level", "area", *BREAKDOWNS]
    grid = {}
    for c in COUNTS:
        of_year = frame.filter(pl.col("period").is_in(years)).pivot("period", index=series, values=c)
        lacking = (pl.lit(0.0).alias(y) for y in years if y not in of_year.columns)
        joined = told.join(of_year.with_columns(*lacking), on=series, how="left", maintain_order="left")
        grid[c] = joined.select(pl.col(y).cast(pl.Float64).fill_null(0.0) for y in years).to_numpy()
    kinds = [str((meta["definitions"].get(i) or {}).get("kind", "aandeel")) for i in told["indicator"]]
    z, p = np.full(told.height, np.nan), np.full(told.height, np.nan)
    score = np.arange(len(years), dtype=float)
    mean = np.array([k == "gemiddelde" for k in kinds])
    if mean.any():
        n, total, squares = (grid[c][mean] for c in ("n", "sum", "sum2"))
        z[mean], p[mean] = statistics.mean_trend(n, total, squares, score)
    if not mean.all():
        z[~mean], p[~mean] = statistics.cochran_armitage(grid["x"][~mean], grid["n"][~mean], score)
    family = told.select(pl.struct("indicator", "level", *BREAKDOWNS).rank("dense")).to_series().to_numpy()
    adjusted = statistics.benjamini_hochberg_by(p, family.astype(np.int64))
    word = np.where(adjusted >= ALPHA, "stabiel", np.where(z > 0, "stijgend", "dalend"))
    again = [
        old if old.startswith("trendbreuk") else "niet getoetst" if np.isnan(v) else w
        for old, v, w in zip(told["trend"].to_list(), p, word.tolist(), strict=True)
    ]
    joined = frame.with_row_index("_i").join(
        told.select("_i").with_columns(_trend=pl.Series(again)), on="_i", how="left", maintain_order="left"
    )
    return joined.with_columns(trend=pl.coalesce("_trend", "trend")).select(frame.columns)


def _test(
    kind: str, own: dict[str, Floats], rest: dict[str, Floats], fit: Bools, z: Floats, p: Floats
) -> None:
    if kind == "gemiddelde":
        fit &= (own["n"] > 1) & (rest["n"] > 1)
        fit &= ~np.isnan(own["sum"]) & ~np.isnan(rest["sum"])
        if fit.any():
            z[fit], p[fit] = statistics.two_means(
                *(d[c][fit] for d in (own, rest) for c in ("n", "sum", "sum2"))
            )
    elif fit.any():
        test = statistics.two_rates if kind == "tarief" else statistics.two_proportions
        z[fit], p[fit] = test(own["x"][fit], own["n"][fit], rest["x"][fit], rest["n"][fit])


def _reference_of(frame: pl.DataFrame, reference: str) -> dict[str, str | None]:
    """Of each area the one it is compared with: its regio where that was asked and it has one, else the whole."""
    level, parent = (dict(frame.select("area", c).unique(["area"]).iter_rows()) for c in ("level", "parent"))
    whole = next((a for a, word in level.items() if word == "land"), None)
    found = {}
    for area in level:
        at = parent.get(area) if reference == "regio" else None
        while at is not None and level.get(at) != "regio":
            at = parent.get(at)
        found[area] = at or whole
    return found
