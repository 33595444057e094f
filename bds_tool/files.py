"""Writing files so that a half-written one never carries the final name."""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bds_tool.errors import UsageError
from bds_tool.text import t

_UMASK = os.umask(0)
os.umask(_UMASK)

#: What the system says about files, in Dutch. It says the rest, and everything in English, in its own words.
_REASONS = {
    errno.ENOENT: "bestand of map bestaat niet",
    errno.EACCES: "geen toegang",
    errno.EPERM: "niet toegestaan",
    errno.EISDIR: "het is een map",
    errno.ENOTDIR: "een deel van het pad is geen map",
    errno.EEXIST: "het bestaat al",
    errno.ENOTEMPTY: "de map is niet leeg",
    errno.ENOSPC: "de schijf is vol",
    errno.EDQUOT: "de toegestane schijfruimte is op",
    errno.EFBIG: "het bestand wordt te groot",
    errno.EROFS: "hier kan alleen worden gelezen",
    errno.ENAMETOOLONG: "de naam is te lang",
    errno.EMFILE: "er zijn te veel bestanden open",
    errno.EBUSY: "het is in gebruik",
    errno.ELOOP: "koppelingen die naar elkaar wijzen",
    errno.EIO: "de schijf geeft een fout",
}


def reason(error: OSError) -> str:
    """Why the system refused, in the language of this run; never a path."""
    told = error.strerror or type(error).__name__
    return t(_REASONS.get(error.errno or 0, told), told)


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """A temporary path beside `target` that takes its name when the block ends well, and vanishes otherwise."""
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise _cannot_write(target, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_UMASK)  # temporary files are private; the result follows the user's habit
        temporary.replace(target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def temporary_dir() -> Path:
    """A folder for one run. It may hold records of children: whatever happens, it goes when the program ends."""
    folder = tempfile.mkdtemp(prefix="bds-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextmanager
def work_dir(target: Path) -> Iterator[Path]:
    """A folder beside `target` for what does not fit in memory; it goes when the block ends."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".bds-", dir=target.parent))
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        yield folder
    except OSError as error:
        if error.errno is None:  # libraries also call it so when what they read is damaged
            raise
        raise _cannot_write(target, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def atomic_dir(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """A temporary directory that becomes `target` when the block ends well.

    An existing target is only replaced when `replace` is true; otherwise UsageError.
    """
    target = Path(target)
    if target.exists() and not replace:
        raise UsageError(
            t(f"{target} bestaat al.", f"{target} exists already."),
            t("Kies een andere naam of geef --force.", "Choose another name or give --force."),
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        yield temporary
        temporary.chmod(0o755)
        if target.is_dir():
            shutil.rmtree(target)
        elif target.exists():
            target.unlink()
        temporary.rename(target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _cannot_write(target: Path, error: OSError) -> UsageError:
    why = reason(error)
    return UsageError(
        t(f"{target} kan niet worden geschreven: {why}.", f"{target} cannot be written: {why}."),
        t("Controleer schrijfrechten en vrije ruimte.", "Check write permissions and free space."),
    )
