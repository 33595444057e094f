"""Every case of `cases.py`: rules with more than one way to break them have more than one case."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

from bds_tool.findings.catalogue import load_rules

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


def test_one_element_of_two_nodes_of_a_message_is_no_duplicate(judge):
    """Element 1202 is the method of 856 as well as of 858; in a table two columns of one element are two values."""
    place = {"activiteit_id": "a", "datum": "2020-01-15", "rubriek": "R039", "groep": "G044", "volgnr": 1}
    rows = [(1202, "01", place | {"pad": f"observation/{n}/methodCode"}) for n in (856, 858)]
    assert judge(rows, format_="dob").totals.filter(pl.col("code") == "BDS117").is_empty()
    assert judge(rows).totals.filter(pl.col("code") == "BDS117")["n"].sum() == 1
    again = judge([*rows, rows[0]], format_="dob")
    assert again.totals.filter(pl.col("code") == "BDS117")["n"].sum() == 1


def test_the_same_row_twice_is_told_once_and_another_value_by_itself(judge):
    place = {"activiteit_id": "a", "datum": "2020-01-15"}
    found = judge([(235, v, place) for v in ("1020", "1020", "1020", "1030")]).totals
    counts = dict(found.filter(pl.col("code").is_in(["BDS111", "BDS117"])).select("code", "n").iter_rows())
    assert counts == {"BDS117": 2, "BDS111": 1}


def test_only_what_is_about_the_same_registration_is_a_consequence(judge):
    """All of a child on one line: kilograms at one contact (BDS503) do not hide an impossible weight at another (BDS231)."""
    child = [(20, "2018-10-01"), (19, "1")]
    # 13 is 13 kg with a child of two years; 9999999 g divided by 10, 100 or 1000 is no weight of a newborn.
    kilograms = (245, "13", {"activiteit_id": "b", "datum": "2020-10-11"})
    impossible = (245, "9999999", {"activiteit_id": "a", "datum": "2018-10-11"})
    for rows in ([kilograms, impossible], [impossible, kilograms]):
        found = judge([*child, *rows]).findings
        told = found.filter(pl.col("code").is_in(["BDS231", "BDS502", "BDS503"]))
        assert sorted(told.select("activiteit_id", "code").rows()) == [("a", "BDS231"), ("b", "BDS503")]
