"""Facts of a child that a table repeats on every row: each is kept once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

#: An odd number that spreads the bits of a hash (2^64 over the golden ratio).
_SPREAD = 0x9E3779B97F4A7C15


class Repeats:
    """What was kept until now, and how many values were repeats of that."""

    def __init__(self) -> None:
        import numpy as np

        # Hashes of what was kept, sorted: eight bytes each, also when there are millions of children.
        self._seen = np.empty(0, dtype=np.uint64)
        self.count = 0

    def first(
        self,
        wide: pl.DataFrame,
        row: npt.NDArray[np.intp],
        column: npt.NDArray[np.intp],
        kinds: Mapping[str, tuple[int, tuple[str, ...]] | None],
    ) -> npt.NDArray[np.bool_]:
        """Which filled cells to keep: of the same element and value in the same place the first.

        `kinds`: for each column (`c:NAME` in `wide`), in order, the element and the names of what makes the place; None
        for a column of which every value is kept.
        """
        import numpy as np
        import polars as pl

        there = frozenset(wide.columns)

        @cache
        def place(names: tuple[str, ...]) -> npt.NDArray[np.uint64]:
            return wide.select(n for n in names if n in there).hash_rows(seed=7).to_numpy()

        hashes = np.zeros((len(kinds), wide.height), dtype=np.uint64)
        for at, (name, kind) in enumerate(kinds.items()):
            if kind is None:
                continue
            number, names = kind
            values = wide[f"c:{name}"].cast(pl.String).hash(seed=7).to_numpy()
            # Sums and odd factors of good hashes are as good, and quicker than a hash of all of it together.
            hashes[at] = place(names) * np.uint64(_SPREAD) + values + np.uint64(number)
        asked = np.array([kind is not None for kind in kinds.values()])[column]
        hashed = hashes[column[asked], row[asked]]
        new = pl.Series(hashed).is_first_distinct().to_numpy().copy()
        order = np.flatnonzero(new)
        order = order[np.argsort(hashed[order])]
        first, known = hashed[order], self._seen
        if known.size:
            seen = known[np.minimum(np.searchsorted(known, first), known.size - 1)] == first
            new[order[seen]] = False
            first = first[~seen]
        self._seen = np.sort(np.concatenate([known, first]), kind="stable")
        self.count += int(new.size - new.sum())
        keep = ~asked
        keep[asked] = new
        return keep
