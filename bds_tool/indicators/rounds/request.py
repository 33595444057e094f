"""The request of a round: what is asked, with the hash of every definition, and who answers by when.

A sealed round is asked in two steps. First every participant hands in its public keys and the areas of its tables
(nothing of children, see `frame`); then the request names the keys and the cells of all, so that masks of all are of the same length.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, cast

from bds_tool import __version__
from bds_tool.base import clock
from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.text import t
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.output import metadata
from bds_tool.indicators.rounds.messages import RoundSettings
from bds_tool.indicators.schools import LEVEL
from bds_tool.indicators.told import DefinitionTold

LAYOUT = 1
OPEN, SEALED = "open", "sealed"
#: With fewer, one of them knows the other by taking its own away from the sum.
LEAST_SEALED = 3
_NAME = re.compile(r"\w[\w .&'()+-]{0,59}")


@dataclass(frozen=True)
class RoundRequest:
    """`settings`: those of Settings, `reference` and `rolling` (of Plan); `keys`: participant → {mask, sign} in hex; `places`: (level, area,
    parent, name); `values`: breakdown → its words. These three are only there once a sealed round has started. `package`: a change package as
    text, when a round is about that instead of indicators (see `packages`).
    """

    id: str
    title: str
    organiser: str
    created: str
    deadline: str
    mode: str
    participants: tuple[str, ...]
    definitions: dict[str, DefinitionTold]
    settings: RoundSettings
    levels: tuple[str, ...]
    by: tuple[str, ...]
    yearly: bool
    policy: str
    program: str = f"bds {__version__}"
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    places: tuple[tuple[str, str, str | None, str], ...] = ()
    values: dict[str, list[str]] = field(default_factory=dict)
    package: str = ""

    @property
    def hash(self) -> str:
        """Of all that it says: what is derived from it (masks, signatures) belongs to this request only."""
        return hashlib.sha256(canonical(asdict(self))).hexdigest()

    @property
    def started(self) -> bool:
        return bool(self.keys)

    @property
    def fingerprint(self) -> str:
        """What participants read to each other, to know that all have the same request with the same keys."""
        return "-".join(re.findall("....", self.hash[:20]))

    def plan(self) -> Plan:
        """What to compute. Raises UsageError when a definition is another here."""
        chosen = choose(list(self.definitions))
        unlike = [i.id for i in chosen if i.hash != self.definitions[i.id]["hash"]]
        if unlike:
            raise UsageError(
                t(f"Deze definities zijn hier anders dan in het verzoek: {', '.join(unlike[:5])}.",
                  f"These definitions are others here than in the request: {', '.join(unlike[:5])}."),
                t(f"Gebruik {self.program}, of dezelfde map bij --specs.", f"Use {self.program}, or the same folder at --specs."),
            )  # fmt: skip
        # What an earlier program did not ask for yet is as it was then: the default.
        given: Mapping[str, Any] = self.settings
        told = {f.name: given[f.name] for f in fields(Settings) if f.name in given}
        settings = Settings(**told | {"reference_date": date.fromisoformat(told["reference_date"])})
        return Plan(
            chosen,
            settings,
            levels=list(self.levels),
            by=list(self.by),
            yearly=self.yearly,
            rolling=int(self.settings.get("rolling", 0)),
        )

    def late(self, day: date) -> bool:
        return day > date.fromisoformat(self.deadline)

    def member(self, name: str) -> int:
        """The place of a participant among all. Raises UsageError for somebody else."""
        if name not in self.participants:
            raise UsageError(
                t(f"{name} is geen deelnemer van deze ronde.", f"{name} is no participant of this round."),
                t(
                    f"Kies uit: {', '.join(self.participants)}.",
                    f"Choose one of: {', '.join(self.participants)}.",
                ),
            )
        return self.participants.index(name)

    def write(self, path: Path) -> None:
        from bds_tool.base.files import atomic_files

        beside = path.with_suffix(".md")
        with atomic_files((path, beside), own=False) as made:
            told = json.dumps({"bds_round": LAYOUT, **asdict(self)}, indent=1, ensure_ascii=False)
            made[path].write_text(told + "\n", encoding="utf-8")
            made[beside].write_text(page(self), encoding="utf-8")


def read(path: Path) -> RoundRequest:
    """Raises UnreadableError for what is no request."""
    from bds_tool.indicators.rounds.received import REQUEST, told_in

    try:
        told = told_in(path, REQUEST)
        given: Mapping[str, Any] = {k: v for k, v in told.items() if k != "bds_round"}
        lists = {name: tuple(given[name]) for name in ("participants", "levels", "by")}
        found = RoundRequest(**{**given, **lists, "places": tuple(map(tuple, told["places"]))})
        for day in (found.deadline, found.created, found.settings.get("reference_date", found.deadline)):
            date.fromisoformat(day)
        if found.keys and set(found.keys) != set(found.participants):
            raise ValueError
    except (OSError, ValueError) as error:
        raise UnreadableError(
            t(f"{path} is geen verzoek van een ronde.", f"{path} is no request of a round."),
            t("Maak er een met `bds round new`.", "Make one with `bds round new`."),
        ) from error
    return found


def new(
    plan: Plan,
    *,
    title: str,
    organiser: str,
    participants: Sequence[str],
    deadline: date,
    policy: str,
    sealed: bool,
    reference: str = "land",
) -> RoundRequest:
    """Raises UsageError for a name that cannot be one, or too few participants for a sealed round."""
    names = named(participants)
    if sealed and len(names) < LEAST_SEALED:
        raise UsageError(
            t("Een verzegelde ronde heeft minstens drie deelnemers.", "A sealed round has at least three participants."),
            t("Met twee kent ieder de ander door zichzelf van de som af te trekken.", "With two, each knows the other by taking itself away from the sum."),
        )  # fmt: skip
    if plan.standardise:
        raise UsageError(t("Gestandaardiseerde cijfers tellen niet op.", "Standardised rates do not add up."))
    told = metadata(plan, [], {}, reference=reference)
    settings: Mapping[str, object] = asdict(plan.settings) | {
        "reference_date": plan.settings.reference_date.isoformat(),
        "reference": reference,
        "rolling": plan.rolling,
    }
    return RoundRequest(
        id=secrets.token_hex(8),
        title=title,
        organiser=organiser,
        created=clock.now().date().isoformat(),
        deadline=deadline.isoformat(),
        mode=SEALED if sealed else OPEN,
        participants=tuple(names),
        definitions=told["definitions"],
        settings=cast("RoundSettings", settings),
        levels=tuple(plan.levels),
        by=tuple(plan.by),
        yearly=plan.yearly,
        policy=policy,
    )


def named(participants: Sequence[str]) -> list[str]:
    """The names of participants. Raises UsageError for one that cannot be one, or is there twice."""
    names = [p.strip() for p in participants]
    if wrong := [n for n in names if not _NAME.fullmatch(n)]:
        raise UsageError(
            t(
                f"Dit is geen naam van een deelnemer: {wrong[0]!r}.",
                f"This is no name of a participant: {wrong[0]!r}.",
            )
        )
    if len(set(names)) != len(names):
        raise UsageError(t("Een deelnemer staat er twee keer.", "A participant is there twice."))
    return names


def canonical(value: Any) -> bytes:  # noqa: ANN401
    """JSON in one form: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def page(request: RoundRequest) -> str:
    """The request for who must decide whether to answer: what is asked, of whom, and what leaves the house."""
    if request.package:
        from bds_tool.indicators.rounds.packages import page as of_package

        return of_package(request)
    s = request.settings
    windows = f", en vensters van {s['rolling']} jaar" if s.get("rolling") else ""
    sensitive = sorted(
        k for k, d in request.definitions.items() if d.get("sensitivity") not in (None, "gewoon", "laag")
    )
    lines = [
        f"# {request.title}",
        "",
        f"{request.organiser} vraagt tellingen aan {len(request.participants)} organisaties. Gegevens van kinderen blijven waar ze zijn.",
        "",
        f"- **Antwoord uiterlijk:** {request.deadline}",
        f"- **Deelnemers:** {', '.join(request.participants)}",
        f"- **Periode:** {s['first_year']} tot en met {s['last_year']}, tot {s['reference_date']}",
        f"- **Gebieden:** land, {', '.join(request.levels) or 'verder geen'}",
        f"- **Uitsplitsingen:** {', '.join(request.by) or 'geen'}{', per jaar' if request.yearly else ''}{windows}",
        f"- **Keuzes:** {_choices(s)}",
        f"- **Na het optellen beveiligd met beleid:** {request.policy}",
        f"- **Gemaakt met:** {request.program} op {request.created}; kenmerk {request.id}",
        "",
        "## Wat de deur uit gaat",
        "",
        *(_SEALED if request.mode == SEALED else _OPEN),
        *(_SCHOOLS if request.mode == SEALED and LEVEL in request.levels else []),
        "",
        "## Wat wordt geteld",
        "",
        "| indicator | wat | eenheid | hash van de definitie |",
        "| --- | --- | --- | --- |",
        *(f"| {k} | {d['title']} | {d['unit']} | {d['hash']} |" for k, d in request.definitions.items()),
    ]
    if sensitive:
        lines += ["", f"Gevoelig volgens hun definitie: {', '.join(sensitive)}."]
    if request.started:
        lines += [
            "",
            f"Controlegetal van dit verzoek met alle sleutels: **{request.fingerprint}**. Lees het elkaar voor: het moet bij alle deelnemers hetzelfde zijn.",
        ]
    return "\n".join(lines) + "\n"


#: Settings that decide what counts, with their words on the page.
_CHOICES = {
    "education": "opleiding van",
    "education_classes": "klassen van opleiding",
    "origin": "herkomst volgens",
    "growth_chart": "groeidiagram",
    "cutoff": "BMI-grens",
    "clothes": "gewicht met kleren",
    "place": "gebied van",
}


def _choices(settings: RoundSettings) -> str:
    told: Mapping[str, object] = settings
    return ", ".join(f"{word} {told[name]}" for name, word in _CHOICES.items() if name in told)


_OPEN = [
    "Per organisatie: per cel (indicator, gebied, uitsplitsing, jaar) de noemer, teller, onbekenden en bij gemiddelden de sommen.",
    "**Deze aantallen zijn onbeveiligd**: ook een 1 of 2 staat er zo in. Wie optelt, ziet de cellen van elke organisatie.",
    "Daarbij: namen en hashes van de gelezen bestanden, en hoeveel dossiers en regels zij hadden. Geen nummers, namen of datums.",
]
_SCHOOLS = [
    "Bij scholen noemt die eerste stap welke scholen (BRIN) in de gegevens voorkomen: een tabel van alle scholen is er niet."
]
_SEALED = [
    "Eerst: openbare sleutels, en de namen van alle gebieden in de gebiedstabellen, of er kinderen wonen of niet.",
    "Dan: de aantallen per cel, elk opgeteld bij een masker. Het antwoord van één organisatie is ruis; alleen de som van alle is te lezen.",
    "Wie optelt, ziet dus geen enkele cel van een organisatie apart. Geen nummers, namen of datums.",
]
