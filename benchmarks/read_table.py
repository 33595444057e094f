"""Tables into the store against a bare Polars scan-and-sink of the same file (goal: at most 2 times as long).

Long Parquet, long CSV, and the same values as wide CSV; there the bare way turns columns into rows too.
`BENCH_ROWS` sets the number of rows (20 million unless told otherwise; 100 million is the size of a large GGD).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from _measure import Case, compare, save

ROWS = int(os.environ.get("BENCH_ROWS", "20000000"))
FOLDER = Path(os.environ.get("BENCH_DIR", tempfile.gettempdir()))
PARQUET = FOLDER / f"bds-bench-long-{ROWS}.parquet"
CSV = FOLDER / f"bds-bench-long-{ROWS}.csv"
WIDE = FOLDER / f"bds-bench-wide-{ROWS}.csv"
ELEMENTS = (235, 245, 252, 19, 66, 91, 510, 879, 886, 972)
MEMORY_MB = 2_000


def make() -> None:
    """Children with ten contacts of ten values, as a vendor delivers them: five columns."""
    import numpy as np
    import polars as pl

    if PARQUET.exists() and CSV.exists() and WIDE.exists():
        return
    elements = np.array(ELEMENTS)

    def part(start: int, size: int) -> pl.DataFrame:
        rng = np.random.default_rng(start)
        row = np.arange(start, start + size)
        number = elements[row % 10]
        value = np.where(number < 260, rng.integers(300, 20_000, size), rng.integers(1, 4, size))
        return pl.DataFrame(
            {
                "client_id": row // 100,
                "contact_id": row // 10,
                "dag": row // 10 % 9_000,
                "bdsnummer": number,
                "waarde": value,
            }
        ).select(
            pl.format("c{}", "client_id").alias("client_id"),
            pl.format("a{}", "contact_id").alias("contact_id"),
            (pl.lit("2000-01-01").str.to_date() + pl.duration(days=pl.col("dag"))).alias("datum"),
            pl.col("bdsnummer").cast(pl.Int32),
            pl.col("waarde").cast(pl.String),
        )

    import pyarrow.parquet as pq

    writer = None
    size = 1_000_000
    for start in range(0, ROWS, size):
        table = part(start, min(size, ROWS - start)).to_arrow()
        writer = writer or pq.ParquetWriter(PARQUET, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()
    pl.scan_parquet(PARQUET).sink_csv(CSV)
    # Each contact has its ten values in the same order.
    keys = ["client_id", "contact_id", "datum"]
    every = len(ELEMENTS)
    columns = [
        pl.col("waarde").gather_every(every, place).alias(f"bds_{number}")
        for place, number in enumerate(ELEMENTS)
    ]
    with WIDE.open("wb") as stream:
        for start in range(0, ROWS, size):
            contacts = (
                pl.scan_parquet(PARQUET)
                .slice(start, size)
                .select(*(pl.col(k).gather_every(every) for k in keys), *columns)
            )
            contacts.collect().write_csv(stream, include_header=not start)


def _sunk(frame) -> int:
    target = Path(tempfile.mkdtemp(dir=FOLDER)) / "x.parquet"
    frame.sink_parquet(target, compression="zstd")
    shutil.rmtree(target.parent)
    return ROWS


def parquet_plain() -> int:
    import polars as pl

    return _sunk(pl.scan_parquet(PARQUET))


def csv_plain() -> int:
    import polars as pl

    return _sunk(pl.scan_csv(CSV))


def wide_plain() -> int:
    import polars as pl

    names = [f"bds_{number}" for number in ELEMENTS]
    frame = pl.scan_csv(WIDE, infer_schema=False)
    return _sunk(frame.unpivot(names, index=["client_id", "contact_id", "datum"]))


def _stored(path: Path) -> int:
    from bds_tool.formats import read

    target = Path(tempfile.mkdtemp(dir=FOLDER)) / "x.bds"
    store = read([path], target)
    rows = int(store.bronnen()["rijen"][0])
    shutil.rmtree(target.parent)
    # In a wide table what belongs to the child is repeated at each contact, and kept once.
    assert rows == ROWS or path == WIDE
    return ROWS


def parquet_store() -> int:
    return _stored(PARQUET)


def csv_store() -> int:
    return _stored(CSV)


def wide_store() -> int:
    return _stored(WIDE)


def main():
    make()
    rounds = int(os.environ.get("BENCH_ROUNDS", "3"))
    results = [
        compare(
            "read_parquet",
            "Parquet (lang) naar de opslag",
            Case("Polars scan en sink", parquet_plain),
            Case("bds", parquet_store),
            unit="rijen",
            target=0.5,
            max_mb=MEMORY_MB,
            rounds=rounds,
            extra={"MB": round(PARQUET.stat().st_size / 1e6)},
        ),
        compare(
            "read_csv",
            "CSV (lang) naar de opslag",
            Case("Polars scan en sink", csv_plain),
            Case("bds", csv_store),
            unit="rijen",
            target=0.5,
            max_mb=MEMORY_MB,
            rounds=rounds,
            extra={"MB": round(CSV.stat().st_size / 1e6)},
        ),
        compare(
            "read_wide",
            "CSV (breed) naar de opslag",
            Case("Polars scan, unpivot en sink", wide_plain),
            Case("bds", wide_store),
            unit="rijen",
            target=0.5,
            max_mb=MEMORY_MB,
            rounds=rounds,
            extra={"MB": round(WIDE.stat().st_size / 1e6)},
        ),
    ]
    return [save(r) for r in results]


if __name__ == "__main__":
    main()
