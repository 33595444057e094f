"""One disclosure problem: what is counted, what is published, what must be protected and against whom."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bds_tool.protect.moves import FlatSpace
from bds_tool.protect.tree import Tree
from bds_tool.protect.types import FORBIDDEN, PLENTY, Bools, Floats, Ints

#: How far a hidden count must be able to move: a choice of (up, down) pairs, one of which must be certified.
Need = tuple[tuple[int, int], ...]


def need_width(width: int) -> Need:
    """At least `width + 1` possible values: up by i and down by `width - i`, for some i."""
    return tuple((up, width - up) for up in range(width, -1, -1))


@dataclass(frozen=True)
class Primary:
    """A count that must not become known: quantity, tree node, flat node, and how far it must be able to move."""

    quantity: int
    node: int
    flat: int
    need: Need


@dataclass
class Problem:
    """A table of rows (tree node x flat node) in which each row holds one or more counts.

    A row is published or hidden as a whole. `values[q, node, flat]` is count q; `exchanges` lists how counts
    inside a row move against each other: (up, down), with down -1 when the row's own sum may change.
    `lower[q, node, flat]` is what the attacker takes for granted as the least possible value of a hidden count.
    `published` is false for rows that are in no publication (they cost nothing and are bounded by zero);
    `fixed` is true for rows that may never be hidden; `given` for rows that are hidden whatever is chosen here.
    """

    tree: Tree
    space: FlatSpace
    values: Ints
    lower: Ints
    cost: Floats
    published: Bools
    fixed: Bools
    given: Bools
    primaries: list[Primary]
    exchanges: list[tuple[int, int]] = field(default_factory=lambda: [(0, -1)])

    def room(self) -> Ints:
        """How far each count can fall, padded with one node and one flat node that have room in plenty."""
        quantities, nodes, flats = self.values.shape
        room = np.full((quantities + 1, nodes + 1, flats + 1), PLENTY, dtype=np.int64)
        room[:quantities, :nodes, :flats] = self.values - self.lower
        return room

    def start_cost(self) -> Floats:
        """Cost of hiding each row that is not yet hidden, padded as `room`."""
        nodes, flats = self.published.shape
        cost = np.zeros((nodes + 1, flats + 1))
        cost[:nodes, :flats] = np.where(self.published, np.where(self.fixed, FORBIDDEN, self.cost), 0.0)
        cost[:nodes, :flats][self.given] = 0.0
        return cost


def cell_cost(counts: Ints, level: Ints, inner: Bools) -> Floats:
    """What hiding a row costs its readers: more for large counts, for higher areas and for margins."""
    deepest = level.max(initial=0)
    cost: Floats = (
        np.log2(2.0 + counts) * (1.0 + 0.5 * (deepest - level))[:, None] * np.where(inner, 1.3, 1.0)[None, :]
    )
    return cost
