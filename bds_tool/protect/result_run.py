"""Protecting a `.result`: hide rows, audit what would be published, and only then write it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.files import scratch
from bds_tool.base.pools import in_processes, processes
from bds_tool.base.text import t
from bds_tool.indicators.relations import of_result
from bds_tool.indicators.result import (
    LEVELS,
    PROTECTED,
    Result,
    read_result,
    spans,
    write_result,
)
from bds_tool.protect import left_out, proofs
from bds_tool.protect.bundles import protect_group
from bds_tool.protect.coding import CODED
from bds_tool.protect.comparisons import compared_again, trends_again
from bds_tool.protect.cube import BREAKDOWNS
from bds_tool.protect.divisions import beside_earlier
from bds_tool.protect.files import UnprovenError, require_proof, require_safe
from bds_tool.protect.fit import forbidden
from bds_tool.protect.full_grid import filled, without_hidden_units
from bds_tool.protect.ledger import Ledger, bind, held
from bds_tool.protect.policy import build
from bds_tool.protect.residents import ceilings
from bds_tool.protect.result_model import Indicator, groups
from bds_tool.protect.room import ROUNDS, show_less
from bds_tool.protect.seal import public_meta, seal_facts, sealer
from bds_tool.protect.told import (
    AS_BEFORE,
    HIDDEN,
    TOO_LOW,
    hidden_whole,
    published,
    same_population,
    statuses,
)
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from bds_tool.indicators.told import ProtectedTold, Relation
    from bds_tool.protect.audit import Verdict
    from bds_tool.protect.audit.result_file import ResultClaims
    from bds_tool.protect.policy import Policy
    from bds_tool.protect.statement import Totals

ROW = ("area", "period", *BREAKDOWNS)
#: From this many rows on, other processes pay for their start.
PARALLEL_ROWS = 50_000


@dataclass
class ProtectedResult:
    """A result that passed: what is published, what is kept inside, and the verdict of the audit.

    `facts`: per count that had to be protected its row (`_row`), `telling`, true value (`waar`) and certified range.
    `floors`: see `_floors`. `proofs`: indicator → file with its certificates as changes of rows, for the audit; all
    together they are larger than memory. `counted` holds the unprotected rows in the order of `frame`; `relations` are
    those published and those that the counts themselves show.
    """

    frame: pl.DataFrame
    meta: ProtectedTold
    facts: pl.DataFrame
    floors: pl.DataFrame
    proofs: dict[str, Path]
    verdict: Verdict
    counted: pl.DataFrame
    relations: list[Relation]
    hidden: Bools
    coded: Ints
    publish: Callable[[Bools, Ints], pl.DataFrame]

    def hide(self, rows: Bools, told: Ints) -> None:
        """Hide more rows; `told`: the least numerators of the class that a row tells instead."""
        self.hidden = self.hidden | rows
        self.coded = np.where(rows, told, self.coded)
        self.frame = self.publish(self.hidden, self.coded)

    def internal(self, indicator: str = "") -> pl.DataFrame:
        """`facts` with the codes of the rows: of one indicator, or of all. Never published."""
        import polars as pl

        keys = self.frame.with_row_index("_row").select(
            "_row", "indicator", "level", "area", "period", *BREAKDOWNS
        )
        if indicator:
            keys = keys.filter(pl.col("indicator") == indicator)
        return keys.join(self.facts, on="_row", how="inner").drop("_row")


def protect_result(
    source: Path,
    policy: Policy,
    target: Path,
    *,
    quality: bool = False,
    earlier: Sequence[Path] = (),
    ledger: Path | None = None,
    replace: bool = False,
) -> ProtectedResult:
    """Protect a result and write it to `target`. Raises WithheldError (exit 4) when proof or audit fails."""
    from bds_tool.protect.audit.result_file import audit_results

    result = read_result(source)
    if result.protected:
        raise UsageError(
            t(f"{source.name} is al beschermd.", f"{source.name} is protected already."),
            t("Geef het resultaat van bds indicator compute.", "Give the result of bds indicator compute."),
        )
    with held(ledger):
        book = Ledger.open(ledger) if ledger else None
        before = [*(Path(p) for p in earlier), *(book.paths() if book else [])]
        with scratch() as folder:
            made = _beside(result, policy, folder, quality=quality, ledger=book)
            live = ceilings(made.counted)

            def attacked(judged: Callable[[str], pl.DataFrame], only: Sequence[str] | None = None) -> Verdict:
                draft = write_result(folder / "draft.result", made.frame, made.meta, replace=True)
                return audit_results(
                    draft.path,
                    before,
                    width=policy.least_width,
                    judged=judged,
                    floors=made.floors,
                    claims=claims(made),
                    relations=made.relations,
                    only=only,
                    ceilings=live,
                )

            made.verdict = _with_room(made, policy, attacked)
        require_safe(made.verdict)
        public = without_hidden_units(made.frame)
        made.meta |= {"audit": {"safe": True}, "unplaced": True, "statuses": statuses(public)}
        # The audit took more for known than is told: what the counts alone show, hidden ones too, stays inside.
        made.meta |= {"populations": same_population(made.meta), "whole": hidden_whole(public)}
        made.meta["left_out"] = left_out.published(result.meta, public, policy)
        shown = public.filter(~public["status"].is_in([HIDDEN, TOO_LOW]))
        facts = seal_facts(
            made.meta,
            safe=True,
            ledger=book.state() if book else "",
            earlier=len(before),
            shown_before=forbidden(shown, policy, made.meta).height if before else 0,
        )
        write_result(target, public, made.meta, replace=replace, finish=sealer(facts))
        if book:
            book.add(target, made.meta)
    return made


def _beside(
    result: Result, policy: Policy, folder: Path, *, quality: bool, ledger: Ledger | None
) -> ProtectedResult:
    """`protect_frame`; where the proof lacks because of what was published before, that is the reason given."""
    try:
        return protect_frame(result, policy, folder, quality=quality, ledger=ledger)
    except UnprovenError as error:
        if ledger is None or not ledger.releases:
            raise
        protect_frame(
            result, policy, folder, quality=quality
        )  # raises as well where the cause is not the ledger
        raise beside_earlier(ledger.history(), result.counts().collect()) from error


def _with_room(made: ProtectedResult, policy: Policy, attacked: Callable[..., Verdict]) -> Verdict:
    """The verdict of the audit, after less is shown beside what is left with fewer values than a class, or than the policy asks
    of what it hides.
    """
    judged = judged_rows(made, of_class=policy.class_width > policy.least_width)
    first = verdict = attacked(judged)
    for _ in range(ROUNDS):
        if not verdict.findings:
            first.findings = []
            return first
        less, told = show_less(made, [f.row for f in verdict.findings], policy)
        if not less.any():
            break
        made.hide(less, told)
        verdict = attacked(judged, sorted({f.row[0] for f in verdict.findings}))
    return attacked(judged_rows(made))


def protect_frame(
    result: Result, policy: Policy, folder: Path, *, quality: bool = False, ledger: Ledger | None = None
) -> ProtectedResult:
    """Choose the rows to hide and prove them; nothing is published or audited yet. Proofs go into `folder`."""
    import polars as pl

    from bds_tool.protect.audit import Verdict

    frame = ordered(filled(result.counts().collect(), result.meta.get("empty_areas", ())))
    definitions = result.meta.get("definitions") or {}
    bonds = bind(ledger, frame, result.meta) if ledger and ledger.releases else None
    relations = of_result(frame, result.meta)
    hidden, coded = np.zeros(frame.height, dtype=bool), np.zeros(frame.height, dtype=np.int64)
    known = np.zeros(frame.height, dtype=bool)
    group_of: dict[str, int] = {}
    whole: list[str] = []
    facts, floors = [proofs.facts()], []
    proof_of: dict[str, Path] = {}
    work = partial(_proven, policy=policy, folder=folder, relations=relations, quality=quality)
    number = processes()
    found = groups(frame, definitions, policy, bonds)
    side_by_side = number > 1 and frame.height >= PARALLEL_ROWS
    for place, done in enumerate(in_processes(work, found, number) if side_by_side else map(work, found)):
        for one in done:
            hidden[one.hidden] = True
            for least, rows in one.coded:
                coded[rows] = least
            known[one.known] = True
            group_of |= dict.fromkeys(one.ids, place)
            whole += one.whole
            facts.append(one.facts)
            floors.append(one.floors)
            proof_of |= dict.fromkeys(one.ids, one.proof)
    before = None
    if bonds is not None:
        hidden |= bonds.frozen.to_numpy()
        before = pl.DataFrame({"low": bonds.low, "high": bonds.high})
        coded[hidden & bonds.low.is_not_null().to_numpy()] = AS_BEFORE

    def publish(hidden: Bools, coded: Ints) -> pl.DataFrame:
        shown = published(frame, hidden, known, coded, policy, before)
        return trends_again(compared_again(shown, result.meta), result.meta)

    shown = publish(hidden, coded)
    meta: ProtectedTold = {
        **public_meta(result.meta),
        "status": PROTECTED,
        "policy": policy.told,
        "populations": group_of,
        "whole": whole,
        "statuses": statuses(shown),
    }
    empty = np.zeros(0)
    nothing = Verdict([], empty, empty, 0, 0, 0, 0)
    return ProtectedResult(
        shown,
        meta,
        pl.concat(facts),
        pl.concat(floors),
        proof_of,
        nothing,
        frame,
        relations,
        hidden,
        coded,
        publish,
    )


def ordered(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in one order, whatever order they came in: what is hidden depends on the content alone."""
    import polars as pl

    level = pl.col("level").replace_strict({v: i for i, v in enumerate(LEVELS)}, default=len(LEVELS))
    return frame.sort("indicator", level, "area", "period", *BREAKDOWNS, nulls_last=True)


@dataclass
class _Proven:
    """What protecting one bundle gives: rows of the result by number, its share of the tables, its certificates."""

    ids: list[str]
    hidden: Any
    coded: list[tuple[int, Any]]
    known: Any
    whole: list[str]
    facts: pl.DataFrame
    floors: pl.DataFrame
    proof: Path


def _proven(
    group: list[Indicator], policy: Policy, folder: Path, relations: Sequence[Relation], *, quality: bool
) -> list[_Proven]:
    """Hide rows of the indicators of one population. Raises WithheldError where proof lacks."""
    import polars as pl

    bundles, outcomes = protect_group(group, policy, quality=quality, relations=relations)
    for outcome in outcomes:
        require_proof(outcome)
    done = []
    for bundle in bundles:
        proof = folder / f"{bundle.members[0].numbers()[0]}.parquet"
        proofs.changes(bundle).write_parquet(proof, compression="lz4")
        done.append(
            _Proven(
                [i.id for i in bundle.members],
                np.concatenate([i.numbers()[i.rows_of(bundle.hidden_of(i))] for i in bundle.members]),
                [
                    (int(i.rule["least"]), i.numbers()[i.rows_of(bundle.coded_of(i))])
                    for i in bundle.members
                    if i.rule
                ],
                np.concatenate([i.numbers()[~i.withheld] for i in bundle.members]),
                bundle.whole(),
                proofs.facts(proofs.certified(bundle)),
                pl.concat(proofs.floors(i) for i in bundle.members),
                proof,
            )
        )
    return done


def judged_rows(made: ProtectedResult, *, of_class: bool = False) -> Callable[[str], pl.DataFrame]:
    """Of an indicator, the counts that the audit must find secret: the primary ones.

    `of_class` asks of every one of them what a class asks; of a denominator of two, all three values at most.
    """
    import polars as pl

    policy = build(made.meta["policy"])
    where = spans(made.frame["indicator"])
    coded = (made.frame["status"] == CODED).to_numpy()
    keys, facts = (
        made.frame.select(ROW),
        made.facts.select("_row", "telling").sort("_row", maintain_order=True),
    )
    number, share = facts["_row"].to_numpy(), facts["telling"].is_in(["teller", "complement"]).to_numpy()
    asked = np.where(share & coded[number], policy.class_width, policy.least_width)
    if of_class:
        n = made.counted["n"].to_numpy()[number]
        asked = np.where(share, np.maximum(asked, np.minimum(policy.class_width, n)), asked)
    facts = facts.with_columns(breedte=pl.Series(asked, dtype=pl.Int64))

    def told(name: str) -> pl.DataFrame:
        first, last = where[name]
        start, stop = np.searchsorted(number, [first, last + 1]).tolist()
        mine = facts.slice(start, stop - start)
        return keys[mine["_row"]].hstack(mine.select("telling", "breedte"))

    return told


def claims(made: ProtectedResult) -> Callable[[str], ResultClaims | None]:
    """Of an indicator, what the audit is told of why its hidden rows are safe: the counts, and the certificates."""
    import polars as pl

    from bds_tool.protect.audit.result_file import ResultClaims

    where = spans(made.counted["indicator"])
    rows = made.counted.select(*ROW, "n", "x", "missing")
    read: dict[Path, tuple[Ints, ...]] = {}

    def told(name: str) -> ResultClaims | None:
        if name not in made.proofs:
            return None
        first, last = where[name]
        file = made.proofs[name]
        if file not in read:
            read.clear()  # those of one bundle come together; all of them are larger than memory
            read[file] = tuple(c.to_numpy().astype(np.int64) for c in pl.read_parquet(file))
        of, row, count, delta = read[file]
        mine = (row >= first) & (row <= last)
        return ResultClaims(
            rows.slice(first, last - first + 1), of[mine], row[mine] - first, count[mine], delta[mine]
        )

    return told


def result_summary(made: ProtectedResult) -> Totals:
    """Totals that may be told to everyone."""
    statuses = made.meta["statuses"]
    return {
        "cells": made.frame.height,
        "hidden": statuses[HIDDEN],
        "share_hidden": statuses[HIDDEN] / max(1, made.frame.height),
        "primary": made.facts["_row"].n_unique(),
        "coded": statuses.get(CODED, 0),
        "withheld_level": statuses[TOO_LOW],
        "whole": made.meta["whole"],
        "audit_solved": made.verdict.solved,
    }
