"""Where in its files a package says something: the line of every change, request and rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from bds_tool.base.strict_yaml import StrictLoader
from bds_tool.changes.loading import files, read_changes

Place = tuple[str, int]


def places(path: Path) -> Mapping[tuple[str, str], Place]:
    """File and line by what a finding is about: the id of a change, (`verzoek`, JGZ-nnn), (`regel`, id)."""
    found: dict[tuple[str, str], Place] = {}
    for file in files(path):
        for subject, line in _of(file.read_text(encoding="utf-8")):
            found[subject] = found.get(subject, (str(file), line))
    return found


def _of(text: str) -> Iterator[tuple[tuple[str, str], int]]:
    loader = StrictLoader(text)
    try:
        node = loader.get_single_node()
        data = loader.construct_document(node)
    finally:
        loader.dispose()
    nodes = _keys(node)
    if "verzoek" in data:
        yield ("verzoek", data["verzoek"]["jgz"]), _line(nodes["verzoek"])
    for key, subject in (("verzoeken", "verzoek"), ("regels", "regel")):
        for item, place in _items(data, nodes, key):
            yield (subject, item["jgz"] if key == "verzoeken" else item["id"]), _line(place)
    for entry, place in _items(data, nodes, "wijzigingen"):
        members = _keys(place).get("leden")
        lines = [_line(m) for m in members.value] if members is not None else []
        bare = len(list(read_changes({**entry, "leden": []})))
        for n, w in enumerate(read_changes(entry)):
            yield w.id, lines[n - bare] if n >= bare else _line(place)


def _keys(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {k.value: v for k, v in node.value} if isinstance(node, yaml.MappingNode) else {}


def _items(data: Mapping[str, Any], nodes: Mapping[str, Any], key: str) -> Iterator[tuple[Any, Any]]:
    if key in nodes:
        yield from zip(data[key], nodes[key].value, strict=True)


def _line(node: Any) -> int:  # noqa: ANN401
    return int(node.start_mark.line) + 1
