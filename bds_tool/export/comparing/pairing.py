"""Pairing the registraties of two deliveries, from sure to less sure: same place and meaning, same meaning, same place.

What is left over on a side has no counterpart. Every row of both sides is in exactly one pair or alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.export.comparing.meaning import with_meaning
from bds_tool.schema import load

if TYPE_CHECKING:
    from bds_tool.store import Store

SAME, DIFFERS, LEFT, RIGHT = "gelijk", "verschilt", "alleen links", "alleen rechts"
#: Element that says what a contact was for: it tells contacts of one day apart.
_KIND = 494
_BSN, _BIRTH = 7, 20
_PLACE = ["dossier", "act", "element", "groep", "volgnr"]
#: The rounds: what has to be equal for a pair, and what the pair then is.
_ROUNDS = (
    ([*_PLACE, "meaning", "codesysteem"], SAME),
    (["dossier", "act", "element", "meaning", "codesysteem"], SAME),
    ([*_PLACE, "meaning"], SAME),
    (["dossier", "act", "element", "meaning"], SAME),
    (["dossier", "element", "meaning", "datum"], SAME),
    (_PLACE, DIFFERS),
    (["dossier", "act", "element"], DIFFERS),
)
_KEPT = ["dossier_id", "datum", "regel", "waarde", "eenheid", "nullflavor", "codesysteem"]


@dataclass(frozen=True)
class Side:
    """A delivery: its store and the BDS version its codes and units are read by."""

    store: Store
    version: str


def compare(left: Side, right: Side, *, ids: bool | None = None, alike: bool = False) -> pl.DataFrame:
    """One row per pair or lonely registratie: dossier, element, pad, class, and of each side datum, regel, waarde …

    `ids`: whether the ids of contacts mean the same on both sides; None: where they do for most. Otherwise contacts
    are matched by their day, and those of one day by their kind and order. `alike`: both sides are of one format, so that
    a root or code system that only one of them names is a difference.
    """
    a, b = _rows(left), _rows(right)
    a, b = _same_dossiers(a, b)
    own, other = (set(f["activiteit_id"].drop_nulls().unique()) for f in (a, b))
    both = own | other if ids else set()
    if ids is None:
        ids = len(own & other) * 2 > min(len(own), len(other))
        # A contact whose id alone is another is still the contact of its day.
        both = own & other if ids else set()
    a, b = (_acts(f, both) for f in (a, b))
    found = []
    for key, kind in _ROUNDS:
        if ids and "act" not in key:  # the same contact on both sides is known: elsewhere is somewhere else
            continue
        held = [*key, "nth", "at", *(c for c in _KEPT if c not in key)]
        pairs = _numbered(a, key).join(
            _numbered(b, key).select(held), on=[*key, "nth"], how="inner", nulls_equal=True, suffix="_right"
        )
        pairs = pairs.with_columns(pl.col(c).alias(f"{c}_right") for c in _KEPT if c in key)
        found.append(_of_one_root(_shown(pairs, kind), right.version, alike=alike))
        a = a.filter(~pl.col("at").is_in(pairs["at"].implode()))
        b = b.filter(~pl.col("at").is_in(pairs["at_right"].implode()))
    found.append(_shown(a, LEFT))
    alone = b.rename({c: f"{c}_right" for c in _KEPT}).with_columns(
        pl.lit(None, b.schema[c]).alias(c) for c in _KEPT
    )
    found.append(_shown(alone, RIGHT))
    return pl.concat(found, how="diagonal_relaxed").sort(
        "dossier", "element", "datum", "class", nulls_last=True
    )


def _rows(side: Side) -> pl.DataFrame:
    """The registraties with `at` (their number), `dossier`, `element`, `meaning`."""
    rows = side.store.registraties().filter(pl.col("dossier_id").is_not_null()).collect()
    texts = [c for c, kind in rows.schema.items() if kind == pl.Categorical]
    rows = with_meaning(rows.with_columns(pl.col(texts).cast(pl.String)), side.version, texts=True)
    return rows.with_row_index("at").with_columns(
        dossier=pl.col("dossier_id"),
        volgnr=pl.col("volgnr").fill_null(1),
        # What has no number is told by its place alone, which says the same only within one format.
        element=pl.col("bdsnummer"),
    )


def _same_dossiers(a: pl.DataFrame, b: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Dossiers by their key; else the one and the other; else by BSN and birth date where those point at one.

    Raises UsageError when nothing says which dossiers belong together.
    """
    own, other = (f["dossier"].unique().to_list() for f in (a, b))
    if set(own) & set(other) or not own or not other:
        return a, b
    if len(own) == len(other) == 1:
        return a, b.with_columns(dossier=pl.lit(own[0]))
    names = [_persons(f) for f in (a, b)]
    both = {names[1][person]: key for person, key in names[0].items() if person in names[1]}
    if not both:
        raise UsageError(
            t("De dossiers links en rechts hebben geen sleutel gemeen.",
              "The dossiers left and right have no key in common."),
            t("Geef bestanden met dezelfde sleutels, of van elk één dossier.",
              "Give files with the same keys, or one dossier of each."),
        )  # fmt: skip
    return a, b.with_columns(dossier=pl.col("dossier").replace(both))


def _persons(rows: pl.DataFrame) -> dict[tuple[str, str], str]:
    """(BSN, birth date) → dossier, of those that no other dossier has."""
    said = (
        rows.filter(pl.col("bdsnummer").is_in([_BSN, _BIRTH]) & pl.col("waarde").is_not_null())
        .group_by("dossier")
        .agg(
            bsn=pl.col("waarde").filter(pl.col("bdsnummer") == _BSN).first(),
            birth=pl.col("waarde").filter(pl.col("bdsnummer") == _BIRTH).first().str.slice(0, 10),
        )
        .drop_nulls()
    )
    single = said.filter(pl.struct("bsn", "birth").is_unique())
    return {(bsn, birth): key for key, bsn, birth in single.select("dossier", "bsn", "birth").iter_rows()}


def _acts(rows: pl.DataFrame, both: set[str]) -> pl.DataFrame:
    """The rows with `act`: the id of the contact where both sides have it, else its day and its place among those of that day."""
    by_day = rows.filter(pl.col("activiteit_id").is_not_null() & ~pl.col("activiteit_id").is_in(sorted(both)))
    contacts = (
        by_day.group_by("dossier", "activiteit_id", maintain_order=True)
        .agg(
            day=pl.col("datum").drop_nulls().min(),
            kind=pl.col("meaning").filter(pl.col("bdsnummer") == _KIND).first(),
            first=pl.col("at").min(),
        )
        .sort("dossier", "day", "kind", "first", nulls_last=True)
        .with_columns(nth=pl.int_range(pl.len()).over("dossier", "day"))
        .select(
            "dossier",
            "activiteit_id",
            act=pl.format("{}#{}", pl.col("day").cast(pl.String).fill_null("?"), "nth"),
        )
    )
    found = rows.join(contacts, on=["dossier", "activiteit_id"], how="left", maintain_order="left")
    return found.with_columns(pl.coalesce("act", "activiteit_id"))


def _numbered(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """`nth`: which of the rows that are equal in `key`, in their order; pairs are first with first, second with second."""
    return rows.sort(*key, "meaning", "at", nulls_last=True).with_columns(
        nth=pl.int_range(pl.len()).over(key)
    )


def _of_one_root(pairs: pl.DataFrame, version: str, *, alike: bool) -> pl.DataFrame:
    """A number that both sides say is of another root (URA, BSN, dossier) is another number, equal as it may look.

    Codes of lists have their system in their meaning; a format that names no roots says nothing of them.
    """
    own, theirs = pl.col("codesysteem"), pl.col("codesysteem_right")
    if alike:
        other = own.ne_missing(theirs)
    else:
        listed = [n for n, e in load(version).elementen.items() if e.waardenlijst]
        other = (own != theirs) & ~pl.col("element").is_in(listed).fill_null(value=False)
    return pairs.with_columns(
        pl.when(other.fill_null(value=False)).then(pl.lit(DIFFERS)).otherwise("class").alias("class")
    )


def _shown(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    there = [c for c in (*_KEPT, *(f"{c}_right" for c in _KEPT)) if c in rows.columns]
    return rows.select("dossier", "element", "pad", "act", *there, pl.lit(kind).alias("class"))
