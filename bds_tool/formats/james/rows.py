"""Rows of JAMES records gathered by column: one Python object per value would make bulk files slow."""

from __future__ import annotations

from array import array
from itertools import repeat
from typing import TYPE_CHECKING, Any

from bds_tool.store.columns import REGISTRATIES, registraties_schema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

#: Groups a JAMES record can state; index + 1 is what `run` takes.
GROEPEN = ("G014",)


class Rows:
    """Columns under construction. Values are added one by one; what a stretch of them shares is a run."""

    def __init__(self) -> None:
        self.nummers = array("i")
        self.waarden: list[str | None] = []
        self.teksten: dict[int, str] = {}  # row → text; few rows have one
        self.regels: dict[int, int] = {}  # row → line; rows without one carry their record's number
        self.dossiers: list[str] = []
        self.plaatsen = array("i")  # per row: its index in the list that its run's place names, -1 for none
        self.records = array("q")
        self.dossier_rows = array("q")
        self.dagen = array("i")  # per row: index of its day, -1 for none
        self.dag_index: dict[str, int] = {}  # yyyymmdd as delivered → index
        self._dagen: dict[tuple[str, Any], int] = {}
        self._paden: dict[str, int] = {}
        self._runs: tuple[array[int], ...] = (array("i"), array("i"), array("i"), array("q"))
        self._marked = 0
        self._closed = 0

    def add(
        self,
        nummer: int,
        waarde: str | None,
        tekst: str | None = None,
        regel: int | None = None,
        plaats: int = -1,
    ) -> None:
        """One value; `nummer` 0 stands for: no element. `plaats` is its index in its list, -1 for none."""
        if tekst is not None:
            self.teksten[len(self.waarden)] = tekst
        if regel is not None:
            self.regels[len(self.waarden)] = regel
        self.nummers.append(nummer)
        self.waarden.append(waarde)
        self.plaatsen.append(plaats)

    def day(self, dag: tuple[str, Any]) -> int:
        """Index of an activity and its date."""
        return self._dagen.setdefault(dag, len(self._dagen))

    def mark(self, dag: tuple[str, Any] | None) -> None:
        """The values since the last mark belong to this day."""
        count = len(self.waarden) - len(self.dagen)
        if count:
            self.dagen.extend(repeat(-1 if dag is None else self.day(dag), count))

    def run(self, pad: str, dag: tuple[str, Any] | None = None, groep: int = 0, volgnr: int = 0) -> None:
        """Close a run: the values since the last one share place and group, and the day where none was marked."""
        count = len(self.waarden) - self._marked
        if not count:
            return
        self.mark(dag)
        self._runs[0].append(self._paden.setdefault(pad, len(self._paden)))
        self._runs[1].append(groep - 1)
        self._runs[2].append(volgnr)
        self._runs[3].append(count)
        self._marked = len(self.waarden)

    def close(self, dossier: str, record: int) -> None:
        """Close a record: the values since the last one belong to this dossier."""
        self.dossiers.append(dossier)
        self.records.append(record)
        self.dossier_rows.append(len(self.waarden) - self._closed)
        self._closed = len(self.waarden)

    def __len__(self) -> int:
        return len(self.waarden)

    def table(self, bron: int) -> pa.Table:
        """The rows as a table with the columns of `registraties`."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        total = len(self.waarden)
        counts = np.frombuffer(self._runs[3], dtype=np.int64)
        where, group, volgnr = (np.repeat(np.frombuffer(c, dtype=np.int32), counts) for c in self._runs[:3])
        day = np.frombuffer(self.dagen, dtype=np.int32)
        rows = np.frombuffer(self.dossier_rows, dtype=np.int64)
        numbers = np.frombuffer(self.nummers, dtype=np.int32)
        lines = np.repeat(np.frombuffer(self.records, dtype=np.int64), rows)
        if self.regels:
            lines[np.fromiter(self.regels, dtype=np.int64)] = np.fromiter(
                self.regels.values(), dtype=np.int64
            )
        waarden = pc.utf8_trim_whitespace(pa.array(self.waarden, pa.string()))
        days = list(self._dagen)
        index = pa.array(day, mask=day < 0)
        dossier = pa.array(np.repeat(np.arange(len(self.dossiers), dtype=np.int32), rows))
        columns = {
            "dossier_id": pc.take(pa.array(self.dossiers, pa.string()), dossier),
            "activiteit_id": pc.take(pa.array([d[0] for d in days], pa.string()), index),
            "datum": pc.take(pa.array([d[1] for d in days], pa.date32()), index),
            "bdsnummer": pa.array(numbers, mask=numbers == 0),
            "groep": pa.DictionaryArray.from_arrays(pa.array(group, mask=group < 0), pa.array(GROEPEN)),
            "volgnr": pa.array(volgnr, mask=volgnr == 0),
            # Empty text is no value.
            "waarde": pc.if_else(pc.equal(waarden, ""), pa.scalar(None, pa.string()), waarden),
            "tekst": self._texts(total),
            "bron": pa.array(np.full(total, bron, dtype=np.int32)),
            "regel": pa.array(lines),
            "pad": self._places(where),
        }
        return self.complete(columns, total)

    def _places(self, where: np.ndarray) -> pa.Array:
        """Place of each row: that of its run, with the index in its list where it has one (`values[3]`, from 0)."""
        import numpy as np
        import pyarrow as pa

        paths = list(self._paden)
        places = np.frombuffer(self.plaatsen, dtype=np.int32).astype(np.int64)
        distinct, index = np.unique((where.astype(np.int64) << 32) + places + 1, return_inverse=True)
        names = [
            paths[both >> 32] + (f"[{(both & 0xFFFFFFFF) - 1}]" if both & 0xFFFFFFFF else "")
            for both in distinct.tolist()
        ]
        return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(names, pa.string()))

    @staticmethod
    def complete(columns: dict[str, pa.Array], total: int) -> pa.Table:
        """A table of `registraties` from the columns that are known; the others are null."""
        import pyarrow as pa

        schema = registraties_schema()
        return pa.Table.from_arrays(
            [columns[n] if n in columns else _nulls(total, schema.field(n).type) for n in REGISTRATIES],
            schema=schema,
        )

    def _texts(self, total: int) -> pa.Array:
        import pyarrow as pa

        if not self.teksten:
            return pa.nulls(total, pa.string())
        texts: list[str | None] = [None] * total
        for row, text in self.teksten.items():
            texts[row] = text
        return pa.array(texts, pa.string())


def _nulls(total: int, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(pa.nulls(total, pa.int32()), pa.array([], pa.string()))
    return pa.nulls(total, kind)
