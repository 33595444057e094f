"""What a message that we write lacks by the official tables: said before it leaves the house."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.base.text import t
from bds_tool.formats.dob.model import model_for
from bds_tool.formats.dob.model.judge import judge

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model.faults import Fault

#: Places that tell nothing: what is left of a path after them says enough.
_HEADS = ("careProvisionEvent", "ControlActProcess")


def lacking(root: _Element, version: str) -> set[str]:
    """In words, every official fault of the message; the place by names of elements, never a value."""
    model = model_for(str(root.tag).rpartition("}")[2], version)
    if model is None:
        return set()
    return {words(fault) for fault in judge(root, model) if fault.role == "error"}


def words(fault: Fault) -> str:
    """Where a fault stands and what was asked there; the place by names of elements."""
    place = _place(fault.element)
    subject = fault.subject or fault.kind
    wanted = t(" of ", " or ").join(fault.names[:3])
    return f"{place}: {subject}" + (t(f" (verwacht: {wanted})", f" (expected: {wanted})") if wanted else "")


def _place(element: _Element) -> str:
    names: list[str] = []
    at: _Element | None = element
    while at is not None:
        name = str(at.tag).rsplit("}", 1)[-1]
        names.insert(0, name)
        if name in _HEADS:
            break
        at = at.getparent()
    return "/".join(names[-6:])
