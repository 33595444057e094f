"""Auditing a published `.result`: rebuild from its rows what an attacker knows, and attack.

Per row there are three counts: x, y = n - x and missing; with n = x + y and N = n + missing. A shown row gives all
of them. N is shared by indicators with the same population, so a row shown for one tells N for the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bds_tool.base.pools import threads
from bds_tool.base.text import t
from bds_tool.protect.audit.attack import Finding, Verdict, attack, narrowed
from bds_tool.protect.audit.linked import Member, Relation, by, excuse_means, families, join, told_by_means
from bds_tool.protect.audit.reach import WITHIN_ONE, Reach
from bds_tool.protect.audit.release import Release, large_enough, open_zeros
from bds_tool.protect.audit.result_grid import CLASS, COUNTS, HIDDEN, KEY, Definition, Grid
from bds_tool.protect.audit.system import Ints, System

if TYPE_CHECKING:
    import polars as pl


#: What a row with a class tells.
CLASS_TELLS = ("n", "missing", "lower", "upper")
#: Families attacked at the same time; memory grows with them.
ATTACKS = 2
_Judged = TypeVar("_Judged")


@dataclass(frozen=True)
class ResultClaims:
    """Changes of one indicator: entry e says that claim `of[e]` adds `delta[e]` to `count[e]` of line `line[e]` of `start`.

    `start` (KEY, n, x, missing) is a table that may agree with the publication, such as the true one; counts are
    0 (numerator; of a mean its denominator), 1 (complement) and 2 (missing).
    """

    start: pl.DataFrame
    of: Ints
    line: Ints
    count: Ints
    delta: Ints


def audit_results(
    path: Path,
    earlier: Sequence[Path] = (),
    *,
    width: int = 1,
    judged: Callable[[str], pl.DataFrame] | None = None,
    floors: pl.DataFrame | None = None,
    claims: Callable[[str], ResultClaims | None] | None = None,
    relations: Sequence[Relation] = (),
    quick: bool = False,
    only: Sequence[str] | None = None,
    ceilings: pl.DataFrame | None = None,
    reach: Reach | None = None,
) -> Verdict:
    """Attack a published result, knowing earlier ones. `judged` gives, for an indicator, the counts that must hold (KEY, telling).

    `floors` (indicator, KEY, low_x, low_y) is what the attacker takes for granted of a hidden row; default zero.
    `claims` says of an indicator why its rows are safe. It only saves time: each is checked first, and what they do not
    show is attacked as if nothing had been told. `only`: families with one of these indicators. `quick` only narrows by one sum at a time (rounded figures). `relations` are known besides those published with the result.
    `ceilings` (indicator, KEY, most): nobody counts more children than this there, such as the residents of a population
    table. `reach` is filled with what is left of each count; it makes the attack look for a fourth value of every one.
    """
    now = Release.read(path)
    before = [Release.read(p) for p in earlier]
    empty = np.zeros(0)
    total = Verdict([], empty, empty, 0, 0, 0, 0)
    if now.meta.get("status") == "onbeschermd":
        total.remarks.append(
            t(f"{path.name} bevat onbeschermde aantallen", f"{path.name} holds unprotected counts")
        )
    rule = (now.meta.get("policy") or {}).get("rounding") if now.meta.get("method") == "round" else None
    told = _population_shown([now, *before])
    if rule:
        told = told.clear()
    known = [*(now.meta.get("relations") or []), *relations]
    names = [str(n) for n in now.frame["indicator"].unique(maintain_order=True).to_list()]
    rows, told_of = by(now.frame, "indicator"), by(told, "group")
    least, most = (None if f is None else by(f, "indicator") for f in (floors, ceilings))
    total.remarks += [] if rule else told_by_means(now.frame, known)

    def prepare(family: Sequence[str]) -> tuple[list[Member], System]:
        prepared = []
        for name in family:
            definition: Definition = {
                **((now.meta.get("definitions") or {}).get(name) or {}),
                "unplaced": bool(now.meta.get("unplaced")),
                "rounding": rule,
            }
            group = (now.meta.get("populations") or {}).get(name)
            others = [_same_name(r, name) for r in before]
            member, changed = _prepared(
                name,
                rows[name],
                definition,
                told_of[str(group)],
                [o for o in others if o is not None],
                width,
                None if least is None else least[name],
                None if judged is None else judged(name),
                claims(name) if claims else None,
                None if most is None else most[name],
            )
            prepared.append(member)
            if changed:
                total.remarks.append(
                    t(
                        f"{name}: {changed} getoonde aantallen zijn veranderd sinds een eerdere uitgave",
                        f"{name}: {changed} shown counts were changed since an earlier release",
                    )
                )
        if judged is None:
            excuse_means(prepared, known)
        return prepared, join(prepared, known)

    def judge(system: System) -> tuple[Verdict, Verdict | None]:
        left = None
        if reach is not None and rule:
            # Of rounded figures the ranges that sums leave: a programme over all of them for a fourth value takes too long.
            left = narrowed(replace(system, low=system.low.copy(), high=system.high.copy()))
        elif reach is not None:
            system.need = np.maximum(system.need, WITHIN_ONE + 1)
        return narrowed(system) if quick else attack(system), left

    asked = (f for f in families(names, known) if only is None or set(only) & set(f))
    for prepared, system, need, (verdict, left) in _side_by_side(map(prepare, asked), judge):
        if reach is not None:
            reach.add(system, left or verdict, prepared)
        if reach is not None and left is None:
            verdict.findings = [f for f in verdict.findings if _too_little(f, verdict, need)]
        offset = total.judged
        nobody = open_zeros(now, prepared, verdict.findings) if judged is None else set()
        for f in verdict.findings:
            m = next(m for m in reversed(prepared) if m.first <= f.cell)
            own = m.grid.named(Finding(f.cell - m.first, f.reason, f.low, f.high), m.part)
            if judged is None and (f.cell in nobody or large_enough(now, m.name, f.low, own.row)):
                continue
            total.findings.append(
                Finding(
                    offset + f.cell, f.reason, f.low, f.high, f"{m.name} · {own.name}", (m.name, *own.row)
                )
            )
        total.judged += verdict.judged
        total.unknown += verdict.unknown
        total.solved += verdict.solved
        total.contradictions += verdict.contradictions
    return total


def _side_by_side(
    prepared: Iterable[tuple[list[Member], System]], judge: Callable[[System], _Judged]
) -> Iterator[tuple[list[Member], System, Ints, _Judged]]:
    """The families with what each must keep and how it was judged, in order: a solver leaves other threads their turn."""
    with threads(ATTACKS) as pool:
        waiting: deque[tuple[list[Member], System, Ints, Future[_Judged]]] = deque()
        for members, system in prepared:
            waiting.append((members, system, system.need, pool.submit(judge, system)))
            if len(waiting) > ATTACKS:
                yield _done(*waiting.popleft())
        for told in waiting:
            yield _done(*told)


def _done(
    members: list[Member], system: System, need: Ints, judged: Future[_Judged]
) -> tuple[list[Member], System, Ints, _Judged]:
    return members, system, need, judged.result()


def _too_little(finding: Finding, verdict: Verdict, need: Ints) -> bool:
    """Whether a count that was asked for more values keeps fewer than it needs."""
    cell = finding.cell
    left = max(
        finding.high - finding.low if finding.reason != "niet beoordeeld" else 0.0,
        verdict.high[cell] - verdict.low[cell],
    )
    return finding.reason == "tegenstrijdig" or bool(left < need[cell])


def _same_name(release: Release, name: str) -> pl.DataFrame | None:
    """Rows of an earlier release of an indicator: the children are the same, whatever became of its definition."""
    import polars as pl

    rows = release.frame.filter(pl.col("indicator") == name)
    return rows if rows.height else None


def _population_shown(releases: Sequence[Release]) -> pl.DataFrame:
    """N of every row that some indicator shows, by population."""
    import polars as pl

    parts = []
    # Groups are numbered per release; those of the first one hold for all.
    groups = {str(k): str(v) for k, v in (releases[0].meta.get("populations") or {}).items()}
    for release in releases:
        shown = release.frame.filter(~pl.col("status").is_in(HIDDEN) & pl.col("n").is_not_null())
        parts.append(
            shown.select(
                pl.col("indicator")
                .replace_strict(groups, default=None, return_dtype=pl.String)
                .alias("group"),
                *KEY,
                (pl.col("n") + pl.col("missing").fill_null(0)).alias("N"),
            )
        )
    return pl.concat(parts).drop_nulls("group").unique(["group", *KEY])


def _prepared(
    name: str,
    part: pl.DataFrame,
    definition: Definition,
    told: pl.DataFrame,
    older: list[pl.DataFrame],
    width: int,
    floors: pl.DataFrame | None,
    judged: pl.DataFrame | None,
    claims: ResultClaims | None,
    ceilings: pl.DataFrame | None = None,
) -> tuple[Member, int]:
    import polars as pl

    now = part
    part, changed = _with_earlier(part, older)
    rule = definition.get("rounding")
    grid = Grid.build(part, definition, claims.start if claims and rule else None, [now, *older])
    system = grid.system(part, told, width, floors, rule)
    if ceilings is not None:
        grid.bound(system, part, ceilings)
    numbered = part.with_row_index("_r")
    if judged is None:
        mine = numbered.join(
            now.filter(pl.col("status").is_in(["verborgen", CLASS])).select(KEY),
            on=list(KEY),
            how="semi",
            nulls_equal=True,
        )
        for q in grid.secrets:
            system.wanted[grid.cells(q, mine["_r"].to_numpy())] = True
    else:
        keys = numbered.select("_r", *KEY).join(judged, on=list(KEY), how="inner", nulls_equal=True)
        row, telling = keys["_r"].to_numpy(), np.array(keys["telling"].to_list(), dtype=object)
        for q, count in enumerate(COUNTS):
            chosen = telling == count
            cells = grid.cells(q, row[chosen])
            system.wanted[cells] = True
            if "breedte" in keys.columns:
                system.need[cells] = keys["breedte"].to_numpy()[chosen]
    if older:
        filled = now.select(*KEY, pl.col("n").is_null().alias("_new"))
        filled = numbered.join(filled, on=list(KEY), how="left", nulls_equal=True, maintain_order="left")
        rows = np.flatnonzero((filled["_new"].fill_null(True) & filled["n"].is_not_null()).to_numpy())
        for q in range(len(COUNTS)):
            system.earlier[grid.cells(q, rows)] = True
        _want_old_secrets(system, grid, numbered, older, told, definition)
    if claims is not None:
        system.near = grid.counts_of(part, claims.start)
        place = grid.places_of(part, claims.start)[claims.line]
        system.claims = grid.changes(claims.of, place, claims.count, claims.delta)
    return Member(name, part, grid, system), changed


def _want_old_secrets(
    system: System,
    grid: Grid,
    numbered: pl.DataFrame,
    older: list[pl.DataFrame],
    told: pl.DataFrame,
    definition: Definition,
) -> None:
    """What earlier releases kept secret must stay secret: judge what they hide and what was safe before this one."""
    import polars as pl

    old, _ = _with_earlier(older[0], older[1:])
    before = Grid.build(old, definition, releases=older)
    alone = before.system(old, told, 1, None)
    hidden = old.with_row_index("_o").filter(pl.col("n").is_null())
    for q in before.secrets:
        alone.wanted[before.cells(q, hidden["_o"].to_numpy())] = True
    lost = {f.cell for f in attack(alone).findings}
    both = hidden.select("_o", *KEY).join(
        numbered.select("_r", *KEY), on=list(KEY), how="inner", nulls_equal=True
    )
    for q in before.secrets:
        cells = before.cells(q, both["_o"].to_numpy())
        safe = np.array([c not in lost for c in cells.tolist()], dtype=bool)
        system.wanted[grid.cells(q, both["_r"].to_numpy())[safe]] = True


def _with_classes(part: pl.DataFrame, older: list[pl.DataFrame]) -> pl.DataFrame:
    """Rows that hide what an earlier release told a class of, with that class."""
    import polars as pl

    for old in older:
        told = old.filter(pl.col("status") == CLASS).select(
            *KEY, *(pl.col(c).alias(f"_{c}") for c in CLASS_TELLS)
        )
        if not told.height:
            continue
        part = part.join(told, on=list(KEY), how="left", nulls_equal=True, maintain_order="left")
        use = pl.col("n").is_null() & pl.col("_n").is_not_null()
        part = part.with_columns(
            pl.when(use).then(pl.lit(CLASS)).otherwise(pl.col("status")).alias("status"),
            *(pl.when(use).then(pl.col(f"_{c}")).otherwise(pl.col(c)).alias(c) for c in CLASS_TELLS),
        ).drop(f"_{c}" for c in CLASS_TELLS)
    return part


def _with_earlier(part: pl.DataFrame, older: list[pl.DataFrame]) -> tuple[pl.DataFrame, int]:
    """Fill hidden rows that an earlier release showed; count shown numbers that differ."""
    import polars as pl

    changed = 0
    part = _with_classes(part, older)
    for old in older:
        shown = old.filter(pl.col("n").is_not_null() & (pl.col("status") != CLASS)).select(
            *KEY, pl.col("n").alias("_n"), pl.col("x").alias("_x"), pl.col("missing").alias("_m")
        )
        part = part.join(shown, on=list(KEY), how="left", nulls_equal=True, maintain_order="left")
        both = pl.col("n").is_not_null() & pl.col("_n").is_not_null() & (pl.col("status") != CLASS)
        differs = both & ((pl.col("n") != pl.col("_n")) | pl.col("x").ne_missing(pl.col("_x")))
        changed += int(part.select(differs.sum()).item())
        part = part.with_columns(
            pl.coalesce("n", "_n").alias("n"),
            pl.coalesce("x", "_x").alias("x"),
            pl.coalesce("missing", "_m").alias("missing"),
        ).drop("_n", "_x", "_m")
    for old in older:
        # Rows that only an earlier release has (other years) are part of what is known together.
        part = pl.concat([part, old.join(part, on=list(KEY), how="anti", nulls_equal=True)], how="diagonal")
    return part, changed
