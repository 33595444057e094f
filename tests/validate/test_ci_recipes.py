"""The recipes of docs/howto/ci.md: they parse, and every `bds` command in them runs here."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

PAGE = Path(__file__).parents[2] / "docs/howto/ci.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
CHILD = {
    "Format": "3.0",
    "organisationCode": 1,
    "reference": "r1",
    "clientDetails": [{"bdsNumber": 19, "value": "1"}, {"bdsNumber": 20, "value": "20181011"}],
    "clientMeasurements": [],
}


def commands():
    for kind, text in BLOCKS:
        if kind == "sh":
            yield from (line for line in text.splitlines() if line.startswith("bds "))
        elif kind == "yaml":
            yield from re.findall(r"(?:run: |- |entry: )(bds .*)", text)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("voorbeelden", "levering-mei", "levering-juni"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "kind.json").write_text(json.dumps(CHILD), encoding="utf-8")
    return tmp_path


def test_recipes_are_valid_files():
    parsed = [yaml.safe_load(text) for kind, text in BLOCKS if kind == "yaml"]
    assert len(parsed) == 3
    steps = parsed[0]["jobs"]["validate"]["steps"]
    made = next(s["run"] for s in steps if "bds validate" in s.get("run", ""))
    for step in steps:
        wanted = step.get("with", {}).get("sarif_file") or step.get("with", {}).get("path")
        assert wanted is None or f"={wanted}" in made, "a recipe uploads what it does not make"


def test_the_commands_run(bds, place):
    found = list(commands())
    assert len(found) == 6
    for command in found:
        words = shlex.split(command)[1:]
        if words[-1] == "error":  # pre-commit adds the names of the files
            words.append("voorbeelden/kind.json")
        result = bds(*words)
        assert result.code == 0, (command, result.out, result.err)
    for name in ("bds.sarif", "bds.html", "bds.xml"):
        assert (place / name).stat().st_size


def test_the_settings_are_accepted(bds, place):
    text = next(text for kind, text in BLOCKS if kind == "toml")
    tomllib.loads(text)
    (place / "bds.toml").write_text(text, encoding="utf-8")
    result = bds("validate", "voorbeelden", "--reference-date", "2026-06-30")
    assert result.code == 0, result.err
    assert "BDS902" in result.out
