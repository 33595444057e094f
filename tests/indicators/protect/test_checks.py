"""Tables with a known answer: the reference patterns of the facts folder and worked examples from the literature."""

import numpy as np
import polars as pl
import pytest
from tables import check_table, description, pattern, policy, protect

from bds_tool.base.errors import UsageError
from bds_tool.protect.audit import exact_ranges, from_frame
from bds_tool.protect.certificate import check
from bds_tool.protect.rounding import hidden_small, round_counts

TABLES = ["c1", "c2", "c3", "c4", "c5", "c6_T0", "c7_S2k"]


@pytest.mark.parametrize("name", TABLES)
def test_no_more_hidden_than_the_reference_plus_ten_percent(shared, name):
    frame, dimensions = check_table(shared, name)
    hidden, outcome, _, verdict = protect(frame, dimensions, policy())
    reference = pattern(shared, name, "FALSE_none")["n"].null_count()
    assert hidden <= max(reference * 1.1, reference + 2)
    assert outcome.proven
    assert check(outcome.problem, outcome.hidden, outcome.certificates) == []
    assert verdict.safe


@pytest.mark.parametrize("name", [*TABLES[:-1], pytest.param(TABLES[-1], marks=pytest.mark.slow)])
def test_quality_mode_hides_no_more_and_stays_proven(shared, name):
    frame, dimensions = check_table(shared, name)
    plain, *_ = protect(frame, dimensions, policy())
    hidden, outcome, _, verdict = protect(frame, dimensions, policy(), quality=True)
    assert hidden <= plain
    assert outcome.proven
    assert verdict.safe


@pytest.mark.parametrize("name", TABLES)
def test_attacker_who_knows_that_zeros_are_shown(shared, name):
    frame, dimensions = check_table(shared, name)
    _, outcome, made, verdict = protect(frame, dimensions, policy(lower=1))
    assert outcome.proven
    assert verdict.safe
    zeros = made.internal.filter(pl.col("waar") == 0)
    assert zeros.height == 0


def test_two_singletons_need_a_third_row_when_zeros_are_shown(shared):
    # c4: W1.a = W2.a = 1 and their sum is published as 20 - 18 = 2, so a pattern of 4 gives both away at lower bound 1.
    frame, dimensions = check_table(shared, "c4")
    assert protect(frame, dimensions, policy(lower=0))[0] == 4
    assert protect(frame, dimensions, policy(lower=1))[0] == 6


def test_geurts_1992_intervals():
    # Handbook on SDC, example 3: row sums 7 and 3, column sums 6 and 4 of the hidden 2 x 2 part.
    frame = pl.DataFrame(
        {
            "rij": ["r1", "r1", "r2", "r2", "r1", "r2", "t", "t", "t"],
            "kol": ["k1", "k2", "k1", "k2", "t", "t", "k1", "k2", "t"],
            "n": ["", "", "", "", "7", "3", "6", "4", "10"],
        }
    )
    published = from_frame(frame, {**description(["rij"], ["kol"], total="t"), "lower": 0})
    found = {tuple(published.key(c).values()): r for c, r in exact_ranges(published).items()}
    assert found == {("r1", "k1"): (3, 6), ("r1", "k2"): (1, 4), ("r2", "k1"): (0, 3), ("r2", "k2"): (0, 3)}


def test_ssbtools_z1_six_cells_in_regions_b_d_h():
    # Upstream's own test: primaries are counts 1..3 and six cells of annet and arbeid in B, D and H are suppressed.
    counts = {
        "annet": [11, 7, 5, 13, 9, 12, 6, 9],
        "arbeid": [11, 1, 8, 2, 14, 9, 4, 3],
        "soshjelp": [55, 29, 35, 17, 63, 24, 22, 38],
        "trygd": [36, 18, 25, 13, 52, 22, 8, 15],
    }
    rows = [(r, k, n) for k, ns in counts.items() for r, n in zip("ABCDEFGH", ns, strict=True)]
    frame = pl.DataFrame(rows, schema=["regio", "soort", "n"], orient="row")
    hidden, outcome, made, verdict = protect(frame, [["regio"], ["soort"]], policy(cell=4))
    assert hidden == 6
    assert outcome.proven
    assert verdict.safe
    assert set(made.internal["regio"]) == {"B", "D", "H"}


def test_opensafely_worked_example_of_redact_and_round():
    # OpenSAFELY docs/outputs/sdc.md: 3, 8, 16, 23 and 18, 23, 31, 44 with totals from the rounded counts.
    rule = {"rule": "nearest", "base": 5, "hide_to": 7}
    first, second = np.array([3, 8, 16, 23]), np.array([18, 23, 31, 44])
    assert hidden_small(first, rule).tolist() == [True, False, False, False]
    assert round_counts(first, rule)[1:].tolist() == [10, 15, 25]
    assert round_counts(second, rule).tolist() == [20, 25, 30, 45]
    assert round_counts(first, rule)[1:].sum() == 50
    assert round_counts(second, rule).sum() == 120


def test_rounding_at_random_cannot_be_reckoned_by_who_has_the_program(monkeypatch):
    """4 of a base of 5 goes up in four of five cells; which ones hangs on the key, the cell and the count, and on nothing else."""
    rule = {"rule": "random", "base": 5}
    counts, cells = np.full(4000, 4), [f"wijk {i}" for i in range(4000)]
    monkeypatch.delenv("BDS_KEY", raising=False)
    with pytest.raises(UsageError, match="sleutel"):
        round_counts(counts, rule, cells)
    monkeypatch.setenv("BDS_KEY", "een sleutel van deze organisatie")
    ours = round_counts(counts, rule, cells)
    assert set(ours.tolist()) == {0, 5}
    assert abs(ours.mean() - 4) < 0.1  # 4,000 draws of 0 or 5 with chance 0.8: standard error 0.03
    assert round_counts(counts[:9], rule, cells[:9][::-1]).tolist() == ours[:9][::-1].tolist()
    monkeypatch.setenv("BDS_KEY", "de gok van een ander met bds")
    assert (round_counts(counts, rule, cells) != ours).mean() > 0.25  # by chance 2 · 0.8 · 0.2 = 0.32
    assert round_counts(np.array([0, 5, 10]), rule, "abc").tolist() == [0, 5, 10]


def test_midpoint_six_keeps_zero_and_takes_the_middle():
    # ceil(x/6)*6 - 3 for x > 0 (OpenSAFELY)
    rule = {"rule": "midpoint", "base": 6}
    assert round_counts(np.array([0, 1, 6, 7, 12, 13]), rule).tolist() == [0, 3, 3, 9, 9, 15]
