"""Changing a YAML file without touching what stays: comments, order and layout of the rest survive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

import yaml

from bds_tool.base.strict_yaml import StrictLoader

#: Data as YAML in block style, without indentation.
Dump = Callable[[Any], str]
_Edit = tuple[int, int, str]


def splice(text: str, data: Any, dump: Dump) -> str:  # noqa: ANN401
    """The text of a YAML file, changed so that it holds `data`.

    A part that is equal keeps its lines as they are; a comment belongs to what follows it. `dump` writes new parts.
    """
    loader = StrictLoader(text)
    try:
        node = loader.get_single_node()
        old = loader.construct_document(node) if node is not None else None
    finally:
        loader.dispose()
    if node is None or not isinstance(old, dict) or node.flow_style:
        return dump(data)
    splicer = _Splicer(text, dump)
    made = splicer.text
    for start, end, new in sorted(splicer.edit(node, old, data), reverse=True):
        made = made[:start] + new + made[end:]
    return made if _holds(made, data) else dump(data)


def _holds(text: str, data: Any) -> bool:  # noqa: ANN401
    """Whether the text says just this: YAML has layouts in which lines cannot be moved."""
    try:
        return bool(yaml.load(text, StrictLoader) == data)  # noqa: S506 - it is a safe loader
    except yaml.YAMLError:
        return False


class _Splicer:
    def __init__(self, text: str, dump: Dump) -> None:
        self.text = text if text.endswith("\n") else text + "\n"
        self.dump = dump

    def edit(self, node: Any, old: Any, new: Any) -> Iterator[_Edit]:  # noqa: ANN401
        """What must change where; nothing for equal parts."""
        if old == new:
            return
        if isinstance(node, yaml.MappingNode) and isinstance(new, dict) and new and not node.flow_style:
            yield from self._mapping(node, old, new)
        elif isinstance(node, yaml.SequenceNode) and isinstance(new, list) and new and not node.flow_style:
            yield from self._sequence(node, old, new)
        else:
            yield node.start_mark.index, self._last(node), self._inline(new)

    def _mapping(self, node: Any, old: dict[str, Any], new: dict[str, Any]) -> Iterator[_Edit]:  # noqa: ANN401
        indent = " " * node.start_mark.column
        keys = list(old)
        nodes = dict(zip(keys, node.value, strict=True))
        after = keys[0]
        for key, value in new.items():
            if key not in old:
                spot = self._after(nodes[after][1])
                yield spot, spot, _indented(self.dump({key: value}), indent)
                continue
            after = key
            name, content = nodes[key]
            if old[key] == value:
                continue
            if not _fits(content, value):
                made = _indented(self.dump({key: value}), indent)
                yield name.start_mark.index, self._after(content), made.removeprefix(indent)
            else:
                yield from self.edit(content, old[key], value)
        for key, (name, content) in nodes.items():
            if key not in new:
                yield name.start_mark.index - len(indent), self._after(content), ""

    def _sequence(self, node: Any, old: list[Any], new: list[Any]) -> Iterator[_Edit]:  # noqa: ANN401
        indent = " " * node.start_mark.column
        matcher = SequenceMatcher(None, list(map(repr, old)), list(map(repr, new)), autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag == "equal":
                continue
            for was, now in zip_longest(range(i1, i2), range(j1, j2)):
                if was is not None and now is not None and _fits(node.value[was], new[now]):
                    yield from self.edit(node.value[was], old[was], new[now])
                elif was is not None and now is not None:
                    start = self._line(node.value[was].start_mark.index) + len(indent)
                    made = _indented(self.dump([new[now]]), indent).removeprefix(indent)
                    yield start, self._after(node.value[was]), made
                elif was is not None:
                    yield self._line(node.value[was].start_mark.index), self._after(node.value[was]), ""
                elif i2:
                    spot = self._after(node.value[i2 - 1])
                    yield spot, spot, _indented(self.dump([new[now]]), indent)
                else:
                    spot = self._line(node.value[0].start_mark.index)
                    yield spot, spot, _indented(self.dump([new[now]]), indent)

    def _line(self, index: int) -> int:
        """Where the line of a place begins."""
        return self.text.rfind("\n", 0, index) + 1

    def _last(self, node: Any) -> int:  # noqa: ANN401
        """The end of a part, without the comments and empty lines that follow it."""
        if not isinstance(node, yaml.CollectionNode) or node.flow_style:
            return int(node.end_mark.index)
        return max(
            self._last(child)
            for item in node.value
            for child in (item if isinstance(item, tuple) else (item,))
        )

    def _after(self, node: Any) -> int:  # noqa: ANN401
        """The start of the line after a part."""
        end = self._last(node)
        if end and self.text[end - 1] == "\n":  # a block of text ends with its line
            return end
        return self.text.find("\n", end) + 1 or len(self.text)

    def _inline(self, value: Any) -> str:  # noqa: ANN401
        """A value that stands on the line of its key."""
        return self.dump([value]).removeprefix("- ").rstrip("\n").replace("\n", "\n  ")


def _fits(node: Any, value: Any) -> bool:  # noqa: ANN401
    """Whether a value can be changed where it stands: a block stays a block of its kind, a line stays a line."""
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    kind = {yaml.MappingNode: dict, yaml.SequenceNode: list}.get(type(node))
    if isinstance(value, dict | list):
        return bool(block and value and isinstance(value, kind or ()))
    return not block


def _indented(text: str, indent: str) -> str:
    return "".join(indent + line if line.strip() else line for line in text.splitlines(keepends=True))
