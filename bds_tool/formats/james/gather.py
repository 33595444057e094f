"""Records of JAMES to rows to the sink, in batches, whatever the records are wrapped in."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from bds_tool.formats.james.records import Flattener
from bds_tool.formats.james.rows import Rows
from bds_tool.formats.james.values import unwrapped
from bds_tool.formats.json_text import NOT_PLAIN, Parsed, loads, plain_loads
from bds_tool.store.sources import Sink, Source, Unreadable

#: Rows that are handed over at once.
BATCH = 200_000


class Gatherer:
    """Records to rows to the sink; and the facts of the source."""

    def __init__(self, source: Source, sink: Sink) -> None:
        self.source, self.sink = source, sink
        self.rows = Rows()
        self.flattener = Flattener(self.rows, sink)
        self._pool = ThreadPoolExecutor(1)
        self._waiting: Future[None] | None = None
        self._wrapped = False
        self.dossiers = 0
        self.elementen: set[int] = set()

    def text(self, line: bytes, number: int) -> bool:
        """One line of NDJSON, or one record as text; whether it was JSON. What is none is a finding."""
        value = plain_loads(line)
        if value is not NOT_PLAIN:
            self.value(value, number, number)
            return True
        try:
            parsed = loads(line)
        except (ValueError, RecursionError):
            self.sink.melding("BDS036", regel=number)
            return False
        self.remarks(parsed, {}, number)
        self.value(parsed.value, number, number)
        return True

    def value(self, value: Any, number: int, line: int, lines: dict[int, int] | None = None) -> None:  # noqa: ANN401
        """A record, or what records are wrapped in; `number` is that of the first record."""
        records, fields, left = unwrapped(value)
        if fields and not self._wrapped:
            self._wrapped = True
            self.sink.melding("BDS063", regel=line, veld=fields, aantal=left)
        for index, record in enumerate(records):
            at = lines.get(id(record), line) if lines else line
            self.record(record, number + index, at, lines)

    def record(self, record: Any, number: int, line: int, lines: dict[int, int] | None = None) -> None:  # noqa: ANN401
        self.flattener.record(record, number, line, lines)
        self.dossiers += 1
        if len(self.rows) >= BATCH:
            self.hand_over()

    def remarks(self, parsed: Parsed, lines: dict[int, int], line: int) -> None:
        """What the parser had to say about the text itself."""
        for code, at, facts in parsed.remarks:
            self.sink.melding(code, regel=lines.get(id(at), line), **facts)

    def hand_over(self) -> None:
        """Give the rows so far to the sink, on another thread: compressing them leaves this one free to parse."""
        if not len(self.rows):
            return
        table = self.rows.table(self.source.bron)
        self.elementen |= set(table["bdsnummer"].drop_nulls().unique())
        if self._waiting is not None:
            self._waiting.result()
        self._waiting = self._pool.submit(self.sink.add_table, table)
        self.rows = self.flattener.rows = Rows()

    def settle(self) -> None:
        """Hand over everything that waits."""
        self.hand_over()
        if self._waiting is not None:
            self._waiting.result()
        self._pool.shutdown()

    def finish(self) -> None:
        self.settle()
        if not self.dossiers and not self.sink.meldingen:
            raise Unreadable("BDS002")
        used = self.flattener.formaten
        version, certainty = _version(self.elementen)
        self.sink.facts |= {
            "formaat": f"james-{max(used, key=lambda f: used[f])}" if used else "james",
            "organisatie": self.flattener.organisatie,
            "bds_herkend": version,
            "bds_zekerheid": certainty,
            "dossiers": self.dossiers,
        }


def _version(used: set[int]) -> tuple[str, str]:
    """The newest BDS version in which the fewest used elements have expired; JAMES itself names none."""
    from bds_tool.schema import is_draft, versions
    from bds_tool.schema.loading import element_texts

    statuses = {v: element_texts(v, "status") for v in reversed(versions())}
    known = {n for n in used if any(n in there for there in statuses.values())}

    def expired(version: str) -> int:
        there = statuses[version]
        return sum(n not in there or there[n].startswith("vervallen") for n in known)

    return min(statuses, key=lambda v: (expired(v), is_draft(v))), "onzeker"
