"""Headers that mean something together: runs of numbers, numbers behind a letter, and pairs of element and value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bds_tool.base.table_settings import ColumnSetting
from bds_tool.base.text import t
from bds_tool.formats.table.columns import (
    Column,
    recognise,
    repeated_role,
    understand,
    unit_of,
    units_by_name,
)
from bds_tool.formats.table.elements import elements, numeric, plain
from bds_tool.formats.table.scan import Table

_LETTERED = re.compile(r"(?<![^.])[ex][_ -]?0*(\d{2,4})$", re.IGNORECASE)
#: Roles that each pair of a row has for itself.
_OF_PAIR = ("bdsnummer", "waarde", "eenheid", "datum")
#: Whether a row holds the pair that it is about, the how manieth of its row that is, and which of them is its first.
HERE, NTH, FIRST = "__pair", "__nth", "__first"
#: Rows at the start of a table in which a column of units is looked at.
ROWS = 1_000


def lettered(columns: list[Column]) -> list[Column]:
    """`E235` and `X245` are elements where all such numbers are: languages want a letter before a name."""
    found: dict[str, dict[str, int]] = {}
    for c in columns:
        letter = _LETTERED.search(c.naam)
        if letter and c.rol == "niet-bds" and c.reden != "bds.toml":
            found.setdefault(c.naam[: letter.start()], {})[c.naam] = int(letter[1])
    sure = {
        name: number
        for numbers in found.values()
        if max(numbers.values()) > 99 and elements().keys() >= set(numbers.values())
        for name, number in numbers.items()
    }
    reason = t("nummer in de kop", "number in the header")
    return [
        Column(c.naam, "", sure[c.naam], reden=reason, zwak=True) if c.naam in sure else c for c in columns
    ]


def no_orphans(columns: list[Column]) -> list[Column]:
    """`bdsnummer_2` beside `bdsnummer`, or `bdsnummer_1` and `bdsnummer_2`, hold elements: they are not 1 and 2."""
    asks = {c.naam: repeated_role(c.naam) for c in columns if c.bdsnummer and c.reden != "bds.toml"}
    numbers = {n for rol, n in asks.values() if rol == "bdsnummer"}
    if not ({1, 2} <= numbers or any(c.rol == "bdsnummer" for c in columns)):
        return columns
    reason = t("bij welke waarde?", "of which value?")
    return [
        Column(c.naam, "niet-bds", reden=reason) if asks.get(c.naam, ("",))[0] == "bdsnummer" else c
        for c in columns
    ]


#: Headers of a date that stands in three columns; each means this beside the others only.
_PARTS = {"jaar": {"jaar", "year", "jr"}, "maand": {"maand", "month", "mnd"}, "dag": {"dag", "day"}}


def date_parts(columns: list[Column]) -> list[Column]:
    """`jaar`, `maand` and `dag` are the date of a row that has no other."""
    found = {}
    for rol, words in _PARTS.items():
        named = [
            c for c in columns if c.rol == "niet-bds" and c.reden != "bds.toml" and plain(c.naam) in words
        ]
        if len(named) != 1 or any(c.rol in {rol, "datum"} for c in columns):
            return columns
        found[named[0].naam] = rol
    reason = t("een deel van de datum", "a part of the date")
    return [Column(c.naam, found[c.naam], reden=reason) if c.naam in found else c for c in columns]


def no_lone_repeats(columns: list[Column]) -> list[Column]:
    """`2 35` is no 35th time of element 2 where nothing else is of element 2: it may well be 235."""
    times = Counter(c.bdsnummer for c in columns)
    reason = t("element {} of iets anders?", "element {} or something else?")

    def broken(c: Column) -> int:
        joined = re.sub(r"\W|_", "", c.naam)
        lone = c.zwak and c.herhaling > times[c.bdsnummer] and joined.isdecimal()
        return int(joined) if lone and len(joined) <= 4 and int(joined) in elements() else 0

    return [Column(c.naam, "niet-bds", reden=reason.format(n)) if (n := broken(c)) else c for c in columns]


def no_positions(columns: list[Column]) -> list[Column]:
    """Bare 1, 2, 3 are positions of something, not elements."""
    numbers: dict[str, set[int]] = {}
    for c in columns:
        above, _, last = c.naam.rpartition(".")
        if last.isdecimal() and len(last) <= 4:
            numbers.setdefault(above, set()).add(int(last))
    runs = {
        above: next(n for n in range(1, len(bare) + 2) if n not in bare)
        for above, bare in numbers.items()
        if {1, 2} <= bare
    }
    reason = t("een volgnummer, geen element", "a sequence number, no element")

    def counts(c: Column) -> bool:
        above, _, last = c.naam.rpartition(".")
        return c.zwak and last.isdecimal() and int(last) < runs.get(above, 0)

    return [Column(c.naam, "niet-bds", reden=reason) if counts(c) else c for c in columns]


def paired(table: Table, said: Mapping[str, ColumnSetting]) -> Table:
    """A table with `bdsnummer_1; waarde_1; bdsnummer_2; waarde_2` as a long one: each pair becomes a row.

    `said`: what bds.toml says of columns; where it says something else of one of a pair, that goes before.
    """
    import polars as pl

    pairs: dict[int, dict[str, str]] = {}
    for name in table.names:
        rol, number = repeated_role(name)
        if rol in _OF_PAIR:
            pairs.setdefault(number, {}).setdefault(rol, name)
    pairs = {n: of for n, of in pairs.items() if {"bdsnummer", "waarde"} <= of.keys()}
    shared = pairs.get(0, {}) if len(pairs) == 1 else {}
    # One date beside the pairs is that of all of them.
    counts = Counter(rol for of in pairs.values() for rol in of)
    pairs = {
        n: {r: name for r, name in of.items() if counts[r] > 1 or len(pairs) == 1} for n, of in pairs.items()
    }
    names = {name: rol for of in pairs.values() for rol, name in of.items()}
    given = {plain(n): s for n, s in said.items()}
    other = any(
        s.element or s.rol != rol for n, rol in names.items() if (s := given.get(plain(n))) is not None
    )
    if not pairs or shared or other:
        return table
    titles = {rol: re.sub(r"\W*#?\d+$", "", name).rstrip("_ ") for name, rol in reversed(names.items())}
    rest = [n for n in table.names if n not in names]
    types = table.frame.collect_schema()
    ours = [n for n in types.names() if n not in table.names]
    kept = [n for n in rest if n not in titles.values()]

    def filled(names: Iterable[str]) -> pl.Expr:
        return pl.any_horizontal(
            [(pl.col(n).cast(pl.String).str.strip_chars() != "").fill_null(False) for n in names]
        )

    # A day among numbers would become the number of that day.
    kinds = {r: {types[of[r]] for of in pairs.values() if r in of} for r in titles}
    mixed = {r for r, of in kinds.items() if len(of) > 1 and not all(k.is_numeric() for k in of)}

    def value(of: dict[str, str], rol: str, title: str) -> pl.Expr:
        there = [n for n in (of.get(rol), title if title in rest else None) if n]
        found = pl.coalesce(there) if there else pl.lit(None, dtype=pl.String)
        return (found.cast(pl.String) if rol in mixed else found).alias(title)

    every = [of[rol] for of in pairs.values() for rol in ("bdsnummer", "waarde")]
    # As one list in each row: a frame for each pair, one below the other, takes memory by their square.
    heres = [filled((of["bdsnummer"], of["waarde"])) for of in pairs.values()]
    # A row without any pair may hold something else: it stays, once.
    heres[0] |= ~filled(every)
    lists = [
        pl.concat_list(heres).alias(HERE),
        pl.concat_list([pl.lit(nth, pl.UInt32) for nth in range(len(pairs))]).alias(NTH),
        *(pl.concat_list([value(of, r, n) for of in pairs.values()]).alias(n) for r, n in titles.items()),
    ]
    first = pl.concat_list(heres).list.arg_max().alias(FIRST)
    frame = table.frame.select(*ours, *kept, first, *lists)
    frame = frame.explode(HERE, NTH, *titles.values()).filter(HERE)
    # What stands beside the pairs is there once; what says of whom and when it is goes along with each.
    once = [c.naam for c in understand(kept, said) if c.rol in {"", "niet-bds"} or c.van]
    frame = frame.with_columns(pl.when(pl.col(NTH) == pl.col(FIRST)).then(pl.col(n)).alias(n) for n in once)
    frame = frame.drop(HERE, NTH, FIRST)
    return replace(table, frame=frame, names=[n for n in frame.collect_schema().names() if n not in ours])


def measured(table: Table, said: Mapping[str, ColumnSetting]) -> Table:
    """A wide table with the unit of each value behind it, where a column of units says it: `61,2` beside `cm` is `61,2 cm`.

    That is the column `eenheid` of a table with one element that has a unit, and `lengte_eenheid` of `lengte`.
    """
    import polars as pl

    columns = understand(table.names, said, paths=table.formaat == "json")
    if {"bdsnummer", "waarde"} <= {c.rol for c in columns}:
        return table
    of = [c for c in columns if c.bdsnummer in numeric() and elements()[c.bdsnummer].eenheid]
    # `lengte; eenheid; gewicht; eenheid`: each behind what it is of.
    plainly = [
        i for i, c in enumerate(columns) if repeated_role(c.naam)[0] == "eenheid" and c.reden != "bds.toml"
    ]
    before = [columns[i - 1] for i in plainly]
    behind = len(plainly) > 1 and all(i and columns[i - 1] in of for i in plainly)
    units = {c.naam: columns[i].naam for c, i in zip(before, plainly, strict=True)} if behind else {}
    for c in columns:
        if c.rol == "eenheid" and len(of) == 1:
            units[of[0].naam] = c.naam
        elif c.rol == "niet-bds" and c.reden != "bds.toml" and (bare := unit_of(c.naam)):
            meant = recognise(bare)
            same = [e for e in of if (e.bdsnummer, e.herhaling) == (meant.bdsnummer, meant.herhaling)]
            units |= {same[0].naam: c.naam} if len(same) == 1 else {}
    units = {of: unit for of, unit in units.items() if _says_units(table, unit)}
    if not units:
        return table

    def together(value: str, unit: str) -> pl.Expr:
        amount, behind = (pl.col(n).cast(pl.String).str.strip_chars() for n in (value, unit))
        both = (amount != "") & (behind != "") & amount.str.contains(r"\d$")
        return (
            pl.when(both)
            .then(pl.format("{} {}", amount, behind))
            .otherwise(pl.col(value).cast(pl.String))
            .alias(value)
        )

    frame = table.frame.with_columns(together(v, u) for v, u in units.items()).drop(units.values())
    return replace(table, frame=frame, names=[n for n in table.names if n not in units.values()])


def _says_units(table: Table, name: str) -> bool:
    """Whether a column `eenheid` holds units and not, say, departments; an unknown unit is a sign or a short word."""
    import polars as pl

    texts = table.frame.select(pl.col(name).cast(pl.String).str.strip_chars()).head(ROWS).unique().collect()
    return all(not text or text.lower() in units_by_name() or len(text) < 5 for text in texts.to_series())
