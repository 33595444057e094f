"""Every command that writes, with small inputs, and a shim that refuses the n-th change in the folder of its output."""

from __future__ import annotations

import ctypes
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
STUDY = SAMPLES.parent / "specs" / "studie" / "voorbeelden" / "groei-2-jaar.yaml"
ROUND = (
    "-i",
    "BF-BIRTH",
    "--participants",
    "A,B",
    "--title",
    "T",
    "--organiser",
    "O",
    "--deadline",
    "2099-01-01",
)
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

#: command → arguments; OUT is what is written (a file or a folder), other words in capitals are made before (`inputs.py`).
#: Every option and argument of every command that names what is written is OUT once: a test holds that.
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
    "cohort": ("cohort", str(STUDY), "STORE", "--to", "OUT"),
    "spec export": ("spec", "export", "xlsx", "-o", "OUT"),
    "spec list": ("spec", "list", "-o", "OUT"),
    "change apply": ("change", "apply", "4.1.3-4.2.0", "--out", "OUT"),
    "zib export": ("zib", "export", "STORE", "OUT", "--key-file", "KEY", "--workers", "1"),
    "zib export-map": ("zib", "export-map", "OUT"),
    "zib coverage": ("zib", "coverage", "STORE", "-o", "OUT"),
    "indicator compute": ("indicator", "compute", "STORE", "-o", "OUT", "-i", "BF-BIRTH"),
    "round new": ("round", "new", "-o", "OUT", *ROUND),
    "indicator sql": ("indicator", "sql", "--dialect", "duckdb", "-i", "BF-BIRTH", "-o", "OUT"),
    "indicator list": ("indicator", "list", "-o", "OUT"),
    "protect run": ("protect", "run", "RESULT", "--to", "OUT"),
    "report table": ("report", "table", "SAFE", "-o", "OUT", "--format", "csv"),
    "report chart": ("report", "chart", "SAFE", "-i", "BF-BIRTH", "-o", "OUT"),
    "report site": ("report", "site", "SAFE", "-o", "OUT", "--demo"),
    "report melkvoeding": ("report", "melkvoeding", "SAFE", "-o", "OUT"),
    "report pdf": ("report", "pdf", "SAFE", "--area", "Groningen", "-o", "OUT"),
    "convert -o": ("convert", str(TABLE), "--to", "csv", "-o", "OUT"),
    "convert --write": ("convert", str(TABLE), "--explain", "--write", "OUT"),
    "generate --manifest": ("generate", "--children", "2", "--defects", "standaard", "--manifest", "OUT", "-o", "OUT.bds"),
    "store add": ("store", "add", "OUT", str(MESSAGE), "--delivery", "m2", "--organisation", "A"),
    "store replace": ("store", "replace", "OUT", str(TABLE.with_suffix(".ndjson")), "--delivery", "m1", "--organisation", "A"),
    "store drop": ("store", "drop", "OUT", "--delivery", "m1"),
    "store list": ("store", "list", "DELIVERED", "-o", "OUT"),
    "store verify": ("store", "verify", "DELIVERED", "-o", "OUT"),
    "anonymise": ("anonymise", "GROUP", "--elements", "235", "--policy", "POLICY", "--birth", "4year", "--without", "opleiding_ouder", "--to", "OUT", "--key-file", "KEY", "--k", "2"),
    "area check": ("area", "check", "STORE", "-o", "OUT"),
    "findings compare": ("findings", "compare", "FOUND", "FOUND", "-o", "OUT"),
    "indicator merge": ("indicator", "merge", "RESULT", "SECOND", "-o", "OUT"),
    "indicator show": ("indicator", "show", "BF-BIRTH", "-o", "OUT"),
    "indicator test": ("indicator", "test", "BF-BIRTH", "-o", "OUT"),
    "indicator new": ("indicator", "new", "EIGEN", "--in", "OUT"),
    "protocol new": ("protocol", "new", "eigen", "-o", "OUT"),
    **{f"protocol {w}": ("protocol", w, *n, "-o", "OUT") for w, *n in (["list"], ["show", "activiteit"], ["check"], ["test", "activiteit"])},
    **{f"spec {w}": ("spec", w, *n, "-o", "OUT") for w, *n in (["versions"], ["show", "235"], ["search", "gewicht"], ["values", "W0114"], ["path", "235"], ["diff", "4.1.3", "4.2.0"])},
    "spec eject": ("spec", "eject", "OUT", "beleid/extract"),
    **{f"change {w}": ("change", w, *n, "-o", "OUT") for w, *n in (["list"], ["show", "4.1.3-4.2.0"], ["requests", "4.1.3-4.2.0"], ["notes", "4.1.3-4.2.0"], ["check", "PACKAGE", "--fail-on", "never"], ["table", "PACKAGE"])},
    "change requests --page": ("change", "requests", "4.1.3-4.2.0", "--page", "OUT"),
    "change new": ("change", "new", "4.1.3", "4.2.0", "-o", "OUT"),
    "change new (file)": ("change", "new", "4.1.3", "4.2.0", "-o", "OUT"),
    "change add": ("change", "add", "OUT", "element-hernoemd", "276", "--set", "naam=Bewegen", "--jgz", "JGZ-1"),
    "change merge": ("change", "merge", "OUT", "OTHER"),
    "change merge -o": ("change", "merge", "PACKAGE", "OTHER", "-o", "OUT"),
    "change table --read": ("change", "table", "PACKAGE", "--read", "BOOK", "-o", "OUT"),
    **{f"zib {w}": ("zib", w, *n, "-o", "OUT") for w, *n in (["show", "235"], ["search", "gewicht"], ["check"])},
    "round join": ("round", "join", "ASKED", "STORE", "--as", "A", "--own", "OUT.eigen", "-o", "OUT"),
    "round join --own": ("round", "join", "ASKED", "STORE", "--as", "A", "--own", "OUT", "-o", "OUT.json"),
    "round start": ("round", "start", "ASKED", "JOINED-A", "JOINED-B", "JOINED-C", "JOINED-D", "-o", "OUT"),
    "round answer": ("round", "answer", "ASK", "GROUP", "--as", "A", "-o", "OUT"),
    "round repair": ("round", "repair", "STARTED", "WANTED", "--own", "OWN-A", "-o", "OUT"),
    "round merge": ("round", "merge", "ASK", "ANSWER-A", "ANSWER-B", "-o", "OUT"),
    "round merge --internal": ("round", "merge", "ASK", "ANSWER-A", "ANSWER-B", "--internal", "OUT", "-o", "OUT.veilig"),
    "round merge --ask-repair": ("round", "merge", "STARTED", "SEALED-A", "SEALED-B", "SEALED-C", "--ask-repair", "OUT", "-o", "OUT.veilig"),
    "protect run --internal": ("protect", "run", "RESULT", "--internal", "OUT", "--to", "OUT.veilig"),
    "protect run --statement": ("protect", "run", "RESULT", "--statement", "OUT", "--to", "OUT.veilig"),
    "protect run --ledger": ("protect", "run", "RESULT", "--ledger", "OUT", "--to", "OUT.veilig"),
    "protect audit": ("protect", "audit", "SAFE", "-o", "OUT"),
    "protect compare": ("protect", "compare", "RESULT", "--policy", "ncj-strict", "-o", "OUT"),
    "protect ledger": ("protect", "ledger", "OUT", "--add", "SAFE2"),
    "protect ledger -o": ("protect", "ledger", "LEDGER", "-o", "OUT"),
    "protect policy list": ("protect", "policy", "list", "-o", "OUT"),
    "protect policy show": ("protect", "policy", "show", "ncj-strict", "-o", "OUT"),
}  # fmt: skip
#: Commands that change what stands there, or refuse to replace it: what they are run on; "" is nothing at all.
SEEDS = {
    "store add": "DELIVERED", "store replace": "DELIVERED", "store drop": "DELIVERED", "change add": "PACKAGE", "change merge": "PACKAGE",
    "protect ledger": "LEDGER", "protect run --ledger": "", "indicator new": "", "protocol new": "", "spec eject": "",
    "convert --write": "SETTINGS", "change new": "", "change new (file)": "", "change table --read": "", "change merge -o": "",
}  # fmt: skip
#: Commands that wait for a day: what they take for now.
MOMENTS = {"round repair": "4102444800"}
NAMES = {
    "zib export-map": "uit.xlsx",
    "round new": "uit.json",
    "report chart": "uit.svg",
    "spec export": "uit.xlsx",
    "report melkvoeding": "uit.md",
    "report pdf": "uit.pdf",
    "change table": "uit.xlsx",
    "change new (file)": "uit.yaml",
    "generate": "uit.bds",
    "convert --write": "bds.toml",
    "protect run --internal": "uit.csv",
}


def arguments(name: str, target: Path, made: dict[str, str]) -> list[str]:
    """The words of a command with the paths of its inputs and output."""
    return [made[a] if a in made else a.replace("OUT", str(target)) for a in COMMANDS[name]]


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


class NativeFaults:
    """The same of every call to the system, whoever makes it; for a process that was begun with `refusing.c`."""

    def __init__(self) -> None:
        self._shim = ctypes.CDLL(None)
        self._shim.refused_event.restype = ctypes.c_char_p

    @property
    def seen(self) -> int:
        return int(self._shim.refused_of())

    @property
    def events(self) -> list[str]:
        return [self._shim.refused_event(n).decode() for n in range(1, self.seen + 1)]

    @contextmanager
    def on(self, folder: Path, at: int) -> Iterator[None]:
        self._shim.refuse_below(os.fsencode(folder), at, errno.EIO)
        try:
            yield
        finally:
            self._shim.refuse_nothing()


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
