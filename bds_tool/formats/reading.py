"""Reading exports into a store: which format, which reader, in which process; broken files become findings."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Any

from bds_tool.base.errors import UnreadableError, UsageError, UserError
from bds_tool.base.files import temporary_dir
from bds_tool.base.pools import in_processes, processes
from bds_tool.base.refusals import reason
from bds_tool.base.table_settings import TableSettings
from bds_tool.base.text import t
from bds_tool.base.vocabulary import file_name
from bds_tool.formats.registry import FORMATS
from bds_tool.formats.sniff import program, program_name, sniff
from bds_tool.store.archives import BROKEN
from bds_tool.store.canonical import to_table
from bds_tool.store.columns import BronFacts, Melding
from bds_tool.store.inputs import ENDINGS, FIRST_INNER, SKIPPED, Entry, Unopened, find_entries, open_entry
from bds_tool.store.sources import Progress, Sink, Source, Unreadable
from bds_tool.store.store import Store, StoreWriter

#: A file that was written to while it was read.
CHANGED = "BDS015"
#: Chunks of files that are with the other processes at once, read or to be read.
AHEAD = 4
#: From this many bytes in plain files on, a second process pays for its start.
PARALLEL_BYTES = 24 * 1024**2
#: From this many bytes on a file is hashed on a thread of its own, beside the reading, and tells how far it is.
LARGE = 16 * 1024**2
#: What one trip to another process may weigh in bytes of files.
SHARED_BYTES = 32 * 1024**2


@dataclass
class Options:
    """How to read. `inspect` names "module:function" callables that readers run on what they parsed."""

    from_format: str | None = None
    bds: str = ""
    inspect: tuple[str, ...] = ()
    tables: TableSettings = field(default_factory=TableSettings)
    processes: int = field(default_factory=processes)


def read(
    paths: Sequence[Path | str],
    out: Path | str | None = None,
    *,
    from_format: str | None = None,
    bds: str = "",
    inspect: tuple[str, ...] = (),
    tables: TableSettings | None = None,
    replace: bool = False,
    at_least_one: bool = False,
    organisation: str = "",
    first: tuple[int, int] = (1, FIRST_INNER),
    progress: Callable[[int, int], None] | None = None,
) -> Store:
    """Read exports (files, folders, globs, archives, `-`) into a store at `out`, or a temporary one.

    A file that cannot be read becomes a melding of family 0xx; the others go on. A single path that is a
    store already is opened as it is. Raises UnreadableError when there is nothing to read; with `at_least_one` also when
    not one file could be read, and then what stands at `out` stays.
    `first`: the numbers that its sources begin with, those of paths and of later members of archives.
    `tables` says how tables are meant; `organisation` holds for sources that name none. With `BDS_PROCESSES` above 1 (the program `bds` sets 2) many files are shared between processes; a script
    that sets it needs the usual `if __name__ == "__main__"`. `progress(done, total)` counts bytes of files.
    """
    if len(paths) == 1 and out is None and Store.is_store(paths[0]):
        store = Store.open(paths[0])
        if at_least_one:
            _require_some(unreadable(store), store.bronnen().height)
        return store
    options = Options(from_format, bds, inspect, tables or TableSettings())
    entries = list(find_entries(paths, first))
    if not entries or all(e.problem == SKIPPED for e in entries):
        raise UnreadableError(
            t(
                "Er is niets te lezen: geen bestand met een bekende extensie.",
                "There is nothing to read: no file with a known extension.",
            ),
            t(
                f"Bekende extensies: {', '.join(sorted(ENDINGS))}.",
                f"Known extensions: {', '.join(sorted(ENDINGS))}.",
            ),
        )
    target = Path(out) if out is not None else temporary_dir() / "run.bds"
    with StoreWriter(target, replace=replace) as writer:
        told = Progress(progress, {e.number: _size([e]) for e in entries}) if progress else None
        unread: list[str] = []
        skipped = 0
        for result in _results(entries, options, writer, told):
            result.facts["organisatie"] = result.facts.get("organisatie") or organisation or None
            _keep(writer, result)
            if result.facts["formaat"] == "onleesbaar":
                unread.append(file_name(result.facts["pad"]))
            skipped += result.facts["formaat"] == "overgeslagen"
            if told:
                told.finished(result.facts["bron"])
        if unmet := [name for name, met in options.tables.met.items() if not met]:
            sink = Sink(entries[0].number)
            sink.melding("BDS086", kolommen=", ".join(unmet[:5]), aantal=len(unmet))
            writer.add_meldingen(sink.meldingen)
        if at_least_one:
            _require_some(unread, writer.sources - skipped)
    # It was written just now: its files need no check.
    return Store(target, temporary=out is None)


def _require_some(unread: list[str], total: int) -> None:
    if len(unread) < total:
        return
    names = ", ".join(unread[:3]) + (", …" if len(unread) > 3 else "")
    raise UnreadableError(
        t(
            f"Niets kon worden gelezen ({names}), dus er is niets geschreven.",
            f"Nothing could be read ({names}), so nothing was written.",
        ),
        t("`bds validate` zegt per bestand waarom.", "`bds validate` says why for each file."),
    )


def sources(paths: Sequence[Path | str], options: Options) -> Iterator[Source]:
    """The sources that `paths` stand for: files, members of archives, stdin; what cannot be opened is left out."""
    for entry in find_entries(paths):
        opened = open_entry(entry, options.bds, options.tables)
        yield from (s for s in opened if isinstance(s, Source))


def unreadable(store: Store) -> list[str]:
    """Names of the sources of which nothing could be read."""
    frame = store.bronnen()
    return [str(p) for p, f in zip(frame["pad"], frame["formaat"], strict=True) if f == "onleesbaar"]


@dataclass
class _Result:
    """What one source gave: a table (None when rows went to the store already), facts and remarks."""

    facts: BronFacts
    meldingen: list[Melding]
    table: Any = None
    rows: list[tuple[Any, ...]] = field(
        default_factory=list
    )  # until a chunk of files makes one table of them


def _results(
    entries: list[Entry], options: Options, writer: StoreWriter, told: Progress | None
) -> Iterator[_Result]:
    shared = _shared(entries) if options.processes > 1 else []
    if shared:
        yield from _parallel(shared, options)
    done = {e.number for e in shared}
    for entry in entries:
        if entry.number not in done:
            yield from _read_entry(entry, options, writer, told)


def _read_entry(
    entry: Entry, options: Options, writer: StoreWriter | None, told: Progress | None = None
) -> Iterator[_Result]:
    before = _stamp(entry.path)
    for source in open_entry(entry, options.bds, options.tables):
        if isinstance(source, Unopened):
            yield _failed(source.bron, source.pad, source.size, source.finding, **source.parameters)
            continue
        result = _read_source(source, options, writer, told)
        if _stamp(entry.path) != before:
            sink = Sink(source.bron)
            sink.melding(CHANGED, pad=source.pad)
            result.meldingen += sink.meldingen
        yield result


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when a file is written to; None for what is no file on disk (`-`, a pipe)."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return (facts.st_mtime_ns, facts.st_size) if S_ISREG(facts.st_mode) else None


def _shared(entries: list[Entry]) -> list[Entry]:
    """Plain files that other processes read, when they are enough to pay for the start of those.

    Their rows come back in one piece, so a file that is too large for that stays here and goes to disk bit by bit.
    """
    files = [
        e
        for e in entries
        if not e.problem
        and str(e.path) != "-"
        and e.path.suffix.lower() in {".xml", ".json"}
        and _size([e]) <= SHARED_BYTES
    ]
    return files if _size(files) >= PARALLEL_BYTES else []


def _size(entries: list[Entry]) -> int:
    return sum(e.path.stat().st_size for e in entries if e.path.is_file())


def _chunks(entries: list[Entry]) -> list[list[Entry]]:
    """Files that travel together: so many that a trip is worth it, so few that their rows fit in memory."""
    most = max(1, min(64, len(entries) // 4))
    chunks: list[list[Entry]] = []
    weight = 0
    for entry in entries:
        size = _size([entry])
        if not chunks or len(chunks[-1]) >= most or weight + size > SHARED_BYTES:
            chunks.append([])
            weight = 0
        chunks[-1].append(entry)
        weight += size
    return chunks


def _parallel(entries: list[Entry], options: Options) -> Iterator[_Result]:
    # The counter for members of archives does not travel; in a chunk of plain files none is needed.
    chunks = [[(e.number, e.path) for e in chunk] for chunk in _chunks(entries)]
    read = partial(_read_chunk, options=options)
    for results in in_processes(read, chunks, options.processes, AHEAD):
        yield from results


def _read_chunk(files: list[tuple[int, Path]], options: Options) -> list[_Result]:
    results = [r for number, path in files for r in _read_entry(Entry(number, path), options, None)]
    # One table for all small files together: making and sending one for each costs more than reading them.
    small = [r for r in results if r.rows]
    if small:
        small[-1].table = to_table([row for r in small for row in r.rows])
        for result in small:
            result.rows = []
    return results


def _read_source(
    source: Source, options: Options, writer: StoreWriter | None, told: Progress | None = None
) -> _Result:
    sink = Sink(source.bron, writer)
    hashed = None
    try:
        head = source.head()
        if source.size >= LARGE:
            hashed = _hash_beside(copy(source))
            if told:
                told.watch(source)
        if not head:
            raise Unreadable("BDS002")
        name = options.from_format or sniff(head, source.pad)
        if name not in FORMATS:
            if options.from_format:
                raise UsageError(
                    t(f"Formaat {name} is niet bekend.", f"Format {name} is not known."),
                    t(f"Kies uit: {', '.join(FORMATS)}.", f"Choose one of: {', '.join(FORMATS)}."),
                )
            if kind := program_name(program(head, source.pad)):
                raise Unreadable("BDS074", soort=kind)
            raise Unreadable("BDS003")
        module, function = FORMATS[name].read.split(":")
        if options.inspect:
            source.options = {**source.options, "inspect": options.inspect}
        getattr(importlib.import_module(module), function)(source, sink)
    except Unreadable as error:
        sink.rows.clear()
        return _failed(
            source.bron,
            source.pad,
            source.size,
            error.finding,
            error.regel,
            sink.meldingen,
            **error.parameters,
        )
    except RecursionError:
        return _failed(source.bron, source.pad, source.size, "BDS009", reden="diepte")
    except (OSError, *BROKEN) as error:
        why = reason(error) if isinstance(error, OSError) and error.errno else None
        return _failed(source.bron, source.pad, source.size, "BDS011", soort=type(error).__name__, reden=why)
    except UserError:
        raise
    except BaseException as error:
        # Polars panics on some damaged files, and its PanicException is no Exception. Whatever a reader trips over, it
        # is one finding about one file, and the rest of the delivery is read.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        return _failed(source.bron, source.pad, source.size, "BDS011", soort=type(error).__name__)
    table, rows = None, []
    if writer:
        sink.flush()
    elif sink.tables:
        table = _together(sink)
        sink.count = table.height
    else:
        rows = sink.rows
        sink.count = len(rows)
    facts: BronFacts = {
        "bron": source.bron,
        "pad": source.pad,
        "bytes": source.size,
        "sha256": hashed.result() if hashed else _sha256(source),
        "rijen": sink.count,
        "bds_opgegeven": source.bds or None,
        **sink.facts,
    }
    return _Result(facts, sink.meldingen, table, rows)


def _together(sink: Sink) -> Any:  # noqa: ANN401
    """All rows of a source as one frame, which can travel between processes."""
    import polars as pl

    tables = [*sink.tables, *([to_table(sink.rows)] if sink.rows or not sink.tables else [])]
    return pl.concat(tables) if len(tables) > 1 else tables[0]


def _hash_beside(source: Source) -> Future[str]:
    """The hash of a large source, worked out while it is read."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(_sha256, source)
    finally:
        pool.shutdown(wait=False)


def _sha256(source: Source) -> str:
    digest = hashlib.sha256()
    with source.open() as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _failed(
    bron: int,
    pad: str,
    size: int,
    code: str,
    regel: int | None = None,
    meldingen: Iterable[Melding] = (),
    **parameters: Any,  # noqa: ANN401
) -> _Result:
    sink = Sink(bron)
    sink.meldingen.extend(meldingen)
    sink.melding(code, regel=regel, pad=pad, **parameters)
    formaat = "overgeslagen" if code == SKIPPED else "onleesbaar"
    return _Result({"bron": bron, "pad": pad, "bytes": size, "formaat": formaat, "rijen": 0}, sink.meldingen)


def _keep(writer: StoreWriter, result: _Result) -> None:
    writer.add_bron(**result.facts)
    writer.add_meldingen(result.meldingen)
    if result.table is not None and result.table.height:
        writer.add_table(result.table)
