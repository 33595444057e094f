"""Writing files so that a half-written one never carries the final name."""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bds_tool.base import guard
from bds_tool.base.errors import UsageError
from bds_tool.base.interrupts import held
from bds_tool.base.leftovers import fresh, sweep
from bds_tool.base.refusals import FULL, behind, cannot_write, reason, refusals
from bds_tool.base.text import t

_UMASK = os.umask(0)
os.umask(_UMASK)


@contextmanager
def atomic_file(
    target: Path, *, private: bool = False, own: bool = False, replace: bool | None = None
) -> Iterator[Path]:
    """A temporary path beside `target` that takes its name when the block ends well, and vanishes otherwise.

    `private`: for records of children; only the user may read it. `own`: a file that this program keeps or edits where
    it is, which `--force` and the inputs do not concern. `replace`: what the command says of an existing file; without
    it the run's `--force` decides.
    """
    target = _final(Path(target))
    if _device(target):
        with scratch() as folder:
            yield folder / target.name
            with refusals(target), (folder / target.name).open("rb") as made, target.open("wb") as out:
                shutil.copyfileobj(made, out)
        return
    guard.check(target, own=own)
    if replace is False and os.path.lexists(target):
        raise guard.exists(target)
    if not own and not replace:
        guard.overwriting(target)
    with _aside(target) as temporary:
        yield temporary
        guard.check(target, own=own)
        temporary.chmod(0o600 if private else 0o666 & ~_UMASK)
        if there := target.exists():
            _settle([temporary])
        with held():
            temporary.replace(target)
        guard.wrote(target, edited=own and there)


@contextmanager
def atomic_files(
    targets: Iterable[Path], gone: Iterable[Path] = (), *, own: bool = True
) -> Iterator[dict[Path, Path]]:
    """A temporary path for each of several files: all take their names, or none does.

    `gone`: files that go with it. `own`: this program edits them where they are; without it they are outputs, of which none
    may be an input or stand there without `--force`. When the system refuses one step, those before it are undone.
    """
    places, gone, undo = {p: _final(p) for p in targets}, list(gone), ExitStack()

    def check() -> None:
        for target in (*places.values(), *gone):
            guard.check(target, own=own)
            if target.is_dir():
                raise cannot_write(target, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))

    check()
    for target in () if own else places.values():
        guard.overwriting(target)
    before = {p for p in places.values() if p.exists()}
    with ExitStack() as stack:
        made = {p: stack.enter_context(_aside(p)) for p in places.values()}
        yield {p: made[place] for p, place in places.items()}
        check()
        with undo:
            for target, temporary in made.items():
                with refusals(target):
                    temporary.chmod(0o666 & ~_UMASK)
                    if target.exists():
                        _settle([temporary])
            with held():
                for target in (*made, *gone):
                    with refusals(target):
                        _placed(made.get(target), target, stack, undo)
                undo.pop_all()
    for target in made:
        guard.wrote(target, edited=own and target in before)


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """An empty temporary file beside `target`, which goes; `target` was looked at already."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        temporary = fresh(target.parent, target.name)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        with refusals(target):
            yield temporary
    finally:
        _discard(temporary)


def _placed(temporary: Path | None, target: Path, stack: ExitStack, undo: ExitStack) -> None:
    """The new file under its name (without one: none), the old one aside until all of them stand."""
    if there := os.path.lexists(target):
        aside = fresh(target.parent, target.name, "old")
        target.rename(aside)
        undo.callback(aside.replace, target)
        stack.callback(_discard, aside)
    if temporary is not None:
        temporary.rename(target)
        if not there:
            undo.callback(target.unlink)


#: Folders of this run. They may hold records of children.
_folders = ExitStack()
atexit.register(_folders.close)


def place() -> Path:
    """The system's place for temporary files."""
    return Path(tempfile.gettempdir())


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in the system's place for temporary files; it goes when the block ends."""
    sweep(place())
    folder = fresh(place(), "bds", hidden=False)
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise cannot_write(folder, error) from error
    guard.scratch(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def temporary_dir() -> Path:
    """A folder that lasts until `end_run`, or at the latest until the program ends."""
    return _folders.enter_context(scratch())


def end_run() -> None:
    """Remove the temporary folders."""
    _folders.close()


@contextmanager
def work_dir(target: Path) -> Iterator[Path]:
    """A folder beside `target` for what does not fit in memory; it goes when the block ends."""
    guard.check(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        folder = fresh(target.parent, "bds")
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        with refusals(target):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def disk_full(error: Exception) -> UsageError | None:
    """What to tell who ran out of disk, wherever that was (temporary files too); None for every other error."""
    refused = behind(error)
    if refused is None or refused.errno not in FULL:
        return None
    why = reason(refused)
    return UsageError(
        t(f"Er kon iets niet worden geschreven: {why}.", f"Something could not be written: {why}."),
        t(
            f"Maak ruimte vrij, ook voor tijdelijke bestanden in {place()} (of zet TMPDIR op een andere map).",
            f"Free some space, also for temporary files in {place()} (or set TMPDIR to another folder).",
        ),
    )


#: In every folder that bds makes: the names of its files, so that it never replaces what somebody else put there.
MARK = ".bds-output"
#: Folders of earlier versions have no such list; one of these files made them known, and Parquet stood beside it.
_OLDER = ("_store.json", "_result.json", "_findings.json", "_extract.json")


@contextmanager
def atomic_dir(target: Path, *, replace: bool = False, private: bool = False) -> Iterator[Path]:
    """A temporary directory that becomes `target` when the block ends well.

    An existing target is only replaced when `replace` is true, and a folder only when all in it was made by bds;
    otherwise UsageError. The old one stands until the new one is whole. `private`: for records of children.
    """
    target = _final(Path(target))
    replaceable(target, replace=replace)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        temporary = fresh(target.parent, target.name)
        temporary.mkdir(mode=0o700)
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        with refusals(target):
            yield temporary
            mark(temporary)
            replaceable(target, replace=replace)
            temporary.chmod(0o700 if private else 0o777 & ~_UMASK)
            if target.exists():
                _settle(p for p in temporary.rglob("*") if p.is_file())
            with held():
                _swap(temporary, target)
            guard.wrote(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replaceable(target: Path, *, replace: bool) -> None:
    """Raises UsageError when a folder may not be made at `target`; cheap, so ask before the work begins."""
    target = _final(Path(target))
    guard.check(target)
    if not os.path.lexists(target):
        return
    if not replace:
        raise guard.exists(target)
    if target.is_dir() and (strange := _strange(target)):
        raise UsageError(
            t(
                f"{target} is geen map die bds maakte: er staat ook {strange} in.",
                f"{target} is no folder that bds made: it also holds {strange}.",
            ),
            t(
                "Kies een andere naam, of haal weg wat er niet bij hoort.",
                "Choose another name, or take away what does not belong there.",
            ),
        )


def mark(folder: Path, *, also: Iterable[str] = ()) -> None:
    """Write down which files bds made in a folder; `also` are those that are still to come."""
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    names = sorted((there | set(also)) - {MARK})
    aside = fresh(folder, MARK)  # a folder that stands there already keeps its list when the system refuses
    try:
        aside.write_text("\n".join(names) + "\n", encoding="utf-8", errors="surrogateescape")
        aside.replace(folder / MARK)
    finally:
        _discard(aside)


def _strange(folder: Path) -> str:
    """The first file in a folder that bds did not put there; empty when there is none."""
    mark = folder / MARK
    if mark.is_file():
        known = set(mark.read_text(encoding="utf-8", errors="surrogateescape").split("\n")) | {MARK}
    else:
        known = {name for name in _OLDER if (folder / name).is_file()}
        known |= {p.name for p in folder.glob("*.parquet")} if known else set()
    there = (
        p.relative_to(folder).as_posix()
        for p in sorted(folder.rglob("*"))
        if p.is_symlink() or not p.is_dir()
    )
    return next((name for name in there if name not in known), "")


def _swap(temporary: Path, target: Path) -> None:
    """`target` is the new one, and what it was is gone; when a step is refused, `target` is what it was."""
    if not os.path.lexists(target):
        temporary.rename(target)
        return
    if _exchanged(temporary, target):
        _discard(temporary)
        return
    aside = fresh(target.parent, target.name, "old")
    target.rename(aside)
    try:
        temporary.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    _discard(aside)


def _discard(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):  # what cannot be taken away now, a next run clears
            path.unlink(missing_ok=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Both names changed places in one step of the system (Linux), so that there is never neither; False: it cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return not rename(here, os.fsencode(one), here, os.fsencode(other), exchange)


def _settle(files: Iterable[Path]) -> None:
    """On disk before the old one goes: a loss of power may not leave a name without content."""
    for path in files:
        with path.open("rb+") as file:
            try:
                os.fsync(file.fileno())
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network disks know no such thing
                    raise


def _final(target: Path) -> Path:
    """Where a name leads: links are followed, so that what they point to is replaced and not the link."""
    with suppress(OSError):
        return target.resolve() if target.is_symlink() else target
    return target


def _device(target: Path) -> bool:
    """/dev/null, a pipe, the screen: written to, never replaced."""
    try:
        return target.exists() and not target.is_file() and not target.is_dir()
    except OSError:
        return False
