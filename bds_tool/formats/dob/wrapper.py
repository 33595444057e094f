"""What stands around the dossier: from the root element to the place of `careProvisionEvent`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from lxml import etree

from bds_tool.formats.dob.layout import HL7, XSI_TYPE, Node
from bds_tool.formats.dob.sender import filled
from bds_tool.formats.dob.types import identifier, put
from bds_tool.schema import Definition
from bds_tool.store.columns import Registratie

if TYPE_CHECKING:
    from lxml.etree import _Element

_BSN = "2.16.840.1.113883.2.4.6.3"
_BSN_LINE = "bericht/attentionLine/value"


class Envelope:
    """Writes the nodes of `bericht`: what the rows say, else what the layout and the sender say.

    A part that the message demands and nobody knows is written with nullFlavor NI, which the judge then reports.
    """

    def __init__(
        self,
        definition: Definition,
        facts: dict[str, str],
        template: Callable[[_Element, Node], None],
        attributes: Callable[[_Element, str, Node], None],
        interaction: str,
        payload: str = "careProvisionEvent",
    ) -> None:
        self.interaction = interaction
        self.payload = payload
        self.definition = definition
        self.facts = facts
        self.template = template
        self.attributes = attributes

    def write(
        self, parent: _Element, node: Node, rows: list[Registratie], dossier: Callable[[_Element], None]
    ) -> None:
        values = {r["pad"]: r for r in rows if r["pad"] and r["pad"].startswith("bericht/")}
        bsn = next((r["waarde"] for r in rows if r["bdsnummer"] == 7 and r["waarde"]), None)
        self._write(parent, node, values, bsn, dossier)

    def _write(
        self,
        parent: _Element,
        node: Node,
        values: dict[str, Registratie],
        bsn: str | None,
        dossier: Callable[[_Element], None],
    ) -> None:
        self.template(parent, node)
        for child in node.order:
            if child.tags[0] == self.payload:
                dossier(parent)
                continue
            told = any(pad == child.pad or pad.startswith(child.pad + "/") for pad in values)
            default = self._default(child, bsn)
            if not child.order and not told and not default:
                continue
            element = etree.SubElement(parent, HL7 + child.tags[0])
            self.attributes(element, child.pad, child)
            row = values.get(child.pad)
            if child.tags[0] == "interactionId":
                element.set("root", "2.16.840.1.113883.1.6")
                element.set("extension", self.interaction)
            elif row is not None:
                self._told(element, row, child)
            else:
                fill(element, default)
            self._write(element, child, values, bsn, dossier)

    def _told(self, element: _Element, row: Registratie, node: Node) -> None:
        if node.pad == _BSN_LINE:  # the one `value` in a message that holds an identifier
            element.set(XSI_TYPE, "II")
            identifier(element, row)
        else:
            put(element, row, None, self.definition)
            if "tekst" in node.default and not element.text:
                element.text = node.default["tekst"]

    def _default(self, node: Node, bsn: str | None) -> dict[str, str]:
        tag = node.tags[0]
        if node.pad == "bericht/id":
            return {"root": "2.25", "extension": str(uuid.uuid4().int)}
        if tag == "creationTime":
            return {"value": self.facts["now"]}
        if tag == "interactionId":
            return {"root": "?"}
        if node.pad == _BSN_LINE:
            return {XSI_TYPE: "II"} | ({"root": _BSN, "extension": bsn} if bsn else {"nullFlavor": "NI"})
        if tag == "id" and not node.default:
            return {}
        known = filled(node.default, self.facts)
        return {"nullFlavor": "NI"} if known is None else known


def fill(element: _Element, default: dict[str, str]) -> None:
    """The attributes of a default, and its text."""
    for key, value in default.items():
        if key == "tekst":
            element.text = value
        else:
            element.set(key, value)
