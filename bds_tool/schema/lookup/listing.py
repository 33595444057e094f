"""Tables of what a version holds, for `bds spec list` and the exports."""

from __future__ import annotations

from typing import Any

from bds_tool.schema.lookup.card import lijst_naam
from bds_tool.schema.model import Definition

KINDS = ("elementen", "rubrieken", "groepen", "lijsten")

Rows = tuple[list[list[Any]], tuple[str, ...]]


def listing(
    definition: Definition,
    kind: str,
    rubriek: str = "",
    groep: str = "",
    datatype: str = "",
    *,
    in_message: bool = False,
) -> Rows:
    """Rows and column names of one kind, narrowed by rubriek, groep, datatype and presence in the message."""
    if kind == "rubrieken":
        return _rubrieken(definition, rubriek)
    if kind == "groepen":
        return _groepen(definition, rubriek, in_message=in_message)
    if kind == "lijsten":
        return _lijsten(definition, in_message=in_message)
    rows: list[list[Any]] = [
        [
            e.bdsnummer,
            e.naam,
            e.rubriek,
            e.groep,
            e.datatype or e.hl7_datatype,
            e.eenheid,
            e.waardenlijst,
            str(e.card),
            e.status,
        ]
        for e in definition.elementen.values()
        if (not rubriek or e.rubriek == rubriek)
        and (not groep or groep in e.groepen)
        and (not datatype or datatype in {e.datatype, e.hl7_datatype})
        and (e.in_bericht or not in_message)
    ]
    return rows, (
        "bdsnummer",
        "naam",
        "rubriek",
        "groep",
        "datatype",
        "eenheid",
        "waardenlijst",
        "card",
        "status",
    )


def _rubrieken(definition: Definition, rubriek: str) -> Rows:
    counts: dict[str, int] = {}
    for e in definition.in_bericht.values():
        counts[e.rubriek] = counts.get(e.rubriek, 0) + 1
    rows: list[list[Any]] = [
        [r.rubriek, r.naam, r.binding, str(r.card), counts.get(r.rubriek, 0)]
        for r in definition.rubrieken.values()
        if rubriek in {"", r.rubriek}
    ]
    return rows, ("rubriek", "naam", "binding", "card", "elementen_in_bericht")


def _groepen(definition: Definition, rubriek: str, *, in_message: bool) -> Rows:
    rows: list[list[Any]] = [
        [
            g.groep,
            g.naam,
            g.rubriek,
            g.bovenliggende_groep,
            str(g.card),
            len(g.elementen),
            "ja" if g.in_bericht else "nee",
        ]
        for g in definition.groepen.values()
        if (not rubriek or g.rubriek == rubriek) and (g.in_bericht or not in_message)
    ]
    return rows, ("groep", "naam", "rubriek", "bovenliggende_groep", "card", "elementen", "in_bericht")


def _lijsten(definition: Definition, *, in_message: bool) -> Rows:
    used: dict[str, int] = {}
    for e in definition.elementen.values():
        used[e.waardenlijst] = used.get(e.waardenlijst, 0) + 1
    rows: list[list[Any]] = [
        [number or w.valuesets[0], soort, lijst_naam(w.naam), len(w.codes), used.get(number, 0), w.status]
        for (number, soort), w in sorted(definition.waardenlijsten.items())
        if w.in_bericht or not in_message
    ]
    return rows, ("waardenlijst", "soort", "naam", "codes", "elementen", "status")
