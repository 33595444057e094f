"""A national population as a store, for the indicator benchmarks: plain numpy, written per block of children.

20 registraties per child on average: birth, sex, address, family, feeding, vaccinations, growth, language, SDQ and
Van Wiechen, over ten birth cohorts. Frequencies are invented; the feeding ones are the published ones of 2018.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bds_tool.store.columns import bronnen_schema, meldingen_schema, registraties_schema

EPOCH = date(1970, 1, 1)
FEEDING = {  # published 2018: breast, mixed, formula (%)
    "geboorte": (69, 7, 25),
    "dag8": (58, 10, 32),
    "w2": (56, 10, 34),
    "m1": (47, 12, 41),
    "m3": (31, 10, 58),
    "m6": (19, 9, 72),
    "m9": (12, 9, 79),
    "m12": (9, 7, 84),
}
CODES = np.array(["01", "02", "03"])
BLOCK = 100_000


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def iso(days: np.ndarray) -> np.ndarray:
    return np.datetime_as_string(days.astype("datetime64[D]"), unit="D")


class Rows:
    """Columns of one block, collected per element."""

    def __init__(self) -> None:
        self.parts: list[tuple[np.ndarray, ...]] = []

    def add(self, child, number, value, datum=None, activity=None, volgnr=1):
        size = len(child)
        full = lambda v, d: np.full(size, v, dtype=d) if np.isscalar(v) else np.asarray(v)  # noqa: E731
        none = np.full(size, -999999)
        self.parts.append(
            (
                child,
                full(number, np.int32),
                full(value, object),
                none if datum is None else datum,
                none if activity is None else activity,
                full(volgnr, np.int32),
            )
        )

    def table(self, first: int) -> pa.Table:
        child, number, value, datum, activity, volgnr = (
            np.concatenate(c) for c in zip(*self.parts, strict=True)
        )
        order = np.lexsort((number, activity, child))
        child, number, value, datum, activity, volgnr = (
            a[order] for a in (child, number, value, datum, activity, volgnr)
        )
        ids = np.char.add("K", np.char.zfill((child + first).astype(str), 8))
        acts = pa.array(np.char.add(np.char.add(ids, "-"), activity.astype(str)), mask=activity == -999999)
        columns = {
            "dossier_id": pa.array(ids),
            "activiteit_id": acts,
            "datum": pa.array(datum.astype(np.int32), pa.int32(), mask=datum == -999999).cast(pa.date32()),
            "bdsnummer": pa.array(number, pa.int32()),
            "volgnr": pa.array(volgnr, pa.int32()),
            "waarde": pa.array(value.astype(str)),
            "bron": pa.array(np.ones(len(child), np.int32)),
            "regel": pa.array(np.arange(len(child)) + first * 20, pa.int64()),
        }
        schema = registraties_schema()
        arrays = [
            columns[f.name].cast(f.type) if f.name in columns else pa.nulls(len(child), f.type)
            for f in schema
        ]
        return pa.Table.from_arrays(arrays, schema=schema)


def block(rng: np.random.Generator, size: int, postcodes: np.ndarray, first_year: int, years: int) -> Rows:
    rows = Rows()
    child = np.arange(size)
    low = day(f"{first_year}-01-01")
    birth = low + rng.integers(0, int(365.25 * years), size)
    male = rng.random(size) < 0.51
    rows.add(child, 20, iso(birth))
    rows.add(child, 19, np.where(male, "M", "F").astype(object))
    rows.add(child, 16, postcodes[rng.integers(0, len(postcodes), size)])
    rows.add(child, 12, rng.integers(1, 60, size).astype(str).astype(object))
    mother = child[rng.random(size) < 0.9]
    rows.add(mother, 62, "NMTH")
    rows.add(mother, 66, np.char.zfill(rng.integers(1, 10, len(mother)).astype(str), 2).astype(object))
    rows.add(
        mother,
        71,
        np.array(["6030", "6030", "6030", "6043", "5022"], dtype=object)[rng.integers(0, 5, len(mother))],
    )
    some = rng.random(size) < 0.9
    rows.add(
        child[some],
        110,
        np.round(rng.normal(3450, 550, some.sum())).clip(400, 6000).astype(int).astype(str).astype(object),
    )
    rows.add(
        child[some],
        82,
        np.round(rng.normal(277, 12, some.sum())).clip(170, 310).astype(int).astype(str).astype(object),
    )
    rows.add(child[some], 91, np.where(rng.random(some.sum()) < 0.07, "true", "false").astype(object))
    rows.add(child[some], 1197, "01", birth[some])

    def draw(moment: str, many: int) -> np.ndarray:
        p = np.array(FEEDING[moment], float)
        return CODES[rng.choice(3, many, p=p / p.sum())].astype(object)

    rows.add(child[some], 747, draw("geboorte", some.sum()))
    # contacts: one in the first year, one later; each with its registration
    at = birth + 91 + rng.integers(-10, 15, size)
    seen = rng.random(size) < 0.6
    who, when = child[seen], at[seen]
    rows.add(who, 724, iso(when), when, when)
    rows.add(who, 1605, "01", when, when)
    rows.add(who, 496, draw("m3", len(who)), when, when)
    rows.add(who, 461, "11", when, when)
    growth(rows, rng, who, when, birth[seen])
    age = rng.integers(2 * 365 + 1, 11 * 365, size)
    seen = (rng.random(size) < 0.55) & (birth + age < day("2026-01-01"))
    who, when = child[seen], (birth + age)[seen]
    rows.add(who, 724, iso(when), when, when)
    rows.add(who, 1605, "01", when, when)
    rows.add(who, 494, "39", when, when)
    growth(rows, rng, who, when, birth[seen])
    for number, codes in (
        (188, ["03", "04"]),
        (190, ["02", "03", "04"]),
        (510, ["01", "04"]),
        (408, ["1", "2", "3"]),
    ):
        part = rng.random(len(who)) < 0.5
        rows.add(
            who[part],
            number,
            np.array(codes, dtype=object)[rng.integers(0, len(codes), part.sum())],
            when[part],
            when[part],
        )
    young = rng.random(len(who)) < 0.1
    for number in (910, 916, 943, 961, 975):
        rows.add(
            who[young],
            number,
            np.where(rng.random(young.sum()) < 0.8, "1", "2").astype(object),
            when[young],
            when[young],
        )
    rows.add(
        who[~young][::8],
        1116,
        rng.integers(0, 25, len(who[~young][::8])).astype(str).astype(object),
        when[~young][::8],
        when[~young][::8],
    )
    # a contact around fourteen months, with the vaccinations of that age
    at = birth + 425 + rng.integers(-20, 40, size)
    seen = (rng.random(size) < 0.48) & (at < day("2026-01-01"))
    who, when = child[seen], at[seen]
    rows.add(who, 724, iso(when), when, when)
    rows.add(who, 1605, "01", when, when)
    rows.add(who, 494, "39", when, when)
    rows.add(who, 461, np.array(["04", "28"], dtype=object)[rng.integers(0, 2, len(who))], when, when)
    rows.add(who, 510, np.array(["01", "04"], dtype=object)[rng.integers(0, 2, len(who))], when, when)
    growth(rows, rng, who, when, birth[seen])
    return rows


def growth(rows: Rows, rng, who, when, birth) -> None:
    years = (when - birth) / 365.25
    length = 500 + 120 * np.sqrt(years) * (1 + 0.6 * np.sqrt(years)) + rng.normal(0, 30, len(who))
    bmi = rng.lognormal(np.log(16), 0.11, len(who))
    rows.add(who, 235, np.round(length).astype(int).astype(str).astype(object), when, when)
    rows.add(
        who,
        245,
        np.round(bmi * (length / 1000) ** 2 * 1000).astype(int).astype(str).astype(object),
        when,
        when,
    )


def postcodes(wijken: int = 3500, gemeenten: int = 342) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Ten PC6 per wijk, and the table (postcode, buurt)."""
    table = []
    for wijk in range(wijken):
        gemeente = 1001 + wijk % gemeenten
        buurt = f"BU{gemeente}{wijk // gemeenten:02}00"
        table += [
            (f"{1000 + wijk * 10 // 26 % 9000}{chr(65 + (wijk * 10 + n) % 26)}{chr(65 + n)}", buurt)
            for n in range(10)
        ]
    unique = dict(table)
    return np.array(sorted(unique), dtype=object), sorted(unique.items())


def make(
    folder: Path, children: int, *, first_year: int = 2014, years: int = 12, seed: int = 1, wijken: int = 3500
) -> tuple[Path, Path]:
    """Write `pop.bds` and `pc6_2025.csv` in `folder` unless they are there; returns both paths."""
    store, areas = folder / "pop.bds", folder / "pc6_2025.csv"
    codes, table = postcodes(wijken, min(342, wijken))
    if (store / "_store.json").is_file():
        return store, areas
    store.mkdir(parents=True, exist_ok=True)
    areas.write_text("postcode,buurt\n" + "\n".join(",".join(r) for r in table) + "\n", encoding="utf-8")
    rng = np.random.default_rng(seed)
    total = 0
    with pq.ParquetWriter(
        store / "registraties.parquet", registraties_schema(), compression="zstd"
    ) as writer:
        for first in range(0, children, BLOCK):
            made = block(rng, min(BLOCK, children - first), codes, first_year, years).table(first)
            writer.write_table(made, row_group_size=250_000)
            total += made.num_rows
    bron = {
        "bron": 1,
        "pad": "pop",
        "formaat": "dob-4.1.3",
        "organisatie": "Test",
        "bds_herkend": "4.1.3",
        "rijen": total,
    }
    pq.write_table(pa.Table.from_pylist([bron], schema=bronnen_schema()), store / "bronnen.parquet")
    pq.write_table(pa.Table.from_pylist([], schema=meldingen_schema()), store / "meldingen.parquet")
    (store / "_store.json").write_text(json.dumps({"layout": 1, "rijen": total}), encoding="utf-8")
    return store, areas
