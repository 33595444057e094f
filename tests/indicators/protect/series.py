"""A made-up region over six years, counted as one asks: which years, which break-downs, which division, which indicators."""

from __future__ import annotations

import numpy as np
import polars as pl

from bds_tool.indicators.result import COLUMNS, OPTIONAL, write_result

SHARES = {"OW": "ow", "OB": "ob", "FULL": "full"}
RELATIONS = [
    {"kind": "noemer", "of": ["OW", "OB"]},
    {"kind": "som", "whole": "OW", "parts": ["OB"], "complete": False},
]


def population(seed: int, *, least: int = 40, most: int = 120) -> pl.DataFrame:
    r = np.random.default_rng(seed)
    rows = []
    for gem in ("GM0001", "GM0002"):
        for w in range(4):
            for year in range(2021, 2027):
                for _ in range(int(r.integers(least, most))):
                    ow = r.random() < 0.16
                    rows.append(
                        (
                            gem,
                            f"WK{gem[2:]}{w:02d}",
                            str(year),
                            "MV"[r.integers(2)],
                            r.choice(["laag", "hoog"]),
                            ow,
                            ow and r.random() < 0.4,
                            r.random() < 0.88,
                            r.random() < 0.05,
                        )
                    )
    names = ["gem", "wijk", "period", "sex", "education", "ow", "ob", "full", "gone"]
    return pl.DataFrame(rows, schema=names, orient="row").with_row_index("child")


def counted(
    path,
    children,
    *,
    years=("2023", "2024", "2025"),
    window=True,
    windows=(),
    by=("sex",),
    shares=tuple(SHARES),
    hashes="",
    levels=("land", "gemeente", "wijk"),
):
    """An unprotected result of gemeenten and wijken: years with the window around them, or `windows` (`2021-2023`)."""
    found = single = children.filter(pl.col("period").is_in(list(years)))
    for name in windows or ([f"{years[0]}-{years[-1]}"] if window else []):
        inside = pl.col("period").is_between(pl.lit(name[:4]), pl.lit(name[-4:]))
        found = pl.concat([found, single.filter(inside).with_columns(period=pl.lit(name))])
    parts = []
    for name in shares:
        told = ~pl.col("gone") if name != "FULL" else pl.lit(value=True)
        for level, area in zip(levels, (None, "gem", "wijk"), strict=False):
            for kind in ([], *([b] for b in by)):
                keys = ["period", *kind, *([area] if area else []), *(["gem"] if area == "wijk" else [])]
                table = found.group_by(keys).agg(
                    n=told.cast(pl.Int64).sum() if name != "FULL" else pl.len().cast(pl.Int64),
                    x=(pl.col(SHARES[name]) & told).cast(pl.Int64).sum(),
                    missing=(~told).cast(pl.Int64).sum() if name != "FULL" else pl.lit(0, dtype=pl.Int64),
                )
                parts.append(
                    table.select(
                        indicator=pl.lit(name),
                        level=pl.lit(level),
                        area=pl.col(area) if area else pl.lit("totaal"),
                        area_name=pl.col(area) if area else pl.lit("totaal"),
                        parent=pl.col("gem")
                        if area == "wijk"
                        else pl.lit("totaal" if area else None, dtype=pl.String),
                        period="period",
                        **{b: pl.col(b) if b in kind else pl.lit("totaal") for b in ("sex", "education")},
                        n="n",
                        x="x",
                        missing="missing",
                    )
                )
    frame = pl.concat(parts).with_columns(
        value=100 * pl.col("x") / pl.col("n"),
        status=pl.lit("onbeschermd"),
        **{b: pl.lit("totaal") for b in ("age", "origin", "mother_age")},
    )
    kinds = {"string": pl.String, "int64": pl.Int64, "double": pl.Float64}
    lacking = {c: k for c, k in COLUMNS.items() if c not in frame.columns and c not in OPTIONAL}
    frame = frame.with_columns(pl.lit(None, dtype=kinds[k]).alias(c) for c, k in lacking.items())
    definitions = {
        i: {
            "hash": f"h{i}{hashes}",
            "title": i,
            "unit": "%",
            "theme": "groei",
            "sensitivity": "normaal",
            "additive": True,
            "kind": "aandeel",
            "polarity": "hoger_is_gunstig" if i == "FULL" else "lager_is_gunstig",
        }
        for i in shares
    }
    meta = {
        "status": "onbeschermd",
        "definitions": definitions,
        "relations": [r for r in RELATIONS if set(r.get("of") or [r["whole"], *r["parts"]]) <= set(shares)],
    }
    return write_result(path, frame, meta, replace=True)
