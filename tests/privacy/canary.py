"""Data with marked identifiers, and the hunt for them in everything that a run leaves behind."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import polars as pl

#: Marks by element: numbers of the test range, invented names, address, texts with contact data.
TEXT = "Zangvogelgeheim: belt 06-98765432 of vogel@kanarie.example, Kanarieplantsoen 17, nummer 999990019."
MARKS = {
    7: "999990019", 2: "Kanariaan", 4: "Kanariaan", 5: "Kwinkelier", 6: "Kwinkelier", 11: "Kanarieplantsoen", 16: "9876 ZX",
    482: TEXT, 1345: TEXT, 1534: "Kanariaan", 695: "KANARIE-695",
}  # fmt: skip
#: Marks in places where a value is wrong, so that a finding is tempted to quote it.
WRONG = {
    496: "kanariecode-496", 188: "kanariecode-188", 252: "kanariegetal", 63: "kanariedatum", 1337: "kanarieja", 66: "kanariecode-66",
    461: "kanariecode-461", 9: "kanariegemeente", 71: "kanarieland",
}  # fmt: skip
TOKENS = (
    "999990019", "kanariaan", "kwinkelier", "kanarieplantsoen", "9876 zx", "9876zx", "zangvogel", "06-98765432", "vogel@kanarie",
    "kanarie-695", "kanariecode", "kanariegetal", "kanariedatum", "kanarieja", "kanariegemeente", "kanarieland",
)  # fmt: skip


def mark(frame: pl.DataFrame) -> pl.DataFrame:
    """Registraties in which every element of MARKS, and some of WRONG, carries its mark."""
    row = pl.int_range(pl.len()).over("bdsnummer")
    value = pl.col("waarde")
    for number, word in MARKS.items():
        value = pl.when(pl.col("bdsnummer") == number).then(pl.lit(word)).otherwise(value)
    for number, word in WRONG.items():
        value = pl.when((pl.col("bdsnummer") == number) & (row % 2 == 0)).then(pl.lit(word)).otherwise(value)
    text = pl.when(pl.col("bdsnummer") == 496).then(pl.lit(TEXT)).otherwise(pl.col("tekst"))
    return frame.with_columns(value.alias("waarde"), text.alias("tekst"))


def hits(data: bytes) -> set[str]:
    """The marks in these bytes, whatever their case."""
    found = set()
    for encoding in ("utf-8", "utf-16-le"):
        text = data.decode(encoding, errors="ignore").lower()
        found |= {t for t in TOKENS if t in text}
    return found


def hunt(folder: Path) -> dict[str, set[str]]:
    """Files below a folder (and their names) that hold a mark, also inside Parquet, workbooks and archives."""
    found = {}
    for path in sorted(folder.rglob("*")):
        seen = hits(str(path.relative_to(folder)).encode())
        if path.is_file():
            seen |= inside(path)
        if seen:
            found[str(path.relative_to(folder))] = seen
    return found


def inside(path: Path) -> set[str]:
    data = path.read_bytes()
    found = hits(data)
    if data[:4] == b"PAR1":
        try:
            found |= hits(pl.read_parquet(io.BytesIO(data)).write_ndjson().encode())
        except pl.exceptions.PolarsError:
            return found
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                found |= hits(archive.read(name))
    elif data[:2] == b"\x1f\x8b":
        found |= hits(gzip.decompress(data))
    return found
