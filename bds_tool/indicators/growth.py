"""Growth references: LMS z-scores and BMI classes, as functions and as lookup tables for the views.

Sources: `specs/referenties/groei/` (citation per reference in growth_sources.csv). A reference is a table of
L, M and S at x (age in years; height in cm for weight-for-height); between points L, M and S are interpolated
linearly, outside the table there is no z-score. References with a normal distribution (NO: mean and SD, which are what
is interpolated) come out as L = 1, S = SD / mean, which gives the same z. Some tables hold for a function of the measurement
(`y_transform` in growth_sources.csv: log1p(y) or log10(y)); the measurement is transformed before z is taken.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import SpecError
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Floats = npt.NDArray[np.float64]

DAYS_PER_YEAR = 365.25
#: Days of age for which lookup tables are made: birth to the 21st birthday, where the references end.
LAST_DAY = int(21 * DAYS_PER_YEAR)
#: Heights (mm) for the weight-for-height table.
HEIGHTS_MM = range(300, 2001)
SEXES = {"M": "male", "V": "female"}
MEASURES = ("hgt", "bmi", "wgt", "hdc")


@dataclass(frozen=True)
class Lms:
    """L, M and S at ascending x; one reference, measure, sex and population, on `scale` (`y_transform`).

    `normal`: `s` is the SD.
    """

    x: Floats
    l: Floats  # noqa: E741  # the name every paper uses
    m: Floats
    s: Floats
    scale: str = ""
    normal: bool = False

    def at(self, x: Any) -> tuple[Floats, Floats, Floats]:  # noqa: ANN401
        """L, M, S at x, interpolated linearly; NaN outside the table."""
        import numpy as np

        x = np.asarray(x, dtype=float)
        l, m, s = (  # noqa: E741
            np.interp(x, self.x, column, left=np.nan, right=np.nan) for column in (self.l, self.m, self.s)
        )
        return l, m, s / m if self.normal else s

    def z(self, y: Any, x: Any) -> Floats:  # noqa: ANN401
        """z-score of y at x; NaN where the reference has none."""
        import numpy as np

        l, m, s = self.at(x)  # noqa: E741
        ratio = to_scale(self.scale, y) / m
        with np.errstate(divide="ignore", invalid="ignore"):
            z: Floats = np.where(np.abs(l) < 1e-12, np.log(ratio) / s, (ratio**l - 1) / (l * s))
        return z

    def y(self, z: Any, x: Any) -> Floats:  # noqa: ANN401
        """The measurement that has z-score z at x."""
        import numpy as np

        l, m, s = self.at(x)  # noqa: E741
        z = np.asarray(z, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            y: Floats = np.where(np.abs(l) < 1e-12, m * np.exp(s * z), m * (1 + l * s * z) ** (1 / l))
        return from_scale(self.scale, y)

    def median(self, x: Any) -> Floats:  # noqa: ANN401
        """The median measurement at x, in cm, kg or kg/m²."""
        return from_scale(self.scale, self.at(x)[1])


def to_scale(scale: str, y: Any) -> Floats:  # noqa: ANN401
    """The measurement on the scale of a table (`y_transform`)."""
    import numpy as np

    out: Floats = np.asarray(y, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale == "log10(y)":
            out = np.log10(out)
        elif scale == "log1p(y)":
            out = np.log1p(out)
    return out


def from_scale(scale: str, y: Any) -> Floats:  # noqa: ANN401
    """The measurement that has this value on the scale of a table."""
    import numpy as np

    out: Floats = np.asarray(y, dtype=float)
    if scale == "log10(y)":
        out = np.power(10.0, out)
    elif scale == "log1p(y)":
        out = np.expm1(out)
    return out


def rows(name: str) -> list[dict[str, str]]:
    """A table of `specs/referenties/`. Raises SpecError when it cannot be read."""
    path = specs_dir() / "referenties" / name
    try:
        return list(_read(path, path.stat().st_mtime_ns))
    except OSError as error:
        raise SpecError(t(f"De tabel {path} ontbreekt.", f"The table {path} is missing.")) from error


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> tuple[dict[str, str], ...]:  # noqa: ARG001  # a table that was changed is another
    """Many indicators look in the same few tables."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def lms(reference: str, measure: str, sex: str, population: str) -> Lms:
    """One reference table; `sex` is male or female. Raises SpecError when it does not exist."""
    table = _all_lms(specs_dir() / "referenties" / "groei" / "growth_lms.csv").get(
        (reference, measure, sex, population)
    )
    if table is None:
        name = f"{reference} {measure} {sex} {population}".strip()
        raise SpecError(
            t(f"Groeireferentie {name} bestaat niet.", f"Growth reference {name} does not exist.")
        )
    return table


@lru_cache(maxsize=2)
def _all_lms(path: Path) -> dict[tuple[str, str, str, str], Lms]:
    import numpy as np

    points: dict[tuple[str, str, str, str], list[tuple[float, float, float, float]]] = {}
    normal = set()
    for row in rows(str(path.relative_to(path.parents[1]))):
        x, l, m, s = (float(row[k]) if row[k] else 1.0 for k in ("x", "L", "M", "S"))  # noqa: E741
        key = (row["reference"], row["measure"], row["sex"], row["population"])
        if row["distribution"] == "NO":
            l = 1.0  # noqa: E741
            normal.add(key)
        points.setdefault(key, []).append((x, l, m, s))
    scales = {(r["reference"], r["measure"]): r["y_transform"] for r in rows("groei/growth_sources.csv")}
    found = {}
    for key, values in points.items():
        x, l, m, s = np.array(sorted(values)).T  # noqa: E741
        found[key] = Lms(x, l, m, s, scales.get(key[:2], ""), key in normal)
    return found


def charts() -> dict[tuple[str, str], tuple[str, str]]:
    """(measure, chart) → (reference, population) from kaarten.csv; chart nl, tu, ma, hs, ds or p25 … p36."""
    return {(r["maat"], r["kaart"]): (r["reference"], r["population"]) for r in rows("groei/kaarten.csv")}


def lms_per_day(measures: Sequence[str] = MEASURES) -> pa.Table:
    """Columns maat, kaart, sex, dag, l, m, s for every day of age; a chart without a table of a measure uses nl."""
    import numpy as np

    days = np.arange(LAST_DAY + 1)
    ages = days / DAYS_PER_YEAR
    chosen = charts()
    names = sorted({chart for _, chart in chosen})
    parts = []
    for measure in measures:
        for chart in names:
            reference, population = chosen.get((measure, chart), chosen[measure, "nl"])
            last = int(4 * DAYS_PER_YEAR) if chart.startswith("p") else LAST_DAY
            for sex, word in SEXES.items():
                values = np.array(lms(reference, measure, word, population).at(ages))
                lacking = np.isnan(values[1]) & (days <= last)
                if lacking.any():
                    reference_nl, population_nl = chosen[measure, "nl"]
                    fallback = lms(reference_nl, measure, word, population_nl).at(ages[lacking])
                    values[:, lacking] = np.array(fallback)
                keep = ~np.isnan(values[1]) & (days <= last)
                parts.append(
                    _lookup({"maat": measure, "kaart": chart, "sex": sex}, "dag", days[keep], values[:, keep])
                )
    return _concat(parts)


def growth_per_day(rule: str = "interpolate") -> pa.Table:
    """`lms_per_day` and `cutoffs_per_day` side by side: kaart, sex, dag, l_hgt, m_hgt, s_hgt, …, dun3 … obesitas."""
    import numpy as np
    import pyarrow as pa

    curves = [lms_per_day([measure]) for measure in MEASURES if measure != "wgt"]
    limits = cutoffs_per_day(rule)
    # A day of a chart and sex has one place, so that what belongs together is laid beside each other.
    blocks = [(chart, sex) for chart in sorted({chart for _, chart in charts()}) for sex in SEXES]
    size = (LAST_DAY + 1) * len(blocks)
    index = {f"{chart} {sex}": n * (LAST_DAY + 1) for n, (chart, sex) in enumerate(blocks)}

    def places(table: pa.Table) -> Any:  # noqa: ANN401
        named = zip(table["kaart"].chunks, table["sex"].chunks, table["dag"].chunks, strict=True)
        return np.concatenate([index[f"{c[0]} {s[0]}"] + d.to_numpy() for c, s, d in named])

    there = np.zeros(size, dtype=bool)
    columns: dict[str, pa.Array] = {}

    def lay(name: str, at: Any, values: pa.ChunkedArray) -> None:  # noqa: ANN401
        laid = np.full(size, np.nan)
        laid[at] = values.to_numpy()
        columns[name] = laid

    places_of = [places(table) for table in curves]
    for letter in "lms":
        for at, table in zip(places_of, curves, strict=True):
            lay(f"{letter}_{table['maat'][0]}", at, table[letter])
            there[at] = True
    at = places(limits)
    there[at] = True
    for name in CUTOFFS:
        lay(name, at, limits[name])
    found = np.flatnonzero(there)
    block, day = np.divmod(found, LAST_DAY + 1)
    words = {"kaart": [chart for chart, _ in blocks], "sex": [sex for _, sex in blocks]}
    return pa.table(
        {
            **{name: pa.array(each).take(pa.array(block)) for name, each in words.items()},
            "dag": day,
            **{name: pa.array(v[found], mask=np.isnan(v[found])) for name, v in columns.items()},
        }
    )


def lms_per_height() -> pa.Table:
    """Weight for height under two years: columns kaart, sex, mm, l, m, s and schaal (`y_transform`)."""
    import numpy as np

    heights = np.array(HEIGHTS_MM)
    chosen = charts()
    parts = []
    for chart in sorted({chart for _, chart in chosen}):
        reference, population = chosen.get(("wfh", chart), chosen["wfh", "nl"])
        for sex, word in SEXES.items():
            table = lms(reference, "wfh", word, population)
            values = np.array(table.at(heights / 10))
            keep = ~np.isnan(values[1])
            facts = {"kaart": chart, "sex": sex, "schaal": table.scale}
            parts.append(_lookup(facts, "mm", heights[keep], values[:, keep]))
    return _concat(parts)


CUTOFFS = {
    "dun3": "thinness3",
    "dun2": "thinness2",
    "dun1": "thinness1",
    "overgewicht": "overweight",
    "obesitas": "obesity",
}


def bmi_cutoffs(table: str, sex: str, years: Any, rule: str = "interpolate") -> dict[str, Floats]:  # noqa: ANN401
    """BMI cut-offs (kg/m²) at an age in years, for sex M or V; `table` is iotf or hs.

    `rule`: interpolate (linear between half years) or nearest_half_year. NaN under 2 years and where the table has
    none; after 18 years the values of 18.
    """
    import numpy as np

    points = [
        r
        for r in rows("groei/bmi_grenzen.csv")
        if r["set"] == table and r["sex"] == {"M": "M", "V": "F"}[sex]
    ]
    ages = np.array([float(r["age_years"]) for r in points])
    years = np.asarray(years, dtype=float)
    if rule == "nearest_half_year":
        years = np.where(years < ages[0], np.nan, np.floor(years * 2 + 0.5) / 2)
    out = {}
    for name, column in CUTOFFS.items():
        values = np.array([float(r[column]) if r[column] else np.nan for r in points])
        out[name] = np.interp(years, ages, values, left=np.nan)
    return out


def cutoffs_per_day(rule: str = "interpolate", *, hindustani: bool = True) -> pa.Table:
    """Columns kaart, sex, dag and the five cut-offs; chart hs has its own, all others those of the IOTF."""
    import numpy as np
    import pyarrow as pa

    days = np.arange(int(2 * DAYS_PER_YEAR), LAST_DAY + 1)
    parts = []
    for chart in sorted({chart for _, chart in charts()}):
        for sex in SEXES:
            table = "hs" if chart == "hs" and hindustani else "iotf"
            # Days are whole: the second birthday is day 730 or 731, the table starts at 2 × 365.25.
            limits = bmi_cutoffs(table, sex, np.maximum(days / DAYS_PER_YEAR, 2.0), rule)
            columns: dict[str, Any] = {
                "kaart": pa.repeat(chart, len(days)),
                "sex": pa.repeat(sex, len(days)),
                "dag": days.astype("int64"),
            }
            columns |= {k: pa.array(v, mask=np.isnan(v)) for k, v in limits.items()}
            parts.append(pa.table(columns))
    return _concat(parts)


def _lookup(constants: dict[str, str], key: str, keys: Any, values: Any) -> pa.Table:  # noqa: ANN401
    import pyarrow as pa

    columns: dict[str, Any] = {name: pa.repeat(value, len(keys)) for name, value in constants.items()}
    columns[key] = keys.astype("int64")
    columns |= dict(zip(("l", "m", "s"), values, strict=True))
    return pa.table(columns)


def _concat(parts: list[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(parts)
