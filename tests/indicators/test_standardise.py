"""Directly standardised rates against a calculation written out here."""

import math

import polars as pl
import pyarrow.parquet as pq
import pytest

from bds_tool.export.report.book import open_book
from bds_tool.indicators.result import UNPROVEN, read_result, write_result
from bds_tool.indicators.standardise import published
from bds_tool.protect.fit import TOLD
from bds_tool.protect.policy import load_policy
from bds_tool.protect.seal import public_meta, seal_facts, sealer

#: wijk → sex → (children, breastfed at birth)
GIVEN = {"WK036300": {"1": (10, 5), "2": (20, 4)}, "WK036301": {"1": (30, 6), "2": (10, 5)}}
HOUSE = {"WK036300": "1", "WK036301": "2"}


def given():
    """The registraties of the children in GIVEN."""
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
    return rows


@pytest.fixture
def result(make_store, areas, tmp_path, bds):
    rows = given()
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


@pytest.fixture
def shown(make_store, areas, tmp_path, bds):
    """A protected result by sex of the same children, and how to hide rows of it; nothing is hidden at first."""
    rows = given()
    counted = tmp_path / "c.result"
    done = bds(
        "indicator", "compute", make_store(rows), "-o", counted, "--areas", areas, "--area", "gemeente,wijk",
        "--period", "2024", "-i", "BF-BIRTH", "--by", "sex", "--standardise", "sex",
    )  # fmt: skip
    assert done.code == 0, done.err
    result = read_result(counted)

    def protect(**hidden):
        target = tmp_path / f"p{len(hidden)}.result"
        secret = (
            pl.all_horizontal(pl.col(c) == v for c, v in hidden.items()) if hidden else pl.lit(value=False)
        )
        frame = (
            result.counts()
            .collect()
            .with_columns(pl.when(secret).then(pl.lit("verborgen")).otherwise(pl.lit("ok")).alias("status"))
        )
        frame = frame.with_columns(
            *(pl.when(pl.col("status") == "ok").then(c).alias(c) for c in TOLD if c not in UNPROVEN),
            *(pl.lit(None, dtype=frame[c].dtype).alias(c) for c in UNPROVEN),
        )
        # What is tested is standardising; these areas are smaller than any real policy shows.
        thresholds = {"denominator": 1, "numerator": 0, "complement": 0, "cell": 2}
        policy = {**load_policy("ncj-strict").data, "thresholds": thresholds}
        meta = {**public_meta(result.meta), "status": "beschermd", "policy": policy}
        seal = sealer(seal_facts(meta, safe=True))
        return write_result(target, frame, meta, replace=True, finish=seal).path

    return counted, protect


def rates(path):
    return {r["area"]: r for r in open_book(path).standardised(["sex"]).frame.iter_rows(named=True)}


def test_from_a_published_result_the_same_rates_follow(shown):
    counted, protect = shown
    own = {r["area"]: r for r in pq.read_table(counted / "gestandaardiseerd.parquet").to_pylist()}
    found = rates(protect())
    assert set(found) == set(own)
    for area, row in own.items():
        for column in ("n", "x", "value", "lower", "upper", "method"):
            assert found[area][column] == pytest.approx(row[column]), (area, column)
        assert found[area]["status"] == "ok"


def test_a_hidden_stratum_hides_the_rate_of_its_area(shown):
    _, protect = shown
    found = rates(protect(area="WK036301", sex="M"))
    assert found["WK036301"]["status"] == "verborgen"
    assert found["WK036301"]["value"] is found["WK036301"]["n"] is found["WK036301"]["x"] is None
    assert found["WK036300"]["status"] == "ok"


def test_an_area_without_a_stratum_is_told_why_it_has_no_rate(shown):
    """Nobody counted a girl in one wijk: its direct rate is unknown, its SIR is not."""
    _, protect = shown
    rows = read_result(protect()).counts().collect()
    rows = rows.filter((pl.col("area") != "WK036301") | (pl.col("sex") != "V"))
    for kind, status, told in (
        ("direct", "geen_gegevens", "zit hier niemand"),
        ("indirect", "ok", "SIR = waarde"),
    ):
        found = published(rows, ["sex"], {"BF-BIRTH": 100.0}, "2024", kind).filter(area="WK036301")
        assert found["status"].to_list() == [status]
        assert told in found["method"][0]


def test_a_hidden_stratum_of_the_standard_hides_every_rate(shown):
    """Its size is the weight in all of them."""
    _, protect = shown
    assert {r["status"] for r in rates(protect(level="land", sex="M")).values()} == {"verborgen"}


def test_the_table_of_a_report_can_be_standardised(shown, tmp_path, bds):
    _, protect = shown
    out = tmp_path / "t.csv"
    done = bds("report", "table", protect(), "--standardise", "sex", "-o", out)
    assert done.code == 0, done.err
    told = pl.read_csv(out)
    assert told["method"].str.starts_with("direct gestandaardiseerd naar sex").all()
    assert told.filter(area="totaal")["value"].to_list() == pytest.approx([100 * 20 / 70])
    done = bds("report", "table", protect(), "--standardise", "age", "-o", out.with_name("u.csv"))
    assert done.code == 2
    assert "niet uitgesplitst naar age" in done.err
    assert "sex" in done.err


def test_indirect_by_hand_and_by_another_program():
    """Two strata with 10 of 100 and 40 of 200 in the standard: the first area expects 50 x 0.1 + 10 x 0.2 = 7 and has 12."""
    from scipy.stats import chi2

    from bds_tool.indicators.statistics import indirect_rates

    sir, low, high = indirect_rates(
        [[8, 4], [0, 0], [0, 3]], [[50, 10], [20, 0], [0, 15]], [10, 40], [100, 200]
    )
    assert sir == pytest.approx([12 / 7, 0, 1])
    # the table of exact limits of Poisson counts: 12 has 6.20 and 20.96, 0 has 0 and 3.689, 3 has 0.619 and 8.767
    assert low * [7, 2, 3] == pytest.approx([6.2006, 0, 0.6187], abs=1e-3)
    assert high * [7, 2, 3] == pytest.approx([20.9616, 3.6889, 8.7673], abs=1e-3)
    assert low[0] * 7 == pytest.approx(chi2.ppf(0.025, 24) / 2)
    assert high[0] * 7 == pytest.approx(chi2.ppf(0.975, 26) / 2)
    # nobody expected, or somebody in a stratum that the standard does not know
    assert indirect_rates([[1, 0], [1, 1]], [[5, 0], [5, 5]], [0, 0], [10, 0])[0] != pytest.approx([0, 0])


def test_a_table_with_the_sir(shown, tmp_path, bds):
    """The whole against itself is 1; an area is its observed over expected from the strata shown."""
    _, protect = shown
    safe, out = protect(), tmp_path / "t.csv"
    done = bds("report", "table", safe, "--standardise", "sex", "--method", "indirect", "-o", out)
    assert done.code == 0, done.err
    told = {r["area"]: r for r in pl.read_csv(out).iter_rows(named=True)}
    assert told["totaal"]["value"] == pytest.approx(told["totaal"]["reference"])
    rows = pl.read_parquet(safe / "counts.parquet").filter(pl.col("sex").is_in(["M", "V"]))
    rate = {r["sex"]: r["x"] / r["n"] for r in rows.filter(pl.col("level") == "land").iter_rows(named=True)}
    for area, row in told.items():
        own = rows.filter(pl.col("area") == area)
        expected = sum(r["n"] * rate[r["sex"]] for r in own.iter_rows(named=True))
        assert row["value"] / row["reference"] == pytest.approx(own["x"].sum() / expected), area
        assert row["lower"] <= row["value"] <= row["upper"]
