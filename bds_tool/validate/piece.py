"""Judging one piece of a store: distinct shapes and values first, complete dossiers next.

Pieces are judged beside each other in threads (`store.pieces.beside`), so nothing here keeps anything between two pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from bds_tool.findings.collecting import Collector, Consequences, parameters
from bds_tool.validate.checks import structure, values, wire
from bds_tool.validate.checks.base import Check, Registered, Setting
from bds_tool.validate.tables import Tables
from bds_tool.validate.tables import tables as made_for
from bds_tool.validate.view import View

#: Kind of the elements whose values hardly repeat, so that judging each distinct value once gains nothing.
FREE = "tekst"
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
#: Findings on whose code it is, and the beginning of the code systems of the data set.
_OF_CODES = ("BDS203", "BDS211", "BDS213", "BDS229")
_DATA_SET = "2.16.840.1.113883.2.4.3.11.60.100.12."
#: Columns of the canonical table that hold words from a dictionary.
_WORDS = frozenset({"rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "pad"})


@dataclass
class Group:
    """The sources of one version and format, with the checks that hold for them.

    `codes`: the rules asked for (None: all); `lengths`: whether the length of texts is judged.
    """

    setting: Setting
    bronnen: list[int]
    shapes: list[Check]
    pairs: list[Check]
    wire: list[Check]
    dossier: list[Registered]
    lengths: bool
    codes: frozenset[str] | None

    @cached_property
    def unread(self) -> list[int]:
        """Elements with free text that no rule on values looks at: their many distinct values are left alone."""
        scopes = [check.scope for check in self.pairs]
        if any(scope is None for scope in scopes):  # a rule without a scope looks at every value
            return []
        free = self.tables.elements.filter(pl.col("kind") == FREE)
        looked_at = (scope.fill_null(value=False) for scope in scopes if scope is not None)
        return free.filter(~pl.any_horizontal(pl.lit(value=False), *looked_at))["bdsnummer"].to_list()

    @property
    def tables(self) -> Tables:
        return self.setting.tables

    @cached_property
    def of_message(self) -> tuple[Tables, list[Check]]:
        """What a value is held against whose code system says that it is a code of the message."""
        setting = replace(self.setting, tables=made_for(self.tables.version, "HL7"))
        return setting.tables, [c for c in values.checks(setting) if c.code in _OF_CODES]

    def reports(self, code: str) -> bool:
        """Whether findings of this rule are wanted."""
        return self.setting.active(code) and (self.codes is None or code in self.codes)


@dataclass
class Judged:
    """What one piece gave: its findings, `filled` (bron, bdsnummer, rows, n with a value) and its height."""

    found: Collector
    filled: pl.DataFrame
    rows: int


def judge(
    piece: pl.DataFrame,
    groups: Sequence[Group],
    most: int,
    told: pl.DataFrame | None = None,
    undated: pl.DataFrame | None = None,
) -> Judged:
    """All rules over one piece; at most `most` examples per rule and element (0: all). `told`: see `Collector`.

    `undated`: bron and regel of rows of tables whose date was told already not to be one.
    """
    collector = Collector(most, told)
    for group in groups:
        rows = piece if len(groups) == 1 else _of_group(piece, group)
        if rows.height:
            _judge(rows, group, collector, undated)
    return Judged(collector, _filled(piece), piece.height)


def _of_group(piece: pl.DataFrame, group: Group) -> pl.DataFrame:
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


def sum_filled(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The `filled` of some pieces as one."""
    if not parts:
        return pl.DataFrame(schema={"bron": pl.Int32, "bdsnummer": pl.Int32, "rows": pl.Int64, "n": pl.Int64})
    whole = pl.concat(parts).group_by("bron", "bdsnummer").agg(pl.col("rows").sum(), pl.col("n").sum())
    return whole.sort("bron", "bdsnummer")


#: A value apart from any contact: on a row of a table that is one fact about the row, and follows from its date.
LOOSE = "BDS115"


def _judge(rows: pl.DataFrame, group: Group, every: Collector, undated: pl.DataFrame | None) -> None:
    collector = Consequences(every, group.setting.catalogue.rules.values())
    if group.shapes:
        _shapes(rows, group, collector, undated)
    if group.pairs:
        _pairs(rows, group, collector)
    if group.lengths:
        _lengths(rows, group, collector)
    if group.wire:
        _wire(rows, group, collector)
    view = View(rows, group.setting)
    for check in group.dossier:
        for code, failing in check.run(view):
            if failing.height and group.reports(code):
                collector.add(code, failing)
    collector.close()


def evaluate(distinct: pl.LazyFrame, checks: list[Check], keys: list[str]) -> pl.DataFrame:
    """Of enriched distinct rows those that break a rule: the keys, `code` and `parameters`; one row per rule."""
    flags = (
        distinct.with_columns(
            *(c.fail.fill_null(value=False).alias(f"fail_{i}") for i, c in enumerate(checks)),
        )
        .filter(pl.any_horizontal(*(pl.col(f"fail_{i}") for i in range(len(checks)))))
        .collect()
    )
    broken = flags.select(pl.col(f"fail_{i}").any() for i in range(len(checks))).row(0)
    parts = [
        flags.filter(pl.col(f"fail_{i}")).select(
            *keys,
            pl.lit(check.code).alias("code"),
            parameters(check.params).alias("parameters"),
        )
        for i, check in enumerate(checks)
        if broken[i]
    ]
    empty = (
        flags.select(keys)
        .clear()
        .with_columns(pl.lit(None, pl.String).alias("code"), pl.lit(None, pl.String).alias("parameters"))
    )
    return pl.concat(parts) if parts else empty


def _keyed(rows: pl.DataFrame, keys: pl.Series, failing: pl.DataFrame) -> pl.DataFrame:
    """Findings for the few rows whose key is among the failing ones; only those rows are copied."""
    at = keys.is_in(failing["key"].unique().implode()).fill_null(value=False).arg_true()
    hits = rows[at].with_columns(keys.gather(at).alias("key"))
    return hits.join(failing, on="key", maintain_order="left")


def _told_once(found: pl.DataFrame, undated: pl.DataFrame | None) -> pl.DataFrame:
    """Findings in a table of which `LOOSE` stands once on a row, and not where the date of the row was told."""
    loose = pl.col("code") == LOOSE
    # Where a line holds more than one row the place in the list tells them apart (`visits[3].lengte`).
    item = pl.col("pad").cast(pl.String).str.extract(r"^(.*\])")
    row = ["bron", "dossier_id", "regel", "_item"]
    once = found.filter(loose).with_columns(_item=item)
    once = once.unique(row, keep="first", maintain_order=True).drop("_item")
    if undated is not None:
        once = once.join(undated, on=["bron", "regel"], how="anti", maintain_order="left")
    return pl.concat([found.filter(~loose), once])


def _shapes(rows: pl.DataFrame, group: Group, collector: Consequences, undated: pl.DataFrame | None) -> None:
    flags = {
        "act": pl.col("activiteit_id").is_not_null(),
        "empty": pl.col("waarde").is_null(),
        "has_text": pl.col("tekst").is_not_null(),
    }
    keys = rows.select(key=_mixed([flags.get(c, c) for c in structure.SHAPE]))["key"]
    at = keys.is_first_distinct().arg_true()
    columns = [c for c in structure.SHAPE if c not in flags]
    distinct = rows.select(*columns, "activiteit_id", "waarde", "tekst")[at].with_columns(
        keys.gather(at).alias("key"), **flags
    )
    failing = evaluate(
        structure.enrich(distinct.lazy().select("key", *structure.SHAPE), group.tables), group.shapes, ["key"]
    )
    if failing.height:
        found = _keyed(rows, keys, failing)
        if group.setting.format == "tabel":
            found = _told_once(found, undated)
        collector.add(pl.col("code"), found)


def _mixed(columns: Sequence[str | pl.Expr]) -> pl.Expr:
    """One 64-bit key for a combination of numbers, words and flags: far quicker to compare than the columns."""
    mixed = pl.lit(0, pl.UInt64)
    for i, name in enumerate(columns):
        column = name if isinstance(name, pl.Expr) else pl.col(name)
        if isinstance(name, str) and name in _WORDS:
            column = column.to_physical()
        # Null is a value of its own; adding 1 keeps it apart from 0.
        number = (column.cast(pl.Int64) + 1).fill_null(0).reinterpret(signed=False)
        # Sums of small numbers times large odd ones wrap around and practically never meet.
        mixed = mixed + number * pl.lit(_ODD[i], pl.UInt64)
    return mixed


def _pairs(rows: pl.DataFrame, group: Group, collector: Consequences) -> None:
    judged = (
        pl.col("waarde").is_not_null()
        & pl.col("bdsnummer").is_not_null()
        & ~pl.col("bdsnummer").is_in(group.unread)
    )
    key = pl.col("waarde").hash(5) ^ (pl.col("bdsnummer").cast(pl.UInt64) * pl.lit(_ODD[0], pl.UInt64))
    keys = rows.select(key=pl.when(judged).then(key))["key"]
    at = (keys.is_first_distinct() & keys.is_not_null()).arg_true()
    distinct = rows.select("bdsnummer", "waarde")[at].with_columns(keys.gather(at).alias("key"))
    failing = evaluate(values.enrich(distinct.lazy(), group.tables), group.pairs, ["key"])
    if failing.height:
        found = _keyed(rows, keys, failing)
        collector.add(pl.col("code"), found if group.setting.coding == "HL7" else _as_named(found, group))


def _as_named(found: pl.DataFrame, group: Group) -> pl.DataFrame:
    """Findings without those on a code that its code system says to be of a message, and that is right there."""
    system = pl.col("codesysteem").cast(pl.String)
    named = found.filter(
        pl.col("code").is_in(_OF_CODES) & system.is_not_null() & ~system.str.starts_with(_DATA_SET)
    )
    if named.is_empty():
        return found
    tables, checks = group.of_message
    pairs = named.select("bdsnummer", "waarde").unique()
    wrong = evaluate(values.enrich(pairs.lazy(), tables), checks, ["bdsnummer", "waarde"])
    right = pairs.join(wrong, on=["bdsnummer", "waarde"], how="anti")
    # The code system must be that of the list; where the sources contradict each other nobody is accused.
    due = tables.elements.filter(pl.col("complete") | pl.col("partial")).select("bdsnummer", "due_system")
    known = right.join(due, on="bdsnummer", how="left", maintain_order="left")
    fits = pl.col("due_system").is_null() | pl.col("due_system").list.contains(pl.col("_system"))
    cleared = (
        named.with_columns(_system=system)
        .join(known, on=["bdsnummer", "waarde"], how="inner")
        .filter(fits)
        .select("bdsnummer", "waarde", "codesysteem", "code")
        .unique()
    )
    return found.join(
        cleared, on=["bdsnummer", "waarde", "codesysteem", "code"], how="anti", maintain_order="left"
    )


def _wire(rows: pl.DataFrame, group: Group, collector: Consequences) -> None:
    keys = list(wire.KEYS)
    seen = wire.enrich(wire.distinct(rows.lazy())).collect()
    failing = evaluate(seen.lazy(), group.wire, keys)
    if failing.height:
        hits = rows.with_columns(loose=pl.col("bdsnummer").is_null()).join(
            failing, on=keys, how="inner", nulls_equal=True, maintain_order="left"
        )
        collector.add(pl.col("code"), hits)


def _lengths(rows: pl.DataFrame, group: Group, collector: Consequences) -> None:
    limits = group.tables.elements.filter(
        pl.col("due_length").is_not_null() & (pl.col("kind") == FREE)
    ).select("bdsnummer", "due_length")
    if limits.is_empty():
        return
    text, length = pl.col("waarde").str, pl.col("waarde").str.len_chars()
    # A text has at least as many bytes as characters, and bytes need no counting.
    long = (text.len_bytes() > limits["due_length"].min()) & pl.col("bdsnummer").is_in(
        limits["bdsnummer"].implode()
    )
    over = (
        rows.select("bdsnummer", "waarde", at=pl.int_range(pl.len(), dtype=pl.UInt32))
        .filter(long)
        .join(limits, on="bdsnummer", maintain_order="left")
        .filter(length > pl.col("due_length"))
    )
    over = rows[over["at"]].with_columns(over["due_length"])
    collector.add(
        "BDS207",
        over.with_columns(parameters=parameters({"lengte": length, "hoogst": pl.col("due_length")})),
    )
