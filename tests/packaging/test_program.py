"""The program in one file: made and tried in a slow test; that the trying notices a bad one, in a fast one."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "program.py"


def test_a_program_that_does_something_else_is_noticed(tmp_path):
    made = runpy.run_path(str(SCRIPT))
    wrong = tmp_path / "bds.pyz"
    wrong.write_text("print('bds 0.2.0')\n", encoding="utf-8")
    # It gives a version, and nothing else that is asked of it.
    assert len(made["smoke"](wrong)) == len(made["SMOKE"]) - 1


@pytest.mark.slow
def test_the_program_is_made_and_does_its_work(tmp_path, monkeypatch):
    target = tmp_path / "bds.pyz"
    monkeypatch.setattr(sys, "argv", ["program.py", "--to", str(target)])
    assert runpy.run_path(str(SCRIPT))["main"]() == 0
    assert target.stat().st_size > 1e6
