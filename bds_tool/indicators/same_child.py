"""One child in two dossiers: the same BSN (or its pseudonym), born on one day. Its dossiers are counted as one.

Where birth date or sex differ, one of the numbers is wrong; these dossiers stay apart. A child that moved without a
BSN in either dossier is not recognised: it counts in each of them for as long as that organisation cares for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bds_tool.base.text import number, t
from bds_tool.indicators.chunks import COLUMNS, ROWS, pieces
from bds_tool.indicators.flow import without
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: Element with the BSN; a pseudonym of it is as good.
BSN = 7
#: First character of the key of a child with more than one dossier: no organisation is part of it.
MARK = "\x01"
#: Instances of repeating groups of the next dossier of a child begin here.
APART = 1_000_000
#: Deliveries of one number by more dossiers than this are no child but a number that stands for unknown.
MOST = 5


class Found(NamedTuple):
    """How many children have more than one dossier, in how many dossiers, and how many numbers contradict."""

    children: int
    dossiers: int
    apart: int

    def notes(self) -> list[str]:
        """In words, for who counts; it is left out of what is published."""
        out = []
        if self.children:
            out.append(
                t(
                    f"{number(self.children)} kinderen staan in {number(self.dossiers)} dossiers (zelfde BSN) en tellen eenmaal",
                    f"{number(self.children)} children are in {number(self.dossiers)} dossiers (same BSN) and count once",
                )
            )
        if self.apart:
            out.append(
                t(
                    f"{number(self.apart)} BSN's staan in dossiers met een andere geboortedatum of een ander geslacht: apart geteld",
                    f"{number(self.apart)} BSNs are in dossiers with another birth date or sex: counted apart",
                )
            )
        return out


def find(connection: duckdb.DuckDBPyConnection, registraties: Sequence[Path]) -> Found:
    """Make the table `zelfde` (dossier_id, bron, eigen, volgorde): the dossiers of children that have more than one.

    `connection` holds `bronnen`. `eigen` is the key they get, `volgorde` their order.
    """
    source = database.parquet(registraties)
    connection.execute(
        database.fill(
            """
        create or replace temp table _bsn as
        select r.dossier_id, coalesce(b.organisatie, '') as organisatie, min(trim(r.waarde)) as bsn
        from {source} r join bronnen b on b.bron = r.bron
        where r.bdsnummer = {bsn} and length(trim(r.waarde)) >= 8 and len(list_distinct(split(trim(r.waarde), ''))) > 1
        group by all having count(distinct trim(r.waarde)) = 1""",
            source=source,
            bsn=BSN,
        )
    )
    connection.execute(
        database.fill(
            """
        create or replace temp table _meer as
        select * from _bsn where bsn in (
            select bsn from _bsn group by bsn having count(*) between 2 and {most})""",
            most=MOST,
        )
    )
    connection.execute(
        database.fill(
            """
        create or replace temp table _strijdig as
        select distinct bsn from (
            select m.bsn, r.bdsnummer from {source} r join bronnen b on b.bron = r.bron
            join _meer m on m.dossier_id = r.dossier_id and m.organisatie = coalesce(b.organisatie, '')
            where r.bdsnummer in (19, 20) and r.waarde is not null
            group by m.bsn, r.bdsnummer
            having count(distinct case r.waarde when 'M' then '1' when 'F' then '2' else left(r.waarde, 10) end) > 1)""",
            source=source,
        )
    )
    connection.execute(
        database.fill(
            """
        create or replace table zelfde as
        select m.dossier_id, b.bron,
            '{mark}' || dense_rank() over (order by m.bsn) as eigen,
            dense_rank() over (partition by m.bsn order by m.organisatie, m.dossier_id) as volgorde,
            m.organisatie
        from _meer m join bronnen b on coalesce(b.organisatie, '') = m.organisatie
        where m.bsn not in (select bsn from _strijdig)""",
            mark=MARK,
        )
    )
    [(children, dossiers)] = connection.execute("""
        select count(distinct eigen), count(distinct (dossier_id, organisatie)) from zelfde""").fetchall()
    [(apart,)] = connection.execute("select count(*) from _strijdig").fetchall()
    return Found(children, dossiers, apart)


def once(
    tables: Iterator[pa.Table],
    connection: duckdb.DuckDBPyConnection,
    registraties: Sequence[Path],
    spill: Path,
    elements: frozenset[int],
    rows: int = ROWS,
) -> Iterator[pa.Table]:
    """The pieces of a store with the dossiers of `zelfde` taken out, and then these, each child with one key."""
    yield from without(tables, connection, "zelfde")
    target = spill / "eenmaal.parquet"
    plain = [c for c in COLUMNS if c not in {"dossier_id", "activiteit_id", "volgnr"}]
    source = database.parquet(registraties)
    # Care that ended in one dossier and goes on in another has not ended; else it ended when the last one did.
    connection.execute(
        database.fill(
            """
        create or replace table einde as
        select z.eigen, max(e.dag) as dag
        from (select distinct eigen, volgorde from zelfde) z left join (
            select z.eigen, z.volgorde, max(r.waarde) as dag from {source} r
            join zelfde z on z.dossier_id = r.dossier_id and z.bron = r.bron
            where r.bdsnummer = 488 and r.waarde is not null group by all
        ) e on e.eigen = z.eigen and e.volgorde = z.volgorde
        group by z.eigen having count(*) = count(e.dag)""",
            source=source,
        )
    )
    connection.execute(
        database.fill(
            """
        copy (
            select z.eigen as dossier_id,
                case when r.activiteit_id is not null then z.volgorde || '|' || r.activiteit_id end as activiteit_id,
                cast(coalesce(r.volgnr, 0) + (z.volgorde - 1) * {apart} as integer) as volgnr,
                {part2}
            from {source} r
            join zelfde z on z.dossier_id = r.dossier_id and z.bron = r.bron
            left join einde e on e.eigen = z.eigen
            where r.bdsnummer is distinct from 488 or r.waarde = e.dag
            order by 1
        ) to {part4} (format parquet)""",
            apart=APART,
            part2=", ".join(f"r.{c}" for c in plain),
            source=source,
            part4=database.text(str(target.resolve())),
        )
    )
    yield from pieces([target], connection, spill, rows, elements)
    target.unlink()


def rename_doubt(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the values of `twijfel` that belong to these dossiers their new keys."""
    connection.execute("""
        update twijfel set dossier_id = z.eigen,
            activiteit_id = case when twijfel.activiteit_id is not null then z.volgorde || '|' || twijfel.activiteit_id end
        from zelfde z where z.dossier_id = twijfel.dossier_id and z.bron = twijfel.bron""")
