"""The audit rejects every pattern that is known to leak, and accepts what is proven."""

import numpy as np
import polars as pl
import pytest
from tables import check_table, description, pattern, pattern_description, policy, protect, table

from bds_tool.protect.audit import AuditOptions, attack, audit_tables, from_frame, solver
from bds_tool.protect.audit.system import System
from bds_tool.protect.table_run import codes_of


def full(frame, dimensions):
    """The whole table with its margins, nothing hidden."""
    counts = table(frame, *dimensions)
    return codes_of(counts).with_columns(n=pl.Series(counts.values[counts.published]))


def hide_small(frame, threshold=5):
    return frame.with_columns(
        n=pl.when((pl.col("n") > 0) & (pl.col("n") < threshold)).then(None).otherwise("n")
    )


@pytest.mark.parametrize("name", ["c1", "c3", "c5", "c6_T0", "c7_S2k"])
def test_threshold_only_is_rejected(shared, name):
    frame, dimensions = check_table(shared, name)
    published = hide_small(full(frame, dimensions))
    verdict = audit_tables([from_frame(published, description(*dimensions))], AuditOptions())
    assert not verdict.safe
    # With all margins shown every small cell is a subtraction away (sdc/README.md, finding 1).
    assert verdict.by_reason()["aftrekken"] == published["n"].null_count()


def test_hidden_zeros_are_rejected_when_zeros_are_always_shown(shared):
    published = pattern(shared, "c2", "TRUE_default")
    terms = pattern_description(shared, "c2", published, lower=1)
    assert not audit_tables([from_frame(published, terms)], AuditOptions()).safe
    assert audit_tables([from_frame(published, {**terms, "lower": 0})], AuditOptions()).safe


def test_two_singletons_are_rejected_at_lower_bound_one(shared):
    published = pattern(shared, "c4", "FALSE_none")
    terms = pattern_description(shared, "c4", published, lower=1)
    verdict = audit_tables([from_frame(published, terms)], AuditOptions())
    assert not verdict.safe
    # W1.a and W2.a are 1 each; W1.b and W2.b follow.
    assert {(f.low, f.high) for f in verdict.findings} == {(1, 1), (20, 20), (25, 25)}
    assert audit_tables([from_frame(published, {**terms, "lower": 0})], AuditOptions()).safe


@pytest.mark.parametrize("name", ["c1", "c2", "c3", "c4", "c5", "c6_T0"])
def test_reference_patterns_pass_at_lower_bound_zero(shared, name):
    published = pattern(shared, name, "FALSE_default")
    terms = pattern_description(shared, name, published, lower=0)
    assert audit_tables([from_frame(published, terms)], AuditOptions()).safe


@pytest.mark.parametrize("lower", [0, 1])
def test_totals_recomputed_from_visible_cells_are_rejected(shared, lower):
    frame, dimensions = check_table(shared, "c1")
    visible = frame.with_columns(n=pl.when(pl.col("n") < 5).then(0).otherwise("n"))
    totals = full(visible, dimensions)
    truth = full(frame, dimensions)
    secret = (truth["n"] > 0) & (truth["n"] < 5)
    published = totals.with_columns(n=pl.when(secret).then(None).otherwise("n"))
    verdict = audit_tables(
        [from_frame(published, {**description(*dimensions), "lower": lower})], AuditOptions()
    )
    assert not verdict.safe


def years():
    return pl.DataFrame(
        {
            "jaar": [j for j in ("2023", "2024", "2025") for _ in range(8)],
            "wijk": [w for _ in range(3) for w in ("W1", "W2", "W3", "W4") for _ in range(2)],
            "uit": ["ja", "nee"] * 12,
            "n": [3, 40, 9, 51, 12, 60, 8, 33, 7, 42, 2, 55, 11, 58, 9, 31, 6, 44, 8, 49, 4, 61, 7, 30],
        }
    )


def test_years_and_period_total_protected_apart_are_rejected():
    frame = years()
    parts = []
    for year in ("2023", "2024", "2025"):
        one = frame.filter(pl.col("jaar") == year).drop("jaar")
        parts.append(protect(one, [["wijk"], ["uit"]], policy())[2].frame.with_columns(jaar=pl.lit(year)))
    whole = frame.group_by("wijk", "uit").agg(pl.col("n").sum())
    parts.append(protect(whole, [["wijk"], ["uit"]], policy())[2].frame.with_columns(jaar=pl.lit("totaal")))
    published = pl.concat(parts, how="diagonal")
    terms = {**description(["jaar"], ["wijk"], ["uit"]), "lower": 0}
    assert not audit_tables([from_frame(published, terms)], AuditOptions()).safe


def test_years_and_period_total_as_one_problem_pass():
    _, outcome, _, verdict = protect(years(), [["wijk"], ["jaar"], ["uit"]], policy())
    assert outcome.proven
    assert verdict.safe


def test_different_symbols_for_primary_and_secondary_are_rejected(shared):
    frame, dimensions = check_table(shared, "c1")
    _, _, made, _ = protect(frame, dimensions, policy())
    text = pl.col("n").cast(pl.String)
    hidden = pl.col("status") == "verborgen"
    symbols = made.frame.with_columns(
        n=pl.when(hidden & pl.Series(made.primary))
        .then(pl.lit("<5"))
        .when(hidden)
        .then(pl.lit("*"))
        .otherwise(text)
    )
    verdict = audit_tables([from_frame(symbols, {**description(*dimensions), "lower": 0})], AuditOptions())
    assert not verdict.safe
    assert any("tekens" in r or "symbols" in r for r in verdict.remarks)


def test_a_cell_shown_before_is_disclosed_and_a_corrected_number_is_told():
    dimensions = [["wijk"], ["uit"]]
    frame = years().filter(pl.col("jaar") == "2023").drop("jaar")
    _, _, made, _ = protect(frame, dimensions, policy())
    terms = {**description(*dimensions), "lower": 0}
    now, before = from_frame(made.frame, terms), from_frame(full(frame, dimensions), terms)
    verdict = audit_tables([now, before], AuditOptions())
    assert verdict.by_reason() == {"eerdere uitgave": made.frame["n"].null_count()}
    corrected = full(frame.with_columns(n=pl.when(pl.col("n") == 60).then(61).otherwise("n")), dimensions)
    verdict = audit_tables([now, from_frame(hide_small(corrected), terms)], AuditOptions())
    assert any("veranderd" in r or "changed" in r for r in verdict.remarks)


def test_with_a_threshold_small_counts_that_are_shown_are_told(shared):
    frame, dimensions = check_table(shared, "c1")
    published = from_frame(full(frame, dimensions), description(*dimensions))
    assert audit_tables([published], AuditOptions()).safe
    verdict = audit_tables([published], AuditOptions(threshold=5))
    assert any(r.startswith("1 ") for r in verdict.remarks)


def triangles(number):
    """Cell 0 is the sum of three cells per triangle of which no two are one at once: at most one each, 1½ by fractions."""
    size = 2 + 6 * number
    low, high = np.zeros(size), np.ones(size)
    low[1], high[0] = 1.0, 100.0
    need = np.ones(size, dtype=np.int64)
    need[0] = number + 1
    system = System(low, high, np.arange(size) == 0, need)
    corners = 2 + 6 * np.arange(number)[:, None] + np.arange(3)
    for one, other in ((0, 1), (1, 2), (0, 2)):
        edge = corners[:, 0] + 3 + one + other - 1
        system.add_sums(
            np.ones(number, dtype=np.int64), np.column_stack([corners[:, one], corners[:, other], edge])
        )
    system.add_sums(np.zeros(1, dtype=np.int64), corners.reshape(1, -1))
    return system


def test_the_search_for_whole_numbers_ends_by_work_and_not_by_the_clock(monkeypatch):
    """Where it ends without an answer the cell is named as not judged."""
    (found,) = attack(triangles(3)).findings
    assert (found.cell, found.reason, found.low, found.high) == (0, "geheeltallig", 0, 3)
    monkeypatch.setattr(solver, "NODES", 0)
    (found,) = attack(triangles(3)).findings
    assert (found.cell, found.reason) == (0, "niet beoordeeld")
