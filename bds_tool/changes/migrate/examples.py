"""Running the examples of a package through the very migration that `bds migrate` uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from bds_tool.changes.migrate.rows import RowTables, transform
from bds_tool.changes.migrate.shelter import together
from bds_tool.store.columns import REGISTRATIES

if TYPE_CHECKING:
    from bds_tool.changes import Plan
    from bds_tool.changes.package import Rij, Voorbeeld

_TYPES = {
    "datum": pl.Date, "bdsnummer": pl.Int32, "volgnr": pl.Int32, "bron": pl.Int32, "regel": pl.Int64,
}  # fmt: skip
#: Columns of an example; the others are filled in to run it and left out of the comparison.
COLUMNS = (
    "activiteit_id", "datum", "bdsnummer", "rubriek", "groep", "volgnr", "waarde", "eenheid", "codesysteem",
    "nullflavor", "tekst",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What the migration makes of one example: after the way there, and after the way back."""

    na: tuple[Rij, ...]
    weerom: tuple[Rij, ...]


def run_examples(heen: Plan, terug: Plan, examples: Sequence[Voorbeeld]) -> list[Run]:
    """All examples in two passes; each is a dossier of its own, so they cannot touch each other."""
    results: list[Run | None] = [None] * len(examples)
    for direction, there, back in (("heen", heen, terug), ("terug", terug, heen)):
        chosen = [n for n, x in enumerate(examples) if x.richting == direction]
        if not chosen:
            continue
        start = frame(examples[n].voor for n in chosen)
        after = apply_plan(start, there)
        again = apply_plan(after, back)
        ends, ends_again = _split(after, len(chosen)), _split(again, len(chosen))
        for place, n in enumerate(chosen):
            results[n] = Run(ends[place], ends_again[place])
    return [r for r in results if r is not None]


def frame(examples: Iterable[Sequence[Rij]]) -> pl.DataFrame:
    """Rows of examples as a frame of `registraties`, one dossier per example."""
    rows = [
        {**row, "dossier_id": str(number), "bron": 1, "regel": line}
        for number, rows in enumerate(examples)
        for line, row in enumerate(rows, start=1)
    ]
    schema = {c: _TYPES.get(c, pl.String) for c in REGISTRATIES}
    data = {c: [r.get(c) for r in rows] for c in REGISTRATIES}
    text = {c: pl.String if c == "datum" else kind for c, kind in schema.items()}
    bds = pl.col("codesysteem").fill_null("").str.starts_with("2.16.840.1.113883.2.4.3.11.60.100.12.")
    # An example is in one coding, as a source is: BDS when any of its codes is.
    coding = pl.when(bds.any().over("dossier_id")).then(pl.lit("BDS")).otherwise(pl.lit("HL7"))
    return (
        pl.DataFrame(data, schema=text, strict=False)
        .with_columns(
            _soort=coding,
        )
        .with_columns(pl.col("datum").str.to_date("%Y-%m-%d", strict=False))
    )


def apply_plan(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The rows after a plan, in memory; rows that became part of others are gone."""
    coded = rows.with_columns(_nummer_in=pl.col("bdsnummer"), _waarde_in=pl.col("waarde"))
    done = transform(coded, RowTables(plan)).with_columns(_weg=pl.lit(value=False))
    done = together(done, plan)
    return done.filter(
        ~pl.col("_weg") & ~pl.col("uitkomst").is_in(["afgeleid", "niet"]).fill_null(value=False)
    ).select(*REGISTRATIES, "_soort")


def _split(rows: pl.DataFrame, count: int) -> list[tuple[Rij, ...]]:
    found: list[list[Rij]] = [[] for _ in range(count)]
    ordered = rows.with_columns(pl.col("datum").dt.to_string("%Y-%m-%d")).sort(
        "regel", "volgnr", maintain_order=True
    )
    for row in ordered.select("dossier_id", *COLUMNS).iter_rows(named=True):
        place = int(row.pop("dossier_id"))
        found[place].append({k: v for k, v in row.items() if v is not None})
    return [tuple(x) for x in found]


def same(left: Iterable[Rij], right: Iterable[Rij]) -> bool:
    """Whether two fragments hold the same rows, in any order."""

    def bag(rows: Iterable[Rij]) -> list[tuple[tuple[str, str], ...]]:
        return sorted(
            tuple(sorted((k, str(v)) for k, v in r.items() if k in COLUMNS and v is not None)) for r in rows
        )

    return bag(left) == bag(right)


def fill(heen: Plan, terug: Plan, examples: Sequence[Voorbeeld]) -> list[Voorbeeld]:
    """The examples with `na` (and `weerom`, where the way back does not restore) as the migration gives them."""
    from dataclasses import replace

    return [
        replace(x, na=run.na, weerom=None if same(run.weerom, x.voor) else run.weerom)
        for x, run in zip(examples, run_examples(heen, terug, examples), strict=True)
    ]
