"""Rows of JAMES records gathered by column: one Python object per value would make bulk files slow."""

from __future__ import annotations

from array import array
from itertools import repeat
from typing import TYPE_CHECKING, Any

from bds_tool.store.columns import REGISTRATIES

if TYPE_CHECKING:
    import polars as pl

#: Groups a JAMES record can state; index + 1 is what `run` takes.
GROEPEN = ("G014",)
#: Around a value these are no part of it: what Python and Arrow call white space, four more than Polars does.
SPACES = "\u0009\u000a\u000b\u000c\u000d\u001c\u001d\u001e\u001f\u0020\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


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

    def table(self, bron: int) -> pl.DataFrame:
        """The rows as a table with the columns of `registraties`; what is known is in the types of the store."""
        import polars as pl

        total = len(self.waarden)
        days = pl.DataFrame(list(self._dagen), schema={"a": pl.String, "d": pl.Date}, orient="row")
        day = pl.Series(self.dagen, dtype=pl.UInt32, strict=False)  # null for no day
        shared = _repeated(
            {"place": self._runs[0], "groep": self._runs[1], "volgnr": self._runs[2]}, self._runs[3]
        )
        own = _repeated({"dossier": self.dossiers, "record": self.records}, self.dossier_rows)
        lines = own["record"].cast(pl.Int64)
        if self.regels:
            lines = lines.scatter(list(self.regels), list(self.regels.values()))
        texts = pl.Series([None], dtype=pl.String).new_from_index(0, total)
        if self.teksten:
            texts = texts.scatter(list(self.teksten), list(self.teksten.values()))
        values = pl.col("waarde").str.strip_chars(SPACES)
        word = pl.Categorical
        return pl.DataFrame(
            {
                "dossier_id": own["dossier"],
                "activiteit_id": days["a"].gather(day),
                "datum": days["d"].gather(day),
                "bdsnummer": pl.Series(self.nummers, dtype=pl.Int32).replace(0, None),
                "groep": shared["groep"].replace_strict(
                    list(range(len(GROEPEN))), GROEPEN, default=None, return_dtype=pl.String
                ),
                "volgnr": shared["volgnr"].replace(0, None),
                "waarde": pl.Series(self.waarden, dtype=pl.String),
                "tekst": texts,
                "regel": lines,
                "pad": self._places(shared["place"]),
            }
        ).with_columns(
            # Empty text is no value.
            waarde=pl.when(values != "").then(values),
            groep=pl.col("groep").cast(word),
            bron=pl.lit(bron, pl.Int32),
            **{name: pl.lit(None, word) for name in ("rubriek", "eenheid", "codesysteem", "nullflavor")},
        ).select(REGISTRATIES)  # fmt: skip

    def _places(self, where: pl.Series) -> pl.Series:
        """Place of each row: that of its run, with the index in its list where it has one (`values[3]`, from 0)."""
        import polars as pl

        paths = list(self._paden)
        both = (where.cast(pl.Int64) * 2**32) + pl.Series(self.plaatsen, dtype=pl.Int64) + 1
        distinct = both.unique()
        names = [
            paths[one >> 32] + (f"[{(one & 0xFFFFFFFF) - 1}]" if one & 0xFFFFFFFF else "")
            for one in distinct.to_list()
        ]
        return both.replace_strict(distinct, names, return_dtype=pl.String).cast(pl.Categorical)


def _repeated(columns: dict[str, Any], counts: array[int]) -> pl.DataFrame:
    """Each row as often as its count says: 0, 0, 1, 2, 2, 2 for counts 2, 1, 3."""
    import polars as pl

    frame = pl.DataFrame({**columns, "n": counts}).filter(pl.col("n") > 0)
    index = frame.select(pl.int_range(pl.len(), dtype=pl.UInt32).repeat_by("n").explode()).to_series()
    return frame.drop("n")[index]
