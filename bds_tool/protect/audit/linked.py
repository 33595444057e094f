"""Indicators that hang together, attacked as one system: whoever has them all knows the sums between them.

Relations (published with a result): `som` (parts that exclude each other, in a whole or in the denominator), `noemer`
(equal population and denominator) and `gemiddelde` (the mean of what a share counts).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.base.text import t
from bds_tool.protect.audit.result_grid import HIDDEN, KEY, Grid, alike
from bds_tool.protect.audit.system import Changes, Ints, System, top

if TYPE_CHECKING:
    import polars as pl

Relation = Mapping[str, Any]
#: Counts of a row, as cells of a grid.
NUMERATOR, MISSING, DENOMINATOR, POPULATION = 0, 2, 3, 4


@dataclass
class Member:
    """One indicator: its rows, its grid and what is known of it alone; `first` is the number of its first cell."""

    name: str
    part: pl.DataFrame
    grid: Grid
    system: System
    first: int = 0

    def cells(self, count: int, places: Ints) -> Ints:
        return self.first + count * int(np.prod(self.grid.shape)) + places


def by(frame: pl.DataFrame, column: str) -> defaultdict[str, pl.DataFrame]:
    """The rows of each value of a column, in their order; none of another value."""
    empty = frame.clear()
    parts = frame.partition_by(column, as_dict=True, maintain_order=True)
    return defaultdict(lambda: empty, {str(value): part for (value,), part in parts.items()})


def ids(relation: Relation) -> list[str]:
    """The indicators in a relation."""
    if relation["kind"] == "som":
        return [*([relation["whole"]] if relation["whole"] else []), *relation["parts"]]
    return list(relation["of"]) if relation["kind"] == "noemer" else [relation["mean"], relation["share"]]


def families(names: Sequence[str], relations: Sequence[Relation]) -> list[list[str]]:
    """The indicators of a publication, those bound by relations together, in the order they come in."""
    label = {n: n for n in names}
    for relation in relations:
        joined = {label[n] for n in ids(relation) if n in label}
        if len(joined) > 1:
            label = {n: min(joined) if old in joined else old for n, old in label.items()}
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(label[name], []).append(name)
    return list(groups.values())


def join(members: Sequence[Member], relations: Sequence[Relation]) -> System:
    """One system of all members, with the sums between them."""
    if len(members) == 1:
        return members[0].system
    first = 0
    for m in members:
        m.first = first
        first += len(m.system.low)
    by_name = {m.name: m for m in members}
    ties: list[tuple[Ints, Ints]] = []
    for relation in relations:
        if not set(ids(relation)) <= set(by_name):
            continue
        if relation["kind"] == "noemer":
            base = by_name[relation["of"][0]]
            for name in relation["of"][1:]:
                mine, theirs = _shared([base, by_name[name]])
                ties += [
                    (base.cells(count, mine), by_name[name].cells(count, theirs)[:, None])
                    for count in (MISSING, DENOMINATOR, POPULATION)
                ]
        elif relation["kind"] == "som":
            parts = [by_name[p] for p in relation["parts"]]
            whole = by_name[relation["whole"]] if relation["whole"] else parts[0]
            places = _shared([whole, *parts])
            total = whole.cells(NUMERATOR if relation["whole"] else DENOMINATOR, places[0])
            columns = [p.cells(NUMERATOR, at) for p, at in zip(parts, places[1:], strict=True)]
            if not relation["complete"]:
                rest = first + np.arange(len(total))
                first += len(total)
                columns.append(rest)
            ties.append((total, np.column_stack(columns)))
    return _joined(members, ties, first)


def _joined(members: Sequence[Member], ties: list[tuple[Ints, Ints]], size: int) -> System:
    own = sum(len(m.system.low) for m in members)
    extra = size - own
    low = np.concatenate([*(m.system.low for m in members), np.zeros(extra)])
    high = np.concatenate([*(m.system.high for m in members), np.full(extra, np.inf)])
    high[np.isinf(high)] = top(high)
    none, few = np.zeros(extra, dtype=bool), np.ones(extra, dtype=np.int64)
    system = System(
        low,
        high,
        np.concatenate([*(m.system.wanted for m in members), none]),
        np.concatenate([*(m.system.need for m in members), few]),
        [np.where(block < 0, -1, block + m.first) for m in members for block in m.system.sums],
        np.concatenate([*(m.system.earlier for m in members), none]),
    )
    for total, parts in ties:
        system.add_sums(total, parts)
    if any(m.system.near is not None for m in members):
        near = np.concatenate(
            [
                *(
                    np.full(len(m.system.low), np.nan) if m.system.near is None else m.system.near
                    for m in members
                ),
                np.full(extra, np.nan),
            ]
        )
        for total, parts in ties:
            last = parts[:, -1]
            rest = last >= own
            near[last[rest]] = near[total[rest]] - near[parts[rest][:, :-1]].sum(axis=1)
        system.near = near
    told = [(m.first, m.system.claims) for m in members if m.system.claims is not None]
    if told:
        of = np.concatenate([c.of for _, c in told])
        cell = np.concatenate([c.cell + f for f, c in told])
        delta = np.concatenate([c.delta for _, c in told])
        system.claims = _with_slack(Changes(of, cell, delta), ties, own, size)
    return system


def _with_slack(changes: Changes, ties: list[tuple[Ints, Ints]], own: int, size: int) -> Changes:
    """What is in no share changes along with the shares."""
    of, cell, delta = [changes.of], [changes.cell], [changes.delta]
    for total, parts in ties:
        if not len(total) or parts[0, -1] < own:
            continue
        for column, sign in ((total, 1), *((c, -1) for c in parts[:, :-1].T)):
            rest = np.full(size, -1, dtype=np.int64)
            rest[column] = parts[:, -1]
            found = rest[changes.cell]
            use = found >= 0
            of.append(changes.of[use])
            cell.append(found[use])
            delta.append(sign * changes.delta[use])
    return Changes(np.concatenate(of), np.concatenate(cell), np.concatenate(delta))


def _shared(members: Sequence[Member]) -> list[Ints]:
    """Places of the rows that all members have, in the grid of each."""
    import polars as pl

    if all(alike(members[0].part, m.part) for m in members[1:]):
        return [m.grid.place for m in members]
    joined = None
    for number, m in enumerate(members):
        mine = m.part.select(*KEY).with_columns(pl.Series(f"_{number}", m.grid.place))
        joined = mine if joined is None else joined.join(mine, on=list(KEY), how="inner", nulls_equal=True)
    assert joined is not None  # noqa: S101  # there is a first member
    return [joined[f"_{number}"].to_numpy().astype(np.int64) for number in range(len(members))]


def excuse_means(members: Sequence[Member], relations: Sequence[Relation]) -> None:
    """A mean is hidden with its share for what its sum tells; its denominator others may show."""
    means = {r["mean"] for r in relations if r["kind"] == "gemiddelde"}
    for m in members:
        if m.name in means and len(members) > 1:
            m.system.wanted[:] = False


def told_by_means(frame: pl.DataFrame, relations: Sequence[Relation]) -> list[str]:
    """Rows of a mean that are shown where a share of the same counts is hidden: its sum tells of the share."""
    import polars as pl

    remarks = []
    for relation in relations:
        if relation["kind"] != "gemiddelde":
            continue
        shown = frame.filter((pl.col("indicator") == relation["mean"]) & (pl.col("n") > 0))
        secret = frame.filter((pl.col("indicator") == relation["share"]) & pl.col("status").is_in(HIDDEN))
        count = shown.join(secret, on=list(KEY), how="semi", nulls_equal=True).height
        if count:
            remarks.append(
                t(
                    f"{relation['mean']}: {count} rijen tonen een gemiddelde waar {relation['share']} verborgen is",
                    f"{relation['mean']}: {count} rows show a mean where {relation['share']} is hidden",
                )
            )
    return remarks
