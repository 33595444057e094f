"""Deliveries beside each other: rates with their interval, what is new or gone, and where a level changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool.base.text import t
from bds_tool.export.quality import score as scoring
from bds_tool.export.quality.burden import Burden, burden
from bds_tool.export.quality.measuring import ALL, Measured, of_dossiers
from bds_tool.export.quality.targets import Outcome, outcomes
from bds_tool.export.quality.uniformity import Uniformity, compared
from bds_tool.export.quality.units import settings
from bds_tool.validate.tables import element_name

if TYPE_CHECKING:
    from datetime import date

    from bds_tool.base.settings import QualityTarget
    from bds_tool.findings.catalogue import Catalogue

NEW, GONE, STAYS, NEVER = "nieuw", "opgelost", "blijft", "niet te zeggen"


@dataclass
class Series:
    """One rule about one element in one unit, over the deliveries.

    `n`: findings; `of`: filled values or dossiers (`basis`), None where the unit or the element is not in a delivery;
    `low`, `high`: the 95 % interval of Wilson; `p`: of a change of level, adjusted over all series; `since`: the
    delivery where the other level starts.
    """

    unit: str
    code: str
    element: int | None
    severity: str
    basis: str
    n: list[int]
    of: list[int | None]
    hits: list[tuple[int, int] | None]
    low: list[float | None] = field(default_factory=list)
    high: list[float | None] = field(default_factory=list)
    p: float | None = None
    since: int | None = None

    def rate(self, at: int) -> float | None:
        """Share of the filled values or dossiers, 0 to 1; None where there were none."""
        of = self.of[at]
        return min(self.n[at], of) / of if of else None

    @property
    def state(self) -> str:
        """What the last delivery made of it, against the one before."""
        if len(self.n) < 2:
            return STAYS
        if self.of[-1] is None or self.of[-2] is None:
            return NEVER
        if self.n[-1]:
            return STAYS if self.n[-2] else NEW
        return GONE if self.n[-2] else STAYS


@dataclass
class Quality:
    """All of it: `labels` of the deliveries in order, the series, and per unit the score of each delivery."""

    labels: list[str]
    kind: str
    series: list[Series]
    scores: dict[str, list[float | None]]
    items: dict[str, list[dict[int, scoring.Item]]]
    dossiers: dict[str, list[int | None]]
    names: dict[int, str]
    pooled: int = 0
    #: Elements of the score that no delivery has: never delivered is not wrong, and is told.
    absent: tuple[int, ...] = ()
    #: What the last delivery has to reach, by bds.toml.
    targets: list[Outcome] = field(default_factory=list)
    #: What nobody fills, and what is filled and named by no definition.
    burden: Burden | None = None
    #: What units do otherwise than the others at the same ages, where that was asked for.
    uniformity: Uniformity | None = None

    def of_unit(self, unit: str) -> list[Series]:
        return [s for s in self.series if s.unit == unit]


def quality(
    measured: Sequence[Measured],
    catalogue: Catalogue,
    *,
    kind: str,
    small: int,
    targets: Sequence[QualityTarget] = (),
    today: date | None = None,
) -> Quality:
    """Series, intervals, changes and scores of deliveries in their order. Units under `small` dossiers go together.

    `targets` are held beside the last delivery on the day `today`.
    """
    chosen = settings()
    measured, pooled = _pooled(measured, small)
    units = sorted({u for m in measured for u in m.dossiers["unit"]}, key=lambda u: (u != ALL, u))
    dossiers = {u: [_one(m.dossiers, u) for m in measured] for u in units}
    found = _series(measured, dossiers, catalogue)
    _intervals(found)
    if len(measured) >= chosen["omslag"]["minstens_leveringen"]:
        _changes(found, float(chosen["omslag"]["alfa"]))
    thresholds = {i["element"]: float(i["drempel"]) for i in chosen["score"]["elementen"]}
    there = {
        n for m in measured if m.items is not None for n in m.items.filter(pl.col("there") > 0)["bdsnummer"]
    }
    items = {u: [_items(m, u, thresholds, dossiers[u], there) for m in measured] for u in units}
    names = {n: element_name(n) for n in thresholds}
    for m in measured:
        names |= m.names
    made = Quality(
        [m.label for m in measured],
        kind,
        found,
        {u: [scoring.score(list(i.values())) for i in items[u]] for u in units},
        items,
        dossiers,
        names,
        pooled,
        tuple(sorted(set(thresholds) - there)),
    )
    made.burden = burden(measured)
    if any(m.alike is not None for m in measured):
        # Within one delivery the units stand beside each other; without units the deliveries do.
        beside = [m.alike for m in (measured[-1:] if kind else measured) if m.alike is not None]
        made.uniformity = compared(beside, small)
        made.names |= {h.element: element_name(h.element) for h in made.uniformity.habits}
    if targets and today is not None:
        made.targets = outcomes(made, measured[-1], targets, today)
    return made


def _pooled(measured: Sequence[Measured], small: int) -> tuple[list[Measured], int]:
    """Units that have fewer dossiers than `small` in any delivery they are in, under one name in all of them."""
    least: dict[str, int] = {}
    for m in measured:
        for unit, n in m.dossiers.iter_rows():
            least[unit] = min(n, least.get(unit, n))
    rising = sorted((n, u) for u, n in least.items() if u != ALL)
    few = [u for n, u in rising if n < small]
    if not few:
        return list(measured), 0
    # One small unit under another name is that unit, and the whole less the others tells it as well.
    for _, u in rising[len(few) :]:
        if len(few) > 1 and sum(least[f] for f in few) >= small:
            break
        few.append(u)
    name = t(f"overige eenheden ({len(few)})", f"other units ({len(few)})")

    def together(frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
        renamed = frame.with_columns(
            pl.when(pl.col("unit").is_in(few)).then(pl.lit(name)).otherwise("unit").alias("unit")
        )
        counts = [c for c in frame.columns if c not in key]
        return renamed.group_by(key, maintain_order=True).agg(
            pl.when(pl.col(c).is_null().any()).then(None).otherwise(pl.col(c).sum()).alias(c) for c in counts
        )

    return [
        Measured(
            m.label,
            together(m.found, ["unit", "code", "bdsnummer", "severity"]),
            together(m.filled, ["unit", "bdsnummer"]),
            together(m.dossiers, ["unit"]),
            None if m.items is None else together(m.items, ["unit", "bdsnummer"]),
            m.names,
            judged=m.judged,
            versions=m.versions,
            alike=m.alike,
        )
        for m in measured
    ], len(few)


def _one(frame: pl.DataFrame, unit: str) -> int | None:
    n = frame.filter(pl.col("unit") == unit)["n"]
    return int(n[0]) if len(n) else None


def _series(
    measured: Sequence[Measured], dossiers: dict[str, list[int | None]], catalogue: Catalogue
) -> list[Series]:
    found = [{(u, c, b): (n, h) for u, c, b, n, h in m.found.select("unit", "code", "bdsnummer", "n", "hits").iter_rows()} for m in measured]  # fmt: skip
    filled = [{(u, b): (n, d) for u, b, n, d in m.filled.select("unit", "bdsnummer", "n", "dossiers").iter_rows()} for m in measured]  # fmt: skip
    made = []
    for unit, code, element in sorted({k for f in found for k in f}, key=lambda k: (k[0], k[1], k[2] or 0)):
        rule = catalogue.rules.get(code)
        whole = element is None or of_dossiers(code) or not all(f.get((unit, element)) or not g.get((unit, code, element)) for f, g in zip(filled, found, strict=True))  # fmt: skip
        n, of, hits = [], [], []
        for at, here in enumerate(found):
            count, hit = here.get((unit, code, element), (0, 0))
            values, having = filled[at].get((unit, element), (0, 0)) if element is not None else (0, 0)
            people = dossiers[unit][at]
            base = people if whole else (values if people is not None else None)
            there = having if not whole else people
            # Over dossiers a rule counts once in each.
            n.append(hit if whole and hit is not None else count)
            of.append(base or None)
            hits.append((min(hit, there), there) if hit is not None and there else None)
        made.append(
            Series(
                unit,
                code,
                element,
                rule.severity if rule else "",
                "dossiers" if whole else "waarden",
                n,
                of,
                hits,
            )
        )
    return made


def _intervals(series: list[Series]) -> None:
    from bds_tool.indicators.statistics import wilson

    for s in series:
        of = [o or 0 for o in s.of]
        low, high = wilson([min(n, o) for n, o in zip(s.n, of, strict=True)], of)
        s.low = [None if math.isnan(v) else float(v) for v in low]
        s.high = [None if math.isnan(v) else float(v) for v in high]


def _changes(series: list[Series], alpha: float) -> None:
    """The place where a series most clearly goes to another level, when that is more than chance.

    Counted over dossiers where they are known, for values of one dossier hang together. p of a series: the smallest of
    Fisher's exact tests of before against after, times the number of places (Bonferroni); then Benjamini-Hochberg
    over all series.
    """
    from bds_tool.indicators.statistics import benjamini_hochberg

    places = []
    for s in series:
        known = all(h is not None for h, o in zip(s.hits, s.of, strict=True) if o)
        pairs = [
            ((h if known and h else (min(n, o), o)) if o else None)
            for h, n, o in zip(s.hits, s.n, s.of, strict=True)
        ]
        places.append(_place(pairs))
    adjusted = benjamini_hochberg([math.nan if p is None else p[1] for p in places])
    for s, place, p in zip(series, places, adjusted, strict=True):
        if place is not None:
            s.p = float(p)
            s.since = place[0] if p < alpha else None


def _place(pairs: list[tuple[int, int] | None]) -> tuple[int, float] | None:
    """(first delivery after the change, p for any place) of (findings, of) per delivery; None with fewer than two."""
    there = [(i, *p) for i, p in enumerate(pairs) if p]
    if len(there) < 2:
        return None
    best = (0, 1.0)
    for cut in range(1, len(there)):
        before, after = there[:cut], there[cut:]
        p = fisher(sum(x for _, x, _ in before), sum(n for *_, n in before), sum(x for _, x, _ in after), sum(n for *_, n in after))  # fmt: skip
        if p < best[1]:
            best = (after[0][0], p)
    return best[0], min(1.0, best[1] * (len(there) - 1))


def fisher(x1: int, n1: int, x2: int, n2: int) -> float:
    """Fisher's exact test of two proportions, two-sided: all tables as unlikely as this one or more."""
    import numpy as np

    total, low, high = x1 + x2, max(0, x1 + x2 - n2), min(n1, x1 + x2)
    if low == high:
        return 1.0
    log = log_factorials(1 << (n1 + n2).bit_length())
    k = np.arange(low, high + 1)
    terms = log[n1] - log[k] - log[n1 - k] + log[n2] - log[total - k] - log[n2 - total + k]
    terms = np.exp(terms - terms.max())
    # A table that differs by rounding alone is as unlikely.
    return float(terms[terms <= terms[x1 - low] * (1 + 1e-7)].sum() / terms.sum())


@lru_cache(maxsize=4)
def log_factorials(n: int) -> Any:  # noqa: ANN401  # an array
    import numpy as np

    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])


def _items(
    m: Measured, unit: str, thresholds: dict[int, float], dossiers: list[int | None], there: set[int]
) -> dict[int, scoring.Item]:
    if m.items is None:
        return {}
    delivered = scoring.coverage(d is not None for d in dossiers)
    rows = m.items.filter((pl.col("unit") == unit) & pl.col("bdsnummer").is_in(there)).sort("bdsnummer")
    return {
        r["bdsnummer"]: scoring.Item(
            r["records"], r["complete"], r["unknown"], thresholds[r["bdsnummer"]], delivered
        )
        for r in rows.iter_rows(named=True)
    }
