"""Sets of indicators as data: those that ship (`specs/indicatoren/sets/`) and files of the user."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Required, TypedDict, cast

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.errors import UsageError
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t


class NotCounted(TypedDict):
    """What the source asks as well and is not counted here, and why."""

    wat: str
    reden: str


class SetFile(TypedDict, total=False):
    """A set as it is written: `specs/_schemas/set.schema.json`."""

    titel: Required[str]
    titel_en: Required[str]
    bron: Required[str]
    zekerheid: Required[str]
    indicatoren: Required[list[str]]
    kleding: str
    zonder: list[NotCounted]


def shipped() -> dict[str, Path]:
    """Name → file of the sets that come with the program."""
    return {p.stem: p for p in sorted((specs_dir() / "indicatoren" / "sets").glob("*.yaml"))}


def load_set(name: str) -> SetFile:
    """A set by name, or by the path of a YAML file. Raises UsageError for an unknown name, SpecError for a wrong file."""
    known = shipped()
    if name.lower() in known:
        return cast("SetFile", read_checked(known[name.lower()], "set"))
    path = Path(name)
    if path.suffix.lower() in {".yaml", ".yml"} and path.is_file():
        return cast("SetFile", read_checked(path, "set"))
    close = get_close_matches(name.lower(), known, 1)
    raise UsageError(
        t(f"De set {name} bestaat niet.", f"The set {name} does not exist."),
        t(
            f"{f'Bedoelt u {close[0]}? ' if close else ''}Kies uit {', '.join(known)}, of geef een eigen bestand .yaml.",
            f"{f'Do you mean {close[0]}? ' if close else ''}Choose one of {', '.join(known)}, or give your own file .yaml.",
        ),
    )


def clothes(names: Sequence[str]) -> str:
    """Whether weights are corrected for clothes: deduct where one of these sets prescribes it, else keep."""
    return "deduct" if any(load_set(name).get("kleding") == "aftrek" for name in names) else "keep"


def members(names: Sequence[str]) -> list[str]:
    """The indicators and themes of these sets together, each once."""
    return list(dict.fromkeys(str(i) for name in names for i in load_set(name)["indicatoren"]))
