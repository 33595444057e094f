"""What the system refuses, told as such: why, of which path, and what helps."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bds_tool.base.errors import UsageError, UserError
from bds_tool.base.text import t

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
#: Windows says "no access" (EACCES, ENOENT) of these too: held open by another program, and a path that is too long.
_HELD, _LONG_PATH = (32, 33), 206
#: There is no room left.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def reason(error: OSError) -> str:
    """Why the system refused, in the language of this run; never a path."""
    code = getattr(error, "winerror", None)
    if code in _HELD:
        return t(
            "een ander programma heeft het open; sluit het daar (bijvoorbeeld in Excel)",
            "another program has it open; close it there (in Excel, for one)",
        )
    if code == _LONG_PATH:
        return t(
            "het pad is te lang voor Windows; kies een kortere map",
            "the path is too long for Windows; choose a shorter folder",
        )
    told = error.strerror or t("het systeem zegt niet waarom", "the system does not say why")
    return t(_REASONS.get(error.errno or 0, told), told)


@contextmanager
def refusals(target: Path) -> Iterator[None]:
    """What the system refuses while `target` is made, is told as such. Other errors pass: what is read may be wrong."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        refused = behind(error)
        if refused is None:
            raise
        raise cannot_write(target, refused) from error


def behind(error: Exception) -> OSError | None:
    """The refusal of the system behind an error. Libraries that write keep only its text (polars, xlsxwriter, shutil)."""
    if isinstance(error, OSError) and error.errno:
        return error
    # A library says these words of what it writes. A copy of a folder collects the words of each refusal, whichever it was.
    known = (
        errno.errorcode if isinstance(error, shutil.Error) else (*FULL, errno.EROFS, errno.EACCES, errno.EIO)
    )
    words = {os.strerror(n): n for n in known}
    words["transport error"] = errno.EIO  # all that polars says of the end of a Parquet file
    said = next((word for word in words if word in str(error)), None)
    return OSError(words[said], os.strerror(words[said])) if said else None


def cannot_write(target: Path, error: OSError) -> UsageError:
    """What to tell of a path that the system refused."""
    why = reason(error)
    return UsageError(
        t(f"{target} kan niet worden geschreven: {why}.", f"{target} cannot be written: {why}."),
        t("Controleer schrijfrechten en vrije ruimte.", "Check write permissions and free space."),
    )
