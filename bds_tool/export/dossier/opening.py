"""From a delivery to one dossier: which there are, and one of them with what the rules say about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypedDict, cast

from bds_tool.base.errors import UsageError
from bds_tool.base.files import scratch
from bds_tool.base.text import t

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.store import Store


#: Birth date, as whoever looks for a dossier knows a child.
BIRTH = 20


@dataclass(frozen=True)
class Dossier:
    """One dossier. `rows`: registraties in their order, with `nr` from 1; `findings` as `bds validate` gives them.

    `version` is that of the BDS; `assumed` when no file told it.
    """

    key: str
    organisation: str
    rows: pl.DataFrame
    sources: pl.DataFrame
    version: str
    assumed: bool
    findings: pl.DataFrame
    store: Store


def listing(store: Store) -> pl.DataFrame:
    """One row per dossier: nr, dossier_id, organisatie, geboren (year), rows, contacts, first, last (dates), bronnen."""
    import polars as pl

    sources = store.bronnen().select("bron", organisatie=pl.col("organisatie").fill_null("")).lazy()
    born = pl.col("waarde").filter(pl.col("bdsnummer") == BIRTH).first().str.slice(0, 4)
    return (
        store.registraties()
        .filter(pl.col("dossier_id").is_not_null())
        .join(sources, on="bron", how="left")
        .group_by("organisatie", "dossier_id")
        .agg(
            born.alias("geboren"),
            pl.len().alias("rows"),
            pl.col("activiteit_id").n_unique().alias("contacts")
            - pl.col("activiteit_id").is_null().any().cast(pl.UInt32),
            pl.col("datum").min().alias("first"),
            pl.col("datum").max().alias("last"),
            pl.col("bron").unique().sort().alias("bronnen"),
        )
        .sort("organisatie", "dossier_id")
        .collect()
        .with_row_index("nr", offset=1)
    )


class Listed(TypedDict):
    """A row of `listing`, as far as a dossier is found by it."""

    nr: int
    organisatie: str
    dossier_id: str
    bronnen: list[int]


def chosen(store: Store, key: str, number: int | None, organisation: str) -> Listed:
    """The row of `listing` that is meant. Raises UsageError when none or more than one is."""
    import polars as pl

    found = listing(store)
    look = t("`bds dossier list BESTAND` noemt ze.", "`bds dossier list FILE` names them.")
    if found.is_empty():
        raise UsageError(t("Hier staat geen dossier in.", "There is no dossier in here."))
    if number is not None:
        found = found.filter(pl.col("nr") == number)
    if key:
        found = found.filter(pl.col("dossier_id") == key)
    if organisation:
        found = found.filter(pl.col("organisatie") == organisation)
    if found.is_empty():
        raise UsageError(t("Dat dossier staat er niet in.", "That dossier is not in there."), look)
    if found.height > 1 and key:
        raise UsageError(
            t("Deze sleutel komt bij meer organisaties voor.", "More than one organisation has this key."),
            t("Geef --organisation erbij, of --nr.", "Give --organisation too, or --nr."),
        )
    if found.height > 1:
        raise UsageError(
            t(
                f"Er zijn {found.height} dossiers; zeg welk, met --id of --nr.",
                f"There are {found.height} dossiers; say which, with --id or --nr.",
            ),
            look,
        )
    return cast("Listed", found.row(0, named=True))


@contextmanager
def opened(store: Store, which: Listed, today: date, bds: str = "") -> Iterator[Dossier]:
    """The dossier of a row of `listing`, judged by all rules as if it was delivered alone."""
    import polars as pl

    from bds_tool.schema import newest, versions
    from bds_tool.store import Store as Opened
    from bds_tool.store.store import StoreWriter
    from bds_tool.validate.engine import Options, validate

    mine = pl.col("bron").is_in(which["bronnen"])
    rows = store.registraties().filter(mine & (pl.col("dossier_id") == which["dossier_id"])).collect()
    sources = store.bronnen().filter(pl.col("bron").is_in(rows["bron"].unique().to_list()))
    alone = sources.filter(pl.col("dossiers").fill_null(1) <= 1)["bron"].to_list()
    own = (pl.col("dossier_id") == which["dossier_id"]) | (
        pl.col("dossier_id").is_null() & pl.col("bron").is_in(alone)
    )
    remarks = store.meldingen().filter(pl.col("bron").is_in(sources["bron"].to_list()) & own).collect()
    told = sorted({v for v in [bds, *sources["bds_opgegeven"], *sources["bds_herkend"]] if v in versions()})
    with scratch() as folder:
        with StoreWriter(folder / "een.bds") as writer:
            for facts in sources.iter_rows(named=True):
                writer.add_bron(**facts)
            writer.add_table(rows)
            writer.add_meldingen(remarks.iter_rows(named=True))
        small = Opened.open(folder / "een.bds")
        found = validate(small, Options(today=today, max_examples=0, bds=bds)).findings
        yield Dossier(
            which["dossier_id"],
            which["organisatie"],
            rows.with_row_index("nr", offset=1),
            sources,
            bds or (told[-1] if told else newest()),
            not told,
            found,
            small,
        )
