"""The values of a study, made from the views of the indicators in one piece of a store.

Every row of the study is a row of `rijen` with windows in which its variables are looked up. For each variable this
gives its value, or the kind of missing (`missing.KINDS`) by one rule for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from bds_tool.export.cohort.missing import SUFFIX
from bds_tool.export.cohort.selecting import months
from bds_tool.export.cohort.variables import NO, YES, coded
from bds_tool.export.extracts.values import NUMBER
from bds_tool.indicators.cells import groups
from bds_tool.indicators.growth import rows
from bds_tool.store import database

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pyarrow as pa

    from bds_tool.export.cohort.definition import Definition
    from bds_tool.export.cohort.variables import Column


@dataclass(frozen=True)
class Window:
    """Where the values of a column are looked up. `unit`: months or days of age (from `low`, before `high`), row (the
    day of the row) or life (until the reference date).
    """

    name: str
    unit: str
    low: int = 0
    high: int = 0
    target: int = 0
    choose: str = "last"

    def inside(self, day: str) -> str:
        """SQL: whether a day lies in the window of row r."""
        if self.unit == "life":
            return f"({day} IS NULL OR {day} <= p.peildatum)"
        if self.unit == "row":
            return f"{day} = r.datum"
        age = months("r.geboren", day) if self.unit == "months" else f"date_diff('day', r.geboren, {day})"
        return f"{day} >= r.geboren AND {age} >= {self.low} AND {age} < {self.high}"

    def at(self, age: int) -> str:
        """SQL of the day at which the child of row r has this age."""
        return f"(r.geboren + to_{self.unit}({age}))"

    @property
    def years(self) -> tuple[str, str]:
        """SQL of the first and last year that the window touches."""
        if self.unit == "life":
            return "1900", "2999"
        if self.unit == "row":
            return "year(r.datum)", "year(r.datum)"
        return f"year{self.at(self.low)}", f"year{self.at(self.high)}"

    @property
    def reached(self) -> str:
        """SQL: the window was over on the reference date, and the child in care all that time."""
        if self.unit in {"life", "row"}:
            return "true"
        end = self.at(self.high)
        return f"{end} <= p.peildatum AND (r.einde IS NULL OR r.einde > {end})"

    def order(self, day: str) -> str:
        """SQL to order by: the first is the value that counts."""
        if self.choose == "nearest":
            away = f"date_diff('day', {self.at(self.target)}, {day})"
            return f"abs({away}) * 2 + CASE WHEN {away} > 0 THEN 1 ELSE 0 END"
        way = -1 if self.choose == "last" else 1
        return f"coalesce(date_diff('day', DATE '1900-01-01', {day}), 0) * {way}"


def window(column: Column, d: Definition) -> Window:
    """The window of a column: its moment, one of venster.csv, the day of the row, or the whole life."""
    if m := column.moment:
        return Window(m.name, "months", m.low, m.high, m.target, m.choose)
    if name := column.spec.get("venster"):
        days = next(r for r in rows("venster.csv") if r["moment"] == name)
        return Window(f"dag_{name}", "days", int(days["van"]), int(days["tot"]) + 1)
    return Window("rij", "row") if d.row != "child" and column.per == "dag" else Window("leven", "life")


#: Names that the product gives to the rows of each kind of study: how a row comes from a child.
ROWS = {
    "child": "select kind, cast(null as ubigint) as act, cast(null as date) as datum from keuze where uit = 0",
    "visit": "select a.kind, a.act, a.datum from activiteit a join keuze c on c.kind = a.kind where c.uit = 0 and a.gezien",
    "measurement": "select g.kind, cast(null as ubigint) as act, g.datum from groei g join keuze c on c.kind = g.kind where c.uit = 0",
}
SQL_TYPES = {"number": "DOUBLE", "integer": "BIGINT", "code": "INTEGER", "date": "DATE", "text": "VARCHAR"}


def make(own: duckdb.DuckDBPyConnection, d: Definition, columns: Sequence[Column]) -> pa.Table:
    """The rows of this piece: rij, kind (hash), datum, moment, levering, and per column its value and kind of missing."""
    _rows(own, d)
    _events(own, columns)
    for w in {window(c, d) for c in columns}:
        _window_tables(own, w)
    parts = []
    for n, column in enumerate(columns):
        sql = _indicator(column) if column.indicator else _value(own, column, window(column, d), d)
        own.execute(database.fill("create or replace temp table {name} as {sql}", name=f"_kolom{n}", sql=sql))
        parts.append(n)
    chosen = ", ".join(
        f"c{n}.waarde as {database.name(columns[n].name)}, c{n}.reden as {database.name(columns[n].name + SUFFIX)}"
        for n in parts
    )
    joins = " ".join(f"join _kolom{n} c{n} on c{n}.rij = r.rij" for n in parts)
    return own.sql(
        database.fill(
            "select r.rij, r.kind, r.datum, r.moment, r.leeftijd, r.levering, {chosen} from rijen r {joins} order by r.kind, r.datum, r.act",
            chosen=chosen,
            joins=joins,
        )
    ).to_arrow_table()


def _rows(own: duckdb.DuckDBPyConnection, d: Definition) -> None:
    moment = "cast(null as varchar)"
    where = "true"
    if d.row != "child" and d.moments:
        age = months("k.geboren", "r.datum")
        cases = " ".join(
            f"WHEN {age} >= {m.low} AND {age} < {m.high} THEN {database.text(m.name)}" for m in d.moments
        )
        moment = f"CASE {cases} END"
        where = f"{moment} IS NOT NULL"
    own.execute("""
        create or replace temp table contactbron as
        select distinct k.levering from levering k join bronlevering l on (l.levering & k.levering) <> 0
        join voorkomen v on v.bron = l.bron where v.bdsnummer in (494, 724)""")
    own.execute(
        database.fill(
            """
        create or replace temp table rijen as
        select row_number() over (order by r.kind, r.datum, r.act) as rij, r.kind, r.act, r.datum, {moment} as moment,
            date_diff('day', k.geboren, r.datum) as leeftijd, k.geboren, k.einde, l.levering,
            l.levering in (select levering from contactbron) as contacten
        from ({rows}) r join kind k on k.kind = r.kind left join levering l on l.kind = r.kind where {where}""",
            rows=ROWS[d.row],
            moment=moment,
            where=where,
        )
    )


# ---- WHAT WAS RECORDED ---- #


def _events(own: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> None:
    """`gebeurtenis` (kind, bdsnummer, datum, soort): what was recorded of the inputs: w value, t in doubt, n no value.

    `opgave` (kind, act, datum, bdsnummer, getal, tekst): the values of the elements asked for, coded in numbers.
    """
    numbers = sorted({n for c in columns for n in c.elements})
    listed = ", ".join(map(str, numbers)) or "-1"
    key = "SLEUTEL(s.dossier_id, coalesce(b.organisatie, '')) as kind"
    act = "CASE WHEN s.activiteit_id IS NOT NULL THEN SLEUTEL(s.activiteit_id, s.dossier_id) END as act"
    doubt = "exists (select 1 from registraties r where r.bron = s.bron and r.regel = s.regel and r.bdsnummer = s.bdsnummer and r.dossier_id = s.dossier_id and r.waarde is not distinct from s.waarde and r.activiteit_id is not distinct from s.activiteit_id)"
    own.execute(
        database.fill(
            """
        create or replace temp table gebeurtenis as
        select distinct {key}, s.bdsnummer, s.datum, CASE WHEN {doubt} THEN 'w' ELSE 't' END as soort
        from _stuk s join bronnen b on b.bron = s.bron where s.bdsnummer in ({listed}) and s.waarde is not null
        union
        select n.kind, n.bdsnummer, n.datum, 'n' from zonderwaarde n where n.bdsnummer in ({listed})""",
            key=key,
            doubt=doubt,
            listed=listed,
        )
    )
    own.execute("""
        insert into gebeurtenis select kind, unnest([235, 245]), datum, 't' from groei where ongeloofwaardig""")
    codes = [
        (w, n, code, number)
        for n in sorted({c.element for c in columns if c.element and c.kind == "code"})
        for (w, code), number in coded(n).items()
    ]
    own.execute(
        "create or replace temp table codekaart (versie varchar, bdsnummer integer, code varchar, getal integer)"
    )
    if codes:
        own.executemany("insert into codekaart values (?, ?, ?, ?)", codes)
    asked = ", ".join(str(c.element) for c in columns if c.element) or "-1"
    own.execute(
        database.fill(
            """
        create or replace temp table opgave as
        select o.kind, o.act, o.datum, o.bdsnummer, coalesce(k.getal, a.getal) as getal, o.waarde as tekst
        from (
            select {key}, {act}, s.datum, s.bdsnummer, coalesce(b.bds_opgegeven, b.bds_herkend) as versie, trim(s.waarde) as waarde
            from registraties s join bronnen b on b.bron = s.bron where s.bdsnummer in ({asked}) and s.waarde is not null
            union all
            select n.kind, n.act, n.datum, n.bdsnummer, n.versie, '<' || n.nullflavor || '>' from zonderwaarde n
            where n.bdsnummer in ({asked})
        ) o
        left join codekaart k on k.versie = o.versie and k.bdsnummer = o.bdsnummer and k.code = o.waarde
        left join (select bdsnummer, code, min(getal) as getal from codekaart group by bdsnummer, code having min(getal) = max(getal)) a
            on a.bdsnummer = o.bdsnummer and a.code = o.waarde""",
            key=key,
            act=act,
            asked=asked,
        )
    )


# ---- WHEN ---- #


def _window_tables(own: duckdb.DuckDBPyConnection, w: Window) -> None:
    """`vlag_NAME` (rij, bdsnummer, w, t, n), `gezien_NAME` (rij) and `lever_NAME` (levering, j1, j2, bdsnummer)."""
    name, inside = w.name, w.inside("e.datum")
    own.execute(
        database.fill(
            """
        create or replace temp table {flag} as
        select r.rij, e.bdsnummer, bool_or(e.soort = 'w') as w, bool_or(e.soort = 't') as t, bool_or(e.soort = 'n') as n
        from rijen r join gebeurtenis e on e.kind = r.kind cross join parameters p where {inside} group by all""",
            flag=f"vlag_{name}",
            inside=inside,
        )
    )
    own.execute(
        database.fill(
            """
        create or replace temp table {seen} as
        select distinct r.rij from rijen r join activiteit a on a.kind = r.kind and a.gezien cross join parameters p
        where {inside}""",
            seen=f"gezien_{name}",
            inside=w.inside("a.datum"),
        )
    )
    years = w.years
    own.execute(
        database.fill(
            """
        create or replace temp table {given} as
        select c.levering, c.j1, c.j2, v.bdsnummer
        from (select distinct levering, {j1} as j1, {j2} as j2 from rijen r cross join parameters p) c
        join (select distinct l.levering, v.bdsnummer, v.jaar from voorkomen v join bronlevering l on l.bron = v.bron) v
            on (v.levering & c.levering) <> 0 and (v.jaar = -1 or v.jaar between c.j1 and c.j2)
        group by all""",
            given=f"lever_{name}",
            j1=years[0],
            j2=years[1],
        )
    )


# ---- VALUES ---- #


def _value(own: duckdb.DuckDBPyConnection, column: Column, w: Window, d: Definition) -> str:
    """SQL of (rij, waarde, reden) for one column in one window."""
    sql = _of_element(column, w, d) if column.element else _of_view(column, w)
    own.execute(database.fill("create or replace temp table gevonden as {sql}", sql=sql))
    return _with_reason(column, w)


def _of_view(column: Column, w: Window) -> str:
    """(rij, waarde, rijen, bereikt): the value of a view, how many rows it had, and whether the moment came."""
    spec = column.spec
    value, reached = spec["value"], spec.get("reached", "TRUE")
    kind = SQL_TYPES[column.kind]
    if spec["view"] == "gebied":
        day = {"life": "p.peildatum", "row": "r.datum"}.get(w.unit) or w.at(w.target)
        return database.fill(
            """
            select r.rij, max(CASE WHEN contains(g.{value}, '/') THEN NULL ELSE g.{value} END) as waarde, count(g.gebied) as rijen, true as bereikt
            from rijen r cross join parameters p left join woont w on w.kind = r.kind and {day} >= w.van and {day} < w.tot
            left join gebied g on g.gebied = w.gebied group by r.rij""",
            value=value,
            day=day,
        )
    day = "v.datum" if column.per == "dag" else "cast(null as date)"
    where = spec.get("where", "TRUE")
    tie = spec.get("order", "''")
    inside = w.inside("v.datum") if column.per == "dag" else "TRUE"
    return database.fill(
        """
        select r.rij,
            first(v.k_waarde order by {pick}, v.k_orde, v.k_waarde) filter (where v.k_waarde is not null) as waarde,
            count(v.k_kind) as rijen, coalesce(bool_or(v.k_bereikt), true) as bereikt
        from rijen r cross join parameters p left join (
            select kind as k_kind, {date}cast({value} as {kind}) as k_waarde, cast({tie} as varchar) as k_orde, coalesce(({reached}), false) as k_bereikt
            from {view} where {where}
        ) v on v.k_kind = r.kind and {inside} group by r.rij""",
        pick=w.order(day),
        date="datum, " if column.per == "dag" else "",
        value=value,
        kind=kind,
        tie=tie,
        reached=reached,
        view=spec["view"],
        where=where,
        inside=inside,
    )


def _of_element(column: Column, w: Window, d: Definition) -> str:
    """The value of the chosen day; two different values of that day are none (rijen says there were some)."""
    value = {
        "code": "o.getal",
        "number": f"CASE WHEN regexp_matches(o.tekst, {database.text(NUMBER)}) THEN TRY_CAST(o.tekst AS DOUBLE) END",
        "date": "TRY_CAST(left(o.tekst, 10) AS DATE)",
        "integer": "date_diff('day', r.geboren, TRY_CAST(left(o.tekst, 10) AS DATE))",
        "text": "o.tekst",
    }[column.kind]
    inside = "o.act = r.act" if w.unit == "row" and d.row == "visit" else w.inside("o.datum")
    return database.fill(
        """
        select r.rij, max(u.waarde) filter (where u.laag = u.hoog) as waarde, count(u.waarde) as rijen, true as bereikt
        from rijen r left join (
            select rij, waarde, min(waarde) over (partition by rij) as laag, max(waarde) over (partition by rij) as hoog
            from (
                select r.rij, {value} as waarde, rank() over (partition by r.rij order by {pick}) as plaats
                from rijen r join opgave o on o.kind = r.kind and o.bdsnummer = {number} cross join parameters p
                where {inside} and {value} is not null
            ) q where plaats = 1
        ) u on u.rij = r.rij group by r.rij""",
        value=value,
        pick=w.order("o.datum"),
        number=column.element or 0,
        inside=inside,
    )


def _with_reason(column: Column, w: Window) -> str:
    """(rij, waarde, reden) from `gevonden`: one rule for every variable, in the order of `missing.KINDS`."""
    groups_ = [", ".join(map(str, sorted(g))) for g in column.inputs]
    flags = ", ".join(
        database.fill("coalesce(bool_or(w) filter (where bdsnummer in ({g})), false) as w{n}", g=g, n=n)
        for n, g in enumerate(groups_)
    )
    every = ", ".join(map(str, sorted(column.elements))) or "-1"
    applies = column.spec.get("applies", "TRUE")
    absent = (
        "WHEN f.rijen = 0 THEN 'niet_van_toepassing'"
        if column.spec.get("without_row") == "niet_van_toepassing"
        else ""
    )
    unresolved = column.spec.get("unresolved", "niet_te_bepalen")
    conflicting = "WHEN f.rijen > 0 THEN 'ongeloofwaardig'" if column.element else ""
    recorded = " AND ".join(f"coalesce(v.w{n}, false)" for n in range(len(groups_))) or "f.rijen > 0"
    first, last = w.years
    lacking = " OR ".join(
        database.fill(
            "NOT exists (select 1 from {given} l where l.levering is not distinct from r.levering and l.j1 = {first} and l.j2 = {last} and l.bdsnummer in ({g}))",
            given=f"lever_{w.name}",
            first=first,
            last=last,
            g=g,
        )
        for g in groups_
    )
    not_reached = column.spec.get("unreached", "nog_niet")
    return database.fill(
        """
        select r.rij, f.waarde, CASE WHEN f.waarde IS NOT NULL THEN NULL
            WHEN NOT ({applies}) THEN 'niet_van_toepassing'
            WHEN NOT ({old}) THEN 'nog_niet'
            WHEN NOT f.bereikt THEN '{not_reached}'
            {absent}
            {conflicting}
            WHEN coalesce(v.t, false) THEN 'ongeloofwaardig'
            WHEN {recorded} THEN '{unresolved}'
            WHEN coalesce(v.n, false) THEN 'geweigerd'
            WHEN {seen_there} THEN CASE WHEN {lacking} THEN 'niet_geleverd' ELSE 'niet_gevraagd' END
            WHEN r.contacten THEN 'geen_contact' ELSE 'niet_geleverd' END as reden
        from rijen r join gevonden f on f.rij = r.rij join kind k on k.kind = r.kind cross join parameters p
        left join (
            select rij, bool_or(t) as t, bool_or(n) as n {flags} from {flag} where bdsnummer in ({every}) group by rij
        ) v on v.rij = r.rij
        left join {seen} g on g.rij = r.rij""",
        applies=applies,
        old=w.reached,
        not_reached=not_reached,
        conflicting=conflicting,
        recorded=recorded,
        unresolved=unresolved,
        absent=absent,
        lacking=lacking or "false",
        seen_there="true" if w.unit == "life" else "g.rij IS NOT NULL",
        flags=", " + flags if flags else "",
        flag=f"vlag_{w.name}",
        every=every,
        seen=f"gezien_{w.name}",
    )


# ---- INDICATORS ---- #


def _indicator(column: Column) -> str:
    """(rij, waarde, reden): what the indicator counts of the child in its year; conditions are those of the definition."""
    i, year = column.indicator, column.year
    if i is None or year is None:
        raise ValueError(column.name)
    where = next(g.where for g in groups([i]) if g.view == i.view)
    value = i.value if i.kind == "gemiddelde" else f"CASE WHEN ({i.numerator}) THEN {YES} ELSE {NO} END"
    known = f"({i.denominator}) AND ({i.value}) IS NOT NULL" if i.kind == "gemiddelde" else i.denominator
    outside = (
        database.fill(
            "union all select kind, null, cast(datum as date), true, false from {view} where {mask}",
            view=i.population_view,
            mask=i.age_mask if "leeftijd" in i.data else "TRUE",
        )
        if i.population_view
        else ""
    )
    return database.fill(
        """
        select r.rij, q.waarde, CASE WHEN q.waarde IS NOT NULL THEN NULL WHEN coalesce(q.p, false) THEN 'niet_gevraagd'
            ELSE 'niet_van_toepassing' END as reden
        from rijen r left join (
            select kind, max(waarde) filter (where p and n) as waarde, bool_or(p) as p
            from (
                select kind, cast({value} as {type}) as waarde, cast({day} as date) as dag, coalesce(({population}), false) as p, coalesce(({known}), false) as n
                from {view} where {where} {outside}
            ) u cross join parameters per where u.dag between per.van and per.peildatum and year(u.dag) = {year} group by kind
        ) q on q.kind = r.kind""",
        value=value,
        type=SQL_TYPES[column.kind],
        day=i.day,
        population=i.population,
        known=known,
        view=i.view,
        where=where or "TRUE",
        outside=outside,
        year=year,
    )


class Needed(TypedDict):
    """What a run reads: names of views, concepts of answers, and numbers of elements."""

    views: list[str]
    concepts: list[str]
    elements: set[int]


def facts(columns: Sequence[Column]) -> Needed:
    """What of the columns a run needs beforehand: views, concepts, and the elements that are read as they are."""
    views = {"thuis", "verhuisd", "activiteit", "groei", "kind", "levering"}
    views |= {c.spec["view"] for c in columns if c.spec.get("view") not in {None, "gebied"}}
    views |= {n for c in columns if c.indicator for n in c.indicator.needs()}
    concepts = {x for c in columns if c.indicator for x in c.indicator.concepts}
    return {"views": sorted(views), "concepts": sorted(concepts), "elements": {n for c in columns for n in c.elements}}  # fmt: skip
