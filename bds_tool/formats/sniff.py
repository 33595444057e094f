"""Telling a file's format from its first bytes; the name only helps where the bytes leave it open."""

from __future__ import annotations

import json
from pathlib import PurePosixPath


def sniff(head: bytes, name: str = "") -> str:
    """`dob`, `james`, `fhir`, `tabel`, or "" when the content is none of these. `head` is what sources.HEAD holds."""
    if head[:4] == b"PAR1" or head[:6] == b"ARROW1" or head[:4] == b"PK\x03\x04":
        return "tabel"
    text = _decode(head)
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return "dob"
    if start[:1] in {"{", "["}:
        if '"resourceType"' in start[:4096]:
            return "fhir"
        return "tabel" if _flat_record(start.split("\n", 1)[0]) else "james"
    ending = PurePosixPath(name.lower().removesuffix(".gz")).suffix
    if ending == ".xml":
        return "dob"
    if ending in {".json", ".ndjson", ".jsonl"}:
        return "james"
    first = start.split("\n", 1)[0]
    printable = sum(c.isprintable() or c in "\t\r" for c in first) >= 0.95 * len(first) if first else False
    if printable and (ending in {".csv", ".tsv", ".txt"} or any(s in first for s in (";", ",", "\t"))):
        return "tabel"
    return ""


def _flat_record(line: str) -> bool:
    """Whether a line is one JSON object with only plain values: a row of a table, as NDJSON."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(record, dict)
        and len(record) > 1
        and not any(isinstance(value, dict | list) for value in record.values())
        and not any(key.lower() in {"format", "reference", "referentie"} for key in record)
    )


def _decode(head: bytes) -> str:
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return head.decode("utf-16", errors="replace")
    return head.decode("utf-8", errors="replace")
