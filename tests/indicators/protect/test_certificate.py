"""The check of certificates finds every way in which one can be wrong."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tables import policy, protect, table

from bds_tool.protect.certificate import check, ranges
from bds_tool.protect.flow import Flows, cheapest_flow
from bds_tool.protect.secondary import Suppressor
from bds_tool.protect.table_run import table_problem


@pytest.fixture(scope="module")
def outcome():
    numbers = [3, 40, 50, 45, 2, 60, 44, 52, 48, 39, 41, 47]
    rows = [(f"W{i // 3}", "abc"[i % 3], n) for i, n in enumerate(numbers)]
    frame = pl.DataFrame(rows, schema=["wijk", "uit", "n"], orient="row")
    _, outcome, _, verdict = protect(frame, [["wijk"], ["uit"]], policy())
    assert verdict.safe
    return outcome


def faults(outcome, *certificates, hidden=None):
    return check(outcome.problem, outcome.hidden if hidden is None else hidden, list(certificates))


def test_the_certificates_of_a_protected_table_hold(outcome):
    assert faults(outcome, *outcome.certificates) == []


def test_every_primary_needs_one(outcome):
    assert faults(outcome, *outcome.certificates[1:]) == ["not certified"]


def test_a_published_row_may_not_change(outcome):
    hidden = outcome.hidden.copy()
    c = outcome.certificates[0]
    hidden[c.nodes[-1], c.flats[-1]] = False
    assert "touches a published row" in faults(outcome, *outcome.certificates, hidden=hidden)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda c: replace(c, down=c.down + 1000), "makes an impossible count"),
        (lambda c: replace(c, up=c.up + 1000), "makes an impossible count"),
        (lambda c: replace(c, deltas=-c.deltas), "does not change the protected count by one"),
        (lambda c: replace(c, gains=-1), "does not change the protected count by one"),
        (
            lambda c: replace(c, deltas=np.where(np.arange(len(c.deltas)) == other(c), 0, c.deltas)),
            "breaks a sum",
        ),
        (
            lambda c: replace(c, nodes=c.nodes[own(c)], flats=c.flats[own(c)], deltas=c.deltas[own(c)]),
            "breaks a sum",
        ),
    ],
)
def test_a_wrong_certificate_is_found_out(outcome, change, fault):
    first, *rest = outcome.certificates
    assert faults(outcome, change(first), *rest) == [fault, "not certified"]


def own(c):
    return (c.nodes == c.primary.node) & (c.flats == c.primary.flat)


def other(c):
    return int(np.flatnonzero(~own(c))[0])


def test_the_ladder_looks_through_the_whole_table_where_the_block_has_no_way():
    # W2 is empty and zeros are shown, so nothing inside G1 can take over from W1: only an exchange with G2 can.
    rows = [("G1", "W1", "a", 1), ("G1", "W1", "b", 30), ("G1", "W2", "a", 0), ("G1", "W2", "b", 0)]
    rows += [("G2", w, k, 20) for w in ("W3", "W4") for k in ("a", "b")]
    frame = pl.DataFrame(rows, schema=["gem", "wijk", "uit", "n"], orient="row")
    problem = table_problem(table(frame, ["gem", "wijk"], ["uit"]), policy(lower=1))
    suppressor = Suppressor(problem)
    (primary,) = (p for p in problem.primaries if problem.tree.parent[p.node] != problem.tree.root)
    assert Flows(problem).find(primary, suppressor.cost) is None
    found = cheapest_flow(suppressor, primary)
    assert found is not None
    low, high = ranges(problem, found)[primary]
    assert low == 1
    assert high > 1
    whole = replace(problem, primaries=[primary])
    everything = np.ones_like(problem.published)
    assert check(whole, everything, found) == []
