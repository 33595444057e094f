"""What a run read and what it left out: dossiers, objections, deaths, and codes that nobody understands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import number
from bds_tool.indicators.definitions import CONTACTS
from bds_tool.indicators.told import FlowRow, ResultTold
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from bds_tool.indicators.compute import Counted
    from bds_tool.indicators.cube import Space
    from bds_tool.indicators.definitions import Indicator
    from bds_tool.indicators.output import Sums
    from bds_tool.indicators.reading import Reading

#: Objection to scientific research (BDS 1404); whoever has one in any form but a plain no is left out unless asked.
OBJECTION = 1404
#: Forms of no: false in messages, 0 or 2 (nee, W0004) in lists.
NO = "('false', '0', '2', 'nee')"
#: Who objects (1405) and when (1406): one group with the answer (G089), which repeats.
OBJECTION_SOURCE, OBJECTION_DAY = 1405, 1406
#: Codes of W0088 that tell whose answer it is: the child, or the parents (as one: which of them has no code). `Anders` tells nothing.
SELF, PARENT = "('01', '1', 'oneself')", "('02', '2', 'prn')"


def object_(connection: duckdb.DuckDBPyConnection, registraties: Sequence[Path], *, kept: bool) -> None:
    """Make the table `bezwaar` (dossier_id, organisatie, bron): the dossiers of children with an objection, in all their sources.

    An objection ends with a later plain no in the same place (volgnr), or of the same source: a parent or the child itself
    (1405), who withdraws it in a group of its own. Its day is 1406, else that of the row. A no of the same day, without a
    day, or of somebody else does not end it. Unless they are `kept`, the dossiers leave `zelfde`, for the other dossiers of
    the children do not count either.
    """
    connection.execute(
        database.fill(
            """
        create or replace table bezwaar as
        with gezegd as (
            select r.dossier_id, coalesce(b.organisatie, '') as organisatie, r.volgnr,
                coalesce(bool_or(lower(trim(r.waarde)) not in {no}) filter (where r.bdsnummer = {objection}), false) as tegen,
                coalesce(bool_or(lower(trim(r.waarde)) in {no}) filter (where r.bdsnummer = {objection}), false) as geen,
                case when lower(min(r.waarde) filter (where r.bdsnummer = {source})) in {self} then 1
                    when lower(min(r.waarde) filter (where r.bdsnummer = {source})) in {parent} then 2 end as wie,
                coalesce(min(try_cast(left(r.waarde, 10) as date)) filter (where r.bdsnummer = {day}), r.datum, date '1900-01-01') as vroeg,
                coalesce(max(try_cast(left(r.waarde, 10) as date)) filter (where r.bdsnummer = {day}), r.datum, date '1900-01-01') as laat
            from {registraties} r join bronnen b on b.bron = r.bron
            where r.bdsnummer in ({objection}, {source}, {day}) and r.waarde is not null
            group by r.dossier_id, organisatie, r.bron, r.activiteit_id, r.volgnr, r.datum
        ), tegen as (
            select distinct t.dossier_id, t.organisatie from gezegd t where t.tegen and not exists (
                select 1 from gezegd g where g.geen and g.dossier_id = t.dossier_id and g.organisatie = t.organisatie
                    and g.vroeg > t.laat and coalesce(g.wie = t.wie, g.volgnr is not distinct from t.volgnr))
        ), alle as (
            select dossier_id, organisatie from tegen
            union
            select z.dossier_id, z.organisatie from zelfde z where z.eigen in (
                select z.eigen from zelfde z join tegen t on t.dossier_id = z.dossier_id and t.organisatie = z.organisatie)
        )
        select a.dossier_id, a.organisatie, b.bron from alle a join bronnen b on coalesce(b.organisatie, '') = a.organisatie""",
            registraties=database.parquet(registraties),
            objection=OBJECTION,
            source=OBJECTION_SOURCE,
            day=OBJECTION_DAY,
            no=NO,
            self=SELF,
            parent=PARENT,
        )
    )
    if not kept:
        connection.execute("""
            delete from zelfde where (dossier_id, bron) in (select (dossier_id, bron) from bezwaar)""")


def without(
    tables: Iterator[pa.Table], connection: duckdb.DuckDBPyConnection, table: str
) -> Iterator[pa.Table]:
    """The pieces of a store without the dossiers of a table with dossier_id and bron."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = pl.DataFrame(
        connection.execute(
            database.fill("select distinct dossier_id, bron from {table}", table=database.name(table))
        ).fetchall(),
        schema={"dossier_id": pl.String, "bron": pl.Int32},
        orient="row",
    )
    names = pa.array(keys["dossier_id"].unique().to_list(), pa.string())
    if not len(names):
        yield from tables
        return
    for piece in tables:
        maybe = pc.is_in(piece.column("dossier_id").cast(pa.string()), names)
        if not pc.any(maybe).as_py():
            yield piece
            continue
        pairs = pl.DataFrame(pl.from_arrow(piece.select(["dossier_id", "bron"])))
        ours = pairs.cast({"dossier_id": pl.String, "bron": pl.Int32}).with_row_index()
        stay = ours.join(keys, on=["dossier_id", "bron"], how="anti", maintain_order="left")["index"]
        yield piece.take(stay.to_arrow())


def flow(
    connection: duckdb.DuckDBPyConnection, registraties: Sequence[Path], reading: Reading, *, kept: bool
) -> dict[str, int]:
    """How many dossiers were read, and how many of them cannot count or end early.

    `reading` has seen them pass; `kept`: objections count too. `double` are dossiers of a child that has another one too,
    `born_later` those of children born after the reference date, `children` what is left to count. Needs the tables `bezwaar`, `zelfde` and `_lot`.
    """
    objecting = set(connection.execute("select distinct dossier_id, organisatie from bezwaar").fetchall())
    [(children, double)] = connection.execute("""
        select (select coalesce(sum(kinderen), 0)::bigint from _lot),
            (select count(distinct (z.dossier_id, z.organisatie)) - count(distinct z.eigen) from zelfde z)""").fetchall()
    [(dossiers,)] = connection.execute(
        database.fill(
            """
        select count(distinct (r.dossier_id, coalesce(b.organisatie, '')))
        from (select distinct dossier_id, bron from {source}) r join bronnen b on b.bron = r.bron""",
            source=database.parquet(registraties),
        )
    ).fetchall()
    seen = reading.dossiers
    answers = reading.answers.values()
    return {
        "dossiers": dossiers,
        "without_birth_date": dossiers - seen["born"] - seen["two"],
        "two_birth_dates": seen["two"],
        "without_contact": dossiers - seen["seen"],
        **{name: seen[name] for name in ("deceased", "left", "ended")},
        "objections": len(objecting),
        "objections_left_out": 0 if kept else len(objecting),
        "double": double,
        "born_later": reading.later(set() if kept else objecting),
        "children": children,
        "codes_not_understood": sum(strange for strange, _ in answers),
        "conflicts": sum(conflicts for _, conflicts in answers),
    }


#: Values of `lot` in the view thuis.
DECEASED, MOVED = 1, 2


class PerIndicator:
    """What each indicator left out, over all areas and years together, while its sums pass by.

    `table` has one row per indicator. A child counts once a year, so over several years these are years of children.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.found: dict[str, dict[str, int | None]] = {}
        self.children: dict[int, int] = {}
        self.within: dict[tuple[str, int], int] = {}

    def fates(
        self,
        connection: duckdb.DuckDBPyConnection,
        counted: Iterable[Counted],
        indicators: Iterable[Indicator],
    ) -> None:
        """Take in how many children there are of each lot, and how many of them each population has."""
        from bds_tool.indicators.cells import unpacked

        # A population from another view is counted there, and `u` what this view adds to it (see `all_sums`).
        other = {i.id: i.population_view for i in indicators if i.population_view}

        self.children = dict(
            connection.execute("select lot, sum(kinderen)::bigint from _lot group by lot").fetchall()
        )
        for group, cells, _ in counted:
            names = {
                n: sql
                for n, sql in unpacked(group).items()
                if n[0] == "u" or (n[0] == "p" and other.get(n.partition("|")[2], group.view) == group.view)
            }
            if not names:
                continue
            sums = ", ".join(f"coalesce(sum({sql}), 0)::bigint" for sql in names.values())
            for lot, *found in connection.execute(
                database.fill(
                    "select lot, {sums} from {cells} where lot > 0 group by lot", sums=sums, cells=cells
                )
            ).fetchall():
                for name, own in zip(names, found, strict=True):
                    key = name.partition("|")[2], lot
                    self.within[key] = self.within.get(key, 0) + own

    def watch(self, indicators: Iterator[Sums]) -> Iterator[Sums]:

        whole = 0 if len(self.space.years) > 1 else 1
        for sums in indicators:
            place = self.space.place(sums.keys)
            top = (place == 0) & (self.space.without_place(sums.keys) == whole)
            if len(self.space.years) > 1 and not top.any():  # only the years were counted
                top = (place == 0) & (self.space.without_place(sums.keys) <= len(self.space.years))

            columns = {"p": sums.p, "n": sums.n, "x": sums.x, "absent": sums.absent, "left": sums.left}
            whole_of = {k: 0 if v is None else int(v[top].sum()) for k, v in columns.items()}
            p, n = whole_of["p"], whole_of["n"]
            self.found[sums.id] = {
                "population": p + whole_of["absent"],
                "not_delivered": whole_of["absent"],
                "implausible": whole_of["left"],
                "missing": max(0, p - n - whole_of["left"]),
                "n": n,
                "x": None if sums.kind == "gemiddelde" else whole_of["x"],
            }
            yield sums

    def table(
        self, indicators: Iterable[Indicator], read: dict[str, int], told: dict[int, tuple[int, int]]
    ) -> list[dict[str, int | str | None]]:
        """Rows for the metadata. `read` is the flow of the run, `told` what `answers` found."""
        # Without, with two, or with one that a check put in doubt: together what makes no child.
        birth = read["dossiers"] - read["objections_left_out"] - read["double"]
        birth -= read["born_later"] + read["children"]
        out: list[dict[str, int | str | None]] = []
        for i in indicators:
            own = self.found.get(i.id)
            if own is None:
                own = dict.fromkeys(("population", "not_delivered", "implausible", "missing", "n", "x"), 0)
            codes = [told[e] for e in i.bds_elements() if e in told] if i.concepts else []
            once = len(self.space.years) == 1 and i.view not in CONTACTS
            out.append(
                {
                    "indicator": i.id,
                    "dossiers": read["dossiers"],
                    "birth_date": birth,
                    "objections": read["objections_left_out"],
                    "double": read["double"],
                    "outside": max(0, read["children"] + read["born_later"] - int(own["population"] or 0))
                    if once
                    else None,
                    **{
                        word: max(0, self.children.get(lot, 0) - self.within.get((i.id, lot), 0))
                        if once
                        else None
                        for word, lot in (("deceased", DECEASED), ("moved", MOVED))
                    },
                    **own,
                    "codes_not_understood": sum(c for c, _ in codes),
                    "conflicts": sum(c for _, c in codes),
                }
            )
        return out


def added(metas: Sequence[ResultTold]) -> tuple[dict[str, int | None] | None, list[FlowRow] | None]:
    """The flows of several results as one, `flow` and `indicator_flow`; None where one of them does not tell its flow."""

    def sums(found: Sequence[Mapping[str, Any]]) -> dict[str, int | None]:
        keys = dict.fromkeys(k for f in found for k in f)
        return {k: None if any(f.get(k) is None for f in found) else sum(f[k] for f in found) for k in keys}

    whole = [f for m in metas if (f := m.get("flow")) and m.get("indicator_flow")]
    if len(whole) < len(metas):
        return None, None
    rows: dict[str, list[FlowRow]] = {}
    for meta in metas:
        for row in meta["indicator_flow"] or ():
            own: FlowRow = {k: v for k, v in row.items() if k != "indicator"}
            rows.setdefault(str(row["indicator"]), []).append(own)
    return sums(whole), [{"indicator": name, **sums(found)} for name, found in rows.items()]


class Lost:
    """Counts how much of the population has no place, while the indicators pass by."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.whole = 0.0
        self.without = dict.fromkeys((p[0] for p in space.places if p[0] != "land"), 0.0)

    def watch(self, indicators: Iterator[Sums]) -> Iterator[Sums]:
        import numpy as np

        of_level = {
            level: np.array([p[0] == level and (level == "land" or "/" in p[1]) for p in self.space.places])
            for level in ("land", *self.without)
        }
        for sums in indicators:
            top = self.space.without_place(sums.keys)
            whole = np.flatnonzero(top == (0 if len(self.space.years) > 1 else 1))
            places, population = self.space.place(sums.keys[whole]), sums.p[whole]
            self.whole += float(population[of_level["land"][places]].sum())
            for level in self.without:
                self.without[level] += float(population[of_level[level][places]].sum())
            yield sums

    def notes(self) -> list[str]:
        if not self.whole:
            return []
        return [
            f"{level}: {number(100 * lost / self.whole, 2)} % van de tellingen zonder plaats ({'school' if level == 'school' else 'adres'} onbekend{'' if level == 'school' else ' of geheim'})"
            for level, lost in self.without.items()
            if lost
        ]
