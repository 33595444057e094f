"""Directly standardised rates against a calculation written out here."""

import math

import pyarrow.parquet as pq
import pytest

from bds_tool.indicators.result import read_result

#: wijk → sex → (children, breastfed at birth)
GIVEN = {"WK036300": {"1": (10, 5), "2": (20, 4)}, "WK036301": {"1": (30, 6), "2": (10, 5)}}
HOUSE = {"WK036300": "1", "WK036301": "2"}


@pytest.fixture
def result(make_store, areas, tmp_path, bds):
    rows = []
    for wijk, sexes in GIVEN.items():
        for sex, (children, fed) in sexes.items():
            for k in range(children):
                child = f"{wijk}-{sex}-{k}"
                rows += [
                    (child, 20, "2024-03-01"),
                    (child, 19, sex),
                    (child, 16, "1011AA"),
                    (child, 12, HOUSE[wijk]),
                ]
                rows.append((child, 747, "01" if k < fed else "03"))
    # a child of unknown sex has no stratum
    rows += [("u", 20, "2024-03-01"), ("u", 16, "1011AA"), ("u", 12, "1"), ("u", 747, "01")]
    out = tmp_path / "r.result"
    done = bds(
        "indicator", "compute", make_store(rows), "-o", out, "--areas", areas, "--area", "gemeente,wijk",
        "--period", "2024", "-i", "BF-BIRTH", "-i", "DAZ-LOW", "--standardise", "sex",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "gestandaardiseerd.parquet" in done.err
    return out


def test_by_hand(result):
    found = {r["area"]: r for r in pq.read_table(result / "gestandaardiseerd.parquet").to_pylist()}
    # weights: 40 boys and 30 girls in all data together
    # WK036300: 40/70 · 5/10 + 30/70 · 4/20; events 5 + 4 = 9
    rate = 40 / 70 * 0.5 + 30 / 70 * 0.2
    variance = (40 / 70) ** 2 * 5 / 10**2 + (30 / 70) ** 2 * 4 / 20**2
    low, high = 4.115373, 17.084803  # exact limits of 9 events: half the chi-squared quantiles (18 and 20 df)
    factor = math.sqrt(variance / 9)
    row = found["WK036300"]
    assert (row["n"], row["x"]) == (30, 9)
    assert row["value"] == pytest.approx(100 * rate, abs=1e-9)
    assert row["lower"] == pytest.approx(100 * (rate + factor * (low - 9)), abs=1e-4)
    assert row["upper"] == pytest.approx(100 * (rate + factor * (high - 9)), abs=1e-4)
    # WK036301: Byar's limits of 11 events
    rate = 40 / 70 * 6 / 30 + 30 / 70 * 5 / 10
    factor = math.sqrt(((40 / 70) ** 2 * 6 / 30**2 + (30 / 70) ** 2 * 5 / 10**2) / 11)
    low = 11 * (1 - 1 / 99 - 1.959964 / (3 * math.sqrt(11))) ** 3
    high = 12 * (1 - 1 / 108 + 1.959964 / (3 * math.sqrt(12))) ** 3
    row = found["WK036301"]
    assert row["value"] == pytest.approx(100 * rate, abs=1e-9)
    assert row["lower"] == pytest.approx(100 * (rate + factor * (low - 11)), abs=1e-4)
    assert row["upper"] == pytest.approx(100 * (rate + factor * (high - 11)), abs=1e-4)
    # the whole has its own rate: 20 of 70
    assert found["totaal"]["value"] == pytest.approx(100 * 20 / 70, abs=1e-9)
    assert row["method"].startswith("direct gestandaardiseerd naar sex (Dobson 95%; standaard: alle gegevens")
    assert {r["indicator"] for r in found.values()} == {"BF-BIRTH"}


def test_the_result_itself_does_not_change(result):
    """Counting by sex for the strata leaves the rows that were asked for: no breakdown."""
    counts = read_result(result).counts().collect()
    assert set(counts["sex"]) == {"totaal"}
    wijk = counts.filter(area="WK036300", indicator="BF-BIRTH").row(0, named=True)
    assert (wijk["n"], wijk["x"], wijk["method"]) == (31, 10, "Wilson 95%")


def test_an_empty_stratum_has_no_rate():
    from bds_tool.indicators.statistics import standardised_rates

    rate, low, high = standardised_rates([[1, 2], [1, 0]], [[10, 10], [10, 0]], [5, 5])
    assert rate[0] == pytest.approx(0.15)
    assert math.isnan(rate[1])
    assert math.isnan(low[1])
    assert math.isnan(high[1])
