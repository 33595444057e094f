"""Lines in a JSON text: of each object, and of the place where the text stops being JSON."""

from __future__ import annotations

import json
import re
from typing import Any

#: A whole string, or one of the characters that matter outside strings.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|\{|\n')
_KEY = re.compile(r'"([A-Za-z]{3,30})"\s*:')


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


def place_of_error(data: bytes) -> dict[str, Any]:
    """Line, column and last field name before the point where `data` stops being JSON; never its content."""
    text = data.decode("utf-8", errors="replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        keys = _KEY.findall(text, max(0, error.pos - 400), error.pos + 1)
        place: dict[str, Any] = {"regel": error.lineno, "kolom": error.colno}
        return place | ({"veld": keys[-1]} if keys else {})
    except (RecursionError, ValueError):  # too deep, or a number of thousands of digits
        return {"regel": 1, "kolom": 1}
    return {"regel": 1, "kolom": 1}
