"""Areas: from address to buurt, wijk, gemeente and regio with the tables the user supplies.

Recognised by their columns (CSV or Parquet, any order, any case): postcode + huisnummer + buurt (the yearly file of
CBS), postcode + buurt, postcode4 + gemeente, gemeente + regio, oud + nieuw (gemeente codes), code + naam. A table
may carry its year in a column name (`Buurt2024`) or in its file name. Names of areas come from every table that has
a code with its name (buurtcode and buurtnaam, wijk and wijknaam, gemeente and gemeentenaam), and from the key figures
of CBS (gwb_code_10 and regio).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.text import t
from bds_tool.base.vocabulary import HIDDEN
from bds_tool.indicators.result import TOTAL
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb

#: Names of columns that mean the same, without year suffix and in lower case.
ALIASES = {
    "postcode": "postcode",
    "pc6": "postcode",
    "postcode6": "postcode",
    "huisnummer": "huisnummer",
    "hnr": "huisnummer",
    "buurt": "buurt",
    "buurtcode": "buurt",
    "wijk": "wijk",
    "wijkcode": "wijk",
    "gemeente": "gemeente",
    "gemeentecode": "gemeente",
    "gem": "gemeente",
    "postcode4": "postcode4",
    "pc4": "postcode4",
    "regio": "regio",
    "regiocode": "regio",
    "ggd": "regio",
    "oud": "oud",
    "nieuw": "nieuw",
    "code": "code",
    "gwb_code": "code",
    "gwb_code_10": "code",
    "naam": "naam",
    "regionaam": "naam",
    "buurtnaam": "buurtnaam",
    "buurt_naam": "buurtnaam",
    "wijknaam": "wijknaam",
    "wijk_naam": "wijknaam",
    "gemcode": "gemeente",
    "gm_code": "gemeente",
    "gemeentenaam": "gemeentenaam",
    "gemeente_naam": "gemeentenaam",
    "gm_naam": "gemeentenaam",
}
KINDS = {
    "pc6hnr": {"postcode", "huisnummer", "buurt"},
    "pc6": {"postcode", "buurt"},
    "pc4": {"postcode4", "gemeente"},
    "wijziging": {"oud", "nieuw"},
    "regio": {"gemeente", "regio"},
    "namen": {"code", "naam"},
    "kerncijfers": {"code", "regio"},
    "buurtnamen": {"buurt", "buurtnaam"},
    "wijknamen": {"wijk", "wijknaam"},
    "gemeentenamen": {"gemeente", "gemeentenaam"},
}
#: Columns with an area code, their prefix and width.
CODES = {"buurt": ("BU", 8), "wijk": ("WK", 6), "gemeente": ("GM", 4)}
UNKNOWN, SECRET = "onbekend", "geheim"


@dataclass
class AreaTables:
    """What was recognised: per kind the files with their year (None when not stated) and column names."""

    found: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Files of one kind, newest year first."""
        return sorted((f for f in self.found if f["kind"] == kind), key=lambda f: -(f["year"] or 0))


def recognise(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> AreaTables:
    """Look at every CSV and Parquet file in `paths` (files or folders). Raises UnreadableError for an unusable file."""
    import duckdb as engine

    tables = AreaTables()
    for path in files(paths):
        source = database.parquet(path) if path.suffix.lower() == ".parquet" else database.csv(path)
        try:
            columns = connection.sql(database.fill("select * from {source}", source=source)).columns
        except engine.Error as error:
            raise UnreadableError(
                t(f"{path} is geen leesbare gebiedstabel.", f"{path} is no readable area table."),
                t("Geef CSV of Parquet met een kopregel.", "Give CSV or Parquet with a header line."),
            ) from error
        plain = {
            ALIASES[key]: database.name(c)
            for c in columns
            if (key := re.sub(r"[_ ]?\d{4}$", "", c.strip().lower())) in ALIASES
        }
        kind = next((k for k, wanted in KINDS.items() if wanted <= set(plain)), None)
        if kind is None:
            raise UsageError(
                t(f"{path.name} is geen bekende gebiedstabel.", f"{path.name} is no known area table."),
                t(
                    "Verwacht: postcode, huisnummer en buurt; postcode en buurt; postcode4 en gemeente; gemeente en regio; "
                    "oud en nieuw; of code en naam (ook buurt en buurtnaam, wijk en wijknaam, gemeente en gemeentenaam).",
                    "Expected: postcode, huisnummer and buurt; postcode and buurt; postcode4 and gemeente; gemeente and "
                    "regio; oud and nieuw; or code and naam (also buurt and buurtnaam, wijk and wijknaam, …).",
                ),
            )
        years = re.findall(r"(?<!\d)(20\d\d)", " ".join([*columns, path.name]))
        tables.found.append(
            {
                "kind": kind,
                "path": path,
                "source": source,
                "columns": plain,
                "year": int(years[0]) if years else None,
            }
        )
    return tables


def files(paths: Sequence[Path]) -> list[Path]:
    """The tables in `paths`, which are files or folders. Raises UnreadableError for one that is not there."""
    out: list[Path] = []
    for path in paths:
        if path.is_dir():
            out += sorted(p for p in path.iterdir() if p.suffix.lower() in {".csv", ".parquet"})
        elif path.is_file():
            out.append(path)
        else:
            raise UnreadableError(
                t(f"{path} bestaat niet.", f"{path} does not exist."),
                t("Controleer naam en map bij --areas.", "Check name and folder at --areas."),
            )
    return out


def _code(prefix: str, column: str, width: int) -> str:
    """SQL: an area code with its prefix, padded; letters inside a code are kept."""
    bare = f"regexp_replace(trim(cast({column} as varchar)), '^(GM|WK|BU)', '')"
    return f"'{prefix}' || lpad({bare}, {width}, '0')"


def install(
    connection: duckdb.DuckDBPyConnection, tables: AreaTables, lowest: str, *, year: int | None = None
) -> dict[str, Any]:
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
    _changes(connection, tables)
    _municipalities(connection, tables)
    _areas(connection, lowest)
    _lookups(connection, tables, lowest, division or 0)
    _names(connection, tables)
    return {
        "division": division,
        "files": [{"kind": f["kind"], "year": f["year"], "file": f["path"].name} for f in tables.found],
    }


def _changes(connection: duckdb.DuckDBPyConnection, tables: AreaTables) -> None:
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
