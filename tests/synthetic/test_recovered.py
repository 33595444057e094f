"""Indicators by wijk, counted by the product itself, give back the rates the population was drawn with."""

from __future__ import annotations

import math

import polars as pl
import pytest

from bds_tool.cli import main as program

#: Indicator → figure of the draw that it counts; all are about children by year of birth.
COUNTED = {"BF-BIRTH": "747", "BF-D8": "1340", "VAC-MAT": "1581", "PREG-SMOKE": "91", "PREG-ALC": "92"}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Per indicator, wijk and year: counted n and x beside the drawn n, x and expected number."""
    home = tmp_path_factory.mktemp("terug")
    store, result = home / "r.bds", home / "r.result"
    made = ["generate", "--children", "8000", "--seed", "11", "--region", "klein", "--output", str(store)]
    assert program.run([*made, "--quiet"]) == 0
    wanted = [word for i in COUNTED for word in ("-i", i)]
    counted = ["indicator", "compute", str(store), "--output", str(result), "--area", "gemeente,wijk"]
    counted += ["--areas", str(store / "gebieden.parquet"), "--by", "year", "--period", "2020..2025", *wanted]
    counted += ["--objections", "keep"]  # what was drawn includes who objects
    assert program.run([*counted, "--quiet"]) == 0
    found = (
        pl.read_parquet(result / "counts.parquet")
        .filter(pl.col("level") == "wijk", pl.col("period") != "2020-2025")
        .select(
            figuur=pl.col("indicator").replace_strict(COUNTED),
            wijk="area",
            geboortejaar=pl.col("period").cast(pl.Int64),
            counted="n",
            hits="x",
        )
    )
    drawn = (
        pl.read_parquet(store / "waarheid.parquet")
        .filter(pl.col("figuur").is_in(list(COUNTED.values())), pl.col("geboortejaar") >= 2020)
        .group_by("figuur", "wijk", "geboortejaar")
        .agg(pl.col("n", "verwacht", "x").sum())
    )
    return found.join(drawn, on=["figuur", "wijk", "geboortejaar"], how="full", coalesce=True)


def test_every_count_is_what_was_drawn(compared):
    # 5 figures × 6 years × the wijken of the region; a wijk without births in a year is in neither.
    assert compared.height > 150
    assert compared.filter(pl.col("n").is_null() | pl.col("counted").is_null()).is_empty()
    assert compared.filter(pl.col("counted") != pl.col("n")).is_empty()
    assert compared.filter(pl.col("hits") != pl.col("x")).is_empty()


def test_rates_by_wijk_recover_the_drawn_chances(compared):
    total = compared.group_by("figuur", "wijk").agg(pl.col("counted", "hits", "verwacht").sum())
    for _, wijk, n, x, expected in total.select("figuur", "wijk", "counted", "hits", "verwacht").iter_rows():
        p = expected / n
        # 4.5 standard errors: by chance once in some thousands of runs of all wijken together.
        assert abs(x - expected) <= 4.5 * math.sqrt(n * p * (1 - p)) + 1e-9, wijk
