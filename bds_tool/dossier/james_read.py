"""JAMES JSON into the store: one document, a list of them, or NDJSON with a child on each line.

Key of a dossier: its reference when that is text and occurs once in the source, else the record number.
Measurements of one date are one activity (`activiteit_id` = ISO date) in every format, so that visits of
1.x/2.0 and the measurements per element of 3.x read alike; a second visit on a day is `date#2`.
`regel` is the line for a document and the line of the record for NDJSON.
"""

from __future__ import annotations

import gc
import json
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, BinaryIO

import orjson

from bds_tool.dossier.james_bulk import Block, Bulk, Plain
from bds_tool.dossier.james_formats import formats
from bds_tool.dossier.james_lines import first_line, lines_of, place_of_error
from bds_tool.dossier.james_records import Flattener
from bds_tool.dossier.james_rows import Rows
from bds_tool.dossier.sources import Sink, Source, Unreadable

#: A document up to this size is read whole; a larger one must be a list or a row of records.
WHOLE = 64 * 1024**2
#: Bytes of NDJSON that are turned into rows at once, and the longest single record that is accepted.
BLOCK = 4 * 1024**2
RECORD_MAX = 64 * 1024**2
#: Threads that take blocks apart, and blocks that wait for their turn to be kept; bounds memory.
THREADS = 2
AHEAD = 3
#: Lines without a single record after which a file is taken for something else than NDJSON.
GIVE_UP = 1_000
#: What stands for a line that holds no record; a record may be any JSON, also null.
_NONE: Any = object()


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
            # A large list: what comes before a break is kept.
            add_blocks(_record_blocks(source), gatherer)
    except Unreadable as error:
        if not gatherer.dossiers:
            raise
        # What was read stays; the finding says that the file stops halfway.
        sink.melding(error.finding, regel=error.regel or gatherer.dossiers + 1, **error.parameters)


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
    with source.open() as stream:
        add_blocks(_line_blocks(stream), gatherer)
    if not gatherer.dossiers:
        gatherer.sink.meldingen.clear()
        raise Unreadable("BDS005", regel=1)


def add_blocks(blocks: Iterable[Block], gatherer: Gatherer) -> None:
    """Records of blocks of lines, in order. Two threads take blocks apart; the libraries they call run side by side."""
    waiting: deque[tuple[Block, Future[Plain]]] = deque()
    stopped: Unreadable | None = None
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for block in blocks:
                left = gatherer.begin(block) if gatherer.flattener.first else block
                if not gatherer.dossiers and left.first > GIVE_UP:
                    return
                waiting.append((left, pool.submit(gatherer.bulk.plain, left)))
                if len(waiting) > AHEAD:
                    gatherer.take(*waiting.popleft())
        except Unreadable as error:
            stopped = error
        while waiting:
            gatherer.take(*waiting.popleft())
    if stopped:
        raise stopped


def _line_blocks(stream: BinaryIO) -> Iterator[Block]:
    """Blocks of whole lines; a line beyond the bound is refused."""
    first = 1
    while data := stream.read(BLOCK):
        data += stream.readline(RECORD_MAX)
        if len(data) >= RECORD_MAX and not data.endswith(b"\n"):
            raise Unreadable("BDS009", regel=first + data.count(b"\n"), grens=RECORD_MAX)
        block = Block(data.removeprefix(b"\xef\xbb\xbf") if first == 1 else data, first)
        yield block
        first += len(block.bounds) - 1


def _record_blocks(source: Source) -> Iterator[Block]:
    """Blocks with a record of a large document on each line; `first` counts records."""
    first, lines, size = 1, [], 0
    try:
        for record in _stream(source):
            # Outside strings JSON does not care about line ends, and inside there are none.
            line = record.replace("\n", " ").encode()
            lines.append(line)
            size += len(line)
            if size >= BLOCK:
                yield Block(b"\n".join(lines), first)
                first, lines, size = first + len(lines), [], 0
    except Unreadable:
        if lines:
            yield Block(b"\n".join(lines), first)
        raise
    if lines:
        yield Block(b"\n".join(lines), first)


def _stream(source: Source) -> Iterator[str]:
    """Text of the records of one large document: the members of a list, or objects one after another."""
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
                    start, (_, at) = at, decoder.raw_decode(text, at)
                    started = True
                    yield text[start:at]
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
