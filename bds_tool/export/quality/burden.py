"""What is registered for nothing, and what never is: elements filled that no definition names, and elements nobody fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.schema import load, versions
from bds_tool.schema.lookup.usage import usage_index

if TYPE_CHECKING:
    from bds_tool.export.quality.measuring import Measured

#: Kinds of definitions that make use of an element. Rules about types and lists hold for all and name none.
_USED_BY = frozenset({"regels", "protocollen", "indicatoren"})


@dataclass(frozen=True)
class Burden:
    """`never`: elements of the versions of the deliveries that travel, are not expired, and are filled in none of them.

    `unnamed`: element → filled values over all deliveries, of those that no rule, protocol or indicator names.
    """

    versions: tuple[str, ...]
    never: tuple[int, ...]
    unnamed: dict[int, int]


def burden(measured: Sequence[Measured]) -> Burden | None:
    """Over all deliveries together; None where no file of them was judged by a version that is known here."""
    seen = sorted({v for m in measured for v in m.versions if v in versions()})
    if not seen:
        return None
    own = [m.filled.filter(pl.col("unit") == "").select("bdsnummer", "n") for m in measured]
    filled = dict(pl.concat(own).group_by("bdsnummer").agg(pl.col("n").sum()).sort("bdsnummer").iter_rows())
    asked = [{n for n, e in load(v).elementen.items() if e.in_bericht and e.status == "actief"} for v in seen]
    known = {n for v in seen for n in load(v).elementen}
    named = {n for n, kinds in usage_index().items() if kinds.keys() & _USED_BY}
    return Burden(
        tuple(seen),
        tuple(sorted(set.intersection(*asked) - filled.keys())),
        {n: int(k) for n, k in filled.items() if n in known - named},
    )
