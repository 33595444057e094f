"""Charts: well-formed, with a text alternative; hidden is hatched and never a figure."""

from __future__ import annotations

import json
import re
import sqlite3
import struct
import subprocess

import pytest
from lxml import etree

from bds_tool.export.report import charts

NS = {"s": "http://www.w3.org/2000/svg"}
SQUARE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]


def parsed(svg):
    root = etree.fromstring(svg.encode())
    assert root.get("role") == "img"
    assert root.find("s:title", NS).text
    assert root.find("s:desc", NS).text
    return root


def points():
    return [
        charts.Point("Noord", 12.5, 10.0, 15.0, 400),
        charts.Point("Zuid <& Oost>", 8.0, 6.0, 10.0, 300),
        charts.Point("West", None, hidden=True),
    ]


def test_ranked_puts_the_highest_first_and_the_hidden_last():
    root = parsed(charts.ranked("Proef", points(), "%", ("regio", 10.0)))
    labels = [e.text for e in root.iterfind(".//s:text", NS)]
    assert labels.index("Noord") < labels.index("Zuid <& Oost>") < labels.index("West")
    told = root.find("s:desc", NS).text
    assert "Hoogste: Noord, 12,5 %" in told
    assert "Eén waarde is verborgen" in told
    assert any("verborgen" in (e.get("fill") or "") for e in root.iterfind(".//s:rect", NS))


def test_bars_have_the_length_of_their_value():
    root = parsed(charts.ranked("Proef", points(), "%"))
    bars = [float(e.get("width")) for e in root.iterfind(".//s:rect", NS) if e.get("fill") == "#1b4f7a"]
    assert bars[0] / bars[1] == pytest.approx(12.5 / 8.0, rel=0.01)


def test_trend_leaves_a_gap_where_a_year_is_hidden():
    years = [
        charts.Point("2021", 5.0),
        charts.Point("2022", None, hidden=True),
        charts.Point("2023", 6.0),
        charts.Point("2024", 7.0),
    ]
    root = parsed(charts.trend("Proef", {"A": years}, "%"))
    lines = [e for e in root.iterfind(".//s:line", NS) if e.get("stroke-width") == "2.5"]
    assert len(lines) == 1  # only 2023–2024


def test_funnel_marks_what_lies_outside():
    # p = 0,10 and n = 400: 1,96 · sqrt(0,1 · 0,9 / 400) = 2,94 points; 14 lies outside, 12 inside
    inside, outside = charts.Point("in", 12.0, n=400), charts.Point("uit", 14.0, n=400)
    root = parsed(charts.funnel("Proef", [inside, outside], "%", 10.0))
    assert "1 van 2 buiten" in root.find("s:desc", NS).text


def test_stacked_hides_a_whole_moment_when_a_part_is_hidden():
    root = parsed(
        charts.stacked(
            "Voeding", ["1 maand", "3 maanden"], {"borst": [47, None], "gemengd": [12, 9], "kunst": [41, 58]}
        )
    )
    shown = [e.text for e in root.iterfind(".//s:text", NS)]
    assert "47" in shown
    assert "58" not in shown  # the parts of 3 maanden would give the hidden one away


def geojson(path):
    feature = {
        "type": "Feature",
        "properties": {"statcode": "GM0001"},
        "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))


def geopackage(path):
    ring = struct.pack("<I", len(SQUARE)) + b"".join(struct.pack("<2d", *p) for p in SQUARE)
    wkb = struct.pack("<BI", 1, 3) + struct.pack("<I", 1) + ring
    blob = b"GP\x00\x01" + struct.pack("<i", 28992) + wkb
    with sqlite3.connect(path) as connection:
        connection.execute("create table gpkg_geometry_columns (table_name text, column_name text)")
        connection.execute("insert into gpkg_geometry_columns values ('gemeenten', 'geom')")
        connection.execute("create table gemeenten (id integer, geom blob, statcode text)")
        connection.execute("insert into gemeenten values (1, ?, 'GM0001')", (blob,))
    connection.close()


@pytest.mark.parametrize("make", [geojson, geopackage])
def test_map_from_both_kinds_of_geometry(bds, result, tmp_path, make):
    make(tmp_path / "grenzen")
    done = bds(
        "report",
        "chart",
        result,
        "-i",
        "OW",
        "--kind",
        "map",
        "--geometry",
        tmp_path / "grenzen",
        "-o",
        tmp_path / "kaart.svg",
    )
    assert done.code == 0, done.err
    root = parsed((tmp_path / "kaart.svg").read_text())
    # 10 + 1 + 1 + 0,25 = 12,25, written with one decimal
    assert [e.text for e in root.iterfind(".//s:path/s:title", NS)] == ["Noorddorp: 12,2 %"]


@pytest.mark.parametrize("kind", ["ranked", "bars", "trend", "funnel", "multiples"])
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_every_kind_from_the_command_line(bds, result, tmp_path, kind, ending):
    out = tmp_path / f"x.{ending}"
    done = bds("report", "chart", result, "-i", "OW", "--kind", kind, "-o", out)
    assert done.code == 0, done.err
    if ending == "svg":
        parsed(out.read_text())
    else:
        assert out.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_wrong_names_get_a_suggestion(bds, result, tmp_path):
    done = bds("report", "chart", result, "-i", "OV", "-o", tmp_path / "x.svg")
    assert done.code == 2
    assert "OW" in done.err
    done = bds("report", "chart", result, "-i", "OW", "--area", "Noordorp", "-o", tmp_path / "x.svg")
    assert done.code == 2
    assert "Noorddorp" in done.err


@pytest.mark.parametrize("area", ["Noorddorp", ""])
def test_paper_says_what_the_profile_says(bds, result, tmp_path, program, area):
    """One gemeente or the book: tagged, fonts inside, and every indicator on it, shown or with the reason."""
    done = bds("report", "pdf", result, *(("--area", area) if area else ()), "-o", tmp_path / "f.pdf")
    assert done.code == 0, done.err
    places = ["Noorddorp"] if area else ["Noorddorp", "Zuidstad"]
    assert ("1 gebied." if area else "2 gebieden.") in done.err
    info, fonts, text = (
        subprocess.run(
            [program(name, package="apt-get install poppler-utils"), tmp_path / "f.pdf", *rest],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name, rest in (("pdfinfo", ()), ("pdffonts", ()), ("pdftotext", ("-",)))
    )
    assert re.search(r"Tagged:\s+yes", info)
    embedded = [line.split()[-5:-2] for line in fonts.splitlines()[2:]]
    assert embedded
    assert all(flags[0] == "yes" for flags in embedded), fonts
    words = " ".join(text.split()).replace("\xa0", " ")
    for place in places:
        assert place in words
    for title in ("Overgewicht", "Borstvoeding bij de geboorte", "Gemiddelde BMI"):
        assert words.count(title) >= len(places)
    # 2024: Noorddorp 10 + 1 + 1 + 0,25 = 12,25
    assert "12,2 %" in words


def test_feeding_by_age_stands_beside_2018(bds, result, tmp_path):
    done = bds("report", "chart", result, "--kind", "feeding", "-o", tmp_path / "v.svg")
    assert done.code == 0, done.err
    root = parsed((tmp_path / "v.svg").read_text(encoding="utf-8"))
    shown = [e.text for e in root.iterfind(".//s:text", NS)]
    assert {"borst", "gemengd", "kunst", "borst, peiling 2018", "geboortedag", "12 maanden"} <= set(shown)
    # The published 69 % on the day of birth is the highest: the made-up result says 31,25.
    assert "Hoogste: borst, peiling 2018 geboortedag, 69" in root.find("s:desc", NS).text
