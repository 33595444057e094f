"""Records of JAMES to rows to the sink: the plain ones of a block in bulk, the others one by one, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import orjson

from bds_tool.formats.james.bulk import Block, Bulk, Plain
from bds_tool.formats.james.formats import formats
from bds_tool.formats.james.records import Flattener
from bds_tool.formats.james.rows import Rows
from bds_tool.store.sources import Sink, Source

#: Lines without a single record after which a file is taken for something else than NDJSON.
GIVE_UP = 1_000
#: What stands for a line that holds no record; a record may be any JSON, also null.
_NONE: Any = object()


class Gatherer:
    """Records to rows to the sink, in batches; and the facts of the source."""

    def __init__(self, source: Source, sink: Sink) -> None:
        self.source, self.sink = source, sink
        self.rows = Rows()
        self.flattener = Flattener(self.rows, sink)
        self.bulk = Bulk(self.flattener, source.bron)
        self._pool = ThreadPoolExecutor(1)
        self._waiting: Future[None] | None = None
        self.dossiers = 0
        self.elementen: set[int] = set()

    def record(self, record: Any, number: int, line: int, lines: dict[int, int] | None = None) -> None:  # noqa: ANN401
        self.flattener.record(record, number, line, lines)
        self.dossiers += 1
        if len(self.rows) >= 200_000:
            self.hand_over()

    def begin(self, block: Block) -> Block:
        """Read lines up to the first record, which sets what counts for the source; gives the lines after it."""
        for index in range(len(block.bounds) - 1):
            if not self.flattener.first or (not self.dossiers and block.first + index > GIVE_UP):
                return block.after(index)
            record = self._parsed(block, index)
            if record is not _NONE:
                self.record(record, block.first + index, block.first + index)
        return block.after(len(block.bounds) - 1)

    def take(self, block: Block, made: Future[Plain]) -> None:
        """What the bulk lane made of a block, and the lines that it left.

        Of records with the same reference the first of the source has it for a key, whatever its lane.
        """
        plain = made.result()
        rest = {index: self._parsed(block, index) for index in plain.rest}
        taken = {text for record in rest.values() for text in _references(record)}
        again = set()
        for index, reference in zip(plain.lines, plain.references, strict=True):
            if reference in self.flattener.seen or reference in taken:
                again.add(index)
            else:
                self.flattener.claim(reference, "3.0")
        self.dossiers += len(plain.lines) - len(again)
        if plain.table is not None:
            self.hand_over()  # rows of earlier lines come first
            self.keep(_without(plain.table, [block.first + index for index in again]))
        for index in sorted({*rest, *again, *plain.remarks}):
            record = rest[index] if index in rest else self._parsed(block, index)
            if index not in rest and index not in again:
                self.flattener.remarks_only(record, block.first + index)
            elif record is not _NONE:
                self.record(record, block.first + index, block.first + index)

    def _parsed(self, block: Block, index: int) -> Any:  # noqa: ANN401
        """The record on a line, or _NONE; a line that is no JSON is a finding."""
        line = block.line(index)
        if not line.strip():
            return _NONE
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            self.sink.melding("BDS036", regel=block.first + index)
            return _NONE

    def keep(self, table: Any) -> None:  # noqa: ANN401
        """Hand a table over on another thread: compressing it leaves this one free to parse."""
        import pyarrow.compute as pc

        if table is None:
            return
        self.elementen |= set(pc.unique(table["bdsnummer"]).to_pylist()) - {None}
        if self._waiting is not None:
            self._waiting.result()
        self._waiting = self._pool.submit(self.sink.add_table, table)

    def hand_over(self) -> None:
        if len(self.rows):
            self.keep(self.rows.table(self.source.bron))
        self.rows = self.flattener.rows = Rows()

    def settle(self) -> None:
        """Hand over everything that waits."""
        self.hand_over()
        if self._waiting is not None:
            self._waiting.result()
        self._pool.shutdown()

    def finish(self) -> None:
        self.settle()
        used = self.flattener.formaten
        version, certainty = _version(self.elementen)
        self.sink.facts |= {
            "formaat": f"james-{max(used, key=lambda f: used[f])}" if used else "james",
            "organisatie": self.flattener.organisatie,
            "bds_herkend": version,
            "bds_zekerheid": certainty,
            "dossiers": self.dossiers,
        }


def _references(record: Any) -> Iterator[str]:  # noqa: ANN401
    """What may be the reference of a record, however the field is written."""
    if isinstance(record, dict):
        names = {f.referentie.lower() for f in formats().values()}
        yield from (v.strip() for k, v in record.items() if isinstance(v, str) and k.lower() in names)


def _without(table: Any, lines: list[int]) -> Any:  # noqa: ANN401
    import pyarrow as pa
    import pyarrow.compute as pc

    if not lines:
        return table
    return table.filter(pc.invert(pc.is_in(table["regel"], pa.array(lines, pa.int64()))))


def _version(used: set[int]) -> tuple[str, str]:
    """The newest BDS version in which the fewest used elements have expired; JAMES itself names none."""
    from bds_tool.schema import is_draft, load, versions

    known = {n for n in used if any(n in load(v).elementen for v in versions())}

    def expired(version: str) -> int:
        elements = load(version).elementen
        return sum(n not in elements or elements[n].status.startswith("vervallen") for n in known)

    return min(reversed(versions()), key=lambda v: (expired(v), is_draft(v))), "onzeker"
