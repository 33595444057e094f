"""One look at all values of a table, batch by batch: what the decisions about its columns rest on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bds_tool.formats.table.columns import Column
from bds_tool.formats.table.elements import coded, dates, numeric
from bds_tool.formats.table.notation import PLAIN, footer, marks
from bds_tool.formats.table.scan import Table

if TYPE_CHECKING:
    import polars as pl

#: Distinct values that are kept of a column; a column with more is no column of dates, codes or odd numbers.
DISTINCT = 200_000
#: Keys that are looked at to tell whether they are BSNs.
KEYS = 5_000
BATCH = 100_000
#: Numbers, codes and days that programs write where nothing was filled in.
_NINES = (
    r"^\s*(?:-?9{2,}(?:[.,]9+)?|9|-[1-9]\d{0,2}|0(?:[.,]0+)?|(?:1753|1800|1900)-0?1-0?1|1899-12-3[01]|9999-12-31"
    r"|0?1[-/]0?1[-/](?:1753|1800|1900)|31[-/]12[-/]9999|99[-/.]99[-/.]9999)(?:[T ]00:00.*)?\s*$"
)
_DAMAGED = r"^\d(?:[.,]\d+)?[eE]\+?\d+$|^\d{15}0+$"


@dataclass
class Seen:
    """What was seen in one column.

    `texts`: distinct texts; for numbers only those that are not plain, which `plain` counts. In the value column of a
    long table `odd` are the values of numeric elements, `days` of date elements, `pairs` of coded ones.
    """

    texts: pl.Series | None = None
    odd: pl.Series | None = None
    days: pl.Series | None = None
    marks: pl.Series | None = None
    pairs: dict[int, pl.Series] | None = None
    plain: int = 0
    clean: bool = True
    formula: bool = False
    empty: bool = False
    damaged: bool = False
    footer: bool = False
    header: bool = False  # the header stands among the rows
    decimal: bool = True  # every key is a whole number with `.0`, as pandas writes it
    bsn: bool = False
    filled: int = 0
    nines: Counter[tuple[int, str]] = field(
        default_factory=Counter
    )  # element and text that looks like a mark


@dataclass
class _Gathering:
    parts: dict[str, list[pl.Series]] = field(default_factory=dict)

    def add(self, name: str, values: pl.Series) -> None:
        import polars as pl

        if not values.len():
            return
        parts = self.parts.setdefault(name, [])
        parts.append(values.unique())
        if len(parts) > 16:
            self.parts[name] = [pl.concat(parts).unique()]

    def get(self, name: str) -> pl.Series:
        import polars as pl

        parts = self.parts.get(name)
        return pl.concat(parts).unique() if parts else pl.Series([], dtype=pl.String)


def look(
    table: Table,
    columns: Sequence[Column],
    *,
    long: bool,
    typed: dict[str, str],
    listed: dict[str, int] | None = None,
) -> dict[str, Seen]:
    """Everything that was seen, by column. Columns of text are not looked at beyond blanks and formulas.

    `listed`: the element behind each text of the element column, where those are not just numbers.
    """
    seen = {c.naam: Seen() for c in columns if c.naam not in typed}
    texts = _Gathering()
    names = [c.naam for c in columns]
    number = next((c for c in columns if c.rol == "bdsnummer"), None)
    if not names:
        return {}
    for batch in table.frame.select(names).collect_batches(chunk_size=BATCH, maintain_order=True):
        for column in columns:
            if column.naam in typed:
                continue
            _column(batch[column.naam], column, seen[column.naam], texts)
        if long and number:
            _values(batch, columns, numbers_of(number, typed, listed), seen, texts, typed)
    for column in columns:
        each = seen.get(column.naam)
        if each is None:
            continue
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
    return seen


def _kept(column: Column) -> bool:
    """Whether distinct values of a column are kept: those of dates, codes, elements; not free text."""
    if column.rol in {"bdsnummer", "datum", "organisatie", "volgnr", "jaar", "maand", "dag", "tijd"}:
        return True
    return column.bdsnummer in dates() | coded()


def _column(values: pl.Series, column: Column, seen: Seen, texts: _Gathering) -> None:
    import polars as pl

    values = values if values.dtype == pl.String else values.cast(pl.String, strict=False)
    seen.filled += values.len() - values.null_count()
    if column.rol == "overslaan":
        return
    if seen.clean:
        odd = values.str.contains(r"^\s|\s$|^$")
        seen.clean = not bool(odd.any())
    seen.formula = seen.formula or bool(values.str.contains(r"""^=".*"$|^'\d""").any())
    if column.rol == "dossier_id":
        _key(values, column.naam, seen, texts)
    elif column.rol == "activiteit_id":
        seen.damaged = seen.damaged or bool(values.str.contains(_DAMAGED).any())
    elif column.bdsnummer in numeric():
        plain = values.str.contains(PLAIN).fill_null(value=True)
        seen.plain += int(plain.sum()) - values.null_count()
        texts.add(f"c:{column.naam}", values.filter(~plain))
        _nines(values, column.bdsnummer, seen)
    elif _kept(column):
        texts.add(f"c:{column.naam}", values)
        if column.bdsnummer:
            _nines(values, column.bdsnummer, seen)


def _nines(values: pl.Series, number: int, seen: Seen) -> None:
    """Count what often stands for a missing number, code or date."""
    if number in numeric():
        few = values.filter(_nine_like(values))  # no pattern is tried on the bulk of the numbers
    else:
        distinct = values.unique()
        few = values.filter(values.is_in(distinct.filter(distinct.str.contains(_NINES)).implode()))
    for text, count in few.filter(few.str.contains(_NINES)).value_counts().iter_rows():
        seen.nines[number, text.strip()] += count


def _nine_like(values: pl.Series) -> pl.Series:
    return values.str.starts_with("9") | values.str.starts_with("0") | values.str.starts_with("-")


def _key(values: pl.Series, name: str, seen: Seen, texts: _Gathering) -> None:
    distinct = values.unique()
    bare = distinct.str.strip_chars().str.to_lowercase()
    seen.empty = seen.empty or bool(distinct.null_count() > 0 or bare.is_in(["", *marks()]).any())
    seen.decimal = seen.decimal and bool((bare.str.contains(r"^\d+\.0$") | (bare == "")).all())
    seen.damaged = seen.damaged or bool(distinct.str.contains(_DAMAGED).any())
    # The header itself comes back where exports were put one below the other.
    seen.header = seen.header or bool((distinct == name).any())
    seen.footer = seen.footer or seen.header or bool(distinct.str.contains(footer()).any())
    kept = sum(p.len() for p in texts.parts.get("key", []))
    if kept < KEYS:
        texts.parts.setdefault("key", []).append(distinct.drop_nulls().head(KEYS))
    seen.texts = texts.get("key")


def numbers_of(column: Column, typed: dict[str, str], listed: dict[str, int] | None) -> pl.Expr:
    """The element numbers of the element column; null for what is none."""
    import polars as pl

    raw = pl.col(column.naam)
    if typed.get(column.naam):
        return raw.cast(pl.Int32, strict=False)
    if listed:
        return raw.replace_strict(listed, default=None, return_dtype=pl.Int32)
    return raw.str.strip_chars().cast(pl.Int32, strict=False)


def _values(
    batch: pl.DataFrame,
    columns: Sequence[Column],
    number: pl.Expr,
    seen: dict[str, Seen],
    texts: _Gathering,
    typed: dict[str, str],
) -> None:
    """The values of a long table by the kind of their element."""
    import polars as pl

    value = next((c for c in columns if c.rol == "waarde"), None)
    if value is None or value.naam in typed:
        return
    numbers = batch.select(n=number, w=pl.col(value.naam).cast(pl.String))
    plain = numbers["w"].str.contains(PLAIN).fill_null(value=True)
    seen[value.naam].plain += int(plain.sum())
    few = numbers.filter(_nine_like(numbers["w"]) & numbers["w"].str.contains(_NINES))
    for n, text, count in few.drop_nulls("n").group_by("n", "w").len().iter_rows():
        seen[value.naam].nines[n, text.strip()] += count
    rest = numbers.filter(~plain)
    if not rest.height:
        return
    is_number, is_date = rest["n"].is_in(list(numeric())), rest["n"].is_in(list(dates()))
    texts.add("odd", rest["w"].filter(is_number))
    texts.add("days", rest["w"].filter(is_date))
    digits = numbers.filter(plain)
    texts.add("days", digits["w"].filter(digits["n"].is_in(list(dates()))))
    listed = rest.filter(rest["n"].is_in(list(coded()))).unique()
    for (n,), part in listed.group_by("n"):
        texts.add(f"pair {n}", part["w"])
    judged = is_number | is_date | rest["n"].is_in(list(coded()))
    low = rest["w"].str.strip_chars()
    texts.add("marks", low.filter(judged & low.str.to_lowercase().is_in(list(marks()))))


def _like_bsn(values: pl.Series | None) -> bool:
    """Whether a key column holds BSNs: nearly all values pass the 11-test, which one in eleven does by chance."""
    from bds_tool.formats.james.values import like_bsn

    distinct = values.drop_nulls().str.strip_chars().unique().to_list() if values is not None else []
    bare = [re.sub(r"\.0$|[ .\-]", "", v) for v in distinct]
    return bool(bare) and sum(like_bsn(v) for v in bare) >= 0.9 * len(bare)
