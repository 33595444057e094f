"""The cell key method: the same children in a cell give the same small change, in every table and every release.

Every record gets a key from a secret; the key of a cell is the sum of its record keys modulo 2^32. A table of
chances turns count and cell key into a change between -D and D. Totals do not add up, and there is no proof per
cell. Method: Fraser and Wooton (2005), Thompson, Broadfoot and Elazar (2013), as used for censuses.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from bds_tool.protect.types import Floats, Ints

MODULUS = 1 << 32


def record_keys(identifiers: list[str], secret: bytes) -> Ints:
    """A key per record, from HMAC-SHA-256."""
    digests = (hmac.digest(secret, i.encode(), hashlib.sha256)[:4] for i in identifiers)
    return np.array([int.from_bytes(d, "big") for d in digests], dtype=np.int64)


@lru_cache
def chances(count: int, most: int, variance: float) -> tuple[float, ...]:
    """Chance of each change -most..most for a count: mean zero, the variance asked for, never below zero."""
    least = -min(count, most)
    changes = np.arange(least, most + 1)
    reachable = min(variance, max(0.05, -least * 1.0 if least > -2 else variance))

    def weights(steep: float) -> Floats:
        low, high = -20.0, 20.0
        for _ in range(80):  # the tilt that makes the mean zero
            tilt = (low + high) / 2
            w = _normal(-steep * changes**2 + tilt * changes)
            low, high = (tilt, high) if (w * changes).sum() < 0 else (low, tilt)
        return w

    flat, steep = 1e-6, 60.0
    for _ in range(80):  # the steepness that gives the variance
        middle = float(np.sqrt(flat * steep))
        w = weights(middle)
        flat, steep = (middle, steep) if (w * changes**2).sum() > reachable else (flat, middle)
    full = np.zeros(2 * most + 1)
    full[changes + most] = weights(steep)
    return tuple(full.tolist())


def _normal(logs: Floats) -> Floats:
    w = np.exp(logs - logs.max())
    normal: Floats = w / w.sum()
    return normal


def perturb(counts: Ints, cell_keys: Ints, rule: Mapping[str, Any]) -> Ints:
    """Counts with their change; zeros stay zero when the rule says so."""
    most, variance = int(rule["most"]), float(rule["variance"])
    result = counts.copy()
    place = (cell_keys % MODULUS) / MODULUS
    for count in range(most + 1):
        where = counts == count if count < most else counts >= most
        if count == 0 and rule.get("zeros_exact", True):
            continue
        edges = np.cumsum(chances(count, most, variance))
        result[where] += np.searchsorted(edges, place[where], side="right").clip(max=2 * most) - most
    return result
