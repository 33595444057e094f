"""Deliveries that were read wrong or refused though usable: each a kind, with the registrations that must come of it."""

from __future__ import annotations

import json
from datetime import date

import polars as pl
import pytest

from bds_tool.base.table_settings import ColumnSetting, TableProfile, TableSettings
from bds_tool.formats.james.write import write_james
from bds_tool.formats.reading import read
from bds_tool.formats.writing import WriteOptions

FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 14)
FOUR = [("A1", FIRST, 235, "612"), ("A1", FIRST, 245, "6210"), ("A2", SECOND, 235, "598"), ("A2", SECOND, 245, "5890")]  # fmt: skip
BOTH = [("A1", FIRST, 235, "612"), ("A2", SECOND, 235, "598")]
SPSS = [("A1", FIRST, 235, "612"), ("A1", FIRST, 245, "6210")]


def found(tmp_path, name, text, tables=None):
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    with read([path], tables=tables) as store:
        rows = store.registraties().collect().select("dossier_id", "datum", "bdsnummer", "waarde").rows()
        told = store.meldingen().collect()["code"].to_list()
    return sorted(r for r in rows if r[2] is not None), told


TABLES = {
    "pairs of element and value": "dossier;datum;bdsnummer_1;waarde_1;bdsnummer_2;waarde_2\nA1;2024-03-01;235;612;245;6210\n"
    "A2;2024-03-14;235;598;245;5890\n",
    "pairs under the same header": "dossier;datum;bdsnummer;waarde;eenheid;bdsnummer;waarde;eenheid\n"
    "A1;01-03-2024;235;61,2;cm;245;6,21;kg\nA2;14-03-2024;235;598;mm;;;\nA2;14-03-2024;245;5890;g;;;\n",
    "pairs with days of their own": "dossier;element 1;waarde 1;datum 1;element 2;waarde 2;datum 2\n"
    "A1;235;612;01-03-2024;245;6210;01-03-2024\nA2;235;598;14-03-2024;245;5890;14-03-2024\n",
    "a column of units": "dossier;datum;bdsnummer;waarde;eenheid\nA1;01-03-2024;235;61,2;centimeter\n"
    "A1;01-03-2024;245;6,21;KG\nA2;14-03-2024;235,0;598;\nA2;14-03-2024;245,0;5890;gram\n",
    "a unit behind each element": "dossier;datum;lengte;eenheid;gewicht;eenheid\nA1;01-03-2024;61,2;cm;6210;g\n"
    "A2;14-03-2024;598;mm;5,89;kg\n",
    "units by name": "dossier;datum;lengte;lengte_eenheid;gewicht;eenheid gewicht\nA1;01-03-2024;61,2;cm;6210;g\n"
    "A2;14-03-2024;598;mm;5,89;kg\n",
    "a letter before the number": "dossier;datum;E235;e245\nA1;2024-03-01;612;6210\nA2;2024-03-14;598;5890\n",
    "the name of the day": "dossier;datum;235;245\nA1;vr 1-3-2024;=612;6210\nA2;do. 14-3-2024;598;5890\n",
    "month first in words": "dossier;datum;235;245\nA1;Mar 1 2024 12:00AM;612;6210\nA2;Mar 14, 2024;598;5890\n",
    "a zero that Excel dropped": "dossier;datum;235;245\nA1;1032024;612;6210\nA2;14032024;598;5890\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_as_it_comes(tmp_path, kind):
    assert found(tmp_path, "x.csv", TABLES[kind])[0] == FOUR


RECORDS = {
    "a letter before the number": [{"dossier": "A1", "datum": "2024-03-01", "waarden": {"E235": 612, "E245": 6210}}],
    "an object for each value": [{"dossier": "A1", "datum": "2024-03-01", "waarden": {"235": {"waarde": 61.2, "eenheid": "cm"}, "245": {"waarde": 6210}}}],
    "a day for each value": [{"dossier": "A1", "waarden": {"235": {"waarde": 612, "datum": "2024-03-01"}, "245": {"waarde": 6210, "datum": "2024-03-01"}}}],
    "a list for each number": [{"dossier": "A1", "waarden": {"235": [{"datum": "2024-03-01", "waarde": 612}], "245": [{"datum": "2024-03-01", "waarde": 6210}]}}],
    "names with value and unit": [{"dossier": "A1", "datum": "2024-03-01", "lengte": {"value": 61.2, "unit": "cm"}, "gewicht": {"value": 6.21, "unit": "kg"}}],
    "codes below visits": {"clients": [{"clientId": "A1", "bezoeken": [{"datum": "2024-03-01", "metingen": [{"code": 235, "waarde": 612}, {"code": 245, "waarde": 6210}]}]}]},
    "days of an older service": [{"dossier": "A1", "datum": "/Date(1709251200000)/", "235": 612, "245": 6210, "leeg": []}],
    "other capitals in each record": [{"dossier": "A1", "datum": "2024-03-01", "235": 612}, {"Dossier": "A1", "Datum": "2024-03-01", "245": 6210}],
    "rows with a word for their form": {"format": "csv", "kolommen": ["dossier", "datum", "235", "245"], "rijen": [["A1", "2024-03-01", 612, 6210]]},
    "another person": [{"dossier": "A1", "datum": "2024-03-01", "meting": {"lengte": 612, "gewicht": 6210}, "moeder": {"lengte": 1680, "geboortedatum": "1990-01-01"}}],
}  # fmt: skip


@pytest.mark.parametrize("kind", RECORDS)
def test_json_as_it_comes(tmp_path, kind):
    assert found(tmp_path, "x.json", RECORDS[kind])[0] == SPSS


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("x.csv", "dossier;datum;235\nA1;01-01-1900;612\nA2;14-03-2024;598\n", "BDS087"),
        ("x.csv", "dossier;datum;235\nA1;01-03-2024;612\nA2;14-03-2024;#######\n", "BDS057"),
        ("x.csv", "dossier;datum;lengte;gewicht;eenheid\nA1;14-03-2024;161;6210;cm\n", "BDS013"),
        ("x.csv", "dossier;datum;lengte;Lengte %\nA1;14-03-2024;612;50\n", "BDS013"),
        ("x.json", [{"dossier": "A1", "kleur": "rood"}, {"dossier": "A2", "kleur": "geel"}], "BDS040"),
    ],
)
def test_what_is_not_understood_is_told(tmp_path, name, text, code):
    assert code in found(tmp_path, name, text)[1]


def test_a_unit_that_cannot_be_is_kept_and_told(tmp_path):
    text = "dossier;datum;bdsnummer;waarde;eenheid\nA1;14-03-2024;235;1020;cm\nA2;14-03-2024;235;61,2;cm\n"
    assert [r[3] for r in found(tmp_path, "x.csv", text)[0]] == ["1020", "612"]


def test_csv_under_the_name_of_json(tmp_path):
    assert found(tmp_path, "x.json", TABLES["a column of units"])[0] == FOUR


def test_a_mark_for_a_day_that_is_none(tmp_path):
    """What BDS087 says to write in bds.toml does what it says."""
    settings = TableSettings(profiles=(TableProfile(ontbrekend=("01-01-1900",)),))
    rows, told = found(
        tmp_path, "x.csv", "dossier;datum;235\nA1;01-01-1900;612\nA2;14-03-2024;598\n", settings
    )
    assert rows[1:] == BOTH[1:]
    assert rows[0] == ("A1", None, 235, "612")
    assert not {"BDS087", "BDS202"} & set(told)


@pytest.mark.parametrize(
    ("way", "days"),
    [
        ("jmd", ("240301", "240314")),
        ("ddmmjj", ("010324", "140324")),
        ("mm/dd/jjjj uu:mm", ("03/01/2024 10:30", "03/14/2024 9:00")),
    ],
)
def test_a_pattern_of_days(tmp_path, way, days):
    columns = {"d": ColumnSetting(rol="datum", datum=way), "k": ColumnSetting(rol="dossier_id")}
    text = f"k;d;235\nA1;{days[0]};612\nA2;{days[1]};598\n"
    assert found(tmp_path, "x.csv", text, TableSettings(columns=columns))[0] == BOTH


def test_many_ways_of_writing_in_one_long_table(tmp_path):
    """Five rows with units, thousands, dates and labels took more memory than there is: each step doubled the one before."""
    rows = ["235;61,2 cm", "245;6.210", "235;0,612 m", "20;05-01-2023", "235;n.v.t.", "82;39+4"]
    text = "dossier;datum;bdsnummer;waarde\n" + "".join(f"A1;14-03-2024;{r}\n" for r in rows)
    read_ = [r[2:] for r in found(tmp_path, "x.csv", text)[0]]
    assert {(235, "612"), (245, "6210"), (20, "2023-01-05")} <= set(read_)


@pytest.mark.parametrize(
    ("header", "row", "values", "code"),
    [
        ("bdsnummer_1;waarde_1;bdsnummer_2", "235;612;245", [(235, "612")], "BDS013"),
        ("bdsnummer_1;waarde_1;waarde_2", "235;612;6210", [(235, "612")], "BDS077"),
        ("bdsnummer;waarde_2", "235;612", [(235, "612")], "BDS010"),
        (
            "bdsnummer_1;uitslag_1;bdsnummer_2;uitslag_2;245",
            "235;612;252;420;6210",
            [(245, "6210")],
            "BDS013",
        ),
        ("bdsnummer;waarde (cm);245", "235;61,2;6210", [(245, "6210")], "BDS013"),
        ("bdsnummer;onbekend;245", "235;612;6210", [(245, "6210")], "BDS013"),
        ("lengte;eenheid", "612;Team Noord", [(235, "612")], "BDS013"),
    ],
)
def test_no_half_pair_is_another_element(tmp_path, header, row, values, code):
    rows, told = found(tmp_path, "x.csv", f"dossier;datum;{header}\nA1;2024-03-01;{row}\n")
    assert ([r[2:] for r in rows if r[2] != 381], code in told) == (values, True)


def test_what_stands_beside_pairs_is_there_once(tmp_path):
    text = "dossier;datum;kleur;lengte;bdsnummer_1;waarde_1;bdsnummer_2;waarde_2\nA1;2024-03-01;rood;612;252;420;245;6210\n"
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    with read([tmp_path / "x.csv"]) as store:
        values = store.registraties().collect()["waarde"].to_list()
        assert "BDS045" not in store.meldingen().collect()["code"].to_list()
    assert sorted(values) == ["420", "612", "6210", "rood"]


def test_many_pairs_take_no_memory_by_their_square(tmp_path):
    """A thousand pairs in a file of 20 kB took more than six gigabytes."""
    text = "dossier;datum" + ";bdsnummer;waarde" * 300 + "\nA1;2024-03-01" + ";235;612" * 300 + "\n"
    assert len(found(tmp_path, "x.csv", text)[0]) == 300


@pytest.mark.parametrize(
    "who", ["stiefvader", "verwekker", "contactPersoon", "moederGegevens", "relaties", "gezinslid", "school"]
)
def test_what_is_of_another_is_not_of_the_child(tmp_path, who):
    record = {"dossier": "A1", "datum": "2024-03-01", "235": 612, who: {"geboortedatum": "1990-01-01"}}
    rows, told = found(tmp_path, "x.json", [record])
    assert (rows, "BDS013" in told) == (BOTH[:1], True)


def test_numbers_below_another_are_not_of_the_child(tmp_path):
    record = {"dossier": "A1", "datum": "2024-03-01", "235": 612, "moeder": {"235": 1680}}
    assert found(tmp_path, "x.json", [record])[0] == BOTH[:1]


def test_the_head_of_a_group_is_no_child(tmp_path):
    text = "dossier;datum;235\nTeam B (1 kind);;1\nA1;2024-03-01;612\nTeam C (2 kinderen);;2\nA2;2024-03-14;598\n"
    assert found(tmp_path, "x.csv", text)[0] == BOTH


def test_a_wrong_unit_is_not_made_right_in_silence(tmp_path):
    """JAMES has no units: 612 kg was 612 mm there."""
    (tmp_path / "x.csv").write_text(
        "dossier;datum;bdsnummer;waarde;eenheid\nA1;2024-03-01;235;612;kg\nA2;2024-03-14;235;598;mm\n",
        encoding="utf-8",
    )
    with read([tmp_path / "x.csv"]) as store:
        done = write_james(store, tmp_path / "x.ndjson", WriteOptions(formaat="james"))
    assert sum(done.left_out.values()) == 1


def test_a_day_among_numbers_stays_a_day(tmp_path):
    columns = {
        "dossier": ["A1"],
        "bdsnummer_1": [235],
        "waarde_1": [612],
        "bdsnummer_2": [20],
        "waarde_2": [FIRST],
    }
    pl.DataFrame(columns).write_parquet(tmp_path / "x.parquet")
    with read([tmp_path / "x.parquet"]) as store:
        assert set(store.registraties().collect()["waarde"]) == {"612", "2024-03-01"}
