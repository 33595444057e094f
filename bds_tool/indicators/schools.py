"""Schools (element 605) as areas beside wijken: who goes to one school need not live in one wijk.

A school is told by its BRIN (two digits, two letters, and sometimes two digits of the location). What else stands in
the element is no school, for it may be anything. The areas are the schools under the whole, and one without a place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.indicators import area
from bds_tool.indicators.area_tables import AreaTables
from bds_tool.indicators.features import SCHOOL
from bds_tool.indicators.result import TOTAL
from bds_tool.store import database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from bds_tool.indicators.told import AreaFacts

LEVEL = "school"
#: A BRIN: of the school or of one of its locations.
SHAPE = "[0-9]{2}[A-Z]{2}([0-9]{2})?"


def place_of(levels: Sequence[str]) -> str:
    """Where a child belongs at these levels: `place` of Settings. Raises UsageError for schools beside other areas."""
    if LEVEL in levels and len(levels) > 1:
        raise UsageError(
            t(
                "Scholen vallen niet samen met andere gebieden; zij horen niet in één resultaat.",
                "Schools do not nest in other areas; they do not belong in one result.",
            ),
            t(
                "Tel tweemaal, met --area school apart, en bescherm beide met hetzelfde --ledger.",
                "Count twice, with --area school apart, and protect both with the same --ledger.",
            ),
        )
    return LEVEL if LEVEL in levels else "adres"


def install(connection: duckdb.DuckDBPyConnection, tables: AreaTables, files: Sequence[Path]) -> AreaFacts:
    """`gebied`, `schoolgebied`, `geenplaats` and `gebiedsnaam` of schools in place of those of addresses. Returns facts for the metadata.

    Names come from tables with code and naam; a school that is only there is an area as well, without children.
    """
    facts = area.install(connection, tables, "gemeente")
    connection.execute(
        database.fill(
            """
        create or replace table gebied as
        with school(code) as (
            select distinct upper(trim(waarde)) from {source}
            where bdsnummer = {number} and regexp_full_match(upper(trim(waarde)), '{shape}')
            union
            select upper(trim(code)) from _naam where regexp_full_match(upper(trim(code)), '{shape}'))
        select cast(row_number() over (order by code) as integer) as gebied, code as school
        from (select code from school union all select '{level}/{unknown}')""",
            source=database.parquet(*files),
            number=SCHOOL,
            shape=SHAPE,
            level=LEVEL,
            unknown=area.UNKNOWN,
        )
    )
    connection.execute(
        "create or replace table schoolgebied as select school, gebied from gebied where school not like '%/%'"
    )
    connection.execute("""
        create or replace table geenplaats as
        select max(gebied) as onbekend, max(gebied) as geheim from gebied where school like '%/%'""")
    connection.execute(
        database.fill(
            """
        create or replace table gebiedsnaam as
        with bekend as (select upper(trim(code)) as code, min(naam) as naam from _naam group by 1)
        select g.school as code, coalesce(b.naam, case when g.school like '%/%' then 'school onbekend' else g.school end) as naam
        from gebied g left join bekend b on b.code = g.school union all select '{total}', 'Alle gegevens'""",
            total=TOTAL,
        )
    )
    return facts


def listed(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The schools that the tables of areas name, whether a child goes there or not."""
    rows = connection.execute(
        "select distinct g.school from schoolgebied g join _naam b on upper(trim(b.code)) = g.school"
    )
    return {str(code) for (code,) in rows.fetchall()}
