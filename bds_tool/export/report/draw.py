"""One chart of a protected result by name, and writing it as SVG or PNG."""

from __future__ import annotations

from collections.abc import Callable, Container
from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file
from bds_tool.base.text import t
from bds_tool.export.report import charts, maps
from bds_tool.export.report.book import Area, Book, Indicator
from bds_tool.export.report.geometry import Polygons, read_shapes
from bds_tool.export.report.milk import milk_table, said, title

KINDS = ("ranked", "bars", "trend", "funnel", "multiples", "map", "feeding")


def draw(
    book: Book,
    indicator: str,
    *,
    kind: str = "ranked",
    area: str = "",
    period: str = "",
    geometry: Path | None = None,
) -> str:
    """The SVG. `area`: show its parts (or, for a trend, itself); empty: all gemeenten. Errors are UsageError.

    `feeding` draws all feeding indicators together and needs no `indicator`.
    """
    period = book.period(period or book.latest)
    within = book.area(area) if area else None
    if kind == "feeding":
        return feeding(book, area, period)
    known = book.indicator(indicator)
    drawings: dict[str, Callable[[], str]] = {
        "ranked": lambda: _ranked(book, known, within, period),
        "bars": lambda: _ranked(book, known, within, period, sort=False),
        "trend": lambda: _trend(book, known, within),
        "funnel": lambda: _funnel(book, known, within, period),
        "multiples": lambda: _multiples(book, known, within),
        "map": lambda: _map(book, known, within, period, geometry),
    }
    if kind not in drawings:
        raise UsageError(
            t(f"Grafiek {kind} bestaat hier niet.", f"Chart {kind} does not exist here."),
            t(f"Kies uit: {', '.join(KINDS)}.", f"Choose one of: {', '.join(KINDS)}."),
        )
    return drawings[kind]()


def feeding(book: Book, area: str = "", period: str = "") -> str:
    """Milk feeding by age of the child, with the published breastfeeding of 2018 as a line of its own."""
    report = milk_table(book, area=area, period=period)
    series: dict[str, list[charts.Point]] = {}
    for moment, kind, row, _ in report["rows"]:
        name = said(moment)
        point = charts.Point(name, None) if row is None else charts.Point.of(row, name)
        series.setdefault(said(kind), []).append(point)
    published = t("borst, peiling 2018", "breast, survey of 2018")
    series[published] = [charts.Point(said(m), old) for m, kind, _, old in report["rows"] if kind == "borst"]
    return charts.trend(title(report), series, "%")


def _parts(book: Book, within: Area | None) -> list[Area]:
    found = book.children(within.code) if within else book.of_level("gemeente")
    if not found:
        where = within.name if within else t("dit resultaat", "this result")
        raise UsageError(
            t(f"{where} heeft geen delen om te tonen.", f"{where} has no parts to show."),
            t(
                "Kies een gebied met wijken, of laat --area weg.",
                "Choose an area with districts, or leave --area out.",
            ),
        )
    return found


def _points(book: Book, known: Indicator, areas: list[Area], period: str) -> list[charts.Point]:
    rows = book.rows(indicator=known.id, area=[a.code for a in areas], period=period)
    return [charts.Point.of(r, book.areas[r["area"]].name) for r in rows.iter_rows(named=True)]


def _reference(book: Book, known: Indicator, within: Area | None, period: str) -> tuple[str, float] | None:
    over = within or book.top
    if over is None:
        return None
    rows = book.rows(indicator=known.id, area=over.code, period=period)
    value = rows["value"][0] if rows.height else None
    return None if value is None else (over.name, value)


def _title(known: Indicator, within: Area | None, period: str) -> str:
    place = f", {within.name}" if within else ""
    return f"{known.title}{place}, {period}"


def _ranked(book: Book, known: Indicator, within: Area | None, period: str, *, sort: bool = True) -> str:
    points = _points(book, known, _parts(book, within), period)
    return charts.ranked(
        _title(known, within, period), points, known.unit, _reference(book, known, within, period), sort=sort
    )


def _years(book: Book, known: Indicator, area: Area) -> list[charts.Point]:
    rows = book.rows(indicator=known.id, area=area.code).sort("period")
    return [charts.Point.of(r, r["period"]) for r in rows.iter_rows(named=True) if "-" not in r["period"]]


def _trend(book: Book, known: Indicator, within: Area | None) -> str:
    areas = [a for a in (within, book.top) if a is not None]
    series = {a.name: _years(book, known, a) for a in dict.fromkeys(areas)}
    return charts.trend(known.title, series, known.unit)


def _multiples(book: Book, known: Indicator, within: Area | None) -> str:
    panels = {a.name: {a.name: _years(book, known, a)} for a in _parts(book, within)}
    return charts.small_multiples(known.title, panels, known.unit)


def _funnel(book: Book, known: Indicator, within: Area | None, period: str) -> str:
    reference = _reference(book, known, within, period)
    if known.unit != "%" or reference is None:
        raise UsageError(
            t(
                "Een trechterdiagram kan alleen bij een percentage met een zichtbare vergelijking.",
                "A funnel plot needs a percentage with a visible comparison.",
            ),
        )
    points = _points(book, known, _parts(book, within), period)
    return charts.funnel(_title(known, within, period), points, known.unit, reference[1])


def _map(book: Book, known: Indicator, within: Area | None, period: str, geometry: Path | None) -> str:
    areas = {a.code: a for a in _parts(book, within)}
    found = book.rows(indicator=known.id, area=list(areas), period=period)
    rows = {r["area"]: r for r in found.iter_rows(named=True)}
    layer = maps.tiles(list(areas)) if geometry is None else maps.borders(shapes_of(geometry, areas))
    scale = maps.scale_of(rows.values(), known.unit)
    names = {code: a.name for code, a in areas.items()}
    return maps.sheet(layer, rows, names, scale, title=_title(known, within, period), source=maps.SOURCE)


def shapes_of(geometry: Path, codes: Container[str]) -> list[tuple[str, Polygons]]:
    """The borders of these areas. Raises UsageError when the file has none of them."""
    shapes = [(code, polygons) for code, polygons in read_shapes(geometry) if code in codes]
    if not shapes:
        raise UsageError(
            t(
                f"{geometry} heeft geen grenzen van deze gebieden.",
                f"{geometry} has no borders of these areas.",
            ),
            t(
                "De gebiedscodes (GM…, WK…, BU…) moeten in een eigenschap staan.",
                "Area codes (GM…, WK…, BU…) must be in a property.",
            ),
        )
    return shapes


def write_picture(picture: str, out: Path, width: int = 1440) -> None:
    """SVG as it is; PNG drawn with resvg and a font of its own, so that it looks the same everywhere."""
    ending = out.suffix.lower()
    if ending == ".svg":
        with atomic_file(out) as temporary:
            temporary.write_text(picture, encoding="utf-8", newline="\n")
        return
    if ending != ".png":
        raise UsageError(
            t(f"Uitvoer {out.name} is geen .svg of .png.", f"Output {out.name} is no .svg or .png."),
            t("Kies een naam die zo eindigt.", "Choose a name that ends so."),
        )
    try:
        import font_roboto
        import resvg_py
    except ImportError as error:
        raise UsageError(
            t(
                "Voor PNG zijn de pakketten resvg-py en font-roboto nodig.",
                "PNG needs the packages resvg-py and font-roboto.",
            ),
            'pip install "bds-tool[charts]"',
        ) from error
    fonts = [str(font_roboto.Roboto), str(font_roboto.RobotoBold)]
    data = resvg_py.svg_to_bytes(
        svg_string=picture,
        width=width,
        font_files=fonts,
        skip_system_fonts=True,
        font_family="Roboto",
        sans_serif_family="Roboto",
    )
    with atomic_file(out) as temporary:
        temporary.write_bytes(bytes(data))
