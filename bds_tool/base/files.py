"""Writing files so that a half-written one never carries the final name."""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bds_tool.base.errors import UsageError, UserError
from bds_tool.base.text import t

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
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def reason(error: OSError) -> str:
    """Why the system refused, in the language of this run; never a path."""
    told = error.strerror or t("het systeem zegt niet waarom", "the system does not say why")
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
        with _refusals(target):
            yield temporary
            temporary.chmod(
                0o666 & ~_UMASK
            )  # temporary files are private; the result follows the user's habit
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def disk_full(error: Exception) -> UsageError | None:
    """What to tell who ran out of disk, wherever that was (temporary files too); None for every other error."""
    refused = _behind(error)
    if refused is None or refused.errno not in _FULL:
        return None
    why = reason(refused)
    return UsageError(
        t(f"Er kon iets niet worden geschreven: {why}.", f"Something could not be written: {why}."),
        t(
            f"Maak ruimte vrij, ook voor tijdelijke bestanden in {tempfile.gettempdir()} (of zet TMPDIR op een andere map).",
            f"Free some space, also for temporary files in {tempfile.gettempdir()} (or set TMPDIR to another folder).",
        ),
    )


#: Folders of this run. They may hold records of children.
_folders = ExitStack()
atexit.register(_folders.close)


def temporary_dir() -> Path:
    """A folder that lasts until `end_run`, or at the latest until the program ends."""
    return Path(
        _folders.enter_context(tempfile.TemporaryDirectory(prefix="bds-", ignore_cleanup_errors=True))
    )


def end_run() -> None:
    """Remove the temporary folders."""
    _folders.close()


@contextmanager
def work_dir(target: Path) -> Iterator[Path]:
    """A folder beside `target` for what does not fit in memory; it goes when the block ends."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".bds-", dir=target.parent))
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        with _refusals(target):
            yield folder
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
        with _refusals(target):
            yield temporary
            temporary.chmod(0o755)
            if target.is_dir():
                shutil.rmtree(target)
            elif target.exists():
                target.unlink()
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _refusals(target: Path) -> Iterator[None]:
    """What the system refuses while `target` is made, is told as such. Other errors pass: what is read may be wrong."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        refused = _behind(error)
        if refused is None:
            raise
        raise _cannot_write(target, refused) from error


def _behind(error: Exception) -> OSError | None:
    """The refusal of the system behind an error. Libraries that write keep only its text (polars, xlsxwriter, shutil)."""
    if isinstance(error, OSError) and error.errno:
        return error
    words = {os.strerror(n): n for n in (*_FULL, errno.EROFS, errno.EACCES)}
    words["transport error"] = errno.EIO  # all that polars says of the end of a Parquet file
    said = next((word for word in words if word in str(error)), None)
    return OSError(words[said], os.strerror(words[said])) if said else None


def _cannot_write(target: Path, error: OSError) -> UsageError:
    why = reason(error)
    return UsageError(
        t(f"{target} kan niet worden geschreven: {why}.", f"{target} cannot be written: {why}."),
        t("Controleer schrijfrechten en vrije ruimte.", "Check write permissions and free space."),
    )
