"""What judging a delivery of a store gave, kept beside it: a delivery that did not change is not judged again.

What is kept is used only when all it depends on is the same: the rows of the delivery, the program and its definitions,
the rules and limits that were asked for, and what the other deliveries say about it (`about`).
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool import __version__
from bds_tool.base.errors import UserError
from bds_tool.base.files import atomic_file
from bds_tool.base.specs import specs_dir

if TYPE_CHECKING:
    from bds_tool.store import Store

Frames = dict[str, pl.DataFrame]
#: Of one delivery so many are kept: judged with other rules, limits or definitions.
MOST = 6


def recall(
    store: Store,
    part: Store,
    about: Mapping[str, Any],
    make: Callable[[], Frames],
    usable: Callable[[Frames], bool],
) -> Frames:
    """What `make` gives for a part, from where it is kept if it is `usable`; kept for a next time otherwise."""
    if store.kept is None:
        return make()
    facts = json.dumps([about, _signature(part), _program(str(specs_dir()))], sort_keys=True, default=str)
    key = hashlib.sha256(facts.encode()).hexdigest()[:24]
    file = store.kept / f"{part.path.name}-{key}.zip"
    found = _load(file)
    if found is not None and usable(found):
        return found
    made = make()
    _save(file, made)
    return made


def _signature(part: Store) -> list[tuple[int, str]]:
    """Size and the end of each file of a part: there stand the places and the extremes of all that it holds."""
    told = []
    for name in ("registraties", "bronnen", "meldingen"):
        for path in part.files(name):
            size = path.stat().st_size
            with path.open("rb") as file:
                file.seek(max(0, size - 1_048_576))
                told.append((size, hashlib.sha256(file.read()).hexdigest()))
    return told


@cache
def _program(specs: str) -> str:
    """Tells one state of the program and its definitions from another: names, sizes and times of their files."""
    own = Path(__file__).resolve().parents[1]
    files = [*own.rglob("*.py"), *(p for p in Path(specs).rglob("*") if p.is_file())]
    facts = sorted((str(f), (s := f.stat()).st_size, s.st_mtime_ns) for f in files)
    return hashlib.sha256(json.dumps([__version__, facts]).encode()).hexdigest()


def _load(file: Path) -> Frames | None:
    """None for what is not there or is damaged: then it is made again."""
    try:
        with zipfile.ZipFile(file) as archive:
            return {name: pl.read_parquet(io.BytesIO(archive.read(name))) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, EOFError, ValueError, pl.exceptions.PolarsError):
        return None


def _save(file: Path, frames: Frames) -> None:
    """What cannot be written is not kept; the judgement does not depend on it."""
    try:
        with (
            atomic_file(file, private=True, own=True) as temporary,
            zipfile.ZipFile(temporary, "w") as archive,
        ):
            for name, frame in frames.items():
                content = io.BytesIO()
                frame.write_parquet(content)
                archive.writestr(name, content.getvalue())
        others = [f for f in file.parent.glob(f"{file.name.partition('-')[0]}-*.zip") if f != file]
        for old in sorted(others, key=lambda f: f.stat().st_mtime_ns)[: -(MOST - 1) or None]:
            old.unlink(missing_ok=True)
    except (OSError, UserError):
        return
