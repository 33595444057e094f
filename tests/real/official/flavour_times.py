"""The rules on numbers and times: intervals, periods and expressions of them."""

from __future__ import annotations

import calendar
import math
import re
from datetime import UTC, datetime, timedelta, timezone

from .nodes import _UNITS, deep, descendants, kids, local, null, single
from .paths import BLANK, XSI, Broken, N, elements

_OID = re.compile(r"[012](\.(0|[1-9][0-9]*))*")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def value_or_null(e):
    if null(e) and e.get("value") is not None:
        return False
    return null(e) or e.get("value") is not None or bool(elements(e))


def _int1(e):
    return value_or_null(e)


def _number(text):
    text = (text or "").strip(BLANK)
    if text == "NaN":
        return float("nan")
    if not re.fullmatch(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF", text):
        raise Broken("no number")
    return float(text.replace("INF", "inf"))


def _pos1(e):
    if null(e):
        return True
    number = _number(e.get("value"))
    return math.isnan(number) or number > 0


def _nonneg1(e):
    if null(e):
        return True
    number = _number(e.get("value"))
    return math.isnan(number) or number >= 0


def moment(text, *, interval=False):
    """A timestamp as (moment), or None when it breaks a rule of datatypes.md."""
    text = text.removeprefix("-")
    match = re.fullmatch(r"([^+-]*)(?:([+-])([0-9]+))?", text)
    if not match:
        return None
    digits, sign, zone = match.groups()
    offset = timedelta()
    if zone is not None:
        if (interval and len(zone) != 4) or len(zone) > 4:
            return None
        zone = zone.ljust(4, "0")
        hours, minutes = int(zone[:2]), int(zone[2:])
        if minutes > 59 or hours * 60 + minutes > 14 * 60:
            return None
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    whole, dot, fraction = digits.partition(".")
    if dot and (len(whole) != 14 or not re.fullmatch("[0-9]+", fraction)):
        return None
    if not re.fullmatch("[0-9]*", whole) or len(whole) % 2 or len(whole) > 14:
        return None
    pairs = [int(whole[i : i + 2]) for i in range(0, len(whole), 2)]
    pairs += [0, 0, 1, 1, 0, 0, 0][len(pairs) :]
    year, month, day, hour, minute, second = pairs[0] * 100 + pairs[1], *pairs[2:]
    if not 1 <= month <= 12:
        return None
    leap = calendar.isleap(year)
    last = 29 if month == 2 and leap else [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    if not 1 <= day <= last or minute > 59 or second > 59:
        return None
    midnight = hour == 24
    if hour > 24 or (midnight and (minute or second or fraction.strip("0"))):
        return None
    made = datetime(
        max(year, 1), month, day, 0 if midnight else hour, minute, second, tzinfo=timezone(offset)
    )
    try:
        made = made.astimezone(UTC) + timedelta(days=int(midnight))
    except OverflowError:
        return datetime(1, 1, 1, tzinfo=UTC), fraction
    return made, fraction.rstrip("0").ljust(9, "0")


def _stamp(interval):
    return lambda text: text is None or moment(text, interval=interval) is not None


def _ts2(e):
    return _stamp(False)(e.get("value"))


def _ivl2(e):
    return all(
        n.get("value") is None and n.get("unit") is None and not kids(n, "low", "center", "high", "width")
        for n in descendants(e)
        if null(n)
    )


def _ivl3(e):
    return e.get("value") is None or not any(c.tag.startswith(N) for c in elements(e))


def values(e, *names):
    return [c.get("value") for c in kids(e, *names) if c.get("value") is not None]


def _ivl6(e):
    return not set(values(e, "low")) & set(values(e, "high"))


def _ivl8(e):
    unit = single([w.get("unit") for w in kids(e, "width") if w.get("unit") is not None])
    return unit in _UNITS | {None, ""}


def _ivl9(name):
    return lambda e: _stamp(True)(single(values(e, name)))


def _filled(text):
    """What is missing is filled up; parts that are no digits count as missing."""
    found = moment(text, interval=True)
    if found is not None:
        return found
    zone = re.search(r"([+-][0-9]{4})$", text)
    body = text[: zone.start()] if zone else text
    pairs = re.match(r"((?:[0-9]{2}){0,7})", body.removeprefix("-"))[1]
    return moment(pairs + (zone[1] if zone else ""))


def _ivl7(e):
    low, high = single(values(e, "low")), single(values(e, "high"))
    if low is None or high is None:
        return True
    first, last = _filled(low), _filled(high)
    return first is None or last is None or first <= last


def _pivl_part(n):
    filled = n.get("value") is not None or n.get("unit") is not None or bool(elements(n))
    return null(n) != filled


def _pivl2(e):
    return any(_pivl_part(n) for n in descendants(e))


def _crossed(c):
    names = {local(x) for x in elements(c)}
    return "center" in names and bool(names & {"low", "high", "width"})


def _pivl_content(e):
    if null(e) or (e.get("value") is not None and not elements(e)):
        return True
    return e.get("value") is None and any(null(c) or not _crossed(c) for c in elements(e))


def _pivl3(e):
    return not elements(e) or _pivl_content(e)


def _decimals(e):
    return all(len((p.get("value") or "").partition(".")[2]) <= 4 for p in kids(e, "period"))


def _comps(e, kind):
    return [c for c in kids(e, "comp") if (c.get(XSI + "type") or "").strip(BLANK).rpartition(":")[2] == kind]


def _sxpr2(e):
    inner = [c for c in deep(e, "comp") if (c.get(XSI + "type") or "").rpartition(":")[2] == "SXPR_TS"]
    return not inner or any(null(c) or len(kids(c, "comp")) >= 2 for c in inner)


def _sxpr4(kind):
    return lambda e: not _comps(e, kind) or any(_pivl_part(c) for c in _comps(e, kind))


def _sxpr5(kind):
    def check(e):
        comps = _comps(e, kind)
        return not any(elements(c) for c in comps) or any(_pivl_content(c) for c in comps)

    return check


def _sxpr6(kind):
    def check(e):
        comps = [(values(c, "low"), values(c, "high")) for c in _comps(e, kind)]
        if not any(low and high for low, high in comps):
            return True
        return any(
            (not low and not high) or (low and high and len(low[0]) == len(high[0])) for low, high in comps
        )

    return check


def _sxpr7(kind):
    def check(e):
        widths = [w for c in _comps(e, kind) for w in kids(c, "width")]
        return not widths or any(w.get("unit") is None or w.get("value") is not None for w in widths)

    return check


def _sxpr8(kind):
    return lambda e: not any(kids(w, "translation") for c in _comps(e, kind) for w in kids(c, "width"))


def _sxpr9(e):
    comps = _comps(e, "PIVL_TS")
    return not comps or any(
        kids(c, "frequency") or any(null(p) != (p.get("value") is not None) for p in kids(c, "period"))
        for c in comps
    )


def _sxpr10(e):
    periods = [p for c in _comps(e, "PIVL_TS") for p in kids(c, "period")]
    if not any(null(p) and kids(p, "translation") for p in periods):
        return True
    return any(not null(p) and kids(p, "translation") for p in periods)
