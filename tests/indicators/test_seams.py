"""Dossiers at seams, worked out by hand from titles and the BDS before the figure was seen; their rows shuffled."""

import random
from datetime import date

import pytest

from bds_tool.base.errors import UsageError
from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import TOTAL
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import Store, StoreWriter


@pytest.fixture
def counted(tmp_path):
    """`counted(names, {source: rows}, last)` → {id: {year (with `by` age, age): (n, x or sum, missing)}}.

    A source is (organisation, BDS version); rows are (dossier, bdsnummer, waarde, datum, activiteit, volgnr).
    """
    made = []

    def store(sources, seed):
        path = tmp_path / f"{len(made)}-{seed}.bds"
        lines = []
        with StoreWriter(path) as writer:
            for (organisation, version), rows in sources.items():
                bron = writer.add_bron(
                    pad=f"{organisation}-{version}.csv", formaat="csv", sha256=f"{organisation}{version}",
                    organisatie=organisation, bds_opgegeven=version,
                )  # fmt: skip
                for regel, row in enumerate(rows):
                    dossier, number, value, day, activity, repeat = [*row, None, None, None][:6]
                    day = date.fromisoformat(day) if day else None
                    activity = activity or (f"{dossier}|{day}" if day else None)
                    facts = dict.fromkeys(REGISTRATIES) | {
                        "dossier_id": dossier, "activiteit_id": activity, "datum": day, "bdsnummer": number,
                        "volgnr": repeat, "waarde": str(value), "bron": bron, "regel": regel,
                    }  # fmt: skip
                    lines.append(tuple(facts[c] for c in REGISTRATIES))
            random.Random(seed).shuffle(lines)
            writer.add_rows(lines)
        return path

    def count(names, sources, last="2024-12-31", first=None, by=()):
        day = date.fromisoformat(last)
        plan = Plan(choose(names), Settings(first or day.year, day.year, day), levels=(), by=by)
        with Store.open(store(sources, seed=1)) as opened:
            result = run.compute(opened, plan, tmp_path / f"{len(made)}.result")
        made.append(names)
        found = {}
        for r in result.counts().filter(area=TOTAL).collect().iter_rows(named=True):
            if r["period"].isdecimal() and (r["age"] == TOTAL) != bool(by):
                x = r["x"] if r["x"] is not None else r["sum"]
                found.setdefault(r["indicator"], {})[int(r["age"] if by else r["period"])] = (
                    r["n"],
                    x,
                    r["missing"],
                )
        return found

    return count


def child(key, born="2018-03-01", sex="1"):
    return [(key, 20, born), (key, 19, sex)]


def visit(key, day, *values, status="01", activity=None):
    """A contact of a day, with (bdsnummer, waarde)."""
    act = activity or f"{key}|{day[:10]}"
    rows = [(724, day), (1605, status), *values]
    return [(key, number, value, day[:10], act) for number, value in rows]


ONE = ("GGD A", "4.1.3")


def test_one_number_at_two_organisations_is_two_children(counted):
    """Number 7 of A brushes, number 7 of B, born on another day, does not: two children, one brushes."""
    a = child("7") + visit("7", "2024-03-01", (188, "04"))
    b = child("7", "2017-07-01") + visit("7", "2024-04-01", (188, "01"))
    assert counted(["BRUSH"], {ONE: a, ("GGD B", "4.1.3"): b}) == {"BRUSH": {2024: (2, 1, 0)}}


def test_one_number_in_two_deliveries_of_one_organisation_is_one_child(counted):
    """In 3.2.7 and 4.2.0 the answer to one question has other elements: 510 (04: smoked near the child), 1665 (01: nobody).

    2023: yes, by the old one. 2024: no, by the new one; not one child of each version.
    """
    old = [
        *child("7"),
        ("7", 724, "2023-03-01", "2023-03-01"),
        ("7", 725, "01", "2023-03-01"),
        ("7", 510, "04", "2023-03-01"),
    ]
    new = child("7") + visit("7", "2024-04-01", (1665, "01"))
    found = counted(["SMOKE-HOME"], {("GGD A", "3.2.7"): old, ("GGD A", "4.2.0"): new}, first=2023)
    assert found == {"SMOKE-HOME": {2023: (1, 1, 0), 2024: (1, 0, 0)}}


def test_a_sibling_under_the_same_number_is_no_child_of_two_ages(counted):
    """Two birth dates under one number: nobody knows whose value it is, so neither counts; who is beside it does."""
    rows = [*child("7"), ("7", 20, "2020-03-01"), *visit("7", "2024-03-01", (188, "04"))]
    rows += child("8") + visit("8", "2024-03-01", (188, "04"))
    assert counted(["BRUSH"], {ONE: rows})["BRUSH"][2024] == (1, 1, 0)


def test_a_birth_date_written_twice_in_two_ways_is_one(counted):
    """The same day with a time behind it is no correction."""
    rows = [*child("7"), ("7", 20, "2018-03-01T00:00:00"), *visit("7", "2024-03-01", (188, "04"))]
    assert counted(["BRUSH"], {ONE: rows})["BRUSH"][2024] == (1, 1, 0)


def test_without_an_organisation_two_birth_dates_in_two_deliveries_are_refused(counted):
    with pytest.raises(UsageError, match="organisatie"):
        counted(["BRUSH"], {("", "4.1.3"): child("7"), ("", "4.2.0"): child("7", "2018-04-01")})


def test_a_contact_at_midnight_is_of_the_day_it_begins(counted):
    """New year: 23:59 is of the old year, 00:00 of the new one."""
    rows = child("7") + visit("7", "2023-12-31T23:59:00", (188, "01"), activity="x")
    rows += visit("7", "2024-01-01T00:00:00", (188, "04"), activity="y")
    assert counted(["BRUSH"], {ONE: rows}, first=2023)["BRUSH"] == {2023: (1, 0, 0), 2024: (1, 1, 0)}


@pytest.mark.parametrize(
    ("day", "n"),
    [("2020-02-29", 0), ("2020-03-01", 1), ("2030-02-28", 1), ("2030-03-01", 0)],
)
def test_the_window_of_a_question_runs_from_birthday_to_birthday(counted, day, n):
    """Brushing: from the second birthday (2020-03-01) up to the day before the twelfth (2030-03-01)."""
    rows = child("7") + visit("7", day, (188, "04"))
    rows += child("8", "2014-03-01" if day < "2025" else "2024-03-01") + visit("8", day, (188, "04"))
    assert counted(["BRUSH"], {ONE: rows}, f"{day[:4]}-12-31")["BRUSH"][int(day[:4])] == (1 + n, 1 + n, 0)


def test_a_dossier_without_contacts_is_in_the_population_and_not_reached(counted):
    """Both leave the phase of 1 to 4 years on the fourth birthday; one was seen at two, of the other nothing is known."""
    rows = child("7", "2020-05-01") + visit("7", "2022-06-01") + child("8", "2020-05-01")
    found = counted(["REACH-P3", "CONTACTS-P3"], {ONE: rows})
    assert found == {"REACH-P3": {2024: (2, 1, 0)}, "CONTACTS-P3": {2024: (2, 1.0, 0)}}


def test_not_come_and_seen_on_one_day_are_two_activities_and_one_child_seen(counted):
    rows = child("7") + visit("7", "2024-03-01", status="02", activity="x")
    rows += visit("7", "2024-03-01", (188, "04"), activity="y")
    assert counted(["NOSHOW", "BRUSH"], {ONE: rows}) == {
        "NOSHOW": {2024: (2, 1, 0)},
        "BRUSH": {2024: (1, 1, 0)},
    }


#: What was said (value, day, place), and whether an objection stands; a child of another age each.
SAID = [
    ([("true", None, 1)], True),
    ([("false", None, 1)], False),
    ([("true", "2022-01-01", 1), ("false", "2023-01-01", 1)], False),  # withdrawn
    ([("false", "2022-01-01", 1), ("true", "2023-01-01", 1)], True),  # made later
    ([("true", None, 1), ("false", "2023-01-01", 1)], False),  # made some day, withdrawn later
    ([("true", "2022-01-01", 1), ("false", None, 1)], True),  # a no of nobody knows when ends nothing
    ([("true", "2023-01-01", 1), ("false", "2023-01-01", 1)], True),  # contradicts on one day
    (
        [("true", "2022-01-01", 1), ("false", "2023-01-01", 2)],
        True,
    ),  # a no in another place (of another parent)
    ([("true", "2025-06-01", 1)], True),  # made after the reference date: honoured at once
]

#: The same as a message has it: each answer a group G089 of its own (answer, source 1405, day 1406), no day of the row.
GROUPS = [
    ([("true", "02", "2022-01-01"), ("false", "02", "2023-01-01")], False),  # the parents withdraw it
    ([("true", "PRN", "2022-01-01"), ("false", "02", "2023-01-01")], False),  # … in the code of a message
    ([("false", "02", "2023-01-01"), ("true", "02", "2022-01-01")], False),  # the days decide, not the order
    ([("false", "02", "2022-01-01"), ("true", "02", "2023-01-01")], True),  # made later
    ([("true", "02", "2022-01-01"), ("false", "01", "2023-01-01")], True),  # the child says no to its own
    (
        [("true", "98", "2022-01-01"), ("false", "98", "2023-01-01")],
        True,
    ),  # two others need not be one person
    ([("true", "02", "2022-01-01"), ("false", None, "2023-01-01")], True),  # whose no is not known
    ([("true", "02", "2022-01-01"), ("false", "02", None)], True),  # a no of nobody knows when ends nothing
    ([("true", "02", "2023-01-01"), ("false", "02", "2023-01-01")], True),  # contradicts on one day
]


def test_an_objection_that_was_withdrawn_is_none(counted):
    rows = []
    for k, (said, _) in enumerate(SAID):
        rows += [*child(f"k{k}", f"{2021 - k}-03-01"), (f"k{k}", 1197, "01")]
        rows += [(f"k{k}", 1404, value, day, None, place) for value, day, place in said]
    found = counted(["REACH-IN-CARE"], {ONE: rows}, by=("age",))["REACH-IN-CARE"]
    assert found == {3 + k: (1, 1, 0) for k, (_, stands) in enumerate(SAID) if not stands}


def test_a_source_withdraws_its_objection_in_a_group_of_its_own(counted):
    """Of nine children three have no objection left: they are 3, 4 and 5 on the last day of 2024."""
    rows = []
    for k, (said, _) in enumerate(GROUPS):
        rows += [*child(f"k{k}", f"{2021 - k}-03-01"), (f"k{k}", 1197, "01")]
        for place, answer in enumerate(said, 1):
            told = zip((1404, 1405, 1406), answer, strict=True)
            rows += [(f"k{k}", n, value, None, None, place) for n, value in told if value]
    found = counted(["REACH-IN-CARE"], {ONE: rows}, by=("age",))["REACH-IN-CARE"]
    assert found == {3: (1, 1, 0), 4: (1, 1, 0), 5: (1, 1, 0)}
    assert [k for k, (_, stands) in enumerate(GROUPS) if not stands] == [0, 1, 2]


def test_who_died_or_left_counts_up_to_that_day(counted):
    """On 31 December: 7 died in June, 8 left on the day itself, 9 leaves the day after: one is in care.

    What was answered before that day counts.
    """
    rows = []
    for key, number, day in (("7", 21, "2024-06-01"), ("8", 29, "2024-12-31"), ("9", 488, "2025-01-01")):
        rows += child(key) + visit(key, "2024-03-01", (188, "04")) + [(key, 1197, "01"), (key, number, day)]
    found = counted(["REACH-IN-CARE", "BRUSH"], {ONE: rows})
    assert found == {"REACH-IN-CARE": {2024: (1, 1, 0)}, "BRUSH": {2024: (3, 3, 0)}}
