"""The cells of a round as one row of whole numbers, the same for every participant, and back."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from bds_tool.base.errors import UsageError
from bds_tool.base.text import number, t
from bds_tool.indicators.cells import PARTS
from bds_tool.indicators.cube import Space
from bds_tool.indicators.result import BREAKDOWNS, TOTAL
from bds_tool.indicators.rounds.frame import within

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from bds_tool.indicators.rounds.request import RoundRequest

    Numbers = npt.NDArray[np.uint64]

#: More than any round over all areas of the country asks for.
MOST_CELLS = 20_000_000
KEY = ("indicator", "level", "area", "period", *BREAKDOWNS)
#: Column of a result → parts of a unit in which it is added up: sums of means are whole numbers of these.
SCALE = {
    "n": 1.0,
    "x": 1.0,
    "missing": 1.0,
    "sum": PARTS["s"],
    "sum2": PARTS["q"],
    "new": 1.0,
    "left_out": 1.0,
    "x_with": PARTS["s"],
    "not_delivered": 1.0,
}


def cells(request: RoundRequest) -> pl.DataFrame:
    """All cells that may have a count, in one order: the columns of KEY, parent and area_name."""
    import polars as pl

    first, last = request.settings["first_year"], request.settings["last_year"]
    years = list(range(first, last + 1))
    rolling = int(request.settings.get("rolling", 0))
    whole = str(first) if first == last else f"{first}-{last}"
    space = Space([], {}, [], years, request.yearly, whole, rolling)
    periods = space.periods if request.yearly and first < last else [whole]
    places = pl.DataFrame(
        [list(p) for p in request.places],
        schema=dict.fromkeys(("level", "area", "parent", "area_name"), pl.String),
        orient="row",
    )
    words = {
        name: [
            request.values.get(c, []) if c in request.by and c in (told["breakdowns"] or ()) else []
            for c in BREAKDOWNS
        ]
        for name, told in request.definitions.items()
    }
    cells_each = sum(prod(1 + len(w) for w in own) for own in words.values())
    if len(places) * len(periods) * cells_each > MOST_CELLS:
        raise UsageError(
            t("Dit verzoek vraagt meer cellen dan te tellen zijn.", "This request asks for more cells than can be counted."),
            t("Vraag minder uitsplitsingen of indicatoren in een ronde.", "Ask for fewer breakdowns or indicators in one round."),
        )  # fmt: skip
    frames = []
    for name in request.definitions:
        frame = pl.DataFrame({"indicator": [name]}).join(places, how="cross")
        frame = frame.join(pl.DataFrame({"period": periods}), how="cross")
        for column, known in zip(BREAKDOWNS, words[name], strict=True):
            frame = frame.join(pl.DataFrame({column: [TOTAL, *known]}), how="cross")
        frames.append(frame.select(*KEY, "parent", "area_name"))
    return pl.concat(frames)


def length(request: RoundRequest, every: pl.DataFrame) -> int:
    return (every.height + len(request.definitions)) * len(SCALE)


def numbers(request: RoundRequest, counts: pl.DataFrame, every: pl.DataFrame) -> Numbers:
    """The counts of a result at their places, modulo 2^64; at the end, per indicator, which columns it has at all.

    Raises UsageError for a count whose area was not handed in.
    """
    import numpy as np
    import polars as pl

    has = counts.group_by("indicator").agg(pl.col(c).is_not_null().any() for c in SCALE)
    counts = within(request, counts, KEY, list(SCALE))
    outside = counts.join(every, on=list(KEY), how="anti").height
    if outside:
        raise UsageError(
            t(f"{number(outside)} cellen liggen buiten de gebieden van de aanmeldingen.",
              f"{number(outside)} cells lie outside the areas that were handed in."),
            t("Meld u opnieuw aan met dezelfde gebiedstabellen.", "Join again with the same area tables."),
        )  # fmt: skip
    placed = every.select(KEY).join(
        counts.select(*KEY, *SCALE), on=list(KEY), how="left", maintain_order="left", validate="1:1"
    )
    columns = [
        np.rint(placed[c].cast(pl.Float64).fill_null(0.0).to_numpy() * scale).astype(np.int64)
        for c, scale in SCALE.items()
    ]
    there = pl.DataFrame({"indicator": list(request.definitions)}).join(
        has, on="indicator", how="left", maintain_order="left"
    )
    columns += [there[c].fill_null(value=False).cast(pl.Int64).to_numpy() for c in SCALE]
    return np.concatenate(columns).astype(np.int64).view(np.uint64)


def counts_of(request: RoundRequest, total: Numbers, every: pl.DataFrame) -> pl.DataFrame:
    """The added counts as rows of a result: KEY, parent, area_name and the columns of SCALE; cells without any are left out."""
    import numpy as np
    import polars as pl

    signed = np.ascontiguousarray(total).view(np.int64)
    height, many = every.height, len(request.definitions)
    start = height * len(SCALE)
    order = pl.DataFrame({"indicator": list(request.definitions)})
    frame = every
    for place, (column, scale) in enumerate(SCALE.items()):
        own = signed[place * height : (place + 1) * height]
        values = pl.Series(column, own / scale if scale != 1 else own)
        has = signed[start + place * many : start + (place + 1) * many] > 0
        with_ = order.with_columns(pl.Series("has", has))
        there = every.select("indicator").join(with_, on="indicator", how="left", maintain_order="left")[
            "has"
        ]
        frame = frame.with_columns(pl.select(pl.when(there).then(values)).to_series().alias(column))
    some = pl.any_horizontal(
        pl.col(c).fill_null(0) != 0 for c in ("n", "missing", "left_out", "not_delivered")
    )
    return frame.filter(some)
