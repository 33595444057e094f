"""What a project says in `bds.toml` about the tables it gets: `[kolommen]`, and a `[[tabel]]` for each kind of file.

A new key for tables is a field here, a line in `specs/_schemas/config.schema.json` and a case in
`tests/test_settings_hold.py`. What the keys mean is in docs/howto/bds-toml.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class ColumnSetting:
    """One line of `[kolommen]`: an element (with unit and place) or a role.

    `datumkolom`: the column with its date; `herhaling`: which time the element is in the row; `waarden`: text in the
    export → code; `ontbrekend`: marks that are no value.
    """

    element: int = 0
    rol: str = ""
    eenheid: str = ""
    rubriek: str = ""
    datum: str = ""
    datumkolom: str = ""
    herhaling: int = 0
    waarden: Mapping[str, str] = field(default_factory=dict)
    ontbrekend: tuple[str, ...] = ()


@dataclass(frozen=True)
class ElementSetting:
    """What a text in the element column of a long table stands for."""

    element: int
    eenheid: str = ""
    waarden: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableProfile:
    """One `[[tabel]]`. What is empty is left to what the file itself shows."""

    naam: str = ""
    bestanden: tuple[str, ...] = ()
    scheidingsteken: str = ""
    aanhalingsteken: str | None = None
    codering: str = ""
    kop: tuple[int, ...] = ()  # lines of the header; (0,) says that there is none
    overslaan: int = 0
    blad: tuple[str, ...] = ()
    decimaal: str = ""
    duizendtal: str = ""
    datum: str = ""
    ontbrekend: tuple[str, ...] = ()
    organisatie: str = ""
    versie: str = ""
    leverdatum: str = ""
    kolommen: Mapping[str, ColumnSetting] = field(default_factory=dict)
    elementen: Mapping[str, ElementSetting] = field(default_factory=dict)


@dataclass(frozen=True)
class TableSettings:
    """How tables are to be read; an empty word leaves it to what the file shows.

    `columns`: header as written in `bds.toml` → its meaning. `profiles`: one for each `[[tabel]]`; `profile` is the
    name of the one that was asked for.
    """

    columns: Mapping[str, ColumnSetting] = field(default_factory=dict)
    decimal: str = ""
    encoding: str = ""
    profiles: tuple[TableProfile, ...] = ()
    profile: str = ""
    #: Headers that bds.toml names, and whether a file of this run had them; filled while reading.
    met: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)


def table_settings(values: Mapping[str, Any]) -> TableSettings:
    """From the content of `bds.toml`, which follows its schema."""
    convert = values.get("convert", {})
    return TableSettings(
        {name: column_setting(given) for name, given in values.get("kolommen", {}).items()},
        convert.get("decimal", ""),
        convert.get("encoding", ""),
        tuple(_profile(row) for row in values.get("tabel", ())),
    )


def column_setting(given: Any) -> ColumnSetting:  # noqa: ANN401
    """A column as written: an element number, a role, or a table with more."""
    if isinstance(given, int):
        return ColumnSetting(element=given)
    if isinstance(given, str):
        return ColumnSetting(rol=given)
    return ColumnSetting(**_known(ColumnSetting, given))


def _profile(row: Mapping[str, Any]) -> TableProfile:
    values = _known(TableProfile, row)
    values["kolommen"] = {name: column_setting(given) for name, given in row.get("kolommen", {}).items()}
    values["elementen"] = {
        name: ElementSetting(given)
        if isinstance(given, int)
        else ElementSetting(**_known(ElementSetting, given))
        for name, given in row.get("elementen", {}).items()
    }
    return TableProfile(**values)


def _known(kind: Any, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """The fields of a dataclass that are given; a list, or one value in place of a list, becomes a tuple."""
    found = {}
    for f in fields(kind):
        if f.name in given:
            value = given[f.name]
            several = str(f.type).startswith("tuple")
            found[f.name] = (tuple(value) if isinstance(value, list) else (value,)) if several else value
    return found
