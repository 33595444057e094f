"""Opening a table as a Polars frame of text columns: CSV in its dialects, Parquet, Arrow, XLSX, NDJSON."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.files import temporary_dir
from bds_tool.store.sources import Source, Unreadable

if TYPE_CHECKING:
    import polars as pl

#: Row number of the source, first record = 1; kept under this name next to the columns of the table.
ROW = "__rij__"
DELIMITERS = ";,\t|"


#: A stretch of a text table this long without the end of a line, or a header this wide, is no table.
LINE_MAX = 16 * 1024**2
COLUMNS_MAX = 50_000


@dataclass
class Table:
    """One table of a source. `frame` is lazy and has ROW first; `offset` turns a row into a line of the file."""

    frame: pl.LazyFrame
    names: list[str]
    formaat: str
    delimiter: str = ""
    encoding: str = ""
    offset: int = 0
    blad: str = ""
    notes: list[str] = field(default_factory=list)
    findings: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # about the text itself


@contextmanager
def tables(source: Source, *, widen: bool = False) -> Iterator[list[Table]]:
    """The tables of a source: one, or one for each sheet. Temporary copies live as long as the block.

    With `widen` the lines of a CSV are looked at first, and fields beyond the header get columns of their own.
    """
    head = source.head()
    folder: Path | None = None
    try:
        path = source.options.get("file")
        if head[:4] == b"PK\x03\x04":
            yield _sheets(source)
            return
        if path is None or head[:2] == b"\x1f\x8b":
            # Polars wants a file of its own to read bit by bit: members of archives and stdin are copied.
            folder = temporary_dir()
            path = folder / "table"
            with source.open() as stream, path.open("wb") as out:
                shutil.copyfileobj(stream, out, 1 << 20)
        if head[:4] == b"PAR1":
            yield [_scanned("parquet", Path(path))]
        elif head[:6] == b"ARROW1":
            yield [_scanned("arrow", Path(path))]
        elif head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
            folder = folder or temporary_dir()
            yield _json(source, folder)
        else:
            _bounded(Path(path))
            encoding = source.tables.encoding or _foreign(head)
            if folder is None and encoding:
                folder = temporary_dir()
            yield [_csv(Path(path), head, folder, encoding, widen=widen)]
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _bounded(path: Path) -> None:
    """Refuse (BDS009) a line or a number of columns that no table has, before a parser takes it into memory."""
    with path.open("rb") as stream:
        first = stream.readline(LINE_MAX)
        if max(first.count(c) for c in (b";", b",", b"\t")) >= COLUMNS_MAX:
            raise Unreadable("BDS009", reden="kolommen", grens=COLUMNS_MAX)
        stream.seek(0)
        while block := stream.read(LINE_MAX):
            if len(block) == LINE_MAX and b"\n" not in block and b"\r" not in block:
                raise Unreadable("BDS009", reden="regellengte", grens=LINE_MAX)


def _scanned(kind: str, path: Path) -> Table:
    import polars as pl

    try:
        frame = pl.scan_parquet(path, glob=False) if kind == "parquet" else pl.scan_ipc(path)
        names = frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Unreadable("BDS011", reden=kind) from error
    return Table(frame.with_row_index(ROW, 1), names, kind)


def _json(source: Source, folder: Path) -> list[Table]:
    """The tables in JSON: that of the records, and one for each list below them. ROW is the line in the file."""
    import polars as pl

    from bds_tool.formats.table.columns import role_of
    from bds_tool.formats.table.json_tables import read_json

    mapping = source.tables.columns
    found = read_json(source, folder, lambda name: role_of(name, mapping))
    made = [
        Table(
            pl.concat([pl.scan_parquet(f, glob=False) for f in rows.files], how="diagonal"),
            list(rows.names),
            "json",
            blad=rows.path.rstrip("."),
        )
        for rows in found.tables.values()
    ]
    if not made:
        raise Unreadable("BDS002")
    made[0].findings = found.remarks
    return made


def _sheets(source: Source) -> list[Table]:
    import polars as pl

    try:
        import fastexcel
    except ImportError as error:
        # One workbook without its reader is one finding; the other files of the run go on.
        raise Unreadable("BDS011", reden='pip install "bds-tool[xlsx]"') from error
    try:
        book = fastexcel.read_excel(source.data())
        found = []
        for name in book.sheet_names:
            sheet = book.load_sheet(name, dtypes="string", schema_sample_rows=1)
            frame = sheet.to_polars()
            if frame.width and frame.height:
                frame = frame.rename({c: c.strip() for c in frame.columns})
                found.append(
                    Table(frame.lazy().with_row_index(ROW, 1), frame.columns, "xlsx", offset=1, blad=name)
                )
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError) as error:
        raise Unreadable("BDS011", reden="xlsx") from error
    if not found:
        raise Unreadable("BDS002")
    return found


def _csv(path: Path, head: bytes, folder: Path | None, encoding: str, *, widen: bool) -> Table:
    import polars as pl

    if encoding:
        assert folder is not None  # noqa: S101  # made by the caller for exactly this case
        path = _recode(path, encoding, folder / "utf8")
        with path.open("rb") as stream:
            head = stream.read(len(head))
    text = head.decode("utf-8-sig", errors="replace")
    blank = len(text) - len(text.lstrip("\r\n"))
    first = next(iter(text.lstrip("\r\n").splitlines()), "")
    delimiter = max(DELIMITERS, key=_outside_quotes(first).count)
    names = _unique([n.strip() for n in next(csv.reader([first], delimiter=delimiter), [])])
    skip = text[:blank].count("\n") + 1
    if widen:
        names = _unique(names + [""] * (_widest(path, delimiter) - len(names)))
    frame = pl.scan_csv(
        path,
        separator=delimiter,
        has_header=False,
        skip_rows=skip,
        infer_schema=False,
        schema=dict.fromkeys(names, pl.String),
        row_index_name=ROW,
        row_index_offset=1,
        glob=False,
        quote_char='"',
        missing_columns="insert",
    )
    return Table(frame, names, "csv", delimiter, encoding or "utf-8", offset=skip)


def _widest(path: Path, delimiter: str) -> int:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return max((len(line) for line in csv.reader(stream, delimiter=delimiter)), default=0)


def _foreign(head: bytes) -> str:
    """The encoding of a text that is not UTF-8, else "". The last bytes may hold half a character."""
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return (
            "" if error.start > len(head) - 4 and error.reason == "unexpected end of data" else "windows-1252"
        )
    return ""


def _recode(path: Path, encoding: str, target: Path) -> Path:
    with (
        path.open("r", encoding=encoding, errors="replace", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        shutil.copyfileobj(source, out, 1 << 20)
    return target


def recoded(source: Source) -> Source:
    """The source as UTF-8, for a file that turned out to be Windows-1252 beyond its first bytes."""
    data = source.open()
    text = io.TextIOWrapper(data, encoding="windows-1252", errors="replace", newline="")
    folder = temporary_dir()
    target = folder / "utf8"
    with text, target.open("w", encoding="utf-8", newline="") as out:
        shutil.copyfileobj(text, out, 1 << 20)
    return Source(
        source.pad,
        target.stat().st_size,
        lambda: target.open("rb"),
        source.bron,
        source.bds,
        source.tables,
        {**source.options, "file": target},
    )


def _outside_quotes(line: str) -> str:
    return "".join(part for i, part in enumerate(line.split('"')) if i % 2 == 0)


def _unique(names: list[str]) -> list[str]:
    """Names that occur once: a second `Lengte` becomes `Lengte (2)`; an empty header gets its position."""
    seen: dict[str, int] = {}
    found = []
    for position, given in enumerate(names, start=1):
        name = given or f"kolom {position}"
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return found
