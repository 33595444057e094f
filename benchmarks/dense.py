"""The whole way of an organisation at true density: `python benchmarks/dense.py [children … | step …]`, then `run.py --page`.

Numbers are sizes, words are steps; without them all are measured. What was measured before and is not asked again, stays.

`bds generate` gives a child some 420 registraties, all themes. Each step is a command of its own: CPU seconds of it and all
it started (wall time means little on a shared machine), and the memory of its largest process. The baseline of a size is
Polars reading the same CSV and writing it as Parquet. Each size is measured once, the baseline three times (the smallest).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from _measure import RESULTS, machine, versions

BDS = str(Path(sys.executable).with_name("bds"))
FILE = RESULTS / "growth" / "dense.json"
SIZES = (1_000, 3_000, 10_000, 30_000)
BASE = "import polars as pl, sys; pl.scan_csv(sys.argv[1], infer_schema=False).sink_parquet(sys.argv[2])"
#: Step → arguments, in order; each reads what the ones before wrote. All indicators are counted; those of `make demo` go on.
AREAS = (
    "--areas",
    "basis.bds/gebieden.parquet",
    "--area",
    "gemeente,wijk",
    "--period",
    "2023..2025",
    "--quiet",
)
DEMO = ("-i", "groei", "-i", "voeding", "-i", "vaccinatie", "-i", "bereik", "--by", "year")
STEPS = {
    "convert": ("convert", "lang.csv", "-o", "eigen.bds", "--quiet"),
    "validate": ("validate", "eigen.bds", "--quiet", "--exit-zero"),
    "compute": ("indicator", "compute", "eigen.bds", "-o", "telling.result", *AREAS, "--by", "sex,year"),
    "protect": ("protect", "run", "demo.result", "--policy", "wijk-klassen", "--to", "veilig.result"),
    "site": ("report", "site", "veilig.result", "--output", "site", "--demo"),
}


def took(argv: list[str], folder: Path) -> dict[str, float]:
    process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit {process.returncode}: {' '.join(argv)}\n{told[-800:]}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "mb": usage.ru_maxrss / 1024}


def measure(children: int, wanted: list[str]) -> dict[str, Any]:
    import polars as pl

    with tempfile.TemporaryDirectory(prefix="bds-bench-dense-") as name:
        folder = Path(name)
        made = ["generate", "-n", str(children), "--seed", "11", "--bds", "4.1.3", "--region", "midden"]
        took([BDS, *made, "-o", "basis.bds", "--quiet"], folder)
        took([BDS, "convert", "basis.bds", "--to", "csv", "-o", "lang.csv", "--quiet"], folder)
        rows = (
            pl.scan_parquet(folder / "basis.bds" / "registraties.parquet").select(pl.len()).collect().item()
        )
        plain = min(
            took([sys.executable, "-c", BASE, "lang.csv", "kaal.parquet"], folder)["cpu"] for _ in range(3)
        )
        steps = {}
        for step, arguments in STEPS.items():
            if step not in wanted:
                continue
            if step == "protect":
                took([BDS, "indicator", "compute", "eigen.bds", "-o", "demo.result", *AREAS, *DEMO], folder)
            steps[step] = took([BDS, *arguments], folder)
            print(children, step, {k: round(v, 1) for k, v in steps[step].items()}, flush=True)
        counted = folder / "demo.result" / "counts.parquet"
        cells = pl.scan_parquet(counted).select(pl.len()).collect().item() if counted.exists() else None
        return {"rows": rows, "cells": cells, "baseline": plain, "steps": steps}


def main(arguments: list[str]) -> int:
    sizes = [a for a in arguments if a.isdecimal()] or list(map(str, SIZES))
    wanted = [a for a in arguments if a in STEPS] or list(STEPS)
    told = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"sizes": {}}
    for size in sizes:
        new, old = measure(int(size), wanted), told["sizes"].get(size, {"steps": {}, "cells": None})
        new["steps"] = old["steps"] | new["steps"]
        new["cells"] = new["cells"] or old["cells"]
        told["sizes"][size] = new
        told |= {"date": datetime.now(UTC).date().isoformat(), "machine": machine(), "versions": versions()}
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
