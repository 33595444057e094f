"""Every recipe of CONTRIBUTING works: its files and changes are made in a copy of the project, its commands end well."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## Recepten\n")[2]
BLOCK = re.compile(r"```(\w+)(?: (\S+))?\n(.*?)```", re.DOTALL)
RECIPES = {part.partition("\n")[0]: part for part in PAGE.split("\n### ")[1:]}
#: An indicator on the view of the recipe before it.
TOGETHER = {"Een indicator": "Een view"}
#: A view is shown by the indicator that counts it.
SHOWN = [name for name in RECIPES if name not in TOGETHER.values()]


def amended(text: str, change: str) -> str:
    """A text with the `+` lines of a change added, beside the lines with a space that stand in it."""
    lines = change.rstrip("\n").split("\n")
    before = "\n".join(line[1:] for line in lines if line[0] == " ")
    after = "\n".join(line[1:] for line in lines)
    assert text.count(before) == 1, before
    return text.replace(before, after)


def squeeze(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", SHOWN)
def test_recipe(name, tmp_path):
    there = tmp_path / "project"
    here = tmp_path / "werk"
    here.mkdir()
    for part in ("bds_tool", "specs"):
        shutil.copytree(ROOT / part, there / part)
    (here / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)
    environment = {**os.environ, "PYTHONPATH": str(there), "BDS_SPECS": "", "COLUMNS": "120"}
    ran = 0
    for kind, place, content in BLOCK.findall(RECIPES.get(TOGETHER.get(name, ""), "") + RECIPES[name]):
        target = (there if place.startswith(("bds_tool/", "specs/")) else here) / place
        if kind == "diff":
            target.write_text(amended(target.read_text(encoding="utf-8"), content), encoding="utf-8")
        elif place:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        output = ""
        for line in content.strip().split("\n") if kind == "console" else ():
            if not line.startswith("$ "):
                assert squeeze(line) in output, line
                continue
            program, *arguments = shlex.split(line[2:])
            assert program == "bds"
            done = subprocess.run(
                [sys.executable, "-m", "bds_tool", *arguments],
                cwd=here,
                env=environment,
                capture_output=True,
                encoding="utf-8",
                check=False,
                timeout=120,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            output = squeeze(done.stdout + done.stderr)
            ran += 1
    assert ran
    # The copy is what ran, not the project.
    assert (there / "bds_tool" / "__main__.py").is_file()


def test_there_is_a_recipe_for_each_thing_that_is_added():
    wanted = {"regel", "rapportvorm", "invoerformaat", "view", "indicator", "protocol", "BDS-versie"}
    assert {name.split()[-1] for name in RECIPES} == wanted
