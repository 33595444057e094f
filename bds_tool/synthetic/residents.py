"""Who lives in the made-up region on the first of January: what CBS would publish, for `--population`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from bds_tool.synthetic.people import NEVER, STAYS, People
from bds_tool.synthetic.region import Region

FILE = "inwoners.csv"
ADULT = 18
#: How many years back.
YEARS = 6


class Residents:
    """Counts per buurt, year, age and sex, while the children pass by."""

    def __init__(self, buurten: int, last: int) -> None:
        self.years = range(last - YEARS + 1, last + 1)
        self._counts = np.zeros((buurten, YEARS, ADULT, 2), dtype=np.int64)

    def add(self, who: People) -> None:
        leaves = np.where(who.reason == STAYS, NEVER, who.leaves)
        born = who.born.astype("datetime64[D]")
        for n, year in enumerate(self.years):
            day = np.datetime64(f"{year}-01-01", "D")
            here = (born <= day) & (who.enters <= day.astype(np.int64)) & (leaves > day.astype(np.int64))
            birthday = born[here].astype("datetime64[Y]").astype(np.int64) + 1970
            first = (born[here] == born[here].astype("datetime64[Y]").astype("datetime64[D]")).astype(
                np.int64
            )
            age = year - birthday - 1 + first  # a birthday on the first of January has been
            young = age < ADULT
            np.add.at(self._counts, (who.buurt[here][young], n, age[young], who.sex[here][young]), 1)

    def write(self, path: Path, region: Region) -> None:
        """One row per buurt, year, age and sex in which somebody lives; in the first buurt all, so that every age is told."""
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["buurtcode", "jaar", "leeftijd", "geslacht", "aantal"])
            told = self._counts > 0
            told[0] = True
            for place in np.argwhere(told):
                b, n, age, sex = (int(p) for p in place)
                row: list[Any] = [
                    region.buurt[b],
                    self.years[n],
                    age,
                    "MV"[sex],
                    self._counts[b, n, age, sex],
                ]
                out.writerow(row)
