"""Areas: from address to buurt, wijk, gemeente and regio with the tables the user supplies (`area_tables`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.base.vocabulary import HIDDEN
from bds_tool.indicators import reclassified
from bds_tool.indicators.area_tables import AreaTables
from bds_tool.indicators.result import TOTAL
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb

    from bds_tool.indicators.told import AreaFacts

#: Columns with an area code, their prefix and width.
CODES = {"buurt": ("BU", 8), "wijk": ("WK", 6), "gemeente": ("GM", 4)}
UNKNOWN, SECRET = "onbekend", "geheim"


def _code(prefix: str, column: str, width: int) -> str:
    """SQL: an area code with its prefix, padded; letters inside a code are kept."""
    bare = f"regexp_replace(trim(cast({column} as varchar)), '^(GM|WK|BU)', '')"
    return f"'{prefix}' || lpad({bare}, {width}, '0')"


def install(
    connection: duckdb.DuckDBPyConnection, tables: AreaTables, lowest: str, *, year: int | None = None
) -> AreaFacts:
    """Make the tables `gebied`, `pc6hnr`, `pc6`, `gemeentegebied`, `gebiedsnaam` and add the units without a place.

    `lowest` is the smallest level wanted (gemeente, wijk or buurt): `gebied` has one row per area of that level.
    `year` is the division of areas that everything is shown in (default: the newest table). Returns facts for the
    metadata: division year and the files used. Addresses that the table of that year lacks are looked up in the
    tables of other years, as long as the buurt found still exists in the division.
    """
    points = tables.of("pc6hnr")
    modal = tables.of("pc6")
    years = [f["year"] for f in [*points, *modal] if f["year"]]
    division = year or (max(years) if years else None)
    if year and years and year not in years:
        raise UsageError(
            t(
                f"Er is geen postcodetabel van {year}; wel van {', '.join(map(str, sorted(set(years))))}.",
                f"There is no postcode table of {year}; there is of {', '.join(map(str, sorted(set(years))))}.",
            ),
        )
    connection.execute(
        "create or replace table _punt (jaar integer, postcode varchar, huisnummer integer, buurt varchar)"
    )
    for f in [*points, *modal]:
        column = f["columns"]
        number = f"try_cast({column['huisnummer']} as integer)" if "huisnummer" in column else "null"
        connection.execute(
            database.fill(
                "insert into _punt select {part1}, upper(replace({postcode}, ' ', '')), {number}, {part4} from {source} where {buurt} is not null",
                part1=f["year"] or division or 0,
                postcode=column["postcode"],
                number=number,
                part4=_code("BU", column["buurt"], 8),
                source=f["source"],
                buurt=column["buurt"],
            )
        )
    connection.execute(
        database.fill(
            """
        create or replace table _buurt as
        select distinct buurt, 'WK' || substr(buurt, 3, 6) as wijk, 'GM' || substr(buurt, 3, 4) as gemeente
        from _punt where jaar = {part1}""",
            part1=division or 0,
        )
    )
    _changes(connection, tables, division)
    _municipalities(connection, tables)
    _areas(connection, lowest)
    _lookups(connection, tables, lowest, division or 0)
    _names(connection, tables)
    return {
        "division": division,
        "files": [{"kind": f["kind"], "year": f["year"], "file": f["path"].name} for f in tables.found],
    }


def _changes(connection: duckdb.DuckDBPyConnection, tables: AreaTables, division: int | None) -> None:
    """`_wijziging`: what the tables of the user say, and for other gemeenten the herindelingen that ship."""
    connection.execute("create or replace table _wijziging (oud varchar, nieuw varchar)")
    for f in tables.of("wijziging"):
        column = f["columns"]
        connection.execute(
            database.fill(
                "insert into _wijziging select {part1}, {part2} from {source}",
                part1=_code("GM", column["oud"], 4),
                part2=_code("GM", column["nieuw"], 4),
                source=f["source"],
            )
        )
    told = {row[0] for row in connection.execute("select oud from _wijziging").fetchall()}
    for old, new in reclassified.changes(division).items():
        if old not in told:
            connection.execute("insert into _wijziging values (?, ?)", [old, new])


def _municipalities(connection: duckdb.DuckDBPyConnection, tables: AreaTables) -> None:
    """`_gemeente` (sleutel, gemeente): codes of table 33 with and without leading zeros, and names, → current code."""
    from bds_tool.schema import load, newest

    listed = load(newest()).waardenlijsten.get(("W0005", "BDS"))
    known = (
        [
            (c.code, c.weergavenaam, c.status == "D")
            for c in listed.codes
            if c.code.isdecimal() and c.code != "0000"
        ]
        if listed
        else []
    )
    connection.execute("create or replace table _lijst (code varchar, naam varchar, oud boolean)")
    if known:
        import pyarrow as pa

        connection.register(
            "_w0005", pa.table(dict(zip(("code", "naam", "oud"), zip(*known, strict=True), strict=True)))
        )
        connection.execute("insert into _lijst select * from _w0005")
        connection.unregister("_w0005")
    for code, name in reclassified.names().items():  # the list stands still, gemeenten do not
        connection.execute(
            "insert into _lijst select ?, ?, false where ? not in (select code from _lijst)",
            [code, name, code],
        )
    connection.execute("""
        create or replace table _gemeente as
        with keten as (  -- a gemeente may have merged more than once
            select l.code, coalesce(w3.nieuw, w2.nieuw, w1.nieuw, 'GM' || l.code) as gemeente, l.naam, l.oud
            from _lijst l left join _wijziging w1 on w1.oud = 'GM' || l.code
            left join _wijziging w2 on w2.oud = w1.nieuw left join _wijziging w3 on w3.oud = w2.nieuw)
        select sleutel, min(gemeente) as gemeente from (
            select code as sleutel, gemeente from keten
            union all select 'gm' || code, gemeente from keten
            union all select cast(cast(code as integer) as varchar), gemeente from keten
            union all select lower(naam), gemeente from keten where not oud
        ) where sleutel is not null group by sleutel""")
    # table 33 marks gemeenten that no longer exist; without a row in a table oud, nieuw they lead nowhere
    connection.execute("""
        create or replace table _oud as select unnest([code, 'gm' || code, lower(naam)]) as sleutel from _lijst l
        where l.oud and not exists (select 1 from _wijziging w where w.oud = 'GM' || l.code)""")
    connection.execute("create or replace table _regio (gemeente varchar, regio varchar)")
    for f in tables.of("regio"):
        column = f["columns"]
        connection.execute(
            database.fill(
                "insert into _regio select {part1}, {regio} from {source}",
                part1=_code("GM", column["gemeente"], 4),
                regio=column["regio"],
                source=f["source"],
            )
        )


def _areas(connection: duckdb.DuckDBPyConnection, lowest: str) -> None:
    places = {
        "buurt": "select buurt, wijk, gemeente from _buurt",
        "wijk": "select distinct null, wijk, gemeente from _buurt",
        "gemeente": "select distinct null, null, gemeente from _buurt where false",
    }[lowest]
    connection.execute(
        database.fill(
            """
        create or replace table gebied as
        with g as (select distinct gemeente from (select gemeente from _buurt union all select gemeente from _gemeente)),
        eenheid(woord) as (values ('{unknown}'), ('{secret}')),
        alles(buurt, wijk, gemeente) as (
            {places}
            union all select 'BU' || substr(gemeente, 3) || '/' || woord, 'WK' || substr(gemeente, 3) || '/' || woord, gemeente
            from g cross join eenheid
            union all select 'BU/' || woord, 'WK/' || woord, 'GM/' || woord from eenheid)
        select cast(row_number() over (order by a.gemeente, a.wijk, a.buurt) as integer) as gebied, a.buurt, a.wijk, a.gemeente,
            coalesce(r.regio, 'RG/{unknown}') as regio
        from alles a left join _regio r on r.gemeente = a.gemeente""",
            unknown=UNKNOWN,
            secret=SECRET,
            places=places,
        )
    )


def _lookups(connection: duckdb.DuckDBPyConnection, tables: AreaTables, lowest: str, division: int) -> None:
    key = {
        "buurt": "g.buurt = p.buurt",
        "wijk": "g.wijk = 'WK' || substr(p.buurt, 3, 6)",
        "gemeente": f"g.gemeente = 'GM' || substr(p.buurt, 3, 4) and g.wijk like '%/{UNKNOWN}'",
    }[lowest]
    connection.execute(
        database.fill(
            """
        create or replace table _geplaatst as
        select p.postcode, p.huisnummer, g.gebied, p.jaar = {division} as huidig, p.jaar
        from _punt p join gebied g on {key}""",
            division=division,
            key=key,
        )
    )
    connection.execute("""
        create or replace table pc6hnr as
        select postcode, huisnummer, max_by(gebied, (jaar + case when huidig then 10000 else 0 end)::bigint * 100000000 - gebied) as gebied
        from _geplaatst where huisnummer is not null group by postcode, huisnummer""")
    connection.execute("""
        create or replace table pc6 as
        select postcode, max_by(gebied, n::bigint * 100000000 - gebied) as gebied from (
            select postcode, gebied, count(*) + case when bool_or(huidig) then 1000000 else 0 end as n
            from _geplaatst group by postcode, gebied) group by postcode""")
    connection.execute(
        database.fill(
            """
        create or replace table gemeentegebied as
        select m.sleutel as gemeente,
            max(g.gebied) filter (where g.wijk like '%/{unknown}') as onbekend,
            max(g.gebied) filter (where g.wijk like '%/{secret}') as geheim
        from _gemeente m join gebied g on g.gemeente = m.gemeente and g.wijk like '%/%' group by m.sleutel""",
            unknown=UNKNOWN,
            secret=SECRET,
        )
    )
    # four digits say no more than the gemeente
    for f in tables.of("pc4"):
        column = f["columns"]
        connection.execute(
            database.fill(
                """
            insert into pc6 select trim({postcode4}), min(g.onbekend) from {source} t
            join gemeentegebied g on g.gemeente = lower({part3})
            group by 1 having count(distinct g.onbekend) = 1""",
                postcode4=column["postcode4"],
                source=f["source"],
                part3=_code("GM", "t." + column["gemeente"], 4),
            )
        )
    connection.execute(
        database.fill(
            """
        create or replace table geenplaats as
        select max(gebied) filter (where gemeente = 'GM/{unknown}') as onbekend,
            max(gebied) filter (where gemeente = 'GM/{secret}') as geheim from gebied""",
            unknown=UNKNOWN,
            secret=SECRET,
        )
    )


def _names(connection: duckdb.DuckDBPyConnection, tables: AreaTables) -> None:
    connection.execute(
        "create or replace table _naam as select 'GM' || code as code, naam from _lijst where false"
    )
    for f in tables.found:
        column = f["columns"]
        pairs = [
            (word + "naam", _code(prefix, column[word], width))
            for word, (prefix, width) in CODES.items()
            if word in column
        ]
        if f["kind"] in {"namen", "kerncijfers"}:
            pairs = [("naam" if f["kind"] == "namen" else "regio", f"trim({column['code']})")]
        for name, code in pairs:
            if name in column:
                connection.execute(
                    database.fill(
                        "insert into _naam select distinct {code}, trim({part2}) from {source} where nullif(trim({part2}), '') is not null",
                        code=code,
                        part2=column[name],
                        source=f["source"],
                    )
                )
    for f in tables.of("regio"):
        if "naam" in f["columns"]:
            connection.execute(
                database.fill(
                    "insert into _naam select {regio}, {naam} from {source}",
                    regio=f["columns"]["regio"],
                    naam=f["columns"]["naam"],
                    source=f["source"],
                )
            )
    connection.execute(
        database.fill(
            """
        create or replace table gebiedsnaam as
        with al(code) as (select distinct unnest([gemeente, wijk, buurt, regio]) from gebied),
        bekend as (select code, min(naam) as naam from _naam group by code),
        lijst as (select 'GM' || code as code, min(naam) as naam from _lijst group by 1)
        select al.code, coalesce(b.naam, l.naam,
            case when al.code like '%/{unknown}' then 'onbekend' when al.code like '%/{secret}' then 'geheim adres'
            else al.code end) as naam
        from al left join bekend b on b.code = al.code left join lijst l on l.code = al.code where al.code is not null
        union all select '{total}', 'Alle gegevens'""",
            unknown=UNKNOWN,
            secret=SECRET,
            total=TOTAL,
        )
    )


#: How an address was placed, best first: word, SQL condition over the joined address, Dutch and English text.
PLACED = (
    ("geheim", "a.geheim", "geheim adres: alleen de gemeente", "secret address: gemeente only"),
    ("huisnummer", "h.gebied is not null", "postcode en huisnummer", "postcode and house number"),
    (
        "postcode",
        "c.gebied is not null and length(a.postcode) > 4",
        "alleen postcode (meest voorkomende buurt)",
        "postcode only (most common buurt)",
    ),
    (
        "postcode4",
        "coalesce(c.gebied, d.gebied) is not null",
        "vier cijfers van de postcode: alleen de gemeente",
        "four digits of the postcode: gemeente only",
    ),
    ("gemeente", "g.onbekend is not null", "alleen gemeente (element 9)", "gemeente only (element 9)"),
    ("onbekend", "true", "niet te plaatsen", "cannot be placed"),
)


def check(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, int], dict[str, int]]:
    """How the addresses of `adres` were placed (word of PLACED → count), and codes of element 9 that lead nowhere.

    Needs the views `adres` and the tables of `install`. The second dict has gemeente text → count; a code of table
    33 that no longer exists and has no row in a table oud, nieuw is in it too, marked by its old code.
    """
    how = "case " + " ".join(f"when {sql} then '{word}'" for word, sql, _, _ in PLACED) + " end"
    joined = """from adres a left join pc6hnr h on h.postcode = a.postcode and h.huisnummer = a.huisnummer
        left join pc6 c on c.postcode = a.postcode left join pc6 d on d.postcode = left(a.postcode, 4)
        left join gemeentegebied g on g.gemeente = lower(a.gemeente) where a.rang < 3"""
    found = dict(
        connection.execute(
            database.fill("select {how}, count(*) {joined} group by 1", how=how, joined=joined)
        ).fetchall()
    )
    lost = connection.execute(
        database.fill(
            """
        select a.gemeente, count(*) {joined} and a.gemeente is not null and (g.onbekend is null or exists (
            select 1 from _oud o where o.sleutel = lower(a.gemeente))) group by 1""",
            joined=joined,
        )
    ).fetchall()
    return {word: int(found.get(word, 0)) for word, *_ in PLACED}, _tellable(connection, lost)


def _tellable(connection: duckdb.DuckDBPyConnection, lost: list[tuple[Any, ...]]) -> dict[str, int]:
    """Count per code or name of a gemeente; every other text may be an address, and is counted as one."""
    listed = connection.execute("select code, lower(naam) from _lijst").fetchall()
    known = {word for row in listed for word in row}
    out: dict[str, int] = {}
    for found, count in lost:
        plain = str(found).strip().lower()
        code = re.fullmatch(r"(?:gm)?(\d{1,4})", plain)
        word = str(found) if code or plain in known else HIDDEN
        out[word] = out.get(word, 0) + int(count)
    return out
