"""`bds profile` against a delivery whose counts stand here, and against a count by the csv module alone."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from bds_tool.cli.main import run

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data/schoon/tabel-4.1.3/lang.csv"


def look(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert run(["profile", *map(str, arguments)]) == 0
    return capsys.readouterr().out


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """Twelve children: all measured in 2022 and six again in 2023; weights in kg though the BDS asks for grams."""
    rows = ["dossier_id;activiteit_id;datum;bdsnummer;waarde"]
    for i in range(12):
        rows += [
            f"D{i};A{i};2022-03-01;245;{10 + i / 10:.1f}".replace(".", ","),
            f"D{i};A{i};2022-03-01;235;{800 + i}",
        ]
        rows.append(f"D{i};A{i};2022-03-01;496;{'01' if i < 10 else '03'}")
        if i < 6:
            rows.append(f"D{i};B{i};2023-03-01;235;{900 + i}")
    path = tmp_path / "levering.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_share_by_year_and_the_unit_that_values_look_like(
    delivery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(look(capsys, delivery, "--format", "json", "-q"))
    # Twelve dossiers have a dated registratie in 2022, six in 2023.
    assert found["years"] == [{"year": 2022, "dossiers": 12}, {"year": 2023, "dossiers": 6}]
    of = {e["element"]: e for e in found["elements"]}
    assert [(y["year"], y["in_dossiers"], y["share"]) for y in of[235]["by_year"]] == [
        (2022, 12, 1.0),
        (2023, 6, 1.0),
    ]
    assert [(y["year"], y["in_dossiers"], y["share"]) for y in of[245]["by_year"]] == [
        (2022, 12, 1.0),
        (2023, 0, 0.0),
    ]
    # 800 to 905 is a height in mm and none in cm or m; 10 to 11 is a weight of a child in kg, in grams of nobody.
    assert (of[235]["looks_like"], of[235]["expected_unit"]) == ("mm", "mm")
    assert (of[245]["looks_like"], of[245]["expected_unit"]) == ("kg", "g")
    # Ten children have the first code; the other code stands in two dossiers and is not shown.
    assert [(v["value"], v["n"]) for v in of[496]["values"]] == [("01", 10), (None, None)]
    assert of[496]["values"][0]["name"] == "Borstvoeding"
    # Fewer than fifty values: no percentile, which would be the value of a child.
    assert "median" not in of[235]


def test_text_is_for_people_and_names_codes(delivery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = look(capsys, delivery, "-q").splitlines()
    weight = next(line for line in lines if line.split()[:1] == ["245"])
    assert "█·" in weight
    assert "(lijkt kg)" in weight
    assert weight.split()[2] == "100,0"
    assert "01 Borstvoeding: 10, 1 andere: weinig" in next(line for line in lines if " 496 " in line)


def test_a_code_page_without_blocks_gets_digits(delivery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bds_tool.cli import profile

    assert profile._can("utf-8", profile.MARKS)
    assert not profile._can("cp1252", profile.MARKS)
    assert [profile._mark(s, profile.PLAIN_MARKS) for s in (None, 0.0, 0.001, 0.5, 1.0)] == [
        ".",
        ".",
        "1",
        "5",
        "8",
    ]


def test_the_table_for_programs_has_numbers(delivery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(look(capsys, delivery, "--format", "csv", "-q").splitlines()))
    height = next(r for r in rows if r["element"] == "235")
    assert (float(height["aandeel"]), float(height["aandeel_2023"]), height["lijkt"]) == (1.0, 1.0, "mm")


def test_few_dossiers_are_told_what_shows_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profile", str(SAMPLE)]) == 0
    assert "--small 3" in capsys.readouterr().err


def test_every_count_is_the_one_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Filled, dossiers and dossiers a year of all elements, counted from the text of the file."""
    filled: dict[str, int] = defaultdict(int)
    dossiers: dict[str, set[str]] = defaultdict(set)
    years: dict[tuple[str, int], set[str]] = defaultdict(set)
    with SAMPLE.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["waarde"] or row.get("tekst"):
                filled[row["bdsnummer"]] += 1
                if row["datum"]:
                    years[row["bdsnummer"], int(row["datum"][:4])].add(row["dossier_id"])
            dossiers[row["bdsnummer"]].add(row["dossier_id"])
    found = json.loads(look(capsys, SAMPLE, "--format", "json", "-q"))
    assert len(found["elements"]) == len(dossiers) > 100
    for e in found["elements"]:
        number = str(e["element"])
        assert (e["filled"], e["in_dossiers"]) == (filled[number], len(dossiers[number]))
        assert {(number, y["year"]): y["in_dossiers"] for y in e["by_year"] if y["in_dossiers"]} == {
            k: len(v) for k, v in years.items() if k[0] == number
        }
