"""A table by the cell key method, from a file with one line per child."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.keys import needed_key
from bds_tool.base.text import t
from bds_tool.formats.table import plain
from bds_tool.protect import generic
from bds_tool.protect.cellkey import MODULUS, perturb, record_keys
from bds_tool.protect.description import TableDescription
from bds_tool.protect.files import publish_frame
from bds_tool.protect.table_run import codes_of

if TYPE_CHECKING:
    from bds_tool.protect.policy import Policy
    from bds_tool.protect.statement import Totals


def cellkey_table(
    source: Path, description_path: Path, policy: Policy, target: Path, key_file: Path | None
) -> Totals:
    """Count the lines per cell, change each count by its cell key, and write the table (status `celsleutel`)."""
    import polars as pl

    description = TableDescription.read(description_path)
    frame = plain.frame(source)
    if not description.record or description.record not in frame.columns:
        raise UsageError(
            t(
                "De celsleutelmethode heeft een kolom nodig die elk kind aanwijst.",
                "The cell key method needs a column that points out each child.",
            ),
            t(
                "Zet record: KOLOM in de beschrijving; de tabel heeft een regel per kind.",
                "Put record: COLUMN in the description; the table has a line per child.",
            ),
        )
    secret = needed_key(key_file)
    columns = [c for d in description.dimensions for c in d.columns]
    keys = record_keys(frame[description.record].to_list(), secret)
    cells = (
        frame.with_columns(pl.Series("_key", keys))
        .group_by(columns)
        .agg(
            pl.len().cast(pl.String).alias(description.count),
            (pl.col("_key").sum() % MODULUS).cast(pl.String).alias("_key"),
        )
    )
    counts = generic.build(cells, description)
    sums = generic.build(cells.drop(description.count).rename({"_key": description.count}), description)
    places = np.nonzero(counts.published)
    changed = perturb(counts.values[places], sums.values[places], policy.part("cellkey"))
    made = codes_of(counts).with_columns(pl.Series(counts.count, changed), status=pl.lit("celsleutel"))
    publish_frame(made, target)
    return {"cells": made.height, "hidden": 0, "share_hidden": 0.0}
