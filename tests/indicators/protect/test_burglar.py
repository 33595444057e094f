"""An intruder with everything that was published, in every form, and all that is public besides."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from burglar import figures_in, found_out, pdf_lines
from families import RELATIONS, region

from bds_tool.export.report import cells
from bds_tool.export.report.columns import COLUMNS as TABLE
from bds_tool.export.report.columns import column_title
from bds_tool.indicators.result import BREAKDOWNS
from bds_tool.protect.policy import load_policy, policy_files
from bds_tool.protect.releases import run_result

#: The cell key method counts children, not results.
POLICIES = [p for p in policy_files() if load_policy(p).method != "cellkey"]
QUICK = ["ncj-strict", "cbs-output", "wijk-klassen"]


def attacked(tmp_path, seed, policy, **options):
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


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", range(5))
def test_over_five_regions_and_all_policies(tmp_path, seed, policy):
    assert attacked(tmp_path, seed, policy, wijken=3 + seed % 3, most=60 + 40 * seed) == []


@pytest.mark.slow
def test_on_what_make_demo_publishes(tmp_path, bds):
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
    """CSV, XLSX with all its columns, the book, site (CSV, JSON, script) and PDF: every figure is one of the result."""
    result, out = published / f"{policy}.result", tmp_path / "uit"
    out.mkdir()
    for command in (
        ("table", result, "-o", out / "t.csv"),
        ("table", result, "-o", out / "t.xlsx"),
        ("table", result, "--book", "-o", out / "boek"),
        ("site", result, "-o", out / "site"),
        ("pdf", result, "--area", "GM0001", "-o", out / "gm.pdf"),
    ):
        done = bds("report", *command)
        assert done.code == 0, done.err
    frame = pl.read_parquet(result / "counts.parquet")
    rows = {
        (r["indicator"], r["area"], r["period"], tuple(r[b] for b in BREAKDOWNS)): r
        for r in frame.iter_rows(named=True)
    }
    meta = json.loads((result / "_result.json").read_text())
    by_title = {d["title"]: i for i, d in meta["definitions"].items()}
    latest = max(frame["period"].unique(), key=lambda p: ("-" in p, p))  # the period of the profiles
    seen, classes = 0, set()
    for name, indicator, area, period, by, column, value in figures_in(
        out, {column_title(c): c for c in TABLE}
    ):
        key = (
            by_title.get(indicator, indicator),
            area,
            period or latest,
            by or ("totaal",) * len(BREAKDOWNS),
        )
        row = rows[key]
        if column == "value" and row["status"] == "klasse":
            assert value == cells.value(row), (name, key, value)
            classes.add(name)
            continue
        told = 100 * row["n"] / (row["n"] + row["missing"]) if column == "coverage" else row[column]
        assert told is not None, (name, key, column)
        if isinstance(told, str):
            assert str(value) == told, (name, key, column)
        else:
            assert float(value) == pytest.approx(told, abs=0.051 if column == "coverage" else 1e-3), (
                name,
                key,
            )
        seen += 1
    assert seen > 3000
    # Where a value is a class, workbook and site say so in words.
    assert (policy != "wijk-klassen") or {"t.xlsx", "GM0001.js", "GM0001.xlsx"} <= classes
    text = pdf_lines(out / "gm.pdf", program("pdftotext", package="apt-get install poppler-utils"))
    shown = [r for k, r in rows.items() if k[1] == "GM0001" and r["period"] == latest]
    shown = [r for r in shown if r["sex"] == "totaal"]
    for row in shown:
        title = meta["definitions"][row["indicator"]]["title"]
        lines = [x for x in text if x.startswith(f"{title} ") and "%" in x]
        if row["value"] is None and row["status"] != "klasse":
            assert not lines, lines
    assert any(r["value"] is not None for r in shown)
