"""Telling a file's format from its first bytes; the name only helps where the bytes leave it open."""

from __future__ import annotations

import re
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
        return _json_kind(start)
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


#: Fields of JAMES, however they are capitalised; and those that a record of a few fields is known by.
_JAMES = re.compile(
    r'"(?:clientdetails|clientmeasurements|nesteddetails|clientgegevens|contactmomenten|organisationcode|'
    r'organisatiecode)"\s*:',
    re.IGNORECASE,
)
_JAMES_BARE = re.compile(r'"(?:format|reference|referentie)"\s*:', re.IGNORECASE)


def _json_kind(start: str) -> str:
    if '"resourceType"' in start[:4096]:
        return "fhir"
    if _JAMES.search(start) or _JAMES_BARE.search(start[:2048]):
        return "james"
    from bds_tool.formats.table.json_tables import looks_like_table

    return "tabel" if looks_like_table(start) else "james"


def _decode(head: bytes) -> str:
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return head.decode("utf-16", errors="replace")
    return head.decode("utf-8", errors="replace")
