"""One indicator of a result as a dense table: counts per area, period and breakdown, with what is in no row.

Where parts do not fill their total (children of unknown sex, years outside the table) a *rest* is added that
nobody publishes; where parts exceed it, total and parts are not bound by a sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from bds_tool.protect.moves import FlatSpace, Move, swaps, tensor
from bds_tool.protect.tree import Tree, contract
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    import polars as pl

TOTAL = "totaal"
BREAKDOWNS = ("sex", "education", "age", "origin", "mother_age")
#: Root moves over all breakdowns at once are products; more than this and only the shortest are kept.
MOST_ROOT_MOVES = 600


@dataclass
class Axis:
    """Nodes of one dimension, and its sums as (total, parts); a rest node has an empty name."""

    names: list[str]
    sums: list[tuple[int, list[int]]] = field(default_factory=list)

    def moves(self) -> list[Move]:
        """Paths of every node without parts, through all totals that contain it, and swaps between them."""
        above: dict[int, set[int]] = {}
        for total, parts in self.sums:
            for part in parts:
                above.setdefault(part, set()).add(total)
        inner = {total for total, _ in self.sums}
        paths = []
        for atom in (n for n in range(len(self.names)) if n not in inner):
            reached, stack = {atom}, [atom]
            while stack:
                for up in above.get(stack.pop(), ()):
                    if up not in reached:
                        reached.add(up)
                        stack.append(up)
            paths.append(dict.fromkeys(sorted(reached), 1))
        return paths + swaps(paths)

    def equations(self) -> Ints:
        rows = np.zeros((len(self.sums), len(self.names)), dtype=np.int64)
        for row, (total, parts) in zip(rows, self.sums, strict=True):
            row[total] = -1
            row[parts] = 1
        return rows


@dataclass
class Cube:
    """Counts `values[q, area, flat]`; flat is period x breakdown. `row[area, flat]` is the row of the frame, or -1."""

    tree: Tree
    space: FlatSpace
    values: Ints
    row: Ints
    real: Bools


def periods(names: list[str], *, additive: bool) -> Axis:
    """Years and windows of years: a window is the sum of the years in it."""
    axis = Axis(names)
    if not additive:
        return axis
    years = {n: i for i, n in enumerate(names) if n.isdecimal()}
    for i, name in enumerate(names):
        first, _, last = name.partition("-")
        if last.isdecimal() and first.isdecimal():
            parts = [years[str(y)] for y in range(int(first), int(last) + 1) if str(y) in years]
            if parts:
                axis.sums.append((i, parts))
    return axis


def add_rest(values: Ints, axis_number: int, axis: Axis) -> Ints:
    """Add a rest node to sums whose parts do not fill the total; drop sums whose parts exceed it."""
    moved = np.moveaxis(values, axis_number, 0)
    kept = []
    for total, children in axis.sums:
        parts = children
        rest = moved[total] - moved[parts].sum(axis=0)
        if (rest < 0).any():
            continue
        if (rest > 0).any():
            axis.names.append("")
            parts = [*parts, len(axis.names) - 1]
            moved = np.concatenate([moved, rest[None]])
        kept.append((total, parts))
    axis.sums = kept
    return np.moveaxis(moved, 0, axis_number)


@dataclass
class Breakdowns:
    """Moves and sums over the nodes of all breakdowns together: the total first, then groups of crossed columns."""

    moves: list[Move]
    equations: Ints


def column_groups(tuples: list[tuple[str, ...]]) -> list[tuple[int, ...]]:
    """Columns that occur crossed in some row, put together."""
    groups: list[set[int]] = []
    for row in tuples:
        used = {i for i, v in enumerate(row) if v != TOTAL}
        if not used:
            continue
        touching = [g for g in groups if g & used]
        groups = [g for g in groups if not g & used] + [set().union(used, *touching)]
    return sorted(tuple(sorted(g)) for g in groups)


def build_cube(frame: pl.DataFrame, quantities: list[str], *, additive: bool) -> Cube:
    """The dense table of one indicator. `frame` has columns area, parent, period, breakdowns and the quantities."""
    area_axis, parent = _areas(frame)
    names = sorted(frame["period"].unique().to_list(), key=lambda n: (n.isdecimal(), n))
    period = periods(names, additive=additive)
    # Column by column: a frame made of them costs more than the rows do.
    kinds = list(zip(*(frame[c].to_list() for c in BREAKDOWNS), strict=True))
    tuples = sorted({*kinds, (TOTAL,) * len(BREAKDOWNS)})
    tuples.sort(key=lambda r: sum(v != TOTAL for v in r))
    groups = column_groups(tuples)
    nodes, index, group_axes = _group_nodes(tuples, groups)
    at_area = {a: i for i, a in enumerate(area_axis)}
    at_period = {p: i for i, p in enumerate(names)}
    a = np.array([at_area[v] for v in frame["area"].to_list()], dtype=np.int64)
    p = np.array([at_period[v] for v in frame["period"].to_list()], dtype=np.int64)
    b = np.array([index[kind] for kind in kinds], dtype=np.int64)
    values = np.zeros((len(quantities), len(area_axis), len(names), len(nodes)), dtype=np.int64)
    for q, name in enumerate(quantities):
        values[q, a, p, b] = frame[name].fill_null(0).to_numpy()
    row = np.full(values.shape[1:], -1, dtype=np.int64)
    row[a, p, b] = np.arange(frame.height)
    values = add_rest(values, 2, period)
    values, breakdown = _close_breakdowns(values, nodes, groups, group_axes)
    values, parent = _close_areas(values, parent)
    shape = values.shape[1:]
    full_row = np.full(shape, -1, dtype=np.int64)
    full_row[: row.shape[0], : row.shape[1], : row.shape[2]] = row
    real = np.zeros(shape, dtype=bool)
    real[: row.shape[0], : row.shape[1], : row.shape[2]] = True
    return _flatten(values, full_row, real, parent, period, breakdown)


def _flatten(values: Ints, row: Ints, real: Bools, parent: Ints, period: Axis, breakdown: Breakdowns) -> Cube:
    width = values.shape[3]
    moves = tensor(period.moves(), breakdown.moves, width)
    equations = np.concatenate(
        [
            np.kron(period.equations(), np.eye(width, dtype=np.int64)),
            np.kron(np.eye(values.shape[2], dtype=np.int64), breakdown.equations),
        ]
    )
    size = values.shape[2] * width
    tree = contract(parent)
    first = np.full(tree.size, -1, dtype=np.int64)
    first[tree.label_node[::-1]] = np.arange(len(parent))[::-1]
    flat = values.reshape(values.shape[0], len(parent), size)
    # A node is real when any of its labels is; a rest stands for nobody's row.
    real_nodes = np.zeros((tree.size, size), dtype=bool)
    np.logical_or.at(real_nodes, tree.label_node, real.reshape(len(parent), size))
    return Cube(
        tree, FlatSpace(size, moves, equations), flat[:, first], row.reshape(len(parent), size), real_nodes
    )


def _areas(frame: pl.DataFrame) -> tuple[list[str], Ints]:
    """All areas, a virtual root first (empty name), and the parent of each."""
    above = {a: p or "" for a, p in zip(frame["area"].to_list(), frame["parent"].to_list(), strict=True)}
    names = ["", *sorted(above)]
    index = {n: i for i, n in enumerate(names)}
    parent = np.array([-1, *(index.get(above[n], 0) for n in names[1:])], dtype=np.int64)
    return names, parent


def _close_areas(values: Ints, parent: Ints) -> tuple[Ints, Ints]:
    """Rests below areas that are more than their parts; parts that exceed their area hang under the root instead."""
    parents, extra, extra_parent = parent.copy(), [], []
    top = parents == 0
    values[:, 0] = values[:, top].sum(axis=1)
    for node in np.unique(parents[parents > 0]).tolist():
        rest = values[:, node] - values[:, parents == node].sum(axis=1)
        if (rest < 0).any():
            parents[parents == node] = 0
        elif (rest > 0).any():
            extra.append(rest)
            extra_parent.append(node)
    if extra:
        values = np.concatenate([values, np.stack(extra, axis=1)], axis=1)
        parents = np.concatenate([parents, np.array(extra_parent, dtype=np.int64)])
    values[:, 0] = values[:, parents == 0].sum(axis=1)
    return values, parents


def _group_nodes(
    tuples: list[tuple[str, ...]], groups: list[tuple[int, ...]]
) -> tuple[list[tuple[str, ...]], dict[tuple[str, ...], int], list[list[list[str]]]]:
    """Every combination inside a group is a node, whether a row has it or not."""
    total = (TOTAL,) * len(BREAKDOWNS)
    nodes, index = [total], {total: 0}
    axes = []
    for group in groups:
        values = [[TOTAL, *sorted({t[c] for t in tuples} - {TOTAL})] for c in group]
        axes.append(values)
        for combination in product(*values):
            node = list(total)
            for column, value in zip(group, combination, strict=True):
                node[column] = value
            key = tuple(node)
            if key not in index:
                index[key] = len(nodes)
                nodes.append(key)
    return nodes, index, axes


def _close_breakdowns(
    values: Ints,
    nodes: list[tuple[str, ...]],
    groups: list[tuple[int, ...]],
    group_values: list[list[list[str]]],
) -> tuple[Ints, Breakdowns]:
    index = {n: i for i, n in enumerate(nodes)}
    total = nodes[0]
    per_group: list[list[Move]] = []
    equations: list[Ints] = []
    width = len(nodes)
    for group, names in zip(groups, group_values, strict=True):
        shape = tuple(len(n) for n in names)
        places = np.zeros(shape, dtype=np.int64)
        for at in np.ndindex(shape):
            node = list(total)
            for column, name, i in zip(group, names, at, strict=True):
                node[column] = name[i]
            places[at] = index[tuple(node)]
        cube = values[..., places.ravel()].reshape(*values.shape[:3], *shape)
        axes = []
        for k, name in enumerate(names):
            axis = Axis(list(name), [(0, list(range(1, len(name))))])
            cube = add_rest(cube, 3 + k, axis)
            axes.append(axis)
        places, added = _number_rests(places, cube.shape[3:], width)
        fresh = cube.reshape(*values.shape[:3], -1)[..., np.isin(places.ravel(), added)]
        values = np.concatenate([values, fresh], axis=3)
        width += len(added)
        moves: list[Move] = [{0: 1}]
        own = np.zeros((0, 1), dtype=np.int64)
        for axis in axes:
            size = len(axis.names)
            own = np.concatenate(
                [
                    np.kron(own, np.eye(size, dtype=np.int64)),
                    np.kron(np.eye(own.shape[1], dtype=np.int64), axis.equations()),
                ]
            )
            moves = tensor(moves, axis.moves(), size)
        lookup = places.ravel()
        per_group.append([{int(lookup[n]): d for n, d in m.items()} for m in moves])
        spread = np.zeros((len(own), width), dtype=np.int64)
        spread[:, lookup] = own
        equations.append(spread)
    rows = [np.pad(e, ((0, 0), (0, width - e.shape[1]))) for e in equations]
    joined = np.concatenate(rows) if rows else np.zeros((0, width), dtype=np.int64)
    return values, Breakdowns(_star(per_group), joined)


def _number_rests(places: Ints, shape: tuple[int, ...], width: int) -> tuple[Ints, Ints]:
    full = np.full(shape, -1, dtype=np.int64)
    full[tuple(slice(0, s) for s in places.shape)] = places
    missing = full < 0
    full[missing] = np.arange(width, width + int(missing.sum()))
    return full, full[missing]


def _star(per_group: list[list[Move]]) -> list[Move]:
    """Moves of groups that share only their total: a change of the total needs one part in every group."""
    if not per_group:
        return [{0: 1}]
    still = [m for group in per_group for m in group if 0 not in m]
    roots: list[Move] = [{0: 1}]
    for group in per_group:
        mine = sorted((m for m in group if 0 in m), key=len)
        roots = [{**r, **{n: d * m[0] for n, d in m.items()}} for r in roots for m in mine]
        roots = sorted(roots, key=len)[:MOST_ROOT_MOVES]
    # The difference of two root moves that differ in one group is a move of that group; those are in `still`.
    return roots + [m for m in still if m]
