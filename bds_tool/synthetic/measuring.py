"""R027: length, weight and head circumference along the Dutch references, one trajectory per child."""

from __future__ import annotations

import numpy as np

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
    rows.act(245, which, coder.numbers(weights(d, length)[which]))
    rows.act(246, which, coder.codes(246, ["1", "2"])[(acts.age[which] < 1400).astype(int)])
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
