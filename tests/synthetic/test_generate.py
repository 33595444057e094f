"""The generator: the same child for a seed, values of the version, and nothing that cannot be."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from bds_tool.base.errors import UsageError
from bds_tool.synthetic.generate import THEMES, Request, generate
from bds_tool.synthetic.region import parse

from .conftest import drawn

SPECS = Path(__file__).resolve().parents[2] / "specs"
VERSIONS = ("3.2.7", "4.0.2", "4.1.3", "4.2.0")


def test_chunks_and_number_of_children_do_not_change_a_child():
    whole, _ = drawn(children=60, seed=9, bds="4.1.3", chunk=500)
    parts, _ = drawn(children=60, seed=9, bds="4.1.3", chunk=7)
    assert whole.equals(parts)
    tail, _ = drawn(children=20, seed=9, bds="4.1.3", first=40)
    keys = tail["dossier_id"].unique()
    # Areas depend on the size of the population, so the address is left out here.
    address = [9, 11, 12, 16]
    same = whole.filter(pl.col("dossier_id").is_in(keys.to_list()) & ~pl.col("bdsnummer").is_in(address))
    assert same.equals(tail.filter(~pl.col("bdsnummer").is_in(address)))


def test_another_seed_is_another_population():
    one, _ = drawn(children=30, seed=1, bds="4.1.3")
    two, _ = drawn(children=30, seed=2, bds="4.1.3")
    assert not one.equals(two)


def test_the_same_request_gives_the_same_bytes(tmp_path):
    for name in ("a.bds", "b.bds"):
        generate(Request(50, seed=4, bds="4.2.0", defects="standaard", defect_rate=5), tmp_path / name)
    files = sorted(p.name for p in (tmp_path / "a.bds").iterdir())
    assert files == [
        ".bds-output", "_store.json", "bronnen.parquet", "defecten.parquet", "gebieden.parquet", "inwoners.csv", "meldingen.parquet",
        "registraties.parquet", "waarheid.parquet",
    ]  # fmt: skip
    for name in files:
        assert (tmp_path / "a.bds" / name).read_bytes() == (tmp_path / "b.bds" / name).read_bytes(), name


def listed_codes(version: str, soort: str) -> dict[int, set[str]]:
    """Straight from the CSV files: element → codes that may be newly recorded."""
    folder = SPECS / "bds" / version
    with (folder / "lijsten.csv").open(encoding="utf-8") as file:
        lists = {r["lijst"]: r for r in csv.DictReader(file)}
    codes: dict[str, set[str]] = {}
    with (folder / "waardenlijsten.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if (
                row["code"]
                and row["status"] != "D"
                and lists[row["lijst"]]["waardenlijst"]
                and lists[row["lijst"]]["soort"] in soort
            ):
                codes.setdefault(lists[row["lijst"]]["waardenlijst"], set()).add(row["code"])
    with (folder / "elementen.csv").open(encoding="utf-8") as file:
        return {
            int(r["bdsnummer"]): codes[r["waardenlijst"]]
            for r in csv.DictReader(file)
            if r["waardenlijst"] in codes and r["datatype"] == "KL_AN"
        }


#: Attributes and booleans of the message that stand for a list without HL7 codes (dob_format.md).
ATTRIBUTES = {8, 9, 696, 91, 92, 93}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("coding", ["bds", "hl7"])
def test_every_code_is_in_the_list_of_its_version(version, coding):
    frame, _ = drawn(children=150, seed=2, bds=version, coding=coding)
    soorten = ("HL7", "extern") if coding == "hl7" else ("BDS",)
    lists = listed_codes(version, soorten)
    fallback = listed_codes(version, ("HL7", "extern", "BDS"))
    checked = 0
    for number, code in frame.select("bdsnummer", "waarde").unique().iter_rows():
        if coding == "hl7" and number in ATTRIBUTES:
            continue
        allowed = lists.get(number) or fallback.get(number)
        if (coding, version, number) == ("hl7", "3.2.7", 1535):
            allowed = {
                "01",
                "03",
                "04",
                "05",
            }  # the message of 3.2.7 asks W0691 where the data set names W0088
        if allowed:
            checked += 1
            assert code in allowed, (number, code)
    assert checked > 60


@pytest.mark.parametrize("version", VERSIONS)
def test_elements_units_and_places_are_those_of_the_version(version):
    frame, _ = drawn(children=100, seed=2, bds=version)
    with (SPECS / "bds" / version / "elementen.csv").open(encoding="utf-8") as file:
        elements = {int(r["bdsnummer"]): r for r in csv.DictReader(file)}
    for number, rubriek, groep, unit in (
        frame.select("bdsnummer", "rubriek", "groep", "eenheid").unique().iter_rows()
    ):
        row = elements[number]
        assert row["in_bericht"] == "ja", number
        assert row["status"] == "actief", number
        assert (row["rubriek"], row["groep"].split("/")[-1], row["eenheid"]) == (
            rubriek,
            groep or "",
            unit or "",
        ), number


def test_time_runs_forward(small):
    frame, generator = small
    born = frame.filter(pl.col("bdsnummer") == 20).select("dossier_id", born=pl.col("waarde").str.to_date())
    died = frame.filter(pl.col("bdsnummer") == 21).select("dossier_id", died=pl.col("waarde").str.to_date())
    ended = frame.filter(pl.col("bdsnummer") == 488).select(
        "dossier_id", ended=pl.col("waarde").str.to_date()
    )
    acts = (
        frame.filter(pl.col("datum").is_not_null())
        .join(born, on="dossier_id")
        .join(died, on="dossier_id", how="left")
    )
    acts = acts.join(ended, on="dossier_id", how="left")
    assert acts.height > 50_000
    assert acts.filter(pl.col("datum") < pl.col("born")).is_empty()
    assert acts.filter(pl.col("datum") > generator.reference).is_empty()
    assert acts.filter(pl.col("datum") > pl.col("died")).is_empty()
    assert acts.filter(pl.col("datum") > pl.col("ended")).is_empty()
    assert set(acts["datum"].dt.weekday().unique()) <= {1, 2, 3, 4, 5}


def test_no_value_stands_twice_in_one_place(small):
    frame, _ = small
    place = ["dossier_id", "activiteit_id", "rubriek", "groep", "volgnr", "bdsnummer"]
    assert frame.select(place).is_duplicated().sum() == 0
    measured = frame.filter(pl.col("bdsnummer") == 245).select("dossier_id", "datum")
    assert measured.is_duplicated().sum() == 0


def test_length_never_falls(small):
    frame, _ = small
    rows = (
        frame.filter(pl.col("bdsnummer") == 235)
        .with_columns(pl.col("waarde").cast(pl.Int32))
        .sort("dossier_id", "datum")
    )
    falls = rows.filter(pl.col("waarde").diff().over("dossier_id") < 0)
    assert rows.height > 3000
    assert falls.is_empty()


def test_bsns_come_from_the_test_range_only(small):
    frame, _ = small
    numbers = frame.filter(pl.col("bdsnummer") == 7)["waarde"].to_list()
    assert len(numbers) == len(set(numbers)) == 400
    for bsn in numbers:
        assert bsn.startswith("9999")
        # 11-proof: 9a+8b+7c+6d+5e+4f+3g+2h-i is a multiple of eleven.
        assert (sum(int(d) * w for d, w in zip(bsn, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))) % 11 == 0


def test_sdq_scores_are_the_sums_of_their_items(small):
    frame, _ = small
    wide = frame.filter(pl.col("bdsnummer").is_between(1078, 1117)).pivot(
        "bdsnummer", index=["dossier_id", "activiteit_id"], values="waarde"
    ).cast({pl.String: pl.Int32}, strict=False)  # fmt: skip
    # Scoring by the manual: code - 1, and 3 - code for items 7, 11, 14, 21 and 25.
    emotional = sum(pl.col(str(n)) - 1 for n in (1080, 1085, 1090, 1093, 1101))
    conduct = sum(pl.col(str(n)) - 1 for n in (1082, 1089, 1095, 1099)) + (3 - pl.col("1084"))
    peers = sum(pl.col(str(n)) - 1 for n in (1083, 1096, 1100)) + sum(
        3 - pl.col(str(n)) for n in (1088, 1091)
    )
    active = sum(pl.col(str(n)) - 1 for n in (1079, 1087, 1092)) + sum(
        3 - pl.col(str(n)) for n in (1098, 1102)
    )
    assert wide.height > 150
    assert wide.select((emotional == pl.col("1112")).all()).item()
    assert wide.select((conduct == pl.col("1113")).all()).item()
    assert wide.select((peers == pl.col("1114")).all()).item()
    assert wide.select((active == pl.col("1115")).all()).item()
    assert wide.select((emotional + conduct + peers + active == pl.col("1116")).all()).item()


def test_themes_can_be_left_out():
    frame, _ = drawn(children=20, seed=1, bds="4.1.3", themes=("groei",))
    numbers = set(frame["bdsnummer"].unique())
    assert {235, 245, 494, 20} <= numbers
    assert not numbers & {62, 82, 461, 496, 1078, 482}
    assert set(THEMES) > {"groei"}


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "gemeenten",
        "gemeenten=x",
        "wijken=0",
        "buurten=100",
        "gemeenten=340,wijken=99,buurten=99",
        "gemeenten=²",
    ],
)
def test_a_wrong_region_is_told(spec):
    with pytest.raises(UsageError):
        parse(spec, {"klein": {"gemeenten": 2, "wijken": 3, "buurten": 3}})


@pytest.mark.parametrize(
    "settings",
    [{"children": 0}, {"children": 10**8}, {"children": 5, "themes": ("x",)}, {"children": 5, "coding": "x"},
     {"children": 5, "bds": "9.9"}, {"children": 5, "population": "x"}, {"children": 5, "defects": "x"}],
)  # fmt: skip
def test_a_wrong_request_is_told(settings):
    with pytest.raises(UsageError):
        drawn(**settings)


def test_another_reference_date(small):
    frame, _ = drawn(children=50, seed=3, bds="4.1.3", reference=date(2018, 6, 30))
    assert frame["datum"].max() <= date(2018, 6, 30)
