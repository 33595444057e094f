"""JAMES JSON into the store: one document, a list of them, or NDJSON with a child on each line.

Key of a dossier: its reference when that is text and occurs once in the source, else the record number.
Measurements of one date are one activity (`activiteit_id` = ISO date) in every format, so that visits of
1.x/2.0 and the measurements per element of 3.x read alike; a second visit on a day is `date#2`.
`regel` is the line for a document and the line of the record for NDJSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from bds_tool.dossier.james_lines import first_line, lines_of, place_of_error
from bds_tool.dossier.james_records import Flattener
from bds_tool.dossier.james_rows import Rows
from bds_tool.dossier.sources import Sink, Source, Unreadable

#: A document up to this size is read whole; a larger one must be a list or a row of records.
WHOLE = 64 * 1024**2
#: Bytes of NDJSON that are turned into rows at once, and the longest single record that is accepted.
BLOCK = 8 * 1024**2
RECORD_MAX = 256 * 1024**2
#: Lines without a single record after which a file is taken for something else than NDJSON.
GIVE_UP = 1_000


def read_james(source: Source, sink: Sink) -> None:
    """Read one source of JAMES JSON. Raises Unreadable when nothing in it is JSON."""
    head = source.head()
    encoding = _encoding(head)
    gatherer = _Gatherer(source, sink)
    if encoding == "utf-8" and _is_lines(head, source.size):
        _read_lines(source, gatherer)
    elif source.size <= WHOLE or encoding != "utf-8":
        _read_whole(source.data(), encoding, gatherer)
    else:
        try:
            for record in _stream(source):
                gatherer.record(record, gatherer.dossiers + 1, gatherer.dossiers + 1)
        except Unreadable as error:
            if not gatherer.dossiers:
                raise
            # What was read stays; the finding says that the file stops halfway.
            sink.melding(error.finding, regel=gatherer.dossiers + 1, **error.parameters)
    gatherer.finish()


class _Gatherer:
    """Records to rows to the sink, in batches; and the facts of the source."""

    def __init__(self, source: Source, sink: Sink) -> None:
        self.source, self.sink = source, sink
        self.rows = Rows()
        self.flattener = Flattener(self.rows, sink)
        self.dossiers = 0

    def record(self, record: Any, number: int, line: int, lines: dict[int, int] | None = None) -> None:  # noqa: ANN401
        self.flattener.record(record, number, line, lines)
        self.dossiers += 1
        if len(self.rows) >= 200_000:
            self.hand_over()

    def hand_over(self) -> None:
        if len(self.rows):
            self.sink.add_table(self.rows.table(self.source.bron))
        self.rows = self.flattener.rows = Rows()

    def finish(self) -> None:
        self.hand_over()
        used = self.flattener.formaten
        version, certainty = _version(self.flattener.elementen)
        self.sink.facts |= {
            "formaat": f"james-{max(used, key=lambda f: used[f])}" if used else "james",
            "organisatie": self.flattener.organisatie,
            "bds_herkend": version,
            "bds_zekerheid": certainty,
            "dossiers": self.dossiers,
        }


def _read_whole(data: bytes, encoding: str, gatherer: _Gatherer) -> None:
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


def _read_lines(source: Source, gatherer: _Gatherer) -> None:
    good = 0
    first_bad: int | None = None
    with source.open() as stream:
        for number, line in _lines(stream):
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                first_bad = first_bad or number
                if not good and number > GIVE_UP:
                    break
                gatherer.sink.melding("BDS036", regel=number)
                continue
            good += 1
            gatherer.record(record, number, number)
    if not good:
        raise Unreadable("BDS005", regel=first_bad or 1)


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
            except (json.JSONDecodeError, RecursionError) as error:
                if ended:
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
        except (json.JSONDecodeError, RecursionError):
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
    """The newest BDS version that still has all elements that were used; JAMES itself names none."""
    from bds_tool.schema import load, newest, versions

    for version in reversed(versions()):
        elements = load(version).elementen
        if all(n not in elements or elements[n].status == "actief" for n in used):
            return version, "onzeker"
    return newest(), "onzeker"
