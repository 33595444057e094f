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
from bds_tool.indicators.relations import Relation, of_result
from bds_tool.indicators.result import (
    LEVELS,
    PROTECTED,
    UNPROVEN,
    Result,
    indicator_rows,
    read_result,
    spans,
    write_result,
)
from bds_tool.protect import proofs
from bds_tool.protect.bundles import protect_group
from bds_tool.protect.coding import CODED, percentages
from bds_tool.protect.cube import BREAKDOWNS
from bds_tool.protect.files import require_proof, require_safe
from bds_tool.protect.full_grid import filled, without_hidden_units
from bds_tool.protect.ledger import Ledger, bind, held
from bds_tool.protect.policy import build
from bds_tool.protect.result_model import Indicator, groups
from bds_tool.protect.fit import forbidden
from bds_tool.protect.seal import public_meta, seal_facts, sealer
from bds_tool.protect.types import Bools, Ints

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from bds_tool.protect.audit import Verdict
    from bds_tool.protect.audit.result_file import ResultClaims
    from bds_tool.protect.policy import Policy

ROW = ("area", "period", *BREAKDOWNS)
#: In place of the least numerators of a class: the row tells the class that it told in an earlier release.
AS_BEFORE = -1
#: From this many rows on, other processes pay for their start.
PARALLEL_ROWS = 50_000
#: Columns of every row, and those of a shown row; what is in neither is not published.
KEPT = ("indicator", "level", "area", "area_name", "parent", "period", *BREAKDOWNS, "status")
SHOWN = (
    *("n", "x", "missing", "value", "lower", "upper", "method", "reference", "reference_test", "trend"),
    *(
        "reliability",
        "sum",
        "sum2",
        "resident",
    ),  # residents are public: beside a shown row they tell nothing new
)
OK, HIDDEN, NO_DATA, TOO_LOW = "ok", "verborgen", "geen_gegevens", "niet_op_dit_niveau"


@dataclass
class ProtectedResult:
    """A result that passed: what is published, what is kept inside, and the verdict of the audit.

    `facts`: per count that had to be protected its row (`_row`), `telling`, true value (`waar`) and certified range.
    `floors`: see `_floors`. `proofs`: indicator → file with its certificates as changes of rows, for the audit; all
    together they are larger than memory. `counted` holds the unprotected rows in the order of `frame`; `relations` are
    those published and those that the counts themselves show.
    """

    frame: pl.DataFrame
    meta: dict[str, Any]
    facts: pl.DataFrame
    floors: pl.DataFrame
    proofs: dict[str, Path]
    verdict: Verdict
    counted: pl.DataFrame
    relations: list[Relation]

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
            made = protect_frame(result, policy, folder, quality=quality, ledger=book)
            draft = write_result(folder / "draft.result", made.frame, made.meta)
            made.verdict = audit_results(
                draft.path,
                before,
                width=policy.least_width,
                judged=judged_rows(made),
                floors=made.floors,
                claims=claims(made),
                relations=made.relations,
            )
        require_safe(made.verdict)
        public = without_hidden_units(made.frame)
        made.meta |= {"audit": {"safe": True}, "unplaced": True, "statuses": statuses(public)}
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


def protect_frame(
    result: Result, policy: Policy, folder: Path, *, quality: bool = False, ledger: Ledger | None = None
) -> ProtectedResult:
    """Choose the rows to hide and prove them; nothing is published or audited yet. Proofs go into `folder`."""
    import polars as pl

    from bds_tool.protect.audit import Verdict

    frame = ordered(filled(result.counts().collect()))
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
    published = _published(frame, hidden, known, coded, policy, before)
    meta = {
        **public_meta(result.meta),
        "status": PROTECTED,
        "policy": dict(policy.data),
        "populations": group_of,
        "whole": whole,
        "statuses": statuses(published),
    }
    empty = np.zeros(0)
    nothing = Verdict([], empty, empty, 0, 0, 0, 0)
    return ProtectedResult(
        published, meta, pl.concat(facts), pl.concat(floors), proof_of, nothing, frame, relations
    )


def statuses(frame: pl.DataFrame) -> dict[str, int]:
    """How many rows have each status."""
    words = (OK, HIDDEN, NO_DATA, TOO_LOW, *((CODED,) if CODED in frame["status"] else ()))
    return {s: int((frame["status"] == s).sum()) for s in words}


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


def _published(
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


def judged_rows(made: ProtectedResult) -> Callable[[str], pl.DataFrame]:
    """Of an indicator, the counts that the audit must find secret: the primary ones."""
    import polars as pl

    policy = build(made.meta["policy"])
    classes = made.frame.filter(pl.col("status") == CODED).select("indicator", *ROW)

    def told(name: str) -> pl.DataFrame:
        mine = (
            classes.filter(pl.col("indicator") == name).with_columns(_c=pl.lit(value=True)).drop("indicator")
        )
        rows = made.internal(name).drop("waar", "laag", "hoog")
        rows = rows.join(mine, on=list(ROW), how="left", nulls_equal=True, maintain_order="left")
        of_class = pl.col("_c").fill_null(value=False) & pl.col("telling").is_in(["teller", "complement"])
        width = pl.when(of_class).then(policy.class_width).otherwise(policy.least_width)
        return rows.with_columns(width.alias("breedte")).drop("_c")

    return told


def claims(made: ProtectedResult) -> Callable[[str], ResultClaims | None]:
    """Of an indicator, what the audit is told of why its hidden rows are safe: the counts, and the certificates."""
    import polars as pl

    from bds_tool.protect.audit.result_file import ResultClaims

    where = spans(made.counted["indicator"])
    rows = made.counted.lazy().select("indicator", *ROW, "n", "x", "missing")

    def told(name: str) -> ResultClaims | None:
        if name not in made.proofs:
            return None
        start = indicator_rows(rows, name, where).collect()
        mine = pl.read_parquet(made.proofs[name]).filter(pl.col("row").is_in(start["_row"].implode()))
        of, row, count, delta = (c.to_numpy().astype(np.int64) for c in mine)
        line = np.searchsorted(start["_row"].to_numpy(), row)
        return ResultClaims(start.drop("_row", "indicator"), of, line, count, delta)

    return told


def result_summary(made: ProtectedResult) -> dict[str, Any]:
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
