"""Files of other kinds than text: typed columns, documents of office programs, and what bds wrote itself."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bds_tool.formats.reading import read


def found(paths):
    with read(paths) as store:
        rows = store.registraties().filter(pl.col("bdsnummer").is_not_null()).collect()
        return rows.select("dossier_id", "datum", "bdsnummer", "waarde").rows(), store.meldingen().collect()


def test_odd_types_of_parquet(tmp_path):
    """Half past eleven in the evening in UTC is the next day in the Netherlands, in winter and summer."""
    moments = [datetime(2024, 3, 1, 23, 30, tzinfo=UTC), datetime(2024, 7, 1, 22, 0, tzinfo=UTC)]
    table = pa.table(
        {
            "dossier_id": pa.array(["a", "b"]).dictionary_encode(),
            "datum": pa.array(moments, pa.timestamp("us", tz="UTC")),
            "bds_235": pa.array([Decimal("612.00"), Decimal("613.50")], pa.decimal128(10, 2)),
            "bds_245": pa.array(["6210", None], pa.large_string()),
            "leeg": pa.nulls(2),
            "lijst": pa.array([[1], None]),
            "record": pa.array([{"a": 1}, None]),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    rows, told = found([tmp_path / "x.parquet"])
    assert rows == [
        ("a", date(2024, 3, 2), 235, "612"),
        ("a", date(2024, 3, 2), 245, "6210"),
        ("b", date(2024, 7, 2), 235, "613.50"),
    ]
    assert told["code"].to_list().count("BDS068") == 2  # the list and the record


def test_notations_change_far_beyond_any_sample(tmp_path, monkeypatch):
    """Row 30,000 and on: a day that is none, the month in front, a written month, a comma and a thousand."""
    monkeypatch.setattr("bds_tool.formats.table.passes.START", 40_000)  # cells: the plan rests on 10,000 rows
    lines = ["dossier;datum;BDS235;BDS245"]
    lines += [f"k{i};{i % 28 + 1:02d}-{i % 12 + 1:02d}-2020;700;8000" for i in range(36_000)]
    lines[30_001] = "k30000;2020-13-13;700;8000"
    lines[30_002] = "k30001;05/25/2020;700;8000"
    lines[30_003] = "k30002;1 mei 2020;700,5;8000"
    lines[35_001] = "k35000;12-12-2020;700;8.000"
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows, told = found([tmp_path / "x.csv"])
    assert len(rows) == 72_000
    late = {r for r in rows if r[0] in {"k30000", "k30001", "k30002", "k35000"}}
    assert late == {
        ("k30000", None, 235, "700"),
        ("k30000", None, 245, "8000"),
        ("k30001", None, 235, "700"),
        ("k30001", None, 245, "8000"),
        ("k30002", date(2020, 5, 1), 235, "700.5"),
        ("k30002", date(2020, 5, 1), 245, "8000"),
        ("k35000", date(2020, 12, 12), 235, "700"),
        ("k35000", date(2020, 12, 12), 245, "8000"),
    }
    lines_told = told.filter(pl.col("code") == "BDS202")["regel"].to_list()
    assert lines_told == [30_002, 30_003]
    assert {"BDS047", "BDS051"} <= set(told["code"])


@pytest.mark.parametrize("first", [True, False])
def test_open_document_is_named(tmp_path, bds, first):
    path = tmp_path / "b.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
        if not first:
            archive.writestr("META-INF/manifest.xml", "<m/>")
    shown = bds("validate", path, "-f", "json")
    assert shown.code == 3
    assert {f["code"] for f in json.loads(shown.out)["findings"]} == {"BDS074"}


@pytest.mark.parametrize(
    "form", ["text", "json", "ndjson", "csv", "parquet", "junit", "sarif", "github", "html"]
)
def test_own_reports_in_the_folder_are_no_delivery(tmp_path, bds, form):
    folder = tmp_path / "levering"
    folder.mkdir()
    (folder / "x.csv").write_text("dossier;datum;BDS235\nA1;2024-03-01;9612\n", encoding="utf-8")
    ending = {"text": "txt", "junit": "xml", "github": "txt"}.get(form, form)
    assert bds("validate", folder / "x.csv", "-f", form, "-o", folder / f"uit.{ending}").code == 1
    shown = bds("validate", folder, "-f", "json")
    assert shown.code == 1
    codes = sorted(f["code"] for f in json.loads(shown.out)["findings"])
    assert codes == ["BDS010", "BDS075", "BDS231"]


def test_a_number_beyond_all_bounds_is_one_finding(tmp_path, bds):
    path = tmp_path / "x.csv"
    path.write_text("dossier;datum;BDS235\nA1;2024-03-01;1e400\nA2;2024-03-01;612\n", encoding="utf-8")
    found = json.loads(bds("validate", path, "-f", "json").out)["findings"]
    assert [f["code"] for f in found if f["line"] == 2] == ["BDS201"]


def test_a_row_without_a_date_is_told_once(tmp_path, bds):
    """Row 2 has a day that is none, row 3 has none at all, in two columns each."""
    path = tmp_path / "x.csv"
    path.write_text(
        "dossier;datum;BDS235;BDS245\nA1;31-02-2024;612;6210\nA2;;612;6210\nA3;2024-03-01;612;6210\n"
    )
    told = json.loads(bds("validate", path, "-f", "json").out)["findings"]
    assert [(f["code"], f["line"]) for f in told if f["code"] in {"BDS115", "BDS202"}] == [
        ("BDS115", 3),
        ("BDS202", 2),
    ]


def test_visits_on_one_line_without_a_date_are_told_apart(tmp_path, bds):
    visits = [
        {"lengte": 612, "gewicht": 6210},
        {"lengte": 613, "gewicht": 6220},
        {"datum": "2024-03-01", "lengte": 614},
    ]
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"kind": "k1", "visits": visits}), encoding="utf-8")
    told = json.loads(bds("validate", path, "-f", "json").out)["findings"]
    assert [f["path"] for f in told if f["code"] == "BDS115"] == ["visits[0].lengte", "visits[1].lengte"]


def test_a_name_among_known_headers_goes_by_its_place(tmp_path, bds):
    path = tmp_path / "x.csv"
    path.write_text("dossier;datum;jansen;vanDijk;de_vries;mm_len;Lengte\nA;2024-01-01;x;3;4;5;700\n")
    for command in (["convert", path, "--explain"], ["validate", path], ["validate", path, "-f", "json"]):
        shown = bds(*command)
        assert not any(name in shown.out + shown.err for name in ("jansen", "vanDijk", "de_vries"))
    assert "mm_len" in bds("convert", path, "--explain").out


def test_a_code_with_its_own_name_and_an_element_with_its_own_name(tmp_path):
    """`1 - Mannelijk` is code 1 because 1 is called so; `1 - Vrouwelijk` and `245 - Lengte` contradict themselves."""
    (tmp_path / "breed.csv").write_text(
        "client;datum;Geslacht\nA;2024-01-01;1 - Mannelijk\nB;2024-01-02;Vrouwelijk = 2\nC;2024-01-03;1 - Vrouwelijk\n"
    )
    (tmp_path / "lang.csv").write_text(
        "client,datum,bdsnummer,waarde\nA,2024-01-01,BDS-235 Lengte,712\nA,2024-01-01,245 - Gewicht,8100\n"
        "B,2024-01-02,245 - Lengte,430\n"
    )
    with read([tmp_path / "breed.csv"]) as store:
        rows = store.registraties().filter(pl.col("bdsnummer") == 19).collect()
        assert rows["waarde"].to_list() == ["1", "2", "1 - Vrouwelijk"]
    with read([tmp_path / "lang.csv"]) as store:
        rows = store.registraties().select("bdsnummer", "waarde").collect()
        assert set(rows.iter_rows()) == {(235, "712"), (245, "8100"), (None, "430")}
        assert store.meldingen().filter(pl.col("code") == "BDS071").collect()["regel"].to_list() == [4]


def test_apostrophes_as_quotes_behind_a_line_for_excel_and_a_title(tmp_path):
    (tmp_path / "x.csv").write_text(
        "sep=|\nExport\n\n'client'|'datum'|'bds_245'|'bds_1374'\n'A'|'2024-01-01'|'8100'|'a|b'\n'B'|'2024-01-02'||'it''s'\n"
    )
    with read([tmp_path / "x.csv"]) as store:
        rows = store.registraties().select("dossier_id", "bdsnummer", "waarde").collect()
        assert set(rows.iter_rows()) == {("A", 245, "8100"), ("A", 1374, "a|b"), ("B", 1374, "it's")}


def test_an_archive_in_an_archive_is_no_note(tmp_path):
    """It may hold most of the delivery, so the delivery is not read in full."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.csv", "dossier_id;datum;lengte\nA1;2024-03-01;612\n")
        archive.writestr("rest.zip", b"PK\x05\x06" + bytes(18))
    rows, told = found([tmp_path / "x.zip"])
    assert rows == [("A1", date(2024, 3, 1), 235, "612")]
    assert "BDS012" in told["code"].to_list()
