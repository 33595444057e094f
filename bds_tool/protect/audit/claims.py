"""Claims: changes of a table that are said to leave the publication as it is, told by whoever made it.

Whoever hides cells knows why they are safe: there are other tables that agree with all that is shown. Told where
those tables differ, the audit need not search for them. Nothing of it is believed. Per claim is checked, with the
sums and bounds the audit has rebuilt from the publication itself, that

- the table it starts from agrees with the publication wherever the claim reaches,
- the change leaves every sum as it is, and
- how often it can be added and taken off before some count is no longer what the attacker holds possible.

What stays are tables that agree, so every cell they change can have more values than one. A false claim shows
nothing; the cells it was to cover are attacked as if nothing had been told.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bds_tool.protect.audit.system import Bools, Changes, Equations, Floats, Ints, System

#: A change of one count beyond this is no claim anybody makes; it keeps the sums of changes far from overflowing.
LARGEST_CHANGE = 1 << 10


def possible(system: System, equations: Equations, label: Ints) -> tuple[Floats, Floats]:
    """Least and greatest count of each cell over the tables that the claims show; (inf, -inf) where there is none.

    `equations` are those over the unknown cells and `label` says per cell which part it belongs to.
    """
    low, high = np.full(len(system.low), np.inf), np.full(len(system.low), -np.inf)
    if system.near is None:
        return low, high
    near = system.near
    sound = _agrees(system, near, equations, label)
    low[sound], high[sound] = near[sound], near[sound]
    changes = None if system.claims is None else system.claims.merged()
    if changes is None or not len(changes.of):
        return low, high
    first = np.flatnonzero(np.r_[True, np.diff(changes.of) != 0])
    length = np.diff(np.r_[first, len(changes.of)])
    holds = _balanced(system, changes, first)
    cell, size = changes.cell, np.abs(changes.delta)
    # A cell of a part that the table does not agree with has no room: a claim that reaches it shows nothing.
    above = np.where(sound[cell], (system.high - near)[cell], 0.0) // size
    below = np.where(sound[cell], (near - system.low)[cell], 0.0) // size
    rises = changes.delta > 0
    added = np.repeat(np.minimum.reduceat(np.where(rises, above, below), first) * holds, length) * size
    taken = np.repeat(np.minimum.reduceat(np.where(rises, below, above), first) * holds, length) * size
    use = (added > 0) | (taken > 0)
    cell, rises, added, taken = cell[use], rises[use], added[use], taken[use]
    np.maximum.at(high, cell, near[cell] + np.where(rises, added, taken))
    np.minimum.at(low, cell, near[cell] - np.where(rises, taken, added))
    return low, high


def _agrees(system: System, near: Floats, equations: Equations, label: Ints) -> Bools:
    """The cells of parts in which a table holds whole counts that meet every bound and every sum exactly."""
    wrong = ~((near >= system.low) & (near <= system.high) & (near == np.rint(near)))
    sums = np.bincount(equations.row, equations.sign * near[equations.cell], minlength=equations.size)
    wrong[equations.cell[(sums != equations.right)[equations.row]]] = True
    in_part = label >= 0
    part_wrong = np.zeros(len(wrong), dtype=bool)
    part_wrong[label[wrong & in_part]] = True
    agrees: Bools = ~np.where(in_part, part_wrong[label], wrong)
    return agrees


def _balanced(system: System, changes: Changes, first: Ints) -> Bools:
    """The claims (each starts at an entry in `first`) that change the parts of every sum as much as its total.

    All sums at once: each gets a random weight of 128 bits, and a claim passes when the weighted sum of all it
    changes is zero. One that breaks a sum passes with a chance below 2^-64 (Freivalds, 1977), whatever it is.
    """
    small = np.abs(changes.delta) <= LARGEST_CHANGE
    passed = np.bitwise_and.reduceat(small, first)
    # Chosen now, by the operating system: nobody who makes a claim can foresee them.
    generator = np.random.default_rng()
    for _ in range(2):
        weight = _weights(system, generator)
        # Counting modulo 2^64.
        amount = changes.delta.astype(np.uint64) * weight[changes.cell]
        passed &= np.add.reduceat(amount, first) == 0
    return passed


def _weights(system: System, generator: np.random.Generator) -> NDArray[np.uint64]:
    """Per cell the weights of the sums it is part of, less those of which it is the total (modulo 2^64)."""
    weight = np.zeros(len(system.low), dtype=np.uint64)
    for block in system.sums:
        own = generator.integers(0, 1 << 64, len(block), dtype=np.uint64)
        np.subtract.at(weight, block[:, 0], own)
        for column in block[:, 1:].T:
            there = column >= 0
            np.add.at(weight, column[there], own[there])
    return weight
