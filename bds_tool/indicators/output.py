"""From sums to a result: values, intervals, comparison with a reference, trend, reliability; written per indicator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bds_tool import __version__
from bds_tool.base import clock
from bds_tool.base.pools import threads
from bds_tool.indicators import relations, statistics
from bds_tool.indicators.cube import Space, look_up
from bds_tool.indicators.result import COLUMNS, UNPROTECTED, counts_schema
from bds_tool.indicators.told import AreaFacts, DefinitionTold, Period, ResultTold, SourceTold

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.definitions import Indicator

    Floats = npt.NDArray[np.float64]
    Keys = npt.NDArray[np.int64]

METHODS = {"aandeel": "Wilson 95%", "gemiddelde": "t 95%", "tarief": "exact/Byar 95%"}
TESTS = {"aandeel": "z-toets", "tarief": "score-toets", "gemiddelde": "Welch"}
#: Share of a year's registrations that changes from the old to the new way before it counts as a break.
BREAK = 0.5
#: Adjusted p below this is called a difference or a trend.
ALPHA = 0.05
#: Denominators below which a figure is flagged (a flag for readers, not protection).
TOO_SMALL, SMALL = 30, 100


@dataclass
class Sums:
    """The cells of one indicator: ascending keys and per key population p, known n, numerator x, new b, s and q.

    `b` is None without a change of element; `s` and `q` are None unless the indicator is a mean. `left` and `with_`
    are what flagged values would add to n, and x (or s) with them; `absent` are children of sources that do not
    deliver the elements; `resident` those that live there. None where nothing was flagged, everything is delivered or
    no population was given. `contacts`: shares of contacts and not of children, which have no interval and no test.
    """

    id: str
    kind: str
    scale: float
    keys: Keys
    p: Floats
    n: Floats
    x: Floats
    b: Floats | None = None
    s: Floats | None = None
    q: Floats | None = None
    published: dict[str, tuple[float, str]] | None = None
    left: Floats | None = None
    with_: Floats | None = None
    absent: Floats | None = None
    resident: Floats | None = None
    contacts: bool = False


def write(path: Path, space: Space, indicators: Iterator[Sums], *, reference: str = "land") -> int:
    """Write `counts.parquet` to `path`, one row group per indicator; returns the number of rows.

    `reference`: land (the rest of all data), regio (the rest of the own regio) or nl (published figure of the
    definition, where there is one; not tested, for its own uncertainty is unknown).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = counts_schema()
    # Words are handed over as dictionaries and come out as plain strings: without the Arrow schema nobody notices.
    coded = pa.schema(
        [
            (f.name, pa.dictionary(pa.int32(), pa.string()) if f.type == pa.string() else f.type)
            for f in schema
        ]
    )
    rows = 0
    # A figure is seldom there twice, and nobody looks rows up by one: dictionaries and limits of them cost half the writing.
    words = [f.name for f in schema if f.type == pa.string()]
    with pq.ParquetWriter(
        path,
        coded,
        compression="zstd",
        compression_level=1,
        store_schema=False,
        use_dictionary=[f.name for f in schema if f.type != pa.float64()],
        write_statistics=words,
    ) as writer:
        waiting: list[Future[None]] = []

        def write_table(made: Future[pa.Table]) -> None:
            writer.write_table(made.result())

        # One indicator is added up (by the caller), one is worked out and one is written at the same time.
        with threads() as maker, threads() as scribe:
            for sums in indicators:
                if len(sums.keys):
                    made = maker.submit(lambda s: pa.table(columns(space, s, reference), schema=coded), sums)
                    waiting.append(scribe.submit(write_table, made))
                    rows += len(sums.keys)
                if len(waiting) > 2:
                    waiting.pop(0).result()
            for future in waiting:
                future.result()
        if not rows:
            writer.write_table(coded.empty_table())
    return rows


def columns(space: Space, sums: Sums, reference: str) -> dict[str, pa.Array]:
    """All columns of a result for one indicator."""
    import numpy as np
    import pyarrow as pa

    value, low, high = values(sums)
    compared, test = (
        _published(space, sums, low, high) if reference == "nl" else _compare(space, sums, value, reference)
    )
    size = len(sums.keys)
    zero = np.zeros(size, dtype=np.int32)
    nought = pa.array(zero)
    test = (zero, [None]) if sums.contacts else test
    known = sums.n > 0

    def word(codes: Any, words: Sequence[Any]) -> pa.DictionaryArray:  # noqa: ANN401
        # Only the words in use, each once: a dictionary with a word twice is not always written in the same way.
        if len(words) == 1 and words[0] is not None:
            return pa.DictionaryArray.from_arrays(nought, pa.array(words, pa.string()))
        place, each, none = _words(tuple(words))
        there = np.flatnonzero(np.bincount(codes, minlength=len(place)))
        used = np.unique(place[there])
        change = np.zeros(len(place), dtype=np.int32)
        change[there] = np.searchsorted(used, place[there])
        found = change[codes]
        # Parquet wants nulls in the indices, not among the words.
        empty = found == np.searchsorted(used, none) if none in used else None
        return pa.DictionaryArray.from_arrays(pa.array(found, mask=empty), each.take(pa.array(used)))

    def number(array: Any, present: Any = None) -> pa.Array:  # noqa: ANN401
        return (
            pa.nulls(size, pa.float64())
            if array is None
            else pa.array(array, pa.float64(), mask=~np.isfinite(array) if present is None else ~present)
        )

    def whole(array: Any) -> pa.Array:  # noqa: ANN401
        if array is None:
            return pa.nulls(size, pa.int64())
        unknown = ~np.isfinite(array)
        return pa.array(np.where(unknown, 0, array).astype(np.int64), mask=unknown if unknown.any() else None)

    out: dict[str, pa.Array] = {name: word(*pair) for name, pair in space.labels(sums.keys).items()}
    few = sums.p > 2 * sums.n
    if sums.resident is not None:
        few |= np.nan_to_num(sums.resident) > 2 * sums.n
    reliability = np.where(sums.n < TOO_SMALL, 2, np.where((sums.n < SMALL) | few, 1, 0))
    out |= {
        "indicator": word(zero, [sums.id]),
        "n": whole(sums.n),
        "x": whole(None if sums.kind == "gemiddelde" else sums.x),
        "missing": whole(sums.p - sums.n),
        "value": number(value),
        "lower": number(low),
        "upper": number(high),
        "method": word(np.where(known, 0, 1), [None if sums.contacts else METHODS[sums.kind], None]),
        "reference": number(compared),
        "reference_test": test if isinstance(test, pa.Array) else word(*test),
        "trend": word(*_trend(space, sums)),
        "reliability": word(reliability, ["voldoende", "beperkt", "onvoldoende"]),
        "status": word(zero, [UNPROTECTED]),
        "sum": number(sums.s),
        "sum2": number(sums.q),
        "new": whole(sums.b),
        "left_out": whole(sums.left),
        "x_with": number(sums.with_),
        "value_with": number(_with(sums)),
        "not_delivered": whole(sums.absent),
        "resident": whole(sums.resident),
    }
    return {name: out[name] for name in COLUMNS}


@lru_cache(maxsize=64)
def _words(words: tuple[str | None, ...]) -> tuple[Any, pa.Array, int]:
    """Place of each word among the different ones, these as an array ("" for None), and the place of None or -1.

    The names of places come back for every indicator.
    """
    import numpy as np
    import pyarrow as pa

    each = {w: n for n, w in enumerate(dict.fromkeys(words))}
    place = np.array([each[w] for w in words], dtype=np.int32)
    return place, pa.array([w or "" for w in each], pa.string()), each.get(None, -1)


def values(sums: Sums) -> tuple[Floats, Floats, Floats]:
    """Value and limits in the unit of the indicator; NaN where n = 0."""
    import numpy as np

    n = sums.n
    with np.errstate(divide="ignore", invalid="ignore"):
        if sums.kind == "gemiddelde":
            value, low, high = statistics.mean_t(n, sums.s, sums.q)
        elif sums.kind == "tarief":
            limits = statistics.count_limits(sums.x)
            value, low, high = (np.where(n > 0, v / n, np.nan) for v in (sums.x, *limits))
        else:
            value = np.where(n > 0, sums.x / n, np.nan)
            low, high = (n * np.nan, n * np.nan) if sums.contacts else statistics.wilson(sums.x, n)
    return value * sums.scale, low * sums.scale, high * sums.scale


def _with(sums: Sums) -> Floats | None:
    """The value when flagged values count too; NaN where nobody is left then."""
    import numpy as np

    if sums.left is None or sums.with_ is None:
        return None
    whole = sums.n + sums.left
    with np.errstate(divide="ignore", invalid="ignore"):
        out: Floats = np.where(whole > 0, sums.with_ / whole, np.nan) * sums.scale
    return out


def _compare(space: Space, sums: Sums, value: Floats, reference: str) -> tuple[Floats, Any]:
    """Each area against the rest of its reference; adjusted (Benjamini-Hochberg) over the areas of one level that
    stand under each other: same indicator, level, year and breakdown.
    """
    import numpy as np

    level = space.depth
    within = (
        _regions(space)
        if reference == "regio" and (level == 1).any()
        else np.zeros(len(space.places), dtype=np.int64)
    )
    place = space.place(sums.keys)
    rest_key = space.without_place(sums.keys)
    position, there = look_up(sums.keys, (within[place] << space.place_shift) | rest_key)
    part = there & (level[place] > level[within[place]])
    own = {c: v for c in "nxsq" if (v := getattr(sums, c)) is not None}
    rest = {c: np.where(part, v[position] - v, 0.0) for c, v in own.items()}
    fit = part & (own["n"] > 0) & (rest["n"] > 0)
    z, p = np.full(len(place), np.nan), np.full(len(place), np.nan)
    if fit.any():
        if sums.kind == "gemiddelde":
            fit &= (own["n"] > 1) & (rest["n"] > 1)
            z[fit], p[fit] = statistics.two_means(*(d[c][fit] for d in (own, rest) for c in "nsq"))
        else:
            test = statistics.two_rates if sums.kind == "tarief" else statistics.two_proportions
            z[fit], p[fit] = test(own["x"][fit], own["n"][fit], rest["x"][fit], rest["n"][fit])
    adjusted = statistics.benjamini_hochberg_by(p, rest_key * 8 + level[place])
    name = f"({TESTS[sums.kind]}, BH)"
    words = [None, "niet getoetst (te klein)", f"gelijk {name}", f"hoger {name}", f"lager {name}"]
    with np.errstate(invalid="ignore"):
        code = np.where(
            ~part, 0, np.where(np.isnan(p), 1, np.where(adjusted >= ALPHA, 2, np.where(z > 0, 3, 4)))
        )
    return np.where(part, value[position], np.nan), (code, words)


def _regions(space: Space) -> Any:  # noqa: ANN401
    """Place → place of its regio (regio's themselves and the whole → the whole)."""
    import numpy as np

    number = {(p[0], p[1]): n for n, p in enumerate(space.places)}
    order = ["land", "regio", "gemeente", "wijk", "buurt"]
    present = [level for level in order if any(p[0] == level for p in space.places)]
    out = np.zeros(len(space.places), dtype=np.int64)
    for n, (level, _, parent, _) in enumerate(space.places):
        if level in {"land", "regio"}:
            continue
        above = number[present[present.index(level) - 1], str(parent)]
        out[n] = above if space.places[above][0] == "regio" else out[above]
    return out


def _published(space: Space, sums: Sums, low: Floats, high: Floats) -> tuple[Floats, Any]:
    import numpy as np

    codes, periods = space.labels(sums.keys)["period"]
    known = sums.published or {}
    table = np.array([known[p][0] if p in known else np.nan for p in periods])
    compared = table[codes]
    words: list[Any] = [None]
    source = np.zeros(len(periods), dtype=np.int64)
    for n, period in enumerate(periods):
        if period in known:
            source[n] = len(words)
            words += [
                f"{w} gepubliceerd ({known[period][1]})"
                for w in ("komt overeen met", "hoger dan", "lager dan")
            ]
    with np.errstate(invalid="ignore"):
        side = np.where(compared < low, 1, np.where(compared > high, 2, 0))
    code = np.where(np.isnan(compared) | ~(sums.n > 0), 0, source[codes] + side)
    return compared, (code, words)


def _trend(space: Space, sums: Sums) -> tuple[Any, list[Any]]:
    """Direction over the years, on the row of the whole period (or of the last year when there is none)."""
    import numpy as np

    size, many = len(sums.keys), len(space.years)
    year = space.part(sums.keys, len(space.by))
    words: list[Any] = [
        None,
        "niet getoetst",
        "stabiel",
        "stijgend",
        "dalend",
        *(f"trendbreuk {y}" for y in space.years),
    ]
    if many < 2 or not space.yearly:
        return np.zeros(size, dtype=np.int64), words
    series_key = sums.keys - year
    # The year is the end of a key, so the rows of a series follow each other.
    first = np.r_[True, series_key[1:] != series_key[:-1]]
    series, number = series_key[first], np.cumsum(first) - 1
    single = (year > 0) & (year <= many)
    grid: dict[str, Floats] = {}
    for name in "nxsqb":
        column = getattr(sums, name)
        if column is not None:
            grid[name] = np.zeros((len(series), many))
            grid[name][number[single], year[single] - 1] = column[single]
    score = np.arange(many, dtype=float)
    if sums.kind == "gemiddelde":
        z, p = statistics.mean_trend(grid["n"], grid["s"], grid["q"], score)
    else:
        z, p = statistics.cochran_armitage(grid["x"], grid["n"], score)
    adjusted = statistics.benjamini_hochberg_by(
        p, space.without_place(series) * 8 + space.depth[space.place(series)]
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        code = np.where(np.isnan(p), 1, np.where(adjusted >= ALPHA, 2, np.where(z > 0, 3, 4)))
        if sums.contacts:
            code *= 0
        if "b" in grid:
            jump = np.abs(np.diff(np.where(grid["n"] > 0, grid["b"] / grid["n"], np.nan), axis=1)) >= BREAK
            code = np.where(jump.any(1), 6 + jump.argmax(1), code)
    shown = year == 0 if (year == 0).any() else year == many
    return np.where(shown, code[number], 0), words


def _definition(i: Indicator) -> DefinitionTold:
    head: DefinitionTold = {
        "hash": i.hash,
        "title": i.data["titel"],
        "title_en": i.data["titel_en"],
        "theme": i.data["thema"],
        "unit": i.data["eenheid"],
        "kind": i.kind,
        "scale": i.scale,
        "view": i.view,
        "sensitivity": i.data["gevoeligheid"],
        "polarity": i.data["polariteit"],
    }
    if "gevoelige_kant" in i.data:
        head["sensitive_side"] = i.data["gevoelige_kant"]
    return {
        **head,
        "breakdowns": i.data["uitsplitsingen"],
        "certainty": i.data["zekerheid"],
        "source": i.data["bron"],
        "caveats": i.data.get("let_op", []),
        "since": i.versions.since or None,
        "until": i.versions.until or None,
        "elements": i.bds_elements(),
        "breaks": i.data.get("trendbreuk", []),
        "published": i.data.get("referentie", []),
        "additive": True,
    }


def metadata(plan: Plan, sources: list[SourceTold], area_facts: AreaFacts, *, reference: str) -> ResultTold:
    """The metadata of a result (see `Result`)."""
    settings = plan.settings
    return {
        "status": UNPROTECTED,
        "created": clock.now().isoformat(timespec="seconds"),
        "program": f"bds {__version__}",
        "definitions": {i.id: _definition(i) for i in plan.indicators},
        "relations": relations.derive(plan.indicators),
        "bds_versions": sorted({bds for s in sources if (bds := s.get("bds"))}),
        "period": cast(
            "Period",
            {
                "from": settings.first_year,
                "to": settings.last_year,
                "label": plan.period,
                "yearly": plan.yearly,
                **({"rolling": plan.rolling} if plan.rolling else {}),
                "reference_date": settings.reference_date.isoformat(),
            },
        ),
        "levels": ["land", *plan.levels],
        "by": list(plan.by),
        "sources": sources,
        "area_tables": area_facts,
        "settings": {
            "education": settings.education,
            "education_classes": settings.education_classes,
            "origin": settings.origin,
            "growth_chart": settings.growth_chart,
            "clothes": settings.clothes,
            "place": settings.place,
            "cutoff": settings.cutoff,
            "reference": reference,
            "confidence": statistics.CONFIDENCE,
            "alpha": ALPHA,
            "multiplicity": "Benjamini-Hochberg per indicator, niveau, periode en uitsplitsing",
        },
        "notes": {},
    }
