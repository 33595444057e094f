"""Elements and values of a JAMES record to rows and remarks, whatever block they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from bds_tool.base.json_types import JsonObject
from bds_tool.base.text import whole
from bds_tool.formats.james.formats import KIND_WORDS, date_elements, formats
from bds_tool.formats.james.rows import Rows
from bds_tool.formats.james.values import as_named, day_of, kind_of, reversed_day, short, text_of
from bds_tool.formats.json_text import BadNumber
from bds_tool.store.columns import HIGHEST
from bds_tool.store.sources import Sink

#: Element that says how a parent or carer is related to the child; it identifies a group.
RELATION = 62
#: Where formats 1.x and 2.0 keep elements below an element.
NESTED = "GenesteElementen"
#: Levels of nesting that are taken apart.
DEPTH = 20
#: Stands for a key that is not there.
MISSING: Any = object()
#: Dates seen before: parsing one again costs more than looking it up.
_DAYS: dict[str, tuple[str, date]] = {}


class Values:
    """Adds values to `rows` and remarks to `sink`; a record at hand gives them their dossier and line."""

    def __init__(self, rows: Rows, sink: Sink) -> None:
        self.rows = rows
        self.sink = sink
        self.dates = date_elements()
        # Of the record at hand:
        self._lines: dict[int, int] = {}
        self._line = 0
        self._dossier = ""
        self._format = formats()["3.0"]
        self._cased: set[str] = set()
        self._kept: list[JsonObject] = []
        self._below: list[tuple[list[Any], str]] = []
        self._turned = False  # of the source

    def _elements(self, elements: Any, path: str, seen: dict[int, str | None] | None = None) -> None:  # noqa: ANN401
        if elements is None:
            return
        if not isinstance(elements, list):
            self._remark("BDS021", veld=path, verwacht="lijst", gevonden=kind_of(elements))
            self._leaf(elements, path, path)
            return
        key, value_key, wants, dates = (
            self._format.nummer,
            self._format.waarde,
            self._format.wants,
            self.dates,
        )
        add_number, add_value, quick = self.rows.nummers.append, self.rows.waarden.append, not self._lines
        add_place = self.rows.plaatsen.append
        for place, given in enumerate(elements):
            element = given
            try:
                number, value = element[key], element[value_key]
                if quick and value.__class__ is wants.get(number) and len(element) == 2:
                    # As the format has it: nothing to remark.
                    plain = str(value)
                    text = _DAYS[plain][0] if number in dates else plain
                    add_number(number)
                    add_value(text)
                    add_place(place)
                    if seen is not None:
                        seen[number] = seen.get(number) or text.strip() or None
                    continue
            except (KeyError, TypeError, IndexError):
                pass
            if not isinstance(element, dict):
                self._leaf(element, path, "", place=place)
                continue
            element = self._named(element)
            nested = element.get(NESTED)
            if not isinstance(nested, list) or element.keys() & {key, value_key}:
                kept = self._value(
                    element.get(key, MISSING), element.get(value_key), path, element, element, place
                )
                if seen is not None and isinstance(number := element.get(key), int):
                    seen[number] = seen.get(number) or kept
            known = {key, value_key, "varName", "Omschrijving"}
            if isinstance(nested, list):
                self._below.append((nested, f"{path}[{place}]/{NESTED}"))
                known.add(NESTED)
            for name in [k for k in element if k not in known]:
                self._leaf(element[name], f"{path}/{short(name)}", name, place=place)

    def _nested_elements(self, day: tuple[str, date | None] | None) -> None:
        """Elements that stand below an element of the run that was closed last: a group of their own."""
        for number, (inner, path) in enumerate(self._taken_below(), start=1):
            seen: dict[int, str | None] = {}
            self._elements(inner, path, seen)
            self.rows.run(path, day, groep=1 if RELATION in seen else 0, volgnr=number)

    def _taken_below(self) -> Iterator[tuple[list[Any], str]]:
        while self._below:
            yield self._below.pop(0)

    def _named(self, block: JsonObject) -> JsonObject:
        """The block with the names of the format where only capitals differ, which is told once per record."""
        named = as_named(block)
        if named is not block:
            if id(block) in self._lines:
                self._lines[id(named)] = self._lines[id(block)]
            self._kept.append(named)  # as long as the record is at hand its id() stays its own
            for key, name in zip(block, named, strict=True):
                if key != name and name not in self._cased:
                    self._cased.add(name)
                    self._remark("BDS029", veld=name, gevonden=key)
        return named

    def _value(
        self,
        number: Any,  # noqa: ANN401
        value: Any,  # noqa: ANN401
        run: str,
        at: Any,  # noqa: ANN401
        element: JsonObject,
        place: int = -1,
    ) -> str | None:
        """One value that needs a closer look; gives the text that was kept."""
        path = f"{run}[{place}]" if place >= 0 else run
        nummer, tekst = self._number(number, path, at, element)
        wanted = self._format.wants.get(nummer)
        text = text_of(value)
        found = kind_of(value)
        regel = self._lines.get(id(at))
        if isinstance(value, BadNumber):
            self._remark("BDS061", at=at, bdsnummer=nummer or None, pad=path)
            text, tekst = None, str(value)
        elif value is not None and nummer:
            due = KIND_WORDS[wanted] if wanted else found
            if found in {"lijst", "object"} and not wanted:
                due = "tekst"
            if found != due:
                self._remark(
                    "BDS023", at=at, bdsnummer=nummer, waarde=text, pad=path, verwacht=due, gevonden=found
                )
            if wanted is int and text is not None and text.strip().upper() == "NA":
                # Senders write NA where there is no number; no value, with the words as they came.
                text, tekst = None, text
        if text is not None and nummer in self.dates:
            day = day_of(text)
            if day is not None and reversed_day(text.strip()):
                self._day_first(at)
                text = day.isoformat()
            elif day is not None:
                text = (
                    _DAYS.setdefault(text, (day.isoformat(), day))[0]
                    if len(_DAYS) < 100_000
                    else day.isoformat()
                )
            elif text.strip():
                self._remark("BDS028", at=at, bdsnummer=nummer, waarde=text, pad=path)
        self.rows.add(nummer, text, tekst, regel, place)
        return text.strip() or None if text else None

    def _number(self, number: Any, path: str, at: Any, element: JsonObject) -> tuple[int, str | None]:  # noqa: ANN401
        """Element number (0 when there is none) and the text that goes with it: description or own name."""
        note = element.get("Omschrijving")
        tekst = note if isinstance(note, str) else None
        if number is MISSING or number is None:
            own = element.get("varName")
            if own is None:
                self._remark(
                    "BDS021", at=at, veld=self._format.nummer, verwacht="getal", gevonden="niets", pad=path
                )
            return 0, own if isinstance(own, str) else tekst
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= HIGHEST:
            return number, tekst
        self._remark(
            "BDS021", at=at, veld=self._format.nummer, verwacht="getal", gevonden=kind_of(number), pad=path
        )
        if isinstance(number, str) and (digits := whole(number.strip(), 6)):
            return digits, tekst
        return 0, text_of(number)

    def _day(self, value: Any, name: str, at: Any, path: str) -> tuple[str, date] | None:  # noqa: ANN401
        known = _DAYS.get(value) if value.__class__ is str else None
        if known is not None:
            return known
        text = text_of(value)
        day = day_of(text) if text else None
        if value is None:
            self._remark("BDS020", at=at, veld=name, formaat=self._format.formaat, pad=path)
        elif day is None:
            self._remark("BDS028", at=at, waarde=text, veld=name, pad=path)
            # The date as it came stays findable beside the values of the visit.
            self._leaf(value, f"{path}/{name}", name)
        if day is None:
            return None
        if reversed_day(str(text).strip()):
            self._day_first(at)
            return day.isoformat(), day
        if not isinstance(value, str):
            self._remark("BDS021", at=at, veld=name, verwacht="tekst", gevonden=kind_of(value), pad=path)
            return day.isoformat(), day
        if len(_DAYS) < 100_000:
            _DAYS[value] = (day.isoformat(), day)
        return day.isoformat(), day

    def _day_first(self, at: Any) -> None:  # noqa: ANN401
        """Dates as ddmmjjjj are told once per source."""
        if not self._turned:
            self._turned = True
            self._remark("BDS064", at=at)

    # ---- what has no place of its own ----------------------------------------------------------------------

    def _others(
        self, block: JsonObject, known: set[str], path: str, day: tuple[str, date | None] | None = None
    ) -> None:
        """Fields that the format does not know: kept as rows without an element."""
        if block.keys() <= known:
            return
        for key in [k for k in block if k not in known]:
            place = f"{path}/{short(key)}" if path else short(key)
            self._leaf(block[key], place, key)
            self.rows.run(place, day)

    def _leaf(self, value: Any, path: str, name: str, depth: int = 0, place: int = -1) -> None:  # noqa: ANN401
        """Every scalar below `value` as a row of its own; what lies very deep is kept as JSON text."""
        if isinstance(value, dict) and depth < DEPTH:
            for key, inner in value.items():
                self._leaf(inner, f"{path}/{short(key)}", key, depth + 1, place)
        elif isinstance(value, list) and depth < DEPTH:
            for index, inner in enumerate(value):
                self._leaf(inner, path, name, depth + 1, index if place < 0 else place)
        elif value is not None:
            self.rows.add(0, text_of(value), name or None, plaats=place)

    def _remark(self, code: str, at: Any = None, **facts: Any) -> None:  # noqa: ANN401
        line = self._lines.get(id(at), self._line)
        self.sink.melding(code, regel=line, **{"dossier_id": self._dossier, **facts})
