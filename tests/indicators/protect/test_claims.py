"""What the suppressor tells the audit is checked: true claims spare the search, false ones change no verdict."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import check_table, description, policy, table
from test_results import counted

from bds_tool.indicators.result import FIGURES, read_result, write_result
from bds_tool.protect.audit import AuditOptions, Claims, audit_tables, exact_ranges, from_frame
from bds_tool.protect.audit import claims as checking
from bds_tool.protect.audit.attack import ranges
from bds_tool.protect.audit.result_file import audit_results
from bds_tool.protect.audit.result_grid import KEY, Grid
from bds_tool.protect.audit.system import Changes, System, components, reduce
from bds_tool.protect.files import claims as claims_of
from bds_tool.protect.policy import load_policy
from bds_tool.protect.result_run import claims as result_claims
from bds_tool.protect.result_run import protect_frame, protect_result
from bds_tool.protect.table_run import publication, suppress, table_problem

AREAS, KINDS = ("W1", "W2", "W3"), ("a", "b", "c")


def grid(numbers):
    """A 3 x 3 table of wijk and uit."""
    rows = [(w, k, n) for (w, k), n in zip([(w, k) for w in AREAS for k in KINDS], numbers, strict=True)]
    return pl.DataFrame(rows, schema=["wijk", "uit", "n"], orient="row")


def protected(frame, dimensions, rules):
    """The publication of a table as the audit reads it, its primaries, and what is claimed of it."""
    counts = table(frame, *dimensions)
    outcome = suppress(table_problem(counts, rules))
    made = publication(counts, outcome)
    terms = {**description(*dimensions), "lower": rules.lower}
    return outcome, made, from_frame(made.frame, terms), claims_of(counts, outcome, terms)


# ---- tables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lower", [0, 1])
def test_claims_of_a_protected_table_leave_nothing_to_search(shared, lower):
    frame, dimensions = check_table(shared, "c7_S2k")
    _, made, told, claims = protected(frame, dimensions, policy(lower=lower))
    verdict = audit_tables([told], AuditOptions(), made.primary, claims)
    assert verdict.safe
    assert verdict.solved == 0
    assert audit_tables([told], AuditOptions(), made.primary).solved > 0


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(numbers=st.lists(st.integers(0, 4), min_size=9, max_size=9), lower=st.sampled_from([0, 1]))
def test_what_claims_show_lies_inside_the_exact_ranges(numbers, lower):
    _, made, told, claims = protected(grid(numbers), [["wijk"], ["uit"]], policy(cell=3, lower=lower))
    verdict = audit_tables([told], AuditOptions(), made.primary, claims)
    for cell, (low, high) in exact_ranges(told).items():
        if not told.hidden.ravel()[cell] or verdict.low[cell] == verdict.high[cell]:
            continue
        assert low <= verdict.low[cell] <= verdict.high[cell] <= high
    assert verdict.by_reason() == audit_tables([told], AuditOptions(), made.primary).by_reason()


changes_of_cells = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 15), st.integers(-2, 2)), min_size=1, max_size=40
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    numbers=st.lists(st.integers(0, 4), min_size=9, max_size=9),
    hidden=st.sets(st.integers(0, 15), min_size=2, max_size=10),
    wrong=st.booleans(),
    changes=changes_of_cells,
    lower=st.sampled_from([0, 1]),
)
def test_whatever_is_claimed_the_verdict_is_the_same(numbers, hidden, wrong, changes, lower):
    """Any pattern, safe or leaking, with any claims: those made at random, and boxes that would hold if all were hidden."""
    _, made, _, claims = protected(grid(numbers), [["wijk"], ["uit"]], policy(cell=3, lower=0))
    secret = pl.Series([i in hidden for i in range(made.frame.height)])
    counts = claims.start.low.ravel()[claims.start.rows]
    frame = made.frame.with_columns(n=pl.when(secret).then(None).otherwise(pl.Series(counts)).cast(pl.Int64))
    told = from_frame(frame, {**description(["wijk"], ["uit"]), "lower": lower})
    start = claims.start
    if wrong:
        start = replace(start, low=start.low + (np.arange(16).reshape(start.low.shape) % 3 == 0))
    of, line, delta = (np.array(column, dtype=np.int64) for column in zip(*changes, strict=True))
    boxes = [(k, 4 * r + c, d) for k, (r, c) in enumerate([(0, 0), (1, 1), (2, 2)]) for r, c, d in box(r, c)]
    of2, line2, delta2 = (np.array(column, dtype=np.int64) for column in zip(*boxes, strict=True))
    lie = Claims(start, np.r_[of, of2 + 6], np.r_[line, line2], np.r_[delta, delta2])
    bare, with_claims = (audit_tables([told], AuditOptions(), None, c) for c in (None, lie))
    assert with_claims.safe == bare.safe
    assert {f.cell for f in with_claims.findings} == {f.cell for f in bare.findings}
    exact = exact_ranges(told)
    for cell in told.symbol_cells().tolist():
        low, high = with_claims.low[cell], with_claims.high[cell]
        if low < high < 1e8:
            assert exact[cell][0] <= low
            assert high <= exact[cell][1]


def box(row, column):
    """A 2 x 2 exchange of wijken and uitkomsten around a corner of the grid of 4 x 4 (0 is the total)."""
    other_row, other_column = row % 3 + 1, column % 3 + 1
    row, column = row or 3, column or 3
    if row == other_row or column == other_column:
        return []
    return [
        (row, column, 1),
        (row, other_column, -1),
        (other_row, column, -1),
        (other_row, other_column, 1),
    ]


# ---- one claim at a time -----------------------------------------------------------------------------------


def two_by_two(near, claims, *, low=0.0):
    """Possible ranges in a 2 x 2 table with all margins shown: rows 7 and 3, columns 6 and 4 (Geurts, 1992)."""
    lows = np.array([low, low, 7, low, low, 3, 6, 4, 10.0])
    highs = np.array([50, 50, 7, 50, 50, 3, 6, 4, 10.0])
    system = System(lows, highs, lows != highs, np.ones(9, dtype=np.int64))
    system.add_sums(np.array([2, 5, 8]), np.array([[0, 1], [3, 4], [6, 7]]))
    system.add_sums(np.array([6, 7]), np.array([[0, 3], [1, 4]]))
    system.near = np.array([*near[:2], 7, *near[2:], 3, 6, 4, 10.0])
    entries = [(k, cell, d) for k, claim in enumerate(claims) for cell, d in claim]
    system.claims = Changes(*(np.array(c, dtype=np.int64) for c in zip(*entries, strict=True)))
    equations, _ = reduce(system)
    low_seen, high_seen = checking.possible(system, equations, components(equations, 9))
    return [(low_seen[c], high_seen[c]) for c in (0, 1, 3, 4)]


SWAP = [(0, 1), (1, -1), (3, -1), (4, 1)]


def test_a_true_claim_shows_the_ranges_of_the_handbook():
    # x11 in [3, 6], x12 in [1, 4], x21 and x22 in [0, 3], from any table that agrees.
    for near in ((4, 3, 2, 1), (3, 4, 3, 0)):
        assert two_by_two(near, [SWAP]) == [(3, 6), (1, 4), (0, 3), (0, 3)]


def test_a_claim_goes_no_further_than_what_the_attacker_takes_for_granted():
    # With at least one everywhere: x21 and x22 in [1, 2], so x11 in [4, 5] and x12 in [2, 3].
    assert two_by_two((4, 3, 2, 1), [SWAP], low=1.0) == [(4, 5), (2, 3), (1, 2), (1, 2)]


@pytest.mark.parametrize(
    "claim",
    [
        [(0, 1), (1, -1)],  # the columns change
        [*SWAP[:3], (4, 2)],  # so does a sum by one
        [(0, 1), (1, -1), (3, -1), (4, 1), (2, 1)],  # a row total changes that is shown
        [(0, 1), (2, 1), (3, -1), (5, -1)],  # all sums hold, but by shown numbers that change
        [(0, 1 << 40), (1, -(1 << 40)), (3, -(1 << 40)), (4, 1 << 40)],  # nobody has that many children
        [(0, 1 << 63 - 1), (1, -(1 << 63 - 1)), (3, 1)],
    ],
)
def test_a_false_claim_shows_nothing(claim):
    assert two_by_two((4, 3, 2, 1), [claim]) == [(4, 4), (3, 3), (2, 2), (1, 1)]


def test_one_false_claim_spoils_no_other():
    assert two_by_two((4, 3, 2, 1), [SWAP[:3], SWAP, SWAP[1:]])[0] == (3, 6)


def test_a_cell_told_in_pieces_counts_as_the_whole():
    pieces = [(0, 3), (0, -2), *SWAP[1:]]
    assert two_by_two((4, 3, 2, 1), [pieces]) == [(3, 6), (1, 4), (0, 3), (0, 3)]
    twice = [(cell, d) for cell, d in SWAP for _ in range(2)]  # by two at a time: 4, 3, 2, 1 cannot fall
    assert two_by_two((4, 3, 2, 1), [twice]) == [(4, 6), (1, 3), (0, 2), (1, 3)]


@pytest.mark.parametrize("near", [(5, 3, 2, 1), (4.5, 2.5, 1.5, 1.5), (8, -1, -2, 5), (np.nan, 3, 2, 1)])
def test_a_table_that_does_not_agree_shows_nothing(near):
    assert two_by_two(near, [SWAP]) == [(np.inf, -np.inf)] * 4


# ---- results -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_what_claims_of_a_result_show_lies_inside_the_exact_ranges(tmp_path, seed):
    source = counted(tmp_path / "a.result", wijken=3, seed=seed, indicators=("A",))
    made = protect_frame(source, load_policy("ncj-strict"), tmp_path)
    told = pl.DataFrame(
        schema={"group": pl.String, **dict.fromkeys(KEY, pl.String), "N": pl.Int64}
    )  # nobody says what N is
    grid_of = Grid.build(made.frame, {"additive": True})
    system = grid_of.system(made.frame, told, 1, None)
    claims = result_claims(made)("A")
    system.near = grid_of.counts_of(made.frame, claims.start)
    place = grid_of.places_of(made.frame, claims.start)[claims.line]
    system.claims = grid_of.changes(claims.of, place, claims.count, claims.delta)
    rows = made.internal().join(
        made.frame.with_row_index("_r").select("_r", *KEY), on=list(KEY), nulls_equal=True
    )
    for count, name in enumerate(("teller", "complement", "ontbrekend")):
        system.wanted[grid_of.cells(count, rows.filter(telling=name)["_r"].to_numpy())] = True
    equations, _ = reduce(system)
    low, high = checking.possible(system, equations, components(equations, len(system.low)))
    assert (high - low >= 1)[system.wanted].all()
    for cell, (least, most) in ranges(system).items():
        assert least <= low[cell] <= system.near[cell] <= high[cell] <= most


@pytest.mark.parametrize(
    ("sensitivity", "wijken"), [("normaal", 4), ("niet_onder_gemeente", 2), ("niet_onder_gemeente", 1)]
)
@pytest.mark.parametrize("rest", [False, True])
def test_claims_of_a_result_leave_nothing_to_search(tmp_path, sensitivity, wijken, rest):
    """Also when wijken are withheld, and when the sexes leave a rest (here: every girl)."""
    source = counted(tmp_path / "a.result", sensitivity=sensitivity, wijken=wijken)
    if rest:
        frame = source.counts().collect().filter(pl.col("sex") != "V")
        source = write_result(tmp_path / "b.result", frame, source.meta)
    made = protect_result(source.path, load_policy("ncj-strict"), tmp_path / "c.result")
    assert made.verdict.safe
    assert made.verdict.judged > 10
    assert made.verdict.solved == 0
    assert (made.meta["statuses"]["niet_op_dit_niveau"] > 0) == (sensitivity != "normaal")


def test_parts_that_leave_a_rest_are_no_more_than_their_total(tmp_path):
    """Sex is unknown of some children of wijk 0, so boys and girls do not add up to the total anywhere for sure."""
    counted(tmp_path / "a.result", indicators=("A",))
    frame = read_result(tmp_path / "a.result").counts().collect()
    one = frame.filter(period="2023", education="totaal").filter(pl.col("level") == "wijk")
    whole = pl.col("sex") == "totaal"
    boys = pl.col("sex") == "M"
    first = pl.col("area") == one["area"][0]
    for boys_count, reasons in ((60, {"lineair": 2}), (50, {})):
        shown = one.filter(pl.col("area").is_in(one["area"].unique().sort().head(2).to_list())).with_columns(
            n=pl.when(first)
            .then(pl.when(whole).then(90).otherwise(40))
            .otherwise(pl.when(whole).then(60).otherwise(boys_count)),
            x=pl.when(first)
            .then(pl.when(whole).then(30).otherwise(10))
            .otherwise(pl.when(whole).then(20).otherwise(20 - (60 - boys_count) // 2)),
            missing=pl.lit(0, dtype=pl.Int64),
            parent=pl.lit(None, dtype=pl.String),
        )
        hidden = ~first & ~whole & ~boys
        shown = shown.with_columns(
            *(
                pl.when(hidden).then(None).otherwise(pl.col(c)).alias(c)
                for c in FIGURES
                if c in shown.columns
            ),
            status=pl.when(hidden).then(pl.lit("verborgen")).otherwise(pl.lit("ok")),
        )
        meta = {"status": "beschermd", "definitions": {"A": {"hash": "h", "kind": "aandeel"}}}
        path = write_result(tmp_path / f"{boys_count}.result", shown, meta, replace=True).path
        # The girls of wijk 1 are 60 - 60 = none; or, with 50 boys, 0 to 10 with a numerator of 0 to 5.
        assert audit_results(path).by_reason() == reasons
