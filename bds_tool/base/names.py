"""The one gate from words to paths: whatever data, definitions or settings call a thing, its file lies in the folder.

A word becomes (part of) a file name as it is when it is a plain one, and otherwise as a hash of itself: no separator,
no `..`, no drive, no reserved name of Windows, and no two words with one file name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from pathlib import Path

#: Letters, digits, hyphens and underscores; a dot only inside. Longer ones would not fit beside an ending.
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-])){0,59}", re.ASCII)
#: Names that Windows keeps for devices, whatever their ending.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


def file_name(word: str, ending: str = "", *, taken: Collection[str] = ()) -> str:
    """A file name for a word. `taken`: names (without ending) that the program itself gives in that folder."""
    plain = _PLAIN.fullmatch(word) and not _DEVICES.fullmatch(word) and word.lower() not in taken
    # A hash stands for a word that no plain one can be: those with capitals in other places differ on every disk.
    if plain and not word.lower().startswith("naam-"):
        return word + ending
    return "naam-" + hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()[:16] + ending


def child(folder: Path, word: str, ending: str = "", *, taken: Collection[str] = ()) -> Path:
    """The file in `folder` for a word from data, a definition or settings; see `file_name`."""
    return folder / file_name(word, ending, taken=taken)


def inside(folder: Path, path: str) -> Path:
    """The file below `folder` for a path of steps (`groei/kaarten.csv`) from a definition; no step leads outside."""
    for step in path.split("/"):
        folder = child(folder, step)
    return folder


def distinct(words: Collection[str], ending: str = "", *, taken: Collection[str] = ()) -> dict[str, str]:
    """Word → file name, all different, also where a file system takes capitals and small letters for the same."""
    out: dict[str, str] = {}
    used: set[str] = set()
    for word in sorted(words):
        name = file_name(word, ending, taken=taken)
        if name.lower() in used:
            name = file_name(f"{word}/", ending)
        used.add(name.lower())
        out[word] = name
    return out
