"""A store of deliveries: each is a store of its own, read once, and one file says which of them count.

`NAME.bds/delen/000003/` is what one delivery gave; `_store.json` above lists the deliveries that belong to the store. That
file is replaced in one step, so a run that is killed leaves the old list, and what it made is no part of it.
`NAME.bds/bewaard/` holds what was worked out before (judgements); it may be thrown away.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from bds_tool import __version__
from bds_tool.base.errors import MALFORMED, UnreadableError, UsageError
from bds_tool.base.files import atomic_file, mark
from bds_tool.base.json_types import JsonObject
from bds_tool.base.leftovers import sweep
from bds_tool.base.refusals import refusals
from bds_tool.base.small import small_text
from bds_tool.base.text import t

#: Layout of a store of deliveries; a store of one piece has layout 1.
LAYOUT = 2
FOLDER, KEPT = "delen", "bewaard"
INDEX = "_store.json"
#: Numbers of parts are six digits.
_MOST = 1_000_000
#: The files of a part whose content is kept as a hash.
FILES = ("registraties.parquet", "bronnen.parquet", "meldingen.parquet")


@dataclass(frozen=True)
class Part:
    """One delivery: its number in the store, whose it is, its name there, when it was read, and what it holds.

    `files`: name → SHA-256; `sources`: SHA-256 of the files that were read.
    """

    number: int
    organisation: str
    delivery: str
    added: str
    rows: int
    dossiers: int
    files: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)

    @classmethod
    def told(cls, facts: dict[str, Any]) -> Self:
        """As the list of a store says it; raises ValueError or TypeError for what is no such delivery."""
        made = cls(**facts)
        wanted = {"number": int, "rows": int, "dossiers": int, "files": dict, "sources": list}
        wrong = [k for k, v in asdict(made).items() if type(v) is not wanted.get(k, str)]
        if wrong or not 0 < made.number < _MOST:
            raise ValueError
        if not all(isinstance(w, str) for w in (*made.files, *made.files.values(), *made.sources)):
            raise ValueError
        return made

    def folder(self, store: Path) -> Path:
        return store / FOLDER / f"{self.number:06}"

    @property
    def name(self) -> str:
        """Organisation and delivery, as people say it."""
        return f"{self.organisation} {self.delivery}".strip()


@dataclass(frozen=True)
class Index:
    """What `_store.json` of a store of deliveries says. `next`, `bron` and `inner` are the numbers to give out next."""

    parts: tuple[Part, ...] = ()
    next: int = 1
    bron: int = 1
    inner: int = 0

    @classmethod
    def read(cls, store: Path) -> Self:
        """Raises UnreadableError when there is no such store."""
        try:
            told = json.loads(small_text(store / INDEX))
            if int(told["layout"]) != LAYOUT:
                raise ValueError
            parts = tuple(Part.told(p) for p in told["parts"])
            return cls(parts, int(told["next"]), int(told["bron"]), int(told["inner"]))
        except MALFORMED as error:
            raise UnreadableError(
                t(f"{store} is geen gegevensmap van leveringen.", f"{store} is no store of deliveries."),
                t(
                    "Maak er een met `bds store add NAAM.bds LEVERING --delivery 2026-01`.",
                    "Make one with `bds store add NAME.bds DELIVERY --delivery 2026-01`.",
                ),
            ) from error

    def write(self, store: Path) -> None:
        """Replace the list in one step; what is no longer on it goes afterwards."""
        told: JsonObject = {
            "layout": LAYOUT,
            "bds": __version__,
            "rijen": sum(p.rows for p in self.parts),
        }
        told |= {"next": self.next, "bron": self.bron, "inner": self.inner}
        told["parts"] = [asdict(p) for p in self.parts]
        with refusals(store):
            mark(store, also=(INDEX,))
        with atomic_file(store / INDEX, private=True, own=True) as temporary:
            temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        clear(store, self)

    def find(self, organisation: str, delivery: str) -> Part | None:
        return next((p for p in self.parts if (p.organisation, p.delivery) == (organisation, delivery)), None)

    def one(self, organisation: str, delivery: str, *, some: bool = False) -> Part:
        """The part of a delivery; the organisation may be left out when it is not needed. `some`: any of several will do.

        Raises UsageError when there is none, or more than one.
        """
        found = [p for p in self.parts if p.delivery == delivery and organisation in ("", p.organisation)]
        if len(found) == 1 or (found and some):
            return found[0]
        if found:
            names = ", ".join(p.organisation or "-" for p in found)
            raise UsageError(
                t(f"Levering {delivery} is er van meer organisaties: {names}.",
                  f"Delivery {delivery} is there of several organisations: {names}."),
                t("Zeg met --organisation welke.", "Say with --organisation which."),
            )  # fmt: skip
        raise UsageError(
            t(
                f"Levering {delivery} staat niet in de gegevensmap.",
                f"Delivery {delivery} is not in the store.",
            ),
            t("`bds store list NAAM.bds` toont wat er is.", "`bds store list NAME.bds` shows what is there."),
        )

    def with_(self, part: Part, instead: Part | None = None) -> Index:
        """The list with a part at its end, or in the place of another."""
        parts = [part if p is instead else p for p in self.parts] if instead else [*self.parts, part]
        return replace(self, parts=tuple(parts))

    def without(self, part: Part) -> Index:
        return replace(self, parts=tuple(p for p in self.parts if p is not part))


def clear(store: Path, index: Index) -> None:
    """Take away parts that are on no list (of a run that was killed, or dropped) and what was kept about them."""
    # A link would lead out of the store, where nothing is ours to take away.
    if any((store / name).is_symlink() for name in (FOLDER, KEPT)):
        return
    sweep(store / FOLDER)
    numbers = {p.number for p in index.parts}
    with suppress(OSError):
        for folder in (store / FOLDER).iterdir():
            if folder.name.isdecimal() and int(folder.name) not in numbers:
                shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        for file in (store / KEPT).iterdir():
            number = file.name.partition("-")[0]
            if number.isdecimal() and int(number) not in numbers:
                file.unlink(missing_ok=True)


@contextmanager
def alone(store: Path) -> Iterator[None]:
    """No other run changes the store meanwhile; raises UsageError when one does. The system lifts it from a killed run."""
    try:
        import fcntl
    except (
        ImportError
    ):  # Windows: there the folder of the next part is made once, and the second run is refused
        yield
        return
    with refusals(store):
        slot = (store / ".slot").open("w")
    with slot as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                t(
                    f"{store} wordt door een andere opdracht gewijzigd.",
                    f"{store} is being changed by another command.",
                ),
                t("Wacht tot die klaar is.", "Wait until it is done."),
            ) from error
        yield


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(store: Path) -> list[tuple[Part, list[str]]]:
    """Each part with those of its files that are gone or are not what was read."""
    found = []
    for part in Index.read(store).parts:
        folder = part.folder(store)
        wrong = [n for n in FILES if not (folder / n).is_file() or sha256(folder / n) != part.files.get(n)]
        found.append((part, wrong))
    return found


def twice(parts: Sequence[Part], sources: Sequence[str]) -> Part | None:
    """The part that was made from one of these files already."""
    wanted = set(sources)
    return next((p for p in parts if wanted & set(p.sources)), None)
