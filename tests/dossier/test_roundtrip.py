"""Property tests: a generated store through every format that can carry it, and back, gives the same rows."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bds_tool.base.escaping import cell
from bds_tool.formats import read
from bds_tool.formats.writing import WriteOptions, write
from bds_tool.store import StoreWriter
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import Store

COLUMNS = [c for c in REGISTRATIES if c not in {"bron", "regel"}]
WIDE = [c for c in COLUMNS if c not in {"codesysteem", "nullflavor", "tekst", "pad"}]

# Text as dossiers hold it: any script, quotes, separators and line breaks; trimmed and not empty, as rows are.
TEXT = (
    st.text(
        st.characters(
            codec="utf-8",
            exclude_categories=("Cs", "Cc", "Zl", "Zp", "Co", "Cn"),
            include_characters="\n\t;,\"'|",
        ),
        min_size=1,
        max_size=30,
    )
    .map(str.strip)
    .filter(bool)
)
KEYS = st.sampled_from(["a", "kind 2", "7f3a", "x;y", 'z"q'])
DAYS = st.dates(date(1990, 1, 1), date(2030, 12, 31))
NUMBERS = st.one_of(st.integers(0, 99_999).map(str), st.decimals(0, 500, places=1).map(str))
VALUES = {
    235: NUMBERS,
    245: NUMBERS,
    82: NUMBERS,
    19: st.sampled_from(["0", "1", "2", "3"]),
    66: st.sampled_from(["01", "98"]),
    20: DAYS.map(date.isoformat),
    63: DAYS.map(date.isoformat),
    972: TEXT,
}


@st.composite
def rows(draw, *, full=True):
    """Rows of a store: `full` also those without element, without value, with text and code systems."""
    found = []
    for _ in range(draw(st.integers(1, 12))):
        number = draw(st.sampled_from([*VALUES, *([None] if full else [])]))
        visit = draw(st.one_of(st.none(), DAYS))
        waarde = draw(TEXT if number is None else VALUES[number])
        if full and draw(st.integers(0, 9)) == 0:
            waarde = None
        unit = {235: "mm", 245: "g", 82: "d"}.get(number)
        group = draw(st.sampled_from([None, 1, 2])) if number in {63, 66} else None
        optional = st.one_of(st.none(), st.sampled_from(["x", "UNK", "R051 tekst"])) if full else st.none()
        found.append(
            (
                draw(KEYS),
                f"c{visit}" if visit else None,
                visit,
                number,
                draw(st.sampled_from([None, "R027", "R003"])),
                "G014" if group else None,
                group,
                waarde,
                unit if draw(st.booleans()) else None,
                draw(optional),
                draw(optional),
                draw(st.one_of(st.none(), TEXT)) if full else None,
                1,
                1,
                draw(optional),
            )
        )
    return found


def make(folder: Path, content) -> Store:
    with StoreWriter(folder / "in.bds") as writer:
        writer.add_bron(pad="in", formaat="tabel", bds_herkend="4.2.0")
        writer.add_rows(content)
    return Store.open(folder / "in.bds")


def content_of(store, columns):
    frame = store.registraties().select(columns).with_columns(pl.all().cast(pl.String)).collect()
    return sorted(frame.rows(), key=str)


FULL = [
    ("csv", "iso", "x.csv"),
    ("csv", "excel-nl", "x.csv"),
    ("parquet", "iso", "x.parquet"),
    ("arrow", "iso", "x.arrow"),
    ("ndjson", "iso", "x.ndjson"),
    ("xlsx", "iso", "x.xlsx"),
]
RELAXED = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize(("to", "dialect", "name"), FULL)
def test_long_formats_carry_everything(to, dialect, name):
    @RELAXED
    @given(rows())
    def check(content):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            store = make(folder, content)
            done = write(store, to, folder / name, WriteOptions(dialect=dialect))
            with read([folder / name]) as back:
                assert content_of(back, COLUMNS) == content_of(store, COLUMNS)
                assert set(back.meldingen().collect()["code"]) <= {"BDS010"}
            assert done.left_out == {}

    check()


@pytest.mark.parametrize("dialect", ["iso", "excel-nl"])
def test_wide_tables_carry_every_value(dialect):
    @RELAXED
    @given(rows(full=False))
    def check(content):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            store = make(folder, content)
            write(store, "csv-wide", folder / "wide", WriteOptions(dialect=dialect))
            with read([folder / "wide"]) as back:
                assert content_of(back, WIDE) == content_of(store, WIDE)

    check()


@st.composite
def james_rows(draw):
    """Rows that JAMES has a place for: own elements, dated measurements, parents."""
    found = []
    for key in draw(st.lists(st.sampled_from(["a", "b", "kind 3"]), min_size=1, max_size=3, unique=True)):
        found += [
            (key, None, None, n, None, None, None, draw(VALUES[n]), *[None] * 4, 1, 1, None)
            for n in draw(st.lists(st.sampled_from([19, 20, 82]), unique=True, min_size=1))
        ]
        for day in draw(st.lists(DAYS, unique=True, max_size=4)):
            found += [
                (key, day.isoformat(), day, n, None, None, None, draw(VALUES[n]), *[None] * 4, 1, 1, None)
                for n in draw(st.lists(st.sampled_from([235, 245]), unique=True, min_size=1))
            ]
        for volgnr in range(1, draw(st.integers(0, 2)) + 1):
            found.append((key, None, None, 62, None, "G014", volgnr, f"0{volgnr}", *[None] * 4, 1, 1, None))
            found.append(
                (key, None, None, 63, None, "G014", volgnr, draw(VALUES[63]), *[None] * 4, 1, 1, None)
            )
    return found


@pytest.mark.parametrize("to", ["james-3.0", "james-3.1"])
def test_james_carries_what_it_has_a_place_for(to):
    columns = [c for c in COLUMNS if c != "pad"]

    @RELAXED
    @given(james_rows())
    def check(content):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            store = make(folder, content)
            done = write(store, to, folder / "x.json")
            with read([folder / "x.json"]) as back:
                assert content_of(back, columns) == content_of(store, columns)
            assert done.left_out == {}

    check()


def plain_wide(content):
    """Rubriek → lines of its wide table, by a loop over rows: a line per key, a further one where an element comes again."""
    tables = {}
    for key, visit, day, number, rubriek, group, repeat, value, unit, *_ in content:
        table, name = tables.setdefault(rubriek, ({}, set())), f"bds_{number}" + (f"_{unit}" if unit else "")
        table[1].add((number, name))
        for time in range(len(content)):
            line = table[0].setdefault((key, visit, day, rubriek, group, repeat, time), {})
            if name not in line:
                line[name] = value
                break
    made = {}
    for rubriek, (lines, names) in tables.items():
        columns = [name for _, name in sorted(names)]
        heads = ["dossier_id", "activiteit_id", "datum", "rubriek", "groep", "volgnr"]
        keep = [n for n, h in enumerate(heads) if h == "rubriek" or any(k[n] is not None for k in lines)]
        texts = [[[k[n] for n in keep] + [line.get(c) for c in columns]] for k, line in lines.items()]
        body = [["" if v is None else str(v) for v in row] for (row,) in texts]
        made[rubriek] = [[heads[n] for n in keep] + columns, *body]
    return made


@pytest.mark.parametrize("size", [4, 500_000])
def test_wide_tables_are_those_of_a_plain_loop(size, monkeypatch):
    """Line by line, in pieces or at once; a dossier comes in one run of rows, as it does in nearly all stores."""
    import csv

    from bds_tool.store import pieces

    whole = pieces.pieces
    monkeypatch.setattr(pieces, "pieces", lambda store, **kept: whole(store, size, **kept))

    @RELAXED
    @given(rows(full=False))
    def check(content):
        content = sorted(content, key=lambda row: row[0])
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write(make(folder, content), "csv-wide", folder / "wide", WriteOptions())
            found = {}
            for file in (folder / "wide").glob("*.csv"):
                with file.open(encoding="utf-8", newline="") as stream:
                    found[None if file.stem == "zonder-rubriek" else file.stem] = list(csv.reader(stream))
            wanted = {r: [[cell(v) for v in line] for line in t] for r, t in plain_wide(content).items()}
            assert found == wanted

    check()


@pytest.mark.parametrize("dialect", ["iso", "excel-nl"])
@pytest.mark.parametrize("text", ["=1+1", "'=1+1", "@x", "-x", "''+x", "\t=1"])
def test_what_a_spreadsheet_would_run_is_the_same_text_again_beside_wide_tables(dialect, text, tmp_path):
    """Values without an element stand in `overig.csv`, guarded once and read back as they were."""
    store = make(
        tmp_path, [("a", None, None, None, None, None, None, text, None, None, None, text, 1, 1, None)]
    )
    write(store, "csv-wide", tmp_path / "wide", WriteOptions(dialect=dialect))
    with read([tmp_path / "wide"]) as back:
        assert content_of(back, ["waarde", "tekst"]) == content_of(store, ["waarde", "tekst"])
