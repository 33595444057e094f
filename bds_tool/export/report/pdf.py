"""A factsheet of two pages about one gemeente, set with Typst."""

from __future__ import annotations

from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file, scratch
from bds_tool.base.text import language, t
from bds_tool.export.report import cells, charts
from bds_tool.export.report.book import Area, Book, Indicator, theme_title

#: Lines that fit on the first page: figures and a heading per theme.
LINES = 54


def write_factsheet(book: Book, area: str, out: Path) -> None:
    """Key figures per theme, two charts, method and protection. Needs the extra `pdf` (typst)."""
    try:
        import font_roboto
        import typst
    except ImportError as error:
        raise UsageError(
            t(
                "Voor PDF zijn de pakketten typst en font-roboto nodig.",
                "PDF needs the packages typst and font-roboto.",
            ),
            'pip install "bds-tool[pdf]"',
        ) from error
    place = book.area(area)
    with scratch() as root:
        pictures = _pictures(book, place, root)
        (root / "blad.typ").write_text(_source(book, place, pictures), encoding="utf-8")
        data = typst.compile(root / "blad.typ", root=root, font_paths=[font_roboto.font_directory])
    with atomic_file(out) as temporary:
        temporary.write_bytes(data)


def _rows(book: Book, place: Area) -> list[tuple[Indicator, dict[str, object]]]:
    """Visible rows, evenly over the themes, as many as the first page holds."""
    found = {r["indicator"]: r for r in book.rows(area=place.code, period=book.latest).iter_rows(named=True)}
    queues = [
        [(i, found[i.id]) for i in members if i.id in found and cells.shown(found[i.id])]
        for members in book.themes.values()
    ]
    chosen: list[tuple[Indicator, dict[str, object]]] = []
    most = LINES - len(queues)
    depth = 0
    while len(chosen) < most and any(len(q) > depth for q in queues):
        chosen += [q[depth] for q in queues if len(q) > depth]
        depth += 1
    order = list(book.indicators)
    return sorted(chosen[:most], key=lambda pair: order.index(pair[0].id))


def _pictures(book: Book, place: Area, folder: Path) -> list[str]:
    """A ranked chart of wijken and a trend, for the first indicators that allow them."""
    names: list[str] = []
    wijken = book.children(place.code)
    for indicator in book.indicators.values():
        points = [
            charts.Point.of(r, book.areas[r["area"]].name)
            for r in book.rows(
                indicator=indicator.id, area=[w.code for w in wijken], period=book.latest
            ).iter_rows(named=True)
        ]
        if (
            len(points) > 1
            and sum(p.value is not None for p in points) * 2 >= len(points)
            and indicator.unit == "%"
        ):
            picture = charts.ranked(f"{indicator.title}, {book.latest}", points[:14], indicator.unit)
            (folder / "wijken.svg").write_text(picture, encoding="utf-8")
            names.append("wijken.svg")
            break
    for indicator in book.indicators.values():
        rows = book.rows(indicator=indicator.id, area=place.code).sort("period")
        line = [charts.Point.of(r, r["period"]) for r in rows.iter_rows(named=True) if "-" not in r["period"]]
        if sum(p.value is not None for p in line) > 2 and indicator.unit == "%":
            (folder / "verloop.svg").write_text(
                charts.trend(indicator.title, {place.name: line}, indicator.unit), encoding="utf-8"
            )
            names.append("verloop.svg")
            break
    return names


def _text(content: str) -> str:
    """A Typst string literal."""
    return '"' + content.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _source(book: Book, place: Area, pictures: list[str]) -> str:
    top = book.top
    above = (
        {r["indicator"]: r for r in book.rows(area=top.code, period=book.latest).iter_rows(named=True)}
        if top
        else {}
    )
    lines, theme = [], ""
    for indicator, row in _rows(book, place):
        if indicator.theme != theme:
            theme = indicator.theme
            lines.append(f'table.cell(colspan: 4, fill: rgb("#eef2f6"))[*#{_text(theme_title(theme))}*],')
        over = above.get(indicator.id)
        parts = [
            indicator.title,
            cells.value(row, indicator.unit),
            cells.interval(row, indicator.unit),
            cells.value(over, indicator.unit) if over else "",
        ]
        lines.append(" ".join(f"[#{_text(p)}]," for p in parts))
    header = [
        t("Indicator", "Indicator"),
        place.name,
        t("95 %-interval", "95 % interval"),
        top.name if top else "",
    ]
    images = "\n".join(f'#image("{name}", width: 100%)' for name in pictures)
    legend = "; ".join(f"{symbol} = {meaning}" for symbol, meaning in cells.legend())
    statement = "\n\n".join(f"#{_text(part)}" for part in book.statement())
    return f"""
#set document(title: {_text(place.name)}, author: "bds")
#set page(paper: "a4", margin: (x: 1.6cm, y: 1.4cm), footer: context [#align(right)[#counter(page).display() / #counter(page).final().first()]])
#set text(font: "Roboto", size: 8.5pt, lang: "{language()}")
#text(size: 18pt, weight: "bold", fill: rgb("#1b4f7a"))[#{_text(t("Jeugd in beeld", "Youth in view"))}: #{_text(place.name)}]

#{_text(t("Cijfers uit de dossiers van de jeugdgezondheidszorg", "Figures from youth health care records"))}, {book.latest}.
#table(columns: (1fr, auto, auto, auto), stroke: 0.3pt + rgb("#c5cfd9"), inset: 3.2pt, align: (left, right, right, right),
  table.header({" ".join(f"[*#{_text(h)}*]," for h in header)}),
  {chr(10).join(lines)})
#pagebreak()
{images}
#v(6pt)
*#{_text(t("Bescherming", "Protection"))}* \\
{statement}

#{_text(legend)}
"""
