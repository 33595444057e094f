"""Consents and objections: each check with a dossier that has it, one that has not, and one that it is not about."""

from __future__ import annotations

import json
from datetime import date

import pytest

from bds_tool.export.dossier.consents import check
from bds_tool.store import Store

from .cohort.conftest import store_of

TODAY = date(2026, 6, 1)


def said(element, value, day, *, nr=1, by="02", end=None):
    """One recording of a consent: its value, its day, who gave it, and its end."""
    days = {1163: (1349, 1164), 1395: (1397, 1396), 1404: (1406, 1405), 1533: (1536, 1535)}[element]
    rows = [("k", element, value, None, nr), ("k", days[1], by, None, nr)]
    rows += [("k", days[0], day, None, nr)] if day else []
    return rows + ([("k", 1607, end, None, nr)] if end else [])


def dose(day, nr=1):
    return [("k", 461, "04", day, nr), ("k", 1409, day, day, nr)]


BORN = [("k", 20, "2015-03-01")]
ADULT = [("k", 20, "2006-03-01")]  # 18 on 1 March 2024
CASES = {
    "nothing": (BORN, set()),
    "given and holding": (BORN + said(1533, "true", "2022-05-01") + dose("2022-05-02"), set()),
    "yes and no on one day": (
        BORN + said(1533, "true", "2022-05-01") + said(1533, "false", "2022-05-01", nr=2),
        {"tegenstrijdig"},
    ),
    "withdrawn": (BORN + said(1163, "true", "2020-01-01") + said(1163, "2", "2021-01-01", nr=2), {"ingetrokken"}),
    "given after a refusal": (BORN + said(1163, "0", "2020-01-01") + said(1163, "1", "2021-01-01", nr=2), set()),
    "ended": (BORN + said(1533, "true", "2022-05-01", end="2024-05-01"), {"verlopen"}),
    "ends later": (BORN + said(1533, "true", "2022-05-01", end="2027-05-01"), set()),
    "no day": (BORN + said(1404, "true", None), {"zonder-dag"}),
    "consent and objection of one day": (
        BORN + said(1163, "true", "2020-01-01") + said(1395, "true", "2020-01-01"),
        {"toestemming-en-bezwaar"},
    ),
    "objection after consent": (BORN + said(1163, "true", "2020-01-01") + said(1395, "true", "2021-01-01"), set()),
    "an adult with a parent's consent": (ADULT + said(1533, "true", "2022-05-01"), {"achttien"}),
    "an adult who consented": (ADULT + said(1533, "true", "2024-05-01", by="01"), set()),
    "an adult who consented as a child": (ADULT + said(1533, "true", "2022-05-01", by="01"), set()),
    "a dose without consent": (BORN + dose("2022-01-01"), {"vaccinatie-zonder-toestemming"}),
    "a dose before consent was needed": (BORN + dose("2021-12-31"), set()),
    "a dose before consent was given": (
        BORN + said(1533, "true", "2022-05-03") + dose("2022-05-02"),
        {"vaccinatie-zonder-toestemming"},
    ),
    "a dose after the end": (
        BORN + said(1533, "true", "2022-05-01", end="2022-06-01") + dose("2022-06-02"),
        {"verlopen", "vaccinatie-zonder-toestemming"},
    ),
    "a dose after withdrawal": (
        BORN + said(1533, "true", "2022-05-01") + said(1533, "false", "2022-05-10", nr=2) + dose("2022-06-02"),
        {"ingetrokken", "vaccinatie-zonder-toestemming"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_found(case, tmp_path):
    rows, expected = CASES[case]
    dossiers, found = check(Store.open(store_of(tmp_path, rows)), TODAY)
    assert len(dossiers) == 1
    assert {name for _, name, _ in found} == expected


def test_the_command_counts_and_names_no_one(bds, tmp_path):
    rows = [("111222333", *r[1:]) for r in CASES["yes and no on one day"][0]]
    store = store_of(tmp_path, [*rows, ("ander", 20, "2015-01-01")])
    done = bds("dossier", "consents", store, "--format", "json", "--each", "--reference-date", "2026-06-01")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["dossiers"] == 2
    assert {c["check"]: c["dossiers"] for c in told["checks"]}["tegenstrijdig"] == 1
    assert [e["check"] for e in told["each"]] == ["tegenstrijdig"]
    assert "111222333" not in done.out
    plain = bds("dossier", "consents", store)
    assert "Ja en nee op dezelfde dag" in plain.out
