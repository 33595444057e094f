"""From a generated population to published files, and an attack with nothing but those files."""

import polars as pl
import pytest
from attack_script import recovered
from test_results import counted

from bds_tool.protect.policy import load_policy
from bds_tool.protect.result_run import protect_result

KEY = ["indicator", "area", "period", "sex", "education", "age", "origin", "mother_age"]


def protected_counts(published, made):
    """Rows of the published file that had to be protected: (indicator, row in the indicator, count)."""
    frame = pl.read_parquet(published / "counts.parquet").with_columns(
        row=pl.int_range(pl.len()).over("indicator")
    )
    return set(
        frame.join(made.internal().select(*KEY, "telling"), on=KEY, nulls_equal=True)
        .with_columns(pl.col("telling").replace({"teller": "x", "ontbrekend": "missing"}))
        .select("indicator", "row", "telling")
        .iter_rows()
    )


def attack(published, made):
    secret = protected_counts(published, made)
    assert secret
    return {(i, r, c) for i, cells in recovered(published).items() for r, c, _ in cells} & secret


def test_the_attack_script_finds_nothing_in_a_small_result(tmp_path):
    source = counted(tmp_path / "a.result", indicators=("A",))
    made = protect_result(source.path, load_policy("ncj-strict"), tmp_path / "b.result")
    assert attack(tmp_path / "b.result", made) == set()


def test_the_attack_script_finds_what_hiding_small_rows_leaves_open(tmp_path):
    source = counted(tmp_path / "a.result", indicators=("A",))
    frame = source.counts().collect()
    small = (pl.col("n") < 50) | (pl.col("x") < 10)
    naive = tmp_path / "naive.result"
    naive.mkdir()
    frame.with_columns(
        pl.when(small).then(None).otherwise(pl.col(c)).alias(c) for c in ("n", "x", "missing")
    ).write_parquet(naive / "counts.parquet")
    assert len(recovered(naive)["A"]) > 50


@pytest.mark.slow
def test_a_population_of_300_000_children_published_by_wijk_gives_nothing_away(bds, tmp_path):
    store, result, out = tmp_path / "p.bds", tmp_path / "p.result", tmp_path / "uit.result"
    assert bds("generate", "-n", 300_000, "--region", "groot", "-o", store, "-q").code == 0
    chosen = [a for i in ("OW-5", "BF-BIRTH", "REACH-P1") for a in ("-i", i)]
    done = bds(
        "indicator",
        "compute",
        store,
        "-o",
        result,
        "--areas",
        store / "gebieden.parquet",
        "--area",
        "gemeente,wijk",
        "--by",
        "sex,year",
        "--period",
        "2023..2025",
        "-q",
        *chosen,
    )
    assert done.code == 0, done.err
    made = protect_result(result, load_policy("ncj-strict"), out)
    assert made.verdict.safe
    assert made.meta["statuses"]["ok"] > 0
    assert attack(out, made) == set()
