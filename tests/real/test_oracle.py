"""Agreement with the official schematron and XML schema, message by message, place by place.

Expected: `asserts.csv` (every failed assert of the official schematron with its place) and `verdicts.csv`, both made
with two independent XSLT engines.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from datetime import date

import polars as pl
import pytest
from lxml import etree

from bds_tool.formats import read
from bds_tool.validate.engine import Options, validate

#: Messages without official errors on which we raise a `fout` all the same: true defects the official rules miss.
TRUE_DEFECTS = {
    # `ja` in a boolean; the XML schema finds it, the schematron does not
    "oracle/mutanten/r019__bl.xml": {"BDS848"},
    "oracle/mutanten/r019__gender.xml": {"BDS203"},  # sex X is in no list
    "oracle/mutanten/r019__longst.xml": {"BDS207"},  # 5,000 characters where 4,000 fit
    "oracle/mutanten/r019__pqneg.xml": {"BDS209"},  # minus five days
    "oracle/mutanten/r019__pqval.xml": {"BDS231"},  # 99,999,999 days
    # The official XML schema refuses it too: an author without content.
    "dob/4.1.3-deprecated/DOB-4.0.0-R021-CR_test_JGZ-586_hl7.xml": {"BDS843"},
}
#: Mutations that neither schematron nor schema minds, and what we say of them.
MISSED = {
    "cvdisplay": "BDS820",
    "gender": "BDS203",
    "longst": "BDS207",
    "neg": "BDS827",
    "noaddr": "BDS604",
    "nullflavor": "BDS217",
    "pqneg": "BDS209",
    "pqval": "BDS231",
    "bl": "BDS848",
}


@pytest.fixture(scope="module")
def judged(shared):
    """(message → its findings) over every message the oracle judged, in one run."""
    with (shared / "real/oracle/verdicts.csv").open(encoding="utf-8") as file:
        verdicts = list(csv.DictReader(file))
    paths = [shared / "real" / v["message"] for v in verdicts]
    with read(paths[:60], inspect=("bds_tool.validate.message:inspect",)) as first:
        results = [validate(first, Options(today=date(2026, 11, 21), max_examples=0))]
    with read(paths[60:], inspect=("bds_tool.validate.message:inspect",)) as second:
        results.append(validate(second, Options(today=date(2026, 11, 21), max_examples=0)))
    found = {}
    for result in results:
        for bron, pad in result.bronnen.select("bron", "pad").iter_rows():
            message = pad[len(str(shared / "real")) + 1 :]
            found[message] = result.findings.filter(pl.col("bron") == bron)
    return verdicts, found


@pytest.fixture(scope="module")
def asserts(shared):
    with (shared / "real/oracle/asserts.csv").open(encoding="utf-8") as file:
        rows = defaultdict(list)
        for row in csv.DictReader(file):
            rows[row["message"]].append(row)
        return rows


def lines(root, location):
    """Lines of the place itself, of its parent, and of its children: one too many is told at that child."""
    steps = [s for s in location.split("/") if s][1:]
    path = "/".join(re.sub(r"^(\w+)", r"{urn:hl7-org:v3}\1", s) for s in steps)
    place = root.find(path) if path else root
    assert place is not None, location
    own = {place.sourceline} | {c.sourceline for c in place}
    parent = place.getparent()
    return own | ({parent.sourceline} if parent is not None else set())


def test_every_official_error_is_ours_at_the_same_place(shared, judged, asserts):
    verdicts, found = judged
    missed, seen = [], 0
    for verdict in verdicts:
        errors = [a for a in asserts[verdict["message"]] if a["role"] == "error"]
        assert len(errors) == int(verdict["errors"])
        if not errors:
            continue
        root = etree.parse(
            str(shared / "real" / verdict["message"]), etree.XMLParser(remove_comments=True)
        ).getroot()
        ours = set(found[verdict["message"]].filter(pl.col("severity") == "fout")["regel"].to_list())
        for error in errors:
            seen += 1
            if not ours & lines(root, error["location"]):
                missed.append((verdict["message"], error["assert"], error["location"][-60:]))
    assert seen == sum(int(v["errors"]) for v in verdicts) == 28
    assert missed == []


def test_no_error_of_ours_where_the_official_rules_have_none(judged):
    verdicts, found = judged
    wrong = {}
    for verdict in verdicts:
        if int(verdict["errors"]):
            continue
        ours = set(found[verdict["message"]].filter(pl.col("severity") == "fout")["code"].to_list())
        if ours - TRUE_DEFECTS.get(verdict["message"], set()):
            wrong[verdict["message"]] = ours
    assert wrong == {}


def test_listed_defects_are_still_found(judged):
    _, found = judged
    for message, codes in TRUE_DEFECTS.items():
        assert codes <= set(found[message]["code"].to_list()), message


@pytest.mark.parametrize(("name", "code"), MISSED.items())
def test_mutations_that_the_official_rules_miss(judged, name, code):
    _, found = judged
    unchanged = found["oracle/mutanten/r019__unchanged.xml"].filter(pl.col("code") == code).height
    mutant = found[f"oracle/mutanten/r019__{name}.xml"].filter(pl.col("code") == code).height
    assert mutant == unchanged + 1


def test_every_mutant_differs_from_the_unchanged_message(judged):
    _, found = judged
    base = found["oracle/mutanten/r019__unchanged.xml"].group_by("code").len()
    for message, findings in found.items():
        if "mutanten" in message and "unchanged" not in message:
            assert not findings.group_by("code").len().sort("code").equals(base.sort("code")), message


def test_official_warnings_on_vaccination_and_deprecated_codes_are_ours(judged, asserts):
    verdicts, found = judged
    wanted = {
        "A_Rijksvaccinatie-universal": "BDS854",
        "activityEncounterEVN": "BDS210",
        "careProvisionDossier": "BDS854",
    }
    for verdict in verdicts:
        codes = set(found[verdict["message"]]["code"].to_list())
        for row in asserts[verdict["message"]]:
            if row["role"] == "warning" and "verouderd" not in row["text"]:
                assert wanted[row["assert"]] in codes, (verdict["message"], row["assert"])
            elif row["role"] == "warning":
                assert "BDS210" in codes, verdict["message"]


def test_messages_that_must_be_rejected_under_420(shared):
    """Removed elements leave empty clusters; one message of the set fails on its author in the schema alone."""
    folder = shared / "real/dob/4.2.0-removed"
    with read([folder], inspect=("bds_tool.validate.message:inspect",)) as store:
        result = validate(store, Options(today=date(2026, 11, 21), max_examples=0))
    rejected = set(result.totals.filter(pl.col("severity") == "fout")["bron"].to_list())
    accepted = [p for b, p in result.bronnen.select("bron", "pad").iter_rows() if b not in rejected]
    assert [p.rsplit("/", 1)[-1] for p in accepted] == ["DOB-4.0.0-R021-CR_test_JGZ-586_hl7.xml"]


def test_removed_elements_are_a_warning(shared):
    folder = shared / "real/dob/4.2.0-warning"
    with read([folder], inspect=("bds_tool.validate.message:inspect",)) as store:
        result = validate(store, Options(today=date(2026, 11, 21), max_examples=0))
    warned = set(result.totals.filter(pl.col("code") == "BDS102")["bron"].to_list())
    assert len(warned) == 15
    # the one message of the set that the schema refuses (an author without content) has no removed element
    refused = set(result.totals.filter(pl.col("severity") == "fout")["bron"].to_list())
    assert len(refused) == 1
    assert not refused & warned
