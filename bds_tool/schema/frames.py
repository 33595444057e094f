"""The definitions as Polars frames, for whole-table rules."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import polars as pl

from bds_tool.schema.loading import Lists
from bds_tool.schema.model import Definition


def elementen_frame(definition: Definition) -> pl.DataFrame:
    """One row per element; `minimum`/`maximum` Float64, cardinalities as Int32 (null = unknown or unbounded)."""
    rows = []
    for e in definition.elementen.values():
        row = {k: v for k, v in asdict(e).items() if k not in {"card", "card_bericht", "nullflavor"}}
        row["minimum"] = None if e.minimum is None else float(e.minimum)
        row["maximum"] = None if e.maximum is None else float(e.maximum)
        row["nullflavor"] = "|".join(e.nullflavor)
        row |= {"card_min": e.card.minimum, "card_max": e.card.maximum}
        row |= {"card_bericht_min": e.card_bericht.minimum, "card_bericht_max": e.card_bericht.maximum}
        rows.append({k: (None if v == "" else v) for k, v in row.items()})
    integers = ("bdsnummer", "max_lengte", "card_min", "card_max", "card_bericht_min", "card_bericht_max")
    overrides: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(integers, pl.Int32)
    overrides |= {"minimum": pl.Float64, "maximum": pl.Float64, "in_bericht": pl.Boolean}
    schema = {name: overrides.get(name, pl.String) for name in rows[0]} if rows else {}
    return pl.DataFrame(rows, schema=schema, orient="row")


_CODES: dict[str, type[pl.DataType]] = dict.fromkeys(
    ("waardenlijst", "soort", "codesysteem", "code", "weergavenaam", "rij", "status"), pl.String
) | {"nullflavor": pl.Boolean}


def codes_frame(definition: Definition) -> pl.DataFrame:
    """One row per code of every list, in each coding."""
    if isinstance(definition.waardenlijsten, Lists):
        with suppress(pl.exceptions.PolarsError, OSError):  # what is wrong with the files is told below
            return _codes_of(definition.waardenlijsten.folder)
    rows = [
        (w.waardenlijst, w.soort, c.codesysteem, c.code, c.weergavenaam, c.rij, c.status, c.nullflavor)
        for w in definition.waardenlijsten.values()
        for c in w.codes
    ]
    return pl.DataFrame(rows, schema=_CODES, orient="row")


def _codes_of(folder: Path) -> pl.DataFrame:
    """The same from the files of a version: fifty times faster, for the rules look at the codes of every version."""

    def table(name: str) -> pl.LazyFrame:
        return pl.read_csv(folder / name, infer_schema=False).fill_null("").lazy()

    number = pl.when(pl.col("waardenlijst") == "").then(pl.col("valueset")).otherwise(pl.col("waardenlijst"))
    lists = table("lijsten.csv").select("lijst", "soort", number=number).with_row_index("place")
    first = (
        pl.col("place").min().over("number", "soort")
    )  # heads of one list come together, where the first stands
    return (
        table("waardenlijsten.csv")
        .select("lijst", "codesysteem", "code", "weergavenaam", "rij", "status", "nullflavor")
        .with_row_index("row")
        .join(lists.with_columns(place=first).unique("lijst", keep="first", maintain_order=True), on="lijst")
        .sort("place", "row")
        .select(
            pl.col("number").alias("waardenlijst"),
            *("soort", "codesysteem", "code", "weergavenaam", "rij", "status"),
            pl.col("nullflavor") == "ja",
        )
        .collect()
    )
