"""What of each row is published: allow-lists of columns, the words of status, classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bds_tool.indicators.result import UNPROVEN
from bds_tool.protect.coding import CODED, percentages
from bds_tool.protect.cube import BREAKDOWNS

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.policy import Policy
    from bds_tool.protect.types import Bools, Ints

#: In place of the least numerators of a class: the row tells the class that it told in an earlier release.
AS_BEFORE = -1
#: Columns of every row, and those of a shown row; what is in neither is not published.
KEPT = ("indicator", "level", "area", "area_name", "parent", "period", *BREAKDOWNS, "status")
SHOWN = (
    *("n", "x", "missing", "value", "lower", "upper", "method", "reference", "reference_test", "trend"),
    *("reliability", "sum", "sum2"),
    "resident",  # public: beside a shown row it tells nothing new
)
OK, HIDDEN, NO_DATA, TOO_LOW = "ok", "verborgen", "geen_gegevens", "niet_op_dit_niveau"


def statuses(frame: pl.DataFrame) -> dict[str, int]:
    """How many rows have each status."""
    words = (OK, HIDDEN, NO_DATA, TOO_LOW, *((CODED,) if CODED in frame["status"] else ()))
    return {s: int((frame["status"] == s).sum()) for s in words}


def same_population(meta: Mapping[str, Any]) -> dict[str, int]:
    """Per indicator the number of its population, as the public relations say it: never as the counts turned out."""
    names = sorted(meta["definitions"])
    label = {n: n for n in names}
    for relation in meta.get("relations") or []:
        if relation["kind"] == "noemer":
            joined = {label[n] for n in relation["of"] if n in label}
            label = {n: min(joined) if old in joined else old for n, old in label.items()}
    number = {first: k for k, first in enumerate(dict.fromkeys(label.values()))}
    return {n: number[label[n]] for n in names}


def hidden_whole(frame: pl.DataFrame) -> list[str]:
    """The indicators of which every row is hidden; why it is, no row says and this does not."""
    import polars as pl

    words = pl.col("status")
    every = frame.group_by("indicator", maintain_order=True).agg(
        _all=(words == HIDDEN).any() & words.is_in([HIDDEN, TOO_LOW]).all()
    )
    return every.filter("_all")["indicator"].to_list()


def published(
    frame: pl.DataFrame, hidden: Bools, known: Bools, coded: Ints, policy: Policy, before: pl.DataFrame | None
) -> pl.DataFrame:
    import polars as pl

    status = (
        pl.when(~pl.Series(known))
        .then(pl.lit(TOO_LOW))
        .when(pl.Series(coded != 0))
        .then(pl.lit(CODED))
        .when(pl.Series(hidden))
        .then(pl.lit(HIDDEN))
        .when(pl.col("n") == 0)
        .then(pl.lit(NO_DATA))
        .otherwise(pl.lit(OK))
    )
    frame = frame.with_columns(status.alias("status"))
    secret = pl.col("status").is_in([HIDDEN, TOO_LOW, CODED])
    told = frame.select("status", "n", "x", "missing")
    # A column is published because it is known to be safe, never for want of a reason to empty it.
    empty = [c for c in frame.columns if c not in (*KEPT, *SHOWN) or c in UNPROVEN]
    frame = frame.with_columns(
        *(pl.lit(None, dtype=frame[c].dtype).alias(c) for c in empty),
        # A class tells its denominator, so it may tell how many live there too.
        pl.when(pl.col("status").is_in([HIDDEN, TOO_LOW]))
        .then(None)
        .otherwise(pl.col("resident"))
        .alias("resident"),
        *(
            pl.when(secret).then(None).otherwise(pl.col(c)).alias(c)
            for c in SHOWN
            if c in frame.columns and c != "resident"
        ),
    )
    told = told.with_columns(least=pl.Series(coded))
    frame = _with_classes(frame, told if before is None else told.hstack(before), policy)
    by = ["indicator", "area", "sex", "education", "age", "origin", "mother_age"]
    # A trend is told from all years and a reference from a higher area: neither may speak for hidden rows.
    year_hidden = secret.any().over(by)
    above_hidden = (
        (secret & pl.col("level").is_in(["land", "regio"]))
        .any()
        .over(["indicator", "period", "sex", "education", "age", "origin", "mother_age"])
    )
    return frame.with_columns(
        pl.when(year_hidden).then(None).otherwise(pl.col("trend")).alias("trend"),
        *(
            pl.when(above_hidden).then(None).otherwise(pl.col(c)).alias(c)
            for c in ("reference", "reference_test")
        ),
    )


def _with_classes(frame: pl.DataFrame, told: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Of a row that tells a class: the denominator, who is missing, and the bounds of the class in %."""
    import polars as pl

    where = pl.col("status") == CODED
    rows = told.with_row_index("_i").filter(where)
    if not rows.height:
        return frame
    parts = []
    for (least,), part in rows.group_by("least"):
        if least == AS_BEFORE:
            low, high = part["low"].to_numpy(), part["high"].to_numpy()
        else:
            rule = {**policy.part("coding"), "least": least}
            low, high = percentages(part["n"].to_numpy(), part["x"].to_numpy(), rule)
        parts.append(
            part.select("_i", "n", "missing").with_columns(
                lower=pl.Series(low), upper=pl.Series(high), method=pl.lit(CODED)
            )
        )
    classes = pl.concat(parts)
    columns = ("n", "missing", "lower", "upper", "method")
    joined = frame.with_row_index("_i").join(classes, on="_i", how="left", suffix="_c", maintain_order="left")
    return joined.with_columns(
        pl.when(where).then(pl.col(f"{c}_c")).otherwise(pl.col(c)).alias(c) for c in columns
    ).select(frame.columns)
