"""A table of loose rows: one per child and moment, without any key, in bands, each row shared by at least k children.

Rows of one child cannot be put together again: no key, no order, no exact age. Numbers become bands with round edges,
codes that few have become `overig`; whole rows that fewer than k children share are left out, and so is a group of the
same traits in which an outcome is the same for all (l). What that costs is measured and told.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError, WithheldError
from bds_tool.base.files import atomic_dir
from bds_tool.base.text import number, t
from bds_tool.export.extracts.traits import objecting, people_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from bds_tool.store import Store

#: What stands where a child has no value for an outcome, and where its code is too rare to be named.
NOTHING, RARE = "niet vastgelegd", "overig"


@dataclass
class ResearchTable:
    """The rows, and what is told about them: bands, rows left out, and what it cost."""

    rows: pl.DataFrame
    facts: dict[str, Any] = field(default_factory=dict)


def write_research_table(table: ResearchTable, target: Path, *, replace: bool = False) -> None:
    """`tabel.csv`, `tabel.parquet` and `_tabel.json` in a folder."""
    with atomic_dir(target, replace=replace) as folder:
        table.rows.write_csv(folder / "tabel.csv")
        table.rows.write_parquet(folder / "tabel.parquet")
        text = json.dumps(table.facts, ensure_ascii=False, indent=2)
        (folder / "_tabel.json").write_text(text + "\n", encoding="utf-8")


def research_table(
    store: Store,
    outcomes: Sequence[int],
    policy: Mapping[str, Any],
    *,
    area: str = "none",
    areas: Path | None = None,
    k: int | None = None,
) -> ResearchTable:
    """Make the table. Raises WithheldError (exit 4) when no step of the policy leaves enough rows; UsageError for an
    outcome that can be no column.
    """
    import polars as pl

    k, least_l, most = k or int(policy["k"]), int(policy["l"]), float(policy["most_dropped"])
    kinds = _outcome_kinds(outcomes)
    rows = store.registraties()
    allowed = rows.join(objecting(rows), on=["bron", "dossier_id"], how="anti")
    refused: list[str] = []
    for step in policy["steps"]:
        traits = [q for q in policy["quasi"] if q["name"] not in step.get("without", ())]
        people = people_of(allowed, traits, area, areas, step.get("birth", "4year"))
        exact = _at_moments(allowed, people, kinds, policy["moments"])
        names = [q["name"] for q in traits]
        banded, bands = _banded(exact, kinds, int(step["bands"]), k)
        columns = ["moment", *names, *[f"bds{n}" for n in kinds]]
        size = pl.len().over(columns) >= k
        diverse = [_diverse(pl.col(f"bds{n}"), ["moment", *names], least_l) for n in kinds]
        # Leaving rows out makes no other row rarer: rows go with all that are like them. Diversity is judged on what
        # is left, so a group that became uniform goes as a whole.
        kept = banded.filter(size).filter(pl.all_horizontal(diverse))
        dropped = banded.height - kept.height
        if banded.height and dropped <= most * banded.height:
            facts = {
                "policy": policy["id"],
                "k": k,
                "l": least_l,
                "most_dropped": most,
                "area": area,
                "columns": columns,
                "bands": bands,
                "rows": kept.height,
                "share_left_out": round(dropped / banded.height, 3),
                "step": step["name"],
                "loss": _loss(banded.join(exact, on="_row", suffix="_exact"), kept, kinds),
                "status": "losse rijen zonder sleutel; geen enkele rij is van minder dan k kinderen",
            }
            # The order says nothing: rows stand in the order of what is in them.
            return ResearchTable(kept.select(columns).sort(columns), facts)
        refused.append(f"{step['name']}: {number(100 * dropped / max(1, banded.height), 1)} %")
    raise WithheldError(
        t(
            f"Bij k={k} valt te veel weg ({'; '.join(refused)}; hoogstens {number(100 * most, 1)} % mag). "
            "Er is niets geschreven.",
            f"With k={k} too much falls out ({'; '.join(refused)}; at most {number(100 * most, 1)} % may). "
            "Nothing was written.",
        ),
        t(
            "Vraag minder uitkomsten tegelijk, laat het gebied weg, of voeg jaren samen.",
            "Ask for fewer outcomes at once, leave the area out, or pool years.",
        ),
    )


def _diverse(column: pl.Expr, group: list[str], least: int) -> pl.Expr:
    """Whether an outcome differs within each group; an outcome that nobody of a group has tells nothing of anybody."""
    return (column.n_unique().over(group) >= least) | (column == NOTHING).all().over(group)


def _outcome_kinds(outcomes: Sequence[int]) -> dict[int, tuple[str, str]]:
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


def _at_moments(
    rows: pl.LazyFrame,
    people: pl.DataFrame,
    kinds: Mapping[int, tuple[str, str]],
    moments: Sequence[Mapping[str, Any]],
) -> pl.DataFrame:
    """One row per child and moment at which at least one outcome was recorded: the last value within the window."""
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
    # What has no date, such as the birth weight, holds at every moment of the child.
    always = (
        told.filter(pl.col("datum").is_null())
        .sort("volgnr", "regel", nulls_last=False)
        .group_by(*who, "bdsnummer")
        .agg(pl.col("waarde").first())
        .pivot("bdsnummer", index=who, values="waarde")
    )
    last = last.join(always, on=who, how="left", suffix="_always") if always.height else last
    for n in kinds:
        given = [c for c in (str(n), f"{n}_always") if c in last.columns]
        last = last.with_columns(pl.coalesce(given) if given else pl.lit(None, pl.String).alias(str(n)))
    last = last.select(*who, "moment", *map(str, kinds))
    wide = last.join(people.drop("_geboren"), left_on=["bron", "dossier_id"], right_on=["_bron", "_dossier"])
    order = pl.col("moment").replace_strict(
        {m["name"]: i for i, m in enumerate(moments)}, return_dtype=pl.Int32
    )
    named = wide.drop("bron", "dossier_id").rename({str(n): f"bds{n}" for n in kinds})
    return named.sort(order, maintain_order=True).with_row_index("_row")


def _banded(
    exact: pl.DataFrame, kinds: Mapping[int, tuple[str, str]], most: int, k: int
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Numbers in at most `most` bands per moment, of about as many children each; codes that fewer than k have together."""
    import polars as pl

    told: dict[str, Any] = {}
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


def _loss(
    both: pl.DataFrame, kept: pl.DataFrame, kinds: Mapping[int, tuple[str, str]]
) -> list[dict[str, Any]]:
    """Per outcome and moment what leaving rows out changed: the largest shift of a share, in percentage points, and for
    numbers the shift of the mean, of the values before they were banded.
    """
    import polars as pl

    told = []
    held = both.filter(pl.col("_row").is_in(kept["_row"].implode()))
    for n, (kind, unit) in kinds.items():
        for (moment,), part in both.group_by("moment", maintain_order=True):
            left = held.filter(pl.col("moment") == moment)
            if not left.height:
                continue
            name = f"bds{n}"
            shares = _shares(part, name).join(_shares(left, name), on=name, how="left", suffix="_after")
            shift = (shares["share"] - shares["share_after"].fill_null(0)).abs().max()
            row = {"outcome": n, "moment": str(moment), "share_points": round(100 * float(str(shift)), 2)}
            if kind == "number":
                before, after = (
                    f[f"{name}_exact"].cast(pl.Float64, strict=False).mean() for f in (part, left)
                )
                if isinstance(before, float) and isinstance(after, float):
                    row |= {"mean_shift": round(after - before, 2), "unit": unit}
            told.append(row)
    return told


def _shares(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    import polars as pl

    return frame.group_by(column).agg((pl.len() / frame.height).alias("share"))
