"""`bds doctor`: every part is looked at, and what is wrong is told with what to do, never by stopping."""

from __future__ import annotations

import json
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from bds_tool.cli import doctor

ROOT = Path(__file__).resolve().parents[2]


def looks(bds, *before):
    told = bds(*before, "doctor", "--format", "json")
    return told.code, {row["wat"]: row for row in json.loads(told.out)}


def test_every_extra_of_the_package_is_looked_at():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert set(doctor.EXTRAS) == set(declared) - {"all"}


def test_a_missing_extra_is_told_with_the_line_that_installs_it(bds, monkeypatch):
    real = metadata.version

    def without(name):
        if name == "typst":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(doctor, "version", without)
    code, found = looks(bds)
    assert code == 0
    pdf = found["pdf: factsheets als PDF"]
    assert (pdf["staat"], pdf["gevonden"], pdf["te doen"]) == (
        "let op",
        "ontbreekt: typst",
        'pip install "bds-tool[pdf]"',
    )
    assert found["charts: grafieken als PNG"]["staat"] == "goed"


def test_a_missing_library_is_wrong(bds, monkeypatch):
    monkeypatch.setattr(doctor, "_present", lambda names: ([], list(names)))
    code, found = looks(bds)
    assert code == 1
    assert found["bibliotheken"]["staat"] == "fout"
    assert "polars" in found["bibliotheken"]["te doen"]


def test_wrong_settings_are_told_and_the_rest_too(bds, tmp_path, monkeypatch):
    (tmp_path / "bds.toml").write_text("[validate]\nfail_on = 3\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, found = looks(bds)
    assert code == 1
    assert found["bds.toml"]["staat"] == "fout"
    assert "fail_on" in found["bds.toml"]["gevonden"]
    assert found["definities"]["staat"] == "goed"


@pytest.mark.parametrize(
    ("free", "writable", "state"), [(1e12, True, "goed"), (1e8, True, "let op"), (1e12, False, "fout")]
)
def test_the_temporary_folder(bds, monkeypatch, free, writable, state):
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(doctor.os, "access", lambda *_: writable)
    found = looks(bds)[1]["tijdelijke map"]
    assert found["staat"] == state
    assert bool(found["te doen"]) == (state != "goed")


def test_little_memory(bds, monkeypatch):
    monkeypatch.setattr(doctor, "_memory", lambda: 2_000_000_000)
    assert looks(bds)[1]["processor en geheugen"]["staat"] == "let op"


@pytest.mark.parametrize("width", [60, 80])
def test_text_fits_the_screen(bds, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = bds("doctor").out.splitlines()
    assert lines
    assert all(len(line) <= width or " " not in line.strip() for line in lines)


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("polars<3,>=2", "polars"),
        ('pandera[polars]>=0.35; extra == "x"', "pandera"),
        ("a ~=1", "a"),
        ("b!=2", "b"),
    ],
)
def test_names_of_requirements(requirement, name):
    assert doctor._name(requirement) == name
