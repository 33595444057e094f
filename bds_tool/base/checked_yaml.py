"""Reading a definition in YAML by its JSON Schema; where it does not follow that, is told without a word of its content.

Somebody may give an export of children in its place: values, and keys that no schema knows, are never repeated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from bds_tool.base.errors import SpecError
from bds_tool.base.specs import read_yaml, specs_dir
from bds_tool.base.text import t

#: What JSON Schema calls a type, in the words of people.
_TYPES = {
    "object": ("sleutels met waarden", "keys with values"),
    "array": ("een lijst", "a list"),
    "string": ("een tekst", "a text"),
    "integer": ("een geheel getal", "a whole number"),
    "number": ("een getal", "a number"),
    "boolean": ("true of false", "true or false"),
    "null": ("niets", "nothing"),
}


def read_checked(path: Path, kind: str) -> dict[str, Any]:
    """The YAML file as a dictionary. Raises SpecError that names the faults and their places, not the content."""
    data = read_yaml(path)
    if found := faults(data, kind):
        told = "; ".join(found)
        raise SpecError(
            t(f"{path} klopt niet. {told}", f"{path} is not right. {told}"),
            t(f"Zie specs/_schemas/{kind}.schema.json.", f"See specs/_schemas/{kind}.schema.json."),
        )
    return dict(data)


def faults(data: object, kind: str, most: int = 5) -> list[str]:
    """Deviations from `specs/_schemas/KIND.schema.json` as `place: what is expected`, at most `most`; [] is fine."""
    validator, known = _schema(specs_dir() / "_schemas" / f"{kind}.schema.json")
    found = sorted(validator.iter_errors(data), key=lambda e: list(map(str, e.path)))
    told = dict.fromkeys(f"{_place(e.path, known)}: {_expected(e)}" for e in found)
    return list(told)[:most]


@lru_cache(maxsize=16)
def _schema(path: Path) -> tuple[Any, frozenset[str]]:
    """The validator of a schema, and every key it names."""
    import jsonschema

    schema = json.loads(path.read_text(encoding="utf-8"))
    # To JSON 5.0 is a whole number; to who counts or looks up with it, it is none.
    whole = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    extend: Any = jsonschema.validators.extend
    return extend(jsonschema.Draft202012Validator, type_checker=whole)(schema), frozenset(_keys(schema))


def _keys(schema: object) -> Iterator[str]:
    """All keys that a schema names, at any depth."""
    if isinstance(schema, dict):
        if isinstance(properties := schema.get("properties"), dict):
            yield from properties
        for part in schema.values():
            yield from _keys(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _keys(part)


def _place(path: Any, known: frozenset[str]) -> str:  # noqa: ANN401
    parts = [str(p) if isinstance(p, int) or p in known else "…" for p in path]
    return "/".join(parts) or t("het begin", "the start")


def _expected(error: Any) -> str:  # noqa: ANN401
    keyword, demand = error.validator, error.validator_value
    if keyword == "required":
        missing = ", ".join(k for k in demand if k not in error.instance)
        return t(f"hier ontbreekt {missing}", f"{missing} is missing here")
    if keyword == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        near = [n for k in error.instance if k not in known for n in get_close_matches(str(k), known, 1)]
        hint = t(f" Bedoelt u {near[0]}?", f" Did you mean {near[0]}?") if near else ""
        keys = ", ".join(known)
        return (
            t(f"een sleutel is onbekend; kies uit: {keys}.", f"a key is unknown; choose from: {keys}.") + hint
        )
    if keyword in {"enum", "const"}:
        words = ", ".join(map(str, demand)) if isinstance(demand, list) else str(demand)
        return t(f"hier hoort een van: {words}", f"expected here is one of: {words}")
    if keyword == "type":
        names = [demand] if isinstance(demand, str) else demand
        words = t(" of ".join(_TYPES[n][0] for n in names), " or ".join(_TYPES[n][1] for n in names))
        return t(f"hier hoort {words}", f"expected here: {words}")
    if keyword == "pattern":
        return t(f"past niet op het patroon {demand}", f"does not match the pattern {demand}")
    if keyword.startswith(("min", "exclusiveMin")):
        return t(f"te klein of te kort (minstens {demand})", f"too small or too short (at least {demand})")
    if keyword.startswith(("max", "exclusiveMax")):
        return t(f"te groot of te lang (hoogstens {demand})", f"too large or too long (at most {demand})")
    return t(f"voldoet niet aan {keyword} in het schema", f"does not follow {keyword} of the schema")
