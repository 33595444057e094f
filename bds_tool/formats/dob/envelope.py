"""The elements that the message schema knows around what is of one child."""

from __future__ import annotations

from functools import lru_cache

from bds_tool.base.specs import specs_dir
from bds_tool.formats.dob.layout import HL7
from bds_tool.formats.dob.model import model_for


def envelope_tags(root: str, dossier: str) -> frozenset[str] | None:
    """The qualified tags from the root element of this name down to `dossier`; None when it is no known message."""
    return _tags(root, HL7 + dossier, str(specs_dir()))


@lru_cache(maxsize=16)
def _tags(root: str, dossier: str, specs: str) -> frozenset[str] | None:  # noqa: ARG001  # the key of the cache
    model = model_for(root, "")
    if model is None or model.message.root != root:
        return None
    tags: set[str] = set()
    seen: set[str] = set()
    todo = [model.message.start]
    while todo:
        name = todo.pop()
        if name in seen or name not in model.types:
            continue
        seen.add(name)
        for tag, slot in model.types[name].slots.items():
            tags.add(tag)
            if tag != dossier:
                todo.append(slot.type)
    return frozenset(tags)
