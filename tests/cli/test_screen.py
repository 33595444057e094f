"""A report where a person looks: within the width of the screen, in colours; plain everywhere else."""

import os
import re
import subprocess
import sys

import pytest

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
LOOK = ("validate", "sample_data/fouten/lang.csv", "--exit-zero")
ROOT = __file__.rpartition("/tests/")[0]


def on_screen(*arguments, columns=80, **settings):
    """What a terminal of so many columns gets on stdout."""
    pty = pytest.importorskip("pty", reason="a terminal to look at exists on POSIX only")
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    environment |= {"TERM": "xterm", "COLUMNS": str(columns), **settings}
    with subprocess.Popen(
        [sys.executable, "-m", "bds_tool", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        found = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so when the other side is closed
                part = b""
            if not part:
                break
            found += part
    os.close(ours)
    assert process.returncode == 0
    return found.decode().replace("\r\n", "\n")


def piped(*arguments, **settings):
    done = subprocess.run(
        [sys.executable, "-m", "bds_tool", *arguments],
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if k != "FORCE_COLOR"}, **settings},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def test_a_screen_gets_its_width_and_colours_and_the_same_words():
    shown = on_screen(*LOOK)
    bare = ESCAPE.sub("", shown)
    assert ESCAPE.search(shown)
    assert max(map(len, bare.split("\n"))) <= 80
    plain = piped(*LOOK)
    assert not ESCAPE.search(plain)
    assert bare.split() == plain.split()


def test_colours_can_be_refused_and_asked_for():
    assert not ESCAPE.search(on_screen(*LOOK, NO_COLOR="1"))
    assert ESCAPE.search(piped(*LOOK, FORCE_COLOR="1"))
    assert not ESCAPE.search(piped(*LOOK, FORCE_COLOR="1", NO_COLOR="1"))
    assert not ESCAPE.search(piped(*LOOK, "--format", "json", FORCE_COLOR="1"))
