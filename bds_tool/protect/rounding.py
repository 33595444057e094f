"""Rounding instead of hiding: quick, stable between releases, and no proof. It is labelled as such.

Rules: `nearest` (to the base, NHS), `midpoint` (middle of each base, OpenSAFELY: ceil(x/b)·b − b/2), `random`
(up or down to the base with a fixed seed per cell, unbiased). Zero stays zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.indicators.result import UNPROVEN
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.policy import Policy

ROUNDED, HIDDEN = "afgerond", "verborgen"


def round_counts(counts: Ints, rule: Mapping[str, Any], seed: str = "") -> Ints:
    """Rounded counts; `random` takes its chance from the seed, so the same table gives the same numbers."""
    base = int(rule["base"])
    if rule["rule"] == "midpoint":
        return np.where(counts > 0, -(-counts // base) * base - base // 2, 0)
    if rule["rule"] == "random":
        start = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
        chance = np.random.default_rng(start).random(counts.shape)
        return (counts // base + (chance * base < counts % base)) * base
    return (counts + base // 2) // base * base


def hidden_small(counts: Ints, rule: Mapping[str, Any]) -> Bools:
    """Counts the rule does not show at all: 1 up to and including `hide_to`."""
    return (counts > 0) & (counts <= int(rule.get("hide_to", 0)))


def round_result(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """A result with rounded n, x and missing; percentages and intervals come from the rounded counts.

    Figures that cannot be recomputed from rounded counts (means, references, trends) are left out.
    """
    import polars as pl

    rule = policy.part("rounding")
    out = {}
    for name in ("n", "x", "missing"):
        filled = frame[name].fill_null(0).to_numpy().astype(np.int64)
        rounded = pl.Series(name, round_counts(filled, rule, f"{policy.id} {name}"))
        out[name] = pl.select(pl.when(frame[name].is_not_null()).then(rounded)).to_series().alias(name)
    complement = (frame["n"] - frame["x"]).fill_null(0).to_numpy()
    small = pl.Series(np.zeros(frame.height, dtype=bool))
    for numbers in (frame["n"].to_numpy(), frame["x"].fill_null(0).to_numpy(), complement):
        small |= pl.Series(hidden_small(numbers, rule))
    small |= frame["n"] < policy.denominator
    small |= frame["x"].is_null()
    shown = pl.DataFrame(out)
    share = pl.min_horizontal(pl.col("x") / pl.col("n"), pl.lit(1.0))
    decimals = int(rule.get("percent_decimals", 0))
    low, high = _wilson(share, pl.col("n"))
    shown = shown.with_columns(
        (100 * share).round(decimals).alias("value"),
        (100 * low).round(decimals).alias("lower"),
        (100 * high).round(decimals).alias("upper"),
    )
    empty = [
        c for c in ("reference", "reference_test", "trend", "sum", "sum2", *UNPROVEN) if c in frame.columns
    ]
    frame = frame.with_columns(
        *shown.get_columns(), *(pl.lit(None, dtype=frame[c].dtype).alias(c) for c in empty)
    )
    figures = ["n", "x", "missing", "value", "lower", "upper", "method", "reliability", "resident"]
    return frame.with_columns(
        *(pl.when(small).then(None).otherwise(pl.col(c)).alias(c) for c in figures if c in frame.columns),
        pl.when(small).then(pl.lit(HIDDEN)).otherwise(pl.lit(ROUNDED)).alias("status"),
    )


def _wilson(share: pl.Expr, n: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Wilson 95 % interval (Wilson 1927, JASA 22:209)."""
    z = 1.959963984540054
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).sqrt()
    return middle - half, middle + half
