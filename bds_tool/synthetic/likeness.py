"""A profile of own data that may leave the house, and a twin made from it alone.

The profile is a list of cells: at this age, of this element, this code (or kind of value) in so many dossiers. A cell in fewer than
`k` dossiers is not there, and nothing in the profile is counted over it: with and without such a cell the data give the same
profile. Counts are rounded down to tens. The twin is drawn from the cells, each element apart; it holds nobody.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from bds_tool.base.checked_yaml import faults
from bds_tool.base.errors import MALFORMED, UnreadableError
from bds_tool.base.small import small_text
from bds_tool.base.text import t
from bds_tool.synthetic.figures import Cell, Likeness

if TYPE_CHECKING:
    from bds_tool.store import Store

#: Fewest dossiers that a cell is told of, whatever is asked, and what counts are rounded down to.
LEAST, ROUND = 5, 10
#: Limits of the classes of age at a contact, in years.
AGES = (0.5, 1, 2, 4, 6, 10, 14, 20)
BIRTH = 20
CODE, UNKNOWN, NUMBER, YEAR, TEXT, STRANGE = "code", "unknown", "number", "year", "text", "strange"
#: What a twin holds where the source had a text, or something that is no value of its kind.
_PLACEHOLDER, _NO_VALUE = "tekst", "geen-waarde"
_PERSON = pl.struct("bron", "dossier_id")


def likeness(store: Store, k: int) -> Likeness:
    """The profile: `specs/_schemas/gelijkenis.schema.json`. Cells of fewer than `k` dossiers are left out."""
    k = max(k, LEAST)
    bronnen = store.bronnen()
    rows = store.registraties().filter(pl.col("bdsnummer").is_not_null() & pl.col("dossier_id").is_not_null())
    ages = _ages(rows)
    cells = _cells(rows, ages, _known(bronnen))
    told = cells.filter(pl.col("n") >= k).sort("age", "element", "kind", "value", "unit", nulls_last=False)
    contacts = ages.group_by("age").agg(n=_PERSON.n_unique()).filter(pl.col("n") >= k).sort("age")
    whole = int(rows.select(_PERSON.n_unique()).collect().item())
    return {
        "schema_version": 1,
        "k": k,
        "rounded_to": ROUND,
        "versions": sorted({v for v in bronnen["bds_herkend"] if v}),
        "dossiers": _down(whole),
        "ages": list(AGES),
        "contacts": [{"age": a, "n": _down(n)} for a, n in contacts.select("age", "n").iter_rows()],
        "cells": [
            {"age": a, "element": e, "kind": kind, "value": v, "unit": u, "n": _down(n)}
            for a, e, kind, v, u, n in told.select("age", "element", "kind", "value", "unit", "n").iter_rows()
        ],
    }


def _down(n: int) -> int:
    return max(n // ROUND * ROUND, LEAST)


def _ages(rows: pl.LazyFrame) -> pl.DataFrame:
    """Per contact the class of age."""
    born = (
        rows.filter(pl.col("bdsnummer") == BIRTH)
        .select("bron", "dossier_id", born=pl.col("waarde").str.to_date("%Y-%m-%d", strict=False))
        .drop_nulls().unique(["bron", "dossier_id"], keep="first", maintain_order=True)
    )  # fmt: skip
    days = (pl.col("datum") - pl.col("born")).dt.total_days()
    classes = pl.sum_horizontal((days >= round(limit * 365.25)).cast(pl.Int32) for limit in AGES)
    return (
        rows.filter(pl.col("activiteit_id").is_not_null() & pl.col("datum").is_not_null())
        .group_by("bron", "dossier_id", "activiteit_id").agg(pl.col("datum").min())
        .join(born, on=["bron", "dossier_id"])
        .filter(pl.col("datum") >= pl.col("born"))
        .select("bron", "dossier_id", "activiteit_id", age=classes)
        .filter(pl.col("age") < len(AGES)).collect()
    )  # fmt: skip


def _known(bronnen: pl.DataFrame) -> pl.DataFrame:
    """bron, element, kind and its codes: which values may be told as they are."""
    from bds_tool.formats.registry import coding_of
    from bds_tool.schema import newest, versions
    from bds_tool.validate.tables import tables

    parts = []
    for bron, formaat, version in bronnen.select("bron", "formaat", "bds_herkend").iter_rows():
        seen = tables(version if version in versions() else newest(), coding_of(formaat))
        codes = seen.codes.group_by("lijst").agg(codes=pl.col("waarde"))
        frame = seen.elements.select("bdsnummer", "kind", "lijst").join(codes, on="lijst", how="left")
        parts.append(
            frame.select(bron=pl.lit(bron, pl.Int32), element=pl.col("bdsnummer"), sort="kind", codes="codes")
        )
    return pl.concat(parts)


def _cells(rows: pl.LazyFrame, ages: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Age (null: of the whole dossier), element, kind, value, unit, n dossiers: of everything, small ones too."""
    number = pl.col("waarde").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    # Two figures: 884 mm is 880, 12 340 g is 12 000.
    size = 10.0 ** (number.abs().clip(lower_bound=1).log(10).floor() - 1)
    year = pl.col("waarde").str.to_date("%Y-%m-%d", strict=False).dt.year()
    sort, filled = pl.col("sort"), pl.col("waarde").is_not_null()
    listed = pl.col("codes").list.contains(pl.col("waarde")).fill_null(value=False)
    yes_no = (sort == "janee") & pl.col("waarde").is_in(["true", "false", "1", "2", "0"])
    coded, measured, dated = sort == "code", sort.is_in(["maat", "geheel"]), sort == "datum"
    kind = (
        pl.when(~filled & pl.col("nullflavor").is_not_null()).then(pl.lit(UNKNOWN))
        .when(filled & ((coded & listed) | yes_no)).then(pl.lit(CODE))
        .when(filled & measured & number.is_not_null() & number.is_finite()).then(pl.lit(NUMBER))
        .when(filled & dated & year.is_not_null()).then(pl.lit(YEAR))
        .when(filled & (coded | measured | dated | (sort == "janee"))).then(pl.lit(STRANGE))
        .when(filled & sort.is_in(["tekst", "code-zonder-lijst"])).then(pl.lit(TEXT))
    )  # fmt: skip
    value = (
        pl.when(pl.col("cell") == CODE).then(pl.col("waarde"))
        .when(pl.col("cell") == UNKNOWN).then(pl.col("nullflavor").cast(pl.String))
        .when(pl.col("cell") == NUMBER).then(((number / size).floor() * size).cast(pl.String))
        .when(pl.col("cell") == YEAR).then(year.cast(pl.String))
    )  # fmt: skip
    flavours = ["NI", "UNK", "ASKU", "NASK", "NAV", "NA", "OTH", "MSK", "NP", "PINF", "NINF", "TRC", "INV", "NAVU", "QS", "DER", "UNC"]  # fmt: skip
    return (
        rows.select("bron", "dossier_id", "activiteit_id", "waarde", "eenheid", "nullflavor", element=pl.col("bdsnummer").cast(pl.Int32))
        .join(known.lazy(), on=["bron", "element"])
        .join(ages.lazy(), on=["bron", "dossier_id", "activiteit_id"], how="left")
        .filter(pl.col("age").is_not_null() | pl.col("activiteit_id").is_null())
        .with_columns(cell=kind)
        .filter(pl.col("cell").is_not_null())
        .with_columns(value=value, unit=pl.when(pl.col("cell") == NUMBER).then(pl.col("eenheid").cast(pl.String)))
        .filter((pl.col("cell") != UNKNOWN) | pl.col("value").is_in(flavours))
        .group_by("age", "element", pl.col("cell").alias("kind"), "value", "unit")
        .agg(n=_PERSON.n_unique())
        .collect()
        .filter(pl.col("unit").is_null() | pl.col("unit").is_in(_units()))
    )  # fmt: skip


def _units() -> list[str]:
    """Units that definitions know: another text in that place may be anything."""
    from bds_tool.formats.table.columns import units_by_name

    return sorted(
        {u for u, _, _ in units_by_name().values()} | {due for _, due, _ in units_by_name().values()}
    )


def read_likeness(path: Path) -> Likeness:
    """A profile. Raises UnreadableError for a file that is none."""
    try:
        found = json.loads(small_text(path))
    except MALFORMED:
        found = None
    if wrong := faults(found, "gelijkenis") or _unlike(found):
        raise UnreadableError(
            t(f"{path} is geen profiel om naar te maken. {wrong[0]}", f"{path} is no profile to make a twin of. {wrong[0]}"),
            t("Maak er een met `bds profile LEVERING --share BESTAND`.", "Make one with `bds profile DELIVERY --share FILE`."),
        )  # fmt: skip
    return cast("Likeness", found)


def _unlike(profile: Likeness) -> list[str]:
    """What the schema lets pass and nothing can be made of: classes of age that do not rise, or are not there."""
    days = [0, *(round(a * 365.25) for a in profile["ages"] if math.isfinite(a))]
    used = [x["age"] for x in (*profile["contacts"], *profile["cells"]) if x["age"] is not None]
    rising = len(days) > len(profile["ages"]) and all(a < b for a, b in itertools.pairwise(days))
    return [] if rising and max(used, default=0) < len(days) - 1 else [t("ages: klassen die niet oplopen", "ages: classes that do not rise")]  # fmt: skip


def twin(profile: Likeness, children: int, seed: int) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of REGISTRATIES of dossiers that are nobody's, drawn from the cells of the profile alone."""
    draw = Random(seed)
    cells: dict[int | None, dict[int, list[Cell]]] = {}
    for told in profile["cells"]:
        cells.setdefault(told["age"], {}).setdefault(told["element"], []).append(told)
    whole, limits = profile["dossiers"], [0.0, *profile["ages"]]
    births = [c for c in cells.get(None, {}).get(BIRTH, []) if c["kind"] == YEAR]
    cell: Cell | None
    for i in range(1, children + 1):
        key = f"T{i:07d}"
        year = int(draw.choices(births, [c["n"] for c in births])[0]["value"] or "") if births else 2015
        born = date(year, 1, 1) + timedelta(days=draw.randrange(365))
        yield (key, None, None, BIRTH, None, None, None, born.isoformat(), None, None, None, None, 1, i, None)
        for element, some in sorted(cells.get(None, {}).items()):
            if element != BIRTH and (cell := _one(draw, some, whole)):
                yield _row(draw, key, None, born, element, cell, i)
        for contact in profile["contacts"]:
            age = contact["age"]
            if draw.random() >= contact["n"] / whole:
                continue
            low, high = (round(limits[age + j] * 365.25) for j in (0, 1))
            day = born + timedelta(days=draw.randrange(low, high))
            for element, some in sorted(cells.get(age, {}).items()):
                if cell := _one(draw, some, contact["n"]):
                    yield _row(draw, key, f"{key}-{age}", day, element, cell, i)


def _one(draw: Random, cells: list[Cell], of: int) -> Cell | None:
    """One of the cells, each as often as in the profile; None as often as nothing stood there."""
    total = sum(c["n"] for c in cells)
    if draw.random() >= total / max(of, total, 1):
        return None
    return draw.choices(cells, [c["n"] for c in cells])[0]


def _row(
    draw: Random, key: str, contact: str | None, day: date, element: int, cell: Cell, line: int
) -> tuple[Any, ...]:
    value = unknown = text = None
    if cell["kind"] == UNKNOWN:
        unknown = cell["value"]
    elif cell["kind"] == CODE:
        value = cell["value"]
    elif cell["kind"] == NUMBER:
        low = float(cell["value"] or "")
        made = low + draw.random() * 10.0 ** max(len(str(int(abs(low)))) - 2, -1)
        value = str(int(made)) if abs(low) >= 10 else f"{made:.1f}"
    elif cell["kind"] == YEAR:
        value = (date(int(cell["value"] or ""), 1, 1) + timedelta(days=draw.randrange(365))).isoformat()
    else:
        # A text has its place beside the value: the twin has no fault there that the source had not.
        value, text = (None, _PLACEHOLDER) if cell["kind"] == TEXT else (_NO_VALUE, None)
    there = contact and day
    return (
        key,
        contact,
        there or None,
        element,
        None,
        None,
        None,
        value,
        cell["unit"],
        None,
        unknown,
        text,
        1,
        line,
        None,
    )
