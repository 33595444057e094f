"""Every case of `cases.py`: rules with more than one way to break them have more than one case."""

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
#: No shipped list holds an abstract code that an element may carry; test_three_cases drafts one.
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
