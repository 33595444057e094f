"""A store that is not as its layout says is told when it is opened (exit 3), whatever is wrong; and odd surroundings."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.pools import processes
from bds_tool.formats import reading
from bds_tool.formats.dob.place import _steps
from bds_tool.formats.reading import read
from bds_tool.store.canonical import to_table
from bds_tool.store.store import Store, StoreWriter

TABLE = Path(__file__).resolve().parents[2] / "sample_data" / "schoon" / "tabel-4.1.3" / "lang.csv"


@pytest.fixture
def store(tmp_path):
    read([TABLE], tmp_path / "s.bds")
    return tmp_path / "s.bds"


WRONG = {
    "regel": pl.String, "bron": pl.Float64, "bdsnummer": pl.String, "datum": pl.String, "volgnr": pl.Int64, "waarde": pl.Int64,
    "dossier_id": pl.Binary, "rubriek": pl.Boolean, "pad": pl.Date,
}  # fmt: skip


@pytest.mark.parametrize("column", WRONG)
def test_a_column_of_another_type_is_told(column, store):
    file = store / "registraties.parquet"
    frame = pl.read_parquet(file)
    frame.with_columns(pl.lit(None, WRONG[column]).alias(column)).write_parquet(file)
    with pytest.raises(UnreadableError, match=column):
        Store.open(store)


def test_kinds_of_text_are_all_the_same(store):
    file = store / "registraties.parquet"
    pl.read_parquet(file).with_columns(pl.col("rubriek", "pad").cast(pl.String)).write_parquet(file)
    assert Store.open(store)


@pytest.mark.parametrize("name", ["registraties", "bronnen"])
def test_rows_without_a_source_are_told(name, store):
    file = store / f"{name}.parquet"
    frame = pl.read_parquet(file)
    frame.with_columns(pl.lit(None, pl.Int32).alias("bron")).write_parquet(file)
    with pytest.raises(UnreadableError, match="bron"):
        Store.open(store)


@pytest.mark.parametrize("layout", [0, -1, 99, "x", None, [], "1.5"])
def test_another_layout_is_told(layout, store):
    (store / "_store.json").write_text(json.dumps({"layout": layout}))
    with pytest.raises(UnreadableError):
        Store.open(store)


@pytest.mark.parametrize("told", ["abc", "0", "-1", "1.5", "999999", "\uff12"])
def test_a_number_of_processes_is_a_number(told, monkeypatch):
    monkeypatch.setenv("BDS_PROCESSES", told)
    with pytest.raises(UsageError):
        processes()


@pytest.mark.parametrize("number", [-7, -1, 0, -(2**31), 2**31 - 1])
def test_any_sequence_number_ends(number):
    steps, last = _steps(number, 2)
    assert len(steps) == 2
    assert last >= 0


def test_one_value_that_does_not_fit_loses_itself_only():
    row = ["k1", None, None, 235, None, None, None, "540", None, None, None, None, 1, 1, None]
    odd = [*row[:6], 2**40, "half \ud800", *row[8:]]
    made = pl.DataFrame(to_table([tuple(row), tuple(odd)]))
    assert made["volgnr"].to_list() == [None, None]
    assert made["waarde"].to_list() == ["540", "half ?"]


def test_a_name_that_is_no_utf8_is_read(tmp_path):
    odd = os.fsencode(tmp_path) + b"/caf\xe9.csv"
    with open(odd, "wb") as file:  # noqa: PTH123  # a name of bytes
        file.write(TABLE.read_bytes())
    with read([tmp_path]) as store:
        assert store.bronnen()["pad"].to_list() == [str(tmp_path / "caf\ufffd.csv")]
        assert store.bronnen()["rijen"].item() > 0


def test_many_members_are_opened_once(tmp_path, monkeypatch):
    """Reading the index of an archive for each of its members would take time with the square of their number."""
    lines = TABLE.read_text().splitlines(keepends=True)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for n in range(50):
            archive.writestr(f"{n}.csv", "".join(lines[:5]))
    opened = []
    real = zipfile.ZipFile.__init__
    monkeypatch.setattr(
        zipfile.ZipFile, "__init__", lambda self, *a, **k: (opened.append(1), real(self, *a, **k))[1]
    )
    with read([tmp_path / "x.zip"]) as store:
        assert store.bronnen().height == 50
    assert len(opened) <= 3


def test_a_reader_that_fails_is_one_finding(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(TABLE.read_bytes())
    monkeypatch.setattr(
        reading, "FORMATS", {"tabel": replace(reading.FORMATS["tabel"], read=f"{__name__}:_broken")}
    )
    with read([tmp_path]) as store:
        assert store.bronnen()["formaat"].to_list() == ["onleesbaar"]
        assert store.meldingen().collect()["code"].to_list() == ["BDS011"]


def _broken(_source, _sink):
    raise ZeroDivisionError


def test_a_writer_keeps_its_output_private(tmp_path):
    with StoreWriter(tmp_path / "x.bds") as writer:
        writer.add_bron(pad="x", formaat="x")
    assert (tmp_path / "x.bds").stat().st_mode & 0o077 == 0


def test_a_file_that_changes_while_it_is_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(TABLE.read_bytes())
    (tmp_path / "b.csv").write_bytes(TABLE.read_bytes())
    real = reading._sha256

    def growing(source):
        if source.pad.endswith("a.csv"):
            with (tmp_path / "a.csv").open("ab") as file:
                file.write(b"k9,,,235,,,,1,,,,,1,1,\n")
        return real(source)

    monkeypatch.setattr(reading, "_sha256", growing)
    with read([tmp_path]) as store:
        told = store.meldingen().filter(pl.col("code") == "BDS015").select("bron", "pad").collect().rows()
    assert told == [(1, str(tmp_path / "a.csv"))]


@pytest.mark.parametrize("day", [-719_163, 2_932_897, 2**31 - 1])
def test_days_that_no_calendar_has_are_told(day, store):
    file = store / "registraties.parquet"
    pl.read_parquet(file).with_columns(pl.lit(day, pl.Int32).cast(pl.Date).alias("datum")).write_parquet(file)
    with pytest.raises(UnreadableError, match="datum"):
        Store.open(store)


def test_the_number_of_a_person_is_no_element(store, tmp_path):
    file = store / "registraties.parquet"
    pl.read_parquet(file).with_columns(pl.lit(999990019, pl.Int32).alias("bdsnummer")).write_parquet(file)
    with pytest.raises(UnreadableError, match="bdsnummer"):
        Store.open(store)
    (tmp_path / "a.csv").write_text(
        "dossier_id,bdsnummer,waarde\nk,999990019,1\nk,235,540\nk,\u00b2\u00b3,2\n"
    )
    with read([tmp_path / "a.csv"]) as made:
        assert made.registraties().collect()["bdsnummer"].to_list() == [None, 235, None]


def test_a_day_of_the_year_zero_is_no_day(tmp_path):
    (tmp_path / "a.csv").write_text(
        "dossier_id,datum,bdsnummer,waarde\nk,0000-01-01,235,540\nk,2024-01-02,235,541\n"
    )
    with read([tmp_path / "a.csv"]) as made:
        assert made.registraties().collect()["datum"].to_list() == [None, date(2024, 1, 2)]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """A store of one delivery."""
    from bds_tool.cli.main import run

    made = tmp_path_factory.mktemp("leveringen") / "s.bds"
    assert run(["store", "add", str(made), str(TABLE), "--delivery", "2026-01"]) in {0, 1}
    return made


@pytest.mark.parametrize(("field", "value"), [
    ("number", "../../../weg"), ("number", -1), ("number", 10**9), ("number", True), ("delivery", None), ("files", ["a"]), ("files", {"a": 1}),
    ("sources", "x"), ("sources", [1]), ("rows", "veel"), ("nieuw", 1),
])  # fmt: skip
def test_a_list_of_deliveries_that_is_none_is_told(field, value, delivered, tmp_path, bds):
    copy = tmp_path / "s.bds"
    shutil.copytree(delivered, copy)
    index = json.loads((copy / "_store.json").read_text(encoding="utf-8"))
    index["parts"][0][field] = value
    (copy / "_store.json").write_text(json.dumps(index), encoding="utf-8")
    before = sorted(p.name for p in tmp_path.iterdir())
    for command in (("store", "list", copy), ("store", "verify", copy), ("validate", copy)):
        assert bds(*command).code in {2, 3}, command
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_link_in_a_store_leads_to_nothing_that_is_taken_away(delivered, tmp_path, bds):
    """What lies behind a link is not the store's: numbers that are on no list stay there."""
    copy, other = tmp_path / "s.bds", tmp_path / "van-een-ander"
    shutil.copytree(delivered, copy)
    shutil.move(copy / "delen", other)
    (copy / "delen").symlink_to(other)
    (other / "000099").mkdir()
    (other / "000099" / "proefschrift.txt").write_text("mijn")
    bds("store", "drop", copy, "2026-01")
    bds("store", "add", copy, TABLE, "--delivery", "2026-02")
    assert (other / "000099" / "proefschrift.txt").read_text() == "mijn"
