"""Demands of the data types of time that fit no general kind: TS, IVL_TS, PIVL_TS, SXPR_TS."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.nodes import Rule, elements, hl7_children, local, right_units, values
from bds_tool.formats.dob.model.paths import has_type
from bds_tool.formats.dob.model.timestamps import is_interval_time, is_timestamp, moment

if TYPE_CHECKING:
    from lxml.etree import _Element

_LOW, _HIGH, _CENTER, _WIDTH = (HL7 + n for n in ("low", "high", "center", "width"))
_BOUNDS = frozenset({_LOW, _HIGH, _CENTER, _WIDTH})


def _ts_2(e: _Element) -> bool:
    value = e.get("value")
    return value is None or is_timestamp(value)


def _min_1(e: _Element) -> bool:
    return e.get("nullFlavor") is not None or re.match(r"[0-9]{14}", e.get("value") or "") is not None


def _ivl_2(e: _Element) -> bool:
    return all(
        n.get("value") is None and n.get("unit") is None and not any(c.tag in _BOUNDS for c in n)
        for n in e.iter("*")
        if n.get("nullFlavor") is not None
    )


def _ivl_3(e: _Element) -> bool:
    return e.get("value") is None or not any(str(c.tag).startswith(HL7) for c in e)


def _ivl_4_2(e: _Element) -> bool:
    return e.get("value") is None or not any(c.tag in _BOUNDS for c in e)


def _ivl_4_3(e: _Element) -> bool:
    tags = {c.tag for c in e}
    return _CENTER not in tags or not tags & {_LOW, _HIGH, _WIDTH}


def _ivl_4_4(e: _Element) -> bool:
    return not {c.tag for c in e} >= {_WIDTH, _LOW, _HIGH}


def _ivl_6(e: _Element) -> bool:
    low, high = values(hl7_children(e, "low")), values(hl7_children(e, "high"))
    return not set(low) & set(high) and len(low) < 2 and len(high) < 2


def _ivl_7_1(e: _Element) -> bool:
    return all(c.get("nullFlavor") != "PINF" for c in hl7_children(e, "low"))


def _ivl_7_2(e: _Element) -> bool:
    return all(c.get("nullFlavor") != "NINF" for c in hl7_children(e, "high"))


def _ivl_8(e: _Element) -> bool:
    return right_units(values(hl7_children(e, "width"), "unit"))


def _bound(name: str) -> Rule:
    def rule(e: _Element) -> bool:
        given = values(hl7_children(e, name))
        return len(given) < 2 and all(is_interval_time(v) for v in given)

    return rule


def _ivl_7(e: _Element) -> bool:
    low, high = values(hl7_children(e, "low")), values(hl7_children(e, "high"))
    if len(low) != 1 or len(high) != 1:
        return True  # two of them: IVL-9L and IVL-9H
    first, last = moment(low[0]), moment(high[0])
    return first is None or last is None or first <= last


def _filled(e: _Element) -> bool:
    """Either nullFlavor and nothing else, or no nullFlavor and a value, unit or child."""
    content = e.get("value") is not None or e.get("unit") is not None or bool(elements(e))
    return content == (e.get("nullFlavor") is None)


def _shaped(e: _Element) -> bool:
    if e.get("nullFlavor") is not None:
        return True
    children = elements(e)
    if e.get("value") is not None:
        return not children
    return any(c.get("nullFlavor") is not None or not _mixed_bounds(c) for c in children)


def _mixed_bounds(e: _Element) -> bool:
    names = {local(c) for c in elements(e)}
    return "center" in names and bool(names & {"low", "high", "width"})


def _pivl_2(e: _Element) -> bool:
    return any(_filled(n) for n in e.iter("*"))


def _pivl_3(e: _Element) -> bool:
    return not elements(e) or _shaped(e)


def _few_decimals(found: Iterable[_Element]) -> bool:
    return all(len(v.partition(".")[2]) <= 4 for v in values(found))


def _pivl_5(e: _Element) -> bool:
    return _few_decimals(hl7_children(e, "period"))


def _comps(e: _Element, name: str) -> list[_Element]:
    return [c for c in hl7_children(e, "comp") if has_type(c, name)]


def _sxpr_1(e: _Element) -> bool:
    return e.get("nullFlavor") is not None or len(hl7_children(e, "comp")) >= 2


def _sxpr_2(e: _Element) -> bool:
    found = [c for c in e.iterdescendants(HL7 + "comp") if has_type(c, "SXPR_TS")]
    return not found or any(
        c.get("nullFlavor") is not None or len(hl7_children(c, "comp")) >= 2 for c in found
    )


def _sxpr_filled(name: str) -> Rule:
    return lambda e: not (found := _comps(e, name)) or any(_filled(c) for c in found)


def _sxpr_shaped(name: str) -> Rule:
    def rule(e: _Element) -> bool:
        found = _comps(e, name)
        return not any(elements(c) for c in found) or any(_shaped(c) for c in found)

    return rule


def _sxpr_lengths(name: str) -> Rule:
    def rule(e: _Element) -> bool:
        pairs = [(values(hl7_children(c, "low")), values(hl7_children(c, "high"))) for c in _comps(e, name)]
        if not any(low and high for low, high in pairs):
            return True
        return any(
            (low and high and len(low[0]) == len(high[0])) or (not low and not high) for low, high in pairs
        )

    return rule


def _sxpr_width(name: str) -> Rule:
    def rule(e: _Element) -> bool:
        found = [w for c in _comps(e, name) for w in hl7_children(c, "width")]
        return not found or any(w.get("unit") is None or w.get("value") is not None for w in found)

    return rule


def _sxpr_translation(name: str) -> Rule:
    return lambda e: (
        not any(
            w.find(HL7 + "translation") is not None for c in _comps(e, name) for w in hl7_children(c, "width")
        )
    )


def _periods(e: _Element) -> list[_Element]:
    return [p for c in _comps(e, "PIVL_TS") for p in hl7_children(c, "period")]


def _sxpr_9(e: _Element) -> bool:
    found = _comps(e, "PIVL_TS")
    return not found or any(
        c.find(HL7 + "frequency") is not None
        or any((p.get("nullFlavor") is None) != (p.get("value") is None) for p in hl7_children(c, "period"))
        for c in found
    )


def _sxpr_10(e: _Element) -> bool:
    translated = [p for p in _periods(e) if p.find(HL7 + "translation") is not None]
    return not any(p.get("nullFlavor") is not None for p in translated) or any(
        p.get("nullFlavor") is None for p in translated
    )


TIMES: dict[str, Rule] = {
    "TS-2": _ts_2,
    "MIN-1": _min_1,
    "IVL-2": _ivl_2,
    "IVL-3": _ivl_3,
    "IVL-4-2": _ivl_4_2,
    "IVL-4-3": _ivl_4_3,
    "IVL-4-4": _ivl_4_4,
    "IVL-6": _ivl_6,
    "IVL-7-1": _ivl_7_1,
    "IVL-7-2": _ivl_7_2,
    "IVL-8": _ivl_8,
    "IVL-9L": _bound("low"),
    "IVL-9C": _bound("center"),
    "IVL-9H": _bound("high"),
    "IVL-7": _ivl_7,
    "PIVL-2": _pivl_2,
    "PIVL-3": _pivl_3,
    "PIVL-5": _pivl_5,
    "SXPR-1": _sxpr_1,
    "SXPR-2": _sxpr_2,
    "SXPR-4": _sxpr_filled("IVL_TS"),
    "SXPR-5": _sxpr_shaped("IVL_TS"),
    "SXPR-6": _sxpr_lengths("IVL_TS"),
    "SXPR-7": _sxpr_width("IVL_TS"),
    "SXPR-8": _sxpr_translation("IVL_TS"),
    "SXPR-9": _sxpr_9,
    "SXPR-10": _sxpr_10,
    "SXPR-11": _sxpr_filled("PIVL_TS"),
    "SXPR-12": _sxpr_shaped("PIVL_TS"),
    "SXPR-13": _sxpr_lengths("PIVL_TS"),
    "SXPR-14": lambda e: _few_decimals(_periods(e)),
    "SXPR-15": _sxpr_width("PIVL_TS"),
    "SXPR-16": _sxpr_translation("PIVL_TS"),
}
