"""What who asked does: start a sealed round, look at what came in, and add it up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.files import atomic_file
from bds_tool.base.text import t
from bds_tool.indicators.merge import merge, write_added
from bds_tool.indicators.result import Result
from bds_tool.indicators.rounds.answer import LAYOUT, MANIFEST, MASKED, RESULT, checked
from bds_tool.indicators.rounds.cells import cells, counts_of, length
from bds_tool.indicators.rounds.frame import words
from bds_tool.indicators.rounds.messages import Joined, SentFile
from bds_tool.indicators.rounds.received import own_words, told_in
from bds_tool.indicators.rounds.request import LEAST_SEALED, SEALED, RoundRequest

if TYPE_CHECKING:
    from bds_tool.indicators.rounds.cells import Numbers


def start(request: RoundRequest, joins: Sequence[Path]) -> RoundRequest:
    """The request with the keys and cells of all participants. Raises UsageError when one lacks or is there twice."""
    if request.mode != SEALED or request.started:
        raise UsageError(
            t(
                "Alleen een verzegelde ronde die nog niet liep, begint zo.",
                "Only a sealed round that did not run yet begins like this.",
            )
        )
    told = [_join(request, path) for path in joins]
    names = [str(j["name"]) for j in told]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise UsageError(
            t(f"Twee aanmeldingen van {', '.join(twice)}.", f"Two joins of {', '.join(twice)}."),
            t("Vraag welke geldt.", "Ask which one holds."),
        )
    if lacking := [p for p in request.participants if p not in names]:
        raise UsageError(
            t(
                f"Er is nog geen aanmelding van {', '.join(lacking)}.",
                f"There is no join yet of {', '.join(lacking)}.",
            ),
            t("Wacht, of maak een nieuw verzoek zonder hen.", "Wait, or make a new request without them."),
        )
    if any(len({j["keys"][k] for j in told}) < len(told) for k in ("mask", "sign")):
        raise UsageError(
            t("Twee deelnemers hebben dezelfde sleutel.", "Two participants have the same key."),
            t("Ieder meldt zich zelf aan, met `bds round join`.", "Each joins by itself, with `bds round join`."),
        )  # fmt: skip
    divisions = {json.dumps(j.get("division")) for j in told}
    if len(divisions) > 1:
        raise UsageError(
            t(
                "De aanmeldingen gebruiken verschillende gebiedsindelingen.",
                "The joins use different divisions of areas.",
            )
        )
    places: dict[tuple[str, str], tuple[str, str, str | None, str]] = {}
    for join in told:
        for level, area, parent, name in join["places"]:
            places.setdefault((str(level), str(area)), (str(level), str(area), parent, str(name)))
    return replace(
        request,
        keys={str(j["name"]): dict(j["keys"]) for j in sorted(told, key=lambda j: str(j["name"]))},
        places=tuple(places[k] for k in sorted(places)),
        values=words(request),
    )


def _join(request: RoundRequest, path: Path) -> Joined:
    try:
        told = told_in(path, "aanmelding")
        if told["round"] != request.id:
            raise ValueError
        request.member(told["name"])
    except (OSError, ValueError) as error:
        raise UnreadableError(
            t(f"{path} is geen aanmelding voor deze ronde.", f"{path} is no join of this round.")
        ) from error
    return told


@dataclass
class Received:
    """What came in: the folder of each good answer; who is missing; and what was refused, with why."""

    good: dict[str, Path] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def received(request: RoundRequest, folders: Sequence[Path], kind: str = "answer") -> Received:
    """Look at answers (or repairs). Two different ones of one participant are both refused; the same one twice counts once."""
    found = Received()
    content: dict[str, list[SentFile]] = {}
    doubtful: set[str] = set()
    for folder in folders:
        told, wrong = checked(request, folder, kind)
        name = str(told["name"])
        if wrong:
            found.refused.append((name, wrong))
        elif content.setdefault(name, told["files"]) != told["files"]:
            doubtful.add(name)
        else:
            found.good[name] = folder
    for name in sorted(doubtful):
        del found.good[name]
        found.refused.append((name, t("gaf twee verschillende antwoorden", "gave two different answers")))
    found.missing = [p for p in request.participants if p not in found.good]
    return found


def add(
    request: RoundRequest,
    answers: Sequence[Path],
    repairs: Sequence[Path],
    target: Path,
    *,
    allow_missing: bool = False,
    replace_: bool = False,
) -> tuple[Result | None, Received]:
    """Add up. Gives no result when the sum cannot be read yet: then `Received.missing` says of whom masks are needed."""
    found = received(request, answers)
    if request.mode != SEALED:
        if found.missing and not allow_missing:
            return None, found
        # What protects the sum (what is sensitive, what adds up to what) is said here and not by who answered.
        words = {k: v for k, v in own_words(request).items() if k in ("definitions", "relations")}
        return merge(
            [found.good[n] / RESULT for n in found.good], target, replace=replace_, said=words
        ), found
    if found.missing and len(found.good) < LEAST_SEALED:
        raise UsageError(
            t(
                "Minder dan drie bruikbare antwoorden: deze ronde is niet op te tellen.",
                "Fewer than three usable answers: this round cannot be added up.",
            ),
            t("Begin een nieuwe ronde.", "Begin a new round."),
        )
    every = cells(request)
    size = length(request, every)
    total = _sum([found.good[n] for n in found.good], size)
    if found.missing:
        helped = received(request, repairs, "repair")
        found.refused += helped.refused
        lacking = [
            n for n in found.good if n not in helped.good or _missing(helped.good[n]) != sorted(found.missing)
        ]
        if lacking:
            found.refused += [
                (n, t("gaf nog geen passend herstel", "gave no fitting repair yet"))
                for n in lacking
                if repairs
            ]
            return None, found
        total = total - _sum([helped.good[n] for n in found.good], size)
    meta = own_words(request)
    meta["notes"]["round"] = [
        t(f"verzegelde ronde: som van {len(found.good)} van {len(request.participants)} organisaties",
          f"sealed round: sum of {len(found.good)} of {len(request.participants)} organisations")
    ]  # fmt: skip
    meta["round"] = {
        "id": request.id,
        "request": request.hash,
        "answered": sorted(found.good),
        "missing": found.missing,
    }
    return write_added(counts_of(request, total, every), meta, target, replace=replace_), found


def _missing(folder: Path) -> list[str]:
    return sorted(set(told_in(folder / MANIFEST, "antwoord").get("missing", [])))


def _sum(folders: Sequence[Path], size: int) -> Numbers:
    """The masked numbers added up, modulo 2^64. Raises UnreadableError for one of another length."""
    import numpy as np

    total = np.zeros(size, dtype=np.uint64)
    for folder in folders:
        if (folder / MASKED).stat().st_size != 8 * size:
            raise UnreadableError(
                t(
                    f"{folder} heeft een andere omvang dan het verzoek zegt.",
                    f"{folder} has another size than the request says.",
                )
            )
        total += np.fromfile(folder / MASKED, dtype="<u8")
    return total


def ask_repair(request: RoundRequest, found: Received, path: Path) -> None:
    """Write the question to those that answered: the masks with those that did not."""
    told = {
        "bds_round": LAYOUT,
        "kind": "repair request",
        "request": request.hash,
        "missing": sorted(found.missing),
    }
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
