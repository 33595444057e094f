"""One form for every check: validate, definitions, protocols, change packages, the zib mapping and the audit."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from bds_tool.base.specs import specs_dir
from bds_tool.findings.catalogue import load_catalogue, load_rules
from bds_tool.findings.report import render, write_report
from bds_tool.findings.report.formats import FORMATS
from tests.findings_forms import accepted_json, accepted_junit, accepted_sarif

PACKAGE = Path(__file__).resolve().parents[2] / "bds_tool"
CODE = re.compile(r"(BDS\d{3}|SPEC\d{3}|WIJZ\d{3}|ZIB\d{2}|PUB\d{2})")
#: A note of the reader of messages to the engine, never shown.
MARKERS = {"BDS800"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Something with findings for every check."""
    folder = tmp_path_factory.mktemp("checks")
    shutil.copytree(specs_dir(), folder / "specs")
    element = folder / "specs/bds/4.1.3/elementen.csv"
    element.write_text(element.read_text(encoding="utf-8").replace(",R027,,PQ,", ",R099,,PQ,", 1), "utf-8")
    protocol = folder / "specs/protocollen/visus.yaml"
    protocol.write_text(protocol.read_text(encoding="utf-8") + "vreemd: 1\n", "utf-8")
    zib = folder / "specs/zib/bds-zib.sssom.tsv"
    lines = zib.read_text(encoding="utf-8").splitlines(keepends=True)
    zib.write_text("".join(x for x in lines if not x.startswith("bds:235\t")), "utf-8")
    (folder / "x.csv").write_text("client;datum;235\nk;2020-01-01;9000000\nk;2020-02-01;soms\n")
    head = "wijk,uit,n\n"
    (folder / "t.csv").write_text(head + "W1,a,\nW1,b,7\nW1,totaal,12\n")
    (folder / "t.yaml").write_text(
        "dimensies:\n  - {kolom: wijk, totaal: totaal}\n  - {kolom: uit, totaal: totaal}\ntelling: n\n"
    )
    return folder


def package(bds, place):
    path = place / "p.yaml"
    if not path.exists():
        bds("change", "new", "4.2.0", "4.2.1", "-o", path)
        bds("change", "add", path, "element-vervallen", "1665", "--jgz", "JGZ-1", "--cause", "wet")
    return path


CHECKS = {
    "validate": lambda bds, p: ("validate", p / "x.csv"),
    "spec check": lambda bds, p: ("--specs", p / "specs", "spec", "check"),
    "protocol check": lambda bds, p: ("--specs", p / "specs", "protocol", "check"),
    "zib check": lambda bds, p: ("--specs", p / "specs", "zib", "check"),
    "change check": lambda bds, p: ("change", "check", package(bds, p)),
}


@pytest.mark.parametrize("name", CHECKS)
def test_every_form_of_every_check_is_accepted_and_says_the_same(name, bds, place, tmp_path):
    words = CHECKS[name](bds, place)
    done = bds(*words, "--format", "json", "-o", tmp_path / "r.json")
    assert done.code == 1, done.err
    assert done.out == ""
    # What a command writes in other formats is made of this report (cli.checked.tell, cli.validate.publish).
    report = accepted_json((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert report["command"] == f"bds {name}"
    assert report["findings"]
    codes = sorted(f["code"] for f in report["findings"])
    assert set(codes) <= set(load_catalogue().rules)
    log = accepted_sarif(render(report, "sarif"))
    assert {r["ruleId"] for r in log["runs"][0]["results"]} == set(codes)
    root = accepted_junit(render(report, "junit"))
    assert sum(int(s.get("failures")) for s in root) >= 1
    assert sorted(json.loads(line)["code"] for line in render(report, "ndjson").splitlines()) == codes
    assert sorted(r["code"] for r in csv.DictReader(io.StringIO(render(report, "csv")))) == codes
    for format_ in ("text", "html", "markdown", "github"):
        assert codes[0] in render(report, format_)
    for format_ in (name for name, f in FORMATS.items() if f.file):
        write_report(report, format_, tmp_path / f"r.{format_}")
    assert sorted(pl.read_parquet(tmp_path / "r.parquet")["code"]) == codes


def test_every_check_offers_every_form(bds, place):
    texts = {"text", "html", "markdown", "github", "json", "sarif", "junit", "ndjson", "csv"}
    assert set(FORMATS) == texts | {"parquet", "xlsx"}
    for format_ in texts:
        assert bds("protocol", "check", "--format", format_).code == 0, format_
    for look in CHECKS.values():
        assert bds(*look(bds, place), "--format", "parquet").code == 2
        assert bds(*look(bds, place), "--format", "pdf").code == 2


def test_the_audit_has_the_same_forms(tmp_path):
    """A verdict made by hand: the forms are those of all checks, and a reach is told only when it is asked for."""
    import numpy as np

    from bds_tool.findings.checked import envelope
    from bds_tool.protect.audit.attack import REASONS, Finding, Verdict
    from bds_tool.protect.audit.told import CODES, checked

    assert set(CODES) == set(REASONS)
    none = np.zeros(0)
    found = [Finding(i, reason, 3.0, 4.0) for i, reason in enumerate(REASONS)]
    verdict = Verdict(found, none, none, 9, 9, 9, 2, ["een opmerking"])
    for show in (False, True):
        report = envelope(checked(verdict, "t.csv", lambda cell: f"cel {cell}", show_values=show))
        text = render(report, "json")
        assert (json.loads(text)["findings"][0]["parameters"].get("bereik") == " (3–4)") is show
        assert {f["code"] for f in accepted_json(text)["findings"]} == {f"PUB0{i}" for i in range(1, 10)}
        accepted_sarif(render(report, "sarif"))
        accepted_junit(render(report, "junit"))
        assert ("3–4" in render(report, "text")) is show


def test_a_check_without_findings_is_a_suite_that_passes(bds):
    for words in (("protocol", "check"), ("zib", "check"), ("change", "check", "4.1.3-4.2.0")):
        done = bds(*words, "--format", "json")
        assert done.code == 0
        report = accepted_json(done.out)
        assert report["summary"]["fout"] == 0
        assert sum(int(s.get("failures")) for s in accepted_junit(render(report, "junit"))) == 0
        accepted_sarif(render(report, "sarif"))


def codes_of_the_program() -> set[str]:
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.add(node.value)
    return found


def test_every_code_of_the_program_is_in_the_catalogue():
    """Both ways: what code can print is explained, and what is explained can occur."""
    every = load_catalogue().rules
    assert codes_of_the_program() - MARKERS - set(every) == set()
    by_tables = {
        c for c in every if c.startswith("BDS8")
    }  # the walk over the message takes codes from its tables
    assert set(every) - codes_of_the_program() - by_tables == set()


def test_every_code_is_explained_by_rule(bds):
    from bds_tool.cli.rule import explain

    every = load_catalogue()
    for code in sorted(codes_of_the_program() - MARKERS):
        assert explain(every.find(code), every).startswith(f"{code} ")
    for code in ("BDS203", "SPEC302", "WIJZ903", "ZIB09", "PUB04"):
        for lang in ("nl", "en"):
            done = bds("--lang", lang, "rule", code)
            assert (done.code, done.out[: len(code) + 1]) == (0, f"{code} ")


def test_former_codes_lead_to_the_rule_and_are_never_given_anew():
    every = load_catalogue()
    former: dict[str, str] = {}
    for rule in every.rules.values():
        for old in rule.formerly:
            assert former.setdefault(old, rule.code) == rule.code
            # 901 and 902 meant one thing in validate and another in change check; validate keeps them.
            assert every.find(old).code == (old if old in {"BDS901", "BDS902"} else rule.code)
    assert {c for c in former if c in every.rules} == {"BDS901", "BDS902"}


def test_an_acceptance_by_a_former_code_still_holds():
    from dataclasses import replace

    catalogue = load_rules()
    rule = replace(catalogue["BDS203"], formerly=("BDS290",))
    renamed = replace(catalogue, rules={**catalogue.rules, "BDS203": rule})
    assert renamed.find("BDS290").code == "BDS203"


def test_texts_are_whole_in_both_languages():
    for rule in load_catalogue().rules.values():
        for text in (rule.title, rule.message, rule.why, rule.remedy):
            assert text.nl
            assert text.en
        names = [set(re.findall(r"\{(\w+)\}", s)) for s in (rule.message.nl, rule.message.en)]
        assert names[0] == names[1], rule.code
