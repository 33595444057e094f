"""The store: `registraties`, `bronnen` and `meldingen` as Parquet in one directory that others can open too."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from bds_tool import __version__
from bds_tool.base import clock
from bds_tool.base.errors import MALFORMED, UnreadableError, UsageError
from bds_tool.base.files import atomic_dir
from bds_tool.base.small import small_text
from bds_tool.base.text import t
from bds_tool.store import database
from bds_tool.store.canonical import frame_of, from_dicts, to_canonical, to_table
from bds_tool.store.checked import check_files
from bds_tool.store.columns import (
    BRONNEN,
    MELDINGEN,
    BronFacts,
    bronnen_types,
    meldingen_schema,
    meldingen_types,
    registraties_schema,
    registraties_types,
)
from bds_tool.store.parts import KEPT, Index
from bds_tool.store.parts import LAYOUT as OF_DELIVERIES
from bds_tool.store.rows import Rows

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    import pyarrow as pa

#: Number of the layout in `_store.json`; raised when a reader of the old layout would misread the new one.
LAYOUT = 1
#: Rows that are held in memory before they are written as one row group.
BATCH = 250_000
#: Remarks that are held in memory before they are written, and that are read at once.
REMARKS = 50_000


class Store:
    """A directory `NAME.bds/`; nothing in it is read until asked for."""

    def __init__(self, path: Path, *, temporary: bool = False, folders: Sequence[Path] = ()) -> None:
        self.path = path
        self._temporary = temporary
        #: Where its tables are: one folder per delivery, or its own.
        self._folders = list(folders) or [path]
        #: Where a store of deliveries keeps what was worked out about each; None for a store of one piece.
        self.kept = path / KEPT if folders else None

    @classmethod
    def open(cls, path: Path | str, *, temporary: bool = False) -> Store:
        """Raises UnreadableError when `path` is no store, or one of a newer layout than this program knows."""
        path = Path(path)
        try:
            meta = json.loads(small_text(path / "_store.json"))
            layout = int(meta["layout"])
        except MALFORMED as error:
            raise UnreadableError(
                t(
                    f"{path} is geen gegevensmap van bds (geen leesbare _store.json).",
                    f"{path} is not a bds store (no readable _store.json).",
                ),
                t(
                    "Maak er een met `bds convert EXPORT --to store NAAM.bds`.",
                    "Make one with `bds convert EXPORT --to store NAME.bds`.",
                ),
            ) from error
        if layout not in (LAYOUT, OF_DELIVERIES):
            raise UnreadableError(
                t(
                    f"{path} heeft indeling {layout}; deze bds kent tot en met {OF_DELIVERIES}.",
                    f"{path} has layout {layout}; this bds knows up to {OF_DELIVERIES}.",
                ),
                t("Werk bds bij.", "Update bds."),
            )
        folders = [p.folder(path) for p in Index.read(path).parts] if layout == OF_DELIVERIES else []
        if layout == OF_DELIVERIES and not folders:
            raise UnreadableError(
                t(f"{path} bevat geen leveringen.", f"{path} holds no deliveries."),
                t("Voeg er een toe met `bds store add`.", "Add one with `bds store add`."),
            )
        for folder in folders or [path]:
            check_files(folder)
        return cls(path, temporary=temporary, folders=folders)

    @staticmethod
    def is_store(path: Path | str) -> bool:
        return (Path(path) / "_store.json").is_file()

    def files(self, name: str) -> list[Path]:
        """The Parquet files of `registraties`, `bronnen` or `meldingen`: one per delivery, in order."""
        return [folder / f"{name}.parquet" for folder in self._folders]

    def parts(self) -> list[Store]:
        """Each delivery as a store of its own; a store of one piece is its only part."""
        return [Store(folder) for folder in self._folders] if self.kept else [self]

    def registraties(self) -> pl.LazyFrame:
        """Columns of `model.REGISTRATIES`; words are Categorical, `datum` is Date."""
        return _together(self.files("registraties"), registraties_types())

    def bronnen(self) -> pl.DataFrame:
        """Columns of `model.BRONNEN`: one row per input file."""
        return _together(self.files("bronnen"), bronnen_types()).collect()

    def meldingen(self) -> pl.LazyFrame:
        """Columns of `model.MELDINGEN`: what the readers noticed."""
        return _together(self.files("meldingen"), meldingen_types())

    def remarks(self) -> Iterator[pl.DataFrame]:
        """`meldingen` in frames of bounded height: there may be hundreds for every message that was read."""
        import polars as pl

        for file in self.files("meldingen"):
            frame = pl.scan_parquet(file)
            height = frame.select(pl.len()).collect().item()
            for start in range(0, height, REMARKS):
                yield frame.slice(start, REMARKS).collect()

    def copy(self, folder: Path, rows: pl.LazyFrame | None = None) -> None:
        """The store as one piece in a folder that is there; with `rows` in place of its own."""
        if rows is None:
            self.registraties().sink_parquet(folder / "registraties.parquet", compression="zstd")
        else:  # read once, at once
            rows.sink_parquet(folder / "registraties.parquet", compression="uncompressed", statistics=False)
        self.bronnen().write_parquet(folder / "bronnen.parquet")
        self.meldingen().sink_parquet(folder / "meldingen.parquet")
        height = Rows([folder / "registraties.parquet"]).height
        (folder / "_store.json").write_text(_told(height), encoding="utf-8")

    def connect(
        self, files: Iterable[Path] = (), *, spill: Path | None = None, memory: str = "", threads: int = 0
    ) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with views `registraties`, `bronnen`, `meldingen`; it reads these, `files` and no other."""
        tables = {n: self.files(n) for n in ("registraties", "bronnen", "meldingen")}
        every = [file for some in tables.values() for file in some]
        connection = database.connect([*every, *files], spill=spill, memory=memory, threads=threads)
        for name, some in tables.items():
            database.view(connection, name, some)
        return connection

    def close(self) -> None:
        """Remove the store when it was made for one run only."""
        if self._temporary:
            # `read` made a folder around it in the temporary directory; that goes too.
            own = self.path.parent.name.startswith("bds-")
            shutil.rmtree(self.path.parent if own else self.path, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class StoreWriter:
    """Writes a store batch by batch; the directory appears under its name only when everything went well."""

    def __init__(self, path: Path | str, *, replace: bool = False) -> None:
        self.path = Path(path)
        self._replace = replace
        self._stack = ExitStack()
        self._rows: list[tuple[Any, ...]] = []
        # Small ones, written together; never filled at the same time as `_rows`.
        self._tables: list[pa.Table | pl.DataFrame] = []
        self._held = 0
        self._bronnen: list[dict[str, object]] = []
        self._meldingen: list[dict[str, object]] = []
        self._part: Path | None = None  # a file that holds all rows so far
        # Writers of row groups, made for what does not fit in one; `_remarks` is that of the remarks.
        self._parquet: Any = None
        self._remarks: Any = None
        self.count = 0

    def __enter__(self) -> Self:
        if (
            self.path.exists()
            and not Store.is_store(self.path)
            and (self.path.is_file() or any(self.path.iterdir()))
        ):
            raise UsageError(
                t(
                    f"{self.path} bestaat en is geen gegevensmap van bds.",
                    f"{self.path} exists and is not a bds store.",
                ),
                t("Kies een andere naam.", "Choose another name."),
            )
        #: Where the store is being made; a generator may leave more tables here.
        self.folder = self._stack.enter_context(atomic_dir(self.path, replace=self._replace, private=True))
        return self

    def add_bron(self, **facts: Unpack[BronFacts]) -> int:
        """Register an input file; returns its number. Unknown facts may be left out; `rijen` is added later."""
        number = facts.get("bron", len(self._bronnen) + 1)
        row = dict.fromkeys(BRONNEN) | {"gelezen": clock.now().replace(tzinfo=None, microsecond=0)}
        self._bronnen.append({**row, **facts, "bron": number})
        return number

    @property
    def sources(self) -> int:
        """The number of input files so far."""
        return len(self._bronnen)

    def add_rows(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows as tuples in the order of `model.REGISTRATIES`."""
        self._flush_tables()
        self._rows.extend(rows)
        if len(self._rows) >= BATCH:
            self._flush()

    def add_table(self, table: pa.Table | pl.DataFrame) -> None:
        """A table with the columns of `model.REGISTRATIES` in any order."""
        import polars as pl

        self._flush_rows()
        self._merge_part()
        self._tables.append(frame_of(table) if isinstance(table, pl.DataFrame) else to_canonical(table))
        self._held += len(table)
        self.count += len(table)
        # Thousands of small files would otherwise make thousands of row groups, slow to write and to read.
        if self._held >= BATCH:
            self._flush_tables()

    def add_lazy(self, frame: pl.LazyFrame, keep: Callable[[], bool] | None = None) -> int | None:
        """Rows of a lazy frame with the columns of `model.REGISTRATIES`, in order; gives their number.

        The frame is written bit by bit and never held in memory. When it is all there is, its file becomes
        the store's; otherwise its rows are copied. `keep` is asked afterwards: at no, nothing is added and this is None.
        """
        import polars as pl

        first = self._part is None and not self.count and not self._rows
        target = self.folder / ("part.parquet" if first else "copy.parquet")
        try:
            frame.sink_parquet(target, compression="zstd", compression_level=1, row_group_size=BATCH)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        if keep is not None and not keep():
            target.unlink()
            return None
        rows = int(pl.scan_parquet(target).select(pl.len()).collect().item())
        if first:
            self._part = target
        else:
            self._flush()
            self._merge_part()
            self._copy(target)
        self.count += rows
        return rows

    def _merge_part(self) -> None:
        if self._part is not None:
            part, self._part = self._part, None
            self._copy(part)

    def _copy(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH):
            self._write(to_canonical(pa.Table.from_batches([batch])))
        path.unlink()

    def add_melding(
        self,
        code: str,
        *,
        bron: int,
        parameters: Mapping[str, object] | None = None,
        **place: Any,  # noqa: ANN401
    ) -> None:
        """What a reader noticed; `place` holds dossier_id, activiteit_id, bdsnummer, waarde, regel, pad."""
        row = dict.fromkeys(MELDINGEN) | place | {"code": code, "bron": bron}
        row["parameters"] = json.dumps(parameters, ensure_ascii=False) if parameters else None
        self._meldingen.append(row)

    def add_meldingen(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Rows that carry the columns of `model.MELDINGEN` already."""
        self._meldingen.extend({**dict.fromkeys(MELDINGEN), **r} for r in rows)
        if len(self._meldingen) >= REMARKS:
            self._flush_meldingen()

    def _flush_meldingen(self, *, last: bool = False) -> None:
        frame = from_dicts(self._meldingen, meldingen_types())
        self._meldingen = []
        if last and self._remarks is None:
            frame.write_parquet(self.folder / "meldingen.parquet")
            return
        self._remarks = self._remarks or self._writer("meldingen", meldingen_schema())
        self._remarks.write_table(frame.to_arrow().cast(meldingen_schema()))

    def _writer(self, name: str, schema: pa.Schema) -> Any:  # noqa: ANN401
        import pyarrow.parquet as pq

        made = pq.ParquetWriter(self.folder / f"{name}.parquet", schema, compression="zstd")
        self._stack.callback(made.close)
        return made

    def _write(self, table: pa.Table) -> None:
        """Rows as a row group behind those that were written before."""
        self._parquet = self._parquet or self._writer("registraties", registraties_schema())
        self._parquet.write_table(table)

    def _flush(self) -> None:
        self._flush_tables()
        self._flush_rows()

    def _flush_tables(self) -> None:
        if self._tables:
            import pyarrow as pa

            self._write(pa.concat_tables(map(to_canonical, self._tables)).unify_dictionaries())
            self._tables, self._held = [], 0

    def _flush_rows(self) -> None:
        if self._rows:
            self._merge_part()
            self._write(to_canonical(to_table(self._rows)))
            self.count += len(self._rows)
            self._rows = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with (
                self._stack
            ):  # what the last pieces run into, the folder's own handler tells, and it leaves nothing behind
                self._finish()
            return
        self._stack.__exit__(kind, error, trace)

    def _finish(self) -> None:
        """Write what is still in memory and the small files around it. What fits in one row group needs Polars only."""
        small = self._one_frame()
        if small is not None:
            small.write_parquet(self.folder / "registraties.parquet")
        self._flush()
        if self._part is not None:
            self._part.replace(self.folder / "registraties.parquet")
        self._flush_meldingen(last=True)
        for writer in (self._parquet, self._remarks):
            if writer is not None:
                writer.close()
        bronnen = from_dicts(self._bronnen, bronnen_types())
        bronnen.write_parquet(self.folder / "bronnen.parquet")
        (self.folder / "_store.json").write_text(_told(self.count), encoding="utf-8")

    def _one_frame(self) -> pl.DataFrame | None:
        """All rows, when nothing was written yet and they are few; they are then no longer held."""
        import polars as pl

        if self._parquet is not None or self._part is not None:
            return None
        frames = [*self._tables, *([to_table(self._rows)] if self._rows else [])]
        if not all(isinstance(frame, pl.DataFrame) for frame in frames):
            return None
        self.count += len(self._rows)
        self._tables, self._rows = [], []
        return pl.concat([to_table([]), *frames])


def _told(rows: int) -> str:
    return json.dumps({"layout": LAYOUT, "bds": __version__, "rijen": rows}, indent=2) + "\n"


def _together(files: Sequence[Path], wanted: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """The rows of some files of one table; what differs in the kind of text is made the same."""
    import polars as pl

    if len(files) == 1:
        return pl.scan_parquet(files[0])
    frames = []
    for file in files:
        frame = pl.scan_parquet(file)
        found = frame.collect_schema()
        other = {name: kind for name, kind in wanted.items() if found[name] != kind}
        frames.append(frame.select(pl.col(n).cast(other[n]) if n in other else n for n in wanted))
    return pl.concat(frames)
