"""Which files there are to read: paths, folders, globs, members of archives and stdin, each opened as a source."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from bds_tool.base.files import reason, scratch
from bds_tool.base.leftovers import temporary
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
    ".zip",
    ".gz",
}
#: Written by bds beside the records: the account of an export to FHIR.
COMPANIONS = {"verlies.json"}
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
    numbers: Iterator[int] = field(default_factory=partial(count, FIRST_INNER))


@dataclass
class Unopened:
    """A source that could not be opened, and the finding that says so."""

    bron: int
    pad: str
    size: int
    finding: str
    parameters: dict[str, Any] = field(default_factory=dict)


def find_entries(paths: Sequence[Path | str]) -> Iterator[Entry]:
    """The files that `paths` stand for, numbered in their order; what is not there has a problem."""
    number, numbers = 0, count(FIRST_INNER)
    for given in paths:
        for path, problem in _expand(given):
            number += 1
            yield Entry(number, path, problem, numbers)


def _expand(given: Path | str) -> Iterator[tuple[Path, str]]:
    text = str(given)
    path = Path(text)
    if text == "-":
        yield path, ""
    elif path.is_dir() and Store.is_store(path):
        yield path, "BDS014"
    elif path.is_dir():
        # Directory links are not followed, so a loop of links cannot hold the walk.
        found, closed = _inside(path)
        yield from ((p, "BDS011") for p in closed)
        yield from (
            (p, "") for p in found if not any(part.endswith(".bds") or temporary(part) for part in p.parts)
        )
    elif path.exists():
        yield path, "" if path.is_file() else "BDS011"
    elif any(c in text for c in "*?["):
        anchor = Path(path.anchor or ".")
        pattern = str(path.relative_to(anchor)) if path.is_absolute() else text
        matches = sorted(p for p in anchor.glob(pattern) if p.is_file())
        yield from ((p, "") for p in matches)
        if not matches:
            yield path, "BDS001"
    else:
        yield path, "BDS001"


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files with records at any depth, and the folders that may not be looked into."""
    closed: list[Path] = []

    def refused(error: OSError) -> None:
        closed.append(Path(error.filename))

    found = []
    for place, _, names in os.walk(folder, onerror=refused):
        files = (Path(place, name) for name in names if Path(name).suffix.lower() in ENDINGS)
        found += [p for p in files if p.is_file() and _data(p)]
    return sorted(found), sorted(closed)


def shown(path: Path | str) -> str:
    """A name as it may be told and kept: bytes that are no UTF-8 and characters that steer a screen as `?`."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in text)


def _data(path: Path) -> bool:
    """Whether a file in a folder holds records: not what bds itself writes beside them, nor a note to people.

    A .txt counts when its first line looks like the header of a table.
    """
    if path.name in COMPANIONS or path.name.endswith("-metadata.json"):
        return False
    if path.suffix.lower() != ".txt":
        return True
    try:
        with path.open("rb") as stream:
            first = stream.readline(4096)
    except OSError:
        return True
    return any(mark in first for mark in (b";", b"\t", b"|"))


def open_entry(entry: Entry, bds: str, tables: TableSettings) -> Iterator[Source | Unopened]:
    """The sources in one path: itself, or the members of an archive."""
    if entry.problem:
        yield Unopened(entry.number, shown(entry.path), 0, entry.problem)
    elif str(entry.path) == "-":
        with scratch() as folder:
            spooled = spool_stdin(folder)
            yield from _opened(Entry(entry.number, spooled, numbers=entry.numbers), "-", bds, tables)
    else:
        yield from _opened(entry, shown(entry.path), bds, tables)


def _opened(entry: Entry, name: str, bds: str, tables: TableSettings) -> Iterator[Source | Unopened]:
    path = entry.path
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
    number = entry.number
    try:
        for inner, size, opener in members(entry.path):
            if Path(inner).suffix.lower() not in ENDINGS - {".zip", ".gz"}:
                continue
            shown = f"{name}!/{inner}"
            if opener is None:
                yield Unopened(number, shown, size, "BDS012", {"reden": "omvang", "bytes": size})
            else:
                yield Source(shown, size, opener, number, bds, tables)
            # The first member has the number of the archive; the others get numbers beyond those of all paths.
            number = next(entry.numbers)
    except Unreadable as error:
        yield Unopened(number, name, 0, error.finding, error.parameters)
