"""The definitions that come along, as they are after parsing: most of a short run would go to reading YAML.

`compiled.bin` is made when the package is built (`hatch_build.py`) and only ever read. A text is found in it by its
hash, so that a definition that was changed since, or one of somebody else, is parsed as if the file were not there.
"""

from __future__ import annotations

import hashlib
import pickle
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[1] / "compiled.bin"
_HEAD = b"bds1"


def write(texts: list[bytes], parsed: list[object], target: Path) -> None:
    """Write `target`: for each text what it parses to."""
    index, body, start = {}, [], 0
    for text, value in zip(texts, parsed, strict=True):
        part = pickle.dumps(value, 5)
        index[_key(text)] = (start, len(part))
        body.append(part)
        start += len(part)
    head = pickle.dumps(index, 5)
    target.write_bytes(b"".join([_HEAD, len(head).to_bytes(8, "little"), head, *body]))


def known(text: bytes) -> list[Any]:
    """What `text` parses to, as a list of one, fresh at each call; empty for a text that is not there."""
    index, start = _index()
    place = index.get(_key(text))
    if place is None:
        return []
    try:
        with FILE.open("rb") as file:
            file.seek(start + place[0])
            return [pickle.loads(file.read(place[1]))]  # noqa: S301  # part of the package, as trusted as its code
    except Exception:  # noqa: BLE001  # whatever is wrong with the file: the text itself is still there to be parsed
        return []


def _key(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).digest()


@cache
def _index() -> tuple[dict[bytes, tuple[int, int]], int]:
    try:
        with FILE.open("rb") as file:
            if file.read(4) != _HEAD:
                return {}, 0
            size = int.from_bytes(file.read(8), "little")
            return dict(pickle.loads(file.read(size))), 12 + size  # noqa: S301  # as above
    except Exception:  # noqa: BLE001  # as above
        return {}, 0
