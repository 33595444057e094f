"""Residents as part of what everybody knows: nobody counts more children of an area than live there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.indicators.result import BREAKDOWNS, read_result

if TYPE_CHECKING:
    import polars as pl

KEY = ("indicator", "area", "period", *BREAKDOWNS)


def ceilings(counted: pl.DataFrame) -> pl.DataFrame | None:
    """Per row of a counted result the residents (`most`); None where it has none.

    Not where more children were counted than live there: who took residents for a ceiling would be wrong.
    """
    import polars as pl

    everyone = pl.col("n") + pl.col("missing").fill_null(0)
    found = counted.filter(pl.col("resident") >= everyone).select(*KEY, pl.col("resident").alias("most"))
    return found if found.height else None


def residents_of(path: Path) -> pl.DataFrame | None:
    """`ceilings` of the counted result at a path."""
    return ceilings(read_result(path).counts().collect())
