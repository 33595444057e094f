"""What hangs together is protected together: populations first, then denominators, then the shares of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bds_tool.indicators.relations import members
from bds_tool.protect.certificate import ranges
from bds_tool.protect.coding import attempts
from bds_tool.protect.linked import Family, Shares, denominator_problem
from bds_tool.protect.result_model import Indicator, M, indicator_problem, population_problem
from bds_tool.protect.table_model import Primary
from bds_tool.protect.table_run import Outcome, suppress
from bds_tool.protect.types import Bools

if TYPE_CHECKING:
    from bds_tool.indicators.told import Relation
    from bds_tool.protect.policy import Policy


@dataclass
class Bundle:
    """Indicators whose tables hang together: with one denominator (`told`), or one alone."""

    members: list[Indicator]
    units: list[Family | Indicator]
    means: list[Indicator]
    step: Outcome | None = None

    def unit_of(self, i: Indicator) -> Family | Indicator:
        """The table that an indicator is in; a mean with shares is its own."""
        return next((u for u in self.units if isinstance(u, Family) and i in u.members), i)

    def hidden_of(self, i: Indicator) -> Bools:
        """Per node and flat node whether an indicator is hidden."""
        unit = self.unit_of(i)
        if isinstance(unit, Family):
            return unit.hidden_of(i)
        assert i.outcome is not None  # noqa: S101  # it was protected
        return i.outcome.hidden

    def coded_of(self, i: Indicator) -> Bools:
        """Per node and flat node whether an indicator tells a class."""
        return self.hidden_of(i) & i.codable if i.rule and not i.mean else np.zeros_like(i.withheld_nodes)

    def carried(self, i: Indicator) -> list[Primary]:
        """Counts of an indicator whose proof is that of a total."""
        unit = self.unit_of(i)
        return unit.carried_of(i) if isinstance(unit, Family) else i.carried

    def whole(self) -> list[str]:
        """Indicators of which every row is hidden, for no smaller pattern could be proven."""
        return [i.id for i in self.members if self.unit_of(i).whole]


def bundles(group: list[Indicator], relations: Sequence[Relation], policy: Policy) -> list[Bundle]:
    """The indicators of one population by what binds them."""
    label = {i.id: i.id for i in group}
    for relation in relations:
        ids = [n for n in members(relation) if n in label]
        joined = {label[n] for n in ids}
        if len(joined) > 1:
            label = {n: min(joined) if old in joined else old for n, old in label.items()}
    made = []
    for name in sorted(set(label.values())):
        mine = sorted((i for i in group if label[i.id] == name), key=lambda i: i.id)
        bundle = Bundle(mine, [], [])
        made.append(bundle)
        if len(mine) == 1:
            bundle.units = list(mine)
            # A row that tells a class tells its denominator.
            mine[0].told = bool(mine[0].rule) and not mine[0].mean
            choose_carriers(bundle)
            continue
        shares = [i for i in mine if not i.mean]
        bundle.means = [i for i in mine if i.mean]
        known = Shares.of([i.id for i in shares], relations)
        for i in mine:
            i.told = True
        for nodes in known.tables():
            chosen = [i for i in shares if known.alias[i.id] in nodes]
            bundle.units.append(chosen[0] if len(chosen) == 1 else Family.of(chosen, known, nodes, policy))
        choose_carriers(bundle)
    return made


def choose_carriers(bundle: Bundle) -> None:
    """The count that changes with the population: for all with one denominator a share, or for all the missing."""
    for unit in bundle.units:
        if isinstance(unit, Family):
            unit.carry_by()
    for i in bundle.members:
        i.share_carrier = i.carrier if i.carrier >= 0 else int(np.argmax(i.counts[:M].sum(axis=(1, 2))))
        i.carrier = i.share_carrier
    first = bundle.members[0]
    if first.counts[M].sum() > first.counts[:M].sum():
        for i in bundle.members:
            i.carrier = M
    elif len(bundle.members) == 1:
        first.carrier = first.larger()


def protect_group(
    group: list[Indicator], policy: Policy, *, quality: bool, relations: Sequence[Relation] = ()
) -> tuple[list[Bundle], list[Outcome]]:
    """Hide rows of the indicators of one population. The first outcome is that of the population itself, if needed."""
    outcomes = []
    found = bundles(group, relations, policy)
    given = np.zeros(group[0].cube.real.shape, dtype=bool)
    small = sorted({place for i in group for place in i.small_population})
    if small:
        problem = population_problem(group, small)
        outcome = suppress(problem, quality=quality, top_first=True)
        outcomes.append(outcome)
        given = outcome.hidden
        for indicator in group:
            indicator.population = outcome
    for bundle in found:
        outcomes += _protect_bundle(bundle, given, policy, quality=quality)
    return found, outcomes


def _protect_bundle(bundle: Bundle, given: Bools, policy: Policy, *, quality: bool) -> list[Outcome]:
    outcomes = []
    if bundle.members[0].told and bundle.members[0].counts[M].any():
        bundle.step = suppress(
            denominator_problem(bundle.members, given, policy), quality=quality, top_first=True
        )
        outcomes.append(bundle.step)
        given = given | bundle.step.hidden
        for i in bundle.members:
            i.step = bundle.step
    for unit in bundle.units:
        if isinstance(unit, Family):
            outcomes.append(unit.protect(given, quality=quality))
        else:
            outcomes.append(_protect_one(unit, given, policy, quality=quality))
    for mean in bundle.means:
        # Its denominator is proven by now; its sum tells of the shares that count the same, so it is hidden with them.
        hidden = given | mean.hidden_before | mean.withheld_nodes
        for unit in bundle.units:
            told = unit.members if isinstance(unit, Family) else [unit]
            hidden = hidden | np.any([bundle.hidden_of(i) for i in told], axis=0)
        mean.outcome = _nothing(mean, hidden & mean.cube.real & ~mean.shown_before)
    return outcomes


def _nothing(i: Indicator, hidden: Bools) -> Outcome:
    """The outcome of what needs no proof of its own."""
    problem = indicator_problem(i, hidden, None)
    problem.primaries = []
    return Outcome(problem, hidden, [], [])


def _protect_one(indicator: Indicator, given: Bools, policy: Policy, *, quality: bool) -> Outcome:
    for last in attempts([indicator]):
        outcome = _suppressed(indicator, given, policy, quality=quality, ladder=last)
        if outcome.proven:
            return outcome
    # The last rung: an indicator too thin for any pattern is hidden whole, and proven again as that. What an
    # earlier release showed cannot be taken back.
    indicator.withheld_nodes = indicator.cube.real & ~indicator.shown_before
    indicator.whole = True
    return _suppressed(indicator, given, policy, quality=quality)


def _suppressed(
    indicator: Indicator, given: Bools, policy: Policy, *, quality: bool, ladder: bool = True
) -> Outcome:
    indicator.carried.clear()
    problem = indicator_problem(indicator, given, policy)
    outcome = suppress(problem, quality=quality, top_first=True, ladder=ladder)
    indicator.outcome = outcome
    _carry(indicator)
    return outcome


def _carry(indicator: Indicator) -> None:
    """Take from the uncertified counts those that are proven by their population, or by their denominator.

    Where a numerator is known to be zero and nobody is missing, the complement is the population: with the population
    known it cannot move, but the population is hidden there as well, and a change of it is a change of `carrier`.
    """
    outcome = indicator.outcome
    if outcome is None or not outcome.uncertified:
        return
    for total, moves in (
        (indicator.population, indicator.carrier),
        (indicator.step, indicator.share_carrier),
    ):
        if total is None:
            continue
        found = ranges(total.problem, total.certificates)
        room = {(p.node, p.flat): (p, low, high) for p, (low, high) in found.items()}
        for primary in outcome.uncertified:
            if primary.quantity == moves and (primary.node, primary.flat) in room:
                p, low, high = room[primary.node, primary.flat]
                value = int(total.problem.values[p.quantity, p.node, p.flat])
                # A change of the missing is the opposite change of the denominator.
                ends = (
                    (high - value, value - low)
                    if total is indicator.population
                    else (value - low, high - value)
                )
                if any(ends[0] >= up and ends[1] >= down for up, down in primary.need):
                    indicator.carried.append(primary)
    outcome.uncertified = [p for p in outcome.uncertified if p not in set(indicator.carried)]
