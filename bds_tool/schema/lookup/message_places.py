"""The places of an element: in the message of every version and in every JAMES format."""

from __future__ import annotations

from typing import Any

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.schema.loading import load, versions
from bds_tool.schema.lookup.card import card
from bds_tool.schema.lookup.history import JamesField, james_fields, james_formats
from bds_tool.schema.lookup.message_paths import full_path


def element_places(key: str, version: str = "") -> tuple[list[list[Any]], tuple[str, ...]]:
    """Rows (format, version, kind of place, path) for one element; all versions unless one is given."""
    found = card(key, version)
    if found["kind"] != "element":
        raise UsageError(
            t(f"{key} is geen element.", f"{key} is no element."),
            t(
                f"`bds spec show {key}` toont de plaats van rubrieken en groepen.",
                f"`bds spec show {key}` shows the place of rubrieken and groepen.",
            ),
        )
    number = found["bdsnummer"]
    rows: list[list[Any]] = []
    for v in [version] if version else versions():
        definition = load(v)
        element = definition.elementen.get(number)
        if element and element.pad:
            kind = (
                element.locatie_soort
                if element.in_bericht
                else t("niet meer in het bericht", "no longer in the message")
            )
            rows.append(["DOB", v, kind, full_path(definition, element)])
    rows += [["JAMES", f.formaat, *_james(f)] for f in james_fields() if f.bdsnummer == number]
    return rows, ("formaat", "versie", "soort", "pad")


def _james(field: JamesField) -> tuple[str, str]:
    form = james_formats()[field.formaat]
    demand = {
        "ja": t("gecontroleerd", "checked"),
        "nee": t("niet gecontroleerd", "not checked"),
        "ongeldig": t("altijd ongeldig", "always invalid"),
    }[field.gecontroleerd]
    parent = "genest" in field.doel or "nesting" in field.doel
    place = (
        form.ouders
        if parent
        else {"clientDetails": form.kind, "clientMeasurements": form.contacten}.get(
            field.plaats, f"{form.kind} | {form.contacten}"
        )
    )
    return demand, f"{place} {{{form.element}: {field.bdsnummer}, {form.waarde}: …}}"
