"""`bds validate`, `findings`, `rule` and `profile` as a person uses them: exit code, stdout, stderr."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

_SPEC = importlib.util.spec_from_file_location(
    "dob_message", Path(__file__).parents[1] / "validate" / "dob_message.py"
)
dob_message = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(dob_message)
#: A sound message but for a BSN that is none, and a document of another kind than the standard wants.
MESSAGE = etree.tostring(
    dob_message.message(patient="999900184", attention="999900184", document="02"), encoding="unicode"
)
#: The line of the BSN of the child.
LINE = 1 + next(n for n, line in enumerate(MESSAGE.splitlines()) if "999900184" in line and "<addr" in line)
CHILD = {
    "Format": "3.0",
    "organisationCode": 1,
    "reference": "r1",
    "clientDetails": [{"bdsNumber": 19, "value": "1"}, {"bdsNumber": 20, "value": "20181011"}],
    "clientMeasurements": [{"bdsNumber": 235, "values": [{"date": "20191011", "value": 760}]}],
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.xml").write_text(MESSAGE, encoding="utf-8")
    (tmp_path / "good.json").write_text(json.dumps(CHILD), encoding="utf-8")
    (tmp_path / "empty.json").write_text("", encoding="utf-8")
    return tmp_path


def test_clean_input_gives_0(bds, place):
    result = bds("validate", "good.json")
    assert result.code == 0, result.out + result.err
    assert "0 fouten" in result.out.splitlines()[-1]


def test_errors_give_1_and_the_verdict_stands_last(bds, place):
    result = bds("validate", "bad.xml")
    assert result.code == 1
    assert "BDS401 bsn-elfproef" in result.out
    assert f"bad.xml:{LINE}" in result.out
    assert "999900184" not in result.out + result.err


def test_unreadable_input_gives_3_and_the_rest_is_judged(bds, place):
    result = bds("validate", "empty.json", "bad.xml", "nowhere.xml")
    assert result.code == 3
    for word in ("BDS002", "BDS001", "BDS401", "NIET GELEZEN"):
        assert word in result.out


@pytest.mark.parametrize(("level", "code"), [("error", 1), ("never", 0)])
def test_fail_on(bds, place, level, code):
    assert bds("validate", "bad.xml", "--fail-on", level).code == code


def test_fail_on_info_counts_everything(bds, place):
    (place / "bds.toml").write_text('[rules.BDS401]\nseverity = "info"\n')
    assert bds("validate", "bad.xml").code == 0
    assert bds("validate", "bad.xml", "--fail-on", "info").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fail-on", "soms"),
        ("--format", "pdf"),
        ("--report", "html"),
        ("--bds", "9.9"),
        ("--select", "BDS9999"),
        ("--reference-date", "gisteren"),
        ("--format", "xlsx"),
        ("--xsd", "nowhere"),
    ],
)
def test_wrong_use_gives_2_with_a_remedy(bds, place, arguments):
    result = bds("validate", "good.json", *arguments)
    assert result.code == 2
    assert result.err.count("\n") >= 2
    assert "Traceback" not in result.err


def test_same_code_in_every_format(bds, place):
    for format_ in ("text", "json", "ndjson", "csv", "junit", "sarif", "github", "html"):
        assert bds("validate", "bad.xml", "--format", format_).code == 1, format_


def test_several_reports_in_one_run(bds, place):
    names = ["html", "json", "sarif", "junit", "csv", "xlsx", "parquet", "github", "ndjson", "text"]
    options = [o for n in names for o in ("--report", f"{n}=r.{n}")]
    result = bds("validate", "bad.xml", "--quiet", *options)
    assert result.code == 1
    assert all((place / f"r.{n}").stat().st_size > 0 for n in names)
    assert len(result.out.strip().splitlines()) == 1


def test_output_file_leaves_stdout_empty(bds, place):
    result = bds("validate", "bad.xml", "--format", "json", "-o", "r.json")
    assert result.out == ""
    assert json.loads((place / "r.json").read_text())["summary"]["fout"] > 0
    assert "fout" in result.err


def test_show_values_warns(bds, place):
    result = bds("validate", "bad.xml", "--show-values", "--format", "json")
    assert "persoonsgegevens" in result.err
    report = json.loads(result.out)
    assert report["settings"]["show_values"] is True
    assert any(f["value"] == "999900184" for f in report["findings"])


def test_select_and_ignore(bds, place):
    only = json.loads(bds("validate", "bad.xml", "--select", "4xx", "--format", "json").out)
    assert {r["code"] for r in only["rules"]} <= {"BDS401", "BDS402", "BDS010"}
    without = json.loads(bds("validate", "bad.xml", "--ignore", "bsn-elfproef", "--format", "json").out)
    assert "BDS401" not in {r["code"] for r in without["rules"]}


def test_english(bds, place):
    result = bds("--lang", "en", "validate", "bad.xml")
    assert "The citizen service number fails the eleven test." in result.out
    assert "errors" in result.out.splitlines()[-1]


def test_stdin(bds, place, monkeypatch):
    import io

    class Input:
        buffer = io.BytesIO(MESSAGE.encode())

    monkeypatch.setattr(sys, "stdin", Input())
    result = bds("validate", "-")
    assert result.code == 1
    assert "BDS401" in result.out


def test_acceptance_with_reason(bds, place):
    (place / "bds.toml").write_text(
        '[[accept]]\nrule = "BDS401"\nreason = "testnummer"\nuntil = 2099-01-01\n'
    )
    result = bds("validate", "bad.xml")
    assert result.code == 0, result.out
    assert "geaccepteerd" in result.out.splitlines()[-1]


def test_expired_and_unused_acceptances_are_findings(bds, place):
    (place / "bds.toml").write_text(
        '[[accept]]\nrule = "BDS401"\nreason = "testnummer"\nuntil = 2020-01-01\n[[accept]]\nrule = "BDS235"\nreason = "x"\n'
    )
    result = bds("validate", "bad.xml")
    assert result.code == 1
    for word in ("BDS901", "BDS902", "gold tot en met 2020-01-01", "BDS401"):
        assert word in result.out


def test_stored_result_is_judged_again_without_reading(bds, place):
    assert bds("validate", "bad.xml", "--save", "r.findings", "-q").code == 1
    assert bds("validate", "bad.xml", "--save", "r.findings", "-q").code == 2, (
        "an existing result is not overwritten"
    )
    (place / "bad.xml").unlink()
    assert bds("findings", "report", "r.findings").code == 1
    (place / "bds.toml").write_text("".join(f'[rules.{c}]\nseverity = "info"\n' for c in ("BDS401",)))
    again = bds("findings", "report", "r.findings")
    assert again.code == 0
    assert "BDS401 bsn-elfproef  info" in again.out


def test_compare_two_deliveries(bds, place):
    bds("validate", "bad.xml", "--save", "a.findings", "-q")
    (place / "bad.xml").write_text(MESSAGE.replace("999900184", "999900183"), encoding="utf-8")
    bds("validate", "bad.xml", "--save", "b.findings", "-q")
    result = bds("findings", "compare", "a.findings", "b.findings", "--format", "json")
    assert result.code == 1
    changes = {c["code"]: c["change"] for c in json.loads(result.out)["changes"]}
    assert changes["BDS401"] == "gone"
    assert changes["BDS854"] == "same"
    assert bds("findings", "compare", "a.findings", "a.findings").code == 0


def test_one_solved_and_one_new_do_not_cancel(bds, place):
    """By hand: child a has the fault in May, child b in June; as many, and not the same."""
    head = "dossier_id;activiteit_id;datum;bdsnummer;waarde\n"
    (place / "mei.csv").write_text(
        head + "a;1;2024-03-01;235;99999\nb;2;2024-03-01;235;700\n", encoding="utf-8"
    )
    (place / "juni.csv").write_text(
        head + "a;1;2024-03-01;235;700\nb;2;2024-03-01;235;99999\n", encoding="utf-8"
    )
    for month in ("mei", "juni"):
        bds("validate", f"{month}.csv", "--save", f"{month}.findings", "-q")
    result = bds("findings", "compare", "mei.findings", "juni.findings", "--format", "json")
    assert result.code == 1
    [row] = [c for c in json.loads(result.out)["changes"] if c["code"] == "BDS231"]
    assert (row["change"], row["before"], row["after"], row["came"], row["went"]) == ("other", 1, 1, 1, 1)
    same = json.loads(bds("findings", "compare", "mei.findings", "mei.findings", "--format", "json").out)
    assert {c["change"] for c in same["changes"]} == {"same"}


def test_a_capped_comparison_says_what_it_does_not_know(bds, place):
    head = "dossier_id;activiteit_id;datum;bdsnummer;waarde\n"
    lines = [f"{d};{n};2024-03-01;235;99999\n" for n, d in enumerate("abc")]
    (place / "veel.csv").write_text(head + "".join(lines), encoding="utf-8")
    bds("validate", "veel.csv", "--save", "veel.findings", "--max-examples", "1", "-q")
    result = bds("findings", "compare", "veel.findings", "veel.findings", "--format", "json")
    [row] = [c for c in json.loads(result.out)["changes"] if c["code"] == "BDS231"]
    assert (row["change"], row["before"], row["came"]) == ("even", 3, None)
    assert "--max-examples 0" in result.err


def test_not_a_result(bds, place):
    assert bds("findings", "report", "good.json").code == 3


def test_rule_explains_and_suggests(bds, place):
    shown = bds("rule", "203")
    assert shown.code == 0
    for word in ("BDS203 waarde-niet-in-lijst", "Waarom", "Voorbeeld", "Bron"):
        assert word in shown.out
    unknown = bds("rule", "waarde-niet-in-lijsten")
    assert unknown.code == 2
    assert "waarde-niet-in-lijst" in unknown.err


def test_rule_lists_all(bds):
    from bds_tool.findings.catalogue import load_catalogue

    rows = json.loads(bds("rule", "--format", "json").out)
    assert len(rows) == len(load_catalogue().rules)
    assert len(json.loads(bds("rule", "--for", "james", "--format", "json").out)) < len(rows)


def test_settings_of_a_rule_are_checked(bds, place):
    (place / "bds.toml").write_text("[rules.BDS507]\nzz = 4\n")
    result = bds("validate", "good.json")
    assert result.code == 2
    assert "from_age_without_gestation" in result.err


def test_a_lower_limit_finds_more(bds, place):
    (place / "bds.toml").write_text("[rules.BDS507]\nz = 0.01\nfrom_age_without_gestation = 0\n")
    assert "BDS507" in bds("validate", "good.json").out


def test_profile_hides_small_counts(bds, place):
    result = bds("profile", "good.json", "--format", "json")
    assert result.code == 0
    report = json.loads(result.out)
    sex = next(e for e in report["elements"] if e["element"] == 19)
    assert sex["values"] == [{"value": None, "name": None, "n": None, "distinct": 1}]
    assert "760" not in result.out
    height = next(e for e in report["elements"] if e["element"] == 235)
    assert height["looks_like"] == "mm"


def test_a_store_from_elsewhere_must_have_the_columns(bds, place):
    import polars as pl

    from bds_tool.formats import read

    read(["good.json"], out="s.bds")
    path = place / "s.bds" / "registraties.parquet"
    assert bds("validate", "s.bds", "-q").code == 0
    pl.read_parquet(path).drop("waarde").write_parquet(path)
    result = bds("validate", "s.bds", "-q")
    assert result.code == 3
    assert "kolommen" in result.err


def test_rule_and_help_load_no_tables():
    code = (
        "import sys; from bds_tool.cli.main import run; run(['rule', 'BDS203']); run(['validate', '--help']);"
        "print([m for m in ('polars', 'pandera', 'duckdb', 'pyarrow', 'lxml') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "file",
    [
        "schoon/dob-4.1.3/dossier-000001.xml",
        "schoon/tabel-4.1.3/lang.csv",
        "schoon/tabel-4.1.3/james-3.0.json",
    ],
)
def test_a_small_file_loads_only_what_it_needs(file, tmp_path):
    """Each of these costs a tenth of the whole run or more; a process of its own, as a hook or a loop starts one."""
    given = Path(__file__).parents[2] / "sample_data" / file
    small = tmp_path / given.name
    text = given.read_text(encoding="utf-8")
    small.write_text(
        text
        if given.suffix == ".xml"
        else "\n".join(text.splitlines()[: 1 if given.suffix == ".json" else 40])
    )
    code = (
        "import sys; from bds_tool.cli.main import main\n"
        f"sys.argv = ['bds', 'validate', {str(small)!r}, '--quiet', '--exit-zero']\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        "print(code, [m for m in ('numpy', 'pandera', 'duckdb', 'pyarrow', 'email', 'rich', 'jsonschema') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip().splitlines()[-1] == "0 []"


def test_exit_zero_whatever_was_found(bds, tmp_path):
    (tmp_path / "leeg.json").write_bytes(b"")
    assert bds("validate", tmp_path / "leeg.json").code == 3
    done = bds("validate", tmp_path / "leeg.json", "--exit-zero")
    assert done.code == 0
    assert "BDS002" in done.out
