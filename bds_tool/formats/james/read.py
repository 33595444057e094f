"""JAMES JSON into the store: one document, a list of them, or NDJSON with a child on each line.

Key of a dossier: its reference when that is text and occurs once in the source, else the record number.
Measurements of one date are one activity (`activiteit_id` = ISO date) in every format, so that visits of
1.x/2.0 and the measurements per element of 3.x read alike; a second visit on a day is `date#2`.
`regel` is the line for a document and the line of the record for NDJSON.
"""

from __future__ import annotations

import json
import re
from typing import Any

from bds_tool.base.memory import uncollected
from bds_tool.base.text import t
from bds_tool.formats.james.gather import Gatherer
from bds_tool.formats.james.lines import first_line, lines_of
from bds_tool.formats.james.values import alike, known_names
from bds_tool.formats.json_text import (
    BLOCK,
    RECORD_MAX,
    SPACES,
    after,
    has_lines,
    loads,
    stream_records,
    what_is_wrong,
)
from bds_tool.store.sources import Sink, Source, Unreadable

#: A document up to this size is read whole; a larger one must be a list or a row of records.
WHOLE = 64 * 1024**2
_KEY = re.compile(rb'"([A-Za-z]{3,30})"\s*+:')
#: Lines without a single record after which a file is taken for something else than NDJSON.
GIVE_UP = 1_000


def read_james(source: Source, sink: Sink) -> None:
    """Read one source of JAMES JSON. Raises Unreadable when nothing in it is JSON."""
    head = source.head()
    encoding = _encoding(head)
    gatherer = Gatherer(source, sink)
    with uncollected():
        _read(source, sink, head, encoding, gatherer)
    gatherer.finish()


def _read(source: Source, sink: Sink, head: bytes, encoding: str, gatherer: Gatherer) -> None:
    try:
        if encoding == "utf-8" and has_lines(head, alone=source.size > WHOLE):
            _read_lines(source, gatherer)
        elif source.size <= WHOLE or encoding != "utf-8":
            _read_whole(source.data(), encoding, gatherer)
        else:
            # A large list: what comes before a break is kept.
            for number, (_, record) in enumerate(stream_records(source), start=1):
                gatherer.text(record.encode(), number)
    except Unreadable as error:
        if not gatherer.dossiers:
            raise
        # What was read stays; the finding says that the file stops halfway.
        sink.melding(error.finding, regel=error.regel or gatherer.dossiers + 1, **error.parameters)


def _read_whole(data: bytes, encoding: str, gatherer: Gatherer) -> None:
    text = _to_utf8(data, encoding)
    try:
        parsed = loads(text)
    except ValueError as error:
        records = _concatenated(text)
        if records is None:
            raise _invalid(text) from error
        for number, (line, record) in enumerate(records, start=1):
            gatherer.value(record, number, line)
        return
    several = b"\n" in text.strip()
    lines = lines_of(text, parsed.value) if several or parsed.remarks else {}
    gatherer.remarks(parsed, lines, first_line(text))
    gatherer.value(parsed.value, 1, first_line(text), lines if several else {})


def _read_lines(source: Source, gatherer: Gatherer) -> None:
    with source.open() as stream:
        number = 0
        while data := stream.read(BLOCK):
            data += stream.readline(RECORD_MAX)
            if len(data) >= RECORD_MAX and not data.endswith(b"\n"):
                raise Unreadable("BDS009", regel=number + 1 + data.count(b"\n"), grens=RECORD_MAX)
            for line in data.split(b"\n"):
                number += 1
                bare = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                if bare.strip():
                    gatherer.text(bare, number)
                if number > GIVE_UP and not gatherer.dossiers:
                    break
            if number > GIVE_UP and not gatherer.dossiers:
                break
            number -= data.endswith(b"\n")  # what comes after the last line end is no line
    if not gatherer.dossiers:
        gatherer.sink.meldingen.clear()
        raise Unreadable("BDS005", regel=1, reden=t("geen regel is JSON", "no line is JSON"))


def _concatenated(data: bytes) -> list[tuple[int, Any]] | None:
    """Objects one after another over several lines, or None when `data` is something else."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(text):
        if (at := after(SPACES, text, at)) == len(text):
            break
        try:
            record, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):  # no JSON, or a number of thousands of digits
            return None
        if not isinstance(record, dict):
            return None
        found.append((text.count("\n", 0, at) + 1, record))
        at = end
    return found or None


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
    place = what_is_wrong(data)
    lines = data.split(b"\n")[: place["regel"]]
    lines[-1] = lines[-1].decode(errors="replace")[: place["kolom"]].encode()
    # Only names of the formats are shown: any other name can be about a child.
    known = [k.decode() for k in _KEY.findall(b"\n".join(lines[-3:])) if alike(k.decode()) in known_names()]
    return Unreadable("BDS005", **place, **({"veld": known[-1]} if known else {}))
