"""The finest cells: which indicators one aggregation counts together, its SQL, and its sums by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bds_tool.indicators.definitions import Indicator
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb

    from bds_tool.indicators.cube import Arrays


class Group(NamedTuple):
    """Indicators that one aggregation counts together.

    `counters`: per indicator the conditions of population, denominator and numerator (None where not counted here)
    and of the new registration; `totals`: name → SQL of the values that are summed; `breakdowns`: those that any of
    the indicators has. `apart`: each count in a column of its own, for cells of a million rows and more.
    """

    view: str
    day: str
    where: str
    counters: dict[str, dict[str, str]]
    totals: dict[str, str]
    breakdowns: set[str]
    apart: bool = False


#: Sums of means are added up as whole numbers of this part of a unit: a sum of fractions depends on its order.
PARTS = {"s": 1e6, "q": 1e4}


def _fixed(value: str, what: str) -> str:
    return f"CAST(round(CAST({value} AS DOUBLE) * {PARTS[what]:.0f}) AS BIGINT)"


#: A counter takes 20 bits of a 64-bit sum, so three fit in one: a cell of one piece holds fewer than a million rows.
COUNTER_BITS = 20
COUNTERS = "pnx"
#: In place of a breakdown that none of the indicators has: their view may not even know it.
NOT_BROKEN_DOWN = "CAST(NULL AS VARCHAR)"


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
        if group.apart:
            passed = ""
            for depth, (what, condition) in enumerate(asked, 1):
                passed += f"CASE WHEN {condition} THEN "
                packed.append(f"sum({passed}1{' ELSE 0 END' * depth}) AS c{slot}{what}")
            continue
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
                packed = f"(CAST(c{slot} AS BIGINT) >> {position * COUNTER_BITS}) & {mask}"
                out[f"{what}|{indicator}"] = f"c{slot}{what}" if group.apart else packed
        if "b" in conditions:
            out[f"b|{indicator}"] = f"b{number}"
    return out | {name: f"t{number}" for number, name in enumerate(group.totals)}


def figures(
    connection: duckdb.DuckDBPyConnection, cells: str, group: Group, by: Sequence[str], sign: str = "1"
) -> Arrays:
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
