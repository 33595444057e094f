"""JAMES JSON into the store: one document, a list of them, or NDJSON with a child on each line.

Key of a dossier: its reference when that is text and occurs once in the source, else the record number.
Measurements of one date are one activity (`activiteit_id` = ISO date) in every format, so that visits of
1.x/2.0 and the measurements per element of 3.x read alike; a second visit on a day is `date#2`.
`regel` is the line for a document and the line of the record for NDJSON.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, BinaryIO

import orjson

from bds_tool.dossier.james_bulk import Bulk
from bds_tool.dossier.james_lines import first_line, lines_of, place_of_error
from bds_tool.dossier.james_records import Flattener
from bds_tool.dossier.james_rows import Rows
from bds_tool.dossier.sources import Sink, Source, Unreadable

#: A document up to this size is read whole; a larger one must be a list or a row of records.
WHOLE = 64 * 1024**2
#: Bytes of NDJSON that are turned into rows at once, and the longest single record that is accepted.
BLOCK = 8 * 1024**2
RECORD_MAX = 64 * 1024**2
#: Records that go through the bulk lane together: few, so that they stay in the processor's cache.
BATCH = 100
#: Bytes of NDJSON from which two processes share the work.
PARALLEL = 192 * 1024**2
#: Lines without a single record after which a file is taken for something else than NDJSON.
GIVE_UP = 1_000


def read_james(source: Source, sink: Sink) -> None:
    """Read one source of JAMES JSON. Raises Unreadable when nothing in it is JSON."""
    head = source.head()
    encoding = _encoding(head)
    gatherer = Gatherer(source, sink)
    with _no_collection():
        _read(source, sink, head, encoding, gatherer)
    gatherer.finish()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Parsed records hold no cycles; looking for them costs more than the parsing itself."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read(source: Source, sink: Sink, head: bytes, encoding: str, gatherer: Gatherer) -> None:
    try:
        if encoding == "utf-8" and _is_lines(head, source.size):
            _read_lines(source, gatherer)
        elif source.size <= WHOLE or encoding != "utf-8":
            _read_whole(source.data(), encoding, gatherer)
        else:
            _read_stream(source, gatherer)
    except Unreadable as error:
        if not gatherer.dossiers:
            raise
        # What was read stays; the finding says that the file stops halfway.
        sink.melding(error.finding, regel=error.regel or gatherer.dossiers + 1, **error.parameters)


def _read_stream(source: Source, gatherer: Gatherer) -> None:
    """Records of a large list; what came before a break is kept."""
    batch: list[tuple[int, Any]] = []
    try:
        for number, record in enumerate(_stream(source), start=1):
            batch.append((number, record))
            if len(batch) >= BATCH:
                gatherer.batch(batch)
                batch = []
    finally:
        gatherer.batch(batch)


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

    def batch(self, records: list[tuple[int, Any]]) -> None:
        """Records of NDJSON with their lines; plain ones go through the bulk lane."""
        if self.flattener.first and records:
            # The first record sets what counts for the source.
            line, record = records.pop(0)
            self.record(record, line, line)
            self.hand_over()
        rest = self.bulk.add(records)
        self.dossiers += len(records) - len(rest)
        for line, record in rest:
            self.record(record, line, line)
        if self.bulk.rows >= 150_000:
            self.keep(self.bulk.table())

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
        self.keep(self.bulk.table())
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


def _read_whole(data: bytes, encoding: str, gatherer: Gatherer) -> None:
    text = _to_utf8(data, encoding)
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        records = _concatenated(text)
        if records is None:
            raise _invalid(text) from error
        for number, (line, record) in enumerate(records, start=1):
            gatherer.record(record, number, line)
        return
    lines = lines_of(text, parsed) if b"\n" in text.strip() else {}
    if isinstance(parsed, list):
        for number, record in enumerate(parsed, start=1):
            gatherer.record(record, number, lines.get(id(record), number), lines)
    else:
        gatherer.record(parsed, 1, first_line(text), lines)


def _read_lines(source: Source, gatherer: Gatherer) -> None:
    path = source.options.get("file")
    if path is not None and source.size >= PARALLEL:
        from bds_tool.dossier.james_parallel import read_ranges

        good = read_ranges(path, gatherer)
    else:
        with source.open() as stream:
            good = add_lines(_lines(stream), gatherer)
    if not good:
        gatherer.sink.meldingen.clear()
        raise Unreadable("BDS005", regel=1)


def add_lines(lines: Iterable[tuple[int, bytes]], gatherer: Gatherer) -> int:
    """Records of numbered lines; a line that is no JSON is a finding. Gives the number of records."""
    good, batch = 0, []
    for number, line in lines:
        try:
            batch.append((number, orjson.loads(line)))
        except orjson.JSONDecodeError:
            if not good and number > GIVE_UP and not gatherer.dossiers:
                break
            gatherer.sink.melding("BDS036", regel=number)
            continue
        good += 1
        if len(batch) >= BATCH:
            gatherer.batch(batch)
            batch = []
    gatherer.batch(batch)
    return good


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Number and content of each line that is not blank; a line beyond the bound is refused."""
    number, rest = 0, b""
    while True:
        block = stream.read(BLOCK)
        if not block:
            break
        pieces = (rest + block).split(b"\n")
        rest = pieces.pop()
        if len(rest) > RECORD_MAX:
            raise Unreadable("BDS009", regel=number + 1, grens=RECORD_MAX)
        for piece in pieces:
            number += 1
            if piece.strip():
                yield number, piece.removeprefix(b"\xef\xbb\xbf") if number == 1 else piece
    if rest.strip():
        yield number + 1, rest


def _stream(source: Source) -> Iterator[Any]:
    """Records of one large document: the members of a list, or objects one after another."""
    decoder = json.JSONDecoder()
    with source.open() as stream:
        text, ended, at, started = "", False, 0, False
        pending = b""
        while True:
            while at < len(text) and (text[at] in " \t\r\n,\ufeff" or (text[at] == "[" and not started)):
                started = started or text[at] == "["
                at += 1
            if at < len(text) and text[at] == "]":
                return
            try:
                if at < len(text):
                    record, at = decoder.raw_decode(text, at)
                    started = True
                    yield record
                    continue
            except (ValueError, RecursionError) as error:  # a JSONDecodeError is a ValueError
                if ended or not _cut_off(error, text):
                    raise Unreadable("BDS005") from error
                if len(text) - at > RECORD_MAX:
                    raise Unreadable("BDS009", grens=RECORD_MAX) from error
            if ended:
                return
            # Read at least as much again as is waiting, so that one long record is not scanned over and over.
            block = pending + stream.read(max(BLOCK, len(text) - at))
            ended = len(block) == len(pending)
            cut = len(block) if ended else _whole_characters(block)
            text, at = text[at:] + block[:cut].decode("utf-8", errors="replace"), 0
            pending = block[cut:]


def _cut_off(error: ValueError | RecursionError, text: str) -> bool:
    """Whether JSON may only have stopped because the text did: more may mend it."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    # A string that is not closed is reported at its start, everything else where the text went wrong.
    return error.msg.startswith("Unterminated string") or error.pos >= len(text) - 16


def _whole_characters(block: bytes) -> int:
    """Length of `block` without a character that was cut off at its end."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte & 0xC0 != 0x80:
            need = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(block) if need <= back else len(block) - back
    return len(block)


def _concatenated(data: bytes) -> list[tuple[int, Any]] | None:
    """Objects one after another over several lines, or None when `data` is something else."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        try:
            record, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):  # no JSON, or a number of thousands of digits
            return None
        if not isinstance(record, dict):
            return None
        found.append((text.count("\n", 0, at) + 1, record))
        at = end
    return found or None


def _is_lines(head: bytes, size: int) -> bool:
    """The first line is a record of its own and another one follows."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    first, newline, rest = start.partition(b"\n")
    if not start.startswith(b"{"):
        return False
    if not newline:
        return size > WHOLE
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        # A long file whose first line is broken, while its lines look like records.
        return len(first) > 40 and rest.lstrip().startswith(b"{") and first.rstrip().endswith(b"}")
    return bool(rest.strip())


def _encoding(head: bytes) -> str:
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    return "utf-8"


def _to_utf8(data: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        data = data.removeprefix(b"\xef\xbb\xbf")
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable(
                "BDS006", regel=data.count(b"\n", 0, error.start) + 1, codering="utf-8"
            ) from error
        return data
    try:
        return data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise Unreadable("BDS006", codering=encoding) from error


def _invalid(data: bytes) -> Unreadable:
    if not data.strip(b" \t\r\n\0"):
        return Unreadable("BDS002")
    place = place_of_error(data)
    return Unreadable("BDS005", **place)


def _version(used: set[int]) -> tuple[str, str]:
    """The newest BDS version in which the fewest used elements have expired; JAMES itself names none."""
    from bds_tool.schema import load, versions

    known = {n for n in used if any(n in load(v).elementen for v in versions())}

    def expired(version: str) -> int:
        elements = load(version).elementen
        return sum(n not in elements or elements[n].status.startswith("vervallen") for n in known)

    return min(reversed(versions()), key=expired), "onzeker"
