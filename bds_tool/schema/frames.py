"""The definitions as Polars frames, for whole-table rules."""

from __future__ import annotations

from dataclasses import asdict

import polars as pl

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


def codes_frame(definition: Definition) -> pl.DataFrame:
    """One row per code of every list, in each coding."""
    rows = [
        (w.waardenlijst, w.soort, c.codesysteem, c.code, c.weergavenaam, c.rij, c.status, c.nullflavor)
        for w in definition.waardenlijsten.values()
        for c in w.codes
    ]
    names = ("waardenlijst", "soort", "codesysteem", "code", "weergavenaam", "rij", "status")
    schema: dict[str, type[pl.DataType]] = dict.fromkeys(names, pl.String)
    return pl.DataFrame(rows, schema={**schema, "nullflavor": pl.Boolean}, orient="row")
