"""What requests carry along, as rows of a sheet and back: a row per value, with its place inside the definition.

`rules[0].expect[1].element` is a place. Texts stand as they are; what is no text (a number, true) stands as YAML writes it, and a
text that looks like one is quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from bds_tool.base.specs import NoYaml, parse_yaml
from bds_tool.changes.package import Deel, Pakket

#: Columns of the sheet `Mee`.
CARRIED = ("jgz", "soort", "id", "bij", "reden", "plaats", "waarde")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def part_rows(p: Pakket) -> Iterator[dict[str, str]]:
    """A row per value of each part; a part that is only looked at has one row without a place."""
    for v in p.verzoeken.values():
        for d in v.mee:
            head = {"jgz": v.jgz, "soort": d.soort, "id": d.id, "bij": d.bij, "reden": d.reden}
            if not d.inhoud:
                yield head
            yield from (head | {"plaats": place, "waarde": text} for place, text in _leaves(d.inhoud, ""))


def _leaves(node: Any, place: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{place}.{key}".lstrip("."))
    elif isinstance(node, list) and node:
        for n, value in enumerate(node):
            yield from _leaves(value, f"{place}[{n}]")
    else:
        plain = isinstance(node, str) and _value(node) == node and node == node.strip() and node
        yield place, str(node) if plain else json.dumps(node, ensure_ascii=False)


def _value(text: str) -> Any:  # noqa: ANN401
    """A cell: a number, a truth, an empty list or a quoted text as what it is, everything else as text."""
    if text in {"[]", "{}"}:
        return [] if text == "[]" else {}
    try:
        found = parse_yaml(text)
    except NoYaml:
        return text
    if found is None:
        return None if text == "null" else text
    return found if isinstance(found, str | int | float) else text


def read_parts(rows: Iterable[dict[str, str]]) -> dict[str, tuple[Deel, ...]]:
    """The parts by request."""
    found: dict[tuple[str, str, str], tuple[dict[str, str], dict[str, Any]]] = {}
    for r in rows:
        if not any(r.values()):
            continue
        key = (r.get("jgz", ""), r.get("soort", ""), r.get("id", ""))
        first, content = found.setdefault(key, (r, {}))
        if r.get("plaats"):
            _put(
                content,
                [int(n) if n else name for n, name in _STEP.findall(r["plaats"])],
                _value(r.get("waarde", "")),
            )
    result: dict[str, tuple[Deel, ...]] = {}
    for (jgz, soort, name), (first, content) in found.items():
        deel = Deel(soort, name, _listed(content), first.get("reden", ""), first.get("bij", ""))
        result[jgz] = (*result.get(jgz, ()), deel)
    return result


def _put(node: dict[Any, Any], steps: list[str | int], value: Any) -> None:  # noqa: ANN401
    for step in steps[:-1]:
        node = node.setdefault(step, {})
    if steps:
        node[steps[-1]] = value


def _listed(node: Any) -> Any:  # noqa: ANN401
    """Mappings with numbers for keys are lists."""
    if not isinstance(node, dict):
        return node
    if node and all(isinstance(k, int) for k in node):
        return [_listed(node[k]) for k in sorted(node)]
    return {k: _listed(v) for k, v in node.items()}
