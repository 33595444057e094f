"""One way in for `bds protect`: by method of the policy and kind of source, to facts and the internal report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.protect import left_out
from bds_tool.protect.collapse import result_proposals
from bds_tool.protect.files import protect_table, round_table, summary
from bds_tool.protect.ledger import Ledger, held, other_kind
from bds_tool.protect.result_run import protect_result, result_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from bds_tool.indicators.told import ProtectedTold
    from bds_tool.protect.policy import Policy
    from bds_tool.protect.statement import Totals

#: Totals, and the internal report when it is asked for (None: there is none).
Made = tuple["Totals", "Callable[[], pl.DataFrame] | None"]


def run_result(
    source: Path,
    policy: Policy,
    target: Path,
    *,
    quality: bool = False,
    earlier: Sequence[Path] = (),
    ledger: Path | None = None,
    replace: bool = False,
) -> Made:
    """Protect a `.result` by the method of the policy. Raises UsageError for a result without figures."""
    _require_figures(source)
    if policy.method == "suppress":
        made = protect_result(
            source, policy, target, quality=quality, earlier=earlier, ledger=ledger, replace=replace
        )
        return {**result_summary(made), "proposals": result_proposals(made.frame)}, made.internal
    if policy.method == "round":
        with held(ledger):
            book = Ledger.open(ledger) if ledger else None
            if earlier or (book and book.releases):
                raise other_kind()
            facts, meta = _rounded_result(source, policy, target, replace=replace)
            if book:
                book.add(target, meta)
        return facts, None
    raise UsageError(
        t(
            "De celsleutelmethode rekent met kinderen, niet met getelde resultaten.",
            "The cell key method works on children, not on counted results.",
        ),
        t(
            "Geef een tabel met een regel per kind en een beschrijving met record: KOLOM.",
            "Give a table with a line per child and a description with record: COLUMN.",
        ),
    )


def _require_figures(source: Path) -> None:
    import polars as pl

    from bds_tool.indicators.result import read_result

    if not read_result(source).counts().select(pl.len()).collect().item():
        raise UsageError(
            t(
                f"{source.name} bevat geen cijfers: er is niets te beveiligen.",
                f"{source.name} holds no figures: there is nothing to protect.",
            ),
            t(
                "Kies gegevens, of bij bds indicator compute een --period, waarover is geregistreerd.",
                "Choose data, or a --period of bds indicator compute, in which was registered.",
            ),
        )


def _rounded_result(
    source: Path, policy: Policy, target: Path, *, replace: bool
) -> tuple[Totals, ProtectedTold]:
    from bds_tool.indicators.result import PROTECTED, read_result, write_result
    from bds_tool.protect.full_grid import filled, without_hidden_units
    from bds_tool.protect.result_run import ordered
    from bds_tool.protect.rounded_audit import not_narrowed
    from bds_tool.protect.rounding import HIDDEN, round_result
    from bds_tool.protect.seal import public_meta, seal_facts, sealer

    result = read_result(source)
    if result.protected:
        raise UsageError(t(f"{source.name} is al beschermd.", f"{source.name} is protected already."))
    counted = ordered(filled(result.counts().collect(), result.meta.get("empty_areas", ())))
    frame, attacked, recovered = not_narrowed(round_result(counted, policy), counted, result.meta, policy)
    frame = without_hidden_units(frame)
    hidden = int((frame["status"] == HIDDEN).sum())
    meta: ProtectedTold = {
        **public_meta(result.meta),
        "status": PROTECTED,
        "policy": policy.told,
        "method": policy.method,
        "proven": False,
        "left_out": left_out.published(result.meta, frame, policy),
    }
    write_result(target, frame, meta, replace=replace, finish=sealer(seal_facts(meta, safe=False)))
    facts: Totals = {
        "cells": frame.height,
        "hidden": hidden,
        "share_hidden": hidden / max(1, frame.height),
        "attacked": attacked,
        "recovered": recovered,
    }
    return facts, meta


def run_table(
    source: Path,
    description: Path,
    policy: Policy,
    target: Path,
    *,
    quality: bool = False,
    earlier: Sequence[Path] = (),
    key_file: Path | None = None,
    replace: bool = False,
) -> Made:
    """Protect a count table by the method of the policy."""
    if target.exists() and not replace:
        raise UsageError(
            t(f"{target} bestaat al.", f"{target} exists already."),
            t("Kies een andere naam of geef --force.", "Choose another name or give --force."),
        )
    if policy.method == "round":
        return round_table(source, description, policy, target), None
    if policy.method == "cellkey":
        from bds_tool.protect.cell_release import cellkey_table

        return cellkey_table(source, description, policy, target, key_file), None
    made = protect_table(source, description, policy, target, quality=quality, earlier=earlier)
    return {**summary(made), "proposals": made.proposals}, lambda: made.publication.internal
