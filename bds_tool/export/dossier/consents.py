"""Consents and objections of all dossiers: what was recorded, and where it contradicts itself, ended or does not hold.

Which elements, and what each check says, is data: `specs/dossier/toestemming.yaml`. What was sent to whom is in a
message, not here: a vaccination without a consent that held says only how it should have been sent.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Required, TypedDict, cast

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import language

if TYPE_CHECKING:
    from bds_tool.store import Store

YES, NO = frozenset({"true", "1", "ja"}), frozenset({"false", "0", "2", "nee"})
BIRTH = 20
Who = tuple[str, str]


@dataclass(frozen=True)
class Said:
    """One consent or objection as recorded; `day` None: not known."""

    element: int
    yes: bool
    day: date | None
    end: date | None
    source: str


@dataclass
class Dossier:
    """What of one dossier the checks look at."""

    born: date | None = None
    said: list[Said] = field(default_factory=list)
    doses: list[date] = field(default_factory=list)


class _Consent(TypedDict, total=False):
    """The elements of one consent: the answer, its day, who gave it, when it ends, and what it objects to."""

    element: Required[int]
    day: Required[int]
    source: Required[int]
    end: int
    objects_to: int


class _Shot(TypedDict):
    element: int
    day: int
    consent: int
    since: str


class _CheckTexts(TypedDict):
    title: dict[str, str]
    why: dict[str, str]


class Rules(TypedDict):
    """specs/dossier/toestemming.yaml."""

    consents: list[_Consent]
    vaccination: _Shot
    adult_years: int
    self: list[str]
    checks: dict[str, _CheckTexts]


def definitions() -> Rules:
    return cast("Rules", read_checked(specs_dir() / "dossier" / "toestemming.yaml", "toestemming"))


def titles() -> dict[str, tuple[str, str]]:
    """Check → (title, why) in the language of the run, in order."""
    lang = language()
    return {k: (v["title"][lang], v["why"][lang]) for k, v in definitions()["checks"].items()}


def check(store: Store, today: date) -> tuple[dict[Who, Dossier], list[tuple[Who, str, int]]]:
    """The dossiers by (organisatie, dossier_id), and what was found: (dossier, check, element)."""
    rules = definitions()
    dossiers = _read(store, rules)
    found = [(who, name, n) for who, d in sorted(dossiers.items()) for name, n in _faults(d, rules, today)]
    return dossiers, list(dict.fromkeys(found))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _read(store: Store, rules: Rules) -> dict[Who, Dossier]:
    import polars as pl

    shot = rules["vaccination"]
    of_consent = {
        n: (c["element"], part)
        for c in rules["consents"]
        for part, n in (
            ("element", c["element"]),
            ("day", c["day"]),
            ("source", c["source"]),
            ("end", c.get("end")),
        )
        if n is not None
    }
    wanted = {BIRTH, shot["element"], shot["day"], *of_consent}
    sources = store.bronnen().select("bron", organisatie=pl.col("organisatie").fill_null("")).lazy()
    rows = (
        store.registraties()
        .filter(pl.col("bdsnummer").is_in(sorted(wanted)) & pl.col("dossier_id").is_not_null())
        .join(sources, on="bron", how="left")
        .select(
            "organisatie", "dossier_id", "bron", "activiteit_id", "volgnr", "datum", "bdsnummer", "waarde"
        )
        .collect()
    )
    out: dict[Who, Dossier] = defaultdict(Dossier)
    groups: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(dict)
    for organisation, key, bron, contact, nr, day, number, value in rows.iter_rows():
        who = (organisation, str(key))
        out[who]  # a dossier without any consent counts too
        if number == BIRTH:
            out[who].born = out[who].born or _day(value)
        elif number in (shot["element"], shot["day"]):
            group = groups[who, "dose", bron, contact, nr]
            group["held"] = group.get("held") or day
            group["day" if number == shot["day"] else "element"] = value
        else:
            element, part = of_consent[number]
            group = groups[who, element, bron, contact, nr]
            group["held"] = group.get("held") or day
            group.setdefault(part, []).append(value)
    for (who, what, *_), group in groups.items():
        if what == "dose":
            given = _day(group.get("day")) or group["held"]
            if group.get("element") is not None and given is not None:
                out[who].doses.append(given)
            continue
        days, ends, by = group.get("day", []), group.get("end", []), group.get("source", [])
        for value in group.get("element", []):
            word = (value or "").strip().lower()
            if word in YES | NO:
                out[who].said.append(
                    Said(
                        what,
                        word in YES,
                        _day(days[0]) if days else group["held"],
                        _day(ends[0]) if ends else None,
                        str(by[0] or "") if by else "",
                    )
                )
    return out


def _faults(d: Dossier, rules: Rules, today: date) -> Iterator[tuple[str, int]]:
    of = defaultdict(list)
    for s in d.said:
        of[s.element].append(s)
    for c in rules["consents"]:
        own = of[c["element"]]
        yield from ((name, c["element"]) for name in _alone(own, d, rules, today))
        against = of.get(c.get("objects_to", 0), [])
        if _newest(own) is True and _newest(against) is True and not _ordered(own, against):
            yield "toestemming-en-bezwaar", c["element"]
    shot = rules["vaccination"]
    since = date.fromisoformat(shot["since"])
    for dose in d.doses:
        if since <= dose <= today and not _held(of[shot["consent"]], dose):
            yield "vaccinatie-zonder-toestemming", shot["consent"]


def _alone(own: list[Said], d: Dossier, rules: Rules, today: date) -> Iterator[str]:
    """What is wrong with the recordings of one consent by itself."""
    by_day: dict[date | None, set[bool]] = defaultdict(set)
    for s in own:
        by_day[s.day].add(s.yes)
    if any(len(v) > 1 for v in by_day.values()):
        yield "tegenstrijdig"
    if any(s.day is None for s in own):
        yield "zonder-dag"
    dated = sorted((s for s in own if s.day), key=lambda s: s.day or today)
    if any(a.yes and not b.yes and a.day != b.day for a, b in itertools.pairwise(dated)):
        yield "ingetrokken"
    last = dated[-1] if dated else None
    if last and last.yes and last.end and last.end < today:
        yield "verlopen"
    if last and last.yes and d.born and last.source and last.source not in rules["self"]:
        adult = _birthday(d.born, rules["adult_years"])
        if adult <= today and (last.day or today) < adult:
            yield "achttien"


def _birthday(born: date, years: int) -> date:
    """The day somebody becomes this old; of who was born on 29 February the first of March."""
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return date(born.year + years, 3, 1)


def _newest(said: list[Said]) -> bool | None:
    """What was said last; None where nothing was, or yes and no on the last day."""
    if not said:
        return None
    days = [s.day for s in said if s.day]
    last = {s.yes for s in said if not days or s.day == max(days)}
    return last.pop() if len(last) == 1 else None


def _ordered(one: list[Said], other: list[Said]) -> bool:
    """Whether it is known which of the two was said last."""
    days = [max((s.day for s in said if s.day), default=None) for said in (one, other)]
    return None not in days and days[0] != days[1]


def _held(said: list[Said], day: date) -> bool:
    """Whether a consent held on a day: the last answer until then is yes, and its end is not before."""
    until = [s for s in said if s.day and s.day <= day]
    if not until:
        return False
    newest = max(s.day for s in until if s.day)
    last = [s for s in until if s.day == newest]
    return all(s.yes and (s.end is None or s.end >= day) for s in last)
