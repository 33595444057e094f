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

from bds_tool.formats.james.bulk import Block, Plain
from bds_tool.formats.james.gather import GIVE_UP, Gatherer
from bds_tool.formats.james.lines import first_line, lines_of, place_of_error
from bds_tool.store.sources import Sink, Source, Unreadable

#: A document up to this size is read whole; a larger one must be a list or a row of records.
WHOLE = 64 * 1024**2
#: Bytes of NDJSON that are turned into rows at once, and the longest single record that is accepted.
BLOCK = 4 * 1024**2
RECORD_MAX = 64 * 1024**2
#: Threads that take blocks apart, and blocks that wait for their turn to be kept; bounds memory.
THREADS = 2
AHEAD = 3


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


def _invalid(data: bytes) -> Unreadable:
    if not data.strip(b" \t\r\n\0"):
        return Unreadable("BDS002")
    place = place_of_error(data)
    return Unreadable("BDS005", **place)
