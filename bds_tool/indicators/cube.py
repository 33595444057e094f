"""Margins: from the finest cells to every area, breakdown and year with its totals.

A cell is one number: place, breakdown values and year packed in bits, 0 meaning the total. That makes adding up,
looking up a reference and following a series sorting of whole numbers, for any size of table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bds_tool.indicators.result import BREAKDOWNS, LEVELS, TOTAL

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Keys = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    #: Arrays of one length by name.
    Arrays = dict[str, npt.NDArray[Any]]

#: Bits per breakdown and for the year: 255 values each; the place takes what is left.
BITS = 8


@dataclass
class Space:
    """The coordinates of a result.

    `places` are (level, code, parent code, name), the whole first. `leaf[level][gebied]` is the place of that level
    above a row of the table `gebied`. `by` are the breakdowns used, `years` the years; `yearly` says whether each of
    them is a row of its own. With `rolling` there are windows of so many years too, one ending in each year; their
    codes follow those of the years, which they need.
    """

    places: list[tuple[str, str, str | None, str]]
    leaf: Arrays
    by: list[str]
    years: list[int]
    yearly: bool
    period: str
    rolling: int = 0
    values: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.by:
            self.values.setdefault(name, [TOTAL])

    @cached_property
    def windows(self) -> list[tuple[int, int]]:
        """First and last year of each window; the whole period is none of them."""
        if not 1 < self.rolling < len(self.years):
            return []
        return [(y - self.rolling + 1, y) for y in self.years[self.rolling - 1 :]]

    @property
    def periods(self) -> list[str]:
        """Words of the codes of the year: the whole period, the years, the windows."""
        return [self.period, *map(str, self.years), *(f"{a}-{b}" for a, b in self.windows)]

    def code(self, name: str, words: Any) -> Keys:  # noqa: ANN401
        """Codes of breakdown values; unseen values are added."""
        import numpy as np

        found, where = np.unique(np.ma.filled(words, "onbekend").astype(str), return_inverse=True)
        known = self.values[name]
        known += [v for v in found.tolist() if v not in known]
        return np.array([known.index(v) for v in found.tolist()], dtype=np.int64)[where]

    def shift(self, position: int) -> int:
        """Bits to the right of a breakdown (0 …) or, for len(by), of the year."""
        return (len(self.by) - position) * BITS

    @property
    def place_shift(self) -> int:
        return (len(self.by) + 1) * BITS

    def keys(self, places: Keys, dims: Sequence[Keys], years: Keys) -> Keys:
        out = places << self.place_shift
        for position, codes in enumerate([*dims, years]):
            out = out | (codes << self.shift(position))
        return out

    def part(self, keys: Keys, position: int) -> Keys:
        """Codes of a breakdown (or the year, for len(by)) in keys."""
        return (keys >> self.shift(position)) & ((1 << BITS) - 1)

    def place(self, keys: Keys) -> Keys:
        return keys >> self.place_shift

    def without_place(self, keys: Keys) -> Keys:
        return keys & ((1 << self.place_shift) - 1)

    @cached_property
    def depth(self) -> Keys:
        """Level of each place: 0 land … 4 buurt."""
        import numpy as np

        return np.array([LEVELS.index(p[0]) for p in self.places])

    @cached_property
    def _place_words(self) -> dict[str, tuple[str | None, ...]]:
        return dict(
            zip(("level", "area", "parent", "area_name"), zip(*self.places, strict=True), strict=True)
        )

    def labels(self, keys: Keys) -> dict[str, tuple[Keys, Sequence[Any]]]:
        """Column name → (codes, words) for the key columns of a result."""
        place = self.place(keys)
        out: dict[str, tuple[Keys, Sequence[Any]]] = {
            name: (place, words) for name, words in self._place_words.items()
        }
        for name in BREAKDOWNS:
            if name in self.by:
                out[name] = (self.part(keys, self.by.index(name)), self.values[name])
            else:
                out[name] = (place * 0, [TOTAL])
        out["period"] = (self.part(keys, len(self.by)), self.periods)
        return out


def add_up(keys: Keys, sums: Floats) -> tuple[Keys, Floats]:
    """Rows with the same key added up; keys come out ascending."""
    import numpy as np

    if not len(keys):
        return keys, sums
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    return ordered[starts], np.add.reduceat(sums[order], starts, axis=0)


def roll_up(space: Space, cells: Arrays, columns: Sequence[str]) -> tuple[Keys, Floats]:
    """Finest cells (arrays gebied, jaar, breakdowns and `columns`) → all margins: ascending keys and their sums."""
    import numpy as np

    years = np.asarray(cells["jaar"], dtype=np.int64) - space.years[0] + 1
    dims = [space.code(name, cells[name]) for name in space.by]
    gebied = np.asarray(cells["gebied"], dtype=np.int64)
    filled = [np.ma.filled(cells[c], 0.0) for c in columns]
    counted = [
        n for n, column in enumerate(filled) if column.any()
    ]  # what nobody delivers is zero everywhere
    sums = np.column_stack([filled[n] for n in counted]) if counted else np.zeros((len(years), 0))
    keys, sums = add_up(space.keys(gebied, dims, years), sums)
    for position in range(len(space.by)):
        mask = ~np.int64(((1 << BITS) - 1) << space.shift(position))
        total_keys, total = add_up(keys & mask, sums)
        keys, sums = np.concatenate([keys, total_keys]), np.concatenate([sums, total])
    mask = ~np.int64((1 << BITS) - 1)
    if len(space.years) > 1:
        several = [add_up(keys & mask, sums), *_windows(space, keys, sums)]
        if space.yearly:
            several.insert(0, (keys, sums))
        keys, sums = (np.concatenate(part) for part in zip(*several, strict=True))
    rest = space.without_place(keys)
    parts = [
        add_up((above[space.place(keys)] << space.place_shift) | rest, sums) for above in space.leaf.values()
    ]
    keys = np.concatenate([k for k, _ in parts])
    order = np.argsort(keys, kind="stable")
    every = np.zeros((len(keys), len(columns)), order="F")  # asked for by column
    every[:, counted] = np.concatenate([s for _, s in parts])[order]
    return keys[order], every


def _windows(space: Space, keys: Keys, sums: Floats) -> Iterator[tuple[Keys, Floats]]:
    """The sums of each window of years, from those of the years."""
    year = space.part(keys, len(space.by)) + space.years[0] - 1
    for number, (first, last) in enumerate(space.windows, len(space.years) + 1):
        inside = (year >= first) & (year <= last)
        mask = ~((1 << BITS) - 1)
        yield add_up(keys[inside] & mask | number, sums[inside])


def look_up(keys: Keys, wanted: Keys) -> tuple[Keys, Any]:
    """Position of each wanted key in ascending keys, and whether it is there."""
    import numpy as np

    if len(keys) == len(wanted) and bool((keys == wanted).all()):
        return np.arange(len(keys)), np.ones(len(keys), dtype=bool)
    position = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return position, (keys[position] == wanted) if len(keys) else np.zeros(len(wanted), dtype=bool)


def union(one: Keys, other: Keys) -> Keys:
    """The keys of two ascending arrays, ascending, each once."""
    import numpy as np

    if len(one) == len(other) and bool((one == other).all()):
        return one
    every = np.concatenate([one, other])
    every.sort(kind="stable")  # two runs are merged
    return every[np.r_[True, every[1:] != every[:-1]]] if len(every) else every
