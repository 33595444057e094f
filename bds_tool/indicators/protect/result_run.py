"""Protecting a `.result`: hide rows, audit what would be published, and only then write it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.errors import UsageError
from bds_tool.indicators.protect.cube import BREAKDOWNS
from bds_tool.indicators.protect.files import require_proof, require_safe
from bds_tool.indicators.protect.ledger import Ledger, bind
from bds_tool.indicators.protect.result_model import Indicator, indicators, populations, protect_group
from bds_tool.indicators.result import FIGURES, PROTECTED, Result, read_result, write_result
from bds_tool.text import t

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

    from bds_tool.indicators.protect.audit import Verdict
    from bds_tool.indicators.protect.audit.result_file import ResultClaims
    from bds_tool.indicators.protect.policy import Policy
    from bds_tool.indicators.protect.table_run import Outcome
    from bds_tool.indicators.protect.types import Ints

ROW = ("area", "period", *BREAKDOWNS)
OK, HIDDEN, NO_DATA, TOO_LOW = "ok", "verborgen", "geen_gegevens", "niet_op_dit_niveau"


@dataclass
class ProtectedResult:
    """A result that passed: what is published, what is kept inside, and the verdict of the audit."""

    frame: pl.DataFrame
    meta: dict[str, Any]
    internal: pl.DataFrame
    indicators: list[Indicator]
    outcomes: list[Outcome]
    verdict: Verdict
    facts: dict[str, Any] = field(default_factory=dict)


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
    from bds_tool.indicators.protect.audit.result_file import audit_results

    result = read_result(source)
    if result.protected:
        raise UsageError(
            t(f"{source.name} is al beschermd.", f"{source.name} is protected already."),
            t("Geef het resultaat van bds indicator compute.", "Give the result of bds indicator compute."),
        )
    book = Ledger.open(ledger) if ledger else None
    made = protect_frame(result, policy, quality=quality, ledger=book)
    before = [*(Path(p) for p in earlier), *(book.paths() if book else [])]
    with tempfile.TemporaryDirectory(prefix="bds-") as folder:
        draft = write_result(Path(folder) / "draft.result", made.frame, made.meta)
        made.verdict = audit_results(
            draft.path,
            before,
            width=policy.least_width,
            judged=judged_rows(made),
            floors=floors(made),
            claims=claims(made, result),
        )
    require_safe(made.verdict)
    made.meta["audit"] = {"safe": True, "judged": made.verdict.judged, "solved": made.verdict.solved}
    write_result(target, made.frame, made.meta, replace=replace)
    if book:
        book.add(target, made.meta)
    return made


def protect_frame(
    result: Result, policy: Policy, *, quality: bool = False, ledger: Ledger | None = None
) -> ProtectedResult:
    """Choose the rows to hide and prove them; nothing is written or audited yet."""
    from bds_tool.indicators.protect.audit import Verdict

    frame = result.counts().collect()
    definitions = result.meta.get("definitions") or {}
    bonds = bind(ledger, frame, result.meta) if ledger and ledger.releases else None
    found = indicators(frame, definitions, policy, bonds)
    outcomes, group_of = [], {}
    for place, group in enumerate(populations(found)):
        group_of.update({i.id: place for i in group})
        outcomes += protect_group(group, policy, quality=quality)
    for outcome in outcomes:
        require_proof(outcome)
    hidden = np.zeros(frame.height, dtype=bool)
    known = np.zeros(frame.height, dtype=bool)
    for indicator in found:
        if indicator.outcome is None:
            continue
        rows = indicator.frame["_row"].to_numpy()
        hidden[rows[indicator.rows_of(indicator.outcome.hidden)]] = True
        known[rows[~indicator.withheld]] = True
    published = _published(frame, hidden, known)
    meta = {
        **result.meta,
        "status": PROTECTED,
        "policy": dict(policy.data),
        "populations": group_of,
        "whole": [i.id for i in found if i.whole],
        "statuses": {s: int((published["status"] == s).sum()) for s in (OK, HIDDEN, NO_DATA, TOO_LOW)},
    }
    empty = np.zeros(0)
    return ProtectedResult(
        published, meta, _internal(frame, found), found, outcomes, Verdict([], empty, empty, 0, 0, 0, 0)
    )


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


def _internal(frame: pl.DataFrame, found: list[Indicator]) -> pl.DataFrame:
    """Per hidden count that had to be protected: its true value and certified range. Never published."""
    import polars as pl

    rows = [r for indicator in found if indicator.outcome for r in _certified(indicator)]
    schema = {"_row": pl.UInt32, "telling": pl.String, "waar": pl.Int64, "laag": pl.Int64, "hoog": pl.Int64}
    facts = pl.DataFrame(rows, schema=schema, orient="row")
    keys = frame.with_row_index("_row").select(
        "_row", "indicator", "level", "area", "period", "sex", "education", "age", "origin", "mother_age"
    )
    return keys.join(facts, on="_row", how="inner").drop("_row")


def _certified(indicator: Indicator) -> Iterator[tuple[int, str, int, int, int]]:
    """Row, count, true value and certified range of what was protected: the counts of a row, and its population."""
    from bds_tool.indicators.protect.certificate import ranges
    from bds_tool.indicators.protect.result_model import M, X, Y, carrier

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


def judged_rows(made: ProtectedResult) -> pl.DataFrame:
    """The counts the audit must find secret: the primary ones."""
    return made.internal.drop("waar", "laag", "hoog")


def claims(made: ProtectedResult, result: Result) -> Callable[[str], ResultClaims | None]:
    """Of an indicator, what the audit is told of why its hidden rows are safe: the counts, and the certificates.

    Made when asked for: of all indicators together it is larger than anything else.
    """
    import polars as pl

    from bds_tool.indicators.protect.audit.result_file import ResultClaims

    found = {i.id: i for i in made.indicators}
    rows = result.counts().select("indicator", *ROW, "n", "x", "missing").with_row_index("_row")

    def told(name: str) -> ResultClaims | None:
        if name not in found:
            return None
        start = rows.filter(pl.col("indicator") == name).collect()
        of, row, count, delta = _changes(found[name])
        line = np.searchsorted(start["_row"].to_numpy(), row)
        return ResultClaims(start.drop("_row", "indicator"), of, line, count, delta)

    return told


def _changes(indicator: Indicator) -> tuple[Ints, Ints, Ints, Ints]:
    """The certificates as changes of rows: number of the certificate, row of the result, count (0, 1, 2), change."""
    from bds_tool.indicators.protect.certificate import entries
    from bds_tool.indicators.protect.result_model import carrier

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
    of, row, count, delta = (np.concatenate(column) for column in zip(*parts, strict=True))
    return of, row, count, delta


def floors(made: ProtectedResult) -> pl.DataFrame:
    """What the attacker takes for granted of hidden rows: the least numerator and complement, where above zero."""
    import polars as pl

    parts = []
    for indicator in made.indicators:
        if indicator.outcome is None:
            continue
        lower = indicator.outcome.problem.lower
        labels, flats = np.nonzero(
            (indicator.cube.row >= 0) & (lower[:2].max(axis=0) > 0)[indicator.cube.tree.label_node]
        )
        nodes = indicator.cube.tree.label_node[labels]
        rows = indicator.frame[indicator.cube.row[labels, flats]].select(
            "indicator", "area", "period", *BREAKDOWNS
        )
        parts.append(
            rows.with_columns(
                pl.Series("low_x", lower[0][nodes, flats]), pl.Series("low_y", lower[1][nodes, flats])
            )
        )
    return pl.concat(parts)


def result_summary(made: ProtectedResult) -> dict[str, Any]:
    """Totals that may be told to everyone."""
    statuses = made.meta["statuses"]
    return {
        "cells": made.frame.height,
        "hidden": statuses[HIDDEN],
        "share_hidden": statuses[HIDDEN] / max(1, made.frame.height),
        "primary": made.internal.select("indicator", "area", "period", *BREAKDOWNS).n_unique()
        if made.internal.height
        else 0,
        "withheld_level": statuses[TOO_LOW],
        "whole": made.meta["whole"],
        "audit_solved": made.verdict.solved,
    }
