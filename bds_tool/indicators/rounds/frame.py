"""Which cells a sealed round can have, known before anybody looks at data: so a join tells nothing of children.

Areas are those of the tables that a participant uses, whether or not anybody lives there; words of breakdowns are those
of the definitions. Schools are the exception: no table lists them all, so a join names those of its data.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bds_tool.indicators.growth import rows
from bds_tool.indicators.result import TOTAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from bds_tool.indicators.rounds.request import RoundRequest
    from bds_tool.store.store import Store

    Place = tuple[str, str, str | None, str]

UNKNOWN = "onbekend"
#: Ages in years that are words of their own; who is older (youth care ends at 18) is counted under UNKNOWN.
OLDEST = 22


def words(request: RoundRequest) -> dict[str, list[str]]:
    """Breakdown of the request → all words that the views can give for it (see `thuis` and the ages of the views)."""
    levels = ["laag", "midden", "hoog"]
    if request.settings.get("education_classes") == "cbs":
        levels.append("mbo, niveau onbekend")
    origins = "geborenklasse.csv" if request.settings.get("origin") == "geboren" else "herkomstklasse.csv"
    known = {
        "sex": ["M", "V"],
        "education": levels,
        "age": [str(age) for age in range(OLDEST + 1)],
        "origin": [r["klasse"] for r in rows(origins)],
        "mother_age": [r["klasse"] for r in rows("moederleeftijd.csv")],
    }
    return {name: sorted({*known[name], UNKNOWN}) for name in request.by if name in known}


def places(request: RoundRequest, store: Store, areas: Sequence[Path], area_year: int | None) -> list[Place]:
    """(level, area, parent, name) of the whole and of all areas that the area tables of a participant know."""
    from bds_tool.indicators.places import connect, install_areas, make_space

    plan = request.plan()
    with TemporaryDirectory() as spill:
        connection = connect(store, Path(spill), areas)
        install_areas(connection, plan, areas, area_year, store.files("registraties"))
        found = make_space(connection, plan).places
        connection.close()
    return sorted(found, key=lambda place: place[:2])


def within(
    request: RoundRequest, counts: pl.DataFrame, key: Sequence[str], sums: Sequence[str]
) -> pl.DataFrame:
    """Counts by `key` with every word outside the request (an age of 97, say) as UNKNOWN, added up."""
    import polars as pl

    strange = [
        pl.when(pl.col(name).is_in([*known, TOTAL])).then(pl.col(name)).otherwise(pl.lit(UNKNOWN)).alias(name)
        for name, known in request.values.items()
    ]
    return counts.with_columns(strange).group_by(key, maintain_order=True).agg(pl.col(c).sum() for c in sums)
