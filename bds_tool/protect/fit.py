"""What in the rows and metadata of a protected result may not be published, whatever a seal says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import number, t
from bds_tool.indicators.result import (
    BREAKDOWNS,
    COLUMNS,
    COUNTS_FILE,
    FIGURES,
    LEVELS,
    UNPROVEN,
    Result,
    counts_schema,
)
from bds_tool.protect import left_out
from bds_tool.protect.coding import CODED, fits
from bds_tool.protect.policy import Policy, build

if TYPE_CHECKING:
    import polars as pl

OK, HIDDEN, NO_DATA, TOO_LOW, ROUNDED = "ok", "verborgen", "geen_gegevens", "niet_op_dit_niveau", "afgerond"
SECRET = (HIDDEN, TOO_LOW)
WORDS = {"suppress": {OK, HIDDEN, NO_DATA, TOO_LOW, CODED}, "round": {ROUNDED, HIDDEN}}
#: What a published result says of itself; everything else stays inside.
PUBLIC_META = frozenset(
    [
        "layout",
        "status",
        "created",
        "program",
        "definitions",
        "relations",
        "bds_versions",
        "period",
        "levels",
        "by",
        "area_tables",
        "settings",
        "notes",
        "policy",
        "populations",
        "whole",
        "statuses",
        "method",
        "proven",
        "audit",
        "merged",
        "standardised",
        "unplaced",
        "left_out",
    ]
)
#: Notes that may be published, by name; what is in none of these stays inside.
PUBLIC_NOTES = frozenset(["breakdowns", "residents", "delivery", "versions", "merged", "round"])
#: Cells of a row that only a shown row has.
TOLD = (*FIGURES, "reliability", "method")
#: Cells of a row that tells a class.
OF_CLASS = ("n", "missing", "lower", "upper", "method")
KEY = ("indicator", "area", "period", *BREAKDOWNS)


def unfit(result: Result, shown_before: int = 0) -> Iterator[str]:
    """What in the rows themselves may not be published, whatever a seal says.

    `shown_before`: rows that the policy would hide, had an earlier release not shown them.
    """
    import polars as pl
    import pyarrow.parquet as pq

    strange = sorted(set(result.meta) - PUBLIC_META)
    if strange:
        yield t(f"onbekende gegevens: {', '.join(strange)}", f"unknown metadata: {', '.join(strange)}")
    notes = result.meta.get("notes") or {}
    if not isinstance(notes, dict) or set(notes) - PUBLIC_NOTES:
        yield t("er staan onbekende opmerkingen bij", "it has unknown notes")
    schema = pq.read_schema(result.path / COUNTS_FILE)
    if schema.names != list(COLUMNS) or [f.type for f in schema] != [f.type for f in counts_schema()]:
        yield t("er zijn andere kolommen dan een resultaat heeft", "it has other columns than a result has")
        return
    if schema.metadata or pq.ParquetFile(result.path / COUNTS_FILE).metadata.metadata:
        yield t("er staat meer in het bestand dan rijen", "the file holds more than rows")
    try:
        policy = build(result.meta["policy"])
    except (KeyError, TypeError, ValueError):
        yield t("het beleid ontbreekt", "the policy is missing")
        return
    frame = result.counts().collect()
    words = set(frame["status"].unique().to_list())
    unknown = words - WORDS.get(policy.method, set())
    if unknown:
        yield t("er staan onbekende woorden in status", "status holds unknown words")
    if frame.select(KEY).is_duplicated().any():
        yield t("er zijn rijen dubbel", "there are double rows")
    if not set(frame["level"].unique().to_list()) <= set(LEVELS):
        yield t("er is een onbekend niveau", "there is an unknown level")
    if set(frame["indicator"].unique().to_list()) - set(result.meta.get("definitions") or {}):
        yield t("er is een indicator zonder definitie", "there is an indicator without a definition")
    hidden = frame.filter(pl.col("status").is_in(SECRET))
    filled = [c for c in TOLD if hidden[c].null_count() < hidden.height]
    if filled:
        yield t(f"verborgen rijen tonen {', '.join(filled)}", f"hidden rows show {', '.join(filled)}")
    yield from _classes(frame.filter(pl.col("status") == CODED), policy, result.meta)
    shown = frame.filter(~pl.col("status").is_in(SECRET))
    if any(shown[c].null_count() < shown.height for c in UNPROVEN):
        yield t("er staan getallen die niet zijn beveiligd", "there are figures that were not protected")
    if shown["n"].null_count():
        yield t("getoonde rijen hebben geen noemer", "shown rows have no denominator")
    if policy.method == "suppress":
        count = forbidden(shown, policy, result.meta).height
        if count > shown_before:
            yield t(
                f"{number(count)} rijen tonen wat het beleid verbergt",
                f"{number(count)} rows show what the policy hides",
            )
        yield from _too_low(shown, policy, result.meta)
    yield from left_out.faults(result.meta, frame, policy)
    wrong = _inconsistent(shown, result.meta)
    if wrong:
        yield t(
            f"in {number(wrong)} rijen kloppen waarde en aantallen niet",
            f"in {number(wrong)} rows value and counts differ",
        )


def _classes(coded: pl.DataFrame, policy: Policy, meta: Mapping[str, Any]) -> Iterator[str]:
    """Rows that tell a class tell nothing else, and one that the policy gives to their denominator."""
    rule = policy.part("coding")
    if not coded.height:
        return
    empty = [c for c in TOLD if c not in (*OF_CLASS, "resident")]
    known = meta.get("definitions") or {}
    good = (
        bool(rule)
        and all(coded[c].null_count() == coded.height for c in empty)
        and all(coded[c].null_count() == 0 for c in OF_CLASS)
        and set(coded["method"].unique().to_list()) == {CODED}
        and not any(policy.sensitive(i, known.get(i) or {}) for i in coded["indicator"].unique().to_list())
        and bool(
            fits(coded["n"].to_numpy(), coded["lower"].to_numpy(), coded["upper"].to_numpy(), rule).all()
        )
    )
    if not good:
        yield t("een klasse is een andere dan het beleid geeft", "a class is another than the policy gives")


def forbidden(shown: pl.DataFrame, policy: Policy, meta: Mapping[str, Any]) -> pl.DataFrame:
    """Shown rows with counts that the policy does not let anybody show; `meta` tells which side of an indicator harms."""
    import polars as pl

    least = pl.col("level").replace_strict(
        {v: policy.denominator_at(v) for v in LEVELS}, default=policy.denominator
    )
    n, x, m = pl.col("n"), pl.col("x"), pl.col("missing").fill_null(0)
    small = (n > 0) & (n < least)
    sides = {i: policy.sides(d) for i, d in (meta.get("definitions") or {}).items()}
    for value, threshold, zero, side in (
        (x, policy.numerator, policy.zeros_shown, 0),
        (n - x, policy.complement, policy.full_shown, 1),
    ):
        low = (n > 0) & (value < threshold) & ~((value == 0) & pl.lit(zero))
        harmless = [i for i, harms in sides.items() if not harms[side]]
        low &= ~pl.col("indicator").is_in(harmless)
        small |= low.fill_null(value=False)
    small |= (n == 0) & (m > 0) & (m < least)
    small |= (n < 0) | (m < 0) | (x < 0).fill_null(value=False) | (x > n).fill_null(value=False)
    return shown.filter(small)


def _too_low(shown: pl.DataFrame, policy: Policy, meta: Mapping[str, Any]) -> Iterator[str]:
    import polars as pl

    lowest = {i: policy.lowest_level(i, d) for i, d in (meta.get("definitions") or {}).items()}
    deeper = [(i, level) for i, low in lowest.items() if low for level in LEVELS[LEVELS.index(low) + 1 :]]
    if deeper:
        below = shown.join(
            pl.DataFrame(deeper, schema=["indicator", "level"], orient="row"),
            on=["indicator", "level"],
            how="semi",
        )
        if below.height:
            yield t(
                "een gevoelige indicator staat op een te laag niveau",
                "a sensitive indicator is at too low a level",
            )


def _inconsistent(shown: pl.DataFrame, meta: Mapping[str, Any]) -> int:
    """Rows whose value is not that of their counts."""
    import polars as pl

    if meta.get("method") == "round":
        return 0
    scale = {i: float(d.get("scale") or 100.0) for i, d in (meta.get("definitions") or {}).items()}
    counted = shown.filter((pl.col("n") > 0) & pl.col("value").is_not_null())
    told = (
        pl.when(pl.col("x").is_null())
        .then(pl.col("sum"))
        .otherwise(pl.col("x") * pl.col("indicator").replace_strict(scale, default=100.0))
    )
    away = (pl.col("value") - told / pl.col("n")).abs() > 1e-6 * pl.max_horizontal(
        pl.lit(1.0), pl.col("value").abs()
    )
    bad = away.fill_null(value=False) | (pl.col("lower") > pl.col("value") + 1e-9).fill_null(value=False)
    bad |= (pl.col("upper") < pl.col("value") - 1e-9).fill_null(value=False)
    return counted.filter(bad).height
