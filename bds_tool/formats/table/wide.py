"""Wide CSV: a folder with one table per rubriek, a column per element, a row per contact or group instance.

What has no place in a wide table (no element, no value, an own question, an uncommon unit) goes to
`overig.csv` in the long form, so that the folder as a whole holds every recorded value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.escaping import guarded
from bds_tool.base.files import atomic_dir
from bds_tool.base.names import distinct
from bds_tool.formats.codes import foreign, other_codes, turned
from bds_tool.formats.table.columns import units
from bds_tool.formats.table.elements import dates, elements, numeric
from bds_tool.formats.table.write import WORDS, as_text, csv_options, excel_value
from bds_tool.formats.writing import WriteOptions, Written

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from bds_tool.store.store import Store

#: What makes a row of a wide table, in the order of its first columns; `bron` is not shown.
KEYS = ("bron", "dossier_id", "activiteit_id", "datum", "rubriek", "groep", "volgnr")
#: What a wide table has no column for.
LOST = ("codesysteem", "nullflavor", "tekst")
#: Files of rows without a rubriek, and of what has no place in a wide table.
WITHOUT, REST = "zonder-rubriek", "overig"


@dataclass(frozen=True)
class Table:
    """The table of one rubriek. `keys`: those of KEYS that it shows; `columns`: element and unit → the name of a column."""

    file: str
    keys: tuple[str, ...]
    columns: Mapping[tuple[int, str | None], str]


def write_wide(store: Store, out: Path, options: WriteOptions) -> Written:
    """One CSV per rubriek below `out`. Code system, text and path of a coded value are not in a wide table.

    Rows stand in the order of the store (dossier by dossier where dossiers lie scattered in it). It is read twice: to know
    which columns there are, and in pieces of whole dossiers, so that memory does not grow with it.
    """
    import polars as pl

    codes = other_codes(store, options.bds)
    rows = store.registraties()
    found = _found(rows, codes)
    done = Written(found["rubriek"].n_unique(), int(found["rows"].sum()))
    for column in LOST:
        if lost := int((found["rows"] - found[column]).sum()):
            done.leave(column, lost)
    with atomic_dir(out, replace=options.replace, private=True) as folder:
        _write_tables(store, codes, _tables(found), folder, options.dialect)
        if rest := int(rows.select(pl.len()).collect().item()) - done.rows:
            left = as_text(turned(rows.filter(~_fits(codes)), codes), options.dialect)
            if options.dialect != "excel-nl":  # there `as_text` has guarded its cells already
                words = guarded(pl.col(*WORDS).cast(pl.String))
                left = left.with_columns(words, guarded(pl.selectors.string()))
            left.sink_csv(folder / f"{REST}.csv", **csv_options(options.dialect))
            done.files, done.rows = done.files + 1, done.rows + rest
    return done


def _fits(codes: pl.DataFrame) -> pl.Expr:
    """Whether a row has a place in a wide table; not where only a code system tells whose code it is."""
    import polars as pl

    common = pl.col("eenheid").is_null() | pl.col("eenheid").cast(pl.String).is_in(list(units()))
    fits = pl.col("bdsnummer").is_in(list(elements())) & pl.col("waarde").is_not_null() & common
    return fits.fill_null(value=False) & ~foreign(codes)


def _found(rows: pl.LazyFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """What fits, per rubriek, element and unit: `rows`, and how many lack each of KEYS and LOST."""
    import polars as pl

    named = ("rubriek", "bdsnummer", "eenheid")
    lacking = [pl.col(c).null_count().cast(pl.Int64) for c in (*KEYS, *LOST) if c not in named]
    found = rows.filter(_fits(codes)).group_by(named).agg(pl.len().cast(pl.Int64).alias("rows"), *lacking)
    return found.with_columns(pl.col("rubriek", "eenheid").cast(pl.String)).collect(engine="streaming")


def _tables(found: pl.DataFrame) -> dict[str | None, Table]:
    """The table of each rubriek, and of the rows without one."""
    files = distinct(found["rubriek"].drop_nulls().unique().to_list(), ".csv", taken={WITHOUT, REST})
    tables = {}
    for name in found["rubriek"].unique():
        part = found.filter(found["rubriek"].eq_missing(name))
        shown = [c for c in KEYS if c == "rubriek" or (c != "bron" and part[c].sum() < part["rows"].sum())]
        columns = {
            (n, u): f"bds_{n}" + (f"_{u}" if u is not None else "")
            for n, u in part.select("bdsnummer", "eenheid").iter_rows()
        }
        ordered = dict(sorted(columns.items(), key=lambda c: (c[0][0], c[1])))
        tables[name] = Table(f"{WITHOUT}.csv" if name is None else files[name], tuple(shown), ordered)
    return tables


def _write_tables(
    store: Store, codes: pl.DataFrame, tables: Mapping[str | None, Table], folder: Path, dialect: str
) -> None:
    """Every table, piece by piece."""
    from bds_tool.store.pieces import pieces

    begun: set[str] = set()
    for piece in pieces(store, columns=(*KEYS, "bdsnummer", "eenheid", "waarde", "codesysteem")):
        shown = _in_dialect(turned(piece.filter(_fits(codes)).lazy(), codes).collect(), dialect)
        for (name,), rows in shown.group_by("rubriek", maintain_order=True):
            table = tables[None if name is None else str(name)]
            options = csv_options(dialect)
            if table.file in begun:
                options |= {"include_header": False, "include_bom": False}
            with (folder / table.file).open("ab") as stream:
                _wide(rows, table).write_csv(stream, **options)
            begun.add(table.file)


def _in_dialect(rows: pl.DataFrame, dialect: str) -> pl.DataFrame:
    """Values and dates as the dialect writes them, and no value that a spreadsheet would run."""
    import polars as pl

    if dialect == "excel-nl":
        number = pl.col("bdsnummer")
        value = excel_value(pl.col("waarde"), number.is_in(list(numeric())), number.is_in(list(dates())))
        rows = rows.with_columns(value.alias("waarde"), pl.col("datum").dt.to_string("%d-%m-%Y"))
    return rows.with_columns(guarded(pl.col("waarde")))


def _wide(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The lines of one rubriek: one per key, and one more where an element comes again on the same key.

    `rows` have `d` and `a`, the numbers of dossier and activity: a key is made of these, which are quicker than their names.
    """
    import numpy as np
    import polars as pl

    filled = (
        rows.select("bdsnummer", "eenheid").with_row_index("rij").group_by("bdsnummer", "eenheid").agg("rij")
    )
    places = {table.columns[n, u]: where.to_numpy() for n, u, where in zip(*filled, strict=True)}
    line = _numbers(rows.select("d", "a", "datum", "groep", "volgnr"))
    if any(np.bincount(line[where]).max() > 1 for where in places.values()):
        times = pl.DataFrame({"line": line, "element": rows["bdsnummer"], "unit": rows["eenheid"]})
        line = _numbers(times.select("line", pl.int_range(pl.len()).over("line", "element", "unit")))
    first = np.unique(line, return_index=True)[1]
    texts = guarded(pl.col(pl.Categorical).cast(pl.String)), guarded(pl.col(pl.String))
    keys = rows.select(pl.col(table.keys).gather(first)).with_columns(texts)
    at = np.full((len(table.columns), first.size), rows.height)
    for row, name in zip(at, table.columns.values(), strict=True):
        if name in places:
            row[line[places[name]]] = places[name]
    values = rows["waarde"].extend_constant(None, 1).rechunk().gather(at.ravel())
    columns = [
        values.slice(n * first.size, first.size).alias(name) for n, name in enumerate(table.columns.values())
    ]
    return keys.hstack(columns)


def _numbers(keys: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """For each row the number of its key, in the order in which keys first come."""
    import numpy as np

    same = keys.with_row_index("rij").group_by(keys.columns, maintain_order=True).agg("rij")["rij"]
    numbers = np.empty(keys.height, dtype=np.int64)
    numbers[same.explode().to_numpy()] = np.repeat(np.arange(same.len()), same.list.len().to_numpy())
    return numbers
