"""Bulk lane for NDJSON of format 3.x: many records at once, column by column.

A record goes through this lane when all of it is as the format has it; any doubt sends it through
`Flattener.record`, which looks at every value. Both lanes give the same rows (a test compares them).
Records are taken in small batches, so that their objects are gone before they leave the processor's cache.
"""

from __future__ import annotations

from itertools import chain, compress, repeat
from operator import itemgetter, ne
from typing import TYPE_CHECKING, Any

from bds_tool.dossier.james_formats import Format, formats
from bds_tool.dossier.james_records import RELATION, Flattener
from bds_tool.dossier.james_rows import Rows
from bds_tool.dossier.james_values import day_of

if TYPE_CHECKING:
    import pyarrow as pa

Record = dict[str, Any]
Batch = list[tuple[int, Record]]

_NESTED = {"nestingBdsNumber", "nestingCode", "clientDetails"}
_REQUIRED = {"Format", "organisationCode", "reference", "clientDetails"}
_ALLOWED = _REQUIRED | {"clientMeasurements", "nestedDetails"}
_PADEN = ("clientDetails", "clientMeasurements/values", "nestedDetails", "nestedDetails/clientDetails")
#: Lists of a batch, in the order of `_Columns.lists`.
_number, _value, _date, _values = (
    itemgetter("bdsNumber"),
    itemgetter("value"),
    itemgetter("date"),
    itemgetter("values"),
)


class Bulk:
    """Gathers plain records; `table` gives their rows and starts anew."""

    def __init__(self, flattener: Flattener, bron: int) -> None:
        self._flattener = flattener
        self._bron = bron
        self._days: dict[str, int] = {}  # yyyymmdd → index in the two lists below
        self._iso: list[str] = []
        self._dates: list[Any] = []
        self._columns = _Columns()

    @property
    def rows(self) -> int:
        return len(self._columns.detail_values) + len(self._columns.value_values)

    def add(self, batch: Batch) -> Batch:
        """Gather the plain records of a small batch; gives back those that need a closer look."""
        taken: dict[str, tuple[int, Record]] = {}
        rest: Batch = []
        for item in batch:
            if not self._plain(item[1]) or taken.setdefault(item[1]["reference"], item) is not item:
                rest.append(item)
        plain = list(taken.values())
        chosen = formats()["3.0"]
        while plain:
            columns = _Columns()
            try:
                columns.gather([record for _, record in plain])
                bad = self._bad(columns, chosen)
            except (AttributeError, KeyError, TypeError):
                return [*rest, *plain]
            if not bad:
                self._take(plain, columns, chosen)
                break
            rest += [item for index, item in enumerate(plain) if index in bad]
            plain = [item for index, item in enumerate(plain) if index not in bad]
        return rest

    def _plain(self, record: Any) -> bool:  # noqa: ANN401
        """Cheap test on the envelope alone; values are looked at per column later."""
        try:
            keys, reference, organisation = record.keys(), record["reference"], record["organisationCode"]
            return (
                record["Format"] == "3.0"
                and keys >= _REQUIRED
                and keys <= _ALLOWED
                and organisation.__class__ is int
                and organisation > 0
                and str(organisation) == self._flattener.organisatie
                and record["clientDetails"].__class__ is list
                and record.get("clientMeasurements", []).__class__ is list
                and record.get("nestedDetails", []).__class__ is list
                and self._flattener.usable(reference, formats()["3.0"])
            )
        except (AttributeError, KeyError, TypeError):
            return False

    def _bad(self, columns: _Columns, chosen: Format) -> set[int]:
        """Indices of records that are not plain after all; dates become ISO text and indices on the way."""
        bad: set[int] = set()
        columns.value_days = list(map(self._days.get, columns.value_dates))
        if None in columns.value_days:
            columns.value_days = list(map(self._day, columns.value_dates))
        if None in columns.value_days:
            owners = columns.value_owners()
            bad.update(owners[i] for i, day in enumerate(columns.value_days) if day is None)
        wants = chosen.wants.get
        expected = list(
            chain.from_iterable(map(repeat, map(wants, columns.series_numbers), columns.value_counts))
        )
        if expected != list(map(type, columns.value_values)):
            owners = columns.value_owners()
            bad.update(compress(owners, map(ne, expected, map(type, columns.value_values))))
        if columns.odd_values:
            bad.update(compress(columns.value_owners(), columns.odd_values))
        for numbers, values, counts in columns.elements():
            bad.update(self._bad_elements(numbers, values, counts, wants))
        if not all(columns.group_plain):
            owners = list(
                chain.from_iterable(map(repeat, range(len(columns.group_counts)), columns.group_counts))
            )
            bad.update(owner for owner, plain in zip(owners, columns.group_plain, strict=True) if not plain)
        return bad

    def _bad_elements(self, numbers: list[Any], values: list[Any], counts: list[int], wants: Any) -> set[int]:  # noqa: ANN401
        expected, found = list(map(wants, numbers)), list(map(type, values))
        bad = (
            [i for i, (e, f) in enumerate(zip(expected, found, strict=True)) if e is not f]
            if expected != found
            else []
        )
        dates = self._flattener.dates
        for i in [i for i, number in enumerate(numbers) if number in dates]:
            if values[i].__class__ is str:
                index = self._day(values[i])
                if index is None:
                    bad.append(i)
                else:
                    values[i] = self._iso[index]
        if not bad:
            return set()
        owners = list(chain.from_iterable(map(repeat, range(len(counts)), counts)))
        return {owners[i] for i in bad}

    def _day(self, text: Any) -> int | None:  # noqa: ANN401
        index = self._days.get(text)
        if index is None and text.__class__ is str and (day := day_of(text)) is not None:
            index = self._days[text] = len(self._iso)
            self._iso.append(day.isoformat())
            self._dates.append(day)
        return index

    def _take(self, plain: Batch, columns: _Columns, chosen: Format) -> None:
        flattener = self._flattener
        due = columns.due(chosen)
        for index, (line, record) in enumerate(plain):
            flattener.claim(record["reference"], record["Format"])
            if index in due or not record.get("clientMeasurements") or not record.get("nestedDetails"):
                flattener.remarks_only(record, line, due.get(index))
            self._columns.dossiers.append(record["reference"])
            self._columns.lines.append(line)
        self._columns.extend(columns)

    def table(self) -> pa.Table | None:
        """The rows gathered so far, record by record: details, measurements, groups. None when there are none."""
        columns, self._columns = self._columns, _Columns()
        return columns.table(self._iso, self._dates, self._bron) if columns.dossiers else None


class _Columns:
    """What a batch holds, as flat lists; counts tell which record each value came from."""

    def __init__(self) -> None:
        self.dossiers: list[str] = []
        self.lines: list[int] = []
        self.detail_counts: list[int] = []  # per record
        self.detail_numbers: list[Any] = []
        self.detail_values: list[Any] = []
        self.series_counts: list[int] = []  # per record
        self.series_numbers: list[Any] = []
        self.value_counts: list[int] = []  # per series
        self.value_values: list[Any] = []
        self.value_days: list[Any] = []
        self.group_counts: list[int] = []  # per record
        self.group_codes: list[Any] = []
        self.inner_counts: list[int] = []  # per group
        self.inner_numbers: list[Any] = []
        self.inner_values: list[Any] = []
        # Of one small batch only:
        self.value_dates: list[Any] = []
        self.group_plain: list[bool] = []
        self.odd_values: list[bool] = []

    def extend(self, other: _Columns) -> None:
        for name, values in vars(other).items():
            if name not in {"value_dates", "group_plain", "odd_values", "dossiers", "lines"}:
                getattr(self, name).extend(values)

    def gather(self, records: list[Record]) -> None:
        """Raises AttributeError, KeyError or TypeError when something is not of the kind it should be."""
        details = [r["clientDetails"] for r in records]
        flat = list(chain.from_iterable(details))
        self.detail_counts = list(map(len, details))
        self.detail_numbers, self.detail_values = list(map(_number, flat)), list(map(_value, flat))
        _only(flat, 2)

        series = [r.get("clientMeasurements") or () for r in records]
        blocks = list(chain.from_iterable(series))
        self.series_counts = list(map(len, series))
        self.series_numbers, values = list(map(_number, blocks)), list(map(_values, blocks))
        _only(blocks, 2)
        self.value_counts = list(map(len, values))
        items = list(chain.from_iterable(values))
        self.value_values, self.value_dates = list(map(_value, items)), list(map(_date, items))
        sizes = list(map(len, items))
        if sizes.count(2) != len(sizes):
            self.odd_values = [size != 2 for size in sizes]

        nested = [r.get("nestedDetails") or () for r in records]
        groups = list(chain.from_iterable(nested))
        self.group_counts = list(map(len, nested))
        self.group_codes = [g["nestingCode"] for g in groups]
        self.group_plain = [
            g["nestingBdsNumber"] == RELATION and g.keys() <= _NESTED and g["nestingCode"].__class__ is str
            for g in groups
        ]
        inner = [g.get("clientDetails") or () for g in groups]
        flat = list(chain.from_iterable(inner))
        self.inner_counts = list(map(len, inner))
        self.inner_numbers, self.inner_values = list(map(_number, flat)), list(map(_value, flat))
        _only(flat, 2)

    def value_owners(self) -> list[int]:
        series = chain.from_iterable(map(repeat, range(len(self.series_counts)), self.series_counts))
        return list(chain.from_iterable(map(repeat, series, self.value_counts)))

    def elements(self) -> list[tuple[list[Any], list[Any], list[int]]]:
        """Numbers, values and counts per record of the child's own elements and of those of parents."""
        ends = [0]
        for count in self.inner_counts:
            ends.append(ends[-1] + count)
        counts, at = [], 0
        for groups in self.group_counts:
            counts.append(ends[at + groups] - ends[at])
            at += groups
        return [
            (self.detail_numbers, self.detail_values, self.detail_counts),
            (self.inner_numbers, self.inner_values, counts),
        ]

    def due(self, chosen: Format) -> dict[int, dict[int, str | None]]:
        """Index → own elements, of records that lack an element that is due or have it empty or unknown."""
        wanted, at, found = chosen.elementen.keys(), 0, {}
        unknown = {(n, code) for n, field in chosen.elementen.items() for code in field.onbekend}
        for index, count in enumerate(self.detail_counts):
            numbers, values = self.detail_numbers[at : at + count], self.detail_values[at : at + count]
            at += count
            if (
                not wanted <= set(numbers)
                or "" in values
                or not unknown.isdisjoint(zip(numbers, values, strict=True))
            ):
                seen: dict[int, str | None] = {}
                for number, value in zip(numbers, values, strict=True):
                    seen[number] = seen.get(number) or str(value).strip() or None
                found[index] = seen
        return found

    def table(self, iso: list[str], dates: list[Any], bron: int) -> pa.Table:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        every = np.arange(len(self.dossiers), dtype=np.int32)
        groups = np.asarray(self.group_counts, dtype=np.int64)
        group_owner = np.repeat(every, groups)
        starts = np.repeat(np.cumsum(groups) - groups, groups)
        group_volgnr = (np.arange(len(group_owner)) - starts + 1).astype(np.int32)
        parts = [
            len(self.detail_values),
            len(self.value_values),
            len(self.group_codes),
            len(self.inner_values),
        ]
        owner = np.concatenate(
            [
                np.repeat(every, self.detail_counts),
                np.repeat(np.repeat(every, self.series_counts), self.value_counts),
                group_owner,
                np.repeat(group_owner, self.inner_counts),
            ]
        )
        volgnr = np.concatenate(
            [
                np.zeros(parts[0] + parts[1], np.int32),
                group_volgnr,
                np.repeat(group_volgnr, self.inner_counts),
            ]
        )
        kind = np.repeat(np.arange(4, dtype=np.int32), parts)
        day = np.full(sum(parts), -1, dtype=np.int32)
        day[parts[0] : parts[0] + parts[1]] = self.value_days
        numbers = np.concatenate(
            [
                np.asarray(self.detail_numbers, np.int32),
                np.repeat(np.asarray(self.series_numbers, np.int32), self.value_counts),
                np.full(parts[2], RELATION, np.int32),
                np.asarray(self.inner_numbers, np.int32),
            ]
        )
        every_value = chain(self.detail_values, self.value_values, self.group_codes, self.inner_values)
        texts = pa.array(list(map(str, every_value)), pa.string())
        # Stable: within a record the order of the file stays; a group's relation comes before its elements.
        order = np.argsort(owner.astype(np.int64) * 1_000_000 + volgnr * 10 + (kind == 3), kind="stable")
        day, owner, volgnr, kind = day[order], owner[order], volgnr[order], kind[order]
        waarden = pc.utf8_trim_whitespace(texts.take(pa.array(order)))
        index = pa.array(day, mask=day < 0)
        grouped = volgnr == 0
        columns = {
            "dossier_id": pa.array(self.dossiers, pa.string()).take(pa.array(owner)),
            "activiteit_id": pa.array(iso, pa.string()).take(index),
            "datum": pa.array(dates, pa.date32()).take(index),
            "bdsnummer": pa.array(numbers[order]),
            "groep": pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(len(order), np.int32), mask=grouped), pa.array(["G014"])
            ),
            "volgnr": pa.array(volgnr, mask=grouped),
            "waarde": pc.if_else(pc.equal(waarden, ""), pa.scalar(None, pa.string()), waarden),
            "bron": pa.array(np.full(len(order), bron, dtype=np.int32)),
            "regel": pa.array(np.asarray(self.lines, dtype=np.int64)[owner]),
            "pad": pa.DictionaryArray.from_arrays(pa.array(kind), pa.array(_PADEN)),
        }
        return Rows.complete(columns, len(order))


def _only(elements: list[Any], size: int) -> None:
    """Raises KeyError when one of them has other than the expected number of keys: something extra to keep."""
    sizes = list(map(len, elements))
    if sizes.count(size) != len(sizes):
        raise KeyError(size)
