"""Who is weighed in clothes weighs more, and the deduction of the guideline gives back the figure without clothes."""

from copy import deepcopy
from datetime import date

import polars as pl
import pytest

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.store.store import Store
from bds_tool.synthetic import generate as made

CHOSEN = ["OW", "OB", "UW", "OW-5", "BMI-Z"]


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """The same children twice: half of those from four years in clothes, and nobody."""
    folder = tmp_path_factory.mktemp("kleren")
    with pytest.MonkeyPatch.context() as patch:
        for name, share in (("gekleed", 0.5), ("bloot", 0.0)):
            spec = deepcopy(made.population("nederland"))
            spec["groei"]["gekleed"]["waarde"] = share
            patch.setattr(made, "population", lambda _, spec=spec: spec)
            made.generate(made.Request(children=3000, seed=6, themes=("zorg", "groei")), folder / name)
            patch.undo()
    return folder


def counted(folder, name, clothes):
    """(indicator, year) → n, x or sum: as weighed (keep) or with the deduction."""
    plan = Plan(choose(CHOSEN), Settings(2022, 2025, date(2025, 12, 31), clothes=clothes), levels=(), by=())
    with Store.open(folder / name) as opened:
        result = run.compute(opened, plan, folder / f"{name}-{clothes}.result", judge=False)
    rows = result.counts().collect().iter_rows(named=True)
    return {(r["indicator"], r["period"]): (r["n"], r["x"] if r["x"] is not None else r["sum"]) for r in rows}


def test_the_corrected_figures_are_those_without_clothes(twins):
    bare = counted(twins, "bloot", "keep")
    assert counted(twins, "gekleed", "deduct") == bare
    worn = counted(twins, "gekleed", "keep")
    for name in ("OW", "OB", "OW-5"):
        n, x = worn[name, "2022-2025"]
        assert n == bare[name, "2022-2025"][0] > 500
        assert x > 1.05 * bare[name, "2022-2025"][1], name
    assert worn["UW", "2022-2025"][1] < bare["UW", "2022-2025"][1]


def test_only_who_is_dressed_weighs_more(twins):
    """By element 246 (1 dressed): 400, 600, 800 or 1,000 grams, the deductions of the guideline; the others nothing."""
    frames = {n: pl.read_parquet(twins / n / "registraties.parquet") for n in ("gekleed", "bloot")}
    key = ["dossier_id", "activiteit_id"]

    def of(name, number):
        return frames[name].filter(pl.col("bdsnummer") == number).select(*key, "waarde")

    both = (
        of("gekleed", 245)
        .join(of("bloot", 245), on=key, suffix="_bloot")
        .join(of("gekleed", 246), on=key, suffix="_hoe")
    )
    more = (pl.col("waarde").cast(pl.Int64) - pl.col("waarde_bloot").cast(pl.Int64)).alias("meer")
    found = both.group_by("waarde_hoe", more).len()
    assert set(found.filter(pl.col("waarde_hoe") == "2")["meer"]) == {0}
    assert set(found.filter(pl.col("waarde_hoe") == "1")["meer"]) == {400, 600, 800, 1000}
    assert set(of("bloot", 246)["waarde"]) == {"2"}
