"""From a table with understood columns to canonical rows, as Polars expressions: long lazily, wide per batch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from bds_tool.formats.table.cells import VALUE, cell, plain_text, value_of_long
from bds_tool.formats.table.columns import Column
from bds_tool.formats.table.elements import coded, dates, dossier_bound, numeric
from bds_tool.formats.table.json_tables import PLACE, RECORD
from bds_tool.formats.table.listed import TURNED, in_due_unit
from bds_tool.formats.table.notation import day, footer, group, in_calendar, marks
from bds_tool.formats.table.plan import Plan
from bds_tool.formats.table.repeats import Repeats
from bds_tool.formats.table.scan import ROW, Table
from bds_tool.formats.table.values import numbers_of
from bds_tool.store.columns import REGISTRATIES

if TYPE_CHECKING:
    import polars as pl

_WORDS = ("rubriek", "groep", "eenheid", "codesysteem", "nullflavor", "pad")
#: Roles that the reader fills itself.
_OURS = frozenset({"bron", "regel"})


def children(table: Table, made: Plan) -> pl.LazyFrame:
    """The rows of a table that are about a child: totals and other lines below it are left out."""
    import polars as pl

    key = made.footer_column
    frame = table.frame.filter(pl.col(ROW) < made.until) if made.until else table.frame
    frame = frame.filter(~is_blank(table)) if made.keys_empty else frame
    for name, texts in made.others.items():
        frame = frame.filter(~pl.col(name).cast(pl.String).is_in(texts).fill_null(value=False))
    if not made.footers or key is None:
        return frame
    return frame.filter(~is_footer(made, key).fill_null(value=False))


def is_blank(table: Table) -> pl.Expr:
    """A row without a single value."""
    import polars as pl

    return pl.all_horizontal(
        (pl.col(table.names).cast(pl.String).str.strip_chars() == "").fill_null(value=True)
    )


def is_footer(made: Plan, key: Column) -> pl.Expr:
    """A row whose key is a word like `totaal`, or the header again, and that has no date of its own."""
    import polars as pl

    text = pl.col(key.naam).cast(pl.String)
    found = text.str.contains(footer()) | (text == key.naam)
    if made.groups:
        found |= text.str.contains(group())
    if made.keys_empty:
        # `Totaal` may stand further on in a row without a key.
        others = [pl.col(c.naam).cast(pl.String) for c in (*made.date_columns, *made.own)]
        beside = (
            pl.any_horizontal([t.str.contains(footer()).fill_null(value=False) for t in others])
            if others
            else pl.lit(value=False)
        )
        found |= (text.is_null() | (text.str.strip_chars() == "")) & beside
    when = made.named("datum")
    if when is None:
        return found
    return found & date_of(when, made).is_null()


def date_of(column: Column, made: Plan) -> pl.Expr:
    """The day in a date column; null where there is none or it is not understood."""
    import polars as pl

    raw = pl.col(column.naam)
    if made.typed.get(column.naam) == "date":
        return in_calendar(raw.cast(pl.Date))
    ways = made.dates.get(column.naam)
    if ways is None:
        return pl.lit(None, dtype=pl.Date)
    text = plain_text(column, made) if column.naam in made.formulas else raw.cast(pl.String)
    if none := made.missing.get(column.naam):
        text = pl.when(~text.str.strip_chars().is_in(none)).then(text)
    if not ways.iso:
        return day(text, ways)

    def parsed(values: pl.Series) -> pl.Series:
        """Plain ISO dates at once; a stretch with something else (spaces, a time) the long way."""
        found = pl.select(in_calendar(pl.lit(values.str.to_date("%Y-%m-%d", strict=False)))).to_series()
        if found.null_count() == values.null_count():
            return found
        return pl.select(day(pl.lit(values), ways)).to_series()

    return text.map_batches(parsed, return_dtype=pl.Date, is_elementwise=True)


def keys(made: Plan, table: Table) -> dict[str, pl.Expr]:
    """Expressions for the columns of the store that roles give."""
    import polars as pl

    columns: dict[str, pl.Expr] = {}
    for rol in REGISTRATIES:
        column = made.named(rol)
        if column is None or rol in _OURS | {"bdsnummer", "waarde"}:
            continue
        if rol == "datum":
            columns[rol] = date_of(column, made)
        elif rol == "volgnr":
            columns[rol] = pl.col(column.naam).cast(pl.Float64, strict=False).cast(pl.Int32, strict=False)
        elif rol in {"dossier_id", "activiteit_id"}:
            columns[rol] = plain_text(column, made)
        else:
            columns[rol] = plain_text(column, made, trim=rol != "tekst")
    if "datum" not in columns and (parts := date_parts(made)) is not None:
        columns["datum"] = parts[0]
    if "datum" not in columns and made.settings.leverdatum:
        columns["datum"] = pl.lit(date.fromisoformat(made.settings.leverdatum))
    own = pl.col(RECORD if table.formaat == "json" else ROW)
    if "dossier_id" not in columns:
        columns["dossier_id"] = own.cast(pl.String)
    elif made.keys_empty:
        key = columns["dossier_id"]
        columns["dossier_id"] = pl.when(~key.str.to_lowercase().is_in(list(marks()))).then(key)
        # Rows without a key are no one child together: each stands alone, and is told.
        columns["dossier_id"] = pl.coalesce(columns["dossier_id"], pl.format("rij {}", own))
    organisation = made.named("organisatie")
    if organisation and made.organisations > 1:
        columns["dossier_id"] = pl.concat_str(
            [plain_text(organisation, made).fill_null("?"), columns["dossier_id"]], separator="/"
        )
    _contact(columns, made)
    return columns


def date_parts(made: Plan) -> tuple[pl.Expr, pl.Expr] | None:
    """A date that stands in three columns, and whether any of them is filled."""
    import polars as pl

    parts = [made.named(rol) for rol in ("jaar", "maand", "dag")]
    if any(p is None for p in parts):
        return None
    texts = [plain_text(p, made).str.zfill(2) for p in parts if p]
    day = in_calendar(pl.concat_str(texts, separator="-").str.to_date("%Y-%m-%d", strict=False))
    return day, pl.any_horizontal(*(text.is_not_null() for text in texts))


def _contact(columns: dict[str, pl.Expr], made: Plan) -> None:
    """Without a number of its own a contact is known by its date (and time), as in JAMES."""
    import polars as pl

    if "datum" not in columns or made.own_output:
        return
    named = columns["datum"].cast(pl.String)
    if (time := made.named("tijd")) is not None:
        named = pl.coalesce(pl.concat_str([named, plain_text(time, made)], separator="T"), named)
    if "activiteit_id" not in columns:
        columns["activiteit_id"] = named


def long_rows(table: Table, made: Plan, bron: int) -> pl.LazyFrame:
    """Canonical rows of a long table, lazily: memory does not grow with the file."""
    import polars as pl

    columns = keys(made, table)
    number, value = made.named("bdsnummer"), made.named("waarde")
    assert number is not None  # noqa: S101  # a long table has both
    assert value is not None  # noqa: S101
    texts = [columns["tekst"]] if "tekst" in columns else []
    if made.bad.get(number.naam):
        raw = pl.col(number.naam).cast(pl.String)
        texts.append(pl.when(pl.col("__n").is_null() & (raw.str.strip_chars() != "")).then(raw))
    when = made.named("datum")
    if when and made.bad.get(when.naam):
        raw = pl.col(when.naam).cast(pl.String)
        texts.append(pl.when(pl.col("__d").is_null() & (raw.str.strip_chars() != "")).then(raw))
    steps, label = value_of_long(value, pl.col("__n"), made)
    if made.units:
        converted, turned, due = in_due_unit(pl.col("__n"), plain_text(value, made), pl.col(VALUE), made)
        columns["eenheid"] = pl.when(pl.col(TURNED)).then(due).otherwise(columns["eenheid"])
    if label is not None:
        texts.append(label)
    if texts:
        columns["tekst"] = pl.coalesce(texts)
    columns["waarde"] = pl.col(VALUE)
    # Number and day are worked out once; other columns refer to them.
    listed = made.numbers_listed if made.by_text else None
    staged = children(table, made).with_columns(
        __n=numbers_of(number, made.typed, listed, clean=number.naam in made.clean),
        __d=columns.get("datum", pl.lit(None, dtype=pl.Date)),
    )
    for step in steps:
        staged = staged.with_columns(step.alias(VALUE))
    if made.units:
        staged = staged.with_columns(turned.alias(TURNED)).with_columns(converted.alias(VALUE))
    if "datum" in columns:
        columns["datum"] = pl.col("__d")
        if made.named("activiteit_id") is None and "activiteit_id" in columns and made.named("tijd") is None:
            columns["activiteit_id"] = pl.when(~pl.col("__n").is_in(list(dossier_bound()))).then(
                pl.col("__d").cast(pl.String)
            )
    columns["bdsnummer"] = pl.col("__n")
    if table.placed and "pad" not in columns:
        columns["pad"] = pl.col(PLACE).str.strip_suffix(".")
    real = staged.filter(~is_mark(value, made)) if made.missing.get(value.naam) else staged
    main = real.select(*complete(columns, table, bron))
    if not made.own:
        return main
    kept = {k: columns[k] for k in ("dossier_id", "activiteit_id", "datum") if k in columns}
    extra = []
    for own in made.own:
        read = plain_text(own, made)
        facts = kept | {"tekst": pl.lit(own.naam), "waarde": read, "pad": _placed(pl.lit(own.naam), table)}
        extra.append(staged.filter(read.is_not_null()).select(*complete(facts, table, bron)))
    return pl.concat([main, *extra])


def is_mark(value: Column, made: Plan) -> pl.Expr:
    """A row of a long table whose value says that there is none; needs the number as `__n`."""
    import polars as pl

    judged = pl.col("__n").is_in(list(numeric() | dates() | coded()))
    return (judged & plain_text(value, made).is_in(made.missing[value.naam])).fill_null(value=False)


class WideRows:
    """Canonical rows of a wide table, batch by batch: one row for every cell that is filled."""

    def __init__(self, table: Table, made: Plan, bron: int, *, beside: bool = False) -> None:
        """`beside`: the table is a long one, and its rows repeat these values for every element."""
        self._beside = beside
        self._table, self._plan, self._bron = table, made, bron
        self._bound = dossier_bound()
        self._repeats = Repeats()
        self._places = {
            c.naam: (c.bdsnummer or None, c.bds_eenheid if c.factor != 1 else c.eenheid, c.rubriek)
            for c in (*made.element_columns, *made.own)
        }

    def frame(self, part: Table) -> pl.DataFrame:
        """Rows of a part of the table. A dossier-bound value that is repeated on every contact is kept once."""
        import numpy as np
        import polars as pl

        made = self._plan
        found = keys(made, self._table)
        for ours in ("eenheid", "pad"):
            found.pop(ours, None)
        cells = [cell(c, made).alias(f"c:{c.naam}") for c in (*made.element_columns, *made.own)]
        own_dates = {c.naam: c.datumkolom for c in made.element_columns if c.datumkolom in self._table.names}
        dated = {
            name: next(c for c in made.columns if c.naam == name) for name in sorted(set(own_dates.values()))
        }
        days = [_day_of_its_own(c, made, found).alias(f"d:{name}") for name, c in dated.items()]
        index = [e.alias(k) for k, e in found.items()]
        wide = children(part, made).select(*_own(self._table), *index, *days, *cells).collect()
        # All cells below each other, a column at a time; then those that are filled, a row at a time.
        values = pl.concat(wide.select(pl.col("^c:.*$").cast(pl.String)).get_columns())
        filled = values.is_not_null().to_numpy().reshape(len(cells), wide.height)
        row, column = np.nonzero(np.ascontiguousarray(filled.T))
        # A table per rubriek says itself to what each row belongs; other tables repeat the dossier on each contact.
        contact = ("activiteit_id" in found or "datum" in found or bool(dated)) and not made.named("rubriek")
        if contact or self._beside:
            once = self._repeats.first(wide, row, column, self._kinds(own_dates, contact=contact))
            row, column = row[once], column[once]
        long = pl.concat(
            [
                wide.select(*_own(self._table), *found, *(f"d:{n}" for n in dated))[row],
                self._facts()[column],
                values.gather(column * wide.height + row).alias("waarde").to_frame(),
            ],
            how="horizontal",
        )
        columns: dict[str, pl.Expr] = {k: pl.col(k) for k in found}
        bound = pl.col("bdsnummer").is_in(list(self._bound)).fill_null(value=False)
        columns |= {
            "bdsnummer": pl.col("bdsnummer"),
            "waarde": pl.col("waarde"),
            "eenheid": pl.col("eenheid"),
            "pad": _placed(pl.col("kolom"), self._table),
            "rubriek": pl.col("rubriek_k"),
        }
        if "rubriek" in found:
            columns["rubriek"] = pl.coalesce(pl.col("rubriek_k").cast(pl.String), "rubriek")
        texts: list[pl.Expr] = (
            [pl.when(pl.col("bdsnummer").is_null()).then(pl.col("kolom").cast(pl.String))] if made.own else []
        )
        texts += [pl.col("tekst")] if "tekst" in found else []
        if texts:
            columns["tekst"] = pl.coalesce(texts)
        if dated:
            named = pl.col("kolom").cast(pl.String)
            chosen = pl.coalesce(
                [
                    pl.when(named.is_in([c for c, d in own_dates.items() if d == name])).then(
                        pl.col(f"d:{name}")
                    )
                    for name in dated
                ]
            )
            here = named.is_in(list(own_dates))
            columns["datum"] = pl.when(here).then(chosen).otherwise(_or_null(found, "datum").cast(pl.Date))
            if made.named("activiteit_id") is None:
                general = (
                    pl.col("activiteit_id") if "activiteit_id" in found else pl.lit(None, dtype=pl.String)
                )
                columns["activiteit_id"] = pl.when(here).then(chosen.cast(pl.String)).otherwise(general)
        if contact:
            for name in ("activiteit_id", "datum"):
                if name in columns:
                    columns[name] = pl.when(~bound).then(columns[name])
        return long.lazy().select(*complete(columns, self._table, self._bron)).collect()

    @property
    def repeated(self) -> int:
        """How many values were left out, being repeats."""
        return self._repeats.count

    def _kinds(
        self, own_dates: dict[str, str], *, contact: bool
    ) -> dict[str, tuple[int, tuple[str, ...]] | None]:
        """For each column with values: the element and what tells a repeat from another value; None: none is a repeat."""
        found: dict[str, tuple[int, tuple[str, ...]] | None] = {}
        for name, (number, _, _) in self._places.items():
            bound = number in self._bound
            dated: tuple[str, ...] = ("activiteit_id", "datum")
            if contact and bound:
                dated = ()
            elif name in own_dates:
                dated = (f"d:{own_dates[name]}", *(dated[:1] if self._plan.named("activiteit_id") else ()))
            found[name] = (number or 0, ("dossier_id", "volgnr", *dated)) if bound or self._beside else None
        return found

    def _facts(self) -> pl.DataFrame:
        import polars as pl

        word = pl.Categorical
        return pl.DataFrame(
            [
                (n, number, unit or None, rubriek or None)
                for n, (number, unit, rubriek) in self._places.items()
            ],
            schema={"kolom": word, "bdsnummer": pl.Int32, "eenheid": word, "rubriek_k": word},
            orient="row",
        )


def _day_of_its_own(column: Column, made: Plan, found: dict[str, pl.Expr]) -> pl.Expr:
    """The date of one element; where that cell is empty the date of the row, as it is for the elements beside it."""
    import polars as pl

    own = date_of(column, made)
    if not column.van or column.herhaling > 1 or "datum" not in found:
        return own
    text = pl.col(column.naam).cast(pl.String).str.strip_chars()
    return pl.when(text.is_null() | (text == "")).then(found["datum"]).otherwise(own)


def _own(table: Table) -> list[str]:
    """The columns of a table that the reader added."""
    return [ROW, *([RECORD] if table.formaat == "json" else []), *([PLACE] if table.placed else [])]


def _placed(column: pl.Expr, table: Table) -> pl.Expr:
    """The place of a value: its column, with the index where that is in a list (`visits[3].lengte`)."""
    import polars as pl

    if not table.placed:
        return column
    rest = column.cast(pl.String).str.strip_prefix(f"{table.blad}.")
    return pl.concat_str(pl.col(PLACE), rest)


def _or_null(found: dict[str, pl.Expr], name: str) -> pl.Expr:
    import polars as pl

    return pl.col(name) if name in found else pl.lit(None, dtype=pl.String)


def complete(columns: dict[str, pl.Expr], table: Table, bron: int) -> Iterable[pl.Expr]:
    """Expressions for all columns of the store, in order and in its types."""
    import polars as pl

    own = columns | {
        "bron": pl.lit(bron, dtype=pl.Int32),
        "regel": (pl.col(ROW).cast(pl.Int64) + table.offset),
    }
    kinds = {"datum": pl.Date, "bdsnummer": pl.Int32, "volgnr": pl.Int32, "bron": pl.Int32, "regel": pl.Int64}
    for name in REGISTRATIES:
        kind = kinds.get(name, pl.Categorical if name in _WORDS else pl.String)
        yield own.get(name, pl.lit(None)).cast(kind).alias(name)
