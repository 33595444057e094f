"""The definition of a study: YAML by `specs/_schemas/studie.schema.json`, with the checks that a schema cannot make."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NotRequired, Required, TypedDict, cast

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.errors import SpecError
from bds_tool.base.text import t
from bds_tool.export.cohort.missing import SUFFIX
from bds_tool.store import database

#: Columns that a study makes by itself.
OWN = ("kind", "rij", "moment", "koppelsleutel", "huishouden")


class _Contact(TypedDict):
    from_months: int
    to_months: int
    at_least: NotRequired[int]


class _Condition(TypedDict):
    name: str
    when: str


class _Population(TypedDict, total=False):
    birth_years: list[int]
    versions: list[str]
    areas: list[str]
    contact: _Contact
    include: list[_Condition]
    exclude: list[_Condition]


class _Moment(TypedDict):
    name: str
    from_months: int
    to_months: int
    target_months: NotRequired[int]
    choose: NotRequired[str]


class _Variable(TypedDict, total=False):
    name: Required[str]
    label: str
    element: int
    derived: str
    indicator: str
    year: int
    moments: list[str]
    identifying: bool


class _Study(TypedDict):
    """A study as it is written: `specs/_schemas/studie.schema.json`."""

    id: str
    title: str
    row: str
    delivery: dict[str, str]
    population: NotRequired[_Population]
    moments: NotRequired[list[_Moment]]
    variables: list[_Variable]
    link_bsn: NotRequired[bool]
    household: NotRequired[bool]


@dataclass(frozen=True)
class Moment:
    """An age window in completed months, as the indicators count them: from `low`, before `high`."""

    name: str
    low: int
    high: int
    target: int
    choose: str


@dataclass(frozen=True)
class Condition:
    """`when`: an expression over the columns of view kind; `wanted`: stay where it holds, or go where it holds."""

    name: str
    when: str
    wanted: bool


@dataclass(frozen=True)
class Asked:
    """One variable as it was asked for; `source` is element, derived or indicator and `what` its number or name."""

    name: str
    label: str
    source: str
    what: str
    year: int | None
    moments: tuple[str, ...]
    identifying: bool


@dataclass(frozen=True)
class Contact:
    """Seen at least `least` times at an age in completed months from `low` before `high`."""

    low: int
    high: int
    least: int


@dataclass(frozen=True)
class Definition:
    """A study. Empty tuples and None mean: all."""

    id: str
    title: str
    row: str
    delivery: dict[str, str]
    birth_years: tuple[int, int] | None
    versions: tuple[str, ...]
    areas: tuple[str, ...]
    contact: Contact | None
    conditions: tuple[Condition, ...]
    moments: tuple[Moment, ...]
    variables: tuple[Asked, ...]
    link_bsn: bool
    household: bool
    text: str


def load(path: Path) -> Definition:
    """The definition in a file. Raises SpecError that names all faults."""
    data = cast("_Study", read_checked(path, "studie"))
    definition = _typed(data, path.read_text(encoding="utf-8"))
    if faults := list(dict.fromkeys(_faults(definition))):
        raise SpecError(
            t(f"{path} klopt niet. {'; '.join(faults[:5])}", f"{path} is not right. {'; '.join(faults[:5])}"),
            t("Zie docs: een studie maken.", "See the docs: making a study."),
        )
    return definition


def _typed(data: _Study, text: str) -> Definition:
    who: _Population = data.get("population", {})
    contact = who.get("contact")
    years = who.get("birth_years")
    conditions = [Condition(c["name"], c["when"], wanted=True) for c in who.get("include", ())]
    conditions += [Condition(c["name"], c["when"], wanted=False) for c in who.get("exclude", ())]
    return Definition(
        data["id"],
        data["title"],
        data["row"],
        {k: str(v) for k, v in data["delivery"].items()},
        (years[0], years[1]) if years else None,
        tuple(who.get("versions", ())),
        tuple(who.get("areas", ())),
        Contact(contact["from_months"], contact["to_months"], contact.get("at_least", 1))
        if contact
        else None,
        tuple(conditions),
        tuple(_moment(m) for m in data.get("moments", ())),
        tuple(_asked(v) for v in data["variables"]),
        bool(data.get("link_bsn")),
        bool(data.get("household")),
        text,
    )


def _moment(m: _Moment) -> Moment:
    low, high = m["from_months"], m["to_months"]
    return Moment(m["name"], low, high, m.get("target_months", (low + high) // 2), m.get("choose", "nearest"))


def _asked(v: _Variable) -> Asked:
    told: Mapping[str, object] = v
    source = next(k for k in ("element", "derived", "indicator") if k in told)
    return Asked(
        v["name"],
        v.get("label", ""),
        source,
        str(told[source]),
        v.get("year"),
        tuple(v.get("moments", ())),
        bool(v.get("identifying")),
    )


def _faults(d: Definition) -> Iterator[str]:
    names = [v.name for v in d.variables]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield t(f"variabele {name} staat er twee keer", f"variable {name} is there twice")
    for v in d.variables:
        if v.name in OWN or v.name.endswith(SUFFIX):
            yield t(f"{v.name} is een naam van bds zelf", f"{v.name} is a name of bds itself")
        yield from _variable_faults(d, v)
    columns = [c for v in d.variables for c in column_names(v)]
    for name in sorted({c for c in columns if columns.count(c) > 1} - {n for n in names if names.count(n) > 1}):  # fmt: skip
        yield t(f"kolom {name} ontstaat twee keer", f"column {name} arises twice")
    moments = [m.name for m in d.moments]
    for name in sorted({n for n in moments if moments.count(n) > 1}):
        yield t(f"moment {name} staat er twee keer", f"moment {name} is there twice")
    for m in d.moments:
        if m.low >= m.high:
            yield t(f"moment {m.name} eindigt voor het begint", f"moment {m.name} ends before it begins")
    ordered = sorted(d.moments, key=lambda m: m.low)
    if d.row != "child" and any(a.high > b.low for a, b in itertools.pairwise(ordered)):
        yield t(
            "momenten overlappen: een rij zou bij twee horen", "moments overlap: a row would belong to two"
        )
    if d.birth_years and d.birth_years[0] > d.birth_years[1]:
        yield t("birth_years: eerst het eerste jaar", "birth_years: the first year first")
    if d.contact and d.contact.low >= d.contact.high:
        yield t("contact eindigt voor het begint", "contact ends before it begins")
    for c in d.conditions:
        if wrong := database.expression(c.when):
            yield t(f"voorwaarde {c.name}: {wrong}", f"condition {c.name}: {wrong}")
    try:
        date.fromisoformat(d.delivery["retain_until"])
    except ValueError:
        yield t("retain_until is geen dag", "retain_until is no day")


def _variable_faults(d: Definition, v: Asked) -> Iterator[str]:
    known = {m.name for m in d.moments}
    for name in v.moments:
        if name not in known:
            yield t(
                f"variabele {v.name}: moment {name} is er niet",
                f"variable {v.name}: moment {name} is not there",
            )
    if v.moments and d.row != "child":
        yield t(
            f"variabele {v.name}: moments hoort bij row: child; anders is elke rij een dag",
            f"variable {v.name}: moments belong to row: child; otherwise each row is a day",
        )
    if (v.source == "indicator") != (v.year is not None):
        yield t(
            f"variabele {v.name}: year hoort bij een indicator",
            f"variable {v.name}: year belongs to an indicator",
        )
    if v.source == "indicator" and v.moments:
        yield t(
            f"variabele {v.name}: een indicator heeft een jaar, geen moment",
            f"variable {v.name}: an indicator has a year, no moment",
        )


def column_names(asked: Asked) -> list[str]:
    """The names of its columns: one, or one per moment."""
    return [f"{asked.name}_{m}" for m in asked.moments] if asked.moments else [asked.name]
