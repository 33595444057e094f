"""A map of areas in five classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import cos, radians

from bds_tool.base.text import number, t
from bds_tool.export.report import charts, svg


def choropleth(
    title: str,
    shapes: Iterable[tuple[str, str, list[list[list[tuple[float, float]]]]]],
    points: Mapping[str, charts.Point],
    unit: str,
) -> str:
    """A map of areas in five classes. `shapes`: (code, name, polygons as rings of x, y), y growing northward."""
    shapes = list(shapes)
    corners = [xy for _, _, polygons in shapes for rings in polygons for ring in rings for xy in ring]
    if not corners:
        return svg.picture(charts.WIDTH, 60, title, title, [svg.text(0, 20, title, bold=True)])
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    degrees = max(map(abs, xs)) <= 180 and max(map(abs, ys)) <= 90
    squeeze = cos(radians((min(ys) + max(ys)) / 2)) if degrees else 1.0
    span_x, span_y = (max(xs) - min(xs)) * squeeze or 1, max(ys) - min(ys) or 1
    factor = min(charts.WIDTH / span_x, 560 / span_y)
    known = sorted(p.value for p in points.values() if p.value is not None)
    # Class limits at the quintiles; a lighter or darker grey says the same as the colour.
    limits = [known[min(len(known) - 1, len(known) * i // 5)] for i in range(1, 5)] if known else []
    fills = ("#e8eef4", "#b7cbdd", "#7fa3c2", "#3f739f", "#143f66")
    parts = [svg.text(0, 20, title, size=16, bold=True)]
    for code, name, polygons in shapes:
        point = points.get(code)
        rings = [
            "M"
            + "L".join(
                f"{(x - min(xs)) * squeeze * factor:.1f} {36 + (max(ys) - y) * factor:.1f}" for x, y in ring
            )
            + "Z"
            for poly in polygons
            for ring in poly
        ]
        value = point.value if point else None
        fill = (
            "url(#verborgen)"
            if point and point.hidden
            else "#fff"
            if value is None
            else fills[sum(value > limit for limit in limits)]
        )
        label = f"{name}: {charts.amount(value, unit, hidden=bool(point and point.hidden))}"
        parts.append(svg.path("".join(rings), fill=fill, stroke="#444", width=0.8, title=label))
    height = 36 + span_y * factor + 44
    edges = [known[0], *limits, known[-1]] if known else []
    for i, fill in enumerate(fills if known else ()):
        parts += [
            svg.rect(i * 120, height - 30, 20, 14, fill=fill, stroke="#444"),
            svg.text(
                i * 120 + 26, height - 18, f"{number(edges[i], 1)} – {number(edges[i + 1], 1)}", size=12
            ),
        ]
    parts += [
        svg.rect(600, height - 30, 20, 14, fill="url(#verborgen)", stroke="#444"),
        svg.text(626, height - 18, t("verborgen", "hidden"), size=12),
    ]
    return svg.picture(
        charts.WIDTH,
        height,
        title,
        charts.summary(t(f"Kaart: {title}.", f"Map: {title}."), list(points.values()), unit, None),
        parts,
    )
