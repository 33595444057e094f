"""What a run reads and what it may overwrite: no output may be, hold or lie in an input.

The command line says at its start what the user gave and whether `--force` was among it; what is opened on the way
(settings, definitions, stores) adds itself. Functions that are called without a command line may overwrite.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t

#: Environment variable with a folder: nothing outside it is written. A record of somebody else is run again behind it.
FENCE = "BDS_WRITE_BELOW"
_inputs: dict[Path, None] = {}
_asked = {"force": True}
_scratch: set[Path] = set()
#: Who keeps an account of this run (`base.recording`): is told of an input before it is read, and of what was written.
_listeners: list[Callable[[Path, bool | None], None]] = []


def listen(told: Callable[[Path, bool | None], None] | None) -> None:
    """`told(path, None)` for each input from now on, `told(path, edited)` for what was written; None stops that."""
    _listeners[:] = [told] if told else []


def listened() -> bool:
    """Whether an account of this run is kept."""
    return bool(_listeners)


def begin(inputs: Iterable[Path] = (), *, force: bool = True) -> None:
    """A new run with these inputs; without `force` nothing that exists is overwritten."""
    _inputs.clear()
    _asked["force"] = force
    for path in inputs:
        reading(path)


def reading(path: Path) -> None:
    """`path` is an input of this run."""
    try:
        if not path.exists() or (place := path.resolve()) in _inputs:
            return
        _inputs[place] = None
    except (OSError, ValueError):
        return  # what cannot be looked at is told by who reads it
    if not _scratch.intersection((place, *place.parents)):
        for told in _listeners:
            told(path, None)


def wrote(target: Path, *, edited: bool = False) -> None:
    """`target` was written; `edited`: it was there and was changed where it is."""
    place = target.resolve()
    if _scratch.isdisjoint(place.parents) and not any(g in place.parents for g in _inputs if g.is_dir()):
        for told in _listeners:
            told(place, edited)


def scratch(folder: Path) -> None:
    """`folder` is the program's own, for this run only: what is written there is no output."""
    _scratch.add(folder.resolve())


def check(target: Path, *, own: bool = False, planned: bool = False) -> None:
    """Raises UsageError when `target` may not be written.

    `own`: a file that is edited where it is. `planned`: not written yet, and it may turn out to be no path at all.
    """
    place = target.resolve()
    if not planned and (fence := os.environ.get(FENCE)) and Path(fence).resolve() not in place.parents:
        if not _scratch.isdisjoint(place.parents):
            return
        raise UsageError(
            t(f"{target} ligt buiten de map waarin deze opdracht mag schrijven.",
              f"{target} lies outside the folder that this command may write in."),
            t("Voer de opdracht zelf uit.", "Run the command yourself."),
        )  # fmt: skip
    if own or not _scratch.isdisjoint(place.parents):
        return
    for given in _inputs:
        if place == given or _same(place, given):
            said = t(f"{target} is invoer van deze opdracht.", f"{target} is an input of this command.")
        elif place in given.parents:
            said = t(
                f"In {target} staat invoer van deze opdracht ({given.name}).",
                f"{target} holds an input of this command ({given.name}).",
            )
        elif given in place.parents and given.is_dir():
            said = t(
                f"{target} ligt in een map die deze opdracht leest ({given.name}).",
                f"{target} lies in a folder that this command reads ({given.name}).",
            )
        else:
            continue
        raise UsageError(
            said,
            t("Kies een uitvoer buiten de invoer.", "Choose an output outside the input."),
        )


def stays_here(what: str) -> None:
    """Raises UsageError when this run may not take data elsewhere: a record of somebody else says where to."""
    if os.environ.get(FENCE):
        raise UsageError(
            t(f"Deze opdracht mag geen gegevens naar {what} brengen.",
              f"This command may not take data to {what}."),
            t("Voer de opdracht zelf uit.", "Run the command yourself."),
        )  # fmt: skip


def overwriting(target: Path) -> None:
    """Raises UsageError when there is something at `target` and the user did not say --force."""
    if not _asked["force"] and os.path.lexists(target):
        raise exists(target)


def exists(target: Path) -> UsageError:
    return UsageError(
        t(f"{target} bestaat al.", f"{target} exists already."),
        t("Kies een andere naam of geef --force.", "Choose another name or give --force."),
    )


def damaged() -> Path | None:
    """The first Parquet file in a folder that this run reads whose rows cannot be read, though its head said they can."""
    import polars as pl

    for given in _inputs:
        for file in sorted(given.rglob("*.parquet")) if given.is_dir() else ():
            try:
                rows = pl.scan_parquet(file, glob=False)
                rows.select(pl.all().hash().max()).collect(engine="streaming")
                # What the file says of its columns is only looked at to choose rows.
                for name in rows.collect_schema():
                    rows.filter(pl.col(name).is_null()).select(pl.len()).collect(engine="streaming")
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                return file
    return None


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
