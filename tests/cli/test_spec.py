"""`bds spec` and `bds protocol` as a user meets them: exit codes, what goes to stdout, what to stderr."""

import csv
import io
import json

import pytest


def test_versions_as_csv(bds):
    done = bds("spec", "versions", "--format", "csv")
    rows = {r["version"]: r for r in csv.DictReader(io.StringIO(done.out))}
    assert done.code == 0
    assert rows["4.2.0"]["in_bericht"] == "876"
    assert done.err == ""


def test_show_is_text_for_people_and_json_for_programs(bds):
    text = bds("spec", "show", "235")
    assert text.code == 0
    assert "R027 Groei" in text.out
    one = json.loads(bds("spec", "show", "235", "--format", "json").out)
    assert one["bdsnummer"] == 235
    two = json.loads(bds("spec", "show", "235", "W0177", "--format", "json").out)
    assert [c["kind"] for c in two] == ["element", "lijst"]


def test_show_in_english(bds):
    done = bds("--lang", "en", "spec", "show", "510")
    assert "Cardinality" in done.out
    assert "Passief roken in huis" in done.out, "names from the BDS are never translated"


def test_unknown_number_is_wrong_use_with_a_suggestion(bds):
    done = bds("spec", "show", "2355")
    assert (done.code, done.out) == (2, "")
    assert "235" in done.err
    assert "Traceback" not in done.err


def test_unknown_version_is_wrong_use(bds):
    done = bds("spec", "show", "235", "--bds", "9.9")
    assert done.code == 2
    assert "4.2.0" in done.err


@pytest.mark.parametrize("kind", ["elementen", "rubrieken", "groepen", "lijsten"])
def test_list_of_every_kind(bds, kind):
    done = bds("spec", "list", kind, "--format", "json")
    assert done.code == 0
    assert len(json.loads(done.out)) > 40


def test_list_can_be_narrowed(bds):
    rows = json.loads(bds("spec", "list", "--rubriek", "r027", "--datatype", "pq", "--format", "json").out)
    assert {r["naam"] for r in rows} == {"Lengte", "Gewicht", "Hoofdomtrek", "Middelomtrek in millimeters"}


def test_list_of_an_unknown_kind_is_wrong_use(bds):
    assert bds("spec", "list", "dingen").code == 2


def test_search_without_hits_helps_on_stderr(bds):
    done = bds("spec", "search", "gewigt", "--format", "csv")
    assert done.code == 0
    assert done.out.strip() == "kind,number,naam,context"
    assert "gewicht" in done.err


def test_search_says_when_more_was_found_than_shown(bds):
    done = bds("spec", "search", "opmerking", "--limit", "3")
    assert "--limit 0" in done.err
    assert len(done.out.strip().split("\n")) == 5


def test_values_of_an_element_and_of_a_list_are_the_same(bds):
    assert bds("spec", "values", "496").out == bds("spec", "values", "W0177").out


def test_values_of_an_element_without_list_is_wrong_use(bds):
    done = bds("spec", "values", "235")
    assert done.code == 2
    assert "geen waardenlijst" in done.err


def test_path_of_something_else_than_an_element_is_wrong_use(bds):
    assert bds("spec", "path", "W0177").code == 2
    assert "R027" in bds("spec", "path", "245").out


@pytest.mark.parametrize(("old", "new", "code"), [("4.1.3", "4.1.3", 0), ("4.1.3", "4.2.0", 1)])
def test_diff_exits_0_when_equal_and_1_when_different(bds, old, new, code):
    assert bds("spec", "diff", old, new).code == code


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json", "ndjson", "csv"])
def test_diff_has_the_same_content_in_every_format(bds, format_):
    done = bds("spec", "diff", "4.1.3", "4.2.0", "--kind", "element", "--format", format_)
    assert done.code == 1
    assert "Passief roken in huis" in done.out
    assert "JGZ-328" in done.out


def test_diff_as_html_stands_on_its_own(bds):
    page = bds("spec", "diff", "4.1.3", "4.2.0", "--format", "html").out
    assert page.startswith("<!doctype html>")
    assert 'lang="nl"' in page
    assert "http" not in page
    assert "<script" not in page
    assert 'scope="col"' in page


def test_diff_as_json_counts_what_it_lists(bds):
    found = json.loads(bds("spec", "diff", "4.1.3", "4.2.0", "--format", "json").out)
    assert sum(s["aantal"] for s in found["summary"]) == len(found["changes"])
    assert (found["forward"], found["backward"]) == ("major", "major")


@pytest.mark.parametrize("wrong", [("--format", "pdf"), ("--kind", "dossier"), ("--at-least", "huge")])
def test_diff_refuses_what_it_does_not_know(bds, wrong):
    assert bds("spec", "diff", "4.1.3", "4.2.0", *wrong).code == 2


def test_check_codes_are_listed(bds):
    done = bds("spec", "check", "--codes", "--format", "csv")
    codes = [r["code"] for r in csv.DictReader(io.StringIO(done.out))]
    assert done.code == 0
    assert codes == sorted(set(codes))
    assert "SPEC201" in codes


def test_check_of_a_broken_copy_exits_1_unless_told_otherwise(bds, tmp_path):
    import shutil

    from bds_tool.base.specs import specs_dir

    shutil.copytree(specs_dir(), tmp_path / "specs")
    path = tmp_path / "specs" / "bds" / "4.1.3" / "elementen.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",R027,,PQ,", ",R099,,PQ,", 1), encoding="utf-8")
    done = bds("--specs", tmp_path / "specs", "spec", "check", "--format", "github")
    assert done.code == 1
    assert "::error file=specs/bds/4.1.3/elementen.csv,line=" in done.out
    assert bds("--specs", tmp_path / "specs", "spec", "check", "--fail-on", "never").code == 0


@pytest.mark.parametrize("what", ["james", "pandera", "fhir"])
def test_export_goes_to_stdout_or_a_file(bds, tmp_path, what):
    out = bds("spec", "export", what, "--bds", "4.1.3")
    target = tmp_path / "out" / "x"
    done = bds("spec", "export", what, "--bds", "4.1.3", "-o", target)
    assert (out.code, done.code, done.out) == (0, 0, "")
    assert target.read_text(encoding="utf-8").strip() == out.out.strip()


def test_export_of_a_workbook_needs_a_name(bds):
    done = bds("spec", "export", "xlsx")
    assert done.code == 2
    assert "-o bds-4.2.0.xlsx" in done.err


def test_export_as_markdown_does_not_overwrite_unasked(bds, tmp_path):
    target = tmp_path / "pages"
    assert bds("spec", "export", "markdown", "-o", target).code == 0
    assert (target / "rubrieken" / "R027.md").is_file()
    assert bds("spec", "export", "markdown", "-o", target).code == 2
    assert bds("spec", "export", "markdown", "-o", target, "--force").code == 0


def test_protocols_are_listed_and_shown(bds):
    listed = json.loads(bds("protocol", "list", "--format", "json").out)
    assert {"groei", "huid"} <= {p["id"] for p in listed}
    shown = bds("protocol", "show", "huid")
    assert "164 Toelichting bijzonderheden huid/haar/nagels" in shown.out
    rules = json.loads(bds("protocol", "show", "vaccinatie", "--bds", "4.1.3", "--format", "json").out)[
        "rules"
    ]
    assert "vaccinatie-contra-indicatie" not in {r["id"] for r in rules}
    assert bds("protocol", "check").code == 0


def test_unknown_protocol_is_wrong_use(bds):
    done = bds("protocol", "show", "groie")
    assert done.code == 2
    assert "groei" in done.err
