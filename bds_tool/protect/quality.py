"""Quality mode: give cells back that boxes hide without need.

Two kinds of step, both keeping every primary certified: a primary whose certificate hides rows of its own takes
the cheapest flow instead, and each hidden row in turn is published if all certificates that use it can be
replaced by flows that hide less than it did.
"""

from __future__ import annotations

import numpy as np

from bds_tool.protect.certificate import Certificate
from bds_tool.protect.flow import Flows
from bds_tool.protect.secondary import Suppressor
from bds_tool.protect.table_model import Primary
from bds_tool.protect.types import FORBIDDEN, Bools, Floats, Ints

#: Added to the cost of every row: here the number of rows given back counts more than which rows they are.
PER_ROW = 50.0
UNLIMITED = 1 << 40
#: Effort to keep rows of the highest level: rows of all flows together, and rows tried in vain before the rest is left.
MOST_EFFORT, PATIENCE = 100_000, 3
#: Rounds of quality mode; each costs as much as the first and wins a tenth of it.
ROUNDS = 3


class Improver:
    """Holds the certificates of every primary and how many of them use each row."""

    def __init__(self, suppressor: Suppressor) -> None:
        self.problem = suppressor.problem
        self.base = _per_row(suppressor.base)
        self.flows = Flows(suppressor.problem)
        self.held: dict[Primary, list[Certificate]] = {}
        for certificate in suppressor.certificates():
            self.held.setdefault(certificate.primary, []).append(certificate)
        # The suppressor counts a move once, however many primaries share it; here each holds its own.
        self.uses = suppressor.uses
        self.uses[:] = 0
        for p in self.problem.primaries:
            self.uses[p.node, p.flat] += 1
        for nodes, flats in suppressor.blocks:
            np.add.at(self.uses, (nodes, flats), 1)
        self.cost = np.where(self.uses > 0, 0.0, self.base)
        for certificates in self.held.values():
            self._use(certificates)

    def reroute(self) -> None:
        """Let each primary that hides rows for itself alone take the cheapest flow."""
        for primary, old in list(self.held.items()):
            self._release(old)
            own = self._own_cost(old)
            found = self.flows.find(primary, self.cost) if own > 0 else None
            if found is not None and found[1] < own - 1e-9:
                self.held[primary] = found[0]
            self._use(self.held[primary])

    def give_back(
        self, among: Bools | None = None, budget: int = UNLIMITED, patience: int = UNLIMITED
    ) -> int:
        """Publish hidden rows, dearest first, where others can take over. Gives the number of rows won.

        `among` limits the rows tried; after `budget` flows, or `patience` rows in vain, no more are.
        """
        primary_rows = np.zeros(self.uses.shape, dtype=bool)
        for p in self.problem.primaries:
            primary_rows[p.node, p.flat] = True
        open_ = (self.uses > 0) & ~primary_rows & (self.base > 0) & (self.base < FORBIDDEN)
        nodes, flats = np.nonzero(open_ if among is None else open_ & among)
        order = np.argsort(-self.base[nodes, flats], kind="stable")
        users: dict[tuple[int, int], set[Primary]] = {}
        for primary, certificates in self.held.items():
            for c in certificates:
                for row in zip(c.nodes.tolist(), c.flats.tolist(), strict=True):
                    users.setdefault(row, set()).add(primary)
        won = vain = 0
        for node, flat in zip(nodes[order].tolist(), flats[order].tolist(), strict=True):
            if self.flows.solved >= budget or vain >= patience:
                break
            if self.uses[node, flat] > 0:
                gained = self._publish(node, flat, users, most=budget - self.flows.solved)
                won, vain = won + gained, 0 if gained else vain + 1
        return won

    def _publish(
        self, node: int, flat: int, users: dict[tuple[int, int], set[Primary]], most: int = UNLIMITED
    ) -> int:
        affected = [
            p
            for p in users.get((node, flat), ())
            if any(((c.nodes == node) & (c.flats == flat)).any() for c in self.held[p])
        ]
        # None: hidden as part of a block, it stays. Each takes one flow at least.
        if not affected or len(affected) > most:
            return 0
        before = {p: self.held[p] for p in affected}
        for p in affected:
            self._release(before[p])
        # What only these certificates hid is free to be published again; what comes instead must cost less.
        closed = np.zeros(self.uses.shape, dtype=bool)
        closed[node, flat] = True
        saved = self._own_cost([c for cs in before.values() for c in cs])
        spent, taken = 0.0, []
        for p in affected:
            found = self.flows.find(p, self.cost, closed)
            if found is None or spent + found[1] >= saved - 1e-9:
                break
            spent += found[1]
            self._use(found[0])
            taken.append((p, found[0]))
        if len(taken) < len(affected):
            for _, certificates in taken:
                self._release(certificates)
            for p in affected:
                self._use(before[p])
            return 0
        for p, certificates in taken:
            self.held[p] = certificates
            for c in certificates:
                for row in zip(c.nodes.tolist(), c.flats.tolist(), strict=True):
                    users.setdefault(row, set()).add(p)
        return 1

    def _rows(self, certificates: list[Certificate]) -> tuple[Ints, Ints]:
        nodes = np.concatenate([c.nodes for c in certificates])
        flats = np.concatenate([c.flats for c in certificates])
        return nodes, flats

    def _own_cost(self, certificates: list[Certificate]) -> float:
        nodes, flats = self._rows(certificates)
        rows = np.unique(np.stack([nodes, flats]), axis=1)
        return float(self.cost[rows[0], rows[1]].sum())

    def _use(self, certificates: list[Certificate]) -> None:
        nodes, flats = self._rows(certificates)
        np.add.at(self.uses, (nodes, flats), 1)
        self.cost[nodes, flats] = 0.0

    def _release(self, certificates: list[Certificate]) -> None:
        nodes, flats = self._rows(certificates)
        np.subtract.at(self.uses, (nodes, flats), 1)
        free = self.uses[nodes, flats] == 0
        self.cost[nodes[free], flats[free]] = self.base[nodes[free], flats[free]]


def _per_row(cost: Floats) -> Floats:
    return np.where((cost > 0) & (cost < FORBIDDEN), cost + PER_ROW, cost)


def improve(
    suppressor: Suppressor, *, top_first: bool = False, rounds: int = ROUNDS
) -> tuple[Bools, list[Certificate]]:
    """Give rows back after a finished suppression; the hidden rows and the certificates.

    With `top_first` rows of the highest level are tried first; with `rounds` 0 no other rows are.
    """
    top = _hidden_at_top(suppressor) if top_first else np.zeros(suppressor.uses.shape, dtype=bool)
    if not rounds and not top.any():
        return suppressor.hidden(), suppressor.certificates()
    improver = Improver(suppressor)
    if top.any():
        # Only flows through all areas can spare these: moves hid them for want of a better way.
        small, improver.flows = improver.flows, Flows(suppressor.problem, whole=True)
        improver.give_back(top, MOST_EFFORT // suppressor.problem.published.size, PATIENCE)
        improver.flows = small
    for _ in range(rounds):
        improver.reroute()
        if not improver.give_back():
            break
    return suppressor.hidden(), [c for held in improver.held.values() for c in held]


def _hidden_at_top(suppressor: Suppressor) -> Bools:
    """Rows of the highest level that are hidden to shield others."""
    problem = suppressor.problem
    depth = problem.tree.depth()
    top = depth == depth[problem.published.any(axis=1)].min(initial=0)
    found = np.zeros(suppressor.uses.shape, dtype=bool)
    found[:-1, :-1] = problem.published & top[:, None] & (suppressor.uses[:-1, :-1] > 0) & ~problem.given
    for p in problem.primaries:
        found[p.node, p.flat] = False
    return found
