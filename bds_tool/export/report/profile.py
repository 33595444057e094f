"""The profile of one area: its figures in the order of a set, what stands out, and what cannot be shown and why.

The page on the site and the factsheet are made from this, so they say the same and drop nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypedDict, cast

from bds_tool.base.specs import read_yaml, specs_dir
from bds_tool.base.text import language, plural, t
from bds_tool.export.report import cells, marks, words
from bds_tool.export.report.book import Area, Book, Indicator, theme_title
from bds_tool.indicators.told import Row, rows_of

KEY: Final = "kern"


@dataclass(frozen=True)
class Line:
    """One indicator of one area that can be shown; every figure in it is one of `row`, `over` or `parent`."""

    indicator: Indicator
    sentence: str
    row: Row
    side: str
    words: str
    trend: str
    course: str
    years: tuple[Row, ...]
    over: Row | None
    parent: Row | None

    @property
    def value(self) -> str:
        return cells.value(self.row, self.indicator.unit)

    @property
    def figure(self) -> tuple[str, str]:
        """The value as number and unit: a unit of words is set smaller."""
        number, unit = self.value, self.indicator.unit
        return (
            (number.removesuffix(f" {unit}"), unit) if unit and number.endswith(f" {unit}") else (number, "")
        )

    @property
    def interval(self) -> str:
        return (
            t("klasse", "class") if cells.coded(self.row) else cells.interval(self.row, self.indicator.unit)
        )

    @property
    def beside(self) -> str:
        return cells.value(self.over, self.indicator.unit) if self.over and cells.shown(self.over) else ""

    @property
    def above(self) -> str:
        return (
            cells.value(self.parent, self.indicator.unit) if self.parent and cells.shown(self.parent) else ""
        )

    @property
    def weight(self) -> float:
        """How far the value lies from the region, in half intervals: the order of what stands out."""
        value, over = self.row.get("value"), self.row.get("reference")
        low, high = self.row.get("lower"), self.row.get("upper")
        if low is None or high is None or over is None or value is None or high <= low:
            return 0.0
        return float(abs(value - over) / ((high - low) / 2))


@dataclass(frozen=True)
class Signal:
    """What stands out: a tested difference with the rest, or a tested trend."""

    line: Line
    title: str
    text: str
    side: str


@dataclass(frozen=True)
class Profile:
    """All indicators of the result for one area and period, each exactly once: shown, or folded under a word."""

    area: Area
    period: str
    groups: tuple[tuple[str, str, tuple[Line, ...]], ...]
    folded: tuple[tuple[str, str, tuple[Indicator, ...]], ...]
    signals: tuple[Signal, ...]
    #: Comparisons with the rest and trends that the result tested for what is shown here.
    compared: int
    trends: int

    @property
    def lines(self) -> list[Line]:
        return [line for _, _, lines in self.groups for line in lines]


class Profiles:
    """Profiles from one book; what holds for all areas is worked out once."""

    def __init__(self, book: Book, *, region: str = "", key: Sequence[str] = ()) -> None:
        self.book = book
        top = book.top
        self.region = region or (top.name if top and top.code != "totaal" else t("de regio", "the region"))
        texts = _texts()
        self.key = [k for k in (key or texts[KEY]) if k in book.indicators]
        tongue = "en" if language() == "en" else "nl"
        self.sentences = {k: str(v[tongue]) for k, v in texts["zinnen"].items()}
        self._fields: dict[tuple[str, str], dict[str, marks.Field]] = {}

    @cached_property
    def wide(self) -> str:
        """The period of all years together, or the last year where the result has none."""
        return self.book.wide

    def full_name(self, area: Area) -> str:
        """A wijk with its gemeente: many gemeenten have a Centrum."""
        above = self.book.areas.get(area.parent or "")
        return area.name if above is None or above == self.book.top else f"{area.name} ({above.name})"

    @cached_property
    def above(self) -> dict[tuple[str, str], Row]:
        top = self.book.top
        if top is None:
            return {}
        rows = rows_of(self.book.rows(area=top.code))
        return {(r["indicator"], r["period"]): r for r in rows}

    def fields(self, level: str, period: str) -> dict[str, marks.Field]:
        """Per indicator the shown values of all areas of a level."""
        key = (level, period)
        if key not in self._fields:
            rows = self.book.rows(level=level, period=period).select(
                "indicator", "status", "value", "lower", "upper"
            )
            found: dict[str, list[Row]] = {}
            for row in rows_of(rows):
                if cells.shown(row) or cells.coded(row):
                    found.setdefault(row["indicator"], []).append(row)
            self._fields[key] = {k: marks.field(v, self.book.indicators[k].unit) for k, v in found.items()}
        return self._fields[key]

    def of(
        self,
        area: Area,
        period: str,
        rows: Mapping[tuple[str, str], Row],
        parent: Mapping[tuple[str, str], Row],
    ) -> Profile:
        """The profile of `area`; `rows` and `parent`: (indicator, period) → row of the area and of its gemeente."""
        shown: dict[str, Line] = {}
        folded: dict[str, list[Indicator]] = {}
        single = [p for p in self.book.periods if "-" not in p]
        for indicator in self.book.indicators.values():
            row = rows.get((indicator.id, period))
            if row is None or not (cells.shown(row) or cells.coded(row)):
                folded.setdefault(words.absent(row), []).append(indicator)
                continue
            over = None if area == self.book.top else self.above.get((indicator.id, period))
            side, told = words.compared(row, self.region, over)
            trend, course = words.course(row)
            line = [rows[indicator.id, p] for p in single if (indicator.id, p) in rows]
            shown[indicator.id] = Line(
                indicator,
                self.sentences.get(indicator.id, ""),
                row,
                side,
                told,
                trend,
                course,
                tuple(line),
                over,
                parent.get((indicator.id, period)),
            )
        lines = list(shown.values())
        return Profile(
            area,
            period,
            tuple(self._groups(shown)),
            tuple((w, words.reason(w), tuple(found)) for w, found in sorted(folded.items())),
            tuple(self._signals(lines)),
            sum(line.side in {"hi", "lo", "eq"} for line in lines),
            sum(line.trend in {"up", "down", "flat"} for line in lines),
        )

    def _groups(self, shown: Mapping[str, Line]) -> list[tuple[str, str, tuple[Line, ...]]]:
        first = [shown[k] for k in self.key if k in shown]
        groups = [(KEY, t("Het eerst", "First"), tuple(first))] if first else []
        for theme, members in self.book.themes.items():
            rest = tuple(shown[i.id] for i in members if i.id in shown and i.id not in self.key)
            if rest:
                groups.append((theme, theme_title(theme), rest))
        return groups

    def _signals(self, lines: Sequence[Line]) -> list[Signal]:
        """Differences first, the largest (in half intervals) on top; then trends."""
        differing = sorted((x for x in lines if x.side in {"hi", "lo"}), key=lambda x: -x.weight)
        moving = [x for x in lines if x.trend in {"up", "down"} and x not in differing]
        found = []
        for line in differing:
            more = (
                t(f", en het {line.course}", f", and it {line.course}")
                if line.trend in {"up", "down"}
                else ""
            )
            against = t(f"{line.value} tegen {line.beside}", f"{line.value} against {line.beside}")
            found.append(
                Signal(
                    line,
                    f"{line.indicator.title}: {line.words}{more}",
                    against if line.beside else line.value,
                    line.side,
                )
            )
        for line in moving:
            ends = [r for r in line.years if cells.shown(r)]
            text = line.value
            if len(ends) > 1:
                first, last = ends[0], ends[-1]
                text = t(
                    f"van {cells.value(first, line.indicator.unit)} in {first['period']} naar {cells.value(last, line.indicator.unit)} in {last['period']}",
                    f"from {cells.value(first, line.indicator.unit)} in {first['period']} to {cells.value(last, line.indicator.unit)} in {last['period']}",
                )
            if line.words:
                text += f"; {line.words}"
            found.append(Signal(line, f"{line.indicator.title}: {line.course}", text, line.side))
        return found

    def basis(self, profile: Profile) -> str:
        """How many comparisons stand behind what stands out, and how often chance alone would give one."""
        settings = self.book.result.meta.get("settings", {})
        none = t("Geen", "None")
        hits = sum(s.side in {"hi", "lo"} for s in profile.signals)
        moves = sum(line.trend in {"up", "down"} for line in profile.lines)
        told = []
        if profile.compared:
            told.append(
                t(
                    f"{hits or none} van de {plural(profile.compared, 'vergelijking', 'vergelijkingen')} met {self.region} {'springt' if hits < 2 else 'springen'} eruit.",
                    f"{hits or none} of {plural(profile.compared, 'comparison', 'comparisons')} with {self.region} {'stands' if hits < 2 else 'stand'} out.",
                )
            )
        if profile.trends:
            told.append(
                t(
                    f"{moves or none} van de {plural(profile.trends, 'getoetst verloop', 'getoetste reeksen')} {'stijgt of daalt' if moves < 2 else 'stijgen of dalen'}.",
                    f"{moves or none} of {plural(profile.trends, 'tested series', 'tested series')} {'rises or falls' if moves < 2 else 'rise or fall'}.",
                )
            )
        if told and "Benjamini-Hochberg" in settings.get("multiplicity", ""):
            alpha = f"{100 * settings.get('alpha', 0.05):g}"
            told.append(
                t(
                    f"Er is gecorrigeerd voor het aantal gebieden (Benjamini-Hochberg): is er nergens een verschil, dan geeft toch ongeveer {alpha}\u00a0% van de cijfers ergens een uitschieter.",
                    f"The number of areas was corrected for (Benjamini-Hochberg): if there is no difference anywhere, still about {alpha}\u00a0% of the figures stand out somewhere.",
                )
            )
        return " ".join(told)

    def mapped(self, profile: Profile, inside: Mapping[str, Mapping[str, Row]], parts: int) -> str | None:
        """The figure to put on a map of the parts of an area: what stands out goes first, if half of them show it."""
        order = [s.line.indicator.id for s in profile.signals] + [x.indicator.id for x in profile.lines]
        for enough in (0.5, 0.0):
            for key in dict.fromkeys(order):
                shown = sum(key in rows and cells.shown(rows[key]) for rows in inside.values())
                if shown > 1 and shown >= enough * parts:
                    return key
        return None

    def picture(self, line: Line, area: Area, period: str) -> tuple[str, str]:
        """The strip of a line, and the same in words."""
        fields = self.fields(area.level, period)
        ground = fields.get(line.indicator.id) or marks.field([], line.indicator.unit)
        own = t(f"{area.name} {line.value}", f"{area.name} {line.value}")
        parts = [own]
        if line.interval and not cells.coded(line.row):
            parts.append(t(f"95 %-interval {line.interval}", f"95 % interval {line.interval}"))
        if line.beside:
            parts.append(f"{self.region} {line.beside}")
        if len(ground.values) > 1:
            unit = line.indicator.unit
            low, high = (
                cells.value({"status": "ok", "value": v}, unit) for v in (ground.values[0], ground.values[-1])
            )
            parts.append(t(f"andere gebieden van {low} tot {high}", f"other areas from {low} to {high}"))
        over = line.over["value"] if line.over and cells.shown(line.over) else None
        told = "; ".join(parts)
        return marks.strip(line.row, ground, line.side, over, told), told


class _Texts(TypedDict):
    """What of specs/teksten/indicatoren.yaml a profile reads: what comes first, and each indicator in a sentence."""

    kern: list[str]
    zinnen: dict[str, dict[str, str]]


def _texts() -> _Texts:
    path = specs_dir() / "teksten" / "indicatoren.yaml"
    return cast("_Texts", dict(read_yaml(path))) if path.is_file() else {KEY: [], "zinnen": {}}
