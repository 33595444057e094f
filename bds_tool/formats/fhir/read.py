"""FHIR R4 (NDJSON, Bundles, single resources) of the nl-core profiles into the store: the way back of the export.

The key of a dossier is the id of the Patient, that of an activity the id of the Encounter. Resources of others are
read too: elements are found by the BDS code, else by the fixed codes of the profile. What has no element becomes
a row with its text (`bdsnummer` null).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import orjson

from bds_tool.formats.fhir.inverse import load_inverse
from bds_tool.formats.fhir.resources import READERS, lees_resource
from bds_tool.formats.fhir.rows import Rijen
from bds_tool.formats.fhir.types import Resource, Shared
from bds_tool.formats.json_text import what_is_wrong
from bds_tool.store.sources import Sink, Source, Unreadable

#: A document that is one JSON value is read whole up to this size; larger ones must be NDJSON.
WHOLE = 256 * 1024**2
#: Types that other resources refer to for their rows.
GEDEELD = ("Organization", "Practitioner")


def read_fhir(source: Source, sink: Sink) -> None:
    """Raises Unreadable when nothing in the source is a FHIR resource."""
    shared = _shared(source)
    rows = Rijen(sink, load_inverse(), shared)
    found = broken = 0
    for line, resource in _resources(source):
        if resource is None:
            broken += 1
            sink.melding("BDS036", regel=line)
            continue
        found += 1
        rows.regel = line
        before = len(sink.rows)
        try:
            lees_resource(rows, resource)
        except (AttributeError, TypeError, KeyError, ValueError, IndexError):
            # The resource is not built as FHIR says; half of it would be worse than none.
            del sink.rows[before:]
            sink.melding("BDS050", regel=line, soort=_soort(resource))
        sink.flush_if_full()
    if not found:
        raise Unreadable("BDS003")
    sink.facts |= {"formaat": "fhir-r4", "dossiers": len(rows.dossiers), "organisatie": None}


def _resources(source: Source) -> Iterator[tuple[int, Resource | None]]:
    """(line, resource) of NDJSON, a Bundle or one resource; Bundles are opened. None for a line that is no JSON."""
    with source.open() as stream:
        first = stream.readline()
        whole = not isinstance(_parse(first), dict)
    if whole:
        if source.size > WHOLE:
            raise Unreadable("BDS009", bytes=source.size, grens=WHOLE)
        document = _parse(source.data())
        if document is None:
            raise Unreadable("BDS005", **what_is_wrong(source.data()))
        for part in document if isinstance(document, list) else [document]:
            yield from ((1, r) for r in _open_bundle(part))
        return
    with source.open() as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            parsed = _parse(line)
            if not isinstance(parsed, dict):
                yield number, None
                continue
            for resource in _open_bundle(parsed):
                yield number, resource


def _open_bundle(resource: Any) -> Iterator[Resource]:  # noqa: ANN401  # any JSON
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return
    if resource["resourceType"] == "Bundle":
        for entry in resource.get("entry", ()):
            if isinstance(entry, dict):
                yield from _open_bundle(entry.get("resource"))
    else:
        yield cast("Resource", resource)


def _parse(data: bytes) -> Any:  # noqa: ANN401  # any JSON
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _shared(source: Source) -> dict[str, Shared]:
    """Organisations and professionals in the source itself, and in files beside it as bulk export writes them."""
    found: dict[str, Shared] = {}
    # A file named after one type, as bulk export writes it, holds only that type.
    name = source.pad.rsplit("/", 1)[-1].partition(".")[0]
    if name not in READERS and name not in GEDEELD:
        for _, resource in _resources(source):
            if resource and resource["resourceType"] in GEDEELD:
                found[str(resource.get("id", ""))] = cast("Shared", resource)
    file = source.options.get("file")
    if isinstance(file, Path):
        for kind in GEDEELD:
            beside = file.with_name(f"{kind}.ndjson")
            if beside.is_file() and beside != file:
                with beside.open("rb") as stream:
                    for line in stream:
                        resource = _parse(line)
                        if isinstance(resource, dict):
                            found[str(resource.get("id", ""))] = cast("Shared", resource)
    return found


def _soort(resource: Resource) -> str:
    """The resource type, only when it looks like one: it is told in a remark."""
    kind = resource["resourceType"]
    return kind if kind.isascii() and kind.isalpha() and len(kind) < 40 else "?"
