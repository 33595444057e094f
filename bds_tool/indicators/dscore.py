"""D-score: one number for development from the Van Wiechen items, and its z-score for age.

Rasch model with the item difficulties of key `dutch` (van Buuren 2014, van_wiechen_dscore.csv). The score is the
posterior mean over the quadrature points -10, -9, … 80, with a normal prior (SD 5) around the median of the
reference (nl_2014, gestation 40 weeks) at the child's age. One logit is 2.1044 D-score units.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bds_tool.indicators.growth import DAYS_PER_YEAR, SEXES, lms, rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Floats = npt.NDArray[np.float64]

#: D = 38.906 + 2.1044 · logit for key `dutch`.
SLOPE = 2.1044
PRIOR_SD = 5.0
REFERENCE = "nl_2014"
TERM = "40"
#: Rows of items scored at once; bounds the memory of the likelihood (× 91 points × 8 bytes).
CHUNK = 200_000
#: Element 986 (item 68) means another milestone at another age: from (days) up to (days) → item (bdsreader).
BY_AGE = {
    962: ((147, 366, "ddigmd055"),),
    986: ((274, 639, "ddigmd068"), (639, 913, "ddigmd168"), (913, 1278, "ddigmd268")),
}
#: Elements of BDS 4.2.0 that replaced left/right pairs and the three meanings of item 68.
REPLACED = {1669: "ddigmd052", 1670: "ddigmd053", 1660: "ddigmd068", 1662: "ddigmd168", 1664: "ddigmd268"}


def points() -> Floats:
    """The quadrature points on the D-score scale."""
    import numpy as np

    return np.arange(-10.0, 81.0)


@lru_cache(maxsize=1)
def difficulties() -> dict[str, float]:
    """Item → tau for the items that have one."""
    return {
        r["item"]: float(r["tau_dutch"])
        for r in rows("van_wiechen_dscore.csv")
        if r["item"] and r["tau_dutch"]
    }


def item_table() -> list[tuple[int, int, int, int, int]]:
    """Rows (bdsnummer, item index, sides needed, from day, to day) for the table `vwoitem` of the views."""
    index = {item: i for i, item in enumerate(difficulties())}
    out = []
    for row in rows("van_wiechen_dscore.csv"):
        item = row["item"]
        if item not in index:
            continue
        if row["bds"] and int(row["bds"]) not in BY_AGE:
            out.append((int(row["bds"]), index[item], 1, 0, 99999))
        if row["bds_right"]:
            out += [(int(row[side]), index[item], 2, 0, 99999) for side in ("bds_right", "bds_left")]
    for number, spans in BY_AGE.items():
        out += [(number, index[item], 1, low, high) for low, high, item in spans]
    return out + [(number, index[item], 1, 0, 99999) for number, item in REPLACED.items()]


def score(units: Any, items: Any, passes: Any, medians: Any) -> Floats:  # noqa: ANN401
    """D-score per unit. `units` must ascend (0, 0, 1, …); `medians` is the prior mean per unit (NaN → NaN)."""
    import numpy as np

    units, items, passes = np.asarray(units), np.asarray(items), np.asarray(passes, dtype=int)
    medians = np.asarray(medians, dtype=float)
    grid = points()
    tau = np.array(list(difficulties().values()))
    logit = (grid[None, :] - tau[:, None]) / SLOPE
    # log P(pass) and log P(fail), stable for large |logit|
    table = np.stack([-np.logaddexp(0, logit), -np.logaddexp(0, -logit)])
    out = np.full(len(medians), np.nan)
    starts = np.flatnonzero(np.r_[True, units[1:] != units[:-1]]) if len(units) else np.array([], dtype=int)
    edge = 0
    while edge < len(starts):
        # whole units per chunk
        stop = int(np.searchsorted(starts, starts[edge] + CHUNK, side="left"))
        stop = max(stop, edge + 1)
        low, high = starts[edge], starts[stop] if stop < len(starts) else len(units)
        chunk_units = units[starts[edge:stop]]
        likelihood = np.add.reduceat(
            table[passes[low:high], items[low:high]], starts[edge:stop] - low, axis=0
        )
        posterior = likelihood - (grid[None, :] - medians[chunk_units, None]) ** 2 / (2 * PRIOR_SD**2)
        posterior = np.exp(posterior - posterior.max(axis=1, keepdims=True))
        out[chunk_units] = posterior @ grid / posterior.sum(axis=1)
        edge = stop
    return out


def daz(d: Any, days: Any, sex: Any, weeks: Any) -> Floats:  # noqa: ANN401
    """z-score of a D-score for age, sex (M, V) and weeks of gestation (25-36 have their own table, others 40)."""
    import numpy as np

    d, days, sex, weeks = (
        np.asarray(d, float),
        np.asarray(days, float),
        np.asarray(sex),
        np.asarray(weeks, float),
    )
    out = np.full(len(d), np.nan)
    table = np.where((weeks >= 25) & (weeks <= 36), weeks, 40)
    for letter, word in SEXES.items():
        for week in np.unique(table):
            where = (sex == letter) & (table == week)
            if where.any():
                reference = lms(REFERENCE, "dsc", word, str(int(week)))
                out[where] = reference.z(d[where], days[where] / DAYS_PER_YEAR)
    return out


def medians(days: Any, sex: Any) -> Floats:  # noqa: ANN401
    """Prior mean: the median of the reference at this age for term children; NaN outside it or with unknown sex."""
    import numpy as np

    days, sex = np.asarray(days, float), np.asarray(sex)
    out = np.full(len(days), np.nan)
    for letter, word in SEXES.items():
        where = sex == letter
        out[where] = lms(REFERENCE, "dsc", word, TERM).at(days[where] / DAYS_PER_YEAR)[1]
    return out


def table(connection: Any) -> pa.Table:  # noqa: ANN401
    """The table `dscore` (kind, datum, d, daz, items) from the view vwo_item of this connection."""
    import numpy as np
    import pyarrow as pa

    query = "select kind, datum, dag, sex, weken, item, voldaan from vwo_item order by kind, datum, item"
    got = connection.sql(query).to_arrow_table()
    column = {name: got[name].combine_chunks() for name in got.column_names}
    kind = column["kind"].to_numpy(zero_copy_only=False)
    datum = column["datum"].cast(pa.int32()).to_numpy(zero_copy_only=False)
    new = (
        np.r_[True, (kind[1:] != kind[:-1]) | (datum[1:] != datum[:-1])]
        if len(kind)
        else np.array([], dtype=bool)
    )
    units, first = np.cumsum(new) - 1, np.flatnonzero(new)
    days = column["dag"].to_numpy(zero_copy_only=False)[first]
    sex = column["sex"].to_numpy(zero_copy_only=False)[first]
    weeks = column["weken"].to_numpy(zero_copy_only=False)[first]
    d = (
        score(
            units,
            column["item"].to_numpy(zero_copy_only=False),
            column["voldaan"].to_numpy(zero_copy_only=False),
            medians(days, sex),
        )
        if len(kind)
        else np.array([])
    )
    z = daz(d, days, sex, weeks) if len(kind) else np.array([])
    counts = np.diff(np.r_[first, len(kind)])
    known = ~np.isnan(d)
    return pa.table(
        {
            "kind": pa.array(kind[first][known]),
            "datum": pa.array(datum[first][known], pa.int32()).cast(pa.date32()),
            "d": d[known],
            "daz": pa.array(z[known], mask=np.isnan(z[known])),
            "items": counts[known],
        }
    )
