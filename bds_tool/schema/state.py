"""Which state of the definitions and of the program something was made of: the key of what is kept ready for a run."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path


@lru_cache(maxsize=16)
def state(root: str, makers: tuple[str, ...]) -> str:
    """Tells one state of the definitions below `root` from another by all that they hold, and so of the modules that read them.

    `makers`: those modules, as paths inside the package.
    """
    package = Path(__file__).resolve().parents[1]
    return _digest(package, (package / name for name in makers)) + _definitions(root)


@lru_cache(maxsize=4)
def _definitions(root: str) -> str:
    return _digest(Path(root), sorted((Path(root) / "bds").rglob("*")))


def _digest(above: Path, files: Iterable[Path]) -> str:
    digest = blake2b(digest_size=16)
    for file in files:
        if file.is_file():
            content = file.read_bytes()
            digest.update(f"{file.relative_to(above).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()
