"""Sheets of an Excel workbook as rows of text, read cell by cell: memory follows what is there, not what a sheet claims.

Numbers come as Excel shows them (15 digits), dates as ISO text. What a reader cannot know is told: a formula without a
stored value, an error value, a number of more digits than Excel keeps.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, BinaryIO

from bds_tool.base.text import whole
from bds_tool.formats.table.amounts import POINTED
from bds_tool.store.archives import BROKEN, MEMBER_MAX, RATIO_MAX, SMALL
from bds_tool.store.sources import Unreadable

#: Bounds of the format itself, and of the texts a workbook shares between cells.
COLUMNS, ROWS = 16_384, 1_048_576
TEXTS_MAX = 256 * 1024**2
_SIMPLE = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?")
_TEXTUAL = frozenset({"s", "str", "inlineStr"})
_LETTERS = re.compile(r"[A-Z]{1,3}")
_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  # a day of a sheet has no zone
_1904 = timedelta(days=1462)


@dataclass
class Sheet:
    """One sheet: its name, its place in the workbook, whether it is hidden, and the file that holds it."""

    naam: str
    nummer: int
    verborgen: bool
    member: str


@dataclass
class Cells:
    """One row: its number, text by column (0 is A), and columns whose cell says less than it should."""

    row: int
    texts: dict[int, str]
    without_value: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    pointed: list[int] = field(default_factory=list)  # text as `8.100`, that is no number


class Workbook:
    """An open workbook. Raises Unreadable BDS011 or BDS009 for one that is broken or beyond the bounds."""

    def __init__(self, stream: BinaryIO) -> None:
        from lxml import etree

        try:
            self._zip = zipfile.ZipFile(stream)
            self.sheets = list(self._find_sheets())
            self._dates = self._date_styles()
            self._texts: list[str] | None = None
        except (*BROKEN, KeyError, ValueError, etree.XMLSyntaxError) as error:
            raise Unreadable("BDS011", reden="xlsx") from error

    def rows(self, sheet: Sheet) -> Iterator[Cells]:
        """The rows that hold something."""
        from lxml import etree

        if self._texts is None:
            self._texts = self._shared()
        row, number = None, 0
        try:
            with self._open(sheet.member) as stream:
                for _, node in _parse(stream):
                    if node.tag.endswith("}c"):
                        if row is None:
                            number = _row_number(node.getparent(), number)
                            row, following = Cells(number, {}), 0
                        following = self._cell(node, row, following)
                        node.clear()
                    elif node.tag.endswith("}row"):
                        if row is None:
                            number = _row_number(node, number)
                        elif row.texts or row.without_value:
                            yield row
                        row = None
                        _forget(node)
        except (*BROKEN, etree.XMLSyntaxError, KeyError) as error:
            raise Unreadable("BDS011", reden="xlsx") from error

    def _cell(self, node: Any, row: Cells, following: int) -> int:  # noqa: ANN401
        letters = (node.get("r") or "").rstrip("0123456789")
        column = _column(letters) if _LETTERS.fullmatch(letters) else following
        if column >= COLUMNS:
            raise Unreadable("BDS009", reden="kolommen", grens=COLUMNS)
        kind, value, formula, inline = node.get("t", "n"), None, False, ""
        for child in node:
            tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
            if tag == "v":
                value = child.text
            elif tag == "f":
                formula = True
            elif tag == "is":
                inline = _text(child)
        if kind == "inlineStr":
            text = inline
        elif value is None or (value == "" and kind != "str"):
            if formula:
                row.without_value.append(column)
            return column + 1
        else:
            text = self._value(kind, value, node.get("s"), row, column)
        if text:
            row.texts[column] = text
            if kind in _TEXTUAL and "." in text[-4:] and POINTED.fullmatch(text):
                row.pointed.append(column)
        return column + 1

    def _value(self, kind: str, value: str, style: str | None, row: Cells, column: int) -> str:
        if kind == "s":
            texts = self._texts or []
            return texts[place] if (place := whole(value)) is not None and place < len(texts) else ""
        if kind == "b":
            return "true" if value == "1" else "false"
        if kind in {"e", "str", "d"}:
            return value
        if style is not None and whole(style) in self._dates and (day := self._day(value)):
            return day
        text = _number(value)
        if len(text.lstrip("-")) > 15 and text.lstrip("-").isdecimal():
            row.damaged.append(column)
        return text

    def _day(self, value: str) -> str:
        try:
            serial = float(value)
            if not 0 < serial < 2_958_466:
                return ""
            moment = (
                _DAY_ZERO + timedelta(seconds=round(serial * 86_400)) + (_1904 if self._mac else timedelta())
            )
        except (ValueError, OverflowError):
            return ""
        if serial < 1:
            return moment.strftime("%H:%M")
        return moment.isoformat()[: 16 if moment.hour or moment.minute else 10]

    def _find_sheets(self) -> Iterator[Sheet]:
        relations = {n.get("Id"): n.get("Target", "") for n in self._tree("xl/_rels/workbook.xml.rels")}
        book = self._tree("xl/workbook.xml")
        self._mac = False
        number = 0
        for node in book.iter("{*}workbookPr", "{*}sheet"):
            if node.tag.endswith("workbookPr"):
                self._mac = node.get("date1904") in {"1", "true"}
                continue
            number += 1
            key = next((v for k, v in node.attrib.items() if k.endswith("}id")), "")
            target = relations.get(key, "").lstrip("/")
            member = target if target.startswith("xl/") else f"xl/{target}"
            if "worksheets/" in member or member in self._zip.namelist():
                hidden = node.get("state", "visible") != "visible"
                yield Sheet(node.get("name", ""), number, hidden, member)

    def _date_styles(self) -> frozenset[int]:
        if "xl/styles.xml" not in self._zip.namelist():
            return frozenset()
        tree = self._tree("xl/styles.xml")
        own = {n.get("numFmtId"): n.get("formatCode", "") for n in tree.iter("{*}numFmt")}
        found = set()
        for formats in tree.iter("{*}cellXfs"):
            for position, node in enumerate(formats.iterchildren("{*}xf")):
                number = node.get("numFmtId", "0")
                code = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", own.get(number, "")).lower()
                if whole(number) in _DATES or re.search(r"[yjd]|h:?m", code):
                    found.add(position)
        return frozenset(found)

    def _shared(self) -> list[str]:

        if "xl/sharedStrings.xml" not in self._zip.namelist():
            return []
        texts, size = [], 0
        with self._open("xl/sharedStrings.xml") as stream:
            for _, node in _parse(stream):
                if node.tag.endswith("}si"):
                    texts.append(_text(node))
                    size += len(texts[-1]) + 50
                    if size > TEXTS_MAX:
                        raise Unreadable("BDS009", reden="omvang", grens=TEXTS_MAX)
                    _forget(node)
        return texts

    def _tree(self, member: str) -> Any:  # noqa: ANN401
        from lxml import etree

        with self._open(member) as stream:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
            return etree.parse(stream, parser).getroot()

    def _open(self, member: str) -> Any:  # noqa: ANN401
        facts = self._zip.getinfo(member)
        if facts.file_size > max(SMALL, RATIO_MAX * facts.compress_size) or facts.file_size > MEMBER_MAX:
            raise Unreadable("BDS009", reden="omvang", grens=MEMBER_MAX)
        return self._zip.open(facts)


def _parse(stream: Any) -> Any:  # noqa: ANN401
    from lxml import etree

    return etree.iterparse(
        stream,
        events=("end",),
        tag=("{*}row", "{*}c", "{*}si"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )


def _forget(node: Any) -> None:  # noqa: ANN401
    node.clear()
    while node.getprevious() is not None:
        del node.getparent()[0]


def _text(node: Any) -> str:  # noqa: ANN401
    """The text of a cell; what tells how it is pronounced is no part of it."""
    return "".join(t.text or "" for t in node.iter("{*}t") if not (t.getparent().tag or "").endswith("}rPh"))


def _row_number(node: Any, last: int) -> int:  # noqa: ANN401
    number = int(node.get("r") or last + 1)
    if not 0 < number <= ROWS:
        raise Unreadable("BDS009", reden="regels", grens=ROWS)
    return number


@lru_cache(maxsize=COLUMNS)
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _number(value: str) -> str:
    """A number as Excel shows it: 15 digits at most, without exponent."""
    if len(value) <= 15 and _SIMPLE.fullmatch(value):
        return value
    try:
        exact = Decimal(value)
    except InvalidOperation:
        return value
    if not exact.is_finite() or abs(exact.adjusted()) > 30:
        return value
    if exact == exact.to_integral_value():
        return f"{exact:f}".partition(".")[0]
    return f"{Decimal(format(float(value), '.15g')):f}"
