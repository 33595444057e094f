"""The recipes of docs/howto/ci.md and the files they use: they fit together, and what they run, runs here."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/howto/ci.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
CHILD = {
    "Format": "3.0",
    "organisationCode": 1,
    "reference": "r1",
    "clientDetails": [{"bdsNumber": 19, "value": "1"}, {"bdsNumber": 20, "value": "20181011"}],
    "clientMeasurements": [],
}
#: The same with a sex that no list has.
WRONG = {**CHILD, "clientDetails": [{"bdsNumber": 19, "value": "77"}, {"bdsNumber": 20, "value": "20181011"}]}


def commands():
    """What the recipes and the files they use run, as it stands there."""
    for kind, text in BLOCKS:
        if kind == "sh":
            yield from (line for line in text.splitlines() if line.startswith("bds "))
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")):
        if hook.get("pass_filenames", True):
            yield f"{hook['entry']} voorbeelden/kind.json"  # pre-commit adds the names of the files
        else:
            yield " ".join([hook["entry"], *hook.get("args", [])])


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("voorbeelden", "levering-mei", "levering-juni"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "kind.json").write_text(json.dumps(CHILD), encoding="utf-8")
    return tmp_path


def shell(script, place, environment):
    """Run a step as a runner does: in bash, stopping at the first error, with `bds` of this environment."""
    program = place / "bin" / "bds"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bds_tool "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=place, env={**os.environ, **environment, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_recipes_use_what_is_there():
    workflow, gitlab, hooks = (yaml.safe_load(text) for kind, text in BLOCKS if kind == "yaml")
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    steps = workflow["jobs"]["validate"]["steps"]
    used = next(s for s in steps if s["uses"].startswith("BRON"))
    assert set(used["with"]) <= set(action["inputs"])
    made = {action["inputs"][name]["default"] for name in ("sarif", "html")}
    uploads = {s["with"].get("sarif_file") or s["with"].get("path") for s in steps if "upload" in s["uses"]}
    assert uploads == made, "a recipe uploads what is not made"
    template = yaml.safe_load((ROOT / "packaging" / "gitlab.yml").read_text("utf-8"))
    assert gitlab["include"][0]["remote"].endswith("packaging/gitlab.yml")
    job = template[gitlab["bds"]["extends"]]
    assert set(gitlab["bds"]["variables"]) <= set(job["variables"])
    known = {h["id"] for h in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert {h["id"] for h in hooks["repos"][0]["hooks"]} <= known


def test_the_commands_run(bds, place):
    found = list(commands())
    assert len(found) == 7
    for command in found:
        result = bds(*shlex.split(command)[1:])
        assert result.code == 0, (command, result.out, result.err)


@pytest.mark.parametrize(("child", "code"), [(CHILD, 0), (WRONG, 1)], ids=["good", "wrong"])
def test_the_steps_of_the_action_run_as_a_script(place, child, code):
    (place / "voorbeelden" / "kind.json").write_text(json.dumps(child), encoding="utf-8")
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    install, judge = action["runs"]["steps"]
    assert install["run"].startswith('python -m pip install --quiet "$GITHUB_ACTION_PATH')
    given = {name: facts.get("default", "voorbeelden/") for name, facts in action["inputs"].items()}
    environment = {
        key: given[re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value)[1]]
        for key, value in judge["env"].items()
    }
    done = shell(judge["run"], place, environment)
    assert done.returncode == code, done.stderr
    assert ("::error" in done.stdout) == bool(code)
    assert json.loads((place / "bds.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert (place / "bds.html").stat().st_size


def test_the_template_for_gitlab_runs_as_a_script(place):
    job = yaml.safe_load((ROOT / "packaging" / "gitlab.yml").read_text("utf-8"))[".bds-validate"]
    assert job["before_script"] == ['python -m pip install --quiet "$BDS_SOURCE"']
    done = shell("\n".join(job["script"]), place, job["variables"])
    assert done.returncode == 0, done.stderr
    assert (place / job["artifacts"]["reports"]["junit"]).read_text("utf-8").startswith("<?xml")
    assert all((place / path).stat().st_size for path in job["artifacts"]["paths"])


def test_the_container_file_copies_what_the_package_needs():
    """What the build reads must be in the image: the parts that the wheel and its build step name."""
    text = (ROOT / "packaging" / "Containerfile").read_text("utf-8")
    copied = {
        word
        for line in text.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    target = settings["tool"]["hatch"]["build"]["targets"]
    wanted = {
        *target["wheel"]["packages"],
        *target["wheel"]["force-include"],
        "hatch_build.py",
        "pyproject.toml",
    }
    wanted |= {settings["project"]["readme"], *settings["project"]["license-files"]}
    assert wanted <= copied
    assert all((ROOT / name).exists() for name in copied)
    last = text.rpartition("FROM ")[2]
    assert "\nUSER bds\n" in last
    assert 'ENTRYPOINT ["bds"]' in last


def test_the_settings_are_accepted(bds, place):
    text = next(text for kind, text in BLOCKS if kind == "toml")
    tomllib.loads(text)
    (place / "bds.toml").write_text(text, encoding="utf-8")
    result = bds("validate", "voorbeelden", "--reference-date", "2026-06-30")
    assert result.code == 0, result.err
    assert "BDS902" in result.out
