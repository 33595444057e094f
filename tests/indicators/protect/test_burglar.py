"""An intruder with everything that was published, in every form, and all that is public besides."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from burglar import found_out
from families import RELATIONS, region
from forms import agrees, publish

from bds_tool.indicators.result import BREAKDOWNS
from bds_tool.protect.policy import load_policy, policy_files
from bds_tool.protect.releases import run_result

POPPLER = "apt-get install poppler-utils"
#: The cell key method counts children, not results.
POLICIES = [p for p in policy_files() if load_policy(p).method != "cellkey"]
QUICK = ["ncj-strict", "cbs-output", "wijk-klassen"]


def attacked(tmp_path, seed, policy, **options):
    """What the intruder finds too close, in the rows; `a.result` is counted, `b.result` published."""
    source = region(tmp_path / "a.result", seed, residents=True, **options)
    run_result(source.path, load_policy(policy), tmp_path / "b.result")
    found, count = found_out(tmp_path / "b.result", RELATIONS, source.counts().collect())
    assert count > 100
    return too_close(found, source.counts().collect(), load_policy(policy))


def too_close(found, truth, policy):
    """What is found with fewer values than the policy says are left; where it tells classes, of few children all of them."""
    of = ["indicator", "area", "period", *BREAKDOWNS]
    n = {tuple(key): n for *key, n in truth.select(*of, "n").iter_rows()}
    width = [max(policy.least_width, min(policy.class_width, n[f[0], *f[2]])) for f in found]
    return [f for f, w in zip(found, width, strict=True) if f[4] - f[3] < w]


@pytest.mark.parametrize(("seed", "policy"), list(enumerate(QUICK)))
def test_no_sensitive_count_is_left_with_fewer_values_than_the_policy_says(tmp_path, seed, policy):
    assert attacked(tmp_path, seed, policy, wijken=3, most=100) == []


def test_what_only_another_word_of_the_break_down_tells_is_hidden_too(tmp_path):
    """Beside the boys of one wijk nothing was shown any more; the figures of the girls told them, and all was refused."""
    assert attacked(tmp_path, 4, "cbs-output", wijken=4, most=220) == []


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", range(5))
def test_over_five_regions_and_all_policies(tmp_path, seed, policy, bds, program):
    """The rows tell too little, and no form tells more than they do."""
    assert attacked(tmp_path, seed, policy, wijken=3 + seed % 3, most=60 + 40 * seed) == []
    publish(bds, tmp_path / "b.result", tmp_path / "uit", "GM0002")
    agrees(tmp_path / "b.result", tmp_path / "uit", program("pdftotext", package=POPPLER), "GM0002")


@pytest.mark.slow
def test_on_what_make_demo_publishes(tmp_path, bds, program):
    """Every sensitive count of the demo's region keeps four values at least: none is known to within one."""
    store, counted, safe = (tmp_path / n for n in ("regio.bds", "regio.result", "veilig.result"))
    makefile = (Path(__file__).resolve().parents[3] / "Makefile").read_text(encoding="utf-8")
    for command in (
        "generate --children 40000 --seed 7 --region midden",
        "--area gemeente,wijk",
        "--by year --period 2023..2025 -i groei -i voeding -i vaccinatie -i bereik",
        "--policy wijk-klassen",
    ):
        assert command in makefile
    asked = [
        "--by",
        "year",
        "--period",
        "2023..2025",
        "-i",
        "groei",
        "-i",
        "voeding",
        "-i",
        "vaccinatie",
        "-i",
        "bereik",
    ]
    for arguments in (
        ("generate", "--children", 40000, "--seed", 7, "--region", "midden", "--output", store, "--quiet"),
        ("indicator", "compute", store, "-o", counted, "--area", "gemeente,wijk", "--areas",
         store / "gebieden.parquet", *asked, "--quiet"),
        ("protect", "run", counted, "--policy", "wijk-klassen", "--to", safe),
        ("protect", "audit", safe),
    ):  # fmt: skip
        done = bds(*arguments)
        assert done.code == 0, done.err
    meta = json.loads((safe / "_result.json").read_text())
    truth = pl.read_parquet(counted / "counts.parquet")
    found, count = found_out(safe, meta["relations"], truth)
    assert count > 10_000
    assert too_close(found, truth, load_policy("wijk-klassen")) == []
    publish(bds, safe, tmp_path / "uit", "GM0014")
    seen, classes = agrees(safe, tmp_path / "uit", program("pdftotext", package=POPPLER), "GM0014")
    assert seen > 100_000
    assert "GM0014.js" in classes


def test_this_intruder_finds_what_is_protected_by_its_own_row_alone(tmp_path):
    """Were only the small rows hidden and nothing beside them, it would find many."""
    source = region(tmp_path / "a.result", 1, wijken=3, most=100)
    run_result(source.path, load_policy("ncj-strict"), tmp_path / "b.result")
    truth = source.counts().collect()
    meta = json.loads((tmp_path / "b.result" / "_result.json").read_text())
    small = (pl.col("n") < 50) | (pl.col("x") < 10) | (pl.col("n") - pl.col("x") < 10)
    figures = ("n", "x", "missing", "value", "sum", "sum2")
    naive = truth.with_columns(
        *(pl.when(small.fill_null(value=False)).then(None).otherwise(pl.col(c)).alias(c) for c in figures),
        status=pl.when(small.fill_null(value=False)).then(pl.lit("verborgen")).otherwise(pl.lit("ok")),
    )
    folder = tmp_path / "c.result"
    folder.mkdir()
    naive.write_parquet(folder / "counts.parquet")
    (folder / "_result.json").write_text(json.dumps(meta))
    found, count = found_out(folder, RELATIONS, truth)
    assert len([f for f in found if f[3] == f[4]]) > count / 20


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uitgaven")
    region(folder / "a.result", 2, wijken=3, most=120)
    for policy in ("ncj-strict", "wijk-klassen", "opensafely-mid6"):
        run_result(folder / "a.result", load_policy(policy), folder / f"{policy}.result")
    return folder


@pytest.mark.parametrize("policy", ["ncj-strict", "wijk-klassen", "opensafely-mid6"])
def test_no_form_tells_more_than_the_rows(published, policy, bds, tmp_path, program):
    result = published / f"{policy}.result"
    publish(bds, result, tmp_path / "uit", "GM0001")
    seen, classes = agrees(result, tmp_path / "uit", program("pdftotext", package=POPPLER), "GM0001")
    assert seen > 3000
    # Where a value is a class, workbook and site say so in words.
    assert (policy != "wijk-klassen") or {"t.xlsx", "GM0001.js", "GM0001.xlsx"} <= classes
