"""Which recorded values may go into an extract: an allow-list by kind of element and form of the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

#: Message types that carry names, addresses, telephone numbers, identifiers, text or documents.
IDENTIFYING = (
    "ENXP",
    "ADXP",
    "SC",
    "TEL",
    "PN",
    "TN",
    "ON",
    "II",
    "II.NL.BSN",
    "II.NL.AGB",
    "II.NL.UZI",
    "II.NL.BIG",
    "II.NL.URA",
    "II/ON",
    "ED",
    "ST",
    "CV/ST",
    "CS(use)",
)
BIRTH_DATE, OBJECTION, GEMEENTE, POSTCODE = 20, 1404, 9, 16
#: What a code looks like when its list is not in the definitions: short, no sign of text, mail or a long number.
CODE = r"^[A-Za-z0-9.:+\-]{1,12}$"
LONG_NUMBER = r"^\d{8,}$"


def allowed_values(
    rows: pl.LazyFrame, people: pl.DataFrame, policy: Mapping[str, Any]
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The values that may go along, with ages instead of dates and contacts numbered by age."""
    import polars as pl

    kinds = _kinds(policy)
    kept = rows.select(
        "bron",
        "dossier_id",
        "activiteit_id",
        "datum",
        "bdsnummer",
        "volgnr",
        "waarde",
        "eenheid",
        "nullflavor",
    )
    everyone = int(kept.select(pl.len()).collect().item())
    who = people.lazy().select(
        pl.col("_bron").alias("bron"), pl.col("_dossier").alias("dossier_id"), "_geboren"
    )
    kept = kept.join(kinds.lazy(), on="bdsnummer", how="inner").join(
        who, on=["bron", "dossier_id"], how="inner"
    )
    of_known = kept.collect()
    value = pl.col("waarde")
    codes = _codes().with_columns(pl.lit(1).alias("_listed"))
    checked = of_known.join(codes, left_on=["lijst", "waarde"], right_on=["lijst", "code"], how="left")
    looks = value.str.contains(CODE) & ~value.str.contains(LONG_NUMBER)
    good = (
        value.is_null()
        | ((pl.col("soort") == "KL_AN") & (pl.col("_listed").is_not_null() | (~pl.col("_has_list") & looks)))
        | ((pl.col("soort") == "BL") & value.is_in(["true", "false", "0", "1", "2"]))
        | (
            pl.col("soort").is_in(["INT", "PQ"])
            & value.cast(pl.Float64, strict=False).is_not_null()
            & ~value.str.contains(LONG_NUMBER)
        )
        | (pl.col("soort") == "TS")
    )
    fine = checked.filter(good)
    held = value.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    months = ((held - pl.col("_geboren")).dt.total_days() / 30.4375).floor().cast(pl.Int32)
    at_contact = ((pl.col("datum") - pl.col("_geboren")).dt.total_days() / 30.4375).floor().cast(pl.Int32)
    contact = pl.col("activiteit_id").rank("dense").over("bron", "dossier_id")
    by_age = (
        pl.struct(pl.col("datum").min().over("bron", "dossier_id", "activiteit_id"), contact)
        .rank("dense")
        .over("bron", "dossier_id")
    )
    # Values outside any contact rank as one more; they are no contact.
    by_age = by_age - pl.col("activiteit_id").is_null().any().over("bron", "dossier_id").cast(pl.Int32)
    fine = fine.with_columns(
        at_contact.alias("leeftijd_maanden"),
        pl.when(pl.col("activiteit_id").is_not_null()).then(by_age).cast(pl.Int32).alias("contact"),
        pl.when(pl.col("soort") == "TS").then(months.cast(pl.String)).otherwise(value).alias("waarde"),
        pl.when(pl.col("soort") == "TS")
        .then(pl.lit("leeftijd in maanden"))
        .otherwise(pl.col("eenheid").cast(pl.String))
        .alias("eenheid"),
    ).filter(pl.col("waarde").is_not_null() | pl.col("nullflavor").is_not_null())
    left = {
        "not_allowed_or_not_included": everyone - of_known.height,
        "not_recognised_as_code_or_number": of_known.height - fine.height,
    }
    return fine.select(
        pl.col("bron").alias("_bron"),
        pl.col("dossier_id").alias("_dossier"),
        "contact",
        "leeftijd_maanden",
        "bdsnummer",
        "volgnr",
        "waarde",
        "eenheid",
        pl.col("nullflavor").cast(pl.String),
    ), left


def _kinds(policy: Mapping[str, Any]) -> pl.DataFrame:
    """Elements that may go along, of all versions: bdsnummer, soort (datatype), lijst."""
    import polars as pl

    from bds_tool.schema import load, versions

    traits = {t_["element"] for t_ in [*policy["quasi"], *policy["sensitive"]] if "element" in t_}
    barred = {BIRTH_DATE, GEMEENTE, POSTCODE, OBJECTION} | traits
    found: dict[int, tuple[str, str]] = {}
    refused: set[int] = set()
    for version in versions():
        for e in load(version).elementen.values():
            identifying = (
                e.hl7_datatype in IDENTIFYING
                or e.rubriek in policy["drop_rubrieken"]
                or e.bdsnummer in barred
            )
            if identifying or e.datatype not in {"KL_AN", "BL", "INT", "PQ", "TS"}:
                refused.add(e.bdsnummer)  # what one version calls text or a name stays behind in all
            else:
                found[e.bdsnummer] = (e.datatype, e.waardenlijst)
    rows = [(n, soort, lijst) for n, (soort, lijst) in found.items() if n not in refused]
    frame = pl.DataFrame(
        rows, schema={"bdsnummer": pl.Int32, "soort": pl.String, "lijst": pl.String}, orient="row"
    )
    listed = _codes()["lijst"].unique()
    return frame.with_columns(pl.col("lijst").is_in(listed.implode()).alias("_has_list"))


def _codes() -> pl.DataFrame:
    """Every code of every list in every version, in both codings: lijst, code."""
    import polars as pl

    from bds_tool.schema import load, versions

    frames = [load(v).codes_frame().select(pl.col("waardenlijst").alias("lijst"), "code") for v in versions()]
    return pl.concat(frames).drop_nulls().unique()
