"""How time and memory grow with the input: every reader, writer and command at four sizes, each in a process of its own.

    python benchmarks/exponents.py [--base 40] [--only dob,csv] [--write docs/groei.md]

Time is processor time (of this process and its children) after a first run on a small input, so that imports and other
work on the machine do not count. Memory is the peak during that run. An exponent is the slope of the line through the
logarithms of four sizes (1, 2, 4 and 8 times the base): 1 is linear, 2 quadratic.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIZES = (1, 2, 4, 8)
READ = ("dob", "james", "csv", "csv-wide", "parquet", "arrow", "ndjson", "xlsx", "fhir", "statistiek", "zip")
WRITE = ("store", "csv", "csv-wide", "parquet", "arrow", "ndjson", "xlsx", "james", "dob")
#: command → arguments; STORE is the input, DOB a folder of messages, OUT what is written.
COMMANDS = {
    "validate": ("validate", "STORE", "-q", "--exit-zero"),
    "validate (berichten)": ("validate", "DOB", "-q", "--exit-zero"),
    "profile": ("profile", "STORE", "-q"),
    "migrate": ("migrate", "STORE", "--to", "4.2.0", "--out", "OUT", "-q"),
    "pseudonymise": ("pseudonymise", "STORE", "--elements", "235", "--to", "OUT", "--key-file", "KEY", "-q"),
    "research-table": ("research-table", "STORE", "--outcome", "235", "--to", "OUT", "-q"),
    "zib coverage": ("zib", "coverage", "STORE"),
    "zib export": ("zib", "export", "STORE", "OUT", "--key-file", "KEY", "--workers", "1"),
    "indicator compute": ("indicator", "compute", "STORE", "--output", "OUT", "--area", "gemeente", "-q"),
    "generate": ("generate", "--children", "SIZE", "-o", "OUT", "-q"),
}  # fmt: skip
CASES = [*(f"lezen {r}" for r in READ), *(f"schrijven {w}" for w in WRITE), *COMMANDS]
#: What is allowed; the test holds readers to it.
MOST_TIME, MOST_MEMORY = 1.15, 1.05


def store(folder: Path, children: int) -> Path:
    made = folder / f"{children}.bds"
    if not made.exists():
        _bds("generate", "--children", children, "--bds", "4.1.3", "-o", made, "-q")
    return made


def given(folder: Path, kind: str, children: int) -> Path:
    """An export of so many children, in the format of a reader."""
    made = folder / f"{kind}-{children}"
    if kind == "statistiek":
        made = made.with_suffix(".sav")
    elif kind not in {"dob", "csv-wide", "fhir"}:
        made = made.with_name(f"{made.name}.{ {'james': 'json'}.get(kind, kind) }")
    if made.exists():
        return made
    if kind == "zip":
        import zipfile

        lines = given(folder, "csv", 8).read_text(encoding="utf-8").splitlines(keepends=True)[:40]
        with zipfile.ZipFile(made, "w") as archive:
            for number in range(children):
                archive.writestr(f"{number}.csv", "".join(lines))
    elif kind == "statistiek":
        import polars as pl
        import pyreadstat

        many = children * 50
        frame = {
            "client": [f"k{n}" for n in range(many)],
            "datum": ["2020-01-02"] * many,
            "bds_235": [900.0 + n % 90 for n in range(many)],
        }
        pyreadstat.write_sav(pl.DataFrame(frame), str(made))
    elif kind == "fhir":
        (folder / "key").write_text("a" * 64)
        _bds("zib", "export", store(folder, children), made, "--key-file", folder / "key", "--workers", 1)
    else:
        coding = ("--coding", "hl7") if kind == "dob" else ()
        _bds("generate", "--children", children, "--bds", "4.1.3", "--to", kind, *coding, "-o", made, "-q")
    return made


def work(case: str, folder: Path, children: int) -> Callable[[], object]:
    """What a case does once, on inputs that are there already."""
    from bds_tool.formats import read
    from bds_tool.formats.writing import WriteOptions, write
    from bds_tool.store.store import Store

    out = folder / "uit"

    def clear() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.unlink(missing_ok=True) if out.is_file() else None

    kind = case.partition(" ")[2]
    if case.startswith("lezen "):
        path = given(folder, kind, children)
        return lambda: read([path]).close()
    if case.startswith("schrijven "):
        opened = Store.open(store(folder, children))
        return lambda: (clear(), write(opened, kind, out, WriteOptions(bds="4.1.3", organisation=1)))
    words = {"OUT": str(out), "KEY": str(folder / "key"), "SIZE": str(children)}
    (folder / "key").write_text("a" * 64)
    if "STORE" in COMMANDS[case]:
        words["STORE"] = str(store(folder, children))
    if "DOB" in COMMANDS[case]:
        words["DOB"] = str(given(folder, "dob", children))
    return lambda: (clear(), _bds(*(words.get(a, a) for a in COMMANDS[case])))


def _bds(*arguments: object) -> None:
    from bds_tool.cli.main import run

    code = run([str(a) for a in arguments])
    if code not in {0, 1, 4}:
        raise RuntimeError(f"exit {code}: {arguments}")


def one(case: str, folder: Path, children: int) -> dict[str, float]:
    """Seconds of processor time and peak MB of one run, after one on the smallest input."""
    work(case, folder, 8)()
    again = work(case, folder, children)
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")  # the peak so far is forgotten
    before = sum(os.times()[:4])
    start = time.perf_counter()
    again()
    wall, seconds = time.perf_counter() - start, sum(os.times()[:4]) - before
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    return {"seconds": seconds, "wall": wall, "mb": peak}


def measure(case: str, folder: Path, base: int) -> list[dict[str, float]]:
    """The four sizes of a case, each in a process of its own."""
    found = []
    for size in SIZES:
        command = [
            sys.executable,
            str(HERE / "exponents.py"),
            "--one",
            case,
            "--folder",
            str(folder),
            "--base",
            str(base * size),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "BDS_PROCESSES": "1"}
        )
        if done.returncode:
            raise RuntimeError(f"{case} × {size}: {done.stderr[-600:]}")
        found.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return found


def exponent(values: list[float]) -> float:
    """The slope of the logarithms over the four sizes."""
    xs, ys = [math.log(s) for s in SIZES], [math.log(max(v, 0.001)) for v in values]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / sum((x - mx) ** 2 for x in xs)


def table(results: dict[str, list[dict[str, float]]], base: int) -> str:
    sizes = " / ".join(f"{base * s:,}".replace(",", ".") for s in SIZES)
    lines = [
        f"Kinderen (bij `zip`: bestanden in het archief): {sizes}.",
        "",
        "| wat | processortijd (s) | exponent | geheugen (MB) | exponent |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for case, found in results.items():
        seconds, memory = [f["seconds"] for f in found], [f["mb"] for f in found]
        told = (
            " / ".join(f"{s:.2f}".replace(".", ",") for s in seconds),
            " / ".join(f"{m:.0f}" for m in memory),
        )
        slopes = [f"{exponent(v):.2f}".replace(".", ",") for v in (seconds, memory)]
        lines.append(f"| {case} | {told[0]} | {slopes[0]} | {told[1]} | {slopes[1]} |")
    return "\n".join(lines) + "\n"


START, END = "<!-- tabel -->\n", "<!-- einde tabel -->\n"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", type=int, default=40)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--one", default="")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.one:
        told, sys.stdout = sys.stdout, sys.stderr
        told.write(json.dumps(one(options.one, options.folder, options.base)) + "\n")
        return 0
    chosen = [c for c in CASES if not options.only or c in options.only.split(",")]
    results = {}
    with tempfile.TemporaryDirectory() as name:
        for case in chosen:
            results[case] = measure(case, Path(name), options.base)
            print(
                f"{case}: tijd {exponent([f['seconds'] for f in results[case]]):.2f}, geheugen {exponent([f['mb'] for f in results[case]]):.2f}",
                flush=True,
            )
    text = table(results, options.base)
    print(text)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        head, _, rest = page.partition(START)
        options.write.write_text(head + START + text + END + rest.partition(END)[2], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
