"""Writing a store as an export: which formats there are, and what each could not carry."""

from __future__ import annotations

import dataclasses
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.settings import SenderSettings
from bds_tool.base.text import t
from bds_tool.formats.registry import WRITERS

if TYPE_CHECKING:
    from bds_tool.store.store import Store

#: What a format says in other words.
ALIASES = {
    "json": "james",
    "excel": "xlsx",
    "xml": "dob",
    "csv-breed": "csv-wide",
    "wide": "csv-wide",
    "store": "store",
}


@dataclass(frozen=True)
class WriteOptions:
    """How to write. `dialect`: iso, or excel-nl (semicolon, decimal comma, dd-mm-jjjj, BOM) for CSV.

    `organisation`: in JAMES messages its code; `sender`: who sends a message; `strict`: write nothing when the format demands what the data do not say.
    """

    formaat: str = ""
    bds: str = ""
    dialect: str = "iso"
    organisation: str | int = ""
    replace: bool = False
    sender: SenderSettings = field(default_factory=SenderSettings)
    strict: bool = False


@dataclass
class Written:
    """What was written, and what the format has no place for: words for it → number of rows or values.

    `lacking`: what the format demands and the data do not say, in words → number of messages. `unsent`: why vaccinations
    could not be sent → how many. `elsewhere`: the format that others belong in → how many.
    """

    files: int = 0
    rows: int = 0
    dossiers: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    lacking: dict[str, int] = field(default_factory=dict)
    unsent: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[str, int] = field(default_factory=dict)

    def leave(self, what: str, count: int = 1) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + count


def formats() -> list[str]:
    """Formats that can be written, in the order of help texts."""
    return ["store", *WRITERS]


def format_of(out: Path) -> str:
    """The format that the name of an output asks for; empty when it asks for none."""
    ending = out.suffix.lower().removeprefix(".")
    return "store" if ending == "bds" else ending if ending in WRITERS or ending in ALIASES else ""


def write(store: Store, to: str, out: Path | str, options: WriteOptions | None = None) -> Written:
    """Write `store` in format `to` at `out` (a file, a folder, or `-` where the format allows).

    Raises UsageError for an unknown format. What the format cannot carry is counted in `Written.left_out`.
    """
    chosen = ALIASES.get(to, to)
    if chosen == "store":
        return _write_store(store, Path(out), options or WriteOptions())
    if chosen not in WRITERS:
        raise UsageError(
            t(f"Formaat {to} kan niet worden geschreven.", f"Format {to} cannot be written."),
            t(f"Kies uit: {', '.join(formats())}.", f"Choose one of: {', '.join(formats())}."),
        )
    given = options or WriteOptions()
    module, function = WRITERS[chosen].split(":")
    settings = dataclasses.replace(given, formaat=chosen)
    written: Written = getattr(importlib.import_module(module), function)(store, Path(out), settings)
    return written


def _write_store(store: Store, out: Path, options: WriteOptions) -> Written:
    import shutil

    from bds_tool.base.files import atomic_dir

    with atomic_dir(out, replace=options.replace, private=True) as folder:
        if store.kept is not None:
            store.copy(folder)
        else:
            for path in store.path.iterdir():
                shutil.copy2(path, folder / path.name)
    bronnen = store.bronnen()
    return Written(1, int(bronnen["rijen"].sum()), int(bronnen["dossiers"].sum()) or None)


def _write_dob(store: Store, out: Path, options: WriteOptions) -> Written:
    from bds_tool.formats.dob.write import write_dob

    version = options.bds or version_of(store)
    done = write_dob(
        store, out, version, sender=options.sender, replace=options.replace, strict=options.strict
    )
    left = {_place(number): count for number, count in done.left.rows.items()}
    for number, count in done.left.moments.items():
        what = t(f"dag en contact van {_place(number)}", f"day and contact of {_place(number)}")
        left[what] = count
    if done.changed:
        left[t("tekens die XML niet kent, nu een spatie", "characters that XML lacks, now a space")] = (
            done.changed
        )
    return Written(done.messages, 0, done.messages, left, done.lacking)


def version_of(store: Store) -> str:
    """The BDS version of a store: the newest that its sources declare or seem to follow."""
    from bds_tool.schema import newest, versions

    bronnen = store.bronnen()
    known = [
        v for column in ("bds_opgegeven", "bds_herkend") for v in bronnen[column].to_list() if v in versions()
    ]
    return max(known, key=versions().index) if known else newest()


def _place(number: Any) -> str:  # noqa: ANN401
    return t(f"element {number}", f"element {number}") if number else t("zonder element", "without element")
