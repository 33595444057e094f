"""Files that somebody wrote by hand or a run left beside its tables: small, so that more than that is never taken into memory.

What others hand over may hold a link to a device without end, or gigabytes under the name of a setting.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

#: The largest definition that comes with the program is 3 MB.
MOST = 100_000_000


def small_bytes(path: Path, most: int | None = None) -> bytes:
    """The content of a file. Raises OSError when it is larger than `most` bytes, or MOST."""
    most = MOST if most is None else most
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content


def small_text(path: Path, encoding: str = "utf-8", errors: str = "strict") -> str:
    """The same as a text, with the ends of lines as `read_text` gives them. Raises UnicodeDecodeError too."""
    text = small_bytes(path).decode(encoding, errors)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def own_text(path: Path) -> str:
    """The text of a file inside a folder that somebody hands over. A pipe there would be waited for without end: OSError."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return small_text(path)
