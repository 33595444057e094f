"""Getting at the bytes: plain files, gzip, members of a zip, stdin; each within bounds (zip bombs)."""

from __future__ import annotations

import gzip
import io
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from bds_tool.store.sources import Unreadable

#: What breaks while unpacking; a broken archive is a fact about a file, not a bug. zipfile raises NotImplementedError
#: for a packing method it does not know.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, gzip.BadGzipFile)
#: Bounds: bytes of one member, members of one archive, and how many times larger unpacked than packed.
MEMBER_MAX = 16 * 1024**3
MEMBERS_MAX = 1_000_000
RATIO_MAX = 1_000
#: Deflate itself does not go beyond this, so small members are not judged by their ratio.
SMALL = 8 * 1024**2


def kind_of_file(path: Path, opener: Callable[[], BinaryIO] | None = None) -> str:
    """`gzip`, `zip` or `` (any other file, a document of an office program among them). Raises OSError."""
    with opener() if opener else path.open("rb") as stream:
        magic = stream.read(4)
    if magic[:2] == b"\x1f\x8b":
        return "gzip"
    if magic != b"PK\x03\x04":
        return ""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            # Office documents are archives too: those of Microsoft list their parts, OpenDocument starts with its type.
            return "" if "[Content_Types].xml" in names or names[:1] == ["mimetype"] else "zip"
    except BROKEN:
        return "zip"


def open_plain(path: Path) -> BinaryIO:
    return path.open("rb")


def open_gzip(path: Path) -> BinaryIO:
    """The unpacked bytes; reading beyond the bounds raises Unreadable BDS012."""
    bound = min(MEMBER_MAX, max(SMALL, path.stat().st_size * RATIO_MAX))
    return io.BufferedReader(_Bounded(path, bound), 1 << 20)


def gzip_size(path: Path) -> int:
    """Unpacked size as the trailer tells it, which is right below 4 GB and for a single member."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - 4))
        told = int.from_bytes(stream.read(4), "little")
    return max(told, size)


def members(path: Path) -> Iterator[tuple[str, int, partial[BinaryIO] | None]]:
    """Name, size and opener of each file in a zip; None for an opener: it is beyond the bounds.

    Raises Unreadable BDS012 for an archive that is broken, locked or has too many members.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (*BROKEN, OSError, ValueError) as error:
        raise Unreadable("BDS012", reden="zip") from error
    # It stays open while its members are read: opening it once for each would read its index as often.
    with archive:
        yield from _members(archive, path)


def _members(archive: zipfile.ZipFile, path: Path) -> Iterator[tuple[str, int, partial[BinaryIO] | None]]:
    found = [m for m in archive.infolist() if not m.is_dir()]
    if len(found) > MEMBERS_MAX:
        raise Unreadable("BDS012", reden="leden", aantal=len(found))
    for member in found:
        if member.flag_bits & 0x1:
            raise Unreadable("BDS012", reden="versleuteld")
        large = (
            member.file_size > max(SMALL, RATIO_MAX * member.compress_size) or member.file_size > MEMBER_MAX
        )
        opener = None if large else partial(_open_member, archive, path, member)
        yield "".join(c if c.isprintable() else "?" for c in member.filename), member.file_size, opener


def spool_stdin(folder: Path) -> Path:
    """Stdin as a file, so that it can be read more than once without holding it in memory."""
    target = folder / "stdin"
    with target.open("wb") as out:
        shutil.copyfileobj(sys.stdin.buffer, out, 1 << 20)
    return target


def _open_member(archive: zipfile.ZipFile, path: Path, member: zipfile.ZipInfo) -> BinaryIO:
    if archive.fp is not None:
        return archive.open(member)  # type: ignore[return-value]
    with zipfile.ZipFile(path) as again:
        return again.open(member)  # type: ignore[return-value]


class _Bounded(io.RawIOBase):
    """A gzip stream that refuses to give more than a bound."""

    def __init__(self, path: Path, bound: int) -> None:
        self._stream = gzip.open(path, "rb")  # noqa: SIM115  # closed by close()
        self._left = bound

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise Unreadable("BDS012", reden="omvang")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()
