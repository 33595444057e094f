"""Definitions of one's own over the shipped ones: a folder that holds only what differs.

A folder with `_schemas/` is a whole copy and stands alone. Any other folder is laid over the shipped definitions: its
files come in the place of, or beside, those of the same name. A version folder may lack files; those of the version
before it stand in, so a draft of three files is a version.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from bds_tool.base.files import temporary_dir
from bds_tool.base.ranges import order

#: What makes a folder a whole copy.
WHOLE = "_schemas"


def is_overlay(folder: Path, shipped: Path) -> bool:
    """Whether a folder holds definitions, but not all kinds of them."""
    if not folder.is_dir() or (folder / WHOLE).is_dir():
        return False
    return any((folder / p.name).is_dir() for p in shipped.iterdir() if p.is_dir())


def laid_over(folder: Path, shipped: Path) -> Path:
    """A temporary folder with the shipped definitions under those of `folder`; it lasts as long as the run."""
    target = temporary_dir() / "specs"
    for source in (shipped, folder):
        for path in _files(source):
            _link(path, target / path.relative_to(source))
    own = folder / "bds"
    for draft in sorted(own.iterdir()) if own.is_dir() else ():
        if draft.is_dir() and not (shipped / "bds" / draft.name).is_dir():
            _complete(target / "bds", draft.name)
    return target


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and not any(p.startswith(".") or p == "__pycache__" for p in parts):
            yield path


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        target.symlink_to(source.resolve())
    except OSError:  # Windows asks for a right that few people have
        shutil.copyfile(source, target)


def _complete(versions: Path, draft: str) -> None:
    """Give a version the files that it lacks, from the newest version before it."""
    earlier = [
        p
        for p in versions.iterdir()
        if p.name != draft and order(p.name) < order(draft) and (p / "datapackage.json").exists()
    ]
    if not earlier:
        return
    base = max(earlier, key=lambda p: order(p.name))
    for path in base.iterdir():
        if not (versions / draft / path.name).exists():
            _link(path, versions / draft / path.name)
    package = versions / draft / "datapackage.json"
    facts = json.loads(package.read_text(encoding="utf-8"))
    if facts.get("version") == base.name:
        facts |= {
            "version": draft,
            "name": f"bds-{draft.replace('.', '-')}",
            "title": f"Basisdataset JGZ {draft}",
        }
        facts["bds"] = {**facts["bds"], "status": "concept"}
        package.unlink()
        package.write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
