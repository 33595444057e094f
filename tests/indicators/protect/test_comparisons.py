"""Words of comparison hang on what is shown: which of many differences stand out would tell of hidden areas too."""

import numpy as np
import polars as pl
import pytest
from families import region
from scipy import stats

from bds_tool.indicators.result import BREAKDOWNS, write_result
from bds_tool.protect.comparisons import compared_again, trends_again
from bds_tool.protect.policy import load_policy
from bds_tool.protect.releases import run_result

META = {"definitions": {"I": {"kind": "aandeel"}}}


def rows(counts, *, period="2024", level="gemeente"):
    """A land and its areas; counts None: a hidden row. Every shown one bears a word that is not to be believed."""
    n, x = (sum(c[k] for c in counts if c) + (300 if k == 0 else 40) for k in (0, 1))
    made = [
        ("land", "totaal", None, n, x),
        *((level, f"G{i}", "totaal", *(c or (None, None))) for i, c in enumerate(counts)),
    ]
    return pl.DataFrame(
        [
            {"indicator": "I", "level": level, "area": area, "parent": parent, "period": period, **dict.fromkeys(BREAKDOWNS, "totaal"),
             "n": n, "x": x, "sum": None, "sum2": None,
             "reference_test": None if level == "land" or n is None else "gelijk (z-toets, BH)",
             "trend": None if n is None else "stabiel"}
            for level, area, parent, n, x in made
        ],
        schema_overrides={"n": pl.Int64, "x": pl.Int64, "sum": pl.Float64, "sum2": pl.Float64},
    )  # fmt: skip


def test_areas_are_tested_over_those_shown_as_scipy_does():
    counts = [(400, 60), (400, 35), (300, 55), (500, 60), (200, 27), None, None, None]
    frame = rows(counts)
    n, x = frame["n"][0], frame["x"][0]
    p, z = [], []
    for m, y in filter(None, counts):
        table = np.array([[y, m - y], [x - y, n - m - x + y]])
        # Without correction the chi-square of a table of two by two is the square of z.
        p.append(stats.chi2_contingency(table, correction=False).pvalue)
        z.append(y / m - (x - y) / (n - m))
    adjusted = stats.false_discovery_control(p)
    words = [
        "gelijk" if a >= 0.05 else "hoger" if s > 0 else "lager" for a, s in zip(adjusted, z, strict=True)
    ]
    assert len(set(words)) > 1
    told = compared_again(frame, META)["reference_test"].to_list()
    assert told == [None, *(f"{w} (z-toets, BH)" for w in words), None, None, None]


def test_trends_are_tested_over_those_shown():
    """Area 0 rises from 10 to 30 of 100 (z = 20 / √(2 · 100 · 0.2 · 0.8) = 3.5), the land from 70 to 90 of 500 (z =
    20 / √(2 · 500 · 0.16 · 0.84) = 1.7), area 1 stays; the window bears the words.
    """
    years = [rows([(100, 10 * k), (100, 20), None], period=str(2022 + k)) for k in (1, 2, 3)]
    window = rows([(300, 60), (300, 60), None], period="2023-2025")
    frame = pl.concat([*(y.with_columns(trend=pl.lit(None, pl.String)) for y in years), window])
    told = trends_again(frame, META).filter(period="2023-2025")
    assert dict(told.select("area", "trend").iter_rows()) == {
        "totaal": "stabiel",
        "G0": "stijgend",
        "G1": "stabiel",
        "G2": None,
    }


@pytest.mark.parametrize("policy", ["ncj-strict", "wijk-klassen"])
def test_words_of_the_count_leave_no_trace(tmp_path, policy):
    """Two worlds alike but for what the count said of every area, as hidden areas would have it: one publication."""
    source = region(tmp_path / "a.result", 2, wijken=3, most=120)
    made = []
    for word in ("gelijk (z-toets, BH)", "hoger (z-toets, BH)"):
        frame = source.counts().collect()
        tested = pl.when(pl.col("level") != "land").then(pl.lit(word))
        path = tmp_path / f"{len(made)}.result"
        write_result(path, frame.with_columns(reference_test=tested), source.meta)
        run_result(path, load_policy(policy), tmp_path / f"uit{len(made)}.result")
        made.append(pl.read_parquet(tmp_path / f"uit{len(made)}.result" / "counts.parquet"))
    assert made[0].equals(made[1])
    assert made[0]["reference_test"].drop_nulls().len() > 20
