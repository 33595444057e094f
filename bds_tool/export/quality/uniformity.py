"""Do units record alike: what is filled, what is expressly unknown and which codes are used, at the same ages.

Per unit against all others together, with one contact per dossier and unit (the last), so that each child counts once on
a side. Age differs between units, so the comparison is made within ages: the exact test of Cochran, Mantel and
Haenszel, in which given the ages and the totals every dossier could have been in either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from bds_tool.base.text import t
from bds_tool.export.quality import units as of_units

if TYPE_CHECKING:
    from bds_tool.store import Store

FILLED, UNKNOWN, CODE = "gevuld", "onbekend", "code"
_CONTACT = ["bron", "dossier_id", "activiteit_id"]
#: Element with the date of birth.
BIRTH = 20


@dataclass(frozen=True)
class Habit:
    """What one unit does otherwise. `share`: of `of` dossiers of the unit; `expected`: when it did at each age as the others do.

    `kind`: FILLED (of all contacts), UNKNOWN (of all contacts), CODE (of the contacts where the element is filled).
    `p`: adjusted over all comparisons (Holm): that of the chance of one false habit among all that are told.
    """

    unit: str
    element: int
    kind: str
    code: str
    of: int
    share: float
    expected: float
    p: float


@dataclass(frozen=True)
class Uniformity:
    """The habits, the largest difference first; `compared`: how many comparisons were made, of how many units."""

    habits: list[Habit]
    compared: int
    units: list[str]


def observed(store: Store, key: Sequence[str], units: pl.DataFrame) -> pl.DataFrame:
    """Counts of dossiers: unit, age (0 …), bdsnummer, kind, code, x, n; only numbers, so deliveries add up.

    `units`: the columns of `key`, and `unit`. A dossier without a date of birth, or a contact without a day, has no age
    and does not count.
    """
    rows = store.registraties().with_columns(pl.col("bdsnummer").cast(pl.Int32))
    filled = pl.col("waarde").is_not_null() | pl.col("tekst").is_not_null()
    born = (
        rows.filter(pl.col("bdsnummer") == BIRTH)
        .select("bron", "dossier_id", pl.col("waarde").str.to_date("%Y-%m-%d", strict=False).alias("born"))
        .drop_nulls().unique(["bron", "dossier_id"], keep="first", maintain_order=True)
    )  # fmt: skip
    contacts = (
        rows.filter(pl.col("activiteit_id").is_not_null() & pl.col("datum").is_not_null())
        .group_by(_CONTACT).agg(pl.col("datum").min())
        .join(born, on=["bron", "dossier_id"])
        .join(units.lazy(), on=list(key))
        .filter(pl.col("datum") >= pl.col("born"))
        .sort("datum", "activiteit_id")
        .group_by("bron", "dossier_id", "unit", maintain_order=True).last()
        .with_columns(age=_age())
        .select(*_CONTACT, "unit", "age")
    ).collect()  # fmt: skip
    mine = rows.filter(pl.col("bdsnummer").is_not_null()).select(*_CONTACT, "bdsnummer", "waarde", "nullflavor", filled.alias("filled"))  # fmt: skip
    values = [mine.join(contacts.lazy(), on=_CONTACT)]
    if "activiteit_id" not in key:  # what belongs to the whole dossier is of one unit
        rest = mine.filter(pl.col("activiteit_id").is_null()).drop("activiteit_id")
        values.append(rest.join(contacts.drop("activiteit_id").lazy(), on=["bron", "dossier_id"]))
    columns = ["bron", "dossier_id", "unit", "age", "bdsnummer", "waarde", "nullflavor", "filled"]
    seen = pl.concat([v.select(columns) for v in values]).collect()
    people = contacts.group_by("unit", "age").agg(n=pl.len().cast(pl.Int64))
    parts = [
        _counted(seen.filter("filled"), people, FILLED),
        _counted(seen.filter(~pl.col("filled") & pl.col("nullflavor").is_not_null()), people, UNKNOWN),
        _mix(seen.filter("filled"), _codes(store)),
    ]
    return pl.concat(p.select("unit", "age", "bdsnummer", "kind", "code", "x", "n") for p in parts)


def _age() -> pl.Expr:
    """The class of age at the contact, by the limits of `specs/kwaliteit` (in years)."""
    days = (pl.col("datum") - pl.col("born")).dt.total_days()
    classes = pl.lit(0, pl.Int32)
    for limit in of_units.settings()["gelijkheid"]["leeftijden"]:
        classes += (days >= round(limit * 365.25)).cast(pl.Int32)
    return classes


_PERSON = pl.struct("bron", "dossier_id").n_unique().cast(pl.Int64)


def _counted(rows: pl.DataFrame, people: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Per element the dossiers with it, of all; a unit and age without any is there with 0."""
    x = rows.group_by("unit", "age", "bdsnummer").agg(x=_PERSON)
    every = people.join(x.select("bdsnummer").unique(), how="cross")
    return every.join(x, on=["unit", "age", "bdsnummer"], how="left").with_columns(
        pl.col("x").fill_null(0), kind=pl.lit(kind), code=pl.lit("")
    )


def _mix(rows: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Per code the dossiers with it, of those with the element; only codes of the list, for others may be anything."""
    here = rows.join(codes, on=["bdsnummer", "waarde"], how="semi")
    of = here.group_by("unit", "age", "bdsnummer").agg(n=_PERSON)
    x = here.group_by("unit", "age", "bdsnummer", "waarde").agg(x=_PERSON)
    every = of.join(x.select("bdsnummer", "waarde").unique(), on="bdsnummer")
    return (
        every.join(x, on=["unit", "age", "bdsnummer", "waarde"], how="left")
        .with_columns(pl.col("x").fill_null(0), kind=pl.lit(CODE))
        .rename({"waarde": "code"})
    )


def _codes(store: Store) -> pl.DataFrame:
    """Element and waarde of every code that the versions in this store have."""
    from bds_tool.formats.registry import coding_of
    from bds_tool.schema import newest, versions
    from bds_tool.validate.tables import tables

    found = []
    for formaat, version in (
        store.bronnen().select("formaat", "bds_herkend").unique().sort(pl.all()).iter_rows()
    ):
        seen = tables(version if version in versions() else newest(), coding_of(formaat))
        found.append(
            seen.elements.join(seen.codes, on="lijst").select(pl.col("bdsnummer").cast(pl.Int32), "waarde")
        )
    return pl.concat(found).unique()


def of_store(store: Store, kind: str, label: str) -> pl.DataFrame:
    """Counts of one delivery by a kind of unit; without a kind the delivery is the unit."""
    if not kind:
        bronnen = store.bronnen().select("bron").with_columns(unit=pl.lit(label))
        return observed(store, ["bron"], bronnen)
    key, units = of_units.units(store, kind)
    return observed(store, key, units.with_columns(pl.col("unit").cast(pl.String)))


def compared(counts: Iterable[pl.DataFrame], small: int) -> Uniformity:
    """Each unit against the others together. Units under `small` dossiers go together, as in the rest of `bds quality`."""
    chosen = of_units.settings()["gelijkheid"]
    key = ["unit", "age", "bdsnummer", "kind", "code"]
    whole = pl.concat(counts).group_by(key).agg(pl.col("x", "n").sum())
    whole = _together(whole, small)
    names = sorted(whole["unit"].unique())
    if len(names) < 2:
        return Uniformity([], 0, names)
    total = whole.group_by(key[1:]).agg(tx=pl.col("x").sum(), tn=pl.col("n").sum())
    least = int(chosen["minstens"])
    tests: list[Habit] = []
    for (unit, element, kind, code), part in (
        whole.join(total, on=key[1:])
        .filter(pl.col("tn") > pl.col("n"))
        .sort(key)
        .group_by("unit", "bdsnummer", "kind", "code", maintain_order=True)
    ):
        x, n, tx, tn = (part[c].to_numpy() for c in ("x", "n", "tx", "tn"))
        # By the totals alone, which say nothing of the units: what is too rare to tell anything is not compared.
        if min(int(tx.sum()), int((tn - tx).sum())) < least or not n.sum():
            continue
        expected = float((n * ((tx - x) / (tn - n))).sum() / n.sum())
        tests.append(
            Habit(
                str(unit),
                int(str(element)),
                str(kind),
                str(code),
                int(n.sum()),
                float(x.sum() / n.sum()),
                expected,
                exact(x, n, tx, tn),
            )
        )
    adjusted = holm([h.p for h in tests])
    told = [
        Habit(h.unit, h.element, h.kind, h.code, h.of, h.share, h.expected, float(p))
        for h, p in zip(tests, adjusted, strict=True)
        if p < float(chosen["alfa"]) and abs(h.share - h.expected) >= float(chosen["verschil"])
    ]
    told.sort(key=lambda h: (-abs(h.share - h.expected), h.unit, h.element, h.kind, h.code))
    return Uniformity(told, len(tests), names)


def _together(whole: pl.DataFrame, small: int) -> pl.DataFrame:
    """Small units under one name; the size of a unit is its dossiers, the largest number that any element is out of."""
    size = (
        whole.filter(pl.col("kind") == FILLED)
        .group_by("unit", "bdsnummer").agg(pl.col("n").sum()).group_by("unit").agg(pl.col("n").max())
    )  # fmt: skip
    few = size.filter(pl.col("n") < small)["unit"].to_list()
    if not few:
        return whole
    name = t(f"overige eenheden ({len(few)})", f"other units ({len(few)})")
    renamed = whole.with_columns(
        pl.when(pl.col("unit").is_in(few)).then(pl.lit(name)).otherwise("unit").alias("unit")
    )
    merged = renamed.group_by("unit", "age", "bdsnummer", "kind", "code").agg(pl.col("x", "n").sum())
    kept = merged.filter(pl.col("kind") == FILLED).group_by("unit", "bdsnummer").agg(pl.col("n").sum())
    enough = kept.group_by("unit").agg(pl.col("n").max()).filter(pl.col("n") >= small)
    return merged.join(enough.select("unit"), on="unit", how="semi")


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p-values that hold the chance of any false one under the level (Holm 1979)."""
    adjusted, least = [0.0] * len(p), 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        least = max(least, min(1.0, (len(p) - rank) * p[at]))
        adjusted[at] = least
    return adjusted


def exact(x: Any, n: Any, total_x: Any, total_n: Any) -> float:  # noqa: ANN401  # arrays, one place per age
    """Two-sided p of the exact conditional test of Cochran, Mantel and Haenszel for a common odds ratio of 1.

    Given the totals at each age, the number of the unit is hypergeometric there; over the ages these add up. p is
    the chance of all sums as unlikely as the one seen or more, as in Fisher's test, which it is at one age.
    """
    import numpy as np

    from bds_tool.export.quality.rates import log_factorials

    whole, start = np.ones(1), 0
    log = log_factorials(1 << int(np.max(total_n)).bit_length())
    for n1, m, total in zip(n, total_x, total_n, strict=True):
        n1, m, total = int(n1), int(m), int(total)  # noqa: PLW2901
        low, high = max(0, n1 + m - total), min(n1, m)
        k = np.arange(low, high + 1)
        terms = log[n1] - log[k] - log[n1 - k] + log[total - n1] - log[m - k] - log[total - n1 - m + k]
        terms = np.exp(terms - terms.max())
        terms /= terms.sum()
        # What cannot matter to any p that is told is left out, so that large deliveries stay quick.
        here = np.flatnonzero(terms > 1e-18)
        whole = np.convolve(whole, terms[here[0] : here[-1] + 1])
        start += low + int(here[0])
    at = int(sum(int(v) for v in x)) - start
    if not 0 <= at < len(whole):
        return 0.0
    # A sum that differs by rounding alone is as unlikely.
    return float(min(1.0, whole[whole <= whole[at] * (1 + 1e-7)].sum() / whole.sum()))
