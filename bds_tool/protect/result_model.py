"""A result of indicators as disclosure problems: populations first, then each indicator with its population known.

Per row an indicator counts three things: numerator (x), complement (y = n - x) and missing (m); together they are
the population N. For protecting x and y the attacker is taken to know N of every row (wijk populations are public
elsewhere). Where N itself is below the threshold, the row is hidden in every indicator with that population, and
the pattern of those rows is chosen first, for all of them at once, and then frozen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.indicators.result import indicator_rows, spans
from bds_tool.protect.certificate import ranges
from bds_tool.protect.coding import bounds, numerators, steps
from bds_tool.protect.cube import BREAKDOWNS, Cube, build_cube
from bds_tool.protect.primaries import find_primaries, not_here, tie
from bds_tool.protect.table_model import Need, Primary, Problem, cell_cost
from bds_tool.protect.table_run import Outcome
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.ledger import Bonds
    from bds_tool.protect.policy import Policy

X, Y, M = 0, 1, 2
#: How many rows of the level below a row is worth: readers look at the whole first, and all areas share it.
PER_LEVEL = 8.0


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
    #: The same, of when no class is told.
    plain: list[Primary] = field(default_factory=list)
    shown_before: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool), repr=False)
    hidden_before: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool), repr=False)
    #: The class (% from, to) that a row told in an earlier release.
    class_before: dict[tuple[int, int], tuple[float, float]] = field(default_factory=dict, repr=False)
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
    #: The count that changes when the population changes, and (X or Y) when the denominator does; see `choose_carriers`.
    carrier: int = -1
    share_carrier: int = -1
    #: How far that may be, where it is less than the count itself.
    carrier_room: Ints | None = field(default=None, repr=False)
    #: What protecting its denominator came to, where others have the same; None where none does.
    step: Outcome | None = None
    #: Whether the denominator is told by others: then it does not move with the numerator.
    told: bool = False
    #: The classes in which it tells what it may not show (policy); empty where it hides.
    rule: Mapping[str, Any] = field(default_factory=dict)
    #: How far a hidden population must be able to move.
    need: Need = ((1, 0), (0, 1))
    #: Rows that tell a class when they may not show their numerator.
    codable: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool), repr=False)
    #: What the attacker takes for granted of hidden numerators and complements.
    floor: Ints | None = field(default=None, repr=False)

    @property
    def counts(self) -> Ints:
        return self.cube.values

    def larger(self) -> int:
        """The largest of the three counts: it has the most room; an indicator nobody has data for has only missing."""
        return int(np.argmax(self.counts.sum(axis=(1, 2))))

    def room(self, *, by: bool = True) -> Ints:
        """How far the count that carries the population (`by` false: the denominator) can fall."""
        which = self.carrier if by else self.share_carrier
        room: Ints = self.counts[which]
        return room if which == M or self.carrier_room is None else np.minimum(room, self.carrier_room)

    def classes(self, given: Bools) -> tuple[Ints, Ints]:
        """Least numerator and least complement of every row in its class, zero where it would tell none; notes which do."""
        n = self.counts[X] + self.counts[Y]
        low = np.zeros((2, *n.shape), dtype=np.int64)
        self.codable = np.zeros(n.shape, dtype=bool)
        if self.rule and not self.mean:
            self.codable = self.cube.real & ~given & ~self.small & ~self.withheld_nodes & ~self.shown_before
            self.codable &= steps(n.ravel(), self.rule).reshape(n.shape) > 0
            least, most = bounds(n.ravel(), self.counts[X].ravel(), self.rule)
            low[X], low[Y] = least.reshape(n.shape), n - most.reshape(n.shape)
            low[:, ~self.codable] = 0
        for (node, flat), told in self.class_before.items():
            first, last = numerators(int(n[node, flat]), *told)
            low[:, node, flat] = first, int(n[node, flat]) - last
        return low[X], low[Y]

    def row_cost(self) -> Any:  # noqa: ANN401
        return _row_cost(self.cube, self.counts.sum(axis=0))

    def numbers(self) -> Ints:
        """Position in the whole result of each of its rows."""
        numbers: Ints = self.frame["_row"].to_numpy().astype(np.int64)
        return numbers

    def proven_by_total(self, node: int, flat: int) -> bool:
        """Whether a row's population, or its denominator, is proven to be able to move."""
        return any(
            o is not None and any((p.node, p.flat) == (node, flat) for p in ranges(o.problem, o.certificates))
            for o in (self.population, self.step)
        )

    @cached_property
    def mean(self) -> bool:
        """A mean has no numerator: its first count is the denominator."""
        return self.frame["x"].null_count() == self.frame.height

    @cached_property
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
    withheld = not_here(part, name, definition, policy)
    if withheld.all():
        return None
    cube = build_cube(part, ["_x", "_y", "_m"], additive=bool(definition.get("additive", True)))
    found = Indicator(name, part, definition, cube, withheld.to_numpy(), _only(cube, withheld.to_numpy()))
    found.rule = policy.coding(name, definition)
    tie(found, bonds)
    # What an earlier release left hidden is taken for known: it moves no more, whether it is published here or not.
    found.withheld_nodes &= ~found.shown_before
    find_primaries(found, policy, bonds)
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


def population_problem(group: list[Indicator], small: list[tuple[int, int]]) -> Problem:
    """The table of N. A change of N is carried in each indicator by its larger count, so that n changes with it."""
    cube = group[0].cube
    room = np.min([i.room() for i in group], axis=0)
    total = cube.values.sum(axis=0)
    # What any indicator of this population showed before tells N.
    empty = total == 0
    for place in small:
        empty[place] = False
    fixed = cube.real & (empty | np.any([i.shown_before for i in group], axis=0))
    small = [place for place in small if not fixed[place]]
    primaries = [Primary(0, node, flat, group[0].need) for node, flat in small]
    withheld = np.all([i.withheld_nodes for i in group], axis=0)
    return Problem(
        cube.tree,
        cube.space,
        room[None],
        np.zeros_like(room)[None],
        _row_cost(cube, total),
        cube.real,
        fixed & ~withheld,
        withheld,
        primaries,
    )


def indicator_problem(indicator: Indicator, given: Bools, policy: Policy | None) -> Problem:
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
    if policy is not None and policy.lower:
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
    lower[:M] = np.maximum(lower[:M], indicator.classes(given))
    indicator.floor = lower[:M].copy()
    # A denominator that others tell is no part of it: what keeps that secret is proven apart.
    primaries = [p for p in indicator.primaries if not indicator.told or p.quantity != M]
    return Problem(
        cube.tree,
        cube.space,
        cube.values,
        lower,
        _row_cost(cube, total),
        cube.real,
        fixed & ~given,
        given,
        primaries,
        exchanges=[(X, Y)] if indicator.told else [(X, Y), (X, M), (Y, M)],
    )


def _row_cost(cube: Cube, total: Ints) -> Any:  # noqa: ANN401
    margins: Any = np.zeros(cube.space.size, dtype=bool)
    if cube.space.equations.size:
        margins = (cube.space.equations < 0).any(axis=0)
    depth = cube.tree.depth()
    above: Any = PER_LEVEL ** (depth.max(initial=0) - depth)
    return cell_cost(total, np.zeros_like(depth), margins) * above[:, None]
