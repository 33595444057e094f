"""What a bundle was proven with, told of rows of the result: certified ranges, what was taken for granted, changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from bds_tool.protect.bundles import Bundle
from bds_tool.protect.certificate import entries, ranges
from bds_tool.protect.cube import BREAKDOWNS
from bds_tool.protect.linked import Family
from bds_tool.protect.result_model import Indicator, M, X, Y
from bds_tool.protect.types import Ints

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.table_run import Outcome

#: A certificate as changes of rows: its number, the row of the result, the count (0, 1, 2) and the change.
CHANGES = ("of", "row", "count", "delta")
NAMES = {X: "teller", Y: "complement", M: "ontbrekend"}
#: A row, the name of a count, its true value and its certified range.
Fact = tuple[int, str, int, int, int]
Entries = tuple[Ints, Ints, Ints, Ints]


def facts(rows: Iterable[Fact] = ()) -> pl.DataFrame:
    import polars as pl

    whole = dict.fromkeys(("waar", "laag", "hoog"), pl.Int64)
    return pl.DataFrame(list(rows), schema={"_row": pl.UInt32, "telling": pl.String, **whole}, orient="row")


def certified(bundle: Bundle) -> Iterator[Fact]:
    """Row, count, true value and certified range of what was protected: counts, denominators and populations."""
    for unit in bundle.units:
        if isinstance(unit, Family):
            places = {m.id: _rows_at(m) for m in unit.members}
            for m, node, flat, quantity, low, high in unit.certified():
                value = int(m.counts[quantity, node, flat])
                for r in places[m.id].get((node, flat), []):
                    yield r, NAMES[quantity], value, low, high
            continue
        assert unit.outcome is not None  # noqa: S101  # it was protected
        where = _rows_at(unit)
        for p, (low, high) in ranges(unit.outcome.problem, unit.outcome.certificates).items():
            value = int(unit.counts[p.quantity, p.node, p.flat])
            yield from ((r, NAMES[p.quantity], value, low, high) for r in where.get((p.node, p.flat), []))
    for i in bundle.members:
        yield from _by_total(i, i.population, "populatie", bundle)
        yield from _by_total(i, i.step, "noemer", bundle)


def _by_total(i: Indicator, total: Outcome | None, name: str, bundle: Bundle) -> Iterator[Fact]:
    """The population or the denominator, and the counts of an indicator that are proven by it."""
    if total is None:
        return
    where = _rows_at(i)
    population = name == "populatie"
    moves = i.carrier if population else i.share_carrier
    carried = {(p.node, p.flat) for p in bundle.carried(i)}
    own = range(3) if population else range(M)
    for p, (low, high) in ranges(total.problem, total.certificates).items():
        value = int(total.problem.values[p.quantity, p.node, p.flat])
        # The range is told for the room that all share: the distance is what counts. What the missing gain, n loses.
        down, up = (value - low, high - value) if population else (high - value, value - low)
        count = int(i.counts[moves, p.node, p.flat])
        whole = int(sum(i.counts[q, p.node, p.flat] for q in own))
        covers = (i.mean and moves == X) or (p.node, p.flat) in carried
        for r in where.get((p.node, p.flat), []):
            yield r, name, whole, whole - down, whole + up
            if covers:
                yield r, NAMES[moves], count, count - down, count + up


def _rows_at(i: Indicator) -> dict[tuple[int, int], list[int]]:
    numbers = i.numbers()
    where: dict[tuple[int, int], list[int]] = {}
    labels, flats = np.nonzero(i.cube.row >= 0)
    for label, flat in zip(labels.tolist(), flats.tolist(), strict=True):
        node = int(i.cube.tree.label_node[label])
        where.setdefault((node, flat), []).append(int(numbers[i.cube.row[label, flat]]))
    return where


def floors(i: Indicator) -> pl.DataFrame:
    """What the attacker takes for granted of hidden rows: the least numerator and complement, where above zero."""
    import polars as pl

    lower = np.zeros((2, *i.cube.real.shape), dtype=np.int64) if i.floor is None else i.floor
    labels, flats = np.nonzero((i.cube.row >= 0) & (lower.max(axis=0) > 0)[i.cube.tree.label_node])
    nodes = i.cube.tree.label_node[labels]
    rows = i.frame[i.cube.row[labels, flats]].select("indicator", "area", "period", *BREAKDOWNS)
    return rows.with_columns(
        pl.Series("low_x", lower[0][nodes, flats]), pl.Series("low_y", lower[1][nodes, flats])
    )


def changes(bundle: Bundle) -> pl.DataFrame:
    """The certificates as changes of rows (CHANGES)."""
    import polars as pl

    parts: list[Entries] = [(np.zeros(0, dtype=np.int64),) * 4]
    first = 0
    population = bundle.members[0].population
    for total, counts in (
        (population, lambda i: ((i.carrier, 1),)),
        (bundle.step, lambda i: ((i.share_carrier, 1), (M, -1))),
    ):
        if total is None:
            continue
        for i in bundle.members:
            of, row, delta = _on_rows(i, total)
            # The denominator's problem holds (share, missing) as (0, 1): its first count gains.
            parts += [(of + first, row, np.full(len(row), count), sign * delta) for count, sign in counts(i)]
        first += len(total.certificates)
    for unit in bundle.units:
        assert unit.outcome is not None  # noqa: S101  # it was protected
        if isinstance(unit, Family):
            of, row, count, delta = unit.changes()
            parts.append((of + first, row, count, delta))
        else:
            of, row, delta = _on_rows(unit, unit.outcome)
            for sign, moved in (
                (1, [c.gains for c in unit.outcome.certificates]),
                (-1, [c.loses for c in unit.outcome.certificates]),
            ):
                count = np.array(moved, dtype=np.int64)[of]
                use = count >= 0
                parts.append((of[use] + first, row[use], count[use], sign * delta[use]))
        first += len(unit.outcome.certificates)
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pl.DataFrame(dict(zip(CHANGES, columns, strict=True))).cast(pl.Int32)


def _on_rows(i: Indicator, outcome: Outcome) -> tuple[Ints, Ints, Ints]:
    """Certificate, row of the result, and change of what gains."""
    of, nodes, flats, deltas = entries(outcome.certificates)
    if outcome is i.step:
        gains = np.array([1 if c.gains == 0 else -1 for c in outcome.certificates], dtype=np.int64)
        deltas = deltas * gains[of]
    each, label = i.cube.tree.labels_of(nodes)
    at = i.cube.row[label, flats[each]]
    return of[each][at >= 0], i.numbers()[at[at >= 0]], deltas[each][at >= 0]
