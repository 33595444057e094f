"""A qualification scenario: which elements a dossier must hold, with which value, at which moment. Data in `specs/kwalificatie`."""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.names import child
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import language, t
from bds_tool.validate.tables import element_name

#: The element that is the day of a contact: met when that day is the age of its moment, give or take the margin.
DAY = 724
#: The element that says what a contact was for.
KIND = 494
BIRTH = 20
_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")
_PERIOD = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?")


@dataclass(frozen=True)
class Period:
    """An age: whole months and days; before birth in days alone, negative."""

    months: int
    days: int

    def after(self, birth: date) -> date:
        """The day on which somebody born then has this age; a month that has no such day ends on its last."""
        year, month = divmod(birth.year * 12 + birth.month - 1 + self.months, 12)
        day = min(birth.day, monthrange(year, month + 1)[1])
        return date(year, month + 1, day) + timedelta(days=self.days)

    def __str__(self) -> str:
        years, months = divmod(self.months, 12)
        parts = [f"{n}{unit}" for n, unit in ((years, "Y"), (months, "M"), (abs(self.days), "D")) if n]
        return ("-" if self.days < 0 else "") + "P" + ("".join(parts) or "0D")

    @staticmethod
    def read(text: str) -> Period:
        found = _PERIOD.fullmatch(text)
        if found is None:
            raise ValueError(text)
        years, months, days = (int(n or 0) for n in found.groups()[1:])
        sign = -1 if found[1] else 1
        return Period(sign * (12 * years + months), sign * days)

    @staticmethod
    def between(birth: date, day: date) -> Period:
        """The age on a day, so that `after` gives that day again."""
        if day < birth:
            return Period(0, (day - birth).days)
        months = (day.year - birth.year) * 12 + day.month - birth.month
        while Period(months, 0).after(birth) > day:
            months -= 1
        return Period(months, (day - Period(months, 0).after(birth)).days)

    def words(self) -> str:
        """`3 jaar`, `2 maanden`, `5 dagen`, for people."""
        years, months = divmod(self.months, 12)
        parts = [(years, "jaar", "year"), (months, "maand", "month"), (self.days, "dag", "day")]
        told = [t(f"{n} {nl if abs(n) == 1 or nl == 'jaar' else _MORE[nl]}", f"{n} {en}{'' if abs(n) == 1 else 's'}")
                for n, nl, en in parts if n]  # fmt: skip
        return " ".join(told) or t("geboorte", "birth")


_MORE = {"maand": "maanden", "dag": "dagen"}


@dataclass(frozen=True)
class Moment:
    """A contact that must be there. `kind`: code of 494 (empty: not said); `age` None: not said."""

    id: str
    kind: str
    age: Period | None


@dataclass(frozen=True)
class Item:
    """One registratie that must be there. `value` None: any value; `moment` empty: of the dossier as a whole.

    `value` is a BDS code, true or false, a number in the unit of the element, or `<UNK>` for a nullFlavor.
    """

    element: int
    moment: str
    group: str
    instance: int
    value: str | None


@dataclass(frozen=True)
class Scenario:
    """`items` holds one entry per registratie that is asked, in the order of the file."""

    id: str
    title: dict[str, str]
    direction: str
    version: str
    source: str
    certainty: str
    margin: int
    moments: tuple[Moment, ...]
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        return self.title[language()]

    def until(self, age: Period) -> Scenario:
        """The part of it that somebody has had who just became that age."""
        born = date(2000, 3, 1)  # any birthday will do to put ages in order
        kept = tuple(m for m in self.moments if m.age is None or m.age.after(born) <= age.after(born))
        names = {"", *(m.id for m in kept)}
        return replace(self, moments=kept, items=tuple(i for i in self.items if i.moment in names))


def scenarios() -> list[Scenario]:
    """The scenarios of these definitions, by id."""
    return [_checked(path) for path in sorted(_folder().glob("*.yaml"))]


def scenario(name: str) -> Scenario:
    """The scenario with this id, or in this file. Raises UsageError when there is none, SpecError when it is not right."""
    if _ID.fullmatch(name) and (own := child(_folder(), name, ".yaml")).is_file():
        return _checked(own)
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} and path.is_file():
        return _checked(path)
    raise UsageError(
        t(f"Scenario {name} is hier niet bekend.", f"Scenario {name} is not known here."),
        t("`bds qualify list` noemt ze; een eigen scenario is een bestand .yaml (`bds qualify new`).",
          "`bds qualify list` names them; one of your own is a file .yaml (`bds qualify new`)."),
    )  # fmt: skip


def check_id(name: str) -> None:
    """Raises UsageError for what is no name of a scenario."""
    if not _ID.fullmatch(name):
        raise UsageError(
            t(f"{name} is geen naam voor een scenario.", f"{name} is no name for a scenario."),
            t(
                "Gebruik kleine letters, cijfers, punten en streepjes.",
                "Use small letters, digits, dots and dashes.",
            ),
        )


def _folder() -> Path:
    return specs_dir() / "kwalificatie"


def _checked(path: Path) -> Scenario:
    data = read_checked(path, "kwalificatie")
    moments = tuple(
        Moment(m["id"], m.get("soort", ""), Period.read(m["leeftijd"]) if "leeftijd" in m else None)
        for m in data["momenten"]
    )
    items = tuple(
        Item(i["element"], i.get("moment", ""), i.get("groep", ""), i.get("volgnr", 1), i.get("waarde"))
        for i in data["items"]
        for _ in range(i.get("aantal", 1))
    )
    found = Scenario(
        data["id"], data["titel"], data["richting"], data["bds"], data["bron"], data["zekerheid"],
        data["marge_dagen"], moments, items,
    )  # fmt: skip
    if wrong := _faults(found):
        raise SpecError(
            t(f"{path} klopt niet. {wrong}", f"{path} is not right. {wrong}"),
            t("Zie `bds spec show NUMMER --bds VERSIE`.", "See `bds spec show NUMBER --bds VERSION`."),
        )
    return found


def _faults(found: Scenario) -> str:
    """What a schema cannot see: versions, elements, codes and moments that are not there; empty when all is right."""
    from bds_tool.export.comparing.meaning import bds_codes
    from bds_tool.schema import load, versions

    if found.version not in versions():
        return t(f"BDS {found.version} is hier niet bekend.", f"BDS {found.version} is not known here.")
    names = [m.id for m in found.moments]
    if len(set(names)) < len(names):
        return t("Twee momenten hebben dezelfde naam.", "Two moments have the same name.")
    known = load(found.version).elementen
    for i in found.items:
        if i.element not in known:
            return t(
                f"Element {i.element} bestaat niet in BDS {found.version}.",
                f"Element {i.element} does not exist in BDS {found.version}.",
            )
        if i.moment and i.moment not in names:
            return t(
                f"Bij element {i.element} staat een moment dat er niet is.",
                f"Element {i.element} names a moment that is not there.",
            )
        lijst = known[i.element].waardenlijst
        codes = {*bds_codes(found.version, lijst).values(), "true", "false"} if lijst else set()
        if i.value is not None and codes and i.value not in codes and not i.value.startswith("<"):
            return t(
                f"De waarde bij element {i.element} is geen BDS-code van {lijst}.",
                f"The value at element {i.element} is no BDS code of {lijst}.",
            )
    return ""


def dumped(found: Scenario) -> str:
    """The scenario as its file: one line per item, with the name of the element behind it."""
    lines = [
        f"id: {found.id}",
        f"titel: {{nl: {_text(found.title['nl'])}, en: {_text(found.title['en'])}}}",
        f"richting: {found.direction}",
        f"bds: {_text(found.version)}",
        f"bron: {_text(found.source)}",
        f"zekerheid: {found.certainty}",
        "# Zoveel dagen mag een contact eerder of later zijn dan de leeftijd van zijn moment.",
        f"marge_dagen: {found.margin}",
        "momenten:" if found.moments else "momenten: []",
    ]
    for m in found.moments:
        facts = [("id", m.id), *((("soort", _text(m.kind)),) if m.kind else ())]
        if m.age is not None:
            facts.append(("leeftijd", str(m.age)))
        lines.append(f"  - {_flow(facts)}")
    lines += [
        "# Zonder `waarde` is elke waarde goed; zonder `moment` hoort het bij het hele dossier.",
        "items:",
    ]
    for item, n in counted(found.items):
        facts = [("element", str(item.element))]
        for key, value in (("moment", item.moment), ("groep", item.group)):
            if value:
                facts.append((key, value))
        if item.instance > 1:
            facts.append(("volgnr", str(item.instance)))
        if item.value is not None:
            facts.append(("waarde", _text(item.value)))
        if n > 1:
            facts.append(("aantal", str(n)))
        lines.append(f"  - {_flow(facts)}  # {element_name(item.element)}")
    return "\n".join(lines) + "\n"


def counted(items: Iterable[Item]) -> list[tuple[Item, int]]:
    """Each item once, in the order in which they first come, and how often it is asked."""
    counts: dict[Item, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return list(counts.items())


def _flow(facts: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in facts) + "}"


def _text(value: Any) -> str:  # noqa: ANN401
    """A text between double quotes, which YAML reads as JSON does."""
    return json.dumps(str(value), ensure_ascii=False)
