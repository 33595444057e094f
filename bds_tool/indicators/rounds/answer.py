"""What a participant does: join a sealed round, answer, and after the deadline help when others did not.

What leaves the house is named file by file; what stays (private keys, own counts) is in a folder of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.files import atomic_dir, atomic_file
from bds_tool.base.small import small_text
from bds_tool.base.text import number, t
from bds_tool.indicators.result import COUNTS_FILE, META_FILE, Result, read_result
from bds_tool.indicators.rounds import frame, packages
from bds_tool.indicators.rounds.cells import cells, numbers
from bds_tool.indicators.rounds.masking import Keys, mask, signed
from bds_tool.indicators.rounds.messages import Answer, Secret
from bds_tool.indicators.rounds.received import told_in, unlike
from bds_tool.indicators.rounds.request import LEAST_SEALED, OPEN, SEALED, RoundRequest, canonical, page

if TYPE_CHECKING:
    from bds_tool.store.store import Store

LAYOUT = 1
MANIFEST, MASKED, SECRET, RESULT = "antwoord.json", "gemaskeerd.bin", "geheim.json", "eigen.result"


def compute(
    request: RoundRequest, store: Store, target: Path, areas: Sequence[Path], area_year: int | None
) -> Result:
    """Count what a request asks over a store."""
    from bds_tool.indicators.run import compute as run

    reference = str(request.settings["reference"])
    return run(store, request.plan(), target, area_paths=areas, area_year=area_year, reference=reference)


def join(
    request: RoundRequest,
    name: str,
    store: Store,
    own: Path,
    out: Path,
    areas: Sequence[Path],
    area_year: int | None,
    *,
    replace: bool = False,
) -> None:
    """Take part in a sealed round: `own` stays here (keys and counts), `out` goes to who asked.

    `out` holds the public keys and the names of areas that can have children (see `frame`), without counts.
    """
    request.member(name)
    _require(request, SEALED)
    if request.started:
        raise UsageError(t("Deze ronde is al begonnen.", "This round has begun already."))
    keys = Keys.fresh()
    with atomic_file(out) as temporary, atomic_dir(own, replace=replace, private=True) as folder:
        result = compute(request, store, folder / RESULT, areas, area_year)
        (folder / SECRET).write_text(_secret(request, name, keys), encoding="utf-8")
        told = {
            "bds_round": LAYOUT,
            "kind": "join",
            "round": request.id,
            "name": name,
            "keys": keys.public(),
            "division": result.meta["area_tables"].get("division"),
            "places": [list(place) for place in frame.places(request, store, areas, area_year)],
        }
        temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def answer(
    request: RoundRequest,
    name: str,
    store: Store,
    out: Path,
    areas: Sequence[Path],
    area_year: int | None,
    today: date,
    *,
    replace: bool = False,
) -> Answer:
    """Answer an open round: the counts as they are, with the list of what leaves. Gives the manifest."""
    request.member(name)
    _require(request, OPEN)
    _in_time(request, today)
    with atomic_dir(out, replace=replace, private=True) as folder:
        if request.package:
            told = packages.count(request, store)
            (folder / packages.COUNTS).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
            return _manifest(folder, request, name, "answer", [packages.COUNTS], today)
        compute(request, store, folder / RESULT, areas, area_year)
        files = [f"{RESULT}/{COUNTS_FILE}", f"{RESULT}/{META_FILE}"]
        for extra in (folder / RESULT).iterdir():
            if f"{RESULT}/{extra.name}" not in files:
                extra.unlink()
        return _manifest(folder, request, name, "answer", files, today)


def answer_sealed(
    request: RoundRequest, own: Path, out: Path, today: date, *, replace: bool = False
) -> Answer:
    """Answer a sealed round from the folder that `join` made. Gives the manifest.

    A second answer with other counts is refused: the difference of the two would be readable.
    """
    _require(request, SEALED)
    _in_time(request, today)
    secret, name, keys = _opened(request, own)
    if request.keys[name] != keys.public():
        raise UsageError(
            t("De sleutels van deze deelnemer in het verzoek zijn andere dan hier.", "The keys of this participant in the request are others than here."),
            t("Iemand heeft ze verwisseld: antwoord niet, en meld het.", "Somebody changed them: do not answer, and report it."),
        )  # fmt: skip
    every = cells(request)
    plain = numbers(request, read_result(own / RESULT).counts().collect(), every)
    _once(own, secret, "answer", hashlib.sha256(plain.tobytes() + request.hash.encode()).hexdigest())
    noise = mask(keys, name, request.participants, request.keys, bytes.fromhex(request.hash), len(plain))
    with atomic_dir(out, replace=replace) as folder:
        (folder / MASKED).write_bytes((plain + noise).astype("<u8").tobytes())
        return _manifest(folder, request, name, "answer", [MASKED], today, keys)


def repair(
    request: RoundRequest, wanted: Path, own: Path, out: Path, today: date, *, replace: bool = False
) -> Answer:
    """Give the sum of the masks with those that did not answer, so that the rest can be added up. Gives the manifest.

    Only after the deadline, once, and while at least three answered: a late answer could be read with it.
    """
    _require(request, SEALED)
    secret, name, keys = _opened(request, own)
    missing = wanted_repair(request, wanted)
    if not request.late(today):
        raise UsageError(
            t(f"Herstellen kan pas na {request.deadline}: wie nu nog antwoordt, zou te lezen zijn.",
              f"Repair is only possible after {request.deadline}: who answers before that could be read."),
        )  # fmt: skip
    if name in missing:
        raise UsageError(
            t("Uw eigen antwoord is niet ontvangen of geweigerd; u kunt deze ronde niet herstellen.",
              "Your own answer was not received or was refused; you cannot repair this round."),
        )  # fmt: skip
    if len(request.participants) - len(missing) < LEAST_SEALED:
        raise UsageError(
            t("Er blijven minder dan drie antwoorden over: dan is de som geen som meer.",
              "Fewer than three answers are left: then the sum is no longer one."),
            t("Begin een nieuwe ronde.", "Begin a new round."),
        )  # fmt: skip
    if "answer" not in secret:
        raise UsageError(t("Er is hier niet geantwoord.", "No answer was given here."))
    _once(own, secret, "repair", "|".join(missing))
    from bds_tool.indicators.rounds.cells import length

    size = length(request, cells(request))
    noise = mask(keys, name, request.participants, request.keys, bytes.fromhex(request.hash), size, missing)
    with atomic_dir(out, replace=replace) as folder:
        (folder / MASKED).write_bytes(noise.astype("<u8").tobytes())
        return _manifest(folder, request, name, "repair", [MASKED], today, keys, missing)


def wanted_repair(request: RoundRequest, path: Path) -> list[str]:
    """Those that did not answer, as a repair request says. Raises UnreadableError for what is no such file."""
    try:
        told = told_in(path, "herstel")
        missing = set(told["missing"])
        if told["request"] != request.hash or missing - set(request.participants):
            raise ValueError
    except (OSError, ValueError) as error:
        raise UnreadableError(
            t(
                f"{path} is geen verzoek tot herstel van deze ronde.",
                f"{path} is no repair request of this round.",
            ),
        ) from error
    return sorted(missing)


def _require(request: RoundRequest, mode: str) -> None:
    if request.mode != mode:
        raise UsageError(
            t("Deze ronde is verzegeld: gebruik bds round join, en antwoord vanuit de map die dat maakt.", "This round is sealed: use bds round join, and answer from the folder that it makes.")
            if request.mode == SEALED
            else t("Deze ronde is open: antwoord vanuit een gegevensmap.", "This round is open: answer from a store."),
        )  # fmt: skip


def _in_time(request: RoundRequest, today: date) -> None:
    if request.late(today):
        raise UsageError(
            t(
                f"Antwoorden kon tot en met {request.deadline}.",
                f"Answers were possible until {request.deadline}.",
            ),
            t("Vraag om een nieuwe ronde.", "Ask for a new round."),
        )


def _secret(request: RoundRequest, name: str, keys: Keys) -> str:
    return (
        json.dumps({"round": request.id, "name": name, "mask": keys.mask.hex(), "sign": keys.sign.hex()})
        + "\n"
    )


def _opened(request: RoundRequest, own: Path) -> tuple[Secret, str, Keys]:
    """What stays with a participant. Raises UnreadableError for another folder, UsageError before the round began."""
    try:
        secret = cast("Secret", dict(json.loads(small_text(own / SECRET))))
        if secret["round"] != request.id:
            raise ValueError
        keys = Keys(bytes.fromhex(secret["mask"]), bytes.fromhex(secret["sign"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableError(
            t(f"{own} is geen deelname aan deze ronde.", f"{own} is no participation in this round."),
            t("Maak haar met `bds round join`.", "Make it with `bds round join`."),
        ) from error
    if not request.started:
        raise UsageError(
            t("Deze ronde is nog niet begonnen: het verzoek noemt nog geen sleutels.", "This round has not begun: the request names no keys yet."),
            t("Wacht op het verzoek dat `bds round start` maakt.", "Wait for the request that `bds round start` makes."),
        )  # fmt: skip
    request.member(str(secret["name"]))
    return secret, str(secret["name"]), keys


def _once(own: Path, secret: Secret, what: Literal["answer", "repair"], fact: str) -> None:
    """Remember what was handed in before it is, and refuse something else a second time."""
    if secret.get(what, fact) != fact:
        raise UsageError(
            t("Er is al iets anders ingediend; uit het verschil zouden aantallen te lezen zijn.", "Something else was handed in already; counts could be read from the difference."),
            t("Begin een nieuwe ronde.", "Begin a new round."),
        )  # fmt: skip
    with atomic_file(own / SECRET, private=True, own=True) as temporary:
        temporary.write_text(json.dumps(secret | {what: fact}) + "\n", encoding="utf-8")


def _manifest(
    folder: Path,
    request: RoundRequest,
    name: str,
    kind: str,
    files: Sequence[str],
    today: date,
    keys: Keys | None = None,
    missing: Sequence[str] | None = None,
) -> Answer:
    """Write the list of what leaves the house, signed when there is a key."""
    told: Answer = {
        "bds_round": LAYOUT,
        "kind": kind,
        "round": request.id,
        "request": request.hash,
        "name": name,
        "created": today.isoformat(),
        "files": [
            {
                "file": f,
                "bytes": (folder / f).stat().st_size,
                "sha256": sha256(folder / f),
                "what": _what(f, kind),
            }
            for f in files
        ],
    }
    if missing is not None:
        told["missing"] = list(missing)
    if keys is not None:
        told["signature"] = keys.signature(canonical(told))
    (folder / MANIFEST).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = [f"{f['file']} ({number(f['bytes'])} bytes): {f['what']}" for f in told["files"]]
    text = "\n".join(
        [
            f"# {t('Wat van', 'What of')} {name} {t('de deur uit gaat', 'leaves the house')}",
            "",
            *(f"- {line}" for line in lines),
            f"- {MANIFEST}: {t('deze lijst, met hashes', 'this list, with hashes')}",
            "",
            page(request),
        ]
    )
    (folder / "LEES-MIJ.md").write_text(text + "\n", encoding="utf-8")
    return told


def _what(file: str, kind: str) -> str:
    if kind == "repair":
        return t(
            "de som van de maskers met wie niet antwoordde; zegt niets over kinderen",
            "the sum of the masks with those that did not answer; says nothing of children",
        )
    if file == packages.COUNTS:
        return t(
            "hoeveel waarden het pakket raakt, per element en uitkomst; geen waarden, en een aantal onder 5 niet precies",
            "how many values the package touches, by element and outcome; no values, and a number below 5 not exactly",
        )
    if file == MASKED:
        return t(
            "aantallen opgeteld bij maskers: voor wie alleen dit heeft is het ruis",
            "counts added to masks: noise for who has only this",
        )
    if file.endswith(COUNTS_FILE):
        return t(
            "onbeveiligde aantallen per cel, ook van 1 of 2 kinderen",
            "unprotected counts per cell, also of 1 or 2 children",
        )
    return t(
        "wat en waarvan is geteld: definities, instellingen, namen en hashes van gelezen bestanden, aantal dossiers",
        "what was counted of what: definitions, settings, names and hashes of files read, number of dossiers",
    )


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(request: RoundRequest, folder: Path, kind: str) -> tuple[Answer, str]:
    """The manifest of an answer or repair, and what is wrong with it (empty: nothing).

    Raises UnreadableError for a folder that is none, so that nobody's name is taken from it.
    """
    try:
        told = told_in(folder / MANIFEST, "antwoord")
        name, files = told["name"], told["files"]
        if name not in request.participants:
            raise ValueError
        signature = told.pop("signature", "")
        names = [f["file"] for f in files]
        day = date.fromisoformat(told["created"])
    except (OSError, ValueError) as error:
        raise UnreadableError(
            t(f"{folder} is geen antwoord in deze ronde.", f"{folder} is no answer in this round."),
        ) from error
    wanted = [MASKED] if request.mode == SEALED else [f"{RESULT}/{COUNTS_FILE}", f"{RESULT}/{META_FILE}"]
    wanted = [packages.COUNTS] if request.package else wanted
    if told["kind"] != kind or told["round"] != request.id or told["request"] != request.hash:
        return told, t("hoort bij een ander verzoek", "belongs to another request")
    if request.mode == SEALED and not signed(request.keys[name]["sign"], canonical(told), signature):
        return told, t("is veranderd: de handtekening klopt niet", "was altered: the signature is wrong")
    if names != wanted or any(
        not (folder / n).is_file() or sha256(folder / n) != f["sha256"]
        for n, f in zip(names, files, strict=True)
    ):
        return told, t(
            "is veranderd: een bestand is niet zoals de lijst zegt",
            "was altered: a file is not as the list says",
        )
    if kind == "answer" and request.late(day):
        return told, t("is te laat gemaakt", "was made too late")
    asked_for_counts = request.mode == OPEN and not request.package
    return told, unlike(request, folder / RESULT) if asked_for_counts else ""
