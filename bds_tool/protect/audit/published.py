"""Reading a published table as anyone would: numbers, symbols, and how the codes add up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Required, TypedDict, cast

import numpy as np

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.errors import UsageError
from bds_tool.base.text import number as amount
from bds_tool.base.text import t
from bds_tool.formats.table import plain
from bds_tool.protect.audit.system import Bools, Floats, Ints

if TYPE_CHECKING:
    import polars as pl


class Rounding(TypedDict, total=False):
    """How the published counts were rounded."""

    rule: str
    base: int
    zeros_exact: bool


class Dimension(TypedDict, total=False):
    """One dimension in the description of a table."""

    name: Required[str]
    column: str
    columns: list[str]
    total: str
    parents: dict[str, str]
    also: dict[str, list[str]]


class Description(TypedDict, total=False):
    """The description of a table (`specs/_schemas/tabel.schema.json`)."""

    title: str
    count: str
    tree: str
    record: str
    lower: int
    rounding: Rounding
    dimensions: Required[list[Dimension]]


@dataclass(frozen=True)
class Axis:
    """Codes of one dimension and its sums: (total, parts) as positions in `codes`."""

    name: str
    codes: tuple[str, ...]
    sums: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass
class PublishedTable:
    """A published table on a grid: interval per cell, which cells are hidden, and the symbols used for them."""

    axes: tuple[Axis, ...]
    low: Floats
    high: Floats
    hidden: Bools
    symbols: dict[str, Ints]
    #: Cell number of every row of the file.
    rows: Ints

    def symbol_cells(self) -> Ints:
        """Cells that are in the file with a symbol instead of a number."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *self.symbols.values()])

    def key(self, cell: int) -> dict[str, str]:
        """The codes of a cell, for a person to look up."""
        places = np.unravel_index(cell, self.low.shape)
        return {a.name: a.codes[int(i)] for a, i in zip(self.axes, places, strict=True)}


def read_description(path: Path) -> Description:
    """The description of a table (YAML). Raises SpecError when it does not follow the schema."""
    return cast("Description", read_checked(path, "tabel"))


def read_published(path: Path, description: Description) -> PublishedTable:
    """Read a published CSV, XLSX or Parquet file. What is not a number in the count column is a symbol."""
    return from_frame(plain.frame(path), description)


def from_frame(frame: pl.DataFrame, description: Description) -> PublishedTable:
    """Put a published table on a grid of all its codes. Cells that are not in the frame are hidden as well."""
    import polars as pl

    frame = frame.with_columns(pl.all().cast(pl.String))
    count = description.get("count", "n")
    columns = [c for d in description["dimensions"] for c in _columns(d)]
    missing = [c for c in [count, *columns] if c not in frame.columns]
    if missing:
        raise UsageError(
            t(
                f"Deze kolommen ontbreken: {', '.join(missing)}.",
                f"These columns are missing: {', '.join(missing)}.",
            ),
            t(f"De tabel heeft: {', '.join(frame.columns)}.", f"The table has: {', '.join(frame.columns)}."),
        )
    axes, places = [], []
    for d in description["dimensions"]:
        axis, place = _axis(frame, d)
        axes.append(axis)
        places.append(place)
    shape = tuple(len(a.codes) for a in axes)
    plain.fits_grid(shape)
    cells = np.ravel_multi_index(tuple(places), shape)
    double = len(cells) - len(np.unique(cells))
    if double:
        raise UsageError(
            t(
                f"{amount(double)} regels hebben dezelfde codes als een andere regel.",
                f"{amount(double)} lines have the same codes as another line.",
            ),
            t(
                "Noem in de beschrijving elke kolom waarin de regels verschillen.",
                "Name every column in which lines differ in the description.",
            ),
        )
    text = frame[count].fill_null("").str.strip_chars()
    number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    value = number.to_numpy().astype(np.float64)
    spread = _rounding(value, description.get("rounding") or {})
    lower, floor = float(description.get("lower", 1)), np.zeros(int(np.prod(shape)))
    low, high = floor.copy(), np.full(len(floor), np.inf)
    hidden = np.ones(len(floor), dtype=bool)
    shown = ~np.isnan(value)
    low[cells[shown]], high[cells[shown]] = (value - spread[0])[shown].clip(min=0), (value + spread[1])[shown]
    hidden[cells[shown]] = False
    # The stated attacker takes for granted that a cell with a symbol holds at least `lower` children.
    low[cells[~shown]] = lower
    symbols = {
        str(s): cells[(text == s).to_numpy() & ~shown] for s in text.filter(pl.Series(~shown)).unique().sort()
    }
    return PublishedTable(
        tuple(axes), low.reshape(shape), high.reshape(shape), hidden.reshape(shape), symbols, cells
    )


def _columns(d: Dimension) -> list[str]:
    return list(d.get("columns") or [d.get("column", d["name"])])


def _rounding(value: Floats, rule: Rounding) -> tuple[Floats, Floats]:
    """How far the true count can be below and above a published number."""
    base = float(rule.get("base", 1))
    kind = rule.get("rule", "none")
    zero = value == 0
    if kind == "nearest":
        half = np.where(zero & bool(rule.get("zeros_exact", True)), 0.0, np.floor(base / 2))
        return half, half
    if kind == "midpoint":
        return np.where(zero, 0.0, (base - 1) // 2), np.where(zero, 0.0, base // 2)
    if kind == "random":
        wide = np.where(zero & bool(rule.get("zeros_exact", True)), 0.0, base - 1)
        return wide, wide
    return np.zeros(len(value)), np.zeros(len(value))


def _axis(frame: pl.DataFrame, d: Dimension) -> tuple[Axis, Ints]:
    import polars as pl

    total = str(d.get("total", "totaal"))
    columns = _columns(d)
    parents: dict[str, str] = {str(k): str(v) for k, v in (d.get("parents") or {}).items()}
    at = None
    for column in columns:
        code = (
            pl.when(pl.col(column).is_null() | (pl.col(column) == total)).then(None).otherwise(pl.col(column))
        )
        at = code if at is None else pl.coalesce(code, at)
    codes = frame.select(at.fill_null(total).alias("code"))["code"]  # type: ignore[union-attr]
    if len(columns) > 1:
        for row in frame.select(columns).unique().iter_rows():
            above = total
            for name in row:
                if name is not None and name != total:
                    parents.setdefault(name, above)
                    above = name
    also = {str(k): [str(p) for p in v] for k, v in (d.get("also") or {}).items()}
    # The totals of another way of adding up are in no total here, and its parts need not be in the table.
    apart = {*also, *(p for v in also.values() for p in v if p not in set(codes))} - {total, *parents}
    for name in [*codes.unique().to_list(), *parents.values()]:
        if name != total and name not in apart:
            parents.setdefault(name, total)
    names = (total, *sorted({*parents, *apart}))
    index = {c: i for i, c in enumerate(names)}
    children: dict[int, list[int]] = {}
    for name, above in parents.items():
        children.setdefault(index[above], []).append(index[name])
    for extra_total, parts in also.items():
        # A second way to add up: rolling years, another partition of areas.
        children.setdefault(-1 - index[extra_total], []).extend(index[p] for p in parts)
    sums = tuple((k if k >= 0 else -1 - k, tuple(v)) for k, v in children.items())
    lookup = pl.DataFrame({"code": list(names), "at": range(len(names))})
    place = (
        codes.to_frame()
        .join(lookup, on="code", how="left", maintain_order="left")["at"]
        .to_numpy()
        .astype(np.int64)
    )
    return Axis(str(d["name"]), names, sums), place
