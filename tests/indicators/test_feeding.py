"""Melkvoeding: the published percentages of 2018 come back out of a population drawn to them, also with gaps."""

import math
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from bds_tool.indicators import cases

#: Published 2018, % of infants: breast, mixed, formula (volksgezondheidenzorg.info; Peiling Melkvoeding 2018).
PUBLISHED = {
    "BIRTH": (69, 7, 25),
    "D8": (58, 10, 32),
    "2W": (56, 10, 34),
    "1M": (47, 12, 41),
    "3M": (31, 10, 58),
    "6M": (19, 9, 72),
    "9M": (12, 9, 79),
    "12M": (9, 7, 84),
}
#: Days of age at which the contact is drawn, inside the windows of venster.csv.
DAYS = {
    "2W": (10, 20),
    "1M": (21, 45),
    "3M": (75, 110),
    "6M": (160, 215),
    "9M": (245, 305),
    "12M": (335, 425),
}
CODES = (("01", "04"), ("02", "05"), ("03", "06"))
CHILDREN = 4000


@pytest.fixture(scope="module")
def population():
    """Feeding drawn per moment; a quarter of the contacts missed, some contacts doubled or outside every window.

    What the window rule must use is drawn to the published figures; what it must not use says formula, always.
    """
    rng = np.random.default_rng(2018)
    rows, known = [], dict.fromkeys(PUBLISHED, 0)

    def draw(moment):
        p = np.array(PUBLISHED[moment], float)
        return CODES[rng.choice(3, p=p / p.sum())][rng.integers(2)]

    for k in range(CHILDREN):
        child = f"k{k:05}"
        birth = date(2018, 1, 1) + timedelta(int(rng.integers(365)))
        rows.append((child, None, None, 20, 1, birth.isoformat(), 0))
        for moment, number in (("BIRTH", 747), ("D8", 1340)):
            if rng.random() < 0.9:
                rows.append((child, None, None, number, 1, draw(moment), 0))
                known[moment] += 1
        for moment, (low, high) in DAYS.items():
            goal = {"2W": 14, "1M": 30, "3M": 91, "6M": 182, "9M": 274, "12M": 365}[moment]
            if rng.random() < 0.25:
                continue  # missed contact
            day = int(rng.integers(low, high + 1))
            rows.append((child, f"{child}{day}", birth + timedelta(day), 496, 1, draw(moment), 0))
            known[moment] += 1
            far = high if day <= goal else low
            if rng.random() < 0.2 and abs(far - goal) > abs(
                day - goal
            ):  # a second contact further away does not count
                rows.append((child, f"{child}{far}", birth + timedelta(far), 496, 1, "03", 0))
        outside = birth + timedelta(int(rng.choice([5, 60, 130, 230, 320])))
        rows.append((child, f"{child}x", outside, 496, 1, "03", 0))
    return rows, known


@pytest.fixture(scope="module")
def voeding(population):
    from bds_tool.indicators import features

    rows, _ = population
    connection = cases._connection(rows)
    features.install_lookups(connection, ["voeding"], features.Settings(2018, 2020, date(2020, 12, 31)))
    features.make(connection, ["voeding"])
    return pl.DataFrame(connection.sql("select * from voeding").to_arrow_table())


@pytest.mark.parametrize("moment", PUBLISHED)
def test_published_percentages_come_back(voeding, population, moment):
    from bds_tool.indicators.catalogue import load_all

    _, drawn = population
    shipped = load_all()
    for kind, share in zip(("BF", "MIX", "FF"), PUBLISHED[moment], strict=True):
        definition = shipped[f"{kind}-{moment}"]
        known = voeding.filter(pl.sql_expr(definition.population) & pl.sql_expr(definition.denominator))
        assert len(known) == drawn[moment]  # nothing lost, nothing from outside the window
        p = share / sum(PUBLISHED[moment])
        x = len(known.filter(pl.sql_expr(definition.numerator)))
        # within four standard errors: fails once in 16,000 draws, and the draw is fixed
        assert abs(x / len(known) - p) < 4 * math.sqrt(p * (1 - p) / len(known)), (kind, x, len(known))


def test_the_earlier_of_two_equally_near_contacts_counts():
    from bds_tool.indicators import features

    birth = date(2018, 3, 1)
    rows = [("k", None, None, 20, 1, birth.isoformat(), 0)]
    rows += [("k", f"a{d}", birth + timedelta(d), 496, 1, code, 0) for d, code in ((88, "01"), (94, "03"))]
    connection = cases._connection(rows)
    features.install_lookups(connection, ["voeding"], features.Settings(2018, 2019, date(2019, 12, 31)))
    features.make(connection, ["voeding"])
    assert connection.execute("select m3 from voeding").fetchall() == [("01",)]
