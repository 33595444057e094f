"""Certificates: for each protected count two tables of whole numbers that agree with all that is published.

A certificate is a vector of changes over the rows of the problem. Adding it `up` times, or taking it off
`down` times, gives tables without impossible counts in which every published row and every sum is unchanged
and the protected count differs. `check` rebuilds all that from the problem alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bds_tool.indicators.protect.model import Primary, Problem
from bds_tool.indicators.protect.types import Bools, Ints


@dataclass(frozen=True)
class Certificate:
    """Changes (`nodes`, `flats`, `deltas`) of count `gains`, opposite changes of count `loses` (-1: none).

    The protected count goes up by `up` at most when the vector is added, and down by `down` at most.
    """

    primary: Primary
    nodes: Ints
    flats: Ints
    deltas: Ints
    gains: int
    loses: int
    up: int
    down: int


def ranges(problem: Problem, certificates: list[Certificate]) -> dict[Primary, tuple[int, int]]:
    """The certified range of every protected count: the widest of its certificates."""
    found: dict[Primary, tuple[int, int]] = {}
    for c in certificates:
        value = int(problem.values[c.primary.quantity, c.primary.node, c.primary.flat])
        low, high = found.get(c.primary, (value, value))
        found[c.primary] = min(low, value - c.down), max(high, value + c.up)
    return found


def check(problem: Problem, hidden: Bools, certificates: list[Certificate]) -> list[str]:
    """What is wrong with the certificates; empty when every primary has one that holds."""
    faults = []
    met: dict[Primary, list[tuple[int, int]]] = {}
    for c in certificates:
        fault = _fault(problem, hidden, c)
        if fault:
            faults.append(fault)
        else:
            met.setdefault(c.primary, []).append((c.up, c.down))
    for primary in problem.primaries:
        reached = met.get(primary, [])
        up, down = max([0, *(u for u, _ in reached)]), max([0, *(d for _, d in reached)])
        if not any(up >= u and down >= d for u, d in primary.need):
            faults.append("not certified")
    return faults


def _fault(problem: Problem, hidden: Bools, c: Certificate) -> str:
    touched = problem.published[c.nodes, c.flats]
    if not (hidden[c.nodes, c.flats] | ~touched).all():
        return "touches a published row"
    where = (c.nodes == c.primary.node) & (c.flats == c.primary.flat)
    sign = 1 if c.primary.quantity == c.gains else -1
    if where.sum() != 1 or int(c.deltas[where][0]) != sign or c.primary.quantity not in {c.gains, c.loses}:
        return "does not change the protected count by one"
    for quantity, direction in ((c.gains, 1), (c.loses, -1)):
        if quantity < 0:
            continue
        change = c.deltas * direction * sign
        room = (problem.values - problem.lower)[quantity][c.nodes, c.flats]
        if (room + change * c.up < 0).any() or (room - change * c.down < 0).any():
            return "makes an impossible count"
    return "" if _sums_hold(problem, c) else "breaks a sum"


def _sums_hold(problem: Problem, c: Certificate) -> bool:
    dense: dict[int, Ints] = {}
    for node, flat, delta in zip(c.nodes.tolist(), c.flats.tolist(), c.deltas.tolist(), strict=True):
        dense.setdefault(node, np.zeros(problem.space.size, dtype=np.int64))[flat] += delta
    zero = np.zeros(problem.space.size, dtype=np.int64)
    parents = {int(problem.tree.parent[n]) for n in dense} | set(dense)
    for node in parents - {-1}:
        below = problem.tree.children[node]
        if below and not np.array_equal(
            dense.get(node, zero), sum((dense.get(b, zero) for b in below), zero)
        ):
            return False
    return (
        all((problem.space.equations @ row == 0).all() for row in dense.values())
        if problem.space.equations.size
        else True
    )
