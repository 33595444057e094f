"""A study and the figures are one definition: what an indicator counts is the sum of its column, over generated dossiers."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from bds_tool.indicators.catalogue import load_all

YEAR = 2024


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """120 generated children with defects."""
    from bds_tool.cli.main import run

    folder = tmp_path_factory.mktemp("regio") / "r.bds"
    assert run(["generate", "--children", "120", "--seed", "5", "-o", str(folder), "-q"]) == 0
    return folder


@pytest.fixture(scope="module")
def counted(region, tmp_path_factory):
    """Indicator → (n, x or mean) of the whole in YEAR, as `indicator compute` has them."""
    from bds_tool.indicators import features
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.run import compute
    from bds_tool.store import Store

    plan = Plan(list(load_all().values()), features.Settings(YEAR, YEAR, date(YEAR, 12, 31)), (), ())
    result = compute(Store.open(region), plan, tmp_path_factory.mktemp("res") / "r.result")
    rows = pl.read_parquet(result.path / "counts.parquet").filter(pl.col("period") == str(YEAR))
    return {r["indicator"]: r for r in rows.iter_rows(named=True) if r["level"] == "land"}


def test_every_indicator_is_the_sum_of_its_column(region, counted, tmp_path):
    import yaml

    from bds_tool.export.cohort.definition import load
    from bds_tool.export.cohort.running import Wishes, study
    from bds_tool.store import Store

    from .conftest import DELIVERY

    chosen = [i for i in load_all().values() if i.kind != "tarief" and i.view != "activiteit"]
    assert len(chosen) > 130
    variables = [{"name": f"i{n}", "indicator": i.id, "year": YEAR} for n, i in enumerate(chosen)]
    path = tmp_path / "alle.yaml"
    content = {"id": "alle", "title": "Alle", "row": "child", "delivery": DELIVERY, "variables": variables}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    made = study(Store.open(region), load(path), Wishes(date(YEAR, 12, 31)))
    told = {}
    for n, i in enumerate(chosen):
        values = made.frame[f"i{n}"].drop_nulls()
        known = counted.get(i.id)
        mine = (
            values.len(),
            round(float(values.sum()), 3) if i.kind == "gemiddelde" else int((values == 1).sum()),
        )
        theirs = (0, 0)
        if known is not None and known["n"]:
            theirs = (
                known["n"],
                round(known["value"] / i.scale * known["n"], 3) if i.kind == "gemiddelde" else known["x"],
            )
        if mine[0] != theirs[0] or mine[1] != pytest.approx(theirs[1], rel=1e-4, abs=0.01):
            told[i.id] = (mine, theirs)
    assert told == {}
    assert sum(bool(r["n"]) for r in counted.values()) > 60
