"""Family 3xx: dates that cannot be, and dates that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.findings.collecting import parameters
from bds_tool.validate.checks.base import dossier_check

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition
    from bds_tool.validate.view import View

_DAY = 86_400_000


def days(later: pl.Expr, earlier: pl.Expr) -> pl.Expr:
    """Whole days between two dates, null when one is unknown."""
    return (later - earlier).dt.total_days()


@dossier_check(
    "BDS301",
    "BDS302",
    "BDS303",
    "BDS304",
    "BDS309",
    needs={
        "BDS301": ({20}, {724, 494, 1605, 235, 245, 252}),
        "BDS302": ({21}, {724, 494, 1605, 235, 245}),
        "BDS304": ({488}, {724, 494, 1605, 235, 245}),
        "BDS309": ({20}, {494}),
    },
)
def activities(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """The date of an activity against birth, death, today, the end of care and the kind of contact."""
    acts = view.acts.filter(pl.col("datum").is_not_null())
    if acts.is_empty():
        return
    acts = acts.with_columns(born=view.person("born"), died=view.person("died"), ended=view.person("ended"))
    date = pl.col("datum")
    done = ~pl.col("planned")
    yield "BDS301", acts.filter(date < pl.col("born"))
    yield "BDS302", acts.filter(done & (date > pl.col("died")))
    yield "BDS303", acts.filter(done & (date > view.today))
    yield "BDS304", acts.filter(done & (date > pl.col("ended")))
    windows = view.limit("BDS309", "windows")
    low = pl.col("kind").replace_strict(
        {k: int(v[0]) for k, v in windows.items()}, default=None, return_dtype=pl.Int64
    )
    high = pl.col("kind").replace_strict(
        {k: int(v[1]) for k, v in windows.items()}, default=None, return_dtype=pl.Int64
    )
    age = days(date, pl.col("born"))
    outside = acts.filter(((age < low) | (age > high)) & (age >= 0))
    yield "BDS309", outside.with_columns(bdsnummer=pl.lit(494, pl.Int32), waarde=pl.col("kind"))


@dossier_check(
    "BDS305",
    "BDS306",
    "BDS307",
    "BDS312",
    needs={
        "BDS305": ({20},),
        "BDS306": ({20}, {724, 494, 1605, 235, 245, 252}),
        "BDS307": ({20}, {21}),
        "BDS312": ({20},),
    },
)
def person(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Birth and death of the child itself."""
    births = view.dates(20).filter(pl.col("groep").is_null())
    if births.is_empty():
        return
    yield "BDS305", births.filter(pl.col("day") > view.today)
    yield "BDS312", births.filter(~pl.col("exact"))
    oldest = int(view.limit("BDS306", "years"))
    acts = view.acts.filter(pl.col("datum").is_not_null()).with_columns(born=view.person("born"))
    yield "BDS306", acts.filter(days(pl.col("datum"), pl.col("born")) > oldest * 365.25)
    deaths = view.dates(21).with_columns(born=view.person("born"))
    yield "BDS307", deaths.filter(pl.col("day") < pl.col("born"))


@dossier_check("BDS308")
def periods(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """An end date before its start date, inside one instance of a group."""
    pairs = _pairs(view.tables.definition)
    numbers = [n for pair in pairs for n in pair]
    ends = pl.DataFrame(pairs, schema={"start": pl.Int32, "bdsnummer": pl.Int32}, orient="row")
    # Months and years alone can lie on either side of a day; only whole days are compared.
    from bds_tool.validate.view import with_day

    dated = with_day(view.of(*numbers))
    dated = dated.filter("exact")
    if dated.is_empty():
        return
    spot = ["a", "volgnr"]
    starts = dated.select(*spot, pl.col("bdsnummer").alias("start"), pl.col("day").alias("begin"))
    joined = dated.join(ends, on="bdsnummer", maintain_order="left").join(
        starts, on=[*spot, "start"], nulls_equal=True, maintain_order="left"
    )
    wrong = joined.filter(pl.col("day") < pl.col("begin"))
    yield "BDS308", wrong.with_columns(parameters=parameters({"start": pl.col("start")}))


def _pairs(definition: Definition) -> list[tuple[int, int]]:
    """(start, end) elements: in one group, with the names `Startdatum …` and `Einddatum …`."""
    starts = {
        (e.groep, e.naam.removeprefix("Startdatum").strip()): n
        for n, e in definition.elementen.items()
        if e.naam.startswith("Startdatum")
    }
    found = []
    for n, e in definition.elementen.items():
        key = (e.groep, e.naam.removeprefix("Einddatum").strip())
        if e.naam.startswith("Einddatum") and key in starts:
            found.append((starts[key], n))
    return found


@dossier_check("BDS310", "BDS313")
def own_dates(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Dates that an element carries itself, against today and birth."""
    from bds_tool.validate.view import with_day

    moments = view.tables.of_kind("datum")
    future_ok = set(view.limit("BDS310", "may_be_future"))
    before_ok = set(view.limit("BDS313", "may_be_before_birth"))
    chosen = list(moments - (future_ok & before_ok) - {20, 21, 724})
    dated = with_day(view.of(*chosen))
    if dated.is_empty():
        return
    dated = dated.with_columns(born=view.person("born"))
    number = pl.col("bdsnummer")
    yield "BDS310", dated.filter(~number.is_in(list(future_ok)) & (pl.col("day") > view.today))
    yield (
        "BDS313",
        dated.filter(~number.is_in(list(before_ok)) & pl.col("exact") & (pl.col("day") < pl.col("born"))),
    )


@dossier_check("BDS314")
def undated(view: View) -> Iterator[tuple[str, pl.DataFrame]]:
    """Activities without any date."""
    acts = view.acts.filter(pl.col("datum").is_null())
    if acts.is_empty():
        return
    # A date that is there but cannot be read is a finding of its own (BDS202).
    given = view.of(724).select("a").unique()
    yield "BDS314", acts.join(given, on="a", how="anti")
