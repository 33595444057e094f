"""Makes the pictures of `uitleg/jeugd-in-beeld.md` again: python docs/schermen.py RESULT (a protected result of a made-up region).

Borders are made up too: no geometry of the CBS is in this repository. Needs chromium, playwright and pdftoppm.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bds_tool.export.report.book import Book, open_book
from bds_tool.export.report.pdf import write_pdf
from bds_tool.export.report.site import build_site

OUT = Path(__file__).parent / "assets"
#: name, page, width, height, dark, where to scroll to
SHOTS = (
    ("profiel", "gebied/{wijk}.html", 1100, 1000, False, ""),
    ("telefoon", "gebied/{wijk}.html", 390, 1000, True, ""),
    ("cijfer", "indicator/OW.html", 1100, 1000, False, "#per-gemeente"),
    ("vergelijk", "vergelijk.html", 1100, 760, False, ""),
    ("methode", "methode.html", 1100, 760, False, ""),
)


def borders(book: Book) -> dict[str, Any]:
    """Ragged made-up borders: gemeenten on a grid, their wijken on a finer one inside, as the CBS names its columns."""
    rng = random.Random(11)
    gemeenten = book.of_level("gemeente")
    wide = math.ceil(math.sqrt(len(gemeenten) * 1.5))
    most = max([len(book.children(g.code)) for g in gemeenten] + [1])
    across = math.ceil(math.sqrt(most))
    down = math.ceil(most / across)
    bends: dict[tuple[float, ...], list[tuple[float, float]]] = {}

    def bend(a: tuple[float, float], b: tuple[float, float]) -> list[tuple[float, float]]:
        """The points from a to b, the same for both neighbours."""
        key = (*min(a, b), *max(a, b))
        if key not in bends:
            (x1, y1), (x2, y2) = min(a, b), max(a, b)
            off = 0.0
            line = []
            for n in range(1, 16):
                off = 0.8 * off + rng.uniform(-260, 260)
                share = n / 16
                calm = math.sin(math.pi * share)
                line.append((x1 + (x2 - x1) * share + off * calm, y1 + (y2 - y1) * share + off * calm))
            bends[key] = line
        return bends[key] if a < b else bends[key][::-1]

    spot: dict[tuple[int, int], tuple[float, float]] = {}

    def corner(i: int, j: int) -> tuple[float, float]:
        if (i, j) not in spot:
            spot[i, j] = (
                150_000 + i * 4000 + rng.uniform(-900, 900),
                460_000 + j * 4000 + rng.uniform(-900, 900),
            )
        return spot[i, j]

    def ring(i: int, j: int, w: int, h: int) -> list[tuple[float, float]]:
        path = [(i + n, j) for n in range(w)] + [(i + w, j + n) for n in range(h)]
        path += [(i + w - n, j + h) for n in range(w)] + [(i, j + h - n) for n in range(h)]
        points: list[tuple[float, float]] = []
        for n, at in enumerate(path):
            a, b = corner(*at), corner(*path[(n + 1) % len(path)])
            points += [a, *bend(a, b)]
        return [*points, points[0]]

    features = []
    for number, gemeente in enumerate(gemeenten):
        row, column = divmod(number, wide)
        shape = ring(column * across, row * down, across, down)
        features.append(({"gemeentecode": gemeente.code, "water": "NEE"}, shape))
        inside = book.children(gemeente.code)
        for place, wijk in enumerate(inside):
            down_, across_ = divmod(place, across)
            last = place == len(inside) - 1
            width = across - across_ if last else 1
            shape = ring(column * across + across_, row * down + down_, width, 1)
            features.append(({"wijkcode": wijk.code, "gemeentecode": gemeente.code, "water": "NEE"}, shape))
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": p, "geometry": {"type": "Polygon", "coordinates": [s]}}
            for p, s in features
        ],
    }


def main(result: Path) -> None:
    from playwright.sync_api import sync_playwright

    book = open_book(result)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        geometry = home / "grenzen.geojson"
        geometry.write_text(json.dumps(borders(book)), encoding="utf-8")
        build_site(book, home / "site", geometry=geometry, demo=True)
        tested = book.rows(level="wijk", period=book.periods[-1])
        counts: dict[str, int] = {}
        for row in tested.iter_rows(named=True):
            if (row["reference_test"] or "").startswith(("hoger", "lager")):
                counts[row["area"]] = counts.get(row["area"], 0) + 1
        wijk = max(sorted(counts), key=lambda code: counts[code])
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for shot, page, width, height, dark, anchor in SHOTS:
                opened = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
                )
                opened.goto((home / "site" / page.format(wijk=wijk)).as_uri() + anchor)
                opened.wait_for_timeout(600)
                opened.screenshot(path=OUT / f"scherm-{shot}.png")
            browser.close()
        write_pdf(book, wijk, home / "blad.pdf", geometry=geometry)
        command = ["pdftoppm", "-r", "70", "-png", "-singlefile", home / "blad.pdf", OUT / "scherm-blad"]
        subprocess.run(command, check=True)  # noqa: S603


if __name__ == "__main__":
    main(Path(sys.argv[1]))
