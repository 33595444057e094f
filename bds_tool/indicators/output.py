"""From counts to a result: values, intervals, comparison with a reference, trend, reliability."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bds_tool import __version__
from bds_tool.indicators import statistics
from bds_tool.indicators.definitions import Indicator
from bds_tool.indicators.result import BREAKDOWNS, COLUMNS, TOTAL, UNPROTECTED

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from bds_tool.indicators.compute import Plan

    Floats = npt.NDArray[np.float64]

METHODS = {"aandeel": "Wilson 95%", "gemiddelde": "t 95%", "tarief": "exact/Byar 95%"}
#: Share of a year's registrations that changes from the old to the new way before it counts as a break.
BREAK = 0.5
#: Adjusted p below this is called a difference or a trend.
ALPHA = 0.05


def finish(counted: pl.DataFrame, indicators: list[Indicator], *, reference: str = "land", period: str = "") -> pl.DataFrame:
    """Rows of `telling` plus `area_name` → rows of a result (COLUMNS).

    `reference`: land (the rest of all data), regio (the rest of the own regio) or nl (published figure of the
    definition, where there is one).
    """
    import polars as pl

    kinds = pl.DataFrame({
        "indicator": [i.id for i in indicators],
        "soort": [i.kind for i in indicators],
        "schaal": [i.scale for i in indicators],
    })
    frame = counted.join(kinds, on="indicator", maintain_order="left")
    frame = frame.with_columns(_values(frame))
    frame = frame.with_columns(_reliability())
    frame = _compare(frame, indicators, reference)
    frame = _trend(frame, period)
    return frame.with_columns(
        (pl.col("p") - pl.col("n")).alias("missing"), pl.lit(UNPROTECTED).alias("status"),
        pl.col("s").alias("sum"), pl.col("q").alias("sum2"),
    ).select(list(COLUMNS))


def _values(frame: pl.DataFrame) -> list[pl.Series]:
    import numpy as np
    import polars as pl

    kind = frame["soort"].to_numpy()
    n, x = frame["n"].to_numpy().astype(float), frame["x"].fill_null(0).to_numpy().astype(float)
    scale = frame["schaal"].to_numpy()
    value, low, high = (np.full(len(frame), np.nan) for _ in range(3))
    share = (kind == "aandeel") & (n > 0)
    value[share] = x[share] / n[share]
    low[share], high[share] = statistics.wilson(x[share], n[share])
    mean = kind == "gemiddelde"
    if mean.any():
        s, q = (frame[c].fill_null(0).to_numpy()[mean] for c in "sq")
        value[mean], low[mean], high[mean] = statistics.mean_t(n[mean], s, q)
    rate = (kind == "tarief") & (n > 0)
    if rate.any():
        limits = statistics.count_limits(x[rate])
        value[rate], low[rate], high[rate] = (v / n[rate] for v in (x[rate], *limits))
    method = np.where(n > 0, [METHODS[k] for k in METHODS][0], "")
    for word, text in METHODS.items():
        method = np.where((kind == word) & (n > 0), text, method)
    out = [pl.Series(name, v * scale).fill_nan(None) for name, v in (("value", value), ("lower", low), ("upper", high))]
    return [*out, pl.Series("method", method).replace("", None)]


def _reliability() -> pl.Expr:
    """voldoende, beperkt (n < 100, or more missing than known) or onvoldoende (n < 30): a flag, not protection."""
    import polars as pl

    return (
        pl.when(pl.col("n") < 30).then(pl.lit("onvoldoende"))
        .when((pl.col("n") < 100) | (pl.col("p") > 2 * pl.col("n"))).then(pl.lit("beperkt"))
        .otherwise(pl.lit("voldoende")).alias("reliability")
    )


CELL = ["indicator", "period", *BREAKDOWNS]


def _compare(frame: pl.DataFrame, indicators: list[Indicator], reference: str) -> pl.DataFrame:
    """Columns reference and reference_test: each area against the rest of its reference, adjusted per family.

    A family is one indicator, level, period and breakdown cell: the areas that stand under each other in one table.
    """
    import numpy as np
    import polars as pl

    if reference == "nl":
        return _compare_published(frame, indicators)
    level = "regio" if reference == "regio" and (frame["level"] == "regio").any() else "land"
    whole = frame.filter(pl.col("level") == level).select(
        *CELL, pl.col("area").alias("r_area"), *(pl.col(c).alias(f"r_{c}") for c in ("n", "x", "s", "q", "value"))
    )
    if level == "land":
        joined = frame.join(whole, on=CELL, how="left", maintain_order="left")
    else:
        up = dict(frame.select("area", "parent").unique().iter_rows())

        def region(area: str) -> str | None:
            while area is not None and area != TOTAL and up.get(area) != TOTAL:
                area = up.get(area)  # type: ignore[assignment]
            return area

        areas = frame["area"].unique().to_list()
        frame = frame.with_columns(pl.col("area").replace_strict(areas, [region(a) for a in areas]).alias("r_area"))
        joined = frame.join(whole, on=[*CELL, "r_area"], how="left", maintain_order="left")
    part = (joined["level"] != level).to_numpy() & joined["r_n"].is_not_null().to_numpy()
    rest = {c: (joined[f"r_{c}"].fill_null(0) - joined[c].fill_null(0)).to_numpy() for c in "nxsq"}
    own = {c: joined[c].fill_null(0).to_numpy() for c in "nxsq"}
    kind = joined["soort"].to_numpy()
    z, p = np.full(len(joined), np.nan), np.full(len(joined), np.nan)
    for word, test in (("aandeel", statistics.two_proportions), ("tarief", statistics.two_rates)):
        where = part & (kind == word) & (own["n"] > 0) & (rest["n"] > 0)
        if where.any():
            z[where], p[where] = test(own["x"][where], own["n"][where], rest["x"][where], rest["n"][where])
    where = part & (kind == "gemiddelde") & (own["n"] > 1) & (rest["n"] > 1)
    if where.any():
        z[where], p[where] = statistics.two_means(*(d[c][where] for d in (own, rest) for c in "nsq"))
    tested = joined.with_columns(pl.Series("z", z), pl.Series("pw", p).fill_nan(None), pl.Series("part", part))
    tested = tested.with_columns(_adjusted(tested, "pw", ["level", *CELL]))
    names = {"aandeel": "z-toets", "tarief": "score-toets", "gemiddelde": "Welch"}
    word = (
        pl.when(~pl.col("part")).then(None)
        .when(pl.col("pw").is_null()).then(pl.lit("niet getoetst"))
        .when(pl.col("adj") >= ALPHA).then(pl.lit("gelijk"))
        .when(pl.col("z") > 0).then(pl.lit("hoger")).otherwise(pl.lit("lager"))
    )
    text = pl.concat_str([word, pl.lit(" ("), pl.col("soort").replace_strict(names), pl.lit(", BH)")])
    return tested.with_columns(
        pl.when(pl.col("part")).then(pl.col("r_value")).alias("reference"),
        pl.when(pl.col("part") & pl.col("pw").is_null()).then(pl.lit("niet getoetst (te klein)")).otherwise(text).alias("reference_test"),
    )


def _adjusted(frame: pl.DataFrame, column: str, family: list[str]) -> pl.Series:
    """Benjamini-Hochberg within a family; null where there is no p-value."""
    import polars as pl

    number = frame.select((pl.struct(family).rank("dense") - 1).alias("f"))["f"].to_numpy()
    p = frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return pl.Series("adj", statistics.benjamini_hochberg_by(p, number)).fill_nan(None)


def _compare_published(frame: pl.DataFrame, indicators: list[Indicator]) -> pl.DataFrame:
    """Against the published national figure, without a test: its own uncertainty is not known."""
    import polars as pl

    known = [
        {"indicator": i.id, "period": str(r["periode"]), "reference": float(r["waarde"]), "r_bron": str(r["bron"])}
        for i in indicators for r in i.data.get("referentie", ())
    ]
    table = pl.DataFrame(known, schema={"indicator": pl.String, "period": pl.String, "reference": pl.Float64, "r_bron": pl.String})
    joined = frame.join(table, on=["indicator", "period"], how="left", maintain_order="left")
    inside = pl.col("reference").is_between(pl.col("lower"), pl.col("upper"))
    text = (
        pl.when(pl.col("reference").is_null()).then(None).when(inside).then(pl.lit("binnen het interval"))
        .when(pl.col("reference") < pl.col("lower")).then(pl.lit("hoger")).otherwise(pl.lit("lager"))
    )
    return joined.with_columns(pl.concat_str([text, pl.lit(" dan/als gepubliceerd: "), pl.col("r_bron")]).alias("reference_test"))


def _trend(frame: pl.DataFrame, period: str) -> pl.DataFrame:
    """Column trend on the row of the whole period (or of the last year): stijgend, dalend, stabiel or trendbreuk YYYY."""
    import numpy as np
    import polars as pl

    single = frame.filter(pl.col("period").str.len_chars() == 4)
    years = sorted(single["period"].unique().to_list())
    cell = ["indicator", "level", "area", *BREAKDOWNS]
    if len(years) < 2:
        return frame.with_columns(pl.lit(None, pl.String).alias("trend"))
    single = single.with_columns(pl.struct(cell).rank("dense").alias("serie") - 1)
    series = single.unique("serie", keep="first").sort("serie").select(*cell, "soort")
    row = single["serie"].to_numpy().astype(int)
    column = np.searchsorted(years, single["period"].to_numpy().astype(str))
    grid = {}
    for name in ("n", "x", "s", "q", "b"):
        grid[name] = np.zeros((len(series), len(years)))
        grid[name][row, column] = single[name].fill_null(0).to_numpy()
    score = np.array([int(y) for y in years], float) - int(years[0])
    kind = series["soort"].to_numpy()
    z, p = (np.full(len(series), np.nan) for _ in range(2))
    shares = kind != "gemiddelde"
    z[shares], p[shares] = statistics.cochran_armitage(grid["x"][shares], grid["n"][shares], score)
    if (~shares).any():
        z[~shares], p[~shares] = statistics.mean_trend(*(grid[c][~shares] for c in "nsq"), score)
    has_break = single.group_by("serie").agg(pl.col("b").is_not_null().any().alias("b")).sort("serie")["b"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        new = np.where(grid["n"] > 0, grid["b"] / grid["n"], np.nan)
    jump = np.abs(np.diff(new, axis=1)) >= BREAK
    broken = jump.any(1) & has_break
    where = np.array(years)[1:][jump.argmax(1)]
    out = series.with_columns(pl.Series("z", z), pl.Series("pt", p).fill_nan(None))
    out = out.with_columns(_adjusted(out, "pt", ["indicator", "level", *BREAKDOWNS])).with_columns(
        pl.when(pl.Series(broken)).then(pl.lit("trendbreuk ") + pl.Series(where))
        .when(pl.col("pt").is_null()).then(pl.lit("niet getoetst"))
        .when(pl.col("adj") >= ALPHA).then(pl.lit("stabiel"))
        .when(pl.col("z") > 0).then(pl.lit("stijgend")).otherwise(pl.lit("dalend")).alias("trend")
    ).select(*cell, "trend")
    shown = period or years[-1]
    with_trend = frame.join(out, on=cell, how="left", maintain_order="left")
    return with_trend.with_columns(pl.when(pl.col("period") == shown).then("trend"))


def metadata(plan: Plan, sources: list[dict[str, Any]], area_facts: dict[str, Any], *, reference: str) -> dict[str, Any]:
    """The metadata of a result (see `Result`)."""
    settings = plan.settings
    return {
        "status": UNPROTECTED,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "program": f"bds {__version__}",
        "definitions": {
            i.id: {
                "hash": i.hash, "title": i.data["titel"], "title_en": i.data["titel_en"], "theme": i.data["thema"],
                "unit": i.data["eenheid"], "kind": i.kind, "scale": i.scale, "view": i.view,
                "sensitivity": i.data["gevoeligheid"], "polarity": i.data["polariteit"],
                "breakdowns": i.data["uitsplitsingen"], "certainty": i.data["zekerheid"], "source": i.data["bron"],
                "caveats": i.data.get("let_op", []), "versions": list(i.versions), "elements": i.bds_elements(),
                "breaks": i.data.get("trendbreuk", []), "additive": True,
            }
            for i in plan.indicators
        },
        "bds_versions": sorted({s["bds"] for s in sources if s.get("bds")}),
        "period": {"from": settings.first_year, "to": settings.last_year, "label": plan.period,
                   "reference_date": settings.reference_date.isoformat()},
        "levels": ["land", *plan.levels], "by": list(plan.by), "sources": sources, "area_tables": area_facts,
        "settings": {"education": settings.education, "growth_chart": settings.growth_chart, "cutoff": settings.cutoff,
                     "reference": reference, "confidence": statistics.CONFIDENCE, "alpha": ALPHA,
                     "multiplicity": "Benjamini-Hochberg per indicator, niveau, periode en uitsplitsing"},
        "notes": [],
    }
