"""The cheapest change of one count inside a block of the table, found by linear programming.

A box (`moves`) uses a fixed shape; a flow may take any shape, so it finds what boxes cannot, at a price in time.
The block of a cell is everything below the parent of its area; nothing at the parent or above changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.quiet import without_stdout
from bds_tool.base.text import t
from bds_tool.protect.certificate import Certificate
from bds_tool.protect.table_model import Primary, Problem
from bds_tool.protect.types import FORBIDDEN, PLENTY, Bools, Floats, Ints

if TYPE_CHECKING:
    from bds_tool.protect.secondary import Suppressor

#: Cost of a row that is hidden anyway: small enough never to matter, enough to avoid idle circles.
IDLE = 1e-3
#: Rows in a block beyond which no flow is sought: one solve would take seconds.
LARGEST = 20_000


def highs() -> Any:  # noqa: ANN401
    """The HiGHS module. Raises UsageError when the extra is not installed."""
    try:
        import highspy
    except ImportError as error:
        raise UsageError(
            t("Beveiligen heeft het pakket highspy nodig.", "Protection needs the package highspy."),
            t(
                'Installeer het met: pip install "bds-tool[protect]".',
                'Install it with: pip install "bds-tool[protect]".',
            ),
        ) from error
    return highspy


def independent(equations: Ints) -> Ints:
    """Equations without those that follow from earlier ones."""
    if not equations.size:
        return equations
    work = equations.astype(float)
    kept: list[int] = []
    basis: list[tuple[int, Floats]] = []
    for number, row in enumerate(work):
        left = row.copy()
        for pivot, other in basis:
            if left[pivot]:
                left -= left[pivot] * other
        pivot = int(np.abs(left).argmax())
        if abs(left[pivot]) > 1e-9:
            basis.append((pivot, left / left[pivot]))
            kept.append(number)
    return equations[kept]


@dataclass
class Block:
    """A linear programme over the rows below one tree node: how much each row changes, up and down apart."""

    nodes: Ints
    flats: int
    gains: int
    loses: int
    model: Any
    up: Floats
    down: Floats
    solved: int = 0
    _closed: Bools | None = field(default=None, repr=False)

    @classmethod
    def build(cls, problem: Problem, top: int, gains: int, loses: int) -> Block:
        """The block below `top` (-1: everything); a row gives count `loses` to count `gains` (-1: its own sum changes)."""
        nodes = _below(problem, top)
        flats = problem.space.size
        at = {int(n): i for i, n in enumerate(nodes)}
        own = independent(problem.space.equations)
        rows: list[tuple[Ints, Floats]] = []
        for node in [*([top] if top >= 0 else []), *nodes.tolist()]:
            children = [at[c] for c in problem.tree.children[node]]
            if not children:
                rows += [(at[node] * flats + np.flatnonzero(e), e[e != 0].astype(float)) for e in own]
            else:
                parts = np.array(children)[:, None] * flats + np.arange(flats)[None, :]
                if node != top:
                    whole = at[node] * flats + np.arange(flats)
                    parts = np.concatenate([whole[None, :], parts])
                signs = np.r_[np.full(0 if node == top else 1, -1.0), np.ones(len(children))]
                rows += [(parts[:, f], signs) for f in range(flats)]
        room = problem.values - problem.lower
        down = room[gains][nodes].ravel().astype(float)
        up = room[loses][nodes].ravel().astype(float) if loses >= 0 else np.full(len(down), float(PLENTY))
        limit = 1000.0  # a change of one count by one never needs a larger change elsewhere
        return cls(
            nodes, flats, gains, loses, _programme(rows, len(down)), up.clip(max=limit), down.clip(max=limit)
        )

    def solve(
        self, node: int, flat: int, direction: int, cost: Floats, closed: Bools
    ) -> tuple[Ints, float] | None:
        """The cheapest whole change with the row's own change equal to `direction`, and its cost. None: there is none.

        `cost` is per row of the block; rows in `closed` may not change.
        """
        highspy = highs()
        size = len(self.up)
        columns = np.arange(2 * size, dtype=np.int32)
        upper = np.concatenate([np.where(closed, 0.0, self.up), np.where(closed, 0.0, self.down)])
        lower = np.zeros(2 * size)
        row = int(np.flatnonzero(self.nodes == node)[0]) * self.flats + flat
        mine, other = (row, row + size) if direction > 0 else (row + size, row)
        if upper[mine] < 1:
            return None
        lower[mine] = upper[mine] = 1.0
        upper[other] = 0.0
        self.model.changeColsBounds(2 * size, columns, lower, upper)
        weight = np.maximum(cost, IDLE)
        self.model.changeColsCost(2 * size, columns, np.concatenate([weight, weight]))
        self.model.run()
        self.solved += 1
        if self.model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = np.array(self.model.getSolution().col_value)
        change = solution[:size] - solution[size:]
        whole = np.round(change)
        if np.abs(change - whole).max() > 1e-6:
            return None
        return whole.astype(np.int64), float(cost[whole != 0].sum())


def _below(problem: Problem, top: int) -> Ints:
    found, stack = [], list(problem.tree.children[top]) if top >= 0 else [problem.tree.root]
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(problem.tree.children[node])
    return np.array(sorted(found), dtype=np.int64)


def _programme(rows: list[tuple[Ints, Floats]], size: int) -> Any:  # noqa: ANN401
    highspy = highs()
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = 2 * size, len(rows)
    program.col_cost_ = np.zeros(2 * size)
    program.col_lower_, program.col_upper_ = np.zeros(2 * size), np.ones(2 * size)
    program.row_lower_ = program.row_upper_ = np.zeros(len(rows))
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = np.r_[0, np.cumsum([2 * len(c) for c, _ in rows])].astype(np.int32)
    # A problem without relations has no rows: every cell changes freely.
    columns = [np.concatenate([c, c + size]) for c, _ in rows] or [np.array([], dtype=np.int64)]
    weights = [np.concatenate([v, -v]) for _, v in rows] or [np.array([])]
    program.a_matrix_.index_ = np.concatenate(columns).astype(np.int32)
    program.a_matrix_.value_ = np.concatenate(weights)
    with without_stdout():  # it prints a banner before it can be told to be silent
        model = highspy.Highs()
        model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.setOptionValue("presolve", "off")
    model.passModel(program)
    return model


class Flows:
    """Blocks of one problem, built when first asked for: around each primary, or (`whole`) of the whole table."""

    def __init__(self, problem: Problem, *, whole: bool = False) -> None:
        self.problem = problem
        self.whole = whole
        self.blocks: dict[tuple[int, int, int], Block] = {}

    @property
    def solved(self) -> int:
        return sum(b.solved for b in self.blocks.values())

    def find(
        self, primary: Primary, cost: Floats, closed: Bools | None = None
    ) -> tuple[list[Certificate], float] | None:
        """Certificates that meet the need of a primary at the least cost, or None.

        `cost` and `closed` are per (node, flat) as in `Suppressor`; a row of cost FORBIDDEN is closed as well.
        """
        best: tuple[list[Certificate], float] | None = None
        for one, other in self.problem.exchanges:
            if primary.quantity not in {one, other}:
                continue
            gains, loses = (one, other) if primary.quantity == one else (other, one)
            block = self._block(primary.node, gains, loses)
            if block is None:
                continue
            own = cost[block.nodes, : block.flats].ravel()
            shut = own >= FORBIDDEN
            if closed is not None:
                shut = shut | closed[block.nodes, : block.flats].ravel()
            for need in primary.need:
                found = self._meet(block, primary, need, own, shut)
                if found is not None and (best is None or found[1] < best[1]):
                    best = found
        return best

    def _block(self, node: int, gains: int, loses: int) -> Block | None:
        top = -1 if self.whole else int(self.problem.tree.parent[node])
        if top < 0 and not self.whole:
            return None
        key = (top, gains, loses)
        if key not in self.blocks:
            if len(_below(self.problem, top)) * self.problem.space.size > LARGEST:
                return None
            self.blocks[key] = Block.build(self.problem, top, gains, loses)
        return self.blocks[key]

    def _meet(
        self, block: Block, primary: Primary, need: tuple[int, int], cost: Floats, shut: Bools
    ) -> tuple[list[Certificate], float] | None:
        made: list[Certificate] = []
        spent = 0.0
        cost = cost.copy()
        for direction, amount in ((1, need[0]), (-1, need[1])):
            reached = max([0, *((c.up if direction > 0 else c.down) for c in made)])
            if amount <= reached:
                continue
            found = block.solve(primary.node, primary.flat, direction, cost, shut)
            if found is None:
                return None
            certificate = _certificate(self.problem, block, primary, found[0] * direction)
            if (certificate.up if direction > 0 else certificate.down) < amount:
                return None
            made.append(certificate)
            spent += found[1]
            cost[found[0] != 0] = 0.0
        return made, spent


def _certificate(problem: Problem, block: Block, primary: Primary, change: Ints) -> Certificate:
    where = np.flatnonzero(change)
    nodes, flats, deltas = block.nodes[where // block.flats], where % block.flats, change[where]
    up = down = PLENTY
    for quantity, sign in ((block.gains, 1), (block.loses, -1)):
        if quantity >= 0:
            room = (problem.values - problem.lower)[quantity, nodes, flats]
            signed = deltas * sign
            up = min([up, *(room[signed < 0] // -signed[signed < 0]).tolist()])
            down = min([down, *(room[signed > 0] // signed[signed > 0]).tolist()])
    return Certificate(primary, nodes, flats, deltas, block.gains, block.loses, int(up), int(down))


def cheapest_flow(suppressor: Suppressor, primary: Primary) -> list[Certificate] | None:
    """The ladder's first rung: a flow around the cell, or else one through the whole table."""
    for whole in (False, True):
        found = Flows(suppressor.problem, whole=whole).find(primary, suppressor.cost)
        if found is not None:
            return found[0]
    return None
