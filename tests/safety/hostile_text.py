"""Hostile text in every free text of definitions, settings and data, and a strict reader of every kind of output.

The walk knows no names of files or fields: a text is free where it is prose (words with a space between) or where nothing
but people reads it, and what the program takes for an expression or a pattern instead is refused; see `REFUSED`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml

#: What each kind of output would run, in one text: a formula and an element, an attribute, marks that steer a screen.
BEFORE = "=cmd|' /C calc'!A0 "
AFTER = "\"'><script>alert('kwaad')</script><img src=x onerror=alert('kwaad')>\" onload=\"alert('kwaad')\x1b[31m\x07\u202e"
STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
#: By the rules of Excel and LibreOffice: what a cell of a CSV may not begin with, unless it is a number.
RUNS = re.compile(r"^[=@\t\r]|^[+-](?!\d*[.,]?\d+([.,]\d+)*(e[+-]?\d+)?\s*%?$)(?=.)", re.IGNORECASE)
_PROSE = re.compile(r"[^\W\d_]{2,}[,.:;]? [^\W\d_]{2,}")


def hostile(text: str) -> str:
    return f"{BEFORE}{text}{AFTER}"


#: Last names of fields that the program reads as an expression, a place, a version or a word of its own.
MEANT = frozenset(
    [
        "pad",
        "status",
        "binding",
        "noemer",
        "teller",
        "populatie",
        "eenheid",
        "waarde",
        "waarden",
        "attributen",
        "inhoud",
        "versies",
        "leden",
        "kenmerken",
        "mag_ontbreken",
        "qualifier",
        "nummer",
        "omrekening",
    ]
)


def spoil(text: str, suffix: str, wanted: Callable[[str], bool]) -> tuple[str, set[str]]:
    """A file of definitions with hostile text in each field (its path without numbers) that is `wanted`; and which those are."""
    done: set[str] = set()

    def leaf(field: str, value: str) -> str:
        if not _PROSE.search(value) or not wanted(field):
            return value
        done.add(field)
        return hostile(value)

    def walk(value: Any, field: str) -> Any:
        if isinstance(value, dict):
            return {k: walk(v, f"{field}.{k}") for k, v in value.items()}
        if isinstance(value, list):
            return [walk(v, f"{field}[]") for v in value]
        return leaf(field, value) if isinstance(value, str) else value

    if suffix == ".json":
        return json.dumps(walk(json.loads(text), ""), ensure_ascii=False), done
    if suffix == ".yaml":
        return yaml.safe_dump(
            walk(yaml.safe_load(text), ""), allow_unicode=True, sort_keys=False, width=10**6
        ), done
    lines = text.splitlines(keepends=True)
    head = [line for line in lines if line.startswith("#")]
    rows = list(
        csv.reader(io.StringIO("".join(lines[len(head) :])), delimiter="\t" if suffix == ".tsv" else ",")
    )
    out = io.StringIO()
    names = rows[0]
    made = [[leaf(n, v) for n, v in zip(names, row, strict=False)] for row in rows[1:]]
    csv.writer(out, delimiter="\t" if suffix == ".tsv" else ",", lineterminator="\n").writerows(
        [names, *made]
    )
    return "".join(head) + out.getvalue(), done


def spoiled(source: Path, target: Path) -> tuple[set[str], set[str]]:
    """A copy of definitions with hostile text in every field of prose; gives these fields (`file: path`), and the files whose
    texts are names that the program goes by: it refuses the change, so they stay as they were."""
    from bds_tool.schema.checking.drift import drift

    fields: dict[Path, set[str]] = {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        if path.suffix in {".yaml", ".csv", ".tsv", ".json"} and not {"_schemas", "model"} & {*name.parts}:
            text, done = spoil(path.read_text(encoding="utf-8"), path.suffix, _prose)
            if done:
                (target / name).unlink()
                (target / name).write_text(text, encoding="utf-8")
                fields[name] = done
    refused = {f.file for f in drift(target) if f.severity == "fout"}
    for file in refused:
        (target / file).unlink()
        (target / file).hardlink_to(source / file)
    return {f"{n}: {f}" for n, some in fields.items() if n.as_posix() not in refused for f in some}, refused


def _prose(field: str) -> bool:
    return re.split(r"[.\\\[]", field.rstrip("[]"))[-1] not in MEANT


class Page(HTMLParser):
    """What of a page a browser would run or load that others wrote."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self._within = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.wrong += [f"<{tag} {n}={v}>" for n, v in attrs if n.startswith("on") and "kwaad" in (v or "")]
        self.wrong += [
            f"<{tag} {n}={v}>" for n, v in attrs if n in {"src", "href"} and (v or "") in {"x", "kwaad"}
        ]

    def handle_endtag(self, _tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "script" and data.startswith("alert('kwaad"):
            self.wrong.append(f"<script>{data[:40]}")


def faults(name: str, data: bytes) -> list[str]:
    """What is wrong with an output, by the rules of what opens it: a browser, a spreadsheet, a screen, a program."""
    kind = Path(name).suffix.lower()
    if data[:4] == b"PK\x03\x04":
        return _workbook(data) if kind == ".xlsx" else []
    if kind in {".parquet", ".png", ".pdf", ".gz", ".woff2", ".sav", ".dta", ".arrow"} or data[:4] in {
        b"PAR1",
        b"ARRO",
    }:
        return []
    text = data.decode("utf-8-sig")
    found = []
    if kind in {".html", ".svg"} or text.lstrip()[:5].lower() in {"<!doc", "<html", "<svg "}:
        found += Page(text).wrong
    elif kind == ".json" or text[:1] in {"{", "["}:
        found += _json(text)
    elif kind == ".csv":
        found += _table(text)
    elif kind == ".xml" or text[:5] == "<?xml":
        from lxml import etree

        etree.fromstring(data)
    elif kind in {".txt", ".md", ".sps", ".R", ""} and (steers := STEERING.search(text)):
        found.append(f"screen: {text[max(0, steers.start() - 40) : steers.end()]!r}")
    return found


def _json(text: str) -> list[str]:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        for line in text.splitlines():
            json.loads(line)
    return []


def _table(text: str) -> list[str]:
    first = text.splitlines()[0] if text else ""
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    return [f"formula: {c[:30]!r}" for row in rows for c in row if RUNS.match(c)][:3]


def _workbook(data: bytes) -> list[str]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [c for sheet in book.worksheets for row in sheet.iter_rows() for c in row]
    found = [
        f"formula in {c.coordinate}: {str(c.value)[:30]!r}"
        for c in cells
        if c.data_type == "f" and "cmd" in str(c.value)
    ]
    found += [f"link in {c.coordinate}" for c in cells if c.hyperlink and "kwaad" in str(c.hyperlink.target)]
    return found[:3]
