"""One walk over a message that is no dossieroverdrachtbericht: what it says of each child becomes a dossier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.formats.dob.layout import HL7, Node
from bds_tool.formats.dob.message_walk import MessageWalk
from bds_tool.formats.dob.model import model_for, other_messages
from bds_tool.formats.dob.values import local_name
from bds_tool.formats.dob.walk import Walk

if TYPE_CHECKING:
    from lxml.etree import _Element


DOSSIER_NUMBER = 695
#: Findings that say that a message is officially wrong.
WRONG = frozenset(f"BDS{n}" for n in range(840, 854))


class OtherWalk(MessageWalk):
    """Walks by the layout of its message. Several children in one message are as many dossiers."""

    family = "jgz"

    def read(self, root: _Element) -> None:
        self.in_place: list[tuple[_Element, str, int]] = []
        self.before = len(self.sink.meldingen)
        path = self.layout.path
        found = root.findall("/".join(HL7 + step for step in path.split("/"))) if path else []
        version, certainty = edition(local_name(root))
        self.children = len(found) if self.layout.of_children else 0
        self.dossier = self._key(root, found[0] if found else None, 1)
        self.wrapper(root, found)
        if not found and path:
            self.sink.melding("BDS803", dossier_id=self.dossier, regel=root.sourceline)
        first = self.dossier
        keys: dict[_Element, str] = {}
        for number, element in enumerate(found, start=1):
            self.dossier = keys[element] = self._key(root, element, number)
            self.counts.clear()
            self.step(element, self.layout.dossier)
        self.sink.about = lambda e: next((keys[a] for a in (e, *e.iterancestors()) if a in keys), first)
        self.finish(root, version, certainty)

    def lose(self, element: _Element, pad: str, above: Node | None) -> None:
        """A single value in a place that the schema knows is lost only in a message that is wrong: else it belongs there.

        A dossier has no place in these messages: what it holds is counted as what it is, say in an acknowledgement.
        """
        kept = len(self.lost)
        super().lose(element, pad, above)
        if not len(element) and len(self.lost) > kept and in_schema(element):
            self.in_place.append(self.lost.pop())
        elif len(element) and len(self.lost) == kept and not self.counting:
            sent = Walk(self.sink, self.source, self.number)
            for event in element.iter(HL7 + sent.layout.dossier.key):
                sent.lose(event, pad, None)
            self.lost += sent.lost

    def remarks(self, misplaced: set[_Element], refused: set[tuple[_Element, str]]) -> None:
        if any(str(m["code"]) in WRONG for m in self.sink.meldingen[self.before :]):
            self.lost += self.in_place
        super().remarks(misplaced, refused)

    def _key(self, root: _Element, element: _Element | None, number: int) -> str:
        """The number of the dossier where the message gives one, else its place in the delivery."""
        nodes = self.layout.dossier.children.get(HL7 + "id", ())
        numbered = any(node.element == DOSSIER_NUMBER for _, node in nodes)
        first = f"{self.sink.bron}-{self.number}"
        own = self.number_in(root, element) if numbered else ""
        return own or (first if number == 1 else f"{first}-{number}")


def in_schema(element: _Element) -> bool:
    """Whether the message schema has a place for this element where it stands."""
    path = [element, *element.iterancestors()]
    model = model_for(local_name(path[-1]), "")
    if model is None:
        return False
    name = model.message.start
    for part in reversed(path[:-1]):
        slot = model.types[name].slots.get(part.tag) if name in model.types else None
        if slot is None:
            return False
        name = slot.type
    return True


def edition(root: str) -> tuple[str, str]:
    """(BDS version, certainty) by which a message is read when nobody names one: the newest with public rules."""
    from bds_tool.schema import newest, versions

    known = [
        version
        for message in other_messages().get(root, ())
        if message.templates and message.versions is not None
        for version in message.versions.among(versions())
    ]
    # the message does not say its edition; the rules of the newest are nearly those of the others
    return (max(known, key=versions().index), "waarschijnlijk") if known else (newest(), "onzeker")
