"""A whole message: the dossier in it, what stands around that, what it says of itself, and what was not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bds_tool.formats.dob.envelope import envelope_tags
from bds_tool.formats.dob.layout import HL7
from bds_tool.formats.dob.values import local_name, value_of
from bds_tool.formats.dob.version import detect
from bds_tool.formats.dob.walk import Walk

if TYPE_CHECKING:
    from lxml.etree import _Element

_TEMPLATE = HL7 + "templateId"
_ORIGINAL = HL7 + "originalText"


class MessageWalk(Walk):
    """The walk over a dossieroverdrachtbericht, from its root."""

    #: the children that the message is about
    children = 1

    def read(self, root: _Element) -> None:
        request = next(root.iter(HL7 + "CareProvisionRequest"), None)
        event = None if request is None else request.find(f"{HL7}sequelTo/{HL7}careProvisionEvent")
        self.dossier = self._dossier_id(root, event)
        self.old = local_name(root) == "REPC_IN902120NL"
        self.wrapper(root, [] if event is None else [event])
        if event is None:
            self.sink.melding("BDS803", dossier_id=self.dossier, regel=root.sourceline)
        else:
            self.step(event, self.layout.dossier)
        version, certainty = detect(local_name(root), self.rows)
        self.finish(root, version, certainty)

    def finish(self, root: _Element, version: str, certainty: str) -> None:
        """Hand over what was read, and have the message judged when that was asked."""
        self._facts(root, version, certainty)
        self.sink.rows.extend(self.rows)
        misplaced: set[_Element] = set()
        refused: set[tuple[_Element, str]] = set()
        for name in self.source.options.get("inspect", ()):
            told = self._inspect(name, root, self.source.bds or version)
            if told is not None:
                misplaced |= told[0]
                refused |= told[1]
        self.remarks(misplaced, refused)

    def remarks(self, misplaced: set[_Element], refused: set[tuple[_Element, str]]) -> None:
        """What was not read: registrations, and data in places that nobody said to be wrong already."""
        for element, pad, count in self.lost:
            self.sink.melding(
                "BDS858",
                dossier_id=self.dossier,
                regel=element.sourceline,
                pad=pad,
                element=local_name(element),
                aantal=count,
            )
        told = misplaced | {element for element, _, _ in self.lost}
        for pad, elements in self.unknown.items():
            left = [
                e
                for e in elements
                if not _refused(e, pad, refused) and (not told or told.isdisjoint((e, *e.iterancestors())))
            ]
            if left:
                self.sink.melding(
                    "BDS801", dossier_id=self.dossier, regel=left[0].sourceline, pad=pad, aantal=len(left)
                )

    def _inspect(
        self, name: str, root: _Element, version: str
    ) -> tuple[set[_Element], set[tuple[_Element, str]]] | None:
        import importlib

        from bds_tool.schema import load

        module, function = name.split(":")
        inspector = getattr(importlib.import_module(module), function)
        found: tuple[set[_Element], set[tuple[_Element, str]]] | None = inspector(
            root, self.sink, load(version)
        )
        return found

    def _facts(self, root: _Element, version: str, certainty: str) -> None:
        facts = self.sink.facts
        if "formaat" in facts and (facts["bds_herkend"], facts["formaat"]) != (
            version,
            f"{self.family}-{local_name(root)}",
        ):
            self.sink.melding("BDS010", regel=root.sourceline, versie=version, zekerheid="wisselend")
            return
        identifier = root.find(HL7 + "id")
        devices = (d.find(f"{HL7}Organization/{HL7}name") for d in root.iter(HL7 + "AssignedDevice"))
        organisation = next((name for name in devices if name is not None), None)
        facts |= {
            "formaat": f"{self.family}-{local_name(root)}",
            "bds_herkend": version,
            "bds_zekerheid": certainty,
            "bericht_id": None if identifier is None else identifier.get("extension"),
            "organisatie": None if organisation is None else (organisation.text or "").strip() or None,
        }
        if certainty == "onzeker" and not self.source.bds:
            self.sink.melding(
                "BDS010", dossier_id=self.dossier, regel=root.sourceline, versie=version, zekerheid=certainty
            )

    def _dossier_id(self, root: _Element, event: _Element | None) -> str:
        number = self.number_in(root, event)
        # A dossier number that is a BSN would travel into every finding: the place in the delivery takes over.
        return number or f"{self.sink.bron}-{self.number}"

    @staticmethod
    def number_in(root: _Element, event: _Element | None) -> str:
        """The number of the dossier; empty when the message has none, or one that is a BSN."""
        identifier = None if event is None else event.find(HL7 + "id")
        number = (identifier.get("extension") or "").strip() if identifier is not None else ""
        bsn = "2.16.840.1.113883.2.4.6.3"
        persons = {e.get("extension") for e in root.iter(HL7 + "id", HL7 + "value") if e.get("root") == bsn}
        return number if number not in persons else ""

    # ---- the wrapper: everything around what is of a child ----------------------------------------------------

    def wrapper(self, root: _Element, events: Sequence[_Element]) -> None:
        """The rows of everything outside `events`."""
        known = envelope_tags(local_name(root), self.layout.dossier.key)
        inside = frozenset(events)
        for child in root:
            self._wrapper_node(child, "bericht/" + local_name(child), inside, known)

    def _wrapper_node(
        self, element: _Element, pad: str, event: frozenset[_Element], known: frozenset[str] | None
    ) -> None:
        if element in event or element.tag == _TEMPLATE:
            return
        deeper = len(element) > 0
        if deeper and known is not None and element.tag not in known:
            # an element of the dossier that stands around it
            before = len(self.lost)
            self.lose(element, pad, None)
            known = known if len(self.lost) == before else None
        if self.has_data(element):
            self.row(None, value_of(element), element, pad)
        for child in element if deeper else ():
            if child.tag != _ORIGINAL:
                self._wrapper_node(child, f"{pad}/{local_name(child)}", event, known)


def _refused(element: _Element, pad: str, refused: set[tuple[_Element, str]]) -> bool:
    """Whether data in an unknown place is an attribute or text that was told to have no place: one cause, one finding."""
    if not refused:
        return False
    last = pad.rpartition("/")[2]
    if last.startswith("@"):
        return (element, last) in refused
    return any((element, name) in refused for name in ("", *("@" + k for k in element.keys())))  # noqa: SIM118
