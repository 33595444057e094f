"""Intervals, tests and standardisation. Every method has a name that goes into the result beside its figures.

Sources: Wilson 1927; Byar's approximation and exact Poisson limits as in Breslow & Day 1987 and APHO Technical
Briefing 3; Dobson et al. 1991 for directly standardised rates; Clopper & Pearson 1934; Welch 1947; Cochran 1954 and
Armitage 1955 for trend; Benjamini & Hochberg 1995 and Holm 1979 for many comparisons. Functions take scalars or
arrays and return arrays; NaN means: cannot be computed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bds_tool.indicators.incomplete_beta import (
    gamma_quantile,
    normal_quantile,
    t_p,
    t_quantile,
    two_sided_p,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Pair = tuple[Floats, Floats]

CONFIDENCE = 0.95
#: Below this the smallest expected count is too small for the normal approximation of a comparison (Cochran 1954).
MIN_EXPECTED = 5


def wilson(x: Any, n: Any, confidence: float = CONFIDENCE) -> Pair:  # noqa: ANN401
    """Wilson score interval of a proportion, without continuity correction."""
    import numpy as np

    x, n = np.broadcast_arrays(np.asarray(x, float), np.asarray(n, float))
    z = normal_quantile(0.5 + confidence / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = x / n
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        # at the edges the limits are exactly 0 and 1; rounding must not leave -1e-19
        low = np.where(x == 0, 0.0, centre - half)
        high = np.where(x == n, 1.0, centre + half)
    bad = ~(n > 0)
    return np.where(bad, np.nan, low), np.where(bad, np.nan, high)


def byar(x: Any, confidence: float = CONFIDENCE) -> Pair:  # noqa: ANN401
    """Byar's approximate limits of a Poisson count."""
    import numpy as np

    x = np.asarray(x, float)
    z = normal_quantile(0.5 + confidence / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(x > 0, x * (1 - 1 / (9 * x) - z / (3 * np.sqrt(x))) ** 3, 0.0)
    up = x + 1
    return low, up * (1 - 1 / (9 * up) + z / (3 * np.sqrt(up))) ** 3


def poisson_exact(x: Any, confidence: float = CONFIDENCE) -> Pair:  # noqa: ANN401
    """Exact limits of a Poisson count (half the chi-squared quantiles)."""
    import numpy as np

    x = np.asarray(x, float)
    tail = (1 - confidence) / 2
    low = np.where(x > 0, gamma_quantile(tail, np.maximum(x, 1)), 0.0)
    return low, gamma_quantile(1 - tail, x + 1)


def count_limits(x: Any, confidence: float = CONFIDENCE) -> Pair:  # noqa: ANN401
    """Limits of a count: exact below 10, Byar from 10 (the rule of APHO Technical Briefing 3)."""
    import numpy as np

    x = np.asarray(x, float)
    low, high = byar(x, confidence)
    small = x < 10
    if small.any():
        few, where = np.unique(x[small], return_inverse=True)  # millions of cells, ten different counts
        low, high = np.array(low), np.array(high)
        low[small], high[small] = np.array([_exact_limits(v, confidence) for v in few.tolist()]).T[:, where]
    return low, high


@lru_cache(maxsize=256)
def _exact_limits(count: float, confidence: float) -> tuple[float, float]:
    low, high = poisson_exact(count, confidence)
    return float(low), float(high)


def mean_t(n: Any, total: Any, squares: Any, confidence: float = CONFIDENCE) -> tuple[Floats, Floats, Floats]:  # noqa: ANN401
    """Mean and its Student-t interval from n, the sum and the sum of squares; limits NaN for n < 2."""
    import numpy as np

    n, total, squares = (np.asarray(v, float) for v in (n, total, squares))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0, total / n, np.nan)
        variance = np.maximum(squares - total * mean, 0) / (n - 1)
    half = np.full(n.shape, np.nan)
    enough = n >= 2
    if enough.any():
        sizes, where = np.unique(n[enough], return_inverse=True)
        half[enough] = t_quantile(0.5 + confidence / 2, sizes - 1)[where] * np.sqrt(
            variance[enough] / n[enough]
        )
    return mean, mean - half, mean + half


def standardised_rates(
    x: Any,  # noqa: ANN401  # arrays
    n: Any,  # noqa: ANN401
    weights: Any,  # noqa: ANN401
    confidence: float = CONFIDENCE,
) -> tuple[Floats, Floats, Floats]:
    """Directly standardised rates per unit with Dobson's interval; `x` and `n` have shape (areas, strata).

    `weights` are the sizes of the strata in the standard population. A stratum of the standard without anyone (n = 0)
    makes the rate of that area NaN: it is unknown.
    """
    import numpy as np

    w = np.asarray(weights, float)
    keep = w > 0
    x, n = np.asarray(x, float)[:, keep], np.asarray(n, float)[:, keep]
    with np.errstate(divide="ignore", invalid="ignore"):
        w = w[keep] / w[keep].sum()
        known = (n > 0).all(axis=1) & bool(keep.any())
        rate = np.where(known, (w * x / n).sum(axis=1), np.nan)
        variance = (w**2 * x / n**2).sum(axis=1)
        events = x.sum(axis=1)
        factor = np.where(events > 0, np.sqrt(variance / events), 0.0)
    low, high = count_limits(events, confidence)
    return rate, rate + factor * (low - events), rate + factor * (high - events)


def indirect_rates(
    x: Any,  # noqa: ANN401  # arrays
    n: Any,  # noqa: ANN401
    standard_x: Any,  # noqa: ANN401
    standard_n: Any,  # noqa: ANN401
    confidence: float = CONFIDENCE,
) -> tuple[Floats, Floats, Floats]:
    """Observed over expected (SIR) with exact Poisson limits; `x` and `n` have shape (areas, strata).

    Expected is what the area would have with the rates of the standard. NaN where nothing is expected, or where the
    area has somebody in a stratum that the standard does not know.
    """
    import numpy as np

    n, sx, sn = (np.asarray(v, float) for v in (n, standard_x, standard_n))
    observed = np.asarray(x, float).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = (n * np.where(sn > 0, sx / sn, 0.0)).sum(axis=1)
        known = (expected > 0) & ~((n > 0) & (sn == 0)).any(axis=1)
        scale = np.where(known, 1 / expected, np.nan)
    low, high = poisson_exact(observed, confidence)
    return observed * scale, low * scale, high * scale


def two_proportions(x1: Any, n1: Any, x2: Any, n2: Any) -> Pair:  # noqa: ANN401
    """Z and two-sided p of the difference of two proportions (pooled variance, no continuity correction).

    NaN where an expected count is below MIN_EXPECTED.
    """
    import numpy as np

    x1, n1, x2, n2 = np.broadcast_arrays(*(np.asarray(v, float) for v in (x1, n1, x2, n2)))
    with np.errstate(divide="ignore", invalid="ignore"):
        p = (x1 + x2) / (n1 + n2)
        z = (x1 / n1 - x2 / n2) / np.sqrt(p * (1 - p) * (1 / n1 + 1 / n2))
        fit = np.minimum(n1, n2) * np.minimum(p, 1 - p) >= MIN_EXPECTED
    z = np.where(fit, z, np.nan)
    out = np.full(z.shape, np.nan)
    out[fit] = two_sided_p(z[fit])
    return z, out


def two_means(n1: Any, s1: Any, q1: Any, n2: Any, s2: Any, q2: Any) -> Pair:  # noqa: ANN401
    """Welch's t and its two-sided p for two means given n, sum and sum of squares; NaN for n < 10."""
    import numpy as np

    n1, s1, q1, n2, s2, q2 = np.broadcast_arrays(*(np.asarray(v, float) for v in (n1, s1, q1, n2, s2, q2)))
    with np.errstate(divide="ignore", invalid="ignore"):
        v1, v2 = (np.maximum(q - s * s / n, 0) / (n - 1) / n for n, s, q in ((n1, s1, q1), (n2, s2, q2)))
        t = (s1 / n1 - s2 / n2) / np.sqrt(v1 + v2)
        df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    fit = (n1 >= 10) & (n2 >= 10) & np.isfinite(t) & np.isfinite(df)
    out = np.full(t.shape, np.nan)
    if fit.any():
        out[fit] = t_p(t[fit], df[fit])
    return np.where(fit, t, np.nan), out


def two_rates(x1: Any, n1: Any, x2: Any, n2: Any) -> Pair:  # noqa: ANN401
    """Z and p for two rates: given the sum of events, x1 is binomial with share n1 / (n1 + n2) (score test)."""
    import numpy as np

    x1, n1, x2, n2 = np.broadcast_arrays(*(np.asarray(v, float) for v in (x1, n1, x2, n2)))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = n1 / (n1 + n2)
        events = x1 + x2
        z = (x1 - events * share) / np.sqrt(events * share * (1 - share))
        fit = events * np.minimum(share, 1 - share) >= MIN_EXPECTED
    out = np.full(z.shape, np.nan)
    out[fit] = two_sided_p(z[fit])
    return np.where(fit, z, np.nan), out


def cochran_armitage(x: Any, n: Any, score: Any) -> tuple[Floats, Floats]:  # noqa: ANN401
    """Z and p for a linear trend in proportions; arrays of shape (series, points), points with n = 0 do not count.

    Variance with N (not N - 1), as in statsmodels' Table.test_ordinal_association. NaN with fewer than three points
    or an expected count below MIN_EXPECTED.
    """
    import numpy as np

    x, n = np.asarray(x, float), np.asarray(n, float)
    score = np.broadcast_to(np.asarray(score, float), n.shape)
    size, events = n.sum(1), x.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = events / size
        statistic = (score * (x - n * p[:, None])).sum(1)
        spread = (n * score**2).sum(1) - (n * score).sum(1) ** 2 / size
        z = statistic / np.sqrt(p * (1 - p) * spread)
        expected = np.where(n > 0, n * np.minimum(p, 1 - p)[:, None], np.inf).min(1)
    fit = ((n > 0).sum(1) >= 3) & (expected >= MIN_EXPECTED) & np.isfinite(z)
    out = np.full(z.shape, np.nan)
    out[fit] = two_sided_p(z[fit])
    return np.where(fit, z, np.nan), out


def mean_trend(n: Any, total: Any, squares: Any, score: Any) -> tuple[Floats, Floats]:  # noqa: ANN401
    """Z and p for a linear trend in means, weighted by the inverse variance of each mean; shape (series, points)."""
    import numpy as np

    n, total, squares = (np.asarray(v, float) for v in (n, total, squares))
    score = np.broadcast_to(np.asarray(score, float), n.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        variance = np.maximum(squares - total * mean, 0) / (n - 1) / n
        usable = (n >= 10) & (variance > 0)
        w = np.where(usable, 1 / variance, 0.0)
        mean = np.where(usable, mean, 0.0)
        centre = (w * score).sum(1) / w.sum(1)
        spread = (w * (score - centre[:, None]) ** 2).sum(1)
        z = (w * (score - centre[:, None]) * mean).sum(1) / np.sqrt(spread)
    fit = (usable.sum(1) >= 3) & np.isfinite(z)
    out = np.full(z.shape, np.nan)
    out[fit] = two_sided_p(z[fit])
    return np.where(fit, z, np.nan), out


def benjamini_hochberg(p: Any) -> Floats:  # noqa: ANN401
    """Adjusted p-values controlling the false discovery rate; NaN stays NaN and does not count."""
    import numpy as np

    p = np.asarray(p, float)
    out = np.full(p.shape, np.nan)
    known = ~np.isnan(p)
    values = p[known]
    order = np.argsort(values)[::-1]
    ranks = np.arange(len(values), 0, -1)
    adjusted = np.minimum.accumulate(values[order] * len(values) / ranks) if len(values) else values
    back = np.empty(len(values))
    back[order] = np.minimum(adjusted, 1)
    out[known] = back
    return out


def benjamini_hochberg_by(p: Any, family: Any) -> Floats:  # noqa: ANN401
    """`benjamini_hochberg` within each family (whole numbers from 0), for millions of rows at once."""
    import numpy as np

    p, family = np.asarray(p, float), np.asarray(family)
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    if not len(known):
        return out
    order = known[np.lexsort((p[known], family[known]))]
    values, group = p[order], family[order]
    start = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    size = np.diff(np.r_[start, len(group)])
    index = np.repeat(np.arange(len(start)), size)
    raw = np.minimum(values * size[index] / (np.arange(len(group)) - start[index] + 1), 1)
    # One running minimum from the right for all families: each family lies two lower than the one to its right.
    out[order] = np.minimum.accumulate((raw + 2.0 * index)[::-1])[::-1] - 2.0 * index
    return out
