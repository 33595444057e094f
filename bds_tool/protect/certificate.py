"""Certificates: for each protected count two tables of whole numbers that agree with all that is published.

A certificate is a vector of changes over the rows of the problem. Adding it `up` times, or taking it off
`down` times, gives tables without impossible counts in which every published row and every sum is unchanged
and the protected count differs. `check` rebuilds all that from the problem alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bds_tool.protect.table_model import Primary, Problem
from bds_tool.protect.tree import count_up
from bds_tool.protect.types import Bools, Ints

#: Certificates checked together: what bounds the memory.
AT_ONCE = 20_000


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


def entries(certificates: list[Certificate]) -> tuple[Ints, Ints, Ints, Ints]:
    """All changes of all certificates: position of the certificate, tree node, flat node, change of its `gains`."""
    if not certificates:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing, nothing
    of = np.repeat(np.arange(len(certificates)), [len(c.nodes) for c in certificates])
    nodes, flats, deltas = (
        np.concatenate([getattr(c, name) for c in certificates]) for name in ("nodes", "flats", "deltas")
    )
    return of, nodes, flats, deltas


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
    for start in range(0, len(certificates), AT_ONCE):
        chosen = certificates[start : start + AT_ONCE]
        for c, fault in zip(chosen, _faults(problem, hidden, chosen), strict=True):
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


def _faults(problem: Problem, hidden: Bools, certificates: list[Certificate]) -> list[str]:
    """Per certificate what is wrong with it; empty when it holds. All entries of all certificates at once."""
    count = len(certificates)
    of, nodes, flats, deltas = entries(certificates)

    def told(values: list[int]) -> Ints:
        return np.array(values, dtype=np.int64)

    quantity = told([c.primary.quantity for c in certificates])
    gains, loses = told([c.gains for c in certificates]), told([c.loses for c in certificates])
    sign = np.where(quantity == gains, 1, -1)
    found = [""] * count

    def blame(wrong: Bools, fault: str) -> None:
        for i in np.flatnonzero(wrong).tolist():
            found[i] = found[i] or fault

    def per_certificate(entries: Bools) -> Ints:
        return np.bincount(of[entries], minlength=count)

    blame(
        per_certificate(problem.published[nodes, flats] & ~hidden[nodes, flats]) > 0,
        "touches a published row",
    )
    own = (nodes == told([c.primary.node for c in certificates])[of]) & (
        flats == told([c.primary.flat for c in certificates])[of]
    )
    changes = (per_certificate(own) == 1) & (per_certificate(own & (deltas == sign[of])) == 1)
    blame(
        ~changes | ((quantity != gains) & (quantity != loses)), "does not change the protected count by one"
    )
    up, down = told([c.up for c in certificates]), told([c.down for c in certificates])
    for which, direction in ((gains, 1), (loses, -1)):
        use = which[of] >= 0
        at = (which[of][use], nodes[use], flats[use])
        room, change = problem.values[at] - problem.lower[at], (deltas * sign[of])[use] * direction
        impossible = (room + change * up[of][use] < 0) | (room - change * down[of][use] < 0)
        blame(np.bincount(of[use][impossible], minlength=count) > 0, "makes an impossible count")
    blame(_breaks_sum(problem, of, nodes, flats, deltas, count), "breaks a sum")
    return found


def _breaks_sum(problem: Problem, of: Ints, nodes: Ints, flats: Ints, deltas: Ints, count: int) -> Bools:
    """Certificates that change the parts of some sum otherwise than its total."""
    parent = problem.tree.parent
    inner = np.zeros(problem.tree.size, dtype=bool)
    inner[parent[parent >= 0]] = True
    total, part = inner[nodes], parent[nodes] >= 0
    # Per certificate, total area and flat node: what the parts change less what the total changes.
    where = np.concatenate([nodes[total], parent[nodes[part]]]), np.concatenate([flats[total], flats[part]])
    areas = _unequal(
        np.concatenate([of[total], of[part]]),
        where[0] * problem.space.size + where[1],
        np.concatenate([-deltas[total], deltas[part]]),
        count,
    )
    equation, flat = np.nonzero(problem.space.equations)
    if not len(equation):
        return areas
    order = np.argsort(flat, kind="stable")
    degree = np.bincount(flat, minlength=problem.space.size)[flats]
    first = np.searchsorted(flat[order], flats)
    each = np.repeat(np.arange(len(flats)), degree)
    entry = order[np.repeat(first, degree) + count_up(degree)]
    weight = problem.space.equations[equation[entry], flat[entry]]
    lines = nodes[each] * len(problem.space.equations) + equation[entry]
    return areas | _unequal(of[each], lines, weight * deltas[each], count)


def _unequal(of: Ints, line: Ints, amount: Ints, count: int) -> Bools:
    """Certificates with a line whose amounts do not add up to nothing."""
    keys, group = np.unique(of * (int(line.max(initial=0)) + 1) + line, return_inverse=True)
    wrong = np.bincount(group, weights=amount, minlength=len(keys)) != 0
    found = np.zeros(count, dtype=bool)
    found[of[wrong[group]]] = True
    return found
