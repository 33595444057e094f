"""Dossiers made at the edges: days, leap years, limits of doses, and what lies after the last day that counts.

Every expectation follows from the title of the indicator and was written before the figure was seen.
"""

from datetime import date, timedelta

import pytest

from bds_tool.base.errors import UsageError
from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import TOTAL
from bds_tool.store.store import Store


@pytest.fixture
def figure(make_store, tmp_path):
    """`figure(id, rows, last)` → (n, x or sum) over the year of the last day; rows as in `make_store`."""
    made = []

    def count(name, rows, last="2024-12-31"):
        made.append(name)
        day = date.fromisoformat(last)
        plan = Plan(choose([name]), Settings(day.year, day.year, day), levels=(), by=())
        # Somebody of another age was vaccinated in the year: the source delivers vaccinations.
        rows = [*rows, *doses("elders", "2000-01-15", ("27", f"{day.year}-01-15"))]
        with Store.open(make_store(rows, f"s{len(made)}")) as opened:
            result = run.compute(opened, plan, tmp_path / f"{len(made)}.result")
        found = result.counts().filter(area=TOTAL).collect()
        if not found.height:
            return 0, 0
        row = found.row(0, named=True)
        return row["n"], row["x"] if row["x"] is not None else row["sum"]

    return count


def doses(child, born, *given):
    """A child and its vaccinations (code, day); an activity each."""
    rows = [(child, 20, born)]
    for k, (code, day) in enumerate(given):
        rows += [(child, 461, code, day, f"{child}-{k}"), (child, 1409, day, day, f"{child}-{k}")]
    return rows


# ---- what lies after the last day that counts ----------------------------------------------------------------


def measured(child, *days):
    rows = [(child, 20, "2014-01-15"), (child, 19, "1")]
    for day, grams in days:
        rows += [(child, 235, 1400, day), (child, 245, grams, day)]
    return rows


def test_a_measurement_after_the_last_day_does_not_displace_one_before_it(figure):
    """Obese on 1 March (BMI 26.0 where 24.0 is obese), not on 1 September (22.4); the last day is 30 June."""
    rows = measured("k", ("2024-03-01", 51000), ("2024-09-01", 44000))
    assert figure("OB", rows, "2024-06-30") == (1, 1)
    assert figure("OB", rows) == (1, 0)


def test_a_development_score_after_the_last_day_does_not_displace_one_before_it(figure):
    rows = [("k", 20, "2024-01-10"), ("k", 19, "1")]
    rows += [("k", n, "1", day) for day in ("2024-02-10", "2024-09-10") for n in (879, 886)]
    early, _ = figure("DSCORE", rows, "2024-06-30")
    assert (early, figure("DSCORE", rows)[0]) == (1, 1)


def test_a_referral_after_the_last_day_has_not_happened(figure):
    rows = [("k", 20, "2014-01-15"), ("k", 724, "2024-03-01", "2024-03-01"), ("k", 1605, "01", "2024-03-01")]
    # The source does record referrals: another child has one.
    rows += [(c.replace("k", "l"), n, v, *rest) for c, n, v, *rest in rows] + [
        ("l", 1159, "01", "2024-03-01")
    ]
    rows += [("k", 1159, "04", "2024-09-01")]
    assert figure("REFERRAL", rows, "2024-06-30") == (2, 1)
    assert figure("REFERRAL", rows) == (2, 2)


def test_an_answer_after_the_last_day_does_not_displace_one_before_it(figure):
    rows = [("k", 20, "2018-01-15")]
    for day, answer in (("2024-03-01", "04"), ("2024-09-01", "01")):
        rows += [("k", 724, day, day), ("k", 1605, "01", day), ("k", 188, answer, day)]
    assert figure("BRUSH", rows, "2024-06-30") == (1, 1)
    assert figure("BRUSH", rows) == (1, 0)


CHILD = [("k", 20, "2023-05-01"), ("k", 19, "1")]


@pytest.mark.parametrize(
    ("name", "number", "before", "after"),
    [
        ("REACH-IN-CARE", 1197, "01", "02"),
        ("BF-BIRTH", 747, "01", "03"),
        ("PREG-SMOKE", 91, "1", "2"),
        ("BW-LOW", 110, "2400", "2600"),
        ("PRETERM", 82, "250", "280"),
        ("HIEL", 368, "1", "2"),
    ],
)
def test_a_value_of_the_child_after_the_last_day_does_not_displace_one_before_it(
    figure, name, number, before, after
):
    """Both years are years of birth; on 30 June 2023 the first value is the last known, on 31 December the second."""
    rows = [*CHILD, ("k", number, before, "2023-05-10"), ("k", number, after, "2023-09-01")]
    assert figure(name, rows, "2023-06-30") == (1, 1)
    assert figure(name, rows, "2023-12-31") == (1, 0)


def test_the_end_of_care_counts_whenever_it_was_recorded(figure):
    """Died on 1 June, recorded in September: not in care on 30 June. Dossiers that end later are still in care then."""
    rows = [*CHILD, ("k", 1197, "01", "2023-05-10"), ("k", 21, "2023-06-01", "2023-09-01")]
    assert figure("REACH-IN-CARE", rows, "2023-06-30") == (0, 0)
    rows[-1] = ("k", 488, "2023-09-01", "2023-09-01")
    assert figure("REACH-IN-CARE", rows, "2023-06-30") == (1, 1)


def test_the_mother_s_education_is_the_last_known_one(make_store, tmp_path):
    """05 (laag) in May, 08 (hoog) in September, and two answers of one day that contradict are none."""
    rows = [*CHILD, ("k", 747, "01"), ("k", 62, "02", None, None, 1)]
    rows += [("k", 66, "05", "2023-05-10", "a", 1), ("k", 66, "08", "2023-09-01", "b", 1)]
    twice = [("m", *row[1:]) for row in rows[:4]]
    twice += [("m", 66, "05", "2023-05-10", "a", 1), ("m", 66, "08", "2023-05-10", "b", 1)]
    for last, found in (("2023-06-30", {"laag", "onbekend"}), ("2023-12-31", {"hoog", "onbekend"})):
        day = date.fromisoformat(last)
        plan = Plan(choose(["BF-BIRTH"]), Settings(2023, 2023, day), levels=(), by=("education",))
        with Store.open(make_store([*rows, *twice], last)) as opened:
            result = run.compute(opened, plan, tmp_path / f"{last}.result")
        frame = result.counts().collect()
        assert {r["education"] for r in frame.iter_rows(named=True) if r["n"]} == {*found, "totaal"}


def test_a_year_that_begins_after_the_last_day_is_not_the_year_before_it_again(make_store, tmp_path):
    """One child in care on 30 June 2023: n is 1, however many years of the period are still to come."""
    rows = [*CHILD, ("k", 1197, "01", "2023-05-10")]
    plan = Plan(choose(["REACH-IN-CARE"]), Settings(2022, 2025, date(2023, 6, 30)), levels=(), by=())
    with Store.open(make_store(rows)) as opened:
        result = run.compute(opened, plan, tmp_path / "r.result")
    found = {r["period"]: r["n"] for r in result.counts().collect().iter_rows(named=True)}
    assert found == {"2023": 1, "2022-2025": 1}


@pytest.mark.parametrize("day", [date(2025, 1, 1), date(2022, 12, 31)])
def test_a_last_day_outside_the_years_is_refused(day):
    with pytest.raises(UsageError, match="buiten 2023 tot en met 2024"):
        Settings(2023, 2024, day)


# ---- birthdays -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "x"), [("2022-02-27", 1), ("2022-02-28", 1), ("2022-03-01", 0)])
def test_born_on_29_february_is_two_when_24_months_are_full(figure, day, x):
    """On 28 February 2022 it is 23 full months, as everywhere in the figures; a dose of that day is before the birthday."""
    assert figure("VAC-BMR2Y", doses("k", "2020-02-29", ("04", day)), "2022-12-31") == (1, x)


@pytest.mark.parametrize(
    ("born", "day", "x"),
    [
        ("2021-03-01", "2022-02-28", 0),  # day 364
        ("2021-03-01", "2022-03-01", 1),  # the first birthday, day 365
        ("2019-03-01", "2020-02-29", 0),  # day 365 of a year with a leap day: not one yet
        ("2019-03-01", "2020-03-01", 1),  # the first birthday, day 366
        ("2020-02-29", "2021-02-28", 0),  # eleven full months
        ("2020-02-29", "2021-03-01", 1),
    ],
)
@pytest.mark.parametrize(("name", "code"), [("VAC-BMR2Y", "04"), ("VAC-MEN2", "28")])
def test_not_before_the_first_birthday(figure, name, code, born, day, x):
    last = f"{int(born[:4]) + 2}-12-31"
    assert figure(name, doses("k", born, (code, day)), last) == (1, x)


@pytest.mark.parametrize(("gap", "x"), [(27, 0), (28, 1)])
def test_the_second_bmr_after_28_days(figure, gap, x):
    second = date(2016, 3, 1) + timedelta(days=gap)
    rows = doses("k", "2014-03-01", ("04", "2016-03-01"), ("04", second.isoformat()))
    assert figure("VAC-SCH10-BMR", rows) == (1, x)


@pytest.mark.parametrize(("gap", "x"), [(119, 0), (120, 1)])
def test_the_revaccination_after_four_months(figure, gap, x):
    """Three doses at 60, 90 and 120 days, the fourth so many days later."""
    born = date(2022, 5, 1)
    days = [born + timedelta(days=n) for n in (60, 90, 120, 120 + gap)]
    rows = doses("k", born.isoformat(), *(("10", d.isoformat()) for d in days))
    assert figure("VAC-DKTP2", rows) == (1, x)


@pytest.mark.parametrize(("first", "x"), [(27, 0), (28, 1)])
def test_a_first_dose_too_early_does_not_count(figure, first, x):
    born = date(2022, 5, 1)
    days = [born + timedelta(days=n) for n in (first, 60, 90, 330)]
    rows = doses("k", born.isoformat(), *(("10", d.isoformat()) for d in days))
    assert figure("VAC-DKTP2", rows) == (1, x)


@pytest.mark.parametrize(("gap", "x"), [(149, 0), (150, 1)])
@pytest.mark.parametrize("sex", ["1", "2"])
def test_hpv_twice_with_five_months_between(figure, gap, x, sex):
    """Boys too, from birth year 2012 on; the limit is the fourteenth birthday, in 2026."""
    second = date(2022, 3, 1) + timedelta(days=gap)
    rows = [*doses("k", "2012-02-01", ("09", "2022-03-01"), ("09", second.isoformat())), ("k", 19, sex)]
    assert figure("VAC-HPV", rows, "2026-06-30") == (1, x)


@pytest.mark.parametrize(
    ("days", "x"),
    [
        ((0, 30, 170), 1),  # 170 after the first, 140 (at least 12 weeks) after the second
        ((0, 30, 149), 0),  # not yet five months after the first
        ((0, 30, 150), 1),
        ((0, 70, 153), 0),  # 83 days after the second
        ((0, 70, 154), 1),
        ((0, 100), 0),  # a second one too early, and no third
        ((-900, 0, 149), 0),  # before the ninth birthday is no first dose
    ],
)
def test_a_third_dose_of_hpv_makes_good_a_second_too_early(figure, days, x):
    given = [("09", (date(2022, 3, 1) + timedelta(days=n)).isoformat()) for n in days]
    assert figure("VAC-HPV", [*doses("k", "2012-02-01", *given), ("k", 19, "2")], "2026-06-30") == (1, x)


def test_boys_before_2012_are_no_part_of_hpv(figure):
    rows = [*doses("k", "2011-02-01", ("09", "2021-03-01"), ("09", "2021-10-01")), ("k", 19, "1")]
    rows += [*doses("m", "2011-02-01", ("09", "2021-03-01"), ("09", "2021-10-01")), ("m", 19, "2")]
    assert figure("VAC-HPV", rows, "2025-06-30") == (1, 1)


# ---- windows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "n"), [(74, 0), (75, 1), (110, 1), (111, 0)])
def test_feeding_at_three_months_between_day_75_and_110(figure, day, n):
    born = date(2024, 2, 1)
    rows = [("k", 20, born.isoformat()), ("k", 496, "01", (born + timedelta(days=day)).isoformat())]
    assert figure("BF-3M", rows) == (n, n)


@pytest.mark.parametrize(
    ("day", "n"),
    [("2024-02-28", 0), ("2024-02-29", 0), ("2024-03-01", 1), ("2025-02-28", 1), ("2025-03-01", 0)],
)
def test_walking_from_nine_to_twenty_one_full_months(figure, day, n):
    """Born on 31 May 2023: nine months are full on 1 March 2024 (February has no 31st), 21 on 1 March 2025."""
    rows = [("k", 20, "2023-05-31"), ("k", 986, "1", day)]
    assert figure("VWO-WALK", rows, f"{day[:4]}-12-31") == (n, n)


def test_two_answers_of_one_day_that_contradict(figure):
    rows = [("k", 20, "2018-01-15"), ("k", 724, "2024-03-01", "2024-03-01"), ("k", 1605, "01", "2024-03-01")]
    rows += [("k", 188, "04", "2024-03-01"), ("k", 188, "01", "2024-03-01"), ("k", 188, "01", "2024-02-01")]
    # What was said in February stands: the day of March says nothing.
    assert figure("BRUSH", rows) == (1, 0)


@pytest.mark.parametrize(("gone", "n"), [("2024-05-01", 0), ("2024-05-02", 1)])
def test_a_child_that_died_or_left_by_its_limit_is_in_no_coverage(figure, gone, n):
    for element in (21, 29, 488):
        rows = [*doses("k", "2022-05-01", ("04", "2023-06-01")), ("k", element, gone)]
        assert figure("VAC-BMR2Y", rows) == (n, n), element
