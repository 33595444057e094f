"""What the BDS versions of the data mean for indicators: units that changed, and definitions that do not cover them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from bds_tool.base.ranges import not_covered
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.schema import load, versions
from bds_tool.schema.loading import read_rows
from bds_tool.schema.units import convert, reference_factors, unconvertible

if TYPE_CHECKING:
    from fractions import Fraction

    import pyarrow as pa

    from bds_tool.indicators.definitions import Indicator
    from bds_tool.store.store import Store


def uncovered(indicators: Iterable[Indicator], found: Iterable[str]) -> list[str]:
    """A line for every indicator that says less, or nothing, about one of the versions found in the data."""
    lines = []
    heirs: dict[int, set[int]] = {}
    for row in read_rows(str(specs_dir()), "bds/opvolging.csv"):
        heirs.setdefault(int(row["oud"]), set()).add(int(row["nieuw"]))
    chosen = list(indicators)
    for version in sorted(set(found) & set(versions())):
        strange = unconvertible(version)
        for i in chosen:
            why = _why(i, version, heirs, strange)
            if why:
                lines.append(f"{i.id}: {why}")
    return lines


def _why(i: Indicator, version: str, heirs: dict[int, set[int]], strange: dict[int, tuple[str, str]]) -> str:
    if not i.versions.holds(version):
        return not_covered(version)
    definition = load(version)
    numbers = i.bds_elements()
    # What its range always lacked is a choice of the definition; what expired without an heir in it is a loss.
    lived = {n for v in i.versions.among(versions()) for n in numbers if load(v).living(n)}
    gone = [
        n
        for n in numbers
        if n in lived and not definition.living(n) and not heirs.get(n, set()) & set(numbers)
    ]
    later = [
        n
        for n in gone
        if not any(load(v).living(n) for v in versions() if versions().index(v) > versions().index(version))
    ]
    if later:
        shown = ", ".join(map(str, later))
        return t(
            f"BDS {version} kent element {shown} niet meer", f"BDS {version} no longer has element {shown}"
        )
    units = [n for n in numbers if n in strange]
    if units:
        first, there = strange[units[0]]
        return t(f"element {units[0]} is in BDS {version} in {there}, en geteld wordt in {first}",
                 f"element {units[0]} is in {there} in BDS {version}, and counting is in {first}")  # fmt: skip
    return ""


def in_counted_units(tables: Iterator[pa.Table], store: Store) -> Iterator[pa.Table]:
    """The pieces with every value in the unit the views count in; untouched where no version changed a unit."""
    factors = _factors(store)
    for table in tables:
        yield _converted(table, factors) if factors else table


def _factors(store: Store) -> dict[tuple[int, int], Fraction]:
    """(source, element) → factor, for sources of a version with another unit."""
    found: dict[tuple[int, int], Fraction] = {}
    for row in store.bronnen().iter_rows(named=True):
        version = row["bds_opgegeven"] or row["bds_herkend"]
        if version in versions():
            found |= {(int(row["bron"]), n): by for n, by in reference_factors(version).items()}
    return found


def _converted(table: pa.Table, factors: dict[tuple[int, int], Fraction]) -> pa.Table:
    import polars as pl
    import pyarrow as pa

    rows = pl.DataFrame(pl.from_arrow(table.select(["bron", "bdsnummer", "waarde"])))
    rows = rows.with_columns(pl.col("waarde").cast(pl.String), pl.col("bron", "bdsnummer").cast(pl.Int64))
    keys = pl.DataFrame(list(factors), schema=["bron", "bdsnummer"], orient="row").cast(pl.Int64)
    distinct = rows.join(keys, on=["bron", "bdsnummer"], how="semi").drop_nulls().unique(maintain_order=True)
    # What cannot be computed is no number in the unit that is counted in.
    new = [convert(value, factors[bron, number]) for bron, number, value in distinct.iter_rows()]
    known = distinct.with_columns(_nieuw=pl.Series(new, dtype=pl.String), _raakt=pl.lit(value=True))
    joined = rows.join(known, on=["bron", "bdsnummer", "waarde"], how="left", maintain_order="left")
    values = joined.select(pl.when(pl.col("_raakt")).then("_nieuw").otherwise("waarde"))["_nieuw"]
    place = table.schema.get_field_index("waarde")
    column = pa.chunked_array([values.to_arrow().cast(pa.string())]).dictionary_encode()
    return table.set_column(place, table.schema.field(place), column.cast(table.schema.field(place).type))
