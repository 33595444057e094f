"""Z-scores by the Dutch growth references, for rules on growth. References live in `specs/referenties/groei`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.base.specs import specs_dir

if TYPE_CHECKING:
    import numpy as np

#: Measure → (reference, population) of the general Dutch population; weight and height 2009, head 1997.
CHARTS = {"hgt": ("nl_2009", "nl"), "wgt": ("nl_2009", "nl"), "hdc": ("nl_1997", "nl")}
#: Where the newest reference starts some weeks after birth, the older one fills in.
NEWBORN = {"hgt": ("nl_1997", "nl"), "wgt": ("nl_1997", "nl"), "hdc": ("nl_1997", "nl")}
#: Reference for children born before 37 weeks, by completed week of gestation; valid to the age of four.
PRETERM = "nl_2012"
#: Element → (measure, factor from the BDS unit to that of the reference): mm → cm, g → kg.
MEASURES = {235: ("hgt", 0.1), 245: ("wgt", 0.001), 252: ("hdc", 0.1)}


@dataclass(frozen=True)
class _Curve:
    """One curve; beyond its ends there is no z-score. `normal`: mean and SD instead of L, M, S."""

    x: np.ndarray
    power: np.ndarray
    middle: np.ndarray
    spread: np.ndarray
    normal: bool

    def z(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Z-score of y at x; NaN outside the reach of the curve."""
        import numpy as np

        inside = (x >= self.x[0]) & (x <= self.x[-1])
        power, middle, spread = (np.interp(x, self.x, v) for v in (self.power, self.middle, self.spread))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if self.normal:
                z = (y - middle) / spread
            else:
                box = ((y / middle) ** power - 1) / (power * spread)
                z = np.where(np.abs(power) < 1e-6, np.log(y / middle) / spread, box)
        return np.where(inside, z, np.nan)


def medians(measure: str, frame: pl.DataFrame) -> pl.Series:
    """The median (cm or kg) for the sex and age of every row; null where unknown or beyond the reference."""
    import numpy as np

    curves = _curves(str(specs_dir()))
    result = np.full(frame.height, np.nan)
    # The 1997 reference runs from birth to 21 years without a gap.
    reference, population = NEWBORN[measure]
    sex, age = frame["sex"].to_numpy(), frame["age"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    for which in ("male", "female"):
        curve = curves.get((reference, measure, which, population))
        if curve is not None:
            mine = (sex == which) & (age >= curve.x[0]) & (age <= curve.x[-1])
            result[mine] = np.interp(age[mine], curve.x, curve.middle)
    return pl.Series("median", result).fill_nan(None)


@lru_cache(maxsize=2)
def _curves(root: str) -> dict[tuple[str, str, str, str], _Curve]:
    path = Path(root) / "referenties" / "groei" / "growth_lms.csv"
    if not path.is_file():
        return {}
    frame = pl.read_csv(
        path,
        schema_overrides={"population": pl.String, "x": pl.Float64, "L": pl.Float64},
        infer_schema_length=0,
    )
    frame = frame.with_columns(
        pl.col("x", "L", "M", "S").cast(pl.Float64), pl.col("population").fill_null("")
    )
    wanted = {r for r, _ in (*CHARTS.values(), *NEWBORN.values())} | {PRETERM}
    curves = {}
    chosen = frame.filter(pl.col("reference").is_in(list(wanted)))
    for key, part in chosen.group_by("reference", "measure", "sex", "population", maintain_order=True):
        curve = part.sort("x")
        reference, measure, sex, population = (str(k) for k in key)
        curves[reference, measure, sex, population] = _Curve(
            curve["x"].to_numpy(),
            curve["L"].fill_null(1.0).to_numpy(),
            curve["M"].to_numpy(),
            curve["S"].to_numpy(),
            curve["distribution"][0] == "NO",
        )
    return curves


def z_scores(measure: str, frame: pl.DataFrame) -> pl.Series:
    """Z-scores for rows with `sex` (male, female or null), `age` (years), `y` (cm or kg) and `gestation` (days).

    Null where age is unknown or beyond the reference; without a sex the milder judgement. Children born before 37 completed weeks and younger
    than four are judged by the references for their week of gestation.
    """
    if frame.is_empty():
        return pl.Series("z", [], pl.Float64)
    import numpy as np

    curves = _curves(str(specs_dir()))
    result = np.full(frame.height, np.nan)
    sex, age = frame["sex"].to_numpy(), frame["age"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    y = frame["y"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    weeks = np.floor(frame["gestation"].cast(pl.Float64).fill_null(280.0).to_numpy() / 7)
    (reference, population), (older, _) = CHARTS[measure], NEWBORN[measure]
    early = (weeks < 37) & (weeks >= 22) & (age < 4)
    unknown = np.array([s is None for s in sex])
    if unknown.any():
        # Without a sex the milder of the two judgements holds.
        rows = frame.filter(pl.col("sex").is_null())
        both = [
            z_scores(measure, rows.with_columns(sex=pl.lit(w))).fill_null(float("nan")).to_numpy()
            for w in ("male", "female")
        ]
        result[unknown] = np.where(np.abs(both[0]) <= np.abs(both[1]), both[0], both[1])
    for which in ("male", "female"):
        mine = sex == which
        curve = curves.get((reference, measure, which, population))
        if curve is not None:
            chosen = mine & ~early
            result[chosen] = curve.z(age[chosen], y[chosen])
            newborn = curves.get((older, measure, which, population))
            chosen = chosen & (age < curve.x[0])
            if newborn is not None and chosen.any():
                result[chosen] = newborn.z(age[chosen], y[chosen])
        for week in range(22, 37):
            chosen = mine & early & (weeks == week)
            curve = curves.get((PRETERM, measure, which, str(max(week, 25))))
            if curve is not None and chosen.any():
                result[chosen] = curve.z(age[chosen], y[chosen])
    return pl.Series("z", result).fill_nan(None)
