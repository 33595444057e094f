"""The few special functions that the statistics need; vectorised, to about 1e-13. Checked against scipy in the tests."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_TINY = 1e-300
_STEPS = 5000


def normal_quantile(p: float) -> float:
    """Standard normal quantile (Wichura AS 241, standard library)."""
    return NormalDist().inv_cdf(p)


def two_sided_p(z: Any) -> Floats:  # noqa: ANN401
    """Two-sided p-value of a standard normal z."""
    import numpy as np

    z = np.abs(np.asarray(z, dtype=float))
    scaled = (z / math.sqrt(2)).ravel().tolist()  # numbers of Python itself are quicker to walk through
    return np.fromiter(map(math.erfc, scaled), float, z.size).reshape(z.shape)


def log_gamma(a: Any) -> Floats:  # noqa: ANN401
    import numpy as np

    a = np.asarray(a, dtype=float)
    return np.fromiter(map(math.lgamma, a.ravel().tolist()), float, a.size).reshape(a.shape)


def gamma_p(a: Any, x: Any) -> Floats:  # noqa: ANN401
    """Regularised lower incomplete gamma P(a, x), a > 0, x >= 0."""
    import numpy as np

    a, x = np.broadcast_arrays(np.asarray(a, float), np.asarray(x, float))
    with np.errstate(divide="ignore", invalid="ignore"):
        front = np.exp(a * np.log(x) - x - log_gamma(a))
    series = x < a + 1
    out = np.zeros(a.shape)
    # series for x < a + 1
    term = np.where(series, 1 / a, 0.0)
    total, n = term.copy(), a.copy()
    for _ in range(_STEPS):
        n = n + 1
        term = term * np.where(series, x, 0) / n
        total += term
        if np.all(np.abs(term) <= np.abs(total) * 1e-17 + _TINY):
            break
    # continued fraction (Lentz) for x >= a + 1
    b = np.where(series, 1.0, x + 1 - a)
    c = np.full(a.shape, 1 / _TINY)
    d = 1 / b
    h = d.copy()
    for i in range(1, _STEPS):
        an = -i * (i - a)
        b = b + 2
        d = an * d + b
        d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
        c = b + an / c
        c = np.where(np.abs(c) < _TINY, _TINY, c)
        step = d * c
        h = np.where(series, h, h * step)
        if np.all(series | (np.abs(step - 1) < 1e-15)):
            break
    out = np.where(series, front * total, 1 - front * h)
    return np.where(x <= 0, 0.0, out)


def beta_i(a: Any, b: Any, x: Any) -> Floats:  # noqa: ANN401
    """Regularised incomplete beta I_x(a, b), a, b > 0, 0 <= x <= 1."""
    import numpy as np

    a, b, x = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float), np.asarray(x, float))
    swap = x > (a + 1) / (a + b + 2)
    p, q, y = np.where(swap, b, a), np.where(swap, a, b), np.where(swap, 1 - x, x)
    with np.errstate(divide="ignore", invalid="ignore"):
        front = np.exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + p * np.log(y) + q * np.log1p(-y))
    h = _fraction(p.ravel(), q.ravel(), y.ravel()).reshape(p.shape)
    with np.errstate(invalid="ignore"):
        value = front * h / p
    value = np.where(y <= 0, 0.0, value)
    return np.where(swap, 1 - value, value)


def _fraction(p: Floats, q: Floats, y: Floats) -> Floats:
    """The continued fraction of I_y(p, q) (Lentz); what has converged is set aside, for few need many steps."""
    import numpy as np

    out = np.ones(len(p))
    left = np.arange(len(p))
    c = np.ones(len(p))
    d = 1 - (p + q) * y / (p + 1)
    d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
    h = d.copy()
    for m in range(1, _STEPS):
        for numerator in (
            m * (q - m) * y / ((p + 2 * m - 1) * (p + 2 * m)),
            -(p + m) * (p + q + m) * y / ((p + 2 * m) * (p + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
            c = 1 + numerator / c
            c = np.where(np.abs(c) < _TINY, _TINY, c)
            step = d * c
            h = h * step
        if m % 8 == 0:
            going = np.abs(step - 1) >= 1e-15
            out[left[~going]] = h[~going]
            left = left[going]
            p, q, y, c, d, h = np.stack([p, q, y, c, d, h])[:, going]
            if not len(left):
                break
    out[left] = h
    return out


def _solve(function: Callable[[Any], Any], target: Any, low: Any, high: Any) -> Floats:  # noqa: ANN401
    """X with increasing function(x) = target, by bisection down to neighbouring floats."""
    import numpy as np

    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    for _ in range(200):
        middle = (low + high) / 2
        below = function(middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
        if np.all(high - low <= 1e-15 * np.abs(high)):
            break
    root: Floats = (low + high) / 2
    return root


def gamma_quantile(p: float, a: Any) -> Floats:  # noqa: ANN401
    import numpy as np

    a = np.asarray(a, float)
    return _solve(lambda x: gamma_p(a, x), p, np.zeros(a.shape), a + 40 * np.sqrt(a) + 100)


def t_p(t: Any, df: Any) -> Floats:  # noqa: ANN401
    """Two-sided p-value of Student's t."""
    import numpy as np

    t, df = np.broadcast_arrays(np.asarray(t, float), np.asarray(df, float))
    square = t * t
    # near zero df / (df + t²) would lose the digits of t
    near = square < 1
    p = np.empty(t.shape)
    p[near] = 1 - beta_i(0.5, df[near] / 2, square[near] / (df[near] + square[near]))
    p[~near] = beta_i(df[~near] / 2, 0.5, df[~near] / (df[~near] + square[~near]))
    return p


#: From this many degrees of freedom the expansion of the quantile is exact to about 1e-14.
_MANY = 1000


def t_quantile(p: float, df: Any) -> Floats:  # noqa: ANN401
    """Quantile of Student's t for 0.5 < p < 1.

    The expansion in 1 / df (Abramowitz & Stegun 26.7.5), and for fewer than _MANY degrees of freedom Newton from the
    normal quantile: it lies left of the root and the distribution function is concave there, so the steps approach
    from one side and converge.
    """
    import numpy as np

    df = np.asarray(df, float)
    z = normal_quantile(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    out: Floats = z + sum(term / df**n for n, term in enumerate(terms, 1))
    few = df < _MANY
    if few.any():
        own = df[few]
        whole = own.astype(int)
        if (own == whole).all() and own.min() >= 1:  # numbers of children: the same for every indicator
            out[few] = _t_table(p)[whole]
        else:
            each, where = np.unique(own, return_inverse=True)  # many cells, few different sizes
            out[few] = _t_newton(p, each)[where]
    return out


@lru_cache(maxsize=8)
def _t_table(p: float) -> Floats:
    """Quantiles by whole degrees of freedom, 1 to _MANY; each is worked out beside the same others, whatever is asked."""
    import numpy as np

    return np.concatenate([[np.nan], _t_newton(p, np.arange(1.0, _MANY))])


def _t_newton(p: float, df: Floats) -> Floats:
    import numpy as np

    constant = log_gamma((df + 1) / 2) - log_gamma(df / 2) - 0.5 * np.log(df * math.pi)
    t = np.full(df.shape, normal_quantile(p))
    for _ in range(100):
        density = np.exp(constant - (df + 1) / 2 * np.log1p(t * t / df))
        step = (p - 1 + t_p(t, df) / 2) / density
        t = t + step
        if np.all(np.abs(step) <= 1e-13 * t):  # what the functions are good for; below it the steps wander
            break
    return t
