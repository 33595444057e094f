"""All indicators over a national population, against one bare DuckDB scan-and-group by element of the same Parquet.

Claim: 3 million children, 60 million registraties, every shipped indicator × gemeente and wijk × sex × year with
margins takes at most 40 times the bare scan, in at most 4 GB. `python indicators_national.py [children] [folder]`.

Two scans are measured. `count` is the barest: `count(*)` per element, which reads one column of numbers. `values`
also looks at what is registered: the number of different values and the first and last date per element. The claim is
about the barest one; both ratios are printed.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

TARGET_RATIO, TARGET_MEMORY = 40, 4.0


#: Scan-and-group by element, by name.
SCANS = {
    "count": "count(*)",
    "values": "count(*), count(distinct waarde), min(waarde), max(waarde), min(datum), max(datum)",
}


def baseline(store: Path, what: str) -> int:
    import duckdb

    connection = duckdb.connect(config={"threads": 2})
    connection.execute("set enable_progress_bar = false")
    file = store / "registraties.parquet"
    sql = f"select bdsnummer, {SCANS[what]} from read_parquet('{file}') group by bdsnummer"
    return len(connection.execute(sql).fetchall())


def ours(store: Path, areas: Path) -> int:
    import polars as pl

    from bds_tool.dossier.store import Store
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.definitions import choose
    from bds_tool.indicators.features import Settings
    from bds_tool.indicators.run import compute

    plan = Plan(
        choose([]), Settings(2021, 2025, date(2025, 12, 31)), levels=("gemeente", "wijk"), by=("sex",)
    )
    result = compute(
        Store.open(store), plan, store.parent / "national.result", area_paths=[areas], replace=True
    )
    return int(result.counts().select(pl.len()).collect().item())


def timed(what: str, store: Path, areas: Path) -> dict[str, float]:
    """One run in a fresh interpreter: wall and CPU seconds of the work itself, peak memory of the process."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import indicators_national as b; "
        f"b.child({what!r}, {str(store)!r}, {str(areas)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def child(what: str, store: str, areas: str) -> None:
    import duckdb  # noqa: F401

    import bds_tool.indicators.run  # noqa: F401  # importing is not the claim

    start, cpu = time.perf_counter(), time.process_time()
    rows = baseline(Path(store), what) if what in SCANS else ours(Path(store), Path(areas))
    print(
        json.dumps(
            {
                "wall": time.perf_counter() - start,
                "cpu": time.process_time() - cpu,
                "rows": rows,
                "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
            }
        )
    )


def main() -> int:
    import indicators_population

    children = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("build") / f"national-{children}"
    store, areas = indicators_population.make(folder, children)
    rows = json.loads((store / "_store.json").read_text())["rijen"]
    bare: dict[str, list[dict[str, float]]] = {
        name: [timed(name, store, areas) for _ in range(3)] for name in SCANS
    }
    full = timed("ours", store, areas)
    for name, runs in bare.items():
        runs.append(timed(name, store, areas))
    print(f"{children} children, {rows} registraties, {full['rows']:.0f} rows of result")
    print(f"all indicators  {full['wall']:8.2f} s wall {full['cpu']:8.2f} s cpu {full['gb']:6.2f} GB")
    ratios = {}
    for name, runs in bare.items():
        wall, cpu = (sorted(r[key] for r in runs)[len(runs) // 2] for key in ("wall", "cpu"))
        ratios[name] = full["wall"] / wall
        print(
            f"scan {name:10} {wall:8.2f} s wall {cpu:8.2f} s cpu {max(r['gb'] for r in runs):6.2f} GB"
            f"   ratio {full['wall'] / wall:7.1f} wall {full['cpu'] / cpu:7.1f} cpu"
        )
    print(f"target: ratio {TARGET_RATIO} to the scan `count`, {TARGET_MEMORY} GB")
    return 0 if ratios["count"] <= TARGET_RATIO and full["gb"] <= TARGET_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
