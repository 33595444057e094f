"""The tables of `specs/dob/model` are the facts of the message standard, and each demand judges its examples.

The facts (`../shared/dob_model`) hold, per demand on a data type or of its own, a fragment that breaks it and one
that meets it; the official schematron gave both verdicts.
"""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import pytest
from lxml import etree

from bds_tool.base.specs import specs_dir
from bds_tool.formats.dob.model import load_model
from bds_tool.formats.dob.model.flavours import Flavours
from bds_tool.formats.dob.model.special import SPECIAL

MODEL = specs_dir() / "dob" / "model"
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


def test_tables_are_the_facts(facts):
    spec = importlib.util.spec_from_file_location("model_tables", Path(__file__).with_name("model_tables.py"))
    converter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(converter)
    for name, content in converter.tables(facts).items():
        with (MODEL / name).open(encoding="utf-8", newline="") as file:
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


@pytest.mark.parametrize("version", ["3.2.7", "4.0.2", "4.1.3"])
def test_demands_of_their_own_judge_their_examples(facts, version):
    message = load_model(MODEL, version).message
    wrong = []
    for r in table(facts, "handwritten.csv"):
        if version not in r["versions"].split():
            continue
        assert (r["id"] in SPECIAL) == (r["fires"] == "possible"), r["id"]
        if r["id"] not in SPECIAL or (r["id"] == "H005" and version != "3.2.7"):
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
