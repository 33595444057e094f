"""Telling a file's format from its first bytes; the name only helps where the bytes leave it open."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import PurePosixPath

from bds_tool.base.specs import specs_dir
from bds_tool.formats.json_text import opening
from bds_tool.formats.registry import FORMATS
from bds_tool.formats.table.names import WIDTHLESS

#: First bytes of files of other programs, and the ending under which `specs/tabel/programmas.csv` names them.
_MAGIC = (
    (b"$FL2", ".sav"),
    (b"$FL3", ".zsav"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
    (b"<stata_dta>", ".dta"),
    (b"%PDF", ".pdf"),
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"Rar!", ".rar"),
    (b"RDX", ".rdata"),
    (b"\x00\x01\x00\x00Standard Jet DB", ".mdb"),
    (b"\x00\x01\x00\x00Standard ACE DB", ".accdb"),
    (b"ASCII SPSS PORT FILE", ".por"),
    (b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xc2\xea\x81\x60", ".sas7bdat"),
)
#: Files that the extra with statistical formats reads.
STATISTICS = {".sav", ".zsav", ".dta", ".por"}


def sniff(head: bytes, name: str = "") -> str:
    """`dob`, `james`, `fhir`, `tabel`, `statistiek`, or "" when the content is none of these.

    `head` is what sources.HEAD holds.
    """
    if other := program(head, name):
        return "statistiek" if other in STATISTICS else ""
    for known in FORMATS.values():
        if known.starts and head.startswith(known.starts):
            return known.name
    if head[:1] == b"<":  # in any encoding but UTF-16 with its first byte zero
        return "dob"
    text = _decode(head)
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return "dob"
    if found := opening(start):
        return _json_kind(found)
    ending = PurePosixPath(name.lower().removesuffix(".gz")).suffix
    if ending == ".xml":
        return "dob"
    first = start.replace("\r", "\n").split("\n", 1)[0]
    if ending in {".json", ".ndjson", ".jsonl"} and (
        set("{}[]:") & set(first) or not set(";\t|,") & set(first)
    ):
        return "james"
    signs = sum(c.isprintable() or c.isspace() or c in WIDTHLESS for c in first)
    plain = signs >= 0.95 * len(first) if first else False
    if plain and (ending in {".csv", ".tsv", ".txt"} or any(s in first for s in (";", ",", "\t"))):
        return "tabel"
    return ""


#: Fields of JAMES, however they are capitalised; and those that a record of a few fields is known by.
_JAMES = re.compile(
    r'"(?:client[_-]?details|client[_-]?measurements|nested[_-]?details|client[_-]?gegevens|contact[_-]?momenten|'
    r'organisation[_-]?code|organisatie[_-]?code)"\s*:',
    re.IGNORECASE,
)
_JAMES_BARE = re.compile(r'"(?:format"\s*:(?!\s*"[a-z])|(?:reference|referentie)"\s*:)', re.IGNORECASE)


def _json_kind(start: str) -> str:
    if '"resourceType"' in start[:4096]:
        return "fhir"
    if _JAMES.search(start) or _JAMES_BARE.search(start[:2048]):
        return "james"
    from bds_tool.formats.table.json_tables import looks_like_table

    return "tabel" if looks_like_table(start) else "james"


def program(head: bytes, name: str = "") -> str:
    """The ending of the program a file belongs to, when that is one whose files are no export; else ""."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table")):
        return ".html"
    ending = "." + name.lower().rpartition(".")[2]
    if head[:1] in {b"\x71", b"\x72", b"\x73"} and head[1:2] in {b"\x01", b"\x02"} and ending == ".dta":
        return ".dta"
    if head[:4] == b"PK\x03\x04" and b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in head[:200]:
        return ".ods"
    return ending if ending in {".xlsb", ".docx", ".pbix", ".rds"} and head[:4] != b"PAR1" else ""


def program_name(ending: str) -> str:
    """The name for people of the program behind an ending; "" for one that is not known."""
    return _programs(str(specs_dir())).get(ending, "")


@lru_cache(maxsize=2)
def _programs(_root: str) -> dict[str, str]:
    with (specs_dir() / "tabel" / "programmas.csv").open(encoding="utf-8", newline="") as stream:
        return {r["ending"]: r["naam"] for r in csv.DictReader(stream)}


def is_json(head: bytes) -> bool:
    """Whether the first bytes are those of JSON, in any encoding, behind comments or not."""
    return bool(opening(_decode(head)))


def _decode(head: bytes) -> str:
    if head[:4] in {b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"}:
        return head[: len(head) // 4 * 4].decode("utf-32", errors="replace")
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return head.decode("utf-16", errors="replace")
    even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
    if len(head) > 8 and max(even, odd) > 0.3 * min(len(head), 4096) > 4 * min(even, odd):
        return head.decode("utf-16-le" if odd > even else "utf-16-be", errors="replace")
    return head.decode("utf-8", errors="replace")
