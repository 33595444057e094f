"""Outcomes of an extract: the values at the moments of a policy, and numbers in bands with round edges."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, TypedDict

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

#: What stands where a child has no value for an outcome, and where its code is too rare to be named.
NOTHING, RARE = "niet vastgelegd", "overig"


def outcome_kinds(outcomes: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Element → (`code` or `number`, unit). Raises UsageError for what cannot be an outcome."""
    from bds_tool.export.extracts.values import element_kinds

    known = {n: (soort, unit) for n, soort, _, unit in element_kinds({"drop_rubrieken": ()})}
    wrong = [n for n in outcomes if known.get(n, ("", ""))[0] not in {"KL_AN", "BL", "INT", "PQ"}]
    if wrong or not outcomes:
        raise UsageError(
            t(
                f"Geen uitkomst voor een tabel: {', '.join(map(str, wrong)) or '(geen)'}.",
                f"No outcome for a table: {', '.join(map(str, wrong)) or '(none)'}.",
            ),
            t(
                "Kies elementen met een code, ja/nee of een getal, met --outcome NUMMER.",
                "Choose elements with a code, yes/no or a number, with --outcome NUMBER.",
            ),
        )
    return {n: ("number" if known[n][0] in {"INT", "PQ"} else "code", known[n][1]) for n in outcomes}


def recorded(
    rows: pl.LazyFrame,
    people: pl.DataFrame,
    kinds: Mapping[int, tuple[str, str]],
    moments: Sequence[Mapping[str, Any]],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Per child (bron, dossier_id) and moment the last value of each outcome within the window, and per child what has no
    date, such as the birth weight; outcomes are columns named by their number, null where nothing was recorded.
    """
    import polars as pl

    from bds_tool.export.extracts.values import closed_values

    told = closed_values(
        rows.filter(pl.col("bdsnummer").is_in(list(kinds)))
        .join(
            people.lazy().select(
                pl.col("_bron").alias("bron"), pl.col("_dossier").alias("dossier_id"), "_geboren"
            ),
            on=["bron", "dossier_id"],
        )
        .collect()
    )
    months = (pl.col("datum") - pl.col("_geboren")).dt.total_days() / 30.4375
    window = pl.coalesce(
        [
            pl.when((months >= m["from_months"]) & (months < m["to_months"])).then(pl.lit(m["name"]))
            for m in moments
        ]
    )
    who = ["bron", "dossier_id"]
    told = told.with_columns(window.alias("moment")).drop_nulls("waarde")
    dated = told.drop_nulls("moment").sort("datum", "activiteit_id", "volgnr", "waarde", nulls_last=False)
    last = (
        dated.group_by(*who, "moment", "bdsnummer")
        .agg(pl.col("waarde").last())
        .pivot("bdsnummer", index=[*who, "moment"], values="waarde")
    )
    always = (
        told.filter(pl.col("datum").is_null())
        .sort("volgnr", "regel", nulls_last=False)
        .group_by(*who, "bdsnummer")
        .agg(pl.col("waarde").first())
        .pivot("bdsnummer", index=who, values="waarde")
    )
    return last, always


class Bands(TypedDict):
    """Of one column and moment where the bands begin, in its unit."""

    edges: list[float]
    unit: str


def banded(
    exact: pl.DataFrame, kinds: Mapping[int, tuple[str, str]], most: int, k: int
) -> tuple[pl.DataFrame, dict[str, dict[str, Bands]]]:
    """Numbers in at most `most` bands per moment, of about as many children each; codes that fewer than k have together."""
    import polars as pl

    told: dict[str, dict[str, Bands]] = {}
    frames = []
    for (moment,), part in exact.group_by("moment", maintain_order=True):
        here = part
        for n, (kind, unit) in kinds.items():
            column = f"bds{n}"
            if kind == "number":
                labels, edges = _bands(part[column].cast(pl.Float64, strict=False), most, _round_to(unit))
                told.setdefault(column, {})[str(moment)] = {"edges": edges, "unit": unit}
            else:
                count = pl.len().over(column)
                labels = part.select(
                    pl.when(count >= k).then(pl.col(column)).otherwise(pl.lit(RARE)).fill_null(NOTHING)
                ).to_series()
                labels = labels.zip_with(part[column].is_not_null(), pl.Series([NOTHING] * part.height))
            here = here.with_columns(labels.alias(column))
        frames.append(here)
    if not frames:
        return exact, told
    return pl.concat(frames), told


#: Bands have edges at whole multiples of this, so that an edge is nobody's value.
def _round_to(unit: str) -> float:
    return {"mm": 10, "g": 100, "d": 7, "cm": 1, "kg": 1}.get(unit, 1)


def _bands(values: pl.Series, most: int, step: float) -> tuple[pl.Series, list[float]]:
    import polars as pl

    known = values.drop_nulls()
    edges: list[float] = []
    if len(known):
        cuts = [known.quantile(i / most, "nearest") for i in range(1, most)]
        edges = sorted({round(float(c) / step) * step for c in cuts if c is not None})
    names = (
        [
            f"< {_plain(edges[0])}",
            *(f"{_plain(a)} - < {_plain(b)}" for a, b in itertools.pairwise(edges)),
            f">= {_plain(edges[-1])}",
        ]
        if edges
        else ["alle"]
    )
    place = values.to_frame("v").select(
        pl.sum_horizontal([(pl.col("v") >= e).cast(pl.Int32) for e in edges])
        if edges
        else pl.lit(0, pl.Int32)
    )
    index = place.to_series()
    if len(index) != len(values):
        index = pl.Series([0] * len(values))
    labels = index.replace_strict(dict(enumerate(names)), return_dtype=pl.String)
    return labels.zip_with(values.is_not_null(), pl.Series([NOTHING] * len(values))), edges


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
