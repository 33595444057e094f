"""The description of a table: which columns are dimensions, how their codes add up, what is counted.

    count: n
    dimensions:
      - {name: gebied, columns: [gem, wijk]}              # coarse to fine, one column per level
      - {name: leeftijd, column: age, total: totaal}      # one column, the total has its own word
      - {name: wijk, column: wijk, total: Total, parents: {W1: G1, W2: G1, G1: Total}}
      - {name: jaar, also: {2021-2022: ["2021", "2022"]}}  # a second way of adding up

The JSON Schema is `specs/_schemas/tabel.schema.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.errors import UsageError
from bds_tool.base.text import t

TOTAL = "totaal"


@dataclass(frozen=True)
class DimensionDescription:
    """One dimension: its columns (coarse to fine), the word for its total, and parents when given by code.

    `also` is a second way of adding up that need not nest in the first: total and parts, by code.
    """

    name: str
    columns: tuple[str, ...]
    total: str
    parents: Mapping[str, str]
    also: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class TableDescription:
    """What a count table looks like."""

    count: str
    dimensions: tuple[DimensionDescription, ...]
    tree: str
    #: Column that points out the child, for a table with a line per child (cell key method).
    record: str = ""

    @classmethod
    def read(cls, path: Path) -> TableDescription:
        """Read and check a description. Raises UsageError when it is not one."""
        return cls.build(read_checked(path, "tabel"))

    @classmethod
    def build(cls, data: Mapping[str, Any]) -> TableDescription:
        dimensions = tuple(
            DimensionDescription(
                d["name"],
                tuple(d.get("columns") or [d.get("column", d["name"])]),
                d.get("total", TOTAL),
                dict(d.get("parents", {})),
                {total: tuple(parts) for total, parts in d.get("also", {}).items()},
            )
            for d in data["dimensions"]
        )
        names = [d.name for d in dimensions]
        if len(set(names)) < len(names):
            raise UsageError(
                t("Twee dimensies heten hetzelfde.", "Two dimensions have the same name."),
                t("Geef elke dimensie een eigen naam.", "Give every dimension a name of its own."),
            )
        return cls(data.get("count", "n"), dimensions, data.get("tree", ""), data.get("record", ""))
