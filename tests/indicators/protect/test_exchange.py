"""Tables found by exchanging children are tables that agree; rests of sums bound their parts."""

import numpy as np
import polars as pl
import pytest
from test_results import counted

from bds_tool.indicators.protect.audit.attack import ranges
from bds_tool.indicators.protect.audit.exchange import Rows, possible, vectors
from bds_tool.indicators.protect.audit.result_file import audit_results
from bds_tool.indicators.protect.audit.result_grid import KEY, Grid
from bds_tool.indicators.protect.policy import load_policy
from bds_tool.indicators.protect.result_run import protect_frame
from bds_tool.indicators.result import FIGURES, read_result, write_result


def test_vectors_are_the_ways_to_keep_a_sum():
    # total 0 = 1 + 2: exchange 1 and 2, or let one of them change with the total.
    assert set(vectors(((0, (1, 2)),), 1)) == {((1, 1), (2, -1)), ((0, 1), (1, 1))}


def test_a_total_of_two_breakdowns_changes_with_a_part_of_each():
    # 0 = 1 + 2 and 0 = 3 + 4
    found = vectors(((0, (1, 2)), (0, (3, 4))), 0)
    assert {frozenset(v) for v in found} == {
        frozenset({(0, 1), (a, 1), (b, 1)}) for a in (1, 2) for b in (3, 4)
    }


def test_what_two_areas_can_exchange_is_bounded_by_the_smaller_count():
    # Gemeente 0 (shown) = wijk 1 + wijk 2 (hidden); x = 3 and 2, y = 4 and 9, nothing missing, N known.
    near = np.array([[5, 3, 2], [13, 4, 9], [0, 0, 0], [18, 7, 11], [18, 7, 11]], dtype=float)[:, :, None]
    low, high = near.copy(), near.copy()
    low[:3, 1:], high[:3, 1:] = 0.0, 20.0
    low[3, 1:], high[3, 1:] = 0.0, 40.0
    wanted = np.zeros(near.shape, dtype=bool)
    wanted[:2, 1:] = True
    rows = Rows(np.array([-1, 0, 0]), (), 1)
    seen_low, seen_high = possible(rows, low, high, near, wanted, np.ones(near.shape, dtype=np.int64))
    # x of wijk 1 rises by at most x of wijk 2 (2) and falls by at most 3: complements have room for both.
    assert (seen_low[0, 1, 0], seen_high[0, 1, 0]) == (0, 5)
    assert (seen_low[0, 2, 0], seen_high[0, 2, 0]) == (0, 5)
    assert (seen_low[1, 1, 0], seen_high[1, 1, 0]) == (2, 7)
    assert (seen_low[:, 0, 0] == seen_high[:, 0, 0]).all()


@pytest.mark.parametrize("seed", range(6))
def test_what_is_found_possible_lies_inside_the_exact_ranges(tmp_path, seed):
    source = counted(tmp_path / "a.result", wijken=3, seed=seed, indicators=("A",))
    truth = source.counts().collect()
    made = protect_frame(source, load_policy("ncj-strict"))
    told = pl.DataFrame(
        schema={"group": pl.String, **dict.fromkeys(KEY, pl.String), "N": pl.Int64}
    )  # nobody says what N is
    grid = Grid.build(made.frame, {"additive": True})
    system = grid.system(made.frame, told, 1, None)
    system.near = grid.counts_of(made.frame, truth)
    rows = made.internal.join(
        made.frame.with_row_index("_r").select("_r", *KEY), on=list(KEY), nulls_equal=True
    )
    for count, name in enumerate(("teller", "complement", "ontbrekend")):
        system.wanted[grid.cells(count, rows.filter(telling=name)["_r"].to_numpy())] = True
    low, high = grid.possible(system)
    wanted = np.flatnonzero(system.wanted)
    assert (high - low >= 1)[wanted].mean() > 0.95
    for cell, (least, most) in ranges(system).items():
        assert least <= low[cell] <= system.near[cell] <= high[cell] <= most


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
