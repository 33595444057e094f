"""What stands between bds and another program: code pages, a reader that stops, a terminal that closes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
BDS = [sys.executable, "-m", "bds_tool"]


@pytest.mark.parametrize("page", ["cp1252", "cp850"])
@pytest.mark.parametrize("format_", ["json", "ndjson", "csv", "junit", "sarif", "github", "html"])
def test_machine_formats_are_utf8_whatever_the_code_page(format_, page):
    done = subprocess.run(
        [*BDS, "validate", str(SAMPLE / "fouten"), "--format", format_, "--exit-zero"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": page},
    )
    assert done.returncode == 0
    assert any(byte > 127 for byte in done.stdout), "nothing to tell code pages by"
    done.stdout.decode("utf-8")


def test_a_reader_that_stops_is_no_error():
    with subprocess.Popen(
        [*BDS, "rule", "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.read(10)
        running.stdout.close()
        told = running.stderr.read()
    assert (running.returncode, told) == (0, b"")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
@pytest.mark.parametrize("wait", [0.3, 1.5])
def test_a_terminal_that_closes_leaves_nothing(tmp_path, wait):
    with subprocess.Popen(
        [*BDS, "generate", "--children", "200000", "--output", str(tmp_path / "x.bds")],
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as running:
        time.sleep(wait)
        running.send_signal(signal.SIGHUP)
        told = running.stderr.read()
    assert b"Traceback" not in told
    assert running.returncode == 130
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_signal_in_a_callback_of_python_is_heard_all_the_same(tmp_path):
    """What is raised while an object dies is dropped: the run would go on, deaf to every signal that follows."""
    code = """
import signal, time, weakref
from bds_tool.cli import main
class Thing: pass
def run():
    thing = Thing()
    kept = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGHUP))
    try:
        del thing
        time.sleep(3)
    except main.Interrupted:
        return 130
    return 0
main.run = run
main.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, timeout=60, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (130, b"")


def test_little_is_imported_before_a_signal_is_heard():
    """Before `main` listens a Ctrl-C is Python's, with a traceback: neither typing nor re may lengthen that time."""
    root = str(Path(__file__).parents[2])
    code = f"import sys; sys.path.insert(0, {root!r}); import bds_tool.__main__; print({{'typing', 're', 'contextlib'}} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
