"""Made-up regions of indicators that hang together: parts of one whole, one in another, a mean of what a share counts."""

from __future__ import annotations

import numpy as np
import polars as pl

from bds_tool.indicators.result import COLUMNS, OPTIONAL, write_result

RELATIONS = [
    {"kind": "noemer", "of": ["BF", "MIX", "FF", "EXCL"]},
    {"kind": "som", "whole": None, "parts": ["BF", "MIX", "FF"], "complete": True},
    {"kind": "som", "whole": "BF", "parts": ["EXCL"], "complete": False},
    {"kind": "noemer", "of": ["REACH", "CONTACTS"]},
    {"kind": "gemiddelde", "mean": "CONTACTS", "share": "REACH"},
    {"kind": "noemer", "of": ["REF", "GP", "SPEECH"]},
    {"kind": "som", "whole": "REF", "parts": ["GP"], "complete": False},
    {"kind": "som", "whole": "REF", "parts": ["SPEECH"], "complete": False},
]


def children(seed: int, *, wijken: int = 4, most: int = 150) -> pl.DataFrame:
    r = np.random.default_rng(seed)
    rows = []
    for gem in ("GM0001", "GM0002", "GM0003"):
        for w in range(wijken):
            for year in ("2023", "2024"):
                for _ in range(int(r.integers(5, most))):
                    feeding = r.choice(["BF", "MIX", "FF", None], p=[0.4, 0.12, 0.4, 0.08])
                    gp, speech = r.random() < 0.08, r.random() < 0.1
                    contacts = int(r.choice([0, 1, 2, 3], p=[0.06, 0.5, 0.3, 0.14]))
                    place = (gem, f"WK{gem[2:]}{w:02d}", year, "MV"[r.integers(2)])
                    rows.append((*place, feeding, r.random() < 0.6, contacts, gp, speech, r.random() < 0.05))
    names = ["gem", "wijk", "period", "sex", "feeding", "only", "contacts", "gp", "speech", "other"]
    return pl.DataFrame(rows, schema=names, orient="row")


def region(path, seed: int, *, change=None, residents=False, **options):
    """A result, unprotected, with all rows of gemeente and wijk, years and their window, in total and by sex.

    With `residents` it tells how many live there as well: nearly as many as are counted.
    """
    found = children(seed, **options)
    if change is not None:
        found = change(found)
    found = pl.concat([found, found.with_columns(period=pl.lit("2023-2024"))])
    # Some who live there are in no figure: none, one or two per wijk, year and sex, as a table of residents would say.
    of = ["gem", "wijk", "period", "sex"]
    lived = found.group_by(of).agg(pl.len().alias("_all")).filter(~pl.col("period").str.contains("-"))
    lived = lived.sort(of).with_columns(_all=pl.col("_all") + pl.int_range(pl.len()) * 7 % 3)
    lived = pl.concat([lived, lived.with_columns(period=pl.lit("2023-2024"))])
    fed, yes = pl.col("feeding").is_not_null(), pl.lit(value=True)
    counts = {
        "BF": (fed, pl.col("feeding") == "BF"),
        "MIX": (fed, pl.col("feeding") == "MIX"),
        "FF": (fed, pl.col("feeding") == "FF"),
        "EXCL": (fed, (pl.col("feeding") == "BF") & pl.col("only")),
        "REACH": (yes, pl.col("contacts") >= 1),
        "CONTACTS": (yes, None),
        "REF": (yes, pl.col("gp") | pl.col("speech") | pl.col("other")),
        "GP": (yes, pl.col("gp")),
        "SPEECH": (yes, pl.col("speech")),
    }
    parts = []
    for name, (base, numerator) in counts.items():
        mean = numerator is None
        for level, area, parent in (
            ("land", None, None),
            ("gemeente", "gem", "totaal"),
            ("wijk", "wijk", "gem"),
        ):
            for by in ([], ["sex"]):
                keys = ["period", *by, *([area] if area else []), *(["gem"] if area == "wijk" else [])]
                told = base & (numerator.fill_null(value=False) if numerator is not None else base)
                table = found.group_by(keys).agg(
                    n=base.cast(pl.Int64).sum(),
                    x=told.cast(pl.Int64).sum(),
                    missing=(~base).cast(pl.Int64).sum(),
                    size=pl.len(),
                    sum=pl.col("contacts").cast(pl.Float64).sum(),
                    sum2=(pl.col("contacts").cast(pl.Float64) ** 2).sum(),
                )
                table = table.join(
                    lived.group_by(keys).agg(
                        resident=pl.col("_all").sum().cast(pl.Int64) if residents else pl.lit(None, pl.Int64)
                    ),
                    on=keys,
                )
                n = pl.col("n") if fed is base else pl.col("size").cast(pl.Int64)
                table = table.with_columns(n=n, missing=pl.col("size").cast(pl.Int64) - n)
                parts.append(
                    table.select(
                        indicator=pl.lit(name),
                        level=pl.lit(level),
                        area=pl.col(area) if area else pl.lit("totaal"),
                        area_name=pl.col(area) if area else pl.lit("totaal"),
                        parent=pl.col("gem") if parent == "gem" else pl.lit(parent, dtype=pl.String),
                        period="period",
                        sex=pl.col("sex") if by else pl.lit("totaal"),
                        n="n",
                        x=pl.lit(None, dtype=pl.Int64) if mean else pl.col("x"),
                        missing="missing",
                        sum=pl.col("sum") if mean else pl.lit(None, dtype=pl.Float64),
                        sum2=pl.col("sum2") if mean else pl.lit(None, dtype=pl.Float64),
                        resident="resident",
                    )
                )
    frame = pl.concat(parts).with_columns(
        value=pl.when(pl.col("x").is_null()).then(pl.col("sum")).otherwise(100 * pl.col("x")) / pl.col("n"),
        status=pl.lit("onbeschermd"),
        **{b: pl.lit("totaal") for b in ("education", "age", "origin", "mother_age")},
    )
    kinds = {"string": pl.String, "int64": pl.Int64, "double": pl.Float64}
    lacking = {c: k for c, k in COLUMNS.items() if c not in frame.columns and c not in OPTIONAL}
    frame = frame.with_columns(pl.lit(None, dtype=kinds[k]).alias(c) for c, k in lacking.items())
    definitions = {
        i: {
            "hash": f"h{i}",
            "title": i.capitalize(),
            "unit": "%",
            "theme": "voeding",
            "sensitivity": "normaal",
            "additive": True,
            "kind": "gemiddelde" if i == "CONTACTS" else "aandeel",
        }
        for i in counts
    }
    meta = {"status": "onbeschermd", "definitions": definitions, "relations": RELATIONS}
    return write_result(path, frame, meta, replace=True)
