"""What deliveries have to reach, from `[quality]` in bds.toml: reached, not reached, or not to say, for all and per unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bds_tool.base.settings import QualityTarget
from bds_tool.base.text import number, t

if TYPE_CHECKING:
    from bds_tool.export.quality.measuring import Measured
    from bds_tool.export.quality.rates import Quality

REACHED, NOT, UNKNOWN = "gehaald", "niet gehaald", "niet te zeggen"
_ENGLISH = {REACHED: "reached", NOT: "not reached", UNKNOWN: "cannot be said"}


@dataclass(frozen=True)
class Outcome:
    """A target for one unit ("" is the whole) in the last delivery. `value`, `limit`: a share, 0 to 1, or a score.

    `value` None: it cannot be said, for the rule was not judged, or there is nothing to be a share of. `reason`: why
    another limit was accepted for this unit; `expired` when that no longer holds, and the target for all counts again.
    """

    target: QualityTarget
    unit: str
    value: float | None
    limit: float
    reason: str = ""
    expired: bool = False

    @property
    def status(self) -> str:
        if self.value is None:
            return UNKNOWN
        good = self.value >= self.limit if self.target.score is not None else self.value <= self.limit
        return REACHED if good else NOT

    @property
    def word(self) -> str:
        return t(self.status, _ENGLISH[self.status])

    def shown(self, value: float | None) -> str:
        """A share as a percentage, a score as it is."""
        if value is None:
            return "–"
        return number(value, 1) if self.target.score is not None else f"{number(100 * value, 1)} %"

    @property
    def what(self) -> str:
        if self.target.score is not None:
            return t("score, minstens", "score, at least")
        about = " · ".join(str(x) for x in (self.target.rule, self.target.element) if x)
        return t(f"{about}, hoogstens", f"{about}, at most")


def outcomes(found: Quality, last: Measured, targets: Sequence[QualityTarget], today: date) -> list[Outcome]:
    """Every target for the whole and for each unit; a deviation takes its place in its own unit until its last day."""
    general = [x for x in targets if not x.unit]
    own = {_key(x): x for x in targets if x.unit}
    made = []
    for target in general:
        for unit in found.scores:
            deviation = own.pop(_key(target, unit), None)
            expired = deviation is not None and deviation.until is not None and deviation.until < today
            holds = target if deviation is None or expired else deviation
            reason = deviation.reason if deviation is not None else ""
            made.append(
                Outcome(target, unit, _value(found, last, target, unit), _limit(holds), reason, expired)
            )
    # A deviation of what is no target for all is a target of that unit alone.
    made += [
        Outcome(
            x, x.unit, _value(found, last, x, x.unit), _limit(x), x.reason, bool(x.until and x.until < today)
        )
        for x in own.values()
    ]
    return made


def _key(target: QualityTarget, unit: str = "") -> tuple[object, ...]:
    return target.rule, target.element, target.score is not None, unit or target.unit


def _limit(target: QualityTarget) -> float:
    return float(target.score if target.score is not None else target.share or 0)


def _value(found: Quality, last: Measured, target: QualityTarget, unit: str) -> float | None:
    """The score of a unit, or the largest share of what the target is about; 0 only where it was looked at."""
    if unit not in found.scores or not found.dossiers[unit][-1]:
        return None
    if target.score is not None:
        return found.scores[unit][-1]
    if target.rule and target.rule not in last.judged:
        return None
    filled = last.filled.filter(
        (last.filled["unit"] == unit) & (last.filled["bdsnummer"] == (target.element or 0))
    )
    mine = [
        s.rate(len(s.n) - 1)
        for s in found.of_unit(unit)
        if (not target.rule or s.code == target.rule) and (not target.element or s.element == target.element)
    ]
    if target.element and filled.is_empty() and not any(mine):
        return None
    return max((share for share in mine if share is not None), default=0.0)
