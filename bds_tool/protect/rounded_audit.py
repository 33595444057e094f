"""Rounded figures under attack: sums of rounded counts can tell more than each of them, so what tells too much is hidden.

Rounding has no certificates. The audit attacks what would be published, with all sums and relations, and every count that can
be small must keep enough values. Where one does not, its row and those beside it (and where that does not help, all of that
level and break-down, and the rows that they are part of) are hidden in all indicators that hang together with it, and the
attack begins again; hiding more can only leave more possible.

Whether a count can be small is read from the rounded figures, as the intruder does, never from the count itself: worlds that
are rounded alike are hidden alike, so who runs the program again learns nothing from which rows are hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import WithheldError
from bds_tool.base.files import scratch
from bds_tool.base.text import t
from bds_tool.indicators.relations import members, of_result
from bds_tool.indicators.result import BREAKDOWNS, FIGURES, PROTECTED, TOTAL, write_result
from bds_tool.protect.residents import ceilings
from bds_tool.protect.rounding import HIDDEN

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.protect.policy import Policy

#: A small count keeps at least this many values more than one: nobody knows it to within one. Of fewer children all.
LEAST_WIDTH = 3
#: Rounds of hiding; there are fewer kinds of rows than this in any result.
ROUNDS = 60
ROW = ("area", "period", *BREAKDOWNS)


def not_narrowed(
    frame: pl.DataFrame, counted: pl.DataFrame, meta: Mapping[str, Any], policy: Policy
) -> tuple[pl.DataFrame, int, int]:
    """Rounded rows without those that tell too much; how many small counts were attacked, and how many known in the end.

    Raises WithheldError when hiding does not help.
    """
    import polars as pl

    relations = of_result(counted, meta)
    live = ceilings(counted)
    asked = _asked(counted, live)
    for _ in range(ROUNDS):
        found = _attack(frame, counted, meta, policy, asked, relations, live)
        if not found:
            return frame, _small(counted, policy), 0
        label = _families(counted["indicator"].unique().to_list(), relations)
        keyed = _kinds(frame, label)
        wrong = keyed.join(
            pl.DataFrame(found, schema=["indicator", *ROW], orient="row"),
            on=["indicator", *ROW],
            how="semi",
            nulls_equal=True,
        )
        hide = _next(keyed, wrong, frame["status"] != HIDDEN)
        at = pl.col("_i").is_in(hide["_i"].implode())
        told = [c for c in (*FIGURES, "method", "reliability") if c in frame.columns]
        frame = (
            frame.with_row_index("_i")
            .with_columns(
                *(pl.when(at).then(None).otherwise(pl.col(c)).alias(c) for c in told),
                status=pl.when(at).then(pl.lit(HIDDEN)).otherwise("status"),
            )
            .drop("_i")
        )
    raise WithheldError(
        t(
            "Ook met meer verborgen rijen zijn afgeronde aantallen terug te rekenen. Er is niets geschreven.",
            "With more rows hidden too, rounded counts can be computed back. Nothing was written.",
        ),
        t("Kies een beleid dat verbergt.", "Choose a policy that hides."),
    )


def _next(keyed: pl.DataFrame, wrong: pl.DataFrame, open_: pl.Series) -> pl.DataFrame:
    """The rows to hide next: the first of these in which something is still shown (`open_`, per row of `keyed`): those found
    with their siblings, all rows of their kind, the rows that they are part of, all of their family.
    """
    for alike in (
        ["_family", "_kind", "parent", "period"],
        ["_family", "_kind"],
        ["_family", "area"],
        ["_family"],
    ):
        found = wrong.with_columns(area="parent") if "area" in alike else wrong
        near = found.select(alike).unique()
        hide = keyed.join(near, on=alike, how="semi", nulls_equal=True, maintain_order="left")
        if open_.gather(hide["_i"]).any():
            return hide
    return hide


def _small(counted: pl.DataFrame, policy: Policy) -> int:
    """How many counts must not become known."""
    import polars as pl

    n, x = pl.col("n"), pl.col("x")
    small = [(v > 0) & (v < least) for v, least in ((x, policy.numerator), (n - x, policy.complement))]
    return int(counted.select(pl.sum_horizontal(s.sum() for s in small)).item())


def _asked(counted: pl.DataFrame, live: pl.DataFrame | None) -> pl.DataFrame:
    """Every numerator and complement (indicator, row, telling) with the values it must keep: of fewer children all."""
    import polars as pl

    rows = counted.filter(pl.col("x").is_not_null()).select("indicator", *ROW)
    least = pl.lit(LEAST_WIDTH, dtype=pl.Int64)
    if live is not None:
        rows = rows.join(
            live, on=["indicator", *ROW], how="left", nulls_equal=True, maintain_order="left"
        ).with_columns(most=pl.min_horizontal("most", least))
    else:
        rows = rows.with_columns(most=least)
    rows = rows.with_columns(breedte=pl.col("most").fill_null(LEAST_WIDTH)).drop("most")
    return pl.concat(rows.with_columns(telling=pl.lit(name)) for name in ("teller", "complement"))


def _attack(
    frame: pl.DataFrame,
    counted: pl.DataFrame,
    meta: Mapping[str, Any],
    policy: Policy,
    asked: pl.DataFrame,
    relations: Any,  # noqa: ANN401
    live: pl.DataFrame | None,
) -> list[tuple[str, ...]]:
    """The rows (indicator, ROW) with a count that can be small and keeps too few values."""
    import numpy as np

    from bds_tool.protect.audit.result_file import ResultClaims, audit_results

    none = np.zeros(0, dtype=np.int64)
    rows = {str(name): part for (name,), part in counted.group_by("indicator", maintain_order=True)}
    wanted = {str(name): part.drop("indicator") for (name,), part in asked.group_by("indicator")}
    nobody = asked.clear().drop("indicator")
    told = {**meta, "status": PROTECTED, "policy": dict(policy.data), "method": "round"}
    told = {k: told[k] for k in ("status", "policy", "method", "definitions", "relations") if k in told}
    with scratch() as folder:
        draft = write_result(folder / "draft.result", frame, told)
        verdict = audit_results(
            draft.path,
            judged=lambda name: wanted.get(name, nobody),
            claims=lambda name: ResultClaims(
                rows[name].select(*ROW, "n", "x", "missing"), none, none, none, none
            ),
            relations=relations,
            quick=True,
            ceilings=live,
        )
    least = max(policy.numerator, policy.complement)
    return [f.row for f in verdict.findings if f.low < least and f.high > 0]


def _families(names: list[str], relations: Any) -> dict[str, str]:  # noqa: ANN401
    label = {n: n for n in names}
    for relation in relations:
        joined = {label[n] for n in members(relation) if n in label}
        if len(joined) > 1:
            label = {n: min(joined) if old in joined else old for n, old in label.items()}
    return label


def _kinds(frame: pl.DataFrame, label: Mapping[str, str]) -> pl.DataFrame:
    """Rows by number with the family of their indicator and their kind: level, years or years together, break-downs."""
    import polars as pl

    kind = pl.concat_str(
        "level",
        pl.col("period").str.contains("-", literal=True).cast(pl.String),
        *((pl.col(b) == TOTAL).cast(pl.String) for b in BREAKDOWNS),
        separator=" ",
    )
    return frame.with_row_index("_i").select(
        "_i",
        "indicator",
        "parent",
        *ROW,
        _family=pl.col("indicator").replace_strict(label, default=None, return_dtype=pl.String),
        _kind=kind,
    )
