"""Text tables as they come: encoding, line ends, quotes and ragged lines, looked at as a whole before they are read.

A file that is regular all through is read by Polars as it stands. Any other is first written out line by line in one
clean form, each record with the number of its line, and what does not fit is told.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from bds_tool.formats.table.encoding import Legacy
from bds_tool.store.sources import Unreadable

DELIMITERS = ";\t|,"
#: A stretch of a text table this long without the end of a line, or a header this wide, is no table.
LINE_MAX = 16 * 1024**2
COLUMNS_MAX = 50_000
#: Lines and characters after which a quote that was opened counts as text.
OPEN_LINES, OPEN_CHARS = 200, 64 * 1024
#: Bytes that are looked at at once; a block that fits in the cache of a processor is looked at more than twice as fast.
BLOCK = 1024**2
#: Below this numpy is not worth loading.
FEW_BYTES = 256 * 1024
_UTF8_BOM = b"\xef\xbb\xbf"


@dataclass
class Survey:
    """What a look at all bytes of a file says. `regular`: no line needs mending."""

    regular: bool = True
    legacy: str = ""  # the encoding of lines that are no UTF-8
    guessed: bool = False  # no letter shows that it is that of Windows
    foreign: bool = False  # lines that are no UTF-8 stand between lines that are
    lines: int = 0


@dataclass
class Record:
    """One record of a text table: the line it starts on, its fields, and what was wrong with it."""

    line: int
    fields: list[str]
    flaw: str = ""  # aanhaling: a quote that was never closed


@dataclass
class Remark:
    """Something about a line, or about the table, that becomes a finding."""

    code: str
    regel: int | None = None
    parameters: dict[str, object] = field(default_factory=dict)


def survey(path: Path, delimiter: str, quote: str, width: int, skip: int) -> Survey:
    """Look at all bytes once. `skip`: lines before the first record, which are not held against `width`.

    Raises Unreadable BDS009 for a line that no table has.
    """
    found = Survey()
    legacy = Legacy()
    separators = lines = 0
    mark = delimiter.encode()
    with path.open("rb") as stream:
        for _ in range(skip):
            line = _line(stream)
            legacy.look(line)
            # A line end of another kind in the header: lines are not counted alike.
            found.regular &= line.count(b"\r") == line.count(b"\r\n")
        for block in _blocks(stream):
            if not block.isascii():
                legacy.look(block)
            if not found.regular:
                continue
            if b"\x00" in block or b"\x1a" in block:
                found.regular = False
                continue
            # An empty line has too few separators, which the sum below shows; one column has none to show it.
            if width == 1 and (b"\n\n" in block or b"\n\r\n" in block):
                found.regular = False
                continue
            if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
                found.regular = False
                continue
            plain = _without_quoted(block, mark, quote.encode()) if quote else block
            if plain is None:
                found.regular = False
                continue
            lines += _count(block, b"\n") + (not block.endswith(b"\n"))
            separators += _count(plain, mark)
    # A line with too many fields is refused by Polars itself; so when the sum is right, no line has too few.
    if separators != lines * (width - 1):
        found.regular = False
    found.lines = lines
    found.legacy, found.foreign = legacy.verdict()
    found.guessed = bool(found.legacy) and legacy.windows <= legacy.dos
    if found.legacy:
        found.regular = False
    return found


def _count(block: bytes, sign: bytes) -> int:
    """How often a sign occurs; for the signs between short fields of a long text numpy is faster than `bytes.count`."""
    if len(sign) > 1 or len(block) < FEW_BYTES:
        return block.count(sign)
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(block, np.uint8) == sign[0]))


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(LINE_MAX)
    if len(line) == LINE_MAX:
        raise Unreadable("BDS009", reden="regellengte", grens=LINE_MAX)
    return line


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The rest of a file in whole lines."""
    rest = b""
    while block := stream.read(BLOCK):
        block = rest + block
        cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, -1) if b"\n" not in block else -1) + 1
        if not cut and len(block) > LINE_MAX:
            if not block.strip(b"\x00"):
                block = b""
            else:
                raise Unreadable("BDS009", reden="regellengte", grens=LINE_MAX)
        if cut:
            yield block[:cut]
        rest = block[cut:]
    if rest:
        yield rest


def _without_quoted(block: bytes, mark: bytes, quote: bytes) -> bytes | None:
    """The block without its quoted fields; None when quotes or the line ends inside them ask for a closer look."""
    if quote not in block:
        return block
    q = re.escape(quote)
    whole = re.compile(q + rb"[^" + q + rb"]*(?:" + q + q + rb"[^" + q + rb"]*)*" + q)
    inside = 0

    def taken(match: re.Match[bytes]) -> bytes:
        nonlocal inside
        inside += b"\n" in match[0]
        return b"\x00"

    plain = whole.sub(taken, block)
    if inside or quote in plain:
        return None
    m = re.escape(mark)
    fitting = len(re.findall(rb"(?:^|(?<=[\n" + m + rb"]))\x00(?=[\r\n" + m + rb"]|$)", plain))
    return plain if fitting == plain.count(b"\x00") else None


def lines_of(path: Path, legacy: str = "", told: str = "") -> Iterator[tuple[int, str, str]]:
    """Number, text and flaw of each line; line ends LF, CR LF and CR alike.

    The flaw is `codering` when the bytes were no UTF-8, `teken` when a NUL or the end-of-file sign of DOS stood inside
    and was left out.
    """
    number = 0
    with path.open("rb") as stream:
        if stream.read(3) != _UTF8_BOM:
            stream.seek(0)
        for block in _blocks(stream):
            for raw in _split(block):
                number += 1
                plain = (
                    raw.replace(b"\x00", b"").replace(b"\x1a", b"")
                    if b"\x00" in raw or b"\x1a" in raw
                    else raw
                )
                flaw = "teken" if len(plain) != len(raw.rstrip(b"\x00\x1a")) else ""
                if told:
                    yield number, plain.decode(told, errors="replace"), flaw
                    continue
                try:
                    yield number, plain.decode("utf-8"), flaw
                except UnicodeDecodeError:
                    yield number, plain.decode(legacy or "windows-1252", errors="replace"), "codering"


def _split(block: bytes) -> list[bytes]:
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    parts = block.split(b"\n")
    return parts[:-1] if not parts[-1] else parts


def records(lines: Iterable[tuple[int, str]], delimiter: str, quote: str, width: int = 0) -> Iterator[Record]:
    """Records of a text table. A quote that cannot be one is text; a record never swallows the rest of the file."""
    source = iter(lines)
    waiting: list[tuple[int, str]] = []
    while True:
        if waiting:
            number, line = waiting.pop(0)
        else:
            following = next(source, None)
            if following is None:
                return
            number, line = following
        if not quote or quote not in line:
            yield Record(number, line.split(delimiter))
            continue
        fields, whole = fields_of(line, delimiter, quote)
        if whole:
            yield Record(number, fields)
            continue
        # The quote may close on a later line, and another may open there.
        seen, text = 0, [line]
        size = len(line)
        closed = None
        while seen < OPEN_LINES and size < OPEN_CHARS:
            if seen == len(waiting):
                waiting.extend(islice(source, 1))
                if seen == len(waiting):
                    break
            more = waiting[seen][1]
            seen += 1
            text.append(more)
            size += len(more)
            end = _closing(more, 0, quote)
            if end < 0:
                continue
            # The first quote that is not doubled closes the field, or is none: then all of it is text.
            rest = more[end + 1 :].lstrip(" ")
            if rest and not rest.startswith(delimiter):
                break
            if rest and not fields_of(rest[len(delimiter) :], delimiter, quote)[1]:
                continue
            fields, whole = fields_of("\n".join(text), delimiter, quote)
            closed = fields if whole and (not width or len(fields) == width) else None
            break
        if closed is not None:
            del waiting[:seen]
            yield Record(number, closed)
        else:
            yield Record(number, line.split(delimiter), "aanhaling")


def fields_of(line: str, delimiter: str, quote: str) -> tuple[list[str], bool]:
    """The fields of a line, and whether every quote that was opened is closed again."""
    fields: list[str] = []
    at, size = 0, len(line)
    while at <= size:
        start = at
        while start < size and line[start] == " ":
            start += 1
        if line.startswith(quote, start):
            end = _closing(line, start + 1, quote)
            if end < 0:
                return [*fields, line[at:]], False
            after = end + 1
            while after < size and line[after] == " ":
                after += 1
            if after == size or line.startswith(delimiter, after):
                fields.append(line[start + 1 : end].replace(quote * 2, quote))
                at = after + 1
                if after == size:
                    return fields, True
                continue
            # Text after the closing quote: the quotes are part of what was written.
        stop = line.find(delimiter, at)
        if stop < 0:
            fields.append(line[at:])
            return fields, True
        fields.append(line[at:stop])
        at = stop + 1
    return fields, True


def _closing(line: str, at: int, quote: str) -> int:
    while (found := line.find(quote, at)) >= 0:
        if not line.startswith(quote, found + 1):
            return found
        at = found + 2
    return -1


def wrapped(lines: list[str]) -> bool:
    """Whether every line stands between quotes as a whole, with all its fields in it: it was saved once too often."""
    filled = [line.strip() for line in lines if line.strip()]
    if len(filled) < 2 or not all(len(x) > 2 and x[0] == x[-1] == '"' for x in filled):
        return False
    alone = [fields_of(line, delimiter_of([line[1:-1]]), '"') for line in filled]
    sign = delimiter_of([line[1:-1] for line in filled])
    counts = {_outside_quotes(line[1:-1].replace('""', '"')).count(sign) for line in filled}
    return all(len(f) == 1 and whole for f, whole in alone) and counts != {0} and len(counts) == 1


def unwrapped(path: Path, target: Path, told: str) -> Path:
    """A copy of which no line stands between quotes as a whole; the lines keep their numbers."""
    with target.open("w", encoding="utf-8", newline="") as out:
        for _, line, _ in lines_of(path, told=told):
            bare = line.strip()
            whole = len(bare) > 1 and bare[0] == bare[-1] == '"'
            out.write((bare[1:-1].replace('""', '"') if whole else line) + "\n")
    return target


def delimiter_of(lines: list[str]) -> str:
    """The separator of a text table: the sign that cuts most lines into the same number of pieces."""
    best, found = (0, 0, 0), ";"
    plain = [_outside_quotes(line) for line in lines if line.strip()]
    for position, sign in enumerate(DELIMITERS):
        counts = [line.count(sign) for line in plain]
        filled = [c for c in counts if c]
        if not filled:
            continue
        mode = max(set(filled), key=filled.count)
        score = (counts.count(mode), -position, mode)
        if score[0] > best[0] or (score[0] == best[0] and score[1:] > best[1:]):
            best, found = score, sign
    return found


def _outside_quotes(line: str) -> str:
    return "".join(part for i, part in enumerate(line.split('"')) if i % 2 == 0)


@dataclass
class Tidied:
    """A text table in one clean form. `odd` holds what did not fit: [line, fields] as JSON, one a line."""

    path: Path
    odd: Path | None
    remarks: list[Remark]


def tidy(
    path: Path,
    folder: Path,
    found: Survey,
    delimiter: str,
    quote: str,
    nameless: list[bool],
    skip: int,
    told: str,
) -> Tidied:
    """Write the records after line `skip` as clean CSV with the line number in front.

    `nameless`: for each column of the header, whether it has no name: such a column may be absent.
    """
    import json

    width = len(nameless)
    # Columns without a name at the end need not be there.
    least = max((i for i, empty in enumerate(nameless, start=1) if not empty), default=0)
    remarks: list[Remark] = []
    target, side = folder / "tidy.csv", folder / "odd.ndjson"

    def lines() -> Iterator[tuple[int, str]]:
        for number, text, flaw in lines_of(path, found.legacy, told):
            if flaw == "teken" and number > skip:
                remarks.append(Remark("BDS080", number))
            if flaw == "codering" and found.foreign and number > skip:
                remarks.append(Remark("BDS082", number, {"codering": found.legacy}))
            if number > skip:
                yield number, text

    odd = 0
    with target.open("w", encoding="utf-8", newline="") as out, side.open("w", encoding="utf-8") as rest:
        writer = csv.writer(out, delimiter=",", lineterminator="\n")
        for record in records(lines(), delimiter, quote, width):
            fields = record.fields
            if not any(f and not f.isspace() for f in fields):
                continue
            if len(fields) > width and not any(f.strip() for f in fields[width:]):
                fields = fields[:width]
            if record.flaw:
                remarks.append(Remark("BDS043", record.line))
            if len(fields) > width:
                odd += 1
                remarks.append(Remark("BDS083", record.line, {"velden": len(fields), "kop": width}))
                rest.write(json.dumps([record.line, fields], ensure_ascii=False) + "\n")
                continue
            if len(fields) == 1 < least and _other_separator(fields[0], width):
                odd += 1
                remarks.append(Remark("BDS043", record.line))
                rest.write(json.dumps([record.line, ["", *fields]], ensure_ascii=False) + "\n")
                continue
            if len(fields) < least:
                remarks.append(Remark("BDS084", record.line, {"velden": len(fields), "kop": width}))
            writer.writerow([record.line, *fields, *[""] * (width - len(fields))])
    return Tidied(target, side if odd else None, remarks)


def _other_separator(text: str, width: int) -> bool:
    """Whether a line that is one field has the fields of the header between another sign: part of another export."""
    return any(text.count(sign) >= width - 1 > 1 for sign in ";,\t|")
