"""On small random tables every certified range lies inside the range found by listing all tables that agree."""

from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import description, policy, protect

from bds_tool.protect.audit import exact_ranges, from_frame
from bds_tool.protect.certificate import ranges

AREAS, KINDS = ("W1", "W2", "W3"), ("a", "b", "c")


def all_tables(published: pl.DataFrame, lower: int):
    """Every 3 x 3 table of whole numbers that agrees with what is published; slow and obviously right."""
    shown = {(w, u): n for w, u, n in published.select("wijk", "uit", "n").iter_rows()}
    most = shown[("totaal", "totaal")]
    most = 12 if most is None else most
    rows = []
    for area in AREAS:
        choices = [
            [shown[(area, k)]] if shown[(area, k)] is not None else range(lower, most + 1) for k in KINDS
        ]
        total = shown[(area, "totaal")]
        rows.append([r for r in product(*choices) if total is None or sum(r) == total])
    columns = [shown[("totaal", k)] for k in KINDS]
    grand = shown[("totaal", "totaal")]
    # The last row must fill the columns that are shown: only rows that do are tried.
    told = [i for i, c in enumerate(columns) if c is not None]
    filling: dict[tuple, list] = {}
    for r in rows[-1]:
        filling.setdefault(tuple(r[i] for i in told), []).append(r)
    for chosen in (
        (*upper, r)
        for upper in product(*rows[:-1])
        for r in filling.get(tuple(columns[i] - sum(row[i] for row in upper) for i in told), ())
    ):
        sums = [sum(c) for c in zip(*chosen, strict=True)]
        if all(c is None or c == s for c, s in zip(columns, sums, strict=True)) and (
            grand is None or grand == sum(sums)
        ):
            table = {
                (w, k): n for w, r in zip(AREAS, chosen, strict=True) for k, n in zip(KINDS, r, strict=True)
            }
            table |= {("totaal", k): s for k, s in zip(KINDS, sums, strict=True)}
            table |= {(w, "totaal"): sum(r) for w, r in zip(AREAS, chosen, strict=True)}
            table[("totaal", "totaal")] = sum(sums)
            # What the stated attacker takes for granted holds for sums as well.
            if all(table[key] >= lower for key, n in shown.items() if n is None):
                yield table


counts = st.lists(st.integers(0, 3), min_size=9, max_size=9)


def ranges_are_right(lower, numbers):
    rows = [(w, k, n) for (w, k), n in zip(product(AREAS, KINDS), numbers, strict=True)]
    frame = pl.DataFrame(rows, schema=["wijk", "uit", "n"], orient="row")
    _, outcome, made, verdict = protect(frame, [["wijk"], ["uit"]], policy(cell=3, lower=lower))
    if not outcome.proven or made.frame.filter(wijk="totaal", uit="totaal")["n"][0] is None:
        return  # nothing would be published, or the list of all tables is endless
    assert verdict.safe
    tables = list(all_tables(made.frame, lower))
    truth = {(w, u): [t[(w, u)] for t in tables] for w, u in made.frame.select("wijk", "uit").iter_rows()}
    for wijk, uit, primary, low, high in made.internal.select(
        "wijk", "uit", "primair", "laag", "hoog"
    ).iter_rows():
        if primary:
            assert min(truth[(wijk, uit)]) <= low < high <= max(truth[(wijk, uit)])
    # The audit's own exact ranges are the enumerated ones.
    published = from_frame(made.frame, {**description(["wijk"], ["uit"]), "lower": lower})
    for cell, (low, high) in exact_ranges(published).items():
        found = truth[tuple(published.key(cell).values())]
        assert (low, high) == (min(found), max(found))


EXAMPLES = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}


@pytest.mark.parametrize("lower", [0, 1])
@settings(max_examples=12, **EXAMPLES)
@given(numbers=counts)
def test_certified_ranges_lie_inside_the_enumerated_ones(lower, numbers):
    ranges_are_right(lower, numbers)


@pytest.mark.slow
@pytest.mark.parametrize("lower", [0, 1])
@settings(max_examples=60, **EXAMPLES)
@given(numbers=counts)
def test_certified_ranges_of_many_tables_lie_inside_the_enumerated_ones(lower, numbers):
    ranges_are_right(lower, numbers)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    numbers=st.lists(st.integers(0, 9), min_size=24, max_size=24),
    lower=st.sampled_from([0, 1]),
    quality=st.booleans(),
)
def test_every_certificate_gives_a_table_that_agrees(numbers, lower, quality):
    keys = product(("G1/W1", "G1/W2", "G2/W3", "G2/W4"), ("m", "v"), ("a", "b", "c"))
    rows = [(*w.split("/"), s, k, n) for (w, s, k), n in zip(keys, numbers, strict=True)]
    frame = pl.DataFrame(rows, schema=["gem", "wijk", "sex", "uit", "n"], orient="row")
    _, outcome, made, verdict = protect(
        frame, [["gem", "wijk"], ["sex"], ["uit"]], policy(lower=lower), quality=quality
    )
    if outcome.proven:
        assert verdict.safe
        problem = outcome.problem
        for c in outcome.certificates:
            for times in (c.up, -c.down):
                other = problem.values[0].copy()
                np.add.at(other, (c.nodes, c.flats), times * c.deltas)
                assert (other >= 0).all()
                assert (other[~outcome.hidden] == problem.values[0][~outcome.hidden]).all()
                assert (problem.space.equations @ other.T == 0).all()
        assert len(ranges(problem, outcome.certificates)) == len(problem.primaries)
        assert made.frame.height == len(made.primary)
