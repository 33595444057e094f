"""Schemas for editors: a copy beside the definitions that somebody writes, and the name that JSON of bds gives."""

from __future__ import annotations

import json
import os
from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.json_types import JsonObject
from bds_tool.base.names import child
from bds_tool.base.overlay import WHOLE
from bds_tool.base.specs import shipped_specs
from bds_tool.base.text import t

#: Where the copies stand; a name with a point is no part of the definitions.
FOLDER = ".schemas"
_SUFFIX = ".schema.json"


def with_schema(text: str, file: Path, name: str, root: Path | None = None) -> dict[Path, str]:
    """What is to be written: `text` below a comment that leads an editor to the schema `name`, and that schema.

    It stands in `.schemas/` of `root` (without: the folder of `file`), so no network is needed; what is there stays.
    """
    kept = child((root or file.parent) / FOLDER, name, _SUFFIX)
    head = f"# yaml-language-server: $schema={Path(os.path.relpath(kept, file.parent)).as_posix()}\n"
    beside = {} if kept.exists() else {kept: _shipped(name).read_text(encoding="utf-8")}
    return {file: head + text} | beside


def json_schema(name: str) -> JsonObject:
    """The JSON Schema that comes along under this name, or under what a file says behind `$schema`.

    Raises UsageError for a name that bds does not have.
    """
    path = _shipped(name.rpartition(":")[2])
    if not path.is_file() or path.parent != shipped_specs() / WHOLE:
        known = ", ".join(sorted(p.name.removesuffix(_SUFFIX) for p in path.parent.glob(f"*{_SUFFIX}")))
        raise UsageError(
            t(f"Er is geen schema {name}.", f"There is no schema {name}."),
            t(f"Kies uit: {known}.", f"Choose from: {known}."),
        )
    found: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    return found


def _shipped(name: str) -> Path:
    return child(shipped_specs() / WHOLE, name, _SUFFIX)
