"""Build step: definitions as they are after parsing (`bds_tool/base/compiled.py`), and the man pages."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

import yaml
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Compile(BuildHookInterface[Any]):
    """Runs before a wheel is made, and at an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        root = Path(self.root)
        texts = [path.read_bytes() for path in sorted((root / "specs").rglob("*.yaml"))]
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        parsed = [yaml.load(text, loader) for text in texts]  # noqa: S506  # both loaders are the safe ones
        sys.path.insert(0, str(root))
        os.environ.pop("BDS_SPECS", None)
        from bds_tool.base import compiled, vocabulary
        from bds_tool.formats.dob import layout
        from bds_tool.formats.dob import version as of_message
        from bds_tool.formats.dob.model import lists, observed
        from bds_tool.schema import loading
        from bds_tool.validate import message_tables, tables

        of_words = vocabulary.sources(root / "specs")
        parts = (loading, tables, of_message, layout, lists, observed, message_tables)
        kept = [part.packed() for part in parts]
        compiled.write(
            [*texts, b"".join(of_words), *(key for keys, _ in kept for key in keys)],
            [*parsed, sorted(vocabulary.words(of_words)), *(value for _, made in kept for value in made)],
            compiled.FILE,
        )
        build_data["artifacts"].append("bds_tool/compiled.bin")
        man = runpy.run_path(str(root / "packaging" / "man.py"))
        for name, text in man["pages"]().items():
            page = root / "build" / "man" / name
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
            build_data["shared_data"][str(page)] = f"share/man/{name}"
