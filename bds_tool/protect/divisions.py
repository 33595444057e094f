"""Areas and years of releases side by side: children counted in other areas, or over other years, tell of those in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.base.errors import WithheldError
from bds_tool.base.text import number, t

if TYPE_CHECKING:
    import polars as pl


def same_areas(history: pl.DataFrame, frame: pl.DataFrame) -> None:
    """Raises WithheldError when children of the same years are counted in other areas than before."""
    import polars as pl

    now_years, years = _years(frame), _years(history)
    common = set().union(*now_years.values()) & set().union(*years.values())
    same = [p for p, told in years.items() if told & common]
    present = pl.col("period").is_in([p for p, told in now_years.items() if told & common])
    # An area in which nobody is in these years is no other division.
    present &= (pl.col("n") + pl.col("missing").fill_null(0)) > 0
    history = history.filter(pl.col("period").is_in(same))
    for level in ("gemeente", "wijk", "buurt"):
        mine, every = (
            frame.filter(present & (pl.col("level") == level)),
            frame.filter(pl.col("level") == level),
        )
        now, before = set(mine["area"]), set(history.filter(pl.col("level") == level)["area"])
        new, gone = now - before, before - set(every["area"])
        other = new | gone
        if not (new and gone):
            # Some codes more, or less: those of areas inside a gemeente that both show are another division.
            shared = {a[2:6] for a in now} & {a[2:6] for a in before} if level != "gemeente" else set()
            other = {a for a in other if a[2:6] in shared}
        if now and before and other:
            raise WithheldError(
                t(
                    f"{number(len(other))} gebieden ({level}) zijn anders ingedeeld dan in een eerdere uitgave over dezelfde jaren. Het "
                    "verschil tussen oude en nieuwe grenzen kan over enkele kinderen gaan. Er is niets geschreven.",
                    f"{number(len(other))} areas ({level}) are divided differently from an earlier release about the same years. The "
                    "difference between old and new borders can be about a few children. Nothing was written.",
                ),
                t(
                    "Reken opnieuw met de indeling van toen (--area-year), of publiceer alleen nieuwe jaren (--period).",
                    "Compute again with the division of then (--area-year), or publish new years only (--period).",
                ),
            )


def beside_earlier(history: pl.DataFrame, frame: pl.DataFrame) -> WithheldError:
    """Why what could be published alone cannot be beside what was published: it names the windows that overlap."""
    now, before = _years(frame), _years(history)
    pairs = [
        (p, b)
        for p in sorted(now)
        for b in sorted(before)
        if p != b and len(now[p]) > 1 and len(before[b]) > 1 and now[p] & before[b]
    ]
    told = "".join(
        t(f" {p} overlapt {b} van toen, en het verschil is een ander jaar.",
          f" {p} overlaps {b} of then, and the difference is another year.")
        for p, b in pairs[:3]
    )  # fmt: skip
    return WithheldError(
        t(
            "Alleen is dit te publiceren, maar naast een eerdere uitgave is niet te bewijzen dat alles geheim blijft wat verborgen "
            f"is.{told} Er is niets geschreven.",
            "Alone this can be published, but beside an earlier release it cannot be proven that all stays secret that is hidden."
            f"{told} Nothing was written.",
        ),
        t(
            "Publiceer de vensters van toen, of jaren die er niet in vallen (--period).",
            "Publish the windows of then, or years outside them (--period).",
        ),
    )


def _years(frame: pl.DataFrame) -> dict[str, set[str]]:
    """The years in each period."""
    found = {}
    for period in frame["period"].unique().to_list():
        first, _, last = period.partition("-")
        whole = first.isdecimal() and last.isdecimal()
        found[period] = {str(y) for y in range(int(first), int(last) + 1)} if whole else {period}
    return found
