"""The value lists of a definition as a message has them: codes with their systems, by the OID of the value set."""

from __future__ import annotations

import pickle
from collections.abc import Callable

from bds_tool.base import compiled
from bds_tool.base.specs import specs_dir
from bds_tool.schema import load, versions
from bds_tool.schema.state import state

#: list → its (code, code system) pairs, its null flavours, and the pairs that are deprecated
Concepts = tuple[frozenset[tuple[str, str]], frozenset[str], frozenset[tuple[str, str]]]
#: The modules that make the value lists of a message of a definition.
_MAKERS = ("formats/dob/model/lists.py", "schema/loading.py", "schema/model.py")
_Editions = list[tuple[str, Concepts]]


def lists(version: str) -> Callable[[str, str], Concepts | None]:
    """Value lists of a BDS version by the OID of the value set, of two editions the one of this date."""
    by_oid: dict[str, _Editions | bytes] = {}

    def find(oid: str, date: str) -> Concepts | None:
        if not by_oid:
            kept = compiled.known(_made_of(version))
            by_oid.update(kept[0] if kept else _made(version))
        found = by_oid.get(oid, [])
        if isinstance(found, bytes):
            found = by_oid[oid] = list(pickle.loads(found))  # noqa: S301  # part of the package
        return next((c for day, c in found if day == date), found[0][1] if found else None)

    return find


def _made(version: str) -> dict[str, _Editions]:
    by_oid: dict[str, _Editions] = {}
    for listed in load(version).waardenlijsten.values():
        pairs = frozenset((c.code, c.codesysteem) for c in listed.codes if c.rij == "concept")
        nulls = frozenset(c.code for c in listed.codes if c.rij == "exception")
        old = frozenset(
            (c.code, c.codesysteem) for c in listed.codes if c.rij == "concept" and c.status == "D"
        )
        for known in listed.valuesets:
            by_oid.setdefault(known, []).append((listed.ingang, (pairs, nulls, old)))
    return by_oid


def _made_of(version: str) -> bytes:
    return f"lists {version} {state(str(specs_dir()), _MAKERS)}".encode()


def packed() -> tuple[list[bytes], list[object]]:
    """For `compiled.write`: the value lists of every version, each to be unpacked when a message has a code of it."""
    kept = [{oid: pickle.dumps(found, 5) for oid, found in _made(v).items()} for v in versions()]
    return [_made_of(v) for v in versions()], list(kept)
