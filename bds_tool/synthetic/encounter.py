"""R018 and R047: the activity itself, and a conclusion in harmless words."""

from __future__ import annotations

from typing import Any

import numpy as np

from bds_tool.synthetic.chance import Ints
from bds_tool.synthetic.contacts import EXTRA
from bds_tool.synthetic.draw import Draw
from bds_tool.synthetic.rows import activity_keys


def header(d: Draw) -> None:
    """Kind, date, key, form, status, discipline and (for extra contacts) the reason of each activity."""
    rows, acts, coder = d.rows, d.acts, d.coder
    every = np.arange(len(acts.owner))
    moments = d.spec["contacten"]["momenten"]
    new = coder.has(1577)  # before 4.0 the kind held the age and status stood in 725 and 495
    kinds = [m["soort" if new else "soort_oud"] for m in moments] + ["22"] * EXTRA
    rows.act(494, every, coder.codes(494, kinds)[acts.kind])
    rows.act(724, every, coder.dates(acts.day))
    rows.act(1377, every, rows.local(activity_keys(acts.child, acts.number).to_pylist()))
    absent = d.spec["contacten"]["niet_verschenen"]
    codes = list(absent["kansen"])
    why = d.chance.pick("niet verschenen", acts.child, list(absent["kansen"].values()), acts.kind)
    if new:
        forms = [m["vorm"] for m in moments] + ["03"] * EXTRA
        rows.act(1577, every, coder.codes(1577, forms)[acts.kind])
        rows.act(
            1605, every, np.where(acts.seen, coder.codes(1605, ["01"])[0], coder.codes(1605, codes)[why])
        )
        disciplines = [m["discipline"] for m in moments] + ["02"] * EXTRA
        status = np.where(acts.seen, coder.word("completed"), coder.word("aborted"))
        rows.path("careProvisionEvent/component7/encounter/statusCode", "R018", rows.activity, status)
        if rows.for_message:  # who has a discipline there has a number: an AGB code of nobody's
            staff = np.array([coder.word(f"900000{n:02d}") for n in range(1, len(moments) + 2)])
            seen = np.flatnonzero(acts.seen)
            rows.act(1523, seen, staff[np.minimum(acts.kind[seen], len(staff) - 1)])
        rows.act(1599, np.flatnonzero(acts.seen), _of(acts.seen, coder.codes(1599, disciplines)[acts.kind]))
    else:
        rows.act(725, every, coder.codes(725, ["02", "01"])[acts.seen.astype(int)])
        missed = np.flatnonzero(~acts.seen)
        rows.act(495, missed, coder.codes(495, [absent["oud"][c] for c in codes])[why[missed]])
    reasons = d.spec["contacten"]["op_indicatie"]["redenen"]
    extra = np.flatnonzero(acts.kind >= len(moments))
    chosen = d.chance.pick("reden", acts.child[extra], list(reasons.values()), acts.kind[extra])
    rows.act(1424, extra, coder.codes(1424, list(reasons))[chosen])


def conclusions(d: Draw) -> None:
    """Element 482 at a share of the attended activities."""
    texts = d.spec["teksten"]["conclusies"]
    which = np.flatnonzero(d.acts.seen)
    which = which[d.of_act(which, "conclusie") < float(d.spec["teksten"]["kans"]["waarde"])]
    words = np.array([d.coder.word(t) for t in texts])
    d.rows.act(482, which, words[(d.of_act(which, "conclusietekst") * len(words)).astype(int)])


def _of(mask: Any, values: Ints) -> Ints:  # noqa: ANN401
    return np.asarray(values[np.flatnonzero(mask)])
