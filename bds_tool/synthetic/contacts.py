"""The activities of each child: the rhythm of the Basispakket, extra contacts, and who did not come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bds_tool.synthetic.chance import Chance, Floats, Ints, logistic
from bds_tool.synthetic.figures import Population
from bds_tool.synthetic.people import People
from bds_tool.synthetic.population import INDICATED

#: Extra contacts on indication that a child can have.
EXTRA = 4


@dataclass
class Activities:
    """One place per activity, ordered by child and date; `kind` is the moment's number in the spec, extras last.

    `at` gives the activity of a child at a moment, or -1.
    """

    owner: Ints  # place of the child in the chunk
    child: Ints  # number of the child
    kind: Ints
    day: Ints
    age: Ints  # days
    seen: np.ndarray[Any, np.dtype[np.bool_]]
    number: Ints  # order within the child, from 1
    at: Ints  # [children, moments]
    keys: list[str]

    def mask(self, moments: list[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which activities are attended and belong to one of these moments."""
        wanted = np.array([k in moments for k in self.keys])
        return np.asarray(self.seen & wanted[self.kind])


def draw(spec: Population, people: People, chance: Chance, reference: int) -> Activities:
    """Activities from entry until the reference day, death or departure."""
    moments = spec["contacten"]["momenten"]
    keys = [m["sleutel"] for m in moments] + [INDICATED] * EXTRA
    children, width = len(people.child), len(keys)
    day = _planned(spec, people, chance)
    there = (day >= people.enters[:, None]) & (day <= np.minimum(people.leaves, reference)[:, None])
    there &= (people.care != 1)[:, None]
    there[:, len(moments) :] &= _extra_wanted(spec, people, chance)
    vaccination_only = np.array(
        [m["vorm"] == "05" or m["sleutel"] in _SHOTS for m in moments] + [False] * EXTRA
    )
    there &= (people.care != 2)[:, None] | vaccination_only
    flat = np.flatnonzero(there)
    owner, kind = flat // width, flat % width
    days = day.ravel()[flat]
    order = np.lexsort((kind, days, owner))
    owner, kind, days = owner[order], kind[order], days[order]
    # Two contacts on one day would be one contact.
    fresh = np.ones(len(owner), dtype=bool)
    fresh[1:] = (owner[1:] != owner[:-1]) | (days[1:] != days[:-1])
    owner, kind, days = owner[fresh], kind[fresh], days[fresh]
    starts = np.searchsorted(owner, np.arange(children))
    at = np.full((children, width), -1, dtype=np.int64)
    at[owner, kind] = np.arange(len(owner))
    return Activities(
        owner=owner,
        child=people.child[owner],
        kind=kind,
        day=days,
        age=days - people.born[owner],
        seen=_attended(spec, people, chance, owner, kind),
        number=np.arange(len(owner)) - starts[owner] + 1,
        at=at,
        keys=keys,
    )


_SHOTS = {"w8", "m3", "m4", "m6", "m11", "m14", "j3", "j4", "j5", "j9", "j10", "j13"}


def _planned(spec: Population, people: People, chance: Chance) -> Ints:
    moments = spec["contacten"]["momenten"]
    columns = []
    for m in moments:
        spread = m["sd"] * chance.normal(f"dag {m['sleutel']}", people.child)
        columns.append(np.maximum(m["dagen"] + np.rint(spread), 3))
    columns.extend(
        45 + np.floor(chance.uniform("dag ind", people.child, extra) * 6400) for extra in range(EXTRA)
    )
    day = np.stack(columns, axis=1).astype(np.int64) + people.born[:, None]
    weekday = (day + 3) % 7  # 0 is Monday: 1970-01-01 was a Thursday
    return np.where(weekday >= 5, day + 7 - weekday, day)


def _extra_wanted(spec: Population, people: People, chance: Chance) -> np.ndarray[Any, np.dtype[np.bool_]]:
    yearly = float(spec["contacten"]["op_indicatie"]["kans"]["waarde"])
    wanted = min(1.0, yearly * 18 / EXTRA)
    return np.stack([chance.uniform("ind", people.child, e) < wanted for e in range(EXTRA)], axis=1)


def _attended(
    spec: Population, people: People, chance: Chance, owner: Ints, kind: Ints
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    u = chance.uniform("opkomst", people.child[owner], kind)
    return np.asarray(u < attendance(spec, people, owner, kind))


def attendance(spec: Population, people: People, owner: Ints, kind: Ints) -> Floats:
    """The chance that each activity is attended; lower in a wijk at risk."""
    moments = spec["contacten"]["momenten"]
    base = np.array([m["opkomst"] for m in moments] + [0.9] * EXTRA)[kind]
    pull = float(spec["contacten"]["niet_verschenen"]["risico"]) * people.risk[owner]
    return logistic(np.log(base / (1 - base)) - pull)
