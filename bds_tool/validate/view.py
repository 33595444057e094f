"""What checks over complete dossiers see: the rows of some whole dossiers of one version and format."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from bds_tool.findings.catalogue import Rule
from bds_tool.schema.units import reference_factors
from bds_tool.validate.checks.base import Setting
from bds_tool.validate.tables import Tables

#: Columns a finding is made of; the rest of a frame of failing rows is dropped.
PLACE = ("dossier_id", "activiteit_id", "bdsnummer", "waarde", "bron", "regel", "pad")
_BIRTH, _DEATH, _SEX, _PREGNANCY, _END, _END_REASON = 20, 21, 19, 82, 488, 487
#: Below this numpy is not worth loading.
FEW_ROWS = 20_000
_SEXES = {"M": "male", "F": "female", "1": "male", "2": "female"}


class View:
    """`rows` holds the canonical columns and `d`, the number of the dossier inside this view (0, 1, …)."""

    def __init__(self, rows: pl.DataFrame, setting: Setting) -> None:
        self.rows = rows
        self.setting = setting
        self._cache: dict[tuple[str, tuple[int, ...]], pl.DataFrame] = {}

    @property
    def tables(self) -> Tables:
        return self.setting.tables

    @property
    def today(self) -> date:
        return self.setting.today

    def rule(self, code: str) -> Rule:
        return self.setting.catalogue[code]

    def limit(self, code: str, name: str) -> Any:  # noqa: ANN401
        return self.setting.limit(code, name)

    def of(self, *numbers: int) -> pl.DataFrame:
        """Rows of these elements that carry a value, in the order of the source."""
        return self._kept("of", numbers, lambda: self.rows[self._at(numbers)])

    def _at(self, numbers: Iterable[int]) -> pl.Series:
        found = [self._places[n] for n in set(numbers) if n in self._places]
        if not found:
            return pl.Series([], dtype=pl.UInt32)
        return found[0] if len(found) == 1 else pl.concat(found).sort()

    @cached_property
    def _places(self) -> dict[int | None, pl.Series]:
        """Element → the positions of its rows with a value: found once, where every check would search all rows."""
        valued = self.rows.select(
            "bdsnummer",
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("at"),
            has=pl.col("waarde").is_not_null(),
        ).filter("has")
        grouped = valued.group_by("bdsnummer").agg("at")
        return dict(zip(grouped["bdsnummer"].to_list(), grouped["at"], strict=True))

    def numbers(self, *numbers: int) -> pl.DataFrame:
        """Rows of these elements with `x`, the value as a number in the unit rules are written in; others are left out."""
        return self._kept(
            "numbers",
            numbers,
            lambda: (
                self.of(*numbers)
                .with_columns(x=pl.col("waarde").cast(pl.Float64, strict=False) * self._to_reference())
                .filter(pl.col("x").is_finite())
            ),
        )

    def _to_reference(self) -> pl.Expr:
        """1, but for elements whose unit this version changed: their factor to the unit rules are written in."""
        changed = {n: float(by) for n, by in reference_factors(self.tables.version).items()}
        if not changed:
            return pl.lit(1.0)
        return pl.col("bdsnummer").replace_strict(changed, default=1.0, return_dtype=pl.Float64)

    def dates(self, *numbers: int) -> pl.DataFrame:
        """Rows of these elements with `day`; a month or a year alone counts as its first day, `exact` says so."""
        return self._kept("dates", numbers, lambda: with_day(self.of(*numbers)))

    def _kept(self, kind: str, numbers: Iterable[int], make: Any) -> pl.DataFrame:  # noqa: ANN401
        key = (kind, tuple(sorted(numbers)))
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def once(self, number: int, name: str) -> pl.DataFrame:
        """Per dossier the first number registered for an element: columns d and `name`."""
        return self.numbers(number).group_by("d", maintain_order=True).agg(pl.col("x").first().alias(name))

    @cached_property
    def people(self) -> pl.DataFrame:
        """One row per dossier: d, born, died, ended (dates, null when unknown or inexact), sex, gestation (days)."""
        base = pl.DataFrame({"d": pl.int_range(self.count, dtype=pl.UInt32, eager=True)})

        def day(number: int, name: str) -> pl.DataFrame:
            exact = self.dates(number).filter(pl.col("exact") & pl.col("groep").is_null())
            return exact.group_by("d", maintain_order=True).agg(pl.col("day").first().alias(name))

        ended = self.dates(_END).filter("exact").group_by("d").agg(pl.col("day").max().alias("ended"))
        sex = (
            self.of(_SEX)
            .group_by("d", maintain_order=True)
            .agg(
                pl.col("waarde")
                .first()
                .replace_strict(_SEXES, default=None, return_dtype=pl.String)
                .alias("sex")
            )
        )
        frame = base
        for part in (
            day(_BIRTH, "born"),
            day(_DEATH, "died"),
            ended,
            sex,
            self.once(_PREGNANCY, "gestation"),
        ):
            frame = frame.join(part, on="d", how="left", maintain_order="left")
        return frame

    @cached_property
    def count(self) -> int:
        """Number of dossiers in the view."""
        last = self.rows["d"].max()
        return 0 if last is None else int(str(last)) + 1

    def person(self, column: str, d: str = "d") -> pl.Expr:
        """A column of `people` for every row, without a join."""
        return pl.lit(self.people[column]).gather(pl.col(d))

    @cached_property
    def acts(self) -> pl.DataFrame:
        """One row per activity: its date row (724) when it has one, else its first row; `status`, `kind`, `planned`."""
        number = self.rows["a"]
        # Where the activities lie in order, the first row of each is where the number changes.
        first = number != number.shift() if number.is_sorted() else number.is_first_distinct()
        heads = self.rows.filter(first.fill_null(value=True) & pl.col("activiteit_id").is_not_null())
        dated = self._per_act(724, r724=pl.col("regel"), p724=pl.col("pad").cast(pl.String))
        extra = heads.join(dated, on="a", how="left", maintain_order="left").with_columns(
            regel=pl.coalesce("r724", "regel"),
            pad=pl.coalesce("p724", pl.col("pad").cast(pl.String)),
            bdsnummer=pl.lit(724, pl.Int32),
            waarde=pl.col("datum").cast(pl.String),
        )
        for name, element in (("status", 1605), ("old_status", 725), ("kind", 494)):
            part = self._per_act(element, **{name: pl.col("waarde")})
            extra = extra.join(part, on="a", how="left", maintain_order="left")
        planned = pl.col("old_status").is_in(["active", "cancelled", "new", "held"])
        return extra.with_columns(planned=planned.fill_null(value=False)).drop("r724", "p724")

    def _per_act(self, number: int, **columns: pl.Expr) -> pl.DataFrame:
        """Per activity the first row of an element: `a` and these columns."""
        names = {n for c in columns.values() for n in c.meta.root_names()}
        rows = self.rows.select("a", *names)[self._at((number,))].unique("a", keep="first")
        return rows.select("a", **columns)

    def heads(self) -> pl.DataFrame:
        """The first row of every dossier: where the dossier is in its source."""
        first = self.rows.filter((pl.col("d") != pl.col("d").shift()).fill_null(value=True))
        return first.select("d", "dossier_id", "bron", "regel", pl.lit(None, pl.String).alias("pad"))

    def twice(self) -> pl.DataFrame:
        """Rows whose spot (dossier, activity, group instance, element) carries another row too; `spot` numbers it."""
        word = pl.UInt64
        spot = (
            pl.col("bdsnummer").cast(word) * 0xC2B2AE3D27D4EB4F
            ^ pl.col("volgnr").fill_null(0).cast(pl.Int64).reinterpret(signed=False) * 0x165667B19E3779F9
            ^ pl.col("groep").to_physical().fill_null(0xFFFF).cast(word) * 0x27D4EB2F165667C5
            ^ pl.col("a").cast(word) * 0xD6E8FEB86659FD93
        )
        if self.setting.coding == "HL7":
            # A message says the same element of different nodes: the method of one observation and of another.
            spot = spot ^ pl.col("pad").to_physical().fill_null(0xFFFF).cast(word) * 0x9FB21C651E98DF25
        # A row without element, or of data outside the BDS, has no spot: null is never a duplicate here.
        counts = pl.col("bdsnummer").is_not_null() & pl.col("rubriek").ne_missing(pl.lit("R051"))
        spots = self.rows.select(spot=pl.when(counts).then(spot))["spot"]
        if spots.len() < FEW_ROWS:
            double = spots.is_duplicated() & spots.is_not_null()
            return self.rows.filter(double).with_columns(spots.filter(double).alias("spot"))
        import numpy as np

        # Sorting numbers is quicker than hashing them (numpy's sort most of all), and few are there twice.
        ordered = np.sort(spots.drop_nulls().to_numpy())
        again = pl.Series(ordered[1:][ordered[1:] == ordered[:-1]]).unique()
        double = spots.is_in(again.implode()).fill_null(value=False)
        return self.rows.filter(double).with_columns(spots.filter(double).alias("spot"))


def with_day(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `day` (Date) and `exact`; rows whose value is no date are left out."""
    text = pl.col("waarde").str.slice(0, 10)
    length = text.str.len_chars()
    full = (
        pl.when(length == 10)
        .then(text)
        .when(length == 7)
        .then(text + "-01")
        .when(length == 4)
        .then(text + "-01-01")
    )
    return rows.with_columns(
        day=full.otherwise(None).str.to_date("%Y-%m-%d", strict=False), exact=length == 10
    ).filter(pl.col("day").is_not_null())
