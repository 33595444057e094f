"""Marks for a missing value: those that are known or given, and what may well be one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bds_tool.formats.table.columns import Column
from bds_tool.formats.table.elements import coded, dates, labels, numeric, possible
from bds_tool.formats.table.notation import failures, marks
from bds_tool.formats.table.text import Remark

if TYPE_CHECKING:
    from bds_tool.formats.table.plan import Plan

#: From how many times on a value that cannot be one is taken for a mark.
OFTEN = 3


def missing_marks(made: Plan) -> None:
    """Marks for missing in columns of numbers, dates and codes; a code of the list is never a mark."""
    often, known = _often(made), marks()
    for column in made.columns:
        seen = made.seen.get(column.naam)
        if seen is None or column.rol not in {"", "waarde", "datum"}:
            continue
        if seen.texts is None and made.typed.get(column.naam) == "date" and column.rol != "datum":
            _suspect(column, made, {*column.ontbrekend, *made.settings.ontbrekend}, often)
            continue
        if seen.texts is None and made.typed.get(column.naam) != "date":
            continue
        if column.rol == "datum":
            _days(column, made)
            continue
        own = {*column.ontbrekend, *made.settings.ontbrekend}
        texts = seen.marks if made.long and column.rol == "waarde" else seen.texts
        there = {str(v).strip() for v in texts.drop_nulls()} if texts is not None else set()
        _suspect(column, made, own, often)
        if column.rol == "waarde" or column.bdsnummer in numeric() or column.bdsnummer in dates():
            found = {v for v in there if v.lower() in known} | own
        elif column.bdsnummer in coded():
            codes, by_label = labels(column.bdsnummer)
            found = {v for v in there if v.lower() in known and v not in codes and v.lower() not in by_label}
            found |= own
        else:
            # A word in free text is text, unless bds.toml says so for this very column.
            found = set(column.ontbrekend)
        if found:
            made.missing[column.naam] = sorted(found)
            wrong = any(v.lower() in failures() for v in found)
            code = "BDS057" if wrong else "BDS056"
            made.remarks.append(Remark(code, None, {"kolom": column.naam}))


def _days(column: Column, made: Plan) -> None:
    """Marks that bds.toml gives for a date; and a day that is no day of a contact: 1900-01-01."""
    own = {*column.ontbrekend, *made.settings.ontbrekend}
    bad = made.bad.get(column.naam, [])
    made.bad[column.naam] = [text for text in bad if text not in own]
    if own:
        made.missing[column.naam] = sorted(own)
    nines = {text: n for (_, text), n in made.seen[column.naam].nines.items() if text not in {*bad, *own}}
    made.suspects[column.naam] = list(nines)
    for text, count in nines.items():
        made.remarks.append(Remark("BDS087", None, {"kolom": column.naam, "teken": text, "aantal": count}))


def _often(made: Plan) -> Counter[tuple[int, str]]:
    """How often each element has each text that looks like a mark, over all columns that repeat it."""
    return sum((s.nines for s in made.seen.values()), Counter())


def _suspect(column: Column, made: Plan, own: set[str], often: Counter[tuple[int, str]]) -> None:
    """Tell of a number, code or day that cannot be one and comes back too often to be a slip: 9999, -1, 1900-01-01."""
    here = made.seen[column.naam].nines
    sums: Counter[str] = Counter()
    for (number, text), count in here.items():
        if text not in own and often[number, text] >= OFTEN and not _may_be(text, number, column):
            sums[text] += count
    made.suspects[column.naam] = list(sums)
    for text, count in sums.items():
        made.remarks.append(Remark("BDS087", None, {"kolom": column.naam, "teken": text, "aantal": count}))


def _may_be(text: str, number: int, column: Column) -> bool:
    """Whether a text that looks like a mark for missing can be a value of the element."""
    if number in coded():
        codes, _ = labels(number)
        return not codes or text in codes
    if number in dates():
        return False
    limits = possible(number) if number in numeric() else None
    value = float(text.replace(",", ".")) * float(column.factor)
    return limits is None or limits[0] <= value <= limits[1]
