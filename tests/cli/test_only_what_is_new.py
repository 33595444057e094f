"""`--baseline` and `--since`: a run fails by what is new, and never because or although something was known."""

from __future__ import annotations

import json
import subprocess

import pytest

HEAD = "dossier_id;activiteit_id;datum;bdsnummer;waarde\n"
#: Element 19 (sex) knows the codes 0, 1, 2 and 9.
GOOD, WRONG = "{0};c;2024-03-01;19;1\n", "{0};c;2024-03-01;19;77\n"


def rows(**children):
    return HEAD + "".join(line.format(name) for name, line in children.items())


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(bds, file, *options):
    """Exit code, and how many findings of BDS203 (code not in list) count."""
    result = bds("validate", file, "--select", "BDS203", "--format", "json", *options)
    if result.code not in {0, 1}:
        return result.code, None
    report = json.loads(result.out)
    return result.code, sum(f["code"] == "BDS203" for f in report["findings"])


def test_known_findings_do_not_fail_and_every_new_one_does(bds, place):
    data = place / "kind.csv"
    data.write_text(rows(a=WRONG, b=WRONG, d=GOOD), encoding="utf-8")
    assert judged(bds, "kind.csv") == (1, 2)
    bds("validate", "kind.csv", "--report", "json=nul.json", "--max-examples", "0", "--exit-zero")
    known = ("--baseline", "nul.json")
    assert judged(bds, "kind.csv", *known) == (0, 0)
    # On other lines it is the same finding.
    data.write_text(rows(e=GOOD, d=GOOD, b=WRONG, a=WRONG), encoding="utf-8")
    assert judged(bds, "kind.csv", *known) == (0, 0)
    # One solved and another made: the numbers are equal, and yet one is new.
    data.write_text(rows(a=WRONG, b=GOOD, d=WRONG), encoding="utf-8")
    assert judged(bds, "kind.csv", *known) == (1, 1)
    # Of the same kind at the same child once more.
    data.write_text(rows(a=WRONG + WRONG, b=WRONG).replace("a;c", "a;c"), encoding="utf-8")
    assert judged(bds, "kind.csv", *known)[0] == 1


def test_the_rule_is_still_told_as_found(bds, place):
    (place / "kind.csv").write_text(rows(a=WRONG, b=GOOD), encoding="utf-8")
    bds("validate", "kind.csv", "--report", "json=nul.json", "--max-examples", "0", "--exit-zero")
    report = json.loads(bds("validate", "kind.csv", "--baseline", "nul.json", "--format", "json").out)
    rule = next(r for r in report["rules"] if r["code"] == "BDS203")
    assert (rule["count"], rule["accepted"]) == (1, 1)
    assert report["summary"]["fout"] == 0
    assert report["summary"]["accepted"] >= 1


def test_a_file_that_cannot_be_read_is_never_known(bds, place):
    (place / "kind.json").write_text("{", encoding="utf-8")
    bds("validate", "kind.json", "--report", "json=nul.json", "--max-examples", "0", "--exit-zero")
    assert bds("validate", "kind.json", "--baseline", "nul.json").code == 3


def test_a_report_that_leaves_findings_out_is_refused(bds, place):
    (place / "kind.csv").write_text(rows(a=WRONG, b=WRONG, d=WRONG), encoding="utf-8")
    bds("validate", "kind.csv", "--report", "json=nul.json", "--max-examples", "1", "--exit-zero")
    result = bds("validate", "kind.csv", "--baseline", "nul.json")
    assert result.code == 2
    assert "--max-examples 0" in result.err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"findings": [1], "rules": []}', None])
def test_what_is_no_report_is_refused(bds, place, text):
    (place / "kind.csv").write_text(rows(a=GOOD), encoding="utf-8")
    if text is not None:
        (place / "nul.json").write_text(text, encoding="utf-8")
    result = bds("validate", "kind.csv", "--baseline", "nul.json")
    assert result.code == 3
    assert "nul.json" in result.err


def git(*arguments, at):
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.invalid", *arguments],
        cwd=at, check=True, capture_output=True,
    )  # fmt: skip


def test_only_changed_and_new_files_are_judged(bds, place, monkeypatch):
    work = place / "werk"
    (work / "a map").mkdir(parents=True)
    for name in ("oud.csv", "a map/ook oud.csv"):
        (work / name).write_text(rows(a=WRONG), encoding="utf-8")
    git("init", "-q", at=work)
    git("add", ".", at=work)
    git("commit", "-qm", "a", at=work)
    monkeypatch.chdir(work)
    nothing = bds("validate", ".", "--since", "HEAD")
    assert nothing.code == 0
    assert "niets beoordeeld" in nothing.err
    (work / "a map" / "nieuw é.csv").write_text(rows(b=WRONG), encoding="utf-8")
    report = json.loads(bds("validate", ".", "--since", "HEAD", "--format", "json").out)
    assert [f["file"] for f in report["input"]] == ["a map/nieuw é.csv"]
    (work / "oud.csv").write_text(rows(a=WRONG, b=WRONG), encoding="utf-8")
    git("commit", "-qam", "b", at=work)
    report = json.loads(bds("validate", ".", "--since", "HEAD~1", "--format", "json").out)
    assert sorted(f["file"] for f in report["input"]) == ["a map/nieuw é.csv", "oud.csv"]
    # From a folder below, names are of that folder.
    monkeypatch.chdir(work / "a map")
    report = json.loads(bds("validate", ".", "--since", "HEAD~1", "--format", "json").out)
    assert [f["file"] for f in report["input"]] == ["nieuw é.csv"]
    # A clone without history says what it lacks.
    git("clone", "-q", "--depth", "1", f"file://{work}", str(place / "ondiep"), at=place)
    monkeypatch.chdir(place / "ondiep")
    shallow = bds("validate", ".", "--since", "HEAD~1")
    assert shallow.code == 2
    assert "fetch-depth" in shallow.err


@pytest.mark.parametrize("rev", ["--output=x", "bestaat-niet", "HEAD:oud.csv"])
def test_what_is_no_commit_is_refused(bds, place, rev):
    (place / "kind.csv").write_text(rows(a=GOOD), encoding="utf-8")
    git("init", "-q", at=place)
    result = bds("validate", ".", f"--since={rev}")
    assert result.code == 2
    assert not (place / "x").exists()
