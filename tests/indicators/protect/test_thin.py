"""Thin indicators: few children over many breakdowns, where proof is scarce and sometimes only found for the whole."""

import pickle
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from tables import policy, table

from bds_tool.base.errors import ExitCode, WithheldError
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import read_result
from bds_tool.indicators.run import compute
from bds_tool.protect import result_run
from bds_tool.protect.bundles import protect_group
from bds_tool.protect.ledger import Bonds
from bds_tool.protect.policy import load_policy
from bds_tool.protect.result_model import groups
from bds_tool.protect.result_run import protect_result
from bds_tool.protect.table_run import suppress, table_problem
from bds_tool.store.store import Store
from bds_tool.synthetic.generate import Request, generate


@pytest.mark.parametrize("seed", range(6))
def test_a_total_with_less_room_than_its_part_is_respected(seed):
    """Counts may be known to be at least something at any row; a move never takes a total below that."""
    r = np.random.default_rng(seed)
    rows = [
        (f"G{g}", f"G{g}W{w}", sex, int(r.integers(0, 12)))
        for g in range(3)
        for w in range(4)
        for sex in "MV"
    ]
    frame = pl.DataFrame(rows, schema=["gem", "wijk", "sex", "n"], orient="row")
    problem = table_problem(table(frame, ["gem", "wijk"], ["sex"]), policy(cell=5))
    lower = (problem.values * r.choice([0.0, 0.5, 1.0], problem.values.shape, p=[0.5, 0.2, 0.3])).astype(
        np.int64
    )
    assert suppress(replace(problem, lower=lower)).faults == []


@pytest.fixture(scope="module")
def thin(tmp_path_factory):
    """Three thousand children by origin over three years; few rows have ten of them."""
    folder = tmp_path_factory.mktemp("thin")
    generate(Request(3000, 7, "4.1.3", region="midden"), folder / "g.bds")
    plan = Plan(
        choose(["voeding"]),
        Settings(2023, 2025, date(2025, 12, 31)),
        levels=("gemeente", "wijk"),
        by=("origin",),
        yearly=False,
    )
    with Store.open(folder / "g.bds") as store:
        compute(store, plan, folder / "r.result", area_paths=[folder / "g.bds" / "gebieden.parquet"])
    return folder


@pytest.fixture(scope="module")
def made(thin):
    return protect_result(thin / "r.result", load_policy("cbs-output"), thin / "p.result")


def test_a_thin_indicator_is_hidden_whole_and_the_rest_is_published(thin, made):
    assert made.verdict.safe
    whole = made.meta["whole"]
    published = read_result(thin / "p.result").counts().collect()
    assert whole
    assert set(published.filter(pl.col("indicator").is_in(whole))["status"]) == {"verborgen"}
    assert published.filter(pl.col("indicator").is_in(whole))["n"].drop_nulls().is_empty()
    others = published.filter(~pl.col("indicator").is_in(whole))
    assert (others["status"] == "ok").sum() > 0


def test_a_complement_that_is_the_population_is_proven_by_it(thin):
    """Of a hidden row with a known zero and nobody missing, the complement moves with the population alone."""
    result, rules = read_result(thin / "r.result"), load_policy("cbs-output")
    carried = 0
    for group in groups(result.counts().collect(), result.meta["definitions"], rules):
        protect_group(group, rules, quality=False)
        for indicator in group:
            for primary in indicator.carried:
                assert indicator.population.hidden[primary.node, primary.flat]
                carried += 1
    assert carried


def test_what_was_shown_before_is_not_hidden_on_the_last_rung(thin, made):
    result, rules = read_result(thin / "r.result"), load_policy("cbs-output")
    frame = result.counts().collect()
    known = frame["indicator"].is_in(made.meta["whole"]) & (frame["n"] >= 200)
    assert known.any()
    hidden_whole = 0
    none = pl.Series([None] * frame.height, dtype=pl.Float64)
    bonds = Bonds(known, known & False, known & False, none, none)
    for group in groups(frame, result.meta["definitions"], rules, bonds):
        protect_group(group, rules, quality=False)
        for indicator in group:
            assert not (indicator.outcome.hidden & indicator.shown_before).any()
            hidden_whole += indicator.whole and bool(indicator.shown_before.any())
    assert hidden_whole


def test_two_processes_hide_the_same_rows(thin, made, tmp_path, monkeypatch):
    monkeypatch.setattr(result_run, "PARALLEL_ROWS", 0)
    monkeypatch.setenv("BDS_PROCESSES", "2")
    again = protect_result(thin / "r.result", load_policy("cbs-output"), tmp_path / "p.result")
    assert again.frame.equals(made.frame)
    assert again.facts.equals(made.facts)
    assert again.verdict.judged == made.verdict.judged


def test_what_another_process_withholds_is_told_here():
    told = pickle.loads(pickle.dumps(WithheldError("no proof", "merge years")))  # noqa: S301  # our own
    assert (told.message, told.remedy, told.code) == ("no proof", "merge years", ExitCode.WITHHELD)
