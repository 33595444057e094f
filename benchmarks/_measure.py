"""Measure a claim against a named baseline, both in the same run, alternating.

A benchmark is a module `benchmarks/<claim>.py` with module-level functions and a `main()`:

    from _measure import Case, compare, save

    def plain(): ...            # returns how many units (rows, messages) it did, or None
    def ours(): ...

    def main():
        return save(compare("validate_parquet", "Regels over een Parquet-extract",
                            Case("Polars, twee left joins", plain), Case("bds validate", ours),
                            unit="rijen", target=2.0))

    if __name__ == "__main__":
        main()

Each run of a case is a fresh interpreter, so peak memory is its own; imports are not timed unless
`cold=True`. A case may also be a command line (`argv=`), timed from start to exit.
`in_process=True` times calls in this process after one warm-up call, for work of milliseconds.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
LIBRARIES = (
    "polars",
    "duckdb",
    "pyarrow",
    "pandera",
    "lxml",
    "orjson",
    "jsonschema",
    "numpy",
    "dataframely",
    "pointblank",
    "pytauargus",
    "jsonschema-rs",
)


@dataclass
class Case:
    """One way to do the work: a module-level function without arguments, or a command line."""

    label: str
    func: Callable[[], int | None] | None = None
    argv: Sequence[str] = ()
    in_process: bool = False
    cold: bool = False


@dataclass
class Timing:
    """Seconds and MB over all rounds; `units` is what the work counted, `rate` units per second at the median."""

    label: str
    wall_min: float
    wall_median: float
    cpu_median: float
    peak_mb: float
    rounds: int
    cpu_min: float = 0.0
    units: int | None = None
    rate: float | None = None


@dataclass
class Comparison:
    """The outcome of a claim: `ratio` is baseline over claim (above 1: the claim is faster).

    Of the medians of the wall clock, or (`by` is cpu) of the smallest CPU seconds.
    """

    name: str
    title: str
    baseline: Timing
    claim: Timing
    ratio: float
    ratio_min: float
    unit: str
    target: str
    holds: bool | None
    note: str
    date: str
    machine: dict[str, str | int]
    versions: dict[str, str]
    extra: dict[str, float | int | str] = field(default_factory=dict)
    by: str = "wall"


def compare(
    name: str,
    title: str,
    baseline: Case,
    claim: Case,
    *,
    unit: str = "",
    rounds: int = 5,
    target: float | None = None,
    max_mb: float | None = None,
    min_rate: float | None = None,
    max_seconds: float | None = None,
    by: str = "wall",
    beside: Sequence[Case] = (),
    note: str = "",
    extra: dict[str, float | int | str] | None = None,
) -> Comparison:
    """Run baseline and claim in turn, `rounds` times each.

    `target` is the smallest ratio that upholds the claim, `max_mb` the largest peak memory and `min_rate`
    the smallest number of units per second, `max_seconds` the most that the claim may take; without any of them the
    figure is only reported. `beside`: other baselines of the same run; the extras say how many times each the claim takes.
    """
    cases = {"b": baseline, "c": claim, **{other.label: other for other in beside}}
    samples: dict[str, list[tuple[float, float, float, int | None]]] = {key: [] for key in cases}
    for number in range(rounds):
        for key in cases if number % 2 == 0 else reversed(cases):
            samples[key].append(_run(cases[key]))
    b, c = _timing(baseline.label, samples["b"]), _timing(claim.label, samples["c"])
    taken = [t.cpu_min if by == "cpu" else t.wall_median for t in (b, c)]
    ratio = taken[0] / taken[1]
    extra = dict(extra or {})
    for other in beside:
        t = _timing(other.label, samples[other.label])
        extra[f"maal {other.label}"] = round(taken[1] / (t.cpu_min if by == "cpu" else t.wall_median), 2)
    verdicts = [
        ratio >= target if target is not None else None,
        c.peak_mb <= max_mb if max_mb is not None else None,
        (c.rate or 0) >= min_rate if min_rate is not None else None,
        taken[1] <= max_seconds if max_seconds is not None else None,
    ]
    given = [v for v in verdicts if v is not None]
    wanted = [
        f"≥ {target:g} ×" if target is not None else "",
        f"≤ {max_mb:g} MB" if max_mb is not None else "",
        f"≥ {min_rate:,.0f} {unit}/s" if min_rate is not None else "",
        f"≤ {max_seconds:g} s" if max_seconds is not None else "",
    ]
    return Comparison(
        name,
        title,
        b,
        c,
        ratio,
        b.wall_min / c.wall_min,
        unit,
        ", ".join(w for w in wanted if w),
        all(given) if given else None,
        note,
        datetime.now(UTC).date().isoformat(),
        machine(),
        versions(),
        extra,
        by,
    )


def save(result: Comparison) -> Comparison:
    """Print the outcome and keep it as `benchmarks/results/<name>.json`; returns it unchanged."""
    for side, timing in (("baseline", result.baseline), ("claim   ", result.claim)):
        rate = f", {timing.rate:,.0f} {result.unit}/s" if timing.rate else ""
        print(
            f"{side} {timing.label}: {timing.wall_min:.4g} / {timing.wall_median:.4g} s (min / median of "
            f"{timing.rounds}), cpu {timing.cpu_median:.4g} s, peak {timing.peak_mb:.0f} MB{rate}"
        )
    verdict = {True: "holds", False: "DOES NOT HOLD", None: "no target"}[result.holds]
    print(
        f"ratio    {result.ratio:.2f} × (min: {result.ratio_min:.2f} ×) · target {result.target or '-'} · {verdict}"
    )
    for key, value in result.extra.items():
        print(f"         {key}: {value}")
    print(
        f"machine  {result.machine['cpu']} × {result.machine['cores']}, {result.machine['memory_gb']} GB, "
        f"Python {result.versions['python']}"
    )
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(asdict(result), indent=2, ensure_ascii=False)
    (RESULTS / f"{result.name}.json").write_text(text + "\n", encoding="utf-8")
    return result


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        models = [
            ln.split(":", 1)[1].strip() for ln in info.read_text().splitlines() if ln.startswith("model name")
        ]
        cpu = models[0] if models else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "cpu": cpu,
        "cores": os.cpu_count() or 1,
        "memory_gb": round(memory / 1e9),
        "system": platform.system(),
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that matter here, as far as installed."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _timing(label: str, samples: list[tuple[float, float, float, int | None]]) -> Timing:
    walls = [s[0] for s in samples]
    units = samples[-1][3]
    median = statistics.median(walls)
    return Timing(
        label,
        min(walls),
        median,
        statistics.median(s[1] for s in samples),
        max(s[2] for s in samples),
        len(samples),
        min(s[1] for s in samples),
        units,
        units / median if units else None,
    )


def _run(case: Case) -> tuple[float, float, float, int | None]:
    """(wall s, cpu s, peak MB, units) of one run."""
    if case.argv:
        return _run_command(list(case.argv))
    assert case.func is not None, f"{case.label}: give a function or a command line"
    if case.in_process:
        return _run_here(case.func)
    file, name = inspect.getsourcefile(case.func), case.func.__name__
    return _run_command([sys.executable, str(HERE / "_measure.py"), f"{file}:{name}"], inner=not case.cold)


def _run_command(argv: list[str], *, inner: bool = False) -> tuple[float, float, float, int | None]:
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=HERE.parent)
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (
        {0} if inner else {0, 1}
    ):  # 1 is "findings"; anything else means that the work was not done
        raise RuntimeError(f"exit {process.returncode}: {' '.join(argv)}")
    peak = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    if inner:
        told = json.loads(out.strip().splitlines()[-1])
        return told["wall"], told["cpu"], told["peak"] or peak, told["units"]
    return wall, usage.ru_utime + usage.ru_stime, peak, None


def _run_here(func: Callable[[], int | None]) -> tuple[float, float, float, int | None]:
    import resource

    func()
    start, cpu = time.perf_counter(), time.process_time()
    units = func()
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    return wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, units


def _child(target: str) -> None:
    """Run `file:function` once and tell the parent what it took; whatever the function prints goes to stderr."""
    file, _, name = target.rpartition(":")
    stdout, sys.stdout = sys.stdout, sys.stderr
    sys.path.insert(0, str(HERE))
    spec = importlib.util.spec_from_file_location("benchmark", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmark"] = module
    spec.loader.exec_module(module)
    before = os.times()
    start = time.perf_counter()
    units = getattr(module, name)()
    wall = time.perf_counter() - start
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    told = {"wall": wall, "cpu": cpu, "units": units if isinstance(units, int) else None, "peak": _own_peak()}
    stdout.write(json.dumps(told) + "\n")


def _own_peak() -> float | None:
    """Peak memory of this process in MB; what the parent sees (ru_maxrss) also counts the parent's own memory."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    lines = [line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) / 1024 if lines else None


if __name__ == "__main__":
    _child(sys.argv[1])
