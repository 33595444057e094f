"""Family 1xx over complete dossiers: how often, what belongs together, what stands there twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.findings.collecting import parameters
from bds_tool.validate.checks.base import dossier_check
from bds_tool.validate.tables import IDENTIFIERS

if TYPE_CHECKING:
    from bds_tool.validate.view import View

#: Where an element may stand once: the dossier or activity, and the instance of the group around it.
_SPOT = ("d", "activiteit_id", "groep", "volgnr", "bdsnummer")


@dossier_check("BDS110", "BDS111", "BDS112", "BDS117")
def often(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Elements that occur more often than the definition allows, and rows that are there twice.

    What is there twice word for word is a row too many (BDS117), no second value: it is told once.
    """
    rows = view.twice()
    if rows.is_empty():
        return
    single = view.tables.elements.filter(pl.col("most") == 1).select("bdsnummer", "due_groep")
    again = rows.filter(pl.len().over("spot") > 1)
    content = ["waarde", "eenheid", "codesysteem", "nullflavor", "tekst", "rubriek"]
    fresh = pl.struct("spot", *content).is_first_distinct()
    yield "BDS117", again.filter(~fresh)
    counted = (
        again.filter(fresh)
        .join(single, on="bdsnummer", maintain_order="left")
        .filter(pl.col("spot").is_first_distinct().not_())
    )
    in_group = pl.col("groep").is_not_null()
    in_act = pl.col("activiteit_id").is_not_null()
    yield "BDS112", counted.filter(in_group)
    yield "BDS111", counted.filter(~in_group & in_act)
    yield "BDS110", counted.filter(~in_group & ~in_act)


@dossier_check("BDS113")
def due(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Dossier-bound elements that every dossier has (cardinality 1 or more, outside groups) and that are not there."""
    definition = view.tables.definition
    wanted = [
        e.bdsnummer
        for e in definition.in_bericht.values()
        if e.bdsnummer in view.rule("BDS113").elements and not e.groepen
    ]
    if view.setting.format not in {"dob", "james"} or not wanted:
        return
    if view.setting.format == "james":
        wanted = [n for n in wanted if n in set(view.limit("BDS113", "james"))]
    have = view.rows.filter(pl.col("bdsnummer").is_in(wanted)).select("d", "bdsnummer").unique()
    heads = view.heads()
    lines = heads.join(pl.DataFrame({"bdsnummer": wanted}, schema={"bdsnummer": pl.Int32}), how="cross")
    missing = lines.join(have, on=["d", "bdsnummer"], how="anti")
    yield (
        "BDS113",
        missing.with_columns(waarde=pl.lit(None, pl.String), activiteit_id=pl.lit(None, pl.String)),
    )


@dossier_check("BDS114")
def keys(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Instances of a group without an element that the data set asks for in every instance."""
    definition = view.tables.definition
    wanted = [
        (e.groepen[-1], e.bdsnummer)
        for e in definition.in_bericht.values()
        # Of several care numbers one is enough, whatever the data set says of each by itself.
        if e.groepen
        and e.card.minimum
        and e.zekerheid != "C"
        and e.status == "actief"
        and e.hl7_datatype not in IDENTIFIERS
    ]
    if not wanted or view.setting.format == "james":
        return
    due = pl.DataFrame(wanted, schema={"groep": pl.String, "missing": pl.Int32}, orient="row")
    grouped = view.rows.select(
        "d",
        "a",
        "groep",
        "volgnr",
        "bdsnummer",
        "rubriek",
        "dossier_id",
        "activiteit_id",
        "bron",
        "regel",
        "pad",
    ).filter(pl.col("groep").is_not_null() & pl.col("volgnr").is_not_null())
    if grouped.is_empty():
        return
    spot = ["a", "groep", "volgnr"]
    instances = grouped.group_by(spot, maintain_order=True).agg(
        pl.col("bdsnummer").unique().alias("have"),
        pl.col("rubriek").first(),
        *(pl.col(c).first() for c in ("d", "dossier_id", "activiteit_id", "bron", "regel", "pad")),
    )
    instances = instances.with_columns(pl.col("groep").cast(pl.String))
    lacking = instances.join(due, on="groep", maintain_order="left").filter(
        ~pl.col("have").list.contains(pl.col("missing"))
    )
    yield (
        "BDS114",
        lacking.select(
            "d",
            "activiteit_id",
            "dossier_id",
            "bron",
            "regel",
            "pad",
            pl.col("missing").alias("bdsnummer"),
            pl.lit(None, pl.String).alias("waarde"),
            parameters=parameters({"groep": pl.col("groep")}),
        )
        if lacking.height
        else lacking.select("d"),
    )
