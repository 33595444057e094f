"""What an extract tells of a child besides its registraties: traits as codes of a list, birth in years, area; and who objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.export.extracts.values import BIRTH_DATE, GEMEENTE, OBJECTION, POSTCODE, codes_of
from bds_tool.formats.table import plain

if TYPE_CHECKING:
    import polars as pl

#: What says that there is no objection: false in messages, 0 or 2 (nee, W0004) in lists. Anything else excludes.
NO_OBJECTION = ("false", "0", "2", "nee", "n")
#: How precisely birth goes along: name → width in years (0: month).
BIRTHS = {"month": 0, "year": 1, "2year": 2, "4year": 4}


def objecting(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Children (bron, dossier_id) for whom an objection to research is recorded, in any form but a plain no."""
    import polars as pl

    return (
        rows.filter(
            (pl.col("bdsnummer") == OBJECTION)
            & pl.col("waarde").is_not_null()
            & ~pl.col("waarde").str.to_lowercase().is_in(list(NO_OBJECTION))
        )
        .select("bron", "dossier_id")
        .unique()
    )


def people_of(
    rows: pl.LazyFrame, traits: Sequence[Mapping[str, Any]], area: str, areas: Path | None, birth: str
) -> pl.DataFrame:
    """One row per child: `_bron`, `_dossier`, `_geboren` (none of them leaves the house) and the traits.

    A trait holds a code of its element's list or `onbekend`, whatever was recorded.
    """
    import polars as pl

    elements = {t_["element"] for t_ in traits if "element" in t_} | {BIRTH_DATE, GEMEENTE, POSTCODE}
    first = (
        rows.filter(pl.col("bdsnummer").is_in(sorted(elements)) & pl.col("waarde").is_not_null())
        .group_by("bron", "dossier_id", "bdsnummer")
        .agg(pl.col("waarde").sort_by(pl.col("volgnr").fill_null(0), "regel").first())
        .collect()
        .pivot("bdsnummer", index=["bron", "dossier_id"], values="waarde")
    )
    everyone = rows.select("bron", "dossier_id").unique().collect()
    people = everyone.join(first, on=["bron", "dossier_id"], how="left")
    for number_ in sorted(elements):
        if str(number_) not in people.columns:
            people = people.with_columns(pl.lit(None, dtype=pl.String).alias(str(number_)))
    born = pl.col(str(BIRTH_DATE)).str.slice(0, 10)
    people = people.with_columns(
        pl.coalesce(
            born.str.to_date("%Y-%m-%d", strict=False),
            (born.str.slice(0, 7) + "-01").str.to_date("%Y-%m-%d", strict=False),
        ).alias("_geboren")
    )
    derived = {
        "birth_year": _birth(birth),
        "area": _area(area, areas),
    }
    columns = [
        (derived[trait["from"]] if "from" in trait else _listed(trait["element"]))
        .fill_null("onbekend")
        .alias(trait["name"])
        for trait in traits
    ]
    return people.select(
        pl.col("bron").alias("_bron"), pl.col("dossier_id").alias("_dossier"), "_geboren", *columns
    )


def _birth(birth: str) -> Any:  # noqa: ANN401
    import polars as pl

    if birth == "month":
        return pl.col("_geboren").dt.strftime("%Y-%m")
    width = BIRTHS[birth]
    return (pl.col("_geboren").dt.year() // width * width).cast(pl.String)


def _area(area: str, areas: Path | None) -> Any:  # noqa: ANN401
    import polars as pl

    code = pl.col(str(GEMEENTE)).str.extract(r"^\s*(?:GM)?(\d{1,4})\s*$", 1)
    gemeente = "GM" + code.str.zfill(4)
    if area == "none":
        return pl.lit("totaal")
    if area == "gemeente":
        return gemeente
    if area != "wijk" or areas is None:
        raise UsageError(
            t(
                "Gebied kan none, gemeente of wijk zijn; voor wijk is een postcodetabel nodig.",
                "Area is none, gemeente or wijk; wijk needs a table of postcodes.",
            ),
            t(
                "Geef --areas TABEL met kolommen postcode en wijk.",
                "Give --areas TABLE with columns postcode and wijk.",
            ),
        )
    table = plain.frame(areas)
    if not {"postcode", "wijk"} <= {*table.columns}:
        raise UsageError(
            t(f"{areas} heeft geen kolommen postcode en wijk.", f"{areas} has no columns postcode and wijk."),
            t("Noem de twee kolommen zo.", "Name the two columns so."),
        )
    lookup = dict(table.select("postcode", "wijk").unique("postcode").iter_rows())
    postcode = pl.col(str(POSTCODE)).str.replace_all(" ", "").str.to_uppercase()
    return postcode.replace_strict(lookup, default=None, return_dtype=pl.String)


def _listed(element: int) -> Any:  # noqa: ANN401
    """The value of a trait where it is a code of the element's list; anything else could be text."""
    import polars as pl

    column = pl.col(str(element)).str.strip_chars()
    return pl.when(column.is_in(sorted(codes_of(element)))).then(column)
