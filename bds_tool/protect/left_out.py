"""What was left out of the figures, as it may leave the house: over all areas and years together, in round numbers.

The flow of an indicator is told only where all its figures of the whole are shown. Their denominator and the number
without data are exact then, so no number of the flow narrows a hidden cell; and being round, differences between the
flows of indicators say nothing of a few children.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import t
from bds_tool.indicators.flow_words import PUBLISHED, RUN
from bds_tool.indicators.result import BREAKDOWNS, TOTAL

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.indicators.told import LeftOutTold
    from bds_tool.protect.policy import Policy

#: Numbers are multiples of this, or of the next five that reaches the smallest count the policy shows.
BASE = 10
#: Words of rows that show their figures.
_SHOWN = ("ok", "afgerond")


def base(policy: Policy) -> int:
    return max(BASE, -(-policy.cell // 5) * 5)


def published(meta: Mapping[str, Any], frame: pl.DataFrame, policy: Policy) -> LeftOutTold | None:
    """The flow of a counted result beside the protected rows `frame`: {base, run, indicators}.

    Numbers are rounded to `base`; 0 is fewer than that, null is not known. None: the result does not tell its flow.
    """
    run, each = meta.get("flow"), meta.get("indicator_flow")
    if not run or not each:
        return None
    step = base(policy)
    told = _whole(frame)
    return {
        "base": step,
        "run": {k: rounded(run.get(k), step) for k in RUN},
        "indicators": {
            row["indicator"]: {k: rounded(row.get(k), step) for k in PUBLISHED}
            for row in each
            if row["indicator"] in told
        },
    }


def rounded(value: int | None, step: int) -> int | None:
    if value is None:
        return None
    return 0 if value < step else (value + step // 2) // step * step


def _whole(frame: pl.DataFrame) -> set[str]:
    """Indicators of which every row of the whole, without breakdowns, is shown."""
    import polars as pl

    top = frame.filter(pl.col("level") == "land", *(pl.col(c) == TOTAL for c in BREAKDOWNS))
    shown = top.group_by("indicator").agg(pl.col("status").is_in(_SHOWN).all().alias("shown"))
    return set(shown.filter("shown")["indicator"].to_list())


def faults(meta: Mapping[str, Any], frame: pl.DataFrame, policy: Policy) -> Iterator[str]:
    """What of a published flow may not be there, whatever a seal says."""
    told = meta.get("left_out")
    if told is None:
        return
    step = base(policy)
    try:
        blocks = [(told["run"], RUN), *((found, PUBLISHED) for found in told["indicators"].values())]
        good = set(told) == {"base", "run", "indicators"} and told["base"] == step
        good &= set(told["indicators"]) <= _whole(frame)
        for found, known in blocks:
            good &= set(found) <= set(known)
            good &= all(
                v is None or (isinstance(v, int) and not isinstance(v, bool) and v >= 0 and v % step == 0)
                for v in found.values()
            )
    except (AttributeError, KeyError, TypeError):
        good = False
    if not good:
        yield t(
            "wat is weggelaten, is preciezer dan mag", "what was left out is told more precisely than may"
        )
