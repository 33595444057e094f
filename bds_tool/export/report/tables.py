"""Jeugd-in-Beeld tables from a protected result: XLSX, CSV (two dialects), Parquet, Markdown and HTML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError
from bds_tool.base.escaping import cell, markup
from bds_tool.base.escaping import cells as safe_cells
from bds_tool.base.files import atomic_dir, atomic_file, atomic_files
from bds_tool.base.json_types import JsonObject
from bds_tool.base.names import child
from bds_tool.base.text import language, number, t
from bds_tool.export.report import cells, left_out, words
from bds_tool.export.report.book import Book, Indicator, theme_title
from bds_tool.export.report.columns import COLUMNS, column_title, csvw
from bds_tool.export.workbook import workbook
from bds_tool.indicators.result import BREAKDOWNS, TOTAL

if TYPE_CHECKING:
    import polars as pl
    from xlsxwriter import Workbook

FORMATS = ("xlsx", "csv", "csv-nl", "parquet", "markdown", "html")


def long_table(book: Book, rows: pl.DataFrame) -> pl.DataFrame:
    """The chosen rows with titles and units: the columns of COLUMNS. Hidden figures are null, never a number."""
    import polars as pl

    known = pl.DataFrame(
        [(i.id, i.title, theme_title(i.theme), i.unit, words.unit(i.view)) for i in book.indicators.values()],
        schema=["indicator", "title", "theme", "unit", "counted"],
        orient="row",
    )
    order = {a: place for place, a in enumerate(book.areas)}
    return (
        rows.join(known, on="indicator", how="left")
        .with_columns(
            pl.col("area").replace_strict(order, default=len(order), return_dtype=pl.Int64).alias("_area"),
            _share("n", pl.col("n") + pl.col("missing")).alias("coverage"),
            _share(pl.col("n") + pl.col("missing").fill_null(0), "resident").alias("in_view"),
            _share("x", "resident").alias("reached"),
        )
        .sort("theme", "title", "_area", "period", *BREAKDOWNS)
        .select(list(COLUMNS))
    )


def _share(part: str | pl.Expr, whole: str | pl.Expr) -> pl.Expr:
    import polars as pl

    of = pl.col(whole) if isinstance(whole, str) else whole
    share = 100 * (pl.col(part) if isinstance(part, str) else part) / of
    return pl.when(of > 0).then(share).round(1)


def write_table(book: Book, rows: pl.DataFrame, format_: str, out: Path) -> None:
    """One file in one of FORMATS; CSV gets its CSVW description beside it (`NAME.csv-metadata.json`)."""
    table = long_table(book, rows)
    if format_ == "parquet":
        with atomic_file(out) as temporary:
            table.write_parquet(temporary)
    elif format_ == "csv":
        _write_described(out, safe_cells(table).write_csv(), csvw(book, out.name))
    elif format_ == "csv-nl":
        with atomic_file(out) as temporary:
            # Dutch Excel needs the byte order mark, semicolons and decimal commas.
            temporary.write_text(dutch_csv(table), encoding="utf-8-sig", newline="")
    elif format_ == "markdown":
        _write(out, markdown(book, table))
    elif format_ == "html":
        _write(out, html_page(book, table))
    elif format_ == "xlsx":
        write_workbook(book, [(t("Tabel", "Table"), table)], out)
    else:
        raise UsageError(
            t(f"Formaat {format_} bestaat hier niet.", f"Format {format_} does not exist here."),
            t(f"Kies uit: {', '.join(FORMATS)}.", f"Choose one of: {', '.join(FORMATS)}."),
        )


def write_book(book: Book, out: Path, *, level: str = "gemeente", replace: bool = False) -> int:
    """The table book: one workbook per area of `level`, a sheet per theme, its wijken beside it. Returns the count."""
    areas = [a for a in book.of_level(level) if a.code.startswith(("GM", "WK", "BU"))] or book.of_level(level)
    if not areas:
        raise UsageError(
            t(
                f"Dit resultaat heeft geen gebieden van soort {level}.",
                f"This result has no areas of kind {level}.",
            ),
            t("Kies met --level een soort die erin staat.", "Choose with --level a kind that is in it."),
        )
    with atomic_dir(out, replace=replace) as folder:
        for area in areas:
            inside = [area.code, *(child.code for child in book.children(area.code))]
            if book.top:
                inside.insert(0, book.top.code)
            rows = book.rows(area=inside, totals_only=False)
            table = long_table(book, rows)
            sheets = [(theme, part) for (theme,), part in table.group_by(["theme"], maintain_order=True)]
            write_workbook(
                book,
                [(str(theme), part) for theme, part in sheets],
                child(folder, area.code, ".xlsx"),
                area.name,
            )
    return len(areas)


def _write(out: Path, content: str) -> None:
    with atomic_file(out) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="\n")


def _write_described(out: Path, content: str, description: JsonObject) -> None:
    """Both, or neither; a device (the screen, a pipe) gets the table alone."""
    if out.exists() and not out.is_file():
        _write(out, content)
        return
    beside = out.with_name(out.name + "-metadata.json")
    with atomic_files((out, beside), own=False) as made:
        made[out].write_text(content, encoding="utf-8", newline="\n")
        described = json.dumps(description, ensure_ascii=False, indent=2)
        made[beside].write_text(described, encoding="utf-8", newline="\n")


def dutch_csv(table: pl.DataFrame) -> str:
    """Semicolons, decimal commas, Dutch column names; a text that looks like a formula is quoted with an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow([column_title(c) for c in table.columns])
    for row in table.iter_rows():
        writer.writerow([_dutch(v) for v in row])
    return buffer.getvalue()


def _dutch(value: Any) -> str:  # noqa: ANN401  # a cell of any type
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".").replace(".", ",")
    return cell(str(value))


def readable(book: Book, table: pl.DataFrame) -> tuple[list[str], Iterator[list[str]]]:
    """Header and rows for people: one text per cell, breakdown columns only where there is one."""
    units = {i.id: i.unit for i in book.indicators.values()}
    used = [c for c in BREAKDOWNS if (table[c] != TOTAL).any()]
    header = [column_title(c) for c in ("title", "area_name", "period", *used)]
    # Residents only where somebody gave them.
    aside = ["x", "missing", *(["in_view"] if table["resident"].is_not_null().any() else [])]
    header += [
        column_title("n"),
        *map(column_title, aside),
        column_title("value"),
        t("95 %-interval", "95 % interval"),
        column_title("reference"),
    ]

    def lines() -> Iterator[list[str]]:
        for row in table.iter_rows(named=True):
            unit = units.get(row["indicator"], "")
            reference = (
                ""
                if row["reference"] is None
                else cells.value({"status": "ok", "value": row["reference"]}, unit)
            )
            yield [
                row["title"],
                row["area_name"],
                row["period"],
                *(row[c] for c in used),
                cells.count(row["n"]) if row["n"] is None else f"{cells.count(row['n'])} {row['counted']}",
                *("" if row[c] is None else number(row[c], 1 if c == "in_view" else 0) for c in aside),
                cells.value(row, unit),
                cells.interval(row, unit),
                reference,
            ]

    return header, lines()


def markdown(book: Book, table: pl.DataFrame) -> str:
    header, lines = readable(book, table)
    right = len(header) - header.index(column_title("n"))
    marks = ["---"] * (len(header) - right) + ["---:"] * right
    body = ["| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in (header, marks, *lines)]
    return (
        "\n".join(
            [
                *body,
                "",
                *(f"{symbol} = {meaning}  " for symbol, meaning in cells.legend()),
                "",
                *book.statement(),
                *left_out.markdown(book),
            ]
        )
        + "\n"
    )


def html_table(book: Book, table: pl.DataFrame, caption: str) -> str:
    """An accessible table: caption, column and row headers with scope, figures aligned right."""
    header, lines = readable(book, table)
    first = header.index(column_title("n"))
    heads = "".join(f'<th scope="col">{markup(h)}</th>' for h in header)
    body = []
    for line in lines:
        rest = "".join(
            f"<td{' class=num' if i >= first else ''}>{markup(c)}</td>" for i, c in enumerate(line[1:], 1)
        )
        body.append(f'<tr><th scope="row">{markup(line[0])}</th>{rest}</tr>')
    return f'<table class="sorteer"><caption>{markup(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{"".join(body)}</tbody></table>'


def html_page(book: Book, table: pl.DataFrame) -> str:
    caption = t("Indicatoren jeugdgezondheidszorg", "Indicators of youth health care")
    notes = "".join(f"<p>{markup(s)}</p>" for s in book.statement())
    symbols = "".join(f"<dt>{markup(s)}</dt><dd>{markup(m)}</dd>" for s, m in cells.legend())
    style = (Path(__file__).parent / "static" / "site.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="{language()}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{caption}</title><style>{style}</style></head><body><main><h1>{caption}</h1>{html_table(book, table, caption)}"
        f"<dl>{symbols}</dl>{notes}{left_out.html(book)}</main></body></html>\n"
    )


# ---- workbooks ------------------------------------------------------------------------------------------------


def write_workbook(book: Book, sheets: Sequence[tuple[str, pl.DataFrame]], out: Path, area: str = "") -> None:
    """Formatted sheets with frozen headers and filters, a legend and the sources. Needs the extra `xlsx`."""
    with workbook(out, t("Jeugd in Beeld", "Youth in view"), area) as made:
        used: set[str] = set()
        for name, table in sheets:
            _sheet(made, _sheet_name(name, used), table)
        _left_out_sheet(made, book, used)
        _legend_sheet(made, book)


def _sheet_name(name: str, used: set[str]) -> str:
    base = "".join(c if c not in r"[]:*?/\'" else " " for c in name)[:28].strip() or "blad"
    candidate, number = base, 1
    while candidate.lower() in used:
        number += 1
        candidate = f"{base} {number}"
    used.add(candidate.lower())
    return candidate


def _sheet(workbook: Workbook, name: str, table: pl.DataFrame) -> None:
    sheet = workbook.add_worksheet(name)
    head = workbook.add_format(
        {"bold": True, "bg_color": "#1b4f7a", "font_color": "#ffffff", "text_wrap": True, "valign": "top"}
    )
    whole = workbook.add_format({"num_format": "#,##0"})
    figure = workbook.add_format({"num_format": "#,##0.0"})
    secret = workbook.add_format({"align": "right", "font_color": "#595959", "bg_color": "#eeeeee"})
    widths = {"title": 44, "area_name": 24, "reference_test": 18, "method": 14, "status": 14}
    for index, column in enumerate(table.columns):
        sheet.write(0, index, column_title(column), head)
        sheet.set_column(index, index, widths.get(column, 11))
    figures = {"value", "lower", "upper", "reference"}
    for line, row in enumerate(table.iter_rows(named=True), start=1):
        empty = None if cells.shown(row) else cells.value(row, row["unit"] or "")
        for index, column in enumerate(table.columns):
            content = row[column]
            if column == "value" and empty is not None:
                sheet.write_string(line, index, empty, secret)
            elif content is None:
                continue
            elif column in figures or column in {"coverage", "in_view", "reached"}:
                sheet.write_number(line, index, content, figure)
            elif column in {"n", "x", "missing", "resident"}:
                sheet.write_number(line, index, content, whole)
            else:
                sheet.write_string(line, index, str(content))
    sheet.freeze_panes(1, table.columns.index("area_name") + 1)
    sheet.autofilter(0, 0, max(table.height, 1), table.width - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _left_out_sheet(workbook: Workbook, book: Book, used: set[str]) -> None:
    header, lines = left_out.per_indicator(book)
    if not lines:
        return
    sheet = workbook.add_worksheet(_sheet_name(left_out.title(), used))
    bold, wrap = (
        workbook.add_format({"bold": True, "text_wrap": True}),
        workbook.add_format({"align": "right"}),
    )
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, len(header), 14)
    sheet.write_string(0, 0, left_out.about(book))
    told = [*left_out.whole_run(book), ("", "")]
    for line, (word, count) in enumerate(told, start=2):
        sheet.write_string(line, 0, word)
        sheet.write_string(line, 1, count, wrap)
    for line, row in enumerate([header, *lines], start=2 + len(told)):
        for index, content in enumerate(row):
            sheet.write_string(line, index, content, bold if row is header else wrap if index else None)


def _legend_sheet(workbook: Workbook, book: Book) -> None:
    sheet = workbook.add_worksheet(t("Uitleg", "Legend"))
    bold, wrap = (
        workbook.add_format({"bold": True}),
        workbook.add_format({"text_wrap": True, "valign": "top"}),
    )
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 100)
    line = 0

    def block(title: str, pairs: Sequence[tuple[str, str]]) -> None:
        nonlocal line
        sheet.write_string(line, 0, title, bold)
        line += 1
        for left, right in pairs:
            sheet.write_string(line, 0, left, wrap)
            sheet.write_string(line, 1, right, wrap)
            line += 1
        line += 1

    facts = book.provenance()
    block(t("Tekens", "Symbols"), cells.legend())
    block(t("Kolommen", "Columns"), [(column_title(c), c) for c in COLUMNS])
    block(t("Bescherming", "Protection"), [("", s) for s in book.statement()])
    block(
        t("Indicatoren en bronnen", "Indicators and sources"),
        [(i.title, _about(i)) for i in book.indicators.values()],
    )
    block(
        t("Herkomst", "Provenance"),
        [
            (t("Programma", "Program"), facts["program"]),
            (t("Gemaakt", "Made"), facts["created"]),
            ("BDS", ", ".join(facts["bds_versions"])),
            *[("", str(n)) for n in facts["notes"]],
        ],
    )


def _about(indicator: Indicator) -> str:
    parts = [f"{indicator.id} · {indicator.source}", *indicator.caveats]
    if indicator.certainty:
        parts.append(
            t(
                f"Zekerheid van de definitie: {indicator.certainty}.",
                f"Certainty of the definition: {indicator.certainty}.",
            )
        )
    return " ".join(parts)
