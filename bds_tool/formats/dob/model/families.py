"""The families of messages there are, and the model of one message by its root element and BDS version."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from bds_tool.base.specs import specs_dir
from bds_tool.formats.dob.model.tables import Message, Model, load_model, messages

#: Folders of tables below `specs`: the dossieroverdrachtbericht, and the other messages of the JGZ.
DOSSIER, OTHERS = "dob/model", "jgz/model"


@lru_cache(maxsize=4)
def _others(specs: Path) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in messages(specs / OTHERS).values():
        found.setdefault(message.root, []).append(message)
    return found


def other_messages() -> dict[str, list[Message]]:
    """The editions of the messages beside the dossieroverdrachtbericht, by the name of the root element."""
    return _others(specs_dir())


def model_for(root: str, version: str) -> Model | None:
    """The model by which a message with this root element is judged in a BDS version; None for an unknown one.

    A draft version is judged by the newest edition with the same root element.
    """
    return _model_for(specs_dir(), root, version)


# Asked for several times per message.
@lru_cache(maxsize=64)
def _model_for(specs: Path, root: str, version: str) -> Model | None:
    folder = specs / DOSSIER
    known = messages(folder)
    for message in _others(specs).get(root, ()):
        if message.versions is not None and message.versions.holds(version):
            return load_model(specs / OTHERS, message.key, lists_of(version))
    # a version that is named holds, whatever message was delivered as one of it
    key = version if version in known else next((k for k, m in reversed(known.items()) if m.root == root), "")
    return load_model(folder, key)


def lists_of(version: str) -> str:
    """The BDS version whose value lists hold: of a draft those of the newest one that is settled."""
    from bds_tool.schema import is_draft, versions

    settled = [v for v in versions() if not is_draft(v)]
    return version if version in settled else settled[-1]
