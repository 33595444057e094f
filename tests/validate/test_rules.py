"""Every rule: a case that breaks it, one that keeps it, and one in which it has nothing to say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

from bds_tool.validate.catalogue import load_rules

_SPEC = importlib.util.spec_from_file_location("rule_cases", Path(__file__).with_name("cases.py"))
cases = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(cases)
CASES = cases.CASES
#: Rules that a reader, the walk over a message or the judge of acceptances reports; they have tests of their own.
ELSEWHERE = {r.code for r in load_rules().rules.values() if r.stage in {"reader", "message", "judge"}}
#: No list of any version holds an abstract code that an element may carry in this coding.
UNTESTED = {"BDS230"}


def names():
    seen = {}
    for code, *_ in CASES:
        seen[code] = seen.get(code, 0) + 1
        yield f"{code}-{seen[code]}"


@pytest.mark.parametrize(("code", "settings", "bad", "good"), CASES, ids=list(names()))
def test_rule(judge, code, settings, bad, good):
    broken = judge(bad, **settings)
    assert broken.totals.filter(pl.col("code") == code)["n"].sum() >= 1, "the bad case is not found"
    assert set(broken.verdicts.filter(pl.col("code") == code)["status"]) >= {"bevinding"}
    kept = judge(good, **settings)
    assert kept.totals.filter(pl.col("code") == code).is_empty(), "the good case is accused"
    assert set(kept.verdicts.filter(pl.col("code") == code)["status"]) == {"goed"}
    assert code in load_rules().rules


def test_every_rule_has_a_case():
    tested = {c for c, *_ in CASES}
    assert set(load_rules().rules) - ELSEWHERE - UNTESTED == tested


def test_rules_with_nothing_to_judge_are_not_called_good(judge):
    """A table with one remark: rules on elements that are not there must be unknown, with a reason."""
    result = judge([(748, "x", {"activiteit_id": "a", "datum": "2020-01-01"})])
    verdicts = {c: (s, r) for c, s, r in result.verdicts.select("code", "status", "reason").iter_rows()}
    for code in ("BDS201", "BDS203", "BDS301", "BDS403", "BDS414", "BDS507", "BDS705"):
        assert verdicts[code] == ("niet beoordeeld", "element niet aangeleverd"), code
    for code in ("BDS206", "BDS215", "BDS402", "BDS802"):
        assert verdicts[code] == ("niet beoordeeld", "geldt niet voor dit formaat"), code
    assert verdicts["BDS101"] == ("goed", None)


def test_message_rules_are_unknown_for_a_store_whose_message_was_not_walked(judge):
    result = judge([(20, "2018-10-11")], format_="dob")
    verdict = dict(result.verdicts.select("code", "status").iter_rows())
    assert verdict["BDS814"] == "niet beoordeeld"
    assert verdict["BDS890"] == "niet beoordeeld"


def test_unreadable_sources_are_unknown_for_everything_but_family_zero(judge):
    result = judge([], format_="onleesbaar", meldingen=[("BDS002", {})])
    verdict = dict(result.verdicts.select("code", "status").iter_rows())
    assert verdict["BDS002"] == "bevinding"
    assert {
        s
        for c, s in verdict.items()
        if not c.startswith("BDS0") and not c.startswith("BDS9") and load_rules()[c].stage != "reader"
    } == {"niet beoordeeld"}


def test_versions_decide_which_rules_hold(judge):
    """1605 exists since 4.0: in 3.2.7 it is an element of a later version."""
    row = [(1605, "01", {"activiteit_id": "a", "datum": "2020-01-01"})]
    assert "BDS103" in judge(row, version="3.2.7").totals["code"].to_list()
    assert "BDS103" not in judge(row, version="4.0.2").totals["code"].to_list()
