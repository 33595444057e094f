"""What a run reads, counted while it reads: the days and codes of answers, births and ends, and what each source holds.

The pieces pass by anyway, with their words as numbers; asking the store once more for each of these would read it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from bds_tool.indicators.delivery import ALWAYS
from bds_tool.indicators.features import coding
from bds_tool.indicators.growth import rows
from bds_tool.indicators.piece import coded

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Numbers = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

BORN = 20
#: What is told of dossiers → the elements that tell it.
TOLD = {"seen": (494, 724), "deceased": (21,), "left": (29,), "ended": (488,)}
#: Elements that must be read to tell it.
ELEMENTS = frozenset({BORN, *(n for numbers in TOLD.values() for n in numbers)})
#: Combinations up to which each has a place of its own; beyond, those that occur are sorted.
MOST_PLACES = 1 << 26
#: A day for what has no date.
NEVER = -(1 << 31)


class Reading:
    """Counts what passes. `wanted` are elements of which it must be known in which years a source holds them."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, wanted: frozenset[int], concepts: set[str], last: date
    ) -> None:
        sources = connection.execute("select bron, coalesce(organisatie, '') from bronnen").fetchall()
        self._connection = connection
        self._names = sorted({name for _, name in sources})
        self._organisation = {int(bron): self._names.index(name) for bron, name in sources}
        self._wanted = sorted(wanted | {BORN})
        self._asked = sorted({int(r["bdsnummer"]) for r in rows("codering.csv") if r["begrip"] in concepts})
        self._known = {(int(r["bdsnummer"]), r["code"]) for r in coding(concepts)}
        self._last = last
        self._later: list[tuple[str | None, str]] = []
        self._years: set[tuple[int, int, int]] = set()
        #: Dossiers with one birth date, with two, and with each of TOLD.
        self.dossiers = dict.fromkeys(("born", "two", *TOLD), 0)
        #: Element → answers with a code that its list does not have, and days with answers that contradict.
        self.answers: dict[int, tuple[int, int]] = {}

    def watch(self, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """The pieces as they are; each holds whole dossiers."""
        for table in tables:
            self._take(table)
            yield table

    def _take(self, table: pa.Table) -> None:
        import numpy as np
        import pyarrow as pa

        if not len(table):
            return
        element = table["bdsnummer"].fill_null(0).to_numpy()
        place, sources = _ranked(table["bron"].fill_null(-1).to_numpy())
        word, words = coded(table["waarde"])
        dossier, names = coded(table["dossier_id"])
        day = table["datum"].cast(pa.int32()).fill_null(NEVER).to_numpy()
        valid = word >= 0
        self._occurring(element, place, sources, day, valid)
        organisation = np.array([self._organisation.get(s, -1) for s in sources])[place]
        self._people(element, dossier, organisation, word, words, names)
        chosen = np.flatnonzero(_among(element, self._asked) & valid & (day != NEVER))
        if len(chosen):
            self._answers(element[chosen], dossier[chosen], place[chosen], day[chosen], word[chosen], words)

    def _occurring(self, element: Any, place: Any, sources: list[int], day: Any, valid: Any) -> None:  # noqa: ANN401
        """Source, element and year of all values."""
        import numpy as np

        chosen = _among(element, self._wanted) & valid
        if not chosen.any():
            return
        if not chosen.all():
            element, place, day = element[chosen], place[chosen], day[chosen]
        number, numbers = _ranked(element)
        dated = day != NEVER
        first = int(day.min(where=dated, initial=1 << 30))
        span = max(int(day.max(where=dated, initial=NEVER)) - first + 1, 0)
        # The year of each day in the span, and after these that of what has no day.
        days = (np.arange(span) + first).astype("datetime64[D]")
        of_day = np.r_[days.astype("datetime64[Y]").astype(np.int64) + 1970, ALWAYS]
        which, years_ = _ranked(of_day)
        year = which.astype(np.int16)[np.where(dated, day - first, span)]
        key = number * np.int64(len(years_)) + year
        if len(sources) > 1:
            key += place * np.int64(len(numbers) * len(years_))
        found = _different(key, len(sources) * len(numbers) * len(years_))
        rest, at = np.divmod(found, len(years_))
        years = np.array(years_)[at]
        for one, year in set(zip(rest.tolist(), years.tolist(), strict=True)):
            source, which = divmod(one, len(numbers))
            self._years.add((sources[source], numbers[which], year))

    def _people(
        self,
        element: Any,  # noqa: ANN401
        dossier: Any,  # noqa: ANN401
        organisation: Any,  # noqa: ANN401
        word: Any,  # noqa: ANN401
        words: pa.Array,
        names: pa.Array,
    ) -> None:
        """Birth dates, contacts and ends of the dossiers; rows of an unknown source belong to none."""
        import numpy as np

        rows_ = np.flatnonzero(_among(element, sorted(ELEMENTS)) & (organisation >= 0))
        many = len(self._names)
        size = (len(names) + 1) * many
        which = (dossier[rows_].astype(np.int64) + 1) * many + organisation[rows_]
        element = element[rows_]
        for name, told in TOLD.items():
            there = np.zeros(size, dtype=bool)
            there[which[_among(element, list(told))]] = True
            self.dossiers[name] += int(there.sum())
        born = np.flatnonzero((element == BORN) & (word[rows_] >= 0))
        if not len(born):
            return
        used, at = np.unique(word[rows_][born], return_inverse=True)
        days, each = np.unique([w[:10] for w in words.take(_array(used)).to_pylist()], return_inverse=True)
        dates = self._dates(days.tolist())
        low, high = np.full(size, len(days)), np.full(size, -1)
        np.minimum.at(low, which[born], each[at])
        np.maximum.at(high, which[born], each[at])
        two = (high >= 0) & (low != high)
        one = (high >= 0) & ~two
        one[one] = np.array([d is not None for d in dates])[low[one]]
        self.dossiers["two"] += int(two.sum())
        self.dossiers["born"] += int(one.sum())
        later = [d is not None and d > self._last for d in dates]
        for found in np.flatnonzero(one & np.array([*later, False])[low]).tolist():
            place, own = divmod(found, many)
            self._later.append((names[place - 1].as_py() if place else None, self._names[own]))

    def _dates(self, words: list[str]) -> list[date | None]:
        """What the engine reads as a date."""
        [(found,)] = self._connection.execute(
            "select [try_cast(w as date) for w in cast(? as varchar[])]", [words]
        ).fetchall()
        return list(found)

    def later(self, without: set[tuple[str | None, str]]) -> int:
        """How many dossiers of children that were born after the last day there are, but for some."""
        return sum(one not in without for one in self._later)

    def _answers(
        self,
        element: Any,  # noqa: ANN401
        dossier: Any,  # noqa: ANN401
        place: Any,  # noqa: ANN401
        day: Any,  # noqa: ANN401
        word: Any,  # noqa: ANN401
        words: pa.Array,
    ) -> None:
        """Codes that no list has, and days of a dossier in a source with more than one answer."""
        import numpy as np

        number, numbers = _ranked(element)
        pairs, many = np.unique(number * np.int64(len(words)) + word, return_counts=True)
        strange = [0] * len(numbers)
        for pair, times in zip(pairs.tolist(), many.tolist(), strict=True):
            which, code = divmod(pair, len(words))
            if (numbers[which], words[code].as_py()) not in self._known:
                strange[which] += times
        day = day - int(day.min())
        key = dossier.astype(np.int64) + 1
        for part in (number, place, day):
            key = key * (int(part.max()) + 1) + part
        order = np.argsort(key, kind="stable")
        key, word, number = key[order], word[order], number[order]
        differs = np.flatnonzero((key[1:] == key[:-1]) & (word[1:] != word[:-1]))
        first = np.r_[True, key[differs][1:] != key[differs][:-1]] if len(differs) else differs
        conflicts = np.bincount(number[differs][first], minlength=len(numbers)).tolist()
        for n, *found in zip(numbers, strange, conflicts, strict=True):
            had = self.answers.get(n, (0, 0))
            self.answers[n] = (had[0] + found[0], had[1] + found[1])

    def install(self) -> None:
        """Make the table `voorkomen` of what passed, as `delivery.occurring` does."""
        import pyarrow as pa

        found = list(zip(*sorted(self._years), strict=True)) or [(), (), ()]
        names = ("bron", "bdsnummer", "jaar")
        columns = (pa.array(values, pa.int64()) for values in found)
        self._connection.register("_gelezen", pa.table(dict(zip(names, columns, strict=True))))
        self._connection.execute("create or replace table voorkomen as select * from _gelezen")
        self._connection.unregister("_gelezen")


def _array(places: Any) -> pa.Array:  # noqa: ANN401
    import pyarrow as pa

    return pa.array(places)


def _among(values: Any, wanted: list[int]) -> Any:  # noqa: ANN401
    """Whether each whole number from 0 is one of these."""
    import numpy as np

    table = np.zeros(max(int(values.max(initial=0)), *wanted, 0) + 1, dtype=bool)
    table[wanted] = True
    return table[values]


def _ranked(values: Any) -> tuple[Any, list[int]]:  # noqa: ANN401
    """The place of each whole number among the different ones, and these."""
    import numpy as np

    first = int(values.min())
    span = int(values.max()) - first + 1
    if span == 1:
        return np.broadcast_to(np.int64(0), values.shape), [first]
    if span > MOST_PLACES:
        found, place = np.unique(values, return_inverse=True)
        return place, found.tolist()
    there = np.zeros(span, dtype=bool)
    there[values - first] = True
    at = np.flatnonzero(there)
    change = np.zeros(span, dtype=np.int64)
    change[at] = np.arange(len(at))
    return change[values - first], (at + first).tolist()


def _different(keys: Numbers, size: int) -> Numbers:
    """The different ones of whole numbers below `size`, ascending."""
    import numpy as np

    if size > MOST_PLACES:
        return np.unique(keys)
    there: Flags = np.zeros(size, dtype=bool)
    there[keys] = True
    return np.flatnonzero(there)
