"""Relations between indicators: from the expressions, from what a definition declares, and from counted data."""

import polars as pl
import pytest

from bds_tool.indicators.catalogue import load_all
from bds_tool.indicators.definitions import Indicator
from bds_tool.indicators.relations import BREAKDOWNS, derive, observed, of_result, undeclared


def indicator(name, numerator, denominator="code IN ('1', '2', '3')", **data):
    given = {"soort": "aandeel", "view": "kind", "noemer": denominator, "teller": numerator} | data
    return Indicator(name, given, None)


def som(whole, parts, *, complete):
    return {"kind": "som", "whole": whole, "parts": sorted(parts), "complete": complete}


def sums(*indicators):
    return [r | {"parts": sorted(r["parts"])} for r in derive(indicators) if r["kind"] == "som"]


@pytest.mark.parametrize(
    ("numerators", "expected"),
    [
        ({"A": "code = '1'", "B": "code = '2'", "C": "code = '3'"}, [som(None, "ABC", complete=True)]),
        ({"A": "code = '1'", "B": "code IN ('2')"}, [som(None, "AB", complete=False)]),
        ({"A": "code IN ('1', '2')", "B": "code = '2'"}, [som("A", "B", complete=False)]),
        ({"A": "code <> '1'", "B": "code IN ('2', '3')"}, [som("B", "A", complete=True)]),
        ({"A": "code IN ('1', '2')", "B": "code IN ('2', '3')"}, []),
        ({"A": "z < -2", "B": "abs(z) > 1", "C": "z >= 3"}, [som("B", "AC", complete=False)]),
        ({"A": "flag", "B": "NOT flag"}, [som(None, "AB", complete=False)]),
        ({"A": "flag", "B": "other"}, []),
        ({"A": "score >= limit_", "B": "score >= limit_ + 1"}, [som("A", "B", complete=False)]),
    ],
)
def test_sums_follow_from_the_expressions(numerators, expected):
    assert sums(*(indicator(n, e) for n, e in numerators.items())) == expected


def test_another_denominator_population_or_day_is_no_relation():
    one = indicator("A", "code = '1'")
    for other in (
        indicator("B", "code = '1'", denominator="code IN ('1', '2')"),
        indicator("B", "code = '1'", populatie="jaar > 3"),
        indicator("B", "code = '1'", datum="geboren"),
        indicator("B", "code = '1'", view="groei"),
    ):
        assert derive([one, other]) == []


def test_a_mean_goes_with_the_shares_of_its_column():
    mean = indicator("M", "", waarde="contacten", soort="gemiddelde")
    found = derive([mean, indicator("A", "contacten >= 1"), indicator("B", "code = '1'")])
    assert [r for r in found if r["kind"] == "gemiddelde"] == [
        {"kind": "gemiddelde", "mean": "M", "share": "A"}
    ]


def test_what_no_expression_tells_can_be_declared():
    part = indicator("B", "huisarts", relaties=[{"soort": "deel_van", "van": "A"}])
    assert som("A", "B", complete=False) in derive([indicator("A", "verwezen"), part])
    assert [r["kind"] for r in derive([part, indicator("C", "x")])] == ["noemer"]  # A is not in the set


def test_the_shipped_definitions_know_their_parts():
    found = [
        r | {"parts": sorted(r["parts"])} for r in derive(list(load_all().values())) if r["kind"] == "som"
    ]
    for moment in ("BIRTH", "D8", "2W", "1M", "3M", "6M", "9M", "12M"):
        assert som(None, [f"BF-{moment}", f"FF-{moment}", f"MIX-{moment}"], complete=True) in found
    assert som(None, ["REACH-IN-CARE", "REACH-NONE", "REACH-VACC-ONLY"], complete=True) in found
    assert som("OW", ["OB"], complete=False) in found
    assert som("BW-LOW", ["BW-VLOW"], complete=False) in found
    assert som("REFERRAL", ["REF-GP"], complete=False) in found
    assert som("VAC-BMR2Y", ["VAC-INF-FULL"], complete=False) in found


def counted(**shares):
    """Rows of 40 areas: n = 20 + area, and per indicator its x by area."""
    areas = range(40)
    parts = [
        pl.DataFrame(
            {
                "indicator": name,
                "area": [f"WK{a:04d}" for a in areas],
                "period": "2024",
                **dict.fromkeys(BREAKDOWNS, "totaal"),
                "n": [20 + a for a in areas],
                "x": [rule(a) for a in areas],
                "missing": 0,
            }
        )
        for name, rule in shares.items()
    ]
    return pl.concat(parts)


def test_what_holds_everywhere_and_is_declared_nowhere_is_named():
    frame = counted(A=lambda a: 5 + a % 7, B=lambda a: 15 + a - a % 7, C=lambda a: 4 + a % 5)
    assert som(None, "AB", complete=True) in observed(frame)
    told = undeclared(frame, [])
    assert any(line.startswith("A + B = ") for line in told)
    assert not any("C" in line.split(" ")[0] and "=" in line for line in told)
    assert undeclared(frame, [som(None, "AB", complete=True)]) == []


def test_a_sum_that_only_says_that_a_part_counted_nobody_is_no_relation():
    """Nobody had C here: A + B = everybody follows from that, and that may be a secret."""
    frame = counted(A=lambda a: 5 + a % 7, B=lambda a: 15 + a - a % 7, C=lambda _: 0)
    whole = som(None, "ABC", complete=True)
    assert som(None, "AB", complete=True) in observed(frame)
    assert [r for r in of_result(frame, {"relations": [whole]}) if r["kind"] == "som"] == [whole]


def test_what_holds_for_a_few_children_holds_by_chance():
    """Of 9 children at most, in no row shown by any policy, two shares are alike."""
    few, more = (counted(A=lambda a, n=n: (a * 7) % n, B=lambda a, n=n: (a * 7) % n) for n in (10, 11))
    assert som("A", "B", complete=True) not in observed(few)
    assert som("A", "B", complete=True) in observed(more)


def test_a_share_that_is_always_in_another_is_named():
    frame = counted(A=lambda a: 10 + a % 7, B=lambda a: 8 + a % 7)
    assert [line.split(" geldt")[0] for line in undeclared(frame, [])] == ["B ≤ A"]
    assert undeclared(frame, [som("A", "B", complete=False)]) == []
