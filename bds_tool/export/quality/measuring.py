"""One delivery measured: findings, filled values and dossiers per rule, element and unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.export.quality import units as of_units

if TYPE_CHECKING:
    from bds_tool.findings.result import Result
    from bds_tool.store import Store

#: The unit that stands for all of a delivery.
ALL = ""
#: Rules of what is not there have no value to be a share of: they are counted over dossiers (family of the code).
_OF_DOSSIERS = frozenset({"0", "6", "7", "9"})


@dataclass
class Measured:
    """What one delivery holds; `unit` is "" for the whole.

    `found`: unit, code, bdsnummer (null where a finding is about none), severity, n, hits (dossiers; null when unknown).
    `filled`: unit, bdsnummer, n (filled values), dossiers (that have one).
    `dossiers`: unit, n. `items`: unit, bdsnummer, records, there, complete, unknown: dossiers per element of the score; None
    where only the findings of a delivery were kept.
    """

    label: str
    found: pl.DataFrame
    filled: pl.DataFrame
    dossiers: pl.DataFrame
    items: pl.DataFrame | None
    names: dict[int, str]
    rows: pl.DataFrame | None = None
    #: Rules that were judged on at least one file of the delivery.
    judged: frozenset[str] = frozenset()
    #: The versions of the BDS that its files were judged by.
    versions: frozenset[str] = frozenset()
    #: What `uniformity.observed` counted, where that was asked for.
    alike: pl.DataFrame | None = None


def judged(result: Result) -> frozenset[str]:
    """The codes of the rules that said something of a delivery: right or a finding."""
    told = result.verdicts.filter(pl.col("status") != "niet beoordeeld")
    return frozenset(told["code"].unique())


def _versions(result: Result) -> frozenset[str]:
    return frozenset(version for version, _ in result.groups.values())


def of_store(label: str, store: Store, result: Result, kind: str, *, keep: bool = False) -> Measured:
    """A delivery in a store, judged with all findings kept (`max_examples` 0); `kind`: a kind of unit, "" for none.

    A dossier counts in each unit that it has a registratie of. Rows without a unit are named so; registraties of the
    whole dossier belong to no activity and count in the whole only.
    """
    filled = pl.col("waarde").is_not_null() | pl.col("tekst").is_not_null()
    rows = (
        store.registraties()
        .filter(pl.col("bdsnummer").is_not_null())
        .select(
            "bron", "dossier_id", "activiteit_id", "bdsnummer", "waarde", "nullflavor", filled.alias("filled")
        )
    )
    found = result.findings.select(
        "code", "severity", "bron", "dossier_id", "activiteit_id", "bdsnummer"
    ).lazy()
    whole = pl.lit(ALL).alias("unit")
    scored = _scored(rows, found, store)
    frames = [(*_counts(rows.with_columns(whole), found.with_columns(whole)), _items(scored, None))]
    placed = found.with_columns(whole)
    if kind:
        key, units = of_units.units(store, kind)
        unknown = of_units.no_unit(kind)
        placed = _with_unit(found, units, key, unknown)
        frames.append(
            (
                *_counts(
                    _with_unit(rows, units, key, unknown), placed := _with_unit(found, units, key, unknown)
                ),
                _items(scored, _dossiers_of(rows, units, key, unknown)),
            )
        )
    found_, filled_, dossiers, items = (pl.concat(f[i] for f in frames) for i in range(4))
    return Measured(
        label,
        found_,
        filled_,
        dossiers,
        items,
        dict(result.names),
        _kept(store, placed) if keep else None,
        judged(result),
        _versions(result),
    )


def _kept(store: Store, placed: pl.LazyFrame) -> pl.DataFrame:
    """The findings with the day of their activity."""
    days = (
        store.registraties()
        .filter(pl.col("activiteit_id").is_not_null())
        .group_by("bron", "dossier_id", "activiteit_id")
        .agg(pl.col("datum").min())
    )
    return placed.join(days, on=["bron", "dossier_id", "activiteit_id"], how="left").collect()


def of_result(label: str, result: Result) -> Measured:
    """A delivery of which only the findings were kept: the whole of it, without units and without a score."""
    whole = pl.lit(ALL).alias("unit")
    kept = result.totals.filter(~pl.col("accepted"))
    found = kept.group_by("code", "bdsnummer", "severity").agg(pl.col("n").sum())
    filled = result.filled.group_by("bdsnummer").agg(pl.col("n").sum())
    n = int(result.bronnen["dossiers"].fill_null(0).sum())
    return Measured(
        label,
        found.select(whole, "code", "bdsnummer", "severity", "n", pl.lit(None, pl.Int64).alias("hits")),
        filled.select(whole, "bdsnummer", "n", pl.lit(None, pl.Int64).alias("dossiers")),
        pl.DataFrame({"unit": [ALL], "n": [n]}, schema={"unit": pl.String, "n": pl.Int64}),
        None,
        dict(result.names),
        judged=judged(result),
        versions=_versions(result),
    )


def of_dossiers(code: str) -> bool:
    """Whether findings of a rule are a share of dossiers: what it judges is no value, or one that is missing."""
    return code.removeprefix("BDS")[:1] in _OF_DOSSIERS


_DOSSIER = pl.struct("bron", "dossier_id")


def _with_unit(rows: pl.LazyFrame, units: pl.DataFrame, key: list[str], unknown: str) -> pl.LazyFrame:
    if "activiteit_id" in key:
        rows = rows.filter(pl.col("activiteit_id").is_not_null())
    return rows.join(units.lazy(), on=key, how="left").with_columns(pl.col("unit").fill_null(unknown))


def _dossiers_of(rows: pl.LazyFrame, units: pl.DataFrame, key: list[str], unknown: str) -> pl.LazyFrame:
    return _with_unit(rows, units, key, unknown).select("bron", "dossier_id", "unit").unique()


def _counts(rows: pl.LazyFrame, found: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    n = pl.len().cast(pl.Int64).alias("n")
    of = _DOSSIER.n_unique().cast(pl.Int64)
    hits = _DOSSIER.filter(pl.col("dossier_id").is_not_null()).n_unique().cast(pl.Int64).alias("hits")
    filled = rows.filter("filled").group_by("unit", "bdsnummer").agg(n, of.alias("dossiers"))
    return (
        found.group_by("unit", "code", "bdsnummer", "severity").agg(n, hits).collect(),
        filled.with_columns(pl.col("bdsnummer").cast(pl.Int32)).collect(engine="streaming"),
        rows.group_by("unit").agg(of.alias("n")).collect(engine="streaming"),
    )


def _scored(rows: pl.LazyFrame, found: pl.LazyFrame, store: Store) -> pl.DataFrame:
    """Per dossier and element of the score: whether it is there, wrong (a `fout` on it), and nothing but unknown."""
    from bds_tool.formats.registry import coding_of
    from bds_tool.schema import newest, versions
    from bds_tool.validate.tables import tables

    numbers = [i["element"] for i in of_units.settings()["score"]["elementen"]]
    nothing = []
    for formaat, version in store.bronnen().select("formaat", "bds_herkend").unique().iter_rows():
        seen = tables(version if version in versions() else newest(), coding_of(formaat))
        codes = seen.codes.filter(pl.col("is_null").fill_null(value=False))
        nothing.append(seen.elements.join(codes, on="lijst").select("bdsnummer", "waarde"))
    unknown = pl.concat(nothing).unique().with_columns(code_says=pl.lit(value=True))
    there = (
        rows.filter(
            pl.col("bdsnummer").is_in(numbers) & (pl.col("filled") | pl.col("nullflavor").is_not_null())
        )
        .join(unknown.lazy(), on=["bdsnummer", "waarde"], how="left")
        .group_by("bron", "dossier_id", "bdsnummer")
        .agg((pl.col("code_says").fill_null(value=False) | ~pl.col("filled")).all().alias("unknown"))
    )
    wrong = (
        found.filter((pl.col("severity") == "fout") & pl.col("bdsnummer").is_in(numbers))
        .select("bron", "dossier_id", "bdsnummer", pl.lit(value=True).alias("wrong"))
        .unique()
    )
    every = rows.select("bron", "dossier_id").unique().join(
        pl.LazyFrame({"bdsnummer": numbers}, schema={"bdsnummer": pl.Int32}), how="cross"
    )  # fmt: skip
    key = ["bron", "dossier_id", "bdsnummer"]
    return (
        every.join(there.with_columns(there=pl.lit(value=True)), on=key, how="left")
        .join(wrong, on=key, how="left")
        .with_columns(pl.col("there", "unknown", "wrong").fill_null(value=False))
        .collect(engine="streaming")
    )


def _items(scored: pl.DataFrame, units: pl.LazyFrame | None) -> pl.DataFrame:
    """Dossiers per element of the score: all, valid and complete, and of those nothing but unknown."""
    frame = scored.lazy()
    frame = (
        frame.with_columns(unit=pl.lit(ALL))
        if units is None
        else frame.join(units, on=["bron", "dossier_id"])
    )
    good = pl.col("there") & ~pl.col("wrong")
    return (
        frame.group_by("unit", "bdsnummer")
        .agg(
            pl.len().cast(pl.Int64).alias("records"),
            pl.col("there").sum().cast(pl.Int64).alias("there"),
            good.sum().cast(pl.Int64).alias("complete"),
            (good & pl.col("unknown")).sum().cast(pl.Int64).alias("unknown"),
        )
        .collect()
    )
