"""Which BDS version a message follows: from its interaction, and where that serves two, from what it uses."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from bds_tool.base import compiled
from bds_tool.base.specs import specs_dir
from bds_tool.schema import Definition, is_draft, load, newest, versions
from bds_tool.schema.state import state

#: The versions that have an element or code.
_Having = tuple[str, ...]
_Marks = dict[int, _Having | dict[str, _Having]]
#: The modules that make the marks of the definitions.
_MAKERS = ("formats/dob/version.py", "schema/loading.py", "schema/model.py")


def detect(interaction: str, rows: Iterable[tuple[Any, ...]]) -> tuple[str, str]:
    """(version, certainty): zeker, waarschijnlijk or onzeker. `rows` are canonical rows of the message."""
    specs = str(specs_dir())
    candidates = _candidates(specs).get(interaction, ())
    if len(candidates) == 1:
        return candidates[0], "zeker"
    if not candidates:
        return newest(), "onzeker"
    marks = _marks(candidates, specs)
    score = dict.fromkeys(candidates, 0)
    for row in rows:
        having = marks.get(row[3])
        if having is not None:
            for version in having.get(row[7], ()) if isinstance(having, dict) else having:
                score[version] += 1
    # A draft shares its interaction with the version it starts from; it wins only by what that version lacks.
    settled = _settled(candidates, specs)
    best = max(candidates, key=lambda v: (score[v], v in settled, candidates.index(v)))
    total = sum(score.values())
    if settled == [best] and score[best] == total:
        return best, "zeker"
    if not total:
        return best, "onzeker"
    return best, "waarschijnlijk" if score[best] == total else "onzeker"


@lru_cache(maxsize=2)
def _candidates(specs: str) -> dict[str, tuple[str, ...]]:  # noqa: ARG001  # the key of the cache
    found: dict[str, tuple[str, ...]] = {}
    for version in versions():
        name = load(version).interactie
        found[name] = (*found.get(name, ()), version)
    return found


@lru_cache(maxsize=2)
def _settled(candidates: tuple[str, ...], specs: str) -> list[str]:  # noqa: ARG001  # the key of the cache
    return [v for v in candidates if not is_draft(v)]


@lru_cache(maxsize=2)
def _marks(candidates: tuple[str, ...], specs: str) -> _Marks:
    if found := compiled.known(_marks_of(candidates, specs)):
        made: _Marks = found[0]
        return made
    return _made(candidates)


def packed() -> tuple[list[bytes], list[object]]:
    """For `compiled.write`: the marks of the versions that share an interaction, by what they were made of."""
    specs = str(specs_dir())
    shared = [c for c in _candidates(specs).values() if len(c) > 1]
    return [_marks_of(c, specs) for c in shared], [_made(c) for c in shared]


def _marks_of(candidates: tuple[str, ...], specs: str) -> bytes:
    return f"marks {' '.join(candidates)} {state(specs, _MAKERS)}".encode()


def _made(candidates: tuple[str, ...]) -> _Marks:
    """Elements that only some of the candidates have, with those; of others the codes that only some have."""
    known = {version: _vocabulary(load(version)) for version in candidates}
    marks: _Marks = {}
    # an element that not all have stands before its codes
    for number, code in sorted(set().union(*known.values())):
        having = tuple(v for v in candidates if (number, code) in known[v])
        if len(having) == len(candidates):
            continue
        if not code:
            marks[number] = having
        elif isinstance(codes := marks.setdefault(number, {}), dict):
            codes[code] = having
    return marks


def _vocabulary(definition: Definition) -> set[tuple[int, str]]:
    words: set[tuple[int, str]] = set()
    for number, element in definition.in_bericht.items():
        words.add((number, ""))
        listed = definition.waardenlijst(element)
        if listed:
            words.update((number, code.code) for code in listed.codes if code.rij == "concept")
    return words
