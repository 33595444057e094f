"""Demands of data types that fit no general kind: a function for each, by the id of `datatypen.csv`.

`True` when the node meets the demand. Where the official processor breaks off, the demand counts as not met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.flavour_names import NAMES
from bds_tool.formats.dob.model.flavour_times import TIMES
from bds_tool.formats.dob.model.nodes import Rule, elements, has_text, hl7_children
from bds_tool.formats.dob.model.paths import XSI

if TYPE_CHECKING:
    from lxml.etree import _Element

_PLAIN = frozenset(
    {
        "classCode",
        "typeCode",
        "determinerCode",
        "moodCode",
        "partType",
        XSI + "type",
        XSI + "nil",
        "nullFlavor",
    }
)
_DEFAULTS = {
    "codeSystem": "2.16.840.1.113883.5.139",
    "codeSystemName": "TimingEvent",
    "integrityCheckAlgorithm": "SHA-1",
    "inverted": "false",
    "mediaType": "text/plain",
    "operator": "I",
    "representation": "TXT",
    "inclusive": "true",
    "unit": "1",
}
_CODED = frozenset(
    {
        XSI + "type",
        XSI + "nil",
        "codeSystem",
        "codeSystemName",
        "codeSystemVersion",
        "extension",
        "nullFlavor",
        "partType",
    }
)
_CODED_DEFAULTS = frozenset(
    {"integrityCheckAlgorithm", "mediaType", "operator", "representation", "inclusive", "unit"}
)


# ---- ANY ------------------------------------------------------------------------------------------------------------


def any_1(e: _Element) -> bool:
    return all(_null_is_clean(n) for n in e.iter("*") if n.get("nullFlavor") is not None)


def _null_is_clean(e: _Element) -> bool:
    items = e.items()
    if all(k in _PLAIN or _DEFAULTS.get(k) == v for k, v in items) and not elements(e) and not has_text(e):
        return True
    if e.get("nullFlavor") not in {"OTH", "NA", "UNC"}:
        return False
    if (
        e.get("extension") is None
        and e.get("codeSystem") is None
        and e.find(HL7 + "originalText") is None
        and e.find(HL7 + "translation") is None
    ):
        return False
    return all(
        k in _CODED
        or k.rpartition("}")[2] in {"valueSet", "valueSetVersion"}
        or (k in _CODED_DEFAULTS and _DEFAULTS[k] == v)
        for k, v in items
    )


# ---- ED -------------------------------------------------------------------------------------------------------------


def _ed_3(e: _Element) -> bool:
    found = hl7_children(e, "thumbnail")
    return not found or any(t.get("nullFlavor") is None or t.find(HL7 + "reference") is None for t in found)


def _ed_4(e: _Element) -> bool:
    found = hl7_children(e, "thumbnail")
    return not found or any(t.find(HL7 + "thumbnail") is None for t in found)


def _ed_5(e: _Element) -> bool:
    if e.get("compression") is None:
        return True
    return any(r.get("value") is not None for r in hl7_children(e, "reference")) or (
        e.get("representation") == "B64" and has_text(e)
    )


def _ed_6(e: _Element) -> bool:
    return e.get("value") is None or e.get("mediaType", "text/plain") == "text/plain"


def _ed_8(e: _Element) -> bool:
    return e.get("charset") is None or (e.get("value") is None and e.find("xml") is None)


def _ed_9(e: _Element) -> bool:
    return e.find(HL7 + "translation") is None or any(
        t.find(HL7 + "translation") is None for t in hl7_children(e, "thumbnail")
    )


def _ed_16(e: _Element) -> bool:
    found = hl7_children(e, "thumbnail")
    return e.get("nullFlavor") is None or not found or any(t.get("nullFlavor") is not None for t in found)


# ---- CS, II, numbers ------------------------------------------------------------------------------------------------


def _cs_1(e: _Element) -> bool:
    coded = e.get("code") is not None or e.get("typeCode") is not None
    return coded == (e.get("nullFlavor") is None)


def _bsn_3(e: _Element) -> bool:
    value = e.get("extension") or ""
    if e.get("root") != "2.16.840.1.113883.2.4.6.3" or not (
        len(value) == 9 and value.isascii() and value.isdecimal()
    ):
        return True
    return sum(int(d) * w for d, w in zip(value, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True)) % 11 == 0


def _not_both(e: _Element) -> bool:
    null, value = e.get("nullFlavor") is not None, e.get("value") is not None
    return (null or value or bool(elements(e))) and not (null and value)


def _number(e: _Element) -> float | None:
    from bds_tool.formats.dob.model.demands import is_number

    value = e.get("value")
    if value is None or not is_number(value):
        return float("inf") if value == "NaN" else None
    return float(value)


def _pos_1(e: _Element) -> bool:
    number = _number(e)
    return e.get("nullFlavor") is not None or (number is not None and number > 0)


def _nonneg_1(e: _Element) -> bool:
    number = _number(e)
    return e.get("nullFlavor") is not None or (number is not None and number >= 0)


RULES: dict[str, Rule] = {
    **TIMES,
    **NAMES,
    "ANY-1": any_1,
    "ED-3": _ed_3,
    "ED-4": _ed_4,
    "ED-5": _ed_5,
    "ED-6": _ed_6,
    "ED-8": _ed_8,
    "ED-9": _ed_9,
    "ED-16": _ed_16,
    "CS-1": _cs_1,
    "BSN-3": _bsn_3,
    "INT-1": _not_both,
    "PQ-1": _not_both,
    "TS-1": _not_both,
    "POS-1": _pos_1,
    "NONNEG-1": _nonneg_1,
}
#: Demands that compare a node with its siblings.
AMONG_SIBLINGS = frozenset({"EN-6", "AD-10"})
