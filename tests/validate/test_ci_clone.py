"""The recipe for GitHub as a vendor runs it: the steps of the action, installed from a clone of depth 1 in an empty environment.

Needs the package index, so it is slow; `test_ci_recipes.py` runs the same steps with what is installed here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .test_ci_recipes import BLOCKS, CHILD, ROOT, WRONG

pytestmark = pytest.mark.slow
GIT = ["git", "-c", "user.name=proef", "-c", "user.email=proef@example.org", "-c", "init.defaultBranch=main"]
OWN = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "GIT_DIR", "BDS_SPECS")


def run(arguments, place, **environment):
    kept = {k: v for k, v in os.environ.items() if k not in OWN}
    return subprocess.run(
        arguments, cwd=place, env=kept | environment, capture_output=True, text=True, check=False
    )


def ran(arguments, place, **environment):
    done = run(arguments, place, **environment)
    assert done.returncode == 0, (arguments, done.stdout[-2000:], done.stderr[-2000:])
    return done


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A clone of depth 1 with the tag that the recipes name."""
    folder = tmp_path_factory.mktemp("bron") / "bds"
    ran([*GIT, "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(folder)], folder.parent)
    ran([*GIT, "tag", "v0.2.0"], folder)
    return folder


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """The folder of programs of an environment with nothing in it."""
    folder = tmp_path_factory.mktemp("omgeving")
    ran([sys.executable, "-m", "venv", str(folder)], folder)
    return folder / "bin"


@pytest.fixture
def vendor(tmp_path):
    """The repository of a vendor with one example in it, committed."""
    (tmp_path / "voorbeelden").mkdir()
    (tmp_path / "voorbeelden" / "kind.json").write_text(json.dumps(CHILD), encoding="utf-8")
    ran([*GIT, "init", "--quiet"], tmp_path)
    ran([*GIT, "add", "."], tmp_path)
    ran([*GIT, "commit", "--quiet", "-m", "begin"], tmp_path)
    return tmp_path


def both(vendor, step):
    """`step` on what is right and on what is wrong: the two codes with what was said."""
    first = step()
    (vendor / "voorbeelden" / "kind.json").write_text(json.dumps(WRONG), encoding="utf-8")
    return first, step()


def block(first):
    return next(text for kind, text in BLOCKS if kind == "yaml" and text.startswith(first))


def test_the_action_installs_and_judges(source, tools, vendor):
    given = yaml.safe_load(block("# .github"))["jobs"]["validate"]["steps"]
    with_ = next(s["with"] for s in given if s["uses"].startswith("BRON"))
    action = yaml.safe_load((source / "action.yml").read_text("utf-8"))
    inputs = {name: with_.get(name, facts.get("default")) for name, facts in action["inputs"].items()}
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"

    def steps():
        for step in action["runs"]["steps"]:
            facts = {
                k: inputs[re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", v)[1]]
                for k, v in step.get("env", {}).items()
            }
            script = ["bash", "-e", "-o", "pipefail", "-c", step["run"]]
            done = run(script, vendor, PATH=path, GITHUB_ACTION_PATH=str(source), **facts)
        return done

    good, wrong = both(vendor, steps)
    assert (good.returncode, wrong.returncode) == (0, 1), (good.stderr, wrong.stderr)
    assert "::error" in wrong.stdout
    assert Path(run([str(tools / "python"), "-c", "import bds_tool; print(bds_tool.__file__)"], vendor).stdout).is_relative_to(tools.parent)  # fmt: skip
