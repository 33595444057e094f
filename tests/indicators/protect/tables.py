"""Small tables and shorthand that the tests of protection share."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from bds_tool.protect import generic
from bds_tool.protect.audit import AuditOptions, audit_tables, from_frame
from bds_tool.protect.description import TableDescription
from bds_tool.protect.policy import Policy, build
from bds_tool.protect.table_run import publication, suppress, table_problem


def policy(cell=5, lower=0, *, both_sides=False, width=1, zeros=True) -> Policy:
    return build(
        {
            "id": "proef",
            "method": "suppress",
            "thresholds": {"denominator": 10, "numerator": cell, "complement": cell, "cell": cell},
            "zeros": {"shown": zeros, "full_shown": True},
            "attacker": {"lower": lower},
            "required": {"both_sides": both_sides, "width": width},
            "title": {"nl": "proef", "en": "test"},
            "explanation": {"nl": "proef", "en": "test"},
        }
    )


def description(*dimensions: list[str], total="totaal", count="n") -> dict:
    return {"count": count, "dimensions": [{"name": d[-1], "columns": d, "total": total} for d in dimensions]}


def table(frame: pl.DataFrame, *dimensions: list[str]) -> generic.CountTable:
    return generic.build(
        frame.with_columns(pl.all().cast(pl.String)), TableDescription.build(description(*dimensions))
    )


def protect(frame: pl.DataFrame, dimensions: list[list[str]], rules: Policy, *, quality=False):
    """Hidden cells as published (every label counted), the outcome, the publication and the verdict of the audit."""
    counts = table(frame, *dimensions)
    outcome = suppress(table_problem(counts, rules), quality=quality)
    made = publication(counts, outcome)
    published = from_frame(made.frame, {**description(*dimensions), "lower": rules.lower})
    verdict = audit_tables([published], AuditOptions(width=rules.least_width), made.primary)
    return made.frame["status"].eq("verborgen").sum(), outcome, made, verdict


def check_table(shared: Path, name: str) -> tuple[pl.DataFrame, list[list[str]]]:
    frame = pl.read_csv(shared / "sdc" / "checks" / f"{name}.csv")
    levels = [c for c in ("gem", "wijk") if c in frame.columns]
    return frame, [levels, *([c] for c in frame.columns if c not in {*levels, "n"})]


def pattern(shared: Path, name: str, kind: str) -> pl.DataFrame:
    """A published pattern of GaussSuppression: columns as delivered, count null where suppressed."""
    frame = pl.read_csv(shared / "sdc" / "checks" / f"{name}_gs_{kind}.csv")
    return frame.with_columns(
        pl.when(pl.col("suppressed").cast(pl.String).str.to_lowercase() == "true")
        .then(None)
        .otherwise("n")
        .alias("n")
    ).drop("primary", "suppressed")


def pattern_description(shared: Path, name: str, frame: pl.DataFrame, lower: int) -> dict:
    """The pattern's one area column with the tree of the delivered table."""
    source, dimensions = check_table(shared, name)
    parents = {}
    for row in source.select(dimensions[0]).unique().iter_rows():
        above = "Total"
        for code in row:
            parents[code] = above
            above = code
    areas = [c for c in frame.columns if c in {"gem", "wijk"}]
    rest = [c for c in frame.columns if c not in {"gem", "wijk", "n"}]
    return {
        "count": "n",
        "lower": lower,
        "dimensions": [
            {"name": areas[-1], "columns": areas, "total": "Total", "parents": parents},
            *({"name": c, "column": c, "total": "Total"} for c in rest),
        ],
    }
