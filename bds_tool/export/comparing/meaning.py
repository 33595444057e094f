"""What a value means, whatever format wrote it: codes as BDS codes, measurements in one unit, numbers without spare zeros."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.schema import load
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.units import convert, factor

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.schema.model import Element

_FACTS = ("bdsnummer", "waarde", "eenheid", "nullflavor")


def with_meaning(rows: pl.DataFrame, version: str) -> pl.DataFrame:
    """The rows with a column `meaning`. Each value that occurs is worked out once."""
    import polars as pl

    plain = rows.with_columns(pl.col("eenheid", "nullflavor").cast(pl.String))
    seen = plain.select(_FACTS).unique()
    says = meanings(version)
    told = seen.with_columns(pl.Series("meaning", [says(*row) for row in seen.iter_rows()], dtype=pl.String))
    return plain.join(told, on=list(_FACTS), how="left", nulls_equal=True, maintain_order="left")


def meanings(version: str) -> Callable[[int | None, str | None, str | None, str | None], str | None]:
    """(element, value, unit, nullFlavor) → what it means in this version."""
    definition = load(version)

    def says(number: int | None, value: str | None, unit: str | None, nullflavor: str | None) -> str | None:
        element = definition.elementen.get(number) if number is not None else None
        if element is not None and element.waardenlijst:
            code = bds_codes(version, element.waardenlijst).get(
                value if value is not None else f"<{nullflavor}>"
            )
            if code is not None:
                return code
        if value is None:
            return f"<{nullflavor}>" if nullflavor else None
        if element is not None and measured(element):
            return _number(value, unit or element.eenheid, element.eenheid)
        return value

    return says


def measured(element: Element) -> bool:
    """Whether the values of an element are numbers."""
    return bool(element.eenheid) or element.hl7_datatype in {"PQ", "INT", "REAL"}


@lru_cache(maxsize=4096)
def bds_codes(version: str, lijst: str) -> dict[str, str]:
    """Code of a list in either coding → its BDS code; a nullFlavor is written `<OTH>`."""
    found: dict[str, str] = {}
    for pair in code_pairs(load(version), lijst):
        if pair.hl7 is not None:
            key = f"<{pair.hl7.code}>" if pair.hl7.nullflavor else pair.hl7.code
            found[key] = pair.bds.code if pair.bds is not None else pair.hl7.code
    for pair in code_pairs(load(version), lijst):
        if pair.bds is not None:  # where both lists know a code, it is the BDS code
            found[pair.bds.code] = pair.bds.code
    return found


def _number(value: str, unit: str, wanted: str) -> str:
    """A measurement in the unit of the definition; one in an unknown unit stays as it is, unit and all."""
    by = Fraction(1) if unit == wanted else factor(unit, wanted)
    if by is None:
        return f"{value} {unit}"
    return convert(value, by) or value
