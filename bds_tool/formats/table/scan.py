"""Opening a table as a Polars frame of text columns: CSV in its dialects, Parquet, Arrow, XLSX, NDJSON."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.files import temporary_dir
from bds_tool.base.table_settings import TableProfile
from bds_tool.formats.sniff import is_json
from bds_tool.formats.table import encoding, header, names, text
from bds_tool.formats.table.header import Header
from bds_tool.formats.table.profile import wanted
from bds_tool.formats.table.sheets import Cells, Sheet, Workbook
from bds_tool.formats.table.text import Remark
from bds_tool.store.sources import Source, Unreadable

if TYPE_CHECKING:
    import polars as pl

#: Line of the source, kept under this name next to the columns of the table.
ROW = "__rij__"


@dataclass
class Table:
    """One table of a source. `frame` is lazy and has ROW first; `offset` turns a row into a line of the file.

    `odd` is a file with the records that did not fit: [line, fields] as JSON, one a line.
    """

    frame: pl.LazyFrame
    names: list[str]
    formaat: str
    delimiter: str = ""
    encoding: str = ""
    offset: int = 0
    blad: str = ""
    header: Header | None = None
    odd: Path | None = None
    remarks: list[Remark] = field(default_factory=list)
    placed: bool = False  # the frame has the place of each row in PLACE
    pointed: set[str] = field(default_factory=set)  # JSON, XLSX: columns with `8.100` as text
    findings: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # about JSON text itself
    numbered: bool = False  # JSON: children without a key are told apart by their number


@contextmanager
def tables(
    source: Source, settings: TableProfile | None = None, *, line_by_line: bool = False
) -> Iterator[list[Table]]:
    """The tables of a source: one, or one for each sheet. Temporary copies live as long as the block.

    `line_by_line`: a text table is written out in a clean form, however regular it looks.
    """
    settings = settings or TableProfile()
    head = source.head()
    folder = temporary_dir()
    try:
        if head[:4] == b"PK\x03\x04":
            with source.open() as stream:
                yield _sheets(Workbook(stream), settings, folder)
            return
        path = source.options.get("file")
        if path is None or head[:2] == b"\x1f\x8b":
            # Polars wants a file of its own to read bit by bit: members of archives and stdin are copied.
            path = folder / "table"
            with source.open() as stream, path.open("wb") as out:
                shutil.copyfileobj(stream, out, 1 << 20)
        if head[:4] == b"PAR1":
            yield [_scanned("parquet", Path(path))]
        elif head[:6] == b"ARROW1":
            yield [_scanned("arrow", Path(path))]
        elif is_json(head):
            if wide := encoding.unicode_of(head):
                path, _ = _recoded(Path(path), wide, folder / "utf8")
                source = replace(source, open=lambda: io.BufferedReader(path.open("rb", buffering=0)))
            yield _json(source, settings, folder)
        else:
            yield [_text(Path(path), head, settings, folder, tidy=line_by_line)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


#: Text that a Parquet file may unfold to, and how many times its own size that may be: a delivery unfolds some ten times.
_UNFOLDED, _TIMES = 1 << 30, 200
_LOOK = 200


def unfolding(path: Path) -> None:
    """A text that stands in a file once and in its rows millions of times fills no memory: Unreadable BDS009.

    How long texts are is told by some rows at the start, the middle and the end.
    """
    import polars as pl
    import polars.selectors as cs

    frame = pl.scan_parquet(path, glob=False).select(
        (cs.string() | cs.categorical()).cast(pl.String).str.len_bytes()
    )
    rows = frame.select(pl.len()).collect().item() if frame.collect_schema() else 0
    if not rows:
        return
    places = {0, max(rows // 2 - _LOOK // 2, 0), max(rows - _LOOK, 0)}
    means = pl.concat([frame.slice(place, _LOOK).collect() for place in places]).mean()
    text = sum(v or 0 for v in means.row(0)) * rows
    if text > _UNFOLDED and text > _TIMES * path.stat().st_size:
        raise Unreadable("BDS009", reden="omvang", grens=_UNFOLDED)


def _scanned(kind: str, path: Path) -> Table:
    import polars as pl
    import polars.selectors as cs

    try:
        if kind == "parquet":
            unfolding(path)
        frame = pl.scan_parquet(path, glob=False) if kind == "parquet" else pl.scan_ipc(path)
        schema = frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Unreadable("BDS011", reden=kind) from error
    # Text without a mark that it is text, as older programs write it.
    binary = [n for n, k in schema.items() if k == pl.Binary and _is_text(frame, n)]
    frame = frame.with_columns(pl.col(binary).cast(pl.String))
    # A list or a record in a cell is no value of an element.
    nested = [
        n for n, k in schema.items() if k.is_nested() or k.is_object() or (k == pl.Binary and n not in binary)
    ]
    remarks = [Remark("BDS068", None, {"kolom": names.columns([n])[0]}) for n in nested]
    frame, shown = _renamed(frame.drop(nested), [n for n in schema.names() if n not in nested])
    # A moment with a zone is a day of the Netherlands, as in text.
    zoned = cs.datetime(time_zone="*")
    frame = frame.with_columns(zoned.dt.convert_time_zone("Europe/Amsterdam").dt.replace_time_zone(None))
    return Table(frame.with_row_index(ROW, 1), shown, kind, remarks=remarks)


def _is_text(frame: pl.LazyFrame, name: str) -> bool:
    """Whether all bytes in a column are text."""
    import polars as pl

    try:
        frame.select(pl.col(name).cast(pl.String).str.len_bytes().sum()).collect()
    except pl.exceptions.PolarsError:
        return False
    return True


def _renamed(frame: pl.LazyFrame, given: list[str]) -> tuple[pl.LazyFrame, list[str]]:
    """The frame with names that may be shown."""
    shown = names.columns(given)
    changed = {a: b for a, b in zip(given, shown, strict=True) if a != b}
    return (frame.rename(changed) if changed else frame), shown


def _json(source: Source, settings: TableProfile, folder: Path) -> list[Table]:
    """The tables in JSON: that of the records, and one for each list below them. ROW is the line in the file."""
    import polars as pl

    from bds_tool.formats.table.json_tables import read_json
    from bds_tool.formats.table.places import element_at, role_of

    role = lru_cache(4096)(
        lambda name: role_of(name, settings.kolommen)
    )  # the same few names in every record
    found = read_json(source, folder, role, lru_cache(4096)(lambda name: element_at(name, settings.kolommen)))
    made = []
    for rows in found.tables.values():
        frame = pl.concat([pl.scan_parquet(f, glob=False) for f in rows.files], how="diagonal")
        frame, shown = _renamed(frame, list(rows.names))
        pointed = {n for given, n in zip(rows.names, shown, strict=True) if given in found.pointed}
        made.append(
            Table(frame, shown, "json", blad=rows.path.rstrip("."), placed=bool(rows.path), pointed=pointed)
        )
    if not made:
        raise Unreadable("BDS002")
    made[0].findings, made[0].numbered = found.remarks, found.numbered
    return made


def _text(path: Path, head: bytes, settings: TableProfile, folder: Path, *, tidy: bool) -> Table:
    import polars as pl

    wide = settings.codering if settings.codering.lower().startswith("utf-16") else encoding.unicode_of(head)
    if wide:
        path, head = _recoded(path, wide, folder / "utf8")
    told = "" if wide or settings.codering.lower() in {"utf-8", "utf8", "utf-8-sig"} else settings.codering
    # What looks like another encoding at the start is only read to find the header.
    first = _first_lines(path, told, head)
    if text.wrapped([line for _, line in first]):
        path, told, wide = text.unwrapped(path, folder / "regels", told), "", "utf-8"
        with path.open("rb") as stream:
            head = stream.read(1 << 16)
        first = _first_lines(path, told, head)
    delimiter, skip = _dialect(first, settings)
    quote = (
        _quote([x for x in first if x[0] > skip], delimiter)
        if settings.aanhalingsteken is None
        else settings.aanhalingsteken
    )
    rows = [
        (r.line, r.fields)
        for r in text.records([x for x in first if x[0] > skip], delimiter, quote)
        if any(f.strip() for f in r.fields)
    ]
    top = header.find(_bounded(rows), settings.kop, wanted(settings))
    if not top.found and not top.names:
        raise Unreadable("BDS002")
    top = header.numbered(top, [cells for line, cells in rows if line > max(top.lines, default=0)])
    last = _end_of(first, top, skip, delimiter, quote)
    cr_only = b"\n" not in head and b"\r" in head
    found = text.survey(path, delimiter, quote, len(top.names), 0 if cr_only else last)
    made = Table(
        pl.LazyFrame(), top.names, "csv", delimiter, told or wide or found.legacy or "utf-8", header=top
    )
    shape = dict.fromkeys(top.names, pl.String)
    if found.regular and not told and not cr_only and not tidy:
        made.frame = pl.scan_csv(
            path,
            separator=delimiter,
            has_header=False,
            skip_lines=last,
            infer_schema=False,
            schema=shape,
            row_index_name=ROW,
            row_index_offset=1,
            glob=False,
            quote_char=quote or None,
        )
        made.offset = last
        return made
    tidied = text.tidy(path, folder, found, delimiter, quote, top.nameless, last, told)
    made.frame = pl.scan_csv(
        tidied.path,
        has_header=False,
        infer_schema=False,
        schema={ROW: pl.UInt32, **shape},
        glob=False,
    )
    made.odd, made.remarks = tidied.odd, tidied.remarks
    if found.guessed and not told:
        made.remarks.append(Remark("BDS081", None, {"codering": found.legacy}))
    return made


def _first_lines(path: Path, told: str, head: bytes) -> list[tuple[int, str]]:
    legacy = "windows-1252"
    if not told:
        look = encoding.Legacy()
        look.look(head)
        legacy = look.verdict()[0] or legacy
    return [(n, line) for n, line, _ in islice(text.lines_of(path, legacy, told), header.ROWS * 5)]


def _dialect(first: list[tuple[int, str]], settings: TableProfile) -> tuple[str, int]:
    """Separator, and the lines before the table: those of bds.toml and the line `sep=;` of Excel."""
    skip = settings.overslaan
    delimiter = settings.scheidingsteken.replace("\\t", "\t")
    for number, line in first:
        if number <= skip or not line.strip():
            continue
        bare = line.strip().strip('"').lower()
        if bare.startswith("sep=") and len(bare) <= 5:
            return delimiter or (line.strip().strip('"')[4:5] or "\t"), number
        break
    lines = [line for number, line in first[: header.ROWS] if number > skip]
    return delimiter or text.delimiter_of(lines), skip


def _quote(first: list[tuple[int, str]], delimiter: str) -> str:
    """An apostrophe where every field of the first full lines stands in them, else the usual sign."""
    field = r"'(?:[^']|'')+'"
    whole = re.compile(rf"\s*(?:{field})?(?:{re.escape(delimiter)}(?:{field})?)*\s*")
    cut = [line for _, line in first if delimiter in line][:5]
    apostrophes = all(whole.fullmatch(line) for line in cut) and any("'" in line for line in cut)
    return "'" if apostrophes else '"'


def _bounded(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """The rows that can be a header. A file of which every line is wider than any table is refused."""
    fitting = [(line, cells) for line, cells in rows if len(cells) < text.COLUMNS_MAX]
    if rows and not fitting:
        raise Unreadable("BDS009", reden="kolommen", grens=text.COLUMNS_MAX)
    return fitting


def _end_of(first: list[tuple[int, str]], top: Header, skip: int, delimiter: str, quote: str) -> int:
    """The last line of the header: a quoted name may hold a line break."""
    if not top.lines:
        return skip
    start = max(top.lines)
    following = [
        r.line for r in text.records([x for x in first if x[0] > skip], delimiter, quote) if r.line > start
    ]
    return (following[0] - 1) if following else len(first)


def _recoded(path: Path, encoding: str, target: Path) -> tuple[Path, bytes]:
    with (
        path.open("r", encoding=encoding, errors="replace", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        shutil.copyfileobj(source, out, 1 << 20)
    with target.open("rb") as stream:
        return target, stream.read(1 << 16)


def _sheets(book: Workbook, settings: TableProfile, folder: Path) -> list[Table]:
    found, left = [], []
    for sheet in book.sheets:
        shown = names.sheet(sheet.naam, sheet.nummer)
        chosen = sheet.naam in settings.blad if settings.blad else not sheet.verborgen
        if not chosen:
            left.append(Remark("BDS066", None, {"blad": shown}))
            continue
        table = _sheet(book, sheet, shown, settings, folder)
        if table:
            found.append(table)
    if not found:
        if left:
            raise Unreadable("BDS066", blad=str(left[0].parameters["blad"]))
        raise Unreadable("BDS002")
    found[0].remarks += left
    return found


def _sheet(book: Workbook, sheet: Sheet, shown: str, settings: TableProfile, folder: Path) -> Table | None:
    """One sheet as clean CSV with the row of the sheet in front; None for an empty one."""
    import polars as pl

    cells = (c for c in book.rows(sheet) if c.row > settings.overslaan)
    first = list(islice(cells, header.ROWS))
    if not first:
        return None
    left = min((min(c.texts) for c in first if c.texts), default=0)
    rows = [(c.row, _row(c, left)) for c in first if any(v.strip() for v in c.texts.values())]
    top = header.find(rows, settings.kop, wanted(settings))
    start = max(top.lines, default=0)
    target, side = folder / f"blad{sheet.nummer}.csv", folder / f"blad{sheet.nummer}.ndjson"
    made = Table(pl.LazyFrame(), top.names, "xlsx", blad=shown, header=top)
    width, odd = len(top.names), False
    with target.open("w", encoding="utf-8", newline="") as out, side.open("w", encoding="utf-8") as rest:
        writer = csv.writer(out, lineterminator="\n")
        for each in _chained(first, cells):
            if each.row <= start:
                continue
            _told(each, left, made)
            beyond = [c for c, v in each.texts.items() if c - left >= width and v.strip()]
            if beyond or (each.texts and min(each.texts) < left):
                odd = True
                made.remarks.append(
                    Remark("BDS083", each.row, {"velden": max(each.texts) + 1 - left, "kop": width})
                )
                fields = [v for _, v in sorted(each.texts.items())]
                rest.write(json.dumps([each.row, fields], ensure_ascii=False) + "\n")
            elif any(v.strip() for v in each.texts.values()):
                writer.writerow([each.row, *_row(each, left, width)])
    made.frame = pl.scan_csv(
        target,
        has_header=False,
        infer_schema=False,
        schema={ROW: pl.UInt32, **dict.fromkeys(top.names, pl.String)},
        glob=False,
    )
    made.odd = side if odd else None
    return made


def _chained(first: list[Cells], rest: Iterator[Cells]) -> Iterator[Cells]:
    yield from first
    yield from rest


def _row(cells: Cells, left: int, width: int | None = None) -> list[str]:
    size = width if width is not None else max(cells.texts, default=left) + 1 - left
    row = [""] * max(size, 0)
    for column, value in cells.texts.items():
        if 0 <= column - left < size:
            row[column - left] = value
    return row


def _told(cells: Cells, left: int, table: Table) -> None:
    table.pointed |= {table.names[c - left] for c in cells.pointed if 0 <= c - left < len(table.names)}
    for code, columns in (("BDS085", cells.without_value), ("BDS065", cells.damaged)):
        for column in columns:
            at = column - left
            name = table.names[at] if 0 <= at < len(table.names) else names.position(at + 1)
            table.remarks.append(Remark(code, cells.row, {"kolom": name}))
