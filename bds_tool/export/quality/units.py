"""By which unit is counted: what a row of the store belongs to. Which elements say so is `specs/kwaliteit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

import polars as pl

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import language, t

if TYPE_CHECKING:
    from bds_tool.store import Store

#: A row of the store belongs to a unit by its source, its dossier or its activity.
KEYS = {
    "bestand": ["bron"],
    "dossier": ["bron", "dossier_id"],
    "activiteit": ["bron", "dossier_id", "activiteit_id"],
}


class Unit(TypedDict):
    """What tells a unit: a column of the file, or the first of some elements that is filled."""

    naam: dict[str, str]
    plaats: str
    kolom: NotRequired[str]
    elementen: NotRequired[list[int]]
    pseudoniem: NotRequired[bool]


class Scored(TypedDict):
    """An element that every dossier has, and which part of it may be unknown."""

    element: int
    drempel: float


class Score(TypedDict):
    bron: str
    zekerheid: str
    elementen: list[Scored]


class Shift(TypedDict):
    """When a change over time is one."""

    alfa: float
    minstens_leveringen: int


class Likeness(TypedDict):
    """When units do the same: limits of age in years, and how much a difference must be."""

    leeftijden: list[float]
    alfa: float
    verschil: float
    minstens: int


class QualitySettings(TypedDict):
    """`specs/_schemas/kwaliteit.schema.json`."""

    id: str
    zekerheid: str
    bron: str
    eenheden: dict[str, Unit]
    score: Score
    omslag: Shift
    gelijkheid: Likeness


def settings() -> QualitySettings:
    """`specs/kwaliteit/kwaliteit.yaml`: the units, the elements of the score and when a change is one."""
    return cast("QualitySettings", read_checked(specs_dir() / "kwaliteit" / "kwaliteit.yaml", "kwaliteit"))


def kinds() -> dict[str, str]:
    """Name of a kind of unit → the word for it in the language of this run."""
    return {name: str(kind["naam"][language()]) for name, kind in settings()["eenheden"].items()}


def units(store: Store, kind: str) -> tuple[list[str], pl.DataFrame]:
    """The columns that tell a unit, and a frame of those columns and `unit`; where nothing says so there is no row.

    A person is never named: the numbers of a run follow from the order of what stands in the data. A code is
    told with its name.
    """
    chosen = settings()["eenheden"][kind]
    key = KEYS[chosen["plaats"]]
    if chosen["plaats"] == "bestand":
        column = {"organisatie": "organisatie", "versie": "bds_herkend", "formaat": "formaat"}[
            chosen["kolom"]
        ]
        return key, store.bronnen().select("bron", pl.col(column).alias("unit")).drop_nulls()
    numbers: list[int] = chosen["elementen"]
    rank = {number: place for place, number in enumerate(numbers)}
    said = pl.coalesce("waarde", "tekst")
    rows = store.registraties().filter(pl.col("bdsnummer").is_in(numbers) & said.is_not_null())
    if chosen["plaats"] == "activiteit":
        rows = rows.filter(pl.col("activiteit_id").is_not_null())
    found = (
        rows.select(
            *key,
            said.alias("unit"),
            "bdsnummer",
            pl.col("bdsnummer").replace_strict(rank, return_dtype=pl.Int32).alias("rank"),
            "datum",
        )
        .sort("rank", "datum", "unit", descending=[False, True, False], nulls_last=True)
        .group_by(key, maintain_order=True)
        .first()
        .collect(engine="streaming")
    )
    if chosen.get("pseudoniem"):
        word = str(chosen["naam"][language()])
        people = {v: f"{word} {i}" for i, v in enumerate(sorted(found["unit"].unique()), 1)}
        found = found.with_columns(pl.col("unit").replace_strict(people, return_dtype=pl.String))
    else:
        found = _named(found, store)
    return key, found.select(*key, "unit")


def _named(found: pl.DataFrame, store: Store) -> pl.DataFrame:
    """Codes with the name that the list of their element has for them; other texts as they are."""
    from bds_tool.formats.registry import coding_of
    from bds_tool.schema import newest, versions
    from bds_tool.validate.tables import tables

    names: dict[str, str] = {}
    for formaat, version in (
        store.bronnen().select("formaat", "bds_herkend").unique().sort(pl.all()).iter_rows()
    ):
        seen = tables(version if version in versions() else newest(), coding_of(formaat))
        lists = seen.elements.filter(pl.col("bdsnummer").is_in(found["bdsnummer"].unique().to_list()))
        for code, name in seen.codes.join(lists, on="lijst").select("waarde", "display").iter_rows():
            names[code] = f"{code} {name}" if name else code
    return found.with_columns(pl.col("unit").replace(names))


def no_unit(kind: str) -> str:
    """What rows are called that no unit can be told of."""
    word = kinds()[kind]
    return t(f"{word} onbekend", f"{word} unknown")
