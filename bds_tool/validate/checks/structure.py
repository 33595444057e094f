"""Families 1xx and 2xx on distinct shapes of rows: element, place, unit, code system, nullFlavor."""

from __future__ import annotations

import polars as pl

from bds_tool.validate.checks.base import Check, Setting
from bds_tool.validate.tables import Tables, exchanged_in, versions_of

#: A shape: every combination of these that occurs. `act`, `empty` and `has_text` are booleans.
SHAPE = ("bdsnummer", "rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "act", "empty", "has_text")
#: HL7v3 vocabulary domain NullFlavor.
NULL_FLAVORS = (
    "NI",
    "INV",
    "DER",
    "OTH",
    "NINF",
    "PINF",
    "UNC",
    "MSK",
    "NA",
    "UNK",
    "ASKU",
    "NAV",
    "NASK",
    "QS",
    "TRC",
    "NP",
)
NULL_SYSTEM = "2.16.840.1.113883.5.1008"


def enrich(shapes: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Beside every shape what the definition says of its element; unknown elements keep nulls."""
    words = [pl.col(c).cast(pl.String) for c in ("rubriek", "groep", "eenheid", "codesysteem", "nullflavor")]
    nulls = (
        tables.codes.lazy()
        .filter(pl.col("is_null"))
        .group_by("lijst")
        .agg(pl.col("waarde").alias("list_nulls"))
    )
    # A message may carry what the exchange set of a version holds; the register alone is wider than that.
    known = versions_of() | (exchanged_in() if tables.coding == "HL7" else {})
    history = pl.LazyFrame(
        {
            "bdsnummer": list(known),
            "first": [v[0] for v in known.values()],
            "last": [v[-1] for v in known.values()],
            "here": [tables.version in v for v in known.values()],
        },
        schema={"bdsnummer": pl.Int32, "first": pl.String, "last": pl.String, "here": pl.Boolean},
    )
    paths = pl.LazyFrame(
        {
            "bdsnummer": [e.bdsnummer for e in tables.definition.elementen.values()],
            "due_groups": [list(e.groepen) for e in tables.definition.elementen.values()],
        },
        schema={"bdsnummer": pl.Int32, "due_groups": pl.List(pl.String)},
    )
    return (
        shapes.with_columns(words)
        .join(tables.elements.lazy(), on="bdsnummer", how="left")
        .join(history, on="bdsnummer", how="left")
        .join(paths, on="bdsnummer", how="left")
        .join(nulls, on="lijst", how="left")
    )


def checks(s: Setting) -> list[Check]:
    """The checks on shapes that hold for this version and format."""
    return [c for c in (*_elements(s), *_places(s), *_units(), *_systems(s), *_nulls()) if s.active(c.code)]


def _elements(s: Setting) -> list[Check]:
    given = pl.col("bdsnummer").is_not_null()
    unknown = given & pl.col("first").is_null()
    absent = given & pl.col("first").is_not_null() & ~pl.col("here")
    order = {v: i for i, v in enumerate(sorted({v for vs in versions_of().values() for v in vs}))}
    mine = order.get(s.tables.version, 0)
    last = pl.col("last").replace_strict(order, default=-1, return_dtype=pl.Int32)
    anything = pl.lit(value=True)
    return [
        Check("BDS101", unknown, anything),
        Check("BDS102", absent & (last < mine), anything, {"versie": pl.col("last")}),
        Check("BDS103", absent & (last > mine), anything, {"versie": pl.col("first")}),
        Check("BDS104", pl.col("deprecated"), anything),
        Check("BDS105", ~pl.col("exchanged") & ~absent, anything),
    ]


def _places(s: Setting) -> list[Check]:
    definition = s.tables.definition
    rubriek, groep = pl.col("rubriek"), pl.col("groep")
    outside = rubriek.ne_missing("R051")
    wrong_groep = ~pl.col("due_groups").list.contains(groep) & (pl.col("due_groups").list.len() > 0)
    loose = pl.col("due_groups").list.len() == 0
    activity = pl.col("per_activity")
    return [
        Check(
            "BDS106",
            (rubriek != pl.col("due_rubriek")) & outside & rubriek.is_in(list(definition.rubrieken)),
            pl.col("due_rubriek").is_not_null(),
            {"verwacht": pl.col("due_rubriek")},
        ),
        Check(
            "BDS107",
            outside & groep.is_not_null() & (wrong_groep | loose) & groep.is_in(list(definition.groepen)),
            pl.col("due_rubriek").is_not_null(),
            {"verwacht": pl.col("due_groep").fill_null("-")},
        ),
        Check("BDS108", rubriek.is_not_null() & ~rubriek.is_in(list(definition.rubrieken)), None),
        Check("BDS109", groep.is_not_null() & ~groep.is_in(list(definition.groepen)), None),
        Check("BDS115", activity & ~pl.col("act") & outside, pl.col("per_activity")),
        Check(
            "BDS116",
            ~activity & pl.col("act") & outside & (pl.col("due_rubriek") != "R051"),
            ~pl.col("per_activity"),
        ),
    ]


def _units() -> list[Check]:
    unit, due = pl.col("eenheid"), pl.col("due_unit")
    has = ~pl.col("empty")
    expected = {"verwacht": due}
    measured = pl.col("due_unit").is_not_null()
    return [
        Check("BDS205", has & due.is_not_null() & unit.is_not_null() & (unit != due), measured, expected),
        Check("BDS206", has & due.is_not_null() & unit.is_null(), measured, expected),
        Check(
            "BDS235",
            has & due.is_null() & unit.is_not_null() & ~unit.is_in(["1", ""]) & pl.col("kind").is_not_null(),
            pl.col("due_unit").is_null(),
        ),
    ]


def _systems(s: Setting) -> list[Check]:
    system, due = pl.col("codesysteem"), pl.col("due_system")
    coded = (pl.col("kind") == "code") & ~pl.col("empty") & (due.list.len() > 0)
    scope = (pl.col("kind") == "code") & (pl.col("due_system").list.len() > 0)
    # A list of which not all codes are known has a code system all the same; sources that differ accuse nobody.
    sure = pl.col("complete") | pl.col("partial")
    # Elsewhere than in a value of its own the place in the message may stand for the code system.
    own = pl.col("own_node")
    wrong = coded & sure & system.is_not_null() & ~due.list.contains(system)
    bds_coded = wrong & system.str.starts_with("2.16.840.1.113883.2.4.3.11.60.100.12.")
    return (
        [
            Check("BDS214", wrong & ~bds_coded, scope, {"verwacht": due.list.first()}),
            Check("BDS232", bds_coded, scope, {"verwacht": due.list.first()}),
            Check("BDS215", coded & sure & own & system.is_null(), scope, {"verwacht": due.list.first()}),
        ]
        if s.tables.coding == "HL7"
        else [
            Check("BDS214", wrong, scope, {"verwacht": due.list.first()}),
        ]
    )


def _nulls() -> list[Check]:
    flavor = pl.col("nullflavor")
    given = flavor.is_not_null() & pl.col("kind").is_not_null()
    known = flavor.is_in(NULL_FLAVORS)
    listed = pl.col("due_null").list.contains(flavor).fill_null(value=False)
    in_list = pl.col("list_nulls").list.contains(flavor).fill_null(value=False)
    bound = (pl.col("kind") == "code") & pl.col("complete")
    nothing = pl.col("empty") & flavor.is_null() & ~pl.col("has_text") & pl.col("bdsnummer").is_not_null()
    return [
        Check("BDS216", flavor.is_not_null() & ~known, None),
        Check(
            "BDS217",
            given & known & bound & ~listed & ~in_list,
            pl.col("kind") == "code",
            {"nullflavor": flavor},
        ),
        Check("BDS218", (flavor == "OTH") & ~pl.col("has_text") & pl.col("empty"), pl.col("kind") == "code"),
        Check("BDS233", nothing, pl.lit(value=True)),
    ]
