"""The data type flavours: a function per rule of `datatypes.csv`, true when the node is in order."""

from __future__ import annotations

import re

from .flavour_names import _ad1, _ad5, _ad6, _ad7, _en3, _en7, _pn1, _pnl2, _pnl4, _pnl5, _pnl6, _use_and_text
from .flavour_times import (
    _OID,
    _UUID,
    _comps,
    _decimals,
    _int1,
    _ivl2,
    _ivl3,
    _ivl6,
    _ivl7,
    _ivl8,
    _ivl9,
    _nonneg1,
    _pivl2,
    _pivl3,
    _pos1,
    _sxpr2,
    _sxpr4,
    _sxpr5,
    _sxpr6,
    _sxpr7,
    _sxpr8,
    _sxpr9,
    _sxpr10,
    _ts2,
    value_or_null,
)
from .nodes import (
    _DEFAULTS,
    _STRUCTURE,
    absent,
    absent_in,
    absent_or,
    absent_with_null,
    child_absent_with_null,
    deep,
    descendants,
    distinct,
    full_text,
    has_text,
    joined_distinct,
    kids,
    language,
    no_child,
    null,
    null_alone,
    requires,
    siblings,
    translations,
)
from .paths import BLANK, XSI, N, elements

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


def _url2(e):
    return null(e) or bool(re.fullmatch(r"[!#-;=?-\[\]_a-z~]*", e.get("value") or ""))


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
