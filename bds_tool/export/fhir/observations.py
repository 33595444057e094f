"""Observations: built once per shape as a dict, checked once, and then stamped out as text.

Most of a store is values of the same few thousand shapes (element, code, unit …) that differ only in id, date,
number and reference. Building, checking and serialising the dict happens once per shape; every next one fills in
the blanks of the serialised text. The dict builder stays the only place that knows what a resource looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from bds_tool.base.json_types import JsonObject
from bds_tool.export.fhir.datatypes import NICTIZ, coding, extension
from bds_tool.export.fhir.plan import Plan
from bds_tool.export.fhir.values import Cel, bron_coding, waarde_velden
from bds_tool.schema.zib.shapes import Vorm

#: Shapes held at a time; a store with endless different codes starts over instead of growing.
SHAPES = 50_000
#: Private-use characters around the name of a blank; no registered value can hold them unescaped.
_TEXT, _NUMBER = "\ue000", "\ue001"
_BLANK = re.compile(f'"{_NUMBER}(\\w+){_NUMBER}"|{_TEXT}(\\w+){_TEXT}')
NUMERIC = {"getal", "geheel", "jaren"}


class Blanks:
    """The varying parts of one observation; with sentinels for a template, with real values for a check."""

    def __init__(self, template: bool, values: dict[str, str]) -> None:
        self._template = template
        self._values = values

    def text(self, name: str) -> str:
        return f"{_TEXT}{name}{_TEXT}" if self._template else self._values[name]

    def number(self, name: str) -> Any:  # noqa: ANN401  # a sentinel or a number
        return f"{_NUMBER}{name}{_NUMBER}" if self._template else orjson.loads(self._values[name])


def build(
    plan: Plan,
    vorm: Vorm | None,
    cells: list[tuple[str, Cel]],
    blanks: Blanks,
    has: frozenset[str],
    claim: bool,
) -> JsonObject:
    """The Observation of a form, or of the first cell alone when there is no form (BDS-coded)."""
    first = cells[0][1]
    meta: JsonObject = {"source": blanks.text("bron")}
    if claim and vorm and vorm.profiel:
        meta["profile"] = [plan.vormen.basis + vorm.profiel]
    resource: JsonObject = {
        "resourceType": "Observation",
        "id": blanks.text("id"),
        "meta": meta,
        "status": "final",
        "category": _categories(plan, vorm, first),
        "code": {"coding": _codes(plan, vorm, cells)},
        "subject": {"reference": f"Patient/{blanks.text('patient')}", "type": "Patient"},
    }
    if "focus" in has:
        resource["focus"] = [{"reference": f"RelatedPerson/{blanks.text('focus')}", "type": "RelatedPerson"}]
    if "contact" in has:
        resource["encounter"] = {"reference": f"Encounter/{blanks.text('contact')}", "type": "Encounter"}
    if "moment" in has:
        resource["effectiveDateTime"] = blanks.text("moment")
    if vorm is None or vorm.naam == "observatie":
        resource.update(waarde_velden(plan, first, _free(first, blanks, 0), vertaal=False)[0])
        return resource
    components: list[JsonObject] = []
    for index, (name, cel) in enumerate(cells):
        place = vorm.plaatsen[name]
        value = _free(cel, blanks, index)
        if place.notitie:
            resource["note"] = [{"text": value}]
            continue
        fields = waarde_velden(plan, cel, value)
        if place.component:
            system, code = plan.uri(place.component)
            label = {"coding": [coding(system, code), _bds(plan, cel)]}
            components += [{"code": label, **f} for f in fields]
            continue
        resource.update(fields[0])
        if place.getal:
            components.append(
                {
                    "code": {"coding": [_bds(plan, cel)]},
                    "valueCodeableConcept": {"coding": [bron_coding(plan, cel)]},
                }
            )
        if place.leeftijd:
            components.append(
                {"code": {"coding": [_bds(plan, cel)]}, "valueDateTime": blanks.text(f"b{index}")}
            )
    if vorm.lichaamsdeel:
        system, code = plan.uri(vorm.lichaamsdeel[0])
        side = coding(*plan.uri(vorm.lichaamsdeel[1]))
        resource["bodySite"] = {
            "extension": [
                extension(f"{NICTIZ}ext-AnatomicalLocation.Laterality", "CodeableConcept", {"coding": [side]})
            ],
            "coding": [coding(system, code)],
        }
    if components:
        resource["component"] = components
    return resource


def _free(cel: Cel, blanks: Blanks, index: int) -> Any:  # noqa: ANN401  # text, a number or a sentinel
    if not cel.tekst:
        return ""
    return blanks.number(f"w{index}") if cel.klasse in NUMERIC else blanks.text(f"w{index}")


def _categories(plan: Plan, vorm: Vorm | None, cel: Cel) -> list[JsonObject]:
    found: list[JsonObject] = []
    if vorm and vorm.categorie:
        found.append({"coding": [coding(plan.kaart.uri("observation-category"), vorm.categorie)]})
    own = [coding(plan.kaart.uri("bds-rubriek"), cel.rubriek)] if cel.rubriek else []
    own += [coding(plan.kaart.uri("bds-groep"), cel.groep)] if cel.groep else []
    found += [{"coding": [c]} for c in own]
    return found or [{"coding": [coding(plan.kaart.uri("observation-category"), "exam")]}]


def _bds(plan: Plan, cel: Cel) -> dict[str, str]:
    return coding(plan.kaart.uri("bds"), str(cel.regel.bdsnummer), cel.regel.naam)


def _codes(plan: Plan, vorm: Vorm | None, cells: list[tuple[str, Cel]]) -> list[dict[str, str]]:
    first = cells[0][1]
    codes = [coding(*plan.uri(c)) for c in (vorm.codes if vorm else ())]
    if vorm and vorm.naam == "observatie":
        codes += [coding(*plan.uri(c)) for c in first.regel.codes]
    if vorm is None or all(not vorm.plaatsen[name].component for name, _ in cells[:1]):
        codes.append(_bds(plan, first))
    return codes


@dataclass(slots=True)
class Vormpje:
    """A compiled shape: the text with `%s` for each blank, the names of the blanks, the profile or why there is none."""

    tekst: str
    namen: tuple[str, ...]
    profiel: str
    reden: str


class Stempel:
    """Makes the text of observations; `check` sees each shape once and answers why it may not claim its profile."""

    def __init__(self, plan: Plan, check: Callable[[JsonObject, Vorm], str]) -> None:
        self._plan = plan
        self._check = check
        self._shapes: dict[tuple[object, ...], Vormpje] = {}

    def maak(
        self, vorm: Vorm | None, cells: list[tuple[str, Cel]], values: dict[str, str]
    ) -> tuple[str, Vormpje]:
        """The line of NDJSON without its end, and the shape it was stamped from."""
        for index, (_, cel) in enumerate(cells):
            if cel.tekst:
                values[f"w{index}"] = cel.tekst
            if cel.bijtekst:
                values[f"b{index}"] = cel.bijtekst
        shape = self.vormpje(vorm, cells, values)
        return shape.tekst % tuple([json_tekst(values[n]) for n in shape.namen]), shape

    def vormpje(self, vorm: Vorm | None, cells: list[tuple[str, Cel]], values: dict[str, str]) -> Vormpje:
        """The shape of these cells; `values` holds an example of every blank."""
        key = (
            vorm.naam if vorm else "",
            "contact" in values,
            "focus" in values,
            len(values.get("moment", "")),
            *((name, *cel.sleutel) for name, cel in cells),
        )
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) >= SHAPES:
                self._shapes.clear()
            shape = self._shapes[key] = self._compile(vorm, cells, values)
        return shape

    def _compile(self, vorm: Vorm | None, cells: list[tuple[str, Cel]], values: dict[str, str]) -> Vormpje:
        has = frozenset(values)
        reason = ""
        if vorm and vorm.profiel:
            reason = self._check(build(self._plan, vorm, cells, Blanks(False, values), has, True), vorm)
        blank = build(self._plan, vorm, cells, Blanks(True, {}), has, not reason)
        text = orjson.dumps(blank).decode().replace("%", "%%")
        names: list[str] = []

        def note(found: re.Match[str]) -> str:
            names.append(found[1] or found[2])
            return "%s"

        text = _BLANK.sub(note, text)
        return Vormpje(text, tuple(names), vorm.profiel if vorm and not reason else "", reason)


def json_tekst(value: str) -> str:
    """Text as it stands inside JSON quotes. Ids, dates and numbers are plain; only real text needs escaping."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return value
    return orjson.dumps(value)[1:-1].decode()
