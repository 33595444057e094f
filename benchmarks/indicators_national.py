"""All indicators over a national population, against a bare DuckDB scan-and-group by element of the same Parquet.

Issue: 3 million children, 60 million registraties, every shipped indicator × gemeente and wijk × sex × year with
margins, at most 40 times the scan and at most 4 GB. `python indicators_national.py [children]`.

Two scans are measured. `indicators_count` is the barest: `count(*)` per element, which decodes one column of small
numbers (0.2 s for 60 million rows). `indicators_values` also looks at what is registered: per element the number of
different values, and the first and last value and date. No way of computing indicators can do with less than the
columns of the second; the first shows what the engine does when it need not look at them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import date
from pathlib import Path

import _population
from _measure import Case, compare, save

MOST_TIMES, MOST_MB = 40, 4000
#: The cases run in interpreters of their own; this tells them how many children there are.
CHILDREN = "BDS_BENCH_CHILDREN"
SCANS = {
    "count": "count(*)",
    "values": "count(*), count(distinct waarde), min(waarde), max(waarde), min(datum), max(datum)",
}


def population() -> tuple[Path, Path]:
    children = int(os.environ.get(CHILDREN, "3000000"))
    return _population.make(Path(tempfile.gettempdir()) / f"bds-bench-national-{children}", children)


def scan(what: str) -> int:
    import duckdb

    store, _ = population()
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("set enable_progress_bar = false")
    file = store / "registraties.parquet"
    sql = f"select bdsnummer, {SCANS[what]} from read_parquet('{file}') group by bdsnummer"
    return len(connection.execute(sql).fetchall())


def count() -> int:
    return scan("count")


def values() -> int:
    return scan("values")


def ours() -> int:
    import polars as pl

    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.features import Settings
    from bds_tool.indicators.run import compute
    from bds_tool.store.store import Store

    store, areas = population()
    settings = Settings(2021, 2025, date(2025, 12, 31))
    plan = Plan(choose([]), settings, levels=("gemeente", "wijk"), by=("sex",))
    target = store.parent / "national.result"
    result = compute(Store.open(store), plan, target, area_paths=[areas], replace=True)
    return int(result.counts().select(pl.len()).collect().item())


def main() -> None:
    import pyarrow.parquet as pq

    if sys.argv[1:]:
        os.environ[CHILDREN] = sys.argv[1]
    store, _ = population()
    rows = pq.read_metadata(store / "registraties.parquet").num_rows
    title = "Alle indicatoren × gemeente en wijk × geslacht × jaar, 3 miljoen kinderen"
    labels = {"count": "DuckDB: count(*) per element", "values": "DuckDB: waarden en datums per element"}
    for name, plain in (("count", count), ("values", values)):
        save(
            compare(
                f"indicators_{name}",
                title,
                Case(labels[name], plain),
                Case("bds indicator compute", ours),
                unit="rijen resultaat",
                rounds=3,
                target=1 / MOST_TIMES,
                max_mb=MOST_MB,
                note=f"Eis: hoogstens {MOST_TIMES} keer de kale telling.",
                extra={"registraties": rows},
            )
        )


if __name__ == "__main__":
    main()
