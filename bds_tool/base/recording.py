"""The account of one run (`bds --record FILE COMMAND`): what was read, with what, and what came of it, by hashes.

No value of a child is in it. It holds the arguments as they were given, but for the key of a dossier, and the paths of
files; it is written for the user alone. `bds rerun` runs the same arguments again and holds the two accounts together.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NotRequired, TextIO, TypedDict

from bds_tool import __version__
from bds_tool.base import clock, guard
from bds_tool.base.errors import UsageError
from bds_tool.base.files import MARK, atomic_file, scratch
from bds_tool.base.keys import VARIABLE as KEY
from bds_tool.base.specs import shipped, specs_dir
from bds_tool.base.text import language, t

SCHEMA = "urn:bds-tool:schema:verslag"
#: What stands in place of the key of a dossier.
MASK = "***"
#: Options of which the value says which child was looked at, and of which the file is a secret key.
CHILD, SECRET = frozenset({"--id"}), frozenset({"--key-file", "--own"})
#: Commands that go on until they are stopped, or that tell of a record.
WITHOUT = frozenset({"open", "mcp", "doctor", "rerun"})
#: What bds keeps for itself in a folder of data: it comes and goes without a change of what is read.
_OWN = frozenset({"bewaard", MARK, ".slot"})
#: Libraries that may make an outcome another when they are another.
_LIBRARIES = ("polars", "duckdb", "pyarrow", "numpy", "pandera", "lxml")


class Digest(TypedDict):
    """A file or a folder as it was; no hash where it could not be read."""

    sha256: str | None
    bytes: int | None
    files: int | None


class RecordedFile(Digest):
    path: str


class RecordedOutput(RecordedFile):
    """What was written; `argument`: the place in the command that names it, `edited`: it stood there before."""

    argument: int | None
    edited: bool


class Program(TypedDict):
    bds: str
    code: str | None
    python: str
    libraries: dict[str, str]


class Definitions(TypedDict):
    shipped: bool
    versions: list[str]
    parts: dict[str, str | None]


Record = TypedDict(
    "Record",
    {
        "$schema": NotRequired[str],
        "schema_version": int,
        "moment": str,
        "day": str,
        "program": Program,
        "language": str,
        "command": list[str],
        "key_used": bool,
        "stdin": bool,
        "definitions": Definitions | None,
        "settings": RecordedFile | None,
        "inputs": list[RecordedFile],
        "outputs": list[RecordedOutput],
        "stdout": Digest,
        "exit_code": int,
    },
)


class Recorder:
    """What is kept while a run goes on."""

    def __init__(self, target: Path, arguments: list[str]) -> None:
        self.target, self.arguments = target, list(arguments)
        self.moment = clock.now()
        self.inputs: dict[Path, RecordedFile] = {}
        self.written: dict[Path, bool] = {}
        self.settings: RecordedFile | None = None
        self.definitions: Definitions | None = None

    def begin(self, settings: Path | None) -> None:
        """The command begins, with these settings; raises UsageError when the record would lie in an input."""
        guard.check(self.target)
        self.settings = {"path": str(settings), **digest(settings)} if settings else None
        self.definitions = {
            "shipped": shipped(),
            "versions": sorted(p.name for p in (specs_dir() / "bds").iterdir() if p.is_dir()),
            "parts": {p.name: digest(p)["sha256"] for p in sorted(specs_dir().iterdir()) if p.is_dir()},
        }

    def told(self, path: Path, edited: bool | None) -> None:
        """The listener of `guard`: an input is hashed before it is read."""
        if edited is not None:
            self.written[path] = edited or self.written.get(path, False)
        elif not self._secret(path):
            try:
                found = digest(path)
            except OSError:  # told by who reads it
                found = {"sha256": None, "bytes": None, "files": None}
            self.inputs[path.resolve()] = {"path": str(path), **found}

    def _secret(self, path: Path) -> bool:
        given = [a.partition("=")[2] for a in self.arguments if a.partition("=")[0] in SECRET]
        given += [b for a, b in zip(self.arguments, self.arguments[1:], strict=False) if a in SECRET]
        return any(_same(path, Path(g)) for g in given)

    def facts(self, code: int, out: Digest) -> Record:
        """The whole account: `specs/_schemas/verslag.schema.json`."""
        outputs: list[RecordedOutput] = []
        covered: set[Path] = set()
        for i, argument in enumerate(self.arguments):
            for given in dict.fromkeys((argument, argument.partition("=")[2], argument.rpartition("=")[2])):
                place = Path(given).resolve() if given and given != "-" and len(given) < 4096 else None
                mine = {w for w in self.written if place and (w == place or place in w.parents)}
                if place and mine - covered and place not in self.inputs and place.exists():
                    edited = any(self.written[w] for w in mine)
                    outputs.append({"argument": i, "path": given, "edited": edited, **digest(place)})
                    covered |= mine
                    break
        outputs += [
            {"argument": None, "path": str(w), "edited": edited, **digest(w)}
            for w, edited in self.written.items()
            if w not in covered and w.exists()
        ]
        return {
            "$schema": SCHEMA,
            "schema_version": 1,
            "moment": self.moment.isoformat(timespec="seconds"),
            "day": clock.today().isoformat(),
            "program": {
                "bds": __version__, "code": _program(), "python": platform.python_version(),
                "libraries": _libraries(),
            },
            "language": language(),
            "command": masked(self.arguments),
            "key_used": bool(os.environ.get(KEY)) or any(a.partition("=")[0] in SECRET for a in self.arguments),
            "stdin": "-" in self.arguments and not sys.stdin.isatty(),
            "definitions": self.definitions,
            "settings": self.settings,
            "inputs": list(self.inputs.values()),
            "outputs": outputs,
            "stdout": out,
            "exit_code": int(code),
        }  # fmt: skip


_running: list[Recorder] = []


def running() -> Recorder | None:
    """The account that this run keeps, if any."""
    return next(iter(_running), None)


def masked(arguments: list[str]) -> list[str]:
    """The arguments without the key of a dossier."""
    told = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        name, sign, _ = argument.partition("=")
        told.append(MASK if before in CHILD else f"{name}={MASK}" if sign and name in CHILD else argument)
    return told


@contextmanager
def recording(target: Path, arguments: list[str]) -> Iterator[list[int]]:
    """Keep an account of what runs in the block, and write it to `target`. The block puts the exit code in the list.

    What goes to stdout is held until the end, so that its hash is that of the bytes that come out. Raises UsageError
    when `target` exists: an account is not overwritten.
    """
    if os.path.lexists(target):
        raise UsageError(
            t(f"{target} bestaat al; een verslag wordt nooit overschreven.",
              f"{target} exists already; a record is never overwritten."),
            t("Kies een andere naam.", "Choose another name."),
        )  # fmt: skip
    made = Recorder(target, arguments)
    before = os.environ.get(clock.VARIABLE)
    os.environ[clock.VARIABLE] = str(int(made.moment.timestamp()))
    _running[:] = [made]
    guard.listen(made.told)
    code: list[int] = []
    try:
        with scratch() as folder, _held(folder / "stdout") as out:
            yield code
            sys.stdout.flush()
            facts = made.facts(code[0] if code else 1, digest(out))
        with atomic_file(target, private=True, replace=False) as temporary:
            temporary.write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    finally:
        guard.listen(None)
        _running.clear()
        if before is None:
            os.environ.pop(clock.VARIABLE, None)
        else:
            os.environ[clock.VARIABLE] = before


@contextmanager
def _held(path: Path) -> Iterator[Path]:
    """What is written to stdout goes to a file, and from there to stdout when the block ends."""
    real: TextIO = sys.stdout
    path.touch(mode=0o600)
    try:
        with path.open("w", encoding="utf-8", newline="") as sys.stdout:
            yield path
    finally:
        sys.stdout = real
        with path.open("rb") as made:
            if hasattr(real, "buffer"):
                real.flush()
                shutil.copyfileobj(made, real.buffer)
                real.buffer.flush()
            else:
                real.write(made.read().decode("utf-8"))


def digest(path: Path) -> Digest:
    """`sha256`, `bytes` and `files` of a file or of all files in a folder by name; of a folder that of their hashes."""
    if not path.is_dir():
        with path.open("rb") as content:
            whole = hashlib.file_digest(content, "sha256")
        return {"sha256": whole.hexdigest(), "bytes": path.stat().st_size, "files": 1}
    names, size, count = hashlib.sha256(), 0, 0
    there = (p for p in path.rglob("*") if p.is_file() and _OWN.isdisjoint(p.relative_to(path).parts))
    for file in sorted(there):
        one = digest(file)
        names.update(
            f"{file.relative_to(path).as_posix()}\0{one['sha256']}\n".encode(errors="surrogateescape")
        )
        size, count = size + (one["bytes"] or 0), count + 1
    return {"sha256": names.hexdigest(), "bytes": size, "files": count}


def _program() -> str:
    """Tells one state of the program from another, whatever its version says."""
    whole = hashlib.sha256()
    own = Path(__file__).resolve().parents[1]
    for file in sorted(p for p in own.rglob("*.py") if "specs" not in p.relative_to(own).parts):
        whole.update(file.relative_to(own).as_posix().encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()


def _libraries() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an extra that is not installed
            continue
    return found


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False
