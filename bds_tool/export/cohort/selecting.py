"""Who is in a study: conditions one after the other, each with how many children it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import SpecError
from bds_tool.base.text import t
from bds_tool.indicators.features import expand
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb

    from bds_tool.export.cohort.definition import Definition


@dataclass
class Step:
    """One box of the flow chart: what leaves here and why, and what goes on. `unit`: dossiers or children."""

    name: str
    left_out: int
    remaining: int
    unit: str = "kinderen"


def conditions(d: Definition) -> list[tuple[str, str]]:
    """(why a child goes, SQL over `kind` k, `woonplaats` w, that holds for who stays), in the order they are asked."""
    found: list[tuple[str, str]] = []
    if d.birth_years:
        low, high = d.birth_years
        found.append((t(f"niet geboren in {low}-{high}", f"not born in {low}-{high}"),
                      database.fill("year(k.geboren) BETWEEN {low} AND {high}", low=low, high=high)))  # fmt: skip
    if d.versions:
        wanted = ", ".join(map(database.text, d.versions))
        found.append((t(f"andere BDS-versie dan {', '.join(d.versions)}", f"another BDS version than {', '.join(d.versions)}"),
                      database.fill("k.kind IN (SELECT kind FROM versies WHERE versie IN ({wanted}))", wanted=wanted)))  # fmt: skip
    if d.areas:
        codes = ", ".join(map(database.text, d.areas))
        found.append((t("woont elders, of het adres is onbekend of geheim", "lives elsewhere, or the address is unknown or secret"),
                      database.fill("k.kind IN (SELECT kind FROM woonplaats WHERE gemeente IN ({codes}) OR wijk IN ({codes}) OR buurt IN ({codes}))", codes=codes)))  # fmt: skip
    if d.contact:
        c = d.contact
        found.append((t(f"minder dan {c.least} keer gezien van {c.low} tot {c.high} maanden", f"seen fewer than {c.least} times from {c.low} to {c.high} months"),
                      database.fill("(SELECT count(*) FROM activiteit a WHERE a.kind = k.kind AND a.gezien AND a.leeftijd_mnd >= {low} AND a.leeftijd_mnd < {high}) >= {least}",
                                    low=c.low, high=c.high, least=c.least)))  # fmt: skip
    for c_ in d.conditions:
        said = t("niet: ", "not: ") if c_.wanted else ""
        keep = "coalesce(({when}), FALSE)" if c_.wanted else "NOT coalesce(({when}), FALSE)"
        found.append((said + c_.name, database.fill(keep, when=c_.when)))
    return found


def choose(own: duckdb.DuckDBPyConnection, d: Definition) -> list[int]:
    """Make the table `keuze` (kind, uit): the first condition that a child fails, 0 for who stays; counts per condition.

    Raises SpecError for a condition over columns that view kind does not have.
    """
    import duckdb as engine

    asked = conditions(d)
    cases = " ".join(f"WHEN NOT ({sql}) THEN {n}" for n, (_, sql) in enumerate(asked, 1))
    sql = f"CASE {cases} ELSE 0 END" if asked else "0"
    try:
        own.execute(
            database.fill(
                "create or replace temp table keuze as select k.kind, {sql} as uit from kind k", sql=sql
            )
        )
    except engine.BinderException as error:
        columns = ", ".join(sorted(c[0] for c in own.execute("describe kind").fetchall()))
        raise SpecError(
            t(
                "Een voorwaarde noemt een kolom die view kind niet heeft.",
                "A condition names a column that view kind does not have.",
            ),
            t(f"Kies uit: {columns}.", f"Choose from: {columns}."),
        ) from error
    counts = dict(own.execute("select uit, count(*) from keuze group by uit").fetchall())
    return [counts.get(n, 0) for n in range(len(asked) + 1)]


def dossiers(
    connection: duckdb.DuckDBPyConnection, file: Sequence[Path], *, objections: bool
) -> Iterator[Step]:
    """The steps before the views: dossiers read, objections, second dossiers of a child."""
    source = database.parquet(file)
    [(read, objecting)] = connection.execute(
        database.fill(
            """
        select count(distinct (r.dossier_id, coalesce(b.organisatie, ''))),
            count(distinct (r.dossier_id, coalesce(b.organisatie, ''))) filter (where (r.dossier_id, r.bron) in (select (dossier_id, bron) from bezwaar))
        from {source} r join bronnen b on b.bron = r.bron where r.dossier_id is not null""",
            source=source,
        )
    ).fetchall()
    [(more,)] = connection.execute("""
        select count(distinct (dossier_id, organisatie)) - count(distinct eigen) from zelfde""").fetchall()
    yield Step(t("gelezen", "read"), 0, read, "dossiers")
    out = 0 if objections else objecting
    yield Step(
        t("bezwaar tegen onderzoek (element 1404)", "objection to research (element 1404)"),
        out,
        read - out,
        "dossiers",
    )
    yield Step(
        t("tweede dossier van hetzelfde kind", "second dossier of the same child"), more, read - out - more
    )


#: Where each child lives on the reference date, in every level there is.
HOME = """
    create or replace temp table woonplaats as
    select k.kind, g.gemeente, g.wijk, g.buurt
    from kind k cross join parameters p
    left join woont w on w.kind = k.kind and p.peildatum >= w.van and p.peildatum < w.tot
    left join gebied g on g.gebied = w.gebied"""
#: The BDS versions of the sources that a child is in.
VERSIONS = """
    create or replace temp table versies as
    select distinct SLEUTEL(s.dossier_id, coalesce(b.organisatie, '')) as kind,
        coalesce(b.bds_opgegeven, b.bds_herkend) as versie
    from _stuk s join bronnen b on b.bron = s.bron where s.bdsnummer = 20"""


def months(birth: str, day: str) -> str:
    """SQL of the completed months between two days, as the views count them."""
    return expand(f"$MND({birth}, {day})")
