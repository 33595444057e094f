"""Protecting any count table: from the unprotected counts to rows that may be published, with proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.protect.certificate import Certificate, check, entries, ranges
from bds_tool.protect.generic import CountTable, Dimension
from bds_tool.protect.ladder import climb
from bds_tool.protect.secondary import Suppressor
from bds_tool.protect.table_model import Primary, Problem, cell_cost

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.policy import Policy
    from bds_tool.protect.types import Bools, Ints

#: Status of a cell in what is published; the same word for every hidden cell, whatever the reason.
OK, HIDDEN = "ok", "verborgen"


@dataclass
class Outcome:
    """What protecting one problem came to. `uncertified` primaries have no proof: nothing may be published."""

    problem: Problem
    hidden: Bools
    certificates: list[Certificate]
    uncertified: list[Primary]
    faults: list[str] = field(default_factory=list)
    blocks: int = 0

    @property
    def proven(self) -> bool:
        return not self.uncertified and not self.faults


def table_problem(table: CountTable, policy: Policy) -> Problem:
    """Primary cells are counts above zero and below the threshold; zeros too when the policy hides them."""
    tree, values, published = table.tree, table.flat(), table.flat_published()
    inner = np.zeros(1, dtype=bool)
    for d in table.dimensions[1:]:
        margin = np.zeros(len(d.codes), dtype=bool)
        margin[[total for total, _ in d.sums]] = True
        inner = (inner[:, None] | margin[None, :]).ravel()
    small = (values < policy.cell) & (values > 0 if policy.zeros_shown else values >= 0) & published
    fixed = (values == 0) & published if policy.lower else np.zeros_like(published)
    primaries = [
        Primary(0, node, flat, policy.need(int(values[node, flat]), policy.cell))
        for node, flat in zip(*(a.tolist() for a in np.nonzero(small & ~fixed)), strict=True)
    ]
    lower = np.where(fixed | ~published, 0, policy.lower)[None]
    return Problem(
        tree,
        table.space(),
        values[None],
        lower,
        cell_cost(values, tree.depth(), inner),
        published,
        fixed,
        np.zeros_like(published),
        primaries,
    )


#: From this many primaries on, one round of choosing again must do: each round costs as much as the first.
MANY_PRIMARIES = 100_000


def suppress(
    problem: Problem, *, passes: int = 3, quality: bool = False, top_first: bool = False, ladder: bool = True
) -> Outcome:
    """Hide rows until every primary is certified; what cannot be certified climbs the ladder.

    Without `ladder` it stays uncertified. With `top_first` more time is spent to publish the rows of the highest level.
    """
    if len(problem.primaries) > MANY_PRIMARIES:
        passes = min(passes, 2)
    suppressor = Suppressor(problem)
    missing = suppressor.run(passes)
    if missing and not ladder:
        return Outcome(problem, suppressor.hidden(), [], list(missing))
    blocks = climb(suppressor, missing) if missing else 0
    if quality or top_first:
        from bds_tool.protect.quality import ROUNDS, improve

        hidden, certificates = improve(suppressor, top_first=top_first, rounds=ROUNDS if quality else 0)
    else:
        hidden, certificates = suppressor.hidden(), suppressor.certificates()
    certified = {c.primary for c in certificates}
    uncertified = [p for p in problem.primaries if p not in certified]
    faults = [f for f in check(problem, hidden, certificates) if f != "not certified"]
    return Outcome(problem, hidden, certificates, uncertified, faults, blocks)


@dataclass(frozen=True)
class Publication:
    """What may be published, and per row of it whether the cell is primary and its certified range (internal)."""

    frame: pl.DataFrame
    primary: Bools
    internal: pl.DataFrame


def codes_of(table: CountTable, *, every: bool = False) -> pl.DataFrame:
    """The codes of every published cell, or of `every` cell: a column per level of each dimension."""
    import polars as pl

    columns: dict[str, pl.Series] = {}
    chosen = np.ones_like(table.published) if every else table.published
    for d, at in zip(table.dimensions, np.nonzero(chosen), strict=True):
        for column, codes in _level_codes(d).items():
            columns[column] = pl.Series(column, codes)[at]
    return pl.DataFrame(columns)


def whole(table: CountTable) -> pl.DataFrame:
    """One row per cell, published or not, with every count: what the audit starts looking from."""
    import polars as pl

    return codes_of(table, every=True).with_columns(pl.Series(table.count, table.values.ravel()))


def changes(table: CountTable, outcome: Outcome) -> tuple[Ints, Ints, Ints]:
    """The certificates as changes of the rows of `whole`: number of the certificate, row, change."""
    of, nodes, flats, deltas = entries(outcome.certificates)
    each, label = table.tree.labels_of(nodes)
    return of[each], label * outcome.problem.space.size + flats[each], deltas[each]


def publication(table: CountTable, outcome: Outcome) -> Publication:
    """One row per published cell: a column per level of each dimension, the count (null when hidden), the status."""
    import polars as pl

    places = np.nonzero(table.published)
    codes_frame = codes_of(table)

    def rows(mask: Any) -> Any:  # noqa: ANN401  # per tree node and flat node → per published cell
        return mask[table.tree.label_node].reshape(table.values.shape)[places]

    secret = pl.Series(rows(outcome.hidden))
    primary, low, high = _internal_arrays(outcome)
    count = table.values[places]
    status = pl.when(secret).then(pl.lit(HIDDEN)).otherwise(pl.lit(OK)).alias("status")
    frame = codes_frame.with_columns(
        pl.when(secret).then(None).otherwise(pl.Series(count)).alias(table.count), status
    )
    internal = codes_frame.with_columns(
        pl.Series("waar", count),
        pl.Series("primair", rows(primary)),
        status,
        pl.Series("laag", rows(low)),
        pl.Series("hoog", rows(high)),
    ).filter(pl.col("status") == HIDDEN)
    internal = internal.with_columns(pl.when("primair").then(c).alias(c) for c in ("laag", "hoog"))
    return Publication(frame, rows(primary), internal)


def _internal_arrays(outcome: Outcome) -> tuple[Bools, Ints, Ints]:
    problem = outcome.problem
    primary = np.zeros(problem.published.shape, dtype=bool)
    low, high = problem.values[0].copy(), problem.values[0].copy()
    for p, (least, most) in ranges(problem, outcome.certificates).items():
        primary[p.node, p.flat] = True
        low[p.node, p.flat], high[p.node, p.flat] = least, most
    return primary, low, high


def _level_codes(dimension: Dimension) -> dict[str, list[str]]:
    """For each column of a dimension the code per node: the total's word above its level, the ancestor below it."""
    columns = dimension.description.columns
    if len(columns) == 1:
        return {columns[0]: list(dimension.codes)}
    result: dict[str, list[str]] = {c: [] for c in columns}
    parent: Ints = dimension.parent
    for node in range(len(dimension.codes)):
        chain, at = [], node
        while parent[at] >= 0:
            chain.append(dimension.codes[at])
            at = int(parent[at])
        chain.reverse()
        for level, column in enumerate(columns):
            result[column].append(chain[level] if level < len(chain) else dimension.description.total)
    return result
