"""Pieces of a store: whole dossiers, all rows once and in order, and no more rows than asked."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pyarrow as pa

from bds_tool.indicators.chunks import _cut


def stored(sizes: list[int], group: int) -> SimpleNamespace:
    """Dossiers of these sizes in row groups of so many rows; a dossier may run on into the next."""
    names = [f"d{n}" for n, size in enumerate(sizes) for _ in range(size)]
    table = pa.table({"dossier_id": pa.array(names).dictionary_encode(), "regel": range(len(names))})
    starts = range(0, len(names), group)
    return SimpleNamespace(groups=len(starts), group=lambda n, _: table.slice(starts[n], group))


def test_a_piece_holds_whole_dossiers_and_not_too_many_rows():
    draw = random.Random(5)
    for _ in range(300):
        sizes = [draw.choice([1, 2, 3, 7, 30]) for _ in range(draw.randint(1, 25))]
        rows, group = draw.randint(1, 40), draw.randint(1, 60)
        made = [p.to_pydict() for p in _cut(stored(sizes, group), rows, frozenset())]
        assert [line for piece in made for line in piece["regel"]] == list(range(sum(sizes)))
        seen = [set(piece["dossier_id"]) for piece in made]
        assert sum(map(len, seen)) == len(sizes), "no dossier in two pieces"
        # A dossier that began in the row group before comes on top.
        assert all(len(piece["regel"]) <= rows + max(sizes) for piece in made), (sizes, rows, group)
