"""JSON as types: what a document that is written may hold, checked by mypy down to its leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

#: Any JSON value. Read-only in its parts, so that a list of texts is a list of JSON too.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
#: A JSON object while it is built.
JsonObject: TypeAlias = dict[str, Json]


def text_in(found: Mapping[str, Json], key: str) -> str:
    """The text under a key; empty when there is none."""
    value = found.get(key)
    return value if isinstance(value, str) else ""


def object_in(found: Mapping[str, Json], key: str) -> JsonObject:
    """A copy of the object under a key; empty when there is none."""
    value = found.get(key)
    return dict(value) if isinstance(value, Mapping) else {}


def list_in(found: Mapping[str, Json], key: str) -> Sequence[Json]:
    """The list under a key; empty when there is none."""
    value = found.get(key)
    return value if isinstance(value, list | tuple) else ()


def objects_in(found: Mapping[str, Json], key: str) -> list[JsonObject]:
    """Copies of the objects in the list under a key; none when there is none."""
    return [dict(v) for v in list_in(found, key) if isinstance(v, Mapping)]
