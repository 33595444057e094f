"""What an intruder is left with of the hidden counts, per level: exact, within one, or in a narrow interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bds_tool.base.text import number, t
from bds_tool.protect.audit.system import Floats, System

if TYPE_CHECKING:
    from bds_tool.protect.audit.attack import Verdict
    from bds_tool.protect.audit.linked import Member

#: Levels from the whole down, for the order of the lines.
LEVELS = ("land", "regio", "gemeente", "wijk", "buurt", "school")
#: A count known to within one keeps three values at most: the attack looks for a fourth.
WITHIN_ONE = 2
#: The p of the p %-rule: an interval narrower than this share of its upper end tells the count.
P_PERCENT = 10.0


@dataclass
class Reach:
    """Widths of the intervals by level. An interval is what is shown to be possible: the intruder's is as wide or wider."""

    widths: dict[str, list[Floats]] = field(default_factory=dict)
    narrow: dict[str, int] = field(default_factory=dict)

    def add(self, system: System, verdict: Verdict, members: Sequence[Member]) -> None:
        """The counts that were judged in one system of members."""
        low, high = verdict.low.copy(), verdict.high.copy()
        for f in verdict.findings:
            low[f.cell], high[f.cell] = f.low, f.high
        for m in members:
            cells = np.flatnonzero(system.wanted[m.first : m.first + len(m.system.low)])
            size = int(np.prod(m.grid.shape))
            at = np.full(size, -1, dtype=np.int64)
            at[m.grid.place] = np.arange(len(m.grid.place))
            levels = m.part["level"].to_numpy()[at[cells % size]]
            top = np.maximum(high[cells + m.first], 0.0)
            width = np.maximum(high[cells + m.first] - low[cells + m.first], 0.0)
            narrow = width < np.maximum(P_PERCENT / 100 * top, 1.0)
            for level in set(levels.tolist()):
                mine = levels == level
                self.widths.setdefault(level, []).append(width[mine])
                self.narrow[level] = self.narrow.get(level, 0) + int(narrow[mine].sum())

    def lines(self) -> list[dict[str, str | int | float]]:
        """Per level: counts judged, exact, within one, and narrower than P_PERCENT; the median number of values left."""
        order = {level: i for i, level in enumerate(LEVELS)}
        made: list[dict[str, str | int | float]] = []
        for level in sorted(self.widths, key=lambda v: (order.get(v, len(order)), v)):
            width = np.concatenate(self.widths[level])
            made.append(
                {
                    "level": level,
                    "judged": len(width),
                    "exact": int((width < 1).sum()),
                    "within_one": int((width <= WITHIN_ONE).sum()),
                    "narrow": self.narrow[level],
                    "median_values": float(np.median(width)) + 1,
                }
            )
        return made

    def words(self, policy: str) -> list[str]:
        """The lines as text, under a heading with the policy."""
        lines = self.lines()
        if not lines:
            return []
        head = [
            t("niveau", "level"),
            t("verborgen aantallen", "hidden counts"),
            t("exact", "exact"),
            t("binnen ±1", "within ±1"),
            t(f"binnen {P_PERCENT:.0f} %", f"within {P_PERCENT:.0f} %"),
            t("waarden over (mediaan)", "values left (median)"),
        ]
        rows = [
            [
                str(r["level"]),
                *(number(int(r[c])) for c in ("judged", "exact", "within_one", "narrow")),
                number(float(r["median_values"])),
            ]
            for r in lines
        ]
        width = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        told = [
            "  ".join(
                w.ljust(n) if i == 0 else w.rjust(n) for i, (w, n) in enumerate(zip(row, width, strict=True))
            )
            for row in [head, *rows]
        ]
        return [
            t(f"Wat een aanvaller overhoudt ({policy}):", f"What an intruder is left with ({policy}):"),
            *told,
            t(
                f"Binnen {P_PERCENT:.0f} % (p %-regel): het bereik is smaller dan {P_PERCENT:.0f} % van zijn bovenkant. Het bereik is wat is "
                "aangetoond; in werkelijkheid is het even breed of breder. Geteld zijn alle verborgen aantallen, ook die het beleid niet "
                "geheim hoeft te houden, zoals een noemer die een andere indicator openlijk toont.",
                f"Within {P_PERCENT:.0f} % (p %-rule): the interval is narrower than {P_PERCENT:.0f} % of its upper end. Intervals are what "
                "was shown to be possible; in truth they are as wide or wider. All hidden counts are in it, also those that the policy "
                "need not keep, such as a denominator that another indicator shows openly.",
            ),
            "",
        ]
