"""Wide CSV: a folder with one table per rubriek, a column per element, a row per contact or group instance.

What has no place in a wide table (no element, no value, an own question, an uncommon unit) goes to
`overig.csv` in the long form, so that the folder as a whole holds every recorded value.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.escaping import cells as safe_cells
from bds_tool.base.files import atomic_dir
from bds_tool.base.names import distinct
from bds_tool.formats.table.columns import units
from bds_tool.formats.table.elements import dates, elements, numeric
from bds_tool.formats.table.write import WORDS, as_text, csv_options, excel_value
from bds_tool.formats.writing import WriteOptions, Written

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.store.store import Store

KEYS = ("bron", "dossier_id", "activiteit_id", "datum", "rubriek", "groep", "volgnr")
#: Files of rows without a rubriek, and of what has no place in a wide table.
WITHOUT, REST = "zonder-rubriek", "overig"


def write_wide(store: Store, out: Path, options: WriteOptions) -> Written:
    """One CSV per rubriek below `out`. Code system, text and path of a coded value are not in a wide table."""
    import polars as pl

    fits = pl.col("bdsnummer").is_in(list(elements())) & pl.col("waarde").is_not_null()
    fits &= pl.col("eenheid").is_null() | pl.col("eenheid").cast(pl.String).is_in(list(units()))
    frame = store.registraties().with_columns(fits=fits.fill_null(value=False))
    done = Written()
    with atomic_dir(out, replace=options.replace, private=True) as folder:
        names = (
            frame.filter("fits")
            .select(pl.col("rubriek").cast(pl.String))
            .unique()
            .collect()["rubriek"]
            .to_list()
        )
        files = distinct([n for n in names if n is not None], ".csv", taken={WITHOUT, REST})
        for name in sorted(names, key=lambda n: n or "~"):
            same = pl.col("rubriek").is_null() if name is None else pl.col("rubriek").cast(pl.String) == name
            rows = frame.filter(pl.col("fits") & same).collect()
            safe_cells(_wide(rows, options.dialect)).write_csv(
                folder / (f"{WITHOUT}.csv" if name is None else files[name]), **csv_options(options.dialect)
            )
            done.files += 1
            done.rows += rows.height
            for column in ("codesysteem", "nullflavor", "tekst"):
                lost = rows.height - rows[column].null_count()
                if lost:
                    done.leave(column, lost)
        rest = as_text(store, options.dialect).filter(~fits.fill_null(value=False)).collect()
        if rest.height:
            safe_cells(rest.with_columns(pl.col(*WORDS).cast(pl.String))).write_csv(
                folder / f"{REST}.csv", **csv_options(options.dialect)
            )
            done.files += 1
            done.rows += rest.height
    return done


def _wide(rows: pl.DataFrame, dialect: str) -> pl.DataFrame:
    import polars as pl

    rows = rows.with_columns(pl.col(WORDS).cast(pl.String)).with_columns(
        kolom=pl.format("bds_{}", "bdsnummer")
        + pl.when(pl.col("eenheid").is_not_null()).then("_" + pl.col("eenheid")).otherwise(pl.lit(""))
    )
    if dialect == "excel-nl":
        number = pl.col("bdsnummer")
        rows = rows.with_columns(
            excel_value(pl.col("waarde"), number.is_in(list(numeric())), number.is_in(list(dates()))).alias(
                "waarde"
            ),
            pl.col("datum").dt.to_string("%d-%m-%Y"),
        )
    # The same element twice on one key gives a second row with that key.
    rows = rows.with_columns(keer=pl.int_range(pl.len()).over([*KEYS, "kolom"]))
    order = rows.select("kolom", "bdsnummer").unique().sort("bdsnummer", "kolom")["kolom"].to_list()
    wide = rows.pivot(
        on="kolom",
        on_columns=order,
        index=[*KEYS, "keer"],
        values="waarde",
        aggregate_function="first",
        maintain_order=True,
    )
    empty = [c for c in KEYS if c != "rubriek" and wide[c].null_count() == wide.height]
    return wide.drop("keer", "bron", *[c for c in empty if c != "bron"])
