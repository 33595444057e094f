"""Which rows of a result the policy forbids to show, and which of their counts must be certified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.protect.cube import BREAKDOWNS, Cube
from bds_tool.protect.table_model import Primary
from bds_tool.protect.types import Bools

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.ledger import Bonds
    from bds_tool.protect.policy import Policy
    from bds_tool.protect.result_model import Indicator

X, Y, M = 0, 1, 2
LEVELS = ("land", "regio", "gemeente", "wijk", "buurt", "school")


def tie(indicator: Indicator, bonds: Bonds | None) -> None:
    """Mark the rows that an earlier release showed, and those it hid."""
    shape = indicator.cube.real.shape
    indicator.shown_before, indicator.hidden_before = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    if bonds is None:
        return
    rows = indicator.frame["_row"].to_numpy()
    position = _node_of_row(indicator.cube, indicator.frame.height)
    for series, mask in ((bonds.shown, indicator.shown_before), (bonds.hidden, indicator.hidden_before)):
        for row in np.flatnonzero(series.to_numpy()[rows]).tolist():
            mask[position[row]] = True
    low, high = bonds.low.to_numpy()[rows], bonds.high.to_numpy()[rows]
    for row in np.flatnonzero(~np.isnan(low)).tolist():
        indicator.class_before[position[row]] = (low[row], high[row])


def not_here(part: pl.DataFrame, name: str, definition: Mapping[str, Any], policy: Policy) -> pl.Series:
    """Rows that the policy publishes for no area of their level: of sensitive indicators, and of single years."""
    lowest = policy.lowest_level(name, definition)
    deeper = LEVELS[LEVELS.index(lowest) + 1 :] if lowest else ()
    found = part["level"].is_in(list(deeper))
    pooled = policy.part("pooled").get("levels", [])
    if pooled and definition.get("additive", True) and part["period"].str.contains("-", literal=True).any():
        found |= part["level"].is_in(pooled) & ~part["period"].str.contains("-", literal=True)
    return found


def _years_apart(indicator: Indicator, policy: Policy, bonds: Bonds | None) -> Bools:
    """Years that are in no publication but that two windows together may tell: with earlier releases, or of several windows."""
    import polars as pl

    part = indicator.frame
    windows = part.filter(pl.col("period").str.contains("-", literal=True))["period"].n_unique()
    if not policy.part("pooled") or (bonds is None and windows < 2):  # one tells no difference
        return np.zeros(part.height, dtype=bool)
    lowest = policy.lowest_level(indicator.id, indicator.definition)
    deeper = LEVELS[LEVELS.index(lowest) + 1 :] if lowest else ()
    apart: Bools = indicator.withheld & ~part["level"].is_in(list(deeper)).to_numpy()
    return apart


def find_primaries(indicator: Indicator, policy: Policy, bonds: Bonds | None = None) -> None:
    """Rows the policy forbids to show, and which counts of them must be certified."""
    frame, cube = indicator.frame, indicator.cube
    n, x, m = frame["n"].to_numpy(), frame["_x"].to_numpy(), frame["_m"].to_numpy()
    mean = frame["x"].is_null().to_numpy()
    y = n - x
    levels = frame["level"].to_list()
    floor = np.array([policy.denominator_at(level) for level in levels])
    sensitive = policy.sensitive(indicator.id, indicator.definition)
    # Nobody is protected as few are, unless zeros are shown; where nobody at all can be, there is no secret.
    someone = (n + m > 0) | (_possible(frame) & (not policy.zeros_shown) & ~_not_delivered(frame))
    small_n = (n < floor) & someone
    small_area = _small_area(frame, policy)
    share = np.divide(x, n, out=np.zeros(len(n)), where=n > 0)
    having, lacking = policy.sides(indicator.definition)
    few_x = ((x > 0) & (x < policy.numerator)) | ((x == 0) & (not policy.zeros_shown))
    few_y = ((y > 0) & (y < policy.complement)) | ((y == 0) & (not policy.full_shown))
    # An outcome that holds for nearly a whole group: of the side that harms.
    most = _extreme(share if having else 1 - share, levels, policy, sensitive)
    wanted_x = ~mean & (n > 0) & ((few_x & having) | (most & having))
    wanted_y = ~mean & (n > 0) & ((few_y & lacking) | (most & (not having)))
    small = small_n | small_area
    hidden_zero = not policy.zeros_shown
    # The denominator of a mean is its population less the missing: where the population is protected, so is it.
    covered = mean & (n + m < floor) & (indicator.larger() == X)
    wanted_x |= small & (hidden_zero | (x > 0)) & (n > 0) & ~covered
    wanted_y |= small & ~mean & (hidden_zero | (y > 0)) & (n > 0)
    # Between n and N only the missing move: protecting them protects n when N is known.
    wanted_m = small & (n + m >= floor) & (m > 0) & (not indicator.empty)
    indicator.need = policy.need(1, 1)
    told = ~indicator.withheld | _years_apart(indicator, policy, bonds)
    position = _node_of_row(cube, frame.height)
    indicator.small = np.zeros(cube.real.shape, dtype=bool)
    indicator.growth = np.zeros(cube.real.shape, dtype=np.int64)
    # A small area stays small whatever its rows hold.
    growth = np.where(small_area, m, np.maximum(floor - 1 - n, 0))
    for row in np.flatnonzero(small).tolist():
        indicator.small[position[row]] = True
        indicator.growth[position[row]] = growth[row]
    seen: set[tuple[int, int, int]] = set()
    for quantity, wanted in ((X, wanted_x), (Y, wanted_y), (M, wanted_m)):
        threshold = (policy.numerator, policy.complement, 1)[quantity]
        for row in np.flatnonzero(wanted & told).tolist():
            node, flat = position[row]
            if (quantity, node, flat) in seen or indicator.shown_before[node, flat]:
                continue
            seen.add((quantity, node, flat))
            value = int(cube.values[quantity, node, flat])
            need = policy.need(value, threshold)
            indicator.plain.append(Primary(quantity, node, flat, need))
            # Who knows denominator and class knows more, so more must stay possible.
            told_class = quantity != M and bool(indicator.rule) and not indicator.small[node, flat]
            need = policy.need(value, threshold, coded=told_class)
            indicator.primaries.append(Primary(quantity, node, flat, need))
    too_few = (position[row] for row in np.flatnonzero(told & (n + m < floor) & someone).tolist())
    indicator.small_population = sorted({p for p in too_few if not indicator.shown_before[p]})


def _possible(frame: pl.DataFrame) -> Bools:
    """Rows of a period and break-down in which there is someone in some area."""
    import polars as pl

    anyone = (pl.col("n") + pl.col("_m")).max().over("period", *BREAKDOWNS) > 0
    return np.asarray(frame.select(anyone.alias("anyone"))["anyone"].to_numpy(), dtype=bool)


def _not_delivered(frame: pl.DataFrame) -> Bools:
    """Rows of an area and period of which no source delivers the indicator: that is no count of children."""
    import polars as pl

    if "not_delivered" not in frame.columns:
        return np.zeros(frame.height, dtype=bool)
    none = (pl.col("n") + pl.col("_m")).max().over("area", "period") == 0
    absent = pl.col("not_delivered").fill_null(0).max().over("area", "period") > 0
    return np.asarray(frame.select((none & absent).alias("none"))["none"].to_numpy(), dtype=bool)


def _extreme(share: Any, levels: list[str], policy: Policy, sensitive: bool) -> Any:  # noqa: ANN401
    """Tails, and outcomes that hold for nearly a whole group."""
    result = np.zeros(len(share), dtype=bool)
    tails = policy.part("tails")
    if tails and (sensitive or not tails.get("sensitive_only", False)):
        result |= (100 * share <= tails["low"]) | (100 * share >= tails["high"])
    group = policy.part("group_disclosure")
    if group and (sensitive or not group.get("sensitive_only", True)):
        where = np.array([level in group.get("levels", LEVELS) for level in levels])
        result |= where & (share > group["share"])
    return result


def _small_area(frame: pl.DataFrame, policy: Policy) -> Bools:
    """Rows of areas with fewer persons than the policy's least: the largest population of any row of the area."""
    import polars as pl

    rule = policy.part("minimum_area")
    if not rule:
        return np.zeros(frame.height, dtype=bool)
    largest = (pl.col("n") + pl.col("_m")).max().over("area")
    small = (largest < rule["population"]) & pl.col("level").is_in(rule.get("levels", ["wijk", "buurt"]))
    return np.asarray(frame.select(small.alias("small"))["small"].to_numpy(), dtype=bool)


def _node_of_row(cube: Cube, height: int) -> list[tuple[int, int]]:
    labels, flats = np.nonzero(cube.row >= 0)
    result: list[tuple[int, int]] = [(-1, -1)] * height
    for label, flat, row in zip(
        labels.tolist(), flats.tolist(), cube.row[labels, flats].tolist(), strict=True
    ):
        result[row] = (int(cube.tree.label_node[label]), flat)
    return result
