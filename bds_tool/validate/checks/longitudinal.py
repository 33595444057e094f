"""Family 5xx: a child's measurements against each other over time, and against the Dutch growth references."""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.findings.collecting import parameters
from bds_tool.validate.checks.base import dossier_check
from bds_tool.validate.checks.time import days
from bds_tool.validate.growth import MEASURES, medians, z_scores

if TYPE_CHECKING:
    from bds_tool.validate.view import View

_FACTORS = (10.0, 0.1, 1000.0, 0.001)
#: What a child of any age measures (cm, kg): a value outside it needs no birth date to be doubted.
_ORDINARY = {"hgt": (30.0, 220.0), "wgt": (0.8, 180.0), "hdc": (20.0, 65.0)}


def series(view: View) -> pl.DataFrame:
    """Height, weight and head circumference in order of date: `x` in BDS units, `age` in years, `z`, `off` (factor)."""
    rows = view.numbers(*MEASURES).filter(pl.col("datum").is_not_null() & (pl.col("x") > 0))
    rows = rows.with_columns(
        born=view.person("born"), sex=view.person("sex"), gestation=view.person("gestation")
    )
    rows = rows.with_columns(age=days(pl.col("datum"), pl.col("born")) / 365.25)
    parts = []
    for number, (measure, factor) in MEASURES.items():
        part = rows.filter(pl.col("bdsnummer") == number).with_columns(y=pl.col("x") * factor)
        part = part.with_columns(z=z_scores(measure, part), rel=(pl.col("y") / medians(measure, part)).log())
        part = part.with_columns(off=_factor(measure, part)).sort(
            "d", "datum", "x", "regel", maintain_order=True
        )
        parts.append(part.with_columns(off=pl.coalesce("off", _beside(measure))))
    return pl.concat(parts)


def _near(column: str, n: int) -> pl.Expr:
    """The value n rows before (or after) of the same element and dossier: these stand in order, so no grouping is needed."""
    same = (pl.col("d") == pl.col("d").shift(n)) & (pl.col("bdsnummer") == pl.col("bdsnummer").shift(n))
    return pl.when(same).then(pl.col(column).shift(n))


def _beside(measure: str) -> pl.Expr:
    """The factor by which a value is off from those around it, for children without birth date or sex."""
    x, low, high = pl.col("y"), *_ORDINARY[measure]
    around = [_near("y", n) for n in (1, -1)]
    odd = pl.col("z").is_null() & ((x < low) | (x > high))
    result = pl.lit(None, pl.Float64)
    for factor in _FACTORS:
        mended = x / factor
        near = [other.is_null() | mended.is_between(other * 0.6, other * 1.7) for other in around]
        some = pl.any_horizontal(other.is_not_null() for other in around)
        fits = odd & some & mended.is_between(low, high) & near[0] & near[1]
        result = pl.when(fits).then(pl.lit(factor)).otherwise(result)
    return result


def _factor(measure: str, part: pl.DataFrame) -> pl.Series:
    """The factor by which a value is off: divided by it, the value is ordinary, while as it stands it cannot be."""
    wrong = part["z"].abs() > 5
    result = pl.Series("off", [None] * part.height, dtype=pl.Float64)
    if not wrong.any():
        return result
    suspects = part.with_row_index("at").filter(wrong)
    mended = z_scores(measure, pl.concat(suspects.with_columns(y=pl.col("y") / f) for f in _FACTORS))
    for number, factor in enumerate(_FACTORS):
        own = mended.slice(number * suspects.height, suspects.height)
        hits = suspects.filter(own.abs() <= 4)["at"]
        result = result.scatter(hits, [factor] * hits.len()) if hits.len() else result
    return result


@dossier_check(
    "BDS501",
    "BDS502",
    "BDS503",
    "BDS504",
    "BDS505",
    "BDS506",
    "BDS507",
    "BDS508",
    "BDS511",
    needs={
        "BDS501": ({235},),
        "BDS502": ({20}, {19}, set(MEASURES)),
        "BDS503": ({20}, {19}, set(MEASURES)),
        "BDS504": (set(MEASURES),),
        "BDS505": (set(MEASURES),),
        "BDS506": ({20}, {19}, set(MEASURES)),
        "BDS507": ({20}, {19}, set(MEASURES)),
        "BDS508": ({252},),
        "BDS511": ({245},),
    },
)
def growth(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Falling heights, unit mix-ups, values carried forward, contradictions, jumps and values no child has."""
    if view.of(*MEASURES).is_empty():
        return
    every = series(view)
    off = pl.col("off")
    yield "BDS502", every.filter(off.is_in([10.0, 0.1])).with_columns(parameters=parameters({"factor": off}))
    yield (
        "BDS503",
        every.filter(off.is_in([1000.0, 0.001])).with_columns(parameters=parameters({"factor": off})),
    )
    limit = float(view.limit("BDS507", "z"))
    # Being born early without a known gestation makes a newborn look extreme; that is no error of registration.
    unsure = pl.col("gestation").is_null() & (
        pl.col("age") < float(view.limit("BDS507", "from_age_without_gestation"))
    )
    # What cannot be a measurement (BDS231) says nothing about those around it.
    usual = every.filter(off.is_null() & _possible(view))
    yield "BDS507", usual.filter((pl.col("z").abs() > limit) & ~unsure & (pl.col("age") >= 0))
    yield from _steps(view, usual)


def _possible(view: View) -> pl.Expr:
    units, own = view.limit("BDS231", "units"), view.limit("BDS231", "elements")
    bounds = {n: own.get(n, units[unit]) for n, unit in ((235, "mm"), (245, "g"), (252, "mm"))}
    lowest, highest = (
        pl.col("bdsnummer").replace_strict(
            {n: float(b[i]) for n, b in bounds.items()}, default=None, return_dtype=pl.Float64
        )
        for i in (0, 1)
    )
    return pl.col("x").is_between(lowest, highest)


def _steps(view: View, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    before = {n: _near(n, 1) for n in ("x", "datum", "z")}
    steps = rows.with_columns(last=before["x"], last_day=before["datum"], last_z=before["z"])
    steps = steps.with_columns(gap=days(pl.col("datum"), pl.col("last_day"))).filter(
        pl.col("last").is_not_null()
    )
    x, last, gap, number = pl.col("x"), pl.col("last"), pl.col("gap"), pl.col("bdsnummer")
    same_day = steps.filter(gap == 0)
    apart = number.replace_strict(
        {235: 10.0, 245: 100.0, 252: 5.0} | _numbered(view, "BDS505"), return_dtype=pl.Float64
    )
    yield "BDS505", same_day.filter((x - last).abs() > apart)
    later = steps.filter(gap > 0)
    yield "BDS501", later.filter((number == 235) & (x < last - float(view.limit("BDS501", "mm"))))
    yield "BDS508", later.filter((number == 252) & (x < last - float(view.limit("BDS508", "mm"))))
    share, within = float(view.limit("BDS511", "share")), int(view.limit("BDS511", "days"))
    yield "BDS511", later.filter((number == 245) & (gap <= within) & (x < last * (1 - share)))
    wait = number.replace_strict(_numbered(view, "BDS504"), default=None, return_dtype=pl.Float64)
    grown = number.replace_strict(
        _numbered(view, "BDS504", "until_age"), default=None, return_dtype=pl.Float64
    )
    yield (
        "BDS504",
        later.filter((x == last) & (gap >= wait) & (pl.col("age").is_null() | (pl.col("age") < grown))),
    )
    z = _jumps(rows, "z", float(view.limit("BDS506", "z")), int(view.limit("BDS506", "days")))
    weights = rows.filter(pl.col("bdsnummer") == 245)
    changed = _jumps(
        weights, "rel", log(float(view.limit("BDS506", "ratio"))), int(view.limit("BDS506", "ratio_days"))
    )
    columns = [c for c in rows.columns if c in changed.columns]
    both = pl.concat([z.select(columns), changed.select(columns)]).sort("d", "datum", maintain_order=True)
    yield (
        "BDS506",
        both.unique(["d", "bdsnummer", "regel", "activiteit_id"], keep="first", maintain_order=True),
    )


def _jumps(rows: pl.DataFrame, scale: str, jump: float, near: int) -> pl.DataFrame:
    """Measurements that lie apart from both their neighbours in time; of two alone, the one furthest from the mean."""
    z, day = pl.col(scale), pl.col("datum")
    known = rows.filter(z.is_not_null())
    sides = known.with_columns(
        za=_near(scale, 1),
        zb=_near(scale, -1),
        ga=days(day, _near("datum", 1)),
        gb=days(_near("datum", -1), day),
        zaa=_near(scale, 2),
        zbb=_near(scale, -2),
    )
    apart_a = ((z - pl.col("za")).abs() > jump) & (pl.col("ga") <= near)
    apart_b = ((z - pl.col("zb")).abs() > jump) & (pl.col("gb") <= near)
    # With a neighbour on one side only, that neighbour must agree with its own other neighbour, or be the nearer.
    first = (
        pl.col("za").is_null()
        & apart_b
        & pl.when(pl.col("zbb").is_not_null())
        .then((pl.col("zb") - pl.col("zbb")).abs() <= jump)
        .otherwise(z.abs() >= pl.col("zb").abs())
    )
    last = (
        pl.col("zb").is_null()
        & apart_a
        & pl.when(pl.col("zaa").is_not_null())
        .then((pl.col("za") - pl.col("zaa")).abs() <= jump)
        .otherwise(z.abs() > pl.col("za").abs())
    )
    middle = apart_a & apart_b
    return sides.filter(middle | first.fill_null(value=False) | last.fill_null(value=False))


def _numbered(view: View, code: str, name: str = "apart") -> dict[int, float]:
    return {int(k): float(v) for k, v in view.limit(code, name).items()}
