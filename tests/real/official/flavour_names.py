"""The rules on names and addresses."""

from __future__ import annotations

import re

from .flavour_times import values
from .nodes import _UNITS, full_text, has_text, kids, local, null, own_text, siblings, single
from .paths import BLANK, Broken, elements


def _use_and_text(e):
    def words(n):
        inside = [(words(c) if isinstance(c.tag, str) else "") + (c.tail or "") for c in n]
        return "".join([n.get("use") or "", n.text or "", *inside])

    mine = words(e)
    return not any(words(s) == mine for s in siblings(e))


def _en3(e):
    return all(null(c) or full_text(c).strip(BLANK) for c in elements(e) if local(c) != "validTime")


def _en7(e):
    def double(c):
        given = c.get("qualifier")
        if given is None:
            return False
        tokens = re.split(f"[{BLANK}]", given)
        return len(tokens) != len(set(tokens))

    return not elements(e) or not all(double(c) for c in elements(e))


def _pn1(e):
    return not any("LS" in (c.get("qualifier") or "").split() for c in elements(e))


def _given_text(c):
    if any(not isinstance(x.tag, str) for x in c):
        raise Broken("text is split")
    return own_text(c)


def _pnl2(e):
    initials = [g for g in kids(e, "given") if "IN" in (g.get("qualifier") or "")]
    texts = (_given_text(g) for g in initials)
    return not initials or any(not t.startswith(".") and "." in t and t.endswith(".") for t in texts)


def _pnl4(e):
    return not any("." in _given_text(g) for g in kids(e, "given") if "CL" in (g.get("qualifier") or ""))


def _pnl5(e):
    return all(_given_text(p).endswith(" ") for p in kids(e, "prefix") if p.get("qualifier") == "VV")


def _pnl6(e):
    return not any(full_text(f).startswith(("van ", "de ", "in ")) for f in kids(e, "family"))


def _ad1(e):
    return null(e) or bool(elements(e)) != has_text(e)


def _periods(e, name):
    return [v for p in kids(e, "useablePeriod") for v in values(p, name)]


def _ad5(e):
    low, high = _periods(e, "low"), _periods(e, "high")
    return not low or not high or len(single(low)) == len(single(high))


def _ad6(e):
    low, high = _periods(e, "low"), _periods(e, "high")
    if not low or not high:
        return True
    first, last = (v.ljust(14, "0")[:14] for v in (single(low), single(high)))
    return first.isdigit() and last.isdigit() and int(first) < int(last)


def _ad7(e):
    units = [
        w.get("unit") for p in kids(e, "useablePeriod") for w in kids(p, "width") if w.get("unit") is not None
    ]
    return single(units) in _UNITS | {None, ""}
