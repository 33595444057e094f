"""Chance that belongs to a child, not to a run: the same child whatever the number of children or the chunking.

Every draw is a hash of (seed, stream, child, index), so adding a stream never changes another one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0xD1B54A32D192ED03)
_GRID = 8192


@dataclass(frozen=True)
class Chance:
    """The random numbers of one seed."""

    seed: int

    def uniform(self, stream: str, child: Ints, index: Ints | int = 0) -> Floats:
        """One number in [0, 1) per child and index (splitmix64 of the coordinates)."""
        z = (child.astype(np.uint64) + np.uint64(1)) * _GOLDEN
        z += np.uint64(_stream(self.seed, stream))
        z += np.asarray(index).astype(np.uint64) * _STEP
        with np.errstate(over="ignore"):
            z ^= z >> np.uint64(30)
            z *= _MIX1
            z ^= z >> np.uint64(27)
            z *= _MIX2
            z ^= z >> np.uint64(31)
        return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, stream: str, child: Ints, index: Ints | int = 0) -> Floats:
        """A standard normal number, cut at ±3.84; by table, so that every machine draws the same."""
        return normal_of(self.uniform(stream, child, index))

    def pick(self, stream: str, child: Ints, shares: npt.ArrayLike, index: Ints | int = 0) -> Ints:
        """An index into `shares` (which need not sum to one)."""
        edges = np.cumsum(np.asarray(shares, dtype=np.float64))
        return np.searchsorted(edges / edges[-1], self.uniform(stream, child, index), side="right").clip(
            0, len(edges) - 1
        )


def normal_of(u: Floats) -> Floats:
    """The normal quantile of u, by linear interpolation in a table of 8,192 steps."""
    position = u * (_GRID - 1)
    low = position.astype(np.int64)
    table = _quantiles()
    return table[low] + (table[np.minimum(low + 1, _GRID - 1)] - table[low]) * (position - low)


def logistic(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))


def logit(p: float) -> float:
    return float(np.log(p / (1.0 - p)))


@lru_cache(maxsize=1)
def _quantiles() -> Floats:
    normal = NormalDist()
    return np.array([normal.inv_cdf((i + 0.5) / _GRID) for i in range(_GRID)])


@lru_cache(maxsize=512)
def _stream(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest(), "little")
