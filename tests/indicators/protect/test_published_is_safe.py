"""What `protect` publishes of few children, the audit of anyone calls safe: two ways that share no code."""

import polars as pl
import pytest
from families import region

from bds_tool.base.errors import WithheldError
from bds_tool.indicators.result import write_result
from bds_tool.protect.audit.result_file import audit_results
from bds_tool.protect.policy import load_policy
from bds_tool.protect.releases import run_result


def nobody_mixed(found: pl.DataFrame) -> pl.DataFrame:
    """The whole shows a zero, so every part is known to be one."""
    return found.with_columns(feeding=pl.col("feeding").replace("MIX", "FF"))


def a_gemeente_without_a_year(found: pl.DataFrame) -> pl.DataFrame:
    return found.filter((pl.col("gem") != "GM0003") | (pl.col("period") != "2023"))


def everybody_seen(found: pl.DataFrame) -> pl.DataFrame:
    return found.with_columns(contacts=pl.max_horizontal("contacts", pl.lit(1)))


CHANGES = [nobody_mixed, a_gemeente_without_a_year, everybody_seen]


POLICIES = ["cbs-output", "ggd-monitor", "ncj-strict", "wijk-klassen"]


def agrees(source, policy) -> bool:
    """Whether it was published; what was published the audit calls safe."""
    made = source.with_name("safe.result")
    try:
        run_result(source, load_policy(policy), made)
    except WithheldError:
        return False  # too few to publish anything: refused, and nothing written
    verdict = audit_results(made)
    assert verdict.safe, (verdict.by_reason(), [f.name for f in verdict.findings][:5])
    return True


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_the_audit_agrees_with_what_was_published_of_feeding(tmp_path, policy, change):
    source = region(tmp_path / "a.result", 1, wijken=2, most=7, change=change)
    feeding = pl.col("indicator").is_in(["BF", "MIX", "FF"]) & (pl.col("sex") == "totaal")
    names = ("BF", "MIX", "FF")
    meta = {**source.meta, "definitions": {i: source.meta["definitions"][i] for i in names}}
    meta["relations"] = [
        {"kind": "noemer", "of": list(names)},
        {"kind": "som", "whole": None, "parts": list(names), "complete": True},
    ]
    write_result(source.path, source.counts().collect().filter(feeding), meta, replace=True)
    assert agrees(source.path, policy) or policy != "cbs-output"


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
@pytest.mark.parametrize(("seed", "most"), [(1, 6), (2, 9)])
def test_the_audit_agrees_with_what_was_published_of_families(tmp_path, policy, change, seed, most):
    region(tmp_path / "a.result", seed, wijken=2, most=most, change=change)
    assert agrees(tmp_path / "a.result", policy) or policy != "cbs-output"
