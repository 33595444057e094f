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
#: Rows per piece: about 200 MB with all views, and two pieces are in hand at a time. Half as many take a fifth less
#: memory and a tenth more time.
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
    """Each piece ends where a dossier begins, and holds no more than `rows`, or one dossier that is longer."""
    import pyarrow as pa

    def whole(parts: list[pa.Table]) -> pa.Table:
        return pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()

    waiting: list[pa.Table] = []
    held, last = 0, None
    for group in range(found.groups):
        part = found.group(group, COLUMNS)
        if not part.num_rows:
            continue
        names = part.column("dossier_id")
        begins, last = names[0].as_py() != last, names[-1].as_py()
        while held + part.num_rows > rows:
            place = _begin(part, max(rows - held, 0))
            if not place and begins and waiting:
                yield whole(waiting)
                waiting, held = [], 0
                continue
            place = place or _end(part)
            if place == part.num_rows:
                break
            yield whole([*waiting, _keep(part.slice(0, place), elements)])
            waiting, held, part, begins = [], 0, part.slice(place), True
        waiting.append(_keep(part, elements))
        held += part.num_rows
    if waiting:
        yield whole(waiting)


def _begin(part: pa.Table, row: int) -> int:
    """The row where the dossier of a row begins, in this part."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = part.column("dossier_id").cast(pa.string())
    return max(int(pc.index(names, names[row]).as_py()), 0)


def _end(part: pa.Table) -> int:
    """The row after the first dossier of this part."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = part.column("dossier_id").cast(pa.string())
    return int(pc.sum(pc.equal(names, names[0])).as_py() or part.num_rows)
