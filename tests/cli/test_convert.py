"""`bds convert` as a user runs it: code, what is said, and what lies on disk afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from bds_tool.base.settings import load
from bds_tool.formats import read
from bds_tool.store import Store

DOCUMENT = {
    "Format": "3.0",
    "organisationCode": 7,
    "reference": "a",
    "clientDetails": [{"bdsNumber": 19, "value": "2"}, {"bdsNumber": 20, "value": "20181011"}],
    "clientMeasurements": [{"bdsNumber": 235, "values": [{"date": "20181111", "value": 380}]}],
}


@pytest.fixture
def export(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    path = tmp_path / "in.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


def test_the_output_is_an_option_or_the_last_word(bds, export, tmp_path):
    assert bds("convert", export, "-o", tmp_path / "een.csv").code == 0
    assert bds("convert", export, tmp_path / "twee.csv").code == 0
    assert (tmp_path / "een.csv").read_bytes() == (tmp_path / "twee.csv").read_bytes()
    again = bds("convert", export, "--output", tmp_path / "een.csv")
    assert again.code == 2
    assert "bestaat al" in again.err


@pytest.mark.parametrize(
    "command",
    [("pseudonymise",), ("research-table",), ("dossier", "copy"), ("protect", "run"), ("report", "table")],
)
def test_one_spelling_of_the_output(bds, command):
    """Older spellings work, and no page names them."""
    page = bds(*command, "--help").out
    assert "--output" in page
    assert "-o " in page
    assert "--out " not in page
    assert "--to " not in page


def test_to_store_and_from_store(bds, export, tmp_path):
    result = bds("convert", export, "--to", "store", tmp_path / "x.bds")
    assert (result.code, result.out) == (0, "")
    assert "gelezen als james-3.0: 1 bestand(en)" in result.err
    assert "3 registraties" in result.err
    assert Store.open(tmp_path / "x.bds").registraties().collect().height == 3
    again = bds("convert", tmp_path / "x.bds", "--to", "james", tmp_path / "out.json")
    assert again.code == 0
    assert json.loads((tmp_path / "out.json").read_text()) == DOCUMENT


def test_every_format_is_written_and_read_back(bds, export, tmp_path):
    for to in (
        "csv",
        "csv-wide",
        "parquet",
        "arrow",
        "ndjson",
        "xlsx",
        "james",
        "james-3.1",
        "excel",
        "json",
    ):
        name = {"excel": "excel.xlsx", "csv-wide": "wide"}.get(
            to, f"{to}.{to.split('-')[0].replace('james', 'json')}"
        )
        result = bds("convert", export, "--to", to, tmp_path / name)
        assert result.code == 0, result.err
        with read([tmp_path / name]) as back:
            assert sorted(back.registraties().collect()["waarde"].to_list()) == ["2", "2018-10-11", "380"], to


def test_dutch_excel_dialect(bds, export, tmp_path):
    assert bds("convert", export, "--to", "csv", tmp_path / "x.csv", "--dialect", "excel-nl", "-q").code == 0
    data = (tmp_path / "x.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfdossier_id;activiteit_id;datum;")
    assert b";11-11-2018;235;" in data
    assert b"\r\n" in data


def test_stdout_is_the_result_and_stderr_the_talk(bds, export):
    result = bds("convert", export, "--to", "csv", "-")
    assert result.code == 0
    assert result.out.splitlines()[0].startswith("dossier_id,activiteit_id,datum,bdsnummer")
    assert len(result.out.splitlines()) == 4
    assert "gelezen als" in result.err
    assert bds("convert", export, "--to", "james", "-", "-q").err == ""


def test_nothing_is_overwritten_unasked(bds, export, tmp_path):
    (tmp_path / "x.csv").write_text("mine")
    assert bds("convert", export, "--to", "csv", tmp_path / "x.csv").code == 2
    assert (tmp_path / "x.csv").read_text() == "mine"
    assert bds("convert", export, "--to", "csv", tmp_path / "x.csv", "--force").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("in.json",),
        ("in.json", "out.table"),
        ("in.json", "--to", "pdf", "out.pdf"),
        ("in.json", "--to", "csv"),
        ("in.json", "--to", "csv", "out.csv", "--dialect", "fr"),
        ("in.json", "--to", "csv", "out.csv", "--from", "pdf"),
    ],
)
def test_wrong_use_is_code_2(bds, export, arguments):
    result = bds("convert", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err


def test_broken_input(bds, export, tmp_path):
    (tmp_path / "empty.json").write_text("")
    alone = bds("convert", tmp_path / "empty.json", "--to", "csv", tmp_path / "a.csv")
    assert alone.code == 3
    assert not (tmp_path / "a.csv").exists()
    both = bds("convert", tmp_path / "empty.json", export, "--to", "csv", tmp_path / "b.csv")
    assert both.code == 1
    assert "niet gelezen: 1" in both.err
    assert pl.read_csv(tmp_path / "b.csv").height == 3


def test_a_store_stays_when_nothing_new_could_be_read(bds, export, tmp_path):
    assert bds("convert", export, tmp_path / "s.bds").code == 0
    before = {p.name: p.read_bytes() for p in (tmp_path / "s.bds").iterdir()}
    (tmp_path / "empty.json").write_text("")
    told = bds("convert", tmp_path / "empty.json", tmp_path / "s.bds", "--force")
    assert told.code == 3
    assert "empty.json" in told.err
    assert {p.name: p.read_bytes() for p in (tmp_path / "s.bds").iterdir()} == before


def test_a_store_of_which_nothing_was_read_gives_no_export(bds, tmp_path):
    (tmp_path / "empty.json").write_text("")
    bds("validate", tmp_path / "empty.json", "--store", tmp_path / "s.bds")
    told = bds("convert", tmp_path / "s.bds", tmp_path / "o.csv")
    assert told.code == 3
    assert "empty.json" in told.err
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("name", ["o.csv", "o.PARQUET", "o.json", "o.xml", "o.xlsx", "o.ndjson"])
def test_the_name_of_the_output_tells_the_format(bds, export, tmp_path, name):
    formats = {"o.PARQUET": "parquet", "o.json": "james", "o.xml": "dob"}
    assert bds("convert", export, tmp_path / "a" / name).code == 0
    assert bds("convert", export, tmp_path / "b" / name, "--to", formats.get(name, name[2:])).code == 0
    read = [
        json.loads(bds("validate", tmp_path / folder / name, "--format", "json", "--fail-on", "never").out)[
            "input"
        ]
        for folder in "ab"
    ]
    facts = [[(f["format"], f["rows"]) for f in files] for files in read]
    assert facts[0] == facts[1]
    assert facts[0]


def test_what_a_format_cannot_carry_is_told(bds, export, tmp_path):
    own = DOCUMENT | {
        "Format": "3.1",
        "clientMeasurements": [{"varName": "own", "values": [{"date": "20181111", "value": 1}]}],
    }
    export.write_text(json.dumps(own))
    result = bds("convert", export, "--to", "james-3.0", tmp_path / "x.json")
    assert result.code == 0
    assert "niet mee: 1 × gegeven zonder element" in result.err
    assert bds("convert", export, "--to", "james-3.0", tmp_path / "y.json", "--strict").code == 1
    english = bds("--lang", "en", "convert", export, "--to", "james-3.0", tmp_path / "z.json")
    assert "not carried: 1 × fact without an element" in english.err


def test_explain_proposes_a_mapping_that_works(bds, export, tmp_path):
    (tmp_path / "x.csv").write_text("clientnr;hoofdomtr;lengte_cm;team\nk;41,5;98,5;Noord\n")
    result = bds("convert", tmp_path / "x.csv", "--explain")
    assert result.code == 0
    assert "decimaalteken: komma" in result.err
    # What is not certain is a comment, for a person to take over.
    assert '# "hoofdomtr" = 252  # misschien 252 Hoofdomtrek' in result.out
    proposal = result.out[result.out.index("[[tabel]]") :].replace('# "hoofdomtr"', '"hoofdomtr"')
    (tmp_path / "bds.toml").write_text(proposal)
    with read([tmp_path / "x.csv"], tables=load(tmp_path / "bds.toml").tables) as store:
        found = dict(store.registraties().select("bdsnummer", "waarde").collect().rows())
    assert found == {252: "41.5", 235: "985", None: "Noord"}


def test_explain_as_json(bds, export, tmp_path):
    (tmp_path / "x.csv").write_text("clientnr;lengte_cm\nk;98,5\n")
    report = json.loads(bds("convert", tmp_path / "x.csv", "--explain", "--format", "json").out)
    assert [(c["kolom"], c["rol"], c["bdsnummer"]) for c in report["kolommen"]] == [
        ("clientnr", "dossier_id", None),
        ("lengte_cm", None, 235),
    ]


def test_explain_without_a_table(bds, export):
    assert bds("convert", export, "--explain").code == 3


def test_no_value_of_a_child_reaches_the_screen(bds, export, tmp_path):
    secret = "GEHEIM-98765"  # noqa: S105  # a made-up value of a record
    (tmp_path / "x.csv").write_text(f'client;972\nk;"{secret}\n')
    (tmp_path / "y.csv").write_text(f"client;235;eigen\n{secret};{secret};{secret}\n")
    (tmp_path / "z.json").write_text(f'{{"Format": "3.0", "clientDetails": [{{"value": "{secret}"')
    for name in ("x.csv", "y.csv", "z.json"):
        result = bds("convert", tmp_path / name, "--to", "store", tmp_path / f"{name}.bds")
        assert secret not in result.out + result.err


@pytest.mark.parametrize("name", ["t.sav", "t.dta", "t.rds"])
def test_a_format_of_statistics_is_not_written(bds, tmp_path, name):
    done = bds("convert", Path(__file__).resolve().parents[2] / "sample_data", tmp_path / name, "--to", "csv")
    assert (done.code, (tmp_path / name).exists()) == (2, False)
    assert ".csv" in done.err


def test_a_store_is_no_input_for_a_store(bds, tmp_path, export):
    assert bds("convert", export, "-o", tmp_path / "a.bds").code == 0
    told = bds("convert", tmp_path / "a.bds", "-o", tmp_path / "b.bds")
    assert told.code == 2
    assert "al een gegevensmap" in told.err
    assert not (tmp_path / "b.bds").exists()
