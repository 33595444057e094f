"""The static site: start page, themes, a page per gemeente, comparison, method and data. No network, no server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.escaping import cells as safe_cells
from bds_tool.base.escaping import markup
from bds_tool.base.files import atomic_dir
from bds_tool.base.names import child, file_name
from bds_tool.base.text import language, t
from bds_tool.export.report import cells, charts
from bds_tool.export.report.book import Area, Book, Indicator, theme_title
from bds_tool.export.report.columns import COLUMNS, csvw, json_schema
from bds_tool.export.report.draw import feeding
from bds_tool.export.report.milk import FEEDING
from bds_tool.export.report.tables import long_table

if TYPE_CHECKING:
    import polars as pl
    from jinja2 import Environment

HERE = Path(__file__).parent
#: Files of the folder `data` that belong to no area.
TAKEN = ("index", "gemeenten", "indeling", "gebied.schema")
#: Above this number of gemeenten a ranked chart says less than a table.
RANKED_MAX = 40
#: Columns of the JSON files; what is the same for a whole indicator or area is in the CSV only.
JSON_COLUMNS = [
    c
    for c in COLUMNS
    if c not in {"title", "theme", "unit", "area_name", "sex", "education", "age", "origin", "mother_age"}
]


@dataclass(frozen=True)
class Built:
    """What was built: pages and bytes."""

    pages: int
    bytes: int


def build_site(book: Book, out: Path, *, title: str = "", demo: bool = False, replace: bool = False) -> Built:
    """Build the site of a protected result in `out`, whole or not at all. Needs the extra `report` (jinja2)."""
    with atomic_dir(out, replace=replace) as folder:
        site = _Site(book, folder, title or t("Jeugd in Beeld", "Youth in view"), demo=demo)
        site.build()
        sizes = [p.stat().st_size for p in folder.rglob("*") if p.is_file()]
    return Built(site.pages, sum(sizes))


def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader
    except ImportError as error:
        raise UsageError(
            t("Voor de site is het pakket jinja2 nodig.", "The site needs the package jinja2."),
            'pip install "bds-tool[report]"',
        ) from error
    made = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)
    made.filters["file"] = file_name
    made.filters["data_file"] = partial(file_name, taken=TAKEN)
    return made


class _Site:
    def __init__(self, book: Book, folder: Path, title: str, *, demo: bool) -> None:
        self.book = book
        self.folder = folder
        self.title = title
        self.demo = demo
        self.environment = _environment()
        self.pages = 0
        facts = book.provenance()
        self.common = {
            "site": title,
            "lang": language(),
            "t": t,
            "program": facts["program"],
            "created": str(facts["created"])[:10],
            "period": book.latest,
        }

    @cached_property
    def gemeenten(self) -> list[Area]:
        return self.book.of_level("gemeente")

    def build(self) -> None:
        for part in ("gebied", "thema", "data"):
            (self.folder / part).mkdir()
        shutil.copytree(HERE / "static", self.folder / "static")
        self._start()
        for theme, indicators in self.book.themes.items():
            self._theme(theme, indicators)
        self._gemeenten()
        self._compare()
        self._method()
        self._data_page()

    def _page(self, name: str, template: str, title: str, **values: Any) -> None:  # noqa: ANN401
        root = "../" * name.count("/")
        page = self.environment.get_template(template).render(title=title, root=root, **self.common, **values)
        (self.folder / name).write_text(page, encoding="utf-8", newline="\n")
        self.pages += 1

    # ---- pages -----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        themes = []
        for key, indicators in self.book.themes.items():
            themes.append(
                {
                    "key": key,
                    "title": theme_title(key),
                    "count": len(indicators),
                    "example": self._example(indicators),
                }
            )
        self._page(
            "index.html", "index.html", self.title, themes=themes, areas=self.gemeenten, demo=self.demo
        )

    def _example(self, indicators: list[Indicator]) -> str:
        if self.book.top is None:
            return ""
        rows = self.book.rows(
            indicator=[i.id for i in indicators], area=self.book.top.code, period=self.book.latest
        )
        for row in rows.iter_rows(named=True):
            if cells.shown(row):
                known = self.book.indicators[row["indicator"]]
                return f"{known.title}: {cells.value(row, known.unit)}".replace(" %", "\xa0%")
        return ""

    def _theme(self, theme: str, indicators: list[Indicator]) -> None:
        from markupsafe import Markup

        latest = self.book.rows(
            indicator=[i.id for i in indicators], level="gemeente", period=self.book.latest
        )
        by_indicator = {str(key[0]): part for key, part in latest.group_by("indicator")}
        top = self.book.top
        above = self.book.rows(indicator=[i.id for i in indicators], area=top.code) if top else None
        items = []
        for indicator in indicators:
            part = by_indicator.get(indicator.id)
            rows = part.sort("area_name").to_dicts() if part is not None else []
            over = (
                [r for r in above.to_dicts() if r["indicator"] == indicator.id] if above is not None else []
            )
            reference = next((r["value"] for r in over if r["period"] == self.book.latest), None)
            points = [charts.Point.of(r, r["area_name"] or r["area"]) for r in rows]
            told = (top.name, reference) if top and reference is not None else None
            chart = (
                charts.ranked(indicator.title, points, indicator.unit, told)
                if 0 < len(points) <= RANKED_MAX
                else ""
            )
            years = sorted((r for r in over if "-" not in r["period"]), key=lambda r: r["period"])
            line = [charts.Point.of(r, r["period"]) for r in years]
            trend = (
                charts.trend(f"{indicator.title}, {top.name}", {top.name: line}, indicator.unit)
                if top and len(line) > 1
                else ""
            )
            items.append(
                {
                    "anchor": indicator.id.lower(),
                    "title": indicator.title,
                    "chart": Markup(chart),  # noqa: S704  # our own SVG, escaped where it is made
                    "trend": Markup(trend),  # noqa: S704
                    "rows": [self._cells(r, indicator) | {"name": r["area_name"] or r["area"]} for r in rows],
                    "notes": indicator.caveats,
                }
            )
        # Of the youngest children later moments are still to come; all years together have them all.
        lead = (
            feeding(self.book, period=self.book.periods[-1])
            if top and any(i.id in FEEDING for i in indicators)
            else ""
        )
        self._page(
            f"thema/{file_name(theme)}.html",
            "thema.html",
            theme_title(theme),
            items=items,
            lead=Markup(lead),  # noqa: S704
        )

    @staticmethod
    def _cells(row: dict[str, Any], indicator: Indicator) -> dict[str, Any]:
        return {
            "v": "" if row["value"] is None else f"{row['value']:.6g}",
            "value": cells.value(row, indicator.unit),
            "interval": cells.interval(row, indicator.unit),
            "n": "" if row["n"] is None else row["n"],
            "count": cells.count(row["n"]),
        }

    def _gemeenten(self) -> None:
        """One page and two data files per gemeente; the rows of each are taken apart once."""
        import polars as pl

        totals = self.book.rows()
        holder = {a.code: (a.code if a.level == "gemeente" else a.parent) for a in self.book.areas.values()}
        keyed = totals.with_columns(
            pl.col("area").replace_strict(holder, default=None, return_dtype=pl.String).alias("_gm")
        )
        parts = {
            str(k[0]): p
            for k, p in keyed.filter(pl.col("_gm").is_not_null()).partition_by("_gm", as_dict=True).items()
        }
        top = self.book.top
        above = {}
        if top:
            for row in totals.filter(
                pl.col("area") == top.code, pl.col("period") == self.book.latest
            ).iter_rows(named=True):
                above[row["indicator"]] = row
        for area in self.gemeenten:
            part = parts.get(area.code)
            if part is not None:
                self._gemeente(area, part.drop("_gm"), above)

    def _gemeente(self, area: Area, part: pl.DataFrame, above: dict[str, dict[str, Any]]) -> None:
        own: dict[tuple[str, str], dict[str, Any]] = {}
        inside: dict[tuple[str, str], dict[str, Any]] = {}
        wide = self.book.periods[-1] if "-" in self.book.periods[-1] else self.book.latest
        for row in part.iter_rows(named=True):
            if row["area"] == area.code:
                own[row["indicator"], row["period"]] = row
            elif row["period"] == wide:
                inside[row["indicator"], row["area"]] = row
        wijken = [a for a in self.book.children(area.code) if any(k[1] == a.code for k in inside)]
        themes = []
        for key, indicators in self.book.themes.items():
            rows = [self._line(i, own, above) for i in indicators if (i.id, self.book.latest) in own]
            table = [self._wijk_line(i, wijken, inside) for i in indicators] if wijken else []
            if rows:
                themes.append(
                    {"key": key, "title": theme_title(key), "rows": rows, "wijken": [w for w in table if w]}
                )
        self._page(
            f"gebied/{file_name(area.code)}.html",
            "gebied.html",
            area.name,
            area=area,
            themes=themes,
            wijken=wijken,
            wide_period=wide,
            top=self.book.top.name if self.book.top else "",
        )
        self._data_files(area.code, part)

    def _line(
        self,
        indicator: Indicator,
        own: dict[tuple[str, str], dict[str, Any]],
        above: dict[str, dict[str, Any]],
    ) -> dict[str, Any]:
        from markupsafe import Markup

        row = own[indicator.id, self.book.latest]
        over = above.get(indicator.id)
        years = [own.get((indicator.id, p)) for p in self.book.periods if "-" not in p]
        return self._cells(row, indicator) | {
            "id": indicator.id,
            "title": indicator.title,
            "rv": "" if over is None or over["value"] is None else f"{over['value']:.6g}",
            "reference": "" if over is None else cells.value(over, indicator.unit),
            "spark": Markup(_spark(years, indicator)),  # noqa: S704  # our own SVG
        }

    def _wijk_line(
        self, indicator: Indicator, wijken: list[Area], inside: dict[tuple[str, str], dict[str, Any]]
    ) -> dict[str, Any] | None:
        found = [inside.get((indicator.id, w.code)) for w in wijken]
        if not any(found):
            return None
        return {
            "title": indicator.title,
            "cells": [
                {
                    "v": "" if r is None or r["value"] is None else f"{r['value']:.6g}",
                    "text": cells.NO_DATA if r is None else cells.value(r, indicator.unit),
                }
                for r in found
            ],
        }

    def _data_files(self, code: str, part: pl.DataFrame) -> None:
        table = long_table(self.book, part)
        safe_cells(table).write_csv(child(self.folder / "data", code, ".csv", taken=TAKEN))
        slim = table.select(JSON_COLUMNS)
        content = {"kolommen": slim.columns, "rijen": slim.rows()}
        child(self.folder / "data", code, ".json", taken=TAKEN).write_text(
            json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
        )

    def _compare(self) -> None:
        rows = self.book.rows(level="gemeente", period=self.book.latest)
        table = long_table(self.book, rows)
        safe_cells(table).write_csv(self.folder / "data" / "gemeenten.csv")
        themes = list(self.book.themes)
        indicators = list(self.book.indicators.values())
        values: dict[tuple[str, str], Any] = {}
        for row in rows.iter_rows(named=True):
            # null = hidden, "" = no data: the page shows them as * and –; a class is text.
            figure = round(row["value"], 4) if row["value"] is not None else None if cells.hidden(row) else ""
            if cells.coded(row):
                figure = cells.value(row, self.book.indicators[row["indicator"]].unit)
            values[row["area"], row["indicator"]] = figure
        data = {
            "themas": [theme_title(k) for k in themes],
            "indicatoren": [[i.title, themes.index(i.theme), i.unit] for i in indicators],
            "gebieden": [[a.code, a.name] for a in self.gemeenten],
            "waarden": [[values.get((a.code, i.id), "") for i in indicators] for a in self.gemeenten],
        }
        script = f"window.bdsGemeenten={json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n"
        (self.folder / "data" / "gemeenten.js").write_text(script, encoding="utf-8")
        self._page("vergelijk.html", "vergelijk.html", t("Gebieden vergelijken", "Compare areas"))

    def _method(self) -> None:
        facts = self.book.provenance()
        indicators = [
            {
                "title": i.title,
                "id": i.id,
                "theme": theme_title(i.theme),
                "source": i.source,
                "caveats": i.caveats,
            }
            for i in self.book.indicators.values()
        ]
        self._page(
            "methode.html",
            "methode.html",
            t("Uitleg en methode", "Method"),
            statement=self.book.statement(),
            symbols=cells.legend(),
            bds=", ".join(facts["bds_versions"]),
            notes=facts["notes"],
            indicators=indicators,
        )

    def _data_page(self) -> None:
        layout = csvw(self.book, "GMnnnn.csv")
        (self.folder / "data" / "indeling.json").write_text(
            json.dumps(layout, ensure_ascii=False, indent=1), encoding="utf-8"
        )
        (self.folder / "data" / "gebied.schema.json").write_text(
            json.dumps(json_schema(JSON_COLUMNS), ensure_ascii=False, indent=1), encoding="utf-8"
        )
        self._page("data/index.html", "data.html", t("Gegevens", "Data"), areas=self.gemeenten)


def _spark(years: list[dict[str, Any] | None], indicator: Indicator) -> str:
    """A tiny line over the years, with the figures as its text alternative."""
    known = [(i, r["value"]) for i, r in enumerate(years) if r is not None and r["value"] is not None]
    if len(known) < 2:
        return ""
    highest = max(v for _, v in known) or 1
    step = 90 / max(len(years) - 1, 1)
    points = " ".join(f"{4 + i * step:.0f},{22 - v / highest * 18:.1f}" for i, v in known)
    told = ", ".join(_year(r, indicator) for r in years if r is not None)
    last_x, last_y = points.rsplit(" ", 1)[1].split(",")
    return (
        f'<svg class="vonk" width="100" height="26" viewBox="0 0 100 26" role="img" aria-label="{markup(told)}">'
        f'<polyline points="{points}" fill="none" stroke="#1b4f7a" stroke-width="2"/>'
        f'<circle cx="{last_x}" cy="{last_y}" r="3" fill="#1b4f7a"/></svg>'
    )


def _year(row: dict[str, Any], indicator: Indicator) -> str:
    return f"{row['period']}: {cells.value(row, indicator.unit)}"


def written_files(folder: Path) -> Iterator[Path]:
    """All files of a built site."""
    return (p for p in sorted(folder.rglob("*")) if p.is_file())
