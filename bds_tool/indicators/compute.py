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
from bds_tool.indicators.definitions import Indicator
from bds_tool.indicators.doubt import CERTAIN, doubted, undoubt
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


class Group(NamedTuple):
    """Indicators that one aggregation counts together.

    `counters`: per indicator the conditions of population, denominator and numerator (None where not counted here)
    and of the new registration; `totals`: name → SQL of the values that are summed; `breakdowns`: those that any of
    the indicators has.
    """

    view: str
    day: str
    where: str
    counters: dict[str, dict[str, str]]
    totals: dict[str, str]
    breakdowns: set[str]


#: Sums of means are added up as whole numbers of this part of a unit: a sum of fractions depends on its order.
PARTS = {"s": 1e6, "q": 1e4}


def _fixed(value: str, what: str) -> str:
    return f"CAST(round(CAST({value} AS DOUBLE) * {PARTS[what]:.0f}) AS BIGINT)"


#: A counter takes 20 bits of a 64-bit sum, so three fit in one: a cell of one piece holds fewer than a million rows.
COUNTER_BITS = 20
COUNTERS = "pnx"
#: Children of a piece by their lot; who is born after the reference date is none yet.
LOT = """
    select t.lot, count(*) as kinderen from thuis t join kind k on k.kind = t.kind
    where k.geboren <= (select peildatum from parameters) group by t.lot"""
#: In place of a breakdown that none of the indicators has: their view may not even know it.
NOT_BROKEN_DOWN = "CAST(NULL AS VARCHAR)"
#: Pieces worked on at the same time: SQL of one view seldom keeps two processors busy, two pieces do.
PIECES = 2


def groups(indicators: Iterable[Indicator]) -> list[Group]:
    """One group per view, date and set of concepts; and one per view that only counts populations."""
    gathered: dict[tuple[str, str, str], Group] = {}

    def group(view: str, day: str, where: str) -> Group:
        return gathered.setdefault((view, day, where), Group(view, day, where, {}, {}, set()))

    for i in indicators:
        where = f"begrip IN ({', '.join(map(database.text, i.concepts))})" if i.concepts else ""
        own = group(i.view, i.day, where)
        conditions = {"p": i.population, "n": i.denominator}
        if i.kind == "gemiddelde":
            conditions["n"] = f"({i.denominator}) AND ({i.value}) IS NOT NULL"
            own.totals[f"s|{i.id}"] = _fixed(i.value, "s")
            own.totals[f"q|{i.id}"] = _fixed(f"CAST({i.value} AS DOUBLE) * ({i.value})", "q")
        elif i.kind == "tarief":
            own.totals[f"x|{i.id}"] = f"CAST({i.numerator} AS BIGINT)"
        else:
            conditions["x"] = i.numerator
        if i.era:
            conditions["b"] = f"({i.era}) = 1"
        own.counters[i.id] = conditions
        own.breakdowns.update(i.data["uitsplitsingen"])
        if i.population_view:
            condition = i.age_mask if "leeftijd" in i.data else "TRUE"
            others = group(i.population_view, "datum", "")
            others.counters[i.id] = {"p": condition}
            others.breakdowns.update(i.data["uitsplitsingen"])
            own.totals[f"u|{i.id}"] = (
                f"CASE WHEN {i.age_mask if 'leeftijd' in i.data else 'leeftijden <> 0'} THEN 0 ELSE 1 END"
            )
    return list(gathered.values())


def cells_sql(group: Group, by: Sequence[str], only: str = "") -> str:
    """SQL of the finest cells of a group: gebied, jaar, levering, lot, breakdowns, then what `unpacked(group)` reads.

    `only` is a table with the children (`kind`) to count; without it all are.

    Characteristics of the child come from `thuis`, the area from there or, for a child that moved, from the address on
    the date that decides the year. The conditions build on each other (known = population and denominator, …); their
    counts are packed in one number per indicator, which makes a third of the aggregates.
    """
    flags, packed = [], []
    one = [1, 1 | 1 << COUNTER_BITS, 1 | 1 << COUNTER_BITS | 1 << 2 * COUNTER_BITS]
    summed = {name[2:] for name in group.totals}
    index = {indicator: number for number, indicator in enumerate(group.counters)}
    for asked, slot in _slots(group).items():
        # each condition is only asked of the rows that passed the one before
        conditions = dict(asked)
        value = str(one[0])
        if "n" in conditions:
            known = (
                f"CASE WHEN {conditions['x']} THEN {one[2]} ELSE {one[1]} END"
                if "x" in conditions
                else one[1]
            )
            value = f"CASE WHEN {conditions['n']} THEN {known} ELSE {one[0]} END"
        packed.append(f"sum(CASE WHEN {conditions['p']} THEN {value} ELSE 0 END) AS c{slot}")
    for number, (indicator, conditions) in enumerate(group.counters.items()):
        if "b" in conditions or indicator in summed:
            flags.append(f", coalesce(({conditions['p']}) AND ({conditions['n']}), FALSE) AS n{number}")
        if "b" in conditions:
            packed.append(
                database.fill(
                    "count(*) FILTER (WHERE n{number} AND ({part2})) AS b{number}",
                    number=number,
                    part2=conditions["b"],
                )
            )
    for number, (name, sql) in enumerate(group.totals.items()):
        packed.append(
            database.fill(
                "sum({sql}) FILTER (WHERE n{part2}) AS t{number}",
                sql=sql,
                part2=index[name[2:]],
                number=number,
            )
        )
    selected = {
        "sex": "t.sex",
        "education": "t.education",
        "origin": "t.origin",
        "age": "u.age",
        "mother_age": "t.mother_age",
    }
    columns = ", ".join(
        [
            "coalesce(t.gebied, w.gebied, p.onbekend) AS gebied",
            "year(u.k_datum) AS jaar",
            "t.levering",
            "t.lot",
            *(f"{selected[name] if name in group.breakdowns else NOT_BROKEN_DOWN} AS {name}" for name in by),
            *packed,
        ]
    )
    where = " AND ".join(
        part
        for part in (
            group.where,
            database.fill("kind IN (SELECT kind FROM {only})", only=only) if only else "",
        )
        if part
    )
    rows = database.fill(
        "SELECT *, CAST({day} AS DATE) AS k_datum FROM {view}{part3}",
        day=group.day,
        view=group.view,
        part3=" WHERE " + where if where else "",
    )
    return database.fill(
        "SELECT {columns} FROM (SELECT *{flags} FROM ({rows}) AS r CROSS JOIN (SELECT van AS per_van, peildatum AS per_tot FROM parameters) AS per WHERE r.k_datum BETWEEN per.per_van AND per.per_tot) AS u JOIN (SELECT kind AS t_kind, sex, education, origin, mother_age, gebied, levering, lot FROM thuis) AS t ON t.t_kind = u.kind LEFT JOIN (SELECT kind AS w_kind, van AS w_van, tot AS w_tot, gebied FROM verhuisd) AS w ON w.w_kind = u.kind AND u.k_datum >= w.w_van AND u.k_datum < w.w_tot CROSS JOIN geenplaats AS p GROUP BY {part4}",
        columns=columns,
        flags="".join(flags),
        rows=rows,
        part4=", ".join(str(n + 1) for n in range(len(by) + 4)),
    )


def _asked(conditions: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((what, conditions[what]) for what in COUNTERS if what in conditions)


def _slots(group: Group) -> dict[tuple[tuple[str, str], ...], int]:
    """Conditions of population, denominator and numerator → column; indicators that ask the same share one."""
    return {asked: slot for slot, asked in enumerate(dict.fromkeys(map(_asked, group.counters.values())))}


def unpacked(group: Group) -> dict[str, str]:
    """Name of a sum (`n|BRUSH`) → SQL over a row of cells that gives it.

    What: population, known, numerator, known by the new registration, sum, sum of squares, and known outside the
    population that another view counts (`p`, `n`, `x`, `b`, `s`, `q`, `u`).
    """
    out: dict[str, str] = {}
    mask = (1 << COUNTER_BITS) - 1
    slots = _slots(group)
    for number, (indicator, conditions) in enumerate(group.counters.items()):
        slot = slots[_asked(conditions)]
        for position, what in enumerate(COUNTERS):
            if what in conditions:
                out[f"{what}|{indicator}"] = (
                    f"(CAST(c{slot} AS BIGINT) >> {position * COUNTER_BITS}) & {mask}"
                )
        if "b" in conditions:
            out[f"b|{indicator}"] = f"b{number}"
    return out | {name: f"t{number}" for number, name in enumerate(group.totals)}


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
            own.register("_stuk", by_element(table))
            own.execute(
                database.fill(
                    "create or replace temp view registraties as {part1}",
                    part1=CERTAIN if judged else "select * from _stuk",
                )
            )
            features.make(own, plan.views(), plan.concepts(), plan.settings.place)
            add(own, "_lot", LOT)
            for position, group in enumerate(found):
                add(own, f"_cel{position}", cells_sql(group, plan.cell_by))
            if judged:
                for position, sign, sql in _range(own, found, plan):
                    add(
                        own,
                        f"_met{position}",
                        database.fill("select {sign} as teken, * from ({sql})", sign=sign, sql=sql),
                    )
            own.unregister("_stuk")

    waiting: list[Future[None]] = []
    with threads(PIECES) as pool:
        for piece, table in enumerate(tables, 1):
            rows = text.number(table.num_rows)
            progress(text.t(f"deel {piece}: {rows} rijen", f"piece {piece}: {rows} rows"))
            waiting.append(pool.submit(one, table))
            if len(waiting) > PIECES:  # one more is read ahead
                waiting.pop(0).result()
        for future in waiting:
            future.result()
    return [
        Counted(group, f"_cel{n}", f"_met{n}" if f"_met{n}" in made else "") for n, group in enumerate(found)
    ]


def _range(own: duckdb.DuckDBPyConnection, found: list[Group], plan: Plan) -> Iterator[tuple[int, int, str]]:
    """Cells of the children with a value in doubt: without it (sign -1, from the views as they are), then with it.

    Yields position of the group, sign and SQL; the views are made anew between the two.
    """
    doubtful = doubted(own, plan.views())
    if not doubtful:
        return
    touched = [
        (n, g)
        for n, g in enumerate(found)
        if doubtful & {19, 20} or doubtful & features.own_elements(g.view, g.where, plan.concepts())
    ]
    for position, group in touched:
        yield position, -1, cells_sql(group, plan.cell_by, "geraakt")
    undoubt(own)
    features.make(
        own,
        ["thuis", "verhuisd", *sorted({g.view for _, g in touched})],
        plan.concepts(),
        plan.settings.place,
    )
    for position, group in touched:
        yield position, 1, cells_sql(group, plan.cell_by, "geraakt")


def by_element(table: pa.Table) -> pa.Table:
    """The rows with those of one element together, so that a view reads only the part of its elements."""
    import numpy as np

    if table["bdsnummer"].null_count:
        table = table.filter(table["bdsnummer"].is_valid())
    order = np.argsort(table["bdsnummer"].to_numpy().astype(np.int16), kind="stable")  # 16 bits: a radix sort
    return table.take(order)


def figures(
    connection: duckdb.DuckDBPyConnection, cells: str, group: Group, by: Sequence[str], sign: str = "1"
) -> dict[str, Any]:
    """The cells of a group as numpy arrays: gebied, jaar, levering, breakdowns, and each sum by name, added up over the pieces.

    All sums are whole numbers, those of means in PARTS.
    """
    dims = ["gebied", "jaar", "levering", *by]
    sums = ", ".join(
        f'sum({sign} * CAST({sql} AS DOUBLE)) AS "{name}"' for name, sql in unpacked(group).items()
    )
    return dict(
        connection.execute(
            database.fill(
                "select {dims}, {sums} from {cells} group by all",
                dims=", ".join(dims),
                sums=sums,
                cells=cells,
            )
        ).fetchnumpy()
    )
