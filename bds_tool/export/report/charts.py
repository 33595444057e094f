"""Charts of protected figures as SVG: ranked bars, trend, funnel, small multiples, shares by moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from bds_tool.base.text import number, t
from bds_tool.export.report import cells, svg

WIDTH = 720.0


@dataclass(frozen=True)
class Point:
    """One figure: `value` is null when hidden or without data; `n` is null when it may not be shown."""

    label: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    n: int | None = None
    hidden: bool = False
    #: The class in words, of a row that tells one instead of a value.
    told: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any], label: str) -> Point:
        told = cells.value(row) if cells.coded(row) else ""
        secret = cells.hidden(row) or bool(told)
        return cls(label, row["value"], row["lower"], row["upper"], row["n"], secret, told)


def amount(value: float | None, unit: str, *, n: int | None = None, hidden: bool = False) -> str:
    if value is None:
        return cells.HIDDEN if hidden else cells.NO_DATA
    return f"{number(value, cells.decimals(unit, n))} {unit}".strip()


def summary(kind: str, points: Sequence[Point], unit: str, reference: float | None) -> str:
    """The text alternative: what a person who cannot see the picture needs first."""
    known = [p for p in points if p.value is not None]
    parts = [kind]
    if known:
        high, low = max(known, key=lambda p: p.value or 0), min(known, key=lambda p: p.value or 0)
        parts.append(
            t(
                f"Hoogste: {high.label}, {amount(high.value, unit, n=high.n)}.",
                f"Highest: {high.label}, {amount(high.value, unit, n=high.n)}.",
            )
        )
        parts.append(
            t(
                f"Laagste: {low.label}, {amount(low.value, unit, n=low.n)}.",
                f"Lowest: {low.label}, {amount(low.value, unit, n=low.n)}.",
            )
        )
    if reference is not None:
        parts.append(
            t(
                f"Ter vergelijking: {amount(reference, unit)}.",
                f"For comparison: {amount(reference, unit)}.",
            )
        )
    secret = sum(p.hidden and not p.told for p in points)
    if secret:
        parts.append(
            t("Eén waarde is verborgen.", "One value is hidden.")
            if secret == 1
            else t(f"{secret} waarden zijn verborgen.", f"{secret} values are hidden.")
        )
    return " ".join(parts)


def ranked(
    title: str,
    points: Sequence[Point],
    unit: str,
    reference: tuple[str, float] | None = None,
    *,
    sort: bool = True,
) -> str:
    """Horizontal bars with intervals, highest on top; hidden areas last and hatched. Reference as a line."""
    if sort:
        points = sorted(points, key=lambda p: (p.value is None, -(p.value or 0), p.label))
    left, right, top, row = 220.0, 70.0, 46.0, 24.0
    highs = [p.upper if p.upper is not None else p.value for p in points if p.value is not None]
    ceiling = max([h for h in highs if h is not None] + ([reference[1]] if reference else []) + [0.0])
    ticks = svg.nice_ticks(0, ceiling or 1)
    scale = (WIDTH - left - right) / ticks[-1]
    bottom = top + row * len(points)
    parts = [svg.text(0, 20, title, size=16, bold=True)]
    for tick in ticks:
        x = left + tick * scale
        parts += [
            svg.line(x, top - 4, x, bottom, stroke=svg.LIGHT),
            svg.text(x, bottom + 18, number(tick), anchor="middle", size=12, fill=svg.GREY),
        ]
    for index, point in enumerate(points):
        y = top + index * row
        parts.append(svg.text(left - 8, y + 15, _short(point.label, 30), anchor="end"))
        parts += _bar(point, left, y, row, scale, unit)
    if reference:
        x = left + reference[1] * scale
        parts += [
            svg.line(x, top - 8, x, bottom, stroke=svg.ORANGE, width=2, dash="6 3"),
            svg.text(
                x,
                top - 12,
                f"{reference[0]} {amount(reference[1], unit)}",
                anchor="middle",
                size=12,
                fill=svg.ORANGE,
            ),
        ]
    parts.append(svg.text(WIDTH - right, bottom + 34, unit, anchor="end", size=12, fill=svg.GREY))
    kind = t(f"Staafdiagram: {title}.", f"Bar chart: {title}.")
    return svg.picture(
        WIDTH, bottom + 42, title, summary(kind, points, unit, reference[1] if reference else None), parts
    )


def _bar(point: Point, left: float, y: float, row: float, scale: float, unit: str) -> list[str]:
    if point.value is None:
        label = point.told or (t("verborgen", "hidden") if point.hidden else t("geen gegevens", "no data"))
        shape = (
            [svg.rect(left, y + 4, 40, row - 8, fill="url(#verborgen)", stroke="#8a8a8a")]
            if point.hidden
            else []
        )
        return [*shape, svg.text(left + (48 if point.hidden else 4), y + 15, label, size=12, fill=svg.GREY)]
    end = left + point.value * scale
    parts = [svg.rect(left, y + 4, point.value * scale, row - 8, fill=svg.BLUE)]
    reach = end
    if point.lower is not None and point.upper is not None:
        low, high = left + point.lower * scale, left + point.upper * scale
        middle = y + row / 2
        # A white seam keeps the part of the interval inside the dark bar visible.
        parts += [
            svg.line(low, middle, high, middle, stroke="#fff", width=4),
            svg.line(low, middle, high, middle, stroke="#111", width=1.5),
        ]
        parts += [svg.line(x, middle - 4, x, middle + 4, stroke="#111", width=1.5) for x in (low, high)]
        reach = max(end, high)
    parts.append(svg.text(reach + 6, y + 16, amount(point.value, unit, n=point.n), size=12))
    return parts


def trend(
    title: str,
    series: Mapping[str, Sequence[Point]],
    unit: str,
    *,
    width: float = WIDTH,
    height: float = 300.0,
    highest: float = 0.0,
) -> str:
    """Lines over periods with their intervals; a hidden period leaves a gap with a hatched mark.

    `highest` stretches the scale, so that charts side by side can be compared.
    """
    periods = list(dict.fromkeys(p.label for points in series.values() for p in points))
    # The last label stands centred below its point; a long one needs room beside the plot.
    left, right, top, bottom = 48.0, 16.0 + 2.5 * len(periods[-1]), 40.0, 60.0 if len(series) > 1 else 36.0
    highs = [v for points in series.values() for p in points for v in (p.upper, p.value) if v is not None]
    ticks = svg.nice_ticks(0, max([*highs, highest]) or 1.0, 4)
    plot = height - top - bottom
    scale = plot / ticks[-1]
    step = (width - left - right - 30) / max(len(periods) - 1, 1)
    place = {
        p: left + 15 + (i * step if len(periods) > 1 else (width - left - right) / 2)
        for i, p in enumerate(periods)
    }
    base = top + plot
    parts = [svg.text(0, 20, title, size=16 if width == WIDTH else 14, bold=True)]
    for tick in ticks:
        y = base - tick * scale
        parts += [
            svg.line(left, y, width - right, y, stroke=svg.LIGHT),
            svg.text(left - 6, y + 4, number(tick), anchor="end", size=12, fill=svg.GREY),
        ]
    parts += [svg.text(x, base + 18, p, anchor="middle", size=12, fill=svg.GREY) for p, x in place.items()]
    for index, (name, points) in enumerate(series.items()):
        parts += _series(points, place, base, scale, index)
        if len(series) > 1:
            x = left + index * (width - left) / len(series)
            colour, dash = svg.LINES[index % len(svg.LINES)]
            parts += [
                svg.line(x, height - 14, x + 26, height - 14, stroke=colour, width=2.5, dash=dash),
                svg.marker(x + 13, height - 14, index % 4, colour),
                svg.text(x + 32, height - 10, _short(name, 26), size=12),
            ]
    every = [
        Point(f"{name} {p.label}" if len(series) > 1 else p.label, p.value, hidden=p.hidden)
        for name, points in series.items()
        for p in points
    ]
    return svg.picture(
        width,
        height,
        title,
        summary(t(f"Lijndiagram: {title}.", f"Line chart: {title}."), every, unit, None),
        parts,
    )


def _series(
    points: Sequence[Point], place: Mapping[str, float], base: float, scale: float, index: int
) -> list[str]:
    colour, dash = svg.LINES[index % len(svg.LINES)]
    parts: list[str] = []
    last: tuple[float, float] | None = None
    for point in points:
        x = place[point.label]
        if point.value is None:
            last = None
            if point.hidden:
                parts.append(svg.rect(x - 5, base - 12, 10, 12, fill="url(#verborgen)", stroke="#8a8a8a"))
            continue
        y = base - point.value * scale
        if point.lower is not None and point.upper is not None:
            parts.append(
                svg.line(
                    x, base - point.lower * scale, x, base - point.upper * scale, stroke=colour, width=1.5
                )
            )
        if last:
            parts.append(svg.line(last[0], last[1], x, y, stroke=colour, width=2.5, dash=dash))
        last = (x, y)
        parts.append(svg.marker(x, y, index % 4, colour))
    return parts


def funnel(title: str, points: Sequence[Point], unit: str, reference: float) -> str:
    """Proportions against their denominators with limits of 95 % and 99,8 % around the reference (normal)."""
    left, right, top, bottom, height = 56.0, 20.0, 40.0, 50.0, 380.0
    known = [(p, p.value, p.n) for p in points if p.value is not None and p.n]
    largest = max((n for _, _, n in known), default=1)
    share = reference / 100
    highest = max([value for _, value, _ in known] + [reference])
    across, up = svg.nice_ticks(0, largest), svg.nice_ticks(0, min(100.0, highest * 1.3) or 1)
    fx, fy = (WIDTH - left - right) / across[-1], (height - top - bottom) / up[-1]
    base = height - bottom
    parts = [svg.text(0, 20, title, size=16, bold=True)]
    for tick in up:
        parts += [
            svg.line(left, base - tick * fy, WIDTH - right, base - tick * fy, stroke=svg.LIGHT),
            svg.text(left - 6, base - tick * fy + 4, number(tick), anchor="end", size=12, fill=svg.GREY),
        ]
    parts += [
        svg.text(left + tick * fx, base + 18, number(tick), anchor="middle", size=12, fill=svg.GREY)
        for tick in across
    ]
    for z, dash in ((1.96, "6 4"), (3.09, "2 3")):
        for sign in (-1, 1):
            limit = []
            for i in range(1, 101):
                n = across[-1] * i / 100
                y = (share + sign * z * sqrt(share * (1 - share) / n)) * 100
                if 0 <= y <= up[-1]:
                    limit.append(f"{left + n * fx:.1f} {base - y * fy:.1f}")
            if limit:
                parts.append(svg.path("M" + "L".join(limit), stroke=svg.GREY, width=1.2, dash=dash))
    parts.append(
        svg.line(
            left, base - reference * fy, WIDTH - right, base - reference * fy, stroke=svg.ORANGE, width=2
        )
    )
    outside = []
    for p, value, n in known:
        spread = 1.96 * sqrt(share * (1 - share) / n) * 100
        away = abs(value - reference) > spread
        x, y = left + n * fx, base - value * fy
        parts.append(svg.marker(x, y, 3 if away else 0, svg.ORANGE if away else svg.BLUE))
        if away:
            outside.append(p)
            parts.append(svg.text(x + 7, y + 4, _short(p.label, 22), size=11))
    parts.append(
        svg.text(
            WIDTH - right,
            base + 36,
            t("aantal kinderen", "number of children"),
            anchor="end",
            size=12,
            fill=svg.GREY,
        )
    )
    kind = t(
        f"Trechterdiagram: {title}. {len(outside)} van {len(known)} buiten de 95 %-grens.",
        f"Funnel plot: {title}. {len(outside)} of {len(known)} outside the 95 % limit.",
    )
    return svg.picture(WIDTH, height, title, summary(kind, points, unit, reference), parts)


def small_multiples(
    title: str, panels: Mapping[str, Mapping[str, Sequence[Point]]], unit: str, columns: int = 3
) -> str:
    """The same trend for many areas, side by side."""
    wide, high = WIDTH / columns - 10, 190.0
    parts = [svg.text(0, 20, title, size=16, bold=True)]
    every = [p for series in panels.values() for points in series.values() for p in points]
    highest = max((v for p in every for v in (p.upper, p.value) if v is not None), default=1.0)
    for index, (name, series) in enumerate(panels.items()):
        x, y = (index % columns) * (WIDTH / columns), 36 + (index // columns) * (high + 8)
        inner = trend(_short(name, 28), series, unit, width=wide, height=high, highest=highest)
        parts.append(
            inner.replace("<svg ", f'<svg x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" ', 1)
        )
    rows = (len(panels) + columns - 1) // columns
    description = t(
        f"{len(panels)} kleine lijndiagrammen: {', '.join(panels)}.",
        f"{len(panels)} small line charts: {', '.join(panels)}.",
    )
    return svg.picture(WIDTH, 44 + rows * (high + 8), title, description, parts)


def stacked(
    title: str, moments: Sequence[str], kinds: Mapping[str, Sequence[float | None]], unit: str = "%"
) -> str:
    """Shares per moment as one bar each, such as milk feeding by age; a moment with a hidden part is hatched."""
    left, top, row = 130.0, 64.0, 34.0
    scale = (WIDTH - left - 20) / 100
    fills = (svg.BLUE, "#7fa8c9", "#d9b48f", svg.GREY)
    parts = [svg.text(0, 20, title, size=16, bold=True)]
    for index, name in enumerate(kinds):
        x = left + index * 190
        parts += [
            svg.rect(x, 32, 14, 14, fill=fills[index % 4], stroke="#333"),
            svg.text(x + 20, 44, name, size=12),
        ]
    for index, moment in enumerate(moments):
        y = top + index * row
        parts.append(svg.text(left - 8, y + 19, moment, anchor="end"))
        values = [v[index] for v in kinds.values()]
        if any(v is None for v in values):
            parts += [
                svg.rect(left, y + 3, 100 * scale, row - 10, fill="url(#verborgen)", stroke="#8a8a8a"),
                svg.rect(left + 100, y + 6, 110, row - 16, fill="#fff"),
                svg.text(left + 110, y + 19, t("verborgen", "hidden"), size=12),
            ]
            continue
        x = left
        for place, share in enumerate(values):
            wide = float(share or 0) * scale
            parts.append(svg.rect(x, y + 3, wide, row - 10, fill=fills[place % 4], stroke="#fff"))
            if wide > 26:
                parts.append(
                    svg.text(
                        x + wide / 2,
                        y + 19,
                        number(float(share or 0)),
                        anchor="middle",
                        size=12,
                        fill="#fff" if place in {0, 3} else "#111",
                    )
                )
            x += wide
    lines = "; ".join(
        f"{m}: " + ", ".join(f"{k} {amount(v[i], unit, hidden=v[i] is None)}" for k, v in kinds.items())
        for i, m in enumerate(moments)
    )
    return svg.picture(WIDTH, top + row * len(moments) + 10, title, f"{title}. {lines}.", parts)


def _short(label: str, length: int) -> str:
    return label if len(label) <= length else label[: length - 1] + "…"
