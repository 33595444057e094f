"""What a source delivers: an element that occurs nowhere in it gives no figure for its children, and never 0.

A source is an organisation in one BDS version and one year. A child belongs to the sources that hold its birth date.
A file without birth dates, or of which the version is not certain, belongs to all sources of its organisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import t
from bds_tool.store import database

if TYPE_CHECKING:
    import duckdb

    from bds_tool.indicators.cube import Arrays
    from bds_tool.indicators.definitions import Indicator
    from bds_tool.indicators.told import NotDelivered

#: Sources have a bit each; where there are more, some share one and deliver what any of them does.
BITS = 62
#: View → years before and after the year of a figure in which what it counts can have been registered. What is
#: registered on the day itself needs the year itself; a dossier is made in the year of birth or the next.
YEARS: Mapping[str, tuple[int, int]] = {
    "kind": (0, 1),
    "voeding": (0, 1),
    "kindjaar": (50, 0),
    "fasejaar": (1, 0),
    "vaccinatie": (1, 0),
    "vaccinatie_vol": (1, 0),
    "overgewicht_vervolg": (0, 1),
}
#: A year for what has no date: it counts in every year.
ALWAYS = -1


def install(
    connection: duckdb.DuckDBPyConnection, registraties: Sequence[Path], wanted: frozenset[int]
) -> None:
    """Make the tables `bronlevering` and `voorkomen`. `connection` holds `bronnen`."""
    install_sources(connection, registraties)
    occurring(connection, registraties, wanted)


def occurring(
    connection: duckdb.DuckDBPyConnection, registraties: Sequence[Path], wanted: frozenset[int]
) -> None:
    """Make the table `voorkomen` (bron, bdsnummer, jaar): where there is a value. `compute` sees it while it reads."""
    numbers = ", ".join(map(str, sorted(wanted | {20})))
    connection.execute(
        database.fill(
            """
        create or replace table voorkomen as
        select distinct bron, bdsnummer, coalesce(year(datum), {always}) as jaar
        from {registraties} where bdsnummer in ({numbers}) and waarde is not null""",
            always=ALWAYS,
            registraties=database.parquet(registraties),
            numbers=numbers,
        )
    )


def install_sources(connection: duckdb.DuckDBPyConnection, registraties: Sequence[Path]) -> None:
    """Make the table `bronlevering` (bron, levering, meer): a bit per source; `meer`: a child can be in more of them."""
    connection.execute(
        database.fill(
            """
        create or replace table bronlevering as
        with bekend as (
            select bron, coalesce(organisatie, '') as organisatie,
                case when bron in (select bron from {registraties} where bdsnummer = 20 and waarde is not null)
                    then coalesce(bds_opgegeven, case when bds_zekerheid = 'zeker' then bds_herkend end) end as versie
            from bronnen
        ), heel as (
            select *, versie is null and max(versie) over (partition by organisatie) is not null as overal from bekend
        ), genummerd as (
            select *, case when not overal then
                cast(1 as bigint) << cast((dense_rank() over (order by organisatie, versie) - 1) % {bits} as integer)
                end as plaats
            from heel
        )
        select bron, coalesce(plaats, bit_or(plaats) over (partition by organisatie)) as levering,
            count(distinct plaats) over (partition by organisatie) > 1 as meer
        from genummerd""",
            bits=BITS,
            registraties=database.parquet(registraties),
        )
    )


def _pairs(given: Any, years: Any) -> tuple[list[tuple[int, int]], Any]:  # noqa: ANN401
    """The different pairs of two arrays of whole numbers, and the place of each row among them."""
    import numpy as np

    if not len(given):
        return [], np.zeros(0, dtype=np.int64)
    first = int(years.min())
    span = int(years.max()) - first + 1
    if (given == given[0]).all():  # one source, as most stores have; sorting all cells is what costs
        sources, code = given[:1], np.zeros(len(given), dtype=np.int64)
    else:
        sources, code = np.unique(given, return_inverse=True)
    code = code * span + (years - first)
    there = np.flatnonzero(np.bincount(code, minlength=len(sources) * span))
    place = np.zeros(len(sources) * span, dtype=np.int64)
    place[there] = np.arange(len(there))
    return [(int(sources[c // span]), first + c % span) for c in there.tolist()], place[code]


class Delivered:
    """Which indicators have what they need, per source and year. `lacking` gathers those that do not."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.sources: dict[int, dict[int, set[int]]] = {}
        for levering, element, year in connection.execute("""
            select distinct l.levering, v.bdsnummer, v.jaar
            from voorkomen v join bronlevering l on l.bron = v.bron""").fetchall():
            self.sources.setdefault(levering, {}).setdefault(year, set()).add(element)
        self.organisations: dict[int, set[str]] = {}
        for levering, organisation in connection.execute("""
            select distinct l.levering, coalesce(b.organisatie, '')
            from bronlevering l join bronnen b on b.bron = l.bron""").fetchall():
            self.organisations.setdefault(levering, set()).add(organisation)
        self.lacking: dict[str, set[tuple[int, int]]] = {}
        self._offered: dict[tuple[int, int, int, int], set[int]] = {}
        self._decided: dict[tuple[str, int, int], bool] = {}

    def elements(self, levering: int, years: Iterable[int]) -> set[int]:
        """What the sources of a child deliver in these years."""
        found: set[int] = set()
        wanted = (*years, ALWAYS)
        for source, by_year in self.sources.items():
            if source & levering:
                for year in wanted:
                    found |= by_year.get(year, set())
        return found

    def apply(self, cells: Arrays, indicators: Sequence[Indicator]) -> None:
        """Take the children of sources that do not deliver out of the sums of a group; `a|ID` says how many.

        Where a value is known all the same (registered in another year), the source delivers. What was decided for a
        source and year holds for all groups that count the indicator.
        """
        import numpy as np

        given = np.ma.filled(cells["levering"], 0).astype(np.int64)
        years = np.asarray(cells["jaar"], dtype=np.int64)
        pairs, place = _pairs(given, years)
        for i in indicators:
            proofs = [f"{what}|{i.id}" for what in ("xs" if i.absence == "nee" else "n")]
            known = np.zeros(len(pairs))
            for name in proofs:
                if name in cells:
                    filled = np.ma.filled(cells[name], 0.0)
                    known += np.bincount(place, weights=filled, minlength=len(pairs))
            lacks = [self._lacks(i, p[0], p[1], k > 0) for p, k in zip(pairs, known.tolist(), strict=True)]
            if not any(lacks):
                cells[f"a|{i.id}"] = np.zeros(len(place))
                continue
            out = np.array(lacks, dtype=bool)[place]
            population = cells.get(f"p|{i.id}", np.zeros(len(out)))
            gone = np.where(out, np.ma.filled(population, 0.0), 0.0)
            cells[f"a|{i.id}"] = gone
            left = np.bincount(place, weights=gone, minlength=len(pairs)).tolist()
            if found := {p for p, many in zip(pairs, left, strict=True) if many > 0}:
                self.lacking.setdefault(i.id, set()).update(found)
            for name in [n for n in cells if n.partition("|")[2] == i.id and n[0] != "a"]:
                cells[name] = np.where(out, 0.0, np.ma.filled(cells[name], 0.0))

    def _lacks(self, i: Indicator, levering: int, year: int, known: bool) -> bool:
        back, ahead = YEARS.get(i.view, (0, 0))
        if (i.id, levering, year) not in self._decided:
            offer = (levering, year, back, ahead)
            if offer not in self._offered:
                self._offered[offer] = self.elements(levering, range(year - back, year + ahead + 1))
            lacking = not known and any(not group & self._offered[offer] for group in i.delivery)
            self._decided[i.id, levering, year] = lacking
        return self._decided[i.id, levering, year]

    def notes(self) -> list[str]:
        """In words, what is not delivered by every source; no organisation is named."""
        if not self.lacking:
            return []
        shown = "; ".join(
            f"{name} ({', '.join(map(str, sorted({y for _, y in found})))})"
            for name, found in sorted(self.lacking.items())
        )
        return [
            t(
                f"geen gegevens: een bron levert de elementen niet van {shown}; die kinderen staan in not_delivered, niet in de noemer",
                f"no data: a source does not deliver the elements of {shown}; those children are in not_delivered, not in the denominator",
            )
        ]

    def table(self) -> list[NotDelivered]:
        """Indicator, organisations and years that are not delivered, for the metadata of the counts."""
        out: list[NotDelivered] = []
        for name, found in sorted(self.lacking.items()):
            by: dict[str, set[int]] = {}
            for levering, year in found:
                names = {n for k, v in self.organisations.items() if k & levering for n in v}
                by.setdefault(", ".join(sorted(names)), set()).add(year)
            out += [{"indicator": name, "organisation": k, "years": sorted(v)} for k, v in sorted(by.items())]
        return out
