"""Any count table (CSV with a description) as a disclosure problem: every cell is a row with one count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.text import number, t
from bds_tool.formats.table import plain
from bds_tool.protect.cube import Axis
from bds_tool.protect.description import DimensionDescription, TableDescription
from bds_tool.protect.moves import FlatSpace, tensor
from bds_tool.protect.tree import Tree, contract
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

#: The tree of a table in which every dimension adds up in two ways: no areas at all.
NO_TREE = DimensionDescription("", (), "totaal", {}, {})


@dataclass(frozen=True)
class Dimension:
    """Codes of one dimension, parents first (`parent` -1: the total, or a code of another way of adding up: `also`)."""

    description: DimensionDescription
    codes: tuple[str, ...]
    parent: Ints
    also: tuple[tuple[int, tuple[int, ...]], ...] = ()

    @property
    def sums(self) -> list[tuple[int, list[int]]]:
        """All sums as (total, parts), by position."""
        inner = np.unique(self.parent[self.parent >= 0]).tolist()
        return [
            *((n, np.flatnonzero(self.parent == n).tolist()) for n in inner),
            *((total, list(parts)) for total, parts in self.also),
        ]

    def index(self) -> dict[str, int]:
        return {code: i for i, code in enumerate(self.codes)}


@dataclass(frozen=True)
class CountTable:
    """A complete table of counts with all margins; `values` has one axis per dimension, the tree first."""

    dimensions: tuple[Dimension, ...]
    values: Ints
    published: Bools
    count: str = "n"

    @property
    def tree(self) -> Tree:
        return contract(self.dimensions[0].parent)

    def space(self) -> FlatSpace:
        """All dimensions but the first, flattened in C order, with their moves and equations."""
        moves = [{0: 1}]
        equations = np.zeros((0, 1), dtype=np.int64)
        for d in self.dimensions[1:]:
            width = len(d.codes)
            own = Axis(list(d.codes), d.sums)
            before = moves_size(equations)
            equations = np.concatenate(
                [
                    np.kron(equations, np.eye(width, dtype=np.int64)),
                    np.kron(np.eye(before, dtype=np.int64), own.equations()),
                ]
            )
            moves = tensor(moves, own.moves(), width)
        return FlatSpace(int(np.prod(self.values.shape[1:])), moves, equations)

    def flat(self) -> Ints:
        """Values per tree node (contracted) and flat node."""
        counts: Ints = self._contracted(self.values)
        return counts

    def flat_published(self) -> Bools:
        shown: Bools = self._contracted(self.published)
        return shown

    def _contracted(self, array: Any) -> Any:  # noqa: ANN401
        tree = self.tree
        flat = array.reshape(len(array), -1)
        result = np.zeros((tree.size, flat.shape[1]), dtype=array.dtype)
        np.maximum.at(result, tree.label_node, flat)
        return result


def moves_size(equations: Ints) -> int:
    return int(equations.shape[1])


def build(frame: pl.DataFrame, description: TableDescription) -> CountTable:
    """Make the complete table: margins that are not in the frame are computed, margins that are must agree."""
    _need_columns(frame, description)
    dimensions = [dimension(frame, d) for d in description.dimensions]
    if all(d.also for d in dimensions):  # none is a tree
        dimensions.append(Dimension(NO_TREE, (NO_TREE.total,), np.array([-1])))
    chosen = next((i for i, d in enumerate(dimensions) if d.description.name == description.tree), None)
    if chosen is None or dimensions[chosen].also:
        chosen = int(np.argmax([0 if d.also else len(d.codes) for d in dimensions]))
    first = chosen
    ordered = [dimensions[first], *(d for i, d in enumerate(dimensions) if i != first)]
    where = tuple(_positions(frame, d) for d in ordered)
    counts = _counts(frame, description.count)
    shape = tuple(len(d.codes) for d in ordered)
    plain.fits_grid(shape)
    _need_one_line_each(np.ravel_multi_index(where, shape))
    given = np.full(shape, -1, dtype=np.int64)
    given[where] = counts
    values = given.clip(min=0)
    for axis, d in enumerate(ordered):
        _fill_margins(values, d, axis)
    margins_given = (given >= 0).sum() > np.prod(
        [len(d.codes) - len({n for n, _ in d.sums}) for d in ordered]
    )
    if (given[given >= 0] != values[given >= 0]).any():
        raise UsageError(
            t(
                "De totalen in de tabel zijn niet de som van hun delen.",
                "Totals in the table are not the sum of their parts.",
            ),
            t(
                "Laat de totalen weg (dan rekent bds ze uit) of herstel ze.",
                "Leave totals out (bds adds them) or mend them.",
            ),
        )
    shown = _rows_told(given >= 0, values, ordered) if margins_given else np.ones(shape, dtype=bool)
    return CountTable(tuple(ordered), values, shown, description.count)


def _rows_told(given: Bools, values: Ints, dimensions: Sequence[Dimension]) -> Bools:
    """The cells that get a row: those that have one, and the empty ones beside them, for a row that lacks tells that it is zero.

    Beside it is what is as deep in every dimension; a kind of total of which no row was given stays away whole.
    """
    kind = np.zeros((), dtype=np.int64)
    for d in dimensions:
        deep = _depth(d)
        kind = kind[..., None] * (int(deep.max()) + 1) + deep
    told = np.bincount(kind.ravel(), weights=given.ravel()) > 0
    shown: Bools = given | ((values == 0) & told[kind])
    return shown


def _depth(d: Dimension) -> Ints:
    """How far below the total each code is; codes without parts are alike, as are totals of another way of adding up."""
    deep = np.zeros(len(d.codes), dtype=np.int64)
    for i, above in enumerate(d.parent.tolist()):  # parents come first
        deep[i] = deep[above] + 1 if above >= 0 else 0
    totals = [total for total, _ in d.sums]
    deep[np.setdiff1d(np.arange(len(deep)), totals)] = deep.max() + 1
    apart = [i for i in totals if d.parent[i] < 0 and i > 0]
    deep[apart] = deep.max() + 1
    return deep


def dimension(frame: pl.DataFrame, d: DimensionDescription) -> Dimension:
    """Codes and parents of one dimension, from its level columns or from the parents in the description."""
    parents: dict[str, str] = dict(d.parents)
    apart = set(d.also) - {d.total, *parents}  # totals of another way of adding up are in no total here
    if len(d.columns) > 1:
        for row in frame.select(d.columns).unique().iter_rows():
            above = d.total
            for code in row:
                if code is not None and code != d.total and code not in apart:
                    parents.setdefault(code, above)
                    above = code
    else:
        for code in frame[d.columns[0]].unique().to_list():
            if code != d.total and code not in apart:
                parents.setdefault(code, d.total)
    for code in list(parents.values()):
        if code != d.total:
            parents.setdefault(code, d.total)
    order, rest = [d.total], sorted(parents)
    while rest:
        known = set(order)
        ready = [c for c in rest if parents[c] in known]
        if not ready:
            raise UsageError(
                t(f"De codes van {d.name} vormen een kring.", f"The codes of {d.name} form a circle."),
                t("Herstel de ouders in de beschrijving.", "Mend the parents in the description."),
            )
        order += ready
        rest = [c for c in rest if c not in set(ready)]
    order += sorted(apart)
    index = {c: i for i, c in enumerate(order)}
    parent = [index[parents[c]] if c in parents else -1 for c in order]
    return Dimension(d, tuple(order), np.array(parent, dtype=np.int64), _also(d, index))


def _also(d: DimensionDescription, index: dict[str, int]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """The other sums of a dimension by position, those of parts first."""
    strange = sorted({p for parts in d.also.values() for p in parts} - set(index))
    if strange:
        raise UsageError(
            t(
                f"{d.name}: bij also staan codes die niet in de tabel zijn: {', '.join(strange)}.",
                f"{d.name}: at also are codes that are not in the table: {', '.join(strange)}.",
            ),
            t("Haal ze weg of vul de tabel aan.", "Take them out or complete the table."),
        )
    made, rest = [], dict(d.also)
    while rest:
        ready = [c for c, parts in rest.items() if not set(parts) & (set(rest) - {c})]
        if not ready or any(c in rest[c] for c in ready):
            raise UsageError(
                t(f"De codes van {d.name} vormen een kring.", f"The codes of {d.name} form a circle."),
                t("Herstel also in de beschrijving.", "Mend also in the description."),
            )
        made += [(index[c], tuple(index[p] for p in rest.pop(c))) for c in ready]
    return tuple(made)


def _positions(frame: pl.DataFrame, d: Dimension) -> Ints:
    import polars as pl

    if not d.description.columns:
        return np.zeros(frame.height, dtype=np.int64)
    finest = pl.coalesce(
        *(pl.when(pl.col(c) != d.description.total).then(pl.col(c)) for c in reversed(d.description.columns))
    ).fill_null(d.description.total)
    codes = frame.select(finest.alias("code"))["code"]
    index = pl.DataFrame({"code": list(d.codes), "at": range(len(d.codes))})
    return (
        codes.to_frame()
        .join(index, on="code", how="left", maintain_order="left")["at"]
        .to_numpy()
        .astype(np.int64)
    )


def _counts(frame: pl.DataFrame, column: str) -> Ints:
    import polars as pl

    numbers = frame[column].cast(pl.Int64, strict=False)
    if numbers.null_count() or (numbers < 0).any():
        raise UsageError(
            t(
                f"Kolom {column} bevat iets anders dan gehele aantallen.",
                f"Column {column} holds other things than counts.",
            ),
            t(
                "Geef de onbeschermde tabel, met op elke regel een aantal van 0 of meer.",
                "Give the unprotected table, with a count of 0 or more on every line.",
            ),
        )
    return numbers.to_numpy().astype(np.int64)


def _need_one_line_each(cells: Ints) -> None:
    double = len(cells) - len(np.unique(cells))
    if double:
        raise UsageError(
            t(
                f"{number(double)} regels hebben dezelfde codes als een andere regel.",
                f"{number(double)} lines have the same codes as another line.",
            ),
            t(
                "Noem in de beschrijving elke kolom waarin de regels verschillen, of tel de regels eerst op.",
                "Name every column in which lines differ in the description, or add the lines up first.",
            ),
        )


def _fill_margins(values: Ints, d: Dimension, axis: int) -> None:
    """Make every inner node the sum of its children, deepest first (codes are ordered parents first).

    Raises UsageError where two ways of adding up give another total.
    """
    moved = np.moveaxis(values, axis, 0)
    inner = np.unique(d.parent[d.parent >= 0])
    for node in inner[::-1].tolist():
        moved[node] = moved[d.parent == node].sum(axis=0)
    for node, parts in d.also:
        told = moved[list(parts)].sum(axis=0)
        if node in inner and (told != moved[node]).any():
            raise UsageError(
                t(
                    f"{d.description.name}: de delen van {d.codes[node]} bij also zijn samen niet {d.codes[node]}.",
                    f"{d.description.name}: the parts of {d.codes[node]} at also do not add up to {d.codes[node]}.",
                ),
                t("Noem bij also alle delen, elk één keer.", "Name all parts at also, each once."),
            )
        moved[node] = told


def _need_columns(frame: pl.DataFrame, description: TableDescription) -> None:
    needed = [description.count, *(c for d in description.dimensions for c in d.columns)]
    missing = [c for c in needed if c not in frame.columns]
    if missing:
        raise UsageError(
            t(
                f"Deze kolommen ontbreken: {', '.join(missing)}.",
                f"These columns are missing: {', '.join(missing)}.",
            ),
            t(f"De tabel heeft: {', '.join(frame.columns)}.", f"The table has: {', '.join(frame.columns)}."),
        )
