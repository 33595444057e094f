"""What a run read and what it left out: dossiers, objections, deaths, and codes that nobody understands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.text import number, t
from bds_tool.indicators.growth import rows
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from bds_tool.indicators.cube import Space
    from bds_tool.indicators.definitions import Indicator
    from bds_tool.indicators.output import Sums

#: Objection to scientific research (BDS 1404); whoever has one in any form but a plain no is left out unless asked.
OBJECTION = 1404
#: Views with more than one row for a child in a year: their population is no part of the dossiers.
MANY = frozenset({"activiteit"})
#: Forms of no: false in messages, 0 or 2 (nee, W0004) in lists.
NO = "('false', '0', '2', 'nee')"


def object_(connection: duckdb.DuckDBPyConnection, registraties: Path) -> None:
    """Make the table `bezwaar` (dossier_id, bron): the dossiers of children with an objection, in all their sources."""
    connection.execute(
        database.fill(
            """
        create or replace table bezwaar as
        with tegen as (
            select distinct r.dossier_id, coalesce(b.organisatie, '') as organisatie
            from {registraties} r join bronnen b on b.bron = r.bron
            where r.bdsnummer = {objection} and coalesce(lower(trim(r.waarde)), '') not in {no} and r.waarde is not null
        ), alle as (
            select dossier_id, organisatie from tegen
            union
            select z.dossier_id, z.organisatie from zelfde z where z.eigen in (
                select z.eigen from zelfde z join tegen t on t.dossier_id = z.dossier_id and t.organisatie = z.organisatie)
        )
        select a.dossier_id, b.bron from alle a join bronnen b on coalesce(b.organisatie, '') = a.organisatie""",
            registraties=database.parquet(registraties),
            objection=OBJECTION,
            no=NO,
        )
    )
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
    connection: duckdb.DuckDBPyConnection,
    registraties: Path,
    answers: dict[int, tuple[int, int]],
    *,
    kept: bool,
) -> dict[str, int]:
    """How many dossiers were read, and how many of them cannot count or end early.

    `answers`: see there; `kept`: objections count too.
    """
    source = database.parquet(registraties)
    [found] = connection.execute(
        database.fill(
            """
        select count(*), count(*) filter (where dagen = 0), count(*) filter (where dagen > 1),
            count(*) filter (where contacten = 0), count(*) filter (where overleden > 0),
            count(*) filter (where vertrokken > 0), count(*) filter (where einde > 0)
        from (
            select r.dossier_id, coalesce(b.organisatie, '') as organisatie,
                count(distinct try_cast(left(r.waarde, 10) as date)) filter (where bdsnummer = 20) as dagen,
                count(*) filter (where bdsnummer in (494, 724)) as contacten,
                count(*) filter (where bdsnummer = 21) as overleden,
                count(*) filter (where bdsnummer = 29) as vertrokken,
                count(*) filter (where bdsnummer = 488) as einde
            from {source} r join bronnen b on b.bron = r.bron
            where r.bdsnummer in (19, 20, 21, 29, 488, 494, 724) group by all)""",
            source=source,
        )
    ).fetchall()
    [(objecting,)] = connection.execute("""
        select count(distinct (z.dossier_id, coalesce(b.organisatie, ''))) from bezwaar z join bronnen b on b.bron = z.bron
        """).fetchall()
    names = (
        "dossiers",
        "without_birth_date",
        "two_birth_dates",
        "without_contact",
        "deceased",
        "left",
        "ended",
    )
    return dict(zip(names, found, strict=True)) | {
        "objections": objecting,
        "objections_left_out": 0 if kept else objecting,
        "codes_not_understood": sum(strange for strange, _ in answers.values()),
        "conflicts": sum(conflicts for _, conflicts in answers.values()),
    }


def answers(
    connection: duckdb.DuckDBPyConnection, registraties: Path, concepts: set[str]
) -> dict[int, tuple[int, int]]:
    """Per element with a concept: answers with a code that its list does not have, and days with answers that contradict."""
    numbers = {int(r["bdsnummer"]) for r in rows("codering.csv") if r["begrip"] in concepts}
    if not numbers:
        return {}
    found = connection.execute(
        database.fill(
            """
        select bdsnummer, sum(vreemd)::bigint, count(*) filter (where laag <> hoog)
        from (
            select r.bdsnummer, r.dossier_id, r.bron, r.datum, min(r.waarde) as laag, max(r.waarde) as hoog,
                count(*) filter (where (r.bdsnummer, r.waarde) not in (select (bdsnummer, code) from codering)) as vreemd
            from {source} r where r.bdsnummer in ({numbers}) and r.waarde is not null and r.datum is not null group by all)
        group by bdsnummer""",
            source=database.parquet(registraties),
            numbers=", ".join(map(str, sorted(numbers))),
        )
    ).fetchall()
    return {number_: (strange, conflicts) for number_, strange, conflicts in found}


def words(found: dict[str, int]) -> list[str]:
    """The flow in words, for who counts; it is left out of what is published."""
    told = {
        "without_birth_date": t("zonder bruikbare geboortedatum (tellen niet)", "without a birth date (do not count)"),
        "two_birth_dates": t("met meer dan één geboortedatum (tellen niet)", "with more than one birth date (do not count)"),
        "objections_left_out": t("met bezwaar, element 1404 (tellen niet)", "with an objection, element 1404 (do not count)"),
        "without_contact": t("zonder contact", "without a contact"),
        "deceased": t("overleden", "deceased"),
        "left": t("vertrokken uit Nederland", "left the Netherlands"),
        "ended": t("zorg beëindigd", "care ended"),
    }  # fmt: skip
    parts = [f"{number(found[k])} {v}" for k, v in told.items() if found[k]]
    lines = [
        t(f"gelezen: {number(found['dossiers'])} dossiers", f"read: {number(found['dossiers'])} dossiers")
        + (t(", waarvan ", ", of which ") + ", ".join(parts) if parts else "")
    ]
    if found["codes_not_understood"]:
        lines.append(
            t(
                f"{number(found['codes_not_understood'])} antwoorden met een code die de lijst niet kent: die tellen als ontbrekend",
                f"{number(found['codes_not_understood'])} answers with a code that its list does not have: counted as missing",
            )
        )
    if found["conflicts"]:
        lines.append(
            t(
                f"{number(found['conflicts'])} keer spreken antwoorden van één dag elkaar tegen: die tellen niet",
                f"{number(found['conflicts'])} times answers of one day contradict each other: they do not count",
            )
        )
    return lines


class PerIndicator:
    """What each indicator left out, over all areas and years together, while its sums pass by.

    `table` has one row per indicator. A child counts once a year, so over several years these are years of children.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.found: dict[str, dict[str, int | None]] = {}

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
        birth = read["without_birth_date"] + read["two_birth_dates"]
        usable = read["dossiers"] - birth - read["objections_left_out"]
        out: list[dict[str, int | str | None]] = []
        for i in indicators:
            own = self.found.get(i.id)
            if own is None:
                own = dict.fromkeys(("population", "not_delivered", "implausible", "missing", "n", "x"), 0)
            codes = [told[e] for e in i.bds_elements() if e in told] if i.concepts else []
            once = len(self.space.years) == 1 and i.view not in MANY
            out.append(
                {
                    "indicator": i.id,
                    "dossiers": read["dossiers"],
                    "birth_date": birth,
                    "objections": read["objections_left_out"],
                    "outside": max(0, usable - int(own["population"] or 0)) if once else None,
                    **own,
                    "codes_not_understood": sum(c for c, _ in codes),
                    "conflicts": sum(c for _, c in codes),
                }
            )
        return out


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
            f"{level}: {number(100 * lost / self.whole, 2)} % van de tellingen zonder plaats (adres onbekend of geheim)"
            for level, lost in self.without.items()
            if lost
        ]
