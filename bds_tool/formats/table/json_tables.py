"""JSON that holds a table: flat records as a list or line by line, in an envelope or not, and lists below a record.

A list of objects below a record is a table of its own, with the path as the name of its columns
(`metingen[].lengteMm`); what tells whose row it is (dossier, date, activity) comes along from above. Values keep
the text they have in the file: `2.50` stays `2.50`, and an id of twenty digits stays whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bds_tool.formats.json_text import (
    BETWEEN,
    NOT_PLAIN,
    Parsed,
    after,
    has_lines,
    loads_as_text,
    plain_loads,
    stream_records,
    what_is_wrong,
)
from bds_tool.formats.table.amounts import POINTED
from bds_tool.formats.table.json_fields import as_text, measured, whose
from bds_tool.formats.table.json_shapes import records_in, starts_table
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.sources import Source, Unreadable

#: A document up to this size is read whole; a larger one must be a list, or lines.
WHOLE = 64 * 1024**2
#: No table of the BDS has as many columns; ever new names would cost memory without bound.
COLUMNS_MAX = 5_000
#: Rows that go to disk at once, and how deep lists below lists are followed.
BATCH = 20_000
DEPTH = 6

#: The column with the place of each row of a list, with the index in every list: `visits[3].`
PLACE = "__plek__"
#: The column with the number of the record: more than one may stand on a line.
RECORD = "__record__"

#: What a name below a record stands for: a role of the canonical table, or "".
RoleOf = Callable[[str], str]
Scalars = dict[str, str | None]


#: Lists of which every member is a child: without a key of their own they are not one child together.
_CHILDREN = re.compile(
    r"(?i)(kind(eren)?|child(ren)?|cli[eë]nt(en|s)?|pati[eë]nt(en|s)?|dossiers?|jeugdigen?|pupils?|leerlingen)"
)


@dataclass
class Rows:
    """One table under construction: rows wait until there are enough of them for a file of their own."""

    path: str
    folder: Path
    names: dict[str, None] = field(default_factory=dict)
    waiting: list[tuple[int, int, str, Scalars]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def add(self, line: int, record: int, place: str, row: Scalars) -> None:
        self.names |= dict.fromkeys(row)
        if len(self.names) > COLUMNS_MAX:
            raise Unreadable("BDS009", reden="kolommen", grens=COLUMNS_MAX)
        self.waiting.append((line, record, place, row))
        if len(self.waiting) >= BATCH or len(self.waiting) * len(self.names) > 2_000_000:
            self.flush()

    def flush(self) -> None:
        import polars as pl

        if not self.waiting:
            return
        columns = {n: [row.get(n) for *_, row in self.waiting] for n in self.names}
        lines = pl.Series("__rij__", [line for line, *_ in self.waiting], dtype=pl.Int64)
        frame = pl.DataFrame(columns, schema=dict.fromkeys(self.names, pl.String)).insert_column(0, lines)
        numbers = pl.Series(RECORD, [str(record) for _, record, _, _ in self.waiting], dtype=pl.String)
        frame.insert_column(1, numbers)
        if self.path:
            frame = frame.with_columns(
                pl.Series(PLACE, [place for _, _, place, _ in self.waiting], dtype=pl.String)
            )
        target = self.folder / f"json-{abs(hash(self.path)) % 10**9}-{len(self.files)}.parquet"
        frame.write_parquet(target, compression="lz4")
        self.files.append(target)
        self.waiting = []


@dataclass
class JsonTables:
    """Tables found in a source, in the order in which they were met, and what there is to say about the text."""

    folder: Path
    role_of: RoleOf
    is_element: Callable[[str], bool]
    tables: dict[str, Rows] = field(default_factory=dict)
    remarks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    records: int = 0
    numbered: bool = False  # children below a record have no key but a number
    pointed: set[str] = field(default_factory=set)  # names with text as `8.100`
    spelled: dict[str, str] = field(default_factory=dict)  # name in small letters → as it was first met

    def record(self, value: Any, line: int) -> None:  # noqa: ANN401
        """One record; a value that is none stays as text in a column of its own."""
        self.records += 1
        record = value if isinstance(value, dict) else {"waarde": value}
        self._walk(record, ("", ""), {}, line, 0)

    def _walk(
        self,
        record: dict[str, Any],
        at: tuple[str, str],
        above: dict[str, str | None],
        line: int,
        depth: int,
    ) -> None:
        """`at`: where the record stands, as the name of its table (`visits[].`) and with the index (`visits[3].`)."""
        path, place = (f"{where}{whose(record, at[0])}" for where in at)
        scalars: Scalars = {}
        lists: list[tuple[str, list[Any]]] = []
        self._flat(record, path, scalars, lists, depth)
        own = {self.role_of(name) for name in scalars} - {""}
        row = {n: v for n, v in above.items() if self.role_of(n) not in own} | scalars
        if scalars:
            self.tables.setdefault(path, Rows(path, self.folder)).add(line, self.records, place, row)
        if not lists:
            return
        below = {n: v for n, v in row.items() if self.role_of(n) in REGISTRATIES}
        if not any(self.role_of(n) == "dossier_id" for n in below):
            below["dossier_id"], self.numbered = str(self.records), True
        for name, items in lists:
            here = f"{place}{name.removeprefix(path)}"
            several = len(items) > 1 and bool(_CHILDREN.fullmatch(name.rpartition(".")[2]))
            self.numbered |= several
            for index, item in enumerate(items):
                inner = item if isinstance(item, dict) else {"waarde": item}
                mine = dict(below)
                if several:
                    keys = [n for n in below if self.role_of(n) == "dossier_id"]
                    mine |= {n: f"{below[n]}/{index + 1}" for n in keys}
                self._walk(inner, (f"{name}[].", f"{here}[{index}]."), mine, line, depth + 1)

    def _flat(
        self,
        record: dict[str, Any],
        path: str,
        scalars: Scalars,
        lists: list[tuple[str, list[Any]]],
        depth: int,
    ) -> None:
        for key, value in record.items():
            name = self.spelled.setdefault(f"{path}{key}".lower(), f"{path}{key}")
            if name in scalars:
                name = f"{path}{key}"  # `a` and `A` in one record are two fields
            if isinstance(value, dict) and (one := measured(value)) and self.is_element(name):
                value = one[0]  # noqa: PLW2901  # 612, or "61.2 cm"
            if isinstance(value, dict) and depth < DEPTH and value:
                self._flat(value, f"{name}.", scalars, lists, depth + 1)
            elif isinstance(value, list) and depth < DEPTH and any(isinstance(v, dict) for v in value):
                lists.append((name, value))
            else:
                scalars[name] = as_text(value)
                if isinstance(value, str) and POINTED.fullmatch(value):
                    self.pointed.add(name)


def read_json(source: Source, folder: Path, role_of: RoleOf, is_element: Callable[[str], bool]) -> JsonTables:
    """The tables in a source of JSON. Raises Unreadable when nothing in it is JSON."""
    found = JsonTables(folder, role_of, is_element)
    head = source.head()
    try:
        if has_lines(head):
            _lines(source, found)
        elif source.size <= WHOLE:
            _whole(source.data().removeprefix(b"\xef\xbb\xbf"), found)
        else:
            for number, text in stream_records(source):
                _text(text.encode(), number, found)
    except Unreadable as error:
        if not found.records:
            raise
        found.remarks.append((error.finding, {"regel": error.regel or found.records + 1, **error.parameters}))
        if error.finding == "BDS009":
            raise
    for rows in found.tables.values():
        rows.flush()
    return found


def _lines(source: Source, found: JsonTables) -> None:
    with source.open() as stream:
        for number, line in enumerate(stream, start=1):
            bare = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if bare.strip():
                _text(bare, number, found)


def _text(line: bytes, number: int, found: JsonTables) -> None:
    try:
        parsed = loads_as_text(line)
    except (ValueError, RecursionError):
        # Lines cut from a list end in its commas.
        bare = line.rstrip().removesuffix(b",")
        if bare.endswith(b"}") and bare != line.rstrip():
            found.remarks.append(("BDS062", {"regel": number}))
            _text(bare, number, found)
        else:
            found.remarks.append(("BDS036", {"regel": number}))
        return
    _remember(parsed, found, number)
    for record in _unwrapped(parsed.value):
        found.record(record, number)


def _whole(data: bytes, found: JsonTables) -> None:
    try:
        parsed = loads_as_text(data)
    except RecursionError:
        raise
    except ValueError as error:
        place = what_is_wrong(data)
        count = 0
        for line, record in _salvaged(data):
            found.record(record, line)
            count += 1
        if not count:
            raise Unreadable("BDS005", **place) from error
        found.remarks.append(("BDS005", place))
        return
    records = _unwrapped(parsed.value, shapes=True)
    _remember(parsed, found, 1)
    starts = _record_lines(data, len(records))
    for record, line in zip(records, starts, strict=True):
        found.record(record, line)


def _remember(parsed: Parsed, found: JsonTables, line: int) -> None:
    found.remarks += [(code, {"regel": line, **facts}) for code, _, facts in parsed.remarks]


def _unwrapped(value: Any, *, shapes: bool = False) -> list[Any]:  # noqa: ANN401
    """The records in a value: itself, the members of a list, or the one list of objects in an envelope of plain fields.

    `shapes`: the value is all there is, so it or what is in its envelope may be a table in another shape.
    """
    for _ in range(3):
        if shapes and (records := records_in(value)):
            return records
        if not isinstance(value, dict):
            break
        value = _without_frame(value)
        lists = [v for v in value.values() if isinstance(v, list) and any(isinstance(i, dict) for i in v)]
        objects = [v for v in value.values() if isinstance(v, dict) and v]
        if len(lists) == 1 and not objects and len(value) <= _ENVELOPE and _is_envelope(value):
            value = lists[0]
        elif len(value) == 1 and objects:
            value = objects[0]
        else:
            break
    return value if isinstance(value, list) else [value]


def _without_frame(value: dict[str, Any]) -> dict[str, Any]:
    """The object without what an answer of a server says about itself, where one field is left that holds the rest."""
    rest = {k: v for k, v in value.items() if not _FRAME.fullmatch(k)}
    alone = len(rest) == 1 and isinstance(next(iter(rest.values())), (dict, list))
    return rest if alone else value


#: Fields of an answer that say nothing of a child.
_FRAME = re.compile(
    r"(?i)_?(status|success|ok|paging|pagination|page|meta|metadata|total|count|version|versie|next|prev|previous|"
    r"links?|message|errors?|schema)"
)
#: Fields beside a list of records that an envelope has at most, and names that such fields have.
_ENVELOPE = 8
_ABOUT = re.compile(
    r"(?i)(aantal|total|count|page|size|limit|offset|next|prev|version|versie|created|date|datum|time|status|"
    r"meta|export|source|bron|format|encoding|schema|type|url|link|id|organisati|organizati)"
)


def _is_envelope(value: dict[str, Any]) -> bool:
    """Whether what stands beside the list is about the list: a child's own fields would make it a record."""
    return all(isinstance(v, list) or _ABOUT.search(key) for key, v in value.items()) and not any(
        re.search(r"(?i)client|dossier|kind|child|patient|geboorte|birth|bsn|naam|name", key)
        for key, v in value.items()
        if not isinstance(v, list)
    )


def _salvaged(data: bytes) -> Iterator[tuple[int, Any]]:
    """Records of a list that breaks off, with their lines: those that are whole."""
    text = data.decode("utf-8", errors="replace")
    # Objects one after another, or the members of the first list.
    joined = text.lstrip().startswith("{") and re.search(r"\}\s*\{", text)
    at = text.find("{") if joined else text.find("[") + 1
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    line, seen = 1, 0
    while (at or joined) and at < len(text):
        at = after(BETWEEN, text, at)
        try:
            start, (record, end) = at, decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        if not isinstance(record, dict):
            return
        line += text.count("\n", seen, start)
        seen, at = start, end
        yield line, record


def _record_lines(data: bytes, count: int) -> list[int]:
    """The line on which each of `count` records starts, or the first line for all when that cannot be told."""
    if b"\n" not in data.strip():
        return [1] * count
    depth_of: dict[int, list[int]] = {}
    line, depth = 1, 0
    for token in _TOKEN.finditer(data):
        text = token.group()
        if text == b"\n":
            line += 1
        elif text == b"{":
            depth += 1
            depth_of.setdefault(depth, []).append(line)
        elif text == b"}":
            depth -= 1
        else:
            line += text.count(b"\n")
    return next((lines for _, lines in sorted(depth_of.items()) if len(lines) == count), [1] * count)


_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\n]', re.DOTALL)


def looks_like_table(text: str) -> bool:
    """Whether JSON, of which `text` is the start, holds records that a table can carry; not what one object of one field is."""
    if starts_table(text.lstrip("\ufeff")):
        return True
    start = text.find("{")
    if start < 0 or text[:start].strip(" \t\r\n[\ufeff"):
        return False
    try:
        record, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        first = text[start:].split("\n", 1)[0]
        value = plain_loads(first.encode("utf-8", errors="replace"))
        if value is not NOT_PLAIN:
            record = value
        else:
            return len(set(re.findall(r'"([^"\\]{1,60})"\s*:', text[start : start + 4096]))) > 1
    if not isinstance(record, dict):
        return False
    for _ in range(DEPTH):
        inner = [v for v in record.values() if isinstance(v, dict) and v]
        if len(record) != 1 or not inner:
            break
        record = inner[0]
    below = [v for v in record.values() if isinstance(v, list) and any(isinstance(i, dict) for i in v)]
    items = [_inner(item) for v in below for item in v if isinstance(item, dict)]
    return len(record) > 1 or any(len(item) > 1 for item in items)


def _inner(record: dict[str, Any]) -> dict[str, Any]:
    """What stands in an object of one field that holds an object: `{"node": {…}}`."""
    inner = next(iter(record.values()), None) if len(record) == 1 else None
    return inner if isinstance(inner, dict) else record
