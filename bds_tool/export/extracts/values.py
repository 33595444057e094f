"""Which recorded values may go into an extract: an allow-list by kind of element and form of the value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bds_tool.base.specs import specs_dir

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
#: A code of a list that is not in the definitions: a few digits. Letters could be a name.
CODE = r"^\d{1,4}$"
#: A number: at most six digits before the point, so that it can be no telephone number and no BSN.
NUMBER = r"^\s*-?\d{1,6}(\.\d{1,6})?\s*$"
#: Why there is no value, as HL7 knows it.
NULL_FLAVORS = (
    "NI",
    "UNK",
    "ASKU",
    "NASK",
    "NAV",
    "NAVU",
    "MSK",
    "OTH",
    "NA",
    "QS",
    "TRC",
    "NP",
    "PINF",
    "NINF",
    "INV",
    "DER",
    "UNC",
)


def allowed_values(
    rows: pl.LazyFrame,
    people: pl.DataFrame,
    policy: Mapping[str, Any],
    elements: Sequence[int] | None = None,
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The values that may go along, with ages instead of dates and contacts numbered by age."""
    import polars as pl

    kinds = _kinds(policy)
    if elements is not None:
        kinds = kinds.filter(pl.col("bdsnummer").is_in(list(elements)))
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
    fine = checked.filter(_good())
    units = sorted({unit for *_, unit in element_kinds(policy) if unit} | _spelled_units())
    fine = fine.with_columns(
        pl.when(pl.col("eenheid").cast(pl.String).is_in(units))
        .then(pl.col("eenheid").cast(pl.String))
        .alias("eenheid"),
        pl.when(pl.col("nullflavor").cast(pl.String).is_in(list(NULL_FLAVORS)))
        .then(pl.col("nullflavor").cast(pl.String))
        .alias("nullflavor"),
    )
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


def element_kinds(policy: Mapping[str, Any]) -> list[tuple[int, str, str, str]]:
    """Elements that may go along, of all versions: bdsnummer, datatype, waardenlijst, unit."""
    from bds_tool.schema import load, versions

    traits = {
        t_["element"] for t_ in [*policy.get("quasi", ()), *policy.get("sensitive", ())] if "element" in t_
    }
    barred = {BIRTH_DATE, GEMEENTE, POSTCODE, OBJECTION} | traits
    found: dict[int, tuple[str, str, str]] = {}
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
                found[e.bdsnummer] = (e.datatype, e.waardenlijst, e.eenheid)
    return [(n, *facts) for n, facts in found.items() if n not in refused]


def _kinds(policy: Mapping[str, Any]) -> pl.DataFrame:
    """The same as a frame: bdsnummer, soort, lijst, maat, and whether the list is in the definitions."""
    import polars as pl

    columns = {"bdsnummer": pl.Int32, "soort": pl.String, "lijst": pl.String, "maat": pl.String}
    frame = pl.DataFrame(element_kinds(policy), schema=columns, orient="row")
    return frame.with_columns(pl.col("lijst").is_in(_codes()["lijst"].unique().implode()).alias("_has_list"))


def closed_values(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows (bdsnummer, waarde and more) of which the value is what its element allows; unit and nullFlavor from lists."""
    import polars as pl

    value = pl.col("waarde")
    kinds = _kinds({"drop_rubrieken": ()})
    codes = _codes().with_columns(pl.lit(1).alias("_listed"))
    checked = rows.join(kinds, on="bdsnummer", how="inner").join(
        codes, left_on=["lijst", "waarde"], right_on=["lijst", "code"], how="left"
    )
    return checked.filter(_good()).with_columns(value.str.strip_chars()).drop("_listed")


def _good() -> pl.Expr:
    """Whether a value is a code of its list, yes or no, a number of bounded length, or a date."""
    import polars as pl

    value = pl.col("waarde")
    return (
        value.is_null()
        | (
            (pl.col("soort") == "KL_AN")
            & (pl.col("_listed").is_not_null() | (~pl.col("_has_list") & value.str.contains(CODE)))
        )
        | ((pl.col("soort") == "BL") & value.is_in(["true", "false", "0", "1", "2"]))
        | (pl.col("soort").is_in(["INT", "PQ"]) & value.str.contains(NUMBER))
        | (pl.col("soort") == "TS")
    )


def codes_of(element: int) -> set[str]:
    """Codes of the element's list in any version, in both codings."""
    import polars as pl

    from bds_tool.schema import load, versions

    lists = {load(v).elementen[element].waardenlijst for v in versions() if element in load(v).elementen}
    return set(_codes().filter(pl.col("lijst").is_in(sorted(lists)))["code"])


def _spelled_units() -> set[str]:
    """UCUM units that a table may name, from specs/tabel."""
    import csv

    with (specs_dir() / "tabel" / "eenheden.csv").open(encoding="utf-8", newline="") as stream:
        return {row["eenheid"] for row in csv.DictReader(stream)}


def _codes() -> pl.DataFrame:
    """Every code of every list in every version, in both codings: lijst, code."""
    import polars as pl

    from bds_tool.schema import load, versions

    frames = [load(v).codes_frame().select(pl.col("waardenlijst").alias("lijst"), "code") for v in versions()]
    return pl.concat(frames).drop_nulls().unique()
