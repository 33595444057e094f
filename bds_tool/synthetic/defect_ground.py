"""Where a planted defect is one: a height that falls needs a height before it, an age needs a birth date.

A kind tells in data what it stands on; places without it, or where another defect has touched it, are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Required, TypeAlias, TypedDict

if TYPE_CHECKING:
    import polars as pl

Cells: TypeAlias = Mapping[str, str | int | date | None]


class Support(TypedDict):
    """Elements in the dossier or activity."""

    bij: str
    elementen: list[int]


class Unless(Support):
    """Their values that make a defect none."""

    waarden: list[str]


class DefectKind(TypedDict, total=False):
    """One kind of `specs/populatie/defecten`; its keys are told in `defecten.schema.json`."""

    soort: Required[str]
    waarom: Required[str]
    elementen: Required[list[int]]
    op: Required[str]
    kans: Required[float]
    regels: Required[list[str]]
    niet_in: list[str]
    codering: str
    zelfde: bool
    plaats: str
    waarde: str
    factor: float
    lengte: int
    eenheid: str
    anker: str
    dagen: int
    verschil: int
    minstens_dagen: int
    hoogstens_dagen: int
    minstens: float
    leeftijd: int
    buren: int
    rust_op: list[Support]
    niet_bij: list[Unless]
    kolommen: Cells
    nieuw: int
    rubriek: str | None
    groep: str | None


_KEYS = {"dossier": ["dossier_id"], "activiteit": ["dossier_id", "activiteit_id"]}
_BIRTH = 20
#: What a date is moved relative to → the element that holds it.
ANCHORS = {"geboorte": _BIRTH, "einde": 488, "overlijden": 21}


def standing(frame: pl.DataFrame, picked: pl.DataFrame, kind: DefectKind) -> tuple[pl.DataFrame, list[int]]:
    """Of the picked rows those that stand on sound ground, and the indices (`_i`) of that ground.

    `rust_op`: elements that must be there in the dossier or activity, untouched; `niet_bij`: values that make the
    defect none; `minstens`: the smallest number it is done to; `leeftijd`: days between birth and the row's date at
    least; `buren`: a value of the same element before and after, at most so many days away.
    """
    import polars as pl

    ground: list[int] = []
    parts = list(kind.get("rust_op", ()))
    if kind.get("anker") in ANCHORS:
        parts.append({"bij": "dossier", "elementen": [ANCHORS[kind["anker"]]]})
    if "minstens" in kind:
        picked = picked.filter(pl.col("waarde").cast(pl.Float64, strict=False) >= float(kind["minstens"]))
    if "leeftijd" in kind:
        parts.append({"bij": "dossier", "elementen": [_BIRTH]})
        picked = _old_enough(frame, picked, int(kind["leeftijd"]))
    for unless in kind.get("niet_bij", ()):
        picked = _without(frame, picked, unless)
    if "buren" in kind:
        picked, around = _between(frame, picked, int(kind["buren"]))
        ground += around
    supports = []
    for part in parts:
        picked, rows = _with(frame, picked, part)
        supports.append((_KEYS[part["bij"]], rows))
    for key, rows in supports:
        # Only what carries the rows that are left is held.
        ground += rows.join(picked, on=key, how="semi", nulls_equal=True)["_i"].to_list()
    return picked, ground


def _rows(frame: pl.DataFrame, elements: list[int]) -> pl.DataFrame:
    import polars as pl

    return frame.filter(pl.col("bdsnummer").is_in(elements) & pl.col("waarde").is_not_null())


def _with(frame: pl.DataFrame, picked: pl.DataFrame, part: Support) -> tuple[pl.DataFrame, pl.DataFrame]:
    key, rows = _KEYS[part["bij"]], _rows(frame, part["elementen"])
    sound = picked.join(rows, on=key, how="semi", nulls_equal=True)
    return sound.join(rows.filter("_taken"), on=key, how="anti", nulls_equal=True), rows


def _without(frame: pl.DataFrame, picked: pl.DataFrame, part: Unless) -> pl.DataFrame:
    import polars as pl

    wrong = _rows(frame, part["elementen"]).filter(pl.col("waarde").is_in(part["waarden"]))
    return picked.join(wrong, on=_KEYS[part["bij"]], how="anti", nulls_equal=True)


def _old_enough(frame: pl.DataFrame, picked: pl.DataFrame, days: int) -> pl.DataFrame:
    import polars as pl

    born = _rows(frame, [_BIRTH]).select(
        "dossier_id", pl.col("waarde").str.to_date("%Y-%m-%d", strict=False).alias("_born")
    )
    aged = picked.join(born.unique("dossier_id", keep="first"), on="dossier_id", maintain_order="left")
    return aged.filter((pl.col("datum") - pl.col("_born")).dt.total_days() >= days).drop("_born")


def _between(frame: pl.DataFrame, picked: pl.DataFrame, days: int) -> tuple[pl.DataFrame, list[int]]:
    """Rows with an untouched value of their element before and after, on other days and near in time."""
    import polars as pl

    over = ["dossier_id", "bdsnummer"]
    history = _rows(frame, picked["bdsnummer"].unique().to_list()).filter(pl.col("datum").is_not_null())
    history = history.sort("datum", maintain_order=True)
    mine = pl.col("_i").is_in(picked["_i"].to_list())
    chosen = mine
    for step in (1, -1):
        gap = (pl.col("datum") - pl.col("datum").shift(step).over(over)).dt.total_days().abs()
        chosen = chosen & gap.is_between(1, days) & ~(pl.col("_taken") | mine).shift(step).over(over)
    around = history.with_columns(
        _chosen=chosen, _a=pl.col("_i").shift(1).over(over), _b=pl.col("_i").shift(-1).over(over)
    ).filter("_chosen")
    kept = picked.filter(pl.col("_i").is_in(around["_i"].to_list()))
    return kept, [*around["_a"].to_list(), *around["_b"].to_list()]
