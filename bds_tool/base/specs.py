"""Where the definitions live: `--specs DIR`, else `BDS_SPECS`, else the copy shipped with the program.

DIR may be a whole copy, or hold only what differs (`overlay`).
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from bds_tool.base.compiled import known
from bds_tool.base.errors import SpecError
from bds_tool.base.small import small_text
from bds_tool.base.text import t

_specs: ContextVar[str] = ContextVar("specs", default="")
#: By what was asked for: the folder that holds it all. An overlay lasts as long as a run.
_folders: dict[str, Path] = {}


def set_specs(directory: str) -> None:
    _specs.set(directory)


def specs_dir() -> Path:
    """The folder that holds `bds/`, `regels/`, `zib/` … . Raises SpecError when it is not there."""
    # Asked for once per message: the file system is looked at once per folder.
    chosen = chosen_specs()
    found = _folders.get(chosen)
    if found is None or (chosen and found != Path(chosen) and not found.is_dir()):
        found = _folders[chosen] = _folder(chosen)
    return found


def chosen_specs() -> str:
    """The folder as it was asked for; empty for the shipped definitions."""
    return _specs.get() or os.environ.get("BDS_SPECS", "")


def shipped() -> bool:
    """Whether the definitions are those that came with the program."""
    return specs_dir() == shipped_specs()


def _folder(chosen: str) -> Path:
    if chosen:
        from bds_tool.base.overlay import is_overlay, laid_over

        path = Path(chosen)
        if is_overlay(path, shipped_specs()):
            return laid_over(path, shipped_specs())
        if not (path / "bds").is_dir():
            raise SpecError(
                t(
                    f"In {path} staat geen map met definities (bds/, protocollen/, indicatoren/ …).",
                    f"{path} holds no folder with definitions (bds/, protocollen/, indicatoren/ …).",
                ),
                t(
                    "Wijs met --specs of BDS_SPECS een map aan zoals specs/; `bds spec eject` maakt er een.",
                    "Point --specs or BDS_SPECS at a folder such as specs/; `bds spec eject` makes one.",
                ),
            )
        return path
    return shipped_specs()


@cache
def shipped_specs() -> Path:
    """The definitions that came with this program, whatever copy is in use."""
    here = Path(__file__).resolve().parents[1]
    return here / "specs" if (here / "specs").is_dir() else here.parent / "specs"


def parse_yaml(text: str) -> Any:  # noqa: ANN401  # what YAML holds; the caller checks it against its schema
    """The content of a text in YAML, fresh at each call. Raises ValueError or RecursionError for what is no YAML."""
    if found := known(text.encode()):
        return found[0]
    import yaml

    from bds_tool.base.strict_yaml import DoubleKeyError, StrictLoader

    try:
        return yaml.load(text, StrictLoader)  # noqa: S506  # it is the safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        twice = t("een sleutel staat er twee keer", "a key is given twice")
        kind = twice if isinstance(error, DoubleKeyError) else type(error).__name__
        raise NoYaml(mark.line + 1 if mark else None, kind) from error


class NoYaml(ValueError):
    """A text that is no YAML: the line where that shows, and the parser's word for it."""

    def __init__(self, line: int | None, kind: str) -> None:
        super().__init__(kind)
        self.line = line


def read_yaml(path: Path) -> Any:  # noqa: ANN401  # as above
    """The content of a definition in YAML. Raises SpecError with file and line when it cannot be read."""
    try:
        return parse_yaml(small_text(path))
    except (OSError, ValueError, RecursionError) as error:  # a date such as 2024-13-01 is a ValueError
        line = getattr(error, "line", None)
        place = f"{path}:{line}" if line else str(path)
        kind = str(error) if isinstance(error, NoYaml) else type(error).__name__
        raise SpecError(
            t(f"{place} is niet te lezen ({kind}).", f"{place} cannot be read ({kind})."),
            t(
                "Controleer naam, inspringing en aanhalingstekens.",
                "Check name, indentation and quotes.",
            ),
        ) from error
