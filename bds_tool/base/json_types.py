"""JSON as types: what a document that is written may hold, checked by mypy down to its leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

#: Any JSON value. Read-only in its parts, so that a list of texts is a list of JSON too.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
#: A JSON object while it is built.
JsonObject: TypeAlias = dict[str, Json]
