"""The data type flavours: a function per rule of `datatypes.csv`, true when the node is in order."""

from __future__ import annotations

import calendar
import math
import re
from datetime import UTC, datetime, timedelta, timezone

from .paths import BLANK, XSI, Broken, N, elements

_STRUCTURE = {
    "classCode",
    "typeCode",
    "determinerCode",
    "moodCode",
    "partType",
    XSI + "type",
    XSI + "nil",
    "nullFlavor",
}
_DEFAULTS = {
    "codeSystem": "2.16.840.1.113883.5.139", "codeSystemName": "TimingEvent", "integrityCheckAlgorithm": "SHA-1",
    "inverted": "false", "mediaType": "text/plain", "operator": "I", "representation": "TXT", "inclusive": "true",
    "unit": "1",
}  # fmt: skip
_UNITS = {"us", "ms", "s", "min", "h", "d", "wk", "mo", "a"}
_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z]{2})?|[iIxX](-[A-Za-z0-9]{2,8})*$")


def local(node):
    return node.tag.rpartition("}")[2]


def own_text(node):
    return (node.text or "") + "".join(c.tail or "" for c in node)


def full_text(node):
    return "".join(
        t
        for t in (
            [node.text or ""]
            + [(full_text(c) if isinstance(c.tag, str) else "") + (c.tail or "") for c in node]
        )
    )


def has_text(node):
    return bool(own_text(node).strip(BLANK))


def kids(node, *names):
    return [c for n in names for c in node if c.tag == N + n]


def deep(node, name):
    return [c for c in node.iter(N + name) if c is not node]


def siblings(node):
    parent = node.getparent()
    return (
        [] if parent is None else [c for c in elements(parent) if c is not node and local(c) == local(node)]
    )


def null(node):
    return node.get("nullFlavor") is not None


def descendants(node):
    return [c for c in node.iter() if isinstance(c.tag, str)]


def single(values):
    if len(values) > 1:
        raise Broken("more than one value")
    return values[0] if values else None


# ---- shapes that many rules have -----------------------------------------------------------------------------


def requires(name, other):
    return lambda e: e.get(name) is None or e.get(other) is not None


def absent_with_null(name, value=None):
    return lambda e: not null(e) or e.get(name) is None or (value is not None and e.get(name) == value)


def child_absent_with_null(name):
    return lambda e: not null(e) or not kids(e, name)


def absent(name):
    return lambda e: e.get(name) is None


def no_child(*names):
    return lambda e: not kids(e, *names)


def absent_or(name, value):
    return lambda e: e.get(name) in {None, value}


def absent_in(find, *names):
    return lambda e: not any(c.get(n) is not None for c in find(e) for n in names)


def distinct(*names):
    def check(e):
        mine = [e.get(n) for n in names]
        return None in mine or not any([s.get(n) for n in names] == mine for s in siblings(e))

    return check


def null_alone(e):
    return not null(e) or not any(not null(s) for s in siblings(e))


def joined_distinct(*names):
    def check(e):
        texts = ["".join(t.get(n) or "" for n in names) for t in deep(e, "translation")]
        return len(texts) == len(set(texts))

    return check


def translations(name, other):
    return lambda e: all(t.get(other) is not None for t in deep(e, "translation") if t.get(name) is not None)


def language(e):
    given = e.get("language")
    return given is None or bool(_LANGUAGE.search(given))


# ---- the rules -------------------------------------------------------------------------------------------------


def _any1(e):
    return all(_null_form(n) for n in descendants(e) if null(n))


def _null_form(n):
    plain = (
        all(k in _STRUCTURE or _DEFAULTS.get(k) == v for k, v in n.attrib.items())
        and not elements(n)
        and not has_text(n)
    )
    if plain:
        return True
    if n.get("nullFlavor") not in {"OTH", "NA", "UNC"}:
        return False
    if not (
        n.get("extension") is not None
        or n.get("codeSystem") is not None
        or kids(n, "originalText", "translation")
    ):
        return False
    for key, value in n.attrib.items():
        name = key.rpartition("}")[2]
        if key in {XSI + "type", XSI + "nil"} or name in {"valueSet", "valueSetVersion"}:
            continue
        if key in {
            "codeSystem",
            "codeSystemName",
            "codeSystemVersion",
            "extension",
            "nullFlavor",
            "partType",
        }:
            continue
        if key in {
            "integrityCheckAlgorithm",
            "mediaType",
            "operator",
            "representation",
            "inclusive",
            "unit",
        } and (_DEFAULTS[key] == value):
            continue
        return False
    return True


def _ed4(e):
    thumbs = kids(e, "thumbnail")
    return not thumbs or any(not kids(t, "thumbnail") for t in thumbs)


def _ed5(e):
    if e.get("compression") is None:
        return True
    return any(r.get("value") is not None for r in kids(e, "reference")) or (
        e.get("representation") == "B64" and has_text(e)
    )


def _cs1(e):
    coded = e.get("code") is not None or e.get("typeCode") is not None
    return null(e) != coded


def _ii12(e):
    root, extension = e.get("root"), e.get("extension")
    if root is None:
        return True
    same = [s for s in siblings(e) if s.get("root") == root]
    return not same if extension is None else not any(s.get("extension") == extension for s in same)


_OID = re.compile(r"[012](\.(0|[1-9][0-9]*))*")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def _ii10(e):
    root = e.get("root")
    return root is None or bool(_OID.fullmatch(root) or _UUID.fullmatch(root))


def _ii10a(e):
    root = e.get("root")
    return root is None or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", root) or bool(_UUID.fullmatch(root))


def _digits(root, length):
    return lambda e: (
        e.get("root") != root or bool(re.fullmatch(rf"[0-9]{{{length}}}", e.get("extension") or ""))
    )


def _root(*roots):
    return lambda e: null(e) or e.get("root") in roots


def _bsn3(e):
    number = e.get("extension") or ""
    if e.get("root") != "2.16.840.1.113883.2.4.6.3" or not re.fullmatch("[0-9]{9}", number):
        return True
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(w * int(d) for w, d in zip(weights, number, strict=True)) % 11 == 0


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


def _url2(e):
    return null(e) or bool(re.fullmatch(r"[!#-;=?-\[\]_a-z~]*", e.get("value") or ""))


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


FLAVOURS = {
    "ANY-1": _any1,
    "BIN-1": lambda e: null(e) or bool(elements(e)) or has_text(e),
    "ED-2": requires("integrityCheck", "integrityCheckAlgorithm"),
    "ED-3": lambda e: (
        not kids(e, "thumbnail") or any(not (null(t) and kids(t, "reference")) for t in kids(e, "thumbnail"))
    ),
    "ED-4": _ed4,
    "ED-5": _ed5,
    "ED-6": lambda e: e.get("value") is None or e.get("mediaType") in {None, "text/plain"},
    "ED-7": absent_in(
        lambda e: kids(e, "reference", "thumbnail"), "validTimeLow", "validTimeHigh", "updateMode"
    ),
    "ED-8": lambda e: e.get("charset") is None or (e.get("value") is None and e.find("xml") is None),
    "ED-9": lambda e: (
        not kids(e, "translation") or any(not kids(t, "translation") for t in kids(e, "thumbnail"))
    ),
    "ED-10": absent_with_null("mediaType", "text/plain"),
    "ED-11": absent_with_null("charset"),
    "ED-12": absent_with_null("language"),
    "ED-13": absent_with_null("compression"),
    "ED-14": absent_with_null("integrityCheck"),
    "ED-15": absent_with_null("integrityCheckAlgorithm", "SHA-1"),
    "ED-16": lambda e: not null(e) or not kids(e, "thumbnail") or any(null(t) for t in kids(e, "thumbnail")),
    "ED-17": child_absent_with_null("translation"),
    "ED-18": language,
    "ST-3": no_child("reference"),
    "ST-4": no_child("thumbnail"),
    "ST-5": absent_or("representation", "TXT"),
    "ST-6": absent_or("mediaType", "text/plain"),
    "ST-7": absent("compression"),
    "ST-8": absent("integrityCheck"),
    "ST-9": absent_or("integrityCheckAlgorithm", "SHA-1"),
    "ADXP-1": lambda e: not any(full_text(s) == full_text(e) for s in siblings(e)),
    "SC-2": requires("code", "codeSystem"),
    "SC-3": requires("codeSystemName", "codeSystem"),
    "SC-4": requires("codeSystemVersion", "codeSystem"),
    "SC-5": requires("displayName", "code"),
    "SC-6": absent_with_null("code"),
    "SC-7": absent_with_null("displayName"),
    "CD-1": lambda e: (
        null(e)
        or e.get("code") is not None
        or bool(kids(e, "originalText") and not any(null(o) for o in kids(e, "originalText")))
    ),
    "CD-2": requires("code", "codeSystem"),
    "CD-3": requires("codeSystemName", "codeSystem"),
    "CD-4": requires("codeSystemVersion", "codeSystem"),
    "CD-5": requires("displayName", "code"),
    "CD-6": absent_with_null("code"),
    "CD-7": absent_with_null("displayName"),
    "CD-10": absent_in(lambda e: deep(e, "translation"), "nullFlavor"),
    "CD-11": translations("codeSystem", "code"),
    "CD-12": translations("codeSystemName", "codeSystem"),
    "CD-13": translations("codeSystemVersion", "codeSystem"),
    "CD-14": translations("displayName", "code"),
    "CD-15": lambda e: not set(e.get("displayName") or "") & set("\t\n\r"),
    "CD-18": distinct("code", "codeSystem"),
    "CD-19": joined_distinct("code", "codeSystem"),
    "CD-20": lambda e: all(language(o) for o in deep(e, "originalText")),
    "CE-1": no_child("qualifier"),
    "CS-1": _cs1,
    "CS-2": absent_or("codeSystem", "2.16.840.1.113883.5.139"),
    "CS-3": absent_or("codeSystemName", "TimingEvent"),
    "CS-4": absent("codeSystemVersion"),
    "CS-5": absent("displayName"),
    "CS-6": no_child("originalText"),
    "CS-7": no_child("qualifier"),
    "CS-8": no_child("translation"),
    "II-1": lambda e: null(e) or e.get("root") is not None,
    "II-2": absent_with_null("root"),
    "II-4": absent_with_null("identifierName"),
    "II-5": absent_with_null("displayable"),
    "II-6": absent_with_null("reliability"),
    "II-7": absent_with_null("assigningAuthorityName"),
    "II-8": lambda e: len(e.get("root") or "") <= 128,
    "II-9": lambda e: len(e.get("extension") or "") <= 64,
    "II-10": _ii10,
    "II-10a": _ii10a,
    "II-12": _ii12,
    "II-13": lambda e: not (_UUID.fullmatch(e.get("root") or "") and re.search("[a-z]", e.get("root"))),
    "AGB-1": _root("2.16.840.1.113883.2.4.6.1"),
    "AGB-2": _digits("2.16.840.1.113883.2.4.6.1", 8),
    "BIG-1": _root("2.16.528.1.1007.5.1"),
    "BSN-1": _root("2.16.840.1.113883.2.4.6.3"),
    "BSN-2": _digits("2.16.840.1.113883.2.4.6.3", 9),
    "BSN-3": _bsn3,
    "URA-1": _root("2.16.528.1.1007.3.3"),
    "URA-2": _digits("2.16.528.1.1007.3.3", 8),
    "UZI-1": _root("2.16.528.1.1007.3.1", "2.16.528.1.1007.3.2"),
    "UZI-2": _digits("2.16.528.1.1007.3.1", 9),
    "UZI-3": _digits("2.16.528.1.1007.3.2", 9),
    "QTY-1": absent_in(lambda e: kids(e, "uncertainty"), "expression", "uncertainty", "originalText"),
    "QTY-2": absent_in(
        lambda e: kids(e, "originalText", "uncertainty", "expression"),
        "validTimeLow",
        "validTimeHigh",
        "updateMode",
    ),
    "QTY-3": null_alone,
    "QTY-4": distinct("value", "unit"),
    "INT-1": _int1,
    "INT-2": no_child("uncertainty"),
    "POS-1": _pos1,
    "NONNEG-1": _nonneg1,
    "PQ-1": value_or_null,
    "PQ-3": joined_distinct("value", "code", "codeSystem"),
    "TS-1": value_or_null,
    "TS-2": _ts2,
    "MIN-1": lambda e: null(e) or bool(re.match("[0-9]{14}", e.get("value") or "")),
    "SXCM-1": absent_with_null("operator", "I"),
    "IVL-2": _ivl2,
    "IVL-3": _ivl3,
    "IVL-4-2": lambda e: e.get("value") is None or not kids(e, "low", "center", "high", "width"),
    "IVL-4-3": lambda e: not kids(e, "center") or not kids(e, "low", "high", "width"),
    "IVL-4-4": lambda e: not (kids(e, "width") and kids(e, "low") and kids(e, "high")),
    "IVL-5": absent_in(elements, "updateMode"),
    "IVL-6": _ivl6,
    "IVL-P1": lambda e: all(
        w.get("value") is not None for w in kids(e, "width") if w.get("unit") is not None
    ),
    "IVL-P2": lambda e: not any(kids(w, "translation") for w in kids(e, "width")),
    "IVL-7-1": lambda e: not any(c.get("nullFlavor") == "PINF" for c in kids(e, "low")),
    "IVL-7-2": lambda e: not any(c.get("nullFlavor") == "NINF" for c in kids(e, "high")),
    "IVL-8": _ivl8,
    "IVL-9L": _ivl9("low"),
    "IVL-9C": _ivl9("center"),
    "IVL-9H": _ivl9("high"),
    "IVL-7": _ivl7,
    "PIVL-1": absent_in(lambda e: kids(e, "phase", "period"), "updateMode"),
    "PIVL-2": _pivl2,
    "PIVL-3": _pivl3,
    "PIVL-5": _decimals,
    "PIVL-6": lambda e: all(
        w.get("value") is not None for w in kids(e, "width") if w.get("unit") is not None
    ),
    "PIVL-7": lambda e: not any(kids(w, "translation") for w in kids(e, "width")),
    "SXPR-1": lambda e: null(e) or len(kids(e, "comp")) >= 2,
    "SXPR-2": _sxpr2,
    "SXPR-3": absent_in(lambda e: descendants(e)[1:], "updateMode"),
    "SXPR-4": _sxpr4("IVL_TS"),
    "SXPR-5": _sxpr5("IVL_TS"),
    "SXPR-6": _sxpr6("IVL_TS"),
    "SXPR-7": _sxpr7("IVL_TS"),
    "SXPR-8": _sxpr8("IVL_TS"),
    "SXPR-9": _sxpr9,
    "SXPR-10": _sxpr10,
    "SXPR-11": _sxpr4("PIVL_TS"),
    "SXPR-12": _sxpr5("PIVL_TS"),
    "SXPR-13": _sxpr6("PIVL_TS"),
    "SXPR-14": lambda e: all(_decimals(c) for c in _comps(e, "PIVL_TS")),
    "SXPR-15": _sxpr7("PIVL_TS"),
    "SXPR-16": _sxpr8("PIVL_TS"),
    "URL-1": lambda e: null(e) or e.get("value") is not None,
    "URL-2": _url2,
    "URL-4": null_alone,
    "URL-5": distinct("use", "value"),
    "TEL-1": child_absent_with_null("useablePeriod"),
    "EN-1.1": lambda e: not null(e) or not (elements(e) or has_text(e)),
    "EN-1.2": lambda e: not (elements(e) and has_text(e)),
    "EN-1.3": lambda e: null(e) or bool(elements(e)) or has_text(e),
    "EN-3": _en3,
    "EN-4": lambda e: not full_text(e).lstrip(BLANK).startswith('"'),
    "EN-5": null_alone,
    "EN-6": _use_and_text,
    "EN-7": _en7,
    "ON-1": no_child("family", "given"),
    "ON-2": lambda e: not elements(e),
    "TN-1": lambda e: not elements(e),
    "PN-1": _pn1,
    "PNL-1": _pn1,
    "PNL-2": _pnl2,
    "PNL-3": lambda e: (
        not any("IN" in q and "CL" in q for q in ((g.get("qualifier") or "") for g in kids(e, "given")))
    ),
    "PNL-4": _pnl4,
    "PNL-5": _pnl5,
    "PNL-6": _pnl6,
    "AD-1": _ad1,
    "AD-2": lambda e: (
        not null(e) or not kids(e, "thumbnail") or any(null(p) for p in kids(e, "useablePeriod"))
    ),
    "AD-3": absent_in(lambda e: kids(e, "useablePeriod"), "updateMode"),
    "AD-5": _ad5,
    "AD-6": _ad6,
    "AD-7": _ad7,
    "AD-8": lambda e: all(
        null(c) or full_text(c).strip(BLANK) for c in elements(e) if c.tag != N + "useablePeriod"
    ),
    "AD-9": null_alone,
    "AD-10": _use_and_text,
}
