"""Running `bds` as a process with its peak memory, for attacks on resources."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


class Run:
    """What a process did: exit code, texts, seconds and peak memory in MB."""

    def __init__(self, code: int, out: str, err: str, seconds: float, megabytes: float) -> None:
        self.code, self.out, self.err, self.seconds, self.megabytes = code, out, err, seconds, megabytes

    @property
    def said(self) -> str:
        return self.out + self.err


@pytest.fixture
def process(tmp_path):
    """`process("validate", path)` runs `bds` in a fresh interpreter with a time limit."""

    def call(*arguments: object, limit: float = 60, **settings) -> Run:
        out, err = tmp_path / "stdout.log", tmp_path / "stderr.log"
        start = time.monotonic()
        with out.open("wb") as o, err.open("wb") as e:
            child = subprocess.Popen(
                [sys.executable, "-m", "bds_tool", *map(str, arguments)],
                stdout=o,
                stderr=e,
                cwd=tmp_path,
                **settings,
            )
            while True:
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() - start > limit:
                    child.kill()
                    os.wait4(child.pid, 0)
                    child.returncode = -9
                    pytest.fail(f"bds {arguments} took longer than {limit} s")
                time.sleep(0.02)
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = [p.read_text(encoding="utf-8", errors="replace") for p in (out, err)]
        out.unlink()
        err.unlink()
        return Run(child.returncode, *texts, time.monotonic() - start, usage.ru_maxrss / 1024)

    return call


def digest(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.is_symlink()
    }
