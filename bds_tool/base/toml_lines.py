"""On which line of a TOML text a setting stands: the standard library does not tell."""

from __future__ import annotations

import re

from bds_tool.base.text import t

_PART = re.compile(r"\"[^\"]*\"|'[^']*'|[^.\s]+")


def line_of(text: str, place: str) -> str:
    """`regel 12: ` for a place such as `tabel[2].kolommen.Lengte.eenheid`; "" where it is not found.

    A place inside an inline table has the line of that table.
    """
    order = int(found[1]) if (found := re.match(r"[^.\[]+\[(\d+)\]", place)) else 0
    wanted = re.sub(r"\[\d+\]", "", place)
    section, seen, best, line_number = "", 0, -1, 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if header := re.match(r"\[\[?([^\]]+)\]", line):
            section = _joined(header[1])
            if line.startswith("[[") and order and section == wanted.partition(".")[0]:
                seen += 1
            path = section
        elif "=" in line and not line.startswith("#"):
            own = _joined(line.partition("=")[0])
            path = f"{section}.{own}" if section else own
        else:
            continue
        inside = wanted == path or wanted.startswith(f"{path}.")
        if inside and seen == order and len(path) > best:
            best, line_number = len(path), number
    return t(f"regel {line_number}: ", f"line {line_number}: ") if line_number else ""


def _joined(key: str) -> str:
    """A key as places write it: `a."b c".d` is `a.b c.d`."""
    return ".".join(part.strip("\"'") for part in _PART.findall(key))
