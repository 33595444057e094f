"""Directly standardised rates: what a gemeente or wijk would have with the age and sex of all data together.

The strata are the values of the chosen breakdowns (age, sex, …); their weights are the known denominators of the
whole over the whole period, so that areas and years can be compared. Children with an unknown value have no stratum
and stay out. An area without anyone in a stratum of the standard has no standardised rate.

The rates go into a file of their own, `gestandaardiseerd.parquet`: they follow from cells that are smaller than those
of the result, so they stay with the unprotected counts and `protect` does not pass them on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bds_tool.indicators.cube import Space, roll_up
from bds_tool.indicators.statistics import standardised_rates

if TYPE_CHECKING:
    import pyarrow as pa

    from bds_tool.indicators.definitions import Indicator

FILE = "gestandaardiseerd.parquet"
UNKNOWN = "onbekend"


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
        return f"direct gestandaardiseerd naar {', '.join(self.space.by)} (Dobson 95%; standaard: alle gegevens, {self.space.period})"

    def add(self, cells: dict[str, Any], indicators: Sequence[Indicator]) -> None:
        """Works out `indicators` (proportions and rates; others are skipped) from the cells of their group."""
        import numpy as np

        wanted = [i for i in indicators if i.kind != "gemiddelde" and f"n|{i.id}" in cells]
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
                    "method": pa.array([self.method] * size),
                }
            )
        )

    def table(self) -> pa.Table | None:
        """All rows; None when no indicator could be standardised."""
        import pyarrow as pa

        return pa.concat_tables(self.parts) if self.parts else None
