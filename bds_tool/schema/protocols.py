"""BDS-protocollen: what to record, with which codes, when. Data in `specs/protocollen`, read without heavy libraries.

A rule says: where `when` holds, everything in `expect` should have been recorded. What is missing is at most a
`waarschuwing`: the BDS is no obligatory registration set. Codes are BDS codes (`true`/`false` for yes/no);
`hl7_codes` gives those of a message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import NotRequired, Required, TypedDict

from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.ranges import Range, not_covered, range_of
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import language, t
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.loading import load, versions
from bds_tool.schema.lookup.usage import read_yaml

#: Mean length of each unit in days; ages in whole months or years are better counted on the calendar.
DAYS = {"dagen": 1.0, "weken": 7.0, "maanden": 365.25 / 12, "jaren": 365.25}

Text = dict[str, str]


@dataclass(frozen=True, slots=True)
class AgeWindow:
    """Age on the date of the activity: from (included) until (not included); None is open."""

    start: float | None
    end: float | None
    unit: str

    @property
    def days(self) -> tuple[float | None, float | None]:
        """The same window in days, by the mean length of the unit."""
        factor = DAYS[self.unit]
        return (
            None if self.start is None else self.start * factor,
            None if self.end is None else self.end * factor,
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """One of `elements` was recorded, with one of `codes` (any value when empty)."""

    elements: tuple[int, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """One of `elements` should be recorded, with one of `codes`, in the same `where`: groep, activiteit or dossier."""

    elements: tuple[int, ...]
    codes: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class When:
    """All parts must hold; None and empty parts ask nothing. `activity` and `form` are codes of 494 and 1577."""

    age: AgeWindow | None
    born_from: date | None
    activity_from: date | None
    activity: tuple[str, ...]
    form: tuple[str, ...]
    realised: bool | None
    trigger: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class ProtocolRule:
    """One recommendation in machine form."""

    id: str
    protocol: str
    title: Text
    versions: Range
    certainty: str
    when: When
    expect: tuple[Expectation, ...]
    severity: str
    note: Text
    source: str

    @property
    def elements(self) -> tuple[int, ...]:
        """Every element the rule looks at, each once."""
        parts: Iterable[Condition | Expectation] = (*self.when.trigger, *self.expect)
        return tuple(dict.fromkeys(n for part in parts for n in part.elements))


@dataclass(frozen=True, slots=True)
class Protocol:
    """The rules of one guideline for a range of BDS versions."""

    id: str
    title: Text
    guideline: dict[str, str]
    versions: Range
    certainty: str
    note: Text
    rules: tuple[ProtocolRule, ...]
    file: str


def protocols() -> dict[str, Protocol]:
    """All protocols by id, in order of their names. Raises SpecError for a file that cannot be understood."""
    return _protocols(str(specs_dir()))


def protocol(identification: str) -> Protocol:
    """One protocol by its id; UsageError with near matches when there is none."""
    known = protocols()
    if identification in known:
        return known[identification]
    near = get_close_matches(identification, known, n=3, cutoff=0.5)
    hint = t(f"Bedoelt u {', '.join(near)}? ", f"Did you mean {', '.join(near)}? ") if near else ""
    raise UsageError(
        t(f"Protocol {identification} bestaat niet.", f"Protocol {identification} does not exist."),
        hint + t("`bds protocol list` toont ze alle.", "`bds protocol list` shows all."),
    )


def rules_for(version: str) -> tuple[ProtocolRule, ...]:
    """The rules of all protocols that hold for a BDS version and whose elements that version has."""
    return tuple(r for p in protocols().values() for r in p.rules if not why_not(r, version))


def unjudged(version: str) -> tuple[tuple[str, str], ...]:
    """(protocol or rule, why) of what says nothing about a BDS version.

    A protocol as a whole when none of its rules holds; else the rules inside their range that lack an element. A rule
    whose range ended while others of its protocol go on was replaced, and is not named.
    """
    found: list[tuple[str, str]] = []
    for p in protocols().values():
        reasons = [(r, why_not(r, version)) for r in p.rules]
        gone = [(r.id, why) for r, why in reasons if why and r.versions.holds(version)]
        if all(why for _, why in reasons):
            found.append((p.id, gone[0][1] if gone else not_covered(version)))
        else:
            found += gone
    return tuple(found)


def why_not(rule: ProtocolRule, version: str) -> str:
    """Why a rule is not judged for a BDS version; empty when it is."""
    if not rule.versions.holds(version):
        return not_covered(version)
    definition = load(version)
    parts: Iterable[Condition | Expectation] = (*rule.when.trigger, *rule.expect)
    for part in parts:
        if not any(definition.living(n) for n in part.elements):
            n = part.elements[0]
            return t(
                f"BDS {version} kent element {n} niet (meer)", f"BDS {version} has no element {n} (any more)"
            )
    return ""


def hl7_codes(version: str, elements: Iterable[int], codes: Iterable[str]) -> tuple[str, ...]:
    """The codes as a message carries them: `("98",)` of element 163 → `("OTH",)`; unknown codes stay as they are."""
    definition = load(version)
    found = []
    for number in elements:
        element = definition.elementen.get(number)
        pairs = code_pairs(definition, element.waardenlijst) if element else ()
        by_bds = {p.bds.code: p.hl7.code for p in pairs if p.bds and p.hl7}
        found += [by_bds.get(c, c) for c in codes]
    return tuple(dict.fromkeys(found))


def in_language(text: Text) -> str:
    return text.get(language()) or text.get("nl", "")


# ---- READING ---- #


@lru_cache(maxsize=4)
def _protocols(root: str) -> dict[str, Protocol]:
    found = {}
    for path in sorted((Path(root) / "protocollen").glob("*.yaml")):
        document = read_yaml(path.read_text(encoding="utf-8"))
        try:
            found[document["id"]] = _protocol(document, path.name)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SpecError(
                t(f"Protocol {path.name} is niet te begrijpen ({type(error).__name__}: {error}).",
                  f"Protocol {path.name} cannot be understood ({type(error).__name__}: {error})."),
                t("`bds protocol check` wijst de plaats aan.", "`bds protocol check` points at the place."),
            ) from error  # fmt: skip
    return found


class _Elements(TypedDict, total=False):
    """One element, or some of which each will do; with `codes` one of these."""

    element: int
    elements: list[int]
    codes: list[str]


class _Expected(_Elements):
    where: str


_Age = TypedDict("_Age", {"from": float, "until": float, "unit": Required[str]}, total=False)


class _When(TypedDict, total=False):
    age: _Age
    born_from: str
    activity_from: str
    activity: list[str]
    form: list[str]
    realised: bool
    trigger: list[_Elements]


class _Rule(TypedDict):
    id: str
    title: Text
    since: NotRequired[str]
    until: NotRequired[str]
    certainty: NotRequired[str]
    when: _When
    expect: list[_Expected]
    severity: str
    note: NotRequired[Text]
    source: str


class _Document(TypedDict):
    """A protocol as `specs/protocollen` writes it."""

    id: str
    title: Text
    guideline: dict[str, str]
    since: str
    until: NotRequired[str]
    certainty: str
    note: NotRequired[Text]
    rules: list[_Rule]


def _protocol(d: _Document, file: str) -> Protocol:
    versions = range_of(d)
    rules = tuple(
        ProtocolRule(
            id=r["id"],
            protocol=d["id"],
            title=r["title"],
            versions=range_of(r).within(versions),
            certainty=r.get("certainty", d["certainty"]),
            when=_when(r["when"]),
            expect=tuple(
                Expectation(_elements(e), tuple(e.get("codes", ())), e["where"]) for e in r["expect"]
            ),
            severity=r["severity"],
            note=r.get("note", {}),
            source=r["source"],
        )
        for r in d["rules"]
    )
    return Protocol(
        d["id"], d["title"], d["guideline"], versions, d["certainty"], d.get("note", {}), rules, file
    )


def _elements(part: _Elements) -> tuple[int, ...]:
    return (part["element"],) if "element" in part else tuple(part["elements"])


def _when(w: _When) -> When:
    age = w.get("age")
    return When(
        age=AgeWindow(age.get("from"), age.get("until"), age["unit"]) if age else None,
        born_from=date.fromisoformat(w["born_from"]) if "born_from" in w else None,
        activity_from=date.fromisoformat(w["activity_from"]) if "activity_from" in w else None,
        activity=tuple(w.get("activity", ())),
        form=tuple(w.get("form", ())),
        realised=w.get("realised"),
        trigger=tuple(Condition(_elements(c), tuple(c.get("codes", ()))) for c in w.get("trigger", ())),
    )


# ---- IN WORDS ---- #


def when_text(when: When) -> str:
    """The condition of a rule in words."""
    parts = []
    if when.age:
        parts.append(_age_text(when.age))
    if when.activity:
        parts.append(t("soort activiteit ", "type of activity ") + ", ".join(when.activity))
    if when.form:
        parts.append(t("vorm ", "form ") + ", ".join(when.form))
    if when.realised:
        parts.append(t("activiteit is doorgegaan", "activity took place"))
    if when.activity_from:
        parts.append(t(f"vanaf {when.activity_from}", f"from {when.activity_from}"))
    if when.born_from:
        parts.append(t(f"geboren vanaf {when.born_from}", f"born from {when.born_from}"))
    parts += [_part_text(c.elements, c.codes) for c in when.trigger]
    return "; ".join(parts) or t("elke activiteit", "every activity")


def expect_text(expectation: Expectation) -> str:
    """What should be recorded, in words."""
    where = {
        "groep": t("in dezelfde groep", "in the same group"),
        "activiteit": t("bij dezelfde activiteit", "at the same activity"),
        "dossier": t("in het dossier", "in the dossier"),
    }[expectation.where]
    return f"{_part_text(expectation.elements, expectation.codes)} {where}"


def _part_text(elements: tuple[int, ...], codes: tuple[str, ...]) -> str:
    if len(elements) > 4:
        shown = ", ".join(map(str, elements[:6])) + f" … ({len(elements)})"
    else:
        shown = ", ".join(f"{n} {_name(n)}".rstrip() for n in elements)
    one = shown if len(elements) == 1 else t(f"een van {shown}", f"one of {shown}")
    return f"{one} = {' | '.join(codes)}" if codes else one


def _name(bdsnummer: int) -> str:
    found = (load(v).elementen.get(bdsnummer) for v in reversed(versions()))
    return next((e.naam for e in found if e), "")


def _age_text(age: AgeWindow) -> str:
    unit = {
        "dagen": t("dagen", "days"), "weken": t("weken", "weeks"),
        "maanden": t("maanden", "months"), "jaren": t("jaar", "years"),
    }[age.unit]  # fmt: skip
    start, end = (None if v is None else f"{v:g}" for v in (age.start, age.end))
    if start is None:
        return t(f"jonger dan {end} {unit}", f"younger than {end} {unit}")
    if end is None:
        return t(f"vanaf {start} {unit}", f"from {start} {unit}")
    return t(f"van {start} tot {end} {unit}", f"from {start} to {end} {unit}")
