"""Classes instead of asterisks: what they are, that they tell nothing else, and that they leave enough possible."""

from __future__ import annotations

import json
import shutil

import numpy as np
import polars as pl
import pytest
from families import region

from bds_tool.export.report import cells
from bds_tool.indicators.result import read_result, write_result
from bds_tool.protect.audit.result_file import audit_results
from bds_tool.protect.coding import bounds, fits, percentages, steps
from bds_tool.protect.policy import build, load_policy
from bds_tool.protect.releases import run_result
from bds_tool.protect.seal import broken, seal_facts, sealer

RULE = {"steps": [5, 10, 25], "least": 5}


def test_the_classes_of_a_denominator_hold_every_numerator_once_and_enough_of_them():
    for n in range(20, 400):
        x = np.arange(n + 1)
        all_n = np.full(n + 1, n)
        low, high = bounds(all_n, x, RULE)
        # Every numerator of a class has the same class: a partition.
        for a, b in {*zip(low.tolist(), high.tolist(), strict=True)}:
            assert set(low[a : b + 1]) == {a}
            assert set(high[a : b + 1]) == {b}
        least, most = percentages(all_n, x, RULE)
        assert ((least * n <= 100 * x) & (100 * x <= most * n)).all()
        if steps(all_n, RULE)[0]:
            assert (high - low + 1).min() >= RULE["least"]
            assert fits(all_n, least, most, RULE).all()
            assert not fits(all_n, least + 1, most + 1, RULE).any()
    # Of 200 children 3 and 10 are ≤ 5 %, 11 is 5–10 %, 190 is ≥ 95 %; of 100, classes of ten points.
    told = percentages(np.array([200, 200, 200, 200, 100]), np.array([3, 10, 11, 190, 97]), RULE)
    assert [*zip(*(t.tolist() for t in told), strict=True)] == [(0, 5), (0, 5), (5, 10), (95, 100), (90, 100)]


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("klassen")
    region(folder / "a.result", 1)
    run_result(folder / "a.result", load_policy("wijk-klassen"), folder / "b.result")
    run_result(folder / "a.result", load_policy("ncj-strict"), folder / "streng.result")
    return folder


def test_a_class_is_true_and_tells_nothing_but_itself(coded):
    frame = read_result(coded / "b.result").counts().collect()
    rows = frame.filter(status="klasse")
    assert rows.height > 100
    key = ["indicator", "area", "period", "sex"]
    truth = read_result(coded / "a.result").counts().collect()
    both = rows.join(truth.select(*key, "n", "x"), on=key, suffix="_t")
    assert both.height == rows.height
    share = 100 * both["x_t"] / both["n_t"]
    assert (both["n"] == both["n_t"]).all()
    assert ((share >= both["lower"]) & (share <= both["upper"])).all()
    empty = set(frame.columns) - {"indicator", "level", "area", "area_name", "parent", "period", "status"}
    empty -= {"sex", "education", "age", "origin", "mother_age", "n", "missing", "lower", "upper", "method"}
    assert all(rows[c].null_count() == rows.height for c in empty)


def test_fewer_cells_say_nothing_than_where_they_are_hidden(coded):
    def silent(name):
        frame = read_result(coded / name).counts().collect().filter(period="2023-2024", level="wijk")
        return (frame["status"] == "verborgen").mean()

    assert silent("b.result") < silent("streng.result") / 1.5


def test_single_years_are_told_of_no_wijk_but_of_every_gemeente(coded):
    frame = read_result(coded / "b.result").counts().collect()
    years = frame.filter(~pl.col("period").str.contains("-"))
    assert set(years.filter(level="wijk")["status"]) == {"niet_op_dit_niveau"}
    assert "ok" in set(years.filter(level="gemeente")["status"])


def test_an_audit_that_is_told_nothing_finds_four_values_in_every_class(coded):
    verdict = audit_results(coded / "b.result", width=1)
    assert verdict.safe, (verdict.by_reason(), verdict.remarks)
    frame = read_result(coded / "b.result").counts().collect()
    classes = frame.filter(status="klasse").select(
        "indicator", "area", "period", "sex", "education", "age", "origin", "mother_age"
    )
    found = audit_results(
        coded / "b.result",
        judged=lambda name: (
            classes.filter(indicator=name).drop("indicator").with_columns(telling=pl.lit("teller"), breedte=3)
        ),
    )
    assert found.judged == classes.height
    # Only protected counts are promised it; a row that shields another keeps two.
    assert len(found.findings) < classes.height / 10


@pytest.mark.parametrize(
    "change",
    [
        {"x": 3},
        {"value": 4.0},
        {"lower": 2.0},
        {"upper": 12.0},
        {"method": "Wilson 95%"},
        {"missing": None},
        {"n": 12},
        {"sum": 4.0},
    ],
)
def test_a_class_that_the_policy_does_not_give_is_refused_under_a_new_seal_too(coded, tmp_path, change):
    source = read_result(coded / "b.result")
    frame = source.counts().collect().with_row_index("_i")
    at = frame.filter(status="klasse")["_i"][0]
    for column, value in change.items():
        told = pl.when(pl.col("_i") == at).then(pl.lit(value)).otherwise(pl.col(column))
        frame = frame.with_columns(told.cast(frame[column].dtype).alias(column))
    meta = json.loads(json.dumps(source.meta))
    made = write_result(
        tmp_path / "f.result", frame.drop("_i"), meta, finish=sealer(seal_facts(meta, safe=True))
    )
    assert list(broken(made))


def test_unchanged_it_is_published(coded, bds, tmp_path):
    shutil.copytree(coded / "b.result", tmp_path / "b.result")
    done = bds("report", "table", tmp_path / "b.result", "-o", tmp_path / "t.md")
    assert done.code == 0, done.err
    assert "≤ 10 %" in (tmp_path / "t.md").read_text()


def test_what_does_not_harm_may_be_few(tmp_path):
    """Of vaccination the few without are protected; the few with it may be shown, and the seal knows."""
    source = region(tmp_path / "a.result", 1)
    kinds = {"BF": "hoger_is_gunstig", "MIX": "hoger_is_gunstig", "FF": "lager_is_gunstig"}
    definitions = {
        i: d | {"polarity": kinds.get(i, "lager_is_gunstig")} for i, d in source.meta["definitions"].items()
    }
    other = write_result(
        tmp_path / "c.result", source.counts().collect(), source.meta | {"definitions": definitions}
    )
    run_result(other.path, load_policy("wijk-klassen"), tmp_path / "b.result")
    made = read_result(tmp_path / "b.result")
    assert list(broken(made)) == []
    shown = made.counts().collect().filter(status="ok")
    few = shown.filter(pl.col("x") < 10)
    assert few.height
    assert set(few["indicator"]) <= {"BF", "MIX"}
    assert shown.filter(indicator="FF")["x"].min() >= 10
    assert shown.filter(indicator="MIX").select((pl.col("n") - pl.col("x")).min()).item() >= 10


def test_a_class_in_words():
    row = {"status": "klasse", "value": None, "lower": 0.0, "upper": 5.0}
    assert cells.value(row) == "≤ 5 %"
    assert cells.value(row | {"lower": 95.0, "upper": 100.0}) == "≥ 95 %"
    assert cells.value(row | {"lower": 10.0, "upper": 20.0}) == "10–20 %"
    assert cells.interval(row) == ""


def test_the_sensitive_side_is_that_of_the_definition_or_else_the_unfavourable_one():
    policy = load_policy("wijk-klassen")
    assert policy.sides({"polarity": "lager_is_gunstig"}) == (True, False)
    assert policy.sides({"polarity": "hoger_is_gunstig"}) == (False, True)
    assert policy.sides({"polarity": "neutraal"}) == (True, True)
    assert policy.sides({"polarity": "hoger_is_gunstig", "sensitive_side": "beide"}) == (True, True)
    assert load_policy("ncj-strict").sides({"polarity": "hoger_is_gunstig"}) == (True, True)


def test_a_sensitive_indicator_is_hidden_and_not_put_in_a_class():
    policy = load_policy("wijk-klassen")
    assert policy.coding("X", {"sensitivity": "gevoelig"}) == {}
    assert policy.coding("X", {"sensitivity": "normaal", "theme": "groei"})["least"] == 5
    bare = build({k: v for k, v in policy.data.items() if k != "coding"})
    assert bare.coding("X", {"sensitivity": "normaal"}) == {}
