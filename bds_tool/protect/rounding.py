"""Rounding instead of hiding: quick, stable between releases, and no proof. It is labelled as such.

Rules: `nearest` (to the base, NHS), `midpoint` (middle of each base, OpenSAFELY: ceil(x/b)·b − b/2), `random`
(up or down to the base by the key of the organisation, the same for the same cell and count, unbiased). Zero stays zero.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.keys import VARIABLE, secret_key
from bds_tool.base.text import t
from bds_tool.indicators.result import BREAKDOWNS
from bds_tool.protect.told import KEPT
from bds_tool.protect.types import Bools, Floats, Ints

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.policy import Policy

ROUNDED, HIDDEN = "afgerond", "verborgen"


def round_counts(counts: Ints, rule: Mapping[str, Any], cells: Sequence[str] = ()) -> Ints:
    """Rounded counts; `random` rounds each by the key and the name of its cell. Raises UsageError when there is no key."""
    base = int(rule["base"])
    if rule["rule"] == "midpoint":
        return np.where(counts > 0, -(-counts // base) * base - base // 2, 0)
    if rule["rule"] == "random":
        return (counts // base + (_chances(counts, cells) * base < counts % base)) * base
    return (counts + base // 2) // base * base


def _chances(counts: Ints, cells: Sequence[str]) -> Floats:
    """Per cell a number from 0 to 1 that nobody without the key can reckon: who knows it reads the count from where it went.

    It hangs on the cell and its count alone: rows beside it, or another edition, do not round the same count anew.
    """
    key = secret_key()
    if not key:
        raise UsageError(
            t(
                "Willekeurig afronden vraagt een geheime sleutel: zonder kan iedereen de keuzes narekenen.",
                "Rounding at random needs a secret key: without one anybody can reckon the choices.",
            ),
            t(
                f"Zet {VARIABLE}, bijvoorbeeld met: openssl rand -hex 32; gebruik steeds dezelfde.",
                f"Set {VARIABLE}, for example by: openssl rand -hex 32; always use the same one.",
            ),
        )
    told = (f"{cell}\x1f{count}".encode() for cell, count in zip(cells, counts.tolist(), strict=True))
    digits = (hmac.digest(key, text, "sha256")[:8] for text in told)
    return np.array([int.from_bytes(d, "big") / 2**64 for d in digits])


def hidden_small(counts: Ints, rule: Mapping[str, Any]) -> Bools:
    """Counts the rule does not show at all: 1 up to and including `hide_to`."""
    return (counts > 0) & (counts <= int(rule.get("hide_to", 0)))


def round_result(frame: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """A result with rounded n, x and missing; percentages and intervals come from the rounded counts.

    Figures that cannot be recomputed from rounded counts (means, references, trends) are left out.
    """
    import polars as pl

    rule = policy.part("rounding")
    places = names_of(frame.select("indicator", "area", "period", *BREAKDOWNS))
    out = {}
    for name in ("n", "x", "missing"):
        filled = frame[name].fill_null(0).to_numpy().astype(np.int64)
        rounded = pl.Series(name, round_counts(filled, rule, [f"{name}\x1f{p}" for p in places]))
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
    if "method" in frame.columns:  # shares of contacts have no interval
        has = frame["method"].is_not_null()
        low, high = (pl.when(has).then(limit) for limit in (low, high))
    shown = shown.with_columns(
        (100 * share).round(decimals).alias("value"),
        (100 * low).round(decimals).alias("lower"),
        (100 * high).round(decimals).alias("upper"),
    )
    figures = ["n", "x", "missing", "value", "lower", "upper", "method", "reliability", "resident"]
    # A column is published because it is known to be safe, never for want of a reason to empty it.
    empty = [c for c in frame.columns if c not in (*KEPT, *figures)]
    frame = frame.with_columns(
        *shown.get_columns(), *(pl.lit(None, dtype=frame[c].dtype).alias(c) for c in empty)
    )
    return frame.with_columns(
        *(pl.when(small).then(None).otherwise(pl.col(c)).alias(c) for c in figures if c in frame.columns),
        pl.when(small).then(pl.lit(HIDDEN)).otherwise(pl.lit(ROUNDED)).alias("status"),
    )


def names_of(codes: pl.DataFrame) -> list[str]:
    """One text per row out of its codes."""
    return ["\x1f".join(map(str, row)) for row in codes.iter_rows()]


def _wilson(share: pl.Expr, n: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Wilson 95 % interval (Wilson 1927, JASA 22:209)."""
    z = 1.959963984540054
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).sqrt()
    return middle - half, middle + half
