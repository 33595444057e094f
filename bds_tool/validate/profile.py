"""A first look at an unknown export: what is in it, without showing what could point at a child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NotRequired, TypedDict

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
#: Percentiles are told of this many values or more.
MANY = 50
#: A unit is told when at least this share of the values is possible in it.
FITTING = 0.8


class ProfileValue(TypedDict):
    """A value, its name and how often; without a value those that too few dossiers have, `distinct` together."""

    value: str | None
    name: str | None
    n: int | None
    distinct: NotRequired[int]


class YearShare(TypedDict):
    year: int
    in_dossiers: int
    share: float


class Quantiles(TypedDict, total=False):
    p1: float | None
    median: float | None
    p99: float | None
    looks_like: str | None


class ElementProfile(Quantiles):
    """One element: how often, in how many dossiers, when, with which units and values."""

    element: int
    rows: int
    filled: int
    in_dossiers: int
    distinct: int
    nullflavors: int
    units: list[str]
    rubrieken: list[str]
    from_year: int | None
    until_year: int | None
    share: float
    element_name: str | None
    kind: str
    rubriek: str | None
    expected_unit: str | None
    values: list[ProfileValue]
    by_year: list[YearShare]


class ProfileFile(TypedDict):
    pad: str
    formaat: str
    bds_herkend: str | None
    bds_zekerheid: str | None
    rijen: int | None
    dossiers: int | None


class ProfileYear(TypedDict):
    year: int
    dossiers: int


class Profile(TypedDict):
    schema_version: int
    small: int
    files: list[ProfileFile]
    rows: int
    dossiers: int
    activities: int
    first_year: int | None
    last_year: int | None
    without_element: int
    years: list[ProfileYear]
    elements: list[ElementProfile]


def profile(store: Store, *, small: int = SMALL) -> Profile:
    """What a store holds: files, dossiers, and per element how often it is filled, when and with what.

    Only values of coded and yes/no elements are shown, and only those in at least `small` dossiers; the others are
    counted together. Of numbers the 1st and 99th percentile of 50 values or more (never the extremes), of dates the
    first and last year. `by_year` tells in how many of the dossiers with a dated registratie of that year the element
    stands; `looks_like` the unit in which most values are possible, None where no rule or no value says so.
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
    known = _known(bronnen)
    per_element = _elements(rows, general["dossiers"])
    numbers = per_element["element"].to_list()
    coded = [n for n in numbers if n in known and known[n].kind in {"code", "janee"}]
    measured = [n for n in numbers if n in known and known[n].kind in {"maat", "geheel"}]
    values, quantiles = _values(rows, coded, small, known), _quantiles(rows, measured)
    years, by_year = _years(rows)
    elements: list[ElementProfile] = []
    for row in per_element.iter_rows(named=True):
        number = row["element"]
        found = by_year.get(number, {})
        entry: ElementProfile = {
            "element": number,
            "rows": row["rows"],
            "filled": row["filled"],
            "in_dossiers": row["in_dossiers"],
            "distinct": row["distinct"],
            "nullflavors": row["nullflavors"],
            "units": sorted({told(unit) for unit in row["units"]}),
            "rubrieken": sorted({told(rubriek) for rubriek in row["rubrieken"]}),
            "from_year": row["from_year"],
            "until_year": row["until_year"],
            "share": row["share"],
            "element_name": element_name(number) or None,
            "kind": known[number].kind if number in known else "onbekend",
            "rubriek": known[number].rubriek if number in known else None,
            "expected_unit": (known[number].unit if number in known else None) or None,
            "values": values.get(number, []),
            **quantiles.get(number, {}),
            "by_year": [
                {"year": y, "in_dossiers": found.get(y, 0), "share": round(found.get(y, 0) / n, 4)}
                for y, n in years.items()
                if found
            ],
        }
        elements.append(entry)
    return {
        "schema_version": 1,
        "small": small,
        "files": [
            {
                "pad": f["pad"],
                "formaat": f["formaat"],
                "bds_herkend": f["bds_herkend"],
                "bds_zekerheid": f["bds_zekerheid"],
                "rijen": f["rijen"],
                "dossiers": f["dossiers"],
            }
            for f in bronnen.iter_rows(named=True)
        ],
        "rows": general["rows"],
        "dossiers": general["dossiers"],
        "activities": general["activities"],
        "first_year": general["first_year"],
        "last_year": general["last_year"],
        "without_element": general["without_element"],
        "years": [{"year": y, "dossiers": n} for y, n in years.items()],
        "elements": elements,
    }


@dataclass(frozen=True)
class Known:
    """What the definitions say of an element: kind of value, unit of the BDS, rubriek (`R014 Groei`), names of codes."""

    kind: str
    unit: str
    rubriek: str | None
    codes: dict[str, str]


def _known(bronnen: pl.DataFrame) -> dict[int, Known]:
    """The elements of the versions that were read, each in the newest version that has it."""
    from bds_tool.schema import newest, versions

    found: dict[int, Known] = {}
    pairs = {
        (version if version in versions() else newest(), coding_of(formaat))
        for formaat, version in bronnen.select("formaat", "bds_herkend").iter_rows()
    }
    for version, coding in sorted(pairs, key=lambda pair: versions().index(pair[0])):
        seen = tables(version, coding)
        names: dict[str, dict[str, str]] = {}
        for lijst, code, name in seen.codes.select("lijst", "waarde", "display").iter_rows():
            names.setdefault(lijst, {})[code] = name or ""
        rubrieken = seen.definition.rubrieken
        for number, kind, unit, lijst, rubriek in seen.elements.select(
            "bdsnummer", "kind", "due_unit", "lijst", "due_rubriek"
        ).iter_rows():
            title = f"{rubriek} {rubrieken[rubriek].naam}" if rubriek in rubrieken else rubriek
            found[number] = Known(kind, unit or "", title, names.get(lijst, {}))
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


def _years(rows: pl.LazyFrame) -> tuple[dict[int, int], dict[int, dict[int, int]]]:
    """Year → dossiers with a dated registratie in it, for every year from the first to the last; element → the same."""
    dated = rows.filter(pl.col("datum").is_not_null()).select(
        pl.col("bdsnummer").alias("element"),
        pl.col("datum").dt.year().cast(pl.Int64).alias("year"),
        pl.struct("bron", "dossier_id").alias("dossier"),
        (pl.col("waarde").is_not_null() | pl.col("tekst").is_not_null()).alias("filled"),
    )
    count = pl.col("dossier").n_unique()
    all_years = dict(dated.group_by("year").agg(count).collect(engine="streaming").iter_rows())
    found: dict[int, dict[int, int]] = {}
    per_element = (
        dated.filter(pl.col("element").is_not_null() & pl.col("filled"))
        .group_by("element", "year")
        .agg(count)
    )
    for element, year, n in per_element.collect(engine="streaming").iter_rows():
        found.setdefault(element, {})[year] = n
    return {y: all_years[y] for y in sorted(all_years)}, found


def _values(
    rows: pl.LazyFrame, numbers: list[int], small: int, known: dict[int, Known]
) -> dict[int, list[ProfileValue]]:
    counted = (
        rows.filter(pl.col("bdsnummer").is_in(numbers) & pl.col("waarde").is_not_null())
        .group_by("bdsnummer", "waarde")
        .agg(pl.len().alias("n"), pl.struct("bron", "dossier_id").n_unique().alias("dossiers"))
        .sort("bdsnummer", "n", "waarde", descending=[False, True, False])
        .collect(engine="streaming")
    )
    result: dict[int, list[ProfileValue]] = {}
    for (key,), part in counted.group_by("bdsnummer", maintain_order=True):
        number = int(str(key))
        names = known[number].codes
        # What is long is no code but text in a coded field, and may say anything.
        shown = part.filter((pl.col("dossiers") >= small) & (pl.col("waarde").str.len_chars() <= 12)).head(
            VALUES
        )
        rest = part.join(shown, on="waarde", how="anti")
        entries: list[ProfileValue] = [
            {"value": v, "name": names.get(v) or None, "n": n}
            for v, n in shown.select("waarde", "n").iter_rows()
        ]
        if rest.height:
            hidden = int(rest["n"].sum())
            many = hidden if hidden >= small else None
            entries.append({"value": None, "name": None, "n": many, "distinct": rest.height})
        result[number] = entries
    return result


def _quantiles(rows: pl.LazyFrame, numbers: list[int]) -> dict[int, Quantiles]:
    """Percentiles of numbers, and the unit in which most of them are possible."""
    x = pl.col("waarde").cast(pl.Float64, strict=False)
    fits = {n: _units(n) for n in numbers}
    wide = max((len(f) for f in fits.values()), default=0)
    looked = rows.filter(pl.col("bdsnummer").is_in(numbers)).select("bdsnummer", x.alias("x"))
    bounds = pl.LazyFrame(
        {
            "bdsnummer": numbers,
            **{
                f"{side}{i}": [f[i][at] if i < len(f) else None for f in fits.values()]
                for i in range(wide)
                for at, side in ((1, "low"), (2, "high"))
            },
        },
        schema_overrides={"bdsnummer": looked.collect_schema()["bdsnummer"]},
    )
    found = (
        looked.join(bounds, on="bdsnummer")
        .group_by("bdsnummer")
        .agg(
            pl.col("x").quantile(0.01).alias("p1"),
            pl.col("x").median().alias("median"),
            pl.col("x").quantile(0.99).alias("p99"),
            pl.col("x").count().alias("n"),
            *(pl.col("x").is_between(f"low{i}", f"high{i}").sum().alias(f"fits{i}") for i in range(wide)),
        )
        .collect()
    )
    return {r["bdsnummer"]: _guess(r, fits[r["bdsnummer"]]) for r in found.iter_rows(named=True) if r["n"]}


def _units(number: int) -> list[tuple[str, float, float]]:
    """The units that an element can have, its own first, with the values that are possible in each (BDS231)."""
    from bds_tool.formats.table.columns import units_by_name
    from bds_tool.formats.table.elements import elements, possible

    own, limits = elements()[number].eenheid if number in elements() else "", None
    if own:
        limits = possible(number)
    if limits is None:
        return []
    others = {u: float(factor) for u, due, factor in units_by_name().values() if due == own and u != own}
    low, high = limits
    return [(own, low, high), *((u, low / f, high / f) for u, f in sorted(others.items()))]


def _guess(row: Mapping[str, float], units: list[tuple[str, float, float]]) -> Quantiles:
    fitting = [row[f"fits{i}"] / row["n"] for i in range(len(units))]
    best = max(range(len(units)), key=lambda i: (fitting[i], -i), default=None)
    guess = units[best][0] if best is not None and fitting[best] >= FITTING else None
    # Percentiles of a few values would show the values themselves.
    if row["n"] < MANY:
        return {"looks_like": guess}
    return {"p1": row["p1"], "median": row["median"], "p99": row["p99"], "looks_like": guess}
