"""Which state of the definitions and of the program something was made of: the key of what is kept ready for a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path


@lru_cache(maxsize=16)
def state(root: str, makers: tuple[str, ...]) -> str:
    """Tells one state of the definitions below `root` from another by all that they hold, and so of the modules that read them.

    `makers`: those modules, as paths inside the package.
    """
    return _modules(makers) + _below(root, str(Path(root) / "bds"))


@lru_cache(maxsize=16)
def state_of(root: str, folder: str, makers: tuple[str, ...]) -> str:
    """The same of what stands below another folder; the names of its files are those below `root`."""
    return _modules(makers) + _below(root, folder)


def _modules(makers: tuple[str, ...]) -> str:
    package = Path(__file__).resolve().parents[1]
    return _digest(package, (package / name for name in makers))


@lru_cache(maxsize=8)
def _below(root: str, folder: str) -> str:
    return _digest(Path(root), sorted(_files(folder)))


def _files(folder: str) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.is_dir():
            yield from _files(entry.path)
        else:
            yield Path(entry.path)


def _digest(above: Path, files: Iterable[Path]) -> str:
    digest = blake2b(digest_size=16)
    start = len(str(above)) + 1
    for file in files:
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            continue
        name = str(file)[start:].replace(os.sep, "/")
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
