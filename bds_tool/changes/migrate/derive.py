"""Values that a package makes out of other values: one to several, several to one, by code or as they are.

Sources are read as they came in, before anything is recoded, moved or sheltered, so an element that expires can feed
the elements that take its place. A line of a table names one source or several that must all be there
(`510=01&511=02`); the first line that fits gives the value. `=` takes over the value of the first source, `+` joins
the values of all lines that fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from bds_tool.changes.migrate.rows import DERIVED_PATH
from bds_tool.changes.plan import JOINED, SAME

if TYPE_CHECKING:
    from bds_tool.changes.plan import DeriveRule, Plan
    from bds_tool.schema.model import Element

_PLACE = ["bron", "dossier_id", "activiteit_id"]


def derive(rows: pl.DataFrame, rule: DeriveRule, plan: Plan) -> pl.DataFrame:
    """The extra rows of a rule; `uitkomst` is null on them. Where the element already has a value there is none."""
    element = plan.nieuw.elementen[rule.bdsnummer]
    group = element.groepen[-1] if element.groepen else None
    lines = pl.DataFrame(
        [
            (line, part, number, code, value)
            for line, (parts, value) in enumerate(rule.regels)
            for part, (number, code) in enumerate(parts)
        ],
        schema={"_regel": pl.Int32, "_deel": pl.Int32, "_nummer_in": pl.Int32, "_code": pl.String, "_waarde": pl.String},
        orient="row",
    )  # fmt: skip
    sizes = lines.group_by("_regel").agg(_delen=pl.len())
    # Inside its own group an element belongs to the instance of its source; elsewhere to the activity or dossier.
    inside = (pl.col("groep") == pl.lit(group, pl.String)).fill_null(value=False)
    spot = rows.with_columns(_exemplaar=pl.when(inside).then(pl.col("volgnr")))
    key = [*_PLACE, "_exemplaar"]
    hits = (
        spot.filter(pl.col("_waarde_in").is_not_null() & pl.col("uitkomst").is_not_null())
        .join(lines, on="_nummer_in", how="inner", maintain_order="left")
        .filter((pl.col("_code") == "*") | (pl.col("_code") == pl.col("_waarde_in")))
    )
    whole = (
        hits.group_by(*key, "_regel")
        .agg(_gevonden=pl.col("_deel").n_unique())
        .join(sizes, on="_regel")
        .filter(pl.col("_gevonden") == pl.col("_delen"))
        .select(*key, "_regel")
    )
    hits = hits.join(whole, on=[*key, "_regel"], how="semi", nulls_equal=True)
    hits = hits.sort("_regel", "_deel", "regel", maintain_order=True)
    joined = (
        hits.filter(pl.col("_waarde") == JOINED).group_by(key).agg(_samen=pl.col("_waarde_in").str.join("; "))
    )
    there = spot.filter((pl.col("bdsnummer") == rule.bdsnummer) & ~_leaves())
    found = (
        hits.unique(key, keep="first", maintain_order=True)
        .join(joined, on=key, how="left", nulls_equal=True, maintain_order="left")
        .join(there, on=key, how="anti", nulls_equal=True)
    )
    return _made(found, element, group, inside, plan).select(rows.columns)


def _leaves() -> pl.Expr:
    """Rows that will be sheltered or are not written; they do not stand in the way of a derived value."""
    return pl.col("uitkomst").is_in(["beschut", "afgeleid", "niet"]).fill_null(value=False)


def _made(
    found: pl.DataFrame, element: Element, group: str | None, inside: pl.Expr, plan: Plan
) -> pl.DataFrame:
    hl7, bds = _said(element, plan, "HL7"), _said(element, plan, "BDS")
    message = pl.col("_soort") == "HL7"
    # A message names the code system of every value; other sources do where their other values do.
    named = message | pl.col("codesysteem").is_not_null()
    value = pl.col("_waarde")
    found = found.with_columns(
        _waarde=pl.when(value == SAME)
        .then(pl.col("_waarde_in"))
        .when(value == JOINED)
        .then(pl.col("_samen"))
        .otherwise(value)
    )
    nothing = pl.lit(None, pl.String)
    return found.with_columns(
        bdsnummer=pl.lit(element.bdsnummer, pl.Int32),
        waarde=pl.col("_waarde"),
        codesysteem=pl.when(named).then(pl.when(message).then(hl7[0]).otherwise(bds[0])),
        tekst=pl.when(message).then(hl7[1]).otherwise(bds[1]),
        rubriek=pl.lit(element.rubriek or None, pl.String),
        groep=pl.lit(group, pl.String),
        volgnr=pl.when(inside).then(pl.col("volgnr")).otherwise(pl.lit(1 if group else None, pl.Int32)),
        nullflavor=nothing,
        eenheid=pl.lit(element.eenheid or None, pl.String),
        pad=pl.concat_str(pl.lit(DERIVED_PATH), pl.col("_nummer_in").cast(pl.String)),
        uitkomst=nothing,
    )


def _said(element: Element, plan: Plan, soort: str) -> tuple[pl.Expr, pl.Expr]:
    """(code system, name) that a coding has for the code in `_waarde`."""
    lijst = plan.nieuw.waardenlijst(element, soort) or plan.nieuw.waardenlijst(element, "HL7")
    codes = lijst.codes if lijst and element.coded else ()

    def looked_up(table: dict[str, str]) -> pl.Expr:
        return pl.col("_waarde").replace_strict(table, default=None, return_dtype=pl.String)

    return looked_up({c.code: c.codesysteem for c in codes if c.codesysteem}), looked_up(
        {c.code: c.weergavenaam for c in codes}
    )
