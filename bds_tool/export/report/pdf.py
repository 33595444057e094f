"""The factsheet of one area and the book of all, set with Typst: what the profile on the site says, on paper."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from bds_tool.base import clock
from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file, scratch
from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import language, t
from bds_tool.export.report import left_out, maps, marks, words
from bds_tool.export.report.book import Area, Book
from bds_tool.export.report.draw import shapes_of
from bds_tool.export.report.geometry import Polygons
from bds_tool.export.report.profile import Line, Profile, Profiles
from bds_tool.export.report.style import Style
from bds_tool.indicators.told import Row, rows_of

HERE = Path(__file__).parent
Rows = dict[tuple[str, str], Row]


def write_pdf(
    book: Book, area: str, out: Path, *, style: Style | None = None, geometry: Path | None = None
) -> int:
    """One area (a gemeente, a wijk or the whole), or without `area` all gemeenten as a book. Returns the number of areas.

    Tagged and checked as PDF/UA-1, fonts embedded. Needs the extra `pdf` (typst).
    """
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
    places = [book.area(area)] if area else book.of_level("gemeente") or list(book.areas.values())[:1]
    with scratch() as root:
        content = _content(book, places, style or Style(), geometry, root, book_of_all=not area)
        (root / "blad.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        shutil.copy(HERE / "templates" / "blad.typ", root / "blad.typ")
        data = typst.compile(
            root / "blad.typ",
            root=root,
            font_paths=[font_roboto.font_directory],
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
        )
    with atomic_file(out) as temporary:
        temporary.write_bytes(data)
    return len(places)


def _content(
    book: Book, places: Sequence[Area], style: Style, geometry: Path | None, root: Path, *, book_of_all: bool
) -> JsonObject:
    profiles = Profiles(book, region=style.region, key=style.key)
    shapes = dict(shapes_of(geometry, book.areas)) if geometry else {}
    site = style.name or t("Jeugd in Beeld", "Youth in view")
    facts = book.provenance()
    period = words.years(profiles.wide)
    sheets = [_sheet(profiles, place, shapes, root, number) for number, place in enumerate(places)]
    return {
        "book": book_of_all,
        "title": site if book_of_all else f"{site}: {places[0].name}",
        "author": style.publisher or "bds",
        "made": list(clock.now().timetuple()[:6]),
        "lang": language(),
        "accent": style.accent,
        "lead": t(
            f"Cijfers over {period} uit de dossiers van de jeugdgezondheidszorg, per gemeente.",
            f"Figures for {period} from youth health care records, per municipality.",
        ),
        "footer": f"{site} · {period} · {facts['program']}, {str(facts['created'])[:10]}",
        "words": {
            "signals": t("Wat opvalt", "What stands out"),
            "profile": t("Profiel", "Profile"),
            "absent": t("Wat niet te tonen is", "What cannot be shown"),
            "contents": t("Inhoud", "Contents"),
            "method": t("Uitleg en verantwoording", "Method and accountability"),
            "columns": [
                t("Cijfer", "Figure"),
                t("Waarde", "Value"),
                t("Vergeleken", "Compared"),
                t("Verloop", "Trend"),
                t("Aantal", "Number"),
            ],
            "table": [t("Gebied", "Area"), t("Waarde", "Value")],
        },
        "areas": sheets,
        "reading": [
            t(
                f"De stip is het gebied, de streep erdoor de onzekerheid (95 %-interval), het streepje rechtop {profiles.region}, elk grijs puntje een ander gebied. Alleen als toeval het verschil niet goed verklaart, staat er hoger of lager: het gebied is dan vergeleken met de rest van {profiles.region}.",
                f"The dot is the area, the line through it the uncertainty (95 % interval), the upright line {profiles.region}, each grey dot another area. Only where chance does not well explain the difference it says higher or lower: the area was compared with the rest of {profiles.region}.",
            )
        ],
        "statement": book.statement(),
        "left_out": _left_out(book),
        "source": t("Bron van de grenzen: CBS/Kadaster.", "Source of the borders: CBS/Kadaster.")
        if shapes
        else "",
    }


def _left_out(book: Book) -> JsonObject | None:
    header, lines = left_out.per_indicator(book)
    if not lines:
        return None
    return {
        "title": left_out.title(),
        "about": left_out.about(book),
        "run": left_out.whole_run(book),
        "header": header,
        "lines": lines,
    }


def _sheet(
    profiles: Profiles, area: Area, shapes: Mapping[str, Polygons], root: Path, number: int
) -> JsonObject:
    book, period = profiles.book, profiles.wide
    rows = _rows(book, area.code)
    above = book.areas.get(area.parent or "")
    own_gemeente = above if above and above != book.top else None
    profile = profiles.of(area, period, rows, _rows(book, own_gemeente.code) if own_gemeente else {})

    def line(found: Line) -> dict[str, str]:
        picture, told = profiles.picture(found, area, period)
        name = f"s{number}-{len(list(root.glob(f's{number}-*')))}.svg"
        (root / name).write_text(picture, encoding="utf-8")
        small = marks.spark(found.years, found.side)
        if small:
            (root / f"v-{name}").write_text(small, encoding="utf-8")
        beside = [f"{profiles.region} {found.beside}"] if found.beside else []
        beside += [t(f"gemeente {found.above}", f"municipality {found.above}")] if found.above else []
        return {
            "title": found.indicator.title,
            "sentence": found.sentence,
            "number": found.figure[0],
            "unit": found.figure[1],
            "interval": found.interval,
            "strip": name,
            "alt": told,
            "side": found.side,
            "words": found.words,
            "beside": "; ".join(beside).replace(" %", "\u00a0%"),
            "course": found.course,
            "spark": f"v-{name}" if small else "",
            "counted": words.counted(found.row, found.indicator.view),
            "without": words.without(found.row),
        }

    told = words.years(period)
    return {
        "name": profiles.full_name(area),
        "lead": t(
            f"Cijfers over {told} uit de dossiers van de jeugdgezondheidszorg.",
            f"Figures for {told} from youth health care records.",
        ),
        "signals": [{"title": s.title, "text": s.text, "side": s.side} for s in profile.signals],
        "quiet": t("Geen enkel cijfer wijkt hier aantoonbaar af.", "No figure differs demonstrably here."),
        "basis": profiles.basis(profile),
        "groups": [{"title": title, "lines": list(map(line, found))} for _, title, found in profile.groups],
        "folded": [
            {"word": word, "reason": why, "titles": "; ".join(i.title for i in found)}
            for word, why, found in profile.folded
        ],
        "map": _map(profiles, profile, area, shapes, root / f"kaart-{number}.svg"),
    }


def _rows(book: Book, code: str) -> Rows:
    return {(r["indicator"], r["period"]): r for r in rows_of(book.rows(area=code))}


def _map(
    profiles: Profiles, profile: Profile, area: Area, shapes: Mapping[str, Polygons], path: Path
) -> JsonObject | None:
    """The parts of the area (of a wijk: its neighbours) for the first figure that enough of them show."""
    book = profiles.book
    parts = book.children(area.code) or book.children(area.parent or "")
    key = profiles.mapped(profile, _inside(book, parts, profiles.wide), len(parts))
    if key is None:
        return None
    known = book.indicators[key]
    rows = {c: r[key] for c, r in _inside(book, parts, profiles.wide).items() if key in r}
    codes = [a.code for a in parts]
    whole = set(codes) <= set(shapes)
    layer = maps.borders([(c, shapes[c]) for c in codes]) if whole else maps.tiles(codes)
    scale = maps.scale_of(rows.values(), known.unit)
    names = {a.code: a.name for a in parts}
    title = f"{known.title}, {words.years(profiles.wide)}"
    picture = maps.sheet(layer, rows, names, scale, title=title, source=maps.SOURCE)
    path.write_text(picture, encoding="utf-8")
    lines = [(names[c], words.told(rows.get(c), known.unit)) for c in codes]
    alt = f"{title}. " + "; ".join(f"{a} {b}" for a, b in lines)
    return {"title": title, "file": path.name, "alt": alt, "rows": lines}


def _inside(book: Book, parts: Sequence[Area], period: str) -> dict[str, dict[str, Row]]:
    """Area → indicator → row."""
    found: dict[str, dict[str, Row]] = {}
    for row in rows_of(book.rows(area=[a.code for a in parts], period=period)):
        found.setdefault(row["area"], {})[row["indicator"]] = row
    return found
