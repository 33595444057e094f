"""What the page of one indicator shows: what it counts, its years, its areas and its breakdowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bds_tool.base.text import number, t
from bds_tool.export.report import cells, left_out, marks, words
from bds_tool.export.report.book import Area, Book, Indicator
from bds_tool.export.report.columns import column_title
from bds_tool.export.report.draw import feeding
from bds_tool.export.report.milk import FEEDING
from bds_tool.export.report.profile import Profiles
from bds_tool.indicators.catalogue import note
from bds_tool.indicators.result import BREAKDOWNS, TOTAL
from bds_tool.indicators.told import Row, breakdowns_of, rows_of

if TYPE_CHECKING:
    import polars as pl


def indicator_page(
    book: Book,
    profiles: Profiles,
    key: str,
    part: pl.DataFrame,
    gemeenten: Sequence[Area],
    wijken: Mapping[str, Sequence[Area]],
) -> tuple[dict[str, object], dict[str, dict[str, Row]]]:
    """The values of the template, and the rows of each level for the maps."""
    known = book.indicators[key]
    top = book.top
    by_level: dict[str, dict[str, Row]] = {}
    years: list[Row] = []
    over: Row | None = None
    broken: list[Row] = []
    for row in rows_of(part):
        whole = all(word == TOTAL for word in breakdowns_of(row).values())
        mine = top is not None and row["area"] == top.code
        if not whole:
            if mine and row["period"] == profiles.wide:
                broken.append(row)
        elif mine and "-" not in row["period"]:
            years.append(row)
        if whole and row["period"] == profiles.wide:
            by_level.setdefault(row["level"], {})[row["area"]] = row
            over = row if mine else over
    years.sort(key=lambda r: r["period"])
    return {
        "indicator": known,
        "sentence": profiles.sentences.get(key, ""),
        "facts": _facts(book, known, over),
        "top": top,
        "over": over,
        "value": cells.value(over, known.unit) if over and (cells.shown(over) or cells.coded(over)) else "",
        "interval": cells.interval(over, known.unit) if over else "",
        "chart": _years(years, known, profiles.region),
        "years": [(r, words.told(r, known.unit), cells.interval(r, known.unit)) for r in years],
        "course": words.course(over)[1] if over else "",
        "spreads": [
            _spread(level, areas, by_level.get(level, {}), known, profiles, over)
            for level, areas in (
                ("gemeente", list(gemeenten)),
                ("wijk", [w for found in wijken.values() for w in found]),
            )
            if by_level.get(level)
        ],
        "broken": _broken(broken, known),
        "feeding": feeding(book, period=profiles.wide) if key in FEEDING and top else "",
    }, by_level


def _facts(book: Book, known: Indicator, over: Row | None) -> list[tuple[str, str]]:
    """What it counts and where it comes from, from the definition that the result carries."""
    meta = book.result.meta["definitions"][known.id]
    kind = {
        "aandeel": t("een aandeel", "a share"),
        "gemiddelde": t("een gemiddelde", "a mean"),
        "tarief": t("een aantal per groep", "a rate"),
    }.get(meta.get("kind", ""), "")
    pairs = [
        (t("Soort cijfer", "Kind of figure"), f"{kind}, {known.unit}" if kind else known.unit),
        (t("Definitie en bron", "Definition and source"), known.source),
        (t("Elementen van de BDS", "Elements of the BDS"), ", ".join(map(str, meta.get("elements") or []))),
    ]
    since, until = meta.get("since"), meta.get("until")
    if since:
        told = t(f"vanaf versie {since}", f"from version {since}")
        pairs.append(
            (
                t("Te tellen in de BDS", "Countable in the BDS"),
                told + (t(f" tot {until}", f" until {until}") if until else ""),
            )
        )
    published = meta.get("published") or []
    if published:
        said = "; ".join(
            f"{number(p['waarde'], 1)} {known.unit} ({p['periode']}, {p['bron']})" for p in published
        )
        pairs.append((t("Landelijk gepubliceerd", "Published nationally"), said))
    breaks = meta.get("breaks") or []
    if breaks:
        pairs.append(
            (
                t("Trendbreuk", "Break in the series"),
                " ".join(f"BDS {b['versie']}: {note(b['toelichting'])}" for b in breaks),
            )
        )
    if over is not None and over.get("n") is not None:
        pairs.append((t("Geteld", "Counted"), words.counted(over, known.view)))
        if over.get("missing") is not None:
            pairs.append((t("Weggelaten: zonder waarde", "Left out: without a value"), _left(over)))
    if flow := left_out.of_indicator(book, known.id):
        told = "; ".join(f"{word.lower()} {count}" for word, count in flow)
        pairs.append((left_out.title(), f"{told}. {left_out.about(book)}"))
    certainty = {
        "V": t("in de bron gelezen", "read in the source"),
        "D": t("voorstel", "proposal"),
        "K": t("nog te bevestigen", "to be confirmed"),
    }.get(known.certainty, known.certainty)
    pairs.append((t("Zekerheid van de definitie", "Certainty of the definition"), certainty))
    return [(a, b) for a, b in pairs if b]


def _left(over: Row) -> str:
    told = number(over["missing"] or 0)
    share = words.without(over)
    return f"{told} ({share})" if share else told


def _years(years: Sequence[Row], known: Indicator, region: str) -> str:
    if sum(cells.shown(r) for r in years) < 2:
        return ""
    told = "; ".join(f"{r['period']}: {words.told(r, known.unit)}" for r in years)
    return marks.years(years, known.unit, f"{known.title}, {region}. {told}.")


def _spread(
    level: str,
    areas: Sequence[Area],
    rows: Mapping[str, Row],
    known: Indicator,
    profiles: Profiles,
    over: Row | None,
) -> dict[str, object]:
    """The areas of a level: a dot each, a table of what is shown, and one line for what is not."""
    shown: list[dict[str, object]] = []
    hidden: dict[str, list[str]] = {}
    dots = []
    for area in areas:
        row = rows.get(area.code)
        if row is None or not (cells.shown(row) or cells.coded(row)):
            hidden.setdefault(words.absent(row), []).append(profiles.full_name(area))
            continue
        side, told = words.compared(row, profiles.region, over)
        dots.append((area.code, profiles.full_name(area), row, side))
        shown.append(
            {
                "area": area,
                "name": profiles.full_name(area),
                "row": row,
                "value": cells.value(row, known.unit),
                "interval": t("klasse", "class") if cells.coded(row) else cells.interval(row, known.unit),
                "side": side,
                "words": told,
            }
        )
    reference = over["value"] if over and cells.shown(over) else None
    many = sum(cells.shown(r) for _, _, r, _ in dots)
    return {
        "level": level,
        "shown": shown,
        "hidden": [(word, words.reason(word), names) for word, names in sorted(hidden.items())],
        "dots": marks.spread(dots, known.unit, reference) if many > 2 else "",
    }


def _broken(rows: Sequence[Row], known: Indicator) -> list[tuple[str, list[tuple[str, Row, str, str]]]]:
    """Per breakdown (one at a time) its groups for all areas together."""
    out = []
    split = [(r, breakdowns_of(r)) for r in rows]
    for column in BREAKDOWNS:
        found = [
            (of[column], r, words.told(r, known.unit), cells.interval(r, known.unit))
            for r, of in split
            if [c for c, word in of.items() if word != TOTAL] == [column]
        ]
        if found:
            out.append((column_title(column), sorted(found, key=lambda f: str(f[0]))))
    return out
