"""`bds change` and `bds migrate` as a user meets them: exit codes, what is result and what is talk."""

from __future__ import annotations

import json

import pytest

from bds_tool.changes import load_package
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import Store, StoreWriter


def row(**given):
    base = dict.fromkeys(REGISTRATIES) | {"dossier_id": "d1", "activiteit_id": "a1", "bron": 1, "regel": 1}
    return tuple((base | given).values())


@pytest.fixture
def store(tmp_path):
    with StoreWriter(tmp_path / "in.bds") as writer:
        writer.add_bron(bron=1, pad="x.xml", formaat="dob-REPC_IN902120NL03", bds_herkend="4.1.3")
        rows = [row(dossier_id=f"d{n}", bdsnummer=510, rubriek="R019", waarde="01") for n in range(12)]
        rows += [
            row(dossier_id="d1", bdsnummer=753, rubriek="R019", waarde="false"),
            row(bdsnummer=235, waarde="1000"),
        ]
        writer.add_rows(rows)
    return tmp_path / "in.bds"


def test_list_names_the_packages(bds):
    result = bds("change", "list", "--format", "json")
    assert result.code == 0
    assert [p["pakket"] for p in json.loads(result.out)] == ["3.2.7-4.0.2", "4.0.2-4.1.3", "4.1.3-4.2.0"]


def test_check_of_a_clean_package(bds):
    result = bds("change", "check", "4.1.3-4.2.0")
    assert result.code == 0
    assert "0 fout(en), 0 waarschuwing(en)" in result.err
    assert "WIJZ906 verzoek-zonder-nummer" in result.out


def test_fail_on_decides_the_exit_code(bds):
    assert bds("change", "check", "4.1.3-4.2.0", "--fail-on", "info").code == 1
    assert bds("change", "check", "4.1.3-4.2.0", "--fail-on", "never").code == 0
    assert bds("change", "check", "4.1.3-4.2.0", "--fail-on", "soms").code == 2


@pytest.mark.parametrize("format_", ["json", "ndjson", "csv", "markdown", "github", "junit", "sarif"])
def test_formats_carry_the_same_findings(bds, format_):
    result = bds("change", "check", "4.1.3-4.2.0", "--format", format_, "--quiet")
    assert result.code == 0
    assert result.out.count("WIJZ906") >= 1
    assert result.err == ""
    if format_ in {"json", "sarif"}:
        json.loads(result.out)


def test_data_counts_dossiers_and_hides_small_ones(bds, store):
    result = bds("change", "check", "4.1.3-4.2.0", "--data", store, "--format", "json")
    found = {e["bdsnummer"]: e for e in json.loads(result.out)["data"]["elements"]}
    assert (found[510]["dossiers"], found[510]["waarden"], found[510]["aandeel"]) == (12, 12, 1.0)
    # One dossier is too few to show, as number or as share.
    assert (found[753]["dossiers"], found[753]["waarden"], found[753]["aandeel"]) == (None, None, None)
    assert 235 not in found
    text = bds("change", "check", "4.1.3-4.2.0", "--data", store).out
    assert "<10" in text


def test_impact_names_what_uses_an_element(bds):
    result = bds("change", "check", "4.1.3-4.2.0", "--impact", "--format", "json")
    kinds = {i["kind"] for i in json.loads(result.out)["impact"]}
    assert {"protocollen", "zib", "james"} <= kinds


def test_a_broken_patch_is_refused(bds, tmp_path):
    """4.2.0 → 4.2.1 with an element taken out calls itself a patch by its number."""
    path = tmp_path / "p.yaml"
    assert bds("change", "new", "4.2.0", "4.2.1", "-o", path).code == 0
    assert (
        bds("change", "add", path, "element-vervallen", "1665", "--jgz", "JGZ-1", "--cause", "wet").code == 0
    )
    result = bds("change", "check", path)
    assert result.code == 1
    assert "WIJZ953 versienummer-past-niet" in result.out


def test_a_draft_grows_and_becomes_a_definition(bds, tmp_path):
    path = tmp_path / "p.yaml"
    bds("change", "new", "4.2.0", "4.3.0", "-o", path, "--title", "Proef")
    added = bds(
        "change", "add", path, "element-toegevoegd", "1700", "--set", "naam=Schermtijd", "--set", "datatype=INT",
        "--set", "hl7_datatype=INT", "--set", "rubriek=R019", "--jgz", "JGZ-1", "--cause", "richtlijn",
    )  # fmt: skip
    assert (added.code, added.out) == (0, "")
    assert "element-toegevoegd 1700 Schermtijd" in added.err
    check = bds("change", "check", path)
    # A new element has no zib row yet: in a draft that is a remark.
    last = check.out.strip().splitlines()[-1]
    assert (check.code, last) == (0, "1 bestand nagekeken: 0 fouten, 0 waarschuwingen, 1 ter informatie.")
    assert "WIJZ983" in check.out
    assert bds("change", "apply", path, "--out", tmp_path / "bds" / "4.3.0").code == 0
    assert "1700,Schermtijd" in (tmp_path / "bds" / "4.3.0" / "elementen.csv").read_text(encoding="utf-8")
    assert bds("change", "apply", path, "--out", tmp_path / "bds" / "4.3.0").code == 2
    assert "Schermtijd" in bds("change", "notes", path).out


def test_a_draft_without_cause_is_asked_for_it(bds, tmp_path):
    path = tmp_path / "p.yaml"
    bds("change", "new", "4.2.0", "4.3.0", "-o", path)
    bds("change", "add", path, "element-hernoemd", "276", "--set", "naam=Bewegen", "--jgz", "JGZ-1")
    assert "WIJZ911" in bds("change", "check", path).out


@pytest.mark.parametrize(
    "arguments",
    [
        ("element-toegevoegd", "235"),
        ("element-hernoemd", "235"),
        ("element-hernoemd", "235", "--set", "naam"),
        ("element-hernoemd", "99999", "--set", "naam=x"),
    ],
)
def test_wrong_edits_are_told_and_change_nothing(bds, tmp_path, arguments):
    path = tmp_path / "p.yaml"
    bds("change", "new", "4.2.0", "4.3.0", "-o", path)
    before = path.read_bytes()
    result = bds("change", "add", path, *arguments)
    assert result.code == 2
    assert result.err.startswith("fout:")
    assert path.read_bytes() == before


def test_show_of_one_request(bds):
    result = bds("change", "show", "4.1.3-4.2.0", "--jgz", "JGZ-328", "--format", "csv")
    assert "JGZ-328,element-vervallen,510,Passief roken in huis,major,minor,beschut,herstel" in result.out
    assert bds("change", "show", "4.1.3-4.2.0", "--jgz", "JGZ-0").code == 2


def test_notes_for_one_reader_in_english(bds):
    result = bds("--lang", "en", "change", "notes", "4.1.3-4.2.0", "--for", "vendor")
    assert "## For the vendor" in result.out
    assert "## For the analyst" not in result.out


def test_table_out_and_back(bds, tmp_path):
    assert bds("change", "table", "4.1.3-4.2.0", "--out", tmp_path / "p.xlsx").code == 0
    back = bds("change", "table", "4.1.3-4.2.0", "--read", tmp_path / "p.xlsx", "--out", tmp_path / "p.yaml",
               "--format", "json")  # fmt: skip
    assert (back.code, json.loads(back.out)) == (0, [])
    assert load_package(tmp_path / "p.yaml") == load_package("4.1.3-4.2.0")


def test_an_unknown_package(bds):
    result = bds("change", "check", "1.0-2.0")
    assert result.code == 2
    assert "4.1.3-4.2.0" in result.err


# -- migrate -----------------------------------------------------------------------------------------------------


def test_migrate_reports_per_element(bds, store, tmp_path):
    result = bds("migrate", store, "--to", "4.2.0", "--out", tmp_path / "out.bds", "--format", "json")
    assert result.code == 0
    report = json.loads(result.out)
    assert report["stappen"][0]["beschut"] == 13
    assert {(e["element"], e["beschut"]) for e in report["elementen"]} == {(510, 12), (753, 1)}
    assert report["rijen_uit"] == report["rijen_in"] + 2 * 13
    assert Store.is_store(tmp_path / "out.bds")


def test_migrate_strict_refuses_with_one(bds, store, tmp_path):
    result = bds("migrate", store, "--to", "4.2.0", "--out", tmp_path / "out.bds", "--strict")
    assert result.code == 1
    assert "Geweigerd" in result.err
    assert not (tmp_path / "out.bds").exists()


def test_migrate_names_its_own_output_in_the_working_directory(bds, store, tmp_path, monkeypatch):
    (tmp_path / "hier").mkdir()
    monkeypatch.chdir(tmp_path / "hier")
    assert bds("migrate", store, "--to", "4.0.2").code == 0
    assert Store.is_store(tmp_path / "hier" / "in-4.0.2.bds")
    assert not store.with_name("in-4.0.2.bds").exists()
    again = bds("migrate", store, "--to", "4.0.2")
    assert again.code == 2
    assert "--force" in again.err


def test_migrate_to_an_unknown_version(bds, store):
    result = bds("migrate", store, "--to", "9.9")
    assert result.code == 2
    assert "4.2.0" in result.err


def test_migrate_of_what_cannot_be_read(bds, tmp_path):
    (tmp_path / "kapot.xml").write_text("<REPC_IN902120NL03", encoding="utf-8")
    result = bds("migrate", tmp_path / "kapot.xml", "--to", "4.2.0")
    assert result.code == 3
    assert not (tmp_path / "kapot-4.2.0.bds").exists()


def test_no_value_of_a_child_in_any_report(bds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # migrate writes its own name there
    with StoreWriter(tmp_path / "in.bds") as writer:
        writer.add_bron(bron=1, pad="x.xml", formaat="dob-REPC_IN902120NL03", bds_herkend="4.1.3")
        writer.add_rows([row(bdsnummer=752, rubriek="R019", waarde="geheim verhaal", tekst="geheime tekst")])
    for arguments in (
        ("migrate", tmp_path / "in.bds", "--to", "4.2.0", "--all"),
        ("migrate", tmp_path / "in.bds", "--to", "4.2.0", "--strict", "--force", "--format", "json"),
        ("change", "check", "4.1.3-4.2.0", "--data", tmp_path / "in.bds"),
    ):
        result = bds(*arguments)
        assert "geheim" not in result.out + result.err
