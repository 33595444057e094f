"""What to merge when too much would be hidden: each dimension in turn left out, or its codes taken in pairs.

Proposals only: the loss is shown before and after, the choice is people's. Of a table every coarser one is
protected anew. Of a result, and of a table too large for that, the rows that would stay are looked up in the
pattern found: publishing fewer rows is as safe, so what is hidden of them is the most that protecting them alone
would hide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bds_tool.base.text import number, t
from bds_tool.protect.generic import CountTable, Dimension
from bds_tool.protect.table_run import suppress, table_problem
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.policy import Policy

#: Share hidden from which merging is worth a thought; at 42 % a table says little (sdc facts, table XL).
TOO_MUCH = 0.30
#: Proposals told of a table.
SHOWN = 3
#: Cells up to which coarser tables are protected anew: each one costs as much as protecting the table.
LARGEST = 50_000


@dataclass(frozen=True)
class Proposal:
    """A coarser table: what changes, its cells and how many of them would be hidden."""

    change: str
    cells: int
    hidden: int

    def text(self, share_now: float, *, most: bool = False) -> str:
        """In words; `most`: the share is the most it can be."""
        now, then = number(100 * share_now, 1), number(100 * self.hidden / max(1, self.cells), 1)
        limit = t("hoogstens ", "at most ") if most else ""
        return t(
            f"Voorstel: {self.change}: {limit}{then} % van {number(self.cells)} cellen verborgen in plaats van {now} %.",
            f"Proposal: {self.change}: {limit}{then} % of {number(self.cells)} cells hidden instead of {now} %.",
        )


def table_proposals(table: CountTable, policy: Policy, secret: Bools) -> list[str]:
    """Coarser tables in words, those that hide the smallest share first; empty when little is hidden.

    `secret` says per cell of `table.values` whether it is hidden.
    """
    share = float((secret & table.published).sum() / max(1, table.published.sum()))
    if share <= TOO_MUCH:
        return []
    most = table.values.size > LARGEST
    found = _looked_up(table, secret) if most else _protected_anew(table, policy)
    found.sort(key=lambda p: p.hidden / max(1, p.cells))
    return [p.text(share, most=most) for p in found[:SHOWN]]


def _protected_anew(table: CountTable, policy: Policy) -> list[Proposal]:
    found = []
    for axis, dimension in enumerate(table.dimensions):
        for change, coarser in _coarser(table, axis, dimension):
            outcome = suppress(table_problem(coarser, policy), passes=1)
            hidden = int(outcome.hidden[coarser.tree.label_node].sum())
            found.append(Proposal(change, int(coarser.published.sum()), hidden))
    return found


def _looked_up(table: CountTable, secret: Bools) -> list[Proposal]:
    """The proposals that only leave out rows."""
    found = []
    for axis, dimension in enumerate(table.dimensions):
        for change, keep in _fewer(axis, dimension):
            shown = np.take(table.published, keep, axis)
            found.append(Proposal(change, int(shown.sum()), int((np.take(secret, keep, axis) & shown).sum())))
    return found


def result_proposals(frame: pl.DataFrame) -> list[str]:
    """Coarser publications of a protected result (`status` per row), in words; empty when little is hidden."""
    import polars as pl

    from bds_tool.protect.cube import BREAKDOWNS, TOTAL

    secret = pl.col("status").is_in(["verborgen"])
    share = float(frame.select(secret.mean().fill_null(0.0)).item())
    if share <= TOO_MUCH:
        return []
    window = pl.col("period").str.contains("-")
    windows = frame.filter(window)["period"].unique().sort().to_list()
    keep = []
    if windows:
        names = ", ".join(windows)
        keep.append(
            (t(f"alleen {names} in plaats van losse jaren", f"only {names}, no single years"), window)
        )
    present = frame["level"].unique().to_list()
    levels = [level for level in ("land", "regio", "gemeente", "wijk", "buurt", "school") if level in present]
    if len(levels) > 1:
        keep.append((t(f"zonder {levels[-1]}", f"without {levels[-1]}"), pl.col("level") != levels[-1]))
    keep += [
        (t(f"niet uitgesplitst naar {name}", f"no breakdown by {name}"), pl.col(name) == TOTAL)
        for name in BREAKDOWNS
        if (frame[name] != TOTAL).any()
    ]
    found = []
    for change, rows in keep:
        left = frame.filter(rows)
        hidden = int(left.select(secret.sum()).item())
        if left.height and hidden / left.height < share:
            found.append(Proposal(change, left.height, hidden))
    return [p.text(share, most=True) for p in sorted(found, key=lambda p: p.hidden / p.cells)]


def _coarser(table: CountTable, axis: int, dimension: Dimension) -> list[tuple[str, CountTable]]:
    made = [(change, _keep(table, axis, keep)) for change, keep in _fewer(axis, dimension)]
    inner = np.unique(dimension.parent[dimension.parent >= 0])
    leaves = np.setdiff1d(np.arange(len(dimension.codes)), inner)
    if len(inner) == 1 and len(leaves) > 3 and not dimension.also:
        name = dimension.description.name
        made.append(
            (t(f"{name} per twee samen", f"{name} two by two"), _pairs(table, axis, dimension, leaves))
        )
    return made


def _fewer(axis: int, dimension: Dimension) -> list[tuple[str, Ints]]:
    """What to leave out of a dimension, and the positions that stay."""
    inner = np.unique(dimension.parent[dimension.parent >= 0])
    name, made = dimension.description.name, []
    if len(inner) > 1 and not dimension.also:
        # The lowest level of a tree: leaves whose parent is no root.
        leaves = np.setdiff1d(np.arange(len(dimension.codes)), inner)
        low = leaves[dimension.parent[leaves] > 0]
        keep = np.setdiff1d(np.arange(len(dimension.codes)), low)
        made.append((t(f"{name} zonder laagste niveau", f"{name} without its lowest level"), keep))
    if axis > 0 and len(dimension.codes) > 1:
        made.append((t(f"{name} niet uitgesplitst", f"no breakdown by {name}"), np.array([0])))
    return made


def _keep(table: CountTable, axis: int, keep: np.ndarray) -> CountTable:
    old = table.dimensions[axis]
    index = {int(k): i for i, k in enumerate(keep)}
    parent = np.array([index.get(int(old.parent[k]), -1) for k in keep], dtype=np.int64)
    new = Dimension(old.description, tuple(old.codes[int(k)] for k in keep), parent)
    dimensions = (*table.dimensions[:axis], new, *table.dimensions[axis + 1 :])
    return CountTable(
        dimensions, np.take(table.values, keep, axis), np.take(table.published, keep, axis), table.count
    )


def _pairs(table: CountTable, axis: int, old: Dimension, leaves: np.ndarray) -> CountTable:
    groups = [leaves[i : i + 2] for i in range(0, len(leaves), 2)]
    moved = np.moveaxis(table.values, axis, 0)
    values = np.concatenate([moved[:1], np.stack([moved[g].sum(axis=0) for g in groups])])
    codes = (old.codes[0], *("+".join(old.codes[int(i)] for i in g) for g in groups))
    new = Dimension(old.description, codes, np.array([-1, *[0] * len(groups)], dtype=np.int64))
    dimensions = (*table.dimensions[:axis], new, *table.dimensions[axis + 1 :])
    values = np.ascontiguousarray(np.moveaxis(values, 0, axis))
    return CountTable(dimensions, values, np.ones(values.shape, dtype=bool), table.count)
