"""Dossier fragments of the examples: making a plausible row, and judging whether rows are right in a version."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from bds_tool.base.text import t

if TYPE_CHECKING:
    from bds_tool.changes.package import Rij
    from bds_tool.schema.model import Code, Definition, Element, Waardenlijst

DATE = "2024-03-01"
#: Rubriek and elements in which data outside the BDS travel.
SHELTER = {1332, 1333, 1334, 1335}
NULL_SYSTEM = "2.16.840.1.113883.5.1008"
_ISO = re.compile(r"^\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?([+-]\d{2}:\d{2})?)?)?)?$")
_TEMPLATE = re.compile(r"\{\$|\{[a-z-]+\(|\$\{|\{\{")
NUMBERS = {"INT", "PQ", "REAL", "N"}


def sample_row(definition: Definition, number: int, code: Code | None = None) -> Rij:
    """A row that is right for an element in a version; `code` chooses the code. Values are made up."""
    e = definition.elementen[number]
    row: Rij = {}
    rubriek = definition.rubrieken.get(e.rubriek)
    if rubriek is None or rubriek.binding != "dossiergebonden":
        row |= {"activiteit_id": "1", "datum": DATE}
    row["bdsnummer"] = number
    if e.rubriek:
        row["rubriek"] = e.rubriek
    if e.groepen:
        row |= {"groep": e.groepen[-1], "volgnr": 1}
    chosen = code or _first_code(definition, e)
    if chosen is not None:
        return row | {"waarde": chosen.code, "codesysteem": chosen.codesysteem, "tekst": chosen.weergavenaam}
    if "nullFlavor='OTH'" in e.pad:
        return row | {"nullflavor": "OTH", "tekst": "Voorbeeld"}
    row["waarde"] = _plain(e)
    if e.eenheid:
        row["eenheid"] = e.eenheid
    return row


def _first_code(definition: Definition, e: Element) -> Code | None:
    if not e.coded:
        return None
    lists = (definition.waardenlijsten.get((e.waardenlijst, soort)) for soort in ("HL7", "BDS"))
    return next((c for w in lists if w for c in w.codes if c.rij == "concept" and c.status != "D"), None)


def _plain(e: Element) -> str:
    kind = {e.datatype, e.hl7_datatype}
    if kind & NUMBERS:
        return str(e.minimum if e.minimum is not None else e.maximum if e.maximum is not None else 10)
    if "BL" in kind:
        return "true"
    if kind & {"TS", "D", "IVL_TS"}:
        return DATE
    return "Voorbeeld"[: e.max_lengte or 9]


def problems(rows: Iterable[Rij], definition: Definition) -> list[str]:
    """What is wrong with a fragment in a version, one sentence each; empty when nothing is."""
    found: list[str] = []
    for number, row in enumerate(rows, start=1):
        found += (f"{t('rij', 'row')} {number}: {text}" for text in _row_problems(row, definition))
    return found


def unfilled(rows: Iterable[Rij]) -> list[int]:
    """Numbers of rows that still hold a variable of a template, such as `{$messageId}`."""
    return [
        n
        for n, row in enumerate(rows, start=1)
        if any(isinstance(v, str) and _TEMPLATE.search(v) for v in row.values())
    ]


def _row_problems(row: Rij, d: Definition) -> list[str]:
    number = row.get("bdsnummer")
    if number is None:
        return []
    e = d.elementen.get(int(number))
    if e is None:
        return [
            t(
                f"element {number} bestaat niet in {d.version}",
                f"element {number} does not exist in {d.version}",
            )
        ]
    found = []
    if row.get("datum") and not _is_date(str(row["datum"])):
        found.append(t(f"de datum van {number} bestaat niet", f"the date of {number} does not exist"))
    elif row.get("datum") and str(row["datum"]) > date.today().isoformat():  # noqa: DTZ011 - a day is enough
        found.append(
            t(f"de datum van {number} ligt in de toekomst", f"the date of {number} lies in the future")
        )
    if int(number) in SHELTER:
        return found + _shelter_problems(row, e)
    if not (e.in_bericht or e.locatie_soort or e.pad or _registered(e)):
        found.append(
            t(
                f"{number} {e.naam} is vervallen in {d.version}",
                f"{number} {e.naam} is expired in {d.version}",
            )
        )
    rubriek = row.get("rubriek")
    if rubriek and e.rubriek and rubriek != e.rubriek:
        found.append(
            t(
                f"{number} hoort in {e.rubriek}, niet in {rubriek}",
                f"{number} belongs in {e.rubriek}, not {rubriek}",
            )
        )
    groep = row.get("groep")
    if groep and groep not in d.groepen:
        found.append(t(f"groep {groep} bestaat niet", f"group {groep} does not exist"))
    if groep and e.groepen and groep not in e.groepen:
        found.append(
            t(f"{number} hoort in groep {e.groepen[-1]}", f"{number} belongs in group {e.groepen[-1]}")
        )
    return found + _value_problems(row, e, d)


def _registered(e: Element) -> bool:
    """An element outside the message that the register still has: live, or deprecated (old values may travel)."""
    return e.status in {"actief", "deprecated"}


def _shelter_problems(row: Rij, e: Element) -> list[str]:
    if row.get("rubriek") != "R051" or row.get("groep") != "G083":
        return [t(f"{e.bdsnummer} hoort in R051/G083", f"{e.bdsnummer} belongs in R051/G083")]
    return []


def _value_problems(row: Rij, e: Element, d: Definition) -> list[str]:
    waarde = row.get("waarde")
    if waarde is None:
        if row.get("nullflavor") or row.get("tekst"):
            return []
        return [t(f"{e.bdsnummer} heeft geen waarde", f"{e.bdsnummer} has no value")]
    text = str(waarde)
    lists = [
        w for soort in ("HL7", "BDS") if (w := d.waardenlijsten.get((e.waardenlijst, soort))) is not None
    ]
    if e.coded and lists:
        return [] if any(_holds(w, text, row.get("codesysteem")) for w in lists) else [
            t(f"de waarde van {e.bdsnummer} staat niet in {e.waardenlijst}", f"the value of {e.bdsnummer} is not in {e.waardenlijst}")
        ]  # fmt: skip
    kind = {e.datatype, e.hl7_datatype}
    wrong = t(
        f"de waarde van {e.bdsnummer} is geen {e.datatype}", f"the value of {e.bdsnummer} is no {e.datatype}"
    )
    if kind & NUMBERS and not _in_range(text, e):
        return [wrong]
    if e.datatype == "BL" and text not in {"true", "false"}:
        return [wrong]
    if e.datatype in {"TS", "D"} and not _is_date(text):
        return [wrong]
    if e.max_lengte and e.datatype == "AN" and len(text) > e.max_lengte:
        return [
            t(f"{e.bdsnummer} is langer dan {e.max_lengte}", f"{e.bdsnummer} is longer than {e.max_lengte}")
        ]
    if e.eenheid and row.get("eenheid") not in {None, e.eenheid}:
        return [t(f"{e.bdsnummer} heeft een andere eenheid", f"{e.bdsnummer} has another unit")]
    return []


def _is_date(text: str) -> bool:
    """A year, month, day or moment that the calendar has."""
    if not _ISO.match(text):
        return False
    year, month, day = (*map(int, text[:10].split("-")), 1, 1)[:3]
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


def _holds(w: Waardenlijst, code: str, system: object) -> bool:
    for c in w.codes:
        if system is not None and c.codesysteem and c.codesysteem != system:
            continue
        if c.rij == "complete-codesystem" or c.code == code:
            return True
    return False


def _in_range(text: str, e: Element) -> bool:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    low = e.minimum is None or value >= e.minimum
    return low and (e.maximum is None or value <= e.maximum)
