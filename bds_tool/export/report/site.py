"""The static site: a profile per area, a page per indicator, search, comparison, method and data. No network, no
server.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_dir
from bds_tool.base.names import file_name
from bds_tool.base.text import language, plural, t
from bds_tool.export.page import ours
from bds_tool.export.report import cells, maps, words
from bds_tool.export.report.book import Area, Book, theme_title
from bds_tool.export.report.indicator_page import indicator_page
from bds_tool.export.report.method import method_page
from bds_tool.export.report.profile import Line, Profile, Profiles
from bds_tool.export.report.site_files import TAKEN, Files
from bds_tool.export.report.style import Style
from bds_tool.indicators.told import Row, rows_of

if TYPE_CHECKING:
    import polars as pl
    from jinja2 import Environment

HERE = Path(__file__).parent
#: Levels with a page per area; smaller areas are in the data files.
LEVELS = ("gemeente", "wijk")


@dataclass(frozen=True)
class Built:
    """What was built: pages and bytes."""

    pages: int
    bytes: int


def build_site(
    book: Book,
    out: Path,
    *,
    style: Style | None = None,
    title: str = "",
    geometry: Path | None = None,
    previous: Book | None = None,
    demo: bool = False,
    replace: bool = False,
) -> Built:
    """Build the site of a protected result in `out`, whole or not at all. Needs the extra `report` (jinja2).

    `geometry`: borders for the maps; without them every area is a tile. `previous`: the edition to tell changes from.
    """
    style = style or Style()
    name = title or style.name or t("Jeugd in Beeld", "Youth in view")
    with atomic_dir(out, replace=replace) as folder:
        site = _Site(book, folder, name, style, geometry, demo=demo)
        site.build(previous)
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
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["file"] = file_name
    made.filters["jaren"] = words.years
    made.filters["data_file"] = partial(file_name, taken=TAKEN)
    return made


class _Site:
    def __init__(
        self, book: Book, folder: Path, title: str, style: Style, geometry: Path | None, *, demo: bool
    ) -> None:
        self.book = book
        self.folder = folder
        self.title = title
        self.style = style
        self.profiles = Profiles(book, region=style.region, key=style.key)
        self.environment = _environment()
        self.files = Files(book, folder, style)
        self.shapes = _shapes(geometry, book)
        self.layers: dict[tuple[str, ...], maps.Layer] = {}
        self.pages = 0
        facts = book.provenance()
        self.common = {
            "site": title,
            "lang": language(),
            "t": t,
            "style": style,
            "region": self.profiles.region,
            "program": facts["program"],
            "created": str(facts["created"])[:10],
            "theme_title": theme_title,
            "counted": words.counted,
            "without": words.without,
            "plural": plural,
            "drawn": ours,
            "demo": demo,
            "wide": self.profiles.wide,
            "mapped": bool(self.shapes),
        }

    @cached_property
    def gemeenten(self) -> list[Area]:
        return self.book.of_level("gemeente")

    @cached_property
    def wijken(self) -> dict[str, list[Area]]:
        return {g.code: [a for a in self.book.children(g.code) if a.level == "wijk"] for g in self.gemeenten}

    @property
    def placed(self) -> list[Area]:
        """All areas with a page, the whole first."""
        top = [self.book.top] if self.book.top else []
        return [*top, *(a for a in self.book.areas.values() if a.level in LEVELS)]

    def build(self, previous: Book | None) -> None:
        for part in ("gebied", "indicator"):
            (self.folder / part).mkdir()
        static = self.folder / "static"
        shutil.copytree(HERE / "static", static)
        (static / "kleuren.css").write_text(self.style.css(), encoding="utf-8")
        self.files.index(self.placed, static)
        self._start()
        self._areas()
        parts = self.book.rows(totals_only=False).partition_by("indicator", as_dict=True)
        for key, rows in parts.items():
            self._indicator(str(key[0]), rows)
        self.files.whole("gemeenten.csv", self.book.rows(level="gemeente", period=self.profiles.wide))
        self.page("vergelijk.html", "vergelijk.html", t("Gebieden vergelijken", "Compare areas"))
        self.page(
            "methode.html",
            "methode.html",
            t("Uitleg en methode", "Method"),
            **method_page(self.book, self.style, previous, mapped=bool(self.shapes)),
        )
        self.files.finish(self.title)
        self.page(
            "data/index.html",
            "data.html",
            t("Gegevens", "Data"),
            areas=self.gemeenten,
            indicators=list(self.book.indicators.values()),
        )

    def page(self, name: str, template: str, title: str, **values: Any) -> None:  # noqa: ANN401
        root = "../" * name.count("/")
        page = self.environment.get_template(template).render(
            title=title, root=root, here=name, **self.common, **values
        )
        (self.folder / name).write_text(page, encoding="utf-8", newline="\n")
        self.pages += 1

    # ---- start -----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        period = self.profiles.wide
        themes = [
            {"key": k, "title": theme_title(k), "indicators": found} for k, found in self.book.themes.items()
        ]
        picture = None
        for key in [*self.profiles.key, *self.book.indicators]:
            found = self.book.rows(indicator=key, level="gemeente", period=period)
            rows = list(rows_of(found))
            if sum(cells.shown(r) for r in rows) > 1:
                picture = self.picture(key, self.gemeenten, {r["area"]: r for r in rows}, "gebied/")
                break
        self.page(
            "index.html",
            "index.html",
            self.title,
            themes=themes,
            gemeenten=[(g, len(self.wijken[g.code])) for g in self.gemeenten],
            top=self.book.top,
            picture=picture,
            period=period,
        )

    def picture(
        self, key: str, areas: Sequence[Area], rows: dict[str, Row], to: str, own: str = ""
    ) -> dict[str, object] | None:
        """A map (or tiles) of one indicator with its legend and its table, or nothing without two figures or classes."""
        known = self.book.indicators[key]
        if sum(cells.shown(r) or cells.coded(r) for r in rows.values()) < 2:
            return None
        layer = self._layer([a.code for a in areas])
        scale = maps.scale_of(rows.values(), known.unit)
        names = {a.code: a.name for a in areas}
        links = {a.code: f"{to}{file_name(a.code)}.html" for a in areas}
        title = f"{known.title}, {words.years(self.profiles.wide)}"
        return {
            "svg": ours(maps.draw(layer, rows, names, scale, title=title, links=links, own=own)),
            "legend": maps.legend(rows, scale),
            "title": known.title,
            "id": key,
            "rows": [
                (a, rows.get(a.code), links[a.code], words.told(rows.get(a.code), known.unit)) for a in areas
            ],
            "tiles": layer.tiles,
        }

    def _layer(self, codes: Sequence[str]) -> maps.Layer:
        key = tuple(codes)
        if key not in self.layers:
            wanted = set(codes)
            found = [(c, p) for c, p in self.shapes if c in wanted]
            # A map on which areas are missing would be read as if they were not there.
            whole = len({c for c, _ in found}) == len(wanted)
            self.layers[key] = maps.borders(found) if found and whole else maps.tiles(codes)
        return self.layers[key]

    # ---- areas -----------------------------------------------------------------------------------------------

    def _areas(self) -> None:
        """Profiles, data files and comparison per gemeente with its wijken; the rows are taken apart once."""
        import polars as pl

        holder = {a.code: (a.code if a.level == "gemeente" else a.parent) for a in self.book.areas.values()}
        keyed = self.book.rows().with_columns(
            pl.col("area").replace_strict(holder, default=None, return_dtype=pl.String).alias("_gm")
        )
        parts = keyed.filter(pl.col("_gm").is_not_null()).partition_by("_gm", as_dict=True)
        top = self.book.top
        if top:
            rows = self.profiles.above
            self.files.comparing(top, rows.values())
            for period in self._periods(rows):
                self._profile(top, period, rows, {}, self.gemeenten, {})
        for area in self.gemeenten:
            part = parts.get((area.code,))
            if part is not None:
                self._gemeente(area, part.drop("_gm"))

    def _gemeente(self, area: Area, part: pl.DataFrame) -> None:
        by_area: dict[str, dict[tuple[str, str], Row]] = {}
        for row in rows_of(part):
            by_area.setdefault(row["area"], {})[row["indicator"], row["period"]] = row
        own = by_area.get(area.code, {})
        inside = self.wijken[area.code]
        for period in self._periods(own):
            self._profile(area, period, own, {}, inside, by_area)
        for wijk in inside:
            rows = by_area.get(wijk.code, {})
            self.files.comparing(wijk, rows.values())
            self._profile(wijk, self.profiles.wide, rows, own, inside, by_area)
        self.files.comparing(area, own.values())
        self.files.area(area.code, part)

    def _periods(self, rows: dict[tuple[str, str], Row]) -> list[str]:
        """The periods with a figure; the one of all years always."""
        found = {p for (_, p), r in rows.items() if cells.shown(r) or cells.coded(r)}
        return [p for p in self.book.periods if p in found or p == self.profiles.wide]

    def page_name(self, area: Area, period: str) -> str:
        ending = "" if period == self.profiles.wide else f"-{file_name(period)}"
        return f"gebied/{file_name(area.code)}{ending}.html"

    def _profile(
        self,
        area: Area,
        period: str,
        rows: dict[tuple[str, str], Row],
        parent: dict[tuple[str, str], Row],
        neighbours: Sequence[Area],
        by_area: dict[str, dict[tuple[str, str], Row]],
    ) -> None:
        profile = self.profiles.of(area, period, rows, parent)
        above = self.book.areas.get(area.parent or "")
        picture = None
        if period == self.profiles.wide and by_area:
            picture = self._map_of(profile, neighbours, by_area, area)
        self.page(
            self.page_name(area, period),
            "profiel.html",
            area.name,
            area=area,
            above=above if above and above != self.book.top else None,
            profile=profile,
            basis=self.profiles.basis(profile),
            periods=[(p, self.page_name(area, p).removeprefix("gebied/")) for p in self._periods(rows)]
            if area.level != "wijk"
            else [],
            period=period,
            strip=lambda line: ours(self.profiles.picture(line, area, period)[0]),
            spark=_spark,
            neighbours=neighbours,
            picture=picture,
            of=area if area.level == "gemeente" else above,
        )

    def _map_of(
        self,
        profile: Profile,
        neighbours: Sequence[Area],
        by_area: dict[str, dict[tuple[str, str], Row]],
        area: Area,
    ) -> dict[str, object] | None:
        """The wijken of a gemeente for the first figure that enough of them show: what stands out goes first."""
        inside = {
            a.code: {k: r for (k, p), r in by_area.get(a.code, {}).items() if p == self.profiles.wide}
            for a in neighbours
        }
        key = self.profiles.mapped(profile, inside, len(neighbours))
        if key is None:
            return None
        return self.picture(
            key, neighbours, {c: r[key] for c, r in inside.items() if key in r}, "", own=area.code
        )

    # ---- indicators ------------------------------------------------------------------------------------------

    def _indicator(self, key: str, part: pl.DataFrame) -> None:
        values, rows = indicator_page(self.book, self.profiles, key, part, self.gemeenten, self.wijken)
        pictures = {}
        for level, areas in (
            ("gemeente", self.gemeenten),
            ("wijk", [w for found in self.wijken.values() for w in found]),
        ):
            if len(areas) <= MAP_MAX and (
                made := self.picture(key, areas, rows.get(level, {}), "../gebied/")
            ):
                pictures[level] = made
        name = f"indicator/{file_name(key)}"
        if chart := str(values["chart"]):
            (self.folder / f"{name}.svg").write_text(chart, encoding="utf-8")
        self.page(
            f"{name}.html",
            "indicator.html",
            self.book.indicators[key].title,
            pictures=pictures,
            downloads=self.files.indicator(key, part),
            **values,
        )


#: A map of more areas than this weighs too much for one page.
MAP_MAX = 700


def _spark(line: Line) -> Any:  # noqa: ANN401
    from bds_tool.export.report import marks

    return ours(marks.spark(line.years, line.side))


def _shapes(geometry: Path | None, book: Book) -> list[tuple[str, Any]]:
    if geometry is None:
        return []
    from bds_tool.export.report.draw import shapes_of

    return shapes_of(geometry, {a.code for a in book.areas.values() if a.level in LEVELS})
