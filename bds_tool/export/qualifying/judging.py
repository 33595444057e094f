"""A dossier against a scenario: each item met, missing or different. What a value means is that of `bds compare`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bds_tool.export.qualifying.scenario import BIRTH, DAY, KIND, Item, Moment, Scenario

if TYPE_CHECKING:
    import polars as pl

MET, MISSING, DIFFERENT = "voldaan", "ontbreekt", "verschilt"
#: A contact of the right kind is still that of its moment when it is off by this part of the age; its day then differs.
_FAR = 4
#: Cost in days of a contact whose kind is another, or not known: what came on the day itself comes first.
_OTHER, _UNKNOWN = 60, 30
_NEVER = 10**6


@dataclass(frozen=True)
class Row:
    """A registratie of the dossier: what it means, whether it says anything, and where it stands."""

    element: int
    act: str
    group: str
    instance: int
    meaning: str | None
    filled: bool
    line: int


@dataclass(frozen=True)
class Verdict:
    """One item: `line` and `found` of the registratie that it was held against; `found` is a value of the dossier."""

    item: Item
    status: str
    line: int | None = None
    found: str | None = None
    #: Whether the contact itself was found; True for an item of the whole dossier.
    contact: bool = True


@dataclass(frozen=True)
class Judged:
    """All items in their order, and how many registraties of the dossier no item asked for."""

    verdicts: tuple[Verdict, ...]
    not_asked: int

    def count(self, status: str) -> int:
        return sum(v.status == status for v in self.verdicts)

    @property
    def percent(self) -> float:
        """Share that is met, in tenths of a percent and never rounded up: 100 is all of it."""
        return 1000 * self.count(MET) // len(self.verdicts) / 10


def judge(scenario: Scenario, frame: pl.DataFrame) -> Judged:
    """Hold the registraties of one dossier, with `meaning`, beside a scenario."""
    rows = _rows(frame)
    there = _there(rows)
    birth = _birth(scenario, rows, there)
    contacts = _contacts(scenario, there, birth)
    right_day = _right_days(scenario, there, birth, contacts)
    asked: dict[str, list[int]] = defaultdict(list)
    for nr, item in enumerate(scenario.items):
        asked[item.moment].append(nr)
    by_act: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_act[row.act].append(row)
    verdicts: dict[int, Verdict] = {}
    used = 0
    for moment, numbers in asked.items():
        act = contacts.get(moment) if moment else ""
        mine = {nr: scenario.items[nr] for nr in numbers}
        if act is None:
            verdicts |= {nr: Verdict(item, MISSING, contact=False) for nr, item in mine.items()}
            continue
        found = _level(mine, by_act[act], right_day.get(moment, True))
        verdicts |= found
        used += sum(v.line is not None for v in found.values())
    return Judged(tuple(verdicts[nr] for nr in range(len(scenario.items))), len(rows) - used)


def _rows(frame: pl.DataFrame) -> list[Row]:
    """The registraties of elements. A source without contacts has them by their day."""
    columns = (
        "bdsnummer", "activiteit_id", "datum", "groep", "volgnr", "meaning", "waarde", "tekst", "regel",
    )  # fmt: skip
    by_day = frame["activiteit_id"].null_count() == frame.height
    return [
        Row(
            number,
            act or (str(day) if by_day and day else ""),
            group or "",
            nth or 1,
            meaning,
            value is not None or text is not None,
            line,
        )
        for number, act, day, group, nth, meaning, value, text, line in frame.select(columns).iter_rows()
        if number is not None
    ]


# ---- CONTACTS ---- #


@dataclass(frozen=True)
class _Contact:
    act: str
    kind: str | None
    day: date | None
    meanings: Counter[tuple[int, str | None]]


def _contacts(scenario: Scenario, there: list[_Contact], birth: date | None) -> dict[str, str]:
    """Moment → contact of the dossier that is it: nearest in time and kind first, then by what both hold."""
    wanted: dict[str, Counter[tuple[int, str | None]]] = defaultdict(Counter)
    for item in scenario.items:
        wanted[item.moment][item.element, item.value] += 1
    pairs = []
    for at, moment in enumerate(scenario.moments):
        for contact in there:
            cost = _cost(moment, contact, birth, scenario.margin)
            if cost is not None:
                alike = (wanted[moment.id] & contact.meanings).total()
                pairs.append((cost, -alike, at, contact.act))
    found: dict[str, str] = {}
    for *_, at, act in sorted(pairs):
        name = scenario.moments[at].id
        if name not in found and act not in found.values():
            found[name] = act
    return found


def _there(rows: list[Row]) -> list[_Contact]:
    by_act: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.act:
            by_act[row.act].append(row)
    return [
        _Contact(
            act,
            next((r.meaning for r in own if r.element == KIND), None),
            _day(next((r.meaning for r in own if r.element == DAY), None)),
            Counter((r.element, r.meaning) for r in own),
        )
        for act, own in by_act.items()
    ]


def _day(text: str | None) -> date | None:
    with suppress(ValueError, TypeError):
        return date.fromisoformat((text or "")[:10])
    return None


def _birth(scenario: Scenario, rows: list[Row], there: list[_Contact]) -> date | None:
    """The birth date; where it is not told, the day that most contacts of the right kind point back at."""
    told = next((d for r in rows if r.element == BIRTH and (d := _day(r.meaning))), None)
    if told is not None:
        return told
    back = [
        contact.day - (moment.age.after(contact.day) - contact.day)
        for moment in scenario.moments
        for contact in there
        if moment.age is not None and contact.day is not None and contact.kind == moment.kind
    ]
    near = scenario.margin + 3  # months are not all as long
    return max(back, key=lambda d: (sum(abs((d - b).days) <= near for b in back), d), default=None)


def _cost(moment: Moment, contact: _Contact, birth: date | None, margin: int) -> int | None:
    """How far a contact is from a moment, in days; None where it cannot be it."""
    same = not moment.kind or contact.kind == moment.kind
    if moment.age is None or contact.day is None or birth is None:
        return _NEVER if same else None
    due = moment.age.after(birth)
    off = abs((contact.day - due).days)
    if off > (max(margin, abs((due - birth).days) // _FAR) if same else margin):
        return None
    return off + (0 if same else _UNKNOWN if contact.kind is None else _OTHER)


def _right_days(
    scenario: Scenario, there: list[_Contact], birth: date | None, contacts: dict[str, str]
) -> dict[str, bool]:
    """Moment → whether its contact came at its age; where that cannot be said there is no entry."""
    days = {c.act: c.day for c in there}
    found = {}
    for moment in scenario.moments:
        day = days[contacts[moment.id]] if moment.id in contacts else None
        if moment.age is not None and birth is not None and day is not None:
            found[moment.id] = abs((day - moment.age.after(birth)).days) <= scenario.margin
    return found


# ---- ITEMS OF ONE CONTACT ---- #


def _level(items: dict[int, Item], rows: list[Row], right_day: bool) -> dict[int, Verdict]:
    """Items of one contact (or of the whole dossier) against its registraties, from sure to less sure."""
    beside = _instances(items.values(), rows)

    def in_place(item: Item, row: Row) -> bool:
        return row.group == item.group and (
            not item.group or beside.get((item.group, item.instance)) == row.instance
        )

    def untold(item: Item, row: Row) -> bool:
        # One of the two does not say in which group it stands.
        return bool(item.group) != bool(row.group)

    def fits(item: Item, row: Row) -> bool:
        return row.filled if item.value is None else row.meaning == item.value

    rounds: tuple[tuple[Callable[[Item, Row], bool], bool, str], ...] = (
        (in_place, True, MET), (untold, True, MET), (in_place, False, DIFFERENT), (untold, False, DIFFERENT),
    )  # fmt: skip
    found: dict[int, Verdict] = {}
    free = dict(enumerate(rows))
    of: dict[int, list[int]] = defaultdict(list)
    for at, row in free.items():
        of[row.element].append(at)
    # What asks for one value chooses before what takes any.
    order = sorted(items, key=lambda nr: (items[nr].value is None, nr))
    for place, good, status in rounds:
        for nr in order:
            item = items[nr]
            if nr in found:
                continue
            own = (a for a in of[item.element] if a in free and place(item, free[a]))
            for at in own:
                if good and not fits(item, free[at]):
                    continue
                row = free.pop(at)
                late = item.element == DAY and item.value is None and not right_day
                found[nr] = Verdict(item, DIFFERENT if late else status, row.line, row.meaning)
                break
    return {nr: found.get(nr) or Verdict(item, MISSING) for nr, item in items.items()}


def _instances(items: Iterable[Item], rows: list[Row]) -> dict[tuple[str, int], int]:
    """(group, instance of the scenario) → instance of the dossier that it is: the pair that has most in common first."""
    wanted: dict[tuple[str, int], list[Item]] = defaultdict(list)
    for item in items:
        if item.group:
            wanted[item.group, item.instance].append(item)
    there: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        if row.group:
            there[row.group, row.instance].append(row)
    pairs = []
    for (group, nth), asked in wanted.items():
        for (other, instance), own in there.items():
            if other == group:
                same = Counter((r.element, r.meaning) for r in own)
                elements = Counter(r.element for r in own)
                exact: Counter[tuple[int, str | None]] = Counter(
                    (i.element, i.value) for i in asked if i.value is not None
                )
                any_ = Counter(i.element for i in asked)
                score = 3 * (exact & same).total() + (any_ & elements).total()
                pairs.append((-score, nth != instance, nth, instance, group))
    found: dict[tuple[str, int], int] = {}
    taken: set[tuple[str, int]] = set()
    for _, _, nth, instance, group in sorted(pairs):
        if (group, nth) not in found and (group, instance) not in taken:
            found[group, nth] = instance
            taken.add((group, instance))
    return found
