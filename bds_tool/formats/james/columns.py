"""Records of JAMES format 3.0 as flat columns, and from there to rows; see `james_bulk` for what they are for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bds_tool.formats.james.elements import RELATION
from bds_tool.formats.james.rows import Rows

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    import pyarrow as pa

_PADEN = ("clientDetails", "clientMeasurements/values", "nestedDetails", "nestedDetails/clientDetails")


@dataclass
class Items:
    """Values of one kind: element (-1 when it is no whole number), JSON text, and the record each belongs to."""

    owner: np.ndarray
    number: np.ndarray
    value: pa.StringArray


@dataclass
class Columns:
    """What a block holds. The order of `every`: own details, measurements, relations, details of relations."""

    envelope: tuple[pa.StringArray, ...]  # format, sender, reference
    blocks: tuple[pa.ListArray, ...]  # details, measurements, nested
    details: Items
    series: Items
    values: Items
    value_series: np.ndarray  # per value: index of its series
    dates: pa.StringArray
    groups: Items
    group_lists: np.ndarray  # whether a group has details
    inner: Items
    inner_group: np.ndarray  # per value: index of its group
    references: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, records: pa.StructArray) -> Columns:
        """Flat columns of records in the shape of the format."""
        import numpy as np

        stated, organisation, reference, details, measurements, nested = records.flatten()
        every = np.arange(len(records), dtype=np.int32)
        owner, (number, value) = _flat(details, every)
        own = Items(owner, _numbers(number), value)

        owner, (number, lists) = _flat(measurements, every)
        series = Items(owner, _numbers(number), lists)
        one, (dates, value) = _flat(lists, np.arange(len(owner), dtype=np.int32))
        values = Items(series.owner[one], series.number[one], value)

        owner, (number, code, lists) = _flat(nested, every)
        groups = Items(owner, _numbers(number), code)
        group, (number, value) = _flat(lists, np.arange(len(owner), dtype=np.int32))
        inner = Items(owner[group], _numbers(number), value)
        return cls(
            (stated, organisation, reference),
            (details, measurements, nested),
            own,
            series,
            values,
            one,
            dates,
            groups,
            _there(lists),
            inner,
            group,
        )

    @cached_property
    def every(self) -> Items:
        import numpy as np
        import pyarrow as pa

        kinds = (self.details, self.values, self.groups, self.inner)
        return Items(
            np.concatenate([k.owner for k in kinds]),
            np.concatenate([k.number for k in kinds]),
            pa.concat_arrays([k.value for k in kinds]),
        )

    @property
    def relations(self) -> slice:
        """Where in `every` the codes of relations are."""
        start = len(self.details.owner) + len(self.values.owner)
        return slice(start, start + len(self.groups.owner))

    def odd(self) -> np.ndarray:
        """Records with lists that are not as they should be, or in which a key may be missing.

        A missing key would let a key too many go unseen in `punctuation`.
        """
        odd = ~_there(self.blocks[0])
        odd[self.series.owner[~_there(self.series.value) | (self.series.number < 0)]] = True
        odd[self.groups.owner[self.groups.number != RELATION]] = True
        return odd

    def lacks_block(self) -> np.ndarray:
        """Records without measurements or without relations, or with an empty list of them."""
        import numpy as np

        size = len(self.blocks[0])
        counts = [np.bincount(k.owner, minlength=size) for k in (self.series, self.groups)]
        return np.asarray((counts[0] == 0) | (counts[1] == 0))

    def punctuation(self) -> tuple[np.ndarray, np.ndarray]:
        """The colons and commas that belong to what was found, per record."""
        import numpy as np

        size = len(self.blocks[0])

        def per_record(owner: np.ndarray) -> np.ndarray:
            return np.bincount(owner, minlength=size)

        top = sum((_there(e) for e in (*self.envelope, *self.blocks)), np.zeros(size, np.int64))
        pairs = [per_record(k.owner) for k in (self.details, self.series, self.values, self.inner)]
        groups, lists = per_record(self.groups.owner), per_record(self.groups.owner[self.group_lists])
        colons = top + 2 * sum(pairs) + 2 * groups + lists
        # A comma follows every member of an object or list but the last.
        filled = [per_record(self.details.owner) > 0, per_record(self.series.owner) > 0, groups > 0]
        series = np.bincount(self.value_series, minlength=len(self.series.owner)) > 0
        inner = np.bincount(self.inner_group, minlength=len(self.groups.owner)) > 0
        last = sum(f.astype(np.int64) for f in filled)
        last += per_record(self.series.owner[series]) + per_record(self.groups.owner[inner])
        objects = top - 1 + sum(pairs) + groups + lists
        return colons, objects + sum(pairs) + groups - last

    def table(
        self,
        keep: np.ndarray,
        texts: pa.StringArray,
        days: tuple[np.ndarray, list[date | None]],
        lines: np.ndarray,
        bron: int,
    ) -> pa.Table:
        """Rows of the records to keep, record by record: details, measurements, groups.

        `texts` are the values of `every`, `days` the index of each measurement's day and the days themselves.
        """
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        every, relations = self.every, self.relations
        details = len(self.details.owner)
        volgnr = np.zeros(len(every.owner), np.int32)
        volgnr[relations] = self._volgnr()
        volgnr[relations.stop :] = self._volgnr()[self.inner_group]
        day = np.full(len(every.owner), -1, np.int32)
        day[details : relations.start] = days[0]
        kind = np.repeat(
            np.arange(4, dtype=np.int32),
            [details, len(self.values.owner), len(self.groups.owner), len(self.inner.owner)],
        )
        # Stable: within a record the order of the file stays; a group's relation comes before its elements.
        order = np.argsort(
            every.owner.astype(np.int64) * 1_000_000 + volgnr * 10 + (kind == 3), kind="stable"
        )
        if not keep.all():
            order = order[keep[every.owner[order]]]
        day, owner, volgnr, kind = day[order], every.owner[order], volgnr[order], kind[order]
        waarden = texts.take(pa.array(order))
        index = pa.array(day, mask=day < 0)
        alone = volgnr == 0
        columns = {
            "dossier_id": pa.array(np.array(self.references, dtype=object), pa.string()).take(
                pa.array(owner)
            ),
            "activiteit_id": pa.array([d and d.isoformat() for d in days[1]], pa.string()).take(index),
            "datum": pa.array(days[1], pa.date32()).take(index),
            "bdsnummer": pa.array(every.number[order]),
            "groep": pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(len(order), np.int32), mask=alone), pa.array(["G014"])
            ),
            "volgnr": pa.array(volgnr, mask=alone),
            # Empty text is no value.
            "waarde": pc.if_else(pc.equal(waarden, ""), pa.scalar(None, pa.string()), waarden),
            "bron": pa.array(np.full(len(order), bron, np.int32)),
            "regel": pa.array(lines.astype(np.int64)[owner]),
            "pad": pa.DictionaryArray.from_arrays(pa.array(kind), pa.array(_PADEN)),
        }
        return Rows.complete(columns, len(order))

    def _volgnr(self) -> np.ndarray:
        """Per group its number within the record, from 1."""
        import numpy as np

        counts = np.bincount(self.groups.owner, minlength=len(self.blocks[0]))
        starts = np.repeat(np.cumsum(counts) - counts, counts)
        return (np.arange(len(self.groups.owner)) - starts + 1).astype(np.int32)


def quoted(texts: pa.StringArray) -> np.ndarray:
    """Which JSON values are strings."""
    import pyarrow.compute as pc

    return np_bool(pc.starts_with(texts, '"').fill_null(False))


def np_bool(array: pa.Array) -> np.ndarray:
    found: np.ndarray = array.to_numpy(zero_copy_only=False)
    return found


def _there(values: Any) -> np.ndarray:  # noqa: ANN401
    return np_bool(values.is_valid())


def _flat(lists: pa.ListArray, owner: np.ndarray) -> tuple[np.ndarray, list[pa.Array]]:
    """The fields of all objects in lists, and the owner of each object; a list that is null has none."""
    import numpy as np
    import pyarrow.compute as pc

    counts = pc.list_value_length(lists).fill_null(0).to_numpy()
    return np.repeat(owner, counts), lists.flatten().flatten()


def _numbers(texts: pa.StringArray) -> np.ndarray:
    """Whole numbers from JSON text; -1 for anything else. Few of them differ."""
    import numpy as np

    found = texts.dictionary_encode()
    numbers = [
        int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        for text in found.dictionary.to_pylist()
    ]
    index = found.indices.fill_null(len(numbers)).to_numpy()
    found_numbers: np.ndarray = np.array([*numbers, -1], np.int32)[index]
    return found_numbers
