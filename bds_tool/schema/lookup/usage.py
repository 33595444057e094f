"""Who names an element: protocols, indicators, rules and ZIB mappings in `specs/`, found without heavy libraries."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bds_tool.base.specs import NoYaml, parse_yaml, specs_dir

#: Keys in definition files that hold numbers of elements, alone, in a list or per BDS version.
ELEMENT_KEYS = frozenset({"element", "elementen", "elements", "bdsnummer", "bdsnummers"})
#: Folders of YAML definitions whose files may name elements.
KINDS = ("protocollen", "indicatoren", "regels")


@dataclass(frozen=True, slots=True)
class Use:
    """A definition that names an element: its kind (folder), identification, title and file."""

    kind: str
    id: str
    title: str
    file: str


def uses_of(bdsnummer: int) -> dict[str, tuple[Use, ...]]:
    """Per kind (`protocollen`, `indicatoren`, `regels`, `zib`) the definitions that name the element.

    Lenient on purpose: a file that cannot be read is `bds spec check`'s business, not the look-up's.
    """
    root = specs_dir()
    found = {kind: _in_folder(root / kind, kind, bdsnummer) for kind in KINDS}
    found["zib"] = _zib(root / "zib", bdsnummer)
    return {kind: tuple(dict.fromkeys(uses)) for kind, uses in found.items()}


def usage_index() -> dict[int, dict[str, tuple[Use, ...]]]:
    """The uses of every element at once; each file is read one time, and again when it changed."""
    root = specs_dir()
    found: dict[int, dict[str, dict[Use, None]]] = {}
    files = [(kind, path) for kind in KINDS for path in sorted((root / kind).glob("*.yaml"))]
    files += [("zib", path) for path in sorted((root / "zib").glob("*.sssom.tsv"))]
    for kind, path in files:
        state = path.stat()
        for number, use in _uses_in(kind, path, state.st_mtime_ns, state.st_size):
            found.setdefault(number, {}).setdefault(kind, {})[use] = None
    return {n: {kind: tuple(uses) for kind, uses in kinds.items()} for n, kinds in found.items()}


@lru_cache(maxsize=512)
def _uses_in(kind: str, path: Path, _changed: int, _size: int) -> tuple[tuple[int, Use], ...]:
    """What a file names, each pair once."""
    if kind == "zib":
        return tuple(dict.fromkeys(_mapped(path)))
    found: dict[tuple[int, Use], None] = {}
    for item in _items(path.read_text(encoding="utf-8", errors="replace")):
        use = _use(kind, item, path)
        found.update(dict.fromkeys((number, use) for number, _ in element_references(item)))
    return tuple(found)


def _in_folder(folder: Path, kind: str, bdsnummer: int) -> Iterator[Use]:
    word = re.compile(rf"\b{bdsnummer}\b")
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if not word.search(text):
            continue
        for item in _items(text):
            if any(n == bdsnummer for n, _ in element_references(item)):
                yield _use(kind, item, path)


def _use(kind: str, item: Mapping[str, object], path: Path) -> Use:
    return Use(kind, str(item.get("id") or item.get("code") or path.stem), _title(item), path.name)


def _items(text: str) -> Iterator[Mapping[str, object]]:
    """The definitions in a file: the file itself, or the members of its list of rules or indicators."""
    document = read_yaml(text)
    if isinstance(document, list):
        yield from (m for m in document if isinstance(m, dict))
        return
    if not isinstance(document, dict):
        return
    for key in ("regels", "rules", "indicatoren", "indicators"):
        members = document.get(key)
        if isinstance(members, list) and all(
            isinstance(m, dict) and m.keys() & {"id", "code"} for m in members
        ):
            yield from members
            return
    yield document


def read_yaml(text: str) -> Any:  # noqa: ANN401
    """Parsed YAML, or None for text that is no YAML."""
    try:
        return parse_yaml(text)
    except NoYaml:
        return None


def _title(item: Mapping[str, object]) -> str:
    for key in ("titel", "title", "naam", "name"):
        value = item.get(key)
        if isinstance(value, dict):
            value = value.get("nl")
        if value:
            return str(value)
    return ""


def element_references(node: Any, path: str = "") -> Iterator[tuple[int, str]]:  # noqa: ANN401
    """Every element number in a definition with its place, written as `rules/0/expect/element`."""
    if isinstance(node, dict):
        for key, value in node.items():
            here = f"{path}/{key}".lstrip("/")
            if key in ELEMENT_KEYS:
                yield from _numbers(value, here)
            else:
                yield from element_references(value, here)
    elif isinstance(node, list):
        for n, value in enumerate(node):
            yield from element_references(value, f"{path}/{n}".lstrip("/"))


def _numbers(value: Any, path: str) -> Iterator[tuple[int, str]]:  # noqa: ANN401
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield value, path
    elif isinstance(value, list):
        for n, member in enumerate(value):
            yield from _numbers(member, f"{path}/{n}")
    elif isinstance(value, dict):
        for key, member in value.items():
            if str(key).isdecimal():
                yield int(key), f"{path}/{key}"
            else:
                yield from _numbers(member, f"{path}/{key}")


def _zib(folder: Path, bdsnummer: int) -> Iterator[Use]:
    for path in sorted(folder.glob("*.sssom.tsv")):
        yield from (use for number, use in _mapped(path, f"{bdsnummer}\t") if number == bdsnummer)


def _mapped(path: Path, having: str = "") -> Iterator[tuple[int, Use]]:
    """Element and concept of every row (that holds a text) of an SSSOM mapping; rows that say "none" are left out."""
    for row in _sssom(path, having):
        number = re.search(r"(?:^|\D)0*(\d+)$", row.get("subject_id") or "")
        concept = row.get("object_id") or ""
        if number and not concept.startswith("sssom:"):
            predicate = (row.get("predicate_id") or "").rpartition(":")[2]
            parts = (row.get("object_label"), f"({predicate})" if predicate else "")
            yield int(number[1]), Use("zib", concept, " ".join(x for x in parts if x), path.name)


def _sssom(path: Path, having: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        head = next(lines, "")
        return list(csv.DictReader([head, *(line for line in lines if having in line)], delimiter="\t"))
