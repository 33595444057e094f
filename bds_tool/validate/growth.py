"""Z-scores by the Dutch growth references, for rules on growth. References live in `specs/referenties/groei`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from bds_tool.base.specs import specs_dir

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

    x: pl.Series
    power: pl.Series
    middle: pl.Series
    spread: pl.Series
    normal: bool

    def covers(self, x: pl.Series) -> pl.Series:
        """Whether each x is within reach; null is not."""
        inside: pl.Series = (x >= self.x[0]) & (x <= self.x[-1])
        return inside.fill_null(value=False)

    def z(self, x: pl.Series, y: pl.Series) -> pl.Series:
        """Z-score of y at x; null outside the reach of the curve."""
        at = self._segment(x)
        power, middle, spread = (self.between(v, x, at) for v in (self.power, self.middle, self.spread))
        if self.normal:
            z = (y - middle) / spread
        else:
            box = ((y / middle).pow(power) - 1) / (power * spread)
            z = ((y / middle).log() / spread).zip_with(power.abs() < 1e-6, box)
        return z.set(~self.covers(x), None)

    def median(self, x: pl.Series) -> pl.Series:
        return self.between(self.middle, x, self._segment(x)).set(~self.covers(x), None)

    def between(self, values: pl.Series, x: pl.Series, at: pl.Series) -> pl.Series:
        """Linear between the points of the curve, `at` the segment of every x."""
        x0, y0 = self.x.gather(at), values.gather(at)
        slope = (values.gather(at + 1) - y0) / (self.x.gather(at + 1) - x0)
        return slope * (x - x0) + y0

    def _segment(self, x: pl.Series) -> pl.Series:
        places = self.x.search_sorted(x.fill_null(0.0), side="right").cast(pl.Int64) - 1
        return places.clip(0, self.x.len() - 2)


def medians(measure: str, frame: pl.DataFrame) -> pl.Series:
    """The median (cm or kg) for the sex and age of every row; null where unknown or beyond the reference."""
    # The 1997 reference runs from birth to 21 years without a gap.
    reference, population = NEWBORN[measure]
    age = frame["age"].cast(pl.Float64)
    result = pl.Series("median", [None], pl.Float64).new_from_index(0, frame.height)
    for which in ("male", "female"):
        curve = _curves(str(specs_dir())).get((reference, measure, which, population))
        if curve is not None:
            result = curve.median(age).zip_with((frame["sex"] == which).fill_null(value=False), result)
    return result.alias("median")


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
            curve["x"],
            curve["L"].fill_null(1.0),
            curve["M"],
            curve["S"],
            curve["distribution"][0] == "NO",
        )
    return curves


def z_scores(measure: str, frame: pl.DataFrame) -> pl.Series:
    """Z-scores for rows with `sex` (male, female or null), `age` (years), `y` (cm or kg) and `gestation` (days).

    Null where age is unknown or beyond the reference; without a sex the milder judgement. Children born before 37 completed weeks and younger
    than four are judged by the references for their week of gestation.
    """
    male, female = pl.col("male"), pl.col("female")
    milder = pl.when(male.abs() <= female.abs()).then(male).otherwise(female)
    known = pl.when(pl.col("sex") == "male").then(male).when(pl.col("sex") == "female").then(female)
    return (
        frame.select("sex", *(_of_sex(measure, which, frame).alias(which) for which in ("male", "female")))
        .select(z=known.when(pl.col("sex").is_null()).then(milder))["z"]
        .fill_nan(None)
    )


def _of_sex(measure: str, which: str, frame: pl.DataFrame) -> pl.Series:
    """As `z_scores`, as if every child that is not known to be of the other sex is of this one."""
    curves = _curves(str(specs_dir()))
    (reference, population), (older, _) = CHARTS[measure], NEWBORN[measure]
    mine = (frame["sex"] == which) | frame["sex"].is_null()
    rows = frame.select(
        age=pl.col("age").cast(pl.Float64),
        y=pl.col("y").cast(pl.Float64),
        week=(pl.col("gestation").cast(pl.Float64).fill_null(280.0) / 7).floor(),
    ).filter(mine)
    age, week = rows["age"], rows["week"]
    z = pl.Series([None], dtype=pl.Float64).new_from_index(0, rows.height)
    preterm = (week < 37) & (week >= 22) & (age < 4).fill_null(value=False)
    curve = curves.get((reference, measure, which, population))
    if curve is not None:
        z = curve.z(age, rows["y"])
        z = _laid_over(z, curves.get((older, measure, which, population)), rows, age < curve.x[0])
    if preterm.any():
        z = z.set(preterm, None)
        for number in sorted(set(week.filter(preterm).cast(pl.Int64))):
            curve = curves.get((PRETERM, measure, which, str(max(number, 25))))
            z = _laid_over(z, curve, rows, preterm & (week == number))
    everywhere = pl.Series([None], dtype=pl.Float64).new_from_index(0, frame.height)
    return everywhere.scatter(mine.arg_true(), z)


def _laid_over(z: pl.Series, curve: _Curve | None, rows: pl.DataFrame, where: pl.Series) -> pl.Series:
    """The z-scores, with those of another curve where that one holds."""
    places = where.fill_null(value=False).arg_true()
    if curve is None or places.is_empty():
        return z
    chosen = rows[places]
    return z.scatter(places, curve.z(chosen["age"], chosen["y"]))
