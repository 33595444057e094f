"""A JSON Schema for a JAMES format that knows every element of a BDS version.

What the format itself prescribes (`specs/james/velden.csv`) goes first; the BDS says the rest: value lists in BDS
codes, dates, numbers, lengths. Elements that the version does not know stay allowed, as in the format itself:
an organisation may add its own.
"""

from __future__ import annotations

import json

from bds_tool.base.errors import UsageError
from bds_tool.base.json_types import Json, JsonObject
from bds_tool.base.text import t
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.loading import load, read_rows
from bds_tool.schema.lookup.history import JamesField, JamesFormat, james_fields, james_formats
from bds_tool.schema.model import Definition, Element

Schema = JsonObject
#: Numbers of elements that share a demand, with that demand.
Groups = list[tuple[list[int], Schema]]
_DATE = "^([0-9]{8})$"


def james_schema(version: str, formaat: str = "3.0") -> Schema:
    """The schema (JSON Schema draft-07) of one JAMES format for one BDS version.

    Elements with the same demand share one definition, named after the first of them (`$defs/e235`); the item
    schemas choose it by element number with if/then, so that a validator names the demand and no alternatives.
    """
    forms = james_formats()
    if formaat not in forms:
        raise UsageError(
            t(f"JAMES-formaat {formaat} is hier niet bekend.", f"JAMES format {formaat} is not known here."),
            t(f"Kies uit: {', '.join(forms)}.", f"Choose one of: {', '.join(forms)}."),
        )
    definition, form = load(version), forms[formaat]
    own = {f.bdsnummer: f for f in james_fields() if f.formaat == formaat and f.gecontroleerd == "ja"}
    numbers = sorted({n for n, e in definition.elementen.items() if e.in_bericht} | own.keys())
    groups = _groups(
        {n: _value(definition, definition.elementen.get(n), own.get(n), formaat) for n in numbers}
    )
    names = {n: e.naam for n, e in definition.elementen.items()}
    values = {
        f"e{members[0]}": {
            "description": "; ".join(f"{n} {names.get(n, '')}".rstrip() for n in members),
            **value,
        }
        for members, value in groups
    }
    build = _by_element if formaat.startswith("3") else _by_visit
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"urn:bds-tool:schema:james-{formaat}-bds-{version}",
        "title": f"JAMES {formaat}, BDS {version}",
        **build(form, formaat),
        "$defs": {"item": _item(form, groups), **_measurements(form, groups, formaat), **values},
    }


def _groups(values: dict[int, Schema]) -> Groups:
    """Elements with the same demand together: validators then try a hundred conditions instead of nine hundred."""
    by_content: dict[str, tuple[list[int], Schema]] = {}
    for number, value in values.items():
        if value:
            by_content.setdefault(json.dumps(value, sort_keys=True), ([], value))[0].append(number)
    return list(by_content.values())


# ---- VALUES ---- #


def _value(definition: Definition, element: Element | None, field: JamesField | None, formaat: str) -> Schema:
    if field and (field.codes or field.patroon or field.minimum or field.maximum):
        return _prescribed(field)
    if element is None:
        return {"type": field.json_type} if field and field.json_type else {}
    kind = element.datatype or element.hl7_datatype
    if element.coded:
        # A deprecated code may still travel, so every code of the list is right.
        codes = [p.bds.code for p in code_pairs(definition, element.waardenlijst) if p.bds and p.bds.code]
        return {"type": "string", **({"enum": codes} if codes else {})}
    if kind in {"PQ", "INT"}:
        if formaat == "1.0":
            return {"type": "string", "pattern": "^[0-9]+$"}
        return {"type": "number", **_limits(element)}
    if kind == "TS":
        return {"pattern": _DATE}
    if kind in {"AN", "ST"}:
        return {
            "type": "string",
            **({"maxLength": element.max_lengte} if element.max_lengte else {}),
        }
    return {}


def _prescribed(field: JamesField) -> Schema:
    """What the format demands: a pattern or range; coded values are text, even where the format does not say so."""
    found: Schema = {"type": field.json_type} if field.json_type else {}
    if field.codes:
        found["enum"] = list(field.codes)
    if field.patroon:
        found["pattern"] = field.patroon
    if field.minimum:
        found["minimum"] = _number(field.minimum)
    if field.maximum:
        found["maximum"] = _number(field.maximum)
    return found


def _limits(element: Element) -> Schema:
    found: Schema = {}
    if element.minimum is not None:
        found["minimum"] = _number(str(element.minimum))
    if element.maximum is not None:
        found["maximum"] = _number(str(element.maximum))
    return found


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


# ---- STRUCTURE ---- #


def _item(form: JamesFormat, groups: Groups) -> Schema:
    """One element with its value. The value itself may be absent: every format allows that."""
    chosen: list[Json] = [
        {
            "if": {"properties": {form.element: {"enum": members}}, "required": [form.element]},
            "then": {"properties": {form.waarde: {"$ref": f"#/$defs/e{members[0]}"}}},
        }
        for members, _ in groups
    ]
    return {
        "type": "object",
        "required": [form.element],
        "properties": {form.element: {"type": "integer"}},
        "allOf": chosen,
    }


def _measurements(form: JamesFormat, groups: Groups, formaat: str) -> Schema:
    """3.x keeps measurements by element: one number with dated values."""
    if not formaat.startswith("3"):
        return {}
    chosen: list[Json] = [
        {
            "if": {"properties": {form.element: {"enum": members}}, "required": [form.element]},
            "then": {
                "properties": {
                    "values": {"items": {"properties": {form.waarde: {"$ref": f"#/$defs/e{members[0]}"}}}}
                }
            },
        }
        for members, _ in groups
    ]
    properties: Schema = {
        form.element: {"type": "integer"},
        "values": {
            "type": "array",
            "items": {"type": "object", "required": ["date"], "properties": {"date": {"pattern": _DATE}}},
        },
    }
    measurement: Schema = {
        "type": "object",
        "required": ["values"],
        "properties": properties,
        "allOf": chosen,
    }
    if formaat == "3.1":
        # Exactly one of bdsNumber and varName.
        properties["varName"] = {"type": "string"}
        measurement["if"] = {"required": ["varName"]}
        measurement["then"] = {"not": {"required": [form.element]}}
        measurement["else"] = {"required": [form.element]}
    else:
        measurement["required"] = [form.element, "values"]
    return {"measurement": measurement}


def _envelope(formaat: str) -> tuple[list[str], Schema, list[int]]:
    """Required fields, their types, and the elements that the format demands of every child."""
    from bds_tool.base.specs import specs_dir

    rows = [r for r in read_rows(str(specs_dir()), "james/envelop.csv") if r["formaat"] == formaat]
    types = {"tekst": "string", "getal": "integer", "object": "object", "lijst": "array"}
    fields: Schema = {r["naam"]: {"type": types[r["type"]]} for r in rows if r["soort"] == "veld"}
    required = [r["naam"] for r in rows if r["soort"] == "veld" and r["verplicht"] == "ja"]
    due = [int(r["naam"]) for r in rows if r["soort"] == "element" and r["verplicht"] == "ja"]
    return required, fields, due


def _due(form: JamesFormat, due: list[int]) -> Schema:
    """Every child must have these elements, each by its own `contains`."""
    demands: list[Json] = [
        {"contains": {"required": [form.element], "properties": {form.element: {"const": n}}}} for n in due
    ]
    return {"allOf": demands} if demands else {}


def _by_visit(form: JamesFormat, formaat: str) -> Schema:
    """1.x and 2.0: a child with elements, and visits with a time and elements."""
    required, fields, due = _envelope(formaat)
    items: Schema = {"type": "array", "items": {"$ref": "#/$defs/item"}}
    visits = form.contacten.partition("[")[0]
    child: Schema
    if formaat == "2.0":
        nested: Schema = {
            "type": "object",
            "required": ["GenesteElementen"],
            "properties": {"GenesteElementen": items},
        }
        element_or_group: Schema = {
            "if": {"required": ["GenesteElementen"]}, "then": nested, "else": {"$ref": "#/$defs/item"},
        }  # fmt: skip
        child = {"type": "array", "items": element_or_group, **_due(form, due)}
    else:
        child = {
            "type": "object",
            "required": ["Elementen"],
            "properties": {
                "Elementen": {**items, **_due(form, due)},
                "Groepen": {"type": "array", "items": {"type": "object", "properties": {"Elementen": items}}},
            },
        }
    visit: Schema = {
        "type": "object",
        "properties": {"Tijdstip": {"pattern": _DATE}, "Elementen": items},
    }
    properties: Schema = {**fields, "ClientGegevens": child, visits: {"type": "array", "items": visit}}
    # Groups of parents sit inside the child, not beside it.
    for inner in ("Groepen", "GenesteElementen"):
        properties.pop(inner, None)
    return {"type": "object", "required": required, "properties": properties}


def _by_element(form: JamesFormat, formaat: str) -> Schema:
    """3.x: details of the child, measurements by element, and details of parents."""
    required, fields, due = _envelope(formaat)
    item: Schema = {"$ref": "#/$defs/item"}
    if formaat == "3.1":
        item = {"if": {"required": ["varName"]}, "then": {"type": "object"}, "else": {"$ref": "#/$defs/item"}}
    details: Schema = {"type": "array", "items": item, **_due(form, due)}
    measurements: Schema = {"type": "array", "items": {"$ref": "#/$defs/measurement"}}
    nested: Schema = {
        "type": "object",
        "required": ["nestingBdsNumber", "nestingCode"],
        "properties": {
            "nestingBdsNumber": {"type": "integer"},
            "nestingCode": {"type": "string"},
            "clientDetails": {"type": "array", "items": item},
            "clientMeasurements": measurements,
        },
    }
    properties: Schema = {
        **fields,
        "clientDetails": details,
        "clientMeasurements": measurements,
        "nestedDetails": {"type": "array", "items": nested},
    }
    return {"type": "object", "required": required, "properties": properties}
