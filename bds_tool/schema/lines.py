"""Which line of a YAML or JSON file holds a value: findings point at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Path = tuple[str, ...]


def line_map(text: str) -> dict[Path, int]:
    """The line (from 1) of every value by its path of keys and indexes; JSON counts as YAML."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[Path, int] = {}
    node = yaml.compose(text, Loader=loader)
    if node is not None:
        _walk(node, (), found)
    return found


def _walk(node: Any, path: Path, found: dict[Path, int]) -> None:  # noqa: ANN401
    found.setdefault(path, node.start_mark.line + 1)
    if node.id == "mapping":
        for key, value in node.value:
            here = (*path, str(key.value))
            found[here] = key.start_mark.line + 1
            _walk(value, here, found)
    elif node.id == "sequence":
        for n, value in enumerate(node.value):
            _walk(value, (*path, str(n)), found)


def line_of(lines: dict[Path, int], path: Sequence[object]) -> int:
    """The line of a path, else that of the nearest part above it; 0 when nothing is known."""
    key = tuple(str(p) for p in path)
    while key not in lines and key:
        key = key[:-1]
    return lines.get(key, 0)
