"""Judging a store by all rules: distinct values first, complete dossiers next, remarks of readers last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool.schema import newest, versions
from bds_tool.validate.catalogue import Catalogue, load_rules
from bds_tool.validate.checks import structure, values, whole, wire
from bds_tool.validate.checks.base import Check, Registered, Setting, registered
from bds_tool.validate.chunks import pieces
from bds_tool.validate.collect import Collector, parameters
from bds_tool.validate.result import MARKER, Result
from bds_tool.validate.tables import Tables, tables
from bds_tool.validate.view import View

if TYPE_CHECKING:
    from bds_tool.dossier import Store

#: Kinds of elements whose values repeat, so that judging each distinct value once is cheap.
_FREE = "tekst"
#: Odd 64-bit numbers without a pattern (digits of the fractional parts of square roots, as in SHA-512).
_ODD = (
    0x6A09E667F3BCC909,
    0xBB67AE8584CAA73B,
    0x3C6EF372FE94F82B,
    0xA54FF53A5F1D36F1,
    0x510E527FADE682D1,
    0x9B05688C2B3E6C1F,
    0x1F83D9ABFB41BD6B,
    0x5BE0CD19137E2179,
    0xCBBB9D5DC1059ED9,
    0x629A292A367CD507,
)
#: Columns of the canonical table that hold words from a dictionary.
_WORDS = frozenset({"rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "pad"})


@dataclass
class Options:
    """How to judge. `codes` limits the rules (None: all); `max_examples` 0 keeps every finding."""

    today: date = field(default_factory=date.today)
    max_examples: int = 100
    codes: frozenset[str] | None = None
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    xsd: bool = False
    bds: str = ""
    progress: Callable[[int], None] | None = None


@dataclass
class _Group:
    """The sources of one version and format, with the checks that hold for them."""

    setting: Setting
    bronnen: list[int]
    shapes: list[Check]
    pairs: list[Check]
    wire: list[Check]
    dossier: list[Registered]
    lengths: bool

    @property
    def tables(self) -> Tables:
        return self.setting.tables


def format_class(formaat: str | None) -> str:
    """`dob`, `james`, `fhir`, `store` or `tabel`: the class of a value of `bronnen.formaat`."""
    name = (formaat or "").split("-")[0].lower()
    return name if name in {"dob", "james", "fhir"} else "tabel"


def validate(store: Store, options: Options | None = None) -> Result:
    """Judge everything in a store; the store is not changed."""
    options = options or Options()
    catalogue = load_rules(options.rules)
    started = perf_counter()
    bronnen = store.bronnen()
    groups = _groups(bronnen, catalogue, options)
    collector = Collector(options.max_examples)
    filled: list[pl.DataFrame] = []
    seen = 0
    for piece in pieces(store):
        filled.append(_filled(piece))
        if len(filled) > 64:
            filled = [_sum_filled(filled)]
        for group in groups:
            rows = piece if len(groups) == 1 else _of_group(piece, group)
            if rows.height:
                _judge(rows, group, collector, options)
        seen += piece.height
        if options.progress:
            options.progress(seen)
    _whole(store, groups, catalogue, collector, options)
    inspected = _remarks(store, catalogue, collector, options)
    return Result(
        findings=collector.examples({r.code: r.severity for r in catalogue.rules.values()}),
        totals=_with_severity(collector.totals(), catalogue),
        filled=_sum_filled(filled),
        bronnen=bronnen,
        catalogue=catalogue,
        inspected=inspected,
        groups={b: (g.tables.version, g.setting.format) for g in groups for b in g.bronnen},
        needs=_needs(groups),
        meta={
            "reference_date": options.today.isoformat(),
            "codes": None if options.codes is None else sorted(options.codes),
            "xsd": options.xsd,
            "max_examples": options.max_examples,
            "seconds": round(perf_counter() - started, 3),
            "rows": seen,
        },
    )


def _groups(bronnen: pl.DataFrame, catalogue: Catalogue, options: Options) -> list[_Group]:
    known = versions()
    found: dict[tuple[str, str], list[int]] = {}
    for row in bronnen.iter_rows(named=True):
        if row["formaat"] == "onleesbaar":
            continue
        version = options.bds or row["bds_opgegeven"] or row["bds_herkend"] or newest()
        found.setdefault(
            (version if version in known else newest(), format_class(row["formaat"])), []
        ).append(row["bron"])
    return [
        _group(version, kind, numbers, bronnen, catalogue, options)
        for (version, kind), numbers in found.items()
    ]


def _group(
    version: str, kind: str, numbers: list[int], bronnen: pl.DataFrame, catalogue: Catalogue, options: Options
) -> _Group:
    formats = dict(bronnen.select("bron", pl.col("formaat").fill_null("")).iter_rows())
    setting = Setting(
        tables(version, "HL7" if kind == "dob" else "BDS"),
        catalogue,
        kind,
        options.today,
        {b: str(formats[b]) for b in numbers},
    )

    def asked(code: str) -> bool:
        return setting.active(code) and (options.codes is None or code in options.codes)

    return _Group(
        setting,
        numbers,
        [c for c in structure.checks(setting) if asked(c.code)],
        [c for c in values.checks(setting) if asked(c.code)],
        [c for c in wire.checks(setting) if asked(c.code)] if kind == "dob" else [],
        [r for r in registered() if any(asked(c) for c in r.codes)],
        asked("BDS207"),
    )


def _of_group(piece: pl.DataFrame, group: _Group) -> pl.DataFrame:
    rows = piece.filter(pl.col("bron").is_in(group.bronnen))
    # Dossiers are numbered again, so that `d` counts from 0 without gaps; `a` may keep its gaps.
    return rows.with_columns(pl.col("d").rle_id().cast(pl.UInt32).alias("d"))


def _filled(piece: pl.DataFrame) -> pl.DataFrame:
    # One whole number for source, element and "has a value": counting those is one pass over integers.
    has = (pl.col("waarde").is_not_null() | pl.col("tekst").is_not_null()).cast(pl.Int64)
    number = pl.col("bdsnummer").cast(pl.Int64) + 1
    packed = piece.select(k=(pl.col("bron").cast(pl.Int64) * 2**32 + number.fill_null(0)) * 2 + has)["k"]
    counts = packed.value_counts(name="rows").with_columns(pl.col("rows").cast(pl.Int64))
    both = counts.with_columns(bare=pl.col("k") // 2, has=pl.col("k") % 2 == 1)
    summed = both.group_by("bare").agg(pl.col("rows").sum(), pl.col("rows").filter("has").sum().alias("n"))
    element = pl.col("bare") % 2**32 - 1
    return summed.select(
        (pl.col("bare") // 2**32).cast(pl.Int32).alias("bron"),
        pl.when(element >= 0).then(element).cast(pl.Int32).alias("bdsnummer"),
        "rows",
        "n",
    )


def _sum_filled(parts: list[pl.DataFrame]) -> pl.DataFrame:
    if not parts:
        return pl.DataFrame(schema={"bron": pl.Int32, "bdsnummer": pl.Int32, "rows": pl.Int64, "n": pl.Int64})
    return pl.concat(parts).group_by("bron", "bdsnummer").agg(pl.col("rows").sum(), pl.col("n").sum())


def _judge(rows: pl.DataFrame, group: _Group, collector: Collector, options: Options) -> None:
    if group.shapes:
        _shapes(rows, group, collector)
    if group.pairs:
        _pairs(rows, group, collector)
        _lengths(rows, group, collector)
    if group.wire:
        _wire(rows, group, collector)
    view = View(rows, group.setting)
    for check in group.dossier:
        for code, failing in check.run(view):
            asked = options.codes is None or code in options.codes
            if failing.height and asked and group.setting.active(code):
                collector.add(code, failing)


def evaluate(distinct: pl.LazyFrame, checks: list[Check], keys: list[str]) -> pl.DataFrame:
    """Of enriched distinct rows those that break a rule: the keys, `code` and `parameters`; one row per rule."""
    flags = (
        distinct.with_columns(
            *(c.fail.fill_null(value=False).alias(f"fail_{i}") for i, c in enumerate(checks)),
        )
        .filter(pl.any_horizontal(*(pl.col(f"fail_{i}") for i in range(len(checks)))))
        .collect()
    )
    parts = []
    for i, check in enumerate(checks):
        hit = flags.filter(pl.col(f"fail_{i}"))
        if hit.height:
            parts.append(
                hit.select(
                    *keys,
                    pl.lit(check.code).alias("code"),
                    parameters(check.params).alias("parameters"),
                )
            )
    empty = (
        flags.select(keys)
        .clear()
        .with_columns(pl.lit(None, pl.String).alias("code"), pl.lit(None, pl.String).alias("parameters"))
    )
    return pl.concat(parts) if parts else empty


def _shapes(rows: pl.DataFrame, group: _Group, collector: Collector) -> None:
    shaped = rows.with_columns(
        act=pl.col("activiteit_id").is_not_null(),
        empty=pl.col("waarde").is_null(),
        has_text=pl.col("tekst").is_not_null(),
    )
    shaped = shaped.with_columns(shape=_mixed(structure.SHAPE))
    distinct = shaped.select("shape", *structure.SHAPE).unique("shape", keep="any")
    failing = evaluate(structure.enrich(distinct.lazy(), group.tables), group.shapes, ["shape"])
    if failing.height:
        hits = shaped.join(failing, on="shape", maintain_order="left")
        collector.add(pl.col("code"), hits)


def _mixed(columns: Sequence[str]) -> pl.Expr:
    """One 64-bit key for a combination of numbers, words and flags: far quicker to compare than the columns."""
    mixed = pl.lit(0, pl.UInt64)
    for i, name in enumerate(columns):
        column = pl.col(name).to_physical() if name in _WORDS else pl.col(name)
        # Null is a value of its own; adding 1 keeps it apart from 0.
        number = (column.cast(pl.Int64) + 1).fill_null(0).reinterpret(signed=False)
        # Sums of small numbers times large odd ones wrap around and practically never meet.
        mixed = mixed + number * pl.lit(_ODD[i], pl.UInt64)
    return mixed


def _pairs(rows: pl.DataFrame, group: _Group, collector: Collector) -> None:
    free = list(group.tables.of_kind(_FREE) - _listed(group.setting))
    # Only the two columns are copied; the others follow for the few rows that break a rule.
    valued = rows.select("bdsnummer", "waarde").filter(
        pl.col("waarde").is_not_null() & pl.col("bdsnummer").is_not_null() & ~pl.col("bdsnummer").is_in(free)
    )
    key = pl.col("waarde").hash(5) ^ (pl.col("bdsnummer").cast(pl.UInt64) * pl.lit(_ODD[0], pl.UInt64))
    distinct = valued.with_columns(key=key).unique("key", keep="any").lazy().select("bdsnummer", "waarde")
    failing = evaluate(values.enrich(distinct, group.tables), group.pairs, ["bdsnummer", "waarde"])
    if failing.is_empty():
        return
    some = rows.filter(pl.col("bdsnummer").is_in(failing["bdsnummer"].unique().to_list()))
    collector.add(pl.col("code"), some.join(failing, on=["bdsnummer", "waarde"], maintain_order="left"))


def _wire(rows: pl.DataFrame, group: _Group, collector: Collector) -> None:
    keys = list(wire.KEYS)
    seen = wire.enrich(wire.distinct(rows.lazy())).collect()
    failing = evaluate(seen.lazy(), group.wire, keys)
    if failing.height:
        hits = rows.with_columns(loose=pl.col("bdsnummer").is_null()).join(
            failing, on=keys, how="inner", nulls_equal=True, maintain_order="left"
        )
        collector.add(pl.col("code"), hits)


def _listed(setting: Setting) -> frozenset[int]:
    """Text elements that a rule on values names: postcode, telephone and the like."""
    return frozenset(n for c in ("BDS219", "BDS220", "BDS222", "BDS234") for n in setting.rule(c).elements)


def _lengths(rows: pl.DataFrame, group: _Group, collector: Collector) -> None:
    if not group.setting.active("BDS207") or not group.lengths:
        return
    limits = group.tables.elements.filter(
        pl.col("due_length").is_not_null() & pl.col("kind").is_in(["tekst"])
    ).select("bdsnummer", "due_length")
    texts = rows.filter(
        pl.col("bdsnummer").is_in(limits["bdsnummer"].to_list()) & pl.col("waarde").is_not_null()
    )
    over = texts.join(limits, on="bdsnummer", maintain_order="left").filter(
        pl.col("waarde").str.len_chars() > pl.col("due_length")
    )
    collector.add(
        "BDS207",
        over.with_columns(
            parameters=parameters(
                {"lengte": pl.col("waarde").str.len_chars(), "hoogst": pl.col("due_length")}
            )
        ),
    )


def _whole(
    store: Store, groups: list[_Group], catalogue: Catalogue, collector: Collector, options: Options
) -> None:
    asked = {c for c in whole.CODES if options.codes is None or c in options.codes}
    if not asked or not groups:
        return
    tabular = [b for g in groups if g.setting.format in {"tabel", "fhir"} for b in g.bronnen]
    # The reference in a JAMES file is a number of the request, not of the dossier.
    keyed = [b for g in groups if g.setting.format != "james" for b in g.bronnen]
    for code, failing in whole.run(store.registraties(), catalogue, tabular, keyed):
        if code in asked:
            collector.add(code, failing)


def _remarks(store: Store, catalogue: Catalogue, collector: Collector, options: Options) -> frozenset[int]:
    """Turns what readers left into findings; gives the sources whose message was walked."""
    remarks = store.meldingen().collect()
    walked = remarks.filter(pl.col("code") == MARKER)
    known = remarks.filter(pl.col("code").is_in(list(catalogue.rules)))
    if options.codes is not None:
        # Family 0xx tells what could not be read; that is never left out.
        always = {r.code for r in catalogue.rules.values() if r.family == 0}
        known = known.filter(pl.col("code").is_in(list(options.codes | always)))
    for (code,), part in known.group_by("code", maintain_order=True):
        collector.add(str(code), part)
    return frozenset(walked["bron"].to_list())


def _with_severity(totals: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    severities = {r.code: r.severity for r in catalogue.rules.values()}
    return totals.with_columns(
        severity=pl.col("code").replace_strict(severities, default="waarschuwing", return_dtype=pl.String),
        accepted=pl.lit(value=False),
    )


def _needs(groups: list[_Group]) -> dict[tuple[str, str], dict[str, list[list[int]]]]:
    """For each version and format: rule → sets of elements, of each of which one must be there to judge it."""
    result: dict[tuple[str, str], dict[str, list[list[int]]]] = {}
    for group in groups:
        table: dict[str, list[list[int]]] = {}
        elements = group.tables.elements
        for check in (*group.shapes, *group.pairs):
            if check.scope is not None:
                table[check.code] = [elements.filter(check.scope)["bdsnummer"].to_list()]
        for entry in group.dossier:
            for code, sets in entry.needs.items():
                table[code] = [sorted(s) for s in sets]
        limits = elements.filter((pl.col("kind") == _FREE) & pl.col("due_length").is_not_null())
        table["BDS207"] = [limits["bdsnummer"].to_list()]
        result[group.tables.version, group.setting.format] = table
    return result
