"""Tables as vendors deliver them. Each expected row is what a person would read in the file."""

from __future__ import annotations

import gzip
import json
import re
import time
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest

from bds_tool.base.errors import UsageError
from bds_tool.base.settings import load
from bds_tool.base.table_settings import column_setting
from bds_tool.formats import read, unreadable
from bds_tool.formats.table.columns import recognise, understand
from bds_tool.formats.table.notation import DateWays, day

SHORT = ("dossier_id", "datum", "bdsnummer", "waarde")


def rows_of(path, *columns, tables=None):
    with read([path], tables=tables) as store:
        return sorted(store.registraties().select(columns or SHORT).collect().rows(), key=str)


def codes_of(path):
    with read([path]) as store:
        # BDS010 stands on every table: a table does not say which version it follows.
        return sorted(c for c in store.meldingen().collect()["code"] if c != "BDS010")


@pytest.mark.parametrize(
    ("header", "number", "unit", "factor"),
    [
        ("235", 235, "", 1),
        ("bds_235", 235, "", 1),
        ("BDS235", 235, "", 1),
        ("bds-235", 235, "", 1),
        ("Lengte", 235, "", 1),
        ("Lengte (235)", 235, "", 1),
        ("lengte [BDS 235]", 235, "", 1),
        ("235 Lengte", 235, "", 1),
        ("lengte_235", 235, "", 1),
        ("lengte_cm", 235, "cm", 10),
        ("Lengte (m)", 235, "m", 1000),
        ("Lengte (mm)", 235, "mm", 1),
        ("gewicht kg", 245, "kg", 1000),
        ("zwangerschapsduur_weken", 82, "wk", 7),
        ("bds_245_kg", 245, "kg", 1000),
        ("Geboortedatum", 20, "", 1),
        ("telefoon_2", 0, "", 1),
        ("9999", 0, "", 1),
        ("mmlen", 0, "", 1),
    ],
)
def test_headers(header, number, unit, factor):
    column = recognise(header)
    assert (column.bdsnummer, column.eenheid, column.factor) == (number, unit, factor)


@pytest.mark.parametrize(
    ("separator", "encoding", "bom"),
    [
        (";", "utf-8", b"\xef\xbb\xbf"),
        (",", "utf-8", b""),
        ("\t", "utf-8", b""),
        ("|", "utf-8", b""),
        (";", "windows-1252", b""),
        (";", "utf-16", b""),
    ],
)
def test_dialects_say_the_same(tmp_path, separator, encoding, bom):
    lines = [
        ["clientnr", "contactdatum", "Lengte (cm)", "Gewicht (kg)", "bds_972"],
        ["k1", "01-02-2020", "98,5" if separator != "," else "98.5", "14", "één zin"],
    ]
    data = "\r\n".join(separator.join(line) for line in lines) + "\r\n"
    (tmp_path / "x.csv").write_bytes(bom + data.encode(encoding))
    day = date(2020, 2, 1)
    assert rows_of(tmp_path / "x.csv") == [
        ("k1", day, 235, "985"),
        ("k1", day, 245, "14000"),
        ("k1", day, 972, "één zin"),
    ]
    assert codes_of(tmp_path / "x.csv") == ["BDS044", "BDS044", "BDS046"]


@pytest.mark.parametrize(
    "written",
    ["01-02-2020", "1-2-2020", "20200201", "2020-02-01", "01/02/2020", "2020-02-01 09:30", "1.2.2020"],
)
def test_ways_to_write_a_date(tmp_path, written):
    (tmp_path / "x.csv").write_text(f"client;datum;235\nk;{written};900\n")
    assert rows_of(tmp_path / "x.csv") == [("k", date(2020, 2, 1), 235, "900")]


def test_date_elements_become_iso(tmp_path):
    (tmp_path / "x.csv").write_text("client;Geboortedatum\na;01-02-2020\nb;20200301\nc;2020-04-01\nd;2020\n")
    assert rows_of(tmp_path / "x.csv") == [
        ("a", None, 20, "2020-02-01"),
        ("b", None, 20, "2020-03-01"),
        ("c", None, 20, "2020-04-01"),
        ("d", None, 20, "2020"),
    ]


def test_long_table(tmp_path):
    (tmp_path / "x.csv").write_text(
        "ClientID;ContactID;Datum;BDSnr;Waarde;Eenheid;inrichting\n"
        "k;c1;01-02-2020;235;98,5;cm;x\nk;c1;01-02-2020;BDS 972;a,b;;\nk;;;20;05-06-2019;;\nk;c2;31-31-2020;19;1;;\nk;c1;;zelf;3;;\n"
    )
    assert rows_of(
        tmp_path / "x.csv", "dossier_id", "activiteit_id", "datum", "bdsnummer", "waarde", "eenheid", "tekst"
    ) == sorted(
        [
            ("k", "c1", date(2020, 2, 1), 235, "985", "mm", None),
            ("k", "c1", date(2020, 2, 1), 972, "a,b", None, None),
            ("k", None, None, 20, "2019-06-05", None, None),
            ("k", "c2", None, 19, "1", None, "31-31-2020"),
            ("k", "c1", None, None, "3", None, "zelf"),
            ("k", "c1", date(2020, 2, 1), None, "x", None, "inrichting"),
        ],
        key=str,
    )


def test_wide_repeats_the_dossier_once(tmp_path):
    (tmp_path / "x.csv").write_text(
        "client;datum;geslacht;235\nk;2020-01-01;1;900\nk;2021-01-01;1;990\nk;2022-01-01;2;1050\n"
    )
    found = rows_of(tmp_path / "x.csv", "dossier_id", "activiteit_id", "bdsnummer", "waarde", "regel")
    assert found == sorted(
        [
            ("k", None, 19, "1", 2),
            ("k", None, 19, "2", 4),
            ("k", "2020-01-01", 235, "900", 2),
            ("k", "2021-01-01", 235, "990", 3),
            ("k", "2022-01-01", 235, "1050", 4),
        ],
        key=str,
    )
    assert codes_of(tmp_path / "x.csv") == ["BDS045"]


def test_own_columns_are_kept(tmp_path):
    (tmp_path / "x.csv").write_text("client;235;team\nk;900;Noord\n")
    assert rows_of(tmp_path / "x.csv", "bdsnummer", "waarde", "tekst", "pad") == [
        (235, "900", None, "235"),
        (None, "Noord", "team", "team"),
    ]
    assert codes_of(tmp_path / "x.csv") == ["BDS013"]


def test_mapping_in_the_project_settles_the_rest(tmp_path):
    (tmp_path / "x.csv").write_text("nr;mmlen;kilo;team\nk;900;14,5;Noord\n")
    (tmp_path / "bds.toml").write_text(
        '[kolommen]\nnr = "dossier_id"\nmmlen = 235\nkilo = {element = 245, eenheid = "kg"}\nteam = "overslaan"\n'
    )
    tables = load(tmp_path / "bds.toml").tables
    expected = [("k", None, 235, "900"), ("k", None, 245, "14500")]
    assert rows_of(tmp_path / "x.csv", tables=tables) == expected
    # Without being told so a reader does not look for settings.
    assert rows_of(tmp_path / "x.csv") != expected


@pytest.mark.parametrize(
    "value",
    [
        99999,
        "geen-rol",
        {"eenheid": "kg"},
        {"element": 235, "eenheid": "el"},
        {"element": 235, "eenheid": "kg"},
        {"rol": "datum", "eenheid": "cm"},
        {"element": 235, "rubriek": "R999"},
    ],
)
def test_mapping_that_cannot_be(value):
    with pytest.raises(UsageError):
        understand(["a"], {"a": column_setting(value)})


def test_a_bsn_is_never_a_key(tmp_path):
    # 111222333 and 123456782 pass the 11-test.
    (tmp_path / "x.csv").write_text(
        "client;datum;235\n111222333;2020-01-01;900\n123456782;2020-01-01;910\n111222333;2021-01-01;990\n"
    )
    assert [r[0] for r in rows_of(tmp_path / "x.csv")] == ["k1", "k1", "k2"]
    assert codes_of(tmp_path / "x.csv") == ["BDS042"]


def test_without_key_each_row_is_a_dossier(tmp_path):
    (tmp_path / "x.csv").write_text("235;245\n900;14000\n910;\n")
    assert rows_of(tmp_path / "x.csv") == [
        ("1", None, 235, "900"),
        ("1", None, 245, "14000"),
        ("2", None, 235, "910"),
    ]
    assert codes_of(tmp_path / "x.csv") == ["BDS041"]


def test_quotes_separators_and_line_breaks_in_text(tmp_path):
    (tmp_path / "x.csv").write_text('client;972\nk;"zij zei ""ja""; daarna\nniets"\n')
    assert rows_of(tmp_path / "x.csv") == [("k", None, 972, 'zij zei "ja"; daarna\nniets')]


def test_typed_columns_of_parquet_and_arrow(tmp_path):
    frame = pl.DataFrame(
        {
            "client": [7, 8],
            "datum": [date(2020, 1, 1), None],
            "235": [900.0, None],
            "19": pl.Series([1.0, 2.0]),
            "91": [True, None],
        }
    )
    frame.write_parquet(tmp_path / "x.parquet")
    frame.write_ipc(tmp_path / "x.arrow")
    expected = sorted(
        [
            ("7", date(2020, 1, 1), 235, "900"),
            ("7", None, 19, "1"),
            ("7", date(2020, 1, 1), 91, "true"),
            ("8", None, 19, "2"),
        ],
        key=str,
    )
    for name in ("x.parquet", "x.arrow"):
        found = rows_of(tmp_path / name)
        assert [r for r in found if r[2] != 91] == [r for r in expected if r[2] != 91], name
        assert [r[3] for r in found if r[2] == 91] == ["true"]


def test_sheets_of_a_workbook(tmp_path):
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "x.xlsx")
    day = book.add_format({"num_format": "dd-mm-yyyy"})
    one, two = book.add_worksheet("R027"), book.add_worksheet("R003")
    one.write_row(0, 0, ["client", "datum", "Lengte (cm)"])
    one.write_string(1, 0, "k")
    one.write_datetime(1, 1, date(2020, 2, 1), day)
    one.write_number(1, 2, 98.5)
    two.write_row(0, 0, ["client", "geslacht"])
    two.write_row(1, 0, ["k", "2"])
    book.close()
    assert rows_of(tmp_path / "x.xlsx") == [("k", None, 19, "2"), ("k", date(2020, 2, 1), 235, "985")]


def test_ndjson_rows(tmp_path):
    lines = [
        {"client": "k", "bdsnummer": 235, "waarde": 900},
        {"client": "k", "bdsnummer": 972, "waarde": "x", "team": "N"},
    ]
    (tmp_path / "x.ndjson").write_text("\n".join(json.dumps(r) for r in lines))
    assert rows_of(tmp_path / "x.ndjson", "bdsnummer", "waarde") == [(235, "900"), (972, "x"), (None, "N")]


def test_archives_give_what_their_members_give(tmp_path):
    text = "client;235\nk;900\n"
    with gzip.open(tmp_path / "x.csv.gz", "wt") as out:
        out.write(text)
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("map/a.csv", text)
        archive.writestr("b.csv", text.replace("900", "910"))
        archive.writestr("leesmij.pdf", b"%PDF")
    assert rows_of(tmp_path / "x.csv.gz") == [("k", None, 235, "900")]
    assert rows_of(tmp_path / "y.zip") == [("k", None, 235, "900"), ("k", None, 235, "910")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a;b\n1;2\n", "BDS040"),
        (b"PAR1 and then nothing", "BDS011"),
        (b"PK\x03\x04 broken", "BDS012"),
    ],
)
def test_broken_tables_are_one_finding(tmp_path, content, code):
    name = "x.parquet" if content.startswith(b"PAR1") else "x.csv"
    (tmp_path / name).write_bytes(content)
    with read([tmp_path / name]) as store:
        assert code in store.meldingen().collect()["code"].to_list()
        assert len(unreadable(store)) == 1


def test_windows_1252_far_into_the_file(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"client;972\n" + b"k;abc\n" * 30_000 + b"k;caf\xe9\n")
    assert rows_of(tmp_path / "x.csv")[-1] == ("k", None, 972, "café")


def test_line_with_more_fields_than_the_header_keeps_them(tmp_path):
    """No value of such a line is given to an element: which field is one too many cannot be known."""
    (tmp_path / "x.csv").write_text("client;235\nk;900\nm;910;rest\n")
    assert rows_of(tmp_path / "x.csv", "dossier_id", "bdsnummer", "waarde") == [
        ("k", 235, "900"),
        ("m", None, "910"),
        ("m", None, "rest"),
    ]
    assert codes_of(tmp_path / "x.csv") == ["BDS083"]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path):
    (tmp_path / "x.csv").write_text('client;235\nk;"900\nm;910\n')
    with read([tmp_path / "x.csv"]) as store:
        told = store.meldingen().filter(pl.col("code") == "BDS043").collect()
    assert told["regel"].to_list() == [2]
    assert ("m", None, 235, "910") in rows_of(tmp_path / "x.csv")


def test_the_worked_delivery_of_the_documentation(tmp_path):
    """docs/howto/bds-toml.md: 61,2 cm is 612 mm, 6,21 kg is 6210 g, 9999 is no measurement, m is code 1."""
    page = (Path(__file__).parents[2] / "docs" / "howto" / "bds-toml.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(text|toml)\n(.*?)```", page, re.DOTALL))
    (tmp_path / "groei-2024.csv").write_bytes(blocks["text"].encode("windows-1252"))
    (tmp_path / "bds.toml").write_text(blocks["toml"], encoding="utf-8")
    first, other = date(2024, 4, 3), date(2024, 4, 4)
    with read([tmp_path / "groei-2024.csv"], tables=load(tmp_path / "bds.toml").tables) as store:
        rows = store.registraties().select(SHORT).collect().rows()
        facts = store.bronnen().select("organisatie", "bds_herkend").row(0)
    assert sorted(rows, key=str) == sorted(
        [
            ("A1", None, 19, "1"),
            ("A1", first, 235, "612"),
            ("A1", first, 245, "6210"),
            ("A1", other, 252, "415"),
            ("A2", None, 19, "2"),
            ("A2", date(2024, 4, 14), 245, "5890"),
        ],
        key=str,
    )
    assert facts == ("JGZ Voorbeeld", "4.1.3")


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ("[[tabel]]\nkop = 1\ndecimal = ','\n", 3),
        ("lang = 'nl'\n\n[[tabel]]\nnaam = 'a'\n[tabel.kolommen]\nx = {element = 'y'}\n", 6),
        ("[[tabel]]\nnaam = 'a'\n[[tabel]]\nnaam = 'b'\ndatum = 'ymd'\n", 5),
    ],
)
def test_a_wrong_setting_is_refused_with_its_line(tmp_path, wrong, line):
    (tmp_path / "bds.toml").write_text(wrong)
    with pytest.raises(UsageError, match=rf"regel {line}:"):
        load(tmp_path / "bds.toml")


def test_a_cell_far_away_costs_nothing(tmp_path):
    """Two cells at the corners of a sheet: what is there is read, not the sixteen thousand million cells between."""
    book = openpyxl.Workbook()
    for place, value in (("A1", "client"), ("B1", "235"), ("A2", "k"), ("B2", 612), ("XFD1048576", 1)):
        book.active[place] = value
    book.save(tmp_path / "x.xlsx")
    assert ("k", None, 235, "612") in rows_of(tmp_path / "x.xlsx")
    assert codes_of(tmp_path / "x.xlsx") == ["BDS083"]


def test_many_quotes_that_are_never_closed_take_no_longer_each(tmp_path):
    (tmp_path / "x.csv").write_text("client;235;972\n" + 'k;612;"x\n' * 20_000)
    start = time.process_time()
    assert codes_of(tmp_path / "x.csv") == ["BDS043"] * 20_000
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("days", "read_as"),
    [
        # 2024-03-01 and 2024-03-25, midnight in Amsterdam (UTC+1): 1709247600 and 1711321200 seconds.
        ([1_709_247_600_000, 1_711_321_200_000], [date(2024, 3, 1), date(2024, 3, 25)]),
        ([1_709_247_600_000.0, 1_711_321_200_000.0], [date(2024, 3, 1), date(2024, 3, 25)]),
        # Excel says that day 45352 is 2024-03-01.
        ([45352, 45353], [date(2024, 3, 1), date(2024, 3, 2)]),
        ([20240301, 20240302], [date(2024, 3, 1), date(2024, 3, 2)]),
        # 20148 days after 1970 is 2025-03-01; as a day of Excel it would be in 1955.
        ([20148, 20423], [None, None]),
    ],
)
def test_numbers_in_a_column_of_dates_of_a_typed_file(tmp_path, days, read_as):
    path = tmp_path / "x.parquet"
    pl.DataFrame({"clientnr": ["A1", "A2"], "datum": days, "BDS235": [612, 622]}).write_parquet(path)
    with read([path]) as store:
        frame = store.registraties().filter(pl.col("bdsnummer") == 235).sort("dossier_id").collect()
        told = store.meldingen().filter(pl.col("code") == "BDS202").collect()
    assert frame["datum"].to_list() == read_as
    assert told["regel"].to_list() == ([] if read_as[0] else [1, 2])


@pytest.mark.parametrize("height", [1, 200])
def test_counts_since_1970_are_days_in_the_netherlands(height):
    """Against the calendar of Python, also at midnight on both sides of summer time; each text in any company."""
    seconds = [1_711_839_600 + step * 1_799 * 7 for step in range(-height // 2, height - height // 2)]
    texts = [f"{s}" for s in seconds] + [f"{s * 1000}" for s in seconds] + [f"{s // 86_400}" for s in seconds]
    local = [datetime.fromtimestamp(s, ZoneInfo("Europe/Amsterdam")).date() for s in seconds]
    wanted = [*local, *local, *(date(1970, 1, 1) + timedelta(days=s // 86_400) for s in seconds)]
    ways = DateWays(["unix"])
    read_as = pl.DataFrame({"d": texts}).select(day(pl.col("d"), ways)).to_series().to_list()
    assert read_as == wanted
    assert [pl.select(day(pl.lit(pl.Series([t])), ways)).item() for t in texts[:3]] == wanted[:3]
