"""The rows of several Parquet files of one table, row group by row group, as if they were one file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import pyarrow as pa


class Rows:
    """`dictionary`: columns of text that are read as dictionaries."""

    def __init__(self, files: Sequence[Path], dictionary: Sequence[str] = ()) -> None:
        import pyarrow.parquet as pq

        self._files = [pq.ParquetFile(file, read_dictionary=list(dictionary)) for file in files]
        self._places = [(f, g) for f in self._files for g in range(f.metadata.num_row_groups)]
        self.height = sum(int(f.metadata.num_rows) for f in self._files)

    @property
    def groups(self) -> int:
        return len(self._places)

    def group(self, number: int, columns: Sequence[str] | None = None) -> pa.Table:
        file, own = self._places[number]
        return file.read_row_group(own, columns=None if columns is None else list(columns))

    def read(self, columns: Sequence[str]) -> pa.Table:
        """All rows as one table."""
        import pyarrow as pa

        tables = [file.read(columns=list(columns)) for file in self._files]
        return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        for file in self._files:
            yield from file.iter_batches(size)

    def close(self) -> None:
        for file in self._files:
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
