"""Which files there are to read: paths, folders, globs, members of archives and stdin, each opened as a source."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from bds_tool.base.files import scratch, temporary_dir
from bds_tool.base.identifiers import is_bsn
from bds_tool.base.leftovers import temporary
from bds_tool.base.refusals import reason
from bds_tool.base.table_settings import TableSettings
from bds_tool.store.archives import gzip_size, kind_of_file, members, open_gzip, open_plain, spool_stdin
from bds_tool.store.sources import Source, Unreadable
from bds_tool.store.store import Store

#: Folders are searched for these endings only, so that a README beside an export is no finding.
ENDINGS = {
    ".xml",
    ".json",
    ".ndjson",
    ".jsonl",
    ".csv",
    ".tsv",
    ".txt",
    ".parquet",
    ".arrow",
    ".feather",
    ".xlsx",
    ".xlsm",
    ".zip",
    ".gz",
}
#: Files of programs that hold tables too: in a delivery they are records that are not read, never a note.
TABLES_ELSEWHERE = {
    ".xls", ".xlsb", ".ods", ".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt", ".rds", ".rdata", ".mdb", ".accdb",
    ".pbix", ".7z", ".rar",
}  # fmt: skip
#: Written by bds beside the records: the account of an export to FHIR.
COMPANIONS = {"verlies.json"}
#: Code of a file that holds no records: it is named, and the delivery is none the worse for it.
SKIPPED = "BDS075"
#: Files that mark a folder as made by bds.
MARKERS = ("_store.json", "_findings.json", "_result.json")
#: How a report of findings starts, in each of its forms.
_REPORTS = (
    b'"urn:bds-tool:schema:', b'"https://bds-tool.nl/schemas/', b'<testsuites name="bds', b"code,name,severity,element,element_name,",
    b'"name": "bds"', b'"fingerprint"',
)  # fmt: skip
#: Numbers of the second and later members of archives start here, beyond those of paths.
FIRST_INNER = 1_000_000_001
#: Files up to this size are read from disk once and held while they are worked on.
HELD_BYTES = 1024**2


@dataclass
class Entry:
    """A path on disk, or what is wrong with it."""

    number: int
    path: Path
    problem: str = ""
    reden: str = ""
    numbers: Iterator[int] = field(default_factory=partial(count, FIRST_INNER))


@dataclass
class Unopened:
    """A source that could not be opened, and the finding that says so."""

    bron: int
    pad: str
    size: int
    finding: str
    parameters: dict[str, Any] = field(default_factory=dict)


def find_entries(paths: Sequence[Path | str], first: tuple[int, int] = (1, FIRST_INNER)) -> Iterator[Entry]:
    """The files that `paths` stand for, numbered in their order; what is not there has a problem.

    `first`: the number of the first path, and that of the first later member of an archive.
    """
    number, numbers = first[0] - 1, count(first[1])
    for given in paths:
        for path, problem, *reden in _expand(given):
            number += 1
            yield Entry(number, path, problem, reden[0] if reden else "", numbers)


def _expand(given: Path | str) -> Iterator[tuple[Path, str] | tuple[Path, str, str]]:
    text = str(given)
    path = Path(text)
    if text == "-":
        yield path, ""
    elif path.is_dir() and Store.is_store(path):
        yield path, "BDS014"
    elif path.is_dir():
        yield from _walk(path)
    elif path.exists():
        yield path, "" if path.is_file() else "BDS011"
    elif any(c in text for c in "*?["):
        anchor = Path(path.anchor or ".")
        pattern = str(path.relative_to(anchor)) if path.is_absolute() else text
        matches = sorted(anchor.glob(pattern))
        for match in matches:
            yield from _walk(match) if match.is_dir() else ((match, ""),)
        if not matches:
            yield path, "BDS001"
    else:
        yield path, "BDS001"


def _walk(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """The files of a folder and of those below it, in order; what is not read comes with the reason (`SKIPPED`)."""
    # Directory links are not followed, so a loop of links cannot hold the walk.
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        yield folder, "BDS011", reason(error)
        return
    made = next((m for m in MARKERS if (folder / m).is_file()), "")
    if made or folder.suffix in {".bds", ".findings"}:
        yield folder, SKIPPED, OWN
        return
    for path in inside:
        if path.is_dir():
            if not path.is_symlink() and not path.name.startswith(".") and not temporary(path.name):
                yield from _walk(path)
        elif not path.is_file():
            yield path, SKIPPED, ODD
        elif not path.name.startswith((".", "~$")):
            yield path, *_why_not(path)


#: Words for why a file in a folder is not read; the rule turns them into a sentence.
OWN, NOTE, ODD = "eigen uitvoer van bds", "geen export", "geen gewoon bestand"


def _why_not(path: Path) -> tuple[str, str]:
    """Code and reason when a file in a folder holds no records: what bds itself writes beside them, or a note to people."""
    ending = path.suffix.lower()
    if path.name in COMPANIONS or path.name.endswith("-metadata.json"):
        return SKIPPED, OWN
    if ending in TABLES_ELSEWHERE:
        return "", ""
    if ending not in ENDINGS and ending not in {".html", ".sarif"}:
        return SKIPPED, NOTE
    if ending in {".zip", ".gz"}:
        return "", ""
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError:
        return "", ""
    if any(mark in head for mark in _REPORTS) or (ending == ".parquet" and _findings_table(path)):
        return SKIPPED, OWN
    if ending in {".html", ".sarif"}:
        return SKIPPED, NOTE
    # A .txt counts when its first line looks like the header of a table.
    first = head.split(b"\n", 1)[0]
    if ending == ".txt" and not any(mark in first for mark in (b";", b"\t", b"|")):
        return SKIPPED, NOTE
    return "", ""


def _findings_table(path: Path) -> bool:
    """Whether the names of the columns, at the end of a Parquet file, are those of findings."""
    with path.open("rb") as stream:
        stream.seek(-min(path.stat().st_size, 1 << 14), os.SEEK_END)
        tail = stream.read()
    return all(name in tail for name in (b"severity", b"fingerprint", b"element_name"))


def open_entry(entry: Entry, bds: str, tables: TableSettings) -> Iterator[Source | Unopened]:
    """The sources in one path: itself, or the members of an archive."""
    if entry.problem:
        facts = {"reden": entry.reden} if entry.reden else {}
        yield Unopened(entry.number, shown(entry.path), 0, entry.problem, facts)
    elif str(entry.path) == "-":
        with scratch() as folder:
            spooled = spool_stdin(folder)
            yield from _opened(Entry(entry.number, spooled, numbers=entry.numbers), "-", bds, tables)
    else:
        yield from _opened(entry, shown(entry.path), bds, tables)


_BSN = re.compile(r"(?<!\d)\d{9}(?!\d)")


def _readable_name(path: Path) -> Path:
    """The path itself or, for a name of bytes that are no UTF-8 and that libraries refuse, a link to it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        link = temporary_dir() / f"naam{path.suffix if path.suffix.isascii() else ''}"
        link.symlink_to(path.absolute())
        return link
    return path


def shown(path: Path | str) -> str:
    """A name as it may be told and kept: bytes that are no UTF-8 and characters that steer a screen as `?`, and digits
    that may be a citizen service number as dots.
    """
    text = os.fsencode(path).decode("utf-8", "replace")
    text = _BSN.sub(lambda m: "•" * 9 if is_bsn(m[0]) else m[0], text)
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _opened(entry: Entry, name: str, bds: str, tables: TableSettings) -> Iterator[Source | Unopened]:
    path = _readable_name(entry.path)
    opener: Callable[[], BinaryIO] = partial(open_plain, path)
    try:
        size = path.stat().st_size
        if size <= HELD_BYTES:
            # Sniffing, reading and hashing a small file take one look at the disk together.
            opener = partial(io.BytesIO, path.read_bytes())
        kind = kind_of_file(path, opener)
        if kind == "gzip":
            size = gzip_size(path)
    except OSError as error:
        yield Unopened(entry.number, name, 0, "BDS011", {"reden": reason(error)})
        return
    if kind == "gzip":
        yield Source(name, size, partial(open_gzip, path), entry.number, bds, tables)
    elif kind == "zip":
        yield from _members(entry, name, bds, tables)
    else:
        yield Source(name, size, opener, entry.number, bds, tables, {"file": path})


def _members(entry: Entry, name: str, bds: str, tables: TableSettings) -> Iterator[Source | Unopened]:
    number, readable = entry.number, 0
    try:
        for inner, size, opener in members(entry.path):
            place = f"{name}!/{shown(inner)}"
            ending = Path(inner).suffix.lower()
            if inner.startswith("__MACOSX/") or Path(inner).name.startswith("."):
                continue
            if ending not in ENDINGS | TABLES_ELSEWHERE or ending in {".zip", ".gz"}:
                # An archive in an archive may hold most of the delivery: it is not left out like a note.
                nested = ending in {".zip", ".gz"}
                reason_of = {"reden": "archief in een archief" if nested else NOTE}
                yield Unopened(number, place, size, "BDS012" if nested else SKIPPED, reason_of)
            elif opener is None:
                readable += 1  # beyond the bounds, and told as such
                yield Unopened(number, place, size, "BDS012", {"reden": "omvang", "bytes": size})
            else:
                readable += 1
                yield Source(place, size, opener, number, bds, tables)
            # The first member has the number of the archive; the others get numbers beyond those of all paths.
            number = next(entry.numbers)
        if not readable:
            yield Unopened(number, name, 0, "BDS003")
    except Unreadable as error:
        yield Unopened(number, name, 0, error.finding, error.parameters)
