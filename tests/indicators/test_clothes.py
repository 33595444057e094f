"""Weighed in clothes: the deduction of the guideline, by hand, only where it is asked for."""

from datetime import date

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.result import TOTAL, read_result
from bds_tool.indicators.sets import clothes
from bds_tool.store.store import Store

AGES = ((3, 0), (4, 0.4), (8, 0.4), (9, 0.6), (11, 0.6), (12, 0.8), (14, 0.8), (15, 1.0), (17, 1.0))


def limits(shared):
    """Per age the limit of obesity of a boy in kg at 1 m 00 (so BMI = kg), per day between the half years of Cole 2012."""
    import pandas as pd

    table = pd.read_csv(shared / "references/bmi_cutoffs_iotf.csv")
    boys = table[table.sex == "M"].set_index("age_years").obesity
    for years, deduction in AGES:
        exact = (date(2024, 6, 15) - date(2024 - years, 6, 15)).days / 365.25
        low, high = float(boys[years]), float(boys[years + 0.5])
        yield years, deduction, low + (high - low) * (exact - years) / 0.5


def obese(make_store, target, name, weights, how):
    """How many of the boys (years, grams, ways of weighing) are obese."""
    rows = []
    for k, (years, grams, answers) in enumerate(weights):
        child = f"k{k}"
        rows += [(child, 20, f"{2024 - years}-06-15"), (child, 19, "1")]
        rows += [(child, 235, 1000, "2024-06-15"), (child, 245, round(grams), "2024-06-15")]
        rows += [(child, 246, a, "2024-06-15") for a in answers]
    plan = Plan(choose(["OB"]), Settings(2024, 2024, date(2024, 12, 31), clothes=how), levels=(), by=())
    with Store.open(make_store(rows, name)) as opened:
        result = run.compute(opened, plan, target, replace=True, judge=False)
    row = result.counts().filter(area=TOTAL).collect().row(0, named=True)
    assert (row["n"], result.meta["settings"]["clothes"]) == (len(weights), how)
    return row["x"]


def test_the_deduction_of_each_age(make_store, tmp_path, shared):
    """Boys in clothes 20 grams above the limit and the deduction, and 20 grams below it."""
    known = list(limits(shared))
    above = [(y, (at + off) * 1000 + 20, ["1"]) for y, off, at in known]
    below = [(y, (at + off) * 1000 - 20, ["1"]) for y, off, at in known]
    assert obese(make_store, tmp_path / "r.result", "a", above, "deduct") == len(AGES)
    assert obese(make_store, tmp_path / "r.result", "b", below, "deduct") == 0
    # As they were weighed all but the toddler of three are over the limit itself.
    assert obese(make_store, tmp_path / "r.result", "c", below, "keep") == len(AGES) - 1
    # Undressed, or nobody knows: nothing is taken off.
    bare = [(y, at * 1000 + 20, answers) for y, _, at in known for answers in (["2"], [], ["1", "2"])]
    assert obese(make_store, tmp_path / "r.result", "d", bare, "deduct") == len(bare)


def test_a_set_prescribes_it_and_an_option_overrules(make_store, tmp_path, bds):
    assert clothes(["overgewicht", "jib"]) == "deduct"
    assert clothes(["jib"]) == "keep"
    rows = [("k", 20, "2014-06-15"), ("k", 19, "1")]
    rows += [("k", n, v, "2024-06-15") for n, v in ((235, 1000), (245, 24200), (246, "1"))]
    store = make_store(rows)
    # Ten years: obese from 24.0 (Cole 2012); 24.2 kg less 0.6 is not.
    for words, x, told in (((), 0, "deduct"), (("--clothes", "keep"), 1, "keep")):
        out = tmp_path / "r.result"
        done = bds("indicator", "compute", store, "-o", out, "--set", "overgewicht", "--period", 2024, "--force", "--all-values",
                   *words)  # fmt: skip
        assert done.code == 0, done.err
        found = read_result(out)
        row = found.counts().filter(area=TOTAL, indicator="OB").collect().row(0, named=True)
        assert (row["n"], row["x"], found.meta["settings"]["clothes"]) == (1, x, told)
