"""A table of loose rows: one per child and moment, without any key, in bands, each row shared by at least k children.

Rows of one child cannot be put together again: no key, no order, no exact age. Numbers become bands with round edges,
codes that few have become `overig`; whole rows that fewer than k children share are left out, and so is a group of the
same traits in which an outcome is the same for all (l). What that costs is measured and told.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from bds_tool.base.errors import WithheldError
from bds_tool.base.files import atomic_dir
from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import number, t
from bds_tool.export.extracts.attackers import Attack
from bds_tool.export.extracts.outcomes import NOTHING, Bands, banded, outcome_kinds, recorded
from bds_tool.export.extracts.traits import objecting, people_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from bds_tool.store import Store


class Loss(TypedDict):
    """What the table cost an outcome at a moment: the shift of a share in points, and of a mean in its unit."""

    outcome: int
    moment: str
    share_points: float
    mean_shift: NotRequired[float]
    unit: NotRequired[str]


class ResearchFacts(TypedDict):
    """`_tabel.json`. Loose rows tell `l`; linked rows what attackers find, and the means of bands."""

    policy: str
    k: int
    l: NotRequired[int]  # noqa: E741  # the name in the file
    most_dropped: float
    most_singled_out: NotRequired[float]
    area: str
    columns: list[str]
    bands: dict[str, dict[str, Bands]]
    band_means: NotRequired[dict[str, dict[str, float]]]
    rows: int
    share_left_out: float
    step: str
    loss: list[Loss]
    attackers: NotRequired[list[JsonObject]]
    whole_row_alone: NotRequired[float]
    status: str


@dataclass
class ResearchTable:
    """The rows, and what is told about them: bands, rows left out, and what it cost."""

    rows: pl.DataFrame
    facts: ResearchFacts
    #: What the attackers of the policy find; empty where rows of one child do not hang together.
    attacks: list[Attack] = field(default_factory=list)


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
    kinds = outcome_kinds(outcomes)
    rows = store.registraties()
    allowed = rows.join(objecting(rows), on=["bron", "dossier_id"], how="anti")
    refused: list[str] = []
    for step in policy["steps"]:
        traits = [q for q in policy["quasi"] if q["name"] not in step.get("without", ())]
        people = people_of(allowed, traits, area, areas, step.get("birth", "4year"))
        exact = _at_moments(allowed, people, kinds, policy["moments"])
        names = [q["name"] for q in traits]
        coarse, bands = banded(exact, kinds, int(step["bands"]), k)
        columns = ["moment", *names, *[f"bds{n}" for n in kinds]]
        size = pl.len().over(columns) >= k
        diverse = [_diverse(pl.col(f"bds{n}"), ["moment", *names], least_l) for n in kinds]
        # Leaving rows out makes no other row rarer: rows go with all that are like them. Diversity is judged on what
        # is left, so a group that became uniform goes as a whole.
        kept = coarse.filter(size).filter(pl.all_horizontal(diverse))
        dropped = coarse.height - kept.height
        if coarse.height and dropped <= most * coarse.height:
            facts: ResearchFacts = {
                "policy": policy["id"],
                "k": k,
                "l": least_l,
                "most_dropped": most,
                "area": area,
                "columns": columns,
                "bands": bands,
                "rows": kept.height,
                "share_left_out": round(dropped / coarse.height, 3),
                "step": step["name"],
                "loss": _loss(coarse.join(exact, on="_row", suffix="_exact"), kept, kinds),
                "status": "losse rijen zonder sleutel; geen enkele rij is van minder dan k kinderen",
            }
            # The order says nothing: rows stand in the order of what is in them.
            return ResearchTable(kept.select(columns).sort(columns), facts)
        refused.append(f"{step['name']}: {number(100 * dropped / max(1, coarse.height), 1)} %")
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


def _at_moments(
    rows: pl.LazyFrame,
    people: pl.DataFrame,
    kinds: Mapping[int, tuple[str, str]],
    moments: Sequence[Mapping[str, Any]],
) -> pl.DataFrame:
    """One row per child and moment at which at least one outcome was recorded; what has no date holds at every moment."""
    import polars as pl

    who = ["bron", "dossier_id"]
    last, always = recorded(rows, people, kinds, moments)
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


def _loss(both: pl.DataFrame, kept: pl.DataFrame, kinds: Mapping[int, tuple[str, str]]) -> list[Loss]:
    """Per outcome and moment what leaving rows out changed: the largest shift of a share, in percentage points, and for
    numbers the shift of the mean, of the values before they were banded.
    """
    import polars as pl

    told: list[Loss] = []
    held = both.filter(pl.col("_row").is_in(kept["_row"].implode()))
    for n, (kind, unit) in kinds.items():
        for (moment,), part in both.group_by("moment", maintain_order=True):
            left = held.filter(pl.col("moment") == moment)
            if not left.height:
                continue
            name = f"bds{n}"
            shares = _shares(part, name).join(_shares(left, name), on=name, how="left", suffix="_after")
            shift = (shares["share"] - shares["share_after"].fill_null(0)).abs().max()
            row: Loss = {
                "outcome": n,
                "moment": str(moment),
                "share_points": round(100 * float(str(shift)), 2),
            }
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
