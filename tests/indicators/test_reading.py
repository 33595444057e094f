"""What is counted while a store is read is what its rows say, in whatever pieces they come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pyarrow as pa
import pytest

from bds_tool.indicators.delivery import ALWAYS
from bds_tool.indicators.reading import Reading

JAN, DEC = date(2024, 1, 3), date(2023, 12, 30)
#: Dossier, source, element, value, day. Sources 1 and 2 are of one organisation, 3 of another, 9 is unknown.
ROWS = [
    ("a", 1, 20, "2020-02-29", None),
    ("a", 2, 20, "2020-02-29T10:00", None),  # the same day
    ("a", 1, 494, None, JAN),  # a contact, though of no kind
    ("a", 1, 1030, "1", JAN),
    ("a", 1, 1030, "2", JAN),  # contradicts the row before
    ("a", 2, 1030, "3", JAN),  # another source does not
    ("a", 3, 20, "2020-02-30", None),  # another child, whose date is none
    ("b", 1, 20, "2020-01-01", None),
    ("b", 2, 20, "2020-01-02", None),  # two birth dates
    ("b", 1, 21, "2021", DEC),
    ("c", 3, 20, "2024-05-05", JAN),  # born after the last day
    ("c", 3, 1030, "9?", DEC),
    ("c", 9, 724, "2024-01-03", JAN),
    ("d", 3, 29, None, None),
    ("d", None, 488, "2024-01-03", JAN),
]


def read(size: int) -> Reading:
    connection = duckdb.connect()
    connection.execute(
        "create table bronnen as select * from (values (1, 'x'), (2, 'x'), (3, null)) b(bron, organisatie)"
    )
    reading = Reading(connection, frozenset({20, 1030}), {"BEGRIP"}, date(2024, 3, 1))
    reading._asked, reading._known = [1030], {(1030, "1"), (1030, "2"), (1030, "3")}
    kinds = (pa.string(), pa.int32(), pa.int32(), pa.string(), pa.date32())
    names = ("dossier_id", "bron", "bdsnummer", "waarde", "datum")

    def tables() -> Iterator[pa.Table]:
        dossiers = sorted({row[0] for row in ROWS})
        for first in range(0, len(dossiers), size):
            own = [row for row in ROWS if row[0] in dossiers[first : first + size]]
            columns = zip(*own, strict=True)
            yield pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})

    assert sum(map(len, reading.watch(tables()))) == len(ROWS)
    reading.install()
    return reading


@pytest.mark.parametrize("size", [1, 2, 4])
def test_what_passes_is_counted(size: int) -> None:
    reading = read(size)
    # Dossiers are (organisation, key): a of x, b of x, and a, c, d of the other.
    assert reading.dossiers == {"born": 2, "two": 1, "seen": 1, "deceased": 1, "left": 1, "ended": 0}
    assert reading.later(set()) == 1
    assert reading.later({("c", "")}) == 0
    assert reading.answers == {1030: (1, 1)}
    found = reading._connection.execute("select bron, bdsnummer, jaar from voorkomen").fetchall()
    assert sorted(found) == [
        (1, 20, ALWAYS), (1, 1030, 2024), (2, 20, ALWAYS), (2, 1030, 2024), (3, 20, ALWAYS), (3, 20, 2024), (3, 1030, 2023),
    ]  # fmt: skip
