"""The tables of `specs/dob/model` and `specs/jgz/model` are the facts of the standard; each demand judges its examples.

The facts (`../shared/dob_model`, `../shared/jgz_messages`) hold, per demand on a data type or of its own, a fragment that breaks it and one
that meets it; the official schematron gave both verdicts.
"""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import pytest
from lxml import etree

from bds_tool.base.specs import specs_dir
from bds_tool.findings.catalogue import load_rules
from bds_tool.formats.dob.model import load_model, messages
from bds_tool.formats.dob.model.flavours import Flavours
from bds_tool.formats.dob.model.special import SPECIAL

MODEL = specs_dir() / "dob" / "model"
OTHERS = specs_dir() / "jgz" / "model"
SPACES = (
    'xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
)
#: The official processor finds that a high of letters lies before 2025; here IVL-9H alone refuses it.
EXCEPTIONS = {("IVL-7", '<effectiveTime><low value="2025"/><high value="abc"/></effectiveTime>')}


@pytest.fixture(scope="module")
def facts(shared):
    return shared / "dob_model"


def table(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("source", "folder"), [("dob_model", MODEL), ("jgz_messages", OTHERS)])
def test_tables_are_the_facts(shared, source, folder):
    spec = importlib.util.spec_from_file_location("model_tables", Path(__file__).with_name("model_tables.py"))
    converter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(converter)
    for name, content in converter.tables(shared / source).items():
        with (folder / name).open(encoding="utf-8", newline="") as file:
            assert list(csv.reader(file)) == content, name


@pytest.fixture(scope="module")
def flavours():
    model = load_model(MODEL, "4.1.3")
    return model, Flavours(model)


def judged(flavours, rule, flavour, fragment):
    """The demands that a fragment breaks: its outermost element, or the first child in a demand on siblings."""
    model, compiled = flavours
    node = etree.fromstring(f"<wrap {SPACES}>{fragment}</wrap>")[0]
    demand = dict(model.flavours()[flavour].rules)[rule]
    if demand.kind in {"distinct", "null_alone"} and demand.target == ".":
        node = node[0]
    return {r.id for r in compiled.broken((flavour,), node)}


def test_demands_of_data_types_judge_their_examples(facts, flavours):
    wrong = []
    for r in table(facts, "datatypes.csv"):
        if r["fails"] and r["id"] not in judged(flavours, r["id"], r["flavour"], r["fails"]):
            wrong.append((r["id"], r["fails"]))
        if r["passes"] and judged(flavours, r["id"], r["flavour"], r["passes"]):
            wrong.append((r["id"], r["passes"]))
    assert not wrong


def test_edge_cases_of_data_types(facts, flavours):
    flavour = {r["id"]: r["flavour"] for r in table(facts, "datatypes.csv")}
    wrong = []
    for r in table(facts, "datatypes_examples.csv"):
        found = judged(flavours, r["rule"], flavour[r["rule"]], r["fragment"])
        # where the official processor stops, any error of ours will do
        broken = bool(found) if r["verdict"] == "stop" else r["rule"] in found
        if broken != (r["verdict"] != "pass") and (r["rule"], r["fragment"]) not in EXCEPTIONS:
            wrong.append(r)
    assert not wrong


RIVM = ["vaccinaties", "geanonimiseerd", "hielprik", "oproeplijst", "partijnummers", "opvragen", "opleveren"]
#: The messages that carry a BSN, of which alone H005 asks a line.
WITH_BSN = {"3.2.7", "vaccinaties", "hielprik", "opvragen"}


@pytest.mark.parametrize("version", ["3.2.7", "4.0.2", "4.1.3", *RIVM, "ack"])
def test_demands_of_their_own_judge_their_examples(shared, version):
    source, folder = ("dob_model", MODEL) if version[0].isdigit() else ("jgz_messages", OTHERS)
    message = load_model(folder, version).message
    wrong = []
    for r in table(shared / source, "handwritten.csv"):
        if version not in r["versions"].split():
            continue
        # H014 can fire in opvragen alone, elsewhere the context demands it already
        assert (r["id"] in SPECIAL) == (r["fires"] == "possible" or r["id"] == "H014"), r["id"]
        if r["id"] not in SPECIAL or (r["id"] == "H005" and version not in WITH_BSN):
            continue
        for column in ("fails", "passes"):
            if not r[column]:
                continue
            text = r[column].replace("{root}", message.root).replace("{trigger}", message.trigger)
            start = etree.fromstring(f"<wrap {SPACES}>{text}</wrap>")[0]
            root = etree.fromstring(etree.tostring(start))
            name = r["node"].replace("{root}", message.root)
            named = [root] if name == "/" else list(root.iter("{urn:hl7-org:v3}" + name))
            node = max(named, key=lambda e: len(list(e.iterancestors())))
            if SPECIAL[r["id"]](node, message) != (column == "passes"):
                wrong.append((r["id"], column))
    assert not wrong


def test_data_type_of_the_batch_list_judges_its_example(shared):
    """INT.NONNEG is the one data type that the dossieroverdrachtbericht does not have."""
    model = load_model(OTHERS, "opleveren")
    compiled = model, Flavours(model)
    listed = [r for r in table(shared / "jgz_messages", "datatypes.csv") if r["flavour"] == "INT.NONNEG"]
    assert [r["id"] for r in listed] == ["NONNEG-1"]
    for r in listed:
        assert judged(compiled, r["id"], r["flavour"], r["fails"]) == {r["id"]}
        assert judged(compiled, r["id"], r["flavour"], r["passes"]) == set()


@pytest.mark.parametrize("version", ["3.2.7", "4.0.2", "4.1.3"])
def test_value_lists_of_other_messages_are_those_of_the_edition(shared, version):
    """Every list is found in each edition, with the codes that the data set has for its OID and date."""
    values = table(shared / "bds" / version, "waardenlijsten.csv")
    checked = 0
    for name in RIVM:
        model = next(
            load_model(OTHERS, m.key, version)
            for m in messages(OTHERS).values()
            if m.kind == name and m.versions.holds(version)
        )
        for r in table(OTHERS, "lijsten.csv"):
            if not model.message.holds(r["versies"]) or r["codes"]:
                continue
            if r["lijst"] == "W0681@2024-04-25" and version != "4.1.3":
                continue  # of 7.1 alone
            wanted = {
                (v["code"], v["codesystem_oid"])
                for v in values
                if (v["valueset_oid"], v["effective_date"]) == (r["waardeset"], r["ingang"])
                and v["soort"] == "concept"
            }
            assert not wanted or model.concepts(r["lijst"])[0] == wanted, (name, r["lijst"])
            checked += bool(wanted)
    assert checked > 20


@pytest.mark.parametrize("source", ["dob_model", "jgz_messages"])
def test_every_demand_has_a_text_of_its_own(shared, source):
    """A finding says what is asked in words, in the rule of the official role."""
    rules = load_rules().rules
    of_role = {"error": "BDS853", "warning": "BDS854", "info": "BDS855"}
    lacking = {
        r["id"]
        for r in table(shared / source, "handwritten.csv")
        if r["fires"] == "possible" and r["id"] not in rules[of_role[r["role"]]].texts
    }
    assert lacking == set()
