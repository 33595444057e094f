"""The score of a delivery, by the published formula of the Data Quality Maturity Index (NHS England, Appendix 1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True)
class Item:
    """One element: of `records` so many are valid and complete, `defaults` of those say no more than unknown.

    `threshold`: the share of the records that may be a default; `coverage`: delivered / expected, 0 to 1.
    """

    records: int
    complete: int
    defaults: int = 0
    threshold: float = 0.0
    coverage: float = 1.0

    @property
    def excess(self) -> float:
        """Defaults beyond the threshold."""
        return max(0.0, self.defaults - self.threshold * self.records)

    @property
    def score(self) -> float:
        """0 to 1: valid and complete without the defaults in excess, over all."""
        return max(0.0, self.complete - self.excess) / self.records


def score(items: Sequence[Item]) -> float | None:
    """Mean score of the elements times their mean coverage, times 100; None without an element that has records."""
    counted = [i for i in items if i.records]
    if not counted:
        return None
    return fmean(i.score for i in counted) * fmean(i.coverage for i in counted) * 100


def moved(before: dict[int, Item], after: dict[int, Item]) -> list[tuple[int, float]]:
    """What each element did to the score between two deliveries, in points, largest first.

    Of two deliveries with the same elements the parts add up to the difference, but for a change of coverage.
    """
    shared = [n for n in after if n in before and before[n].records and after[n].records]
    parts = [(n, (after[n].score - before[n].score) * 100 / len(shared)) for n in shared]
    return sorted((p for p in parts if round(p[1], 2)), key=lambda p: (-abs(p[1]), p[0]))


def coverage(delivered: Iterable[bool]) -> float:
    """Delivered over expected."""
    said = list(delivered)
    return sum(said) / len(said) if said else 0.0
