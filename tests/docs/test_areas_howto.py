"""The page on areas, carried out on files of the layout that the CBS publishes: from postcodes to a map with names, without water."""

import re
import shlex
import sqlite3
import struct
from pathlib import Path

import polars as pl
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "gebieden.md"


def polygon(*corners):
    """A GeoPackage geometry: its header (version 0, no envelope, RD) and a polygon of one ring as WKB."""
    ring = [*corners, corners[0]]
    wkb = struct.pack("<BIII", 1, 3, 1, len(ring)) + b"".join(struct.pack("<dd", x, y) for x, y in ring)
    return b"GP\x00\x01" + struct.pack("<i", 28992) + wkb


def map_of(path, gemeenten, wijken):
    """Squares of ten by ten kilometres, a layer per level, and water: of a gemeente, and far away."""
    layers = {"gemeenten": ("gemeentecode", gemeenten), "wijken": ("wijkcode", wijken)}
    with sqlite3.connect(path) as package:
        package.execute("create table gpkg_geometry_columns (table_name text, column_name text)")
        for layer, (column, codes) in layers.items():
            extra = ", gemeentecode text" if layer == "wijken" else ""
            package.execute(
                f"create table {layer} (fid integer, {column} text, water text, geom blob{extra})"
            )
            package.execute("insert into gpkg_geometry_columns values (?, 'geom')", [layer])
            for k, code in enumerate(codes):
                x, y = 100_000 + 10_000 * (k % 4), 400_000 + 10_000 * (k // 4)
                shape = polygon((x, y), (x + 10_000, y), (x + 10_000, y + 10_000), (x, y + 10_000))
                row = [k, code, "NEE", shape, *(["GM" + code[2:6]] if extra else [])]
                package.execute(f"insert into {layer} values ({','.join('?' * len(row))})", row)
        sea = polygon((0, 0), (900_000, 0), (900_000, 900_000), (0, 900_000))
        package.execute("insert into gemeenten values (99, ?, 'JA', ?)", [gemeenten[0], sea])
        package.execute("insert into gemeenten values (98, 'GM9999', 'B', ?)", [sea])


@pytest.fixture
def published(bds, tmp_path, monkeypatch):
    """A generated region, and its areas in the files that the page names."""
    monkeypatch.chdir(tmp_path)
    assert (
        bds(
            "generate",
            "--children",
            1500,
            "--seed",
            3,
            "--region",
            "gemeenten=2,wijken=3,buurten=6",
            "-o",
            "regio.bds",
            "--quiet",
        ).code
        == 0
    )
    areas = pl.read_parquet("regio.bds/gebieden.parquet")
    folder = tmp_path / "cbs"
    folder.mkdir()
    home = areas.select(
        PC6="postcode",
        Huisnummer="huisnummer" if "huisnummer" in areas.columns else pl.lit(1),
        Buurt2024=pl.col("buurt").str.slice(2).cast(pl.Int64),  # the CBS leaves out BU and leading zeros
        Wijk2024=pl.col("wijk").str.slice(2).cast(pl.Int64),
        Gemeente2024=pl.col("gemeente").str.slice(2).cast(pl.Int64),
    )
    home.write_csv(folder / "pc6hnr20240801_gwb.csv", separator=";")
    for level, column in (("buurt", "buurtcode2024;buurtnaam_2024"), ("wijk", "wijkcode2024;wijknaam_2024"),
                          ("gemeente", "Gemcode2024;Gemeentenaam2024")):  # fmt: skip
        codes = areas[level].unique().sort()
        lines = [f"{int(code[2:])};Plaats {level} {n}" for n, code in enumerate(codes)]
        (folder / f"{level}naam_2024.csv").write_text("\n".join([column, *lines]) + "\n", encoding="utf-8")
    gemeenten, wijken = (areas[c].unique().sort().to_list() for c in ("gemeente", "wijk"))
    map_of("wijkenbuurten_2024_v1.gpkg", gemeenten, wijken)
    return gemeenten


def test_the_page_leads_from_the_files_of_the_cbs_to_a_map(bds, published):
    commands = [
        c
        for block in re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        for c in block.strip().split("\n")
    ]
    assert len(commands) == 5
    told = []
    for command in commands:
        program, *arguments = shlex.split(command)
        done = bds(*arguments)
        assert (program, done.code) == ("bds", 0), f"{command}\n{done.err}"
        told.append(done.out + done.err)
    # Who has an address with a house number is placed by it, all in the division of 2024; nobody's gemeente is lost.
    assert "2024" in told[0]
    drawing = Path("kaart.svg").read_text(encoding="utf-8")
    assert "CBS/Kadaster" in drawing
    for n, _ in enumerate(published):
        assert f"Plaats gemeente {n}" in drawing
    # With the sea the squares would be a few points wide; without it the two of them fill the width of the drawing.
    paths = [
        list(map(float, re.findall(r"-?\d+(?:\.\d+)?", d))) for d in re.findall(r' d="(M[^"]+)"', drawing)
    ]
    assert len([p for p in paths if max(map(abs, p)) > 200]) >= 2
    assert "GM9999" not in drawing
    index = Path("site/index.html").read_text(encoding="utf-8")
    assert "Plaats gemeente 0" in index
    assert "CBS/Kadaster" in index
