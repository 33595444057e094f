"""Demands of the data types of names and addresses that fit no general kind: EN, PN, PN.NL, AD."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bds_tool.formats.dob.model.content import HL7
from bds_tool.formats.dob.model.nodes import (
    BLANK,
    Rule,
    elements,
    full_text,
    has_text,
    hl7_children,
    local,
    own_texts,
    right_units,
    siblings,
    values,
)

if TYPE_CHECKING:
    from lxml.etree import _Element


def _en_1_1(e: _Element) -> bool:
    return e.get("nullFlavor") is None or (not elements(e) and not has_text(e))


def _en_1_2(e: _Element) -> bool:
    return not elements(e) or not has_text(e)


def _filled_parts(e: _Element, name: str, *, hl7: bool) -> bool:
    for child in elements(e):
        passed = child.tag == HL7 + name if hl7 else local(child) == name
        if not passed and child.get("nullFlavor") is None and not full_text(child).strip(BLANK):
            return False
    return True


def _en_3(e: _Element) -> bool:
    return _filled_parts(e, "validTime", hl7=False)


def _en_4(e: _Element) -> bool:
    return not full_text(e).lstrip(BLANK).startswith('"')


def use_and_text(e: _Element) -> str:
    """All `use` attributes and all texts inside, in document order."""
    parts: list[str] = []

    def collect(node: _Element) -> None:
        parts.append(node.get("use") or "")
        parts.append(node.text or "")
        for child in node:
            if isinstance(child.tag, str):
                collect(child)
            parts.append(child.tail or "")

    collect(e)
    return "".join(parts)


def _distinct_text(e: _Element) -> bool:
    own = use_and_text(e)
    return all(use_and_text(s) != own for s in siblings(e))


def _en_7(e: _Element) -> bool:
    children = elements(e)

    def single(child: _Element) -> bool:
        tokens = re.split(r"[ \t\r\n]", child.get("qualifier") or "")
        return child.get("qualifier") is None or len(tokens) == len(set(tokens))

    return not children or any(single(c) for c in children)


def _pn_1(e: _Element) -> bool:
    return all("LS" not in re.split(r"[ \t\r\n]+", c.get("qualifier") or "") for c in elements(e))


def _pnl_2(e: _Element) -> bool:
    found = [g for g in hl7_children(e, "given") if "IN" in (g.get("qualifier") or "")]
    # a text in pieces stops the official processor: it never counts as right
    texts = [pieces[0] for g in found if len(pieces := list(own_texts(g))) == 1]
    return not found or any(not t.startswith(".") and "." in t and t.endswith(".") for t in texts)


def _pnl_3(e: _Element) -> bool:
    return not any(
        "IN" in (g.get("qualifier") or "") and "CL" in (g.get("qualifier") or "")
        for g in hl7_children(e, "given")
    )


def _pnl_4(e: _Element) -> bool:
    return not any(
        "CL" in (g.get("qualifier") or "") and any("." in t for t in own_texts(g))
        for g in hl7_children(e, "given")
    )


def _pnl_5(e: _Element) -> bool:
    return all(
        "".join(own_texts(p)).endswith(" ") for p in hl7_children(e, "prefix") if p.get("qualifier") == "VV"
    )


def _pnl_6(e: _Element) -> bool:
    return not any(full_text(f).startswith(("van ", "de ", "in ")) for f in hl7_children(e, "family"))


def _ad_1(e: _Element) -> bool:
    return e.get("nullFlavor") is not None or bool(elements(e)) != has_text(e)


def _ad_2(e: _Element) -> bool:
    return (
        e.get("nullFlavor") is None
        or e.find(HL7 + "thumbnail") is None
        or any(p.get("nullFlavor") is not None for p in hl7_children(e, "useablePeriod"))
    )


def _useable(e: _Element) -> tuple[list[str], list[str]]:
    periods = hl7_children(e, "useablePeriod")
    return (
        values(c for p in periods for c in hl7_children(p, "low")),
        values(c for p in periods for c in hl7_children(p, "high")),
    )


def _ad_5(e: _Element) -> bool:
    low, high = _useable(e)
    if not low or not high:
        return True
    return len(low) == len(high) == 1 and len(low[0]) == len(high[0])


def _ad_6(e: _Element) -> bool:
    low, high = _useable(e)
    if not low or not high:
        return True
    if len(low) > 1 or len(high) > 1:
        return False
    try:
        return float(_fourteen(low[0])) < float(_fourteen(high[0]))
    except ValueError:
        return False


def _fourteen(value: str) -> str:
    return value.ljust(14, "0")[:14]


def _ad_7(e: _Element) -> bool:
    return right_units(
        values((w for p in hl7_children(e, "useablePeriod") for w in hl7_children(p, "width")), "unit")
    )


def _ad_8(e: _Element) -> bool:
    return _filled_parts(e, "useablePeriod", hl7=True)


NAMES: dict[str, Rule] = {
    "EN-1.1": _en_1_1,
    "EN-1.2": _en_1_2,
    "EN-3": _en_3,
    "EN-4": _en_4,
    "EN-6": _distinct_text,
    "EN-7": _en_7,
    "PN-1": _pn_1,
    "PNL-1": _pn_1,
    "PNL-2": _pnl_2,
    "PNL-3": _pnl_3,
    "PNL-4": _pnl_4,
    "PNL-5": _pnl_5,
    "PNL-6": _pnl_6,
    "AD-1": _ad_1,
    "AD-2": _ad_2,
    "AD-5": _ad_5,
    "AD-6": _ad_6,
    "AD-7": _ad_7,
    "AD-8": _ad_8,
    "AD-10": _distinct_text,
}
