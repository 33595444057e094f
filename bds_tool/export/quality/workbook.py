"""The same as the page in a workbook: scores, kinds of findings and all figures, with filters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.text import t
from bds_tool.export.quality import telling
from bds_tool.export.quality.rates import Quality
from bds_tool.export.workbook import workbook
from bds_tool.validate.tables import element_name

if TYPE_CHECKING:
    from xlsxwriter import Workbook


def write_workbook(found: Quality, target: Path) -> None:
    """Sheets for scores, elements of the score, kinds of findings and each figure. Needs the extra `xlsx`."""
    title = t("Kwaliteit van leveringen", "Quality of deliveries")
    with workbook(target, title, "bds quality") as book:
        for name, heads, rows in _sheets(found):
            _sheet(book, name, heads, rows)


def _sheets(found: Quality) -> list[tuple[str, list[str], list[list[Any]]]]:
    unit, everything = t("eenheid", "unit"), t("alles", "everything")
    labels = found.labels
    scores = [
        [u or everything, label, found.dossiers[u][i], found.scores[u][i]]
        for u in found.scores
        for i, label in enumerate(labels)
    ]
    items = [
        [u or everything, label, n, found.names.get(n, ""), item.records, item.complete, item.defaults, item.score, item.coverage]
        for u in found.items
        for i, label in enumerate(labels)
        for n, item in sorted(found.items[u][i].items())
    ]  # fmt: skip
    kinds = [
        [s.unit or everything, s.code, s.severity, s.element, telling.what(found, s), s.n[-1], s.of[-1], s.rate(len(labels) - 1), s.state, telling.change(found, s), s.p]
        for s in telling.ranked(found.series)
    ]  # fmt: skip
    figures = [
        [
            s.unit or everything,
            s.code,
            s.element,
            label,
            s.n[i],
            s.of[i],
            s.basis,
            s.rate(i),
            s.low[i],
            s.high[i],
        ]
        for s in found.series
        for i, label in enumerate(labels)
    ]
    targets = [
        [o.unit or everything, o.what, o.shown(o.limit), o.shown(o.value), o.word, o.reason + (t(" (verlopen)", " (expired)") if o.expired else "")]
        for o in found.targets
    ]  # fmt: skip
    goals = (t("Doelen", "Targets"),
             [unit, t("doel", "target"), t("grens", "limit"), t("nu", "now"), t("stand", "state"), t("aanvaarde afwijking", "accepted deviation")], targets)  # fmt: skip
    b = found.burden
    unused = [
        [n, element_name(n), k, t("door geen definitie genoemd", "named by no definition")]
        for n, k in (b.unnamed.items() if b else ())
    ]
    unused += [[n, element_name(n), 0, t("nergens gevuld", "filled nowhere")] for n in (b.never if b else ())]
    burden = (t("Registratielast", "Burden"), ["element", t("naam", "name"), t("gevulde waarden", "filled values"), t("wat", "what")], unused)  # fmt: skip
    habits = [
        [h.unit, h.element, found.names.get(h.element, ""), h.kind, h.code, h.of, h.share, h.expected, h.p]
        for h in (found.uniformity.habits if found.uniformity else ())
    ]
    alike = (t("Eenheden anders", "Units otherwise"),
             [unit, "element", t("naam", "name"), t("wat", "what"), "code", "dossiers", t("aandeel", "share"), t("verwacht", "expected"), "p"], habits)  # fmt: skip
    return [
        *([goals] if targets else []),
        (t("Score", "Score"), [unit, t("levering", "delivery"), "dossiers", "score"], scores),
        (t("Score per element", "Score by element"),
         [unit, t("levering", "delivery"), "element", t("naam", "name"), "dossiers", t("geldig en volledig", "valid and complete"),
          t("alleen onbekend", "only unknown"), t("aandeel", "share"), t("dekking", "coverage")], items),
        (t("Soorten bevindingen", "Kinds of findings"),
         [unit, "code", t("ernst", "severity"), "element", t("wat", "what"), t("aantal nu", "count now"), t("van", "of"), t("aandeel", "share"),
          t("stand", "state"), t("verandering", "change"), "p"], kinds),
        (t("Alle cijfers", "All figures"),
         [unit, "code", "element", t("levering", "delivery"), "n", t("van", "of"), t("basis", "basis"), t("aandeel", "share"),
          t("onder", "low"), t("boven", "high")], figures),
        *([burden] if unused else []),
        *([alike] if found.uniformity else []),
    ]  # fmt: skip


def _sheet(book: Workbook, name: str, heads: Sequence[str], rows: list[list[Any]]) -> None:
    sheet = book.add_worksheet(name)
    head = book.add_format(
        {"bold": True, "bg_color": "#0a6b72", "font_color": "#ffffff", "text_wrap": True, "valign": "top"}
    )
    percent, plain = book.add_format({"num_format": "0.0%"}), book.add_format({"num_format": "0.0"})
    shares = {
        t("aandeel", "share"),
        t("onder", "low"),
        t("boven", "high"),
        t("dekking", "coverage"),
        t("verwacht", "expected"),
    }
    for column, title in enumerate(heads):
        sheet.write_string(0, column, title, head)
        wide = max([len(title), *(len(str(r[column])) for r in rows[:500] if r[column] is not None)])
        sheet.set_column(column, column, min(60, max(9, wide + 1)))
        form = percent if title in shares else plain if title == "score" else None
        for line, row in enumerate(rows, 1):
            value = row[column]
            if isinstance(value, str):
                sheet.write_string(line, column, value)
            elif value is not None:
                sheet.write_number(line, column, value, form)
    sheet.freeze_panes(1, 0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(heads) - 1)
