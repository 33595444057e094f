"""The codebook for people: an HTML page without network or script, and a workbook."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base import clock
from bds_tool.base.text import t
from bds_tool.export.cohort.codebook import LEAST, Entry, law, program, shown_flow
from bds_tool.export.cohort.missing import KINDS
from bds_tool.export.page import rendered

if TYPE_CHECKING:
    from bds_tool.export.cohort.running import Study

TEMPLATES = Path(__file__).parent / "templates"


def _statistic_names() -> dict[str, str]:
    return {
        "mean": t("gemiddelde", "mean"),
        "stdev": "sd",
        "p25": t("eerste kwartiel", "first quartile"),
        "medn": t("mediaan", "median"),
        "p75": t("derde kwartiel", "third quartile"),
    }


def delivery_rows(study: Study) -> list[tuple[str, str]]:
    """What the definition says of the delivery, in words."""
    said = study.definition.delivery
    return [
        (t("Doel", "Purpose"), said["purpose"]),
        (t("Grondslag", "Legal basis"), said["legal_basis"]),
        (t("Verantwoordelijke", "Responsible"), said["responsible"]),
        (t("Ontvanger", "Recipient"), said["recipient"]),
        (t("Bewaren tot en met", "Keep until"), said["retain_until"]),
    ]


def codebook_html(study: Study, found: list[Entry]) -> str:
    """The page. Needs jinja2 (extra `report`)."""
    return rendered(
        TEMPLATES / "codeboek.html",
        TEMPLATES / "codeboek.css",
        d=study.definition,
        day=study.wishes.reference_date.isoformat(),
        program=program(),
        law=law(study),
        delivery=delivery_rows(study),
        flow=shown_flow(study.flow),
        least=LEAST,
        entries=found,
        names=_statistic_names(),
    )


def codebook_xlsx(study: Study, found: list[Entry]) -> bytes:
    """The workbook. Raises ImportError without xlsxwriter (extra `xlsx`)."""
    import xlsxwriter

    content = io.BytesIO()  # what xlsxwriter leaves open when a disk is full, is in memory
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties(clock.properties())
        about = [*[("", line) for line in law(study)], *delivery_rows(study)]
        about += [(s.name, f"-{s.left_out} → {s.remaining} {s.unit}") for s in shown_flow(study.flow)]
        about += [(m.key, f"{m.label} (SPSS {m.code}, Stata .{m.letter})") for m in KINDS]
        _sheet(book, t("Over", "About"), ["", study.definition.title], about)
        heads = [t("naam", "name"), t("label", "label"), t("definitie", "definition"), t("soort", "kind"), t("eenheid", "unit"),
                 t("meetniveau", "level"), t("bron", "source"), t("zekerheid", "certainty"), "BDS", t("geldig", "valid"),
                 *_statistic_names().values()]  # fmt: skip
        rows = [
            (e.column.name, e.column.label, e.column.definition, e.column.kind, e.column.unit, e.column.measure, e.column.source,
             e.column.certainty, "; ".join(f"{v}: {s}" for v, s in e.column.sources.items()), e.valid,
             *[e.statistics.get(k) for k in _statistic_names()])
            for e in found
        ]  # fmt: skip
        _sheet(book, t("Variabelen", "Variables"), heads, rows)
        values = [
            (e.column.name, c.value, c.label, t("ja", "yes") if c.missing else t("nee", "no"), "·" if c.n is None else c.n)
            for e in found
            for c in e.cells
        ]  # fmt: skip
        heads = [t("naam", "name"), t("waarde", "value"), t("label", "label"), t("ontbrekend", "missing"), t("aantal", "number")]  # fmt: skip
        _sheet(book, t("Waarden", "Values"), heads, values)
    return content.getvalue()


def _sheet(book: Any, name: str, heads: list[str], rows: list[Any]) -> None:  # noqa: ANN401
    sheet = book.add_worksheet(name)
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    for index, head in enumerate(heads):
        sheet.write_string(0, index, head, bold)
        sheet.set_column(index, index, 44 if index in {1, 2} else 18)
    for line, row in enumerate(rows, 1):
        for index, content in enumerate(row):
            if isinstance(content, str):
                sheet.write_string(line, index, content, wrap)
            elif content is not None:
                sheet.write_number(line, index, content)
    sheet.freeze_panes(1, 0)
