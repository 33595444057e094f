"""A national result becomes a site: 342 gemeenten, 3,000 wijken, 60 indicators, 5 years (issue: ≤ 3 minutes, ≤ 2 GB)."""

import shutil
import tempfile
from pathlib import Path

from _measure import Case, compare, save

PLACE = Path(tempfile.gettempdir()) / "bds-bench-report"
INDICATORS, YEARS, GEMEENTEN, WIJKEN = 60, 5, 342, 3000


def make(
    target: Path = PLACE / "land.result",
    *,
    gemeenten: int = GEMEENTEN,
    wijken: int = WIJKEN,
    indicators: int = INDICATORS,
    years: int = YEARS,
    names: tuple[str, ...] = (),
) -> Path:
    """The protected result, made once: random figures, one cell in eight hidden. `names`: of these indicators."""
    names = names or tuple(f"I{i:02d}" for i in range(indicators))
    import numpy as np
    import polars as pl

    from bds_tool.indicators.result import write_result
    from bds_tool.protect.policy import load_policy
    from bds_tool.protect.seal import seal_facts, sealer

    if target.exists():
        return target
    rng = np.random.default_rng(1)
    above = [f"GM{i:04d}" for i in range(1, gemeenten + 1)]
    below = [f"WK{1 + i % gemeenten:04d}{i // gemeenten:02d}" for i in range(wijken)]
    areas = pl.DataFrame(
        {
            "area": ["totaal", *above, *below],
            "area_name": [
                "Nederland",
                *(f"Gemeente {g[2:]}" for g in above),
                *(f"Wijk {w[2:]}" for w in below),
            ],
            "level": ["land"] + ["gemeente"] * gemeenten + ["wijk"] * wijken,
            "parent": [None] + ["totaal"] * gemeenten + [f"GM{w[2:6]}" for w in below],
        }
    )
    frame = areas.join(pl.DataFrame({"indicator": list(names)}), how="cross")
    frame = frame.join(pl.DataFrame({"period": [str(2021 + y) for y in range(years)]}), how="cross")
    value = rng.uniform(2, 95, frame.height).round(4)
    hidden = rng.random(frame.height) < 0.125
    frame = frame.with_columns(
        pl.Series("value", value),
        pl.Series("n", rng.integers(60, 4000, frame.height)),
        pl.Series("h", hidden),
    )
    frame = frame.with_columns(
        *(pl.lit("totaal").alias(c) for c in ("sex", "education", "age", "origin", "mother_age")),
        pl.lit(None, pl.Int64).alias("x"),
        pl.lit(None, pl.Int64).alias("missing"),
        pl.lit("Wilson 95%").alias("method"),
        (pl.col("value") - 1.5).alias("lower"),
        (pl.col("value") + 1.5).alias("upper"),
        pl.when("h").then(pl.lit("verborgen")).otherwise(pl.lit("ok")).alias("status"),
    )
    empty = [
        pl.when(~pl.col("h")).then(pl.col(c)).alias(c) for c in ("n", "value", "lower", "upper", "method")
    ]
    definitions = {
        name: {"title": f"Indicator {i}", "theme": f"thema{i % 10}", "unit": "%"}
        for i, name in enumerate(names)
    }
    meta = {"status": "beschermd", "definitions": definitions, "policy": dict(load_policy("ncj-strict").data)}
    target.parent.mkdir(exist_ok=True)
    seal = sealer(seal_facts(meta, safe=True))
    write_result(target, frame.with_columns(empty).drop("h"), meta, finish=seal)
    return target


def plain():
    import polars as pl

    frame = pl.read_parquet(make() / "counts.parquet")
    frame.write_csv(PLACE / "alles.csv")
    return frame.height


def site():
    from bds_tool.export.report.book import open_book
    from bds_tool.export.report.site import build_site

    book = open_book(make())
    shutil.rmtree(PLACE / "site", ignore_errors=True)
    build_site(book, PLACE / "site")
    return book.frame.height


def main():
    make()
    size = 0
    outcome = compare(
        "report_site",
        "Een landelijk resultaat wordt een site",
        Case("Polars schrijft hetzelfde resultaat als één CSV", plain),
        Case("bds report site", site),
        unit="rijen",
        rounds=2,
        max_mb=2000,
        min_rate=(1 + GEMEENTEN + WIJKEN) * INDICATORS * YEARS / 180,
        note="342 gemeenten, 3.000 wijken, 60 indicatoren, 5 jaar; eis: hoogstens 3 minuten en 2 GB",
    )
    files = [p for p in (PLACE / "site").rglob("*") if p.is_file()]
    size = sum(p.stat().st_size for p in files)
    outcome.extra.update({"bestanden": len(files), "MB": round(size / 1e6)})
    return save(outcome)


if __name__ == "__main__":
    main()
