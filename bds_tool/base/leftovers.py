"""Temporary names that tell whose they are, so that the next run clears what a killed one left behind.

Such files may hold records of children. A name holds the process and the machine: what belongs to a process that still
runs, or to another machine on a shared disk, is left alone.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
from functools import lru_cache
from pathlib import Path

_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:6]
_NAME = re.compile(
    r"\.?(?P<of>.+)\.(?P<pid>\d+)-(?P<host>[0-9a-f]{6})-[0-9a-f]{8}\.(?P<kind>tmp|old)(?:\.\w+)?"
)
_swept: set[Path] = set()


def fresh(folder: Path, name: str, kind: str = "tmp", *, hidden: bool = True) -> Path:
    """A path in `folder` that is not there yet: `tmp` for what is being made, `old` for what is being replaced."""
    dot = "." if hidden else ""
    return folder / f"{dot}{name}.{os.getpid()}-{_HOST}-{os.urandom(4).hex()}.{kind}"


def temporary(name: str) -> bool:
    """Whether a name was given by `fresh`."""
    return _NAME.fullmatch(name) is not None


def owner() -> str:
    """Whose a lock is: this process on this machine."""
    return f"{os.getpid()}-{_HOST}"


def deserted(lock: Path) -> bool:
    """Whether a lock with the text of `owner` is of a process of this machine that is no more."""
    try:
        pid, _, host = lock.read_text(encoding="ascii").partition("-")
        return host == _HOST and pid.isdecimal() and not _alive(int(pid), lock.stat().st_mtime)
    except (OSError, ValueError):
        return False


def sweep(folder: Path) -> None:
    """Clear what runs that are no more left in `folder`; an old output that lost its name gets it back."""
    folder = folder.absolute()
    if folder in _swept:
        return
    _swept.add(folder)
    _began.cache_clear()
    try:
        entries = [e for e in os.scandir(folder) if (m := _NAME.fullmatch(e.name)) and m["host"] == _HOST]
    except OSError:
        return  # what cannot be listed cannot be cleared; writing will tell
    for entry in entries:
        found = _NAME.fullmatch(entry.name)
        try:
            facts = entry.stat(follow_symlinks=False)
            if found is None or not _own(facts) or _alive(int(found["pid"]), facts.st_mtime):
                continue
            target = folder / found["of"]
            if found["kind"] == "old" and not os.path.lexists(target):
                os.rename(entry.path, target)  # noqa: PTH104  # the entry of scandir is a text
            elif entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)  # noqa: PTH108
        except OSError:
            continue  # another run was first, or it may not be touched


def _own(facts: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or facts.st_uid == os.getuid()


def _alive(pid: int, touched: float) -> bool:
    """Whether the process that last touched something at `touched` runs; a later one with its number is another."""
    if sys.platform == "win32":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # only to ask: os.kill would end it
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    began = _began(pid)
    return began is not None and began <= touched + 60


@lru_cache(maxsize=256)
def _began(pid: int) -> float | None:
    """When the process with this number began, 0.0 where that cannot be told; None when there is none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return 0.0
    try:
        # Numbers of processes are given out again: one that began after the last touch is another.
        ticks = (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()[19]
        )
        boot = re.search(r"^btime (\d+)", Path("/proc/stat").read_text(encoding="ascii"), re.MULTILINE)
        return float(boot[1]) + int(ticks) / os.sysconf("SC_CLK_TCK") if boot else 0.0
    except (OSError, ValueError, IndexError):
        return 0.0
