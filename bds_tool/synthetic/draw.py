"""Everything a theme needs to write its rows for one chunk of children."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bds_tool.synthetic.chance import Chance, Floats, Ints
from bds_tool.synthetic.coder import Coder
from bds_tool.synthetic.contacts import Activities
from bds_tool.synthetic.figures import Population
from bds_tool.synthetic.people import CLASSES, People
from bds_tool.synthetic.population import DAYS_PER_YEAR, Growth
from bds_tool.synthetic.region import Region
from bds_tool.synthetic.rows import Rows
from bds_tool.synthetic.truth import Truth


@dataclass
class Draw:
    """One chunk: its children, their activities, and where rows and chances go."""

    spec: Population
    region: Region
    chance: Chance
    coder: Coder
    people: People
    acts: Activities
    rows: Rows
    growth: Growth
    truth: Truth
    day: int  # until which is registered, from 1970-01-01

    def words(self, texts: list[str], stream: str) -> Ints:
        """One of these words for each child."""
        words = np.array([self.coder.word(w) for w in texts])
        return np.asarray(words[(self.chance.uniform(stream, self.people.child) * len(words)).astype(int)])

    def of_act(self, which: Any, stream: str) -> Floats:  # noqa: ANN401
        """A uniform number per activity."""
        return self.chance.uniform(stream, self.acts.child[which], self.acts.kind[which])

    def level(self, measure: str, age: Floats | Ints | int, owner: Ints | None = None) -> Floats:
        """The z-score of a growth measure at an age in days: own level plus a slow walk between knots.

        Without `owner` one value per child; with it one per activity. Variance is 1 at every age.
        """
        people = self.people
        child = people.child if owner is None else people.child[owner]
        knots = np.array(self.spec["groei"]["knopen_jaren"]) * DAYS_PER_YEAR
        at = np.broadcast_to(np.asarray(age, dtype=np.float64), child.shape)
        low = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
        part = np.clip((at - knots[low]) / (knots[low + 1] - knots[low]), 0, 1)
        walk = self.chance.normal(measure, child, low + 1) * (1 - part)
        walk += self.chance.normal(measure, child, low + 2) * part
        walk /= np.sqrt(part**2 + (1 - part) ** 2)
        own = float(self.spec["groei"]["eigen_niveau"]["waarde"])
        z = np.sqrt(own) * self.chance.normal(measure, child) + np.sqrt(1 - own) * walk
        if measure == "bmi":
            steps = self.spec["groei"]["bmi_opleiding"]
            shift = np.array([float(steps[c]) for c in CLASSES])[people.school]
            shift = shift + float(self.spec["groei"]["bmi_risico"]) * people.risk
            grown = np.clip(at / (4 * DAYS_PER_YEAR), 0, 1)  # the gradient grows in over the first years
            z = z + grown * (shift if owner is None else shift[owner])
        return np.asarray(z)
