"""Our second reading of the message standard against the official verdicts it was published with."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from .official import Judge
from .official.demands import DEMANDS
from .official.flavours import FLAVOURS
from .official.paths import Broken, N, elements

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
VERSIONS = ("3.2.7", "4.0.2", "4.1.3")
SPACES = (
    'xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
)


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def dob(version):
    return Judge.dob(SHARED, version)


@cache
def jgz(message):
    return Judge.jgz(SHARED, message)


def fragment(text):
    return etree.fromstring(re.sub(r"^<([\w:.]+)", rf"<\1 {SPACES}", text, count=1))


def flavour_verdict(rule, kind, target, text):
    node = fragment(text)
    if kind in {"distinct", "null_alone"} and not target.startswith("//"):
        node = elements(node)[0]
    try:
        return "pass" if FLAVOURS[rule](node) else "fail"
    except Broken:
        return "stop"


def test_every_flavour_rule_gives_the_verdict_of_its_examples(shared):
    told, wrong, judged = {}, [], 0
    for folder in ("dob_model", "jgz_messages"):
        for r in rows(shared / folder / "datatypes.csv"):
            told[r["id"]] = (r["kind"], r["target"])
            for wanted, text in (("fail", r["fails"]), ("pass", r["passes"])):
                if text:
                    judged += 1
                    wrong += [(r["id"], text)] * (flavour_verdict(r["id"], *told[r["id"]], text) != wanted)
    for r in rows(shared / "dob_model" / "datatypes_examples.csv"):
        judged += 1
        wrong += [(r["rule"], r["fragment"])] * (
            flavour_verdict(r["rule"], *told[r["rule"]], r["fragment"]) != r["verdict"]
        )
    assert (judged, wrong) == (763, [])


def demand_verdict(demand, node, judge, text):
    tree = fragment(text.replace("{root}", judge.root).replace("{trigger}", judge.trigger))
    if node != "/":
        found = list(tree.iter(N + node.replace("{root}", judge.root)))
        deepest = max(len(list(e.iterancestors())) for e in found)
        tree = next(e for e in found if len(list(e.iterancestors())) == deepest)
    try:
        return DEMANDS[demand](tree, judge)
    except Broken:
        return False


@pytest.mark.parametrize("folder", ["dob_model", "jgz_messages"])
def test_every_demand_gives_the_verdict_of_its_examples(folder, shared):
    make = dob if folder == "dob_model" else jgz
    bsn = {"3.2.7", "vaccinaties", "hielprik", "opvragen"}  # the only ones of which H005 asks a line
    wrong, judged = [], 0
    for r in rows(shared / folder / "handwritten.csv"):
        for key in r["versions"].split():
            if r["id"] == "H005" and key not in bsn:
                continue
            for wanted, text in ((False, r["fails"]), (True, r["passes"])):
                if text:
                    judged += 1
                    wrong += [(r["id"], key, text)] * (
                        demand_verdict(r["id"], r["node"], make(key), text) != wanted
                    )
    assert judged > 400
    assert wrong == []


@pytest.fixture(scope="session")
def mutants(shared, tmp_path_factory):
    """The folder with the mutants of each of the two sets, made by their own recipe."""
    made = {}
    for name, script in (("dob", "dob_model/mutants/make.py"), ("jgz", "jgz_messages/make.py")):
        import subprocess
        import sys

        made[name] = tmp_path_factory.mktemp(name)
        subprocess.run(
            [sys.executable, str(shared / script), str(made[name])], check=True, capture_output=True
        )
    return made


def judged(judge, path):
    found = judge.judge(etree.parse(path).getroot())
    rules = Counter((v.role, v.rule, v.template) for v in found if not v.rule.startswith("xsd:"))
    return rules, sum(v.rule.startswith("xsd:") for v in found)


def agrees(version, verdicts, folder):
    """Rule for rule and template for template what the official report added to the base."""
    official = defaultdict(Counter)
    for r in rows(SHARED / "dob_model" / "mutants" / "verdict_errors.csv"):
        if r["source"] == "schematron":
            official[r["version"], r["mutant"]][r["role"], r["rule"], r["template"]] += int(r["times"])
    base, wrong = {}, []
    for r in verdicts:
        mine, schema = judged(dob(version), folder / version / (r["mutant"] + ".xml"))
        if r["kind"] != "base":
            if r["base"] not in base:
                base[r["base"]] = judged(dob(version), folder / version / "base" / (r["base"] + ".xml"))
            before, before_schema = base[r["base"]]
            mine, schema = mine - before, max(schema - before_schema, 0)
        stopped = r["schematron_errors"] == "failed to run"
        same = (
            any(k[0] == "error" for k in mine)
            if stopped
            else set(mine) == set(official[version, r["mutant"]])
        )
        if not same or (schema > 0) != (int(r["xsd_errors"]) > 0):
            wrong.append((r["mutant"], mine, schema))
    return wrong


def some(version, every):
    found = [r for r in rows(SHARED / "dob_model" / "mutants" / "verdicts.csv") if r["version"] == version]
    return found[::every]


@pytest.mark.parametrize("version", VERSIONS)
def test_some_mutants_get_the_official_verdict(version, mutants):
    assert agrees(version, some(version, 23), mutants["dob"]) == []


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_all_mutants_get_the_official_verdict(version, mutants):
    verdicts = some(version, 1)
    assert len(verdicts) > 130
    assert agrees(version, verdicts, mutants["dob"]) == []


def test_the_other_messages_get_the_official_verdict(shared, mutants):
    wrong = []
    for path in sorted((shared / "jgz_messages" / "examples").glob("*.xml")):
        wrong += jgz(path.stem.split("-")[0]).judge(etree.parse(path).getroot())
    listed = rows(shared / "jgz_messages" / "mutants.csv")
    assert len(listed) == 148
    for r in listed:
        mine, schema = judged(jgz(r["message"]), mutants["jgz"] / r["message"] / (r["mutant"] + ".xml"))
        errors = {rule for role, rule, _ in mine if role == "error"}
        if bool(schema) != (int(r["xsd_errors"]) > 0) or bool(errors) != (r["schematron_errors"] != "0"):
            wrong.append((r["message"], r["mutant"], errors, schema))
    assert wrong == []
