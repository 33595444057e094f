"""Reading a store in pieces of whole dossiers, so that memory stays bounded whatever its size."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import polars as pl

if TYPE_CHECKING:
    from bds_tool.store import Store

_In = TypeVar("_In")
_Out = TypeVar("_Out")

#: Rows in one piece. A million rows of the canonical table take some 200 MB while they are judged.
ROWS = 500_000
#: Pieces judged at the same time: more would gain little, and memory grows with every one.
WORKERS = min(3, os.cpu_count() or 1)
#: Columns that judging needs.
COLUMNS = (
    "dossier_id",
    "activiteit_id",
    "datum",
    "bdsnummer",
    "rubriek",
    "groep",
    "volgnr",
    "waarde",
    "eenheid",
    "codesysteem",
    "nullflavor",
    "tekst",
    "bron",
    "regel",
    "pad",
)


def beside(function: Callable[[_In], _Out], items: Iterable[_In], workers: int = 0) -> Iterator[_Out]:
    """`function` of every item, in their order, some items at a time; the next is read while these are worked on.

    Polars works outside the lock of the interpreter, so threads keep all cores busy where one piece at a time
    leaves them waiting for each other.
    """
    workers = workers or WORKERS
    waiting: deque[Future[_Out]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                # A thread starts without the language of this run unless it is given along.
                waiting.append(pool.submit(copy_context().run, function, item))
                del item
                if len(waiting) >= workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def pieces(store: Store, rows: int = ROWS, columns: Sequence[str] = COLUMNS) -> Iterator[pl.DataFrame]:
    """Frames with `columns`, and `d`, the number of the dossier inside the frame, and `a`, that of the activity.

    `columns` hold at least `bron`, `dossier_id` and `activiteit_id`.

    Rows of one dossier come together in one frame and next to each other. A store in which dossiers lie
    scattered (a table sorted by element, for example) is read in several passes, each a share of the dossiers.
    """
    for path in store.files("registraties"):
        yield from _of_file(path, rows, columns)


def _of_file(path: Path, rows: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    total = pl.scan_parquet(path).select(pl.len()).collect().item()
    if total == 0:
        return
    if _together(path, total, rows):
        yield from _in_order(path, total, rows, columns)
    else:
        yield from _by_share(path, total, rows, columns)


def _together(path: Path, total: int, rows: int) -> bool:
    """Whether every dossier is one unbroken run of rows."""
    heads: list[pl.Series] = []
    last: tuple[int, str | None] | None = None
    step = rows * 4
    for start in range(0, total, step):
        keys = pl.scan_parquet(path).select("bron", "dossier_id").slice(start, step).collect()
        changed = _changes(keys)
        if last is not None and keys.row(0) == last:
            changed = changed & (pl.int_range(keys.height, eager=True) > 0)
        heads.append(keys.filter(changed).select(pl.struct("bron", "dossier_id").hash(7).alias("h"))["h"])
        last = keys.row(-1)
    found = pl.concat(heads)
    return bool(found.n_unique() == found.len())


def _changes(keys: pl.DataFrame) -> pl.Series:
    new = pl.col("bron").ne_missing(pl.col("bron").shift()) | pl.col("dossier_id").ne_missing(
        pl.col("dossier_id").shift()
    )
    first = pl.int_range(pl.len()) == 0
    return keys.select((new | first).alias("new"))["new"]


def _in_order(path: Path, total: int, rows: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    kept: pl.DataFrame | None = None
    for start in range(0, total, rows):
        piece = pl.scan_parquet(path).select(columns).slice(start, rows).collect()
        if kept is not None:
            piece = pl.concat([kept, piece])
        # In one stretch of memory every later step is quicker; a file gives one per row group.
        piece = piece.rechunk()
        if start + rows >= total:
            kept = None
        else:
            last = int(_changes(piece).arg_true()[-1])
            if last == 0:
                # One dossier larger than a piece: go on until it ends.
                kept = piece
                continue
            kept, piece = piece.slice(last), piece.slice(0, last)
        yield _numbered(piece)


def _by_share(path: Path, total: int, rows: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    shares = max(1, -(-total // rows))
    mine = pl.struct("bron", "dossier_id").hash(11) % shares
    for share in range(shares):
        piece = pl.scan_parquet(path).select(columns).filter(mine == share).collect(engine="streaming")
        if piece.height:
            yield _numbered(
                piece.sort("bron", "dossier_id", "activiteit_id", nulls_last=True, maintain_order=True)
            )


def _numbered(piece: pl.DataFrame) -> pl.DataFrame:
    """With `d`, the number of the dossier, and `a`, that of the activity (or of the dossier without one)."""
    dossiers = piece.with_columns((_changes(piece).cast(pl.UInt32).cum_sum() - 1).alias("d"))
    return number_activities(dossiers)


def number_activities(rows: pl.DataFrame) -> pl.DataFrame:
    """With `a`: the same number for all rows of one activity, also where they do not lie next to each other."""
    name = pl.col("activiteit_id")
    starts = (pl.col("d") != pl.col("d").shift()) | name.ne_missing(name.shift())
    start = rows.select(starts.fill_null(value=True).alias("start"))["start"]
    run = (start.cast(pl.UInt32).cum_sum() - 1).alias("a")
    key = (
        rows.select("d", "activiteit_id").filter(start).select(h=pl.struct("d", "activiteit_id").hash(3))["h"]
    )
    if key.n_unique() == key.len():
        return rows.with_columns(run)
    ranks = key.rank("dense").cast(pl.UInt32) - 1
    return rows.with_columns(ranks.gather(run).alias("a"))
