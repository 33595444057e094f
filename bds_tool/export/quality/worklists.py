"""Work lists: per unit what to repair, most effective first, with the keys of dossiers; they stay in the house."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from bds_tool.base.escaping import cell
from bds_tool.base.files import atomic_dir
from bds_tool.base.names import child
from bds_tool.base.text import t
from bds_tool.export.quality.measuring import Measured
from bds_tool.findings.catalogue import load_rules

#: What makes a finding of one delivery the same as one of the next.
SAME = ["unit", "code", "bdsnummer", "dossier_id", "activiteit_id"]
_ORDER = pl.col("severity").replace_strict({"fout": 0, "waarschuwing": 1}, default=2, return_dtype=pl.Int8)


def write_lists(measured: Sequence[Measured], folder: Path, *, kind: str, replace: bool = False) -> None:
    """One CSV per unit of the last delivery, and `overzicht.csv` with what the delivery before it had.

    The folder is for the user alone. Raises UsageError when it stands already, unless bds made it and `replace` says so.
    """
    last = measured[-1].rows
    before = measured[-2].rows if len(measured) > 1 else None
    if last is None:
        raise ValueError("of_store must be asked to keep its rows")
    chosen = pl.col("unit") != "" if kind else pl.col("unit") == ""
    now = last.filter(chosen & pl.col("dossier_id").is_not_null())
    earlier = now.clear() if before is None else before.filter(chosen & pl.col("dossier_id").is_not_null())
    stays = now.join(earlier, on=SAME, how="semi", nulls_equal=True)
    done = earlier.join(now, on=SAME, how="anti", nulls_equal=True)
    marked = now.join(
        stays.select(SAME).unique().with_columns(old=pl.lit(value=True)),
        on=SAME,
        how="left",
        nulls_equal=True,
    )
    kinds = pl.len().over("unit", "code", "bdsnummer").alias("effect")
    listed = marked.with_columns(kinds, _ORDER.alias("order")).sort(
        "unit", "order", "effect", "code", "bdsnummer", "dossier_id", "datum",
        descending=[False, False, True, False, False, False, False], nulls_last=True,
    )  # fmt: skip
    with atomic_dir(folder, replace=replace, private=True) as made:
        used: set[str] = set()
        for (unit,), part in listed.group_by("unit", maintain_order=True):
            _write(child(made, _file(str(unit), used), ".csv"), _rows(part))
        _write(child(made, _file(t("overzicht", "overview"), used), ".csv"), _overview(now, stays, done))


def _rows(part: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    rules = load_rules().rules
    yield tuple(
        t(*w)
        for w in (("dossier", "dossier"), ("datum", "date"), ("code", "code"), ("ernst", "severity"), ("element", "element"),
                  ("wat", "what"), ("hoe leg ik dit vast", "how to record this"), ("zo vaak in deze lijst", "so often in this list"), ("stond er al", "was there before"))
    )  # fmt: skip
    for r in part.iter_rows(named=True):
        rule = rules[r["code"]]
        yield (r["dossier_id"], r["datum"] or "", r["code"], r["severity"], r["bdsnummer"] or "", str(rule.title),
               str(rule.remedy), r["effect"], t("ja", "yes") if r["old"] else t("nee", "no"))  # fmt: skip


def _overview(now: pl.DataFrame, stays: pl.DataFrame, done: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    yield tuple(t(*w) for w in (("eenheid", "unit"), ("te doen", "to do"), ("waarvan al eerder", "of which before"), ("gedaan sinds de vorige levering", "done since the delivery before")))  # fmt: skip
    counts = [dict(f.group_by("unit").len().iter_rows()) for f in (now, stays, done)]
    for unit in sorted({u for c in counts for u in c}):
        yield unit or t("alles", "everything"), *(c.get(unit, 0) for c in counts)


def _write(path: Path, rows: Iterator[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerows([cell(c) if isinstance(c, str) else c for c in row] for row in rows)


def _file(unit: str, used: set[str]) -> str:
    """A name for a file from the name of a unit: letters, digits and dashes; the same name twice gets a number."""
    base = re.sub(r"[^a-z0-9]+", "-", unit.lower()).strip("-")[:60] or t("alles", "everything")
    name, nr = base, 1
    while name in used:
        nr += 1
        name = f"{base}-{nr}"
    used.add(name)
    return name
