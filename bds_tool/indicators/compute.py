"""From a store to counts: all indicators over all areas, breakdowns and years, with their margins.

Per unit view one aggregation makes the finest cells of all its indicators at once; the margins are grouping sets
over those cells. Counts (and sums, for means) are additive, so a margin is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bds_tool.indicators import features
from bds_tool.indicators.definitions import Indicator
from bds_tool.indicators.result import BREAKDOWNS, LEVELS, TOTAL

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str], None] | None


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


def groups(indicators: Iterable[Indicator]) -> dict[tuple[str, str, str], list[Indicator]]:
    """Indicators that one aggregation can count together: same view, date and population view."""
    out: dict[tuple[str, str, str], list[Indicator]] = {}
    for indicator in indicators:
        out.setdefault((indicator.view, indicator.day, indicator.population_view), []).append(indicator)
    return out


def cells_sql(plan: Plan, key: tuple[str, str, str], chosen: list[Indicator]) -> str:
    """SQL of the finest cells of one group: gebied, jaar, breakdowns, and per indicator p, n, x, b, s, q.

    p population, n known, x numerator, b known by the new registration, s and q sum and sum of squares.
    """
    view, day, population_view = key
    if not population_view:
        return _aggregate(plan, view, day, _sums(chosen, population=True))
    own = _sums(chosen, population=False)
    other = [(f"p{n}", f"count(*) FILTER (WHERE {i.age_mask if 'leeftijd' in i.data else 'TRUE'})") for n, i in enumerate(chosen)]
    names = [n for n, _ in own] + [n for n, _ in other]
    dims = ["gebied", "jaar", *plan.by]
    left = _aggregate(plan, view, day, own + [(n, "0") for n, _ in other])
    right = _aggregate(plan, population_view, "datum", [(n, "0") for n, _ in own] + other)
    sums = ", ".join(f"sum({n}) AS {n}" for n in names)
    return f"SELECT {', '.join(dims)}, {sums} FROM (({left}) UNION ALL ({right})) AS t GROUP BY {', '.join(dims)}"


def _sums(chosen: list[Indicator], *, population: bool) -> list[tuple[str, str]]:
    out = []
    for number, i in enumerate(chosen):
        inside, known = i.population, f"{i.population} AND ({i.denominator})"
        if population:
            out.append((f"p{number}", f"count(*) FILTER (WHERE {inside})"))
        if i.kind == "gemiddelde":
            known = f"{known} AND ({i.value}) IS NOT NULL"
            out.append((f"s{number}", f"sum(CAST({i.value} AS DOUBLE)) FILTER (WHERE {known})"))
            out.append((f"q{number}", f"sum(CAST({i.value} AS DOUBLE) * ({i.value})) FILTER (WHERE {known})"))
        elif i.kind == "tarief":
            out.append((f"x{number}", f"sum(CAST({i.numerator} AS BIGINT)) FILTER (WHERE {known})"))
        else:
            out.append((f"x{number}", f"count(*) FILTER (WHERE {known} AND ({i.numerator}))"))
        out.append((f"n{number}", f"count(*) FILTER (WHERE {known})"))
        if i.era:
            out.append((f"b{number}", f"count(*) FILTER (WHERE {known} AND ({i.era}) = 1)"))
    return out


def _aggregate(plan: Plan, view: str, day: str, sums: list[tuple[str, str]]) -> str:
    """Group the rows of a view by area, year and breakdowns; characteristics of the child come from `kind`."""
    selected = {"sex": "k.k_sex", "education": "k.k_education", "origin": "k.k_origin", "age": "u.age"}
    by = [f"{selected[name]} AS {name}" for name in plan.by]
    dims = ["1", "2", *(str(n + 3) for n in range(len(by)))]
    figures = ", ".join(f"{sql} AS {name}" for name, sql in sums)
    columns = ", ".join(["coalesce(w.gebied, p.onbekend) AS gebied", "year(u.k_datum) AS jaar", *by, figures])
    traits = "LEFT JOIN (SELECT kind AS k_kind, sex AS k_sex, education AS k_education, origin AS k_origin FROM kind) AS k ON k.k_kind = u.kind"
    return (
        f"SELECT {columns} FROM (SELECT *, CAST({day} AS DATE) AS k_datum FROM {view}) AS u "
        f"{traits if set(plan.by) & {'sex', 'education', 'origin'} else ''} "
        "LEFT JOIN (SELECT kind AS w_kind, van AS w_van, tot AS w_tot, gebied FROM woont) AS w "
        "ON w.w_kind = u.kind AND u.k_datum >= w.w_van AND u.k_datum < w.w_tot "
        "CROSS JOIN geenplaats AS p CROSS JOIN (SELECT van AS per_van, peildatum AS per_tot FROM parameters) AS per "
        f"WHERE u.k_datum BETWEEN per.per_van AND per.per_tot GROUP BY {', '.join(dims)}"
    )


def margins_sql(plan: Plan, cells: str, chosen: list[Indicator]) -> str:
    """SQL of one group with all margins: level, area, parent, period, breakdowns and the sums."""
    levels = [level for level in LEVELS[1:] if level in plan.levels]
    places = [f"g.{level}" for level in levels]
    by = list(plan.by)
    years = plan.yearly and plan.settings.first_year != plan.settings.last_year
    sums = [n for n, _ in _sums(chosen, population=True)]
    level = "CASE " + " ".join(f"WHEN GROUPING({p}) = 0 THEN '{name}'" for name, p in reversed(list(zip(levels, places, strict=True)))) + " ELSE 'land' END" if levels else "'land'"
    area = "CASE " + " ".join(f"WHEN GROUPING({p}) = 0 THEN {p}" for p in reversed(places)) + f" ELSE '{TOTAL}' END" if levels else f"'{TOTAL}'"
    above = [f"WHEN GROUPING({p}) = 0 THEN {places[n - 1] if n else repr(TOTAL)}" for n, p in reversed(list(enumerate(places)))]
    parent = f"CASE {' '.join(above)} END" if levels else "NULL"
    period = f"CASE WHEN GROUPING(c.jaar) = 1 THEN '{plan.period}' ELSE CAST(c.jaar AS VARCHAR) END" if years else f"'{plan.period}'"
    dims = [
        f"CASE WHEN GROUPING(c.{name}) = 1 THEN '{TOTAL}' ELSE coalesce(c.{name}, 'onbekend') END AS {name}" if name in by
        else f"'{TOTAL}' AS {name}" for name in BREAKDOWNS
    ]
    cube = [*(f"c.{name}" for name in by), *(["c.jaar"] if years else [])]
    grouping = ", ".join([*([f"ROLLUP({', '.join(places)})"] if places else []), *([f"CUBE({', '.join(cube)})"] if cube else [])])
    figures = ", ".join(f"sum(c.{n}) AS {n}" for n in sums)
    return (
        f"SELECT {level} AS level, {area} AS area, {parent} AS parent, {period} AS period, {', '.join(dims)}, {figures} "
        f"FROM {cells} AS c JOIN gebied AS g ON g.gebied = c.gebied" + (f" GROUP BY {grouping}" if grouping else "")
    )


#: Columns of the table `telling` that `count` makes.
COUNTED = ("indicator", "level", "area", "parent", "period", *BREAKDOWNS, "p", "n", "x", "b", "s", "q")


def count(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Make the table `telling` (COUNTED): one row per indicator and cell that has anyone in its population.

    `connection` holds `registraties`, `bronnen` and the tables of `area.install`. Views are dropped when their last
    group has been counted, so that memory holds only what is still needed.
    """
    progress = plan.progress or (lambda _: None)
    grouped = groups(plan.indicators)
    names = sorted({n for i in plan.indicators for n in i.needs()})
    made = features.make(connection, ["kind", "woont", *names], plan.settings, plan.concepts(), progress)
    check_keys(connection)
    connection.execute(
        "create or replace temp table telling (indicator varchar, level varchar, area varchar, parent varchar, "
        "period varchar, sex varchar, education varchar, age varchar, origin varchar, p bigint, n bigint, x bigint, "
        "b bigint, s double, q double)"
    )
    for key, chosen in grouped.items():
        progress(f"{key[0]}: {len(chosen)}")
        connection.execute(f"create or replace temp table _cel as {cells_sql(plan, key, chosen)}")
        connection.execute(f"create or replace temp table _marge as {margins_sql(plan, '_cel', chosen)}")
        for number, i in enumerate(chosen):
            connection.execute(_insert(number, i))
    connection.execute("drop table if exists _cel; drop table if exists _marge")
    for name in made:
        connection.execute(f"drop table if exists {name}")


def _insert(number: int, i: Indicator) -> str:
    mean = i.kind == "gemiddelde"
    x = "null" if mean else f"coalesce(x{number}, 0)"
    b = f"b{number}" if i.era else "null"
    s, q = (f"s{number}", f"q{number}") if mean else ("null", "null")
    return (
        f"insert into telling select '{i.id}', level, area, parent, period, {', '.join(BREAKDOWNS)}, "
        f"greatest(p{number}, n{number}), n{number}, {x}, {b}, {s}, {q} from _marge where p{number} > 0 or n{number} > 0"
    )


def check_keys(connection: duckdb.DuckDBPyConnection) -> None:
    """The key of a dossier is a 64-bit hash; two dossiers with one key would be counted as one, so this stops then."""
    keys, dossiers = connection.execute("""
        select count(distinct SLEUTEL(d, o)), count(*) from (
            select distinct r.dossier_id as d, coalesce(b.organisatie, '') as o
            from registraties r join bronnen b on b.bron = r.bron where r.bdsnummer = 20)""").fetchone() or (0, 0)
    if keys != dossiers:
        raise AssertionError("hash collision between dossiers")  # a bug report is wanted: chance about 1e-7
