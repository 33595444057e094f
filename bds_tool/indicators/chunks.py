"""Reading a store in pieces of whole dossiers, so that memory stays bounded whatever the size of the store.

A store keeps the rows of a dossier together when it was written from one export. Where it does not (several
deliveries with the same dossiers), it is sorted once into a temporary file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.store import database
from bds_tool.store.rows import Rows

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

#: Columns that the views read.
COLUMNS = ("dossier_id", "activiteit_id", "datum", "bdsnummer", "volgnr", "waarde", "bron", "regel")
#: Of these the texts; they are read as dictionaries, for numbers are quicker to group than words.
TEXTS = ("dossier_id", "activiteit_id", "waarde")
#: A piece is filtered when less than this share of its rows is wanted.
KEEP = 0.8
#: Rows per piece: about 200 MB with all views, and two pieces are in hand at a time.
ROWS = 2_000_000


def pieces(
    files: Sequence[Path],
    connection: duckdb.DuckDBPyConnection,
    spill: Path,
    rows: int = ROWS,
    elements: frozenset[int] = frozenset(),
) -> Iterator[pa.Table]:
    """Tables of COLUMNS with whole dossiers, each at most about `rows` rows; only `elements` when given."""
    found = Rows(files, TEXTS)
    if found.height <= rows:
        yield _keep(found.read(COLUMNS).unify_dictionaries(), elements)
        return
    if not contiguous(found):
        found = Rows([_sorted(files, connection, spill)], TEXTS)
    yield from _cut(found, rows, elements)


def contiguous(found: Rows) -> bool:
    """Whether every dossier is in one row group or runs on from the end of one into the next."""
    import numpy as np
    import polars as pl

    seen = []
    previous: int | None = None
    for group in range(found.groups):
        column = found.group(group, ["dossier_id"]).column(0).unify_dictionaries()
        if not len(column):
            continue
        hashes = pl.Series(column.chunk(0).dictionary).hash().to_numpy()
        codes = np.concatenate([c.indices.to_numpy(zero_copy_only=False) for c in column.chunks])
        runs = codes[np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])]
        if len(np.unique(runs)) != len(runs):
            return False
        own = hashes[runs]
        seen.append(own[1:] if previous == int(own[0]) else own)
        previous = int(own[-1])
    every = np.concatenate(seen) if seen else np.array([])
    every.sort()  # np.unique hashes, which is ten times slower on millions of numbers
    return not bool((every[1:] == every[:-1]).any())


def _sorted(files: Sequence[Path], connection: duckdb.DuckDBPyConnection, spill: Path) -> Path:
    target = spill / "sorted.parquet"
    database.sort_file(connection, files, target, COLUMNS, by="dossier_id")
    return target


def _keep(table: pa.Table, elements: frozenset[int]) -> pa.Table:
    """Without the other elements, when that makes the table a good deal smaller; the views skip them anyway."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not elements:
        return table
    wanted = pc.is_in(
        table.column("bdsnummer"), pa.array(sorted(elements), table.schema.field("bdsnummer").type)
    )
    return table.filter(wanted) if (pc.sum(wanted).as_py() or 0) < KEEP * len(table) else table


def _cut(found: Rows, rows: int, elements: frozenset[int]) -> Iterator[pa.Table]:
    import pyarrow as pa
    import pyarrow.compute as pc

    waiting: list[pa.Table] = []
    held = 0
    for group in range(found.groups):
        part = found.group(group, COLUMNS)
        size = part.num_rows
        if held + size >= rows and held:
            # cut where the last dossier of this row group begins; the rest waits for the next piece
            names = part.column("dossier_id")
            last = names[size - 1].as_py()
            begin = pc.index(names.cast(pa.string()), last).as_py()
            if begin:
                waiting.append(_keep(part.slice(0, begin), elements))
                yield pa.concat_tables(waiting, promote_options="permissive").unify_dictionaries()
                waiting, held = [_keep(part.slice(begin), elements)], size - begin
                continue
        waiting.append(_keep(part, elements))
        held += size
    if waiting:
        yield pa.concat_tables(waiting, promote_options="permissive").unify_dictionaries()
