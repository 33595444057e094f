"""A first look at an unknown export: what is in it, without showing what could point at a child."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool.base.vocabulary import told
from bds_tool.formats.registry import coding_of
from bds_tool.validate.tables import element_name, tables

if TYPE_CHECKING:
    from bds_tool.store import Store

#: Values that occur in fewer dossiers than this are counted together and not shown.
SMALL = 10
#: At most this many values of a coded element are shown.
VALUES = 12


def profile(store: Store, *, small: int = SMALL) -> dict[str, Any]:
    """What a store holds: files, dossiers, and per element how often it is filled and with what.

    Only values of coded and yes/no elements are shown, and only those in at least `small` dossiers. Of numbers the
    1st and 99th percentile (never the extremes), of dates the first and last year.
    """
    rows = store.registraties()
    bronnen = store.bronnen()
    general = (
        rows.select(
            pl.len().alias("rows"),
            pl.struct("bron", "dossier_id").n_unique().alias("dossiers"),
            pl.struct("bron", "dossier_id", "activiteit_id")
            .filter(pl.col("activiteit_id").is_not_null())
            .n_unique()
            .alias("activities"),
            pl.col("datum").dt.year().min().alias("first_year"),
            pl.col("datum").dt.year().max().alias("last_year"),
            pl.col("bdsnummer").is_null().sum().alias("without_element"),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    kinds = _kinds(bronnen)
    per_element = _elements(rows, general["dossiers"])
    numbers = per_element["element"].to_list()
    coded = [n for n in numbers if kinds.get(n) in {"code", "janee"}]
    measured = [n for n in numbers if kinds.get(n) in {"maat", "geheel"}]
    values, quantiles = _values(rows, coded, small), _quantiles(rows, measured)
    elements = []
    for row in per_element.iter_rows(named=True):
        number = row["element"]
        entry: dict[str, Any] = {
            **row,
            "units": sorted({told(unit) for unit in row["units"]}),
            "rubrieken": sorted({told(rubriek) for rubriek in row["rubrieken"]}),
            "element_name": element_name(number) or None,
            "kind": kinds.get(number, "onbekend"),
        }
        entry |= {"values": values.get(number, []), **quantiles.get(number, {})}
        elements.append(entry)
    return {
        "schema_version": 1,
        "small": small,
        "files": [
            {k: f[k] for k in ("pad", "formaat", "bds_herkend", "bds_zekerheid", "rijen", "dossiers")}
            for f in bronnen.iter_rows(named=True)
        ],
        **general,
        "elements": elements,
    }


def _kinds(bronnen: pl.DataFrame) -> dict[int, str]:
    from bds_tool.schema import newest, versions

    found: dict[int, str] = {}
    for formaat, version in bronnen.select("formaat", "bds_herkend").unique().iter_rows():
        frame = tables(version if version in versions() else newest(), coding_of(formaat)).elements
        found |= dict(frame.select("bdsnummer", "kind").iter_rows())
    return found


def _elements(rows: pl.LazyFrame, dossiers: int) -> pl.DataFrame:
    has = pl.col("waarde").is_not_null() | pl.col("tekst").is_not_null()
    dossier = pl.struct("bron", "dossier_id")
    return (
        rows.filter(pl.col("bdsnummer").is_not_null())
        .group_by(pl.col("bdsnummer").alias("element"))
        .agg(
            pl.len().alias("rows"),
            has.sum().alias("filled"),
            dossier.n_unique().alias("in_dossiers"),
            pl.col("waarde").n_unique().alias("distinct"),
            pl.col("nullflavor").is_not_null().sum().alias("nullflavors"),
            pl.col("eenheid").cast(pl.String).drop_nulls().unique().sort().alias("units"),
            pl.col("rubriek").cast(pl.String).drop_nulls().unique().sort().alias("rubrieken"),
            pl.col("datum").dt.year().min().alias("from_year"),
            pl.col("datum").dt.year().max().alias("until_year"),
        )
        .with_columns(share=(pl.col("in_dossiers") / dossiers).round(4))
        .sort("element")
        .collect(engine="streaming")
    )


def _values(rows: pl.LazyFrame, numbers: list[int], small: int) -> dict[int, list[dict[str, Any]]]:
    counted = (
        rows.filter(pl.col("bdsnummer").is_in(numbers) & pl.col("waarde").is_not_null())
        .group_by("bdsnummer", "waarde")
        .agg(pl.len().alias("n"), pl.struct("bron", "dossier_id").n_unique().alias("dossiers"))
        .sort("bdsnummer", "n", "waarde", descending=[False, True, False])
        .collect(engine="streaming")
    )
    result: dict[int, list[dict[str, Any]]] = {}
    for (number,), part in counted.group_by("bdsnummer", maintain_order=True):
        # What is long is no code but text in a coded field, and may say anything.
        shown = part.filter((pl.col("dossiers") >= small) & (pl.col("waarde").str.len_chars() <= 12)).head(
            VALUES
        )
        rest = part.join(shown, on="waarde", how="anti")
        entries = [{"value": v, "n": n} for v, n in shown.select("waarde", "n").iter_rows()]
        if rest.height:
            hidden = int(rest["n"].sum())
            entries.append({"value": None, "n": hidden if hidden >= small else None, "distinct": rest.height})
        result[int(str(number))] = entries
    return result


def _quantiles(rows: pl.LazyFrame, numbers: list[int]) -> dict[int, dict[str, Any]]:
    x = pl.col("waarde").cast(pl.Float64, strict=False)
    found = (
        rows.filter(pl.col("bdsnummer").is_in(numbers))
        .group_by("bdsnummer")
        .agg(
            x.quantile(0.01).alias("p1"),
            x.median().alias("median"),
            x.quantile(0.99).alias("p99"),
            x.count().alias("n"),
        )
        .collect()
    )
    return {r["bdsnummer"]: _guess(r) for r in found.iter_rows(named=True) if r["n"]}


def _guess(row: dict[str, Any]) -> dict[str, Any]:
    """Percentiles, and for heights and weights which unit the numbers look like."""
    guess = None
    median = row["median"]
    if row["bdsnummer"] in {235, 238, 240, 252, 112, 113}:
        guess = "mm" if median >= 250 else "cm" if median >= 20 else "m"
    elif row["bdsnummer"] in {245, 110, 111}:
        guess = "g" if median >= 500 else "kg"
    elif row["bdsnummer"] == 82:
        guess = "d" if median >= 100 else "wk"
    # Percentiles of a few values would show the values themselves.
    shown = {k: row[k] for k in ("p1", "median", "p99")} if row["n"] >= 50 else {}
    return {**shown, "looks_like": guess}
