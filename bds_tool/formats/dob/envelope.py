"""The elements that the message schema knows around the dossier."""

from __future__ import annotations

from functools import lru_cache

from bds_tool.base.specs import specs_dir
from bds_tool.formats.dob.model import load_model, messages

_DOSSIER = "{urn:hl7-org:v3}careProvisionEvent"


@lru_cache(maxsize=8)
def envelope_tags(root: str) -> frozenset[str] | None:
    """The qualified tags from the root element of this name down to the dossier; None when it is no known message."""
    folder = specs_dir() / "dob" / "model"
    key = next((m.key for m in messages(folder).values() if m.root == root), None)
    model = None if key is None else load_model(folder, key)
    if model is None:
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
            if tag != _DOSSIER:
                todo.append(slot.type)
    return frozenset(tags)
