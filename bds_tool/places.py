"""Where the definitions live: `--specs DIR`, else `BDS_SPECS`, else the copy shipped with the program."""

from __future__ import annotations

import os
from contextvars import ContextVar
from pathlib import Path

from bds_tool.errors import SpecError
from bds_tool.text import t

_specs: ContextVar[str] = ContextVar("specs", default="")


def set_specs(directory: str) -> None:
    _specs.set(directory)


def specs_dir() -> Path:
    """The folder that holds `bds/`, `regels/`, `zib/` … . Raises SpecError when it is not there."""
    chosen = _specs.get() or os.environ.get("BDS_SPECS", "")
    if chosen:
        path = Path(chosen)
        if not (path / "bds").is_dir():
            raise SpecError(
                t(f"In {path} staat geen map bds/ met definities.", f"{path} holds no folder bds/ with definitions."),
                t("Wijs met --specs of BDS_SPECS de map specs/ aan.", "Point --specs or BDS_SPECS at a specs/ folder."),
            )
        return path
    here = Path(__file__).resolve().parent
    shipped = here / "specs"
    return shipped if shipped.is_dir() else here.parent / "specs"
