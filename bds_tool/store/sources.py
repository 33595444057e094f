"""What a reader gets (`Source`) and where it leaves what it read (`Sink`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, Self, cast

from bds_tool.base.errors import UserError
from bds_tool.base.table_settings import TableSettings
from bds_tool.store.canonical import frame_of
from bds_tool.store.columns import BronFacts, Melding

#: Bytes at the start of a file from which its format is told.
HEAD = 65_536
#: `json.dumps` with these options makes an encoder each time.
_json = json.JSONEncoder(ensure_ascii=False).encode


class Unreadable(UserError):  # a fact about one file, told as a finding; the run goes on
    """One file that cannot be read; it becomes one finding with this code and the rest of the run goes on."""

    def __init__(self, code: str, *, regel: int | None = None, **parameters: Any) -> None:  # noqa: ANN401
        super().__init__(code)
        self.finding = code
        self.regel = regel
        self.parameters = parameters


@dataclass
class Source:
    """One input file, or one member of an archive.

    `pad` is the name to show; `open` gives a fresh binary stream each time; `bron` is its number in `bronnen`.
    """

    pad: str
    size: int
    open: Callable[[], BinaryIO]
    bron: int = 0
    bds: str = ""  # the version the user declared with --bds; empty when not
    tables: TableSettings = field(default_factory=TableSettings)
    options: dict[str, Any] = field(default_factory=dict)
    tell: Callable[[int], None] | None = None  # takes the bytes read so far; set for large files

    def head(self) -> bytes:
        with self.open() as stream:
            return stream.read(HEAD)

    def data(self) -> bytes:
        with self.open() as stream:
            return stream.read()


class Progress:
    """Bytes read of all files together, for `callback(done, total)`: after each file, and within a large one.

    `sizes` gives the bytes on disk of each file by its number. An archive counts with its first member.
    """

    def __init__(self, callback: Callable[[int, int], None], sizes: dict[int, int]) -> None:
        self._callback = callback
        self._sizes = dict(sizes)
        self._total = sum(sizes.values())
        self._done = 0

    def watch(self, source: Source) -> None:
        """Have the source tell how far it is, in its streams or through `Source.tell`."""
        if source.bron not in self._sizes:
            return
        share = self._sizes[source.bron] / max(1, source.size)
        opened, before = source.open, self._done

        def tell(position: int) -> None:
            # The whole is told once, when the last file is done.
            done = before + int(min(position, source.size) * share)
            self._callback(min(done, self._total - 1), self._total)

        source.tell = tell
        source.open = lambda: cast("BinaryIO", _Watched(opened(), tell))

    def finished(self, bron: int) -> None:
        if bron in self._sizes:
            self._done += self._sizes.pop(bron)
            self._callback(self._done, self._total)


class _Watched:
    """A stream that tells its position after each read."""

    def __init__(self, stream: BinaryIO, tell: Callable[[int], None]) -> None:
        self._stream, self._tell, self._position = stream, tell, 0

    def read(self, size: int = -1) -> bytes:
        return self._told(self._stream.read(size))

    def readline(self, size: int = -1) -> bytes:
        return self._told(self._stream.readline(size))

    def _told(self, data: bytes) -> bytes:
        self._position += len(data)
        self._tell(self._position)
        return data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._stream, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


class RowWriter(Protocol):
    """Where full batches go: a StoreWriter."""

    def add_rows(self, rows: list[tuple[Any, ...]]) -> None: ...
    def add_table(self, table: Any) -> None: ...  # noqa: ANN401
    def add_lazy(self, frame: Any, keep: Callable[[], bool] | None = None) -> int | None: ...  # noqa: ANN401
    def add_meldingen(self, rows: list[Melding]) -> None: ...


class Sink:
    """Collects rows and remarks of one source.

    Full batches go to `writer`, when given, so that memory stays bounded; without one everything waits in
    `rows`, `tables` and `meldingen`.
    """

    def __init__(self, bron: int, writer: RowWriter | None = None, *, batch: int = 50_000) -> None:
        self.bron = bron
        self.rows: list[tuple[Any, ...]] = []
        self.meldingen: list[Melding] = []
        self.facts: BronFacts = {}
        #: the dossier that a part of a message is about, where one message is about several
        self.about: Callable[[Any], str] | None = None
        self.tables: list[Any] = []
        self.count = 0
        self._writer = writer
        self._batch = batch

    def flush_if_full(self) -> None:
        """Call between dossiers; keeps memory bounded for files with many of them."""
        if self._writer and len(self.rows) >= self._batch:
            self.flush()

    def flush(self) -> None:
        self.count += len(self.rows)
        if self._writer and self.rows:
            self._writer.add_rows(self.rows)
            self.rows = []

    def add_table(self, table: Any) -> None:  # noqa: ANN401
        """A frame with the columns of `model.REGISTRATIES`: for readers that work by column."""
        self.count += len(table)
        if self._writer:
            self._writer.add_table(table)
        else:
            self.tables.append(frame_of(table))

    def add_lazy(self, frame: Any, keep: Callable[[], bool] | None = None) -> bool:  # noqa: ANN401
        """A Polars LazyFrame with those columns, for sources too large to hold in memory.

        `keep` is asked when all rows have passed; when it says no they are left out, and this gives False.
        """
        if self._writer:
            rows = self._writer.add_lazy(frame, keep)
            self.count += rows or 0
            return rows is not None
        table = frame.collect()
        if keep is not None and not keep():
            return False
        self.add_table(table)
        return True

    def melding(
        self,
        code: str,
        *,
        dossier_id: str | None = None,
        activiteit_id: str | None = None,
        bdsnummer: int | None = None,
        waarde: str | None = None,
        regel: int | None = None,
        pad: str | None = None,
        **parameters: Any,  # noqa: ANN401
    ) -> None:
        """Remark on the source; `waarde` is shown only with --show-values, `parameters` always: no record values."""
        self.meldingen.append(
            {
                "code": code,
                "dossier_id": dossier_id,
                "activiteit_id": activiteit_id,
                "bdsnummer": bdsnummer,
                "waarde": waarde,
                "bron": self.bron,
                "regel": regel,
                "pad": pad,
                "parameters": _json(parameters) if parameters else None,
            }
        )
        self._flush_meldingen()

    def add_meldingen(self, rows: list[Melding]) -> None:
        """Remarks that another process made."""
        self.meldingen.extend(rows)
        self._flush_meldingen()

    def _flush_meldingen(self) -> None:
        if self._writer and len(self.meldingen) >= self._batch:
            self._writer.add_meldingen(self.meldingen)
            self.meldingen = []
