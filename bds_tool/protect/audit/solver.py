"""One connected part of a publication, attacked with HiGHS."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.quiet import without_stdout
from bds_tool.base.text import t
from bds_tool.protect.audit.system import Bools, Floats, Ints

#: Distance to a whole number below which a solution counts as whole.
WHOLE = 1e-6
#: Objectives that pull all open cells at once, before any cell is attacked on its own: as long as each settles more
#: cells than the two solutions a cell costs on its own.
SPREADS, WORTH = 60, 2
#: How many sums away from what is attacked other cells may change at first, from many and from one: letting all of them go
#: takes most of the time.
CLOSE, FURTHER = 3, 6
#: Nodes of the whole-number search for one end of one cell; beyond it the cell is not judged. A bound in work, so that the
#: verdict is the same on every machine and at every load; a search that is slower still by `AT_MOST` seconds ends as well.
NODES, AT_MOST = 2_000, 900.0
#: Standard output is one for all threads.
ONE_AT_A_TIME = Lock()


def highs() -> Any:  # noqa: ANN401
    """The HiGHS module. Raises UsageError when the extra is not installed."""
    try:
        import highspy
    except ImportError as error:
        raise UsageError(
            t(
                "De controle van beveiligde tabellen heeft het pakket highspy nodig.",
                "The audit of protected tables needs the package highspy.",
            ),
            t(
                'Installeer het met: pip install "bds-tool[protect]".',
                'Install it with: pip install "bds-tool[protect]".',
            ),
        ) from error
    return highspy


@dataclass
class Component:
    """Unknown cells that hang together: bounds, sums, and what has been seen to be possible so far."""

    low: Floats
    high: Floats
    model: Any
    seen_low: Floats
    seen_high: Floats
    #: Entries of the equations: row, cell and sign.
    row: Ints
    cell: Ints
    sign: Floats
    solved: int = 0
    feasible: bool = True
    disclosed: dict[int, tuple[str, float, float]] = field(default_factory=dict)

    @classmethod
    def build(
        cls, low: Floats, high: Floats, row: Ints, column: Ints, sign: Floats, right: Floats
    ) -> Component:
        """Entries (row, column, sign) of equations `sum = right[row]`."""
        highspy = highs()
        rows, compact = np.unique(row, return_inverse=True)
        order = np.lexsort((column, compact))
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = len(low), len(rows)
        program.col_cost_ = np.zeros(len(low))
        program.col_lower_, program.col_upper_ = low, high
        program.row_lower_ = program.row_upper_ = right[rows]
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = np.r_[0, np.cumsum(np.bincount(compact, minlength=len(rows)))].astype(
            np.int32
        )
        program.a_matrix_.index_ = column[order].astype(np.int32)
        program.a_matrix_.value_ = sign[order]
        with ONE_AT_A_TIME, without_stdout():  # it prints a banner before it can be told to be silent
            model = highspy.Highs()
            model.setOptionValue("output_flag", False)
        model.setOptionValue("threads", 1)
        model.setOptionValue("presolve", "off")
        model.passModel(program)
        unseen = np.full(len(low), np.inf)
        return cls(low, high, model, unseen, -unseen, compact, column, sign)

    def widen(self, targets: Ints, need: Ints, threshold: float | None, near: Floats | None = None) -> None:
        """Attack the target cells until each is shown to be safe or found out.

        `near` is a table that may agree with the publication (nan: no idea), as a place to start looking from.
        """
        generator = np.random.default_rng(len(self.low))
        reach = int(need[targets].max(initial=1))
        before, idle = len(targets) + 1, 0
        cost = np.zeros(len(self.low))
        for number in range(SPREADS):
            open_ = targets[(self.seen_high - self.seen_low)[targets] < need[targets]]
            if not len(open_):
                break
            # The first solution only starts the ranges.
            idle = idle + 1 if number > 1 and before - len(open_) <= WORTH else 0
            if idle > 2:
                break
            before = len(open_)
            self._stay_near(near, open_, CLOSE, reach)
            cost = np.zeros(len(self.low))
            cost[open_] = generator.choice([-1.0, 1.0], len(open_)) * (1.0 + generator.random(len(open_)))
            solution = self._inside() if near is None else None
            solution = self._solve(cost) if solution is None else solution
            if solution is None and near is not None:
                near, before = None, len(targets) + 1  # it does not agree
                continue
            if solution is None:
                self._contradiction(targets, threshold)
                return
            if near is None:
                near = solution
        for cell in targets.tolist():
            for close in (near, None):
                if self.seen_high[cell] - self.seen_low[cell] < need[cell]:
                    self._stay_near(close, np.array([cell]), FURTHER)
                    self._attack(cell, float(need[cell]), threshold, last=close is None)

    def _stay_near(self, solution: Floats | None, around: Ints, far: int, reach: float = np.inf) -> None:
        """Keep all cells but those at most `far` sums from some as in a whole solution, and let these differ from it by
        `reach` at most; or (None) free them all again.

        Left free, an objective puts everything in a few cells; close to a solution it moves nearly all of them. What
        is possible there is possible.
        """
        low, high = self.low, self.high
        if solution is not None and np.nanmax(np.abs(solution - np.round(solution)), initial=0.0) < WHOLE:
            span = np.where(self._close(around, far), reach, 0.0)
            whole = np.round(solution)
            low, high = np.fmax(low, whole - span), np.fmin(high, whole + span)
            if (low > high).any():
                low, high = self.low, self.high
        self.model.changeColsBounds(len(low), np.arange(len(low), dtype=np.int32), low, high)

    def _close(self, around: Ints, far: int) -> Bools:
        """The cells at most `far` sums away from some."""
        close = np.zeros(len(self.low), dtype=bool)
        close[around] = True
        touched = np.zeros(self.model.getNumRow(), dtype=bool)
        for _ in range(far):
            touched[self.row[close[self.cell]]] = True
            close[self.cell[touched[self.row]]] = True
        return close

    def _inside(self) -> Floats | None:
        """A whole solution with as many cells off their least as can be, so that they can move both ways; None: none found.

        A second column per cell holds its first child: one that counts, where the first column counts for nothing.
        """
        highspy = highs()
        size = len(self.low)
        order = np.argsort(self.cell, kind="stable").astype(np.int32)
        starts = np.r_[0, np.cumsum(np.bincount(self.cell, minlength=size))[:-1]].astype(np.int32)
        free = self.high > self.low
        self._stay_near(None, np.zeros(0, dtype=np.int64), 0)
        self.model.changeColsCost(size, np.arange(size, dtype=np.int32), np.zeros(size))
        self.model.addCols(
            size,
            -np.ones(size),
            np.zeros(size),
            np.where(free, 1.0, 0.0),
            len(order),
            starts,
            self.row[order].astype(np.int32),
            self.sign[order],
        )
        self.model.run()
        self.solved += 1
        optimal = self.model.getModelStatus() == highspy.HighsModelStatus.kOptimal
        found = np.array(self.model.getSolution().col_value) if optimal else None
        self.model.deleteCols(size, np.arange(size, 2 * size, dtype=np.int32))
        if found is None:
            return None
        solution: Floats = found[:size] + found[size:]
        if (solution > self.high).any() or np.abs(solution - np.round(solution)).max(initial=0.0) >= WHOLE:
            return None
        self._see(solution)
        return solution

    def range_of(self, cell: int) -> tuple[float, float]:
        """The exact whole-number range of one cell; (inf, -inf) when no table is possible."""
        ends = []
        for direction in (1.0, -1.0):
            cost = np.zeros(len(self.low))
            cost[cell] = direction
            solution = self._solve(cost)
            if solution is None:
                return np.inf, -np.inf
            ends.append(solution)
        low, high = float(np.ceil(ends[0][cell] - WHOLE)), float(np.floor(ends[1][cell] + WHOLE))
        if self.seen_low[cell] > low or self.seen_high[cell] < high:
            _, low, high = self._whole(cell, np.inf, low, high)
        return low, high

    def _contradiction(self, targets: Ints, threshold: float | None) -> None:
        """No table agrees with the publication and the stated attacker: nothing is shown to be safe."""
        self.feasible = False
        for cell in targets.tolist():
            if threshold is None or self.low[cell] < threshold:
                self.disclosed[cell] = ("tegenstrijdig", float(self.low[cell]), float(self.high[cell]))

    def _attack(self, cell: int, need: float, threshold: float | None, *, last: bool = True) -> None:
        cost = np.zeros(len(self.low))
        ends = []
        for direction in (1.0, -1.0):
            cost[cell] = direction
            ends.append(self._solve(cost))
            if self.seen_high[cell] - self.seen_low[cell] >= need:
                return
        if not last:
            return
        if ends[0] is None or ends[1] is None:
            self.disclosed[cell] = ("niet beoordeeld", float(self.low[cell]), float(self.high[cell]))
            return
        low, high = np.ceil(ends[0][cell] - WHOLE), np.floor(ends[1][cell] + WHOLE)
        reason = "lineair"
        if high - low >= need:
            reason, low, high = self._whole(cell, need, low, high)
        if reason and (threshold is None or low < threshold):
            self.disclosed[cell] = (reason, float(low), float(high))

    def _solve(self, cost: Floats) -> Floats | None:
        """Minimise; a whole solution widens what is possible for every cell. None: no table is possible."""
        highspy = highs()
        columns = np.arange(len(cost), dtype=np.int32)
        self.model.changeColsCost(len(cost), columns, cost)
        self.model.run()
        self.solved += 1
        status = self.model.getModelStatus()
        if status in {highspy.HighsModelStatus.kSolutionLimit, highspy.HighsModelStatus.kTimeLimit}:
            # What was found before the search ended is possible, if not the utmost.
            best = np.array(self.model.getSolution().col_value)
            if self.model.getInfo().primal_solution_status == highspy.kSolutionStatusFeasible:
                self._see(best)
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        solution = np.array(self.model.getSolution().col_value)
        self._see(solution)
        return solution

    def _see(self, solution: Floats) -> None:
        whole = np.round(solution)
        if np.abs(solution - whole).max(initial=0.0) < WHOLE:
            np.minimum(self.seen_low, whole, out=self.seen_low)
            np.maximum(self.seen_high, whole, out=self.seen_high)

    def _whole(self, cell: int, need: float, low: float, high: float) -> tuple[str, float, float]:
        """The whole-number range of one cell; the reason is empty when it is wide enough."""
        highspy = highs()
        columns = np.arange(len(self.low), dtype=np.int32)
        kinds = [highspy.HighsVarType.kInteger] * len(self.low)
        self.model.changeColsIntegrality(len(self.low), columns, kinds)
        self.model.setOptionValue("mip_max_nodes", NODES)
        self.model.setOptionValue("time_limit", self.model.getRunTime() + AT_MOST)
        reason = "geheeltallig"
        for direction in (1.0, -1.0):
            cost = np.zeros(len(self.low))
            cost[cell] = direction
            solution = self._solve(cost)
            if solution is None:
                reason = "niet beoordeeld"
            elif direction > 0:
                low = max(low, float(np.round(solution[cell])))
            else:
                high = min(high, float(np.round(solution[cell])))
            if self.seen_high[cell] - self.seen_low[cell] >= need:
                reason = ""
                break
        kinds = [highspy.HighsVarType.kContinuous] * len(self.low)
        self.model.changeColsIntegrality(len(self.low), columns, kinds)
        self.model.setOptionValue("time_limit", float("inf"))
        return reason, low, high
