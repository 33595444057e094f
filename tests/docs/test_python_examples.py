"""The page on the Python interface runs as one script, and prints what it says it prints."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import bds_tool
from bds_tool import api

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "howto" / "python.md").read_text(encoding="utf-8")
SCRIPT = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))


def test_the_page_runs_and_prints_what_it_says(tmp_path):
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == re.findall(r"# → (.*)", SCRIPT)


def test_every_function_of_the_interface_is_shown_or_named():
    functions = {
        n.name
        for n in ast.parse(Path(api.__file__).read_text("utf-8")).body
        if isinstance(n, ast.FunctionDef)
    }
    public = {name for name in functions if not name.startswith("_")}
    assert public <= set(bds_tool.__all__) == set(api.__all__)
    assert [name for name in sorted(public) if f"bds.{name}(" not in PAGE and f"`{name}`" not in PAGE] == []


def test_a_room_does_not_take_the_place_of_a_function():
    import bds_tool.protect.seal
    import bds_tool.validate.engine  # importing is the test

    assert bds_tool.validate is api.validate
    assert bds_tool.protect is api.protect


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, bds_tool; bds_tool.versions(); print({'polars', 'duckdb', 'pandera', 'typer'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"
