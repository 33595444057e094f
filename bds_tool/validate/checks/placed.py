"""Codes of which the place decides whether they may stand there: sub-sets of a value list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.findings.collecting import parameters
from bds_tool.schema.sublists import ACTIVITY, sublists
from bds_tool.validate.checks.base import dossier_check

if TYPE_CHECKING:
    from bds_tool.schema.sublists import Sublist
    from bds_tool.validate.view import View


@dossier_check("BDS203")
def by_place(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Codes outside the sub-set that holds where they stand; lists without sub-sets are judged by value alone.

    In tables too, where a code is the same in both codings. A dossier in which nothing belongs to an activity does
    not say where its values stand: those are not judged.
    """
    definition = view.tables.definition
    for part in sublists(definition):
        lijst = definition.elementen[part.bdsnummer].waardenlijst
        if view.tables.coding != "HL7" and (lijst, "BDS") in definition.waardenlijsten:
            continue
        rows = view.of(part.bdsnummer)
        # The null of a coded value (OTH, UNK) is for the rules on nullFlavors.
        wrong = rows.filter(_stands(part) & ~pl.col("waarde").is_in(sorted(part.codes)))
        if view.tables.coding != "HL7" and wrong.height:
            told = view.rows.filter(pl.col("activiteit_id").is_not_null()).select("d").unique()
            wrong = wrong.join(told, on="d", how="semi", maintain_order="left")
        if wrong.height:
            yield "BDS203", wrong.with_columns(parameters=parameters({"lijst": pl.lit(lijst)}))


def _stands(part: Sublist) -> pl.Expr:
    inside = pl.col("activiteit_id").is_not_null()
    return inside if part.place == ACTIVITY else ~inside
