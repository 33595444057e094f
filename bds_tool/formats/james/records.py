"""One JAMES record (a child) to rows and remarks. Nothing in the record is dropped."""

from __future__ import annotations

import re
from itertools import repeat
from typing import Any

from bds_tool.base.json_types import JsonObject
from bds_tool.formats.james.elements import MISSING, NESTED, RELATION, Values
from bds_tool.formats.james.formats import Format, formats
from bds_tool.formats.james.rows import Rows
from bds_tool.formats.james.values import alike, has_body, kind_of, like_bsn, shape_of, short, text_of
from bds_tool.store.sources import Sink

_FORMAT = re.compile(r"\d+\.\d+")
_NESTED = {"nestingBdsNumber", "nestingCode", "clientDetails", "clientMeasurements"}


class Flattener(Values):
    """Turns records of one source into rows; `formaten` and `organisatie` hold what counts for the source."""

    def __init__(self, rows: Rows, sink: Sink) -> None:
        super().__init__(rows, sink)
        self.formaten: dict[str, int] = {}
        self.organisatie: str | None = None
        self.first = True
        self.seen: set[str] = set()

    def record(self, record: Any, number: int, line: int, lines: dict[int, int] | None = None) -> None:  # noqa: ANN401
        """Add one record. `lines` gives the line of each object by id(), where the source has more than one."""
        self._lines, self._line = lines or {}, line
        self._cased, self._kept, self._below = set(), [], []
        self._dossier = str(number)
        if not isinstance(record, dict):
            self._remark("BDS027", gevonden=kind_of(record))
            self._leaf(record, "", "")
            self.rows.run("")
            self.rows.close(self._dossier, line)
            return
        fields = self._fields(record)
        self._identity(record, fields, number)
        if not fields.keys() & {self._format.client, self._format.contacten, self._format.ouders}:
            self._remark("BDS027", gevonden="object")
        else:
            self._envelope(record, fields)
            seen = self._body(record, fields)
            self._due(seen)
        self._others(record, set(fields.values()), "")
        self.rows.close(self._dossier, line)
        self.first = False

    # ---- envelope ------------------------------------------------------------------------------------------

    def _fields(self, record: JsonObject) -> dict[str, str]:
        """Field of the format → key in the record; a key that differs in capitals or hyphens only still counts."""
        self._format = self._choose(record)
        found = {name: name for name in self._format.velden if name in record}
        if len(found) == len(record):
            return found
        by_name = {alike(k): k for k in reversed(record)}
        for name in self._format.velden:
            key = name if name in record else by_name.get(alike(name))
            if key is not None:
                found[name] = key
                if key != name:
                    self._remark("BDS029", veld=name, gevonden=short(key))
        return found

    def _choose(self, record: JsonObject) -> Format:
        known = formats()
        stated = record.get("Format")
        if stated.__class__ is str and stated in known and known[stated].client in record:
            client = record[known[stated].client]
            if stated[0] == "3" or isinstance(client, list if stated[0] == "2" else dict):
                return known[stated]
        shape = shape_of(record)
        if stated is None:
            chosen = known[shape]
            if "Format" in record or has_body(record):
                due = chosen.velden["Format"].verplicht == "ja"
                self._remark("BDS026" if due else "BDS035", reden="ontbreekt", formaat=shape)
            return chosen
        match = _FORMAT.search(str(stated))
        name = match.group() if match else ""
        if not isinstance(stated, str):
            self._remark("BDS021", veld="Format", verwacht="tekst", gevonden=kind_of(stated))
        if name not in known:
            self._remark("BDS026", reden="onbekend", formaat=shape)
            return known[shape]
        if has_body(record) and name[0] != shape[0]:
            self._remark("BDS026", reden="past-niet", formaat=shape)
            return known[shape]
        return known[name]

    def _identity(self, record: JsonObject, fields: dict[str, str], number: int) -> None:
        """The dossier's key: the reference when it can serve, else the record number."""
        chosen = self._format
        self.formaten[chosen.formaat] = self.formaten.get(chosen.formaat, 0) + 1
        reference = record.get(fields.get(chosen.referentie, ""))
        text = reference.strip() if isinstance(reference, str) else ""
        if text not in self.seen and self.usable(text, chosen):
            self._dossier = text
            self.seen.add(text)
        elif reference is not None:
            if text in self.seen:
                self._remark("BDS030", dossier_id=str(number))
            self._leaf(reference, chosen.referentie, chosen.referentie)
            self.rows.run(chosen.referentie)
        organisation = record.get(fields.get(chosen.organisatie, ""))
        if organisation is None:
            return
        sender = organisation if isinstance(organisation, str) else text_of(organisation)
        if self.first:
            self.organisatie = sender
        elif sender != self.organisatie:
            self._leaf(organisation, chosen.organisatie, chosen.organisatie)
            self.rows.run(chosen.organisatie)

    def usable(self, reference: Any, chosen: Format) -> bool:  # noqa: ANN401
        """Whether a reference can be the key of a dossier, when not met before: text, and not like a BSN."""
        return (
            reference.__class__ is str
            and bool(reference)
            and reference == reference.strip()
            and reference not in chosen.velden[chosen.referentie].onbekend
            and not like_bsn(reference)
        )

    def _envelope(self, record: JsonObject, fields: dict[str, str]) -> None:
        chosen = self._format
        for name, field in chosen.velden.items():
            if name in {"Format", "Groepen", "GenesteElementen"}:
                continue
            value = record.get(fields.get(name, ""))
            if value is None:
                if field.verplicht != "nee":
                    code = "BDS020" if field.verplicht == "ja" else "BDS031"
                    self._remark(code, veld=name, formaat=chosen.formaat)
            elif name == chosen.organisatie:
                if isinstance(value, bool) or not isinstance(value, int):
                    self._remark("BDS024", veld=name, verwacht="getal", gevonden=kind_of(value))
                elif value <= 0:
                    self._remark("BDS034", veld=name)
            elif kind_of(value) != field.kind:
                self._remark("BDS021", veld=name, verwacht=field.kind, gevonden=kind_of(value))
            elif value == [] or (name == chosen.referentie and str(value).strip() in field.onbekend | {""}):
                self._remark("BDS031", veld=name, formaat=chosen.formaat)

    def _due(self, seen: dict[int, str | None]) -> None:
        """Elements that a record should carry: absent, empty, or filled with the code for unknown."""
        for number, field in self._format.elementen.items():
            value = seen.get(number)
            if value is None:
                code = "BDS022" if field.verplicht == "ja" else "BDS032"
                reason = "leeg" if number in seen else "ontbreekt"
                self._remark(code, bdsnummer=number, formaat=self._format.formaat, reden=reason)
            elif value in field.onbekend:
                self._remark("BDS033", bdsnummer=number, formaat=self._format.formaat)

    # ---- body ----------------------------------------------------------------------------------------------

    def _body(self, record: JsonObject, fields: dict[str, str]) -> dict[int, str | None]:
        """All three blocks, in the order of the record. Gives the values of the child's own elements."""
        chosen = self._format
        names = {key: name for name, key in fields.items()}
        seen: dict[int, str | None] = {}
        parents = 0
        for key, value in record.items():
            name = names.get(key)
            if name == chosen.client:
                parents += self._client(value, name, seen)
            elif name == chosen.contacten and chosen.by_element:
                self._measurements(value, name, 0)
            elif name == chosen.contacten:
                self._visits(value, name)
            elif name == chosen.ouders and chosen.by_element:
                parents += self._nested(value, name)
        if not parents and not chosen.by_element and chosen.client in fields:
            self._remark("BDS031", veld=chosen.ouders, formaat=chosen.formaat)
        return seen

    def _client(self, block: Any, name: str, seen: dict[int, str | None]) -> int:  # noqa: ANN401
        """The child's own elements; gives the number of parents and carers about whom something is told."""
        if isinstance(block, dict):
            block = self._named(block)
            elements = block.get("Elementen")
            path = f"{name}/Elementen"
            if elements is None and self._format.formaat[0] == "1":
                self._remark("BDS020", veld=path, formaat=self._format.formaat)
            self._elements(elements, path, seen=seen)
            self.rows.run(path)
            groups, below = block.get("Groepen"), self._below
            self._below = []
            self._others(block, {"Elementen", "Groepen"}, name)
            filled = self._groups([{NESTED: inner} for inner, _ in below], f"{path}/{NESTED}", NESTED)
            return filled + self._groups(groups, f"{name}/Groepen", "Elementen")
        if not isinstance(block, list):
            self._leaf(block, name, name)
            self.rows.run(name)
            return 0
        self._elements(block, name, seen=seen)
        self.rows.run(name)
        below, self._below = self._below, []
        return self._groups([{NESTED: inner} for inner, _ in below], f"{name}/{NESTED}", NESTED)

    def _groups(self, groups: Any, path: str, key: str) -> int:  # noqa: ANN401
        if groups is None:
            return 0
        if not isinstance(groups, list):
            self._remark("BDS021", veld=path, verwacht="lijst", gevonden=kind_of(groups))
            self._leaf(groups, path, path)
            self.rows.run(path)
            return 0
        filled = 0
        for number, given in enumerate(groups, start=1):
            group = self._named(given) if isinstance(given, dict) else given
            inner = group.get(key) if isinstance(group, dict) else group
            place = f"{path}[{number - 1}]"
            related: dict[int, str | None] = {}
            self._elements(inner, place, seen=related)
            self.rows.run(place, groep=1, volgnr=number)
            if related.get(RELATION) is None:
                self._remark("BDS025", at=inner if isinstance(inner, list) and inner else group, pad=place)
            if isinstance(group, dict):
                self._others(group, {key}, place)
            filled += any(value for element, value in related.items() if element != RELATION)
        return filled

    def _nested(self, blocks: Any, name: str) -> int:  # noqa: ANN401
        if not isinstance(blocks, list):
            self._leaf(blocks, name, name)
            self.rows.run(name)
            return 0
        for number, given in enumerate(blocks, start=1):
            place = f"{name}[{number - 1}]"
            if not isinstance(given, dict):
                self._leaf(given, place, name)
                self.rows.run(place, groep=1, volgnr=number)
                continue
            block = self._named(given)
            code, element = block.get("nestingCode"), block.get("nestingBdsNumber")
            if code is None or element != RELATION:
                self._remark("BDS025", at=block, pad=place)
            if code.__class__ is str and element == RELATION and not self._lines:
                self.rows.add(RELATION, code)
            elif code is not None or element is not None:
                self._value(element, code, place, block, {})
            self.rows.run(place, groep=1, volgnr=number)
            path = f"{place}/{self._format.client}"
            if (inner := block.get(self._format.client)) is not None:
                self._elements(inner, path, seen={})
                self.rows.run(path, groep=1, volgnr=number)
            if (inner := block.get(self._format.contacten)) is not None:
                self._measurements(inner, f"{place}/{self._format.contacten}", number)
            self._others(block, _NESTED, place)
        return len(blocks)

    def _visits(self, visits: Any, name: str) -> None:  # noqa: ANN401
        if not isinstance(visits, list):
            self._leaf(visits, name, name)
            self.rows.run(name)
            return
        taken: dict[str, int] = {}
        for number, given in enumerate(visits):
            here = f"{name}[{number}]"
            if not isinstance(given, dict):
                self._leaf(given, here, name)
                self.rows.run(here)
                continue
            visit = self._named(given)
            day = self._day(visit.get("Tijdstip"), "Tijdstip", visit, here)
            activity = day[0] if day else "?"
            # Two visits on one day stay two activities.
            taken[activity] = taken.get(activity, 0) + 1
            if taken[activity] > 1:
                activity = f"{activity}#{taken[activity]}"
            place = (activity, day[1] if day else None)
            path = f"{here}/Elementen"
            self._elements(visit.get("Elementen"), path)
            self.rows.run(path, place)
            self._nested_elements(place)
            self._others(visit, {"Tijdstip", "Elementen"}, here, place)

    def _measurements(self, blocks: Any, name: str, group: int) -> None:  # noqa: ANN401
        """Format 3.x keeps measurements per element; those of one date are taken as one activity."""
        if not isinstance(blocks, list):
            self._leaf(blocks, name, name)
            self.rows.run(name)
            return
        rows, has_group = self.rows, 1 if group else 0
        for index, given in enumerate(blocks):
            path = f"{name}[{index}]/values"
            block = self._named(given) if isinstance(given, dict) else given
            values = block.get("values") if isinstance(block, dict) else None
            if isinstance(values, list):
                self._series(block, values, path)
                for key in [k for k in block if k not in {"bdsNumber", "varName", "values"}]:
                    self._leaf(block[key], f"{path}/{short(key)}", key)
            else:
                self._elements([block], path)
            rows.run(path, groep=has_group, volgnr=group)

    def _series(self, block: JsonObject, values: list[Any], path: str) -> None:
        """The dated values of one element. A series as it should be goes at once; any other value by value."""
        rows = self.rows
        number = block.get("bdsNumber", MISSING)
        wanted = self._format.wants.get(number) if number.__class__ is int and not self._lines else None
        if wanted and (number in self.dates or "Omschrijving" in block):
            wanted = None
        days = rows.dag_index
        if wanted:
            try:
                found = [item["value"] for item in values]
                dated = [days[item["date"]] for item in values]
                if {v.__class__ for v in found} == {wanted} and sum(map(len, values)) == 2 * len(values):
                    rows.waarden += found if wanted is str else map(str, found)
                    rows.dagen.extend(dated)
                    rows.nummers.extend(repeat(number, len(found)))
                    rows.plaatsen.extend(range(len(found)))
                    return
            except (KeyError, TypeError):
                pass
        for place, given in enumerate(values):
            if not isinstance(given, dict):
                self._value(number, given, path, block, block, place)
                rows.mark(None)
                continue
            item = self._named(given)
            day = self._day(item.get("date"), "date", item, f"{path}[{place}]")
            self._value(number, item.get("value"), path, item, block, place)
            for key in [k for k in item if k not in {"date", "value"}]:
                self._leaf(item[key], f"{path}/{short(key)}", key, place=place)
            rows.mark(day)
            if day and isinstance(item["date"], str):
                days[item["date"]] = rows.day(day)
