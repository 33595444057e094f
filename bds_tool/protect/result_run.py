"""Protecting a `.result`: hide rows, audit what would be published, and only then write it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.pools import in_processes
from bds_tool.base.text import t
from bds_tool.indicators.result import (
    FIGURES,
    PROTECTED,
    UNPROVEN,
    Result,
    indicator_rows,
    read_result,
    spans,
    write_result,
)
from bds_tool.protect.cube import BREAKDOWNS
from bds_tool.protect.files import require_proof, require_safe
from bds_tool.protect.ledger import Ledger, bind
from bds_tool.protect.result_model import Indicator, groups, protect_group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import polars as pl

    from bds_tool.protect.audit import Verdict
    from bds_tool.protect.audit.result_file import ResultClaims
    from bds_tool.protect.policy import Policy

ROW = ("area", "period", *BREAKDOWNS)
#: A certificate as changes of rows: its number, the row of the result, the count (0, 1, 2) and the change.
CHANGES = ("of", "row", "count", "delta")
#: From this many rows on, other processes pay for their start.
PARALLEL_ROWS = 50_000
OK, HIDDEN, NO_DATA, TOO_LOW = "ok", "verborgen", "geen_gegevens", "niet_op_dit_niveau"


@dataclass
class ProtectedResult:
    """A result that passed: what is published, what is kept inside, and the verdict of the audit.

    `facts`: per count that had to be protected its row (`_row`), `telling`, true value (`waar`) and certified range.
    `floors`: see `_floors`. `proofs`: indicator → file with its certificates as changes of rows, for the audit; all
    together they are larger than memory.
    """

    frame: pl.DataFrame
    meta: dict[str, Any]
    facts: pl.DataFrame
    floors: pl.DataFrame
    proofs: dict[str, Path]
    verdict: Verdict

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
    book = Ledger.open(ledger) if ledger else None
    before = [*(Path(p) for p in earlier), *(book.paths() if book else [])]
    with tempfile.TemporaryDirectory(prefix="bds-") as name:
        folder = Path(name)
        made = protect_frame(result, policy, folder, quality=quality, ledger=book)
        draft = write_result(folder / "draft.result", made.frame, made.meta)
        made.verdict = audit_results(
            draft.path,
            before,
            width=policy.least_width,
            judged=judged_rows(made),
            floors=made.floors,
            claims=claims(made, result),
        )
    require_safe(made.verdict)
    made.meta["audit"] = {"safe": True, "judged": made.verdict.judged, "solved": made.verdict.solved}
    write_result(target, made.frame, made.meta, replace=replace)
    if book:
        book.add(target, made.meta)
    return made


def protect_frame(
    result: Result, policy: Policy, folder: Path, *, quality: bool = False, ledger: Ledger | None = None
) -> ProtectedResult:
    """Choose the rows to hide and prove them; nothing is published or audited yet. Proofs go into `folder`."""
    import polars as pl

    from bds_tool.protect.audit import Verdict

    frame = result.counts().collect()
    definitions = result.meta.get("definitions") or {}
    bonds = bind(ledger, frame, result.meta) if ledger and ledger.releases else None
    hidden = np.zeros(frame.height, dtype=bool)
    known = np.zeros(frame.height, dtype=bool)
    group_of: dict[str, int] = {}
    whole: list[str] = []
    facts, floors = [_facts()], []
    proofs: dict[str, Path] = {}
    work = partial(_proven, policy=policy, folder=folder, quality=quality)
    number = int(os.environ.get("BDS_PROCESSES", "1"))
    found = groups(frame, definitions, policy, bonds)
    side_by_side = number > 1 and frame.height >= PARALLEL_ROWS
    for place, done in enumerate(in_processes(work, found, number) if side_by_side else map(work, found)):
        for one in done:
            hidden[one.hidden] = True
            known[one.known] = True
            group_of[one.id] = place
            whole += [one.id] if one.whole else []
            facts.append(one.facts)
            floors.append(one.floors)
            proofs[one.id] = one.proof
    published = _published(frame, hidden, known)
    meta = {
        **result.meta,
        "status": PROTECTED,
        "policy": dict(policy.data),
        "populations": group_of,
        "whole": whole,
        "statuses": {s: int((published["status"] == s).sum()) for s in (OK, HIDDEN, NO_DATA, TOO_LOW)},
    }
    empty = np.zeros(0)
    nothing = Verdict([], empty, empty, 0, 0, 0, 0)
    return ProtectedResult(published, meta, pl.concat(facts), pl.concat(floors), proofs, nothing)


@dataclass
class _Proven:
    """What protecting one indicator gives: rows of the result by number, its share of the tables, its certificates."""

    id: str
    hidden: Any
    known: Any
    whole: bool
    facts: pl.DataFrame
    floors: pl.DataFrame
    proof: Path


def _proven(group: list[Indicator], policy: Policy, folder: Path, *, quality: bool) -> list[_Proven]:
    """Hide rows of the indicators of one population. Raises WithheldError where proof lacks."""
    for outcome in protect_group(group, policy, quality=quality):
        require_proof(outcome)
    done = []
    for indicator in group:
        assert indicator.outcome is not None  # noqa: S101  # protect_group gives one to each
        rows = indicator.frame["_row"].to_numpy()
        proof = folder / f"{rows[0]}.parquet"
        _changes(indicator).write_parquet(proof, compression="lz4")
        done.append(
            _Proven(
                indicator.id,
                rows[indicator.rows_of(indicator.outcome.hidden)],
                rows[~indicator.withheld],
                indicator.whole,
                _facts(_certified(indicator)),
                _floors(indicator),
                proof,
            )
        )
    return done


def _published(frame: pl.DataFrame, hidden: Any, known: Any) -> pl.DataFrame:  # noqa: ANN401
    import polars as pl

    status = (
        pl.when(~pl.Series(known))
        .then(pl.lit(TOO_LOW))
        .when(pl.Series(hidden))
        .then(pl.lit(HIDDEN))
        .when(pl.col("n") == 0)
        .then(pl.lit(NO_DATA))
        .otherwise(pl.lit(OK))
    )
    frame = frame.with_columns(status.alias("status"))
    secret = pl.col("status").is_in([HIDDEN, TOO_LOW])
    emptied = [*FIGURES, "reliability"]
    frame = frame.with_columns(
        pl.lit(None, dtype=frame[c].dtype).alias(c) for c in UNPROVEN if c in frame.columns
    )
    frame = frame.with_columns(
        pl.when(secret).then(None).otherwise(pl.col(c)).alias(c) for c in emptied if c in frame.columns
    )
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


def _facts(rows: Iterable[tuple[int, str, int, int, int]] = ()) -> pl.DataFrame:
    import polars as pl

    whole = dict.fromkeys(("waar", "laag", "hoog"), pl.Int64)
    return pl.DataFrame(list(rows), schema={"_row": pl.UInt32, "telling": pl.String, **whole}, orient="row")


def _certified(indicator: Indicator) -> Iterator[tuple[int, str, int, int, int]]:
    """Row, count, true value and certified range of what was protected: the counts of a row, and its population."""
    from bds_tool.protect.certificate import ranges
    from bds_tool.protect.result_model import M, X, Y, carrier

    names = {X: "teller", Y: "complement", M: "ontbrekend"}
    numbers = indicator.frame["_row"].to_numpy()
    where: dict[tuple[int, int], list[int]] = {}
    labels, flats = np.nonzero(indicator.cube.row >= 0)
    for label, flat in zip(labels.tolist(), flats.tolist(), strict=True):
        node = int(indicator.cube.tree.label_node[label])
        where.setdefault((node, flat), []).append(int(numbers[indicator.cube.row[label, flat]]))
    assert indicator.outcome is not None  # noqa: S101  # the caller skips indicators without one
    for p, (low, high) in ranges(indicator.outcome.problem, indicator.outcome.certificates).items():
        value = int(indicator.counts[p.quantity, p.node, p.flat])
        yield from ((r, names[p.quantity], value, low, high) for r in where.get((p.node, p.flat), []))
    if indicator.population is None:
        return
    problem = indicator.population.problem
    moves = carrier(indicator)
    numerator = indicator.mean and moves == X
    carried = {(p.node, p.flat) for p in indicator.carried}
    for p, (low, high) in ranges(problem, indicator.population.certificates).items():
        count = int(indicator.counts[moves, p.node, p.flat])
        total = int(indicator.counts[:, p.node, p.flat].sum())
        # The range is told for the room that all indicators share: the distance is what counts.
        down, up = int(problem.values[0, p.node, p.flat]) - low, high - int(problem.values[0, p.node, p.flat])
        covers = numerator or (p.node, p.flat) in carried
        for r in where.get((p.node, p.flat), []):
            yield r, "populatie", total, total - down, total + up
            if covers:
                yield r, names[moves], count, count - down, count + up


def judged_rows(made: ProtectedResult) -> Callable[[str], pl.DataFrame]:
    """Of an indicator, the counts that the audit must find secret: the primary ones."""
    return lambda name: made.internal(name).drop("waar", "laag", "hoog")


def claims(made: ProtectedResult, result: Result) -> Callable[[str], ResultClaims | None]:
    """Of an indicator, what the audit is told of why its hidden rows are safe: the counts, and the certificates."""
    import polars as pl

    from bds_tool.protect.audit.result_file import ResultClaims

    where = spans(result.counts().select("indicator").collect()["indicator"])
    rows = result.counts().select("indicator", *ROW, "n", "x", "missing")

    def told(name: str) -> ResultClaims | None:
        if name not in made.proofs:
            return None
        start = indicator_rows(rows, name, where).collect()
        of, row, count, delta = (c.to_numpy().astype(np.int64) for c in pl.read_parquet(made.proofs[name]))
        line = np.searchsorted(start["_row"].to_numpy(), row)
        return ResultClaims(start.drop("_row", "indicator"), of, line, count, delta)

    return told


def _changes(indicator: Indicator) -> pl.DataFrame:
    """The certificates as changes of rows (CHANGES)."""
    import polars as pl

    from bds_tool.protect.certificate import entries
    from bds_tool.protect.result_model import carrier

    cube, parts, first = indicator.cube, [], 0
    numbers = indicator.frame["_row"].to_numpy().astype(np.int64)
    for outcome, by in ((indicator.outcome, None), (indicator.population, carrier(indicator))):
        if outcome is None:
            continue
        of, nodes, flats, deltas = entries(outcome.certificates)
        each, label = cube.tree.labels_of(nodes)
        at = cube.row[label, flats[each]]
        of, delta, row = of[each][at >= 0], deltas[each][at >= 0], numbers[at[at >= 0]]
        for sign, counts in (
            (1, [c.gains if by is None else by for c in outcome.certificates]),
            (-1, [c.loses for c in outcome.certificates]),
        ):
            count = np.array(counts, dtype=np.int64)[of]
            use = count >= 0
            parts.append((of[use] + first, row[use], count[use], sign * delta[use]))
        first += len(outcome.certificates)
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pl.DataFrame(dict(zip(CHANGES, columns, strict=True))).cast(pl.Int32)


def _floors(indicator: Indicator) -> pl.DataFrame:
    """What the attacker takes for granted of hidden rows: the least numerator and complement, where above zero."""
    import polars as pl

    assert indicator.outcome is not None  # noqa: S101  # it was protected
    lower = indicator.outcome.problem.lower
    labels, flats = np.nonzero(
        (indicator.cube.row >= 0) & (lower[:2].max(axis=0) > 0)[indicator.cube.tree.label_node]
    )
    nodes = indicator.cube.tree.label_node[labels]
    rows = indicator.frame[indicator.cube.row[labels, flats]].select(
        "indicator", "area", "period", *BREAKDOWNS
    )
    return rows.with_columns(
        pl.Series("low_x", lower[0][nodes, flats]), pl.Series("low_y", lower[1][nodes, flats])
    )


def result_summary(made: ProtectedResult) -> dict[str, Any]:
    """Totals that may be told to everyone."""
    statuses = made.meta["statuses"]
    return {
        "cells": made.frame.height,
        "hidden": statuses[HIDDEN],
        "share_hidden": statuses[HIDDEN] / max(1, made.frame.height),
        "primary": made.facts["_row"].n_unique(),
        "withheld_level": statuses[TOO_LOW],
        "whole": made.meta["whole"],
        "audit_solved": made.verdict.solved,
    }
