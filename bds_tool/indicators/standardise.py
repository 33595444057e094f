"""Directly standardised rates: what a gemeente or wijk would have with the age and sex of all data together.

The strata are the values of the chosen breakdowns (age, sex, …); their weights are the known denominators of the
whole over the whole period, so that areas and years can be compared. Children with an unknown value have no stratum
and stay out. An area without anyone in a stratum of the standard has no standardised rate.

`Standardiser` makes them from all cells, into a file of their own (`gestandaardiseerd.parquet`): those cells are smaller
than the ones of the result, so the file stays with the unprotected counts and `protect` does not pass it on.
`published` makes them from the rows of a protected result that are shown. What follows from published figures alone
tells nothing new, so these rates may be published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bds_tool.indicators.cube import Space, roll_up
from bds_tool.indicators.definitions import CONTACTS
from bds_tool.indicators.result import BREAKDOWNS, FIGURES, TOTAL
from bds_tool.indicators.statistics import indirect_rates, standardised_rates

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from bds_tool.indicators.cube import Arrays
    from bds_tool.indicators.definitions import Indicator

FILE = "gestandaardiseerd.parquet"
UNKNOWN = "onbekend"


DIRECT, INDIRECT = "direct", "indirect"


def method(by: Sequence[str], period: str, kind: str = DIRECT) -> str:
    """What a rate was standardised to, and how its interval was made."""
    if kind == INDIRECT:
        return f"indirect gestandaardiseerd naar {', '.join(by)} (SIR = waarde / referentie, Poisson exact 95%; standaard: alle gegevens, {period})"
    return f"direct gestandaardiseerd naar {', '.join(by)} (Dobson 95%; standaard: alle gegevens, {period})"


def impossible(by: Sequence[str]) -> str:
    """Why an area has no directly standardised rate though children were counted in it; the indirect one can be made."""
    return f"niet direct te standaardiseren: in een deel ({', '.join(by)}) van de standaard zit hier niemand; indirect (SIR) kan wel"


class Standardiser:
    """Gathers the standardised rates of the indicators while their cells pass by.

    `table` has one row per indicator, area and period: indicator, level, area, area_name, period, n, x (those in the
    strata), value, lower, upper (null where it cannot be made) and method.
    """

    def __init__(self, space: Space, by: Sequence[str]) -> None:
        self.space = Space(space.places, space.leaf, list(by), space.years, True, space.period)
        self.parts: list[pa.Table] = []

    @property
    def method(self) -> str:
        return method(self.space.by, self.space.period)

    def add(self, cells: Arrays, indicators: Sequence[Indicator]) -> None:
        """Works out `indicators` from the cells of their group: proportions and rates that have these breakdowns."""
        import numpy as np

        wanted = [
            i
            for i in indicators
            if i.kind != "gemiddelde"
            and i.view not in CONTACTS
            and f"n|{i.id}" in cells
            and set(self.space.by) <= set(i.data["uitsplitsingen"])
        ]
        if not wanted:
            return
        names = [f"{what}|{i.id}" for i in wanted for what in "nx"]
        keys, sums = roll_up(self.space, cells, names)
        known = np.ones(len(keys), dtype=bool)
        for position, name in enumerate(self.space.by):
            part = self.space.part(keys, position)
            words = self.space.values[name]
            known &= (part > 0) & (np.array([w != UNKNOWN for w in words])[part])
        keys, sums = keys[known], sums[known]
        strata_bits = sum(((1 << 8) - 1) << self.space.shift(p) for p in range(len(self.space.by)))
        strata, stratum = np.unique(keys & strata_bits, return_inverse=True)
        groups, group = np.unique(keys & ~np.int64(strata_bits), return_inverse=True)
        for number, indicator in enumerate(wanted):
            n, x = (np.zeros((len(groups), len(strata))) for _ in "nx")
            n[group, stratum], x[group, stratum] = sums[:, 2 * number], sums[:, 2 * number + 1]
            self._rates(indicator, groups, n, x)

    def _rates(self, indicator: Indicator, groups: Any, n: Any, x: Any) -> None:  # noqa: ANN401
        import numpy as np
        import pyarrow as pa

        whole = np.flatnonzero(
            (self.space.place(groups) == 0) & (self.space.part(groups, len(self.space.by)) < 2)
        )
        if not len(whole) or not n[whole[0]].any():
            return
        value, low, high = (v * indicator.scale for v in standardised_rates(x, n, n[whole[0]]))
        keep = n.sum(1) > 0
        labels = self.space.labels(groups[keep])

        def words(name: str) -> pa.Array:
            codes, known = labels[name]
            return pa.array(np.array(known, dtype=object)[codes], pa.string())

        def figures(array: Any) -> pa.Array:  # noqa: ANN401
            return pa.array(array[keep], mask=~np.isfinite(array[keep]))

        size = int(keep.sum())
        self.parts.append(
            pa.table(
                {
                    "indicator": pa.array([indicator.id] * size),
                    **{name: words(name) for name in ("level", "area", "area_name", "period")},
                    "n": n[keep].sum(1).astype("int64"),
                    "x": x[keep].sum(1).astype("int64"),
                    "value": figures(value),
                    "lower": figures(low),
                    "upper": figures(high),
                    "method": pa.array(
                        np.where(np.isfinite(value[keep]), self.method, impossible(self.space.by))
                    ),
                }
            )
        )

    def table(self) -> pa.Table | None:
        """All rows; None when no indicator could be standardised."""
        import pyarrow as pa

        return pa.concat_tables(self.parts) if self.parts else None


#: Statuses of a published rate: shown; a stratum is hidden; nobody in a stratum of the standard; not for this level.
SHOWN, HIDDEN, NO_DATA, TOO_LOW = "ok", "verborgen", "geen_gegevens", "niet_op_dit_niveau"
_PLACE = ("indicator", "level", "area", "area_name", "parent", "period")


def published(
    frame: pl.DataFrame, by: Sequence[str], scales: Mapping[str, float], period: str, kind: str = DIRECT
) -> pl.DataFrame:
    """Standardised rates from the rows of a protected result: one row per indicator, area and period, as in a result.

    `scales` (indicator → unit per child) says which indicators are proportions or rates; `period` is the whole period,
    of which the highest area gives the standard. A rate is `verborgen` when the row of one of its strata is not shown,
    for the area or for the standard; `geen_gegevens` when a stratum of the standard has nobody in that area;
    `niet_op_dit_niveau` as its strata. Indirect: the value is the crude rate of the standard times the SIR, and the
    reference is that crude rate.
    """
    import polars as pl

    strata = frame.filter(
        pl.col("indicator").is_in(list(scales)),
        *(~pl.col(c).is_in([TOTAL, UNKNOWN]) for c in by),
        *(pl.col(c) == TOTAL for c in BREAKDOWNS if c not in by),
    )
    parts = [
        _published(part, by, scales[name], period, kind)
        for (name,), part in strata.group_by("indicator", maintain_order=True)
    ]
    empty = frame.clear()
    return pl.concat([empty, *(p.select(empty.columns).cast(empty.schema) for p in parts)])


def _published(strata: pl.DataFrame, by: Sequence[str], scale: float, period: str, kind: str) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    places = strata.select(_PLACE).unique(maintain_order=True)
    kinds = strata.select(by).unique(maintain_order=True)
    at = strata.join(places.with_row_index("_place"), on=["area", "period"], how="left")
    at = at.join(kinds.with_row_index("_kind"), on=list(by), how="left")
    row, column = at["_place"].to_numpy(), at["_kind"].to_numpy()
    n, x = (np.zeros((places.height, kinds.height)) for _ in "nx")
    n[row, column], x[row, column] = (at[c].fill_null(0).to_numpy() for c in ("n", "x"))
    shown = np.ones(n.shape, dtype=bool)
    shown[row, column] = at["status"].is_in([SHOWN, NO_DATA]).to_numpy()
    too_low = np.bincount(row, (at["status"] == TOO_LOW).to_numpy(), places.height) > 0
    whole = np.flatnonzero((places["level"] == "land").to_numpy() & (places["period"] == period).to_numpy())
    standard = n[whole[0]] if len(whole) else np.zeros(kinds.height)
    # A stratum that the standard does not show has a weight nobody knows.
    known = shown.all(axis=1) & bool(shown[whole].all() and standard.any())
    crude = np.full(places.height, np.nan)
    if kind == INDIRECT:
        cases = x[whole[0]] if len(whole) else np.zeros(kinds.height)
        crude[:] = cases.sum() / standard.sum() * scale if standard.sum() else np.nan
        value, low, high = (v * crude for v in indirect_rates(x, n, cases, standard))
    else:
        value, low, high = (v * scale for v in standardised_rates(x, n, standard))
    status = np.select([too_low, ~known, np.isfinite(value)], [TOO_LOW, HIDDEN, SHOWN], NO_DATA)
    gap = (status == NO_DATA) & (n.sum(1) > 0) & (kind == DIRECT)
    figures = {"value": value, "lower": low, "upper": high, "n": n.sum(1), "x": x.sum(1)}
    if kind == INDIRECT:
        figures["reference"] = crude
    return places.with_columns(
        *(pl.lit(TOTAL).alias(c) for c in BREAKDOWNS),
        *(pl.lit(None).alias(c) for c in (*FIGURES, "reliability") if c not in figures),
        *(
            pl.Series(c, np.where(status == SHOWN, v, np.nan)).fill_nan(None).alias(c)
            for c, v in figures.items()
        ),
        pl.Series("method", np.where(gap, impossible(by), method(by, period, kind)), pl.String),
        pl.Series("status", status),
    )
