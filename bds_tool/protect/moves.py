"""Moves: changes of a table that leave every sum intact.

A move of one dimension is a small vector over its nodes that satisfies all its equations. Two kinds are
elementary: a *path* adds one to a leaf and to everything the leaf is part of; a *swap* takes one from a leaf
and gives it to another, so that what contains both does not change. The product of one move per dimension is
a move of the whole table: it touches few cells and leaves all other cells, margins included, unchanged.
This is the hypercube of Giessing and Repsilber, written for trees (Hundepool e.a., Handbook on Statistical
Disclosure Control, 2nd ed., ch. 4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np

from bds_tool.protect.types import Ints

#: A move: node → +1 or -1.
Move = dict[int, int]

#: Candidates looked at per cell; the smallest come first.
MOST_CANDIDATES = 400


def swaps(paths: Iterable[Move]) -> list[Move]:
    """For every pair of paths: the difference, without the nodes that contain both."""
    return [subtract(a, b) for a, b in combinations(list(paths), 2)]


def subtract(a: Move, b: Move) -> Move:
    return {n: d for n in a.keys() | b.keys() if (d := a.get(n, 0) - b.get(n, 0))}


def tensor(a: Iterable[Move], b: Iterable[Move], width: int) -> list[Move]:
    """All products of two sets of moves; node (i, j) of the product is `i * width + j`."""
    return [
        {i * width + j: d * e for i, d in x.items() for j, e in y.items()}
        for x, y in product(list(a), list(b))
    ]


@dataclass
class FlatSpace:
    """The nodes of all dimensions but the tree, with their moves, indexed by the node they change.

    `equations` has one row per sum: -1 at the total, +1 at its parts.
    """

    size: int
    moves: list[Move]
    equations: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64), repr=False)
    _cache: dict[int, tuple[Ints, Ints]] = field(default_factory=dict, repr=False)
    _by_node: list[list[int]] | None = field(default=None, repr=False)

    def candidates(self, node: int) -> tuple[Ints, Ints]:
        """Moves that add one to `node`, as (touched with +1, touched with -1); padding is `size`."""
        if node not in self._cache:
            self._cache[node] = self._pack(node)
        return self._cache[node]

    def _pack(self, node: int) -> tuple[Ints, Ints]:
        if self._by_node is None:
            self._by_node = [[] for _ in range(self.size)]
            for k, move in enumerate(self.moves):
                for n in move:
                    self._by_node[n].append(k)
        chosen = sorted((self.moves[k] for k in self._by_node[node]), key=len)[:MOST_CANDIDATES]
        plus = [[n for n, d in m.items() if d * m[node] > 0] for m in chosen]
        minus = [[n for n, d in m.items() if d * m[node] < 0] for m in chosen]
        return self._padded(plus), self._padded(minus)

    def _padded(self, lists: list[list[int]]) -> Ints:
        width = max([1, *(len(x) for x in lists)])
        return np.array([x + [self.size] * (width - len(x)) for x in lists], dtype=np.int64).reshape(
            -1, width
        )
