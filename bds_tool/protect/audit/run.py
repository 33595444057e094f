"""From a published file to a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.protect.audit.attack import Verdict, attack, ranges
from bds_tool.protect.audit.published import PublishedTable, read_description, read_published
from bds_tool.protect.audit.system import Bools, Changes, Ints, System, top


@dataclass(frozen=True)
class AuditOptions:
    """The stated requirement: least width of what stays possible, and from which count a cell is harmless."""

    width: int = 1
    threshold: float | None = None


@dataclass(frozen=True)
class Claims:
    """Changes of a whole table: entry e says that claim `of[e]` adds `delta[e]` to line `line[e]` of `start`.

    `start` is a table that may agree with the publication, with every cell in it, such as the true one.
    """

    start: PublishedTable
    of: Ints
    line: Ints
    delta: Ints


def audit_file(
    path: Path, description_path: Path, options: AuditOptions, earlier: Sequence[Path] = ()
) -> tuple[Verdict, PublishedTable]:
    """Audit a published file with its description; `earlier` are publications with the same description."""
    description = read_description(description_path)
    tables = [read_published(p, description) for p in (path, *earlier)]
    return audit_tables(tables, options), tables[0]


def audit_tables(
    tables: Sequence[PublishedTable],
    options: AuditOptions,
    strict_rows: Bools | None = None,
    claims: Claims | None = None,
) -> Verdict:
    """Attack the first table, knowing the others. `claims` says why its cells are safe; each is checked first.

    Every hidden cell must keep two possible values at least; the cells of `strict_rows` (rows of the file;
    default: all) must keep `options.width + 1`.
    """
    first = tables[0]
    system = build_system(first, options, strict_rows)
    remarks = _symbols(first) + _shown_small(first, options)
    for other in tables[1:]:
        remarks += _overlay(system, first, other)
    if claims is not None:
        _told(system, first, claims)
    verdict = attack(system, threshold=options.threshold)
    verdict.remarks += remarks
    return verdict


def exact_ranges(table: PublishedTable) -> dict[int, tuple[float, float]]:
    """Every value each hidden cell can still have, as its least and greatest (exact, so slow for large tables)."""
    return ranges(build_system(table, AuditOptions()))


def build_system(table: PublishedTable, options: AuditOptions, strict_rows: Bools | None = None) -> System:
    """Cells and sums of one table."""
    high = np.where(np.isfinite(table.high), table.high, top(table.high))
    listed = np.zeros(table.low.size, dtype=bool)
    for cells in table.symbols.values():
        listed[cells] = True
    need = np.full(table.low.size, options.width if strict_rows is None else 1, dtype=np.int64)
    if strict_rows is not None:
        need[table.rows[strict_rows]] = options.width
    system = System(table.low.ravel().astype(float), high.ravel().astype(float), listed, need)
    numbers = np.arange(table.low.size).reshape(table.low.shape)
    for at, axis in enumerate(table.axes):
        moved = np.moveaxis(numbers, at, 0).reshape(len(axis.codes), -1)
        for whole, parts in axis.sums:
            system.add_sums(moved[whole], moved[list(parts)].T)
    return system


def _told(system: System, first: PublishedTable, claims: Claims) -> None:
    """Set the table to start looking from, and what is claimed of it, in the cells of the first table."""
    start = claims.start
    here, there = _shared(first, start)
    system.near = np.full(first.low.size, np.nan)
    system.near[here] = start.low.ravel()[there]
    place = np.full(start.low.size, -1, dtype=np.int64)
    place[there] = here
    cell = place[start.rows][claims.line]
    known = cell >= 0
    system.claims = Changes(claims.of[known], cell[known], claims.delta[known])


def _shown_small(table: PublishedTable, options: AuditOptions) -> list[str]:
    """With a threshold, counts below it that are simply shown."""
    if options.threshold is None:
        return []
    shown = (table.low == table.high) & (table.low > 0) & (table.low < options.threshold)
    count = int(shown.sum())
    return (
        [
            t(
                f"{count} getoonde aantallen liggen onder de drempel",
                f"{count} shown counts are below the threshold",
            )
        ]
        if count
        else []
    )


def _symbols(table: PublishedTable) -> list[str]:
    """Two symbols tell which cells are small and which only shield them."""
    used = [s for s, cells in table.symbols.items() if len(cells)]
    if len(used) < 2:
        return []
    return [
        t(
            f"verschillende tekens voor verborgen cellen: {', '.join(map(repr, used))}",
            f"different symbols for hidden cells: {', '.join(map(repr, used))}",
        )
    ]


def _overlay(system: System, first: PublishedTable, other: PublishedTable) -> list[str]:
    """Fill in what another publication shows for the same cells; say how many numbers were changed since."""
    if [a.name for a in first.axes] != [a.name for a in other.axes]:
        raise UsageError(
            t(
                "De eerdere publicatie heeft andere dimensies.",
                "The earlier publication has other dimensions.",
            ),
            t("Geef publicaties met dezelfde beschrijving.", "Give publications with the same description."),
        )
    numbers, theirs = _shared(first, other)
    low, high = other.low.ravel()[theirs], other.high.ravel()[theirs]
    shown = ~other.hidden.ravel()[theirs]
    now_shown = ~first.hidden.ravel()[numbers]
    changed = int((shown & now_shown & ((high < system.low[numbers]) | (low > system.high[numbers]))).sum())
    use = shown & ~now_shown
    system.low[numbers[use]] = low[use]
    system.high[numbers[use]] = high[use]
    system.earlier[numbers[use]] = True
    # What the earlier publication shows is known by now; a cell that only it showed is disclosed.
    return (
        [
            t(
                f"{changed} aantallen zijn veranderd sinds een eerdere publicatie",
                f"{changed} counts were changed since an earlier publication",
            )
        ]
        if changed
        else []
    )


def _shared(first: PublishedTable, other: PublishedTable) -> tuple[Ints, Ints]:
    """The cells that two tables of the same dimensions both have: their numbers in the one and in the other."""
    here, there = [], []
    for mine, theirs in zip(first.axes, other.axes, strict=True):
        index = {c: i for i, c in enumerate(theirs.codes)}
        both = [(i, index[c]) for i, c in enumerate(mine.codes) if c in index]
        here.append(np.array([i for i, _ in both], dtype=np.int64))
        there.append(np.array([j for _, j in both], dtype=np.int64))
    pair = []
    for table, places in ((first, here), (other, there)):
        pair.append(np.arange(table.low.size).reshape(table.low.shape)[np.ix_(*places)].ravel())
    return pair[0], pair[1]
