"""Every command that writes, with small inputs, and a shim that refuses the n-th change in the folder of its output."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
TABLE = SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv"
MESSAGE = next((SAMPLES / "schoon" / "dob-4.1.3").glob("*.xml"))
#: What changes a folder, as Python tells its auditors; `open` only when it is for writing.
EVENTS = frozenset(
    {
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.mkdir",
        "os.chmod",
        "os.link",
        "os.symlink",
        "os.truncate",
        "open",
    }
)

#: command → arguments; OUT is what is written (a file or a folder), STORE, RESULT, SAFE, FOUND, RECORD, LIKE are made before.
#: A command that adds to or edits its output is run on what stands there.
COMMANDS: dict[str, tuple[str, ...]] = {
    "validate -o": ("validate", "STORE", "--format", "json", "-o", "OUT"),
    "validate --report": ("validate", "STORE", "--report", "html=OUT"),
    "validate --save": ("validate", "STORE", "--save", "OUT"),
    "validate --store": ("validate", str(TABLE), "--store", "OUT"),
    "profile": ("profile", "STORE", "-o", "OUT"),
    "compare": ("compare", "STORE", "STORE", "-o", "OUT"),
    "qualify check": ("qualify", "check", "ontvangen-minimaal", str(MESSAGE), "-o", "OUT"),
    "qualify new": ("qualify", "new", str(MESSAGE), "-o", "OUT"),
    "qualify list": ("qualify", "list", "-o", "OUT"),
    "adoption": ("adoption", "STORE", "-o", "OUT"),
    "quality": ("quality", "STORE", "-o", "OUT"),
    "quality xlsx": ("quality", "STORE", "--format", "xlsx", "-o", "OUT"),
    "quality --work-lists": ("quality", "STORE", "--by", "discipline", "--work-lists", "OUT"),
    "dossier list": ("dossier", "list", "STORE", "-o", "OUT"),
    "dossier show": ("dossier", "show", "STORE", "--nr", "1", "-o", "OUT"),
    "dossier consents": ("dossier", "consents", "STORE", "-o", "OUT"),
    "dossier copy": ("dossier", "copy", "STORE", "--nr", "1", "--to", "OUT"),
    "indicator flow": ("indicator", "flow", "RESULT", "-o", "OUT"),
    "rerun --page": ("rerun", "RECORD", "--page", "OUT"),
    "rule": ("rule", "BDS203", "-o", "OUT"),
    **{f"convert {f}": ("convert", str(TABLE), "OUT", "--to", f) for f in ("csv", "csv-wide", "parquet", "arrow", "ndjson", "xlsx", "store")},
    "convert james": ("convert", "STORE", "OUT", "--to", "james", "--organisation", "1"),
    "convert dob": ("convert", "STORE", "OUT", "--to", "dob", "--bds", "4.1.3"),
    "migrate": ("migrate", "STORE", "--from", "4.1.3", "--to", "4.2.0", "--out", "OUT"),
    "migrate --report": ("migrate", "STORE", "--from", "4.1.3", "--to", "4.2.0", "--report", "OUT"),
    "generate": ("generate", "--children", "2", "-o", "OUT"),
    "profile --share": ("profile", "STORE", "--share", "OUT"),
    "generate --like": ("generate", "--like", "LIKE", "--children", "2", "-o", "OUT"),
    "generate csv": ("generate", "--children", "2", "--to", "csv", "-o", "OUT"),
    "findings report": ("findings", "report", "FOUND", "--format", "csv", "-o", "OUT"),
    "pseudonymise": ("pseudonymise", "GROUP", "--elements", "235,494", "--policy", "POLICY", "--birth", "4year", "--without", "opleiding_ouder", "--to", "OUT", "--key-file", "KEY", "--k", "2"),
    "research-table": ("research-table", "GROUP", "--outcome", "235", "--to", "OUT", "--k", "2"),
    "cohort": ("cohort", str(SAMPLES.parent / "specs" / "studie" / "voorbeelden" / "groei-2-jaar.yaml"), "STORE", "--to", "OUT"),
    "spec export": ("spec", "export", "xlsx", "-o", "OUT"),
    "spec list": ("spec", "list", "-o", "OUT"),
    "change apply": ("change", "apply", "4.1.3-4.2.0", "--out", "OUT"),
    "zib export": ("zib", "export", "STORE", "OUT", "--key-file", "KEY", "--workers", "1"),
    "zib export-map": ("zib", "export-map", "OUT"),
    "zib coverage": ("zib", "coverage", "STORE", "-o", "OUT"),
    "indicator compute": ("indicator", "compute", "STORE", "-o", "OUT", "-i", "BF-BIRTH"),
    "round new": ("round", "new", "-o", "OUT", "-i", "BF-BIRTH", "--participants", "A,B", "--title", "T", "--organiser", "O", "--deadline", "2099-01-01"),
    "indicator sql": ("indicator", "sql", "--dialect", "duckdb", "-i", "BF-BIRTH", "-o", "OUT"),
    "indicator list": ("indicator", "list", "-o", "OUT"),
    "protect run": ("protect", "run", "RESULT", "--to", "OUT"),
    "report table": ("report", "table", "SAFE", "-o", "OUT", "--format", "csv"),
    "report chart": ("report", "chart", "SAFE", "-i", "BF-BIRTH", "-o", "OUT"),
    "report site": ("report", "site", "SAFE", "-o", "OUT", "--demo"),
    "report melkvoeding": ("report", "melkvoeding", "SAFE", "-o", "OUT"),
}  # fmt: skip
NAMES = {
    "zib export-map": "uit.xlsx",
    "round new": "uit.json",
    "report chart": "uit.svg",
    "spec export": "uit.xlsx",
    "report melkvoeding": "uit.md",
}


class Faults:
    """The n-th change below a folder is refused by the system; 0 refuses none and only counts."""

    def __init__(self) -> None:
        self.folder, self.at, self.seen, self.events = "", 0, 0, []

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.folder or event not in EVENTS:
            return
        if event == "open" and not _writes(arguments):
            return
        paths = [os.fsdecode(a) for a in arguments[:2] if isinstance(a, str | bytes | os.PathLike)]
        if any(p.startswith(self.folder) for p in paths):
            self.step(event)

    def step(self, event: str) -> None:
        self.seen += 1
        self.events.append(event)
        if self.seen == self.at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    @contextmanager
    def on(self, folder: Path, at: int) -> Iterator[None]:
        self.folder, self.at, self.seen, self.events = str(folder), at, 0, []
        fsync = os.fsync

        def refusing(number: int) -> None:
            self.step("os.fsync")
            fsync(number)

        os.fsync = refusing
        try:
            yield
        finally:
            os.fsync = fsync
            self.folder = ""


def _writes(arguments: tuple[object, ...]) -> bool:
    mode, flags = (*arguments, None, None)[1:3]
    if isinstance(mode, str):
        return any(c in mode for c in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


FAULTS = Faults()
sys.addaudithook(FAULTS.hook)


def digest(path: Path) -> dict[str, str]:
    """Every file with its hash; a single file under the name ``."""
    if not path.exists():
        return {}
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return {
        str(p.relative_to(path)) if p != path else "": hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
    }


def whole(path: Path) -> bool:
    """Whether a file can be read to its end as what its name says."""
    data = path.read_bytes()
    if data[:4] == b"PAR1":
        import pyarrow.parquet as pq

        return pq.read_table(path) is not None
    if data[:2] == b"PK":
        return zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    if path.suffix == ".json" and data.count(b"\n{") == 0:
        return json.loads(data) is not None
    return True
