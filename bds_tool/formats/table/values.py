"""One look at all values of a table, batch by batch: what the decisions about its columns rest on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from bds_tool.formats.table.amounts import PLAIN
from bds_tool.formats.table.columns import Column
from bds_tool.formats.table.elements import coded, dates, numeric
from bds_tool.formats.table.notation import footer, group, marks
from bds_tool.formats.table.scan import Table
from bds_tool.formats.table.seen import Gathering, Seen
from bds_tool.store.columns import HIGHEST

if TYPE_CHECKING:
    import polars as pl

#: Keys that are looked at to tell whether they are BSNs.
KEYS = 5_000
#: Cells that are looked at at once; small batches cost more calls than work.
CELLS = 2_500_000
#: Pairs of element and value that wait to be judged together.
PAIRS = 500_000
#: Numbers, codes and days that programs write where nothing was filled in.
_NINES = (
    r"^\s*(?:-?9{2,}(?:[.,]9+)?|9|-[1-9]\d{0,2}|0(?:[.,]0+)?|(?:1753|1800|1900)-0?1-0?1|1899-12-3[01]|9999-12-31"
    r"|0?1[-/]0?1[-/](?:1753|1800|1900)|31[-/]12[-/]9999|99[-/.]99[-/.]9999)(?:[T ]00:00.*)?\s*$"
)
#: Those of them that are whole numbers, and the lowest of the rest.
_WHOLE_NINES = (0, 9, *(sign * int("9" * n) for n in range(2, 10) for sign in (1, -1)))
_LOWEST = -999
#: The days among them, of a column that holds days and no text.
_ODD_DAYS = tuple(
    date(*d)
    for d in ((1753, 1, 1), (1800, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (9999, 12, 31))
)
_DAMAGED = r"^\d(?:[.,]\d+)?[eE]\+?\d+$|^\d{15}0+$"


def kinds(table: Table) -> dict[str, str]:
    """Columns that are no text: date, float, int or bool."""
    import polars as pl

    found = {}
    for name, kind in table.frame.collect_schema().items():
        if kind.is_temporal() and kind not in {pl.Time, pl.Duration}:
            found[name] = "date"
        elif kind.is_float() or kind.is_decimal():
            found[name] = "float"
        elif kind.is_integer():
            found[name] = "int"
        elif kind == pl.Boolean:
            found[name] = "bool"
    return found


class Look:
    """A look at all values of a table, one batch after the other; columns of text only for blanks and formulas.

    `listed`: the element behind each text of the element column, where those are not just numbers.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        long: bool,
        typed: dict[str, str],
        listed: dict[str, int] | None = None,
    ) -> None:
        self.columns = [c for c in columns if c.naam not in typed]
        self._typed, self._listed = typed, listed
        self._number = next((c for c in columns if c.rol == "bdsnummer"), None) if long else None
        self._value = next((c for c in self.columns if c.rol == "waarde"), None)
        self._seen = {c.naam: Seen() for c in self.columns}
        self._typed_days = [
            c for c in columns if typed.get(c.naam) == "date" and (c.rol == "datum" or c.bdsnummer in dates())
        ]
        self._seen |= {c.naam: Seen() for c in self._typed_days}
        self._key = next((c for c in self.columns if c.rol == "dossier_id"), None)
        self._day = next((c for c in columns if c.rol == "datum" and not c.van and c.herhaling <= 1), None)
        self._texts = Gathering()
        self._pairs: list[pl.DataFrame] = []  # of element and value, that are still to be judged

    def add(self, batch: pl.DataFrame) -> None:
        """Look at some more rows. Values come back all the time: what is costly is done for each of them once."""
        for column in self.columns:
            self._seen[column.naam].filled += batch.height - batch[column.naam].null_count()
        paired = self._number and self._value
        if self._number and self._value:
            # Whole numbers need no closer look, unless they may be a day.
            if self._number.naam in self._seen:
                self._column(batch[self._number.naam], self._number)
            both = batch.select(self._number.naam, self._value.naam)
            plain, _ = _whole(both[self._value.naam])
            self._seen[self._value.naam].plain += int(plain.sum())
            both = both.filter(~plain | self._days(both[self._number.naam]))
            pairs = both[both.hash_rows().arg_unique()]
            _often(both, pairs, self._number, self._value, self._listed, self._seen, self._typed)
            self._pairs.append(pairs)
            if sum(p.height for p in self._pairs) > PAIRS:
                self._judge(least=PAIRS // 2)
        for column in self.columns:
            if not (paired and column.rol in {"bdsnummer", "waarde"}):
                self._column(batch[column.naam], column)
        for column in self._typed_days:
            _odd_days(batch[column.naam], column.bdsnummer, self._seen[column.naam])
        if self._key and self._day and self._seen[self._key.naam].names:
            self._named(batch, self._key.naam, self._day.naam)

    def _named(self, batch: pl.DataFrame, key: str, day: str) -> None:
        """Whether a row with the name of a group for a key has a date: then children are called so here."""
        import polars as pl

        seen = self._seen[key]
        if not seen.dated_names:
            dated = pl.col(day).cast(pl.String).str.strip_chars() != ""
            name = pl.col(key).cast(pl.String).str.contains(group())
            found = batch.select(n=(dated & name).any(), c=(dated & ~name).any()).row(0)
            seen.dated_names, seen.dated_codes = found[0], seen.dated_codes or found[1]

    def _days(self, numbers: pl.Series) -> pl.Series:
        """Which rows of a long table are of an element whose value is a date."""
        import polars as pl

        assert self._number  # noqa: S101  # asked of long tables only
        once = numbers.unique()
        element = numbers_of(self._number, self._typed, self._listed)
        dated = once.filter(
            once.to_frame().select(element.is_in(list(dates()))).to_series().fill_null(value=False)
        )
        if not dated.len():
            return pl.repeat(value=False, n=numbers.len(), dtype=pl.Boolean, eager=True)
        return numbers.is_in(dated.implode()).fill_null(value=False)

    def _column(self, values: pl.Series, column: Column) -> None:
        import polars as pl

        values = values if values.dtype == pl.String else values.cast(pl.String, strict=False)
        _column(values, column, self._seen[column.naam], self._texts)

    def _judge(self, *, least: int = 1) -> None:
        """The pairs until now, unless there are few of them: then they wait for more."""
        import polars as pl

        if not (self._pairs and self._number and self._value):
            return
        pairs = pl.concat(self._pairs)
        pairs = pairs[pairs.hash_rows().arg_unique()]
        self._pairs = [pairs]
        if pairs.height < least:
            return
        _values(pairs, self._number, self._value, self._listed, self._seen, self._texts, self._typed)
        self._column(pairs[self._value.naam], self._value)
        self._pairs = []

    def seen(self) -> dict[str, Seen]:
        """Everything that was seen until now, by column."""
        self._judge()
        texts = self._texts
        for column in self.columns:
            each = self._seen[column.naam]
            if column.rol == "waarde":
                each.odd, each.days = texts.get("odd"), texts.get("days")
                each.marks = texts.get("marks")
                each.texts = each.odd
                each.pairs = {
                    int(k.partition(" ")[2]): texts.get(k) for k in texts.parts if k.startswith("pair ")
                }
            elif column.bdsnummer in numeric():
                each.odd = each.texts = texts.get(f"c:{column.naam}")
            elif f"c:{column.naam}" in texts.parts or _kept(column):
                each.texts = texts.get(f"c:{column.naam}")
            if column.rol == "dossier_id":
                each.bsn = _like_bsn(each.texts)
            elif column.rol == "niet-bds":
                own = texts.get(f"own:{column.naam}")
                each.others = _others(column, own)
                # One number in eleven passes the test by chance: two say nothing yet.
                each.bsn = own.len() > 2 and _like_bsn(own)
        return self._seen


def look(
    table: Table,
    columns: Sequence[Column],
    *,
    long: bool,
    typed: dict[str, str],
    listed: dict[str, int] | None = None,
) -> dict[str, Seen]:
    """Everything that there is to see in a table, by column."""
    found = Look(columns, long=long, typed=typed, listed=listed)
    names = [c.naam for c in columns]
    if not names:
        return {}
    for batch in table.frame.select(names).collect_batches(
        chunk_size=max(10_000, CELLS // len(names)), maintain_order=True
    ):
        found.add(batch)
    return found.seen()


def _kept(column: Column) -> bool:
    """Whether distinct values of a column are kept: those of dates, codes, elements; not free text."""
    if column.rol in {
        "bdsnummer",
        "eenheid",
        "datum",
        "organisatie",
        "volgnr",
        "jaar",
        "maand",
        "dag",
        "tijd",
    }:
        return True
    return column.bdsnummer in dates() | coded()


def _column(values: pl.Series, column: Column, seen: Seen, texts: Gathering) -> None:
    if column.rol == "overslaan":
        return
    if column.bdsnummer in numeric():
        plain, whole = _whole(values)
        seen.plain += whole.filter(plain).n_unique()
        values = values.filter(~plain)
    distinct = _distinct(values)
    seen.clean = seen.clean and not bool(distinct.str.contains(r"^\s|\s$|^$").any())
    seen.formula = seen.formula or bool(distinct.str.contains(r"""^=".*"$|^=-?\d|^'\d""").any())
    seen.guarded = seen.guarded or bool(distinct.str.starts_with("'").any())
    if column.rol == "niet-bds":
        _numbers_kept(distinct, column.naam, texts)
    if column.rol == "dossier_id":
        _key(distinct, column.naam, seen, texts)
    elif column.rol == "activiteit_id":
        seen.damaged = seen.damaged or bool(distinct.str.contains(_DAMAGED).any())
    elif column.bdsnummer in numeric():
        plain = distinct.str.contains(PLAIN).fill_null(value=True)
        seen.plain += int(plain.sum()) - distinct.null_count()
        texts.add(f"c:{column.naam}", distinct.filter(~plain))
        _nines(distinct, values, column.bdsnummer, seen)
    elif _kept(column):
        texts.add(f"c:{column.naam}", distinct)
        if column.bdsnummer or column.rol == "datum":
            _nines(distinct, values, column.bdsnummer, seen)


def _whole(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Which texts are whole numbers that can be nothing else, and all whole numbers; null for other text."""
    import polars as pl

    text = values if values.dtype == pl.String else values.cast(pl.String, strict=False)
    whole = text.cast(pl.Int32, strict=False)
    plain = whole.is_between(_LOWEST, -1) | whole.is_in(_WHOLE_NINES) | text.str.starts_with("+")
    return (~plain).fill_null(value=False), whole


def _distinct(values: pl.Series) -> pl.Series:
    """Each value once. A key or a day mostly stands on many rows in a row, which is cheap to see."""
    import polars as pl

    if not values.len():
        return values
    runs = values.filter(values.ne_missing(values.shift(1)))
    if runs.len() * 2 < values.len():
        values = pl.concat([values.head(1), runs])
    return values.gather(values.hash().arg_unique())


def _nines(distinct: pl.Series, values: pl.Series, number: int, seen: Seen) -> None:
    """Count what often stands for a missing number, code or date."""
    for text in distinct.filter(distinct.str.contains(_NINES)):
        seen.nines[number, text.strip()] += int((values == text).sum())


def _odd_days(days: pl.Series, number: int, seen: Seen) -> None:
    """Count the days that programs write where nothing was filled in, in a column of days."""
    import polars as pl

    lowest, highest = days.min(), days.max()
    if lowest is None or (str(lowest)[:10] > str(_ODD_DAYS[-2]) and str(highest)[:4] != "9999"):
        return
    found = days.cast(pl.Date).filter(days.cast(pl.Date).is_in(_ODD_DAYS))
    seen.nines.update((number, str(day)) for day in found)


def _others(column: Column, texts: pl.Series) -> list[str]:
    """The texts that say that a row is of another than the child."""
    from bds_tool.formats.table.places import other_in, says_whose

    if column.reden == "bds.toml" or not says_whose(column.naam):
        return []
    return sorted(text for text in texts.to_list() if other_in(text.strip()))


def _numbers_kept(distinct: pl.Series, name: str, texts: Gathering) -> None:
    """Some numbers of nine digits in a column that means nothing: they may be BSNs."""
    parts = texts.parts.setdefault(f"own:{name}", [])
    if sum(p.len() for p in parts) < KEYS:
        parts.append(distinct.drop_nulls().filter(distinct.drop_nulls() != "").head(KEYS))


def _key(distinct: pl.Series, name: str, seen: Seen, texts: Gathering) -> None:
    bare = distinct.str.strip_chars().str.to_lowercase()
    seen.empty = seen.empty or bool(distinct.null_count() > 0 or bare.is_in(["", *marks()]).any())
    seen.decimal = seen.decimal and bool((bare.str.contains(r"^\d+\.0$") | (bare == "")).all())
    seen.damaged = seen.damaged or bool(distinct.str.contains(_DAMAGED).any())
    # The header itself comes back where exports were put one below the other.
    seen.header = seen.header or bool((distinct == name).any())
    seen.footer = seen.footer or seen.header or bool(distinct.str.contains(footer()).any())
    seen.names = seen.names or bool(distinct.str.contains(group()).any())
    kept = sum(p.len() for p in texts.parts.get("key", []))
    if kept < KEYS:
        texts.parts.setdefault("key", []).append(distinct.drop_nulls().head(KEYS))
    seen.texts = texts.get("key")


def numbers_of(
    column: Column, typed: dict[str, str], listed: dict[str, int] | None, *, clean: bool = False
) -> pl.Expr:
    """The element numbers of the element column; null for what is none. `clean`: no blanks around them."""
    import polars as pl

    raw = pl.col(column.naam)
    if typed.get(column.naam):
        number = raw.cast(pl.Int32, strict=False)
    elif listed:
        number = raw.replace_strict(listed, default=None, return_dtype=pl.Int32)
    else:
        number = (raw if clean else raw.str.strip_chars()).cast(pl.Int32, strict=False)
    return pl.when(number.is_between(0, HIGHEST)).then(number)


def _often(
    both: pl.DataFrame,
    pairs: pl.DataFrame,
    number: Column,
    value: Column,
    listed: dict[str, int] | None,
    seen: dict[str, Seen],
    typed: dict[str, str],
) -> None:
    """Count what often stands for a missing value in a long table. `pairs`: each row of `both` once."""
    import polars as pl

    odd = pairs.filter(pairs[value.naam].cast(pl.String).str.contains(_NINES))
    if not odd.height:
        return
    counted = both.filter(pl.col(value.naam).is_in(odd[value.naam].implode()))
    # In order of appearance: two readings of one file tell it alike.
    counted = counted.group_by(number.naam, value.naam, maintain_order=True).len("keer")
    element = numbers_of(number, typed, listed).alias("n")
    for n, text, often in counted.select(element, value.naam, "keer").drop_nulls("n").iter_rows():
        seen[value.naam].nines[n, text.strip()] += often


def _values(
    pairs: pl.DataFrame,
    number: Column,
    value: Column,
    listed: dict[str, int] | None,
    seen: dict[str, Seen],
    texts: Gathering,
    typed: dict[str, str],
) -> None:
    """The values of a long table by the kind of their element: each pair of element and value once."""
    import polars as pl

    pairs = pairs.select(
        numbers_of(number, typed, listed).alias("n"), pl.col(value.naam).cast(pl.String).alias("w")
    )
    plain = pairs["w"].str.contains(PLAIN).fill_null(value=True)
    seen[value.naam].plain += int(plain.sum())
    is_date = pairs["n"].is_in(list(dates()))
    texts.add("days", pairs["w"].filter(is_date))
    rest = pairs.filter(~plain)
    is_number, is_code = rest["n"].is_in(list(numeric())), rest["n"].is_in(list(coded()))
    texts.add("odd", rest["w"].filter(is_number))
    for (n,), part in rest.filter(is_code).group_by("n"):
        texts.add(f"pair {n}", part["w"])
    low = rest["w"].str.strip_chars()
    judged = is_number | is_code | rest["n"].is_in(list(dates()))
    texts.add("marks", low.filter(judged & low.str.to_lowercase().is_in(list(marks()))))


def _like_bsn(values: pl.Series | None) -> bool:
    """Whether a key column holds BSNs: nearly all values pass the 11-test, which one in eleven does by chance."""
    from bds_tool.formats.james.values import like_bsn

    distinct = values.drop_nulls().str.strip_chars().unique().to_list() if values is not None else []
    bare = [re.sub(r"\.0$|[ .\-]", "", v) for v in distinct]
    return bool(bare) and sum(like_bsn(v) for v in bare) >= 0.9 * len(bare)
