"""Rounded figures: sums of them may not tell what each of them hides."""

from __future__ import annotations

import json

import polars as pl
import pytest
from burglar import found_out
from families import RELATIONS, region

from bds_tool.indicators.result import read_result
from bds_tool.protect.policy import load_policy
from bds_tool.protect.releases import run_result
from bds_tool.protect.rounding import round_result


@pytest.mark.parametrize("policy", ["opensafely-mid6", "nhs"])
def test_in_a_thin_region_every_small_count_keeps_four_values(tmp_path, policy):
    source = region(tmp_path / "a.result", 2, wijken=3, most=22)
    facts, _ = run_result(source.path, load_policy(policy), tmp_path / "b.result")
    found, attacked = found_out(tmp_path / "b.result", RELATIONS, source.counts().collect(), width=3)
    assert attacked > 500
    assert facts["attacked"] == attacked
    assert found == []


def test_rounded_alone_the_same_intruder_finds_some_of_them_exactly(tmp_path):
    """Six parts of 1 to 6 whose total is rounded to 3 are all 1: rounding each cell is not enough."""
    source = region(tmp_path / "a.result", 2, wijken=3, most=22)
    truth = source.counts().collect()
    policy = load_policy("opensafely-mid6")
    folder = tmp_path / "b.result"
    folder.mkdir()
    round_result(truth, policy).write_parquet(folder / "counts.parquet")
    meta = {"policy": dict(policy.data), "definitions": source.meta["definitions"]}
    (folder / "_result.json").write_text(json.dumps(meta))
    found, _ = found_out(folder, RELATIONS, truth, width=1)
    assert len(found) > 5


def test_where_counts_are_large_nothing_more_is_hidden(tmp_path):
    source = region(tmp_path / "a.result", 1, wijken=2, most=2000)
    large = (
        source.counts().collect().filter(pl.col("n") > 100, pl.col("n") - pl.col("x") > 50, pl.col("x") > 50)
    )
    run_result(source.path, load_policy("nhs"), tmp_path / "b.result")
    made = read_result(tmp_path / "b.result").counts().collect()
    key = ["indicator", "area", "period", "sex"]
    both = large.filter(~pl.col("indicator").is_in(["CONTACTS"])).join(made, on=key, suffix="_p")
    assert (both["status_p"] == "afgerond").mean() > 0.9


@pytest.mark.parametrize("policy", ["opensafely-mid6", "nhs"])
def test_only_figures_known_to_be_safe_are_published(tmp_path, policy):
    """What a result tells besides is exact: of a hidden row it is the count itself."""
    source = region(tmp_path / "a.result", 2, wijken=3, most=22)
    rows = source.counts().collect()
    told = {c: pl.col("n").cast(rows[c].dtype) for c in ("new", "left_out", "x_with", "value_with", "sum2")}
    rounded = round_result(rows.with_columns(**told), load_policy(policy))
    assert [c for c in told if rounded[c].null_count() < rounded.height] == []
