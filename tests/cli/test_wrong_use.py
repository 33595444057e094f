"""Wrong use and wrong files: one clear message with a remedy, the exit code that belongs to it, nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
EXPORT = SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv"


@pytest.mark.parametrize(
    "command",
    [
        "rule BDS203 --format csv",
        "rule BDS203 --format pdf",
        "rule --format pdf",
        "rule --for hl7",
        "rule --bds 9.9",
        "spec search lengte --kind dier",
        "spec export james --coding snomed",
        "spec show",
        "protocol list --bds 9.9",
        "change show 4.1.3-4.2.0 --kind dier",
        "change new 4.1.3 export.csv -o pakket.yaml",
        "indicator show OW --format csv",
        "profile x.csv --format pdf",
        "convert x.csv y.csv --to csv --bds 9.9",
    ],
)
def test_a_value_that_an_option_does_not_take(command, bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = bds(*command.split())
    assert told.code == 2, (told.out, told.err)
    assert told.out == ""
    assert len(told.err.splitlines()) >= 2, "a message and a remedy"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["weg.bds", "leeg.json", "map"])
@pytest.mark.parametrize(
    "command",
    [
        "migrate {} --to 4.2.0 -o uit.bds",
        "anonymise {} --to uit --key-file sleutel",
        "area check {}",
        "indicator compute {} -o uit.result -i OW",
        "change check 4.1.3-4.2.0 --data {}",
        "convert {} uit.csv --to csv",
        "profile {}",
        "validate {}",
    ],
)
def test_what_cannot_be_read_is_three_and_gives_no_result(command, name, bds, tmp_path, monkeypatch):
    """A result of zero children from a file that is not there would be a lie."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leeg.json").touch()
    (tmp_path / "map").mkdir()
    (tmp_path / "sleutel").write_text("s" * 32)
    before = sorted(tmp_path.iterdir())
    told = bds(*command.format(name).split())
    assert told.code == 3, (told.out, told.err)
    assert name in told.out + told.err or "niets te lezen" in told.err
    assert sorted(tmp_path.iterdir()) == before


def test_what_was_not_read_beside_what_was_is_named(bds, tmp_path):
    (tmp_path / "a.csv").write_bytes(EXPORT.read_bytes())
    (tmp_path / "b.json").write_text("{")
    told = bds("indicator", "compute", tmp_path, "-o", tmp_path / "uit.result", "-i", "OW")
    assert told.code == 0
    assert "Niet gelezen: 1" in told.err
    assert "b.json" in told.err


@pytest.mark.parametrize("command", ["check", "show", "notes"])
def test_an_export_given_as_a_package_is_not_quoted(command, bds, tmp_path):
    """Values of children are never in a message, also not when the wrong file was pointed at."""
    child = {"reference": "KIND-4711", "clientDetails": [{"bdsNumber": 7, "value": "999990019"}]}
    for name, content in (("a.csv", "client;bsn\nKIND-4711;999990019\n"), ("a.json", json.dumps(child))):
        (tmp_path / name).write_text(content)
        told = bds("change", command, tmp_path / name)
        assert told.code == 2
        assert "KIND" not in told.out + told.err
        assert "99999" not in told.out + told.err


def test_no_element_has_an_empty_name(bds):
    for command in ("show", "path"):
        assert bds("spec", command, "").code == 2
