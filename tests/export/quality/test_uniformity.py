"""`bds quality --uniformity`: the exact test against scipy and by hand, planted habits, and units that do the same."""

from __future__ import annotations

import csv
import itertools
import json
import random
from math import comb
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bds_tool.export.quality.uniformity import CODE, FILLED, UNKNOWN, compared, exact, holm, observed
from bds_tool.store import Store


def test_at_one_age_it_is_the_exact_test_of_fisher() -> None:
    from scipy.stats import fisher_exact

    draw = random.Random(5)
    for _ in range(60):
        n1, n2 = draw.randint(1, 150), draw.randint(1, 150)
        x1, x2 = draw.randint(0, n1), draw.randint(0, n2)
        wanted = fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])[1]
        assert exact([x1], [n1], [x1 + x2], [n1 + n2]) == pytest.approx(wanted, rel=1e-6)


def test_holm_is_that_of_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    draw = random.Random(1)
    for n in (1, 2, 30):
        p = [draw.random() ** 4 for _ in range(n)]
        assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_over_ages_it_counts_every_way_to_draw_the_unit() -> None:
    """All ways are counted with whole numbers: the chance of a sum is its number of ways over all."""
    draw = random.Random(8)
    for _ in range(60):
        ages = []
        for _ in range(draw.randint(2, 4)):
            total = draw.randint(2, 9)
            n, m = draw.randint(1, total), draw.randint(0, total)
            x = draw.choice([k for k in range(n + 1) if 0 <= m - k <= total - n])
            ages.append((x, n, m, total))
        ways: dict[int, int] = {}
        per_age = [
            [(k, comb(m, k) * comb(total - m, n - k)) for k in range(n + 1) if 0 <= m - k <= total - n]
            for _, n, m, total in ages
        ]
        for some in itertools.product(*per_age):
            at = sum(k for k, _ in some)
            ways[at] = ways.get(at, 0) + int(np.prod([w for _, w in some], dtype=object))
        seen = ways[sum(x for x, *_ in ages)]
        wanted = sum(w for w in ways.values() if w <= seen) / sum(ways.values())
        x, n, m, total = (np.array(c) for c in zip(*ages, strict=True))
        assert exact(x, n, m, total) == pytest.approx(wanted, rel=1e-9)


def test_of_large_numbers_it_is_near_the_test_of_statsmodels() -> None:
    """The asymptotic Cochran-Mantel-Haenszel test, with its correction for continuity, on thousands at each age."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    draw = random.Random(2)
    for _ in range(6):
        tables, level = [], [draw.uniform(0.2, 0.8) for _ in range(5)]
        odds = draw.uniform(0.85, 1.0)
        for p in level:
            n1, n2 = draw.randint(500, 3000), draw.randint(500, 3000)
            x1 = sum(draw.random() < p * odds for _ in range(n1))
            x2 = sum(draw.random() < p for _ in range(n2))
            tables.append([[x1, n1 - x1], [x2, n2 - x2]])
        wanted = StratifiedTable([np.array(t) for t in tables]).test_null_odds(correction=True).pvalue
        x, n = (np.array([t[0][0] for t in tables]), np.array([sum(t[0]) for t in tables]))
        m, total = (np.array([t[0][0] + t[1][0] for t in tables]), np.array([sum(map(sum, t)) for t in tables]))  # fmt: skip
        if wanted > 1e-6:
            assert exact(x, n, m, total) == pytest.approx(wanted, rel=0.15, abs=0.01)


def counts(draw: random.Random, *, habit: float = 0.0) -> pl.DataFrame:
    """Four units that see other ages, twelve elements whose level rises with age; unit A fills element 1 less by `habit`."""
    rows = []
    for unit, ages in {"A": (90, 60, 20, 5), "B": (10, 40, 80, 60), "C": (30, 30, 30, 30), "D": (4, 8, 90, 40)}.items():  # fmt: skip
        for element in range(1, 13):
            for age, n in enumerate(ages):
                p = 0.15 + 0.2 * age - (habit * (0.15 + 0.2 * age) if (unit, element) == ("A", 1) else 0)
                x = sum(draw.random() < p for _ in range(n))
                rows.append((unit, age, element, FILLED, "", x, n))
    return pl.DataFrame(rows, schema={"unit": pl.String, "age": pl.Int32, "bdsnummer": pl.Int32, "kind": pl.String, "code": pl.String, "x": pl.Int64, "n": pl.Int64}, orient="row")  # fmt: skip


def test_where_nobody_does_otherwise_nothing_is_told_beyond_the_level() -> None:
    """100 sets in which the shares follow age alone (and the raw shares of units differ by tens of points)."""
    draw = random.Random(4)
    told = sum(bool(compared([counts(draw)], 10).habits) for _ in range(100))
    # 5 % of 100 is 5; three standard deviations above it is 11.5.
    assert told <= 11


def test_a_planted_habit_is_found_and_age_is_none() -> None:
    draw = random.Random(6)
    for _ in range(10):
        found = compared([counts(draw, habit=0.7)], 10)
        assert ("A", 1) in {(h.unit, h.element) for h in found.habits}
        first = next(h for h in found.habits if (h.unit, h.element) == ("A", 1))
        assert first.share < first.expected / 2


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 children; location 1 sees infants, 2 school children. Location 1 leaves out 1402 at half of its contacts and
    never says code 2 at 1401, which the others use as often as code 1; location 3 says of 1403 that it is unknown."""
    path = tmp_path_factory.mktemp("gelijk") / "levering.csv"
    draw = random.Random(9)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["dossier_id", "activiteit_id", "datum", "bdsnummer", "waarde", "nullflavor"])
        for child in range(400):
            place = child % 3 + 1
            age = draw.choice((0, 0, 3, 8) if place == 1 else (0, 3, 8, 8))
            key, act, day = f"K{child}", f"A{child}", "2024-06-03"
            writer.writerow([key, "", "", 20, f"{2024 - age}-01-15", ""])
            writer.writerow([key, act, day, 1452, place, ""])
            if draw.random() < (0.45 if place == 1 else 0.9):
                writer.writerow([key, act, day, 235, "1200", ""])
            writer.writerow([key, act, day, 496, "01" if place == 1 else draw.choice(("01", "02")), ""])
            unknown = place == 3 and draw.random() < 0.6
            writer.writerow([key, act, day, 245, "" if unknown else "9000", "UNK" if unknown else ""])
            # Weighs by age alone: never a habit.
            if draw.random() < (0.2, 0.2, 0.2, 0.5, 0, 0, 0, 0, 0.95)[age]:
                writer.writerow([key, act, day, 252, "400", ""])
    return path


def test_habits_in_a_delivery_are_told_everywhere(bds, delivery, tmp_path) -> None:
    told = bds("quality", delivery, "--by", "locatie", "--uniformity", "--format", "json", "-q")
    assert told.code == 0, told.err
    found = json.loads(told.out)["uniformity"]
    habits = {(h["unit"].split(" ")[0], h["element"], h["kind"], h["code"]) for h in found["habits"]}
    assert {("1", 235, "filled", None), ("1", 496, "code", "02"), ("3", 245, "unknown", None)} <= habits
    assert 252 not in {e for _, e, _, _ in habits}
    assert 20 not in {e for _, e, _, _ in habits}
    text = bds("quality", delivery, "--by", "locatie", "--uniformity", "-q").out
    assert "Wat eenheden anders doen" in text
    for form, name in (("html", "k.html"), ("xlsx", "k.xlsx")):
        assert bds("quality", delivery, "--by", "locatie", "--uniformity", "--format", form, "-o", tmp_path / name, "-q").code == 0  # fmt: skip
    assert "uitdrukkelijk onbekend" in (tmp_path / "k.html").read_text(encoding="utf-8")
    from openpyxl import load_workbook

    sheet = load_workbook(tmp_path / "k.xlsx")["Eenheden anders"]
    assert sheet.max_row == len(found["habits"]) + 1


def test_deliveries_are_units_where_none_are_asked_for(bds, delivery, tmp_path) -> None:
    """The same delivery twice does the same; a saved verdict holds no contacts."""
    told = bds("quality", f"een={delivery}", f"twee={delivery}", "--uniformity", "--format", "json", "-q")
    found = json.loads(told.out)["uniformity"]
    assert (found["habits"], found["units"]) == ([], ["een", "twee"])
    assert found["compared"] > 0
    bds("validate", delivery, "--save", tmp_path / "v", "-q")
    assert bds("quality", tmp_path / "v", "--uniformity").code == 2


@pytest.mark.slow
def test_generated_children_in_units_by_chance_do_the_same(bds, tmp_path) -> None:
    """600 generated children, 100 ways to put them in four units by lot: at most the stated 5 % tell a habit."""
    assert bds("generate", "--children", 600, "--bds", "4.1.3", "--defects", "standaard", "-o", tmp_path / "s.bds", "-q").code == 0  # fmt: skip
    store = Store.open(tmp_path / "s.bds")
    people = store.registraties().select("bron", "dossier_id").unique().sort("dossier_id").collect()
    told = 0
    for seed in range(100):
        draw = random.Random(seed)
        units = people.with_columns(unit=pl.Series([draw.choice("AABBBCD") for _ in range(len(people))]))
        told += bool(compared([observed(store, ["bron", "dossier_id"], units)], 10).habits)
    # 5 % of 100 is 5; three standard deviations above it is 11.5.
    assert told <= 11
    assert {UNKNOWN, CODE, FILLED} >= set(observed(store, ["bron", "dossier_id"], units)["kind"].unique())
