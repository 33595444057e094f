"""Large NDJSON in two processes: each takes stretches of whole lines, the first process writes."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bds_tool.dossier.archives import open_plain
from bds_tool.dossier.james_read import BLOCK, RECORD_MAX, Gatherer, add_lines
from bds_tool.dossier.sources import Sink, Source, Unreadable
from bds_tool.places import set_specs, specs_dir

#: Stretches that are worked on or wait to be written; bounds memory.
AHEAD = 4


@dataclass
class Stretch:
    """Whole lines of a file: their bytes and the number of the first."""

    path: Path
    start: int
    end: int
    line: int
    bron: int
    organisatie: str | None = None


@dataclass
class Part:
    """What a stretch gave."""

    tables: list[Any]
    meldingen: list[dict[str, Any]]
    formaten: dict[str, int]
    references: set[str]
    dossiers: int
    good: int


def read_ranges(path: Path, gatherer: Gatherer) -> int:
    """Read all lines of `path`; the first stretch here, for it sets what counts for the source."""
    stretches = _stretches(path, gatherer.source.bron)
    good = _here(next(stretches), gatherer)
    if not good:
        return 0
    gatherer.hand_over()
    context = get_context("spawn")
    waiting: deque[tuple[Stretch, Future[Part]]] = deque()
    with ProcessPoolExecutor(2, mp_context=context, initializer=_start, initargs=(str(specs_dir()),)) as pool:
        for stretch in stretches:
            stretch.organisatie = gatherer.flattener.organisatie
            waiting.append((stretch, pool.submit(work, stretch)))
            if len(waiting) >= AHEAD:
                good += _take(*waiting.popleft(), gatherer)
        while waiting:
            good += _take(*waiting.popleft(), gatherer)
    return good


def work(stretch: Stretch) -> Part:
    """Read one stretch on its own; runs in another process."""
    sink = Sink(stretch.bron)
    source = Source(str(stretch.path), 0, partial(open_plain, stretch.path), stretch.bron)
    gatherer = Gatherer(source, sink)
    gatherer.flattener.first = False
    gatherer.flattener.organisatie = stretch.organisatie
    good = _here(stretch, gatherer)
    gatherer.settle()
    flattener = gatherer.flattener
    return Part(sink.tables, sink.meldingen, flattener.formaten, flattener.seen, gatherer.dossiers, good)


def _take(stretch: Stretch, future: Future[Part], gatherer: Gatherer) -> int:
    part = future.result()
    flattener = gatherer.flattener
    if not flattener.seen.isdisjoint(part.references):
        # A reference that an earlier stretch had: read again, knowing which are taken.
        good = _here(stretch, gatherer)
        gatherer.hand_over()
        return good
    flattener.seen |= part.references
    for name, count in part.formaten.items():
        flattener.formaten[name] = flattener.formaten.get(name, 0) + count
    gatherer.dossiers += part.dossiers
    gatherer.sink.add_meldingen(part.meldingen)
    for table in part.tables:
        gatherer.keep(table)
    return part.good


def _here(stretch: Stretch, gatherer: Gatherer) -> int:
    with stretch.path.open("rb") as stream:
        stream.seek(stretch.start)
        data = stream.read(stretch.end - stretch.start)
    lines = (
        (number, line) for number, line in enumerate(data.split(b"\n"), start=stretch.line) if line.strip()
    )
    if stretch.start == 0:
        lines = ((number, line.removeprefix(b"\xef\xbb\xbf")) for number, line in lines)
    return add_lines(lines, gatherer)


def _stretches(path: Path, bron: int) -> Iterator[Stretch]:
    """Stretches of about BLOCK bytes that end at the end of a line. Raises Unreadable for an endless line."""
    with path.open("rb") as stream:
        start, line = 0, 1
        while block := stream.read(BLOCK):
            block += stream.readline(RECORD_MAX)
            if not block.endswith(b"\n") and len(block) >= RECORD_MAX:
                raise Unreadable("BDS009", regel=line, grens=RECORD_MAX)
            yield Stretch(path, start, start + len(block), line, bron)
            start += len(block)
            line += block.count(b"\n")


def _start(specs: str) -> None:
    set_specs(specs)
    # Parsed records hold no cycles; looking for them costs more than the parsing itself.
    gc.disable()
