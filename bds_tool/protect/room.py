"""Less is shown where, with all that is published, a hidden count keeps fewer values than a class leaves.

Each hidden row is proven apart, but what is shown beside them may leave all of them together two children: a gemeente of 13
of whom one wijk has 11. The rows beside it then tell a class, or nothing. That tells less, so every proof still holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bds_tool.indicators.relations import members
from bds_tool.protect.coding import CODED, steps
from bds_tool.protect.cube import BREAKDOWNS
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    from bds_tool.indicators.told import Relation
    from bds_tool.protect.policy import Policy
    from bds_tool.protect.result_run import ProtectedResult

ROW = ("area", "period", *BREAKDOWNS)
#: Times that less is shown; every time the attack is done again.
ROUNDS = 12
#: What rows have in common with one that is found, from near to far: all; another word of the break-down; another period.
_BESIDE = (
    ["_family", "period", "parent", *BREAKDOWNS],
    ["_family", "period", "parent"],
    ["_family", "parent"],
)


def show_less(
    made: ProtectedResult, findings: Sequence[tuple[str, ...]], policy: Policy
) -> tuple[Bools, Ints]:
    """Rows to hide beside what was found (indicator, area, period and break-downs of each), and of each the least numerators of the class it tells instead (0: none).

    Beside it are the rows of its parent, period and break-down, in all indicators that hang together with it: first those
    that tell a class, then of those shown the one of the smallest area. Where none of them is left, what tells too much are
    rows with another word of the break-down, those of other periods that hold this one, or the parent; they go in the same order.
    """
    import numpy as np
    import polars as pl

    key, frame = ["indicator", *ROW], made.frame
    definitions = made.meta.get("definitions") or {}
    found = pl.DataFrame(list(findings), schema=dict.fromkeys(key, pl.String), orient="row")
    family = _families(frame["indicator"].unique().to_list(), made.relations)
    numbered = frame.with_columns(
        pl.col("indicator").replace_strict(family, return_dtype=pl.String).alias("_family"),
        made.counted["n"].alias("_n"),
    ).with_row_index("_i")
    places = numbered.join(found.unique(), on=key, how="semi", nulls_equal=True).select(*_BESIDE[0]).unique()
    tells = numbered.filter((pl.col("_n") > 0) & pl.col("status").is_in([CODED, "ok"]))
    near = tells.clear()
    for beside in _BESIDE:
        near = pl.concat([near, tells.join(places, on=beside, how="semi", nulls_equal=True)])
        places = places.join(near, on=beside, how="anti", nulls_equal=True)
    above = tells.join(places, left_on=["_family", "area"], right_on=["_family", "parent"], how="semi")
    near = pl.concat([near, above]).unique("_i", maintain_order=True)
    beside = _BESIDE[0]
    classes = near.filter(pl.col("status") == CODED)
    shown = near.filter(pl.col("status") == "ok")
    smallest = shown.group_by(beside).agg(pl.col("area").sort_by("_n", "area").first())
    shown = shown.join(smallest, on=[*beside, "area"], how="semi", nulls_equal=True)
    hide, coded = np.zeros(frame.height, dtype=bool), np.zeros(frame.height, dtype=np.int64)
    # Where classes are told they go first: what they tell is known to be too much.
    bare = classes.join(shown, on=beside, how="anti", nulls_equal=True)
    hide[bare["_i"].to_numpy()] = True
    hide[shown["_i"].to_numpy()] = True
    rule = policy.part("coding")
    coding = [
        i for i, d in definitions.items() if policy.coding(i, d) and d.get("kind", "aandeel") != "gemiddelde"
    ]
    if coding:
        shares = shown.filter(pl.col("indicator").is_in(coding) & pl.col("x").is_not_null())
        rows = shares["_i"].to_numpy()
        coded[rows] = np.where(steps(shares["_n"].to_numpy(), rule) > 0, int(rule["least"]), 0)
    return hide, coded


def _families(names: Sequence[str], relations: Sequence[Relation]) -> dict[str, str]:
    label = {n: n for n in names}
    for relation in relations:
        joined = {label[n] for n in members(relation) if n in label}
        if len(joined) > 1:
            label = {n: min(joined) if old in joined else old for n, old in label.items()}
    return label
