"""Lines in a JSON text: of each object, and of the place where the text stops being JSON."""

from __future__ import annotations

import re
from typing import Any

#: A whole string, or one of the characters that matter outside strings.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|\{|\n')


def lines_of(data: bytes, parsed: Any) -> dict[int, int]:  # noqa: ANN401
    """id() of each object below `parsed` → its line in `data`. Objects are met in the order of the text."""
    starts: list[int] = []
    line = 1
    for token in _TOKEN.findall(data):
        if token == b"\n":
            line += 1
        elif token == b"{":
            starts.append(line)
        else:
            line += token.count(b"\n")
    found: dict[int, int] = {}
    stack = [parsed]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if len(found) >= len(starts):
                return {}  # a key that occurs twice hid an object; without lines is better than wrong lines
            found[id(value)] = starts[len(found)]
            stack.extend(reversed(value.values()))
        elif isinstance(value, list):
            stack.extend(reversed(value))
    return found if len(found) == len(starts) else {}


def first_line(data: bytes) -> int:
    """Line on which the first object starts."""
    return data[: max(data.find(b"{"), 0)].count(b"\n") + 1
