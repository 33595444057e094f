"""Other tables close to a given one, found without solving anything: children exchanged between rows.

The search starts from a table that agrees with the publication. A change that leaves every sum as it is, and
keeps every count within what the attacker knows, gives another table that agrees: what it shows is possible
needs no linear programme. A change here is a product of three small ones: which count goes up and which goes
down (numerator for complement, say), which periods and breakdowns (any combination of +1 and -1 that all their
sums allow), and which areas (one gains what a sibling loses, down to the lowest level of area).

Nothing rests on the table being true: `attack` first checks that it agrees.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bds_tool.indicators.protect.audit.system import Bools, Floats, Ints

#: Sums between flat places (period x breakdown): total, parts.
FlatSums = tuple[tuple[int, tuple[int, ...]], ...]
#: A combination of flat places: (place, +1 or -1), ordered.
Vector = tuple[tuple[int, int], ...]

#: Combinations looked at per flat place, and how many places one may touch; the shortest come first.
MOST_STEPS, MOST_VECTORS, LONGEST = 3000, 120, 14
#: Changes of the five counts (numerator, complement, missing, denominator, population) of one row.
_X, _Y, _M = np.array([1, 0, 0, 1, 1]), np.array([0, 1, 0, 1, 1]), np.array([0, 0, 1, 0, 1])
CHANGES = (_X - _Y, _X - _M, _Y - _M, _X, _Y, _M)
#: As far as anything can go.
FAR = 1.0e9


@dataclass(frozen=True)
class Rows:
    """How the rows of one indicator hang together: parent of each area (-1: none) and the sums of flat places."""

    parent: Ints
    sums: FlatSums
    flats: int


def possible(
    rows: Rows,
    low: Floats,
    high: Floats,
    near: Floats,
    wanted: Bools,
    need: Ints,
    changes: tuple[Ints, ...] = CHANGES,
) -> tuple[Floats, Floats]:
    """Least and greatest count of every cell over the tables found; all arrays are (counts, areas, flats).

    `changes` says per change what each count gains.

    Cells of which `near` says nothing (nan) get (inf, -inf) and are never touched. The search ends when every
    wanted cell has room of `need`.
    """
    known = np.isnan(near)
    seen_low, seen_high = np.where(known, np.inf, near), np.where(known, -np.inf, near)
    start = np.where(known, 0.0, near)
    up = np.where(known, 0.0, high - start).clip(0, FAR)
    down = np.where(known, 0.0, start - low).clip(0, FAR)
    levels = _levels(rows.parent)
    done: set[Vector] = set()
    while True:
        open_ = wanted & (seen_high - seen_low < need)
        waiting = open_.sum(axis=(0, 1))
        for flat in np.argsort(-waiting, kind="stable").tolist():
            fresh = [v for v in vectors(rows.sums, flat) if v not in done] if waiting[flat] else []
            if fresh:
                break
        else:
            return seen_low, seen_high
        done.update(fresh)
        for change in changes:
            counts = open_[change != 0]
            if counts.any():
                _exchange(change, fresh, levels, up, down, start, seen_low, seen_high)


def _exchange(
    change: Ints,
    chosen: list[Vector],
    levels: list[tuple[Ints, Ints, Ints]],
    up: Floats,
    down: Floats,
    start: Floats,
    seen_low: Floats,
    seen_high: Floats,
) -> None:
    """How far each area can go along and against each vector, with one change of counts; widen what was seen."""
    rise, fall = np.flatnonzero(change > 0), np.flatnonzero(change < 0)
    ahead = np.minimum(up[rise].min(axis=0), down[fall].min(axis=0, initial=FAR))
    back = np.minimum(down[rise].min(axis=0), up[fall].min(axis=0, initial=FAR))
    if not ahead.any() and not back.any():
        return
    areas = ahead.shape[0]
    # A padding place with room in plenty.
    ahead, back = (np.concatenate([a, np.full((areas, 1), FAR)], axis=1) for a in (ahead, back))
    plus, minus = (
        _padded([[f for f, d in v if d == sign] for v in chosen], ahead.shape[1] - 1) for sign in (1, -1)
    )
    gain = np.minimum(ahead[:, plus].min(axis=2), back[:, minus].min(axis=2))
    lose = np.minimum(back[:, plus].min(axis=2), ahead[:, minus].min(axis=2))
    forward, backward = _reach(gain, lose, levels)
    useful = np.flatnonzero((forward > 0).any(axis=0) | (backward > 0).any(axis=0))
    for k in useful.tolist():
        flats = np.array([f for f, _ in chosen[k]])
        signs = np.array([d for _, d in chosen[k]])
        for count in (*rise.tolist(), *fall.tolist()):
            same = signs * change[count] > 0
            rises = np.where(same, forward[:, k, None], backward[:, k, None])
            falls = np.where(same, backward[:, k, None], forward[:, k, None])
            here = start[count][:, flats]
            seen_high[count][:, flats] = np.maximum(seen_high[count][:, flats], here + rises)
            seen_low[count][:, flats] = np.minimum(seen_low[count][:, flats], here - falls)


def _padded(places: list[list[int]], filler: int) -> Ints:
    width = max(1, *(len(p) for p in places))
    return np.array([p + [filler] * (width - len(p)) for p in places], dtype=np.int64)


# ---- areas -------------------------------------------------------------------------------------------------


def _levels(parent: Ints) -> list[tuple[Ints, Ints, Ints]]:
    """Per depth below the top, highest first: areas ordered by parent, start of each family, their parents."""
    depth, at = np.zeros(len(parent), dtype=np.int64), parent.copy()
    while (at >= 0).any():
        depth += at >= 0
        at = np.where(at >= 0, parent[at], -1)
    levels = []
    for d in range(1, int(depth.max(initial=0)) + 1):
        members = np.flatnonzero(depth == d)
        members = members[np.argsort(parent[members], kind="stable")]
        first = np.flatnonzero(np.r_[True, np.diff(parent[members]) != 0])
        levels.append((members, first, parent[members[first]]))
    return levels


def _reach(gain: Floats, lose: Floats, levels: list[tuple[Ints, Ints, Ints]]) -> tuple[Floats, Floats]:
    """How far each area can gain and lose, given how far its own row can: (areas, vectors) each.

    What an area gains, one area of each level below it gains too; and a sibling of it, or of an area above it,
    loses as much, or else it reaches the top.
    """
    gain, lose = gain.copy(), lose.copy()
    for members, first, parents in reversed(levels):
        for own in (gain, lose):
            own[parents] = np.minimum(own[parents], np.maximum.reduceat(own[members], first, axis=0))
    above = {True: np.full_like(gain, FAR), False: np.full_like(gain, FAR)}
    for members, first, parents in levels:
        sizes = np.diff(np.r_[first, len(members)])
        for gaining, (own, other) in ((True, (gain, lose)), (False, (lose, gain))):
            # `own` of the parent counts its best child as well: this child is never better than that.
            whole = np.repeat(np.minimum(own[parents], above[gaining][parents]), sizes, axis=0)
            above[gaining][members] = np.maximum(_best_sibling(other[members], first, sizes), whole)
    return np.minimum(gain, above[True]), np.minimum(lose, above[False])


def _best_sibling(values: Floats, first: Ints, sizes: Ints) -> Floats:
    """For each member of a family the greatest value among the others; 0 for an only child."""
    best = np.repeat(np.maximum.reduceat(values, first, axis=0), sizes, axis=0)
    is_best = values == best
    shared = np.repeat(np.add.reduceat(is_best.astype(np.int64), first, axis=0), sizes, axis=0) > 1
    rest = np.where(is_best, 0.0, values)
    second = np.repeat(np.maximum.reduceat(rest, first, axis=0), sizes, axis=0)
    found: Floats = np.where(is_best & ~shared, second, best)
    return found


# ---- periods and breakdowns --------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def vectors(sums: FlatSums, flat: int) -> tuple[Vector, ...]:
    """Combinations of +1 and -1 that hold `flat` (the other way round is the same) and leave every sum as it is, the shortest first."""
    of: dict[int, list[int]] = {}
    for number, (total, parts) in enumerate(sums):
        for place in (total, *parts):
            of.setdefault(place, []).append(number)
    heap: list[tuple[int, Vector]] = [(1, ((flat, 1),))]
    met = {heap[0][1]}
    found: list[Vector] = []
    for _ in range(MOST_STEPS):
        if not heap or len(found) >= MOST_VECTORS:
            break
        length, vector = heapq.heappop(heap)
        signs = dict(vector)
        broken = _broken(sums, of, signs)
        if broken is None:
            found.append(vector if vector[0][1] > 0 else tuple((p, -d) for p, d in vector))
            continue
        if length >= LONGEST:
            continue
        (total, parts), too_much = broken
        for place, sign in ((total, -1), *((p, 1) for p in parts)):
            if place not in signs:
                longer = tuple(sorted([*vector, (place, -sign if too_much > 0 else sign)]))
                if longer not in met:
                    met.add(longer)
                    heapq.heappush(heap, (length + 1, longer))
    return tuple(found)


def _broken(
    sums: FlatSums, of: dict[int, list[int]], signs: dict[int, int]
) -> tuple[tuple[int, tuple[int, ...]], int] | None:
    """The first sum the combination breaks, and by how much its parts exceed its total."""
    for place in signs:
        for number in of.get(place, ()):
            total, parts = sums[number]
            excess = sum(signs.get(p, 0) for p in parts) - signs.get(total, 0)
            if excess:
                return (total, parts), excess
    return None
