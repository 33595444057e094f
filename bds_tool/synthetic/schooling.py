"""R008: the primary and the secondary school of a child, drawn from streams of their own."""

from __future__ import annotations

import numpy as np

from bds_tool.synthetic.chance import Ints
from bds_tool.synthetic.draw import Draw

#: The kinds of W0081: primary education, and after it a share of each kind.
PRIMARY = "01"
SECONDARY = {"05": 0.25, "06": 0.25, "10": 0.28, "11": 0.22}
#: Primary schools of a wijk and secondary schools of a gemeente; about as many as there are for the preset `nederland`
#: (chosen).
PER_WIJK, PER_GEMEENTE = 2, 2
#: Share that goes to a school of its own wijk; the rest goes anywhere in the gemeente (chosen).
NEAR = 0.8
#: Where a spec does not say how often the school is known (chosen).
KNOWN = 0.95
#: A BRIN is two digits and two letters. The first digits in use are below 50: with these nobody's school is told.
_FIRST, _LETTERS = 50, 26
_BRINS = 50 * _LETTERS * _LETTERS


def schools(d: Draw) -> None:
    """Schools with kind, begin and end, each a group G008: from the fourth birthday, and from the first of August of
    the year in which a child is twelve before October.
    """
    people, rows, coder = d.people, d.rows, d.coder
    wijken = sorted(set(d.region.wijk))
    gemeenten = sorted(set(d.region.gemeente))
    nth = {code: i for codes in (wijken, gemeenten) for i, code in enumerate(codes)}
    in_wijk = np.array([nth[w] for w in d.region.wijk])[people.buurt]
    in_gemeente = np.array([nth[g] for g in d.region.gemeente])[people.buurt]
    first_wijk = np.searchsorted([w[2:6] for w in wijken], [g[2:] for g in gemeenten])
    count = np.diff(np.append(first_wijk, len(wijken)))
    of = d.chance.uniform
    elsewhere = first_wijk[in_gemeente] + (of("school elders", people.child) * count[in_gemeente]).astype(int)
    near = of("school dichtbij", people.child) < NEAR
    place = np.where(near, in_wijk, elsewhere)
    primary = place * PER_WIJK + (of("basisschool", people.child) * PER_WIJK).astype(int)
    secondary = in_gemeente * PER_GEMEENTE + (of("middelbare school", people.child) * PER_GEMEENTE).astype(
        int
    )
    known = of("school bekend", people.child) < float(
        d.spec["levensloop"].get("school_bekend", {"waarde": KNOWN})["waarde"]
    )
    four, twelve = _birthday(people.born, 4), _august(people.born)
    until = np.minimum(people.leaves, d.day + 1)
    everyone = np.zeros(len(people.child), int)
    later = list(SECONDARY)
    kinds = coder.codes(58, later)[d.chance.pick("soort school", people.child, list(SECONDARY.values()))]
    for place_, school, kind, begins, ends in (
        (1, primary, coder.codes(58, [PRIMARY])[everyone], four, twelve),
        (2, len(wijken) * PER_WIJK + secondary, kinds, twelve, np.full(len(four), 1 << 40)),
    ):
        # Who came in later is known from then on; who had left the school by then never told it.
        start = np.maximum(begins, people.enters)
        there = known & (start < until) & (start < ends)
        rows.child(605, rows.local([_brin(i) for i in school.tolist()]), where=there, volgnr=place_)
        rows.child(58, kind, where=there, volgnr=place_)
        if rows.for_message and not coder.has(
            1577
        ):  # before 4.0 a school without a contact has no place in a message
            rows.child(
                719, d.words(d.spec["namen"]["achternamen"], "contact school"), where=there, volgnr=place_
            )
        rows.child(1473, coder.dates(start), where=there, volgnr=place_)
        rows.child(1474, coder.dates(ends - 1), where=there & (ends < until), volgnr=place_)


def _brin(number: int) -> str:
    number %= _BRINS
    tens, letters = divmod(number, _LETTERS * _LETTERS)
    return f"{_FIRST + tens}{chr(65 + letters // _LETTERS)}{chr(65 + letters % _LETTERS)}"


def _birthday(born: Ints, years: int) -> Ints:
    """The day somebody becomes this old; of who was born on 29 February the first of March."""
    month = born.astype("datetime64[D]").astype("datetime64[M]")
    day = born - month.astype("datetime64[D]").astype(np.int64)
    return np.asarray((month + 12 * years).astype("datetime64[D]").astype(np.int64) + day)


def _august(born: Ints) -> Ints:
    """The first of August of the year in which a child is twelve before October."""
    month = born.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    year = (month + 3) // 12 + 12  # since 1970; who is born from October on goes a year later
    return np.asarray((year * 12 + 7).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64))
