"""Bulk lane for NDJSON of format 3.0: whole blocks of lines at once, column by column.

DuckDB takes the lines apart by the shape of the format and keeps the JSON text of every value, so that `"12"` and
`12` stay apart. A line goes through this lane when all of it is as the format has it, and when what was found
accounts for every colon and comma in the line: then nothing else is in there. Any other line goes through
`Flattener.record`, which looks at every value. Both lanes give the same rows (a test compares them).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from bds_tool.formats.james.columns import Columns, np_bool, quoted
from bds_tool.formats.james.formats import formats
from bds_tool.formats.james.records import Flattener
from bds_tool.formats.james.values import day_of

if TYPE_CHECKING:
    from datetime import date

    import duckdb
    import numpy as np
    import pyarrow as pa

#: A block smaller than this is sooner read line by line than DuckDB is there.
SMALL = 1024**2
#: A line shorter than this is no record of format 3.0.
SHORT = 40
_ELEMENT = {"bdsNumber": "JSON", "value": "JSON"}
_SHAPE = json.dumps(
    {
        "Format": "JSON",
        "organisationCode": "JSON",
        "reference": "JSON",
        "clientDetails": [_ELEMENT],
        "clientMeasurements": [{"bdsNumber": "JSON", "values": [{"date": "JSON", "value": "JSON"}]}],
        "nestedDetails": [
            {"nestingBdsNumber": "JSON", "nestingCode": "JSON", "clientDetails": [_ELEMENT]},
        ],
    }
)


@dataclass
class Block:
    """Whole lines of NDJSON and the number of the first."""

    data: bytes
    first: int = 1

    @cached_property
    def bounds(self) -> np.ndarray:
        """Where each line starts, and the end of the last."""
        import numpy as np

        ends = self.positions(b"\n") + 1
        whole = self.data.endswith(b"\n") or not self.data
        return np.concatenate([[0], ends, [] if whole else [len(self.data)]]).astype(np.int32)

    def positions(self, byte: bytes) -> np.ndarray:
        import numpy as np

        return np.flatnonzero(np.frombuffer(self.data, np.uint8) == byte[0])

    def count(self, byte: bytes) -> np.ndarray:
        """How often `byte` occurs in each line."""
        import numpy as np

        return np.diff(np.searchsorted(self.positions(byte), self.bounds))

    def line(self, index: int) -> bytes:
        return self.data[self.bounds[index] : self.bounds[index + 1]]

    def after(self, index: int) -> Block:
        """The lines from `index` on."""
        return Block(self.data[self.bounds[index] :], self.first + index)


@dataclass
class Plain:
    """The plain records of a block: their rows, and per record its line (0 is the first) and reference.

    `remarks` are lines of plain records about which there is something to say; `rest` are all other lines.
    """

    rest: list[int]
    table: pa.Table | None = None
    lines: list[int] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    remarks: list[int] = field(default_factory=list)


class Bulk:
    """Takes blocks apart; several threads may do so at once, for it holds nothing of a block."""

    def __init__(self, flattener: Flattener, bron: int) -> None:
        import numpy as np

        self._flattener = flattener
        self._bron = bron
        self._format = formats()["3.0"]
        self._dates = np.array(sorted(flattener.dates))
        # Kind that each element should have: 0 for none, as an element that the format does not know.
        self._wants = np.zeros(max(self._format.wants) + 2, np.int8)
        for number, kind in self._format.wants.items():
            self._wants[number] = 1 if kind is str else 2
        self._days: dict[str, date | None] = {}
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._lock = Lock()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        with self._lock:
            if self._connection is None:
                # The threads are those of the caller: one block each.
                self._connection = duckdb.connect(
                    config={
                        "threads": 1,
                        "autoinstall_known_extensions": False,
                        "autoload_known_extensions": False,
                    }
                )
            return self._connection.cursor()

    def plain(self, block: Block) -> Plain:
        """Rows of all plain records of a block."""
        import numpy as np

        if len(block.data) < SMALL or b'"3.0"' not in block.data:
            return Plain(list(range(len(block.bounds) - 1)))
        lines = np.flatnonzero((np.diff(block.bounds) >= SHORT) & (block.count(b"\\") == 0))
        try:
            block.data.decode()
        except UnicodeDecodeError:
            lines = lines[:0]
        if not len(lines):
            return Plain(list(range(len(block.bounds) - 1)))
        columns = Columns.of(self._parsed(block, lines))
        bad = self._envelope(columns)
        keys, commas = columns.punctuation()
        bad |= (block.count(b":")[lines] != keys) | (block.count(b",")[lines] != commas)
        days = self._bad_days(columns, bad)
        texts = self._bad_values(columns, bad)
        good = np.flatnonzero(~bad)
        plain = Plain(np.setdiff1d(np.arange(len(block.bounds) - 1), lines[good]).tolist())
        if len(good):
            plain.lines = lines[good].tolist()
            plain.references = [columns.references[i] for i in good]
            plain.remarks = lines[np.intersect1d(good, self._remarked(columns, texts))].tolist()
            plain.table = columns.table(~bad, texts, days, lines + block.first, self._bron)
        return plain

    def _parsed(self, block: Block, lines: np.ndarray) -> pa.StructArray:
        """The chosen lines by the shape of the format; null for a line that is no JSON."""
        import duckdb
        import pyarrow as pa

        every = pa.StringArray.from_buffers(
            len(block.bounds) - 1, pa.py_buffer(block.bounds), pa.py_buffer(block.data)
        )
        chosen = every if len(lines) == len(every) else every.take(pa.array(lines))
        with self._cursor() as cursor:
            relation = cursor.from_arrow(pa.table({"line": chosen}))
            apart = f"json_transform(line, '{_SHAPE}')"
            try:
                found = relation.project(f"{apart} as record").to_arrow_table()
            except duckdb.InvalidInputException:
                found = relation.project(f"try({apart}) as record").to_arrow_table()
        return found["record"].combine_chunks()

    def _envelope(self, columns: Columns) -> np.ndarray:
        """Records of which the envelope is not plain. References lose their quotes on the way."""
        usable, sender = self._flattener.usable, self._flattener.organisatie or ""
        known = {f'"{self._format.formaat}"'}
        stated, organisations, references = (e.to_pylist() for e in columns.envelope)
        # A whole number in JSON has no zero in front, so it equals the sender's when their texts do.
        senders = {None, sender} if sender.isdigit() and int(sender) else {None}
        columns.references = [r[1:-1] if r and r[0] == '"' else "" for r in references]
        odd: np.ndarray = columns.odd() | [
            f not in known or o not in senders or not usable(r, self._format)
            for f, o, r in zip(stated, organisations, columns.references, strict=True)
        ]
        return odd

    def _bad_days(self, columns: Columns, bad: np.ndarray) -> tuple[np.ndarray, list[Any]]:
        """Index of each measurement's day, and the days; records with something else for a date become bad."""
        import numpy as np

        found = columns.dates.dictionary_encode()
        days = [self._day(text) for text in found.dictionary.to_pylist()]
        usable = np.array([d is not None for d in days] + [False])
        index = found.indices.fill_null(len(days)).to_numpy()
        bad[columns.values.owner[~usable[index]]] = True
        return index, days

    def _day(self, text: str) -> date | None:
        """The day in a JSON string; parsing one again costs more than looking it up."""
        if text not in self._days:
            if len(self._days) > 100_000:
                self._days = {}
            day = self._days[text] = day_of(text[1:-1]) if text[0] == '"' else None
            return day
        return self._days[text]

    def _bad_values(self, columns: Columns, bad: np.ndarray) -> pa.StringArray:
        """All values as text, dates in ISO; records with a value of the wrong kind become bad."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        every = columns.every
        number = every.number
        known = np.minimum(np.where(number < 0, len(self._wants), number), len(self._wants) - 1)
        wants = self._wants[known]
        # Codes of relations are text by their place, whatever the list of elements says.
        wants[columns.relations] = 1
        is_text = quoted(every.value)
        fits = np.where(is_text, wants == 1, wants == 2) & np_bool(every.value.is_valid())
        bad[every.owner[~fits]] = True
        numeric = every.value.filter(pa.array(~is_text))
        try:
            numeric.cast(pa.int64())
        except pa.ArrowInvalid:
            whole = pc.match_substring_regex(numeric, r"^-?\d{1,18}$").fill_null(False)
            bad[every.owner[~is_text][~np_bool(whole)]] = True
        texts = pc.utf8_trim_whitespace(pc.utf8_trim(every.value, characters='"'))
        dated = np.isin(number, self._dates) & is_text
        if not dated.any():
            return texts
        found = every.value.filter(pa.array(dated)).dictionary_encode()
        days = [self._day(text) for text in found.dictionary.to_pylist()]
        index = found.indices.to_numpy()
        bad[every.owner[dated][np.array([d is None for d in days])[index]]] = True
        iso = pa.array([d and d.isoformat() for d in days], pa.string())
        return pc.replace_with_mask(texts, pa.array(dated), iso.take(found.indices))

    def _remarked(self, columns: Columns, texts: pa.StringArray) -> np.ndarray:
        """Records that lack something that is due, or have it empty or unknown."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        own = columns.details
        values = texts.slice(0, len(own.number))
        empty = np_bool(pc.equal(values, "").fill_null(True))
        remarked = columns.lacks_block()
        for number, due in self._format.elementen.items():
            mine = own.number == number
            if due.onbekend:
                unknown = pc.is_in(values, pa.array(sorted(due.onbekend), pa.string()))
                remarked[own.owner[mine & np_bool(unknown)]] = True
            lacking = np.ones(len(remarked), bool)
            lacking[own.owner[mine & ~empty]] = False
            remarked |= lacking
        return np.flatnonzero(remarked)
