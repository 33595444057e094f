"""What a project says in `bds.toml` about the tables it gets: `[kolommen]` and how cells are written.

A new key for tables is a field here, a line in `specs/_schemas/config.schema.json` and a case in
`tests/test_settings_hold.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class ColumnSetting:
    """One line of `[kolommen]`: an element (with unit and place) or a role."""

    element: int = 0
    rol: str = ""
    eenheid: str = ""
    rubriek: str = ""
    datum: str = ""


@dataclass(frozen=True)
class TableSettings:
    """How tables are to be read; an empty word leaves it to what the file shows.

    `columns`: header as written in `bds.toml` → its meaning.
    """

    columns: Mapping[str, ColumnSetting] = field(default_factory=dict)
    decimal: str = ""
    encoding: str = ""


def table_settings(values: Mapping[str, Any]) -> TableSettings:
    """From the content of `bds.toml`, which follows its schema."""
    convert = values.get("convert", {})
    return TableSettings(
        {name: column_setting(given) for name, given in values.get("kolommen", {}).items()},
        convert.get("decimal", ""),
        convert.get("encoding", ""),
    )


def column_setting(given: Any) -> ColumnSetting:  # noqa: ANN401
    """A column as written: an element number, a role, or a table with more."""
    if isinstance(given, int):
        return ColumnSetting(element=given)
    if isinstance(given, str):
        return ColumnSetting(rol=given)
    return ColumnSetting(**{f.name: given[f.name] for f in fields(ColumnSetting) if f.name in given})
