"""Growth curves: the lines of a reference from -2 to +2 SD, the child's own line, and what does not count beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bds_tool.base.escaping import markup
from bds_tool.base.text import number, t
from bds_tool.export.dossier.derived import column_of, reference, z_of
from bds_tool.indicators.growth import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bds_tool.export.dossier.derived import Derived
    from bds_tool.indicators.growth import Lms

#: Element (0: calculated) → measure, column of view groei, factor, decimals, title, unit.
CHARTS: tuple[tuple[int, str, str, float, int, tuple[str, str], str], ...] = (
    (235, "hgt", "lengte", 0.1, 1, ("Lengte", "Height"), "cm"),
    (245, "wgt", "gewicht", 0.001, 2, ("Gewicht", "Weight"), "kg"),
    (252, "hdc", "hoofdomtrek", 0.1, 1, ("Hoofdomtrek", "Head circumference"), "cm"),
    (0, "bmi", "bmi", 1.0, 1, ("BMI", "BMI"), "kg/m²"),
)
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 520.0, 300.0, 40.0, 498.0, 14.0, 272.0
_SD = (-2, -1, 0, 1, 2)


@dataclass(frozen=True)
class Point:
    """A measurement: age in days, value in the unit of the chart, z where the reference has one; `doubt`: a rule."""

    day: int
    value: float
    z: float | None
    doubt: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawn chart with the sentence that says the same."""

    title: str
    svg: str
    sentence: str
    note: str


def charts(derived: Derived, doubted: Sequence[tuple[int, int, float, str]]) -> list[Chart]:
    """A chart for each measure with a measurement. `doubted`: (element, age in days, value, code) of those that do not count."""
    out = []
    for element, measure, column, factor, decimals, title, unit in CHARTS:
        known = [(r, v) for r in derived.growth if (v := column_of(r, column)) is not None]
        points = [
            Point(r["dag"], v * factor, r["z_bmi"] if measure == "bmi" else z_of(r, element))
            for r, v in known
        ]
        points += [Point(day, value * factor, None, code) for e, day, value, code in doubted if e == element]
        points.sort(key=lambda p: p.day)
        if points:
            chart = known[-1][0]["kaart"] if known else derived.child["kaart"]
            found = reference(measure, chart, derived.child["sex"])
            out.append(_chart(t(*title), unit, decimals, points, found))
    return out


def _chart(title: str, unit: str, decimals: int, points: list[Point], found: tuple[str, Lms] | None) -> Chart:
    sentence = _sentence(title, unit, decimals, points)
    if found is None:
        note = t(
            "Zonder bekend geslacht of referentie zijn er geen lijnen.",
            "Without a known sex or reference there are no lines.",
        )
    else:
        note = t(
            f"{unit} naar leeftijd; referentie {found[0]}, lijnen in SD.",
            f"{unit} by age; reference {found[0]}, lines in SD.",
        )
    return Chart(title, _svg(unit, decimals, points, found[1] if found else None, sentence), sentence, note)


def _sentence(title: str, unit: str, decimals: int, points: list[Point]) -> str:
    good = [p for p in points if not p.doubt]
    left = len(points) - len(good)
    many = t(f"{len(good)} metingen", f"{len(good)} measurements")
    if len(good) == 1:
        many = t("1 meting", "1 measurement")
    text = f"{title}: {many}"
    if good:
        last = good[-1]
        text += t(", de laatste ", ", the last ") + f"{number(last.value, decimals)} {unit} "
        text += t(f"op {age(last.day)}", f"at {age(last.day)}")
        text += f" ({sd(last.z)})" if last.z is not None else ""
    if left:
        text += t(
            f"; {left} {'telt' if left == 1 else 'tellen'} niet mee",
            f"; {left} {'does' if left == 1 else 'do'} not count",
        )
    return text + "."


def sd(z: float | None) -> str:
    """A z-score for people: −0,9 SD."""
    return "" if z is None else f"{'−' if round(z, 1) < 0 else ''}{number(abs(z), 1)} SD"


def age(days: int) -> str:
    """An age for people: days in the first weeks, weeks in the first months, months to two years, years after that."""
    if days < 14:
        return t(f"{days} {'dag' if days == 1 else 'dagen'}", f"{days} {'day' if days == 1 else 'days'}")
    if days < 92:
        return t(f"{days // 7} weken", f"{days // 7} weeks")
    months = int(days / DAYS_PER_YEAR * 12)
    if months < 24:
        return t(f"{months} maanden", f"{months} months")
    years, rest = divmod(months, 12)
    extra = t(
        f" en {rest} {'maand' if rest == 1 else 'maanden'}",
        f" and {rest} {'month' if rest == 1 else 'months'}",
    )
    return t(f"{years} jaar", f"{years} years") + (extra if rest else "")


# ---- DRAWING ---- #


def _svg(unit: str, decimals: int, points: list[Point], table: Lms | None, sentence: str) -> str:
    span = max(max(p.day for p in points) / DAYS_PER_YEAR * 1.04, 0.25)
    steps = [span * i / 60 for i in range(61)]
    lines = [] if table is None else [(z, _along(table, z, steps)) for z in _SD]
    values = [p.value for p in points] + [y for _, line in lines for _, y in line]
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or high * 0.05 or 1.0
    low, high = max(low - room, 0.0), high + room

    def x(years: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * years / span

    def y(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - low) / (high - low)

    parts = [*_grid(span, low, high, x, y)]
    for z, line in lines:
        if line:
            path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in line)
            parts.append(f'<polyline points="{path}" class="c{abs(z)}"/>')
            sign = f"{z:+d}".replace("-", "−") if z else "0"
            parts.append(f'<text x="{_RIGHT + 3}" y="{y(line[-1][1]) + 3:.1f}" class="t">{sign}</text>')
    good = [p for p in points if not p.doubt]
    own = " ".join(f"{x(p.day / DAYS_PER_YEAR):.1f},{y(p.value):.1f}" for p in good)
    parts.append(f'<polyline points="{own}" class="own"/>')
    for p in points:
        told = f"{number(p.value, decimals)} {unit}, {age(p.day)}" + (
            f", {sd(p.z)}" if p.z is not None else ""
        )
        place = f'cx="{x(p.day / DAYS_PER_YEAR):.1f}" cy="{y(p.value):.1f}"'
        if p.doubt:
            words = t("telt niet mee", "does not count")
            parts.append(
                f'<g class="bad"><circle {place} r="5"><title>{markup(told)}: {words} ({p.doubt})</title></circle></g>'
            )
        else:
            parts.append(f'<circle {place} r="3.4" class="p"><title>{markup(told)}</title></circle>')
    return f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{markup(sentence)}">{"".join(parts)}</svg>'


def _along(table: Lms, z: int, steps: list[float]) -> list[tuple[float, float]]:
    return [(a, b) for a, b in zip(steps, map(float, table.y(z, steps)), strict=True) if b == b]  # noqa: PLR0124


def _grid(span: float, low: float, high: float, x: Any, y: Any) -> list[str]:  # noqa: ANN401
    out = []
    months = next(m for m in (1, 2, 3, 6, 12, 24, 36, 48) if span * 12 / m <= 8 or m == 48)
    for month in range(0, int(span * 12) + 1, months):
        at = x(month / 12)
        word = t(f"{month // 12} j", f"{month // 12} y") if months >= 12 else t(f"{month} mnd", f"{month} mo")
        out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_BOTTOM}" class="g"/>')
        out.append(f'<text x="{at:.1f}" y="288" class="t" text-anchor="middle">{word}</text>')
    step = next(
        (s for s in (0.5, 1, 2, 5, 10, 20, 50, 100, 200) if (high - low) / s <= 8), max((high - low) / 8, 1.0)
    )
    value = step * (int(low / step) + 1)
    while value < high:
        out.append(f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="g"/>')
        out.append(
            f'<text x="{_LEFT - 6}" y="{y(value) + 3:.1f}" class="t" text-anchor="end">{number(value, 0 if step >= 1 else 1)}</text>'
        )
        value += step
    return out
