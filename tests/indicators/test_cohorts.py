"""Series of vaccinations per birth cohort: no child falls between two definitions, and none in two of one target."""

from datetime import date, timedelta

import pytest

from bds_tool.indicators.growth import rows

#: What is offered to every child born from a day on; a series after another replaces it.
TARGETS = {
    "dktp": (("dktp_2j",), "1990-01-01"),
    "hib": (("hib_2j",), "1990-01-01"),
    "hepb": (("hepb_2j",), "2011-08-01"),
    "pneu": (("pneu_2j",), "2006-04-01"),
    "bmr 1": (("bmr_2j",), "1990-01-01"),
    "bmr 2": (("bmr_10j", "bmr2_4j"), "1990-01-01"),
    "men": (("men_2j",), "2001-06-01"),
    "rota": (("rota_24w",), "2024-01-01"),
    "booster": (("kleuter_5j", "kleuter_6j"), "1990-01-01"),
    "dtp": (("dtp_10j", "dtp_16j"), "1990-01-01"),
    "hpv": (("hpv_14j",), "1997-01-01"),
    "men 14": (("men_16j",), "2004-01-01"),
}


def test_every_series_belongs_to_a_target():
    assert {s for names, _ in TARGETS.values() for s in names} == {
        r["serie"] for r in rows("vaccinatieserie.csv")
    }


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize("sex", ["V", "M"])
def test_no_birth_day_falls_between_or_in_two(target, sex):
    names, since = TARGETS[target]
    if (target, sex) == ("hpv", "M"):
        since = "2012-01-01"  # boys are invited from birth year 2012 (facts: RIVM, from 2022)
    series = [r for r in rows("vaccinatieserie.csv") if r["serie"] in names and r["sex"] in {"", sex}]
    day = date(1990, 1, 1)
    while day < date(2030, 1, 1):
        own = [r for r in series if r["cohort_van"] <= str(day) < r["cohort_tot"]]
        assert len(own) == (str(day) >= since), (day, [r["serie"] for r in own])
        day += timedelta(1)


def test_limits_are_those_of_the_programme():
    """By hand from the facts: what limit holds for who was born on a day."""
    found = {
        (r["serie"], born)
        for r in rows("vaccinatieserie.csv")
        for born in ("2015-12-31", "2016-01-01", "2020-12-31", "2021-01-01", "2021-12-31", "2022-01-01")
        if r["cohort_van"] <= born < r["cohort_tot"]
    }
    assert {s for s, born in found if born == "2015-12-31"} & {"dtp_10j", "bmr_10j"} == {"dtp_10j", "bmr_10j"}
    assert ("dtp_16j", "2016-01-01") in found
    assert ("bmr_10j", "2021-12-31") in found
    assert ("bmr2_4j", "2022-01-01") in found
    assert ("kleuter_5j", "2020-12-31") in found
    assert ("kleuter_6j", "2021-01-01") in found
    [rota] = [r for r in rows("vaccinatieserie.csv") if r["serie"] == "rota_24w"]
    assert (rota["grens_mnd"], rota["grens_dag"]) == ("0", str(24 * 7))
