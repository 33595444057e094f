"""Files against their form: YAML and JSON against a JSON Schema, CSV against its data package."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NotRequired, TypeAlias, TypedDict

from bds_tool.base.names import inside
from bds_tool.base.strict_yaml import StrictLoader
from bds_tool.base.text import t
from bds_tool.findings.finding import Finding as SpecFinding
from bds_tool.schema.lines import line_map, line_of

SCHEMAS = "_schemas"
#: Folders whose schema has a name that is not their singular.
_SCHEMA_NAMES = {"wijzigingen": "wijzigingspakket"}


@dataclass(frozen=True)
class Document:
    """A parsed YAML or JSON file with the lines of its values."""

    path: Path
    name: str
    value: Any
    text: str

    @cached_property
    def lines(self) -> dict[tuple[str, ...], int]:
        """Made when the first finding needs it: most files have none."""
        return line_map(self.text)

    @property
    def kind(self) -> str:
        """The folder under `specs/` that says what the file is."""
        return self.name.split("/")[0]


def documents(root: Path, findings: list[SpecFinding], kind: str = "") -> list[Document]:
    """Every YAML file and data package under `specs/` (or one folder of it); what cannot be parsed becomes a finding."""
    import yaml

    found = []
    paths = [
        p for pattern in ("*.yaml", "*.yml", "datapackage.json") for p in sorted((root / kind).rglob(pattern))
    ]
    for path in paths:
        name = path.relative_to(root).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
            value = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=StrictLoader)  # noqa: S506
            found.append(Document(path, name, value, text))
        except json.JSONDecodeError as error:
            findings.append(SpecFinding("SPEC001", name, error.lineno, {"reden": error.msg}))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            reason = error.problem or type(error).__name__
            findings.append(SpecFinding("SPEC001", name, mark.line + 1 if mark else 0, {"reden": reason}))
        except (OSError, ValueError, yaml.YAMLError) as error:
            findings.append(SpecFinding("SPEC001", name, 0, {"reden": type(error).__name__}))
    return found


# ---- JSON SCHEMA ---- #


def schema_for(root: Path, document: Document) -> Path | None:
    """The schema of a file: `_schemas/<word>.schema.json` where the folder is that word or its plural.

    A data package has its own schema; a file that carries a schema's name (`dekking.yaml`) has that one.
    """
    folder = root / SCHEMAS
    if document.path.name == "datapackage.json":
        return folder / "datapackage.schema.json"
    own = folder / f"{document.path.stem}.schema.json"
    if own.is_file():
        return own
    for part in reversed(document.name.split("/")[:-1]):
        if part in _SCHEMA_NAMES:
            return folder / f"{_SCHEMA_NAMES[part]}.schema.json"
        fits = [
            p
            for p in folder.glob("*.schema.json")
            if (stem := p.name.removesuffix(".schema.json"))
            and part.startswith(stem)
            and len(part) - len(stem) <= len("len")
        ]
        if fits:
            return max(fits, key=lambda p: len(p.name))
    return None


def check_schema(root: Path, document: Document) -> Iterator[SpecFinding]:
    """Deviations of one file from its JSON Schema, each with the line of the value."""
    from jsonschema import Draft202012Validator

    path = schema_for(root, document)
    if path is None or not path.is_file():
        yield SpecFinding("SPEC002", document.name, 0, {"soort": document.kind})
        return
    schema = json.loads(path.read_text(encoding="utf-8"))
    name = path.relative_to(root).as_posix()
    value = _plain(document.value)
    # A file may hold a list of definitions where the schema describes one.
    listed = isinstance(value, list) and schema.get("type") == "object"
    judge = Draft202012Validator(schema)
    parts: list[tuple[list[Any], Any]] = [([n], v) for n, v in enumerate(value)] if listed else [([], value)]
    for prefix, part in parts:
        errors = judge.iter_errors(part)
        for error in sorted(errors, key=lambda e: list(map(str, e.absolute_path))):
            path_in_file = [*prefix, *error.absolute_path]
            place = "/".join(map(str, path_in_file)) or t("het bestand", "the file")
            parameters = {"plaats": place, "reden": reason(error), "schema": name}
            yield SpecFinding(
                "SPEC003", document.name, line_of(document.lines, path_in_file) or 1, parameters
            )


def _plain(value: Any) -> Any:  # noqa: ANN401
    """YAML reads dates and number keys as such; JSON Schema knows only text."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def reason(error: Any) -> str:  # noqa: ANN401
    """A deviation in words of the user's language; jsonschema itself speaks English only."""
    keyword, demand, value = error.validator, error.validator_value, error.instance
    shown = json.dumps(value, ensure_ascii=False, default=str)
    shown = shown if len(shown) <= 60 else shown[:57] + "…"
    if keyword == "required":
        missing = next((k for k in demand if k not in value), "?")
        return t(f"sleutel '{missing}' ontbreekt", f"key '{missing}' is missing")
    if keyword == "additionalProperties":
        known = set(error.schema.get("properties", {}))
        extra = ", ".join(sorted(k for k in value if k not in known))
        near = _near(extra, known)
        return t(f"onbekende sleutel {extra}", f"unknown key {extra}") + near
    if keyword in {"enum", "const"}:
        allowed = ", ".join(map(str, demand)) if isinstance(demand, list) else str(demand)
        return t(f"{shown} is niet een van: {allowed}", f"{shown} is not one of: {allowed}")
    if keyword == "type":
        return t(f"{shown} is geen {demand}", f"{shown} is no {demand}")
    if keyword == "pattern":
        return t(f"{shown} past niet op het patroon {demand}", f"{shown} does not match the pattern {demand}")
    if keyword in {"minItems", "minLength", "minimum", "exclusiveMinimum", "minProperties"}:
        return t(
            f"{shown} is te klein of te kort (minstens {demand})",
            f"{shown} is too small or too short (at least {demand})",
        )
    if keyword in {"maxItems", "maxLength", "maximum", "exclusiveMaximum"}:
        return t(
            f"{shown} is te groot of te lang (hoogstens {demand})",
            f"{shown} is too large or too long (at most {demand})",
        )
    return str(error.message)[:160]


def _near(key: str, known: set[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, sorted(known), n=1)
    return t(f"; bedoeld is misschien '{near[0]}'", f"; perhaps '{near[0]}' is meant") if near else ""


# ---- CSV ---- #


def check_package(document: Document) -> Iterator[SpecFinding]:
    """The CSV files of a data package against their field descriptions, keys and foreign keys."""
    folder = document.path.parent
    prefix = document.name.removesuffix("datapackage.json")
    tables: dict[str, tuple[str, list[dict[str, str]]]] = {}
    resources = document.value.get("resources", []) if isinstance(document.value, dict) else []
    for n, resource in enumerate(resources):
        name = prefix + resource["path"]
        path = inside(folder, resource["path"])
        if not path.is_file():
            line = line_of(document.lines, ("resources", n, "path"))
            yield SpecFinding("SPEC007", document.name, line, {"bestand": resource["path"]})
            continue
        try:
            with path.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file, strict=True)
                rows = list(reader)
                header = reader.fieldnames or []
        except (OSError, ValueError, csv.Error) as error:
            yield SpecFinding("SPEC001", name, 0, {"reden": str(error)})
            continue
        wanted = [f["name"] for f in resource["schema"]["fields"]]
        if list(header) != wanted:
            yield SpecFinding("SPEC004", name, 1, {"reden": _columns(list(header), wanted)})
            continue
        tables[resource["name"]] = (name, rows)
        yield from _cells(name, resource["schema"], rows)
        yield from _keys(name, resource["schema"], rows)
    for resource in resources:
        if resource["name"] in tables:
            yield from _foreign(resource["schema"], tables, *tables[resource["name"]])


class Constraints(TypedDict, total=False):
    required: bool
    pattern: str
    enum: list[str]
    minimum: float
    maximum: float


class Field(TypedDict):
    """A column of a table, as a data package (frictionless) describes it."""

    name: str
    type: str
    constraints: NotRequired[Constraints]


class Reference(TypedDict):
    resource: str
    fields: str | list[str]


class ForeignKey(TypedDict):
    fields: str | list[str]
    reference: Reference


class TableSchema(TypedDict):
    fields: list[Field]
    primaryKey: NotRequired[str | list[str]]
    foreignKeys: NotRequired[list[ForeignKey]]


#: From a cell to what is wrong with it, or an empty string.
Judge: TypeAlias = Callable[[str], str]


def _columns(header: list[str], wanted: list[str]) -> str:
    missing, extra = [c for c in wanted if c not in header], [c for c in header if c not in wanted]
    parts = [
        t("ontbreekt: ", "missing: ") + ", ".join(missing) if missing else "",
        t("onbekend: ", "unknown: ") + ", ".join(extra) if extra else "",
    ]
    return "; ".join(p for p in parts if p) or t("andere volgorde", "other order")


def _cells(name: str, schema: TableSchema, rows: list[dict[str, str]]) -> Iterator[SpecFinding]:
    judges = column_judges(schema)
    for line, row in enumerate(rows, 2):
        for column, judge in judges.items():
            value = row[column]
            problem = judge(value if value is not None else "")
            if problem:
                yield SpecFinding("SPEC005", name, line, {"kolom": column, "reden": problem})


def column_judges(schema: TableSchema) -> dict[str, Judge]:
    """By column: a function from a cell to what is wrong with it, or an empty string."""
    return {f["name"]: _judge(f) for f in schema["fields"]}


def _judge(field: Field) -> Judge:
    rules: Constraints = field.get("constraints", {})
    kind = field["type"]
    pattern = re.compile(rules["pattern"]) if "pattern" in rules else None
    allowed = set(rules["enum"]) if "enum" in rules else None

    def judge(value: str) -> str:
        if value == "":
            return t("de waarde ontbreekt", "the value is missing") if rules.get("required") else ""
        if kind in {"integer", "number"}:
            try:
                number = int(value) if kind == "integer" else float(value)
            except ValueError:
                return t(f"'{value}' is geen getal", f"'{value}' is no number")
            if number < rules.get("minimum", number) or number > rules.get("maximum", number):
                return t(f"{value} valt buiten het bereik", f"{value} is out of range")
        if allowed is not None and value not in allowed:
            listed = ", ".join(sorted(allowed))
            return t(f"'{value}' is niet een van: {listed}", f"'{value}' is not one of: {listed}")
        if pattern and not pattern.fullmatch(value):
            return t(
                f"'{value}' past niet op {pattern.pattern}", f"'{value}' does not match {pattern.pattern}"
            )
        return ""

    return judge


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _keys(name: str, schema: TableSchema, rows: list[dict[str, str]]) -> Iterator[SpecFinding]:
    columns = _as_list(schema.get("primaryKey", []))
    if not columns:
        return
    seen: dict[tuple[str, ...], int] = {}
    for line, row in enumerate(rows, 2):
        key = tuple(row[c] or "" for c in columns)
        if key in seen:
            parameters = {"sleutel": " ".join(k for k in key if k), "eerder": str(seen[key])}
            yield SpecFinding("SPEC006", name, line, parameters)
        seen.setdefault(key, line)


def _foreign(
    schema: TableSchema,
    tables: dict[str, tuple[str, list[dict[str, str]]]],
    name: str,
    rows: list[dict[str, str]],
) -> Iterator[SpecFinding]:
    for key in schema.get("foreignKeys", []):
        columns, reference = _as_list(key["fields"]), key["reference"]
        target = tables.get(reference["resource"])
        if target is None:
            continue
        known = {tuple(r[c] for c in _as_list(reference["fields"])) for r in target[1]}
        for line, row in enumerate(rows, 2):
            value = tuple(row[c] for c in columns)
            if any(value) and value not in known:
                shown = " ".join(value)
                parameters = {
                    "kolom": ", ".join(columns),
                    "waarde": shown,
                    "bestand": target[0].rsplit("/", 1)[-1],
                }
                yield SpecFinding("SPEC008", name, line, parameters)
