"""A round about a change package: it goes out as a draft, and counts of the values that it would touch come back.

Every participant applies the package to its own data, keeps nothing of that, and answers with numbers per request, element
and outcome. No value, date or number of a child leaves the house, and a number from 1 to 4 is only told as such.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.text import t
from bds_tool.changes.impact import requests_by_element
from bds_tool.changes.migrate.running import OUTCOMES, rehearse
from bds_tool.indicators.rounds.messages import TouchedRow, TouchedTold
from bds_tool.indicators.rounds.received import told_in
from bds_tool.indicators.rounds.request import OPEN, RoundRequest, named

if TYPE_CHECKING:
    from bds_tool.changes.package import Pakket
    from bds_tool.store.store import Store

COUNTS = "geraakt.json"
#: A lower number than this is told as "at least one".
LEAST = 5


@dataclass(frozen=True)
class Touched:
    """What a package does to the values of one element, over all that answered: at least `low` and at most `high`."""

    requests: tuple[str, ...]
    bdsnummer: int
    name: str
    outcome: str
    organisations: int
    low: int
    high: int


def ask(
    package: Path | str, *, title: str, organiser: str, participants: Sequence[str], deadline: date
) -> RoundRequest:
    """The request with the whole package. Raises UsageError or SpecError for a package that does not fit its version."""
    from bds_tool.changes.apply import apply_package
    from bds_tool.changes.dumping import dump_package
    from bds_tool.changes.loading import load_package
    from bds_tool.schema import load

    pakket = load_package(package)
    apply_package(pakket, load(pakket.van))
    return RoundRequest(
        id=secrets.token_hex(8),
        title=title,
        organiser=organiser,
        created=datetime.now(UTC).date().isoformat(),
        deadline=deadline.isoformat(),
        mode=OPEN,
        participants=tuple(named(participants)),
        definitions={},
        settings={},
        levels=(),
        by=(),
        yearly=False,
        policy="",
        package=dump_package(pakket),
    )


def of(request: RoundRequest) -> Pakket:
    """The package of a request. Raises UsageError when it is about indicators."""
    from bds_tool.changes.loading import parse_package

    if not request.package:
        raise UsageError(t("Deze ronde gaat niet over een pakket.", "This round is not about a package."))
    return parse_package(request.package, t("het pakket in het verzoek", "the package in the request"))


def count(request: RoundRequest, store: Store) -> TouchedTold:
    """The counts of a store: per element that the package changes and outcome [low, high], and `version`."""
    from bds_tool.schema import load

    pakket = of(request)
    told = rehearse(store, pakket).by_element()
    changed = requests_by_element(pakket, load(pakket.van))
    # What no change names and yet has another outcome is told as well.
    other = {n for n, counts in told.items() if n and counts["ongewijzigd"] != sum(counts.values())}
    rows: list[TouchedRow] = [
        {"bdsnummer": number, "outcome": outcome, "values": _told(told[number][outcome])}
        for number in sorted({*changed, *other} & set(told))
        if number is not None
        for outcome in OUTCOMES
        if told[number][outcome]
    ]
    return {"version": pakket.van, "to": pakket.naar, "touched": rows}


def _told(many: int) -> list[int]:
    return [1, LEAST - 1] if many < LEAST else [many, many]


def add(request: RoundRequest, answers: Sequence[Path]) -> list[Touched]:
    """The counts of all answers (folders that were looked at, see `adding.received`), by element and outcome.

    Raises UnreadableError for counts that are none.
    """
    from bds_tool.schema import load

    pakket = of(request)
    old = load(pakket.van)
    names = {number: e.naam for number, e in old.elementen.items()}
    changed = requests_by_element(pakket, old)
    found: dict[tuple[int, str], list[list[int]]] = {}
    for folder in answers:
        for number, outcome, values in _read(folder / COUNTS):
            found.setdefault((number, outcome), []).append(values)
    return [
        Touched(
            changed.get(number, ()), number, names.get(number, ""), outcome,
            len(each), sum(low for low, _ in each), sum(high for _, high in each),
        )
        for (number, outcome), each in sorted(found.items(), key=lambda item: (item[0][0], OUTCOMES.index(item[0][1])))
    ]  # fmt: skip


def _read(path: Path) -> list[tuple[int, str, list[int]]]:
    try:
        rows = [
            (int(row["bdsnummer"]), str(row["outcome"]), list(row["values"]))
            for row in told_in(path, "geraakt")["touched"]
        ]
        if any(outcome not in OUTCOMES or low > high for _, outcome, (low, high) in rows):
            raise ValueError
        if len({row[:2] for row in rows}) != len(rows):
            raise ValueError
    except (OSError, ValueError) as error:
        raise UnreadableError(t(f"{path} bevat geen tellingen.", f"{path} holds no counts.")) from error
    return rows


def page(request: RoundRequest) -> str:
    """The request for who must decide whether to answer, and what the package asks, request by request."""
    pakket = of(request)
    lines = [
        f"# {request.title}",
        "",
        f"{request.organiser} vraagt {len(request.participants)} organisaties wat een wijzigingspakket met hun gegevens zou doen.",
        "Gegevens van kinderen blijven waar ze zijn, en worden niet veranderd.",
        "",
        f"- **Antwoord uiterlijk:** {request.deadline}",
        f"- **Deelnemers:** {', '.join(request.participants)}",
        f"- **Pakket:** BDS {pakket.van} naar {pakket.naar}, {len(pakket.wijzigingen)} wijzigingen; staat heel in het verzoek",
        f"- **Gemaakt met:** {request.program} op {request.created}; kenmerk {request.id}",
        "",
        "## Wat de deur uit gaat",
        "",
        "Per element dat verandert en per uitkomst (ongewijzigd, hercodeerd, tekst, beschut, …) hoeveel waarden er zijn.",
        f"Een aantal onder {LEAST} staat er als 1 tot en met {LEAST - 1}. Geen waarden, datums, nummers of namen; niet per kind of gebied.",
        "",
        "## Waarover het gaat",
        "",
        *(f"- {name}: {verzoek.titel}" for name, verzoek in pakket.verzoeken.items()),
    ]
    return "\n".join(lines) + "\n"
