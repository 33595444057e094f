"""A piece of registraties as the views read it: each row with the keys of its child and its activity.

Hashing a name is dear and most rows have the name of the row before. So each run of rows of one activity is hashed once,
and the views are given the keys instead of the names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bds_tool.indicators import doubt

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Places = npt.NDArray[np.int64]

#: Keys of the first row of every run.
KEYS = """
    select SLEUTEL(r.dossier_id, coalesce(b.organisatie, '')) as kind,
        case when r.activiteit_id is not null then SLEUTEL(r.activiteit_id, r.dossier_id) end as act
    from _runs r left join bronnen b on b.bron = r.bron order by r.nr"""


@dataclass
class Piece:
    """`starts` and `lengths` of the runs, the key of the child (`child`) and activity of each, and their `dossiers`.

    `doubtful` are the places of the rows that do not count.
    """

    table: pa.Table
    starts: Places
    lengths: Places
    child: Any
    activity: Any
    dossiers: pa.Array
    doubtful: Places

    @classmethod
    def of(cls, own: duckdb.DuckDBPyConnection, table: pa.Table, *, judged: bool) -> Piece:
        import numpy as np
        import pyarrow as pa

        doubtful = doubt.in_doubt(own, table) if judged else np.array([], dtype=np.int64)
        (dossier, dossiers), (activity, activities) = (
            coded(table[c]) for c in ("dossier_id", "activiteit_id")
        )
        source = table["bron"].fill_null(-1).to_numpy()
        new = np.ones(len(table), dtype=bool)
        new[1:] = dossier[1:] != dossier[:-1]
        for column in (activity, source):
            new[1:] |= column[1:] != column[:-1]
        starts = np.flatnonzero(new)
        first = activity[starts]
        named = dossiers.take(pa.array(dossier[starts]))
        runs = {
            "dossier_id": named,
            "activiteit_id": activities.take(pa.array(first, mask=first < 0)),
            "bron": pa.array(source[starts], pa.int32()),
            "nr": pa.array(np.arange(len(starts))),
        }
        own.register("_runs", pa.table(runs))
        keys = own.execute(KEYS).fetchnumpy()
        own.unregister("_runs")
        act = pa.array(np.ma.getdata(keys["act"]), pa.uint64(), mask=np.ma.getmaskarray(keys["act"]))
        lengths = np.diff(starts, append=len(table))
        return cls(table, starts, lengths, np.ma.getdata(keys["kind"]), act, named, doubtful)

    def show(self, own: duckdb.DuckDBPyConnection, children: Any = None) -> None:  # noqa: ANN401
        """The view `registraties` of the rows that count, or of all rows of `children` (keys).

        In place of its names a row has the keys of its dossier and activity. Rows of one element come together, so that
        a view reads only the part of its elements; those without an element are left out.
        """
        import numpy as np
        import pyarrow as pa

        numbers = self.table["bdsnummer"]
        if children is None:
            kept = np.ones(len(self.table), dtype=bool)
            kept[self.doubtful] = False
        else:
            kept = np.repeat(np.isin(self.child, children), self.lengths)
        if numbers.null_count:
            kept &= numbers.is_valid().to_numpy()
        places = np.flatnonzero(kept)
        # 16 bits: a radix sort
        order = np.argsort(numbers.fill_null(0).to_numpy()[places].astype(np.int16), kind="stable")
        rows = places[order]
        run = np.repeat(np.arange(len(self.starts), dtype=np.int32), self.lengths)[rows]
        wanted = pa.array(rows)
        own.register(
            "_rows",
            pa.table(
                {
                    "dossier_id": pa.array(self.child[run]),
                    "activiteit_id": self.activity.take(pa.array(run)),
                    **{
                        c: self.table[c].take(wanted)
                        for c in ("datum", "bdsnummer", "volgnr", "waarde", "bron")
                    },
                }
            ),
        )
        own.execute("create or replace temp view registraties as select * from _rows")


def coded(column: pa.ChunkedArray) -> tuple[Any, pa.Array]:
    """Codes (-1: none) and words of a column of text."""
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if not column.num_chunks:
        return np.zeros(0, dtype=np.int32), pa.array([], pa.string())
    words = column.chunk(0).dictionary
    if not all(c.dictionary.equals(words) for c in column.chunks):
        column = column.unify_dictionaries()
        words = column.chunk(0).dictionary
    codes = np.concatenate([c.indices.fill_null(-1).to_numpy(zero_copy_only=False) for c in column.chunks])
    return codes, words
