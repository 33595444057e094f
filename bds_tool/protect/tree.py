"""The tree dimension of a table: usually areas (land > gemeente > wijk > buurt)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bds_tool.protect.types import Ints

#: Paths beside a node up to which they are kept for each node apart.
FEW = 400


@dataclass
class Tree:
    """A rooted tree in which no node has exactly one child (`contract` merges such nodes into one).

    `parent[root]` is -1. `label_node[i]` is the node of the i-th label of the table as delivered.
    """

    parent: Ints
    label_node: Ints
    children: list[list[int]] = field(init=False, repr=False)
    root: int = field(init=False)
    _paths: dict[int, Ints] = field(default_factory=dict, repr=False)
    _partners: dict[int, tuple[Ints, Ints]] = field(default_factory=dict, repr=False)
    _beside: dict[int, Ints] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.children = [[] for _ in self.parent]
        for node, parent in enumerate(self.parent.tolist()):
            if parent >= 0:
                self.children[parent].append(node)
        self.root = int(np.flatnonzero(self.parent < 0)[0])

    @property
    def size(self) -> int:
        return len(self.parent)

    def depth(self) -> Ints:
        """Steps to the root, per node."""
        depth = np.zeros(self.size, dtype=np.int64)
        node = self.parent.copy()
        while (node >= 0).any():
            depth[node >= 0] += 1
            node = np.where(node >= 0, self.parent[node], -1)
        return depth

    def labels_of(self, nodes: Ints) -> tuple[Ints, Ints]:
        """Every label of each of the nodes: its position in `nodes`, and the label."""
        order = np.argsort(self.label_node, kind="stable")
        count = np.bincount(self.label_node, minlength=self.size)
        start = np.r_[0, np.cumsum(count)[:-1]]
        each = np.repeat(np.arange(len(nodes)), count[nodes])
        return each, order[np.repeat(start[nodes], count[nodes]) + count_up(count[nodes])]

    def leaves_below(self, top: int) -> Ints:
        """Paths from `top` down to each of its leaves: one row per leaf, padded with -1 at the end."""
        if top not in self._paths:
            rows: list[list[int]] = []
            stack = [[top]]
            while stack:
                path = stack.pop()
                below = self.children[path[-1]]
                if below:
                    stack.extend([*path, child] for child in below)
                else:
                    rows.append(path)
            self._paths[top] = _padded(rows)
        return self._paths[top]

    def partners(self, node: int) -> tuple[Ints, Ints]:
        """Where a child can go to from `node`: paths from each sibling to its leaves, and the path above `node`.

        The second array is the ancestors of `node`: what a change without a partner touches as well.
        """
        parent = int(self.parent[node])
        if parent < 0:
            return np.zeros((0, 1), dtype=np.int64), np.zeros(0, dtype=np.int64)
        if parent not in self._partners:
            rows = [self.leaves_below(child) for child in self.children[parent]]
            width = max(r.shape[1] for r in rows)
            stacked = np.concatenate(
                [np.pad(r, ((0, 0), (0, width - r.shape[1])), constant_values=-1) for r in rows]
            )
            above = [parent]
            while self.parent[above[-1]] >= 0:
                above.append(int(self.parent[above[-1]]))
            self._partners[parent] = stacked, np.array(above, dtype=np.int64)
        stacked, above_array = self._partners[parent]
        beside = self._beside.get(node)
        if beside is None:
            beside = stacked[stacked[:, 0] != node]
            if len(beside) <= FEW:
                self._beside[node] = beside
        return beside, above_array


def contract(parent: Ints) -> Tree:
    """Merge every node that is an only child with its parent: they are one cell with two labels."""
    label_node = np.arange(len(parent))
    counts = np.bincount(parent[parent >= 0], minlength=len(parent))
    for node in np.argsort(_depths(parent), kind="stable").tolist():
        above = parent[node]
        if above >= 0 and counts[above] == 1:
            label_node[node] = label_node[above]
    kept = np.unique(label_node)
    renumber = np.full(len(parent), -1, dtype=np.int64)
    renumber[kept] = np.arange(len(kept))
    above = parent[kept]
    return Tree(np.where(above >= 0, renumber[label_node[above]], -1), renumber[label_node])


def _depths(parent: Ints) -> Ints:
    depth = np.zeros(len(parent), dtype=np.int64)
    node = parent.copy()
    while (node >= 0).any():
        depth += node >= 0
        node = np.where(node >= 0, parent[node], -1)
    return depth


def _padded(rows: list[list[int]]) -> Ints:
    width = max(len(r) for r in rows)
    return np.array([r + [-1] * (width - len(r)) for r in rows], dtype=np.int64)


def count_up(lengths: Ints) -> Ints:
    """0, 1, .. for each length in turn."""
    result: Ints = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return result
