"""The rows of one indicator on a grid, as the audit sees them: area x period x breakdown, five counts each.

Parts that visibly leave a rest (children of unknown sex, years outside the table) are known to be no more than
their total: the rest is a cell of its own that nobody publishes. Parts that visibly exceed their total are not
bound by a sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.protect.audit.attack import Finding
from bds_tool.protect.audit.system import Bools, Changes, Floats, Ints, System, top

if TYPE_CHECKING:
    import polars as pl

BREAKDOWNS = ("sex", "education", "age", "origin", "mother_age")
KEY = ("area", "period", *BREAKDOWNS)
HIDDEN = ("verborgen", "niet_op_dit_niveau")
#: Counts of a row in the order of the cells: numerator, complement, missing, denominator, population.
COUNTS = ("teller", "complement", "ontbrekend", "noemer", "populatie")
#: A sum: axis, total, parts.
Sum = tuple[int, int, list[int]]


@dataclass
class Grid:
    """Where the rows of one indicator are, and how cells add up; `rests` are sums whose last part is a rest."""

    shape: tuple[int, int, int]
    place: Ints
    sums: list[Sum]
    rests: list[Sum]
    present: Bools
    mean: bool
    empty: bool

    @classmethod
    def build(cls, part: pl.DataFrame, definition: dict[str, Any]) -> Grid:
        """Areas add up to their parent, years to their window, values of a breakdown to its total."""
        areas, periods = part["area"].unique().sort().to_list(), part["period"].unique().sort().to_list()
        kinds = sorted({tuple(r) for r in part.select(BREAKDOWNS).iter_rows()})
        a = {v: i for i, v in enumerate(areas)}
        p = {v: i for i, v in enumerate(periods)}
        b = {v: i for i, v in enumerate(kinds)}
        at = (
            np.array([a[v] for v in part["area"].to_list()]),
            np.array([p[v] for v in part["period"].to_list()]),
            np.array([b[tuple(r)] for r in part.select(BREAKDOWNS).iter_rows()]),
        )
        candidates: list[Sum] = []
        below: dict[int, list[int]] = {}
        for area, parent in part.select("area", "parent").unique().iter_rows():
            if parent in a:
                below.setdefault(a[parent], []).append(a[area])
        candidates += [(0, whole, sorted(parts)) for whole, parts in sorted(below.items())]
        if definition.get("additive", True):
            candidates += _windows(periods)
        candidates += _breakdown_sums(kinds, b)
        sizes = [len(a), len(p), len(b)]
        mean = _is_mean(part, definition)
        shown = np.zeros((3, *sizes))
        shown[:, *at] = np.stack(_counts(part, mean=mean)[:3])
        sums, rests = _classify(candidates, shown, sizes, unplaced=bool(definition.get("unplaced")))
        shape = (sizes[0], sizes[1], sizes[2])
        place = np.ravel_multi_index(at, shape).astype(np.int64)
        present = np.ones(shape, dtype=bool)
        present[: len(a), : len(p), : len(b)] = False
        present.ravel()[place] = True
        numbers = part["n"].drop_nulls()
        return cls(
            shape, place, sums, rests, present.ravel(), mean, bool(len(numbers) and numbers.max() == 0)
        )

    def cells(self, count: int, rows: Ints) -> Ints:
        """Cell numbers of one of COUNTS for rows of the frame."""
        return self.place[rows] + count * int(np.prod(self.shape))

    @property
    def secrets(self) -> tuple[int, ...]:
        """The counts of a hidden row that are judged: a mean has no complement, who counted nobody only N."""
        if self.empty:
            return (4,)
        return (0,) if self.mean else (0, 1)

    def counts_of(self, part: pl.DataFrame, near: pl.DataFrame) -> Floats:
        """The five counts of every cell by another result with the same rows; nan where it has no row."""
        other = part.select(*KEY).join(
            near.select(*KEY, "n", "x", "missing"),
            on=list(KEY),
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        flat = np.zeros((5, int(np.prod(self.shape))))
        flat[:, self.place] = np.stack(_counts(other, mean=self.mean))
        counts = flat.reshape(5, *self.shape)
        for axis, whole, parts in sorted(self.rests):
            moved = np.moveaxis(counts, axis + 1, 0)
            moved[parts[-1]] = moved[whole] - moved[parts[:-1]].sum(axis=0)
        return counts.ravel()

    def places_of(self, part: pl.DataFrame, other: pl.DataFrame) -> Ints:
        """The place on the grid of every row of another result; -1 where the frame has no such row."""
        import polars as pl

        mine = part.select(*KEY).with_columns(pl.Series("_place", self.place))
        found = other.select(*KEY).join(
            mine, on=list(KEY), how="left", nulls_equal=True, maintain_order="left"
        )
        return found["_place"].fill_null(-1).to_numpy().astype(np.int64)

    def changes(self, of: Ints, place: Ints, count: Ints, delta: Ints) -> Changes:
        """Changes of numerators (0), complements (1) and missing (2), with all that changes along with them.

        Denominator and population follow, and so do the rests, which are in no row.
        """
        of, place, count, delta = (a[place >= 0] for a in (of, place, count, delta))
        size, n = int(np.prod(self.shape)), count < 2
        of = np.concatenate([of, of[n], of])
        cell = np.concatenate([place + count * size, place[n] + 3 * size, place + 4 * size])
        delta = np.concatenate([delta, delta[n], delta])
        for axis, whole, parts in sorted(self.rests):
            at = np.array(np.unravel_index(cell, (5, *self.shape)))
            sign = np.zeros(self.shape[axis], dtype=np.int64)
            sign[whole], sign[parts[:-1]] = 1, -1
            sign = sign[at[axis + 1]]
            at[axis + 1] = parts[-1]
            rest = np.ravel_multi_index(tuple(at[:, sign != 0]), (5, *self.shape))
            of, cell = np.concatenate([of, of[sign != 0]]), np.concatenate([cell, rest])
            delta = np.concatenate([delta, (sign * delta)[sign != 0]])
        return Changes(of, cell, delta)

    def named(self, finding: Finding, part: pl.DataFrame) -> Finding:
        """The finding with the codes of its row."""
        size = int(np.prod(self.shape))
        row = part.row(int(np.flatnonzero(self.place == finding.cell % size)[0]), named=True)
        codes = [str(row[k]) for k in KEY if row[k] != "totaal" or k == "area"]
        name = " · ".join([*codes, COUNTS[finding.cell // size]])
        return Finding(finding.cell, finding.reason, finding.low, finding.high, name)

    def system(
        self, part: pl.DataFrame, told: pl.DataFrame, width: int, floors: pl.DataFrame | None
    ) -> System:
        """What is known: shown rows, zero where there is no row, N where any indicator shows it, and all sums."""
        import polars as pl

        size = int(np.prod(self.shape))
        low, high = np.zeros((5, size)), np.full((5, size), np.inf)
        low[:, ~self.present] = high[:, ~self.present] = 0.0
        counts = np.stack(_counts(part, mean=self.mean))
        shown = ~np.isnan(counts[3])
        hidden_places = self.place[~shown]
        if floors is not None:
            least = part.select(*KEY).join(
                floors, on=list(KEY), how="left", nulls_equal=True, maintain_order="left"
            )
            for count, name in enumerate(("low_x", "low_y")):
                low[count, hidden_places] = least[name].fill_null(0).cast(pl.Float64).to_numpy()[~shown]
        if self.mean:
            low[1], high[1] = 0.0, 0.0
        low[:, self.place[shown]] = high[:, self.place[shown]] = counts[:, shown]
        population = part.select(*KEY).join(
            told, on=list(KEY), how="left", nulls_equal=True, maintain_order="left"
        )["N"]
        known = population.is_not_null().to_numpy() & ~shown
        low[4, self.place[known]] = high[4, self.place[known]] = population.cast(pl.Float64).to_numpy()[known]
        high[np.isinf(high)] = top(high)
        system = System(
            low.ravel(),
            high.ravel(),
            np.zeros(5 * size, dtype=bool),
            np.full(5 * size, width, dtype=np.int64),
        )
        cells = np.arange(size)
        system.add_sums(cells + 3 * size, np.column_stack([cells, cells + size]))
        system.add_sums(cells + 4 * size, np.column_stack([cells + 3 * size, cells + 2 * size]))
        numbers = cells.reshape(self.shape)
        for axis, whole, parts in self.sums:
            moved = np.moveaxis(numbers, axis, 0).reshape(self.shape[axis], -1)
            for count in range(5):
                system.add_sums(moved[whole] + count * size, moved[parts].T + count * size)
        return system


def _counts(part: pl.DataFrame, *, mean: bool) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """The five counts per row; nan where hidden. For a mean the numerator is the denominator."""
    import polars as pl

    n = part["n"].cast(pl.Float64).to_numpy()
    x = n if mean else part["x"].cast(pl.Float64).to_numpy()
    m = np.where(np.isnan(n), np.nan, part["missing"].fill_null(0).cast(pl.Float64).to_numpy())
    return x, n - x, m, n, n + m


def _classify(
    candidates: list[Sum], shown: Floats, sizes: list[int], *, unplaced: bool = False
) -> tuple[list[Sum], list[Sum]]:
    """The sums that hold wherever everything is shown, with a rest where parts fall short; adds rests to `sizes`.

    `unplaced`: children without a place count in the whole and have no row, so every area may be more than its parts.
    """
    sums, rests = [], []
    for axis, whole, parts in candidates:
        moved = np.moveaxis(shown, axis + 1, 0)
        rest = moved[whole] - moved[parts].sum(axis=0)
        # A comparison with a hidden row (nan) is false: it says nothing.
        if (rest < 0).any():
            continue
        if (rest > 0).any() or (unplaced and axis == 0):
            rests.append((axis, whole, [*parts, sizes[axis]]))
            sizes[axis] += 1
            sums.append(rests[-1])
        else:
            sums.append((axis, whole, parts))
    return sums, rests


def _is_mean(part: pl.DataFrame, definition: dict[str, Any]) -> bool:
    """A mean has no numerator. Where every row is hidden only the definition can tell it from a share."""
    if "kind" in definition:
        return bool(definition["kind"] == "gemiddelde")
    shown = part.filter(part["n"].is_not_null())
    return bool(shown.height and shown["x"].is_null().all())


def _windows(periods: list[str]) -> list[tuple[int, int, list[int]]]:
    index = {v: i for i, v in enumerate(periods)}
    found = []
    for name, at in index.items():
        first, _, last = name.partition("-")
        if first.isdigit() and last.isdigit():
            years = [index[str(y)] for y in range(int(first), int(last) + 1) if str(y) in index]
            if len(years) == int(last) - int(first) + 1:
                found.append((1, at, years))
    return found


def _breakdown_sums(
    kinds: list[tuple[str, ...]], index: dict[tuple[str, ...], int]
) -> list[tuple[int, int, list[int]]]:
    """For each combination with a total in some column: the combinations that fill in that column."""
    found = []
    for kind in kinds:
        for column, value in enumerate(kind):
            if value != "totaal":
                continue
            parts = [
                index[k]
                for k in kinds
                if k[column] != "totaal"
                and k[:column] == kind[:column]
                and k[column + 1 :] == kind[column + 1 :]
            ]
            if parts:
                found.append((2, index[kind], parts))
    return found
