"""An intruder who has all published figures and knows how indicators hang together: bounds, and SciPy for the rest.

Written on its own, against `counts.parquet` alone: the relations are given by who calls it, as an intruder reads them
in the public definitions. Nothing of the suppressor or of the audit is used.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from attack_script import KEY, equations
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

HUGE = 1e7


class Knowledge:
    """Unknowns with bounds and equations `sum(sign · unknown) = 0`."""

    def __init__(self) -> None:
        self.low: list[float] = []
        self.high: list[float] = []
        self.lines: list[list[tuple[int, float]]] = []

    def new(self, low: float = 0.0, high: float = HUGE) -> int:
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def equal(self, total: int, parts: list[int]) -> None:
        self.lines.append([(total, -1.0), *((p, 1.0) for p in parts)])

    def tighten(self, rounds: int = 60) -> tuple[np.ndarray, np.ndarray]:
        """What follows of each unknown from one equation at a time, again and again; counts are whole."""
        self._arrays()
        low, high = self._low, self._high
        for _ in range(rounds):
            before = low.sum(), high.sum()
            a, b = self._matrix.data * low[self._cells], self._matrix.data * high[self._cells]
            least, most = np.minimum(a, b), np.maximum(a, b)
            others_least = np.bincount(self._rows, least, self._size)[self._rows] - least
            others_most = np.bincount(self._rows, most, self._size)[self._rows] - most
            # The terms of an equation add up to nothing, so each is minus the rest.
            sign = self._matrix.data
            new_low = np.where(sign > 0, -others_most, others_least)
            new_high = np.where(sign > 0, -others_least, others_most)
            np.maximum.at(low, self._cells, np.ceil(new_low - 1e-6))
            np.minimum.at(high, self._cells, np.floor(new_high + 1e-6))
            if (low.sum(), high.sum()) == before:
                break
        assert (low <= high + 1e-6).all(), "the figures contradict each other"
        return low, high

    def _arrays(self) -> None:
        self._low, self._high = np.array(self.low), np.array(self.high)
        self._rows = np.repeat(np.arange(len(self.lines)), [len(x) for x in self.lines])
        self._cells = np.array([c for x in self.lines for c, _ in x])
        self._size = len(self.lines)
        self._matrix = csr_matrix(
            ([s for x in self.lines for _, s in x], (self._rows, self._cells)), (self._size, len(self.low))
        )
        self._rows = np.repeat(np.arange(self._size), np.diff(self._matrix.indptr))
        self._cells = self._matrix.indices

    def solve(self, cells: list[int]) -> dict[int, tuple[float, float]]:
        """Exact bounds of some unknowns by linear programming over all equations."""
        found = {}
        bounds = np.column_stack([self._low, self._high])
        for cell in cells:
            cost = np.zeros(len(self.low))
            ends = []
            for sign in (1.0, -1.0):
                cost[cell] = sign
                done = linprog(
                    cost, A_eq=self._matrix, b_eq=np.zeros(self._size), bounds=bounds, method="highs"
                )
                assert done.status == 0, done.message
                ends.append(sign * done.fun)
            found[cell] = (float(np.ceil(ends[0] - 1e-6)), float(np.floor(ends[1] + 1e-6)))
        return found


def learn(frame: pl.DataFrame, relations: list[dict]) -> tuple[Knowledge, dict]:
    """All that the rows and the relations tell; the unknowns by (indicator, count, KEY)."""
    k = Knowledge()
    at: dict[tuple, int] = {}
    shown: dict[tuple, tuple] = {}
    for name, *key, n, x, missing in frame.select("indicator", *KEY, "n", "x", "missing").iter_rows():
        place = (name, tuple(key))
        shown[place] = (n, x, missing)
        numbers = {"n": n, "x": x, "m": missing}
        for count in "nxm":
            value = numbers[count]
            known = n is not None and value is not None
            at[name, count, tuple(key)] = k.new(value, value) if known else k.new()
        y = k.new()
        at[name, "y", tuple(key)] = y
        at[name, "N", tuple(key)] = k.new()
        k.equal(at[name, "n", tuple(key)], [at[name, "x", tuple(key)], y])
        k.equal(at[name, "N", tuple(key)], [at[name, "n", tuple(key)], at[name, "m", tuple(key)]])
    for (name,), part in frame.group_by("indicator", maintain_order=True):
        keys = [tuple(r) for r in part.select(*KEY).iter_rows()]
        for (_, total), parts in equations(part).items():
            for count in "nxmyN":
                cells = [at[name, count, keys[p]] for p in parts]
                # Children whose breakdown or address is unknown are in no row.
                k.equal(at[name, count, keys[total]], [*cells, k.new()])
    keys_of: dict[str, set] = {}
    for name, key in shown:
        keys_of.setdefault(name, set()).add(key)
    for r in relations:
        if r["kind"] == "noemer":
            first, *rest = [i for i in r["of"] if i in keys_of] or [""]
            for other in rest:
                for key in keys_of[first] & keys_of[other]:
                    for count in "nmN":
                        k.equal(at[first, count, key], [at[other, count, key]])
        if r["kind"] == "som" and set(r["parts"]) <= set(keys_of):
            for key in set.intersection(*(keys_of[p] for p in r["parts"])):
                whole = at[r["whole"], "x", key] if r["whole"] else at[r["parts"][0], "n", key]
                rest = [] if r["complete"] else [k.new()]
                k.equal(whole, [*(at[p, "x", key] for p in r["parts"]), *rest])
    return k, at


def exact(path: Path, relations: list[dict], truth: pl.DataFrame, *, least: int = 10, sample: int = 0):
    """Hidden counts from 1 up to `least` that the intruder finds exactly: (indicator, count, key, value)."""
    frame = pl.read_parquet(path / "counts.parquet")
    k, at = learn(frame, relations)
    low, high = k.tighten()
    real = {
        (name, count, tuple(key)): value
        for name, *key, n, x in truth.select("indicator", *KEY, "n", "x").iter_rows()
        for count, value in (("n", n), ("x", x), ("y", n - (n if x is None else x)))
    }
    hidden = {
        (name, tuple(key))
        for name, *key in frame.filter(pl.col("n").is_null()).select("indicator", *KEY).iter_rows()
    }
    wanted = [
        (place, cell)
        for place, cell in at.items()
        if (place[0], place[2]) in hidden and 0 < (real.get(place) or 0) < least
    ]
    found = [(*place, low[cell]) for place, cell in wanted if low[cell] == high[cell]]
    if sample:
        chosen = np.random.default_rng(5).permutation(len(wanted))[:sample].tolist()
        bounds = k.solve([wanted[i][1] for i in chosen])
        for i in chosen:
            place, cell = wanted[i]
            if bounds[cell][0] == bounds[cell][1] and (*place, low[cell]) not in found:
                found.append((*place, bounds[cell][0]))
    return found, len(wanted)
