"""Secondary suppression: hide rows until every primary has a certificate.

For each primary the cheapest move is taken that changes it, given what is hidden already; then every primary
gives up its move in turn and chooses again, now that the others have chosen. A move holds a certificate in
itself, so nothing is solved and the time grows with the number of primaries only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bds_tool.protect.certificate import Certificate
from bds_tool.protect.table_model import Need, Primary, Problem
from bds_tool.protect.types import FORBIDDEN, PLENTY, Bools, Floats, Ints

#: Leaves looked at in other branches when a move was found already: beyond it the search takes too long.
MOST_PARTNERS = 400
#: Numbers of paths, moves and ways to meet a need weighed together: what bounds the memory.
AT_ONCE = 1_000_000
#: Numbers of reaches kept: they do not change, and every primary asks for its own again in each pass.
KEPT = 4_000_000


@dataclass(frozen=True)
class Choice:
    """A chosen move: tree nodes that gain and lose, flat nodes that gain and lose, and how far it reaches."""

    gain_nodes: Ints
    lose_nodes: Ints
    plus: Ints
    minus: Ints
    gains: int
    loses: int
    up: int
    down: int
    cost: float

    @cached_property
    def rows(self) -> tuple[Ints, Ints]:
        """Tree and flat node of every row the move changes."""
        nodes = np.concatenate([self.gain_nodes, self.lose_nodes])
        flats = np.concatenate([self.plus, self.minus])
        return np.repeat(nodes, len(flats)), np.tile(flats, len(nodes))

    @cached_property
    def deltas(self) -> Ints:
        """The change of `gains` in each of `rows`."""
        tree = np.concatenate([np.ones(len(self.gain_nodes)), -np.ones(len(self.lose_nodes))])
        flat = np.concatenate([np.ones(len(self.plus)), -np.ones(len(self.minus))])
        return np.outer(tree, flat).ravel().astype(np.int64)

    def turned(self, quantity: int, delta: int) -> Choice:
        """The same move, told so that `quantity` goes up where the move changes a row by `delta`."""
        as_gain = quantity == self.gains
        # Exchanging the two counts and the two signs leaves the change as it is; one of them turns it round.
        turn = (delta < 0) == as_gain
        gain, lose = (self.gain_nodes, self.lose_nodes) if delta > 0 else (self.lose_nodes, self.gain_nodes)
        gains, loses = (self.gains, self.loses) if as_gain else (self.loses, self.gains)
        up, down = (self.down, self.up) if turn else (self.up, self.down)
        return Choice(gain, lose, self.plus, self.minus, gains, loses, up, down, self.cost)


class Suppressor:
    """Greedy choice of moves with re-choosing; `hidden()` and `certificates()` give the outcome."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.room = problem.room()
        self.cost = problem.start_cost()
        self.base = self.cost.copy()
        self.uses = np.zeros(self.cost.shape, dtype=np.int32)
        self.choices: dict[Primary, Choice] = {}
        self.flows: dict[Primary, list[Certificate]] = {}
        # In a table of rows with several counts one move certifies many of them: it is shared and then stays.
        share = len(problem.exchanges) > 1
        self.places = {(p.quantity, p.node, p.flat): p for p in problem.primaries} if share else {}
        self.locked: set[Primary] = set()
        self.blocks: list[tuple[Ints, Ints]] = []
        self.reaches: dict[tuple[str, int, int, int, int, int], tuple[Ints, Ints]] = {}
        self.left = KEPT
        for p in problem.primaries:
            self._use(np.array([p.node]), np.array([p.flat]))

    def run(self, passes: int = 3) -> list[Primary]:
        """Choose for every primary, then re-choose `passes - 1` times. Returns the primaries without a move."""
        order = self._order()
        for primary in order:
            self._choose(primary)
        for primary in [p for p in order if p not in self.choices]:
            self._choose(primary, far=True)
        for number in range(passes - 1):
            before = self.total()
            # In turn: everyone chooses again (what costs nothing may still shift), or only who hides rows alone.
            for primary in reversed(order):
                self._rechoose(primary, everyone=number % 2 == 0)
            if number % 2 and self.total() >= before:
                break
        return [p for p in order if p not in self.choices]

    def hidden(self) -> Bools:
        nodes, flats = self.problem.published.shape
        return ((self.uses[:nodes, :flats] > 0) | self.problem.given) & self.problem.published

    def total(self) -> float:
        return float(self.base[self.uses > 0].sum())

    def certificates(self) -> list[Certificate]:
        found = []
        for primary, c in self.choices.items():
            nodes, flats = c.rows
            found.append(Certificate(primary, nodes, flats, c.deltas, c.gains, c.loses, c.up, c.down))
        return found + [c for held in self.flows.values() for c in held]

    def add_flow(self, certificates: list[Certificate]) -> None:
        """Take certificates found elsewhere for one primary."""
        self.flows[certificates[0].primary] = certificates
        for c in certificates:
            self._use(c.nodes, c.flats)

    def hide(self, nodes: Ints, flats: Ints) -> None:
        """Hide rows for good."""
        self.blocks.append((nodes, flats))
        self._use(nodes, flats)

    def retry(self, primary: Primary) -> None:
        """Search again for a primary without a move, in every branch."""
        self._choose(primary, far=True)

    def _order(self) -> list[Primary]:
        depth = self.problem.tree.depth()
        # By what hiding the row costs, never by the count that is protected: the order may not tell of it.
        return sorted(
            self.problem.primaries,
            key=lambda p: (depth[p.node], -self.base[p.node, p.flat], p.node, p.flat, p.quantity),
        )

    def _choose(self, primary: Primary, *, far: bool = False) -> None:
        if primary in self.choices:
            return
        choice = self.search(primary, far=far)
        if choice is not None:
            self.choices[primary] = choice
            self._use(*choice.rows)
            if self.places:
                self._share(primary, choice)

    def _share(self, owner: Primary, choice: Choice) -> None:
        """Give the move to every other primary it certifies."""
        nodes, flats = choice.rows
        for node, flat, delta in zip(nodes.tolist(), flats.tolist(), choice.deltas.tolist(), strict=True):
            for quantity in (choice.gains, choice.loses):
                other = self.places.get((quantity, node, flat))
                if other is None or other in self.choices:
                    continue
                turned = choice.turned(quantity, delta)
                if any(turned.up >= up and turned.down >= down for up, down in other.need):
                    self.choices[other] = turned
                    self.locked |= {owner, other}

    def _rechoose(self, primary: Primary, *, everyone: bool) -> None:
        if primary in self.locked:
            return
        old = self.choices.pop(primary, None)
        if old is None:
            self._choose(primary, far=True)
            return
        nodes, flats = old.rows
        self._release(nodes, flats)
        # Looking further than the siblings pays only for a primary that hides rows for itself alone.
        spent = float(self.cost[nodes, flats].sum())
        new = self.search(primary, far=spent > 0) if everyone or spent > 0 else None
        self.choices[primary] = new if new is not None and new.cost <= spent + 1e-9 else old
        self._use(*self.choices[primary].rows)

    def _use(self, nodes: Ints, flats: Ints) -> None:
        self.uses[nodes, flats] += 1
        self.cost[nodes, flats] = 0.0

    def _release(self, nodes: Ints, flats: Ints) -> None:
        self.uses[nodes, flats] -= 1
        free = self.uses[nodes, flats] == 0
        nodes, flats = nodes[free], flats[free]
        self.cost[nodes, flats] = self.base[nodes, flats]

    # ---- the search -------------------------------------------------------------------------------------

    def search(self, primary: Primary, *, far: bool = False) -> Choice | None:
        """The cheapest move for one primary: among its siblings, and up to the root; `far` in every branch."""
        tree, node = self.problem.tree, primary.node
        plus, minus = self.problem.space.candidates(primary.flat)
        if not len(plus):
            return None  # nothing beside this cell can take over what it loses
        touched = np.concatenate([plus, minus], axis=1)
        gain_paths = tree.leaves_below(node)
        gain_cost = self._path_cost(gain_paths, touched)
        best: Choice | None = None
        climbed: list[int] = []
        at = node
        while at >= 0:
            lose_paths, above = tree.partners(at)
            if at != node and best is not None and len(lose_paths) > MOST_PARTNERS:
                break
            own = self._path_cost(np.array([climbed]), touched)[0] if climbed else 0.0
            alone = None
            if at == node or far or best is None:
                alone = own + (
                    self.cost[above][:, touched].sum(axis=(0, 2)) if len(above) else np.zeros(len(touched))
                )
            lose_cost = self._path_cost(lose_paths, touched) + own if len(lose_paths) else None
            found = self._best(
                primary, at, plus, minus, gain_paths, gain_cost, lose_paths, lose_cost, alone, climbed, above
            )
            if found is not None and (best is None or found.cost < best.cost):
                best = found
            if best is not None and not far:
                break
            at = int(tree.parent[at])
            climbed = [*climbed, at]
        return best

    def _path_cost(self, paths: Ints, touched: Ints) -> Floats:
        rows = self.cost[paths[:, 0]] if paths.shape[1] == 1 else self.cost[paths].sum(axis=1)
        cost: Floats = rows[:, touched].sum(axis=2)
        return cost

    def _best(
        self,
        primary: Primary,
        at: int,
        plus: Ints,
        minus: Ints,
        gain_paths: Ints,
        gain_cost: Floats,
        lose_paths: Ints,
        lose_cost: Floats | None,
        alone: Floats | None,
        climbed: list[int],
        above: Ints,
    ) -> Choice | None:
        best: tuple[float, Choice] | None = None
        for one, other in self.problem.exchanges:
            if primary.quantity not in {one, other}:
                continue
            gains, loses = (one, other) if primary.quantity == one else (other, one)
            # A total may have less room than its part, so every row of a path counts, and those climbed as well.
            key = primary.node, at, primary.flat, gains, loses
            up_gain, down_gain = self._reach(("gain", *key), gain_paths, plus, minus)
            if climbed:
                up_over, down_over = self._reach(("over", *key), np.array([climbed]), plus, minus)
                up_gain, down_gain = np.minimum(up_gain, up_over), np.minimum(down_gain, down_over)
            if alone is not None:
                (up_top,), (down_top,) = self._reach(("alone", *key), above[None], plus, minus)
            if lose_cost is not None:
                down_lose, up_lose = self._reach(("lose", *key), lose_paths, plus, minus)
            most = max(1, gain_paths.shape[0], lose_paths.shape[0]) * len(plus)
            for needs in _in_parts(primary.need, max(1, AT_ONCE // most)):
                # Of all ways to meet the need at once: (ways, paths, moves).
                up, down = needs[:, :1], needs[:, 1:]
                total, gaining = _cheapest(
                    gain_cost, (up_gain < up[..., None]) | (down_gain < down[..., None])
                )
                with_partner = single = np.full(total.shape, np.inf)
                if lose_cost is not None:
                    with_partner, losing = _cheapest(
                        lose_cost, (up_lose < up[..., None]) | (down_lose < down[..., None])
                    )
                if alone is not None:
                    single = np.where((up_top < up) | (down_top < down), FORBIDDEN, alone)
                total = total + np.minimum(with_partner, single)
                way, k = divmod(int(total.argmin()), len(plus))
                least = float(total[way, k])
                if least >= FORBIDDEN or (best is not None and least >= best[0]):
                    continue
                i = gaining[way, k]
                gain_nodes = gain_paths[i]
                gain_nodes = gain_nodes[gain_nodes >= 0]
                if with_partner[way, k] <= single[way, k]:
                    j = losing[way, k]
                    lose_nodes = lose_paths[j]
                    lose_nodes = lose_nodes[lose_nodes >= 0]
                    gain_nodes = np.concatenate([gain_nodes, np.array(climbed, dtype=np.int64)])
                    reach_up = min(up_gain[i, k], up_lose[j, k])
                    reach_down = min(down_gain[i, k], down_lose[j, k])
                else:
                    lose_nodes = np.zeros(0, dtype=np.int64)
                    gain_nodes = np.concatenate([gain_nodes, np.array(climbed, dtype=np.int64), above])
                    reach_up = min(up_gain[i, k], up_top[k])
                    reach_down = min(down_gain[i, k], down_top[k])
                size = self.problem.space.size
                best = (
                    least,
                    Choice(
                        gain_nodes,
                        lose_nodes,
                        plus[k][plus[k] < size],
                        minus[k][minus[k] < size],
                        gains,
                        loses,
                        int(reach_up),
                        int(reach_down),
                        least,
                    ),
                )
        return best[1] if best else None

    def _reach(
        self, key: tuple[str, int, int, int, int, int], paths: Ints, plus: Ints, minus: Ints
    ) -> tuple[Ints, Ints]:
        """How far each move can be added, and taken off, along each path where it gains: (paths, moves) each.

        `key` tells the paths and moves: whose paths they are, of which primary and how high, and which counts move.
        """
        if key in self.reaches:
            return self.reaches[key]
        *_, gains, loses = key
        room = self._least(gains, paths)
        up, down = room[:, minus].min(axis=2), room[:, plus].min(axis=2)
        if loses >= 0:
            room = self._least(loses, paths)
            up = np.minimum(up, room[:, plus].min(axis=2))
            down = np.minimum(down, room[:, minus].min(axis=2))
        if up.size * 2 <= self.left:
            self.left -= up.size * 2
            self.reaches[key] = up, down
        return up, down

    def _least(self, quantity: int, paths: Ints) -> Ints:
        """The least room of a count along each path, per flat node; plenty without a count, or with an empty path."""
        room = self.room[quantity]
        single = paths.shape[1] == 1
        least: Ints = room[paths[:, 0]] if single else room[paths].min(axis=1, initial=PLENTY)
        return least


def _cheapest(cost: Floats, short: Bools) -> tuple[Floats, Ints]:
    """Per way and move the least cost of a path that reaches far enough, and which path: (ways, moves) each."""
    costs = np.where(short, FORBIDDEN, cost)
    if costs.shape[1] == 1:
        return costs[:, 0], np.zeros((costs.shape[0], costs.shape[2]), dtype=np.int64)
    paths = costs.argmin(axis=1)
    return np.take_along_axis(costs, paths[:, None], axis=1)[:, 0], paths


def _in_parts(need: Need, size: int) -> list[Ints]:
    """The ways to meet a need, (up, down) below each other, `size` at a time."""
    ways = np.array(need, dtype=np.int64).reshape(-1, 2)
    return [ways[i : i + size] for i in range(0, len(ways), size)]
