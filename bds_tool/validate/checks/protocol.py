"""Family 6xx: completeness, and what registration protocols expect. Never heavier than a warning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.findings.collecting import parameters
from bds_tool.validate.checks.base import dossier_check

if TYPE_CHECKING:
    from bds_tool.validate.view import View


@dossier_check("BDS602", "BDS603", needs={"BDS602": ({724, 494},), "BDS603": ({1605, 725},)})
def activity(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Activities without kind or status, and realised ones in which nothing was recorded."""
    acts = view.acts
    if acts.is_empty() or view.setting.format == "james":
        return
    key = ["a"]
    # A table that has no column for the kind is told once: the rule is not judged.
    if view.setting.format != "tabel" or view.setting.delivered & {494, 724}:
        has_kind = view.rows.filter(pl.col("bdsnummer") == 494).select(key).unique()
        yield (
            "BDS602",
            acts.join(has_kind, on=key, how="anti").with_columns(
                bdsnummer=pl.lit(494, pl.Int32), waarde=pl.lit(None, pl.String)
            ),
        )
    done = acts.filter(pl.col("status").is_in(view.limit("BDS603", "done")))
    about = view.limit("BDS603", "about_the_activity")
    content = (
        view.rows.filter(
            pl.col("activiteit_id").is_not_null()
            & ~pl.col("rubriek").cast(pl.String).is_in(["R018"]).fill_null(value=False)
            & ~pl.col("bdsnummer").is_in(about).fill_null(value=True)
        )
        .select(key)
        .unique()
    )
    yield "BDS603", done.join(content, on=key, how="anti")


@dossier_check("BDS604")
def address(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Dossiers without any address of the client: they cannot be counted by wijk."""
    if view.setting.format not in {"dob", "tabel", "fhir"}:
        return
    known = view.rows.filter(pl.col("bdsnummer").is_in(view.rule("BDS604").elements)).select("d").unique()
    if view.setting.format != "dob" and known.is_empty():
        return
    missing = view.heads().join(known, on="d", how="anti")
    yield (
        "BDS604",
        missing.with_columns(
            bdsnummer=pl.lit(16, pl.Int32),
            parameters=parameters({}),
        ),
    )
