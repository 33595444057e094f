"""Family 4xx: values that contradict each other inside one dossier or activity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.findings.collecting import parameters
from bds_tool.validate.checks.base import dossier_check
from bds_tool.validate.checks.time import days
from bds_tool.validate.growth import z_scores

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition
    from bds_tool.validate.view import View

#: SDQ: subscale → the elements of its five items; DOMAIN 6.2. The order of items is 1078 … 1102.
SUBSCALES = {
    1112: (1080, 1085, 1090, 1093, 1101),
    1113: (1082, 1084, 1089, 1095, 1099),
    1114: (1083, 1088, 1091, 1096, 1100),
    1115: (1079, 1087, 1092, 1098, 1102),
    1117: (1078, 1081, 1086, 1094, 1097),
}
#: Items that count the other way round: 7, 11, 14, 21 and 25.
REVERSED = (1084, 1088, 1091, 1098, 1102)
TOTAL, PARTS = 1116, (1112, 1113, 1114, 1115)
_ITEMS = tuple(sorted(n for items in SUBSCALES.values() for n in items))
_ACT = ["d", "a"]
_SIDE = re.compile(r"\b(rechts|links)\b|\b(re|li)$")


@dossier_check(
    "BDS403", "BDS404", needs={"BDS403": (set(SUBSCALES), set(_ITEMS)), "BDS404": ({TOTAL}, set(PARTS))}
)
def sdq(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Stored SDQ scores against the sums they should be, where every part is there once."""
    if view.of(*SUBSCALES, TOTAL).is_empty():
        return
    items = view.numbers(*_ITEMS)
    raw = pl.col("x") - 1
    score = pl.when(pl.col("bdsnummer").is_in(list(REVERSED))).then(2 - raw).otherwise(raw)
    scale = {n: s for s, numbers in SUBSCALES.items() for n in numbers}
    sums = (
        items.with_columns(
            score=score, scale=pl.col("bdsnummer").replace_strict(scale, return_dtype=pl.Int32)
        )
        .group_by(*_ACT, "scale")
        .agg(pl.col("score").sum(), pl.col("bdsnummer").n_unique().alias("parts"), pl.len().alias("rows"))
        .filter((pl.col("parts") == 5) & (pl.col("rows") == 5))
    )
    stored = view.numbers(*SUBSCALES)
    joined = stored.join(
        sums, left_on=[*_ACT, "bdsnummer"], right_on=[*_ACT, "scale"], nulls_equal=True, maintain_order="left"
    )
    yield "BDS403", joined.filter(pl.col("x") != pl.col("score"))
    whole = (
        view.numbers(*PARTS)
        .group_by(_ACT)
        .agg(
            pl.col("x").sum().alias("sum"),
            pl.col("bdsnummer").n_unique().alias("parts"),
            pl.len().alias("rows"),
        )
        .filter((pl.col("parts") == 4) & (pl.col("rows") == 4))
    )
    totals = view.numbers(TOTAL).join(whole, on=_ACT, nulls_equal=True, maintain_order="left")
    yield "BDS404", totals.filter(pl.col("x") != pl.col("sum"))


@dossier_check(
    "BDS405",
    "BDS406",
    "BDS413",
    "BDS419",
    needs={
        "BDS405": ({82}, {110}, {19}),
        "BDS406": ({110}, {112}),
        "BDS413": ({110}, {111}),
        "BDS419": ({112}, {113}),
    },
)
def birth(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Gestation, weight, length and head at birth against each other."""
    weights = view.numbers(110)
    if weights.height:
        joined = weights.with_columns(
            sex=view.person("sex"),
            gestation=view.person("gestation"),
            age=pl.lit(0.0),
            y=pl.col("x") / 1000,
        ).filter(pl.col("gestation").is_between(154, 310))
        joined = joined.with_columns(z=z_scores("wgt", joined))
        yield "BDS405", joined.filter(pl.col("z").abs() > float(view.limit("BDS405", "z")))
    lengths = view.once(112, "length")
    ponderal = weights.join(lengths, on="d", maintain_order="left").with_columns(
        index=pl.col("x") * 1e5 / pl.col("length") ** 3
    )
    lowest, highest = view.limit("BDS406", "index")
    yield "BDS406", ponderal.filter((pl.col("index") < lowest) | (pl.col("index") > highest))
    least = view.numbers(111).join(view.once(110, "weight"), on="d", maintain_order="left")
    yield "BDS413", least.filter(pl.col("x") > pl.col("weight"))
    heads = view.numbers(113).join(lengths, on="d", maintain_order="left")
    yield "BDS419", heads.filter(pl.col("x") > pl.col("length"))


@dossier_check("BDS407", needs=({109}, {108, 109}))
def multiple(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """The order number in a multiple birth is there while nothing says that it was one."""
    order = view.numbers(109)
    if order.is_empty():
        return
    multiples = view.of(108).select("d").unique()
    yield "BDS407", order.filter(pl.col("x") > 1).join(multiples, on="d", how="anti")


@dossier_check("BDS408", needs=({20}, {63}))
def parents(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """The age of a biological parent at birth."""
    births = view.dates(63)
    if births.is_empty():
        return
    relation = view.of(62).select("d", "volgnr", pl.col("waarde").alias("relation"))
    joined = births.join(relation, on=["d", "volgnr"], nulls_equal=True, maintain_order="left").with_columns(
        born=view.person("born")
    )
    codes = view.limit("BDS408", "relations")
    years = days(pl.col("born"), pl.col("day")) / 365.25
    outside = [
        pl.col("relation").is_in(codes[kind]) & ((years < low) | (years > high))
        for kind, (low, high) in view.limit("BDS408", "years").items()
    ]
    yield "BDS408", joined.filter(pl.any_horizontal(outside))


@dossier_check("BDS409", needs=({1605, 725},))
def status(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """An activity that did not take place holds what can only be found with the child present."""
    acts = view.acts
    not_done = pl.col("status").is_in(view.limit("BDS409", "not_done"))
    old = pl.col("old_status").is_in(view.limit("BDS409", "not_done_old"))
    missed = acts.filter(not_done.fill_null(value=False) | old.fill_null(value=False)).select(_ACT)
    if missed.is_empty():
        return
    of_rubrieken = view.limit("BDS409", "rubrieken")
    seen = [e.bdsnummer for e in view.tables.definition.elementen.values() if e.rubriek in of_rubrieken]
    found = view.of(*seen).join(missed, on=_ACT, maintain_order="left")
    yield "BDS409", found.unique(_ACT, keep="first", maintain_order=True)


@dossier_check("BDS411", "BDS412", needs={"BDS411": ({20}, {461, 1409, 724}), "BDS412": ({461},)})
def vaccinations(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Vaccinations against age and against the dose before; the limits stand in the catalogue."""
    kinds = view.of(461)
    if kinds.is_empty():
        return
    spot = ["a", "volgnr"]
    own = view.dates(1409).select(*spot, "day")
    refused = view.of(683).select(*spot).unique()
    given = (
        kinds.join(refused, on=spot, how="anti", nulls_equal=True)
        .join(own.unique(spot, keep="first"), on=spot, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(day=pl.coalesce("day", "datum"), born=view.person("born"))
        .filter(pl.col("day").is_not_null())
    )
    kind = pl.col("waarde")
    youngest = {str(k): int(v) for k, v in view.limit("BDS411", "days").items()}
    least = kind.replace_strict(youngest, default=None, return_dtype=pl.Int64)
    age = days(pl.col("day"), pl.col("born"))
    yield (
        "BDS411",
        given.filter((age < least) & (age >= 0)).with_columns(parameters=parameters({"dagen": least})),
    )
    gaps = {str(k): int(v) for k, v in view.limit("BDS412", "days").items()}
    apart = kind.replace_strict(gaps, default=None, return_dtype=pl.Int64)
    ordered = given.filter(apart.is_not_null()).sort("d", "waarde", "day", maintain_order=True)
    since = days(pl.col("day"), pl.col("day").shift().over("d", "waarde"))
    yield (
        "BDS412",
        ordered.with_columns(since=since, apart=apart)
        .filter(pl.col("since").is_between(0, pl.col("apart") - 1))
        .with_columns(parameters=parameters({"dagen": pl.col("apart")})),
    )


@dossier_check("BDS414", needs=({1486}, {1487}))
def pressure(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Diastolic blood pressure is not below the systolic one."""
    high = view.numbers(1486).select(*_ACT, pl.col("x").alias("systolic"))
    low = view.numbers(1487).join(high, on=_ACT, nulls_equal=True, maintain_order="left")
    yield "BDS414", low.filter(pl.col("x") >= pl.col("systolic"))


@dossier_check("BDS415", needs=({487}, {21, 20}))
def death(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Care ended because of death, without a date of death."""
    ended = view.of(487).filter(pl.col("waarde").is_in(view.limit("BDS415", "codes")))
    known = view.rows.filter(pl.col("bdsnummer") == 21).select("d").unique()
    yield "BDS415", ended.join(known, on="d", how="anti")


@dossier_check("BDS416", needs=({683},))
def objection(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """A vaccination that was refused has a batch number all the same."""
    spot = ["a", "volgnr"]
    refused = view.of(683).select(*spot).unique()
    batch = view.of(*view.limit("BDS416", "batch"))
    yield "BDS416", batch.join(refused, on=spot, nulls_equal=True, maintain_order="left")


@dossier_check("BDS417", needs=({235}, {245}))
def proportion(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Height and weight of one contact that no child can have together."""
    heights = (
        view.numbers(235).select(*_ACT, pl.col("x").alias("mm")).filter(pl.col("mm").is_between(300, 2300))
    )
    weights = view.numbers(245).join(heights, on=_ACT, nulls_equal=True, maintain_order="left")
    index = pl.col("x") / 1000 / (pl.col("mm") / 1000) ** 2
    lowest, highest = view.limit("BDS417", "bmi")
    yield "BDS417", weights.filter((index < lowest) | (index > highest))


@dossier_check("BDS418")
def sides(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """One side of an examination that is done left and right."""
    other = _sides(view.tables.definition, tuple(view.limit("BDS418", "rubrieken")))
    both = view.rows.filter(pl.col("bdsnummer").is_in(list(other)))
    if both.is_empty():
        return
    # A side with a nullFlavor was looked at as well: the reason is there.
    have = both.select(*_ACT, pl.col("bdsnummer").alias("other")).unique()
    wanted = both.filter(pl.col("waarde").is_not_null()).with_columns(
        other=pl.col("bdsnummer").replace_strict(other, return_dtype=pl.Int32)
    )
    lone = wanted.join(have, on=[*_ACT, "other"], how="anti", nulls_equal=True)
    yield "BDS418", lone.with_columns(parameters=parameters({"ander": pl.col("other")}))


def _sides(definition: Definition, rubrieken: tuple[str, ...]) -> dict[int, int]:
    """Element → the element of the other side: names that differ in `rechts` and `links` alone."""
    named: dict[tuple[str, str, str], dict[str, int]] = {}
    for e in definition.elementen.values():
        found = _SIDE.search(e.naam)
        if found and e.rubriek in rubrieken and not e.naam.startswith("Bijzonderheden"):
            side = "l" if found.group(0).lower().startswith("li") else "r"
            named.setdefault((e.rubriek, e.groep, _SIDE.sub("", e.naam)), {})[side] = e.bdsnummer
    pairs = [p for p in named.values() if len(p) == 2]
    return {p["l"]: p["r"] for p in pairs} | {p["r"]: p["l"] for p in pairs}
