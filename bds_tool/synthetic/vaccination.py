"""R041: the schedule of the birth cohort, given at contacts, missed, caught up, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from bds_tool.synthetic.chance import Ints
from bds_tool.synthetic.draw import Draw
from bds_tool.synthetic.figures import Shot
from bds_tool.synthetic.people import shifted

#: Least days between two doses of one kind: the RVP asks two weeks in the first series, four for BMR, five months for HPV.
GAPS = {"04": 28, "09": 150}
GAP = 14


def vaccinations(d: Draw) -> None:
    """Group G076 per dose (461, 1409, 686), refusals (683), and the chosen DKTP schedule (1584)."""
    spec, people, acts = d.spec["vaccinaties"], d.people, d.acts
    chances = shifted(spec["deelname"], people)
    takes = (d.chance.uniform("deelname", people.child) < chances) & (people.care != 1)
    d.truth.add("deelname", people, chances, takes, people.care != 1)
    counter = np.zeros(len(acts.owner), np.int64)
    last: dict[str, Ints] = {}
    first = _first(d, ["w2", "w4"])
    protected = (d.chance.uniform("schema", people.child) < spec["schema_2_1"]["waarde"]) & (first >= 0)
    for shot in spec["schema"]["prikken"]:
        _give(d, shot, takes & ~protected if shot.get("zonder_maternaal") else takes, counter, last)
    _refuse(d, ~takes, counter)
    if d.coder.has(1584):
        which = first >= 0
        codes = d.coder.codes(1584, ["02", "01"])[protected[which].astype(int)]
        d.rows.act(1584, first[which], codes)


def _give(d: Draw, shot: Shot, takes: Any, counter: Ints, last: dict[str, Ints]) -> None:  # noqa: ANN401
    spec, people, acts = d.spec["vaccinaties"], d.people, d.acts
    cohort = (people.birth_year >= shot.get("van", 0)) & (people.birth_year <= shot.get("tot", 9999))
    name = f"{shot['code']}-{shot['nr']}"
    per_shot, later = float(spec["per_prik"]["waarde"]), float(spec["inhaal"]["waarde"])
    given = np.full(len(people.child), -1)
    before = last.setdefault(shot["code"], np.full(len(people.child), -(10**6)))
    start = acts.keys.index(shot["bij"])
    for attempt in range(3):
        if start + attempt >= acts.at.shape[1]:
            break
        at = acts.at[:, start + attempt]
        u = d.chance.uniform(f"prik {name}", people.child, attempt)
        succeeds = u < (per_shot if attempt == 0 else later)
        able = (given < 0) & (at >= 0) & succeeds & acts.seen[np.maximum(at, 0)]
        able &= acts.day[np.maximum(at, 0)] - before >= GAPS.get(shot["code"], GAP)
        given = np.where(able, at, given)
    done = (given >= 0) & takes & cohort
    last[shot["code"]] = np.where(done, acts.day[np.maximum(given, 0)], before)
    which = given[done]
    _write(d, which, shot["code"], counter)


def _write(d: Draw, which: Ints, code: str, counter: Ints) -> None:
    rows, coder = d.rows, d.coder
    vaccine = coder.codes(461, [code])[0]
    if vaccine < 0 or not len(which):
        return
    counter[which] += 1
    rows.act(461, which, int(vaccine), volgnr=counter[which])
    rows.act(1409, which, coder.dates(d.acts.day[which]), volgnr=counter[which])
    rows.act(686, which, int(coder.codes(686, ["01"])[0]), volgnr=counter[which])
    lots = np.array([coder.word(f"VERZ{code}{n:02d}") for n in range(40)])  # batches of nobody's
    rows.act(
        472, which, lots[(d.of_act(which, f"partij {code}") * len(lots)).astype(int)], volgnr=counter[which]
    )


def _refuse(d: Draw, refuses: Any, counter: Ints) -> None:  # noqa: ANN401
    rows, coder = d.rows, d.coder
    at = _first(d, ["m3", "m4", "m6"])
    which = at[(at >= 0) & refuses]
    counter[which] += 1
    reasons = d.spec["vaccinaties"]["bezwaar_reden"]
    chosen = d.chance.pick("bezwaar", d.acts.child[which], list(reasons.values()))
    rows.act(461, which, int(coder.codes(461, ["11"])[0]), volgnr=counter[which])
    if rows.for_message:  # the message dates a refusal too
        rows.act(1409, which, coder.dates(d.acts.day[which]), volgnr=counter[which])
    rows.act(683, which, coder.codes(683, list(reasons))[chosen], volgnr=counter[which])


def _first(d: Draw, moments: list[str]) -> Ints:
    """The first attended activity of each child at one of these moments, or -1."""
    acts = d.acts
    found = np.full(len(d.people.child), -1)
    for key in moments:
        if key not in acts.keys:
            continue
        at = acts.at[:, acts.keys.index(key)]
        found = np.where((found < 0) & (at >= 0) & acts.seen[np.maximum(at, 0)], at, found)
    return found
