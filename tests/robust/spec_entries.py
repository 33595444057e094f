"""Every entry of every file of definitions, taken out or renamed, one at a time."""

from __future__ import annotations

import csv
import io
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


def copied(source: Path, target: Path) -> Path:
    """A copy that costs nothing: files are links until one is written anew."""
    for path in source.rglob("*"):
        if path.is_file():
            other = target / path.relative_to(source)
            other.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, other)
    return target


def mutants(path: Path, dice: random.Random, count: int) -> Iterator[tuple[str, str | None]]:
    """(what was done, the new text) for some entries of a file; None takes the file away."""
    yield "file", None
    text = path.read_text(encoding="utf-8")
    if path.suffix in {".csv", ".tsv"}:
        yield from _table(text, "\t" if path.suffix == ".tsv" else ",", dice, count)
    elif path.suffix in {".yaml", ".json"}:
        value = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        places = list(_places(value))
        for place in dice.sample(places, min(count, len(places))):
            for way in ("delete", "rename"):
                changed = json.loads(json.dumps(value, default=str))
                if _change(changed, place, way):
                    dumped = (
                        json.dumps(changed)
                        if path.suffix == ".json"
                        else yaml.safe_dump(changed, allow_unicode=True, sort_keys=False)
                    )
                    yield f"{way} {'/'.join(map(str, place))}", dumped


def _table(text: str, separator: str, dice: random.Random, count: int) -> Iterator[tuple[str, str]]:
    head = [line for line in text.splitlines() if line.startswith("#")]
    rows = list(csv.reader([x for x in text.splitlines() if not x.startswith("#")], delimiter=separator))

    def written(changed: list[list[str]]) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=separator, lineterminator="\n").writerows(changed)
        return "".join(f"{line}\n" for line in head) + out.getvalue()

    for at in dice.sample(range(len(rows[0])), min(count, len(rows[0]))):
        yield (
            f"rename column {rows[0][at]}",
            written([[*rows[0][:at], "vreemd", *rows[0][at + 1 :]], *rows[1:]]),
        )
        yield f"delete column {rows[0][at]}", written([[*r[:at], *r[at + 1 :]] for r in rows])
    if len(rows) > 2:
        at = dice.randrange(1, len(rows))
        yield f"delete row {at}", written([*rows[:at], *rows[at + 1 :]])


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in members:
        yield (*place, key)
        yield from _places(inner, (*place, key))


def _change(value: Any, place: tuple[Any, ...], way: str) -> bool:
    for key in place[:-1]:
        value = value[key if isinstance(value, list) else str(key)]
    last = place[-1]
    if isinstance(value, list):
        if way == "rename":
            return False
        del value[last]
        return True
    inner = value.pop(str(last))
    if way == "rename":
        value["vreemd"] = inner
    return True
