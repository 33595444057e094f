"""Claim: a population streams to a store at a million registraties per second on two cores, in bounded memory.

Baseline: pyarrow copying the same rows from one Parquet file to another, the least anybody can do.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from _measure import Case, compare, save

CHILDREN = 20_000
HERE = Path(tempfile.gettempdir()) / "bds-bench-generate"
STORE = HERE / "store.bds"


def copy_rows() -> int:
    """Read the rows group by group and write them again."""
    import pyarrow.parquet as pq

    source = pq.ParquetFile(STORE / "registraties.parquet")
    rows = 0
    with pq.ParquetWriter(HERE / "copy.parquet", source.schema_arrow, compression="zstd") as writer:
        for group in range(source.num_row_groups):
            table = source.read_row_group(group)
            rows += table.num_rows
            writer.write_table(table)
    return rows


def generate_rows() -> int:
    """Draw the children and write the store."""
    from bds_tool.synthetic.generate import Request, generate

    return generate(Request(CHILDREN, seed=1, bds="4.1.3", region="midden"), HERE / "new.bds", replace=True)


def main():
    HERE.mkdir(exist_ok=True)
    try:
        from bds_tool.synthetic.generate import Request, generate

        generate(Request(CHILDREN, seed=1, bds="4.1.3", region="midden"), STORE, replace=True)
        return save(
            compare(
                "generate_store", "Verzonnen bevolking naar een store",
                Case("pyarrow kopieert dezelfde rijen", copy_rows), Case("bds generate", generate_rows),
                unit="registraties", rounds=5, min_rate=1e6, max_mb=1500,
                note="De basis maakt niets: zij leest en schrijft de rijen die al bestaan.",
            )
        )  # fmt: skip
    finally:
        shutil.rmtree(HERE, ignore_errors=True)


if __name__ == "__main__":
    main()
