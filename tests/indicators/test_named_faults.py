"""Faults that figures once had and no other test holds, each by hand with the right value."""

from datetime import date, timedelta

import pytest

from bds_tool.indicators import cases, features, run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import TOTAL
from bds_tool.store.store import Store


def counts(make_store, tmp_path, name, rows, by=()):
    """Value of the breakdown (or totaal) → (n, x) over 2024."""
    plan = Plan(choose([name]), Settings(2024, 2024, date(2024, 12, 31)), levels=(), by=by)
    with Store.open(make_store(rows)) as opened:
        result = run.compute(opened, plan, tmp_path / "r.result")
    found = result.counts().filter(area=TOTAL).collect().iter_rows(named=True)
    return {r[by[0]] if by else TOTAL: (r["n"], r["x"]) for r in found}


def seen(child, born, *answers):
    """A child seen on 2024-05-01 with (element, code)."""
    day = "2024-05-01"
    rows = [(child, 20, born), (child, 19, "1"), (child, 724, day, day), (child, 1605, "01", day)]
    return [*rows, *((child, number, code, day) for number, code in answers)]


def test_a_code_without_its_leading_zero_means_the_same(make_store, tmp_path):
    """W0021 of 188: 03 once a day, 04 twice or more. Two of three answers that are understood brush twice; 44 is no code."""
    rows = []
    for child, code in (("a", "04"), ("b", "4"), ("c", "3"), ("d", "44")):
        rows += seen(child, "2016-03-01", (188, code))
    assert counts(make_store, tmp_path, "BRUSH", rows) == {TOTAL: (3, 2)}


@pytest.mark.parametrize(
    ("days", "x"),
    [
        (
            (60, 181, 211, 241),
            0,
        ),  # 121 days between the first two, and the fourth comes 30 days after the third
        ((60, 181, 211, 331), 1),  # the fourth comes 120 days after the third
        ((60, 181, 211, 241, 361), 1),  # a fifth does, 120 days after the fourth
    ],
)
def test_a_gap_among_the_first_doses_is_no_revaccination(make_store, tmp_path, days, x):
    born = date(2022, 5, 1)  # two years old on 2024-05-01
    # Somebody of another age was vaccinated in 2024: the source delivers vaccinations.
    rows = [("k", 20, born.isoformat()), ("k", 19, "1"), ("elder", 20, "2000-01-15")]
    rows += [("elder", 461, "27", "2024-01-15", "e")]
    for number, day in enumerate(days):
        given = (born + timedelta(days=day)).isoformat()
        rows += [("k", 461, "10", given, f"k-{number}"), ("k", 1409, given, given, f"k-{number}")]
    assert counts(make_store, tmp_path, "VAC-DKTP2", rows) == {TOTAL: (1, x)}


@pytest.mark.parametrize(
    ("gestation", "chart"), [(153, "nl"), (154, "p25"), (174, "p25"), (182, "p26"), (258, "p36"), (259, "nl")]
)
def test_below_25_weeks_the_youngest_chart_is_used(gestation, chart):
    """22 × 7 = 154 and 25 × 7 - 1 = 174 days: the chart of 25 weeks. 37 × 7 = 259 is at term; 153 is no gestation to go by."""
    given = [("p", None, None, 20, 1, "2023-01-01", 0), ("p", None, None, 82, 1, str(gestation), 1)]
    connection = cases._connection(given)
    features.install_lookups(connection, ["kind"], features.Settings(2023, 2023, date(2023, 12, 31)))
    features.make(connection, ["kind"])
    assert connection.execute("select kaart from kind").fetchall() == [(chart,)]


@pytest.mark.parametrize(
    ("born", "instrument", "informant", "score", "figure"),
    [
        ("2016-03-01", "09", "01", 13, (1, 0)),  # 8 years, by a parent: 14 is raised, 13 is not
        ("2016-03-01", "09", "01", 14, (1, 1)),
        ("2010-03-01", "10", "02", 19, (1, 0)),  # 14 years, by the child: 20
        ("2010-03-01", "10", "02", 20, (1, 1)),
        (
            "2013-03-01",
            "10",
            "02",
            25,
            (0, 0),
        ),  # 11 years: that list is valid from 12 on, so there is no cut-off
        ("2010-03-01", "09", "01", 25, (0, 0)),  # 14 years, a parent's list of 7 to 12
    ],
)
def test_a_cut_off_only_holds_where_its_source_does(
    make_store, tmp_path, born, instrument, informant, score, figure
):
    rows = seen("k", born, (1341, instrument), (1343, informant), (1116, str(score)))
    assert counts(make_store, tmp_path, "SDQ-HIGH", rows).get(TOTAL, (0, 0)) == figure
