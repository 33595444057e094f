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
        "rule BDS203 --for hl7",
        "rule BDS203 --bds 9.9",
        "spec search lengte --kind dier",
        "spec export james --coding snomed",
        "spec show",
        "protocol list --bds 9.9",
        "change show 4.1.3-4.2.0 --kind dier",
        "change new 4.1.3 export.csv -o pakket.yaml",
        "indicator show OW --format csv",
        "profile x.csv --format pdf",
        "convert x.csv y.csv --to csv --bds 9.9",
        "convert x.csv y.csv --to csv --format xml",
        "protect policy show ncj-strict --format csv",
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
        "protect ledger {}",
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
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(EXPORT.read_bytes())
    (tmp_path / "in" / "b.json").write_text("{")
    told = bds("indicator", "compute", tmp_path / "in", "-o", tmp_path / "uit.result", "-i", "OW")
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


@pytest.mark.parametrize(
    "command",
    [
        "protect run tabel.csv --to uit.csv --table {}",
        "protect audit tabel.csv --table {}",
        "protect run tabel.csv --to uit.csv --policy {} --table {}",
        "protect policy check {}",
        f"anonymise {EXPORT} --to uit --key-file sleutel --policy {{}}",
    ],
)
@pytest.mark.parametrize(
    "content",
    [
        {"reference": "KIND-4711", "clientDetails": [{"bdsNumber": 7, "value": "999990019"}]},
        [{"KIND-4711": "999990019"}],
        "KIND-4711;999990019",
        {"KIND-4711": {"999990019": "KIND-4711"}},
        {
            "id": "KIND-4711",
            "method": "KIND-4711",
            "count": ["KIND-4711"],
            "dimensions": [
                {"name": 999990019, "column": {"KIND-4711": 1}, "parents": {"KIND-4711": 999990019}}
            ],
            "hierarchy": "KIND-4711",
            "minimum": "KIND-4711",
            "k": "KIND-4711",
        },
    ],
)
def test_an_export_given_as_a_definition_is_not_quoted(command, content, bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.yaml").write_text(json.dumps(content))
    (tmp_path / "tabel.csv").write_text("a,n\nx,5\n")
    (tmp_path / "sleutel").write_text("s" * 32)
    told = bds(*command.replace("{}", "wrong.yaml").split())
    assert told.code == 2, told.err
    assert "wrong.yaml klopt niet" in told.err
    assert "KIND" not in told.out + told.err
    assert "99999" not in told.out + told.err


def test_what_is_expected_of_a_definition_is_told_with_its_place(bds, tmp_path):
    (tmp_path / "t.csv").write_text("a,n\nx,5\n")
    description = {"dimensions": [{"name": "a", "columm": "a", "parents": {"KIND-4711": 4711}}]}
    (tmp_path / "t.yaml").write_text(json.dumps(description))
    told = bds("protect", "audit", tmp_path / "t.csv", "--table", tmp_path / "t.yaml").err
    assert "dimensions/0: een sleutel is onbekend; kies uit: " in told
    assert "Bedoelt u column?" in told
    assert "dimensions/0/parents/…: hier hoort een tekst" in told


def test_no_element_has_an_empty_name(bds):
    for command in ("show", "path"):
        assert bds("spec", command, "").code == 2


def test_a_result_without_figures_cannot_be_protected(bds, tmp_path):
    """A period in which nothing was registered gives no rows: that is told, with what to do."""
    counted, safe = tmp_path / "a.result", tmp_path / "b.result"
    assert bds("indicator", "compute", EXPORT, "-o", counted, "-i", "OW", "--period", "1990").code == 0
    told = bds("protect", "run", counted, "--to", safe)
    assert told.code == 2
    assert "geen cijfers" in told.err
    assert "--period" in told.err
    assert not safe.exists()


def test_a_report_of_a_store_in_which_nothing_was_counted(bds, tmp_path):
    from bds_tool.formats import read

    export, store = tmp_path / "a.csv", tmp_path / "leeg.bds"
    export.write_text("dossier;bdsnummer;waarde\nk1;235;80\n")
    with read([export], store):
        pass
    told = bds("report", "site", store, "-o", tmp_path / "site")
    assert told.code == 2, told.err
    assert "leeg.bds bevat geen cijfers" in told.err
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("report table {} -o uit.csv --period 1990", "Kies uit: 20"),
        ("report table {} -o uit.csv --level straat", "Kies uit: "),
        ("report melkvoeding {} -o uit.html --period 1990", "Kies uit: 20"),
    ],
)
def test_a_choice_that_a_result_does_not_hold(command, words, bds, tmp_path, monkeypatch, published):
    monkeypatch.chdir(tmp_path)
    told = bds(*command.format(published).split())
    assert told.code == 2
    assert words in told.err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A small protected result."""
    from bds_tool.cli.main import run

    folder = tmp_path_factory.mktemp("published")
    store, counted, safe = folder / "a.bds", folder / "a.result", folder / "b.result"
    for command in (
        f"generate --children 300 -o {store} -q",
        f"indicator compute {store} -o {counted} -i BF-BIRTH --by year --period 2015..2024 -q",
        f"protect run {counted} --to {safe} -q",
    ):
        assert run(command.split()) == 0
    return safe
