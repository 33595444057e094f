"""What the message schema asks of each place in a message that is written: order, structural attributes, obligatory parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.base.specs import specs_dir
from bds_tool.formats.dob.layout import HL7, layout
from bds_tool.formats.dob.model import model_for

if TYPE_CHECKING:
    from bds_tool.formats.dob.model.content import Content
    from bds_tool.formats.dob.model.tables import Model, Type

#: Attributes that say how the node is built; of these alone the schema's own value is written.
STRUCTURAL = ("classCode", "moodCode", "typeCode", "determinerCode", "contextConductionInd", "negationInd")
#: Children that every type knows and that have no place in the order of the data.
_COMMON = frozenset({"realmCode", "typeId", "templateId"})


@dataclass(frozen=True)
class Shape:
    """One place: the names of its children in order, and the attributes that can have one value only."""

    order: tuple[str, ...]
    attributes: dict[str, str]
    content: Content | None = None

    def lacking(self, names: Iterable[str]) -> list[str]:
        """The obligatory children that are not among these, which stand in order; of alternatives the first."""
        if self.content is None:
            return []
        there, added = [HL7 + name for name in names], list[str]()
        ranks = {HL7 + name: rank for rank, name in enumerate(self.order)}
        while True:
            missing = [m.names[0] for m in self.content.misfits(tuple(there)) if m.kind == "missing"]
            new = [tag for tag in missing if tag not in there]
            if not new:
                return added
            added.append(new[0].removeprefix(HL7))
            there = sorted([*there, new[0]], key=lambda tag: ranks.get(tag, -1))


_NONE = Shape((), {})


class Structure:
    """The shapes of one message by path: `careProvisionEvent/subject/patient`, or `bericht/sender` for what is around."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._shapes: dict[str, Shape] = {}
        self._starts = {"bericht": model.types[model.message.start]}
        inside = self._find("bericht", layout().path.split("/"))
        if inside is not None:
            self._starts[layout().dossier.key] = inside

    def at(self, path: str) -> Shape:
        """The shape of a place; an empty one for values, and for what the schema does not have."""
        known = self._shapes.get(path)
        if known is None:
            start, *steps = path.split("/")
            known = self._shapes[path] = self._shape(self._find(start, steps))
        return known

    def _find(self, start: str, steps: list[str]) -> Type | None:
        found = self._starts.get(start)
        for name in steps:
            slot = None if found is None else found.slots.get(HL7 + name)
            found = (
                None if slot is None or slot.type not in self._model.types else self._model.types[slot.type]
            )
        return found

    def _shape(self, type_: Type | None) -> Shape:
        # The types of nodes have the name of their model (REPC_MT902000NL.Author1), those of values have none.
        if type_ is None or "." not in type_.name:
            return _NONE
        order = tuple(name for tag in type_.slots if (name := tag.removeprefix(HL7)) not in _COMMON)
        return Shape(order, self._attributes(type_), type_.content)

    def _attributes(self, type_: Type) -> dict[str, str]:
        made = {}
        for name in STRUCTURAL:
            use = type_.attributes.get(name)
            if use is None:
                continue
            # Of any mood there is no head: whether something is meant or done, the data say, or the layout.
            headless = use.form == "ActMood" or use.form.startswith("x_")
            value = use.fixed or (self._model.forms.head(use.form) if use.required and not headless else "")
            if value:
                made[name] = value
        return made


@lru_cache(maxsize=8)
def _structure(interaction: str, version: str, specs: str) -> Structure:  # noqa: ARG001  # the key of the cache
    model = model_for(interaction, version)
    if model is None:
        raise ValueError(interaction)
    return Structure(model)


def structure(interaction: str, version: str) -> Structure:
    """The structure of a message of a version, made once per folder of specs."""
    return _structure(interaction, version, str(specs_dir()))
