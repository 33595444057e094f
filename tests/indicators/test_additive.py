"""Counts add up over every margin, for every shipped indicator: what protection and its audit build upon."""

from datetime import date

import polars as pl
import pytest

from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import BREAKDOWNS, TOTAL
from bds_tool.indicators.run import compute
from bds_tool.store.store import Store
from bds_tool.synthetic.generate import Request, generate

COUNTS = ["n", "x", "missing"]
KEY = ["indicator", "level", "area", "period", *BREAKDOWNS]


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("additive")
    generate(Request(700, 3, "4.1.3"), folder / "g.bds")
    plan = Plan(
        choose([]),
        Settings(2021, 2025, date(2025, 12, 31)),
        levels=("gemeente",),
        by=("sex", "age", "education"),
    )
    with Store.open(folder / "g.bds") as store:
        return compute(store, plan, folder / "g.result").counts().collect()


def summed(frame, over):
    return frame.group_by([k for k in KEY if k != over]).agg(pl.col(COUNTS).sum())


@pytest.mark.parametrize("name", ["sex", "age", "education", "period"])
def test_parts_add_up_to_their_total(counts, name):
    total = TOTAL if name != "period" else "2021-2025"
    whole = counts.filter(pl.col(name) == total).select(*KEY, *COUNTS).drop(name)
    parts = summed(counts.filter(pl.col(name) != total), name)
    broken = counts.filter(pl.col(name) != total)["indicator"].unique().to_list()
    assert len(broken) >= 20
    both = whole.filter(pl.col("indicator").is_in(broken)).join(
        parts, on=[k for k in KEY if k != name], how="full", suffix="_parts"
    )
    wrong = both.filter(
        pl.any_horizontal(pl.col(c).fill_null(0) != pl.col(f"{c}_parts").fill_null(0) for c in COUNTS)
    )
    assert wrong["indicator"].unique().to_list() == []


def test_gemeenten_add_up_to_the_land(counts):
    top = summed(counts.filter(level="land"), "area").drop("level")
    below = summed(counts.filter(level="gemeente"), "area").drop("level")
    key = [k for k in KEY if k not in {"area", "level"}]
    assert top.sort(key).equals(below.sort(key))


def test_nobody_is_known_outside_the_population(counts):
    assert counts["missing"].min() == 0
    answers = counts.filter(pl.col("indicator") == "VITD", pl.col("level") == "land")
    assert answers["n"].sum() > 0
