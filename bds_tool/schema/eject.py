"""Copying shipped definitions that somebody wants to edit, for `--specs`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_files
from bds_tool.base.overlay import WHOLE
from bds_tool.base.specs import shipped_specs
from bds_tool.base.text import t
from bds_tool.schema.checking.files import Document, schema_for
from bds_tool.schema.editor import with_schema


def ejectable() -> list[str]:
    """What can be copied: the folders of the definitions."""
    return sorted(p.name for p in shipped_specs().iterdir() if p.is_dir() and p.name != WHOLE)


def eject(names: list[str], folder: Path) -> list[Path]:
    """Copy shipped files, or all files of shipped folders, to the same place in `folder`; gives the new files.

    Raises UsageError for a name that is not there, and before anything is copied where a file would be replaced.
    """
    root = shipped_specs()
    wanted: list[Path] = []
    for name in names:
        source = root / name
        inside = source.resolve().is_relative_to(root.resolve()) and source.exists()
        if not inside or source.resolve() == root.resolve() or name.split("/")[0] == WHOLE:
            raise UsageError(
                t(f"{name} is geen meegeleverde definitie.", f"{name} is no shipped definition."),
                t(f"Kies een map of een bestand daarin: {', '.join(ejectable())}.",
                  f"Choose a folder or a file in it: {', '.join(ejectable())}."),
            )  # fmt: skip
        wanted += sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
    targets = {p: folder / p.relative_to(root) for p in wanted}
    there = [str(x) for x in targets.values() if x.exists()]
    if there:
        raise UsageError(
            t(f"{there[0]} bestaat al.", f"{there[0]} exists already."),
            t("Haal het weg of kies een andere map.", "Remove it or choose another folder."),
        )
    texts: dict[Path, str] = {}
    for source, target in targets.items():
        if schema := _schema(source, source.relative_to(root).as_posix()):
            text = re.sub(r"^# yaml-language-server:.*\n", "", source.read_text(encoding="utf-8"))
            texts |= with_schema(text, target, schema, folder)
    with atomic_files([*targets.values(), *(p for p in texts if p not in set(targets.values()))]) as made:
        for source, target in targets.items():
            if target not in texts:
                shutil.copyfile(source, made[target])
        for target, text in texts.items():
            made[target].write_text(text, encoding="utf-8", newline="\n")
    return list(targets.values())


def _schema(source: Path, name: str) -> str:
    """The name of the schema that a definition in YAML follows; empty for a file without one."""
    root = shipped_specs()
    path = schema_for(root, Document(root / name, name, None, "")) if source.suffix == ".yaml" else None
    return path.name.removesuffix(".schema.json") if path is not None and path.is_file() else ""
