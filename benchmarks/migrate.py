"""`bds migrate` 4.1.3 → 4.2.0 against copying the same store with Polars (scan and sink); memory is bounded.

`BENCH_ROWS` sets the number of registraties (4 million). The store is a generated population, repeated with other
dossier keys until it is large enough; about one row in fifty belongs to an element that 4.2.0 drops.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from _measure import Case, compare, save

ROWS = int(os.environ.get("BENCH_ROWS", "4000000"))
STORE = Path(tempfile.gettempdir()) / f"bds-bench-migrate-{ROWS}.bds"
OUT = STORE.with_name("bds-bench-migrate-out.bds")


def make() -> None:
    """A store of ROWS registraties of many dossiers."""
    if STORE.exists():
        return
    import polars as pl

    from bds_tool.store.store import StoreWriter
    from bds_tool.synthetic.generate import Request, generate

    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder) / "seed.bds"
        generate(Request(200, 3, "4.1.3"), seed)
        rows = pl.read_parquet(seed / "registraties.parquet")
        facts = pl.read_parquet(seed / "bronnen.parquet").to_dicts()
    with StoreWriter(STORE) as writer:
        for fact in facts:
            writer.add_bron(**fact)
        done, copy = 0, 0
        while done < ROWS:
            part = rows.head(ROWS - done).with_columns(
                dossier_id=pl.format("{}-{}", "dossier_id", pl.lit(copy))
            )
            writer.add_table(part)
            done, copy = done + part.height, copy + 1


def copied() -> int:
    """The same bytes read and written again, without looking at them."""
    import polars as pl

    pl.scan_parquet(STORE / "registraties.parquet").sink_parquet(OUT.with_suffix(".parquet"))
    return ROWS


def migrated() -> int:
    """The migration, with its report and the new store."""
    from bds_tool.changes.migrate.running import migrate
    from bds_tool.store.store import Store

    report = migrate(Store.open(STORE), "4.2.0", OUT, from_version="4.1.3", replace=True)
    assert report.stappen[0].total() == ROWS
    return ROWS


def share() -> dict[str, float | int | str]:
    """What part of the rows the packages touch."""
    from bds_tool.changes.migrate.running import OUTCOMES, migrate
    from bds_tool.store.store import Store

    report = migrate(Store.open(STORE), "4.2.0", OUT, from_version="4.1.3", replace=True)
    return {o: report.stappen[0].total(o) for o in OUTCOMES}


def main():
    make()
    return save(
        compare(
            "migrate",
            "Een store van 4.1.3 naar 4.2.0 omzetten",
            Case("Polars scan en sink van hetzelfde bestand", copied),
            Case("bds migrate", migrated),
            unit="rijen",
            rounds=3,
            max_mb=2500,
            note="Geheugen is begrensd door de partijen van 500.000 rijen en delen van 1,5 miljoen wachtende rijen.",
            extra=share(),
        )
    )


if __name__ == "__main__":
    main()
