"""Run the tests with each Python and with the oldest libraries that are supported: `make matrix`.

Every line of MATRIX gets an environment of its own in `build/matrix/`. A Python that is not on this machine is
reported as not run. Prints a table and ends with 1 when a line failed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
#: (Python, constraints)
MATRIX = [("3.11", "oldest"), ("3.12", ""), ("3.13", "")]


def python(version: str) -> str | None:
    """The interpreter of this version: on the PATH, or among those of pyenv."""
    places = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    found = [*map(str, places[-1:]), shutil.which(f"python{version}")]
    return next((p for p in found if p), None)


def run(version: str, constraints: str, chosen: list[str]) -> str:
    interpreter = python(version)
    if interpreter is None:
        return "not run: this Python is not on the machine"
    place = HOME / "build" / "matrix" / f"{version}{constraints and '-' + constraints}"
    own = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not own.exists():
        subprocess.run([interpreter, "-m", "venv", str(place)], check=True)
    subprocess.run([str(own), "-m", "pip", "install", "-q", "--upgrade", "pip"], check=True)
    install = [str(own), "-m", "pip", "install", "-q", "--editable", ".[all]", "--group", "test"]
    bounds = ["-c", str(HOME / "tests" / f"{constraints}.txt")] if constraints else []
    done = subprocess.run([*install, *bounds], cwd=HOME, check=False)
    if done.returncode:
        return "the environment cannot be made"
    start = time.monotonic()
    tests = [str(own), "-m", "pytest", "-n", "auto", "-m", "not slow", *chosen]
    code = subprocess.run(tests, cwd=HOME, check=False).returncode
    return f"{'passed' if code == 0 else 'FAILED'} in {time.monotonic() - start:.0f} s"


def main() -> int:
    told = {f"{v} {c}".strip(): run(v, c, sys.argv[1:]) for v, c in MATRIX}
    for name, outcome in told.items():
        sys.stdout.write(f"Python {name:12} {outcome}\n")
    return int(any("passed" not in o and not o.startswith("not run") for o in told.values()))


if __name__ == "__main__":
    sys.exit(main())
