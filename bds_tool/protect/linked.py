"""Indicators that hang together, as one table: a share is a cell of its own beside the other shares of its denominator.

Parts of one denominator (breast, mixed and formula feeding) and shares inside shares (obesity in overweight) form a
dimension of the table, with the denominator as its total and what is in no share as a rest that nobody publishes. A
certificate moves children from one share to another, so every sum over shares holds as every sum over areas does.
The denominator is known: what keeps it secret is proven before, for all that have it (`denominator_problem`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from bds_tool.protect.certificate import entries, ranges
from bds_tool.protect.coding import attempts
from bds_tool.protect.moves import FlatSpace, Move, tensor
from bds_tool.protect.table_model import Need, Primary, Problem
from bds_tool.protect.table_run import Outcome, suppress
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    from bds_tool.indicators.told import Relation
    from bds_tool.protect.policy import Policy
    from bds_tool.protect.result_model import Indicator

X, Y, M = 0, 1, 2


#: Shares up to which all ways to be in some of them are looked at; beyond, only what each share implies.
MOST_SHARES = 10
#: Swaps kept per share, those that change the fewest cells first.
MOST_SWAPS = 24


@dataclass
class Shares:
    """Shares of one denominator and the sums between them; shares that are always equal have one node (`alias`)."""

    alias: dict[str, str]
    sums: list[tuple[str, tuple[str, ...], bool]]

    @classmethod
    def of(cls, names: Sequence[str], relations: Iterable[Relation]) -> Shares:
        mine = [r for r in relations if r["kind"] == "som" and {*r["parts"], r["whole"]} <= {*names, None}]
        alias = {n: n for n in names}
        for r in mine:
            if r["whole"] and r["complete"] and len(r["parts"]) == 1:
                pair = sorted((alias[r["whole"]], alias[r["parts"][0]]))
                alias = {n: pair[0] if a == pair[1] else a for n, a in alias.items()}
        sums: dict[tuple[str, tuple[str, ...]], bool] = {}
        for r in mine:
            whole = alias[r["whole"]] if r["whole"] else ""
            parts = tuple(sorted({alias[p] for p in r["parts"]}))
            if parts != (whole,):
                sums[whole, parts] = sums.get((whole, parts), False) or bool(r["complete"])
        return cls(alias, [(w, p, c) for (w, p), c in sorted(sums.items())])

    def tables(self) -> list[list[str]]:
        """The nodes that hang together."""
        label = {n: n for n in self.alias.values()}
        for whole, parts, _ in self.sums:
            joined = {label[n] for n in (whole, *parts) if n}
            label = {n: min(joined) if old in joined else old for n, old in label.items()}
        return [sorted(n for n in label if label[n] == g) for g in sorted(set(label.values()))]


@dataclass
class ShareAxis:
    """The denominator (0), shares, and per sum that is no whole a rest: what is in it and in none of its parts.

    `ways` are the ways a child can be counted: vectors over the nodes, 1 where it is in.
    """

    names: list[str]
    sums: list[tuple[int, list[int]]]
    ways: list[tuple[int, ...]]
    #: Of a share, the rest that is the denominator without it.
    complement: dict[int, int] = field(default_factory=dict)

    @classmethod
    def build(cls, nodes: Sequence[str], shares: Shares, *, complements: bool = False) -> ShareAxis:
        names = ["", *nodes]
        at = {n: i for i, n in enumerate(names)}
        mine = [s for s in shares.sums if set(s[1]) <= set(nodes)]
        # Of every share it is known that it is part of the denominator.
        inner = {n for _, parts, _ in mine for n in parts}
        mine += [("", (n,), False) for n in nodes if complements or n not in inner]
        sums, complement = [], {}
        for whole, parts, complete in mine:
            places = [at[p] for p in parts]
            if not complete:
                names.append("rest")
                places.append(len(names) - 1)
                if not whole and len(parts) == 1:
                    complement[places[0]] = places[1]
            sums.append((at[whole], places))
        axis = cls(names, sums, [], complement)
        axis.ways = axis._ways(len(nodes))
        return axis

    def _ways(self, shares: int) -> list[tuple[int, ...]]:
        found = []
        if shares <= MOST_SHARES:
            chosen: Iterable[Iterable[int]] = product((0, 1), repeat=shares)
        else:
            above = {n: {n} for n in range(1, shares + 1)}
            for _ in range(shares):
                for total, parts in self.sums:
                    for part in parts:
                        if part <= shares and total:
                            above[part] |= above[total]
            chosen = [[int(n in s) for n in range(1, shares + 1)] for s in [set(), *above.values()]]
        for way in chosen:
            vector = [1, *way, *[0] * (len(self.names) - shares - 1)]
            for total, parts in self.sums:
                own = sum(vector[p] for p in parts if p <= shares)
                if parts[-1] > shares:
                    vector[parts[-1]] = vector[total] - own
                elif vector[total] != own:
                    break
            else:
                if min(vector) >= 0:
                    found.append(tuple(vector))
        return found

    def swaps(self) -> list[Move]:
        """Counting a child in another way: the changes, those of few shares first."""
        shares = self.names.index("rest") if "rest" in self.names else len(self.names)
        moves: list[tuple[int, int, Move]] = []
        for one, other in combinations(self.ways, 2):
            move = {n: a - b for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b}
            moves.append((sum(n < shares for n in move), len(moves), move))
        kept: list[Move] = []
        uses = dict.fromkeys(range(len(self.names)), 0)
        for changed, _, move in sorted(moves, key=lambda m: m[:2]):
            mine = [n for n in move if n < shares]
            if changed and min(uses[n] for n in mine) < MOST_SWAPS:
                kept.append(move)
                for n in mine:
                    uses[n] += 1
        return kept

    def equations(self) -> Ints:
        rows = np.zeros((len(self.sums), len(self.names)), dtype=np.int64)
        for row, (total, parts) in zip(rows, self.sums, strict=True):
            row[total] = -1
            row[parts] = 1
        return rows


@dataclass
class Family:
    """Indicators with one denominator whose shares hang together, as one table."""

    members: list[Indicator]
    axis: ShareAxis
    node: dict[str, int]
    policy: Policy
    wanted: dict[Primary, set[int]] = field(default_factory=dict)
    outcome: Outcome | None = None
    carried: list[Primary] = field(default_factory=list)
    whole: bool = False

    @classmethod
    def of(cls, members: list[Indicator], shares: Shares, nodes: Sequence[str], policy: Policy) -> Family:
        axis = ShareAxis.build(nodes, shares, complements=any(m.rule for m in members))
        at = {n: i for i, n in enumerate(axis.names) if n and n != "rest"}
        return cls(members, axis, {m.id: at[shares.alias[m.id]] for m in members}, policy)

    def counts(self) -> Ints:
        """Counts per area, flat node and node of the axis."""
        first = self.members[0].counts
        values = np.zeros((*first.shape[1:], len(self.axis.names)), dtype=np.int64)
        values[..., 0] = first[X] + first[Y]
        for m in self.members:
            values[..., self.node[m.id]] = m.counts[X]
        for total, parts in self.axis.sums:
            if self.axis.names[parts[-1]] == "rest":
                values[..., parts[-1]] = values[..., total] - values[..., parts[:-1]].sum(axis=2)
        return values

    def carry_by(self) -> None:
        """Choose how the children are counted who come or go with the denominator, and tell the members."""
        values = self.counts()
        rooms = [
            np.min([values[..., n] for n, in_ in enumerate(way) if in_ and n] or [values[..., 0]], axis=0)
            for way in self.axis.ways
        ]
        best = max(range(len(rooms)), key=lambda w: (int(rooms[w].sum()), -w))
        for m in self.members:
            m.carrier = X if self.axis.ways[best][self.node[m.id]] else Y
            m.carrier_room = rooms[best]

    def protect(self, given: Bools, *, quality: bool) -> Outcome:
        for last in attempts(self.members):
            outcome = self._suppressed(given, quality=quality, ladder=last)
            if outcome.proven:
                return outcome
        for m in self.members:
            m.withheld_nodes = m.cube.real & ~m.shown_before
        self.whole = True
        return self._suppressed(given, quality=quality)

    def _suppressed(self, given: Bools, *, quality: bool, ladder: bool = True) -> Outcome:
        self.carried.clear()
        problem = self.problem(given)
        self.outcome = suppress(problem, quality=quality, top_first=True, ladder=ladder)
        self._carry()
        return self.outcome

    def _carry(self) -> None:
        """Leave to the proof of the population, or of the denominator, what changes with it."""
        assert self.outcome is not None  # noqa: S101  # the caller made it
        width = len(self.axis.names)
        kept = []
        for primary in self.outcome.uncertified:
            flat, node = divmod(primary.flat, width)
            mine = [m for m in self.members if self.node[m.id] == node]
            if self.wanted[primary] <= {mine[0].carrier} and all(
                m.proven_by_total(primary.node, flat) for m in mine
            ):
                self.carried.append(primary)
            else:
                kept.append(primary)
        self.outcome.uncertified = kept

    def problem(self, given: Bools) -> Problem:
        cube, policy = self.members[0].cube, self.policy
        values = self.counts()
        published = np.zeros(values.shape, dtype=bool)
        fixed, hidden, lower = published.copy(), published.copy(), np.zeros_like(values)
        published[..., 0] = fixed[..., 0] = cube.real
        cost = np.zeros(values.shape)
        for m in self.members:
            c = self.node[m.id]
            published[..., c] = cube.real
            hidden[..., c] |= given | m.hidden_before | m.withheld_nodes
            fixed[..., c] |= cube.real & ((values[..., 0] == 0) | m.shown_before)
            cost[..., c] += m.row_cost()
            if policy.lower:
                lower[..., c] = np.where(
                    cube.real & ~m.small & ~m.withheld_nodes, np.minimum(1, values[..., c]), 0
                )
                told = (values[..., c] == 0) & policy.zeros_shown
                told |= (m.counts[Y] == 0) & policy.full_shown
                mine = np.zeros_like(told)
                for p in m.primaries:
                    mine[p.node, p.flat] = True
                fixed[..., c] |= cube.real & told & ~mine & ~hidden[..., c]
            if not m.empty and values[..., c].any():
                # An indicator that counted nobody is shown as such, so of any other it is known that it counted someone.
                root = m.cube.tree.root
                most = int(values[root, :, c].argmax())
                lower[root, most, c] = max(1, int(lower[root, most, c])) if values[root, most, c] else 0
            low_x, low_y = m.classes(given | m.hidden_before)
            if c in self.axis.complement:
                lower[..., c] = np.maximum(lower[..., c], low_x)
                lower[..., self.axis.complement[c]] = low_y
            m.floor = np.stack([lower[..., c], low_y])
        self._with_needs()
        return Problem(
            cube.tree,
            self.space(cube.space),
            values.reshape(1, values.shape[0], -1),
            lower.reshape(1, values.shape[0], -1),
            cost.reshape(values.shape[0], -1),
            published.reshape(values.shape[0], -1),
            (fixed & ~hidden).reshape(values.shape[0], -1),
            hidden.reshape(values.shape[0], -1),
            list(self.wanted),
        )

    def _with_needs(self) -> None:
        """Give each cell one need: that of its share, and that of its complement the other way round."""
        width = len(self.axis.names)
        needs: dict[tuple[int, int], list[Need]] = {}
        asked: dict[tuple[int, int], set[int]] = {}
        for m in self.members:
            for p in m.primaries:
                if p.quantity == M:
                    continue
                key = (p.node, p.flat * width + self.node[m.id])
                needs.setdefault(key, []).append(
                    p.need if p.quantity == X else tuple((down, up) for up, down in p.need)
                )
                asked.setdefault(key, set()).add(p.quantity)
        self.wanted = {
            Primary(0, node, flat, _both(needs[node, flat])): asked[node, flat]
            for node, flat in sorted(needs)
        }

    def space(self, own: FlatSpace) -> FlatSpace:
        width = len(self.axis.names)
        equations = np.concatenate(
            [
                np.kron(own.equations.reshape(-1, own.size), np.eye(width, dtype=np.int64)),
                np.kron(np.eye(own.size, dtype=np.int64), self.axis.equations()),
            ]
        )
        return FlatSpace(own.size * width, tensor(own.moves, self.axis.swaps(), width), equations)

    def hidden_of(self, m: Indicator) -> Bools:
        """Per node and flat node whether a member is hidden."""
        assert self.outcome is not None  # noqa: S101  # it was protected
        hidden = self.outcome.hidden.reshape(*m.cube.real.shape, len(self.axis.names))
        mine: Bools = hidden[..., self.node[m.id]]
        return mine

    def carried_of(self, m: Indicator) -> list[Primary]:
        """Counts of a member whose proof is that of a total, as places in its own table."""
        width = len(self.axis.names)
        mine = [p for p in self.carried if p.flat % width == self.node[m.id]]
        return [Primary(m.carrier, p.node, p.flat // width, p.need) for p in mine]

    def certified(self) -> Iterator[tuple[Indicator, int, int, int, int, int]]:
        """Member, node, flat node, count, and the certified range of each protected count."""
        assert self.outcome is not None  # noqa: S101  # it was protected
        width = len(self.axis.names)
        for p, (low, high) in ranges(self.outcome.problem, self.outcome.certificates).items():
            flat, c = divmod(p.flat, width)
            for m in (m for m in self.members if self.node[m.id] == c):
                total = int(m.counts[:M, p.node, flat].sum())
                for quantity in sorted(self.wanted[p]):
                    ends = (low, high) if quantity == X else (total - high, total - low)
                    yield m, p.node, flat, quantity, *ends

    def changes(self) -> tuple[Ints, Ints, Ints, Ints]:
        """The certificates as changes of rows of the result: number, row, count (0 share, 1 complement), change."""
        assert self.outcome is not None  # noqa: S101  # it was protected
        width = len(self.axis.names)
        of, nodes, flats, deltas = entries(self.outcome.certificates)
        flat, c = flats // width, flats % width
        parts: list[tuple[Ints, ...]] = [(np.zeros(0, dtype=np.int64),) * 4]
        for m in self.members:
            use = c == self.node[m.id]
            each, label = m.cube.tree.labels_of(nodes[use])
            at = m.cube.row[label, flat[use][each]]
            number, delta = of[use][each][at >= 0], deltas[use][each][at >= 0]
            row = m.numbers()[at[at >= 0]]
            for count, sign in ((X, 1), (Y, -1)):
                parts.append((number, row, np.full(len(row), count), sign * delta))
        joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return joined[0], joined[1], joined[2], joined[3]


def _both(needs: Sequence[Need]) -> Need:
    """What meets every one of some needs."""
    met: list[tuple[int, int]] = [(0, 0)]
    for need in dict.fromkeys(needs):
        met = [(max(a, up), max(b, down)) for a, b in met for up, down in need]
    # What asks more than another way asks as well is no way of its own.
    least = [n for n in dict.fromkeys(met) if not any(o != n and o[0] <= n[0] and o[1] <= n[1] for o in met)]
    return tuple(least)


def denominator_problem(group: list[Indicator], given: Bools, policy: Policy) -> Problem:
    """The table of n and missing with N known, of all that share both: a change of n is carried as by N."""
    first = group[0]
    cube = first.cube
    missing = first.counts[M]
    room = np.min([i.room(by=False) for i in group], axis=0)
    values = np.stack([room, missing])
    lower = np.zeros_like(values)
    if policy.lower:
        least = np.maximum(missing - first.growth, 0)
        lower[1] = np.where(first.small, least, 0)
    fixed = cube.real & np.any([i.shown_before for i in group], axis=0)
    hidden = given | np.all([i.withheld_nodes for i in group], axis=0)
    found = {(p.node, p.flat): p for i in group for p in i.primaries if p.quantity == M}
    primaries = [
        Primary(1, node, flat, p.need) for (node, flat), p in sorted(found.items()) if not fixed[node, flat]
    ]
    return Problem(
        cube.tree,
        cube.space,
        values,
        lower,
        first.row_cost(),
        cube.real,
        fixed & ~hidden,
        hidden,
        primaries,
        exchanges=[(0, 1)],
    )
