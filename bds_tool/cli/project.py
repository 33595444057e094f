"""The settings of this run, loaded once: those of `--config`, else of BDS_CONFIG, else of the nearest `bds.toml`."""

from __future__ import annotations

import os
from pathlib import Path

from bds_tool.base.settings import Settings, find, load
from bds_tool.base.text import set_language

_chosen: list[Path] = []
_loaded: dict[Path | None, Settings] = {}
_language_given: list[bool] = []


def start(config: Path | None, *, language_given: bool) -> None:
    """Begin a run: what was loaded for an earlier one in this process no longer counts."""
    _loaded.clear()
    _chosen[:] = [config] if config else []
    _language_given[:] = [language_given]


def project(config: Path | None = None) -> Settings:
    """The settings; `config` is the option of one command and goes before the general one.

    Raises UsageError for a file that is missing, malformed or says what cannot be.
    """
    environment = os.environ.get("BDS_CONFIG", "")
    path = config or next(iter(_chosen), None) or (Path(environment) if environment else find())
    if path not in _loaded:
        _loaded[path] = load(path) if path else Settings()
        if _loaded[path].lang and not any(_language_given):
            set_language(_loaded[path].lang)
    return _loaded[path]
