"""What a look at the values of a table finds in each column."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass
class Seen:
    """What was seen in one column.

    `texts`: distinct texts; for numbers only those that are not plain, which `plain` counts. In the value column of a
    long table `odd` are the values of numeric elements, `days` of date elements, `pairs` of coded ones.
    """

    texts: pl.Series | None = None
    odd: pl.Series | None = None
    days: pl.Series | None = None
    marks: pl.Series | None = None
    pairs: dict[int, pl.Series] | None = None
    plain: int = 0
    clean: bool = True
    formula: bool = False
    guarded: bool = False  # some text starts with an apostrophe
    empty: bool = False
    damaged: bool = False
    footer: bool = False
    header: bool = False  # the header stands among the rows
    decimal: bool = True  # every key is a whole number with `.0`, as pandas writes it
    names: bool = False  # a key that is a name and no number or code
    dated_names: bool = False  # a row with such a key has a date
    dated_codes: bool = False  # and a row with another key
    others: list[str] = field(
        default_factory=list
    )  # texts of a column such as `rol` that name another person
    bsn: bool = False
    filled: int = 0
    nines: Counter[tuple[int, str]] = field(
        default_factory=Counter
    )  # element and text that looks like a mark


@dataclass
class Gathering:
    parts: dict[str, list[pl.Series]] = field(default_factory=dict)

    def add(self, name: str, values: pl.Series) -> None:
        import polars as pl

        if not values.len():
            return
        parts = self.parts.setdefault(name, [])
        parts.append(values.unique())
        if len(parts) > 16:
            self.parts[name] = [pl.concat(parts).unique()]

    def get(self, name: str) -> pl.Series:
        import polars as pl

        parts = self.parts.get(name)
        return pl.concat(parts).unique() if parts else pl.Series([], dtype=pl.String)
