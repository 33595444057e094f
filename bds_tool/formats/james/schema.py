"""JSON Schema of the JAMES formats 3.0 and 3.1, generated from `specs/james/`."""

from __future__ import annotations

import csv

from bds_tool.base.errors import UsageError
from bds_tool.base.json_types import Json, JsonObject, object_in
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.formats.james.formats import formats


def james_schema(formaat: str) -> JsonObject:
    """Draft 2020-12 schema of one document in format `formaat` (3.0 or 3.1). Raises UsageError for another."""
    if formaat not in {"3.0", "3.1"}:
        raise UsageError(
            t(f"Voor formaat {formaat} is er geen schema.", f"There is no schema for format {formaat}."),
            t("Kies 3.0 of 3.1.", "Choose 3.0 or 3.1."),
        )
    own = formaat == "3.1"
    elements = _elements(formaat)
    details, measured = elements["clientDetails"], elements["clientMeasurements"]
    required = [name for name, field in formats()[formaat].velden.items() if field.verplicht == "ja"]
    due = [number for number, field in formats()[formaat].elementen.items() if field.verplicht == "ja"]
    contains: list[Json] = [
        {"contains": {"type": "object", "properties": {"bdsNumber": {"const": n}}, "required": ["bdsNumber"]}}
        for n in due
    ]
    nested: JsonObject = {
        "type": "object",
        "required": ["nestingBdsNumber", "nestingCode"],
        "properties": {
            "nestingBdsNumber": {"type": "integer"},
            "nestingCode": {"type": "string"},
            "clientDetails": {"type": "array", "items": _item(details, own=own)},
            "clientMeasurements": {"type": "array", "items": _series(measured, own=own)},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"JAMES BDS-JSON {formaat}",
        "type": "object",
        "required": required,
        "properties": {
            "Format": {"type": "string", "pattern": "[0-9]+\\.[0-9]+"},
            "organisationCode": {"type": "integer"},
            "reference": {"type": ["string", "null"]},
            "clientDetails": {"type": "array", "items": _item(details, own=own), "allOf": contains},
            "clientMeasurements": {"type": "array", "items": _series(measured, own=own)},
            "nestedDetails": {"type": "array", "items": nested},
        },
    }


def _elements(formaat: str) -> dict[str, dict[int, JsonObject]]:
    """Place → element → what its value must be."""
    found: dict[str, dict[int, JsonObject]] = {"clientDetails": {}, "clientMeasurements": {}}
    with (specs_dir() / "james" / "velden.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["formaat"] == formaat and row["gecontroleerd"] == "ja":
                found.setdefault(row["plaats"], {})[int(row["bdsnummer"])] = _value(row)
    return found


def _value(row: dict[str, str]) -> JsonObject:
    rule: JsonObject = {}
    if row["json_type"]:
        rule["type"] = row["json_type"]
    if row["codes"]:
        rule["enum"] = row["codes"].split()
    if row["patroon"]:
        rule |= {"type": "string", "pattern": row["patroon"]}
    for key, name in (("minimum", "minimum"), ("maximum", "maximum")):
        if row[key]:
            rule[name] = float(row[key])
    return rule


def _item(elements: dict[int, JsonObject], *, own: bool) -> JsonObject:
    rules: list[Json] = [
        {"if": _is(number), "then": {"properties": {"value": rule}}}
        for number, rule in sorted(elements.items())
    ]
    return _named({"type": "object", "allOf": rules}, [], own=own)


def _series(elements: dict[int, JsonObject], *, own: bool) -> JsonObject:
    rules: list[Json] = [
        {"if": _is(number), "then": {"properties": {"values": {"items": {"properties": {"value": rule}}}}}}
        for number, rule in sorted(elements.items())
    ]
    values: JsonObject = {
        "type": "array",
        "items": {"type": "object", "properties": {"date": {"type": "string", "pattern": "^([0-9]{8})$"}}},
    }
    return _named(
        {"type": "object", "required": ["values"], "properties": {"values": values}, "allOf": rules},
        ["values"],
        own=own,
    )


def _is(number: int) -> JsonObject:
    return {"properties": {"bdsNumber": {"const": number}}, "required": ["bdsNumber"]}


def _named(schema: JsonObject, required: list[str], *, own: bool) -> JsonObject:
    """An item has a number; in 3.1 a number or a name of the sender's own, not both."""
    named = {"bdsNumber": {"type": "integer"}} | ({"varName": {"type": "string"}} if own else {})
    schema = schema | {"properties": {**object_in(schema, "properties"), **named}}
    if own:
        return schema | {"oneOf": [{"required": ["bdsNumber"]}, {"required": ["varName"]}]}
    return schema | {"required": [*required, "bdsNumber"]}
