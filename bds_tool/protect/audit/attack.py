"""The attacks: subtraction, linear programming and whole-number intervals.

Every solution found shows a possible table, so each one widens what is known to be possible for all cells at
once; a cell is only attacked on its own while its possible values are still too few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from bds_tool.protect.audit.claims import possible
from bds_tool.protect.audit.solver import Component
from bds_tool.protect.audit.system import Equations, Floats, Ints, System, components, reduce

#: Reasons a cell is disclosed, in order of how little the attacker needs.
REASONS = (
    "getoond",
    "eerdere uitgave",
    "aftrekken",
    "lineair",
    "geheeltallig",
    "tegenstrijdig",
    "niet beoordeeld",
)


@dataclass(frozen=True)
class Finding:
    """One cell that is not safe: its number, why, and what the attacker is left with."""

    cell: int
    reason: str
    low: float
    high: float
    name: str = ""
    #: Of a result: indicator, area, period and break-downs.
    row: tuple[str, ...] = ()


@dataclass
class Verdict:
    """Outcome of the attack. `low` and `high` hold, per cell, values shown to be possible (whole numbers)."""

    findings: list[Finding]
    low: Floats
    high: Floats
    judged: int
    unknown: int
    solved: int
    contradictions: int
    remarks: list[str] = field(default_factory=list)

    @property
    def safe(self) -> bool:
        return not self.findings and not self.contradictions and not self.remarks

    def by_reason(self) -> dict[str, int]:
        counts = Counter(f.reason for f in self.findings)
        return {r: counts[r] for r in REASONS if counts[r]}


def attack(system: System, *, threshold: float | None = None) -> Verdict:
    """Attack a publication. With `threshold`, a cell that turns out to be at least that large is no disclosure."""
    told = np.flatnonzero(system.wanted & system.known())
    recovered = _subtract(system)
    equations, contradictions = reduce(system)
    verdict = Verdict(
        [], system.low.copy(), system.high.copy(), int(system.wanted.sum()), 0, 0, contradictions
    )
    for cell in told.tolist():
        if _matters(system.low[cell], threshold):
            reason = "eerdere uitgave" if system.earlier[cell] else "getoond"
            verdict.findings.append(Finding(cell, reason, system.low[cell], system.high[cell]))
    for cell in recovered.tolist():
        if system.wanted[cell] and _matters(system.low[cell], threshold):
            verdict.findings.append(Finding(cell, "aftrekken", system.low[cell], system.high[cell]))
    unknown = ~system.known()
    verdict.unknown = int(unknown.sum())
    label = components(equations, len(system.low))
    seen_low, seen_high = possible(system, equations, label)
    for part in _parts(system, equations, label):
        cells = part.cells
        low, high = seen_low[cells], seen_high[cells]
        targets = np.flatnonzero((system.wanted & unknown)[cells])
        if (high - low >= system.need[cells])[targets].all():
            verdict.low[cells], verdict.high[cells] = low, high
            continue
        component = part.component(system)
        component.seen_low, component.seen_high = low, high
        near = None if system.near is None else system.near[cells]
        component.widen(targets, system.need[cells], threshold, near)
        verdict.solved += component.solved
        verdict.low[cells], verdict.high[cells] = component.seen_low, component.seen_high
        verdict.findings += [
            Finding(int(cells[i]), reason, low, high)
            for i, (reason, low, high) in component.disclosed.items()
        ]
    # A cell in no equation can take every value between its bounds.
    for cell in np.flatnonzero(unknown & system.wanted & (label < 0)).tolist():
        if system.high[cell] - system.low[cell] < system.need[cell] and _matters(system.low[cell], threshold):
            verdict.findings.append(Finding(cell, "lineair", system.low[cell], system.high[cell]))
    return verdict


def narrowed(system: System, rounds: int = 100) -> Verdict:
    """The cells that sums narrow to fewer values than they need, one sum at a time, again and again.

    What counts are read from rounded figures are ranges, and every sum of ranges narrows its parts. Quick where a linear
    programme over all cells at once is not; what it finds is certain, and it finds no less than subtraction does.
    """
    for _ in range(rounds):
        before = float(system.low.sum()), float(system.high.sum())
        for block in system.sums:
            there = block >= 0
            low = np.where(there, system.low[block], 0.0)
            high = np.where(there, system.high[block], 0.0)
            least, most = low[:, 1:].sum(axis=1), high[:, 1:].sum(axis=1)
            np.maximum.at(system.low, block[:, 0], least)
            np.minimum.at(system.high, block[:, 0], most)
            row, column = np.nonzero(there[:, 1:])
            cell = block[row, column + 1]
            np.maximum.at(system.low, cell, low[row, 0] - most[row] + high[row, column + 1])
            np.minimum.at(system.high, cell, high[row, 0] - least[row] + low[row, column + 1])
        if (float(system.low.sum()), float(system.high.sum())) == before:
            break
    found = np.flatnonzero(system.wanted & (system.high - system.low < system.need))
    findings = [Finding(c, "aftrekken", system.low[c], system.high[c]) for c in found.tolist()]
    impossible = int((system.low > system.high).sum())
    return Verdict(findings, system.low, system.high, int(system.wanted.sum()), 0, 0, impossible)


def _matters(low: float, threshold: float | None) -> bool:
    return threshold is None or low < threshold


def _subtract(system: System) -> Ints:
    """Fill in every equation with one unknown until there is none left; the cells found that way."""
    found: list[Ints] = []
    while True:
        equations, _ = reduce(system)
        count = np.bincount(equations.row, minlength=equations.size)
        single = count[equations.row] == 1
        if not single.any():
            return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
        cells = equations.cell[single]
        values = equations.right[equations.row[single]] * equations.sign[single]
        # A value outside its bounds is a contradiction of the publication; it shows up as a sum that fails.
        system.low[cells] = values
        system.high[cells] = values
        found.append(cells)


def ranges(system: System) -> dict[int, tuple[float, float]]:
    """The exact range of every cell marked `wanted`: all values it has in some table that agrees."""
    _subtract(system)
    equations, _ = reduce(system)
    found = {int(c): (float(system.low[c]), float(system.high[c])) for c in np.flatnonzero(system.wanted)}
    for part in _parts(system, equations, components(equations, len(system.low))):
        component = part.component(system)
        for i in np.flatnonzero(system.wanted[part.cells]).tolist():
            found[int(part.cells[i])] = component.range_of(i)
    return found


@dataclass(frozen=True)
class Part:
    """Unknown cells that hang together through sums, with the entries of their sums (`column` counts in `cells`)."""

    cells: Ints
    row: Ints
    column: Ints
    sign: Floats
    right: Floats

    def component(self, system: System) -> Component:
        low, high = system.low[self.cells], system.high[self.cells]
        return Component.build(low, high, self.row, self.column, self.sign, self.right)


def _parts(system: System, equations: Equations, label: Ints) -> Iterator[Part]:
    """The connected parts (`label`) that hold a wanted cell."""
    wanted = system.wanted & ~system.known()
    entry_label = label[equations.cell]
    order = np.argsort(entry_label, kind="stable")
    bounds = (
        np.flatnonzero(np.r_[True, np.diff(entry_label[order]) != 0, True])
        if len(order)
        else np.zeros(1, int)
    )
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        entries = order[start:stop]
        cells = np.unique(equations.cell[entries])
        if wanted[cells].any():
            column = np.searchsorted(cells, equations.cell[entries])
            yield Part(cells, equations.row[entries], column, equations.sign[entries], equations.right)
