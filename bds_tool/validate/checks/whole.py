"""Rules over a whole store: dossiers against each other and the keys of a source. Families 5xx and 7xx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.validate.checks.values import eleven

if TYPE_CHECKING:
    from bds_tool.findings.catalogue import Catalogue

#: What a source shows by itself, and what several show together.
WITHIN = ("BDS420", "BDS706", "BDS707")
BETWEEN = ("BDS509", "BDS510")


#: What is kept of the people in a source: their number, sex and birth date.
COLUMNS = ("dossier_id", "activiteit_id", "bdsnummer", "waarde", "bron", "regel", "pad")


def people(rows: pl.LazyFrame) -> pl.DataFrame:
    """The rows with the number, sex and birth date of the children themselves."""
    own = rows.filter(
        pl.col("bdsnummer").is_in([7, 19, 20]) & pl.col("groep").is_null() & pl.col("waarde").is_not_null()
    )
    return own.select(COLUMNS).collect(engine="streaming").with_columns(pl.col("pad").cast(pl.String))


def within(
    rows: pl.LazyFrame, own: pl.DataFrame, catalogue: Catalogue, tabular: list[int]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """What each source shows by itself. `rows` are its registraties, `own` its `people`, `tabular` the sources whose
    dossier keys their maker chose.
    """
    yield "BDS420", _shared(own)
    yield from _keys(rows, own, catalogue, tabular)


def between(own: pl.DataFrame, keyed: list[int]) -> Iterator[tuple[str, pl.DataFrame]]:
    """What the sources of one dossier show together; `keyed` are those whose keys are keys of dossiers."""
    yield from _changes(own.filter(pl.col("bron").is_in(keyed)))


def _shared(people: pl.DataFrame) -> pl.DataFrame:
    """One citizen service number with several dossiers of one file."""
    numbers = people.filter(pl.col("bdsnummer") == 7)
    return numbers.filter(pl.col("dossier_id").n_unique().over("bron", "waarde") > 1)


def _changes(people: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Sex or birth date that differs between the files that hold one dossier."""
    if people["bron"].n_unique() < 2:
        return
    differs = (pl.col("waarde").n_unique().over("dossier_id", "bdsnummer") > 1) & (
        pl.col("bron").n_unique().over("dossier_id", "bdsnummer") > 1
    )
    changed = people.filter(differs)
    yield "BDS509", changed.filter(pl.col("bdsnummer") == 19)
    yield "BDS510", changed.filter(pl.col("bdsnummer") == 20)


def _keys(
    rows: pl.LazyFrame, people: pl.DataFrame, catalogue: Catalogue, tabular: list[int]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Keys of dossiers that are no pseudonym: a BSN, or a birth date inside."""
    if not tabular:
        return
    keys = (
        rows.filter(pl.col("bron").is_in(tabular))
        .select("bron", "dossier_id")
        .unique()
        .collect(engine="streaming")
    )
    key = pl.col("dossier_id")
    bsn = catalogue["BDS706"].parameters
    numbers = keys.with_columns(like=key.str.contains(r"^\d{9}$") & eleven(key))
    yield "BDS706", _share(numbers, int(bsn["least"]), float(bsn["share"]))
    births = people.filter(pl.col("bdsnummer") == 20).unique(["bron", "dossier_id"], keep="first")
    digits = pl.col("waarde").str.slice(0, 10).str.replace_all("-", "")
    turned = pl.concat_str([digits.str.slice(6, 2), digits.str.slice(4, 2), digits.str.slice(0, 4)])
    plain = key.str.replace_all(r"[^0-9]", "")
    inside = plain.str.contains(digits, literal=True) | plain.str.contains(turned, literal=True)
    dated = births.filter(digits.str.len_chars() == 8).with_columns(like=inside)
    born = catalogue["BDS707"].parameters
    yield (
        "BDS707",
        _share(dated.filter(pl.col("bron").is_in(tabular)), int(born["least"]), float(born["share"])),
    )


def _share(keys: pl.DataFrame, least: int, share: float) -> pl.DataFrame:
    """One row for every source in which most keys are like that."""
    found = keys.group_by("bron").agg(pl.len().alias("n"), pl.col("like").mean().alias("part"))
    return found.filter((pl.col("n") >= least) & (pl.col("part") >= share)).select("bron")
