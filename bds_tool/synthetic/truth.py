"""What a population was drawn with: the sum of chances per buurt and birth year, to test indicators against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.synthetic.chance import Floats
from bds_tool.synthetic.people import People
from bds_tool.synthetic.region import Region

if TYPE_CHECKING:
    import pyarrow as pa


class Truth:
    """Per figure, buurt and birth year: how many registered (n), the sum of their chances, and what was drawn (x)."""

    def __init__(self, buurten: int) -> None:
        self._buurten = buurten
        self._sums: dict[tuple[str, int], np.ndarray[Any, np.dtype[np.float64]]] = {}

    def add(self, figure: str, people: People, chances: Floats, drawn: Any, where: Any) -> None:  # noqa: ANN401
        """`where`: which children are registered for this figure; `drawn`: which of them have it."""
        for year in np.unique(people.birth_year):
            here = where & (people.birth_year == year)
            buurt = people.buurt[here]
            sums = self._sums.setdefault((figure, int(year)), np.zeros((3, self._buurten)))
            sums[0] += np.bincount(buurt, minlength=self._buurten)
            sums[1] += np.bincount(buurt, weights=chances[here], minlength=self._buurten)
            sums[2] += np.bincount(buurt, weights=drawn[here].astype(float), minlength=self._buurten)

    def table(self, region: Region) -> pa.Table:
        """figuur, geboortejaar, buurt, wijk, gemeente, n, verwacht (sum of chances), x."""
        import pyarrow as pa

        columns: dict[str, list[Any]] = {
            k: [] for k in ("figuur", "geboortejaar", "buurt", "wijk", "gemeente", "n", "verwacht", "x")
        }
        for (figure, year), sums in sorted(self._sums.items()):
            for b in np.flatnonzero(sums[0]):
                values = (
                    figure,
                    year,
                    region.buurt[b],
                    region.wijk[b],
                    region.gemeente[b],
                    int(sums[0, b]),
                    round(float(sums[1, b]), 6),
                    int(sums[2, b]),
                )
                for key, value in zip(columns, values, strict=True):
                    columns[key].append(value)
        return pa.table(columns)
