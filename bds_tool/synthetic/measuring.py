"""R027: length, weight and head circumference along the Dutch references, one trajectory per child."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bds_tool.indicators.growth import rows as growth_rows
from bds_tool.synthetic.chance import Floats, Ints
from bds_tool.synthetic.draw import Draw
from bds_tool.synthetic.population import value_of


def growth(d: Draw) -> None:
    """Elements 235 (mm), 245 (g), 252 (mm), with the way of measuring; length never falls."""
    moments = d.spec["groei"]["momenten"]
    rows, acts, coder = d.rows, d.acts, d.coder
    length = lengths(d)
    which = np.flatnonzero(acts.mask(moments["235"]))
    rows.act(235, which, coder.numbers(length[which]))
    rows.act(236, which, coder.codes(236, ["2", "1"])[(acts.age[which] < 730).astype(int)])
    which = np.flatnonzero(acts.mask(moments["245"]))
    clothes = _clothes(d)
    rows.act(245, which, coder.numbers((weights(d, length) + clothes)[which]))
    rows.act(246, which, coder.codes(246, ["1", "2"])[(clothes[which] == 0).astype(int)])
    which = np.flatnonzero(acts.mask(moments["252"]))
    rows.act(252, which, coder.numbers(_rising(d, _at(d, d.growth.head, "hoofd"))[which]))
    if coder.has(1616):
        which = np.flatnonzero(acts.mask(moments["235"]) & (acts.age > 60))
        term = len(d.growth.length) - 1
        early = (d.people.pop[acts.owner[which]] < term) & (acts.age[which] < 730)
        rows.act(1616, which, coder.codes(1616, ["01", "06"])[early.astype(int)])


def lengths(d: Draw) -> Ints:
    """Length in mm at every activity, measured or not; a later one is never shorter."""
    return _rising(d, _at(d, d.growth.length, "lengte"))


def weights(d: Draw, length: Ints) -> Ints:
    """Weight in g: BMI at the child's own level times length squared; rounded as a scale of that age rounds."""
    acts, people = d.acts, d.people
    age = np.minimum(acts.age, d.growth.days)
    bmi = value_of(
        d.growth.bmi,
        people.pop[acts.owner],
        people.sex[acts.owner],
        age,
        d.level("bmi", acts.age, acts.owner),
    )
    grams = np.clip((length / 1000) ** 2 * bmi * 1000, 500, 200_000)
    step = np.where(grams < 10_000, 10, 100)
    return np.asarray((np.rint(grams / step) * step).astype(np.int64))


def _clothes(d: Draw) -> Ints:
    """Grams that the clothes weigh at every activity: what the guideline takes off (kledingaftrek.csv), 0 undressed."""
    acts = d.acts
    day, born = (v.astype("datetime64[D]") for v in (acts.day, d.people.born[acts.owner]))
    years = day.astype("datetime64[Y]").astype(np.int64) - born.astype("datetime64[Y]").astype(np.int64)
    years -= _in_year(day) < _in_year(born)
    grams = np.zeros(len(years), dtype=np.int64)
    for row in growth_rows("kledingaftrek.csv"):
        grams[(years >= int(row["van_jaar"])) & (years <= int(row["tot_jaar"]))] = int(row["gram"])
    share = float(d.spec["groei"]["gekleed"]["waarde"])
    return np.where(d.chance.uniform("gekleed", acts.child, acts.kind) < share, grams, 0)


def _in_year(day: npt.NDArray[np.datetime64]) -> Ints:
    """Month and day as one number."""
    month = day.astype("datetime64[M]")
    within = (day - month.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(month.astype(np.int64) % 12 * 31 + within)


def _at(d: Draw, table: Floats, measure: str) -> Floats:
    """Millimetres at every activity."""
    acts, people = d.acts, d.people
    age = np.minimum(acts.age, d.growth.days)
    z = d.level(measure, acts.age, acts.owner)
    return value_of(table, people.pop[acts.owner], people.sex[acts.owner], age, z) * 10


def _rising(d: Draw, values: Floats) -> Ints:
    """Whole numbers that never fall within a child: a running maximum that restarts at each child."""
    whole = np.rint(values).astype(np.int64)
    offset = d.acts.owner * 100_000
    return np.asarray(np.maximum.accumulate(whole + offset) - offset)
