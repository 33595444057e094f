"""What a reader gets (`Source`) and where it leaves what it read (`Sink`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from bds_tool.errors import UserError

#: Bytes at the start of a file from which its format is told.
HEAD = 65_536


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
    options: dict[str, Any] = field(default_factory=dict)

    def head(self) -> bytes:
        with self.open() as stream:
            return stream.read(HEAD)

    def data(self) -> bytes:
        with self.open() as stream:
            return stream.read()


class Sink:
    """Collects rows and remarks of one source.

    `flush` and `keep`, when given, are called to hand over full batches of rows and whole tables, so that
    memory stays bounded; without them everything waits in `rows` and `tables`.
    """

    def __init__(
        self, bron: int, flush: Callable[[list[tuple[Any, ...]]], None] | None = None,
        keep: Callable[[Any], None] | None = None, batch: int = 50_000,
    ) -> None:
        self.bron = bron
        self.rows: list[tuple[Any, ...]] = []
        self.meldingen: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}
        self.tables: list[Any] = []
        self.count = 0
        self._flush = flush
        self._keep = keep
        self._batch = batch

    def flush_if_full(self) -> None:
        """Call between dossiers; keeps memory bounded for files with many of them."""
        if self._flush and len(self.rows) >= self._batch:
            self.flush()

    def flush(self) -> None:
        self.count += len(self.rows)
        if self._flush and self.rows:
            self._flush(self.rows)
            self.rows = []

    def add_table(self, table: Any) -> None:  # noqa: ANN401
        """A pyarrow table with the columns of `model.REGISTRATIES`: for readers that work by column."""
        self.count += table.num_rows
        if self._keep:
            self._keep(table)
        else:
            self.tables.append(table)

    def melding(
        self, code: str, *, dossier_id: str | None = None, activiteit_id: str | None = None,
        bdsnummer: int | None = None, waarde: str | None = None, regel: int | None = None, pad: str | None = None,
        **parameters: Any,  # noqa: ANN401
    ) -> None:
        """Remark on the source; `waarde` is shown only with --show-values, `parameters` always: no record values."""
        self.meldingen.append({
            "code": code, "dossier_id": dossier_id, "activiteit_id": activiteit_id, "bdsnummer": bdsnummer,
            "waarde": waarde, "bron": self.bron, "regel": regel, "pad": pad,
            "parameters": json.dumps(parameters, ensure_ascii=False) if parameters else None,
        })
