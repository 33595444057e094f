"""What is known about the cells of a publication: an interval per cell, and sums between cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

#: Upper bound of a count nobody said anything about: more than all contacts of all children of the country in years.
#: A lower guess (a multiple of what is shown) is false as soon as the largest row is hidden.
UNBOUNDED = 1.0e8


def top(high: Floats) -> float:
    """The upper bound for counts nobody said anything about, given all bounds that are known (others: infinite)."""
    known = high[np.isfinite(high)]
    return max(UNBOUNDED, 2.0 * float(known.max(initial=0.0)))


@dataclass(frozen=True)
class Changes:
    """Changes of a table: entry e says that change `of[e]` adds `delta[e]` to cell `cell[e]`."""

    of: Ints
    cell: Ints
    delta: Ints

    def merged(self) -> Changes:
        """In order of change and cell, each cell once per change; what adds up to nothing is left out."""
        cells = int(self.cell.max(initial=0)) + 1
        key = self.of * cells + self.cell
        order = np.argsort(key, kind="stable")
        key = key[order]
        first = np.flatnonzero(np.r_[True, np.diff(key) != 0]) if len(key) else key
        delta = np.add.reduceat(self.delta[order], first) if len(key) else key
        key, delta = key[first][delta != 0], delta[delta != 0]
        return Changes(key // cells, key % cells, delta)


@dataclass
class System:
    """Cells with bounds `low`..`high` (equal: known) and equations `sum(parts) = total`.

    Equations are kept as arrays of cell numbers: the first column is the total, the rest are its parts,
    padded with -1. `wanted` marks cells whose secrecy is judged, `need` is the least width they must keep.
    """

    low: Floats
    high: Floats
    wanted: Bools
    need: Ints
    sums: list[Ints] = field(default_factory=list)
    #: Cells known from an earlier release only.
    earlier: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))

    #: A table that may agree with all this, to start looking from (nan: no idea). It is checked, never trusted.
    near: Floats | None = None
    #: Changes of that table said to leave the publication as it is. They are checked as well.
    claims: Changes | None = None

    def __post_init__(self) -> None:
        if not self.earlier.size:
            self.earlier = np.zeros(self.low.size, dtype=bool)

    def add_sums(self, total: Ints, parts: Ints) -> None:
        """One equation per row: `total[i] = sum(parts[i])`."""
        if len(total):
            self.sums.append(np.column_stack([total, parts]))

    def known(self) -> Bools:
        known: Bools = self.low == self.high
        return known


@dataclass(frozen=True)
class Equations:
    """The equations over the unknown cells: entry e says cell `cell[e]` has `sign[e]` in equation `row[e]`."""

    row: Ints
    cell: Ints
    sign: Floats
    right: Floats

    @property
    def size(self) -> int:
        return len(self.right)


def reduce(system: System) -> tuple[Equations, int]:
    """Fill in what is known. Also gives the number of sums of known cells that do not add up."""
    known = system.known()
    rows, cells, signs, rights = [], [], [], []
    contradictions = offset = 0
    for block in system.sums:
        sign = np.ones(block.shape)
        sign[:, 0] = -1.0
        sign[block < 0] = 0.0
        is_known = known[block] & (block >= 0)
        right = -(np.where(is_known, system.low[block], 0.0) * sign).sum(axis=1)
        open_ = ~is_known & (block >= 0)
        count = open_.sum(axis=1)
        contradictions += int(((count == 0) & (np.abs(right) > 1e-6)).sum())
        keep = count > 0
        which, place = np.nonzero(open_[keep])
        rows.append(which + offset)
        cells.append(block[keep][which, place])
        signs.append(sign[keep][which, place])
        rights.append(right[keep])
        offset += int(keep.sum())
    if not rows:
        empty = np.zeros(0, dtype=np.int64)
        return Equations(empty, empty, empty.astype(float), empty.astype(float)), contradictions
    return Equations(
        np.concatenate(rows), np.concatenate(cells), np.concatenate(signs), np.concatenate(rights)
    ), contradictions


def components(equations: Equations, cells: int) -> Ints:
    """For each cell the number of its connected component; cells in no equation get -1."""
    label = np.full(cells, -1, dtype=np.int64)
    label[equations.cell] = equations.cell
    if not len(equations.cell):
        return label
    order = np.argsort(equations.row, kind="stable")
    cell, row = equations.cell[order], equations.row[order]
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    lengths = np.diff(np.r_[starts, len(row)])
    while True:
        least = np.repeat(np.minimum.reduceat(label[cell], starts), lengths)
        new = label.copy()
        np.minimum.at(new, cell, least)
        # A label points at a cell of the same component: hooking it too makes labels travel in leaps.
        np.minimum.at(new, label[cell], least)
        inside = new >= 0
        new[inside] = new[new[inside]]
        if np.array_equal(new, label):
            return label
        label = new
