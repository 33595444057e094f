"""Running `bds` as a process with its peak memory, for attacks on resources."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


# A child that is forked counts the peak of the process it was forked from (getrusage(2) keeps it over exec), and a
# test runner is large. This small process between them is the parent, and tells the peak of its own child only.
MEASURED = """
import os, resource, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status = os.waitpid(child.pid, 0)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
with open(sys.argv[1], "w") as file:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    file.write(f"{os.waitstatus_to_exitcode(status)} {peak} {used.ru_utime + used.ru_stime}")
"""


class Run:
    """What a process did: exit code, texts, seconds, seconds of processor time and peak memory in MB."""

    def __init__(self, code: int, out: str, err: str, seconds: float, cpu: float, megabytes: float) -> None:
        self.code, self.out, self.err, self.seconds, self.cpu, self.megabytes = (
            code,
            out,
            err,
            seconds,
            cpu,
            megabytes,
        )

    @property
    def said(self) -> str:
        return self.out + self.err


@pytest.fixture
def process(tmp_path):
    """`process("validate", path)` runs `bds` in a fresh interpreter with a time limit."""

    def call(*arguments: object, limit: float = 60, **settings) -> Run:
        out, err, told = tmp_path / "stdout.log", tmp_path / "stderr.log", tmp_path / "peak.log"
        start = time.monotonic()
        with out.open("wb") as o, err.open("wb") as e:
            between = subprocess.Popen(
                [
                    sys.executable,
                    "-S",
                    "-c",
                    MEASURED,
                    told,
                    sys.executable,
                    "-m",
                    "bds_tool",
                    *map(str, arguments),
                ],
                stdout=o,
                stderr=e,
                cwd=tmp_path,
                start_new_session=True,
                **settings,
            )
            try:
                between.wait(limit)
            except subprocess.TimeoutExpired:
                os.killpg(between.pid, signal.SIGKILL)
                between.wait()
                pytest.fail(f"bds {arguments} took longer than {limit} s")
        code, peak, cpu = told.read_text().split()
        texts = [p.read_text(encoding="utf-8", errors="replace") for p in (out, err)]
        for path in (out, err, told):
            path.unlink()
        return Run(int(code), *texts, time.monotonic() - start, float(cpu), int(peak) / 1024)

    return call


def digest(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.is_symlink()
    }
