"""Drawing SVG: a few shapes, text that wraps nowhere, and a picture with a title and a text alternative."""

from __future__ import annotations

from collections.abc import Iterable

from bds_tool.base.escaping import markup

#: Dark enough for text on white (WCAG AA) and told apart in greyscale and by colour-blind people.
BLUE = "#1b4f7a"
ORANGE = "#a64b00"
GREEN = "#2e6b4f"
GREY = "#595959"
LIGHT = "#d5dde5"
LINES = ((BLUE, ""), (ORANGE, "7 4"), (GREEN, "2 3"), (GREY, "9 3 2 3"))
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
#: Hatching for what is hidden: it never looks like zero.
HATCH = (
    '<pattern id="verborgen" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#fff"/><line x1="0" y1="0" x2="0" y2="6" stroke="#8a8a8a" stroke-width="2"/>'
    "</pattern>"
)


def picture(width: float, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    """A whole SVG; `description` is the text alternative. It scales to the width of its place."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'font-family="{markup(FONT)}" font-size="13" style="max-width:{width:g}px;width:100%;height:auto">'
        f"<title>{markup(title)}</title><desc>{markup(description)}</desc><defs>{HATCH}</defs>"
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>{"".join(parts)}</svg>'
    )


def text(
    x: float,
    y: float,
    content: str,
    *,
    anchor: str = "start",
    size: float = 13,
    fill: str = "#1a1a1a",
    bold: bool = False,
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}" fill="{fill}"{weight}>'
        f"{markup(content)}</text>"
    )


def line(
    x1: float, y1: float, x2: float, y2: float, *, stroke: str = GREY, width: float = 1, dash: str = ""
) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
        f'stroke-width="{width:g}"{dashes}/>'
    )


def rect(x: float, y: float, width: float, height: float, *, fill: str, stroke: str = "none") -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" fill="{fill}" '
        f'stroke="{stroke}"/>'
    )


def path(
    d: str, *, fill: str = "none", stroke: str = BLUE, width: float = 2, dash: str = "", title: str = ""
) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    inside = f"<title>{markup(title)}</title>" if title else ""
    return f'<path d="{d}" fill="{fill}" stroke="{stroke}" stroke-width="{width:g}"{dashes}>{inside}</path>'


def marker(x: float, y: float, shape: int, fill: str) -> str:
    """Circle, square, triangle, diamond: series differ in form as well as in colour."""
    if shape == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}"/>'
    if shape == 1:
        return rect(x - 4, y - 4, 8, 8, fill=fill)
    points = (
        f"{x:.1f},{y - 5:.1f} {x + 5:.1f},{y + 4:.1f} {x - 5:.1f},{y + 4:.1f}"
        if shape == 2
        else f"{x:.1f},{y - 5:.1f} {x + 5:.1f},{y:.1f} {x:.1f},{y + 5:.1f} {x - 5:.1f},{y:.1f}"
    )
    return f'<polygon points="{points}" fill="{fill}"/>'


def nice_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers that span low..high: steps of 1, 2 or 5 times a power of ten."""
    from math import ceil, floor, log10

    if high <= low:
        high = low + 1
    raw = (high - low) / wanted
    base = 10 ** floor(log10(raw))
    step = next(s * base for s in (1, 2, 5, 10) if s * base >= raw)
    first, last = floor(low / step), ceil(high / step)
    return [round(i * step, 10) for i in range(first, last + 1)]
