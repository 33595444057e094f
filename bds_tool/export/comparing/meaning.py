"""What a value means, whatever format wrote it: codes as BDS codes, measurements in one unit, numbers without spare zeros."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.formats.codes import bds_code
from bds_tool.schema import load
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.units import convert, factor

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.schema.model import Definition, Element

_FACTS = ("bdsnummer", "waarde", "eenheid", "nullflavor", "codesysteem", "tekst")


def with_meaning(rows: pl.DataFrame, version: str, *, texts: bool = False) -> pl.DataFrame:
    """The rows with a column `meaning`. Each value that occurs is worked out once.

    `texts`: what was written beside an answer like "other" is part of what it means, and what a message says in words
    (`PHYS`, `active`, `true`) means the code of the data set.
    """
    import polars as pl

    plain = rows.with_columns(pl.col("eenheid", "nullflavor", "codesysteem").cast(pl.String))
    seen = plain.select(_FACTS).unique()
    says = meanings(version, texts=texts)
    told = seen.with_columns(pl.Series("meaning", [says(*row) for row in seen.iter_rows()], dtype=pl.String))
    return plain.join(told, on=list(_FACTS), how="left", nulls_equal=True, maintain_order="left")


def meanings(version: str, *, texts: bool = False) -> Callable[..., str | None]:
    """(element, value, unit, nullFlavor, code system, text) → what it means in this version."""
    definition = load(version)

    def says(
        number: int | None,
        value: str | None,
        unit: str | None,
        nullflavor: str | None,
        system: str | None,
        text: str | None,
    ) -> str | None:
        element = definition.elementen.get(number) if number is not None else None
        if element is not None and element.waardenlijst:
            known = _systems(version, element.waardenlijst)
            if value is not None and system and known and system not in known:
                return f"{value} ({system})"  # a code of another system means something else
            # A scenario asks for a value only where the list itself has the code, so words stay words there.
            plain = _in_data_set(definition, element, value, system) if value is not None and texts else value
            code = bds_codes(version, element.waardenlijst).get(
                plain if plain is not None else f"<{nullflavor}>"
            )
            if code is not None:
                other = texts and text and code in _exceptions(version, element.waardenlijst)
                return (
                    f"{code} {text}" if other and text not in _names(version, element.waardenlijst) else code
                )
        if value is None:
            return (f"<{nullflavor}>" if nullflavor else "") + (f" {text}" if texts and text else "") or None
        if element is not None and measured(element):
            return _number(value, unit or element.eenheid, element.eenheid)
        return value

    return says


def _in_data_set(definition: Definition, element: Element, value: str, system: str | None) -> str:
    """The code as a table has it, also for what a message says in words or by yes and no; itself where that is unknown."""
    return bds_code(definition, element.bdsnummer, value, system) or value


@lru_cache(maxsize=4096)
def _systems(version: str, lijst: str) -> frozenset[str]:
    """The code systems that the codes of a list come from, in either coding."""
    lists = load(version).waardenlijsten
    found = {
        c.codesysteem for kind in ("BDS", "HL7", "extern") if (v := lists.get((lijst, kind))) for c in v.codes
    }
    return frozenset(found - {""})


@lru_cache(maxsize=4096)
def _exceptions(version: str, lijst: str) -> frozenset[str]:
    """BDS codes of a list that stand for a nullFlavor: other, unknown …"""
    pairs = code_pairs(load(version), lijst)
    return frozenset((p.bds or p.hl7).code for p in pairs if p.nullflavor and (p.bds or p.hl7))  # type: ignore[union-attr]


@lru_cache(maxsize=4096)
def _names(version: str, lijst: str) -> frozenset[str]:
    """The names of the exceptions of a list: a name is no text that somebody wrote."""
    found = {
        c.weergavenaam for p in code_pairs(load(version), lijst) if p.nullflavor for c in (p.bds, p.hl7) if c
    }
    return frozenset(found)


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
