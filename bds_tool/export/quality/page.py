"""The page of `bds quality`: one HTML file without network or script, without keys of dossiers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bds_tool.base.text import number
from bds_tool.export.page import ours, rendered
from bds_tool.export.quality import score as scoring
from bds_tool.export.quality import telling
from bds_tool.export.quality.rates import Quality, Series
from bds_tool.export.quality.units import kinds, settings
from bds_tool.validate.tables import element_name

_WIDE, _HIGH = 220, 54
#: Kinds of findings that get a drawing; the table below has all of them.
DRAWN = 24


def page(found: Quality) -> str:
    """The whole page. Needs jinja2 (extra `report`)."""
    whole = found.of_unit("")
    last = [s for s in telling.ranked(whole) if any(s.n)]
    moved = []
    if len(found.labels) > 1 and found.items[""][-1] and found.items[""][-2]:
        moved = scoring.moved(found.items[""][-2], found.items[""][-1])
    return rendered(
        Path(__file__).parent / "templates" / "quality.html", share=telling.share, what=telling.what, change=telling.change, found=found, last=last, drawn=last[:DRAWN], turned=telling.turned(whole), moved=moved,
        score_line=_line(list(found.scores[""]), [None] * len(found.labels), [None] * len(found.labels), 100.0),
        series_line=_of_series, units=[u for u in found.scores if u], unit_word=kinds().get(found.kind, ""),
        unit_rows=_unit_rows(found), alpha=number(100 * float(settings()["omslag"]["alfa"])),
        habit=telling.habit, alike=telling.alike(found), burden_line=telling.burden_line(found), name=element_name, threshold=settings()["omslag"]["minstens_leveringen"],
    )  # fmt: skip


def _of_series(s: Series) -> Any:  # noqa: ANN401  # markupsafe is there when jinja2 is
    at = range(len(s.n))
    shares = [s.rate(i) for i in at]
    top = max([*(h for h in s.high if h is not None), 0.001])
    return _line(shares, s.low, s.high, top)


def _line(values: list[float | None], low: list[float | None], high: list[float | None], top: float) -> Any:  # noqa: ANN401
    """Points with a line and a band; a delivery without a value keeps its place. Numbers only: nothing to escape."""
    step = (_WIDE - 12) / max(len(values) - 1, 1)

    def at(i: int, v: float) -> str:
        return f"{6 + i * step:.1f},{_HIGH - 5 - min(v / top, 1) * (_HIGH - 10):.1f}"

    known = [(i, v) for i, v in enumerate(values) if v is not None]
    band = [
        (i, a, b) for i, (a, b) in enumerate(zip(low, high, strict=True)) if a is not None and b is not None
    ]
    shape = ""
    if len(band) > 1:
        points = [at(i, b) for i, _, b in band] + [at(i, a) for i, a, _ in reversed(band)]
        shape = f'<polygon class="band" points="{" ".join(points)}"/>'
    line = (
        f'<polyline class="line" points="{" ".join(at(i, v) for i, v in known)}"/>' if len(known) > 1 else ""
    )
    dots = ""
    if known:
        x, y = at(*known[-1]).split(",")
        dots = f'<circle class="dot" cx="{x}" cy="{y}" r="3"/>'
    drawing = f'<svg viewBox="0 0 {_WIDE} {_HIGH}" aria-hidden="true">{shape}{line}{dots}</svg>'
    return ours(drawing)


def _unit_rows(found: Quality) -> list[dict[str, object]]:
    """Per unit of the last delivery: score, dossiers, errors, and the kind that it has most against the whole."""
    rows: list[dict[str, object]] = []
    for unit in (u for u in found.scores if u):
        mine = telling.ranked(found.of_unit(unit))
        worst = next((s for s in mine if s.n[-1]), None)
        rows.append(
            {
                "unit": unit,
                "score": found.scores[unit][-1],
                "dossiers": found.dossiers[unit][-1],
                "errors": sum(s.n[-1] for s in mine if s.severity == "fout"),
                "worst": ""
                if worst is None
                else f"{telling.what(found, worst)}: {telling.share(worst.rate(len(worst.n) - 1))}",
                "turned": [
                    f"{telling.what(found, s)}: {telling.change(found, s)}" for s in telling.turned(mine)[:3]
                ],
            }
        )
    return rows
