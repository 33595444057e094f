"""Classes of a percentage: what is told of a row that may not show its numerator, where its denominator may be known.

The size of the classes follows from the denominator alone (the finest step that leaves enough possible numerators), so a
class tells nothing but its bounds. Classes run from both ends: `≤ 5 %`, 5–10 %, … 90–95 %, `≥ 95 %`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from bds_tool.protect.table_model import Primary
from bds_tool.protect.types import Bools, Floats, Ints

#: Status of a row that tells a class, and the word for it as a method.
CODED = "klasse"
#: What is tried where classes cannot be proven: as many times the numerators in each.
WIDER = (1, 2, 4)


def steps(n: Ints, rule: Mapping[str, Any]) -> Ints:
    """Size of the classes (% points) by denominator; 0 where even the coarsest leaves too few possible numerators."""
    found = np.zeros(len(n), dtype=np.int64)
    for step in sorted(rule["steps"], reverse=True):
        # A class of one step holds at least one numerator less than floor(step · n / 100), at the middle.
        found[step * n // 100 > rule["least"]] = step
    return found


class Classed(Protocol):
    """Who tells classes by a rule."""

    rule: Mapping[str, Any]
    primaries: list[Primary]
    plain: list[Primary]


def attempts(members: Sequence[Classed]) -> Iterator[bool]:
    """Give members of one table their classes, then wider ones, and at last none; gives whether it is the last."""
    own = [m.rule for m in members]
    for times in WIDER if any(own) else ():
        for m, rule in zip(members, own, strict=True):
            m.rule = {**rule, "least": rule["least"] * times} if rule else rule
        yield False
    for m in members:
        m.rule, m.primaries = {}, m.plain
    yield True


def bounds(n: Ints, x: Ints, rule: Mapping[str, Any]) -> tuple[Ints, Ints]:
    """Least and greatest numerator of the class that holds x; 0 and n where there are no classes."""
    step = np.maximum(steps(n, rule), 1)
    least = np.minimum(x, n - x)
    upper_half = x > n - x
    # The class (k·step, (k+1)·step] of the smaller side; the lowest holds zero, the highest ends at the middle.
    k = np.maximum(-(-100 * least // np.maximum(step * n, 1)) - 1, 0)
    low = np.where(k > 0, k * step * n // 100 + 1, 0)
    high = np.minimum((k + 1) * step * n // 100, (n - upper_half) // 2)
    low, high = np.where(upper_half, n - high, low), np.where(upper_half, n - low, high)
    none = steps(n, rule) == 0
    return np.where(none, 0, low), np.where(none, n, high)


def numerators(n: int, low: float, high: float) -> tuple[int, int]:
    """Least and greatest numerator of a class that was told."""
    base, top = (100 - high, 100 - low) if low >= 50 else (low, high)
    least = int(base * n // 100) + 1 if base > 0 else 0
    most = min(int(top * n // 100), (n - (low >= 50)) // 2)
    return (n - most, n - least) if low >= 50 else (least, most)


def percentages(n: Ints, x: Ints, rule: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """The class that holds x in %, as it is told."""
    step = np.maximum(steps(n, rule), 1)
    least = np.minimum(x, n - x)
    k = np.maximum(-(-100 * least // np.maximum(step * n, 1)) - 1, 0)
    low, high = (k * step).astype(float), np.minimum((k + 1) * step, 50).astype(float)
    upper_half = x > n - x
    return np.where(upper_half, 100 - high, low), np.where(upper_half, 100 - low, high)


def fits(n: Ints, low: Floats, high: Floats, rule: Mapping[str, Any]) -> Bools:
    """Whether a told class is one that a denominator may have: of its finest step or a wider one."""
    finest = steps(n, rule)
    base, top = np.where(low >= 50, 100 - high, low), np.where(low >= 50, 100 - low, high)
    fit: Bools = np.zeros(len(n), dtype=bool)
    for step in rule["steps"]:
        fit |= (
            (finest > 0)
            & (step >= finest)
            & (base % step == 0)
            & (top - base == step)
            & (base >= 0)
            & (top <= 50)
        )
    return fit
