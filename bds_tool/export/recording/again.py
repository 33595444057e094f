"""Doing again what an account says (`base.recording`), with its outputs elsewhere, and telling what became another."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from bds_tool.base import clock, guard
from bds_tool.base.checked_yaml import faults
from bds_tool.base.errors import MALFORMED, UnreadableError, UsageError
from bds_tool.base.files import scratch
from bds_tool.base.names import child as child_of
from bds_tool.base.recording import CHILD, MASK, Digest, Record
from bds_tool.base.small import small_text
from bds_tool.base.text import t


@dataclass(frozen=True)
class Difference:
    """`kind`: `outcome` for what came out, `cause` for what went in; `what` in words; both sides as text."""

    kind: str
    what: str
    before: str
    now: str


def read_record(path: Path) -> Record:
    """An account. Raises UnreadableError for a file that is none."""
    try:
        found = json.loads(small_text(path))
    except MALFORMED as error:
        raise _none(path) from error
    if wrong := faults(found, "verslag") or _unlike(found):
        raise _none(path, "; ".join(wrong[:2]))
    return cast("Record", found)


def _unlike(record: Record) -> list[str]:
    """What the schema lets pass and no account says: an output that is no argument, a day that is none, a name that is none."""
    command, wrong = record["command"], []
    for output in record["outputs"]:
        at, path = output["argument"], output["path"]
        if at is not None and not (at < len(command) and command[at].endswith(path) and Path(path).name):
            wrong.append(t("een uitvoer staat niet in de opdracht", "an output is not in the command"))
    try:
        datetime.fromisoformat(record["moment"]).timestamp()
    except (ValueError, OverflowError):
        wrong.append(t("het moment bestaat niet", "the moment does not exist"))
    if any("\0" in word or not _text(word) for word in (*command, *(i["path"] for i in record["inputs"]))):
        wrong.append(t("een woord is geen tekst", "a word is no text"))
    return wrong


def _text(word: str) -> bool:
    """Whether a word can be given to a program."""
    try:
        os.fsencode(word)
    except ValueError:
        return False
    return True


def _none(path: Path, why: str = "") -> UnreadableError:
    return UnreadableError(
        t(f"{path} is geen verslag van bds. {why}".strip(), f"{path} is no record of bds. {why}".strip()),
        t(
            "Maak er een met `bds --record BESTAND OPDRACHT`.",
            "Make one with `bds --record FILE COMMAND`.",
        ),
    )


def again(record: Record, child: str = "") -> list[Difference]:
    """What is another now; an empty list when the same went in and came out. `child`: the key of the dossier it was about.

    Runs in a process of its own, at the moment of the account, with what it writes in a folder that goes. Raises
    UsageError for what cannot be done again.
    """
    _possible(record, child)
    with scratch() as folder:
        made, told = folder / "verslag.json", folder / "gezegd.txt"
        arguments = [a.replace(MASK, child) if _about_child(record["command"], i) else a for i, a in enumerate(record["command"])]  # fmt: skip
        places = {}
        for output in record["outputs"]:
            at = output["argument"]
            if at is None:  # `_possible` has refused it
                continue
            given = Path(output["path"])
            place = child_of(child_of(folder, str(at)), given.stem, given.suffix)
            place.parent.mkdir()
            arguments[at] = arguments[at].removesuffix(output["path"]) + str(place)
            places[str(place)] = output["path"]
        moment = datetime.fromisoformat(record["moment"])
        environment = {
            **os.environ,
            clock.VARIABLE: str(int(moment.timestamp())),
            "BDS_LANG": record["language"],
            guard.FENCE: str(folder),
        }
        with told.open("wb") as out:
            subprocess.run(  # noqa: S603  # our own program; the arguments never meet a shell
                [sys.executable, "-m", "bds_tool", "--record", str(made), *arguments],
                env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        if not made.is_file():
            raise UsageError(
                t("De opdracht van dit verslag kon niet beginnen.", "The command of this record could not begin."),
                t("Voer hem zelf uit: bds zegt dan wat er mis is.", "Run it yourself: bds then says what is wrong."),
            )  # fmt: skip
        now = read_record(made)
        said = told.read_bytes()
        for here, path in places.items():  # a command that names what it made names another place here
            said = said.replace(here.encode(), path.encode())
        now["stdout"]["sha256"] = hashlib.sha256(said).hexdigest()
    return differences(record, now)


def _about_child(command: list[str], at: int) -> bool:
    return (at > 0 and command[at - 1] in CHILD) or command[at].partition("=")[0] in CHILD


def _possible(record: Record, child: str) -> None:
    missing = [i["path"] for i in record["inputs"] if not Path(i["path"]).exists()]
    if missing:
        raise UsageError(
            t(f"{missing[0]} is er niet.", f"{missing[0]} is not there."),
            t("Herhaal in de map waar de opdracht toen is gegeven.", "Repeat in the folder where the command was given."),
        )  # fmt: skip
    why = ""
    if record["stdin"]:
        why = t("Er is van stdin gelezen, en dat is niet bewaard.", "It read stdin, and that was not kept.")
    elif any(o["edited"] for o in record["outputs"]):
        why = t("De opdracht werkte iets bij wat er stond; herhalen zou dat nog eens doen.",
                "The command changed what stood there; repeating would change it once more.")  # fmt: skip
    elif any(o["argument"] is None for o in record["outputs"]):
        why = t("De opdracht schreef op een plaats die niet in de opdracht staat.",
                "The command wrote to a place that the command does not name.")  # fmt: skip
    if why:
        raise UsageError(
            t(f"Dit is niet te herhalen. {why}", f"This cannot be repeated. {why}"),
            t("`bds rerun VERSLAG --page BESTAND` laat zien wat is vastgelegd.",
              "`bds rerun RECORD --page FILE` shows what was recorded."),
        )  # fmt: skip
    if any(_about_child(record["command"], i) for i in range(len(record["command"]))) and not child:
        raise UsageError(
            t("Deze opdracht ging over één dossier; de sleutel daarvan staat niet in het verslag.",
              "This command was about one dossier; its key is not in the record."),
            t("Geef --id SLEUTEL.", "Give --id KEY."),
        )  # fmt: skip


def differences(before: Record, now: Record) -> list[Difference]:
    """What differs between two accounts: first what came out, then what went in."""
    found: list[Difference] = []

    def hold(kind: str, what: str, one: object, other: object) -> None:
        if one != other:
            found.append(Difference(kind, what, _shown(one), _shown(other)))

    outcome, cause = "outcome", "cause"
    hold(outcome, t("exitcode", "exit code"), before["exit_code"], now["exit_code"])
    hold(outcome, "stdout", before["stdout"]["sha256"], now["stdout"]["sha256"])
    old, new = ({o["argument"]: o for o in r["outputs"]} for r in (before, now))
    for at in sorted({*old, *new}, key=str):
        path = (old.get(at) or new[at])["path"]
        hold(outcome, t(f"uitvoer {path}", f"output {path}"), _hash(old.get(at)), _hash(new.get(at)))
    was, been = ({i["path"]: i for i in r["inputs"]} for r in (before, now))
    for path in dict.fromkeys((*was, *been)):
        hold(cause, t(f"invoer {path}", f"input {path}"), _hash(was.get(path)), _hash(been.get(path)))
    hold(cause, t("instellingen", "settings"), _hash(before["settings"]), _hash(now["settings"]))
    then, since = (r["definitions"]["parts"] if r["definitions"] else {} for r in (before, now))
    for part in sorted({*then, *since}):
        hold(cause, t(f"definities in {part}", f"definitions in {part}"), then.get(part), since.get(part))
    one, other = before["program"], now["program"]
    hold(cause, t("versie van bds", "version of bds"), one["bds"], other["bds"])
    if one["bds"] == other["bds"]:
        hold(cause, t("programma", "program"), one["code"], other["code"])
    hold(cause, "Python", one["python"], other["python"])
    for name in sorted({*one["libraries"], *other["libraries"]}):
        hold(cause, name, one["libraries"].get(name), other["libraries"].get(name))
    hold(cause, t("dag die als vandaag geldt", "day that counts as today"), before["day"], now["day"])
    hold(cause, t("geheime sleutel gebruikt", "secret key used"), before["key_used"], now["key_used"])
    return found


def _hash(part: Digest | None) -> str | None:
    return part["sha256"] if part else None


def _shown(value: object) -> str:
    if value is None:
        return t("niet", "none")
    text = str(value)
    return text[:12] if len(text) == 64 else text
