"""Small pictures in a line of a profile: the strip with the other areas, the sparkline, the years and the ranking.

Every shape has its colour as an attribute, for paper; on the site the style sheet gives its own, light or dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bds_tool.base.escaping import markup
from bds_tool.base.text import number, t
from bds_tool.export.report import cells, svg

#: Above this number of areas only their spread is drawn.
DOTS_MAX = 60
INK, SOFT, LINE, EQUAL = "#17222b", "#5a6872", "#dfe5e8", "#66737c"
SIDE = {"hi": "#a8480c", "lo": "#2456a6", "eq": EQUAL, "no": EQUAL}
WIDE = 300


@dataclass(frozen=True)
class Field:
    """The other areas of one level: their shown values, ascending."""

    values: tuple[float, ...]
    low: float
    high: float
    #: Quartiles, and the drawn part of every strip over this field.
    quarter: tuple[float, float]
    drawn: str

    def x(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1)
        return round(8 + min(max(share, 0), 1) * (WIDE - 16), 1)


def field(rows: Sequence[Mapping[str, Any]], unit: str) -> Field:
    """The scale of a strip: round ends around the shown values, their intervals and the classes."""
    known = sorted(r["value"] for r in rows if cells.shown(r))
    reach = [v for r in rows for v in (r.get("lower"), r.get("upper"), r.get("value")) if v is not None]
    ticks = svg.nice_ticks(min(reach), max(reach), 4) if reach else [0.0, 1.0]
    low, high = ticks[0], ticks[-1]
    if unit == "%":
        low, high = max(low, 0.0), min(high, 100.0)
    quarter = (_quantile(known, 0.25), _quantile(known, 0.75)) if known else (low, low)
    made = Field(tuple(known), low, high, quarter, "")
    parts = [f'<path class="axis" stroke="{LINE}" d="M8 14H{WIDE - 8}"/>']
    if len(known) > 3:
        left, right = made.x(quarter[0]), made.x(quarter[1])
        parts.append(
            f'<rect class="iqr" fill="{LINE}" x="{left:g}" y="9" width="{max(right - left, 1):.1f}" height="10" rx="3"/>'
        )
    if 1 < len(known) <= DOTS_MAX:
        places = dict.fromkeys(f"{made.x(v):g}" for v in known)
        dots = "".join(f"M{p} 14h.01" for p in places)
        parts.append(
            f'<path class="w" stroke="{EQUAL}" stroke-opacity=".5" stroke-width="3.4" stroke-linecap="round" d="{dots}"/>'
        )
    ends = [number(v, 0 if float(v).is_integer() else 1) for v in (low, high)]
    parts.append(f'<text class="t" fill="{SOFT}" font-size="10" x="8" y="34">{markup(ends[0])}</text>')
    parts.append(
        f'<text class="t" fill="{SOFT}" font-size="10" x="{WIDE - 8}" y="34" text-anchor="end">{markup(f"{ends[1]} {unit}" if unit == "%" else ends[1])}</text>'
    )
    return Field(tuple(known), low, high, quarter, "".join(parts))


def _quantile(known: Sequence[float], share: float) -> float:
    place = share * (len(known) - 1)
    low = int(place)
    high = min(low + 1, len(known) - 1)
    return known[low] + (known[high] - known[low]) * (place - low)


def strip(row: Mapping[str, Any], area: Field, side: str, reference: float | None, told: str) -> str:
    """One area among the others: its value, its interval, and the region as an upright line. `told` is for who cannot
    see it.
    """
    colour = SIDE[side]
    parts = [area.drawn]
    if reference is not None:
        x = area.x(reference)
        parts.append(f'<path class="reg" stroke="{INK}" stroke-width="1.6" d="M{x:g} 5V23"/>')
    if row.get("lower") is not None and row.get("upper") is not None:
        low, high = area.x(row["lower"]), area.x(row["upper"])
        wide = 8 if cells.coded(row) else 3
        parts.append(
            f'<path class="ci {side}" stroke="{colour}" stroke-width="{wide}" stroke-linecap="round" d="M{low:g} 14H{high:g}"/>'
        )
    if cells.shown(row):
        parts.append(
            f'<circle class="own {side}" fill="{colour}" stroke="#fff" stroke-width="1.5" cx="{area.x(row["value"]):g}" cy="14" r="5.5"/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="strip" viewBox="0 0 {WIDE} 38" role="img" '
        f'aria-label="{markup(told)}">{"".join(parts)}</svg>'
    )


def spark(years: Sequence[Mapping[str, Any]], side: str) -> str:
    """A tiny line over the years, beside words that say the same; nothing below two shown years."""
    known = [(i, r["value"]) for i, r in enumerate(years) if cells.shown(r)]
    if len(known) < 2:
        return ""
    low, high = min(v for _, v in known), max(v for _, v in known)
    room = (high - low) or 1
    step = 72 / max(len(years) - 1, 1)
    points = [f"{4 + i * step:.0f},{21 - (v - low) / room * 16:.1f}" for i, v in known]
    x, y = points[-1].split(",")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="spark" viewBox="0 0 80 26" aria-hidden="true">'
        f'<polyline fill="none" stroke="{SOFT}" stroke-width="1.5" points="{" ".join(points)}"/>'
        f'<circle class="own {side}" fill="{SIDE[side]}" cx="{x}" cy="{y}" r="2.8"/></svg>'
    )


def years(rows: Sequence[Mapping[str, Any]], unit: str, told: str, breaks: Sequence[str] = ()) -> str:
    """Values over the years with their intervals; a year without a value keeps its place."""
    wide, high, left, base = 640, 250, 46, 206
    tops = [v for r in rows for v in (r.get("upper"), r.get("value")) if v is not None]
    lows = [v for r in rows for v in (r.get("lower"), r.get("value")) if v is not None]
    ticks = svg.nice_ticks(min([*lows, 0.0]), max(tops, default=1.0), 4)
    if unit == "%":
        ticks = [v for v in ticks if v <= 100]
    scale = (base - 18) / ((ticks[-1] - ticks[0]) or 1)

    def y(value: float) -> float:
        return base - (value - ticks[0]) * scale

    step = (wide - left - 60) / max(len(rows) - 1, 1)
    parts = []
    for tick in ticks:
        parts.append(f'<path class="axis" stroke="{LINE}" d="M{left} {y(tick):.1f}H{wide - 8}"/>')
        mark = number(tick, 0 if float(tick).is_integer() else 1)
        parts.append(
            f'<text class="t" fill="{SOFT}" font-size="12" x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{mark}</text>'
        )
    line = []
    for index, row in enumerate(rows):
        x = left + 30 + index * step
        parts.append(
            f'<text class="t" fill="{SOFT}" font-size="12" x="{x:.0f}" y="{base + 22}" text-anchor="middle">{markup(row["period"])}</text>'
        )
        if row["period"] in breaks:
            parts.append(
                f'<path class="reg" stroke="{INK}" stroke-dasharray="3 3" d="M{x - step / 2:.0f} 14V{base}"/>'
            )
            line.append("")
        if not cells.shown(row):
            line.append("")
            if cells.coded(row):
                parts.append(
                    f'<path class="ci eq" stroke="{EQUAL}" stroke-opacity=".5" stroke-width="9" d="M{x:.0f} {y(row["lower"]):.1f}V{y(row["upper"]):.1f}"/>'
                )
            continue
        if row.get("lower") is not None and row.get("upper") is not None:
            parts.append(
                f'<path class="bar" stroke="#0a6b72" stroke-opacity=".35" stroke-width="9" stroke-linecap="round" d="M{x:.0f} {y(row["lower"]):.1f}V{y(row["upper"]):.1f}"/>'
            )
        line.append(f"{x:.0f} {y(row['value']):.1f}")
    pieces, open_ = [], False
    for point in line:
        if point:
            pieces.append(("L" if open_ else "M") + point)
        open_ = bool(point)
    parts.append(f'<path class="line" fill="none" stroke="#0a6b72" stroke-width="2" d="{"".join(pieces)}"/>')
    for point in filter(None, line):
        x_, y_ = point.split()
        parts.append(
            f'<circle class="dot" fill="#0a6b72" stroke="#fff" stroke-width="1.5" cx="{x_}" cy="{y_}" r="5"/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {wide} {high}" role="img" '
        f'aria-label="{markup(told)}">{"".join(parts)}</svg>'
    )


def spread(
    rows: Sequence[tuple[str, str, Mapping[str, Any], str]], unit: str, reference: float | None
) -> str:
    """All areas of a level from low to high, each with its interval: (code, name, row, side). The table beside it
    names them.
    """
    shown = sorted((r for r in rows if cells.shown(r[2])), key=lambda r: r[2]["value"])
    wide, top, base = 640, 14, 220
    tops = [v for r in shown for v in (r[2].get("upper"), r[2]["value"]) if v is not None]
    lows = [v for r in shown for v in (r[2].get("lower"), r[2]["value"]) if v is not None]
    ticks = svg.nice_ticks(min(lows, default=0.0), max(tops, default=1.0), 4)
    scale = (base - top) / ((ticks[-1] - ticks[0]) or 1)
    step = (wide - 60) / max(len(shown), 1)

    def y(value: float) -> float:
        return base - (value - ticks[0]) * scale

    parts = []
    for tick in ticks:
        mark = number(tick, 0 if float(tick).is_integer() else 1)
        parts.append(f'<path class="axis" stroke="{LINE}" d="M46 {y(tick):.1f}H{wide - 8}"/>')
        parts.append(
            f'<text class="t" fill="{SOFT}" font-size="12" x="38" y="{y(tick) + 4:.1f}" text-anchor="end">{mark}</text>'
        )
    if reference is not None:
        parts.append(
            f'<path class="reg" stroke="{INK}" stroke-width="1.6" d="M46 {y(reference):.1f}H{wide - 8}"/>'
        )
    size = max(1.6, min(5, step / 3))
    for index, (code, name, row, side) in enumerate(shown):
        x = 50 + (index + 0.5) * step
        bar = (
            f'<path class="ci {side}" stroke="{SIDE[side]}" stroke-width="{max(1, size * 0.6):.1f}" d="M{x:.1f} {y(row["lower"]):.1f}V{y(row["upper"]):.1f}"/>'
            if row.get("lower") is not None and row.get("upper") is not None
            else ""
        )
        told = f"{name}: {cells.value(row, unit)}"
        parts.append(
            f'<g data-area="{markup(code)}"><title>{markup(told)}</title>{bar}<circle class="own {side}" fill="{SIDE[side]}" cx="{x:.1f}" cy="{y(row["value"]):.1f}" r="{size:.1f}"/></g>'
        )
    told = t(
        f"Stippen met intervallen, van laag naar hoog; de tabel eronder noemt de gebieden ({len(shown)}).",
        f"Dots with intervals, from low to high; the table below names the areas ({len(shown)}).",
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {wide} 232" role="img" '
        f'aria-label="{markup(told)}">{"".join(parts)}</svg>'
    )
