"""The five JAMES JSON formats as data: names of fields, what is due, and the JSON type of each element."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bds_tool.base.specs import specs_dir
from bds_tool.schema import newest
from bds_tool.schema.loading import element_texts

#: Words of the standard text of a type in findings; the catalogue translates them.
KIND_WORDS = {str: "tekst", int: "getal", float: "getal", bool: "ja/nee", list: "lijst", dict: "object"}


@dataclass(frozen=True)
class Field:
    """A field of the envelope or an element that is due. `verplicht`: ja, verwacht or nee."""

    naam: str
    kind: str
    verplicht: str
    onbekend: frozenset[str]


@dataclass(frozen=True)
class Format:
    """One JAMES format. `wants`: element → JSON type (str or int) where the format prescribes one."""

    formaat: str
    organisatie: str
    referentie: str
    client: str
    contacten: str
    ouders: str
    nummer: str
    waarde: str
    velden: dict[str, Field]
    elementen: dict[int, Field]
    wants: dict[int, type]

    @property
    def by_element(self) -> bool:
        """Measurements are kept per element (3.x) instead of per visit."""
        return self.formaat.startswith("3")


@lru_cache(maxsize=8)
def formats() -> dict[str, Format]:
    """Format number → its description, from `specs/james/`."""
    folder = specs_dir() / "james"
    envelope, fields = _rows(folder / "envelop.csv"), _rows(folder / "velden.csv")
    found = {}
    for row in _rows(folder / "formaten.csv"):
        name = row["formaat"]
        velden = {r["naam"]: _field(r) for r in envelope if r["formaat"] == name and r["soort"] == "veld"}
        due = {
            int(r["naam"]): _field(r) for r in envelope if r["formaat"] == name and r["soort"] == "element"
        }
        organisatie, referentie, client, contacten, ouders = list(velden)[1:]
        wants = {int(r["bdsnummer"]): _wanted(name, r) for r in fields if r["formaat"] == name}
        found[name] = Format(
            name,
            organisatie,
            referentie,
            client,
            contacten,
            ouders,
            row["element"],
            row["waarde"],
            velden,
            due,
            wants,
        )
    return found


@lru_cache(maxsize=1)
def date_elements() -> frozenset[int]:
    """Elements whose value is a date: yyyymmdd in JAMES, ISO in the store."""
    listed = {
        int(r["bdsnummer"]) for r in _rows(specs_dir() / "james" / "velden.csv") if "{8}" in r["patroon"]
    }
    return frozenset(listed | {n for n, kind in element_texts(newest(), "datatype").items() if kind == "TS"})


def _wanted(name: str, row: dict[str, str]) -> type:
    # Format 1.0 writes every value as text; later formats write quantities as numbers and codes and dates as text.
    return int if name != "1.0" and row["json_type"] in {"number", "integer"} else str


def _field(row: dict[str, str]) -> Field:
    return Field(row["naam"], row["type"], row["verplicht"], frozenset(row["onbekend"].split()))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
