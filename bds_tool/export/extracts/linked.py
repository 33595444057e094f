"""Linked data that may be open: one row per child without any key, in which no attacker of the policy finds one alone.

A row holds the traits, what has no date (birth weight), and per moment the outcomes in bands. The outer bands are open, so
that nobody stands out at the top or the bottom; codes that few have are `overig`. Whatever an attacker can know of a child
(one visit, any two visits, all without a date, what it shares with a sibling) is then shared by at least k children, or
the rarest part of it is left out of the row. A policy has steps from fine to coarse; the first that costs little enough
is taken. What the attackers find in the table itself decides whether it is written.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import WithheldError
from bds_tool.base.text import number, t
from bds_tool.export.extracts.attackers import Attack
from bds_tool.export.extracts.outcomes import NOTHING, banded, outcome_kinds, recorded
from bds_tool.export.extracts.research_table import Loss, ResearchFacts, ResearchTable, research_table
from bds_tool.export.extracts.traits import objecting, people_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from bds_tool.store import Store

#: What stands for the moment of values without a date.
UNDATED = ""


def table_for(
    store: Store,
    outcomes: Sequence[int],
    policy: Mapping[str, Any],
    *,
    area: str = "none",
    areas: Path | None = None,
    k: int | None = None,
) -> ResearchTable:
    """The table that the policy describes: linked rows where it names attackers, else loose rows. Raises WithheldError
    (exit 4) when no step of the policy costs little enough; UsageError for an outcome that can be no column.
    """
    make = _linked if "linked" in policy else research_table
    return make(store, outcomes, policy, area=area, areas=areas, k=k)


def _linked(
    store: Store,
    outcomes: Sequence[int],
    policy: Mapping[str, Any],
    *,
    area: str,
    areas: Path | None,
    k: int | None,
) -> ResearchTable:

    k, most, bound = k or int(policy["k"]), float(policy["most_dropped"]), _bound(policy)
    kinds = outcome_kinds(outcomes)
    registered = store.registraties()
    allowed = registered.join(objecting(registered), on=["bron", "dossier_id"], how="anti")
    refused: list[str] = []
    for step in policy["steps"]:
        traits = [q for q in policy["quasi"] if q["name"] not in step.get("without", ())]
        people = people_of(allowed, traits, area, areas, step.get("birth", "4year"))
        names = [q["name"] for q in traits]
        moments = [m for m in policy["moments"] if m["name"] in step.get("moments", [m["name"]])]
        exact = _visits(*recorded(allowed, people, kinds, moments), kinds)
        coarse, bands = banded(exact, kinds, int(step["bands"]), k)
        before = _wide(coarse, people, kinds, moments, names)
        after = _shared(before, names, _groups(before, kinds, moments), policy["linked"]["family"], k)
        visits = _groups(before, kinds, moments).values()
        held, left = (sum(int(_told(f, c).sum()) for c in visits) for f in (before, after))
        dropped = 1 - left / held if held else 1.0
        found = attack(after, names, _groups(after, kinds, moments), policy["linked"])
        worst = max((a.share for a in found), default=1.0)
        if after.height and dropped <= most and worst <= bound:
            loss, means = _cost(before, after, coarse, exact, kinds)
            facts: ResearchFacts = {
                "policy": policy["id"],
                "k": k,
                "most_dropped": most,
                "most_singled_out": bound,
                "area": area,
                "columns": after.columns,
                "bands": bands,
                "band_means": means,
                "rows": after.height,
                "share_left_out": round(dropped, 3),
                "step": step["name"],
                "loss": loss,
                "attackers": [a.as_dict() for a in found],
                "whole_row_alone": round(_alone(after, after.columns), 4),
                "status": "gekoppelde rijen zonder sleutel; wat een aanvaller van het beleid weet, past op ten minste k kinderen",
            }
            # The order says nothing: rows stand in the order of what is in them.
            return ResearchTable(after.sort(after.columns), facts, found)
        refused.append(f"{step['name']}: {number(100 * dropped, 1)} % / {number(100 * worst, 2)} %")
        del exact, coarse, before, after
    raise WithheldError(
        t(
            f"Bij k={k} valt te veel weg of zijn te veel kinderen eruit te halen ({'; '.join(refused)}; hoogstens "
            f"{number(100 * most, 1)} % mag wegvallen en {number(100 * bound, 2)} % eruit te halen zijn). "
            "Er is niets geschreven.",
            f"With k={k} too much falls out or too many children can be singled out ({'; '.join(refused)}; at most "
            f"{number(100 * most, 1)} % may fall out and {number(100 * bound, 2)} % be singled out). Nothing was written.",
        ),
        t(
            "Vraag minder uitkomsten tegelijk, laat het gebied weg, of maak losse rijen (--policy losse-rijen).",
            "Ask for fewer outcomes at once, leave the area out, or make loose rows (--policy losse-rijen).",
        ),
    )


def _bound(policy: Mapping[str, Any]) -> float:
    return float(policy["linked"]["most_singled_out"])


def _visits(last: pl.DataFrame, always: pl.DataFrame, kinds: Mapping[int, Any]) -> pl.DataFrame:
    """Children and moments below each other, with `UNDATED` for what has no date; outcomes as `bdsN`."""
    import polars as pl

    both = pl.concat([last, always.with_columns(pl.lit(UNDATED).alias("moment"))], how="diagonal")
    empty = [pl.lit(None, pl.String).alias(str(n)) for n in kinds if str(n) not in both.columns]
    return both.with_columns(empty).rename({str(n): f"bds{n}" for n in kinds})


def _column(outcome: int, moment: str) -> str:
    return f"bds{outcome} {moment}".strip()


def _wide(
    coarse: pl.DataFrame,
    people: pl.DataFrame,
    kinds: Mapping[int, Any],
    moments: Sequence[Mapping[str, Any]],
    names: list[str],
) -> pl.DataFrame:
    """One row per child of whom anything is told: the traits, and a column per outcome and moment (`NOTHING`: not told)."""
    import polars as pl

    frame = people.select(pl.col("_bron").alias("bron"), pl.col("_dossier").alias("dossier_id"), *names)
    for moment in (UNDATED, *(m["name"] for m in moments)):
        part = coarse.filter(pl.col("moment") == moment)
        there = [n for n in kinds if f"bds{n}" in part.columns and (part[f"bds{n}"] != NOTHING).any()]
        if there:
            told = part.select(
                "bron", "dossier_id", *(pl.col(f"bds{n}").alias(_column(n, moment)) for n in there)
            )
            frame = frame.join(told, on=["bron", "dossier_id"], how="left")
    columns = [c for c in frame.columns if c.startswith("bds")]
    frame = frame.with_columns(pl.col(columns).fill_null(NOTHING))
    return frame.filter(_told_expr(columns)).select(*names, *columns)


def _groups(
    frame: pl.DataFrame, kinds: Mapping[int, Any], moments: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Moment (or `UNDATED`) → its columns."""
    found = {}
    for moment in (UNDATED, *(m["name"] for m in moments)):
        columns = [c for n in kinds if (c := _column(n, moment)) in frame.columns]
        if columns:
            found[moment] = columns
    return found


def _told_expr(columns: Sequence[str]) -> pl.Expr:
    import polars as pl

    return pl.any_horizontal([pl.col(c) != NOTHING for c in columns] or [pl.lit(value=False)])


def _told(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    return frame.select(_told_expr(columns)).to_series()


def _pieces(
    groups: Mapping[str, Sequence[str]], names: Sequence[str], family: Sequence[int]
) -> list[tuple[str, list[str], list[list[str]]]]:
    """Kind of knowledge, the traits known beside it, and the parts of a row that it consists of."""
    kin = {f"bds{n}" for n in family}
    undated = list(groups.get(UNDATED, ()))
    visits = [list(columns) for moment, columns in groups.items() if moment != UNDATED]
    found = [("visit", list(names), [v]) for v in visits]
    found += [("two", list(names), [a, b]) for a, b in itertools.combinations(visits, 2)]
    found += [("child", list(names), [undated])] if undated else []
    parents = [c for c in undated if c in kin]
    # A sibling may be of another sex and year: of the traits only the area is shared.
    return found + ([("family", [n for n in names if n == "gebied"], [parents])] if parents else [])


def _shared(
    frame: pl.DataFrame,
    names: list[str],
    groups: Mapping[str, Sequence[str]],
    family: Sequence[int],
    k: int,
) -> pl.DataFrame:
    """Leave parts of rows out until all that can be known is shared by k children (with a sibling known: k others).

    Of two visits that are rare together, the one goes that is in most of such pairs, and then the rarer one.
    """
    import polars as pl

    pieces = _pieces(groups, names, family)
    while True:
        rare: dict[int, pl.Series] = {}
        for i, (kind, beside, parts) in enumerate(pieces):
            if kind != "two":
                rare[i] = _rare(frame, beside, parts, k + (kind == "family"))
        if not any(r.any() for r in rare.values()):
            break
        for i, mask in rare.items():
            frame = _without(frame, pieces[i][2][0], mask)
    while True:
        pairs = [(parts, _rare(frame, beside, parts, k)) for kind, beside, parts in pieces if kind == "two"]
        if not any(mask.any() for _, mask in pairs):
            break
        visits = [parts[0] for kind, _, parts in pieces if kind == "visit"]
        # Per visit how many rare pairs it is in, and how few share it alone: the highest goes.
        weight = []
        for place, visit in enumerate(visits):
            many = sum(
                (mask.cast(pl.Int64) for parts, mask in pairs if visit in parts),
                pl.Series([0] * frame.height, dtype=pl.Int64),
            )
            share = frame.select(pl.len().over([*names, *visit])).to_series().cast(pl.Float64)
            weight.append((many + (many > 0) / (1.0 + share)).alias(str(place)))
        table = pl.DataFrame(weight)
        best = table.select(pl.max_horizontal(pl.all())).to_series()
        taken = pl.Series([False] * frame.height, dtype=pl.Boolean)
        for place, visit in enumerate(visits):
            mask = (table[str(place)] == best) & (best > 0) & ~taken
            frame, taken = _without(frame, visit, mask), taken | mask
        for visit in visits:
            frame = _without(frame, visit, _rare(frame, names, [visit], k))
    return frame.filter(_told_expr([c for c in frame.columns if c not in names]))


def _rare(frame: pl.DataFrame, beside: list[str], parts: list[list[str]], least: int) -> pl.Series:
    """The rows of which this knowledge fits fewer than `least` rows; not those of which a part is not told."""
    import polars as pl

    there = pl.all_horizontal([_told_expr(p) for p in parts])
    key = [*beside, *(c for p in parts for c in p)]
    return frame.select(there & (pl.len().over(key) < least)).to_series()


def _without(frame: pl.DataFrame, columns: Sequence[str], mask: pl.Series) -> pl.DataFrame:
    import polars as pl

    return frame.with_columns(
        pl.when(mask).then(pl.lit(NOTHING)).otherwise(pl.col(c)).alias(c) for c in columns
    )


# ---- who is found in the table as it is, and what it cost ----


def attack(
    rows: pl.DataFrame, names: list[str], groups: Mapping[str, Sequence[str]], linked: Mapping[str, Any]
) -> list[Attack]:
    """Try the attackers on a table: a child is singled out when what is known fits its row and no other; who knows a
    sibling knows that row and so needs no third.
    """
    import polars as pl

    pieces = _pieces(groups, names, linked["family"])
    found = []
    for one in linked["attackers"]:
        known = pl.Series([False] * rows.height, dtype=pl.Boolean)
        alone = pl.Series([False] * rows.height, dtype=pl.Boolean)
        for kind, beside, parts in pieces:
            if kind == one["way"]:
                there = rows.select(pl.all_horizontal([_told_expr(p) for p in parts])).to_series()
                known |= there
                alone |= _rare(rows, beside, parts, 3 if kind == "family" else 2)
        found.append(
            Attack(one["name"], t(one["title"]["nl"], one["title"]["en"]), int(known.sum()), int(alone.sum()))
        )
    return found


def _alone(rows: pl.DataFrame, columns: Sequence[str]) -> float:
    """Share of the rows that differ from all others in these columns."""
    import polars as pl

    return float((rows.select(pl.len().over(columns)).to_series() == 1).sum()) / max(1, rows.height)


def _cost(
    before: pl.DataFrame,
    after: pl.DataFrame,
    coarse: pl.DataFrame,
    exact: pl.DataFrame,
    kinds: Mapping[int, tuple[str, str]],
) -> tuple[list[Loss], dict[str, dict[str, float]]]:
    """Per column the largest shift of a share (points); for numbers the mean that the table gives less the true one; and
    the largest shift of a share of two moments together. Also the mean of each band, by which a mean is made.
    """
    import polars as pl

    told: list[Loss] = []
    means: dict[str, dict[str, float]] = {}
    for (moment,), part in coarse.group_by("moment", maintain_order=True):
        mine = exact.filter(pl.col("moment") == moment)
        for n, (kind, unit) in kinds.items():
            column, name = _column(n, str(moment)), f"bds{n}"
            if column not in after.columns:
                continue
            old, new = (f.filter(pl.col(column) != NOTHING)[column] for f in (before, after))
            row: Loss = {"outcome": n, "moment": str(moment), "share_points": _shift(old, new)}
            if kind == "number":
                values = mine.select(pl.col(name).cast(pl.Float64, strict=False)).to_series()
                both = pl.DataFrame({"band": part[name], "value": values}).drop_nulls()
                # Of a band that nobody is left in the mean would be that of the few who were taken out.
                kept = both.filter(pl.col("band").is_in(new.unique().implode()))
                each = dict(
                    kept.group_by("band").agg(pl.col("value").mean().round(1)).sort("band").iter_rows()
                )
                means[column] = each
                given = new.replace_strict(each, default=None, return_dtype=pl.Float64).mean()
                true = both["value"].mean()
                if isinstance(given, float) and isinstance(true, float):
                    row |= {"mean_shift": round(given - true, 2), "unit": unit}
            told.append(row)
    for n in kinds:
        columns = [c for c in after.columns if c.startswith(f"bds{n} ")]
        for a, b in itertools.pairwise(columns):
            old, new = (
                f.filter((pl.col(a) != NOTHING) & (pl.col(b) != NOTHING))
                .select(pl.format("{} | {}", a, b).alias("pair"))
                .to_series()
                for f in (before, after)
            )
            if len(new):
                moments = " → ".join(c.removeprefix(f"bds{n} ") for c in (a, b))
                told.append({"outcome": n, "moment": moments, "share_points": _shift(old, new)})
    return told, means


def _shift(old: pl.Series, new: pl.Series) -> float:
    """The largest difference in the share of a value, in percentage points."""
    import polars as pl

    shares = [
        s.alias("v").to_frame().group_by("v").agg((pl.len() / max(1, len(s))).alias("share"))
        for s in (old, new)
    ]
    both = shares[0].join(shares[1], on="v", how="left", suffix="_new").fill_null(0.0)
    return round(100 * float(str((both["share"] - both["share_new"]).abs().max() or 0.0)), 2)
