"""Family 2xx on distinct (element, value) pairs: type, list, range, form."""

from __future__ import annotations

import polars as pl

from bds_tool.schema.units import reference_factors
from bds_tool.validate.checks.base import Check, Setting
from bds_tool.validate.tables import GEMEENTE_LISTS, Tables

VALUE = pl.col("waarde")
NUMBER = pl.col("number")
COMMA = VALUE.str.contains(r"^-?\d+,\d+$")
#: HL7v3 points in time after reading: a year, a month, a day or a moment, with or without zone.
_DATE = r"^\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?)?)?)?([+-]\d{2}:?\d{2}|Z)?$"


def _is(kind: str) -> pl.Expr:
    """Elements of one kind; `tables` tells the kinds."""
    return pl.col("kind") == kind


def enrich(pairs: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Beside every (bdsnummer, waarde) what the definition says of the element and of the code."""
    joined = (
        pairs.join(tables.elements.lazy(), on="bdsnummer", how="inner")
        .join(tables.codes.lazy(), on=["lijst", "waarde"], how="left")
        .join(tables.elsewhere.lazy(), on=["lijst", "waarde"], how="left")
        .join(
            tables.other.lazy().with_columns(in_other=pl.lit(value=True)), on=["lijst", "waarde"], how="left"
        )
    )
    padded = tables.codes.lazy().select(
        "lijst", pl.col("waarde").alias("padded"), in_padded=pl.lit(value=True)
    )
    return joined.with_columns(
        number=VALUE.cast(pl.Float64, strict=False),
        padded=VALUE.str.zfill(2),
        full=VALUE.str.slice(0, 10),
    ).join(padded, on=["lijst", "padded"], how="left")


def valid_date(text: pl.Expr = VALUE) -> pl.Expr:
    """ISO text as `registraties` holds it, of a day that exists."""
    first = text.str.slice(0, 10)
    length = first.str.len_chars()
    day = pl.when(length == 7).then(first + "-01").when(length == 4).then(first + "-01-01").otherwise(first)
    hour = text.str.extract(r"T(\d{2})", 1).cast(pl.Int32, strict=False).fill_null(0) < 24
    minute = text.str.extract(r"T\d{2}:(\d{2})", 1).cast(pl.Int32, strict=False).fill_null(0) < 60
    return text.str.contains(_DATE) & day.str.to_date("%Y-%m-%d", strict=False).is_not_null() & hour & minute


def eleven(column: pl.Expr) -> pl.Expr:
    """The weighted sum of a 9-digit BSN is a multiple of 11 (and not zero)."""
    total = pl.sum_horizontal(
        *(column.str.slice(i, 1).cast(pl.Int64, strict=False) * (9 - i if i < 8 else -1) for i in range(9))
    )
    return (total % 11 == 0) & (total != 0)


def checks(s: Setting) -> list[Check]:
    """The checks of family 2xx that look at a value by itself."""
    # In a message the OID tells what kind of number an id is (checks.wire), whatever element it belongs to.
    by_oid = {"BDS221", "BDS223", "BDS224", "BDS225", "BDS226", "BDS401"} if s.coding == "HL7" else set()
    found = (*_numbers(s), *_dates(), *_codes(s), *_forms(s), *_ranges(s))
    return [c for c in found if s.active(c.code) and c.code not in by_oid]


def _numbers(s: Setting) -> list[Check]:
    numeric = pl.col("kind").is_in(["maat", "geheel"])
    whole_units = s.limit("BDS227", "units")
    whole = (_is("geheel")) | ((_is("maat")) & pl.col("due_unit").is_in(whole_units))
    return [
        Check("BDS201", numeric & (NUMBER.is_null() | ~NUMBER.is_finite()) & ~COMMA, numeric),
        Check("BDS227", whole & (NUMBER.floor() != NUMBER), whole),
        Check("BDS228", numeric & COMMA, numeric),
        Check("BDS209", numeric & (NUMBER < 0), numeric),
    ]


def _dates() -> list[Check]:
    moment = _is("datum")
    valid = valid_date(pl.when(moment).then(VALUE))
    return [
        Check("BDS202", moment & ~valid, moment),
        Check("BDS311", moment & valid & (VALUE.str.slice(0, 4).cast(pl.Int32, strict=False) < 1900), moment),
    ]


def _codes(s: Setting) -> list[Check]:
    coded = (_is("code")) & pl.col("complete") & ~pl.col("placed")
    partial = (_is("code")) & pl.col("partial") & ~pl.col("placed")
    missing = coded & pl.col("code_status").is_null()
    # A zero that a spreadsheet took away is told by the codes that are known, also of a list that others keep or that
    # is not whole.
    listed = (_is("code")) & ~pl.col("placed")
    padded = listed & pl.col("code_status").is_null() & pl.col("in_padded").is_not_null()
    other = missing & pl.col("in_padded").is_null() & pl.col("in_other").is_not_null()
    elsewhere = (
        missing
        & pl.col("in_padded").is_null()
        & pl.col("in_other").is_null()
        & pl.col("known_in").is_not_null()
    )
    rest = (
        missing & pl.col("in_padded").is_null() & pl.col("in_other").is_null() & pl.col("known_in").is_null()
    )
    lijst = {"lijst": pl.col("lijst")}
    yes_no = ["true", "false"] if s.tables.coding == "HL7" else s.limit("BDS204", "values")
    return [
        Check("BDS203", rest, coded, lijst),
        Check("BDS237", partial & pl.col("code_status").is_null() & ~padded, partial, lijst),
        Check("BDS229", padded, listed, lijst),
        Check("BDS212" if s.tables.coding == "HL7" else "BDS213", other, coded, lijst),
        Check("BDS211", elsewhere, coded, {**lijst, "versie": pl.col("known_in")}),
        Check("BDS210", coded & (pl.col("code_status") == "D"), coded, lijst),
        Check("BDS230", coded & (pl.col("code_status") == "A"), coded, lijst),
        Check("BDS204", (_is("janee")) & ~VALUE.is_in(yes_no), _is("janee")),
    ]


def _forms(s: Setting) -> list[Check]:
    number = pl.col("bdsnummer")
    postcode = number.is_in(s.rule("BDS222").elements)
    pattern = s.limit("BDS222", "pattern")
    phone = number.is_in(s.rule("BDS234").elements)
    checks = [
        Check("BDS222", postcode & ~VALUE.str.contains(pattern), postcode),
        Check(
            "BDS234",
            phone
            # Expressions are worked out for every row, so the others are emptied first.
            & ~pl.when(phone)
            .then(VALUE)
            .str.replace(r"^tel:", "")
            .str.replace_all(r"[\s().\-/]", "")
            .str.contains(s.limit("BDS234", "pattern")),
            phone,
        ),
        Check("BDS401", (_is("bsn")) & VALUE.str.contains(r"^\d{9}$") & ~eleven(VALUE), _is("bsn")),
        Check("BDS221", (_is("bsn")) & ~VALUE.str.contains(r"^\d{9}$"), _is("bsn")),
        Check(
            "BDS219",
            pl.col("lijst").is_in(list(GEMEENTE_LISTS)).fill_null(value=False)
            & ~VALUE.str.contains(r"^\d{4}$"),
            number.is_in(s.rule("BDS219").elements),
        ),
        Check(
            "BDS220",
            number.is_in(s.rule("BDS220").elements) & ~VALUE.str.contains(r"^\d{4}$"),
            number.is_in(s.rule("BDS220").elements),
        ),
    ]
    digits = {"agb": ("BDS223", 8), "big": ("BDS224", 11), "uzi": ("BDS225", 9), "ura": ("BDS226", 8)}
    for kind, (code, length) in digits.items():
        checks.append(Check(code, (_is(kind)) & ~VALUE.str.contains(rf"^\d{{{length}}}$"), _is(kind)))
    return checks


def _ranges(s: Setting) -> list[Check]:
    stated = pl.col("low").is_not_null() | pl.col("high").is_not_null()
    outside = (pl.col("low") > NUMBER) | (pl.col("high") < NUMBER)
    limits = {"laagst": pl.col("low"), "hoogst": pl.col("high")}
    # Limits by element are in the unit of the oldest version; a version with another unit has them in its own.
    changed = {n: float(by) for n, by in reference_factors(s.tables.version).items()}
    rows = [
        (int(n), float(r[0]) / changed.get(int(n), 1.0), float(r[1]) / changed.get(int(n), 1.0))
        for n, r in s.limit("BDS231", "elements").items()
    ]
    units = [(u, float(r[0]), float(r[1])) for u, r in s.limit("BDS231", "units").items()]
    number, unit = pl.col("bdsnummer"), pl.col("due_unit")

    def bound(index: int) -> pl.Expr:
        by_number = {r[0]: r[index] for r in rows}
        by_unit = {r[0]: r[index] for r in units}
        exact = number.replace_strict(by_number, default=None, return_dtype=pl.Float64)
        return exact.fill_null(unit.replace_strict(by_unit, default=None, return_dtype=pl.Float64))

    known = number.is_in([r[0] for r in rows]) | unit.is_in([u[0] for u in units]).fill_null(value=False)
    numeric = pl.col("kind").is_in(["maat", "geheel"])
    improbable = numeric & ((bound(1) > NUMBER) | (bound(2) < NUMBER)) & (NUMBER >= 0) & NUMBER.is_finite()
    return [
        Check("BDS208", stated & outside.fill_null(value=False) & (NUMBER >= 0), stated, limits),
        Check(
            "BDS231",
            improbable & ~(stated & outside.fill_null(value=False)),
            numeric & known,
            {"laagst": bound(1), "hoogst": bound(2)},
        ),
    ]
