"""A study of twelve children, worked out by hand."""

from __future__ import annotations

import csv
from datetime import date

import polars as pl
import pytest

from .conftest import definition_of, store_of, study_of


def contact(child, day):
    """A realised contact with the child."""
    return [
        (child, 724, day, day),
        (child, 494, "39", day),
        (child, 1605, "01", day),
        (child, 1577, "01", day),
    ]


#: Of each child: birth, sex, contacts and what was recorded; the comment says what it is for.
TWELVE = [
    # anna: all there. 731 days old on 1 March 2024; feeding on day 92; BMR at 14 months; education of the mother 08.
    ("anna", 20, "2022-03-01"), ("anna", 19, "1"), *contact("anna", "2022-06-01"), ("anna", 496, "01", "2022-06-01"),
    *contact("anna", "2024-03-01"), ("anna", 235, 884, "2024-03-01"), ("anna", 245, 12500, "2024-03-01"),
    ("anna", 62, "02", None, 1), ("anna", 66, "08", None, 1),
    ("anna", 461, "04", "2023-05-10", 1), ("anna", 1409, "2023-05-10", "2023-05-10", 1),
    # bart: a weight of 125 kg at 2 years; two different answers on feeding on one day.
    ("bart", 20, "2022-06-15"), ("bart", 19, "2"), *contact("bart", "2022-09-20"),
    ("bart", 496, "01", "2022-09-20", 1), ("bart", 496, "03", "2022-09-20", 2),
    *contact("bart", "2024-06-20"), ("bart", 235, 880, "2024-06-20"), ("bart", 245, 125000, "2024-06-20"),
    # cato: the height was refused.
    ("cato", 20, "2023-01-10"), ("cato", 19, "1"), *contact("cato", "2023-04-11"),
    *contact("cato", "2025-01-15"), ("cato", 235, None, "2025-01-15", None, "ASKU"), ("cato", 245, 12000, "2025-01-15"),
    # dirk: seen at 2 years, nothing measured.
    ("dirk", 20, "2022-09-01"), ("dirk", 19, "2"), *contact("dirk", "2024-09-02"),
    # ella: seen at half a year only.
    ("ella", 20, "2022-10-01"), ("ella", 19, "1"), *contact("ella", "2023-04-01"),
    # fien: not yet 30 months on the reference date; feeding on day 92.
    ("fien", 20, "2025-05-01"), ("fien", 19, "2"), *contact("fien", "2025-08-01"), ("fien", 496, "02", "2025-08-01"),
    # gijs: sex unknown, measured at 2 years.
    ("gijs", 20, "2022-01-05"), *contact("gijs", "2024-01-08"), ("gijs", 235, 880, "2024-01-08"), ("gijs", 245, 12000, "2024-01-08"),
    # five who are not in it: born before, objects, no birth date, never seen, chart of Down syndrome.
    ("hans", 20, "2020-01-01"), ("hans", 19, "1"), *contact("hans", "2022-01-03"),
    ("iris", 20, "2022-02-02"), ("iris", 19, "2"), ("iris", 1404, "true"), *contact("iris", "2024-02-02"),
    ("jaap", 19, "1"), *contact("jaap", "2024-02-02"),
    ("koen", 20, "2023-02-02"), ("koen", 19, "1"),
    ("lena", 20, "2022-04-04"), ("lena", 19, "2"), ("lena", 1616, "05", "2024-04-05"), *contact("lena", "2024-04-05"),
]  # fmt: skip
MOMENTS = [{"name": "m24", "from_months": 22, "to_months": 30, "target_months": 24}]
VARIABLES = [
    {"name": "geslacht", "derived": "geslacht"},
    {"name": "opleiding", "derived": "opleiding"},
    {"name": "voeding_m3", "derived": "voeding_m3"},
    {"name": "bmr", "derived": "vaccinatie_bmr_2j"},
    {"name": "leeftijd", "derived": "leeftijd_dagen", "moments": ["m24"]},
    {"name": "z", "derived": "z_lengte", "moments": ["m24"]},
    {"name": "bmi", "derived": "bmi", "moments": ["m24"]},
    {"name": "klasse", "derived": "gewichtsklasse", "moments": ["m24"]},
    {"name": "hoofd", "derived": "hoofdomtrek", "moments": ["m24"]},
    {"name": "soort", "element": 494, "moments": ["m24"]},
]
VARIABLES_OF_A_DAY = [{"name": "bmi", "derived": "bmi"}]
POPULATION = {
    "birth_years": [2022, 2025],
    "contact": {"from_months": 0, "to_months": 36},
    "exclude": [{"name": "downsyndroom", "when": "kaart = 'ds'"}],
}


@pytest.fixture(scope="module")
def twelve(tmp_path_factory):
    """The study, and per child its row; the names come back through the year and the pseudonym that a key gives."""
    from bds_tool.export.cohort.linking import pseudonym

    folder = tmp_path_factory.mktemp("twaalf")
    definition = definition_of(folder, VARIABLES, moments=MOMENTS, population=POPULATION)
    made = study_of(definition, store_of(folder, TWELVE), secret=b"x" * 32)
    names = {pseudonym(b"x" * 32, "kind", f"a\x1f{n}"): n for n in {row[0] for row in TWELVE}}
    return made, {names[r["kind"]]: r for r in made.frame.iter_rows(named=True)}


def test_who_is_in_it_and_why_others_are_not(twelve):
    made, rows = twelve
    assert sorted(rows) == ["anna", "bart", "cato", "dirk", "ella", "fien", "gijs"]
    # 12 dossiers; iris objects; jaap has no birth date; hans is from 2020; koen was never seen; lena has the chart
    assert [(s.left_out, s.remaining) for s in made.flow] == [
        (0, 12), (1, 11), (0, 11), (1, 10), (1, 9), (1, 8), (1, 7),
    ]  # fmt: skip


def said(rows, name):
    """Child → its value, or the kind of missing."""
    return {child: r[name] if r[name] is not None else r[f"{name}_ontbreekt"] for child, r in rows.items()}


def test_what_a_child_has_for_good(twelve):
    _, rows = twelve
    assert said(rows, "geslacht") == {
        "anna": 1, "bart": 2, "cato": 1, "dirk": 2, "ella": 1, "fien": 2, "gijs": "niet_gevraagd",
    }  # fmt: skip
    # 08 is higher education (class 3); nobody recorded it for the others
    assert said(rows, "opleiding") == {"anna": 3} | dict.fromkeys(
        ["bart", "cato", "dirk", "ella", "fien", "gijs"], "niet_gevraagd"
    )
    # the window of 3 months is day 75-110: anna 92, bart 97 (two answers), fien 92; cato was seen on day 91, in 2023:
    # a year in which the source holds an answer of nobody
    assert said(rows, "voeding_m3") == {
        "anna": 1, "bart": "niet_te_bepalen", "cato": "niet_geleverd", "dirk": "geen_contact",
        "ella": "geen_contact", "fien": 2, "gijs": "geen_contact",
    }  # fmt: skip
    # anna had BMR on day 435; fien is not 2 years old on the reference date, so the series is not due
    assert said(rows, "bmr") == {"anna": 1, "fien": "niet_van_toepassing"} | dict.fromkeys(
        ["bart", "cato", "dirk", "ella", "gijs"], 2
    )


def test_what_was_measured_at_two_years(twelve):
    _, rows = twelve
    days = {
        "anna": (date(2024, 3, 1) - date(2022, 3, 1)).days,  # 731
        "bart": (date(2024, 6, 20) - date(2022, 6, 15)).days,
        "cato": (date(2025, 1, 15) - date(2023, 1, 10)).days,
        "dirk": (date(2024, 9, 2) - date(2022, 9, 1)).days,
        "gijs": (date(2024, 1, 8) - date(2022, 1, 5)).days,
        "ella": "geen_contact",
        "fien": "nog_niet",
    }
    assert said(rows, "leeftijd_m24") == days
    bmi = said(rows, "bmi_m24")
    assert bmi["anna"] == pytest.approx(12.5 / 0.884**2)  # 15.996
    assert bmi["gijs"] == pytest.approx(12.0 / 0.880**2)  # 15.496
    assert {k: v for k, v in bmi.items() if k not in {"anna", "gijs"}} == {
        "bart": "ongeloofwaardig", "cato": "geweigerd", "dirk": "niet_gevraagd", "ella": "geen_contact", "fien": "nog_niet",
    }  # fmt: skip
    # IOTF for boys of 2 years: normal from 15.14 to 18.41
    assert said(rows, "klasse_m24")["anna"] == 0
    assert said(rows, "klasse_m24")["gijs"] == "niet_van_toepassing"
    # nobody has a head circumference: the source does not deliver it
    assert said(rows, "hoofd_m24") == dict.fromkeys(["anna", "bart", "cato", "dirk", "gijs"], "niet_geleverd") | {
        "ella": "geen_contact", "fien": "nog_niet",
    }  # fmt: skip
    assert said(rows, "soort_m24") == dict.fromkeys(["anna", "bart", "cato", "dirk", "gijs"], 39) | {
        "ella": "geen_contact", "fien": "nog_niet",
    }  # fmt: skip


def test_z_scores_are_those_of_the_published_table(twelve, shared):
    """Height for age, nl_2009 boys: L, M and S at 731 days, interpolated here from the published points."""
    _, rows = twelve
    with (shared / "references" / "growth_lms.csv").open(newline="") as file:
        points = sorted(
            (float(r["x"]), float(r["L"]), float(r["M"]), float(r["S"]))
            for r in csv.DictReader(file)
            if (r["reference"], r["measure"], r["sex"], r["population"]) == ("nl_2009", "hgt", "male", "nl")
        )
    x = 731 / 365.25
    low = max(p for p in points if p[0] <= x)
    high = min(p for p in points if p[0] > x)
    share = (x - low[0]) / (high[0] - low[0])
    power, median, spread = (a + share * (b - a) for a, b in zip(low[1:], high[1:], strict=True))
    z = ((88.4 / median) ** power - 1) / (power * spread)
    assert low[:3] == (2.0, 1.0, 88.37)
    assert said(rows, "z_m24")["anna"] == pytest.approx(z, abs=1e-6)
    assert {k: v for k, v in said(rows, "z_m24").items() if k not in {"anna", "bart"}} == {
        "cato": "geweigerd", "dirk": "niet_gevraagd", "ella": "geen_contact", "fien": "nog_niet", "gijs": "niet_van_toepassing",
    }  # fmt: skip


def test_a_row_per_visit_and_per_measurement(make_store, defined, studied):
    store = make_store(TWELVE)
    who = {"birth_years": [2022, 2022]}
    asked = [
        {"name": "lengte", "derived": "lengte"},
        {"name": "soort", "element": 494},
        {"name": "sekse", "derived": "geslacht"},
    ]
    visits = studied(defined(asked, row="visit", population=who), store)
    # seen: anna 2, bart 2, dirk 1, ella 1, gijs 1, lena 1 (iris objects, jaap has no birth date, koen is of 2023)
    assert visits.frame.height == 8
    assert sorted(visits.frame["lengte"].drop_nulls()) == [880, 880, 884]
    assert visits.frame["soort"].to_list() == [39] * 8
    assert visits.flow[-1].remaining == visits.frame["kind"].n_unique() == 6
    days = studied(defined(asked, row="measurement", population=who), store)
    # measured: anna, bart and gijs, once each; of dirk, ella and lena there is no day with a measurement
    assert (days.frame.height, days.flow[-1].left_out, days.flow[-1].remaining) == (3, 3, 3)
    assert "datum" not in days.frame.columns


def test_an_objection_counts_when_it_is_asked_for(make_store, defined, studied):
    """And so do values in doubt; here a row is a visit at one of the moments."""
    definition = defined(VARIABLES_OF_A_DAY, row="visit", moments=MOMENTS, population=POPULATION)
    everything = studied(definition, make_store(TWELVE), objections=True, judge=False)
    assert everything.frame["moment"].to_list() == ["m24"] * 6  # anna, bart, cato, dirk, gijs, and iris
    heavy = everything.frame.filter(pl.col("bmi") > 100)["bmi"].to_list()
    assert heavy == [pytest.approx(125 / 0.880**2)]  # bart
