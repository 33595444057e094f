"""Areas on a map: borders brought to a grid of the drawing, or tiles where no borders are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, cos, radians, sqrt
from typing import Any

from bds_tool.base.escaping import markup
from bds_tool.base.text import number, t
from bds_tool.export.report import cells, svg, words
from bds_tool.export.report.geometry import Polygons

WIDTH, MOST_HIGH = 640, 620
#: Light to dark, for paper; the site has its own for light and dark screens.
FILLS = ("#e3eff0", "#b9d8da", "#82b8bc", "#3f8d93", "#0a5d63")
#: Letters of this size fit where an area is this wide per letter.
LETTER = 6.6


@dataclass(frozen=True)
class Outline:
    """One area in the drawing: its path, and where its name fits."""

    code: str
    path: str
    box: tuple[float, float, float, float]
    middle: tuple[float, float]


@dataclass(frozen=True)
class Layer:
    """All areas of a level as outlines, in a drawing of WIDTH by `height`."""

    outlines: tuple[Outline, ...]
    height: float
    tiles: bool = False


def borders(shapes: Iterable[tuple[str, Polygons]]) -> Layer:
    """Borders simplified by bringing them to the grid of the drawing: neighbours keep one common border.

    Coordinates in degrees or in metres (RD), y growing northward.
    """
    shapes = list(shapes)
    corners = [xy for _, polygons in shapes for rings in polygons for ring in rings for xy in ring]
    if not corners:
        return Layer((), 0)
    left, right = min(c[0] for c in corners), max(c[0] for c in corners)
    low, high = min(c[1] for c in corners), max(c[1] for c in corners)
    degrees = max(abs(left), abs(right)) <= 180 and max(abs(low), abs(high)) <= 90
    squeeze = cos(radians((low + high) / 2)) if degrees else 1.0
    across, up = (right - left) * squeeze or 1, (high - low) or 1
    factor = min((WIDTH - 8) / across, MOST_HIGH / up)
    shift = (WIDTH - across * factor) / 2
    found = []
    for code, polygons in shapes:
        rings = [
            _thin(
                [
                    (round(shift + (x - left) * squeeze * factor), round(4 + (high - y) * factor))
                    for x, y in ring
                ]
            )
            for polygon in polygons
            for ring in polygon
        ]
        rings = [ring for ring in rings if len(ring) > 2]
        if not rings:
            # Smaller than a step of the grid: a mark of two by two, so that no area falls off the map.
            x, y = polygons[0][0][0]
            px, py = round(shift + (x - left) * squeeze * factor), round(4 + (high - y) * factor)
            rings = [[(px, py), (px + 2, py), (px + 2, py + 2), (px, py + 2)]]
        largest = max(rings, key=lambda ring: abs(_area(ring)))
        found.append(Outline(code, "".join(map(_path, rings)), _box(largest), _middle(largest)))
    return Layer(tuple(found), round(up * factor + 8))


def tiles(codes: Sequence[str]) -> Layer:
    """A hexagon for every area, in the order given: no map, but one glance at all areas."""
    columns = max(1, min(len(codes), ceil(sqrt(len(codes) * 1.7))))
    side = min(WIDTH / (columns + 0.6), 104)
    radius = side / sqrt(3)
    found = []
    for index, code in enumerate(codes):
        row, column = divmod(index, columns)
        x = (column + 0.5 + (row % 2) * 0.5) * side + 2
        y = radius + 2 + row * radius * 1.5
        points = [
            (round(x + dx * (side / 2 - 1.5), 1), round(y + dy * (radius - 1.5), 1))
            for dx, dy in ((1, 0.5), (0, 1), (-1, 0.5), (-1, -0.5), (0, -1), (1, -0.5))
        ]
        half = side / 2
        found.append(Outline(code, _path(points), (x - half, y - half, x + half, y + half), (x, y)))
    rows = ceil(len(codes) / columns)
    return Layer(tuple(found), round(radius * 2 + (rows - 1) * radius * 1.5 + 6), tiles=True)


def _thin(ring: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Without corners on the same point of the grid, and without those on a straight line between their neighbours."""
    points = [p for i, p in enumerate(ring) if i == 0 or p != ring[i - 1]]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    kept: list[tuple[float, float]] = []
    for i, (x, y) in enumerate(points):
        (ax, ay), (bx, by) = points[i - 1], points[(i + 1) % len(points)]
        if (x - ax) * (by - y) != (y - ay) * (bx - x):
            kept.append((x, y))
    return kept


def _path(ring: Sequence[tuple[float, float]]) -> str:
    """Steps from corner to corner: half as long as the corners themselves."""
    (x, y), *rest = ring
    steps = []
    for bx, by in rest:
        steps.append(f"{round(bx - x, 1):g} {round(by - y, 1):g}")
        x, y = bx, by
    return f"M{ring[0][0]:g} {ring[0][1]:g}l{' '.join(steps)}z"


def _area(ring: Sequence[tuple[float, float]]) -> float:
    return sum(ring[i - 1][0] * y - x * ring[i - 1][1] for i, (x, y) in enumerate(ring)) / 2


def _box(ring: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
    return min(xs), min(ys), max(xs), max(ys)


def _middle(ring: Sequence[tuple[float, float]]) -> tuple[float, float]:
    size = _area(ring) * 6
    if not size:
        left, top, right, bottom = _box(ring)
        return (left + right) / 2, (top + bottom) / 2
    x = y = 0.0
    for i, (bx, by) in enumerate(ring):
        ax, ay = ring[i - 1]
        cross = ax * by - bx * ay
        x += (ax + bx) * cross
        y += (ay + by) * cross
    return x / size, y / size


# ---- classes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Classes:
    """At most five classes with round limits."""

    limits: tuple[float, ...]
    unit: str

    def of(self, value: float) -> int:
        return sum(value >= limit for limit in self.limits)

    def legend(self) -> list[tuple[str, str]]:
        """(class of the style sheet, words), light to dark; a value on a limit is in the upper class."""
        if not self.limits:
            return [("k2", t("één klasse", "one class"))]
        places = 0 if all(float(v).is_integer() for v in self.limits) else 1 if self.unit == "%" else 2
        told = [number(v, places) for v in self.limits]
        first = t(f"onder {told[0]} {self.unit}", f"below {told[0]} {self.unit}")
        between = [f"{a} – {b}" for a, b in pairwise(told)]
        last = t(f"{told[-1]} {self.unit} en meer", f"{told[-1]} {self.unit} and more")
        return [(self.mark(i), word.strip()) for i, word in enumerate([first, *between, last])]

    def mark(self, rank: int) -> str:
        """The shade of a class: few classes lie as far apart as many."""
        many = len(self.limits) + 1
        return f"k{round(rank * 4 / (many - 1)) if many > 1 else 2}"


def classes(values: Sequence[float], unit: str) -> Classes:
    """Round limits between the lowest and the highest shown value."""
    known = sorted(values)
    if len(known) < 2 or known[0] == known[-1]:
        return Classes((), unit)
    for wanted in (5, 4, 3, 2):
        ticks = svg.nice_ticks(known[0], known[-1], wanted)
        inner = tuple(v for v in ticks if known[0] < v <= known[-1])
        if len(inner) <= 4:
            return Classes(inner, unit)
    return Classes(inner[:4], unit)


def scale_of(rows: Iterable[Mapping[str, Any]], unit: str) -> Classes:
    """The classes of a map: of the values shown; where there is none, those that the rows themselves tell."""
    rows = list(rows)
    values = [row["value"] for row in rows if cells.shown(row)]
    if values:
        return classes(values, unit)
    told = Counter(limit for row in rows if cells.coded(row) for limit in (row["lower"], row["upper"]))
    inner = [limit for limit, _ in told.most_common() if 0 < limit < 100]
    return Classes(tuple(sorted(inner[:4])), unit)


# ---- drawing --------------------------------------------------------------------------------------------------


def draw(
    layer: Layer,
    rows: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    scale: Classes,
    *,
    title: str,
    links: Mapping[str, str] | None = None,
    own: str = "",
) -> str:
    """The map. `rows`: code → row; with `links` every area is a link that a keyboard reaches and a voice reads."""
    parts: list[str] = []
    taken: list[tuple[float, float, float, float]] = []
    for outline in sorted(layer.outlines, key=lambda o: (o.code == own, o.code)):
        row = rows.get(outline.code)
        mark, fill = _mark(row, scale)
        name = names.get(outline.code, outline.code)
        told = f"{name}: {words.absent(row) if mark in {'secret', 'none'} else cells.value(row or {}, scale.unit)}"
        me = " me" if outline.code == own else ""
        edge = ("#17222b", 3) if me else ("#ffffff", 1)
        shape = (
            f'<path class="{mark}{me}" data-area="{markup(outline.code)}" fill="{fill}" stroke="{edge[0]}" stroke-width="{edge[1]}" '
            f'd="{outline.path}"><title>{markup(told)}</title></path>'
        )
        if links and outline.code in links:
            shape = f'<a href="{markup(links[outline.code])}" aria-label="{markup(told)}">{shape}</a>'
        parts.append(shape)
    for outline in sorted(layer.outlines, key=lambda o: -_size(o.box)):
        row = rows.get(outline.code)
        mark, _ = _mark(row, scale)
        lines = _fit(names.get(outline.code, outline.code), outline)
        if lines and not any(_touch(_label(outline, lines), other) for other in taken):
            taken.append(_label(outline, lines))
            parts += _name(outline, lines, mark)
    kind = t("Tegels", "Tiles") if layer.tiles else t("Kaart", "Map")
    role = 'role="group"' if links else 'role="img"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map" viewBox="0 0 {WIDTH} {layer.height:g}" {role} font-family="Roboto, sans-serif" '
        f'aria-label="{markup(f"{kind}: {title}")}"><defs>{svg.HATCH}</defs>{"".join(parts)}</svg>'
    )


def _mark(row: Mapping[str, Any] | None, scale: Classes) -> tuple[str, str]:
    if row is None or row["status"] in cells.EMPTY:
        return "none", "#f4f7f8"
    if cells.shown(row):
        mark = scale.mark(scale.of(row["value"])) if scale.limits else "k2"
        return mark, FILLS[int(mark[1])]
    if cells.coded(row):
        # A class that lies within one class of the map has its shade; a wider one is only known to be between.
        low, high = scale.of(row["lower"]), scale.of(row["upper"] - 1e-9)
        if scale.limits and low == high:
            mark = scale.mark(low)
            return mark, FILLS[int(mark[1])]
        return "wide", "url(#verborgen)"
    return "secret", "url(#verborgen)"


def _size(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _fit(name: str, outline: Outline) -> list[str]:
    """The name in one or two lines that fit inside the area, or nothing."""
    wide, high = outline.box[2] - outline.box[0], outline.box[3] - outline.box[1]
    whole = [name]
    parts = name.split()
    halves = [[" ".join(parts[:i]), " ".join(parts[i:])] for i in range(1, len(parts))]
    best = sorted(halves, key=lambda h: max(map(len, h)))[:1]
    for lines in (whole, *best):
        if max(map(len, lines)) * LETTER < wide * 0.92 and len(lines) * 14 < high * 0.8:
            return lines
    return []


def _label(outline: Outline, lines: Sequence[str]) -> tuple[float, float, float, float]:
    x, y = outline.middle
    half, tall = max(map(len, lines)) * LETTER / 2, len(lines) * 7
    return x - half, y - tall, x + half, y + tall


def _touch(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _name(outline: Outline, lines: Sequence[str], mark: str) -> list[str]:
    x, y = outline.middle
    dark = mark in {"k3", "k4"}
    start = y - (len(lines) - 1) * 7 + 4
    return [
        f'<text class="name{" op" if dark else ""}" fill="{"#ffffff" if dark else "#17222b"}" font-size="12" text-anchor="middle" '
        f'aria-hidden="true" x="{x:.0f}" y="{start + i * 14:.0f}">{markup(line)}</text>'
        for i, line in enumerate(lines)
    ]


SOURCE = "CBS/Kadaster"


def sheet(
    layer: Layer,
    rows: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    scale: Classes,
    *,
    title: str,
    source: str = "",
) -> str:
    """The map as a picture by itself: with its title, its legend below it and its source."""
    inner = draw(layer, rows, names, scale, title=title)
    high = layer.height + 36
    parts = [svg.text(0, 20, title, size=16, bold=True)]
    parts.append(inner.replace("<svg ", f'<svg x="0" y="36" width="{WIDTH}" height="{layer.height:g}" ', 1))
    x, y = 0.0, high + 16
    for mark, word in legend(rows, scale):
        wide = 34 + len(word) * LETTER
        if x + wide > WIDTH:
            x, y = 0.0, y + 22
        fill = FILLS[int(mark[1])] if mark[0] == "k" else "#f4f7f8" if mark == "none" else "url(#verborgen)"
        parts += [
            svg.rect(x, y, 20, 14, fill=fill, stroke="#8a8a8a"),
            svg.text(x + 26, y + 12, word, size=12),
        ]
        x += wide + 14
    if source and not layer.tiles:
        y += 22
        line = t(f"Bron van de grenzen: {source}", f"Source of the borders: {source}")
        parts.append(svg.text(0, y + 12, line, size=11, fill=svg.GREY))
    told = "; ".join(
        f"{names.get(c, c)} {words.absent(r) if not (cells.shown(r) or cells.coded(r)) else cells.value(r, scale.unit)}"
        for c, r in rows.items()
    )
    return svg.picture(WIDTH, y + 22, title, f"{title}. {told}.", parts)


def legend(rows: Mapping[str, Mapping[str, Any]], scale: Classes) -> list[tuple[str, str]]:
    """(class of the style sheet, words) of all that this map shows."""
    marks = {_mark(r, scale)[0] for r in rows.values()}
    found = scale.legend() if any(mark.startswith("k") for mark in marks) else []
    if "wide" in marks:
        found.append(("wide", t("alleen een brede klasse bekend", "only a wide class known")))
    if "secret" in marks:
        found.append(("secret", t("verborgen", "hidden")))
    if "none" in marks:
        found.append(("none", t("geen gegevens", "no data")))
    return found
