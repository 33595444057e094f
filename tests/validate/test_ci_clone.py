"""The recipes as a vendor runs them, installed from a clone of depth 1 in an empty environment.

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
def server(tmp_path_factory):
    """The repository as a server has it, whole: pip asks it for parts, which a clone of depth 1 cannot give."""
    folder = tmp_path_factory.mktemp("server") / "bds.git"
    ran([*GIT, "clone", "--quiet", "--bare", "--single-branch", f"file://{ROOT}", str(folder)], folder.parent)
    ran([*GIT, "tag", "--force", "v0.2.0"], folder)
    return folder


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """The folder of programs of an environment with nothing in it."""
    folder = tmp_path_factory.mktemp("omgeving")
    ran([sys.executable, "-m", "venv", str(folder)], folder)
    # As images of today have it: an older one takes `git+file:` for no address.
    ran([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--upgrade", "pip"], folder)
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


def test_the_template_for_gitlab_installs_and_judges(server, tools, vendor):
    job = yaml.safe_load((ROOT / "packaging" / "gitlab.yml").read_text("utf-8"))[".bds-validate"]
    own = yaml.safe_load(block("# .gitlab-ci"))["bds"]["variables"]
    given = job["variables"] | own | {"BDS_SOURCE": own["BDS_SOURCE"].replace("BRON", f"file://{server}")}
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    script = "\n".join([*job["before_script"], *job["script"]])
    good, wrong = both(
        vendor, lambda: run(["bash", "-e", "-o", "pipefail", "-c", script], vendor, PATH=path, **given)
    )
    assert (good.returncode, wrong.returncode) == (0, 1), (good.stderr, wrong.stderr)
    assert "BDS203" in wrong.stdout
    assert "<failure" in (vendor / "bds.xml").read_text("utf-8")


def test_pre_commit_judges_what_is_committed(server, tools, vendor, tmp_path_factory):
    ran([str(tools / "python"), "-m", "pip", "install", "--quiet", "pre-commit"], vendor)
    text = block("# .pre-commit").replace("BRON", f"file://{server}")
    (vendor / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
    home = str(tmp_path_factory.mktemp("haken"))
    (vendor / "voorbeelden" / "kind.json").write_text(json.dumps(CHILD, indent=1), encoding="utf-8")

    def hook():
        ran([*GIT, "add", "."], vendor)
        return run([str(tools / "pre-commit"), "run"], vendor, PRE_COMMIT_HOME=home)

    good, wrong = both(vendor, hook)
    assert (good.returncode, wrong.returncode) == (0, 1), (good.stdout, good.stderr)
    assert "Passed" in good.stdout, "the example was staged and judged"
    assert "BDS203" in wrong.stdout, "who commits reads what is wrong"
    assert "kind.json" in wrong.stdout
