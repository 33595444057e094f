"""Profiles of `bds.toml` for tables: which one is for a file, and what its columns are."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePath

from bds_tool.base.errors import UsageError
from bds_tool.base.specs import specs_dir
from bds_tool.base.table_settings import ColumnSetting, ElementSetting, TableProfile, TableSettings
from bds_tool.base.text import t
from bds_tool.formats.table.columns import ROLES, Column, units_by_name, with_unit
from bds_tool.formats.table.elements import elements, plain
from bds_tool.schema import load, versions


def profiles(settings: TableSettings) -> list[TableProfile]:
    """The profiles of a project, the common one last; with a name asked for, that one alone.

    Raises UsageError for an element, role, unit, encoding, version or profile that does not exist.
    """
    common = TableProfile(kolommen=settings.columns, decimaal=settings.decimal, codering=settings.encoding)
    found = [_complete(p, common) for p in settings.profiles]
    for each in (common, *found):
        check(each)
    if not settings.profile:
        return [*found, common]
    chosen = [p for p in found if p.naam == settings.profile]
    if chosen:
        return [replace(chosen[0], bestanden=())]
    names = ", ".join(p.naam for p in found if p.naam) or t("geen", "none")
    raise UsageError(
        t(
            f"Profiel {settings.profile} staat niet in bds.toml.",
            f"Profile {settings.profile} is not in bds.toml.",
        ),
        t(f"Profielen daar: {names}.", f"Profiles there: {names}."),
    )


def _complete(own: TableProfile, common: TableProfile) -> TableProfile:
    """A profile with what holds for all tables of the project where it says nothing itself."""
    return replace(
        own,
        kolommen={**common.kolommen, **own.kolommen},
        decimaal=own.decimaal or common.decimaal,
        codering=own.codering or common.codering,
    )


def check(profile: TableProfile) -> None:
    """Raises UsageError for what the JSON Schema cannot say: roles, elements, units, encodings, versions."""
    if profile.codering:
        try:
            "".encode(profile.codering)
        except LookupError as error:
            raise _wrong("codering", profile.codering, "utf-8, windows-1252, cp850, utf-16") from error
    if profile.versie and profile.versie not in versions():
        raise _wrong("versie", profile.versie, ", ".join(versions()))
    try:
        date.fromisoformat(profile.leverdatum or "2000-01-01")
    except ValueError as error:
        raise _wrong("leverdatum", profile.leverdatum, "jjjj-mm-dd") from error
    if profile.decimaal and profile.decimaal == profile.duizendtal:
        raise _wrong(
            "duizendtal", profile.duizendtal, t("een ander teken dan decimaal", "another sign than decimaal")
        )
    for name, column in profile.kolommen.items():
        given(name, column)
    for name, element in profile.elementen.items():
        element_of(name, element)


def fitting(candidates: Sequence[TableProfile], name: str) -> list[TableProfile]:
    """The profiles whose pattern fits the file name, in order; those without a pattern fit every file."""
    parts = name.replace("\\", "/").split("!/")
    names = {PurePath(part).name.lower() for part in parts}

    def fits(patterns: Iterable[str]) -> bool:
        return any(fnmatch.fnmatchcase(n, p.lower()) for p in patterns for n in names)

    return [c for c in candidates if not c.bestanden or fits(c.bestanden)]


def wanted(profile: TableProfile) -> frozenset[str]:
    """The columns that a profile names, as `plain` gives them."""
    return frozenset(plain(n) for n in profile.kolommen)


def share(profile: TableProfile, names: Iterable[str]) -> float:
    """The part of the columns of a profile that a table has; 0 for a profile without columns."""
    there = {plain(n) for n in names}
    return len(wanted(profile) & there) / len(profile.kolommen) if profile.kolommen else 0.0


def date_way(text: str) -> str:
    """The way of reading dates behind a word or a pattern of bds.toml: `dd-mm-jjjj uu:mm` is dmj."""
    if text in {"", "excel", "unix"}:
        return "serie" if text == "excel" else text
    letters = text.lower().replace("y", "j").partition("u")[0].partition("h")[0]
    return "".join(dict.fromkeys(c for c in letters if c in "dmj"))


def element_of(name: str, given: ElementSetting) -> tuple[int, str]:
    """Element and unit for a local code in the element column of a long table."""
    if given.element not in elements():
        raise _no_element(name, given.element)
    if given.eenheid:
        _unit(name, given.element, "", given.eenheid)
    return given.element, given.eenheid


def given(name: str, setting: ColumnSetting) -> Column:
    """A column as bds.toml describes it: element number, role, or a table with both and more."""
    number, rol = setting.element, setting.rol
    if number and number not in elements():
        raise _no_element(name, number)
    if not number and rol not in ROLES:
        raise UsageError(
            t(
                f"bds.toml, kolom {name}: {rol or '?'} is geen rol.",
                f"bds.toml, column {name}: {rol or '?'} is no role.",
            ),
            t(
                f"Kies een elementnummer of uit: {', '.join(ROLES)}.",
                f"Choose an element number or one of: {', '.join(ROLES)}.",
            ),
        )
    if setting.rubriek and setting.rubriek not in rubrieken():
        raise UsageError(
            t(
                f"bds.toml, kolom {name}: rubriek {setting.rubriek} bestaat in geen BDS-versie.",
                f"bds.toml, column {name}: rubriek {setting.rubriek} exists in no BDS version.",
            ),
            t("`bds spec list rubrieken` toont ze alle.", "`bds spec list rubrieken` shows them all."),
        )
    column = Column(
        name,
        "" if number else rol,
        number,
        datum=setting.datum,
        rubriek=setting.rubriek,
        reden="bds.toml",
        herhaling=setting.herhaling,
        datumkolom=setting.datumkolom,
        waarden={" ".join(k.lower().split()): v for k, v in setting.waarden.items()},
        ontbrekend=setting.ontbrekend,
    )
    if not setting.eenheid:
        return column
    _unit(name, number, rol, setting.eenheid)
    return with_unit(column, setting.eenheid)


def _unit(name: str, number: int, rol: str, unit: str) -> None:
    """Raises UsageError for a unit that the element cannot have."""
    due = elements()[number].eenheid if number else ""
    spelled = units_by_name()
    chosen = spelled.get(unit.lower(), (unit, unit, Decimal(1)))
    if (due and chosen[1] == due) or (due and unit == due):
        return
    able = sorted({u for u, bds, _ in spelled.values() if bds == due} | ({due} if due else set()))
    what = t(f"element {number}", f"element {number}") if number else rol
    raise UsageError(
        t(
            f"bds.toml, kolom {name}: {unit} is geen eenheid voor {what}.",
            f"bds.toml, column {name}: {unit} is no unit for {what}.",
        ),
        t(f"Kies uit: {', '.join(able)}.", f"Choose one of: {', '.join(able)}.")
        if able
        else t("Laat eenheid hier weg.", "Leave eenheid out here."),
    )


def rubrieken() -> frozenset[str]:
    """Numbers of the rubrieken of any version."""
    return _rubrieken(str(specs_dir()))


@lru_cache(maxsize=2)
def _rubrieken(_root: str) -> frozenset[str]:
    return frozenset(r for version in versions() for r in load(version).rubrieken)


def _no_element(name: str, number: int) -> UsageError:
    return UsageError(
        t(
            f"bds.toml, kolom {name}: element {number} bestaat in geen BDS-versie.",
            f"bds.toml, column {name}: element {number} exists in no BDS version.",
        ),
        t("Zoek het nummer op met `bds spec search`.", "Look the number up with `bds spec search`."),
    )


def _wrong(place: str, value: str, choices: str) -> UsageError:
    return UsageError(
        t(
            f"bds.toml, tabel.{place}: {value} kan niet.",
            f"bds.toml, tabel.{place}: {value} is not possible.",
        ),
        t(f"Kies uit: {choices}.", f"Choose from: {choices}."),
    )
