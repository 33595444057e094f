"""Milk feeding by the published curve of 2018: on the day of birth, on day 8, and at the contacts of the first year."""

from __future__ import annotations

import numpy as np

from bds_tool.synthetic.chance import Chance, Floats, Ints, logistic
from bds_tool.synthetic.draw import Draw
from bds_tool.synthetic.figures import Feeding
from bds_tool.synthetic.people import CLASSES, People


def feeding(d: Draw) -> None:
    """Elements 747 and 1340 (dossier) and 496 (activity); one child only goes from breast to mixed to formula."""
    spec, people, coder, acts = d.spec["voeding"], d.people, d.coder, d.acts
    filled = float(spec["ingevuld"]["waarde"])
    taste = d.chance.uniform("voeding", people.child)
    for element, day in ((747, 0), (1340, 8)):
        breast, mixed = chances(spec, people, np.arange(len(people.child)), np.full(len(people.child), day))
        kind = _kind(taste, breast, mixed)
        told = d.chance.uniform(f"voeding {element}", people.child) < filled
        d.rows.child(element, coder.codes(element, ["01", "02", "03"])[kind], where=told)
        d.truth.add(str(element), people, breast, kind == 0, told)
    which = np.flatnonzero(acts.seen & (acts.age <= int(spec["tot_dagen"])))
    which = which[d.of_act(which, "voeding 496") < filled]
    owner = acts.owner[which]
    breast, mixed = chances(spec, people, owner, acts.age[which])
    kind = _kind(taste[owner], breast, mixed)
    solids = acts.age[which] >= float(spec["bijvoeding_vanaf_dagen"]["waarde"]) + 40 * Chance.normal(
        d.chance, "bijvoeding", people.child[owner]
    )
    codes = coder.codes(496, ["01", "02", "03", "04", "05", "06"])
    d.rows.act(496, which, codes[kind + 3 * solids.astype(int)])


def chances(spec: Feeding, people: People, owner: Ints, day: Ints) -> tuple[Floats, Floats]:
    """The chance of breast milk only, and of mixed feeding, for these children at these ages."""
    days = np.array([int(k) for k in spec["curve"]], dtype=np.float64)
    only, mixed = (np.array([v[i] / 100 for v in spec["curve"].values()]) for i in (0, 1))
    steps = np.array([float(spec["opleiding"][c]) for c in CLASSES])[people.school[owner]]
    shift = steps + float(spec["risico"]) * people.risk[owner]

    def moved(share: Floats) -> Floats:
        return logistic(np.log(share / (1 - share)) + shift)

    breast = moved(np.interp(day, days, only))
    return breast, moved(np.interp(day, days, only + mixed)) - breast


def _kind(taste: Floats, breast: Floats, mixed: Floats) -> Ints:
    return np.asarray(np.where(taste < breast, 0, np.where(taste < breast + mixed, 1, 2)))
