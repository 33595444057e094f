"""From a store to counts: all indicators over all areas, breakdowns and years.

The store is read once, in pieces of whole dossiers. Per piece the views are made, and per unit view one aggregation
makes the finest cells of all its indicators; the cells of the pieces are added up. Counts (and sums, for means) are
additive, so margins made from the finest cells (`cube`) are exact.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bds_tool.base import text
from bds_tool.base.errors import UsageError
from bds_tool.base.pools import threads
from bds_tool.indicators import features
from bds_tool.indicators.cells import Group, cells_sql, groups
from bds_tool.indicators.definitions import Indicator
from bds_tool.indicators.doubt import doubted, in_doubt, undoubt
from bds_tool.indicators.piece import Piece
from bds_tool.indicators.result import LEVELS
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Progress = Callable[[str], None] | None


@dataclass
class Plan:
    """What to count: `levels` besides the whole, `by` breakdown columns, `yearly` also year by year.

    `standardise` are the breakdowns of the directly standardised rates (see `standardise`). `rolling` adds windows of so
    many years, one ending in each year; windows overlap, so what they share must be known: they need the years.
    """

    indicators: list[Indicator]
    settings: features.Settings
    levels: Sequence[str] = ("gemeente", "wijk")
    by: Sequence[str] = ("sex",)
    yearly: bool = True
    standardise: Sequence[str] = ()
    rolling: int = 0
    progress: Progress = field(default=None, repr=False)

    def __post_init__(self) -> None:
        many = self.settings.last_year - self.settings.first_year + 1
        if self.rolling and not 1 < self.rolling < many:
            raise UsageError(
                text.t(
                    f"Een venster van {self.rolling} jaar past niet in {self.period}.",
                    f"A window of {self.rolling} years does not fit in {self.period}.",
                ),
                text.t(
                    "Kies minstens twee jaren, en minder dan er in --period zijn.",
                    "Choose at least two years, and fewer than --period has.",
                ),
            )
        self.yearly = self.yearly or bool(self.rolling)

    @property
    def lowest(self) -> str:
        return max(self.levels, key=LEVELS.index) if self.levels else "land"

    @property
    def period(self) -> str:
        first, last = self.settings.first_year, self.settings.last_year
        return str(first) if first == last else f"{first}-{last}"

    @property
    def cell_by(self) -> list[str]:
        """Breakdowns of the finest cells."""
        return [*self.by, *(name for name in self.standardise if name not in self.by)]

    def concepts(self) -> list[str]:
        return sorted({c for i in self.indicators for c in i.concepts})

    def views(self) -> list[str]:
        return ["thuis", "verhuisd", *sorted({n for i in self.indicators for n in i.needs()})]


#: Children of a piece by their lot; who is born after the reference date is none yet.
LOT = """
    select t.lot, count(*) as kinderen from thuis t join kind k on k.kind = t.kind
    where k.geboren <= (select peildatum from parameters) group by t.lot"""
#: Pieces worked on at the same time: SQL of one view seldom keeps two processors busy, two pieces do.
PIECES = 2


class Counted(NamedTuple):
    """A group with the table of its cells, and (when values were judged) that of what values in doubt would change."""

    group: Group
    cells: str
    range: str


def count(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[pa.Table], plan: Plan, *, judged: bool = False
) -> list[Counted]:
    """Count all indicators over `tables` (pieces of registraties).

    `connection` holds `bronnen`, the tables of `area.install` and `delivery.install` and, when `judged`, that of `doubt.install`. A table of
    cells has gebied, jaar, levering, lot, the breakdowns and what `unpacked` names, one row per cell and piece; the
    table `_lot` how many children of each lot there are, per piece.
    """
    progress = plan.progress or (lambda _: None)
    found = groups(plan.indicators)
    features.install_lookups(connection, plan.views(), plan.settings, plan.concepts())
    # What lies after the day of reading cannot have happened; what lies after the reference date is only later.
    connection.execute("""
        update parameters set opgeleverd = coalesce(
            (select max(try_cast(gelezen as date)) from bronnen), opgeleverd)""")
    if not judged:
        connection.execute("update parameters set oordeel = false")
    first = threading.Lock()
    made: set[str] = set()

    def add(own: duckdb.DuckDBPyConnection, target: str, sql: str) -> None:
        with first:
            new = target not in made
            if new:
                own.execute(
                    database.fill("create or replace table {target} as {sql}", target=target, sql=sql)
                )
                made.add(target)
        if not new:
            own.execute(database.fill("insert into {target} {sql}", target=target, sql=sql))

    def one(table: pa.Table) -> None:
        with connection.cursor() as own:  # temporary tables are those of a cursor
            piece = Piece.of(own, table, judged=judged)
            piece.show(own)
            features.make(own, plan.views(), plan.concepts(), plan.settings.place, keyed=True)
            add(own, "_lot", LOT)
            for position, group in enumerate(found):
                add(own, f"_cel{position}", cells_sql(group, plan.cell_by))
            if judged:
                for position, sign, sql in _range(own, piece, found, plan):
                    add(
                        own,
                        f"_met{position}",
                        database.fill("select {sign} as teken, * from ({sql})", sign=sign, sql=sql),
                    )

    waiting: list[Future[None]] = []
    with threads(PIECES) as pool:
        for number, table in enumerate(tables, 1):
            rows = text.number(table.num_rows)
            progress(text.t(f"deel {number}: {rows} rijen", f"piece {number}: {rows} rows"))
            waiting.append(pool.submit(one, table))
            if len(waiting) > PIECES:  # one more is read ahead
                waiting.pop(0).result()
        for future in waiting:
            future.result()
    return [
        Counted(group, f"_cel{n}", f"_met{n}" if f"_met{n}" in made else "") for n, group in enumerate(found)
    ]


def _range(
    own: duckdb.DuckDBPyConnection, piece: Piece, found: list[Group], plan: Plan
) -> Iterator[tuple[int, int, str]]:
    """Cells of the children with a value in doubt: without it (sign -1, from the views as they are), then with it.

    Yields position of the group, sign and SQL; the views are made anew between the two.
    """
    doubtful = doubted(own, piece.dossiers, plan.views())
    if not doubtful:
        return
    touched = [
        (n, g)
        for n, g in enumerate(found)
        if doubtful & {19, 20} or doubtful & features.own_elements(g.view, g.where, plan.concepts())
    ]
    for position, group in touched:
        yield position, -1, cells_sql(group, plan.cell_by, "geraakt")
    piece.show(own, undoubt(own))
    features.make(
        own,
        ["thuis", "verhuisd", *sorted({g.view for _, g in touched})],
        plan.concepts(),
        plan.settings.place,
        keyed=True,
    )
    for position, group in touched:
        yield position, 1, cells_sql(group, plan.cell_by, "geraakt")


def lay_out(own: duckdb.DuckDBPyConnection, table: pa.Table, *, judged: bool) -> None:
    """A piece as the views `registraties` (the rows that count) and `_stuk` (those in doubt too, when `judged`)."""
    import numpy as np

    doubtful = in_doubt(own, table) if judged else np.array([], dtype=np.int64)
    own.register("_zeker", by_element(table, doubtful))
    own.register("_twijfelachtig", table.take(doubtful))
    own.execute("create or replace temp view registraties as select * from _zeker")
    own.execute("""
        create or replace temp view _stuk as
        select * from _zeker union all select * from _twijfelachtig""")


def by_element(table: pa.Table, without: Any = None) -> pa.Table:  # noqa: ANN401  # an array of places
    """The rows with those of one element together, so that a view reads only the part of its elements.

    `without`: the places of rows that are left out, besides those without an element.
    """
    import numpy as np
    import pyarrow as pa

    numbers = table["bdsnummer"]
    kept = numbers.is_valid().to_numpy() if numbers.null_count else np.ones(len(table), dtype=bool)
    if without is not None:
        kept[without] = False
    places = np.flatnonzero(kept)
    order = np.argsort(
        numbers.fill_null(0).to_numpy()[places].astype(np.int16), kind="stable"
    )  # 16 bits: a radix sort
    rows = pa.array(places[order])
    return pa.table(
        {name: table[name].take(rows) for name in table.column_names}
    )  # Table.take copies the words too
