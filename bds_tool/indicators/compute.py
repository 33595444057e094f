"""From a store to counts: all indicators over all areas, breakdowns and years.

The store is read once, in pieces of whole dossiers. Per piece the views are made, and per unit view one aggregation
makes the finest cells of all its indicators; the cells of the pieces are added up. Counts (and sums, for means) are
additive, so margins made from the finest cells (`cube`) are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bds_tool.indicators import features
from bds_tool.indicators.definitions import Indicator
from bds_tool.indicators.result import LEVELS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Progress = Callable[[str], None] | None

#: What is summed per indicator: population, known, numerator, known by the new registration, sum, sum of squares.
SUMS = "pnxbsq"


@dataclass
class Plan:
    """What to count: `levels` besides the whole, `by` breakdown columns, `years` also one by one when true."""

    indicators: list[Indicator]
    settings: features.Settings
    levels: Sequence[str] = ("gemeente", "wijk")
    by: Sequence[str] = ("sex",)
    yearly: bool = True
    progress: Progress = field(default=None, repr=False)

    @property
    def lowest(self) -> str:
        return max(self.levels, key=LEVELS.index) if self.levels else "land"

    @property
    def period(self) -> str:
        first, last = self.settings.first_year, self.settings.last_year
        return str(first) if first == last else f"{first}-{last}"

    def concepts(self) -> list[str]:
        return sorted({c for i in self.indicators for c in i.concepts})

    def views(self) -> list[str]:
        return ["kind", "woont", *sorted({n for i in self.indicators for n in i.needs()})]


class Group(NamedTuple):
    """Indicators that one aggregation counts together."""

    view: str
    day: str
    where: str
    sums: list[tuple[str, str]]  # name of the sum, SQL of the aggregate


def groups(indicators: Iterable[Indicator]) -> list[Group]:
    """One group per view, date and set of concepts; and one per view that only counts populations.

    A sum is called `<what>|<indicator>` with what from SUMS. Indicators with a population view get their `p` there.
    """
    gathered: dict[tuple[str, str, str], dict[str, str]] = {}
    for i in indicators:
        where = f"begrip IN ({', '.join(repr(c) for c in i.concepts)})" if i.concepts else ""
        for name, sql in _sums(i):
            gathered.setdefault((i.view, i.day, where), {})[name] = sql
        if i.population_view:
            condition = i.age_mask if "leeftijd" in i.data else "TRUE"
            gathered.setdefault((i.population_view, "datum", ""), {})[f"p|{i.id}"] = f"count(*) FILTER (WHERE {condition})"
    return [Group(*key, list(sums.items())) for key, sums in gathered.items()]


def _sums(i: Indicator) -> Iterator[tuple[str, str]]:
    inside = i.population
    known = f"{inside} AND ({i.denominator})"
    if not i.population_view:
        yield f"p|{i.id}", f"count(*) FILTER (WHERE {inside})"
    if i.kind == "gemiddelde":
        known = f"{known} AND ({i.value}) IS NOT NULL"
        yield f"s|{i.id}", f"sum(CAST({i.value} AS DOUBLE)) FILTER (WHERE {known})"
        yield f"q|{i.id}", f"sum(CAST({i.value} AS DOUBLE) * ({i.value})) FILTER (WHERE {known})"
    elif i.kind == "tarief":
        yield f"x|{i.id}", f"sum(CAST({i.numerator} AS BIGINT)) FILTER (WHERE {known})"
    else:
        yield f"x|{i.id}", f"count(*) FILTER (WHERE {known} AND ({i.numerator}))"
    yield f"n|{i.id}", f"count(*) FILTER (WHERE {known})"
    if i.era:
        yield f"b|{i.id}", f"count(*) FILTER (WHERE {known} AND ({i.era}) = 1)"


def cells_sql(group: Group, by: Sequence[str]) -> str:
    """SQL of the finest cells of a group: gebied, jaar, breakdowns, then its sums in order.

    Characteristics of the child come from `kind`, the area from the address on the date that decides the year.
    """
    selected = {"sex": "k.k_sex", "education": "k.k_education", "origin": "k.k_origin", "age": "u.age"}
    # the same condition often serves several indicators; it is counted once
    distinct = dict.fromkeys(sql for _, sql in group.sums)
    figures = [f"{sql} AS c{n}" for n, sql in enumerate(distinct)]
    columns = ", ".join(["coalesce(w.gebied, p.onbekend) AS gebied", "year(u.k_datum) AS jaar",
                         *(f"{selected[name]} AS {name}" for name in by), *figures])
    traits = (
        "LEFT JOIN (SELECT kind AS k_kind, sex AS k_sex, education AS k_education, origin AS k_origin FROM kind) AS k "
        "ON k.k_kind = u.kind " if set(by) & {"sex", "education", "origin"} else ""
    )
    return (
        f"SELECT {columns} FROM (SELECT *, CAST({group.day} AS DATE) AS k_datum FROM {group.view}"
        f"{' WHERE ' + group.where if group.where else ''}) AS u {traits}"
        "LEFT JOIN (SELECT kind AS w_kind, van AS w_van, tot AS w_tot, gebied FROM woont) AS w "
        "ON w.w_kind = u.kind AND u.k_datum >= w.w_van AND u.k_datum < w.w_tot "
        "CROSS JOIN geenplaats AS p CROSS JOIN (SELECT van AS per_van, peildatum AS per_tot FROM parameters) AS per "
        "WHERE u.k_datum BETWEEN per.per_van AND per.per_tot "
        f"GROUP BY {', '.join(str(n + 1) for n in range(len(by) + 2))}"
    )


def positions(group: Group) -> dict[str, int]:
    """Name of a sum → its column c<n> in the cells of the group."""
    distinct = {sql: n for n, sql in enumerate(dict.fromkeys(sql for _, sql in group.sums))}
    return {name: distinct[sql] for name, sql in group.sums}


def count(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[pa.Table], plan: Plan
) -> list[tuple[Group, str]]:
    """Count all indicators over `tables` (pieces of registraties); returns each group with the table of its cells.

    `connection` holds `bronnen` and the tables of `area.install`. A table of cells has gebied, jaar, the breakdowns
    and c0, c1 … (see `positions`), one row per cell.
    """
    progress = plan.progress or (lambda _: None)
    found = groups(plan.indicators)
    features.install_lookups(connection, plan.views(), plan.settings, plan.concepts())
    for number, table in enumerate(tables, 1):
        progress(f"deel {number}: {table.num_rows} rijen")
        connection.register("registraties", table)
        made = features.make(connection, plan.views(), plan.concepts())
        check_keys(connection)
        for position, group in enumerate(found):
            verb = "insert into" if number > 1 else "create or replace temp table"
            connection.execute(f"{verb} _cel{position} {'' if number > 1 else 'as'} {cells_sql(group, plan.by)}")
        for name in made:
            connection.execute(f"drop table if exists {name}")
        connection.unregister("registraties")
    return [(group, f"_cel{n}") for n, group in enumerate(found)]


def check_keys(connection: duckdb.DuckDBPyConnection) -> None:
    """The key of a dossier is a 64-bit hash; two dossiers with one key would be counted as one, so this stops then."""
    keys, dossiers = connection.execute("""
        select count(distinct SLEUTEL(d, o)), count(*) from (
            select distinct r.dossier_id as d, coalesce(b.organisatie, '') as o
            from registraties r join bronnen b on b.bron = r.bron where r.bdsnummer = 20)""").fetchone() or (0, 0)
    if keys != dossiers:
        raise AssertionError("hash collision between dossiers")  # a bug report is wanted: chance about 1e-7


def figures(connection: duckdb.DuckDBPyConnection, cells: str, group: Group, by: Sequence[str]) -> dict[str, Any]:
    """The cells of a group as numpy arrays: gebied, jaar, breakdowns, and c0, c1 … added up over the pieces."""
    dims = ["gebied", "jaar", *by]
    size = len(set(positions(group).values()))
    sums = ", ".join(f"sum(cast(c{n} as double)) as c{n}" for n in range(size))
    return dict(connection.execute(f"select {', '.join(dims)}, {sums} from {cells} group by all").fetchnumpy())
