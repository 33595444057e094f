"""What the commands of `writing.py` are run on, each made once and when it is first asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bds_tool.base.specs import specs_dir

from .writing import ROUND, SAMPLES, TABLE

#: One of four does not hand in: the three others can be added up after a repair.
SEALED = tuple("A,B,C,D" if w == "A,B" else w for w in ROUND)


class Inputs(dict[str, str]):
    """Word → path, as `COMMANDS` name them; `released(result, target)` makes a result that may be shown."""

    def __init__(self, folder: Path, released: Callable[[Path, Path], None]) -> None:
        super().__init__()
        self.folder, self.released = folder, released

    def __contains__(self, word: object) -> bool:
        return hasattr(self, _maker(str(word)))

    def __missing__(self, word: str) -> str:
        name, _, who = word.partition("-")
        place = self.folder / word.lower()
        made = getattr(self, _maker(word))(place, who) if who else getattr(self, _maker(name))(place)
        self[word] = str(made or place)
        return self[word]

    def run(self, *arguments: object, codes: tuple[int, ...] = (0,)) -> None:
        from bds_tool.cli.main import run

        assert run([str(a) for a in arguments]) in codes, arguments

    def make_key(self, place: Path) -> None:
        place.write_text("a" * 64)

    def make_policy(self, place: Path) -> Path:
        """The children are few: a policy that lets nearly all of them fall out still writes something."""
        policy = (specs_dir() / "beleid" / "extract" / "onderzoek.yaml").read_text(encoding="utf-8")
        loose = policy.replace("\nl: 2", "\nl: 1").replace("most_dropped: 0.05", "most_dropped: 0.5")
        place = place.with_suffix(".yaml")
        place.write_text(loose.replace("id: onderzoek", "id: proef"), encoding="utf-8")
        return place

    def make_store(self, place: Path) -> None:
        self.run("convert", TABLE, place, "--to", "store", "-q")

    def make_found(self, place: Path) -> None:
        self.run("validate", self["STORE"], "--save", place, "-q", codes=(0, 1))

    def make_group(self, place: Path, who: str = "A") -> None:
        """Children of one organisation; those of another are other children."""
        self.run(
            "generate", "--children", 300, "--seed", 4 + "ABCD".index(who), "--bds", "4.1.3", "--themes", "groei,voeding", "-o", place, "-q"
        )  # fmt: skip

    def make_result(self, place: Path) -> None:
        self.run("indicator", "compute", self["GROUP"], "-o", place, "-i", "BF-BIRTH", "-q")

    def make_second(self, place: Path) -> None:
        self.run("indicator", "compute", self["GROUP-B"], "-o", place, "-i", "BF-BIRTH", "-q")

    def make_safe(self, place: Path) -> None:
        self.released(Path(self["RESULT"]), place)

    def make_safe2(self, place: Path) -> None:
        """Of an indicator that the other one lacks, so that both fit in one ledger."""
        counted = self.folder / "tweede.result"
        self.run("indicator", "compute", self["GROUP"], "-o", counted, "-i", "BF-3M", "-q")
        self.released(counted, place)

    def make_ledger(self, place: Path) -> None:
        self.run("protect", "ledger", place, "--add", self["SAFE"])

    def make_like(self, place: Path) -> Path:
        self.run("profile", TABLE, "--share", place.with_suffix(".json"), "-q")
        return place.with_suffix(".json")

    def make_record(self, place: Path) -> Path:
        self.run("--record", place.with_suffix(".json"), "profile", TABLE, "-q")
        return place.with_suffix(".json")

    def make_delivered(self, place: Path) -> None:
        for number, file in enumerate((TABLE, SAMPLES / "schoon" / "tabel-4.1.3" / "lang.xlsx")):
            self.run("store", "add", place, file, "--delivery", f"m{number}", "--organisation", "A", "-q")

    def make_settings(self, place: Path) -> None:
        place.write_text('lang = "nl"\n', encoding="utf-8")

    def make_package(self, place: Path) -> None:
        self._ends(place, "235", "245")

    def make_other(self, place: Path) -> None:
        """Adds a request and alters one, so that a merge has more than one file to write."""
        self._ends(place, "510", "276", "245")

    def _ends(self, place: Path, *elements: str) -> None:
        """A package in which these elements end, each by a request of its own."""
        self.run("change", "new", "4.1.3", "4.9.9", "-o", place)
        for element in elements:
            asked = ["--jgz", f"JGZ-{element}", "--cause", "x"]
            self.run("change", "add", place, "element-vervallen", element, *asked)

    def make_book(self, place: Path) -> Path:
        book = place.with_suffix(".xlsx")
        self.run("change", "table", self["PACKAGE"], "-o", book)
        return book

    def make_ask(self, place: Path) -> Path:
        self.run("round", "new", "-o", place.with_suffix(".json"), *ROUND)
        return place.with_suffix(".json")

    def make_answer(self, place: Path, who: str) -> None:
        self.run("round", "answer", self["ASK"], self[f"GROUP-{who}"], "--as", who, "-o", place)

    def make_asked(self, place: Path) -> Path:
        self.run("round", "new", "-o", place.with_suffix(".json"), *SEALED, "--sealed")
        return place.with_suffix(".json")

    def make_joined(self, place: Path, who: str) -> Path:
        own = self.folder / f"eigen-{who}"
        self.run("round", "join", self["ASKED"], self[f"GROUP-{who}"], "--as", who, "--own", own, "-o", place)
        self[f"OWN-{who}"] = str(own)
        return place

    def make_own(self, place: Path, who: str) -> str:
        return self[f"JOINED-{who}"] and self[f"OWN-{who}"]

    def make_started(self, place: Path) -> Path:
        joined = [self[f"JOINED-{who}"] for who in "ABCD"]
        self.run("round", "start", self["ASKED"], *joined, "-o", place.with_suffix(".json"))
        return place.with_suffix(".json")

    def make_sealed(self, place: Path, who: str) -> None:
        self.run("round", "answer", self["STARTED"], self[f"OWN-{who}"], "-o", place)

    def make_wanted(self, place: Path) -> Path:
        out = ("--ask-repair", place.with_suffix(".json"), "-o", self.folder / "nooit.result")
        sealed = [self[f"SEALED-{who}"] for who in "ABC"]
        self.run("round", "merge", self["STARTED"], *sealed, *out, codes=(0, 1))
        assert json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
        return place.with_suffix(".json")


def _maker(word: str) -> str:
    return f"make_{word.partition('-')[0].lower()}" if word.isupper() or "-" in word else "make_?"
