"""Checking FHIR files of any origin: the profile table, and base FHIR R4 when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from bds_tool.base.errors import UnreadableError
from bds_tool.base.json_types import JsonObject, list_in, object_in
from bds_tool.base.text import t
from bds_tool.export.fhir.profiles import load_profiles
from bds_tool.export.fhir.writer import basis_controle


def check_files(paths: list[Path], *, base: bool = False) -> tuple[int, int, Counter[tuple[str, str, str]]]:
    """(resources, those with a profile in the table, errors per file, profile and text). No text holds a value."""
    profiles = load_profiles()
    check_base = basis_controle() if base else None
    errors: Counter[tuple[str, str, str]] = Counter()
    count = claimed = 0
    for file in _files(paths):
        for resource in _resources(file):
            count += 1
            known = [
                p
                for u in list_in(object_in(resource, "meta"), "profile")
                if (p := str(u).rsplit("/", 1)[-1]) in profiles.eisen
            ]
            claimed += bool(known)
            for profile in known:
                for problem in profiles.check(resource, profile):
                    errors[(file.name, profile, problem)] += 1
            for problem in check_base(orjson.dumps(resource).decode()) if check_base else ():
                errors[(file.name, "FHIR R4", problem)] += 1
    return count, claimed, errors


def _files(paths: list[Path]) -> list[Path]:
    found = [f for p in paths for f in (sorted(p.glob("*.ndjson")) if p.is_dir() else [p])]
    if not found:
        raise UnreadableError(
            t("Geen NDJSON-bestanden gevonden.", "No NDJSON files found."),
            t("Geef bestanden, of een map met *.ndjson.", "Give files, or a folder with *.ndjson."),
        )
    return found


def _resources(file: Path) -> Iterator[JsonObject]:
    """Line by line; a file that is one document over many lines is read whole."""
    try:
        with file.open("rb") as stream:
            first = stream.readline()
        try:
            orjson.loads(first)
        except orjson.JSONDecodeError:
            yield from _open(orjson.loads(file.read_bytes()))
            return
        with file.open("rb") as stream:
            for line in stream:
                if line.strip():
                    yield from _open(orjson.loads(line))
    except (OSError, orjson.JSONDecodeError) as error:
        raise UnreadableError(
            t(f"{file} is niet te lezen als JSON.", f"{file} cannot be read as JSON."),
            t("Geef NDJSON: een resource per regel.", "Give NDJSON: one resource per line."),
        ) from error


def _open(value: Any) -> Iterator[JsonObject]:  # noqa: ANN401  # any JSON
    if isinstance(value, dict) and value.get("resourceType") == "Bundle":
        for entry in value.get("entry", ()):
            yield from _open(entry.get("resource"))
    elif isinstance(value, dict) and "resourceType" in value:
        yield value
