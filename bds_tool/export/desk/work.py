"""What the page does with the files that were dropped: it runs `bds` itself, so that it says what the program says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedIOBase
from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file
from bds_tool.base.text import language, t

#: The two deliveries that are beside each other on the page; one is enough to judge.
SIDES = ("a", "b")
#: Files of one delivery, steps of folders, and characters of a name at most.
FILES, DEPTH, NAME = 20_000, 8, 120
#: Bytes of a text that are shown on the page; the file that is saved is whole.
SHOWN = 2_000_000
_BLOCK = 1 << 20
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")

#: What can be asked: the arguments of `bds` and what it leaves in the folder of results, the first of which is shown.
JOBS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "validate": (
        (
            "validate",
            ".",
            "--report",
            "html=OUT/validate.html",
            "--report",
            "csv=OUT/validate.csv",
            "--quiet",
        ),
        ("validate.html", "validate.csv"),
    ),
    "profile": (("profile", ".", "--output", "OUT/profile.txt", "--quiet"), ("profile.txt",)),
    "compare": (("compare", "a", "b", "--output", "OUT/compare.txt"), ("compare.txt",)),
}


class TooLarge(Exception):
    """More than may be uploaded."""


class Refused(Exception):
    """An upload that stopped half-way or has no usable name."""


@dataclass
class Outcome:
    """What a run gave: its exit code, what it said, and the files that can be shown and saved."""

    code: int
    said: str
    files: tuple[str, ...]


@dataclass
class Work:
    """One session: `folder` is private and goes at the end, `target` is where results are saved, `limit` in bytes."""

    folder: Path
    target: Path
    limit: int
    config: Path | None = None
    used: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _one: threading.Lock = field(default_factory=threading.Lock)
    _running: subprocess.Popen[bytes] | None = None
    _closed: bool = False

    def __post_init__(self) -> None:
        for name in (*SIDES, "out"):
            (self.folder / name).mkdir(mode=0o700)

    def files(self, side: str) -> list[Path]:
        return [p for p in (self.folder / side).rglob("*") if p.is_file()]

    def clear(self, side: str) -> None:
        """Forget a delivery, and the results: they may be about it."""
        with self._lock:
            for file in (*self.files(side), *self.files("out")):
                size = file.stat().st_size
                file.unlink()
                self.used -= size if file.is_relative_to(self.folder / side) else 0
            for folder in sorted((self.folder / side).rglob("*"), reverse=True):
                folder.rmdir()

    def take(self, side: str, name: str, size: int, stream: BufferedIOBase) -> None:
        """Keep an uploaded file. Raises TooLarge and Refused; then nothing of it is left."""
        path = self.folder / side / safe(name)
        with self._lock:
            if self.used + size > self.limit or len(self.files(side)) >= FILES:
                raise TooLarge
            self.used += size
        made = False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("xb") as file:
                made = True
                _copy(stream, file, size)
        except BaseException as error:
            if made:
                path.unlink(missing_ok=True)
            with self._lock:
                self.used -= size
            if isinstance(error, FileExistsError):
                raise Refused(t("Die naam is er al.", "That name is there already.")) from error
            if isinstance(error, OSError):
                raise Refused(
                    t("Het bestand kon niet worden bewaard.", "The file could not be kept.")
                ) from error
            raise

    def run(self, what: str) -> Outcome:
        """Run one job; a second one waits for the first."""
        arguments, names = JOBS[what]
        out = self.folder / "out"
        with self._one:
            for name in names:
                (out / name).unlink(missing_ok=True)
            said = out / f"{what}.said"
            command = [
                sys.executable,
                "-m",
                "bds_tool",
                "--lang",
                language(),
                "--config",
                str(self._settings()),
            ]
            command += [a.replace("OUT", str(out)) for a in arguments]
            where = self.folder if what == "compare" else self.folder / "a"
            with said.open("wb") as file:
                with self._lock:
                    if self._closed:
                        raise Refused(t("De pagina is gesloten.", "The page was closed."))
                    self._running = subprocess.Popen(  # noqa: S603  # this program itself
                        command,
                        cwd=where,
                        stdin=subprocess.DEVNULL,
                        stdout=file,
                        stderr=file,
                        env=_environment(),
                    )
                code = self._running.wait()
            self._running = None
            text = said.read_bytes()[:SHOWN].decode("utf-8", "replace")
        return Outcome(code, text.strip(), tuple(n for n in names if (out / n).is_file()))

    def _settings(self) -> Path:
        """Those of where results are saved; never a `bds.toml` that came with a delivery and could hide findings."""
        if self.config is not None:
            return self.config
        empty = self.folder / "leeg.toml"
        empty.touch()
        return empty

    def shown(self, name: str) -> bytes | None:
        """A result that was made, as the page shows it; None for what is none."""
        known = {n for _, names in JOBS.values() for n in names}
        path = self.folder / "out" / name
        return path.read_bytes() if name in known and path.is_file() else None

    def save(self, what: str) -> list[str]:
        """Copy the results of a job to the folder of the user; gives the names. Never over a file that is there."""
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")  # noqa: DTZ005  # the clock of who saves
        saved = []
        for name in JOBS[what][1]:
            made = self.shown(name)
            if made is None:
                continue
            place = self.target / f"bds-{Path(name).stem}-{stamp}{Path(name).suffix}"
            if place.exists():
                raise UsageError(t(f"{place.name} is er al.", f"{place.name} is there already."))
            with atomic_file(place, private=True) as temporary:
                temporary.write_bytes(made)
            saved.append(place.name)
        return saved

    def close(self) -> None:
        """Stop what runs. The folder is removed by who made it."""
        with self._lock:
            self._closed = True
            running = self._running
        if running is not None:
            with suppress(OSError):
                running.kill()
            running.wait()


def _copy(stream: BufferedIOBase, file: BufferedIOBase, size: int) -> None:
    while size and (block := stream.read(min(_BLOCK, size))):
        file.write(block)
        size -= len(block)
    if size:
        raise Refused(t("Het bestand kwam niet heel aan.", "The file did not arrive whole."))


def safe(name: str) -> str:
    """A path below the folder of a delivery for the name a browser gives. Raises Refused for one without a name."""
    steps = [s for s in re.split(r"[/\\]", name) if s not in {"", ".", ".."}][-DEPTH:]
    clean = [re.sub(r"[^\w .,()+-]", "_", s)[-NAME:].strip(" .") for s in steps]
    if not clean or not all(clean):
        raise Refused(t("Het bestand heeft geen bruikbare naam.", "The file has no usable name."))
    return "/".join(f"_{s}" if _DEVICES.fullmatch(s) else s for s in clean)


def _environment() -> dict[str, str]:
    """As it is, in a window that is wide enough to read; settings and keys of another project do not travel along."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BDS_") or k in {"BDS_LANG", "BDS_SPECS"}}
    return kept | {"COLUMNS": "110", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
