"""Maps: neighbours keep one border, water is no area, and 400 areas fit on a page that opens at once."""

from __future__ import annotations

import json
import random
import re

import polars as pl
import pytest

from bds_tool.export.report import maps
from bds_tool.export.report.book import open_book
from bds_tool.export.report.geometry import read_shapes
from bds_tool.export.report.site import build_site
from bds_tool.indicators.result import write_result
from bds_tool.protect.policy import load_policy
from bds_tool.protect.seal import seal_facts, sealer

SIDE = 20
CUT = ("sex", "education", "age", "origin", "mother_age")


def feature(properties, ring):
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "MultiPolygon", "coordinates": [[ring]]},
    }


def country(path):
    """20 by 20 gemeenten in metres (RD) with ragged borders, as the CBS names its columns, and a lake."""
    rng = random.Random(3)
    bend = {
        (kind, i, j): [rng.uniform(-900, 900) for _ in range(40)]
        for kind in "hv"
        for i in range(SIDE + 1)
        for j in range(SIDE + 1)
    }
    step = 10_000

    def edge(kind, i, j):
        """The points of one border, the same for both neighbours; the outside is straight."""
        bends = bend[kind, i, j]
        straight = (kind == "h" and j in {0, SIDE}) or (kind == "v" and i in {0, SIDE})
        out = []
        for n, off in enumerate([0.0, *bends]):
            along, away = n * step / (len(bends) + 1), 0.0 if straight else off
            x, y = (i * step + along, j * step + away) if kind == "h" else (i * step + away, j * step + along)
            out.append([20_000 + x, 350_000 + y])
        return out

    corner = lambda i, j: [20_000 + i * step, 350_000 + j * step]  # noqa: E731
    features = []
    for i in range(SIDE):
        for j in range(SIDE):
            ring = [*edge("h", i, j), *edge("v", i + 1, j), corner(i + 1, j + 1)]
            ring += [*edge("h", i, j + 1)[:0:-1], corner(i, j + 1), *edge("v", i, j)[:0:-1], corner(i, j)]
            code = f"GM{i * SIDE + j + 1:04d}"
            features.append(feature({"gemeentecode": code, "gemeentenaam": code, "water": "NEE"}, ring))
    lake = [[0, 0], [9e5, 0], [9e5, 9e5], [0, 0]]
    features.append(feature({"gemeentecode": "GM0001", "water": "JA"}, lake))
    features.append(feature({"gemeentecode": "GM0001", "wijkcode": "WK000101", "water": "NEE"}, lake))
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def area(ring):
    return abs(sum(x * ring[i - 1][1] - ring[i - 1][0] * y for i, (x, y) in enumerate(ring))) / 2


def corners(path):
    """The corners of a path of steps: M x y l dx dy dx dy …"""
    first, rest = path.removeprefix("M").split("l")
    x, y = map(float, first.split())
    steps = list(map(float, rest.split()))
    out = [(x, y)]
    for dx, dy in zip(steps[::2], steps[1::2], strict=True):
        x, y = x + dx, y + dy
        out.append((x, y))
    return out


def test_water_is_left_out_and_a_wijk_is_no_gemeente(tmp_path):
    found = [code for code, _ in read_shapes(country(tmp_path / "k.geojson"))]
    assert found.count("GM0001") == 1
    assert found.count("WK000101") == 1
    assert len(found) == SIDE * SIDE + 1


def test_neighbours_keep_one_border(tmp_path):
    """The areas together are the rectangle around them to the point: no gap, no overlap; and short."""
    shapes = [s for s in read_shapes(country(tmp_path / "k.geojson")) if s[0].startswith("GM")]
    layer = maps.borders(shapes)
    rings = [corners(part) for outline in layer.outlines for part in outline.path.split("z") if part]
    xs, ys = [x for r in rings for x, _ in r], [y for r in rings for _, y in r]
    assert sum(map(area, rings)) == (max(xs) - min(xs)) * (max(ys) - min(ys))
    assert sum(len(o.path) for o in layer.outlines) < 400_000


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ([7.6, 12.4, 17.9], (10.0, 15.0)),  # nice_ticks(7.6, 17.9, 5): steps of 5 → 5 10 15 20
        ([5.0, 5.0], ()),
        ([0.4, 0.9, 1.3], (0.6, 0.8, 1.0, 1.2)),  # 0,9 / 5 = 0,18 → steps of 0,2
    ],
)
def test_limits_of_the_classes_are_round(values, limits):
    made = maps.classes(values, "%")
    assert made.limits == limits
    words = [word for _, word in made.legend()]
    assert len(words) == len(set(words)) == len(limits) + 1
    assert [made.of(v) for v in values] == sorted(made.of(v) for v in values)


def national(path, indicators):
    rng = random.Random(5)
    rows = []
    places = [("totaal", "Nederland", "land", None)]
    places += [(f"GM{g:04d}", f"Gemeente {g}", "gemeente", "totaal") for g in range(1, SIDE * SIDE + 1)]
    for code, name, level, parent in places:
        for i in range(indicators):
            value = 10 + (i * 7) % 60 + rng.uniform(-4, 4)
            rows.append(
                {"indicator": f"I{i:02d}", "level": level, "area": code, "area_name": name, "parent": parent}
                | dict.fromkeys(CUT, "totaal")
                | {"period": "2025", "n": 900, "x": None, "missing": 30, "value": value, "lower": value - 2}
                | {"upper": value + 2, "method": "Wilson 95%", "status": "ok", "reference": 10.0}
                | {"reference_test": rng.choice(["gelijk (z-toets, BH)", "hoger (z-toets, BH)"])}
            )
    meta = {
        "definitions": {
            f"I{i:02d}": {"title": f"Indicator {i} van kinderen", "theme": f"thema{i % 8}", "unit": "%"}
            for i in range(indicators)
        },
        "policy": dict(load_policy("ncj-strict").data),
    }
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return write_result(
        path,
        frame,
        meta | {"status": "beschermd"},
        finish=sealer(seal_facts(meta | {"status": "beschermd"}, safe=True)),
    ).path


@pytest.mark.parametrize("indicators", [4, pytest.param(80, marks=pytest.mark.slow)])
def test_400_areas_open_at_once_and_weigh_little(tmp_path, browser, indicators):
    site = tmp_path / "site"
    book = open_book(national(tmp_path / "l.result", indicators))
    build_site(book, site, geometry=country(tmp_path / "k.geojson"))
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    heaviest = {}
    for name in ("index.html", "gebied/GM0007.html", "indicator/I01.html", "vergelijk.html"):
        loads = []
        for _ in range(2):
            files = set()
            page.on("request", lambda r, files=files: files.add(r.url))
            page.goto((site / name).as_uri())
            page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
            loads.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        local = [
            site / u.removeprefix(site.as_uri() + "/").split("#")[0] for u in files if u.startswith("file:")
        ]
        heaviest[name] = sum(p.stat().st_size for p in local)
        assert min(loads) < 1000, (name, loads)
        assert heaviest[name] < 1_500_000, heaviest
    page.goto((site / "indicator" / "I01.html").as_uri())
    links = page.locator(".map a")
    assert links.count() == SIDE * SIDE
    assert re.fullmatch(r"Gemeente \d+: \d+,\d %", links.first.get_attribute("aria-label"))
    links.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/gebied/GM*.html")
    page.close()


def test_classes_alone_make_a_map_too():
    """Two areas that tell 5 to 10 %, one that tells 10 to 25 %, and one that only tells at most 25 %."""
    rows = {
        code: {"status": "klasse", "value": None, "lower": low, "upper": high}
        for code, low, high in (("a", 5, 10), ("b", 5, 10), ("c", 10, 25), ("d", 0, 25))
    }
    scale = maps.scale_of(rows.values(), "%")
    assert scale.limits == (5, 10, 25)
    told = dict(maps.legend(rows, scale))
    assert [told[scale.mark(rank)] for rank in range(4)] == ["onder 5 %", "5 – 10", "10 – 25", "25 % en meer"]
    assert "wide" in told
    drawn = maps.draw(maps.tiles(list(rows)), rows, {}, scale, title="x")
    marks = dict(re.findall(r'class="(\w+)" data-area="(\w)"', drawn))
    assert {v: k for k, v in marks.items()}["d"] == "wide"
    assert re.findall(rf'class="{scale.mark(1)}" data-area="(\w)"', drawn) == ["a", "b"]
    assert re.findall(rf'class="{scale.mark(2)}" data-area="(\w)"', drawn) == ["c"]
