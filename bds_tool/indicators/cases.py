"""Hand-worked cases: what an indicator must give for registraties that are written out in its own definition.

A case names the children and their registraties as rows `[bdsnummer, waarde, datum, activiteit, volgnr]` (the last
three may be left out) and the expected n and x. All cases of all indicators run through the real views at once:
every case is its own area.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from bds_tool.base.ranges import range_of
from bds_tool.indicators import features
from bds_tool.indicators.cells import PARTS, cells_sql, groups, unpacked
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.definitions import Case, Indicator
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb

#: Cases are worked out for this last day unless they say otherwise.
REFERENCE_DATE = date(2026, 12, 31)
FIRST_YEAR = 1990


@dataclass(frozen=True)
class Outcome:
    """One case in one BDS version: `expected` and `got` with n, x and missing (mean for means)."""

    indicator: str
    case: str
    version: str
    expected: dict[str, float]
    got: dict[str, float]

    @property
    def passed(self) -> bool:
        return all(
            self.got.get(key) is not None and abs(self.got[key] - value) <= 1e-6 * max(1.0, abs(value))
            for key, value in self.expected.items()
        )


def covered(indicator: Indicator, case: Case) -> tuple[str, ...]:
    """The known BDS versions that a case is about."""
    from bds_tool.schema import versions

    return range_of(case).within(indicator.versions).among(versions())


def empty_views(indicators: list[Indicator]) -> duckdb.DuckDBPyConnection:
    """A connection with all views of these indicators, without rows."""
    connection = _connection([])
    _views(connection, indicators)
    return connection


def run(indicators: list[Indicator]) -> list[Outcome]:
    """Run every case of every indicator in every version it claims."""
    runs = [(i, c, v) for i in indicators for c in i.cases for v in covered(i, c)]
    registraties: list[tuple[Any, ...]] = []
    for number, (_, case, _version) in enumerate(runs):
        for child, given in case["kinderen"].items():
            registraties += [_row(f"{number}|{child}", n, row) for n, row in enumerate(given)]
    connection = _connection(registraties)
    chosen = [i for i, _, _ in runs]
    plan = _views(connection, chosen)
    # every case is an area: woont says where
    connection.execute(
        "create or replace temp table _nr as select distinct SLEUTEL(dossier_id, '') as kind, "
        "cast(split_part(dossier_id, '|', 1) as integer) as gebied from registraties"
    )
    connection.execute(
        "create or replace temp table woont as select kind, date '1900-01-01' as van, "
        "date '2999-12-31' as tot, gebied from _nr"
    )
    connection.execute("create or replace temp table geenplaats as select -1 as onbekend, -1 as geheim")
    features.make_again(connection, ["thuis", "verhuisd"])
    by_id = {i.id: i for i in plan.indicators}
    found: dict[tuple[int, str, int], dict[str, float]] = {}
    for group in groups(plan.indicators):
        names = unpacked(group)
        sums = ", ".join(names.values())
        for values in connection.execute(
            database.fill("select gebied, jaar, {sums} from ({group})", sums=sums, group=cells_sql(group, ()))
        ).fetchall():
            for name, value in zip(names, values[2:], strict=True):
                what, _, indicator = name.partition("|")
                if what != "p" or by_id[indicator].population_view in {"", group.view}:
                    found.setdefault((values[0], indicator, values[1]), {})[what] = value
    outcomes = []
    for number, (i, case, version) in enumerate(runs):
        for year, expected in case["verwacht"].items():
            got = found.get((number, i.id, int(year)), {})
            outcomes.append(Outcome(i.id, f"{case['naam']} ({year})", version, dict(expected), _figures(got)))
    connection.close()
    return outcomes


def _figures(got: Mapping[str, float | None]) -> dict[str, float]:
    n = got.get("n") or 0
    out: dict[str, float] = {
        "n": n,
        "x": got.get("x") or 0,
        "missing": (got.get("p") or 0) + (got.get("u") or 0) - n,
        "nieuw": got.get("b") or 0,
    }
    if (total := got.get("s")) is not None and n:
        out["gemiddelde"] = total / PARTS["s"] / n
    return out


def _row(dossier: str, line: int, given: list[Any]) -> tuple[Any, ...]:
    number, value, day, activity, repeat = [*given, None, None, None][:5]
    moment = day if isinstance(day, date) or day is None else date.fromisoformat(str(day))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    contact = None if activity is None and moment is None else f"{dossier}|{activity or moment}"
    return (dossier, contact, moment, number, repeat if repeat is not None else 1, text, line)


def _connection(registraties: list[tuple[Any, ...]]) -> duckdb.DuckDBPyConnection:
    import pyarrow as pa

    from bds_tool.store.database import connect

    connection = connect(threads=1)
    names = ("dossier_id", "activiteit_id", "datum", "bdsnummer", "volgnr", "waarde", "regel")
    types = (pa.string(), pa.string(), pa.date32(), pa.int32(), pa.int32(), pa.string(), pa.int64())
    columns: list[Any] = list(zip(*registraties, strict=True)) if registraties else [[]] * len(names)
    table = pa.table({n: pa.array(list(c), k) for n, c, k in zip(names, columns, types, strict=True)})
    connection.register("_rows", table)
    connection.execute("create temp table registraties as select *, 1 as bron from _rows")
    connection.execute("create temp table bronnen as select 1 as bron, '' as organisatie")
    connection.execute(
        "create temp table bronlevering as select 1 as bron, 1::bigint as levering, false as meer"
    )
    return connection


def _views(connection: duckdb.DuckDBPyConnection, indicators: list[Indicator]) -> Plan:
    settings = features.Settings(FIRST_YEAR, REFERENCE_DATE.year, REFERENCE_DATE)
    plan = Plan(list({i.id: i for i in indicators}.values()), settings, levels=(), by=())
    for statement in (
        "create or replace temp table pc6hnr (postcode varchar, huisnummer integer, gebied integer)",
        "create or replace temp table pc6 (postcode varchar, gebied integer)",
        "create or replace temp table gemeentegebied (gemeente varchar, onbekend integer, geheim integer)",
        "create or replace temp table geenplaats as select -1 as onbekend, -1 as geheim",
    ):
        connection.execute(statement)
    features.install_lookups(connection, plan.views(), settings, plan.concepts())
    features.make(connection, plan.views(), plan.concepts())
    return plan
