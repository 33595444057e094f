"""The melkvoeding report: moments × kind of feeding, by education and age of the mother, beside the published figures of 2018."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias, TypedDict

from bds_tool.base.errors import UsageError
from bds_tool.base.escaping import markup
from bds_tool.base.files import atomic_file
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import language, number, t
from bds_tool.export.report import cells, charts
from bds_tool.export.report.book import Area, Book
from bds_tool.indicators.result import TOTAL
from bds_tool.indicators.told import Row, breakdowns_of, rows_of

#: Moments of the published table with the last part of the indicator's id, and kinds with its first part.
MOMENTS = {
    "geboortedag": "BIRTH",
    "8e dag": "D8",
    "2 weken": "2W",
    "1 maand": "1M",
    "3 maanden": "3M",
    "6 maanden": "6M",
    "9 maanden": "9M",
    "12 maanden": "12M",
}
KINDS = {"borst": "BF", "gemengd": "MIX", "kunst": "FF"}
FEEDING = {f"{kind}-{moment}" for kind in KINDS.values() for moment in MOMENTS.values()}
START = "geboortedag"
#: Words of the published table, for a report in English.
ENGLISH = {
    "geboortedag": "day of birth",
    "8e dag": "day 8",
    "2 weken": "2 weeks",
    "1 maand": "1 month",
    **{f"{n} maanden": f"{n} months" for n in (3, 6, 9, 12)},
    "borst": "breast",
    "gemengd": "mixed",
    "kunst": "formula",
    "hoog": "high",
    "midden": "middle",
    "laag": "low",
}
CLASSES = ("hoog", "midden", "laag")


def mother_classes() -> list[str]:
    """The classes of the mother's age, youngest first."""
    return list(_published("moederleeftijd.csv", "klasse"))


def write_milk(book: Book, out: Path, *, area: str = "", period: str = "") -> None:
    """The report as .html, .csv or .md. Raises UsageError when the result holds no feeding indicators."""
    report = milk_table(book, area=area, period=period)
    ending = out.suffix.lower()
    writers = {".html": _html, ".csv": _csv, ".md": _markdown}
    if ending not in writers:
        raise UsageError(
            t(
                f"Uitvoer {out.name} is geen .html, .csv of .md.",
                f"Output {out.name} is no .html, .csv or .md.",
            ),
            t("Kies een naam die zo eindigt.", "Choose a name that ends so."),
        )
    with atomic_file(out) as temporary:
        temporary.write_text(writers[ending](report), encoding="utf-8", newline="\n")


#: Moment → the row of each class, or None.
Broken: TypeAlias = list[tuple[str, list[Row | None]]]


class MilkTable(TypedDict):
    """`rows`: per moment and kind the row of the result (or None) and the figure of 2018; `classes`: breastfeeding
    per education; `ages`: per age of the mother; `start`: per education breastfeeding on the day of birth in 2018.
    """

    area: Area
    period: str
    rows: list[tuple[str, str, Row | None, float]]
    classes: Broken
    ages: Broken
    start: dict[str, float]
    source: str
    statement: list[str]


def milk_table(book: Book, *, area: str = "", period: str = "") -> MilkTable:
    """The table of one area and period."""
    place: Area | None = book.area(area) if area else book.top
    period = book.period(period or book.latest)
    if not FEEDING & set(book.indicators) or place is None:
        raise UsageError(
            t(
                "Dit resultaat heeft geen indicatoren over melkvoeding.",
                "This result has no indicators on milk feeding.",
            ),
            t(
                "Bereken ze met `bds indicator compute STORE -i voeding --by education,mother_age,year`.",
                "Compute them with `bds indicator compute STORE -i voeding --by education,mother_age,year`.",
            ),
        )
    found: dict[tuple[str, str, str], Row] = {}
    for row in rows_of(book.rows(area=place.code, period=period, totals_only=False)):
        others = [w for c, w in breakdowns_of(row).items() if c not in {"education", "mother_age"}]
        if row["indicator"] in FEEDING and all(v == TOTAL for v in others):
            found[row["indicator"], row["education"], row["mother_age"]] = row
    published = _published("melkvoeding_2018.csv", "moment")
    rows = [
        (moment, kind, found.get((f"{prefix}-{suffix}", TOTAL, TOTAL)), float(published[moment][kind]))
        for moment, suffix in MOMENTS.items()
        for kind, prefix in KINDS.items()
    ]
    start = _published("melkvoeding_2018_opleiding.csv", "opleiding")
    classes = [
        (moment, [found.get((f"BF-{suffix}", name, TOTAL)) for name in CLASSES])
        for moment, suffix in MOMENTS.items()
    ]
    ages = [
        (moment, [found.get((f"BF-{suffix}", TOTAL, name)) for name in mother_classes()])
        for moment, suffix in MOMENTS.items()
    ]
    return {
        "area": place,
        "period": period,
        "rows": rows,
        "classes": classes,
        "ages": ages,
        "start": {name: float(start[name]["borst_geboortedag"]) for name in CLASSES},
        "source": next(iter(published.values()))["bron"],
        "statement": book.statement(),
    }


def _published(name: str, key: str) -> dict[str, dict[str, str]]:
    with (specs_dir() / "referenties" / name).open(encoding="utf-8", newline="") as file:
        return {row[key]: row for row in csv.DictReader(file)}


def said(word: str) -> str:
    return t(word, ENGLISH.get(word, word))


def _value(row: Row | None) -> str:
    return cells.NO_DATA if row is None else cells.value(row)


def _csv(report: MilkTable) -> str:
    lines = ["uitsplitsing,klasse,moment,soort,n,waarde,ondergrens,bovengrens,status,peiling_2018"]

    def add(by: str, name: str, moment: str, kind: str, row: Row | None, old: float | None) -> None:
        figures = (row["n"], row["value"], row["lower"], row["upper"]) if row else (None,) * 4
        told = ["" if f is None else f"{f:g}" for f in [*figures, old]]
        status = row["status"] if row else "geen_gegevens"
        lines.append(",".join([by, name, moment, kind, *told[:4], status, told[4]]))

    for moment, kind, row, old in report["rows"]:
        add(TOTAL, TOTAL, moment, kind, row, old)
    for by, _, names, table in _broken_down(report):
        for moment, rows in table:
            for name, row in zip(names, rows, strict=True):
                published = report["start"].get(name) if by == "education" and moment == START else None
                add(by, name, moment, "borst", row, published)
    return "\n".join(lines) + "\n"


def _broken_down(report: MilkTable) -> list[tuple[str, str, Sequence[str], Broken]]:
    """Breastfeeding by something: (breakdown, caption, classes, rows per moment), where the result has it."""
    tables: list[tuple[str, str, Sequence[str], Broken]] = [
        (
            "education",
            t("Borstvoeding naar opleiding", "Breastfeeding by education"),
            CLASSES,
            report["classes"],
        ),
        (
            "mother_age",
            t("Borstvoeding naar leeftijd van de moeder", "Breastfeeding by age of the mother"),
            mother_classes(),
            report["ages"],
        ),
    ]
    return [found for found in tables if any(row for _, rows in found[3] for row in rows)]


def _markdown(report: MilkTable) -> str:
    head = [t("moment", "moment"), *(f"{kind} | {kind} 2018" for kind in map(said, KINDS))]
    lines = [
        f"# {title(report)}",
        "",
        "| " + " | ".join(head) + " |",
        "| --- |" + " ---: |" * (2 * len(KINDS)),
    ]
    for moment in MOMENTS:
        of = [(row, old) for m, _, row, old in report["rows"] if m == moment]
        lines.append(
            f"| {said(moment)} | " + " | ".join(f"{_value(row)} | {number(old)} %" for row, old in of) + " |"
        )
    for by, caption, names, table in _broken_down(report):
        lines += [
            "",
            f"## {caption}",
            "",
            f"| {t('moment', 'moment')} | " + " | ".join(map(said, names)) + " |",
        ]
        lines.append("| --- |" + " ---: |" * len(names))
        lines += [f"| {said(moment)} | " + " | ".join(map(_value, rows)) + " |" for moment, rows in table]
        if by == "education":
            old = " | ".join(f"{number(v)} %" for v in report["start"].values())
            lines.append(f"| {said(START)} 2018 | {old} |")
    return "\n".join([*lines, "", _note(report), "", *report["statement"]]) + "\n"


def title(report: MilkTable) -> str:
    return t(
        f"Melkvoeding, {report['area'].name}, {report['period']}",
        f"Milk feeding, {report['area'].name}, {report['period']}",
    )


def _note(report: MilkTable) -> str:
    return t(
        f"Bron van de kolommen 2018: {report['source']}. Die cijfers komen uit de dossiers van zeven JGZ-organisaties; "
        "de leeftijdsvensters van toen zijn niet gepubliceerd, dus vergelijk met zorg.",
        f"Source of the 2018 columns: {report['source']}. Those figures come from the records of seven organisations; "
        "their age windows were not published, so compare with care.",
    )


def _html(report: MilkTable) -> str:
    style = (Path(__file__).parent / "static" / "site.css").read_text(encoding="utf-8")
    named = title(report)
    shares = {
        said(kind): [row["value"] if row else None for _, k, row, _ in report["rows"] if k == kind]
        for kind in KINDS
    }
    chart = charts.stacked(named, list(map(said, MOMENTS)), shares)
    head = "".join(
        f'<th scope="col" class="num">{k}</th><th scope="col" class="num">{k} 2018</th>'
        for k in map(said, KINDS)
    )
    body = ""
    for moment in MOMENTS:
        of = [(row, old) for m, _, row, old in report["rows"] if m == moment]
        body += (
            f'<tr><th scope="row">{said(moment)}</th>'
            + "".join(
                f'<td class="num">{_value(row)}</td><td class="num">{number(old)} %</td>' for row, old in of
            )
            + "</tr>"
        )
    tables = "".join(_html_table(report, *found) for found in _broken_down(report))
    notes = "".join(f"<p>{markup(s)}</p>" for s in [_note(report), *report["statement"]])
    return (
        f'<!doctype html><html lang="{language()}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{markup(named)}</title><style>{style}</style></head><body><main><h1>{markup(named)}</h1><figure class=beeld>{chart}</figure>"
        f"<div class=tabel><table><caption>{t('Soort voeding per moment', 'Kind of feeding by moment')}</caption><thead><tr><th scope=col>{t('Moment', 'Moment')}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"{tables}{notes}</main></body></html>\n"
    )


def _html_table(report: MilkTable, by: str, caption: str, names: Sequence[str], table: Broken) -> str:
    lines = [(said(moment), [_value(row) for row in rows]) for moment, rows in table]
    if by == "education":
        lines.append((f"{said(START)} 2018", [f"{number(v)} %" for v in report["start"].values()]))
    head = "".join(f'<th scope="col" class="num">{said(name)}</th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{moment}</th>'
        + "".join(f'<td class="num">{told}</td>' for told in figures)
        + "</tr>"
        for moment, figures in lines
    )
    return (
        f"<div class=tabel><table><caption>{caption}</caption><thead><tr>"
        f'<th scope="col">{t("Moment", "Moment")}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
