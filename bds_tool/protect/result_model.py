"""A result of indicators as disclosure problems: populations first, then each indicator with its population known.

Per row an indicator counts three things: numerator (x), complement (y = n - x) and missing (m); together they are
the population N. For protecting x and y the attacker is taken to know N of every row (wijk populations are public
elsewhere). Where N itself is below the threshold, the row is hidden in every indicator with that population, and
the pattern of those rows is chosen first, for all of them at once, and then frozen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.indicators.result import indicator_rows, spans
from bds_tool.protect.certificate import ranges
from bds_tool.protect.cube import BREAKDOWNS, Cube, build_cube
from bds_tool.protect.table_model import Need, Primary, Problem, cell_cost
from bds_tool.protect.table_run import Outcome, suppress
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.ledger import Bonds
    from bds_tool.protect.policy import Policy

X, Y, M = 0, 1, 2
#: How many rows of the level below a row is worth: readers look at the whole first, and all areas share it.
PER_LEVEL = 8.0
LEVELS = ("land", "regio", "gemeente", "wijk", "buurt")


@dataclass
class Indicator:
    """One indicator of a result: its rows (`frame`, with `_row`, the position in the whole result) and its table."""

    id: str
    frame: pl.DataFrame
    definition: Mapping[str, Any]
    cube: Cube
    #: Rows below the lowest level at which the policy lets it be published, and the nodes with such rows only.
    withheld: Bools = field(repr=False)
    withheld_nodes: Bools = field(repr=False)
    primaries: list[Primary] = field(default_factory=list)
    shown_before: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool), repr=False)
    hidden_before: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool), repr=False)
    small: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool), repr=False)
    #: How many children a small row can still gain from the missing and stay small.
    growth: Ints = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64), repr=False)
    small_population: list[tuple[int, int]] = field(default_factory=list)
    outcome: Outcome | None = None
    #: What protecting its population came to; None when no row of it is too small.
    population: Outcome | None = None
    #: Counts whose proof is that of their population: they change with it, and with nothing else.
    carried: list[Primary] = field(default_factory=list)
    #: Whether all of its rows are hidden, for no smaller pattern could be proven.
    whole: bool = False

    @property
    def counts(self) -> Ints:
        return self.cube.values

    @property
    def mean(self) -> bool:
        """A mean has no numerator: its first count is the denominator."""
        return bool(self.frame["x"].is_null().all())

    @property
    def empty(self) -> bool:
        """Nobody was counted anywhere: there is nothing to hide but the population."""
        return not self.counts[:M].any()

    def rows_of(self, mask: Bools) -> Ints:
        """Rows of the frame whose tree node and flat node are in the mask."""
        chosen = mask[self.cube.tree.label_node] & (self.cube.row >= 0)
        return np.sort(self.cube.row[chosen])


def groups(
    frame: pl.DataFrame, definitions: Mapping[str, Any], policy: Policy, bonds: Bonds | None = None
) -> Iterator[list[Indicator]]:
    """The indicators of a result with their primary rows, those with exactly the same population in every row together.

    A group is made when it is asked for: all indicators of a country at once are larger than memory. `bonds` is what
    earlier releases ask.
    """
    import polars as pl

    population = pl.col("n") + pl.col("missing").fill_null(0)
    alike: dict[Any, list[str]] = {}
    where = spans(frame["indicator"])
    for name in where:
        rows = (
            indicator_rows(frame.lazy(), name, where)
            .select("area", "period", *BREAKDOWNS, population)
            .collect()
        )
        additive = bool((definitions.get(name) or {}).get("additive", True))
        alike.setdefault((additive, rows.hash_rows(seed=0).to_numpy().tobytes()), []).append(name)
    for names in list(alike.values()):
        group = [
            _indicator(
                name, indicator_rows(frame.lazy(), name, where), definitions.get(name) or {}, policy, bonds
            )
            for name in names
        ]
        if told := [i for i in group if i is not None]:
            del group
            yield told
            del told


def _indicator(
    name: str, rows: pl.LazyFrame, definition: Mapping[str, Any], policy: Policy, bonds: Bonds | None
) -> Indicator | None:
    """One indicator with its primary rows; None when the policy lets none of its rows be published."""
    import polars as pl

    part = rows.with_columns(
        pl.col("missing").fill_null(0).alias("_m"),
        pl.coalesce("x", "n").alias("_x"),
        (pl.col("n") - pl.coalesce("x", "n")).alias("_y"),
    ).collect()
    withheld = _below_lowest(part, name, definition, policy)
    if withheld.all():
        return None
    cube = build_cube(part, ["_x", "_y", "_m"], additive=bool(definition.get("additive", True)))
    found = Indicator(name, part, definition, cube, withheld.to_numpy(), _only(cube, withheld.to_numpy()))
    _tie(found, bonds)
    _find_primaries(found, policy)
    return found


def _only(cube: Cube, rows: Bools) -> Bools:
    """The nodes that have rows, and none but these."""
    which = [np.zeros(cube.real.shape, dtype=bool) for _ in range(2)]
    labels, flats = np.nonzero(cube.row >= 0)
    chosen = rows[cube.row[labels, flats]]
    for mask, use in zip(which, (chosen, ~chosen), strict=True):
        mask[cube.tree.label_node[labels[use]], flats[use]] = True
    only: Bools = which[0] & ~which[1]
    return only


def _tie(indicator: Indicator, bonds: Bonds | None) -> None:
    """Mark the rows that an earlier release showed, and those it hid."""
    shape = indicator.cube.real.shape
    indicator.shown_before, indicator.hidden_before = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    if bonds is None:
        return
    rows = indicator.frame["_row"].to_numpy()
    position = _node_of_row(indicator.cube, indicator.frame.height)
    for series, mask in ((bonds.shown, indicator.shown_before), (bonds.hidden, indicator.hidden_before)):
        for row in np.flatnonzero(series.to_numpy()[rows]).tolist():
            mask[position[row]] = True


def _below_lowest(part: pl.DataFrame, name: str, definition: Mapping[str, Any], policy: Policy) -> pl.Series:
    """Rows of a sensitive indicator below the lowest level at which the policy lets it be published."""
    import polars as pl

    lowest = policy.lowest_level(name, definition)
    if not lowest:
        return pl.Series([False] * part.height)
    deeper = LEVELS[LEVELS.index(lowest) + 1 :]
    return part["level"].is_in(list(deeper))


def _find_primaries(indicator: Indicator, policy: Policy) -> None:
    """Rows the policy forbids to show, and which counts of them must be certified."""
    frame, cube = indicator.frame, indicator.cube
    n, x, m = frame["n"].to_numpy(), frame["_x"].to_numpy(), frame["_m"].to_numpy()
    mean = frame["x"].is_null().to_numpy()
    y = n - x
    levels = frame["level"].to_list()
    floor = np.array([policy.denominator_at(level) for level in levels])
    sensitive = policy.sensitive(indicator.id, indicator.definition)
    small_n = (n < floor) & (n + m > 0)
    small_area = _small_area(frame, policy)
    share = np.divide(x, n, out=np.zeros(len(n)), where=n > 0)
    wanted_x = (
        ~mean
        & (n > 0)
        & (
            ((x > 0) & (x < policy.numerator))
            | ((x == 0) & (not policy.zeros_shown))
            | _extreme(share, levels, policy, sensitive)
        )
    )
    wanted_y = ~mean & (n > 0) & (((y > 0) & (y < policy.complement)) | ((y == 0) & (not policy.full_shown)))
    small = small_n | small_area
    hidden_zero = not policy.zeros_shown
    # The denominator of a mean is its population less the missing: where the population is protected, so is it.
    covered = mean & (n + m < floor) & (carrier(indicator) == X)
    wanted_x |= small & (hidden_zero | (x > 0)) & (n > 0) & ~covered
    wanted_y |= small & ~mean & (hidden_zero | (y > 0)) & (n > 0)
    # Between n and N only the missing move: protecting them protects n when N is known.
    wanted_m = small & (n + m >= floor) & (m > 0) & (not indicator.empty)
    told = ~indicator.withheld
    position = _node_of_row(cube, frame.height)
    indicator.small = np.zeros(cube.real.shape, dtype=bool)
    indicator.growth = np.zeros(cube.real.shape, dtype=np.int64)
    # A small area stays small whatever its rows hold.
    growth = np.where(small_area, m, np.maximum(floor - 1 - n, 0))
    for row in np.flatnonzero(small).tolist():
        indicator.small[position[row]] = True
        indicator.growth[position[row]] = growth[row]
    seen: set[tuple[int, int, int]] = set()
    for quantity, wanted in ((X, wanted_x), (Y, wanted_y), (M, wanted_m)):
        threshold = (policy.numerator, policy.complement, 1)[quantity]
        for row in np.flatnonzero(wanted & told).tolist():
            node, flat = position[row]
            if (quantity, node, flat) in seen or indicator.shown_before[node, flat]:
                continue
            seen.add((quantity, node, flat))
            value = int(cube.values[quantity, node, flat])
            indicator.primaries.append(Primary(quantity, node, flat, _need(policy, value, threshold)))
    too_few = (position[row] for row in np.flatnonzero(told & (n + m < floor) & (n + m > 0)).tolist())
    indicator.small_population = sorted({p for p in too_few if not indicator.shown_before[p]})


def _need(policy: Policy, value: int, threshold: int) -> Need:
    return policy.need(value, threshold)


def _extreme(share: Any, levels: list[str], policy: Policy, sensitive: bool) -> Any:  # noqa: ANN401
    """Tails, and outcomes that hold for nearly a whole group."""
    result = np.zeros(len(share), dtype=bool)
    tails = policy.part("tails")
    if tails and (sensitive or not tails.get("sensitive_only", False)):
        result |= (100 * share <= tails["low"]) | (100 * share >= tails["high"])
    group = policy.part("group_disclosure")
    if group and (sensitive or not group.get("sensitive_only", True)):
        where = np.array([level in group.get("levels", LEVELS) for level in levels])
        result |= where & (share > group["share"])
    return result


def _small_area(frame: pl.DataFrame, policy: Policy) -> Bools:
    """Rows of areas with fewer persons than the policy's least: the largest population of any row of the area."""
    import polars as pl

    rule = policy.part("minimum_area")
    if not rule:
        return np.zeros(frame.height, dtype=bool)
    largest = (pl.col("n") + pl.col("_m")).max().over("area")
    small = (largest < rule["population"]) & pl.col("level").is_in(rule.get("levels", ["wijk", "buurt"]))
    return np.asarray(frame.select(small.alias("small"))["small"].to_numpy(), dtype=bool)


def _node_of_row(cube: Cube, height: int) -> list[tuple[int, int]]:
    labels, flats = np.nonzero(cube.row >= 0)
    result: list[tuple[int, int]] = [(-1, -1)] * height
    for label, flat, row in zip(
        labels.tolist(), flats.tolist(), cube.row[labels, flats].tolist(), strict=True
    ):
        result[row] = (int(cube.tree.label_node[label]), flat)
    return result


def protect_group(group: list[Indicator], policy: Policy, *, quality: bool) -> list[Outcome]:
    """Hide rows of the indicators of one population. The first outcome is that of the population itself, if needed."""
    outcomes = []
    given = np.zeros(group[0].cube.real.shape, dtype=bool)
    small = sorted({place for i in group for place in i.small_population})
    if small:
        problem = population_problem(group, small)
        outcome = suppress(problem, quality=quality, top_first=True)
        outcomes.append(outcome)
        given = outcome.hidden
        for indicator in group:
            indicator.population = outcome
    for indicator in group:
        outcome = _suppressed(indicator, given, policy, quality=quality)
        if not outcome.proven:
            # The last rung: an indicator too thin for any pattern is hidden whole, and proven again as that. What an
            # earlier release showed cannot be taken back.
            indicator.withheld_nodes = indicator.cube.real & ~indicator.shown_before
            indicator.whole = True
            outcome = _suppressed(indicator, given, policy, quality=quality)
        outcomes.append(outcome)
    return outcomes


def _suppressed(indicator: Indicator, given: Bools, policy: Policy, *, quality: bool) -> Outcome:
    outcome = suppress(indicator_problem(indicator, given, policy), quality=quality, top_first=True)
    indicator.outcome = outcome
    _carry(indicator)
    return outcome


def _carry(indicator: Indicator) -> None:
    """Take from the uncertified counts those that are proven by their population.

    Where a numerator is known to be zero and nobody is missing, the complement is the population: with the population
    known it cannot move, but the population is hidden there as well, and a change of it is a change of `carrier`.
    """
    outcome, population = indicator.outcome, indicator.population
    if outcome is None or population is None or not outcome.uncertified:
        return
    moves = carrier(indicator)
    found = ranges(population.problem, population.certificates)
    room = {(p.node, p.flat): (p, low, high) for p, (low, high) in found.items()}
    for primary in outcome.uncertified:
        if primary.quantity == moves and (primary.node, primary.flat) in room:
            p, low, high = room[primary.node, primary.flat]
            value = int(population.problem.values[p.quantity, p.node, p.flat])
            if any(high - value >= up and value - low >= down for up, down in primary.need):
                indicator.carried.append(primary)
    outcome.uncertified = [p for p in outcome.uncertified if p not in set(indicator.carried)]


def population_problem(group: list[Indicator], small: list[tuple[int, int]]) -> Problem:
    """The table of N. A change of N is carried in each indicator by its larger count, so that n changes with it."""
    cube = group[0].cube
    room = np.min([i.counts[carrier(i)] for i in group], axis=0)
    total = cube.values.sum(axis=0)
    # What any indicator of this population showed before tells N.
    fixed = cube.real & ((total == 0) | np.any([i.shown_before for i in group], axis=0))
    small = [place for place in small if not fixed[place]]
    primaries = [Primary(0, node, flat, ((1, 0), (0, 1))) for node, flat in small]
    cost = _row_cost(cube, total)
    withheld = np.all([i.withheld_nodes for i in group], axis=0)
    return Problem(
        cube.tree,
        cube.space,
        room[None],
        np.zeros_like(room)[None],
        cost,
        cube.real,
        fixed & ~withheld,
        withheld,
        primaries,
    )


def carrier(indicator: Indicator) -> int:
    """The largest of the three counts: it has the most room, and an indicator nobody has data for has only missing."""
    return int(np.argmax(indicator.counts.sum(axis=(1, 2))))


def indicator_problem(indicator: Indicator, given: Bools, policy: Policy) -> Problem:
    """The table of x, y and m with N known."""
    cube = indicator.cube
    total = cube.values.sum(axis=0)
    fixed = cube.real & ((total == 0) | indicator.shown_before)
    given = given | indicator.hidden_before | indicator.withheld_nodes
    own = {(p.node, p.flat) for p in indicator.primaries}
    lower = np.zeros_like(cube.values)
    if not indicator.empty:
        # An indicator that counted nobody is shown as such, so of any other it is known that it counted someone.
        at = np.unravel_index(int(cube.values[:M, cube.tree.root].argmax()), (M, cube.space.size))
        lower[at[0], cube.tree.root, at[1]] = 1
    if policy.lower:
        # A row with few children is hidden whatever its counts, so there a zero stays possible.
        known = cube.real & ~indicator.small & ~indicator.withheld_nodes
        lower[:2] = np.maximum(lower[:2], np.where(known, np.minimum(1, cube.values[:2]), 0))
        # But such a row may not grow into one whose zero would have been shown.
        least = np.maximum(cube.values[M] - indicator.growth, 0)
        lower[M] = np.where(indicator.small & (cube.values[:2] == 0).any(axis=0), least, 0)
        # Zeros are always shown, so a row with a zero may not shield another.
        shown_zero = ((cube.values[X] == 0) & policy.zeros_shown) | (
            (cube.values[Y] == 0) & policy.full_shown
        )
        shield = np.ones_like(fixed)
        for node, flat in own:
            shield[node, flat] = False
        fixed |= cube.real & shown_zero & shield & ~given
    return Problem(
        cube.tree,
        cube.space,
        cube.values,
        lower,
        _row_cost(cube, total),
        cube.real,
        fixed & ~given,
        given,
        indicator.primaries,
        exchanges=[(X, Y), (X, M), (Y, M)],
    )


def _row_cost(cube: Cube, total: Ints) -> Any:  # noqa: ANN401
    margins: Any = np.zeros(cube.space.size, dtype=bool)
    if cube.space.equations.size:
        margins = (cube.space.equations < 0).any(axis=0)
    depth = cube.tree.depth()
    above: Any = PER_LEVEL ** (depth.max(initial=0) - depth)
    return cell_cost(total, np.zeros_like(depth), margins) * above[:, None]
