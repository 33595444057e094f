"""Text in every column and at every leaf of an export in every format: none of it comes into an extract."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from bds_tool.formats.dob.sender import INVENTED
from bds_tool.formats.registry import WRITERS
from bds_tool.formats.writing import WriteOptions, write
from bds_tool.store.store import Store, StoreWriter
from bds_tool.synthetic.generate import Generator, Request

from .canary import hunt

#: A mark that the hunt knows, in words that no list holds.
WORD = "Kanariaan uit de Kanarieplantsoen"
#: Every place has its turn: one in so many at a time.
TURNS = 3
#: Only the first rows or children are spoilt, or none would be left for an extract.
PART = 10
#: Without the traits that single out, for what goes wrong here is not that a child is recognised.
COMMANDS = (
    ("pseudonymise", "--elements", "all", "--area", "none", "--k", "2", "--without", "geslacht",
     "--without", "geboortejaar", "--without", "opleiding_ouder", "--key-file"),
    ("research-table", "--outcome", "235", "--outcome", "245", "--k", "2"),
)  # fmt: skip
#: `vaccinaties` and `geanonimiseerd` are messages to others, of one kind; `dob` has their form.
FORMS = sorted(set(WRITERS) - {"james", "vaccinaties", "geanonimiseerd"})


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return tmp_path_factory.mktemp("exports")


def made(folder: Path, children: int, coding: str) -> Store:
    path = folder / f"{children}-{coding}.bds"
    if not path.exists():
        generator = Generator(Request(children, 5, "4.1.3", coding=coding, themes=("zorg", "groei")))
        with StoreWriter(path) as writer:
            for table in generator.tables():
                writer.add_table(table)
            writer.add_bron(**generator.facts(), rijen=writer.count)
    return Store.open(path)


def export(stores: Path, form: str) -> Path:
    """The children as an export of one form; JAMES leaves so much out that few of them make no extract."""
    store = made(stores, 90 if form.startswith("james") else 30, "hl7" if form == "dob" else "bds")
    ending = "json" if form.startswith("james") else form
    file = stores / (form if form in {"dob", "csv-wide"} else f"{form}.{ending}")
    write(store, form, file, WriteOptions(bds="4.1.3", organisation=1, sender=INVENTED))
    return file


def sung(path: Path, turn: int) -> int:
    """Put the word in one in `TURNS` columns (of some of the first rows) or leaves of a file; how many places that were."""
    if path.suffix in {".csv", ".parquet", ".arrow"}:
        frame = _read(path).with_columns(pl.all().cast(pl.String))
        half = (pl.int_range(pl.len()) % 2 == 0) & (pl.int_range(pl.len()) < frame.height // PART)
        chosen = frame.columns[turn::TURNS]
        frame = frame.with_columns(
            pl.when(half).then(pl.lit(WORD)).otherwise(pl.col(c)).alias(c) for c in chosen
        )
        if path.suffix == ".csv":
            path.write_bytes(frame.write_csv().encode())
        elif path.suffix == ".parquet":
            frame.write_parquet(path)
        else:
            frame.write_ipc(path)
        return len(chosen)
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        count = 0
        for sheet in book:
            last = 2 + sheet.max_row // PART
            for line in sheet.iter_rows(min_row=2, max_row=last - 1):
                for cell in line[turn::TURNS]:
                    if cell.row % 2 == 0:
                        cell.value, count = WORD, count + 1
        book.save(path)
        return count
    counter = iter(range(10**9))
    count = [0]

    def mine() -> bool:
        chosen = next(counter) % TURNS == turn
        count[0] += chosen
        return chosen

    text = path.read_text(encoding="utf-8")
    if path.suffix == ".xml":
        text = re.sub(
            r'(\s(?!xmlns|xsi:)[\w:]+=")([^"]*)"', lambda m: f'{m[1]}{WORD}"' if mine() else m[0], text
        )
        text = re.sub(r">([^<>\s][^<>]*)<", lambda m: f">{WORD}<" if mine() else m[0], text)
    elif path.suffix == ".ndjson" or text.startswith("{"):  # JAMES 3.x: a child per line
        lines = text.splitlines(keepends=True)
        first = len(lines) // PART
        text = "".join(json.dumps(_leaves(json.loads(x), mine)) + "\n" for x in lines[:first])
        text += "".join(lines[first:])
    else:
        data = json.loads(text)
        assert isinstance(data, list), "not a list of children"
        first = max(1, len(data) // PART)
        text = json.dumps([*(_leaves(d, mine) for d in data[:first]), *data[first:]])
    path.write_text(text, encoding="utf-8")
    return count[0]


def _read(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema=False)
    data = io.BytesIO(path.read_bytes())
    return pl.read_parquet(data) if path.suffix == ".parquet" else pl.read_ipc(data)


def _leaves(value, mine):
    if isinstance(value, dict):
        return {k: _leaves(v, mine) for k, v in value.items()}
    if isinstance(value, list):
        return [_leaves(v, mine) for v in value]
    return WORD if mine() else value


@pytest.mark.parametrize(
    "form", [pytest.param(f, marks=[] if f == "csv" else [pytest.mark.slow]) for f in FORMS]
)
def test_text_in_every_place_of_an_export_stays_out_of_every_extract(form, stores, tmp_path, bds):
    (tmp_path / "key").write_text("0123456789abcdef" * 2)
    safe, extracts, places = tmp_path / "safe", 0, 0
    safe.mkdir()
    source = export(stores, form)
    for turn in range(TURNS):
        copy = tmp_path / f"{turn}-{source.name}"
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy)
        files = (
            [copy] if copy.is_file() else sorted(f for f in copy.rglob("*") if f.suffix in {".csv", ".xml"})
        )
        places += sum(sung(f, turn) for f in (files[: len(files) // PART] if form == "dob" else files))
        # Reading costs most and is the same for both.
        store = tmp_path / f"{turn}.bds"
        read = bds("convert", copy, "-o", store)
        assert read.code in {0, 1, 2, 3}, read.err
        for number, (command, *options) in enumerate(COMMANDS):
            given = [*options, tmp_path / "key"] if options[-1] == "--key-file" else options
            done = bds(command, store if store.exists() else copy, "-o", safe / f"{turn}-{number}", *given)
            assert done.code in {0, 1, 2, 3, 4}, done.err
            extracts += done.code == 0
            (safe / f"{turn}-{number}.txt").write_text(done.out + done.err)
    assert places >= TURNS
    # Some of the spoilt exports give an extract all the same; what cannot be read gives none.
    assert extracts, "no extract was made: nothing was tried"
    assert hunt(safe) == {}
