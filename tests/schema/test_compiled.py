"""The compiled definitions say what the texts say, and are not needed; frames from files equal those from objects."""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path

import pytest
import yaml

from bds_tool.base import compiled, vocabulary
from bds_tool.base.specs import parse_yaml, shipped_specs, specs_dir
from bds_tool.schema import load, versions
from bds_tool.schema.frames import codes_frame

ROOT = Path(__file__).parents[2]
TEXTS = sorted(specs_dir().rglob("*.yaml"))


@pytest.fixture
def built(tmp_path, monkeypatch):
    """The file as the build step makes it, of some definitions."""
    texts = [path.read_bytes() for path in TEXTS[:10]]
    target = tmp_path / "compiled.bin"
    compiled.write(texts, [yaml.safe_load(t) for t in texts], target)
    monkeypatch.setattr(compiled, "FILE", target)
    compiled._index.cache_clear()
    yield target
    compiled._index.cache_clear()


def test_what_is_compiled_is_what_the_text_says(built):
    assert built.is_file()
    for path in TEXTS[:10]:
        text = path.read_bytes()
        assert compiled.known(text) == [yaml.safe_load(text)]
        assert compiled.known(text + b"\n# changed") == []


def test_every_call_gives_a_fresh_value(built):
    assert built.is_file()
    text = TEXTS[0].read_text(encoding="utf-8")
    first = parse_yaml(text)
    first.clear()
    assert parse_yaml(text)


@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "other"])
def test_a_damaged_file_is_as_if_it_were_not_there(built, damage):
    content = built.read_bytes()
    built.unlink()
    if damage != "gone":
        built.write_bytes(
            {"empty": b"", "cut": content[: len(content) // 3], "other": b"bds1" + b"\xff" * 50}[damage]
        )
    for path in TEXTS[:10]:
        assert parse_yaml(path.read_text(encoding="utf-8")) == yaml.safe_load(path.read_bytes())


def test_the_build_step_compiles_every_definition(monkeypatch, tmp_path):
    """Run as the installer runs it; the file goes elsewhere here."""
    pytest.importorskip("hatchling")
    monkeypatch.setattr(compiled, "FILE", tmp_path / "compiled.bin")
    hook = runpy.run_path(str(ROOT / "hatch_build.py"))["Compile"]
    data = {"artifacts": []}
    hook(str(ROOT), {}, None, None, str(tmp_path), "wheel").initialize("standard", data)
    assert data["artifacts"] == ["bds_tool/compiled.bin"]
    compiled._index.cache_clear()
    assert [p.name for p in TEXTS if not compiled.known(p.read_bytes())] == []
    sources = vocabulary.sources(shipped_specs())
    assert frozenset(compiled.known(b"".join(sources))[0]) == vocabulary.words(sources)
    compiled._index.cache_clear()


@pytest.mark.parametrize("version", versions())
def test_codes_from_files_are_those_of_the_definition(version):
    definition = load(version)
    objects = dataclasses.replace(definition, waardenlijsten=dict(definition.waardenlijsten))
    assert codes_frame(definition).equals(codes_frame(objects))
