"""The rows of one indicator on a grid, as the audit sees them: area x period x breakdown, five counts each.

Parts that visibly leave a rest (children of unknown sex, years outside the table) are known to be no more than
their total: the rest is a cell of its own that nobody publishes. Parts that visibly exceed their total are not
bound by a sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from bds_tool.protect.audit.attack import Finding
from bds_tool.protect.audit.system import Bools, Changes, Floats, Ints, System, top

if TYPE_CHECKING:
    import polars as pl

BREAKDOWNS = ("sex", "education", "age", "origin", "mother_age")
KEY = ("area", "period", *BREAKDOWNS)
HIDDEN = ("verborgen", "niet_op_dit_niveau")
#: A row that tells its denominator, and of its numerator the class.
CLASS = "klasse"
#: Counts of a row in the order of the cells: numerator, complement, missing, denominator, population.
COUNTS = ("teller", "complement", "ontbrekend", "noemer", "populatie")


class Definition(TypedDict, total=False):
    """What the audit reads of an indicator; `unplaced` and `rounding` are of the whole publication."""

    kind: str
    additive: bool | None
    unplaced: bool
    rounding: Mapping[str, Any] | None


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
    def build(
        cls,
        part: pl.DataFrame,
        definition: Definition,
        true: pl.DataFrame | None = None,
        releases: Sequence[pl.DataFrame] = (),
    ) -> Grid:
        """Areas add up to their parent, years to their window, values of a breakdown to its total.

        Of rounded counts nobody sees whether they do, so every sum may have a rest; `true` counts tell where none has.
        A row that a release lacks holds nobody; one that none of several `releases` can have, such as wijken of the first
        by a break-down of the second, is not known.
        """
        areas, periods = part["area"].unique().sort().to_list(), part["period"].unique().sort().to_list()
        # Column by column: a frame made of them costs more than the rows do.
        each = list(zip(*(part[c].to_list() for c in BREAKDOWNS), strict=True))
        kinds = sorted(set(each))
        a = {v: i for i, v in enumerate(areas)}
        p = {v: i for i, v in enumerate(periods)}
        b = {v: i for i, v in enumerate(kinds)}
        at = (
            np.array([a[v] for v in part["area"].to_list()]),
            np.array([p[v] for v in part["period"].to_list()]),
            np.array([b[kind] for kind in each]),
        )
        candidates: list[Sum] = []
        # Gemeenten of one release and schools of another add up to the same whole, each by themselves.
        below: dict[tuple[int, str], list[int]] = {}
        level = part["level"].to_list() if "level" in part.columns else [""] * part.height
        for area, parent, kind in set(
            zip(part["area"].to_list(), part["parent"].to_list(), level, strict=True)
        ):
            if parent in a:
                below.setdefault((a[parent], str(kind)), []).append(a[area])
        candidates += [(0, whole, sorted(parts)) for (whole, _), parts in sorted(below.items())]
        if definition.get("additive", True):
            candidates += _windows(periods)
        candidates += _breakdown_sums(kinds, b)
        sizes = [len(a), len(p), len(b)]
        mean = _is_mean(part, definition)
        shown = np.zeros((3, *sizes))
        unasked = _unasked(releases, a, p, b) if len(releases) > 1 else np.zeros(sizes, dtype=bool)
        shown[:, unasked] = np.nan
        rounded = bool(definition.get("rounding"))
        seen = part if true is None or not rounded else _same_rows(part, true)
        shown[:, *at] = np.stack(_counts(seen, mean=mean)[:3])
        if rounded and true is None:
            shown[:] = np.nan
        loose = bool(definition.get("unplaced")) or rounded
        sums, rests = _classify(candidates, shown, sizes, unplaced=loose, all_axes=rounded and true is None)
        shape = (sizes[0], sizes[1], sizes[2])
        place = np.ravel_multi_index(at, shape).astype(np.int64)
        present = np.ones(shape, dtype=bool)
        present[: len(a), : len(p), : len(b)] = unasked
        present.ravel()[place] = True
        return cls(shape, place, sums, rests, present.ravel(), mean, _nobody(part))

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
        other = _same_rows(part, near)
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

        if alike(part, other):
            return self.place
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
        return Finding(
            finding.cell, finding.reason, finding.low, finding.high, name, tuple(row[k] for k in KEY)
        )

    def bound(self, system: System, part: pl.DataFrame, ceilings: pl.DataFrame) -> None:
        """Nobody counts more children in a row than live there (`most` per KEY); what is known stays as it is."""
        size = int(np.prod(self.shape))
        found = part.select(*KEY).join(
            ceilings, on=list(KEY), how="left", nulls_equal=True, maintain_order="left"
        )["most"]
        rows = np.flatnonzero(found.is_not_null().to_numpy())
        most = found.cast(float).to_numpy()[rows]
        for count in range(len(COUNTS)):
            cells = self.place[rows] + count * size
            # Where more are counted than live there, residents are no ceiling.
            fits = system.low[cells] <= most
            system.high[cells[fits]] = np.minimum(system.high[cells[fits]], most[fits])

    def system(
        self,
        part: pl.DataFrame,
        told: pl.DataFrame,
        width: int,
        floors: pl.DataFrame | None,
        rule: Mapping[str, Any] | None = None,
    ) -> System:
        """What is known: shown rows, zero where there is no row, N where any indicator shows it, and all sums."""
        import polars as pl

        size = int(np.prod(self.shape))
        low, high = np.zeros((5, size)), np.full((5, size), np.inf)
        low[:, ~self.present] = high[:, ~self.present] = 0.0
        counts = np.stack(_counts(part, mean=self.mean))
        shown = ~np.isnan(counts[3])
        hidden_places = self.place[~shown]
        if floors is not None and floors.height:
            least = part.select(*KEY).join(
                floors, on=list(KEY), how="left", nulls_equal=True, maintain_order="left"
            )
            for count, name in enumerate(("low_x", "low_y")):
                low[count, hidden_places] = least[name].fill_null(0).cast(pl.Float64).to_numpy()[~shown]
        if self.mean:
            low[1], high[1] = 0.0, 0.0
        # Of a row that tells a class, numerator and complement stay unknown.
        for count in range(5):
            told_count = ~np.isnan(counts[count])
            if rule:
                # Complement and population are differences and sums of rounded counts: they tell nothing more.
                if count in {0, 2, 3}:
                    ends = _unrounded(counts[count, told_count], rule, hides=count != 2)
                    low[count, self.place[told_count]], high[count, self.place[told_count]] = ends
                continue
            low[count, self.place[told_count]] = counts[count, told_count]
            high[count, self.place[told_count]] = counts[count, told_count]
        _in_class(part, self.place, low, high)
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


def _unasked(
    releases: Sequence[pl.DataFrame], a: dict[str, int], p: dict[str, int], b: dict[tuple[str, ...], int]
) -> Bools:
    """The cells that no release has, of an area and of a breakdown that releases do have in that period."""
    found = np.zeros((len(a), len(p), len(b)), dtype=bool)
    for one in releases:
        areas, periods = ([at[v] for v in one[c].unique()] for at, c in ((a, "area"), (p, "period")))
        kinds = [b[tuple(r)] for r in one.select(BREAKDOWNS).unique().iter_rows()]
        found[np.ix_(areas, periods, kinds)] = True
    unasked: Bools = found.any(axis=2, keepdims=True) & found.any(axis=0, keepdims=True) & ~found
    return unasked


def _unrounded(value: Floats, rule: Mapping[str, Any], *, hides: bool) -> tuple[Floats, Floats]:
    """The counts that a rounded one can stand for; `hides`: counts up to `hide_to` hide their row."""
    base = float(rule["base"])
    if rule["rule"] == "midpoint":
        low, high = value - base // 2 + 1, value + base // 2
        return np.where(value == 0, 0.0, low), np.where(value == 0, 0.0, high)
    if rule["rule"] == "random":
        return np.maximum(value - base + 1, 0.0), value + base - 1
    least = float(rule.get("hide_to", 0)) + 1 if hides else 0.0
    low = np.maximum(value - base // 2, np.where(value > 0, least, 0.0))
    high = value + (base - 1) // 2
    return low, np.where((value == 0) & (high < least), 0.0, high)


def alike(part: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Whether two results have the same rows in the same order: most do, and then nothing need be looked up."""
    return part.height == other.height and all(part[c].equals(other[c], null_equal=True) for c in KEY)


def _same_rows(part: pl.DataFrame, true: pl.DataFrame) -> pl.DataFrame:
    """The counts of another result (the true one) of the rows of a part, in its order."""
    if alike(part, true):
        return true
    return part.select(*KEY).join(
        true.select(*KEY, "n", "x", "missing"),
        on=list(KEY),
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )


def _in_class(part: pl.DataFrame, place: Ints, low: Floats, high: Floats) -> None:
    """Bound numerator and complement of the rows that tell a class: the lowest holds 0 %, the others begin above theirs."""
    rows = np.flatnonzero((part["status"] == CLASS).to_numpy() & part["n"].is_not_null().to_numpy())
    if not len(rows):
        return
    n, least, most = (part[c].cast(float).to_numpy()[rows] for c in ("n", "lower", "upper"))
    above = least >= 50
    # Classes are those of the smaller side: of a percentage over 50, the complement.
    start, stop = np.where(above, 100 - most, least), np.where(above, 100 - least, most)
    smallest = np.where(start > 0, np.floor(start * n / 100 + 1e-9) + 1, 0)
    largest = np.minimum(np.floor(stop * n / 100 + 1e-9), np.floor((n - above) / 2))
    at = place[rows]
    low[0, at], high[0, at] = np.where(above, n - largest, smallest), np.where(above, n - smallest, largest)
    low[1, at], high[1, at] = n - high[0, at], n - low[0, at]


def _counts(part: pl.DataFrame, *, mean: bool) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """The five counts per row; nan where hidden. For a mean the numerator is the denominator."""
    import polars as pl

    n = part["n"].cast(pl.Float64).to_numpy()
    x = n if mean else part["x"].cast(pl.Float64).to_numpy()
    missing = part["missing"].cast(pl.Float64).to_numpy()
    m = np.where(np.isnan(n), np.nan, np.where(np.isnan(missing), 0.0, missing))
    return x, n - x, m, n, n + m


def _classify(
    candidates: list[Sum],
    shown: Floats,
    sizes: list[int],
    *,
    unplaced: bool = False,
    all_axes: bool = False,
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
        if (rest > 0).any() or (unplaced and (axis == 0 or all_axes)):
            rests.append((axis, whole, [*parts, sizes[axis]]))
            sizes[axis] += 1
            sums.append(rests[-1])
        else:
            sums.append((axis, whole, parts))
    return sums, rests


def _is_mean(part: pl.DataFrame, definition: Definition) -> bool:
    """A mean has no numerator. Where every row is hidden only the definition can tell it from a share."""
    if "kind" in definition:
        return bool(definition["kind"] == "gemiddelde")
    shown = part.filter(part["n"].is_not_null())
    return bool(shown.height and shown["x"].is_null().all())


def _nobody(part: pl.DataFrame) -> bool:
    """Whether an indicator counts nobody: its wholes say so, and no row shows anybody. A hidden whole says nothing."""
    import polars as pl

    wholes = part.filter(
        ~pl.col("parent").is_in(part["area"].unique().to_list()) | pl.col("parent").is_null(),
        *(pl.col(b) == "totaal" for b in BREAKDOWNS),
    )["n"]
    return bool(len(wholes) and not wholes.null_count() and part["n"].max() == 0)


def _windows(periods: list[str]) -> list[tuple[int, int, list[int]]]:
    index = {v: i for i, v in enumerate(periods)}
    found = []
    for name, at in index.items():
        first, _, last = name.partition("-")
        if first.isdecimal() and last.isdecimal():
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
